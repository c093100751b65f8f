//! Whole compose files for small repositories.

mod addresses;
mod commands;

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

const PYTHON: &str = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\n";

#[test]
fn no_two_services_have_one_name() {
    let image = format!("{PYTHON}RUN pip install -r requirements.txt\n");
    let tasks = "import os\nfrom celery import Celery\n\ncelery = Celery('a', broker=os.getenv('REDIS_URL', 'redis://redis:6379/0'))\n";
    let with = |started: &str| {
        let files = [
            (
                "backend/Dockerfile",
                &*format!("{image}EXPOSE 5000\nCMD [\"flask\", \"run\", \"--host\", \"0.0.0.0\"]\n"),
            ),
            ("backend/Dockerfile.worker", &format!("{image}CMD [\"python\", \"celery_worker.py\"]\n")),
            ("backend/requirements.txt", "flask\ncelery\nredis\n"),
            ("backend/tasks.py", tasks),
            ("backend/celery_worker.py", started),
            ("worker/Dockerfile", &format!("{PYTHON}RUN pip install redis\nCMD [\"python\", \"worker.py\"]\n")),
            ("worker/worker.py", "import redis\n\nredis.Redis('redis').brpop('jobs')\n"),
        ];
        emitted(&files, &[])
    };
    let names = |text: &str| {
        let is_name = |line: &&str| line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':');
        let services = text.lines().take_while(|line| !line.starts_with("volumes:"));
        services.filter(is_name).map(str::to_owned).collect::<Vec<_>>()
    };
    let (text, notes) = with("import tasks\n\nprint('prepared')\n");
    let mut all = names(&text);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), names(&text).len(), "{text}\n{notes}");
    // A program that runs the worker itself needs no second one, which would do each task twice.
    let (text, notes) = with("from tasks import celery\n\ncelery.worker_main(['worker'])\n");
    assert_eq!(names(&text).len(), 4, "{text}\n{notes}");
    let worker = service(&text, "worker-2");
    assert!(!worker.contains("command:") && worker.contains("inspect ping"), "{text}\n{notes}");
    assert!(worker.contains("restart: unless-stopped"), "{text}");
    let (text, _) = with("from tasks import celery\n\ncelery.worker_main(['worker', '--hostname=a'])\n");
    assert!(!service(&text, "worker-2").contains("inspect ping"), "{text}");
}

#[test]
fn brokers_have_the_login_of_the_calls() {
    let with = |source: &str, settings: &str| {
        let image = format!("{PYTHON}RUN pip install pika aio-pika\nCMD [\"python\", \"main.py\"]\n");
        let files = [("Dockerfile", &*image), ("main.py", source), ("settings.py", settings)];
        emitted(&files, &[]).0
    };
    let connect =
        |arguments: &str| format!("import pika\n\npika.BlockingConnection(pika.ConnectionParameters({arguments}))\n");
    let login = |text: &str| {
        let of = |name: &str| {
            let line = text.lines().find_map(|line| line.trim().strip_prefix(name));
            line.unwrap_or_default().trim_matches([':', ' ', '"']).to_owned()
        };
        format!("{} {}", of("RABBITMQ_DEFAULT_USER"), of("RABBITMQ_DEFAULT_PASS"))
    };
    // Without a login the client has guest, whoever says the host.
    for source in [
        connect("\"rabbitmq\""),
        connect("host=\"rabbitmq\", port=5672, heartbeat=60"),
        "import asyncio, aio_pika\n\nasyncio.run(aio_pika.connect_robust(host=\"rabbit\"))\n".to_owned(),
        format!("import os\n{}", connect("host=os.getenv('RABBITMQ_HOST', 'rabbitmq')")),
    ] {
        assert_eq!(login(&with(&source, "")), "guest guest", "{source}");
    }
    let bound = format!("{}\n", connect("\"myrabbit\", 5672, \"my_vhost\", creds"));
    let bound = bound.replace(
        "import pika\n",
        "import pika\nfrom settings import USER\n\ncreds = pika.PlainCredentials(USER, 'pass')\n",
    );
    for source in [
        connect("\"myrabbit\", virtual_host=\"my_vhost\",\n    credentials=pika.PlainCredentials(\"user\", \"pass\")"),
        bound,
        "import asyncio, aio_pika\n\nasyncio.run(aio_pika.connect_robust(host=\"rabbit\", login=\"user\", password=\"pass\"))\n".to_owned(),
    ] {
        let text = with(&source, "USER = 'user'\n");
        assert_eq!(login(&text), "user pass", "{source}\n{text}");
    }
    // What nobody can read in the source is no guess.
    let hidden = connect("\"rabbitmq\", credentials=credentials_of(\"a\")");
    assert_eq!(login(&with(&hidden, "")), "app ${RABBITMQ_PASSWORD:?set it in .env}");
    let text = with(
        &connect(
            "\"rabbitmq\", credentials=pika.PlainCredentials(os.environ[\"RABBITMQ_USER\"], os.environ[\"RABBITMQ_PASS\"])",
        ),
        "",
    );
    assert!(text.contains("RABBITMQ_PASS:?set it"), "{text}");
}

#[test]
fn placeholders_of_an_example_are_no_values() {
    let image = format!(
        "{PYTHON}RUN pip install fastapi uvicorn asyncpg sqlalchemy greenlet\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n"
    );
    let source = "import os\nfrom fastapi import FastAPI\nfrom sqlalchemy.ext.asyncio import create_async_engine\n\nengine = create_async_engine(os.environ['DATABASE_URL'])\napp = FastAPI()\n";
    let login = format!("{source}password = os.environ['DB_PASS']\nname = os.environ['DB_NAME']\n");
    let with = |source: &str, example: &str| {
        let files = [("Dockerfile", &*image), ("main.py", source), (".env.example", example)];
        emitted(&files, &[]).0
    };
    for (source, example, password) in [
        (source, "DATABASE_URL=postgresql+asyncpg://your_url_postgres\n", "POSTGRES_PASSWORD"),
        (
            source,
            "DATABASE_URL=postgresql+asyncpg://your_user:your_password@your_host:5432/your_db\n",
            "POSTGRES_PASSWORD",
        ),
        (source, "DATABASE_URL=postgresql+asyncpg://<user>:<password>@<host>:<port>/<db>\n", "POSTGRES_PASSWORD"),
        (
            &login,
            "DB_HOST=your_host\nDB_USER=your_user\nDB_PASS=your_pass\nDB_NAME=your_name\nDATABASE_URL=postgresql+asyncpg://your_url_postgres\n",
            "DB_PASS",
        ),
    ] {
        let text = with(source, example);
        let address =
            format!("DATABASE_URL: \"postgresql+asyncpg://app:${{{password}:?set it in .env}}@postgres:5432/app\"");
        assert!(
            text.contains(&address) && service(&text, "postgres").contains("POSTGRES_DB: app"),
            "{example}\n{text}"
        );
        assert!(!text.contains("your_"), "{text}");
    }
}

#[test]
fn a_default_is_not_that_of_the_second_name() {
    let source = "const app = require('express')();\nconst user = process.env.SMTP_USER || '';\nconst from = process.env.FROM_EMAIL || process.env.SMTP_USER || 'noreply@shop.local';\napp.listen(4000);\n";
    let files = [
        ("Dockerfile", "FROM node:24-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD [\"node\", \"index.js\"]\n"),
        ("package.json", "{\"name\": \"shop\", \"dependencies\": {\"express\": \"5\"}}\n"),
        ("index.js", source),
        (".env.example", "SMTP_USER=\nFROM_EMAIL=\n"),
    ];
    let (text, _) = emitted(&files, &[]);
    assert!(text.contains("SMTP_USER:\n") && text.contains("FROM_EMAIL:\n"), "{text}");
}

#[test]
fn the_only_compiled_program_of_an_image_is_started() {
    let main = "package main\n\nimport (\n\t\"net/http\"\n\t\"os\"\n)\n\nfunc main() {\n\thttp.ListenAndServe(\":8000\", nil)\n}\n";
    let with = |image: &str| {
        let files = [("Dockerfile", image), ("go.mod", GO_MOD), ("main.go", main)];
        emitted(&files, &[])
    };
    let build = "FROM golang:1.25 AS build\nWORKDIR /app\nCOPY . .\nRUN CGO_ENABLED=0 go build -o main main.go\n";
    for (image, command) in [
        (format!("{build}FROM debian:13-slim\nWORKDIR /app\nCOPY --from=build /app/main ./main\n"), "./main"),
        (format!("{build}FROM debian:13-slim\nWORKDIR /srv\nCOPY --from=build /app/main .\n"), "./main"),
        (format!("{build}FROM alpine:3.22\nCOPY --from=build /app/main /usr/bin/shop\nEXPOSE 8000\n"), "/usr/bin/shop"),
        (build.to_owned(), "./main"),
    ] {
        let (text, notes) = with(&image);
        assert!(text.contains(&format!("command: [\"{command}\"]")), "{image}\n{text}\n{notes}");
        assert!(text.contains("8000:8000"), "{text}");
    }
    // Nobody knows which of two it is.
    let two = build.replace("main.go\n", "main.go && go build -o tool main.go\n");
    let (text, notes) = with(&format!("{two}FROM debian:13-slim\nCOPY --from=build /app/main /app/tool /srv/\n"));
    assert!(text.is_empty() && notes.contains("starts no program"), "{text}\n{notes}");
}

#[test]
fn settings_of_tools_and_texts_are_no_evidence_of_ports() {
    let main = "package main\n\nimport \"net/http\"\n\nfunc main() {\n\thttp.ListenAndServe(\":8000\", nil)\n}\n";
    let gate = main
        .replace("\tnet", "net")
        .replace(":8000", ":9000")
        .replace("func main() {\n", "func main() {\n\thttp.Get(\"http://users:8000/users\")\n");
    let image = format!("{GO_IMAGE}CMD [\"/app\"]\n");
    let with = |other: &str| {
        let files = [
            ("users/Dockerfile", &*image),
            ("users/go.mod", GO_MOD),
            ("users/main.go", main),
            ("gate/Dockerfile", &*image),
            ("gate/go.mod", GO_MOD),
            ("gate/main.go", &*gate),
            (other, "curl http://localhost:8000/users\n\ndocker run -p 8765:8000 users\n"),
        ];
        emitted(&files, &[]).0
    };
    for other in
        [".claude/skills/network.md", ".cursor/rules/ports.mdc", ".github/workflows/ci.sh", ".claude/hooks/ask.sh"]
    {
        assert!(!with(other).contains("8000:8000") && !with(other).contains("8765"), "{other}\n{}", with(other));
    }
    assert!(with("scripts/ask.sh").contains("8765:8000"), "{}", with("scripts/ask.sh"));
}

#[test]
fn a_key_that_the_program_does_without_is_not_asked_for() {
    let with = |guard: &str| {
        let source = format!(
            "const app = require('express')();\nfunction client() {{\n  const key = process.env.OPENAI_API_KEY;\n  {guard}\n  return key;\n}}\napp.get('/', (q, r) => r.send(client()));\napp.listen(4000);\n"
        );
        let files = [
            (
                "Dockerfile",
                "FROM node:24-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD [\"node\", \"index.js\"]\n",
            ),
            ("package.json", "{\"name\": \"shop\", \"dependencies\": {\"express\": \"5\"}}\n"),
            ("index.js", &source),
            (".env.example", "# required for questions\nOPENAI_API_KEY=\n"),
        ];
        emitted(&files, &[]).0
    };
    for guard in ["if (!key || key.trim() === '') return null;", "if (!key) {\n    return;\n  }"] {
        assert!(with(guard).contains("OPENAI_API_KEY:\n"), "{guard}\n{}", with(guard));
    }
    for guard in ["", "if (!key) throw new Error('no key');", "if (!keys) return null;"] {
        assert!(with(guard).contains("OPENAI_API_KEY:?set it"), "{guard}\n{}", with(guard));
    }
}
