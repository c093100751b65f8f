//! Sites beside servers.

use crate::optimize::Level;
use crate::optimize::test_inputs::{optimize_to_level, rewritten};

const SERVER: &str = r#"{"name": "server", "scripts": {"start": "node index.js"}, "dependencies": {"express": "^4"}}"#;
const SERVER_LOCK: &str = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"express": "^4"}},
 "node_modules/express": {"version": "4.0.0"}}}"#;
const CLIENT: &str = r#"{"name": "client", "scripts": {"build": "vite build"}, "dependencies": {"react": "^18"},
 "devDependencies": {"vite": "^5"}}"#;
const CLIENT_LOCK: &str = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"react": "^18"}, "devDependencies": {"vite": "^5"}},
 "node_modules/react": {"version": "18.0.0"}, "node_modules/vite": {"version": "5.0.0", "dev": true}}}"#;
const PLAIN: &str = "FROM node:22
WORKDIR /app
COPY . .
RUN npm install
RUN cd client && npm install && npm run build
EXPOSE 3000
CMD [\"npm\", \"start\"]
";

fn files<'f>(others: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let files = [
        ("package.json", SERVER),
        ("package-lock.json", SERVER_LOCK),
        (
            "index.js",
            "const express = require('express')\napp.use(express.static('client/dist'))\nprocess.on('SIGTERM', stop)\n",
        ),
        ("client/package.json", CLIENT),
        ("client/package-lock.json", CLIENT_LOCK),
        ("client/index.html", "<script src=\"/src/main.jsx\"></script>"),
        ("client/src/main.jsx", "import React from 'react'\n"),
        (".dockerignore", "node_modules\n**/node_modules\n"),
    ];
    let kept_files = files.into_iter().filter(|(path, _)| others.iter().all(|(other, _)| other != path));
    kept_files.chain(others.iter().copied()).collect()
}

fn check(dockerfile: &str, others: &[(&str, &str)], expected: &str) {
    let text = rewritten(dockerfile, &files(others), Level::Stages);
    assert_eq!(text, expected, "{:#?}", optimize_to_level(dockerfile, &files(others), Level::Stages).levels);
}

fn check_refused(dockerfile: &str, others: &[(&str, &str)], why: &str) {
    let outcome = optimize_to_level(dockerfile, &files(others), Level::Stages);
    let refusals: Vec<_> = outcome.levels.iter().flat_map(|level| &level.refusals).collect();
    assert!(
        refusals.iter().any(|refusal| refusal.pass == "client-stages" && refusal.why.contains(why)),
        "{refusals:#?}"
    );
}

const STAGE: &str = "FROM node:22 AS client
WORKDIR /app
COPY client/package.json client/package-lock.json client/
RUN --mount=type=cache,target=/root/.npm cd client && npm ci --no-audit --no-fund
COPY client/ client/
RUN cd client && npm run build

FROM node:22
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY . .
COPY --from=client /app/client/dist ./client/dist
EXPOSE 3000
CMD [\"node\", \"index.js\"]
";

#[test]
fn a_site_is_built_next_to_its_server() {
    check(PLAIN, &[], STAGE);
}

#[test]
fn folders_are_entered_in_many_ways() {
    let prefix = PLAIN.replace(
        "cd client && npm install && npm run build",
        "npm install --prefix client && npm run build --prefix client",
    );
    let expected = STAGE
        .replace("cd client && npm ci --no-audit --no-fund", "npm ci --no-audit --no-fund --prefix client")
        .replace("cd client && npm run build", "npm run build --prefix client");
    check(&prefix, &[], &expected);
    let dockerfile = PLAIN.replace(
        "RUN npm install\nRUN cd client && npm install && npm run build",
        "RUN npm install && cd client && npm install && npm run build && cd ..",
    );
    check(&dockerfile, &[], &STAGE.replace("run build\n", "run build && cd ..\n"));
    let workdir = PLAIN.replace(
        "RUN cd client && npm install && npm run build",
        "# The site.\nWORKDIR /app/client\nRUN npm install\nRUN npm run build\nWORKDIR /app",
    );
    let expected = "FROM node:22 AS client
# The site.
WORKDIR /app/client
COPY client/package.json client/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY client/ ./
RUN npm run build

FROM node:22
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY . /app/
COPY --from=client /app/client/dist ./client/dist
WORKDIR /app
EXPOSE 3000
CMD [\"node\", \"index.js\"]
";
    check(&workdir, &[], expected);
}

#[test]
fn the_head_of_the_file_stays_its_head() {
    for head in ["# syntax=docker/dockerfile:1\n", "# escape=`\n\n# My server.\n", "# check=skip=all\nARG A=1\n"] {
        let text = rewritten(&format!("{head}{PLAIN}"), &files(&[]), Level::Stages);
        let body = head.replace("# My server.\n", "");
        assert!(text.starts_with(&body), "{text}");
        assert!(text.contains("FROM node:22 AS client\n"), "{text}");
    }
    let named = PLAIN.replace("FROM node:22", "ARG NODE=22\nFROM --platform=linux/amd64 node:${NODE} AS client");
    let text = rewritten(&named, &files(&[]), Level::Stages);
    assert!(text.contains("FROM --platform=linux/amd64 node:${NODE} AS client-2\n"), "{text}");
    assert!(text.contains("FROM --platform=linux/amd64 node:${NODE} AS client\n"), "{text}");
}

#[test]
fn scripts_of_the_server_are_followed() {
    let server = SERVER
        .replace("\"start\"", "\"build\": \"npm install --prefix client && npm run build --prefix client\", \"start\"");
    let dockerfile = PLAIN.replace("cd client && npm install && npm run build", "npm run build");
    let expected = STAGE
        .replace("client/package.json client/package-lock.json client/", "package.json package-lock.json ./")
        .replace("RUN --mount=type=cache,target=/root/.npm cd client && npm ci --no-audit --no-fund\n", "")
        .replace("cd client && npm run build", "npm run build");
    check(&dockerfile, &[("package.json", &server)], &expected);
}

#[test]
fn a_site_that_writes_elsewhere_goes_there() {
    let config = "export default { build: { outDir: '../public' } }\n";
    let server = "const express = require('express')\napp.use(express.static('public'))\n";
    let text = rewritten(PLAIN, &files(&[("client/vite.config.js", config), ("index.js", server)]), Level::Stages);
    assert!(text.contains("COPY client/ client/\n"), "{text}");
    assert!(text.contains("COPY --from=client /app/public ./public\n"), "{text}");
}

#[test]
fn a_site_that_reads_above_its_folder_stays() {
    let above = |path: &str, text: &str| check_refused(PLAIN, &[(path, text)], "files outside its folder");
    above("client/src/main.jsx", "import React from 'react'\nimport { T } from '../../shared/t'\n");
    above("client/vite.config.js", "export default { envDir: '..' }\n");
    above("client/vite.config.js", "alias: path.resolve(__dirname, '../..', 'shared')\n");
    above("client/vite.config.js", "alias: { '@shared': '/app/shared' }\n");
    above("client/tsconfig.json", "{ \"extends\": \"../tsconfig.json\" }\n");
    // Nobody reads style sheets here: one that lies elsewhere may be meant.
    let text = rewritten(PLAIN, &files(&[("shared/theme.css", "")]), Level::Stages);
    assert!(text.contains("COPY . .\nRUN cd client && npm run build\n"), "{text}");
    assert!(text.contains("COPY --from=client"), "{text}");
}

#[test]
fn steps_that_may_serve_a_site_keep_it_where_it_is() {
    let above = |line: &str| PLAIN.replace("RUN cd client", &format!("{line}\nRUN cd client"));
    for line in [
        "RUN cp .env client/.env",
        "RUN printf 'A=%s' \"$A\" > client/.env",
        "RUN echo A=b > client/.env",
        "RUN ln -s /app/shared client/src/shared",
        "RUN curl -fsSL https://example.com/setup | bash",
        "RUN chown -R node:node /app",
        "RUN node generate.js",
    ] {
        check_refused(&above(line), &[], "a RUN before its build");
    }
    check_refused(&above("COPY certs/ca.crt /usr/local/share/"), &[("certs/ca.crt", "")], "a COPY before its build");
    check_refused(&above("COPY --from=node:22 /usr/local /usr/local"), &[], "a COPY before its build");
    check_refused(&above("USER node"), &[], "another user or shell");
    let below = |line: &str| PLAIN.replace("EXPOSE", &format!("{line}\nEXPOSE"));
    check_refused(&below("RUN node client/scripts/prerender.js"), &[], "a RUN after its build");
    check_refused(&below("RUN cd client && check-site"), &[], "is not known");
    let run = |rest: &str| PLAIN.replace("npm run build", rest);
    check_refused(&run("npm run build || true"), &[], "cannot be separated");
    check_refused(&run("npm run build && cd .. && cp -r client/dist public"), &[], "also does something else");
    for line in ["RUN npm install -g pnpm@9 && npm cache clean --force", "RUN apt-get update && apt-get install -y git"]
    {
        let file = PLAIN.replace("COPY . .", &format!("{line}\nCOPY . ."));
        let text = rewritten(&file, &files(&[]), Level::Stages);
        assert_eq!(text.matches(&line[4..27]).count(), 2, "{text}");
    }
    let text = rewritten(&below("RUN cp -r client/dist public"), &files(&[]), Level::Stages);
    assert!(text.contains("./client/dist\nRUN cp -r client/dist public\n"), "{text}");
}

#[test]
fn a_site_that_is_more_than_its_output_stays() {
    let start = |command: &str| PLAIN.replace("[\"npm\", \"start\"]", command);
    check_refused(&start("cd client && npm run preview"), &[], "the program of the container may run");
    check_refused(
        &start("[\"npx\", \"concurrently\", \"npm start\", \"npm run dev --prefix client\"]"),
        &[],
        "the program of the container may run",
    );
    let server = SERVER.replace("node index.js", "npm run dev --prefix client");
    check_refused(PLAIN, &[("package.json", &server)], "the program of the container may run");
    check_refused(PLAIN, &[("index.js", "const App = require('./client/src/main')\n")], "may read its sources");
    check_refused(PLAIN, &[("index.js", "require('./client/dist/server.js')\n")], "may read its sources");
    check_refused(PLAIN, &[("start.sh", "cd client && npm run preview &\nnode index.js\n")], "may read its sources");
    check_refused(PLAIN, &[("tsconfig.json", "{}"), ("client/src/a.ts", "")], "may import its sources");
    check_refused(PLAIN, &[("client/src/main.jsx", "import express from 'express'\n")], "another project installs");
    let plugin = CLIENT.replace("vite build", "vite build && node prerender.js");
    check_refused(PLAIN, &[("client/package.json", &plugin)], "is not known");
}
