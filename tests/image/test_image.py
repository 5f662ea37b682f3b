"""The Dockerfile, built and run with a real engine that this suite starts for itself (needs root).

`make docker-test` runs it. It installs docker.io and debootstrap where they are missing, starts dockerd on a socket of
its own, makes `debian:bookworm-slim` with debootstrap (nothing is pulled), builds the image from a clean checkout and
runs both commands in it.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

ROOT = Path(__file__).resolve().parents[2]
TAG = "crossabi-test"
BASE = "debian:bookworm-slim"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
INSIDE = "/etc/host-certificates.crt"  # a machine behind a proxy of its own trusts more than Debian does


def run(*argv: str, timeout: float = 1800.0) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def tools() -> None:
    if os.geteuid() != 0:
        pytest.fail("this suite starts a Docker engine: run it as root")
    missing = [
        package
        for package, program in (("docker.io", "dockerd"), ("debootstrap", "debootstrap"))
        if shutil.which(program) is None and not Path("/usr/sbin", program).exists()
    ]
    if missing:
        run("apt-get", "update")
        run("apt-get", "install", "-y", "--no-install-recommends", *missing)


@pytest.fixture(scope="module")
def engine(tools: None) -> Iterator[docker.DockerClient]:
    folder = Path(tempfile.mkdtemp(prefix="crossabi-docker-", dir="/var/tmp"))
    path = folder / "docker.sock"
    argv = [
        "dockerd",
        "--host",
        f"unix://{path}",
        "--data-root",
        str(folder / "data"),
        "--exec-root",
        str(folder / "exec"),
    ]
    argv += ["--pidfile", str(folder / "docker.pid"), "--iptables=false", "--ip6tables=false", "--bridge=none"]
    with (folder / "dockerd.log").open("wb") as log:
        daemon = subprocess.Popen(argv, stdout=log, stderr=log)
    try:
        for attempt in Retrying(
            stop=stop_after_delay(60), wait=wait_fixed(0.2), retry=retry_if_exception_type(OSError), reraise=True
        ):
            with attempt, socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(path))
        client = docker.DockerClient(base_url=f"unix://{path}", timeout=1800)
        yield client
        client.close()
    finally:
        daemon.terminate()
        daemon.wait(timeout=60)
        unmount(folder)
        shutil.rmtree(folder)


def unmount(folder: Path) -> None:
    """Undo the mounts that an engine leaves below its folder, innermost first."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((point for point in points if Path(point).is_relative_to(folder)), reverse=True):
        run("umount", point)


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("base")
    tree = folder / "tree"
    run("debootstrap", "--variant=minbase", "bookworm", str(tree))
    changes = []
    if CERTIFICATES.exists():
        shutil.copy(CERTIFICATES, f"{tree}{INSIDE}")
        changes = [f"ENV PIP_CERT={INSIDE} SSL_CERT_FILE={INSIDE}"]
    archive = folder / "base.tar"
    run("tar", "-C", str(tree), "-cf", str(archive), ".")
    shutil.rmtree(tree)
    repository, _, tag = BASE.partition(":")
    engine.api.import_image_from_file(str(archive), repository=repository, tag=tag, changes=changes)
    archive.unlink()
    checkout = folder / "checkout"
    run("git", "clone", "--quiet", str(ROOT), str(checkout))
    built, _ = engine.images.build(path=str(checkout), tag=TAG, network_mode="host", rm=True, forcerm=True)
    return str(built.id)


def in_container(engine: docker.DockerClient, image: str, *command: str) -> tuple[int, str]:
    container = engine.containers.run(image, list(command), network_mode="host", detach=True, pids_limit=4096)
    try:
        status = container.wait(timeout=1800)["StatusCode"]
        return status, container.logs().decode(errors="replace")
    finally:
        container.remove(force=True)


def test_the_main_job_works_in_the_image(engine: docker.DockerClient, image: str) -> None:
    status, printed = in_container(engine, image, "make", "abi")
    assert status == 0, printed[-4000:]
    assert "conversions/direct_cast" in printed
    assert "≠ declared" in printed
    assert "skip" not in printed.splitlines()[-1]


def test_the_tests_work_in_the_image(engine: docker.DockerClient, image: str) -> None:
    status, printed = in_container(engine, image, "make", "test")
    assert status == 0, printed[-4000:]


def test_nothing_is_missing_in_the_image(engine: docker.DockerClient, image: str) -> None:
    status, printed = in_container(engine, image, ".venv/bin/crossabi", "doctor", "--arch=all")
    assert status == 0, printed
    assert "MISSING" not in printed
    assert "builds     stored" in printed  # Docker's own seccomp profile lets the kernel tell what a build reads
