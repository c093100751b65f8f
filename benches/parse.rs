//! Parsing speed beside peers and the physical limit (counting line ends), interleaved in one run.
//!
//! Corpora: the ordinary files written out below; the parse vectors that every parser accepts; and, when `DOCKOPT_CORPUS`
//! names a folder, every file in it. `cargo bench -- --smoke` (or `DOCKOPT_BENCH=smoke`) runs each once, for CI.

#![allow(clippy::print_stdout, clippy::cast_precision_loss, missing_docs)]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use dockopt::dockerfile::{Stage, parse};
use dockopt::text::Source;

const ORDINARY: [&str; 4] = [
    r#"# syntax=docker/dockerfile:1
ARG PYTHON_VERSION=3.13
FROM python:${PYTHON_VERSION}-slim AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1
WORKDIR /app

FROM base AS build
# The compiler is needed for the database driver only.
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      build-essential \
      libpq-dev \
 && rm -rf /var/lib/apt/lists/*
COPY --link pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    uv sync --frozen --no-dev

FROM base
COPY --from=build --chown=app:app /app/.venv /app/.venv
COPY . .
USER app
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s CMD ["python", "-m", "app.health"]
ENTRYPOINT ["uvicorn", "app.main:app"]
CMD ["--host", "0.0.0.0", "--port", "8000"]
"#,
    r#"FROM node:22 AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build

FROM nginx:1.27
LABEL org.opencontainers.image.title="dashboard" \
      org.opencontainers.image.vendor="example"
COPY --from=build /src/dist /usr/share/nginx/html
COPY nginx.conf /etc/nginx/conf.d/default.conf
EXPOSE 80
CMD ["nginx", "-g", "daemon off;"]
"#,
    r#"FROM debian:12
MAINTAINER someone <someone@example.org>

ENV LANG C.UTF-8
ENV APP_VERSION 1.2.3
ENV APP_SHA256 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

# runtime dependencies
RUN apt-get update && apt-get install -y --no-install-recommends \
		ca-certificates \
		curl \
# the archive is signed
		gnupg \
	&& rm -rf /var/lib/apt/lists/*

RUN set -eux; \
	curl -fsSL -o app.tar.gz "https://example.org/app-$APP_VERSION.tar.gz"; \
	echo "$APP_SHA256 *app.tar.gz" | sha256sum -c -; \
	mkdir -p /usr/src/app; \
	tar -xzf app.tar.gz -C /usr/src/app --strip-components=1; \
	rm app.tar.gz; \
	cd /usr/src/app; \
	./configure --prefix=/usr/local; \
	make -j "$(nproc)"; \
	make install; \
	rm -rf /usr/src/app
VOLUME /var/lib/app
CMD ["app"]
"#,
    r#"FROM golang:1.24 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags "-s -w" -o /out/server ./cmd/server
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/server /server
USER 65532:65532
ENTRYPOINT ["/server"]
"#,
];

/// `--only NAME` runs one parser alone, for a profiler.
fn is_wanted(name: &str) -> bool {
    std::env::args().skip_while(|arg| arg != "--only").nth(1).is_none_or(|only| only == name)
}

type Parser = (&'static str, fn(&str) -> usize);

/// What is compared. The first is ours, the last the limit.
const PARSERS: [Parser; 4] = [
    ("dockopt", |text| parse(&Source::of("Dockerfile", text)).instructions().len()),
    ("parse-dockerfile", |text| parse_dockerfile::parse(text).map_or(0, |file| file.instructions.len())),
    ("dockerfile-parser", |text| dockerfile_parser::Dockerfile::parse(text).map_or(0, |file| file.instructions.len())),
    ("line ends (memchr)", |text| memchr::memchr_iter(b'\n', text.as_bytes()).count()),
];

fn main() {
    let is_smoke = std::env::args().any(|arg| arg == "--smoke" || arg == "--test")
        || std::env::var_os("DOCKOPT_BENCH").is_some_and(|mode| mode == "smoke");
    compare("ordinary files", &ORDINARY.map(str::to_owned), is_smoke);
    compare("vectors", &vectors(), is_smoke);
    if let Some(folder) = std::env::var_os("DOCKOPT_CORPUS") {
        let mut files = Vec::new();
        read_folder(Path::new(&folder), &mut files);
        let count = files.len();
        files.retain(|text| accepted_by_all(text));
        println!("DOCKOPT_CORPUS: {count} files, {} accepted by every parser", files.len());
        compare("corpus", &files, is_smoke);
    }
}

/// Inputs that BuildKit and every peer accept.
fn vectors() -> Vec<String> {
    let lines = include_str!("../tests/vectors/parse.jsonl").lines();
    let cases = lines.filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let inputs = cases.filter_map(|case| Some(case["input"].as_str()?.to_owned()));
    inputs.filter(|text| accepted_by_all(text)).collect()
}

fn accepted_by_all(text: &str) -> bool {
    let file = parse(&Source::of("Dockerfile", text));
    let is_ours = file.refusal().is_none_or(|verdict| verdict.stage == Stage::Dispatch);
    is_ours && parse_dockerfile::parse(text).is_ok() && dockerfile_parser::Dockerfile::parse(text).is_ok()
}

fn read_folder(folder: &Path, files: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_folder(&path, files);
        } else {
            files.extend(std::fs::read_to_string(&path));
        }
    }
}

/// Short rounds in turns; each parser's fastest round counts, as noise only ever adds.
fn compare(name: &str, files: &[String], is_smoke: bool) {
    let bytes: usize = files.iter().map(String::len).sum();
    if bytes == 0 {
        return;
    }
    let repeat = if is_smoke { 1 } else { (500_000 / bytes).max(1) };
    let rounds = if is_smoke { 1 } else { 100 };
    let mut best = [Duration::MAX; PARSERS.len()];
    for _ in 0..rounds {
        for (slot, (_, parser)) in best.iter_mut().zip(PARSERS).filter(|(_, (name, _))| is_wanted(name)) {
            let start = Instant::now();
            for _ in 0..repeat {
                for file in files {
                    black_box(parser(black_box(file)));
                }
            }
            *slot = start.elapsed().min(*slot);
        }
    }
    println!("{name}: {} files, {bytes} bytes, {rounds} rounds of {repeat}", files.len());
    let own = best[0].as_secs_f64();
    for ((parser, _), time) in PARSERS.iter().zip(best).filter(|((name, _), _)| is_wanted(name)) {
        let speed = (bytes * repeat) as f64 / time.as_secs_f64() / 1e6;
        println!("  {parser:<20} {speed:>9.1} MB/s   {:>6.2} x dockopt's time", time.as_secs_f64() / own);
    }
}
