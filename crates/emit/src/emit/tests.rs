//! Whole compose files for small repositories.

use super::test_inputs::{emitted, service};

const GO_MOD: &str = "module shop\n\ngo 1.25\n";

const GO_IMAGE: &str = "FROM golang:1.25 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /out/app .\nFROM debian:13-slim\nCOPY --from=build /out/app /app\n";

#[test]
fn a_script_that_migrates_is_a_job() {
    let main = "package main\n\nimport (\n\t\"net/http\"\n\t\"os\"\n)\n\nfunc main() {\n\t_ = os.Getenv(\"TOKEN\")\n\thttp.ListenAndServe(\":8000\", nil)\n}\n";
    let image = "FROM alpine:3.22\nRUN apk add bash\nWORKDIR /migrations\nCOPY ./migrations/*.sql ./\nCOPY ./migrations/migration.sh ./\nENTRYPOINT [\"bash\", \"migration.sh\"]\n";
    let script =
        "#!/bin/bash\nexport DB_PORT=\"5432\"\nsleep 2 && goose -dir /migrations postgres \"port=${DB_PORT}\" up -v\n";
    let files = [
        ("Dockerfile", &*format!("{GO_IMAGE}CMD [\"/app\"]\n")),
        ("go.mod", GO_MOD),
        ("main.go", main),
        ("migrations/Dockerfile", image),
        ("migrations/1.sql", "create table a (b int);\n"),
        ("migrations/migration.sh", script),
    ];
    let (text, _) = emitted(&files, &[("migrations/Dockerfile", "")]);
    let job = service(&text, "migrations");
    assert!(job.contains("restart: \"no\""), "{text}");
    for word in ["ports", "healthcheck", "TOKEN"] {
        assert!(!job.contains(word), "{word}: {text}");
    }
    assert!(service(&text, "app").contains("8000:8000"), "{text}");
}

#[test]
fn an_image_of_a_migration_tool_needs_no_source() {
    let image = "FROM golang\nWORKDIR /app\nRUN curl -L https://example.org/migrate.tar.gz | tar xvz\nCOPY . /migrations\nCMD [\"migrate\", \"-path\", \"/migrations\", \"-database\", \"postgres://postgres:a@db:5432/list\", \"up\"]\n";
    let consumer = "package main\n\nimport (\n\t\"database/sql\"\n\t\"github.com/segmentio/kafka-go\"\n\t_ \"github.com/lib/pq\"\n)\n\nfunc main() {\n\tsql.Open(\"postgres\", \"postgres://postgres:a@db:5432/list\")\n\tkafka.NewReader(kafka.ReaderConfig{})\n}\n";
    let manifest =
        format!("{GO_MOD}\nrequire (\n\tgithub.com/lib/pq v1.10.9\n\tgithub.com/segmentio/kafka-go v0.4.47\n)\n");
    let files = [
        ("consumer/Dockerfile", &*format!("{GO_IMAGE}EXPOSE 8080\nCMD [\"/app\"]\n")),
        ("consumer/go.mod", &manifest),
        ("consumer/main.go", consumer),
        ("migrations/Dockerfile", image),
        ("migrations/1.up.sql", "create table a (b int);\n"),
    ];
    let (text, notes) = emitted(&files, &[]);
    let job = service(&text, "migrations");
    assert!(job.contains("db:") && job.contains("service_healthy"), "{text}");
    assert!(job.contains("build: ./migrations") && job.contains("restart: \"no\""), "{text}\n{notes}");
    let consumer = service(&text, "consumer");
    assert!(!consumer.contains("ports") && !consumer.contains("healthcheck"), "{text}");
    assert!(consumer.contains("service_completed_successfully"), "{text}");
}

#[test]
fn a_committed_environment_shows_what_variables_are_like() {
    let main = "package main\n\nimport (\n\t\"net/http\"\n\t\"os\"\n\t\"github.com/segmentio/kafka-go\"\n)\n\nfunc main() {\n\tkafka.NewWriter(os.Getenv(\"KAFKA_PORT\"))\n\thttp.ListenAndServe(\":8000\", nil)\n}\n";
    let manifest = format!("{GO_MOD}\nrequire github.com/segmentio/kafka-go v0.4.47\n");
    let files = [
        ("Dockerfile", &*format!("{GO_IMAGE}CMD [\"/app\"]\n")),
        ("go.mod", &manifest),
        ("main.go", main),
        (".env", "KAFKA_PORT=\"kafka:9092\"\n"),
    ];
    let (text, notes) = emitted(&files, &[]);
    assert!(service(&text, "app").contains("KAFKA_PORT: kafka:9092"), "{text}\n{notes}");
}

#[test]
fn settings_objects_name_servers_of_a_committed_environment() {
    let image = "FROM python:3.13-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"uvicorn\", \"app.main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n";
    let files = [
        ("Dockerfile", image),
        ("requirements.txt", "fastapi\nuvicorn\nsqlalchemy\nasyncpg\ncelery\ndynaconf\n"),
        ("app/main.py", "from fastapi import FastAPI\nfrom app.database import engine\n\napp = FastAPI()\n"),
        (
            "app/database.py",
            "from sqlalchemy.ext.asyncio import create_async_engine\nfrom celery import Celery\nfrom app.config import config\n\nengine = create_async_engine(config.DB_URL)\nqueue = Celery(broker=config.BROKER_URL)\n",
        ),
        (
            "app/config.py",
            "from dotenv import load_dotenv\nfrom dynaconf import Dynaconf\n\nload_dotenv('.env')\nconfig = Dynaconf()\n",
        ),
        (
            ".env",
            "DB_USER=postgres\nDB_PASSWORD=postgres\nDB_HOST=db\nDB_DATABASE=schedule\nDB_URL=postgresql+asyncpg://${DB_USER}:${DB_PASSWORD}@${DB_HOST}:5432/${DB_DATABASE}\nBROKER_HOST=broker\nBROKER_URL=amqp://rabbitmq:rabbitmq@${BROKER_HOST}:5672\n",
        ),
    ];
    let (text, notes) = emitted(&files, &[]);
    assert!(service(&text, "db").contains("POSTGRES_DB: schedule"), "{text}\n{notes}");
    assert!(service(&text, "broker").contains("rabbitmq"), "{text}\n{notes}");
    let app = service(&text, "app");
    assert!(app.contains("DB_URL: \"postgresql+asyncpg://") && app.contains("BROKER_URL: \"amqp://"), "{text}");
}

const DJANGO: &str = "FROM python:3.13-slim AS base\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n";

#[test]
fn each_stage_that_is_a_program_is_a_service() {
    let api = "FROM base AS api\nEXPOSE 8000\nCMD [\"gunicorn\", \"config.wsgi:application\", \"--bind\", \"0.0.0.0:8000\"]\n";
    let celery = "FROM base AS celery\nCMD [\"celery\", \"-A\", \"config\", \"worker\"]\n";
    let with = |stages: &str| {
        let image = format!("{DJANGO}{stages}");
        let files = [
            ("backend/Dockerfile", &*image),
            ("backend/requirements.txt", "django\ngunicorn\ncelery\n"),
            ("backend/config/__init__.py", ""),
            ("backend/config/wsgi.py", "application = 1\n"),
            ("backend/manage.py", "import django\n"),
        ];
        emitted(&files, &[])
    };
    let (text, notes) = with(&format!("{api}{celery}"));
    let service_of_api = service(&text, "api");
    assert!(service_of_api.contains("target: api") && service_of_api.contains("8000:8000"), "{text}\n{notes}");
    let worker = service(&text, "celery");
    assert!(worker.contains("target: celery") && !worker.contains("ports"), "{text}\n{notes}");
    // A stage for developers is no program of its own, nor is one that starts the same.
    let develop = "FROM base AS develop\nCMD [\"python\", \"manage.py\", \"runserver\", \"0.0.0.0:8000\"]\n";
    let twin = api.replace("AS api", "AS other");
    for stages in [format!("{develop}{api}"), format!("{twin}{api}")] {
        let (text, notes) = with(&stages);
        assert!(!text.contains("target:") && text.contains("8000:8000"), "{text}\n{notes}");
    }
}

#[test]
fn an_image_that_cannot_be_built_stands_for_no_other() {
    let image = format!("{DJANGO}CMD [\"gunicorn\", \"config.wsgi:application\", \"--bind\", \"0.0.0.0:8000\"]\n");
    let files = [
        ("backend/Dockerfile", &*image),
        ("backend/Dockerfile.prod", &image.replace("COPY . .", "COPY pyproject.toml ./")),
        ("backend/requirements.txt", "django\ngunicorn\n"),
        ("backend/config/wsgi.py", "application = 1\n"),
    ];
    let (text, notes) = emitted(&files, &[]);
    assert!(text.contains("build: ./backend"), "{text}\n{notes}");
    assert!(notes.contains("Dockerfile.prod is left out: it copies"), "{notes}");
}

#[test]
fn programs_with_one_file_of_sqlite_share_its_volume() {
    let image = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n";
    let store =
        "import os\nimport sqlite3\n\nos.makedirs('/data', exist_ok=True)\ndb = sqlite3.connect('/data/battery.db')\n";
    let with = |worker: &str| {
        let files = [
            ("backend/Dockerfile", &*format!("{image}CMD [\"python\", \"main.py\"]\n")),
            ("backend/main.py", store),
            ("worker/Dockerfile", &*format!("{image}CMD [\"python\", \"worker.py\"]\n")),
            ("worker/worker.py", worker),
        ];
        emitted(&files, &[]).0
    };
    let text = with(store);
    assert!(service(&text, "backend").contains("backend-data:/data"), "{text}");
    assert!(service(&text, "worker").contains("backend-data:/data"), "{text}");
    let text = with(&store.replace("battery", "other"));
    assert!(service(&text, "worker").contains("worker-data:/data"), "{text}");
}

#[test]
fn a_file_that_imports_from_its_package_is_told() {
    let image = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n";
    let with = |command: &str, worker: &str| {
        let files = [
            ("worker/Dockerfile", &*format!("{image}CMD {command}\n")),
            ("worker/worker.py", worker),
            ("worker/client.py", "x = 1\n"),
        ];
        emitted(&files, &[]).1
    };
    let relative = "import os\nfrom .client import x\n";
    let notes = with("[\"python\", \"worker.py\"]", relative);
    assert!(notes.contains("starts `worker.py` as a file, and worker/worker.py:2"), "{notes}");
    assert!(!with("[\"python\", \"-m\", \"app.worker\"]", relative).contains("as a file"));
    assert!(!with("[\"python\", \"worker.py\"]", "from client import x\n").contains("as a file"));
}
