//! `dockopt compose emit`: where the programs of a repository lie, which of its Dockerfiles count, what migrates its
//! databases and when variables are asked for.

use crate::compose_emit_first_start::{PYTHON, files, node, written_with_notes};
use crate::compose_emit_variables::{has, lacks, service};

const API: &str = "FROM python:3.13-slim\nWORKDIR /app\n";
const UVICORN: &str = "CMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n";
const MAIN: &str = "import os, psycopg\nfrom fastapi import FastAPI\nconnection = psycopg.connect(os.environ['DATABASE_URL'])\napp = FastAPI()\n@app.get('/health')\ndef health(): return {}\n";
const PACKAGES: &str = "fastapi\nuvicorn\npsycopg\nalembic\n";
const SERVER: &str = "require('express')().listen(3000);\n";

#[test]
fn a_dockerfile_in_a_folder_of_its_own_belongs_to_a_program() {
    let dockerfile = "FROM node:22-slim\nWORKDIR /srv\nCOPY . .\nEXPOSE 3000\nCMD [\"node\", \"index.js\"]\n";
    let mut all = node("backend", "node index.js", "\"express\": \"4\"", SERVER);
    all.remove(0);
    all.push(("docker/api/Dockerfile".to_owned(), dockerfile.to_owned()));
    all.push(("docker/api/local.ini".to_owned(), "a = 1\n".to_owned()));
    let (text, _) = written_with_notes(&files(&all));
    has(&text, &["context: ./backend", "dockerfile: ../docker/api/Dockerfile"]);
    // Two programs may be meant: none is built in the folder that holds neither.
    all.push(("frontend/package.json".to_owned(), "{\"name\": \"frontend\"}".to_owned()));
    all.push(("frontend/index.js".to_owned(), SERVER.to_owned()));
    let mut other = node("web", "node index.js", "\"express\": \"4\"", SERVER);
    other.extend(all);
    let (text, notes) = written_with_notes(&files(&other));
    lacks(&text, &["docker/api"]);
    has(&notes, &["docker/api/Dockerfile is left out: its build context"]);
}

#[test]
fn what_patterns_and_paths_upwards_name_lies_in_the_context() {
    let dockerfile = "FROM node:22-slim\nWORKDIR /srv\nCOPY frontend/package*.json ./\nRUN npm install\nCOPY ../frontend .\nEXPOSE 3000\nCMD [\"node\", \"index.js\"]\n";
    let mut all = node("frontend", "node index.js", "\"express\": \"4\"", SERVER);
    all.remove(0);
    all.push(("docker/frontend/Dockerfile".to_owned(), dockerfile.to_owned()));
    let upwards = dockerfile.replace("COPY frontend/package*.json", "COPY ../frontend/package.json");
    for text in [dockerfile, upwards.as_str()] {
        all.last_mut().unwrap().1 = text.to_owned();
        let (text, _) = written_with_notes(&files(&all));
        has(&text, &["context: .\n", "dockerfile: docker/frontend/Dockerfile"]);
    }
}

#[test]
fn a_dockerfile_in_a_package_is_built_with_the_folder_above() {
    let image = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . /app\nRUN pip install -r requirements.txt\n";
    let celery = format!("{image}CMD [\"celery\", \"-A\", \"worker.tasks\", \"worker\"]\n");
    let tasks = "from celery import Celery\n\napp = Celery('a', broker='redis://redis:6379/0')\n";
    let with = |dockerfile: &str, more: &[(&str, &str)]| {
        let files =
            [("worker/Dockerfile", dockerfile), ("worker/tasks.py", tasks), ("requirements.txt", "celery[redis]\n")];
        written_with_notes(&[&files[..], more].concat()).0
    };
    has(&with(&celery, &[]), &["context: .\n", "dockerfile: worker/Dockerfile"]);
    // The package is not in its own folder, whatever else is.
    has(&with(&celery, &[("worker/requirements.txt", "celery[redis]\n")]), &["context: .\n"]);
    // A module of its own is found in the folder, and a copy may make the package.
    has(&with(&celery.replace("worker.tasks", "tasks"), &[]), &["build: ./worker"]);
    let own = [("worker/requirements.txt", "celery[redis]\n")];
    let makes = celery.replace("COPY . /app\nRUN", "COPY . /app/worker\nRUN cd worker &&");
    has(&with(&makes, &own), &["build: ./worker"]);
}

#[test]
fn images_without_a_command_start_what_their_bases_do() {
    let proxy = "FROM nginx:1.30\nCOPY docker/nginx/nginx.conf /etc/nginx/conf.d/default.conf\n";
    let (text, notes) = written_with_notes(&[
        ("docker/app/Dockerfile", &format!("{API}COPY src .\n")),
        ("docker/nginx/Dockerfile", proxy),
        ("docker/nginx/nginx.conf", "server {\n    listen 80;\n    root /usr/share/nginx/html;\n}\n"),
        ("src/main.py", MAIN),
    ]);
    has(&text, &["dockerfile: docker/nginx/Dockerfile"]);
    lacks(&notes, &["starts the same program"]);
}

#[test]
fn several_dockerfiles_of_a_program_are_one_service() {
    let dockerfile = format!("{PYTHON}CMD [\"python\", \"main.py\"]\n");
    let tunnel = format!("{PYTHON}RUN chmod +x entrypoint.sh\nENTRYPOINT [\"/app/entrypoint.sh\"]\n");
    let main = "import schedule, time, sys\nschedule.every().hour.do(print)\nwhile True:\n    try:\n        schedule.run_pending()\n    except OSError:\n        sys.exit(1)\n    time.sleep(1)\n";
    let (text, notes) = written_with_notes(&[
        ("crawler/Dockerfile", &dockerfile),
        ("crawler/Dockerfile.ssh", &tunnel),
        ("crawler/entrypoint.sh", "#!/bin/sh\nssh -f -N host\nexec python main.py\n"),
        ("crawler/requirements.txt", "schedule\n"),
        ("crawler/main.py", main),
    ]);
    has(&service(&text, "crawler"), &["restart: unless-stopped"]);
    lacks(&text, &["Dockerfile.ssh"]);
    has(&notes, &["crawler/Dockerfile.ssh is left out: ", "crawler/Dockerfile starts the same program"]);
    // Another argument of the same script is another program.
    let with = |argument: &str| format!("{PYTHON}ENTRYPOINT [\"/app/entrypoint.sh\"]\nCMD [\"{argument}\"]\n");
    let (text, _) = written_with_notes(&[
        ("crawler/Dockerfile", &with("one")),
        ("crawler/Dockerfile.two", &with("two")),
        ("crawler/entrypoint.sh", "#!/bin/sh\nexec python main.py \"$@\"\n"),
        ("crawler/requirements.txt", "schedule\n"),
        ("crawler/main.py", main),
    ]);
    has(&text, &["Dockerfile.two"]);
}

#[test]
fn other_configurations_beside_the_dockerfile_of_a_proxy_are_variants() {
    let configuration = "server { listen 80; location / { proxy_pass http://api:3000; } }\n";
    let mut all = node("api", "node index.js", "\"express\": \"4\"", SERVER);
    all.push((
        "nginx/Dockerfile".to_owned(),
        "FROM nginx:1.30\nCOPY nginx.conf /etc/nginx/conf.d/default.conf\n".to_owned(),
    ));
    all.push(("nginx/nginx.conf".to_owned(), configuration.to_owned()));
    all.push(("nginx/nginx-dev.conf".to_owned(), configuration.to_owned()));
    let (text, notes) = written_with_notes(&files(&all));
    has(&service(&text, "nginx"), &["build: ./nginx"]);
    lacks(&text, &["nginx-2", "nginx-dev.conf"]);
    has(&notes, &["nginx/nginx-dev.conf is left out: ", "nginx/Dockerfile brings another configuration"]);
}

#[test]
fn settings_of_migrations_are_followed_into_the_image() {
    let dockerfile = format!(
        "{API}COPY services/api/requirements.txt .\nRUN pip install -r requirements.txt\nCOPY services/api/app /app/\nCOPY services/api/alembic.ini /app/\nCOPY services/api/migrations /app/migrations\n{UVICORN}"
    );
    let of = |dockerfile: &str, main: &str| {
        written_with_notes(&[
            ("services/api/Dockerfile", dockerfile),
            ("services/api/requirements.txt", PACKAGES),
            ("services/api/alembic.ini", "[alembic]\nscript_location = migrations\n"),
            ("services/api/migrations/versions/0001.py", "revision = '1'\n"),
            ("services/api/app/main.py", main),
        ])
    };
    let (text, _) = of(&dockerfile, MAIN);
    has(&service(&text, "migrate"), &["command: [\"alembic\", \"upgrade\", \"head\"]"]);
    lacks(&service(&text, "migrate"), &["working_dir"]);
    let elsewhere =
        dockerfile.replace("alembic.ini /app/", "alembic.ini /db/").replace("/app/migrations", "/db/migrations");
    has(&service(&of(&elsewhere, MAIN).0, "migrate"), &["working_dir: /db"]);
    // The words of a list are a command too.
    let main = format!("import subprocess\nsubprocess.run([\"alembic\", \"upgrade\", \"head\"])\n{MAIN}");
    let (text, notes) = of(&dockerfile, &main);
    lacks(&text, &["\n  migrate:"]);
    has(&notes, &["api runs `alembic upgrade` when it starts (", "services/api/app/main.py:2"]);
}

#[test]
fn an_image_that_migrates_is_the_job() {
    let (text, _) = written_with_notes(&[
        ("Dockerfile", &format!("{PYTHON}{UVICORN}")),
        ("Dockerfile.update", &format!("{PYTHON}CMD [\"alembic\", \"upgrade\", \"head\"]\n")),
        ("requirements.txt", PACKAGES),
        ("alembic.ini", "[alembic]\nscript_location = migrations\n"),
        ("migrations/versions/0001.py", "revision = '1'\n"),
        ("main.py", MAIN),
    ]);
    let job = service(&text, "update");
    has(&job, &["dockerfile: Dockerfile.update", "restart: \"no\"", "DATABASE_URL:"]);
    lacks(&job, &["command:", "ports:"]);
    has(&service(&text, "app"), &["update:\n        condition: service_completed_successfully"]);
    lacks(&text, &["\n  migrate:"]);
}

#[test]
fn programs_of_python_are_started_where_their_packages_are() {
    let dockerfile = "FROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN pip install pipenv\nRUN pipenv install --deploy\n";
    let pipfile = "[packages]\ndjango = \"*\"\nchannels = \"*\"\ngunicorn = \"*\"\nuvicorn = \"*\"\ncelery = \"*\"\nredis = \"*\"\npsycopg = \"*\"\n";
    let (text, notes) = written_with_notes(&[
        ("Dockerfile", dockerfile),
        ("Pipfile", pipfile),
        ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n"),
        ("config/__init__.py", ""),
        (
            "config/settings.py",
            "import os\nSECRET_KEY = 'x'\nROOT_URLCONF = 'urls'\nASGI_APPLICATION = 'config.asgi.application'\nCELERY_BROKER_URL = os.environ['CELERY_BROKER_URL']\nDATABASE_URL = os.environ['DATABASE_URL']\n",
        ),
        ("config/wsgi.py", "application = get_wsgi_application()\n"),
        ("config/asgi.py", "application = ProtocolTypeRouter({})\n"),
        ("config/celery.py", "from celery import Celery\napp = Celery('shop')\napp.conf.beat_schedule = {}\n"),
        ("shop/models.py", "from django.db import models\nclass Item(models.Model):\n    pass\n"),
        ("shop/migrations/__init__.py", ""),
    ]);
    has(
        &text,
        &["\"pipenv\", \"run\", \"gunicorn\", \"config.asgi:application\", \"-k\", \"uvicorn.workers.UvicornWorker\""],
    );
    has(&service(&text, "worker"), &["[\"pipenv\", \"run\", \"celery\"", "pipenv run celery -A"]);
    has(&service(&text, "scheduler"), &["[\"pipenv\", \"run\", \"celery\""]);
    has(&notes, &["makemigrations shop"]);
}

#[test]
fn variables_are_asked_for_when_they_are_needed() {
    let main = format!(
        "import os, pay\nLIMIT = os.getenv('LIMIT_NAME', 'small')\nos.environ['REGION_NAME']\n{}",
        MAIN.replace("import os, psycopg\n", "")
            .replace("connection = psycopg.connect(os.environ['DATABASE_URL'])\n", "")
    );
    let start = "#!/bin/sh\nset -e\npython - <<'EOF'\nimport os\nprint(os.environ.get('WELCOME_TEXT', 'hello'))\nEOF\nexec uvicorn main:app --host 0.0.0.0 --port 8000\n";
    let (text, notes) = written_with_notes(&[
        ("api/Dockerfile", &format!("{PYTHON}CMD [\"sh\", \"start.sh\"]\n")),
        ("api/requirements.txt", "fastapi\nuvicorn\n"),
        ("api/main.py", &main),
        ("api/pay.py", "import os\n\ndef pay():\n    return os.environ['PAY_TOKEN_KEY']\n"),
        ("api/start.sh", start),
        ("api/.env.example", "LIMIT_NAME=\nWELCOME_TEXT=hi\n"),
    ]);
    let api = service(&text, "api");
    has(&api, &["LIMIT_NAME: ${LIMIT_NAME:-small}", "WELCOME_TEXT:", "${REGION_NAME:?", "PAY_TOKEN_KEY:"]);
    lacks(&api, &["${PAY_TOKEN_KEY:?"]);
    has(
        &notes,
        &["services get `WELCOME_TEXT` of ", "api/.env.example only from `.env` in the folder of compose.yaml"],
    );
}

#[test]
fn files_of_sql_that_nothing_runs_are_run() {
    let go = "package main\nimport (\n\t\"database/sql\"\n\t\"net/http\"\n\t\"os\"\n\t_ \"github.com/lib/pq\"\n)\nfunc main() {\n\tsql.Open(\"postgres\", os.Getenv(\"DATABASE_URL\"))\n\thttp.ListenAndServe(\":8080\", nil)\n}\n";
    let (text, _) = written_with_notes(&[
        (
            "api/Dockerfile",
            "FROM golang:1.25 AS build\nWORKDIR /src\nCOPY go.mod main.go ./\nRUN go build -o /api .\nFROM debian:13-slim\nCOPY --from=build /api /api\nEXPOSE 8080\nCMD [\"/api\"]\n",
        ),
        (
            "api/go.mod",
            "module shop\n\ngo 1.25\n\nrequire (\n\tgithub.com/lib/pq v1.10.9\n\tgithub.com/golang-migrate/migrate/v4 v4.19.1\n)\n",
        ),
        ("api/main.go", go),
        ("api/migrations/000001_jobs.up.sql", "CREATE TABLE jobs (id int);\n"),
        ("api/migrations/000001_jobs.down.sql", "DROP TABLE jobs;\n"),
    ]);
    let job = service(&text, "migrate");
    has(
        &job,
        &[
            "image: migrate/migrate:",
            "./api/migrations:/migrations:ro",
            "sslmode=disable\", \"up\"]",
            "restart: \"no\"",
        ],
    );
    has(&service(&text, "api"), &["migrate:\n        condition: service_completed_successfully"]);
    let python = |second: &str| {
        written_with_notes(&[
            ("api/Dockerfile", &format!("{PYTHON}{UVICORN}")),
            ("api/requirements.txt", "fastapi\nuvicorn\npsycopg\n"),
            ("api/main.py", MAIN),
            ("database/001_users.sql", "CREATE TABLE users (id serial);\n"),
            ("database/002_orders.sql", second),
        ])
    };
    let (text, _) = python("CREATE TABLE orders (id serial);\n");
    has(&service(&text, "postgres"), &["./database:/docker-entrypoint-initdb.d:ro"]);
    let (text, notes) = python("CREATE TABLE users (id serial, name text);\n");
    lacks(&text, &["initdb"]);
    has(&notes, &["nothing here runs ", "database/001_users.sql`"]);
}

#[test]
fn workers_of_a_procfile_for_developers_are_there() {
    let dockerfile = "FROM ruby:3.4\nWORKDIR /rails\nCOPY backend/ .\nRUN bundle install\nEXPOSE 3000\nCMD [\"bin/rails\", \"server\", \"-b\", \"0.0.0.0\"]\n";
    let (text, _) = written_with_notes(&[
        ("Dockerfile.backend", dockerfile),
        ("backend/Gemfile", "source \"https://rubygems.org\"\ngem \"rails\"\ngem \"sneakers\"\ngem \"solid_queue\"\n"),
        ("backend/Procfile.dev", "web: bin/rails server\nworker: rake workers:run\ncss: yarn build --watch\n"),
        ("backend/bin/rails", "#!/usr/bin/env ruby\nrequire 'rails/commands'\n"),
        ("backend/bin/jobs", "#!/usr/bin/env ruby\nSolidQueue::Cli.start(ARGV)\n"),
        ("backend/app/jobs/mail_job.rb", "class MailJob < ApplicationJob\nend\n"),
        ("backend/config/application.rb", "require 'rails'\n"),
    ]);
    has(&text, &["command: [\"bundle\", \"exec\", \"rake\", \"workers:run\"]", "command: [\"bin/jobs\"]"]);
    lacks(&text, &["--watch"]);
}

/// One in a folder for a mode is taken where there is no other; one of tests is not.
#[test]
fn the_program_of_developers_is_taken_where_it_is_alone() {
    let files = |place: &'static str| {
        written_with_notes(&[
            (place, &format!("{PYTHON}{UVICORN}")),
            ("requirements.txt", "fastapi\nuvicorn\n"),
            ("main.py", MAIN),
            ("compose.test.yaml", &format!("services: {{x: {{build: {{context: ., dockerfile: {place}}}}}}}\n")),
        ])
    };
    let (text, notes) = files("compose/local/fastapi/Dockerfile");
    has(&text, &["dockerfile: compose/local/fastapi/Dockerfile"]);
    lacks(&notes, &["left out"]);
}
