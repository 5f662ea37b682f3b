# Two commands: `make abi` is the main job, `make test` the project's tests. Each sets itself up.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: abi test environment lint deep-test docker-test alternatives-test bench

abi: environment
	@$(BIN)/crossabi setup --arch=amd64,arm64
	$(BIN)/pytest --arch=amd64,arm64 cases

test: environment
	@$(BIN)/crossabi setup --arch=all --debuggers
	$(BIN)/pytest -n 2 -m "not deep" tests/unit tests/integration

environment:
	@$(PYTHON) tools/bootstrap.py

lint: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

deep-test: environment  # every architecture and every instruction where `make test` tries a few
	@$(BIN)/crossabi setup --arch=all --debuggers
	$(BIN)/pytest -n 2 -m deep tests/integration
	$(BIN)/pytest -n 2 tests/deep

docker-test: environment  # needs root: starts a Docker engine of its own
	$(BIN)/pytest tests/image

alternatives-test: environment  # the corpus with zig for a C compiler, and under QEMU 10; fetches both, installs neither
	@$(BIN)/crossabi setup --arch=all
	$(BIN)/pytest tests/alternatives

bench: environment
	@$(BIN)/crossabi setup --arch=amd64,arm64
	$(BIN)/python benchmarks/overhead.py
