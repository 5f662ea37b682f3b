# An image in which both commands work: docker build --network host -t crossabi . && docker run --rm crossabi make abi
FROM debian:bookworm-slim

RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git make python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /crossabi
COPY . .

# Toolchains and the pinned Go are part of the image, so that a container starts with the work itself.
RUN make environment && .venv/bin/crossabi setup --arch=all && rm -rf /var/lib/apt/lists/*

CMD ["make", "abi"]
