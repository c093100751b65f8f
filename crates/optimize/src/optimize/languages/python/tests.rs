use crate::optimize::Level;
use crate::optimize::test_inputs::{optimize_to_level, rewritten};

const REQUIREMENTS: (&str, &str) = ("requirements.txt", "flask==3.1.3\n");
const APP: (&str, &str) = ("app.py", "import flask\n");

/// The lines after level 3 must hold these, in this order, and none of the others.
fn check(dockerfile: &str, files: &[(&str, &str)], expected: &[&str], absent: &[&str]) {
    let got = rewritten(dockerfile, files, Level::Stages);
    let mut rest = got.as_str();
    for part in expected {
        let at = rest.find(part).unwrap_or_else(|| panic!("`{part}` is not there:\n{got}"));
        rest = &rest[at + part.len()..];
    }
    for part in absent {
        assert!(!got.contains(part), "`{part}` is there:\n{got}");
    }
}

fn refused(dockerfile: &str, files: &[(&str, &str)], why: &str) {
    let outcome = optimize_to_level(dockerfile, files, Level::Stages);
    let refusals: Vec<String> = outcome
        .levels
        .iter()
        .flat_map(|level| &level.refusals)
        .map(|refusal| format!("{}: {}", refusal.pass, refusal.why))
        .collect();
    let is_refused = refusals.iter().any(|refusal| refusal.starts_with("python-stages") && refusal.contains(why));
    assert!(is_refused, "{refusals:?}\n{}", outcome.result()[0].text());
}

#[test]
fn pip_installs_into_an_environment() {
    let got = rewritten(
        "# The web.\nFROM python:3.13\nWORKDIR /app\n\n# First.\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"flask\", \"run\"]\n",
        &[REQUIREMENTS, APP],
        Level::Stages,
    );
    let stages: Vec<&str> = got.split("\n\nFROM ").collect();
    assert_eq!(stages.len(), 2, "{got}");
    assert!(stages[0].starts_with("# The web.\nFROM python:3.13 AS build\nWORKDIR /app\n"), "{got}");
    assert!(stages[0].contains("RUN python -m venv --without-pip /opt/venv\n# First.\nCOPY requirements.txt"), "{got}");
    assert!(stages[0].contains("pip --python /opt/venv install"), "{got}");
    assert_eq!(
        stages[1],
        "python:3.13\nWORKDIR /app\n\nCOPY --from=build /opt/venv /opt/venv\nENV PATH=/opt/venv/bin:$PATH\nCOPY . .\nCMD [\"flask\", \"run\"]\n"
    );
}

#[test]
fn packages_go_where_they_are_needed() {
    let file = |packages: &str| {
        format!(
            "FROM python:3.13-slim\nRUN apt-get update && apt-get install -y {packages} && rm -rf /var/lib/apt/lists/*\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"python\", \"app.py\"]\n"
        )
    };
    let psycopg = ("requirements.txt", "psycopg2==2.9.11\n");
    check(
        &file("gcc libpq-dev ffmpeg vim"),
        &[psycopg, APP],
        &["AS build\n", "install -y", "gcc libpq-dev &&", "\nFROM python:3.13-slim\n", "libpq5 ffmpeg &&"],
        &["vim"],
    );
    // The headers' library is in slim bases already, so nothing is left to install.
    check(&file("gcc libffi-dev"), &[psycopg, APP], &["AS build\n", "gcc libffi-dev", "\nFROM "], &["libffi8"]);
    // A full base has libpq.
    check(
        &file("libpq-dev").replace("-slim", ""),
        &[psycopg, APP],
        &["AS build\n", "libpq-dev", "\nFROM python:3.13\nWORKDIR /app\nCOPY --from=build"],
        &["libpq5"],
    );
    // Who makes the locale needs no build stage for it.
    check(
        &file("locales")
            .replace(" && rm", " && sed -i 's/# de/de/' /etc/locale.gen && locale-gen && rm")
            .replace("-slim", ""),
        &[REQUIREMENTS, APP],
        &["AS build\n", "\nFROM python:3.13\n", "locale-gen"],
        &["locale-gen && rm -rf /var/lib/apt/lists/*\nRUN python -m venv"],
    );
}

#[test]
fn package_lists_go_with_what_they_serve() {
    let file = |install: &str| {
        format!(
            "FROM python:3.13-slim\nRUN apt-get update\nRUN apt-get install -y\nRUN {install}\nRUN rm -rf /var/lib/apt/lists/*\nRUN pip install flask\nCOPY . .\nCMD [\"python\", \"app.py\"]\n"
        )
    };
    let update = "RUN apt-get update \\\n    && apt-get install -y ";
    check(
        &file("apt-get install -y gcc libpq-dev"),
        &[APP],
        &[
            "AS build\n",
            update,
            "gcc libpq-dev\n",
            "\nFROM ",
            update,
            "libpq5 \\\n    && rm -rf /var/lib/apt/lists/*\n",
        ],
        &["RUN rm"],
    );
    let got = rewritten(&file("apt-get install -y gcc"), &[APP], Level::Stages);
    assert_eq!(got.matches("apt-get update").count(), 1, "nothing is installed when it runs:\n{got}");
    // What brings the image up to date stays.
    let upgrade = file("apt-get install -y gcc").replace("apt-get update\n", "apt-get update && apt-get upgrade -y\n");
    let run = "RUN apt-get update \\\n    && apt-get upgrade -y \\\n    && rm -rf /var/lib/apt/lists/*\n";
    check(
        &upgrade,
        &[APP],
        &["AS build\nWORKDIR /app\nRUN apt-get update \\\n    && apt-get install -y gcc\n", "\nFROM ", run],
        &[],
    );
}

#[test]
fn manifests_are_copied_once() {
    let file = |copy: &str, to: &str| {
        format!(
            "FROM python:3.13\nWORKDIR /app\nCOPY {copy}\nRUN pip install -r {to}\nCOPY ./web .\nCMD [\"python\", \"app.py\"]\n"
        )
    };
    let files =
        [("web/requirements.txt", "flask==3.1.3\n"), ("web/app.py", "import flask\n"), ("deps/a.txt", "flask\n")];
    let count = |copy: &str, to: &str| rewritten(&file(copy, to), &files, Level::Stages).matches(copy).count();
    assert_eq!(count("web/requirements.txt .", "requirements.txt"), 1);
    assert_eq!(count("web/requirements.txt deps.txt", "deps.txt"), 2);
    // The contents of a folder, where the later COPY brings the folder.
    let all = file("deps ./", "a.txt").replace("./web .", ". .");
    assert_eq!(rewritten(&all, &files, Level::Stages).matches("COPY deps ./").count(), 2);
}

#[test]
fn tools_stay_behind() {
    let poetry = "FROM python:3.13\nENV POETRY_VERSION=2.1.0 \\\n    LANG=C.UTF-8\nRUN pip install poetry\nWORKDIR /app\nCOPY pyproject.toml poetry.lock ./\nRUN poetry config virtualenvs.create false && poetry install --no-root --only main\nCOPY . .\nCMD [\"poetry\", \"run\", \"python\", \"app.py\"]\n";
    let project = ("pyproject.toml", "[tool.poetry]\nname = \"a\"\nversion = \"1\"\n");
    check(
        poetry,
        &[project, ("poetry.lock", ""), APP],
        &[
            " poetry\n",
            "ENV VIRTUAL_ENV=/opt/venv",
            "poetry install",
            "\nFROM python:3.13\nENV LANG=C.UTF-8\n",
            "CMD [\"python\", \"app.py\"]",
        ],
        &["\"poetry\", \"run\""],
    );
    // A script of the container calls it: it stays.
    let script = poetry.replace("[\"poetry\", \"run\", \"python\", \"app.py\"]", "[\"./start.sh\"]");
    let start = ("start.sh", "#!/bin/sh\npoetry run python app.py\n");
    check(
        &script,
        &[project, ("poetry.lock", ""), APP, start],
        &["\nFROM python:3.13\n", " poetry\n", "ENV VIRTUAL_ENV=/opt/venv"],
        &[],
    );
}

#[test]
fn what_uv_run_installs_at_start_up_is_not_lost() {
    let manifest = "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"fastapi\"]\n\n[dependency-groups]\ndev = [\"httpx\"]\n";
    let lock = "version = 1\n\n[[package]]\nname = \"a\"\nversion = \"1\"\nsource = { virtual = \".\" }\ndependencies = [{ name = \"fastapi\" }]\n\n[package.dev-dependencies]\ndev = [{ name = \"httpx\" }]\n\n[[package]]\nname = \"fastapi\"\nversion = \"0.1\"\n\n[[package]]\nname = \"httpx\"\nversion = \"0.1\"\n";
    let dockerfile = |install: &str, command: &str| {
        format!("FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install uv\nRUN {install}\nCMD {command}\n")
    };
    let files = |source: &'static str| [("pyproject.toml", manifest), ("uv.lock", lock), ("main.py", source)];
    let (with, without) = ("import fastapi\nimport httpx\n", "import fastapi\n");
    let run = "[\"uv\", \"run\", \"main.py\"]";
    refused(&dockerfile("uv sync --no-dev", run), &files(with), "which `uv sync` leaves out and the program imports");
    for (install, command, source) in [
        ("uv sync --no-dev", run, without),
        ("uv sync", run, with),
        ("uv sync --no-dev", "[\"uv\", \"run\", \"--no-dev\", \"main.py\"]", with),
    ] {
        check(&dockerfile(install, command), &files(source), &["AS build", "/app/.venv /app/.venv"], &[]);
    }
}

#[test]
fn wrappers_of_commands_go() {
    let uv = |command: &str| {
        format!(
            "FROM python:3.13\nCOPY --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/\nWORKDIR /app\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --locked\nCOPY . .\nCMD {command}\n"
        )
    };
    let files = [("pyproject.toml", "[project]\nname = \"a\"\nversion = \"1\"\n"), ("uv.lock", "version = 1\n"), APP];
    for (before, after) in [
        ("[\"uv\", \"run\", \"app.py\"]", "[\"python\", \"app.py\"]"),
        ("[\"uv\", \"run\", \"--no-sync\", \"flask\", \"run\"]", "[\"flask\", \"run\"]"),
        ("uv run -m app", "[\"python\", \"-m\", \"app\"]"),
        ("cd src && uv run flask run", "cd src && flask run"),
    ] {
        let copy = "COPY --from=build /app/.venv /app/.venv\nENV PATH=/app/.venv/bin:$PATH\n";
        check(&uv(before), &files, &[copy, &format!("CMD {after}\n")], &[]);
    }
    // It brings something of its own: it stays, and so does the tool.
    check(&uv("uv run --with gunicorn gunicorn app"), &files, &["\nFROM ", "/uv /bin/", "ENV UV_NO_SYNC=1"], &[]);
}

#[test]
fn undeclared_setuptools_stay_importable() {
    let file = |tag: &str| {
        format!(
            "FROM python:{tag}\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"python\", \"app.py\"]\n"
        )
    };
    check(&file("3.11"), &[REQUIREMENTS, APP], &["python -m venv --without-pip --system-site-packages /opt/venv"], &[]);
    check(&file("3.13"), &[REQUIREMENTS, APP], &["--without-pip /opt/venv"], &["--system-site-packages"]);
    // What is installed into the base's Python is no part of the last stage.
    let tool = file("3.11")
        .replace("COPY requirements.txt", "RUN pip install --upgrade pip setuptools wheel\nCOPY requirements.txt");
    check(&tool, &[REQUIREMENTS, APP], &["python -m venv /opt/venv"], &["--system-site-packages"]);
    let uses = ("app.py", "import pkg_resources\n");
    let tools =
        file("3.13").replace("COPY requirements.txt", "RUN pip install -U setuptools wheel\nCOPY requirements.txt");
    check(&tools, &[REQUIREMENTS, uses], &["pip --python /opt/venv install", "-U setuptools wheel"], &[]);
    check(
        &tools,
        &[REQUIREMENTS, APP],
        &["RUN pip install", "-U setuptools wheel"],
        &["/opt/venv install --no-cache-dir -U setuptools"],
    );
}

#[test]
fn installing_in_place_takes_the_folder_along() {
    check(
        "FROM python:3.13\nWORKDIR /src\nCOPY . .\nRUN pip install --user -e .\nCMD [\"python\", \"-m\", \"app\"]\n",
        &[("setup.py", "from setuptools import setup\nsetup(name='app')\n"), APP],
        &["pip --python /opt/venv install -e .", "COPY --from=build /src /src"],
        &["--user"],
    );
}

#[test]
fn the_authors_environment_is_kept() {
    check(
        "FROM python:3.13\nRUN python -m venv /venv\nENV PATH=/venv/bin:$PATH\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"python\", \"app.py\"]\n",
        &[REQUIREMENTS, APP],
        &["RUN python -m venv /venv", "pip install -r requirements.txt", "COPY --from=build /venv /venv"],
        &["/opt/venv", "--python"],
    );
}

#[test]
fn refusals_name_their_reason() {
    let file = |base: &str, run: &str, command: &str| {
        format!("FROM {base}\nCOPY requirements.txt .\nRUN {run}\nCOPY . .\nCMD {command}\n")
    };
    let install = "pip install -r requirements.txt";
    let files = [REQUIREMENTS, APP];
    refused(&file("nvidia/cuda:12", install, "python app.py"), &files, "GPU");
    refused(&file("ubuntu:24.04", install, "python app.py"), &files, "not an official Python image");
    refused(&file("python:3.13", install, "/usr/local/bin/python app.py"), &files, "called by its path");
    refused(&file("python:3.13", "pip install --target=/deps flask", "python app.py"), &files, "custom folder");
    refused(&file("python:3.13-slim", install, "python app.py"), &files, "already slim");
}

#[test]
fn a_python_that_uv_fetches_is_not_left_behind() {
    let project = |requires: &'static str| {
        let text = format!("[project]\nname=\"a\"\nversion=\"1\"\nrequires-python=\"{requires}\"\ndependencies=[]\n");
        text.leak() as &str
    };
    let file = |base: &str, env: &str| {
        format!(
            "FROM {base}\nCOPY --from=ghcr.io/astral-sh/uv:0.9 /uv /bin/uv\nWORKDIR /app\n{env}COPY . .\nRUN uv sync --frozen\nCMD [\"/app/.venv/bin/python\", \"app.py\"]\n"
        )
    };
    let files = |requires: &'static str, version: &'static str| {
        let mut files = vec![("pyproject.toml", project(requires)), ("uv.lock", "version = 1\n"), APP];
        files.extend((!version.is_empty()).then_some((".python-version", version)));
        files
    };
    let (fits, old) = (">=3.11,<3.14", "python:3.12");
    refused(&file(old, ""), &files(fits, "3.13\n"), "uv downloads Python `3.13`");
    refused(&file(old, ""), &files(">=3.13", ""), "uv downloads Python `>=3.13`");
    refused(&file(old, "ENV UV_PYTHON=3.11\n"), &files(fits, ""), "uv downloads Python `3.11`");
    refused(&file(old, "").replace("--frozen", "--python 3.13"), &files(fits, ""), "uv downloads Python `3.13`");
    refused(&file(old, "RUN uv python install 3.13\n"), &files(fits, ""), "its own Python");
    refused(&file("ghcr.io/astral-sh/uv:bookworm", ""), &files(fits, ""), "uv downloads Python");
    for (base, env, version) in [
        (old, "", "3.12\n"),
        (old, "", ""),
        ("python:3.12.4", "", "3.12.4\n"),
        ("python:3", "", "3.12\n"),
        (old, "ENV UV_PYTHON_DOWNLOADS=never\n", "3.13\n"),
        ("ghcr.io/astral-sh/uv:python3.12-bookworm", "", "3.12\n"),
    ] {
        check(&file(base, env), &files(fits, version), &["AS build\n", "COPY --from=build /app/.venv"], &[]);
    }
}

#[test]
fn cron_keeps_the_python_of_the_base() {
    let file = |step: &str| {
        format!(
            "FROM python:3.13\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n{step}\nCMD [\"cron\", \"-f\"]\n"
        )
    };
    let jobs = |text: &'static str| [REQUIREMENTS, APP, ("jobs.txt", text)];
    let absolute = "* * * * * /usr/local/bin/python /app/main.py\n";
    let bare = "PATH=/usr/local/bin:/usr/bin:/bin\n* * * * * python /app/main.py\n";
    refused(&file("RUN crontab jobs.txt"), &jobs(absolute), "`/usr/local/bin/` is called by its path");
    refused(&file("COPY jobs.txt /etc/cron.d/jobs"), &jobs(absolute), "`/usr/local/bin/` is called by its path");
    refused(&file("RUN crontab jobs.txt"), &jobs(bare), "a custom PATH");
    let echoed = "RUN echo '* * * * * /usr/local/bin/python /app/main.py' | crontab -";
    refused(&file(echoed), &[REQUIREMENTS, APP], "`/usr/local/bin/` is called by its path");
    refused(&file("ENV A=1"), &[REQUIREMENTS, APP, ("mycron", bare)], "a custom PATH");
    // Nobody runs it, and who keeps PATH finds the environment.
    check(&file("ENV A=1"), &jobs(absolute), &["AS build\n", "/opt/venv"], &[]);
    let path = "PATH=/usr/local/bin:$PATH\n";
    check(&file("RUN crontab jobs.txt"), &jobs(path), &["AS build\n", "/opt/venv"], &[]);
}

#[test]
fn wrappers_that_set_variables_stay() {
    let file = |tool: &str, command: &str| {
        format!(
            "FROM python:3.13\nRUN pip install {tool}\nWORKDIR /app\nCOPY . .\nRUN {tool} install\nCMD [\"{tool}\", \"run\", {command}]\n"
        )
    };
    let pdm = |scripts: &str| {
        let text = format!(
            "[project]\nname=\"a\"\nversion=\"1\"\ndependencies=[]\n[tool.pdm.scripts]\n{scripts}\n[tool.x]\nenv=1\n"
        );
        [("pyproject.toml", text.leak() as &str), ("pdm.lock", ""), ("app.py", "")]
    };
    let (command, gone) = ("CMD [\"pdm\", \"run\", \"start\"]", "CMD [\"python\", \"app.py\"]");
    for scripts in [
        "start={cmd=\"python app.py\",env={A=\"x\"}}",
        "start={cmd=\"python app.py\",env_file=\".env\"}",
        "_.env={A=\"x\"}\nstart=\"python app.py\"",
        "pre_start=\"python seed.py\"\nstart=\"python app.py\"",
    ] {
        refused(&file("pdm", "\"start\""), &pdm(scripts), "`pdm run` also sets variables");
        check(&file("pdm", "\"start\""), &pdm(scripts), &[command], &[gone]);
    }
    check(&file("pdm", "\"start\""), &pdm("start=\"python app.py\""), &[gone], &[command]);
    let files = [("Pipfile", "[packages]\nflask = \"*\"\n"), ("Pipfile.lock", "{}"), APP];
    let with: Vec<_> = files.into_iter().chain([(".env", "A=\n")]).collect();
    refused(&file("pipenv", "\"python\", \"app.py\""), &with, "`pipenv run` also sets variables");
    check(&file("pipenv", "\"python\", \"app.py\""), &with, &["CMD [\"pipenv\", \"run\""], &[]);
    check(&file("pipenv", "\"python\", \"app.py\""), &files, &[gone], &[]);
}

#[test]
fn an_old_pip_installs_from_inside() {
    let file = |tag: &str, tools: &str| {
        format!(
            "FROM python:{tag}\n{tools}COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"python\", \"app.py\"]\n"
        )
    };
    let stage_text =
        ["python -m venv /opt/venv", "RUN --mount=type=cache,target=/root/.cache/pip /opt/venv/bin/pip install -r"];
    for tag in ["3.6", "3.6-slim-buster", "3.9.6", "3.10.4"] {
        let text = rewritten(&file(tag, ""), &[REQUIREMENTS, APP], Level::Stages);
        assert!(!text.contains("--python"), "{text}");
        if text.contains("/opt/venv") {
            assert!(stage_text.iter().all(|part| text.contains(part)), "{text}");
        }
    }
    check(&file("3.9.6", ""), &[REQUIREMENTS, APP], &stage_text, &["--python"]);
    check(&file("3.10.9", ""), &[REQUIREMENTS, APP], &["pip --python /opt/venv install"], &[]);
    check(&file("3.9", ""), &[REQUIREMENTS, APP], &["pip --python /opt/venv install"], &[]);
    check(
        &file("3.9", "RUN pip install \"poetry==1.1.13\"\n"),
        &[REQUIREMENTS, APP],
        &["/opt/venv/bin/pip install"],
        &[],
    );
}

#[test]
fn programs_of_supervisord_stay_where_it_finds_them() {
    let file = "FROM python:3.13\nWORKDIR /app\nRUN apt-get update && apt-get install -y supervisor\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY supervisord.conf /etc/supervisor/conf.d/\nCOPY . .\nCMD [\"supervisord\", \"-n\"]\n";
    let settings = |command: &str| format!("[program:web]\ncommand={command} app:app\n");
    let of = |text: &str| rewritten(file, &[REQUIREMENTS, APP, ("supervisord.conf", text)], Level::Stages);
    assert!(!of(&settings("/usr/local/bin/uvicorn")).contains("/opt/venv"));
    assert!(of(&settings("uvicorn")).contains("/opt/venv"));
}

#[test]
fn packages_without_a_wheel_are_compiled_in_place() {
    let first = |base: &str, requirements: &str| {
        let file = format!(
            "FROM python:{base}\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"python\", \"app.py\"]\n"
        );
        let got = rewritten(&file, &[("requirements.txt", requirements), APP], Level::Slim);
        let built = got.contains("install -y --no-install-recommends");
        (got.lines().next().unwrap_or_default().to_owned(), built)
    };
    for (base, requirements, slim, compiler) in [
        ("3.12", "flask==3.1.3\n", true, false),
        ("3.12", "asyncpg==0.29.0\n", true, false),
        ("3.12", "asyncpg==0.27.0\n", true, true),
        ("3.12", "grpcio==1.40.0\n", false, false),
        ("3.10", "asyncpg==0.27.0\n", true, false),
        ("3.8", "Twisted==20.3.0\n", false, false),
        ("3.12", "pyrogram\nTgCrypto\n", true, true),
        ("3.12", "dlib\n", false, false),
        ("3.12", "cx_Oracle\n", false, false),
        ("3.10", "cx_Oracle\n", true, false),
    ] {
        let expected = format!("FROM python:{base}{} AS build", if slim { "-slim" } else { "" });
        assert_eq!(first(base, requirements), (expected, compiler), "{base} {requirements}");
    }
}

#[test]
fn folders_that_files_are_copied_to_are_made_in_the_build_stage() {
    let file =
        |lines: &str| format!("FROM python:3.13\n{lines}\nCOPY . /app\nWORKDIR /app\nCMD [\"python\", \"app.py\"]\n");
    let copy = "COPY requirements.txt /app\n";
    let install = "WORKDIR /app\nRUN pip install -r requirements.txt";
    for step in [
        "RUN mkdir /app\n",
        "RUN mkdir -p /app /data\n",
        "RUN mkdir app\n",
        "ENV HOME_OF_APP=/app\nRUN mkdir $HOME_OF_APP\n",
        "RUN useradd -m -d /app web\n",
    ] {
        let run = step.trim_end().lines().last().unwrap();
        check(&file(&format!("{step}{copy}{install}")), &[REQUIREMENTS, APP], &[run, copy, "\nFROM ", run], &[]);
    }
    for steps in [
        "ADD requirements.txt /code\nRUN pip install -r /code/requirements.txt",
        "COPY requirements.txt /code\nRUN cd /code && pip install -r requirements.txt",
    ] {
        let steps = format!("RUN mkdir /code\n{steps}");
        check(&file(&steps), &[REQUIREMENTS, APP], &["RUN mkdir /code\n", " /code\n", "pip --python", "\nFROM "], &[]);
    }
    // What works in the folder needs it as well.
    check(
        &file("RUN mkdir /app && cd /app && pip install flask"),
        &[REQUIREMENTS, APP],
        &["RUN mkdir /app", "cd /app", "pip --python", "\nFROM "],
        &[],
    );
    // Where something else makes the folder, the image's own stage is enough.
    for lines in [
        format!("RUN mkdir /app\nWORKDIR /app\n{copy}RUN pip install -r requirements.txt"),
        format!("RUN mkdir /app\nCOPY requirements.txt /app/\n{install}"),
    ] {
        check(
            &file(&lines),
            &[REQUIREMENTS, APP],
            &["AS build\n", "\nFROM ", "RUN mkdir /app\n"],
            &["AS build\nRUN mkdir"],
        );
    }
}
