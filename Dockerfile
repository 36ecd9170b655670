# The services of Charter, for Apache Kafka and PostgreSQL: one image, the command says which service runs.
#
#   docker build -t charter .
#   docker run --rm charter gateway --help

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# librdkafka is built from the sources that its crate brings, against the OpenSSL of the base image.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --release --locked --features kafka,postgres \
      -p gateway-service -p seats-service -p reservations-service -p housekeeping-service -p core-service \
      -p registry-service -p charterctl-service --bins \
 && mkdir /out \
 && cp target/release/gateway target/release/seats target/release/reservations target/release/housekeeping \
      target/release/core target/release/registry target/release/charterctl docker/charter-ready /out/

FROM debian:bookworm-slim
# Versions are not pinned: an image that is built again takes Debian's security fixes.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libssl3 zlib1g \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --no-create-home charter \
 && install -d -m 0700 -o 10001 -g 0 /keys
COPY --from=build /out/ /usr/local/bin/
USER 10001:10001
ENV LISTEN=0.0.0.0:8080
EXPOSE 8080
CMD ["gateway"]
