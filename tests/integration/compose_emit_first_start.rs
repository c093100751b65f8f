//! `dockopt compose emit`: what kept public repositories from starting with the file that was written for them.

use crate::compose_emit::{emitted, project, written};
use crate::compose_emit_variables::{has, lacks, service};

pub(crate) const PYTHON: &str = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n";
pub(crate) const NODE: &str = "FROM node:22-slim\nWORKDIR /srv\nCOPY . .\nRUN npm ci\n";
const LOCK: &str = r#"{"lockfileVersion": 3, "packages": {}}"#;

/// The compose file and the notes for some files.
pub(crate) fn written_with_notes(files: &[(&str, &str)]) -> (String, String) {
    let folder = project(files);
    let notes = emitted(folder.path())["notes"].to_string();
    (written(folder.path()), notes)
}

/// A program of Node.js in a folder.
pub(crate) fn node(folder: &str, start: &str, packages: &str, source: &str) -> Vec<(String, String)> {
    let manifest =
        format!(r#"{{"name": "{folder}", "scripts": {{"start": "{start}"}}, "dependencies": {{{packages}}}}}"#);
    [
        ("Dockerfile", format!("{NODE}CMD [\"npm\", \"start\"]\n")),
        ("package.json", manifest),
        ("package-lock.json", LOCK.to_owned()),
        ("index.js", source.to_owned()),
    ]
    .map(|(file, text)| (format!("{folder}/{file}"), text))
    .to_vec()
}

pub(crate) fn files(all: &[(String, String)]) -> Vec<(&str, &str)> {
    all.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect()
}

#[test]
fn what_a_source_names_and_an_example_sets_arrives() {
    let settings =
        "from env import _env\nROOT_URLCONF = 'urls'\nSECRET_KEY = 'x'\nLIFETIME = _env[\"TOKEN_LIFETIME\"]\n";
    let command = "CMD [\"sh\", \"-c\", \"python manage.py createsuperuser --noinput && python manage.py runserver 0.0.0.0:${API_PORT}\"]\n";
    let (text, notes) = written_with_notes(&[
        ("api/Dockerfile", &format!("{PYTHON}{command}")),
        ("api/requirements.txt", "django\n"),
        ("api/manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\n"),
        ("api/env.py", "import os\n_env = {key: os.getenv(key) for key in os.environ}\n"),
        ("api/settings.py", settings),
        ("api/.env.example", "TOKEN_LIFETIME=1d\nAPI_PORT=8000\nUNREAD=1\nDJANGO_SUPERUSER_USERNAME=root\n"),
    ]);
    let api = service(&text, "api");
    has(
        &api,
        &["TOKEN_LIFETIME: ${TOKEN_LIFETIME:-1d}", "API_PORT: \"8000\"", "ports: [\"8000:8000\"]", "healthcheck:"],
    );
    has(&api, &["DJANGO_SUPERUSER_USERNAME: ${DJANGO_SUPERUSER_USERNAME:-root}", "${DJANGO_SUPERUSER_PASSWORD:?"]);
    lacks(&api, &["UNREAD"]);
    has(&notes, &["api runs `createsuperuser` at each start, which fails once the user is there"]);
    lacks(&notes, &["(api/Dockerfile:1)"]);
    let source = "process.loadEnvFile();\nrequire('express')().listen(3000);\n";
    let (text, notes) = written_with_notes(&files(&node("web", "node index.js", "\"express\": \"4\"", source)));
    has(&service(&text, "web"), &["volumes: [\"./.env:/srv/.env:ro\"]"]);
    has(&notes, &["`.env` has to be there before the first start"]);
}

#[test]
fn a_program_that_only_servers_call_is_not_published() {
    let flask = |folder: &str, source: &str| {
        [
            ("Dockerfile", format!("{PYTHON}CMD [\"python\", \"app.py\"]\n")),
            ("requirements.txt", "flask\nrequests\n".to_owned()),
            ("app.py", format!("import os, requests\nfrom flask import Flask\napp = Flask(__name__)\n{source}\napp.run(host='0.0.0.0', port=5000)\n")),
        ]
        .map(|(file, text)| (format!("{folder}/{file}"), text))
        .to_vec()
    };
    let mut all = flask("auth-service", "@app.route('/login', methods=['POST'])\ndef login():\n    return ''\n");
    all.extend(flask("frontend-service", "AUTH_URL = os.environ['AUTH_URL']\n"));
    let (text, _) = written_with_notes(&files(&all));
    lacks(&service(&text, "auth-service"), &["ports:"]);
    // Any answer to a request will do: a server that hangs keeps its port open.
    has(&service(&text, "auth-service"), &["http.client", "status>=500"]);
    has(&service(&text, "frontend-service"), &["ports:", "AUTH_URL: http://auth-service:5000"]);
    // Browsers may call it.
    all.extend(node("site", "vite --host", "\"vite\": \"5\"", ""));
    has(&service(&written_with_notes(&files(&all)).0, "auth-service"), &["ports:"]);
}

#[test]
fn servers_that_compile_when_they_start_have_time() {
    let of = |start: &str, packages: &str| {
        let mut all = node("web", start, packages, "");
        all[0].1 = all[0].1.replace("CMD", "EXPOSE 3000\nCMD");
        service(&written_with_notes(&files(&all)).0, "web")
    };
    has(&of("react-scripts start", "\"react-scripts\": \"5\""), &["start_period: 120s"]);
    has(&of("next start", "\"next\": \"14\""), &["start_period: 30s"]);
}

#[test]
fn a_database_speaks_tls_where_a_program_asks_for_it() {
    let source = "const { Pool } = require('pg');\nconst pool = new Pool({\n  connectionString: process.env.DATABASE_URL,\n  ssl: process.env.NODE_ENV !== 'production' ? false : { rejectUnauthorized: false },\n});\nrequire('express')().listen(3000);\n";
    let of = |start: &str, source: &str| {
        let packages = "\"pg\": \"8\", \"express\": \"4\"";
        written_with_notes(&files(&node("api", start, packages, source))).0
    };
    has(&of("NODE_ENV=production node index.js", source), &["command: [\"postgres\", \"-c\", \"ssl=on\","]);
    lacks(&of("node index.js", source), &["ssl=on"]);
    let by_variable = source.replace("NODE_ENV !== 'production'", "DB_SSL !== 'true'");
    lacks(&of("NODE_ENV=production node index.js", &by_variable), &["ssl=on"]);
    let always = source.replace("process.env.NODE_ENV !== 'production' ? false : ", "");
    has(&of("node index.js", &always), &["ssl=on"]);
}

#[test]
fn build_arguments_of_an_example_are_given() {
    let arguments = "ARG API_URL\nARG SITE_TOKEN\nARG LEVEL=1\nENV API_URL=$API_URL\n";
    let mut all = node("web", "next start", "\"next\": \"14\"", "");
    all[0].1 = format!("{NODE}{arguments}RUN npm run build\nCMD [\"npm\", \"start\"]\n");
    all.push((".env.example".to_owned(), "API_URL=http://localhost:8080/api\nSITE_TOKEN=x\nLEVEL=2\n".to_owned()));
    let web = service(&written_with_notes(&files(&all)).0, "web");
    has(&web, &["build:\n      context: ./web\n      args:\n        API_URL: ${API_URL:-http://localhost:8080/api}\n"]);
    lacks(&web, &["SITE_TOKEN:", "LEVEL:"]);
}

#[test]
fn nothing_migrates_where_nothing_is_to_be_migrated() {
    let main = "import os\nfrom fastapi import FastAPI\nfrom sqlalchemy import create_engine\nengine = create_engine(os.environ['DATABASE_URL'])\napp = FastAPI()\n";
    let python = |more: &[(&str, &str)]| {
        let dockerfile =
            format!("{PYTHON}CMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n");
        let known = [
            ("Dockerfile", dockerfile.as_str()),
            ("requirements.txt", "fastapi\nuvicorn\nalembic\nsqlalchemy\npsycopg2-binary\n"),
            ("main.py", main),
            ("alembic.ini", "[alembic]\nscript_location = alembic\n"),
            ("alembic/env.py", "import os\n"),
        ];
        written_with_notes(&[&known[..], more].concat())
    };
    let (text, notes) = python(&[("db/init.sql", "CREATE EXTENSION IF NOT EXISTS pg_trgm;\n")]);
    lacks(&text, &["migrate:"]);
    has(&notes, &["needs `alembic/versions`, which is not there"]);
    // Extensions are in nobody's way.
    has(&service(&text, "postgres"), &["./db/init.sql:/docker-entrypoint-initdb.d/init.sql:ro"]);
    let (text, _) = python(&[
        ("alembic/versions/a.py", "revision = 'a'\n"),
        ("db/init.sql", "CREATE EXTENSION IF NOT EXISTS pg_trgm;\n"),
    ]);
    has(&text, &["migrate:", "init.sql"]);
    let drizzle = |source: &str, config: &str| {
        let packages = "\"drizzle-orm\": \"1\", \"drizzle-kit\": \"1\", \"pg\": \"8\", \"express\": \"4\"";
        let mut all = node("api", "node index.js", packages, source);
        all[1].1 = all[1].1.replace("\"scripts\": {", "\"scripts\": {\"migrate\": \"drizzle-kit migrate\", ");
        all.push(("api/drizzle.config.js".to_owned(), config.to_owned()));
        written_with_notes(&files(&all))
    };
    let server = "const db = connect(process.env.DATABASE_URL);\nrequire('express')().listen(3000);\n";
    let variable = "module.exports = { url: process.env.DATABASE_URL };\n";
    has(&drizzle(server, variable).0, &["migrate:", "command: [\"npm\", \"run\", \"migrate\"]"]);
    let (text, notes) = drizzle(server, "module.exports = { url: 'postgres://a:b@localhost:5432/c' };\n");
    lacks(&text, &["migrate:"]);
    has(&notes, &["names the database at this machine, whatever variables say"]);
    let (text, notes) = drizzle(&format!("require('drizzle-orm/node-postgres/migrator');\n{server}"), variable);
    lacks(&text, &["migrate:"]);
    has(&notes, &["migrates its database when it starts"]);
}

#[test]
fn what_works_without_an_end_is_started_again() {
    let of = |source: &str| {
        let (text, _) = written_with_notes(&files(&node("worker", "node index.js", "\"redis\": \"4\"", source)));
        service(&text, "worker")
    };
    let connect = "const client = require('redis').createClient({ url: process.env.REDIS_URL });\n";
    has(&of(&format!("{connect}client.subscribe('insert');\n")), &["restart: unless-stopped"]);
    has(&of(&format!("{connect}client.get('a');\n")), &["restart: on-failure"]);
}

#[test]
fn the_standalone_server_of_next_is_told_where_to_listen() {
    let mut all = node("web", "next start", "\"next\": \"14\"", "");
    all[0].1 = "FROM node:22-slim AS build\nWORKDIR /app\nCOPY . .\nRUN npm ci && npm run build\nFROM node:22-slim\nWORKDIR /app\nCOPY --from=build /app/.next/standalone ./\nCMD [\"node\", \"server.js\"]\n".to_owned();
    all.push(("web/next.config.js".to_owned(), "module.exports = { output: 'standalone' };\n".to_owned()));
    let web = service(&written_with_notes(&files(&all)).0, "web");
    has(&web, &["HOSTNAME: \"0.0.0.0\"", "healthcheck:", "ports: [\"3000:3000\"]"]);
}
