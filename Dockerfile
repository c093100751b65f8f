# A static binary in an empty image: docker run --rm -v "$PWD:/src:ro" IMAGE audit
FROM rust:1.95-slim-bookworm AS build
WORKDIR /dockopt
# dist: as the binaries of a release.
ARG PROFILE=release
# What `dockopt --version --verbose` names, and `dockopt init` pins.
ARG DOCKOPT_COMMIT
COPY . .
# glibc is linked in, so that nothing is needed at run time. The linker's target is named so
# that this does not hold for what runs while it builds.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/dockopt/target,sharing=locked \
    host=$(rustc --print host-tuple) \
    && RUSTFLAGS='-C target-feature=+crt-static' cargo build --profile "$PROFILE" --locked --target "$host" \
    && cp "target/$host/$PROFILE/dockopt" /usr/local/bin/dockopt

FROM scratch
COPY --from=build /usr/local/bin/dockopt /dockopt
WORKDIR /src
USER 65532:65532
ENTRYPOINT ["/dockopt"]
