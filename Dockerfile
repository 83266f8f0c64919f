# A filter:  generate-something | docker run -i ssectl transform '.text |= ascii_upcase'
# A broker:  docker run -p 9092:9092 ssectl emulator --host 0.0.0.0
#
# The base images are arguments, so that a mirror or an image made locally can take their place (tests/image.sh).
# BUILDER needs cargo, a C and C++ compiler, make and perl; RUNTIME the C library of the same system or a newer one.
ARG BUILDER=rust:1.95-bookworm
ARG RUNTIME=debian:bookworm-slim

FROM ${BUILDER} AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release \
    && mkdir -p /out/bin /out/data /out/ssectl \
    && cp target/release/ssectl /out/bin/ \
    && cp -R scenarios LICENSE-MIT LICENSE-APACHE /out/ssectl/

FROM ${RUNTIME}
LABEL org.opencontainers.image.title="ssectl" \
      org.opencontainers.image.description="Generate, replay, transform and tail event streams, with the broker emulators inside" \
      org.opencontainers.image.source="https://github.com/ssectl/ssectl" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
# The exercises, which may write beside their files: `docker run ssectl run scenarios/08-phone-normalise`.
COPY --from=build --chown=65532:65532 /out/ssectl /ssectl
# For `emulator --data-dir /data`; a volume that is mounted here is the user's from the start.
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/bin/ssectl /usr/local/bin/ssectl
WORKDIR /ssectl
USER 65532:65532
EXPOSE 9092 4566
ENTRYPOINT ["ssectl"]
CMD ["--help"]
