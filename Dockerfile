# The gateway and its sidecar in one image: `gatehouse` (the default command) and `gatehouse-sidecar`.
#
#   docker build -t gatehouse:local .
#
# docs/deploy/image.md describes the contents of the image and the size of each layer.

FROM swift:6.3-bookworm AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# The versions are those of the base image's Debian release, with its security updates.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends binutils gcc libc6-dev libcrypt-dev libcurl4-openssl-dev libssl-dev libzstd-dev pkg-config zlib1g-dev \
 && rm -rf /var/lib/apt/lists/*

WORKDIR /build
COPY scripts/image/stable-stat.c ./
RUN gcc -O2 -shared -fPIC -o /stable-stat.so stable-stat.c
# Debug builds and tests check at run time whether accesses to an object overlap. That takes a tenth of the time of a
# call, nearly all of it in the libraries.
ENV BUILD="env LD_PRELOAD=/stable-stat.so swift-build -c release --static-swift-stdlib -Xlinker --gc-sections -Xswiftc -enforce-exclusivity=unchecked"

# This compiles the dependencies, for targets that are still empty. It takes most of the time of a build, and is
# repeated only after a change of the manifest.
COPY Package.swift ./
COPY Sources/CCrypt Sources/CCrypt
COPY Sources/CCurl Sources/CCurl
COPY Sources/COpenSSL Sources/COpenSSL
COPY Sources/CSockets Sources/CSockets
COPY Sources/CZlib Sources/CZlib
COPY Sources/CZstd Sources/CZstd
RUN targets() { tr -d '\n' <Package.swift | { grep -oE "[ (]$1\( *\"[A-Za-z-]+\"" || true; } | cut -d '"' -f 2; } \
 && paths() { grep -oE 'path: "Tests/[A-Za-z/]+"' Package.swift | cut -d '"' -f 2; } \
 && for path in $(paths); do mkdir -p "$path" && touch "$path/Empty.swift"; done \
 && for name in $(targets library); do mkdir -p "Sources/$name" && touch "Sources/$name/Empty.swift"; done \
 && for name in $(targets program); do mkdir -p "Sources/$name" && touch "Sources/$name/main.swift"; done \
 && for name in $(targets tests); do mkdir -p "Tests/$name/Fixtures" && touch "Tests/$name/Empty.swift"; done \
 && $BUILD --product gatehouse \
 && $BUILD --product gatehouse-sidecar \
 && rm -rf Sources

COPY Sources Sources
RUN $BUILD --product gatehouse \
 && $BUILD --product gatehouse-sidecar \
 && programs="$($BUILD --show-bin-path)" \
 && install -D -t /out/bin "$programs/gatehouse" "$programs/gatehouse-sidecar" \
 && strip /out/bin/*


FROM debian:bookworm-slim

# The shared libraries that the programs load, certificates for S3, and the programs' user.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libcrypt1 libcurl4 libssl3 libstdc++6 \
 && rm -rf /var/lib/apt/lists/* /var/log/* /var/cache/debconf/* \
 && groupadd --gid 10001 gatehouse \
 && useradd --uid 10001 --gid 10001 --home-dir /app/backend-services --no-create-home --shell /usr/sbin/nologin gatehouse \
 && install -d -o 10001 -g 10001 -m 0750 /app/backend-services/generated

COPY LICENSE /usr/share/doc/gatehouse/LICENSE
COPY --from=build /out/bin/ /usr/local/bin/

ARG VERSION=unreleased
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Gatehouse" \
      org.opencontainers.image.description="The API gateway Gatehouse, which keeps its state in memory and saves it as encrypted dumps, and its sidecar" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.base.name="debian:bookworm-slim"

ENV MEM_DUMP_PATH=/app/backend-services/generated/memory_dump.bin
WORKDIR /app/backend-services
VOLUME /app/backend-services/generated
EXPOSE 5001
STOPSIGNAL SIGTERM
USER 10001:10001

# There is no HEALTHCHECK, because it would apply to both programs, and ECS ignores it. The gateway's check is
# `gatehouse health` and the sidecar's is `gatehouse-sidecar health --watching`. compose/ and ecs/ configure them.
CMD ["gatehouse"]
