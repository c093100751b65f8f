//! `check` compares a file after `dependency-files-first` alone.

mod declared;
mod packages;
mod traps;

use crate::optimize::test_inputs::project;
use crate::optimize::{Options, optimize};

/// Lines with a bar in front, as they stand in the tests.
fn lines(text: &str) -> String {
    text.lines()
        .filter_map(|line| line.trim_start().strip_prefix('|'))
        .fold(String::new(), |all, line| all + line + "\n")
}

fn options_of_pass(pass: &str) -> Options {
    Options { only: [pass.to_owned()].into(), ..Options::new(&crate::rules::AllRules) }
}

/// The text after one pass, and again, which must change nothing.
#[track_caller]
pub(crate) fn check_pass(pass: &str, dockerfile: &str, files: &[(&str, &str)], expected: &str) {
    let options = options_of_pass(pass);
    let (inputs, evidence) = project(&lines(dockerfile), files);
    let done = optimize(&inputs, 0, &evidence, &options);
    let got = done.result()[0].text().to_owned();
    let expected = lines(expected);
    assert!(got == expected, "\n{got}\ninstead of\n{expected}\n{:?}", done.levels);
    let (inputs, evidence) = project(&got, files);
    let again = optimize(&inputs, 0, &evidence, &options);
    assert_eq!(again.result()[0].text(), got, "a second run changes nothing");
}

#[track_caller]
fn check(dockerfile: &str, files: &[(&str, &str)], expected: &str) {
    check_pass("dependency-files-first", dockerfile, files, expected);
}

#[track_caller]
fn mounts(dockerfile: &str, files: &[(&str, &str)], expected: &str) {
    check_pass("cache-mounts", dockerfile, files, expected);
}

const PIP: &[(&str, &str)] = &[("requirements.txt", "flask==3.1.0\n"), ("app/main.py", "import flask\n")];
const NPM: &[(&str, &str)] = &[
    ("package.json", r#"{"name":"a","scripts":{"build":"tsc"},"dependencies":{"express":"4"}}"#),
    ("package-lock.json", r#"{"lockfileVersion":3,"packages":{"":{"dependencies":{"express":"4"}}}}"#),
    ("src/index.ts", "x"),
];

#[test]
fn a_lock_file_is_written_from_the_manifest() {
    let pyproject = "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"flask\"]\n";
    let lock = "version = 1\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { virtual = \".\" }\n";
    check(
        "|FROM python:3.13
         |WORKDIR /app
         |COPY . .
         |RUN uv lock && uv sync
         |CMD [\"uv\", \"run\", \"main.py\"]",
        &[("pyproject.toml", pyproject), ("uv.lock", lock), ("main.py", "import flask\n")],
        "|FROM python:3.13
         |WORKDIR /app
         |COPY pyproject.toml uv.lock ./
         |RUN uv lock && uv sync
         |COPY . .
         |CMD [\"uv\", \"run\", \"main.py\"]",
    );
}

#[test]
fn pip() {
    check(
        "|FROM python:3.13
         |WORKDIR /app
         |COPY . .
         |RUN pip install -r requirements.txt
         |CMD [\"python\", \"-m\", \"app.main\"]",
        PIP,
        "|FROM python:3.13
         |WORKDIR /app
         |COPY requirements.txt ./
         |RUN pip install -r requirements.txt
         |COPY . .
         |CMD [\"python\", \"-m\", \"app.main\"]",
    );
}

/// An environment that is made stays before what is installed into it.
#[test]
fn environments() {
    let with = |install: &str, expected: &str| {
        check(
            &format!(
                "|FROM python:3.13\n|WORKDIR /app\n|COPY . .\n|RUN python -m venv /venv\n{install}|CMD [\"/venv/bin/python\", \"app/main.py\"]\n"
            ),
            PIP,
            &format!(
                "|FROM python:3.13\n|WORKDIR /app\n|RUN python -m venv /venv\n{expected}|COPY . .\n|CMD [\"/venv/bin/python\", \"app/main.py\"]\n"
            ),
        );
    };
    with(
        "|RUN /venv/bin/pip install --upgrade pip\n|RUN /venv/bin/pip install -r requirements.txt\n",
        "|RUN /venv/bin/pip install --upgrade pip\n|COPY requirements.txt ./\n|RUN /venv/bin/pip install -r requirements.txt\n",
    );
    // What makes it may read the sources: nothing that calls a program of it moves.
    let kept = "|FROM python:3.13\n|WORKDIR /app\n|COPY . .\n|RUN python make_environment.py /venv\n|RUN /venv/bin/pip install --upgrade pip\n|CMD [\"/venv/bin/python\", \"app/main.py\"]\n";
    check(kept, PIP, kept);
}

#[test]
fn text_between_instructions_is_kept() {
    check(
        "|FROM python:3.13
         |# All of it
         |COPY . /app
         |ENV PORT=80
         |WORKDIR /app
         |RUN chmod +x start.sh
         |
         |# Libraries
         |RUN apt-get update && apt-get install -y libpq5 \\
         |    && rm -rf /var/lib/apt/lists/*
         |RUN pip install --upgrade pip && pip install -r requirements.txt && python manage.py collectstatic
         |EXPOSE 80
         |CMD [\"./start.sh\"]",
        &[("requirements.txt", "flask\n"), ("manage.py", ""), ("start.sh", "")],
        "|FROM python:3.13
         |ENV PORT=80
         |WORKDIR /app
         |
         |# Libraries
         |RUN apt-get update && apt-get install -y libpq5 \\
         |    && rm -rf /var/lib/apt/lists/*
         |COPY requirements.txt /app/
         |RUN pip install --upgrade pip && pip install -r requirements.txt
         |# All of it
         |COPY . /app
         |RUN chmod +x start.sh
         |RUN python manage.py collectstatic
         |EXPOSE 80
         |CMD [\"./start.sh\"]",
    );
}

#[test]
fn npm() {
    check(
        "|FROM node:22
         |WORKDIR /app
         |COPY . .
         |RUN npm install && npm run build
         |CMD [\"node\", \"dist/index.js\"]",
        NPM,
        "|FROM node:22
         |WORKDIR /app
         |COPY package.json package-lock.json ./
         |RUN npm install
         |COPY . .
         |RUN npm run build
         |CMD [\"node\", \"dist/index.js\"]",
    );
    let good = "|FROM node:22
         |WORKDIR /app
         |COPY package*.json ./
         |RUN npm ci
         |COPY . .
         |RUN npm run build
         |CMD [\"node\", \"dist/index.js\"]";
    check(good, NPM, good);
}

#[test]
fn several_projects() {
    check(
        "|FROM node:22
         |WORKDIR /app
         |COPY . .
         |WORKDIR /app/client
         |RUN npm install && npm run build
         |WORKDIR /app/server
         |RUN npm install
         |CMD [\"node\", \"index.js\"]",
        &[
            ("client/package.json", "{}"),
            ("client/src/x.ts", ""),
            ("server/package.json", "{}"),
            ("server/package-lock.json", "{}"),
            ("server/index.js", ""),
        ],
        "|FROM node:22
         |WORKDIR /app/client
         |COPY client/package.json ./
         |RUN npm install
         |WORKDIR /app/server
         |COPY server/package.json server/package-lock.json ./
         |RUN npm install
         |COPY . /app/
         |WORKDIR /app/client
         |RUN npm run build
         |WORKDIR /app/server
         |CMD [\"node\", \"index.js\"]",
    );
}

#[test]
fn uv() {
    let files = [
        (
            "pyproject.toml",
            "[project]\nname=\"a\"\nversion=\"1\"\ndependencies=[]\n[build-system]\nrequires=[\"hatchling\"]\n",
        ),
        ("uv.lock", "version = 1\n"),
        (".python-version", "3.13\n"),
        ("src/a/__init__.py", ""),
    ];
    check(
        "|FROM python:3.13
         |COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/uv
         |ADD . /app
         |WORKDIR /app
         |RUN uv sync --frozen
         |CMD [\"uv\", \"run\", \"a\"]",
        &files,
        "|FROM python:3.13
         |COPY --from=ghcr.io/astral-sh/uv:latest /uv /bin/uv
         |WORKDIR /app
         |COPY pyproject.toml uv.lock .python-version /app/
         |RUN uv sync --frozen --no-install-project
         |ADD . /app
         |RUN uv sync --frozen
         |CMD [\"uv\", \"run\", \"a\"]",
    );
}

#[test]
fn cache_mounts() {
    mounts(
        "|FROM python:3.13
         |WORKDIR /app
         |RUN apt-get update && apt-get install -y gcc && rm -rf /var/lib/apt/lists/*
         |COPY requirements.txt ./
         |RUN pip install --no-cache-dir --upgrade pip && pip install -r requirements.txt
         |COPY . .",
        PIP,
        "|FROM python:3.13
         |WORKDIR /app
         |RUN apt-get update && apt-get install -y gcc && rm -rf /var/lib/apt/lists/*
         |COPY requirements.txt ./
         |RUN --mount=type=cache,target=/root/.cache/pip \\
         |    pip install --no-cache-dir --upgrade pip && pip install -r requirements.txt
         |COPY . .",
    );
    mounts(
        "|FROM node:22
         |WORKDIR /app
         |USER node
         |COPY package*.json ./
         |RUN npm ci
         |COPY . .",
        NPM,
        "|FROM node:22
         |WORKDIR /app
         |USER node
         |COPY package*.json ./
         |RUN --mount=type=cache,target=/home/node/.npm,uid=1000,gid=1000 npm ci
         |COPY . .",
    );
    let stays = "|FROM golang:1.25
         |WORKDIR /app
         |COPY . .
         |RUN go build ./...
         |CMD [\"go\", \"run\", \".\"]";
    mounts(stays, &[("go.mod", "module a\n"), ("main.go", "")], stays);
    mounts(
        "|FROM python:3.13
         |COPY requirements.txt ./
         |RUN pip install --no-cache-dir --upgrade -r requirements.txt",
        PIP,
        "|FROM python:3.13
         |COPY requirements.txt ./
         |RUN --mount=type=cache,target=/root/.cache/pip pip install --upgrade -r requirements.txt",
    );
    mounts(
        "|FROM node:22
         |COPY package*.json ./
         |RUN npm ci && npm cache clean --force",
        NPM,
        "|FROM node:22
         |COPY package*.json ./
         |RUN --mount=type=cache,target=/root/.npm npm ci",
    );
    for folder in ["/root/.cache/pip", "~/.cache/pip", "$HOME/.cache/pip/*"] {
        mounts(
            &format!(
                "|FROM python:3.13\n|COPY requirements.txt ./\n|RUN pip install -r requirements.txt && rm -rf {folder}"
            ),
            PIP,
            "|FROM python:3.13
             |COPY requirements.txt ./
             |RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt",
        );
    }
    for folder in ["~/.cache", "$PIP_CACHE_DIR"] {
        let stays = format!(
            "|FROM python:3.13\n|COPY requirements.txt ./\n|RUN pip install -r requirements.txt && rm -rf {folder}"
        );
        mounts(&stays, PIP, &stays);
    }
    // What else lies in the folder would stay in the layer.
    let stays = "|FROM python:3.13
         |COPY requirements.txt ./
         |RUN pip install -r requirements.txt && rm -rf /root/.cache";
    mounts(stays, PIP, stays);
    mounts(
        "|FROM python:3.13
         |ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DEFAULT_TIMEOUT=100
         |ENV UV_NO_CACHE=1
         |COPY requirements.txt ./
         |RUN pip install -r requirements.txt",
        PIP,
        "|FROM python:3.13
         |ENV PYTHONUNBUFFERED=1 PIP_DEFAULT_TIMEOUT=100
         |COPY requirements.txt ./
         |RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt",
    );
    let stays = "|FROM python:3.13
         |ENV PIP_NO_CACHE_DIR=1
         |COPY requirements.txt ./
         |RUN pip install flask";
    mounts(stays, PIP, stays);
}

#[test]
fn manifests_copied_first_are_kept() {
    check(
        "|FROM python:3.13
         |COPY . /app
         |WORKDIR /app
         |COPY requirements.txt .
         |RUN pip install -r requirements.txt",
        PIP,
        "|FROM python:3.13
         |WORKDIR /app
         |COPY requirements.txt .
         |RUN pip install -r requirements.txt
         |COPY . /app",
    );
}

#[test]
fn go() {
    check(
        "|FROM golang:1.25
         |WORKDIR /src
         |COPY . .
         |# The program
         |RUN go build -o /bin/app ./cmd/app
         |CMD [\"/bin/app\"]",
        &[("go.mod", "module a\nrequire b v1.0.0\n"), ("go.sum", ""), ("cmd/app/main.go", "")],
        "|FROM golang:1.25
         |WORKDIR /src
         |COPY go.mod go.sum ./
         |RUN go mod download
         |COPY . .
         |# The program
         |RUN go build -o /bin/app ./cmd/app
         |CMD [\"/bin/app\"]",
    );
}

#[test]
fn composer() {
    check(
        "|FROM php:8.4-cli
         |WORKDIR /app
         |COPY --from=composer:2 /usr/bin/composer /usr/bin/composer
         |COPY . .
         |RUN composer install --no-dev",
        &[
            ("composer.json", r#"{"require":{"a/b":"1"},"scripts":{"post-install-cmd":"x"}}"#),
            ("composer.lock", "{}"),
            ("index.php", ""),
        ],
        "|FROM php:8.4-cli
         |WORKDIR /app
         |COPY --from=composer:2 /usr/bin/composer /usr/bin/composer
         |COPY composer.json composer.lock ./
         |RUN composer install --no-dev --no-scripts --no-autoloader
         |COPY . .
         |RUN composer install --no-dev",
    );
}

#[test]
fn bundle() {
    check(
        "|FROM ruby:3.4
         |WORKDIR /app
         |COPY . .
         |RUN bundle install && bundle exec rails assets:precompile",
        &[("Gemfile", "source 'x'\ngem 'rails'\n"), ("Gemfile.lock", ""), ("config.ru", ""), ("app/a.rb", "")],
        "|FROM ruby:3.4
         |WORKDIR /app
         |COPY Gemfile Gemfile.lock ./
         |RUN bundle install
         |COPY . .
         |RUN bundle exec rails assets:precompile",
    );
}
