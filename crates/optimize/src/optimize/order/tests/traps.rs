//! What stays where it is, and what goes along.

use super::{NPM, PIP, check, options_of_pass};
use crate::optimize::optimize;
use crate::optimize::test_inputs::project;

#[test]
fn commands_that_may_read_any_file_stay_above() {
    for line in ["RUN ./prepare.sh", "RUN make", "RUN rm package-lock.json", "RUN sed -i s/a/b/ package.json"] {
        let dockerfile = format!(
            "|FROM node:22
             |WORKDIR /app
             |COPY . .
             |{line}
             |RUN npm install"
        );
        let mut files = NPM.to_vec();
        files.push(("prepare.sh", ""));
        check(&dockerfile, &files, &dockerfile);
    }
    // Not the user's own: the folder changes hands first.
    let dockerfile = "|FROM node:22
         |WORKDIR /app
         |COPY . .
         |RUN chown -R node /app
         |USER node
         |RUN npm install";
    check(dockerfile, NPM, dockerfile);
    let open = [("package.json", r#"{"scripts":{"postinstall":"node setup.js"}}"#), ("setup.js", ""), ("a.js", "")];
    let dockerfile = "|FROM node:22
         |WORKDIR /app
         |COPY . .
         |RUN npm install";
    check(dockerfile, &open, dockerfile);
    let modules = [NPM[0], NPM[1], NPM[2], ("node_modules/x/index.js", "")];
    check(dockerfile, &modules, dockerfile);
}

#[test]
fn files_removed_in_the_same_run_cost_nothing() {
    for end in [
        "rm -rf node_modules",
        "npm prune --omit=dev",
        "npm uninstall typescript",
        "apt-get purge -y gcc",
        "rm -rf /usr/local/lib/node_modules/npm",
    ] {
        let run = format!("RUN apt-get update && apt-get install -y gcc && npm ci && npm run build && {end}");
        let dockerfile = format!("|FROM node:22\n|WORKDIR /app\n|COPY . .\n|{run}\n|CMD [\"node\", \"dist/main.js\"]");
        check(&dockerfile, NPM, &dockerfile);
        // No layer of this stage is in the image.
        let stages = |install: &str, build: &str| {
            let stage = format!("|FROM node:22 AS build\n|WORKDIR /app\n{install}|COPY . .\n|RUN {build}");
            format!("{stage}\n|FROM node:22\n|COPY --from=build /app/dist /app")
        };
        let install =
            "|COPY package.json package-lock.json ./\n|RUN apt-get update && apt-get install -y gcc && npm ci\n";
        let build = format!("npm run build && {end}");
        check(&stages("", run.strip_prefix("RUN ").unwrap()), NPM, &stages(install, &build));
    }
    let tidy = |install: &str, run: &str| format!("|FROM node:22\n|WORKDIR /app\n{install}|COPY . .\n|RUN {run}");
    let install = "|COPY package.json package-lock.json ./\n|RUN npm ci\n";
    let build = "npm run build && rm -rf src";
    check(&tidy("", &format!("npm ci && {build}")), NPM, &tidy(install, build));
}

#[test]
fn workspaces_and_settings() {
    check(
        "|FROM node:22
         |WORKDIR /app
         |COPY --chown=node:node . .
         |RUN cd /app && yarn install --frozen-lockfile && yarn build",
        &[
            ("package.json", r#"{"private":true,"workspaces":["packages/*"]}"#),
            ("yarn.lock", "# yarn lockfile v1\n"),
            (".npmrc", ""),
            ("packages/a/package.json", r#"{"name":"a"}"#),
            ("packages/a/a.js", ""),
            ("packages/b/package.json", r#"{"name":"b"}"#),
        ],
        "|FROM node:22
         |WORKDIR /app
         |COPY --chown=node:node package.json yarn.lock .npmrc ./
         |COPY --chown=node:node packages/a/package.json packages/a/
         |COPY --chown=node:node packages/b/package.json packages/b/
         |RUN cd /app && yarn install --frozen-lockfile
         |COPY --chown=node:node . .
         |RUN cd /app && yarn build",
    );
}

#[test]
fn lists_that_name_others() {
    check(
        "|FROM python:3.13
         |COPY . /srv
         |RUN pip install -r /srv/requirements/prod.txt -c /srv/limits.txt",
        &[
            ("requirements/prod.txt", "-r base.txt\n-c ../constraints.txt\n"),
            ("requirements/base.txt", "flask\n"),
            ("constraints.txt", ""),
            ("limits.txt", ""),
            ("app.py", ""),
        ],
        "|FROM python:3.13
         |COPY constraints.txt limits.txt /srv/
         |COPY requirements/prod.txt requirements/base.txt /srv/requirements/
         |RUN pip install -r /srv/requirements/prod.txt -c /srv/limits.txt
         |COPY . /srv",
    );
    let stays = "|FROM python:3.13
         |WORKDIR /app
         |COPY . .
         |RUN pip install -r requirements.txt";
    check(stays, &[("requirements.txt", "-e .\n"), ("setup.py", ""), ("a.py", "")], stays);
    let stays = "|FROM python:3.13
         |WORKDIR /app
         |COPY . .
         |RUN pip install -e .";
    check(stays, &[("pyproject.toml", "[project]\nname='a'\ndependencies=[]\n"), ("a.py", "")], stays);
}

#[test]
fn poetry_pdm_pipenv() {
    let poetry = [
        ("pyproject.toml", "[tool.poetry]\nname='a'\nreadme='README.md'\n[tool.poetry.dependencies]\npython='^3.12'\n"),
        ("poetry.lock", ""),
        ("README.md", ""),
        ("a/__init__.py", ""),
    ];
    check(
        "|FROM python:3.13
         |RUN pip install poetry==2.1.0
         |WORKDIR /app
         |COPY . .
         |RUN poetry config virtualenvs.create false && poetry install --only main
         |CMD [\"a\"]",
        &poetry,
        "|FROM python:3.13
         |RUN pip install poetry==2.1.0
         |WORKDIR /app
         |COPY pyproject.toml poetry.lock ./
         |RUN poetry config virtualenvs.create false && poetry install --only main --no-root
         |COPY . .
         |RUN poetry install --only main
         |CMD [\"a\"]",
    );
    let virtual_ = [("pyproject.toml", "[tool.poetry]\npackage-mode=false\n"), ("poetry.lock", ""), ("a.py", "")];
    check(
        "|FROM python:3.13
         |WORKDIR /app
         |COPY . .
         |RUN pip install poetry && poetry install",
        &virtual_,
        "|FROM python:3.13
         |WORKDIR /app
         |COPY pyproject.toml poetry.lock ./
         |RUN pip install poetry && poetry install
         |COPY . .",
    );
    check(
        "|FROM python:3.13
         |WORKDIR /app
         |COPY . .
         |RUN pip install pipenv && pipenv install --system --deploy",
        &[("Pipfile", "[packages]\nflask='*'\n"), ("Pipfile.lock", "{}"), ("a.py", "")],
        "|FROM python:3.13
         |WORKDIR /app
         |COPY Pipfile Pipfile.lock ./
         |RUN pip install pipenv && pipenv install --system --deploy
         |COPY . .",
    );
}

#[test]
fn lifecycle_scripts_are_inputs() {
    let check = |package: &str, file: &str, copies: &str| {
        let copies = copies.lines().fold(String::new(), |all, line| all + "|" + line + "\n");
        super::check(
            "|FROM node:22
             |WORKDIR /app
             |COPY . .
             |RUN npm ci",
            &[("package.json", package), ("package-lock.json", "{}"), (file, ""), ("src/a.js", "")],
            &format!("|FROM node:22\n|WORKDIR /app\n{copies}|RUN npm ci\n|COPY . ."),
        );
    };
    let both = "COPY package.json package-lock.json ./";
    check(r#"{"scripts":{"prepare":"husky"}}"#, "x", both);
    let prisma = format!("{both}\nCOPY prisma/schema.prisma prisma/");
    check(r#"{"scripts":{"postinstall":"prisma generate"}}"#, "prisma/schema.prisma", &prisma);
    check(r#"{"dependencies":{"@prisma/client":"6"}}"#, "prisma/schema.prisma", &prisma);
    check(r#"{"scripts":{"prepare":"svelte-kit sync || echo ''"}}"#, "svelte.config.js", both);
    check(r#"{"scripts":{"postinstall":"nuxt prepare"}}"#, "nuxt.config.ts", both);
    let patches = format!("{both}\nCOPY patches patches/");
    check(r#"{"scripts":{"postinstall":"patch-package"}}"#, "patches/x.patch", &patches);
    // npm reads its own lock only, and none of pnpm.
    check(r#"{"packageManager":"npm@10.0.0"}"#, "yarn.lock", both);
}

#[test]
fn a_manager_is_given_no_lock_file_of_another_one() {
    let dockerfile = "|FROM node:22
         |WORKDIR /app
         |COPY . .
         |RUN npm install";
    let files = [("package.json", "{}"), ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"), ("src/a.js", "")];
    let expected = "|FROM node:22
         |WORKDIR /app
         |COPY package.json ./
         |RUN npm install
         |COPY . .";
    check(dockerfile, &files, expected);
}

#[test]
fn a_manifest_of_another_stage_is_told() {
    let dockerfile = "FROM node:22 AS build\nWORKDIR /app\nCOPY . .\nRUN npm install && npm run build\n\
                      FROM node:22\nWORKDIR /app\nCOPY --from=build /app/package.json ./\nCOPY src ./src\n\
                      RUN npm install --omit=dev\nCMD [\"node\", \"src/a.js\"]\n";
    let (inputs, evidence) = project(dockerfile, &[("package.json", "{}"), ("src/a.js", "")]);
    let done = optimize(&inputs, 0, &evidence, &options_of_pass("dependency-files-first"));
    let plan = format!("{:?}", done.levels);
    assert!(plan.contains("stage `build` brings its manifest") && !plan.contains("has no manifest"), "{plan}");
}

#[test]
fn forms_of_files() {
    let files: Vec<(&str, &str)> = PIP.to_vec();
    let crlf = "FROM python:3.13\r\nCOPY . .\r\nRUN pip install -r requirements.txt\r\n";
    let done = optimize(
        &project(crlf, &files).0,
        0,
        &crate::inputs::Evidence::default(),
        &options_of_pass("dependency-files-first"),
    );
    assert_eq!(
        done.result()[0].text(),
        "FROM python:3.13\r\nCOPY requirements.txt ./\r\nRUN pip install -r requirements.txt\r\nCOPY . .\r\n"
    );
    check(
        "|FROM python:3.13
         |COPY . .
         |RUN <<EOF
         |set -e
         |pip install -r requirements.txt
         |EOF",
        PIP,
        "|FROM python:3.13
         |COPY requirements.txt ./
         |RUN <<EOF
         |set -e
         |pip install -r requirements.txt
         |EOF
         |COPY . .",
    );
    let stays = "|FROM python:3.13
         |ONBUILD COPY . .
         |ONBUILD RUN pip install -r requirements.txt";
    check(stays, PIP, stays);
    check(
        "|FROM python:3.13
         |COPY [\".\", \"/app\"]
         |WORKDIR /app
         |RUN pip install -r requirements.txt \\
         |    # and then
         |    && python -m compileall .",
        PIP,
        "|FROM python:3.13
         |WORKDIR /app
         |COPY requirements.txt /app/
         |RUN pip install -r requirements.txt
         |COPY [\".\", \"/app\"]
         |RUN python -m compileall .",
    );
}

#[test]
fn one_stage_of_several() {
    check(
        "|FROM node:22 AS web
         |WORKDIR /web
         |COPY web .
         |RUN npm ci && npm run build
         |
         |FROM python:3.13
         |WORKDIR /app
         |COPY requirements.txt .
         |RUN pip install -r requirements.txt
         |COPY . .
         |COPY --from=web /web/dist static",
        &[
            ("web/package.json", "{}"),
            ("web/package-lock.json", "{}"),
            ("web/src/a.js", ""),
            ("requirements.txt", ""),
            ("a.py", ""),
        ],
        "|FROM node:22 AS web
         |WORKDIR /web
         |COPY web/package.json web/package-lock.json ./
         |RUN npm ci
         |COPY web .
         |RUN npm run build
         |
         |FROM python:3.13
         |WORKDIR /app
         |COPY requirements.txt .
         |RUN pip install -r requirements.txt
         |COPY . .
         |COPY --from=web /web/dist static",
    );
}

#[test]
fn prepared_files_stay_above_installs() {
    let stay = |middle: &str, files: &[(&str, &str)]| {
        let dockerfile = format!("|FROM node:22\n|WORKDIR /app\n|COPY . .\n{middle}");
        check(&dockerfile, files, &dockerfile);
    };
    let files = [NPM[0], NPM[1], NPM[2], ("sources.list", ""), ("run/go.sh", "")];
    stay("|RUN cp sources.list /etc/apt/sources.list\n|RUN apt-get update && apt-get install -y curl", &files);
    stay("|RUN cp -r src /opt/x\n|RUN chmod -R 755 /opt/x && curl -o /opt/y https://example.com/y", &files);
    stay("|RUN rm -rf run\n|COPY run/go.sh run/", &files);
    // Nothing of the two files is any business of apt's.
    check(
        "|FROM node:22
         |WORKDIR /app
         |COPY . .
         |RUN chmod +x run/go.sh
         |RUN apt-get update && apt-get install -y curl",
        &files,
        "|FROM node:22
         |WORKDIR /app
         |RUN apt-get update && apt-get install -y curl
         |COPY . .
         |RUN chmod +x run/go.sh",
    );
}

#[test]
fn programs_that_a_copy_brings_stay_below_it() {
    let check_unchanged = |copy: &str, run: &str| {
        let dockerfile = format!(
            "|FROM python:3.13 AS build
             |WORKDIR /app
             |COPY . .
             |RUN ./build.sh
             |
             |FROM python:3.13
             |WORKDIR /app
             |ENV PATH=/opt/venv/bin:$PATH
             |{copy}
             |{run}"
        );
        check(&dockerfile, &[("requirements.txt", "nltk\n"), ("build.sh", "")], &dockerfile);
    };
    check_unchanged("COPY --from=build /opt/venv /opt/venv", "RUN python -m nltk.downloader punkt");
    check_unchanged("COPY --from=build /opt/venv /opt/venv", "RUN playwright install chromium");
    check_unchanged("COPY --from=build /opt/venv /opt/venv", "RUN pip install gunicorn");
    check_unchanged("COPY --from=build /app/node_modules ./node_modules", "RUN npx playwright install chromium");
    // What needs nothing of it rises.
    let rises = |run: &str| {
        let head = "|FROM python:3.13 AS build
             |WORKDIR /app
             |COPY . .
             |RUN ./build.sh
             |
             |FROM python:3.13
             |WORKDIR /app";
        let copy = "|COPY --from=build /app/dist ./dist";
        check(
            &format!("{head}\n{copy}\n|{run}"),
            &[("requirements.txt", "nltk\n"), ("build.sh", "")],
            &format!("{head}\n|{run}\n{copy}"),
        );
    };
    rises("RUN python -m nltk.downloader punkt");
    rises("RUN pip install gunicorn");
}

#[test]
fn folders_that_a_copy_brings_are_there_before() {
    let files = [("requirements.txt", "flask\n"), ("models/.gitkeep", ""), ("app.py", "")];
    let check = |run: &str, rises: bool| {
        let (head, copy, run) = ("|FROM python:3.13\n|WORKDIR /app", "|COPY . .", format!("|RUN {run}"));
        let before = format!("{head}\n{copy}\n{run}");
        check(&before, &files, &if rises { format!("{head}\n{run}\n{copy}") } else { before.clone() });
    };
    check("wget -O models/m.pt https://example.com/m.pt", false);
    check("curl -o /app/models/m.pt https://example.com/m.pt", false);
    check("cd models && wget https://example.com/m.pt", false);
    check("curl https://example.com/m.pt > models/m.pt", false);
    check("wget -O m.pt https://example.com/m.pt", true);
    check("curl -o /opt/m.pt https://example.com/m.pt", true);
}

#[test]
fn heredocs_are_divided_with_their_ends() {
    check(
        "|FROM python:3.13
         |COPY . .
         |RUN <<EOF
         |set -e
         |apt-get update
         |pip install -r requirements.txt
         |./build.sh
         |EOF
         |CMD [\"python\"]",
        PIP,
        "|FROM python:3.13
         |COPY requirements.txt ./
         |RUN <<EOF
         |set -e
         |apt-get update
         |pip install -r requirements.txt
         |EOF
         |COPY . .
         |RUN <<EOF
         |set -e
         |./build.sh
         |EOF
         |CMD [\"python\"]",
    );
}
