//! `dockopt compose emit`: what is written for whole projects, that `docker compose` and `dockopt compose check` take it, and
//! that a second run changes nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The result as JSON; it keeps its schema.
pub(crate) fn emitted(folder: &Path) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
    let output = command.args(["compose", "emit", "--format", "json"]).arg(folder).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {stderr}"));
    crate::fixtures::keeps_schema(include_str!("../../schemas/compose-emit.schema.json"), &json);
    json
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_dockopt")).args(arguments).current_dir(folder).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), text)
}

/// Writes the files, and says what compose file comes of them. A second run has nothing to write, and no rule finds a fault.
pub(crate) fn written(folder: &Path) -> String {
    let (code, text) = run(folder, &["compose", "emit", "--write"]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = run(folder, &["compose", "emit", "--check"]);
    assert_eq!(code, 0, "a second run would write again: {text}");
    // The variables are set as people would.
    let example = fs::read_to_string(folder.join(".env.example")).unwrap_or_default();
    let set: Vec<String> =
        example.lines().filter(|line| line.ends_with('=')).map(|line| format!("{line}a1b2c3")).collect();
    fs::write(folder.join(".env"), set.join("\n") + "\n").unwrap();
    // A script of package.json stays what starts a worker: what it becomes, npm decides.
    let (code, text) = run(folder, &["compose", "check", "compose.yaml", "--ignore=compose-npm-as-main-process"]);
    assert_eq!(code, 0, "{text}");
    fs::read_to_string(folder.join("compose.yaml")).unwrap()
}

pub(crate) fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let full = folder.path().join(path);
        fs::create_dir_all(full.parent().unwrap()).unwrap();
        fs::write(full, text).unwrap();
    }
    folder
}

/// The first users' project without its compose file.
fn tracker() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-r").arg("fixtures/task-tracker/.").arg(folder.path()).status().unwrap();
    assert!(copied.success());
    fs::remove_file(folder.path().join("compose.yaml")).unwrap();
    folder
}

#[test]
fn the_tracker_gets_the_file_that_it_lacks() {
    let folder = tracker();
    let text = written(folder.path());
    let golden = Path::new("tests/integration/compose_emit/task-tracker.yaml");
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(golden.parent().unwrap()).unwrap();
        fs::write(golden, &text).unwrap();
    }
    assert_eq!(text, fs::read_to_string(golden).unwrap(), "BLESS=1 rewrites it");
    let hook = fs::read_to_string(folder.path().join("taskiq_ready.py")).unwrap();
    assert_eq!(hook, include_str!("../../data/hooks/taskiq_ready.py"));
    let example = fs::read_to_string(folder.path().join(".env.example")).unwrap();
    assert!(example.contains("\nPOSTGRES_PASSWORD=\n") && example.contains("\nSECRET_KEY=\n"), "{example}");
}

#[test]
fn every_key_of_a_service_has_a_reason_with_its_place() {
    let json = emitted(tracker().path());
    let choices = json["choices"].as_array().unwrap();
    let has = |service: &str, key: &str, place: &str| {
        choices.iter().any(|choice| {
            choice["service"] == service
                && choice["key"] == key
                && choice["place"].as_str().unwrap_or_default().contains(place)
        })
    };
    for (service, key, place) in [
        ("postgres", "image", "settings.py:"),
        ("nats", "image", "settings.py:"),
        ("api", "healthcheck", "main.py:"),
        ("api", "depends_on", "settings.py:"),
        ("migrate", "command", "alembic.ini"),
        ("worker", "command", "background_tasks.py:"),
        ("nginx", "depends_on", "nginx.conf:"),
    ] {
        assert!(has(service, key, place), "{service}.{key}: {choices:#?}");
    }
}

const DJANGO: &[(&str, &str)] = &[
    (
        "Dockerfile",
        "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nUSER 1000\nEXPOSE 8000\nCMD [\"gunicorn\", \"-b\", \"0.0.0.0:8000\", \"shop.wsgi\"]\n",
    ),
    ("requirements.txt", "django==5.2\ncelery==5.5\npsycopg==3.2\nredis==6.2\ngunicorn==23\n"),
    ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
    ("shop/__init__.py", ""),
    (
        "shop/settings.py",
        "import os\nSECRET_KEY = os.environ['SECRET_KEY']\nDATABASES = {'default': {'HOST': os.environ.get('DB_HOST', 'localhost'), 'PORT': os.environ.get('DB_PORT', '5432'), 'USER': os.environ.get('DB_USER', 'shop'), 'PASSWORD': os.environ['DB_PASSWORD'], 'NAME': os.environ.get('DB_NAME', 'shop')}}\nCELERY_BROKER_URL = os.environ.get('CELERY_BROKER_URL', 'redis://localhost:6379/0')\n",
    ),
    ("shop/celery.py", "from celery import Celery\n\napp = Celery('shop')\n"),
    ("shop/wsgi.py", "from shop import settings\nfrom shop.celery import app\n"),
];

#[test]
fn hosts_users_and_passwords_come_in_their_own_variables() {
    let folder = project(DJANGO);
    let text = written(folder.path());
    for part in [
        "    image: postgres:17\n",
        "      POSTGRES_USER: shop\n",
        "    environment: DB_PASSWORD\n",
        "      DB_HOST: postgres\n",
        "      DB_PASSWORD: \"${DB_PASSWORD:?set it in .env}\"\n",
        "      CELERY_BROKER_URL: redis://redis:6379/0\n",
        "    command: [\"python\", \"manage.py\", \"migrate\", \"--noinput\"]\n",
        "celery -A shop.celery:app inspect ping -d celery@$$HOSTNAME",
        "    cap_drop: [\"ALL\"]\n",
        "    ports: [\"8000:8000\"]\n",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    // The default of the port is right, and without a proxy one network is enough.
    assert!(!text.contains("DB_PORT") && !text.contains("networks:"), "{text}");
}

#[test]
fn a_program_of_node_gets_what_its_packages_talk_to() {
    let folder = project(&[
        (
            "api/Dockerfile",
            "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n",
        ),
        (
            "api/package.json",
            r#"{"name": "api", "dependencies": {"express": "5", "mongoose": "8", "bullmq": "5"}, "scripts": {"worker": "node worker.js"}}"#,
        ),
        (
            "api/server.js",
            "const app = require('express')();\nrequire('mongoose').connect(process.env.MONGO_URL || 'mongodb://mongo:27017/shop');\nconst redis = process.env.REDIS_HOST || '127.0.0.1';\napp.get('/healthz', (req, res) => res.send('ok'));\napp.listen(3000);\n",
        ),
        ("api/worker.js", "require('bullmq');\n"),
    ]);
    let text = written(folder.path());
    for part in [
        "    image: mongo:8.0\n",
        "      MONGO_URL: mongodb://mongo:27017/shop\n",
        "      REDIS_HOST: redis\n",
        "fetch('http://127.0.0.1:3000/healthz')",
        "    command: [\"npm\", \"run\", \"worker\"]\n",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn addresses_that_stand_in_sources_are_honoured() {
    let folder = project(&[
        (
            "vote/Dockerfile",
            "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nEXPOSE 80\nCMD [\"gunicorn\", \"app:app\", \"-b\", \"0.0.0.0:80\"]\n",
        ),
        ("vote/requirements.txt", "Flask\nRedis\ngunicorn\n"),
        (
            "vote/app.py",
            "from redis import Redis\napp = object()\ng = Redis(name=\"cache\", socket_timeout=5)\nh = Redis(host=\"redis\", db=0)\n",
        ),
        (
            "result/Dockerfile",
            "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\nEXPOSE 80\nCMD [\"node\", \"server.js\"]\n",
        ),
        ("result/package.json", r#"{"name": "result", "dependencies": {"pg": "^8"}}"#),
        (
            "result/package-lock.json",
            r#"{"name": "result", "lockfileVersion": 3, "packages": {"": {"dependencies": {"pg": "^8"}}}}"#,
        ),
        (
            "result/server.js",
            "// new Pool('postgres://old@elsewhere/x')\nconst pool = new Pool({connectionString: 'postgres://teller:s3cret@db/ballots'});\nhttp.createServer(show).listen(80);\n",
        ),
    ]);
    let text = written(folder.path());
    for part in [
        "  db:\n    image: postgres:17\n    environment:\n      POSTGRES_USER: teller\n      POSTGRES_PASSWORD: s3cret\n      POSTGRES_DB: ballots\n",
        "  redis:\n    image: redis:8\n",
        "  result:\n    build: ./result\n    ports: [\"8080:80\"]\n    depends_on:\n      db:\n        condition: service_healthy\n",
        "  vote:\n    build: ./vote\n    ports: [\"8081:80\"]\n    depends_on:\n      redis:\n        condition: service_healthy\n",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(!text.contains("elsewhere") && !text.contains("secrets"), "{text}");
}

/// A Node program behind a Dockerfile; `source` is what it starts.
fn node_program(source: &str, dockerfile: &str, more: &[(&str, &str)]) -> tempfile::TempDir {
    let package = r#"{"name": "shop", "scripts": {"start": "npm run prepare-db && node server.js", "prepare-db": "node scripts/prepare.js"},
        "dependencies": {"pg": "^8", "ioredis": "^5", "prisma": "^6"}}"#;
    let dockerfile =
        format!("FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\n{dockerfile}CMD [\"npm\", \"start\"]\n");
    let mut files = vec![("Dockerfile", dockerfile.as_str()), ("package.json", package), ("server.js", source)];
    files.extend(more);
    project(&files)
}

#[test]
fn servers_that_a_program_works_without_are_left_out() {
    let source = "const db = process.env.DATABASE_URL;\nconst cache = process.env.REDIS_URL ? new Redis(process.env.REDIS_URL) : null;\napp.listen(process.env.PORT || 4000);\n";
    let example = (".env.example", "DATABASE_URL=postgres://shop@localhost/shop\n");
    let folder = node_program(source, "", &[example]);
    let text = written(folder.path());
    assert!(text.contains("POSTGRES_USER: shop") && !text.contains("redis"), "{text}");
    assert!(text.contains("ports: [\"4000:4000\"]"), "{text}");
    let json = emitted(folder.path());
    assert!(json["notes"].to_string().contains("app works without `REDIS_URL`: redis was not added"), "{json:#}");
}

#[test]
fn volumes_secrets_and_migrations_of_an_image_are_kept() {
    let source = "const db = process.env.DATABASE_URL;\nsign(config.get('SESSION_SECRET'));\n";
    let folder = node_program(
        source,
        "VOLUME [\"/app/uploads\", \"/tmp\"]\nEXPOSE 3000\n",
        &[
            (".env.example", "DATABASE_URL=postgres://shop@localhost/shop\nSESSION_SECRET=change-me\n"),
            (
                "prisma/schema.prisma",
                "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n",
            ),
            ("prisma/migrations/1/migration.sql", "create table a (b int);\n"),
            ("scripts/prepare.js", "run('prisma migrate deploy');\n"),
        ],
    );
    let text = written(folder.path());
    assert!(text.contains("volumes: [\"app-data:/app/uploads\"]") && text.contains("\n  app-data:\n"), "{text}");
    assert!(text.contains("\n      SESSION_SECRET:\n"), "{text}");
    assert!(!text.contains("migrate:"), "{text}");
    let json = emitted(folder.path());
    assert!(json["notes"].to_string().contains("scripts/prepare.js)"), "{json:#}");
}

#[test]
fn images_that_compose_cannot_build_or_that_hold_nothing_are_left_out() {
    let folder = project(&[
        (
            "api/Dockerfile",
            "FROM golang:1.24\nARG SERVICE\nWORKDIR /src/$SERVICE\nCOPY . .\nCMD [\"go\", \"run\", \".\"]\n",
        ),
        ("api/main.go", "package main\n"),
        ("shell/Dockerfile", "FROM debian:12\nCOPY start.sh /\nCMD [\"/start.sh\"]\n"),
        ("shell/start.sh", "#!/bin/sh\nexec reflex\n"),
    ]);
    let json = emitted(folder.path());
    assert_eq!(json["files"].as_array().map(Vec::len), Some(0), "{json:#}");
    let notes = json["notes"].to_string();
    assert!(
        notes.contains("needs a build argument") && notes.contains("holds no program of this repository"),
        "{notes}"
    );
}

#[test]
fn what_may_be_there_already_is_not_added() {
    let source = "const db = process.env.DATABASE_URL;\n";
    let published = "services:\n  shop:\n    image: ghcr.io/example/shop\n    ports: [\"3000:3000\"]\n  db:\n    image: postgres:17\n";
    let example = (".env.example", "DATABASE_URL=postgres://shop@localhost/shop\n");
    let folder = node_program(source, "EXPOSE 3000\n", &[example, ("compose.yaml", published)]);
    let json = emitted(folder.path());
    assert!(!json.to_string().contains("build: ."), "{json:#}");
    assert!(
        json["notes"]
            .to_string()
            .contains("`app` was not added: `shop` runs the image `ghcr.io/example/shop`, and nothing shows what"),
        "{json:#}"
    );

    // What a service gets from an override is not known to hold for a new job.
    let mut files = DJANGO.to_vec();
    let compose = "services:\n  db:\n    image: postgres:16\n    environment:\n      POSTGRES_PASSWORD: a\n  web:\n    build: .\n    environment:\n      DB_HOST: db\n    depends_on:\n      db:\n        condition: service_started\n";
    files.push(("compose.yaml", compose));
    files.push(("compose.override.yaml", "services:\n  web:\n    environment:\n      DJANGO_ENV: development\n"));
    let folder = project(&files);
    let json = emitted(folder.path());
    assert!(json["notes"].to_string().contains("`migrate` was not added: `web`"), "{json:#}");
}

#[test]
fn what_a_committed_file_sets_is_passed_on() {
    let source = "const db = process.env.DATABASE_URL;\nconst mode = process.env.SHOP_MODE;\n";
    let folder = node_program(
        source,
        "EXPOSE 3000\n",
        &[(".env", "SHOP_MODE=open\nPOSTGRES_PASSWORD=a\nDATABASE_URL=postgres://shop@localhost/shop\n")],
    );
    for arguments in [&["init", "-q"][..], &["add", "-A"]] {
        assert!(Command::new("git").args(arguments).current_dir(folder.path()).status().unwrap().success());
    }
    let (code, text) = run(folder.path(), &["compose", "emit", "--write"]);
    assert_eq!(code, 0, "{text}");
    let text = fs::read_to_string(folder.path().join("compose.yaml")).unwrap();
    assert!(text.contains("\n      SHOP_MODE:\n") && is_accepted(folder.path(), &["compose.yaml"]), "{text}");
    assert!(!folder.path().join(".env.example").exists(), "everything is set");
}

#[test]
fn programs_that_name_each_other_wait() {
    let folder = project(&[
        ("proxy/Dockerfile", "FROM nginx:1.30-alpine\nCOPY conf /etc/nginx/conf.d/default.conf\n"),
        ("proxy/conf", "server { listen 80; location / { proxy_pass http://backend:8000; } }\n"),
        ("backend/Dockerfile", "FROM python:3.13-slim\nCOPY . /app\nCMD [\"python\", \"/app/main.py\"]\n"),
        ("backend/main.py", "from flask import Flask\napp = Flask(__name__)\napp.run(host=\"0.0.0.0\", port=8000)\n"),
        ("backend/requirements.txt", "flask\n"),
        ("seed/Dockerfile", "FROM python:3.13-slim\nCOPY . /app\nCMD [\"python\", \"/app/seed.py\"]\n"),
        ("seed/seed.py", "import requests\nrequests.post(\"http://backend:8000/items\")\n"),
    ]);
    let text = written(folder.path());
    for part in [
        "  proxy:\n    build: ./proxy\n    ports: [\"8080:80\"]\n    depends_on:\n      backend:\n        condition: service_healthy\n",
        "  seed:\n    build: ./seed\n    depends_on:\n      backend:\n        condition: service_healthy\n    profiles: [\"seed\"]\n",
        "| nc -w 3 127.0.0.1 80 | grep -q 'HTTP/1.1 4'\"]\n",
    ] {
        let part = part.trim_start_matches("    ");
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn what_starts_its_own_migration_gets_no_job() {
    let mut files = DJANGO.to_vec();
    let docker = "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000\nENTRYPOINT [\"./start.sh\"]\n";
    files[0] = ("Dockerfile", docker);
    files.push(("start.sh", "#!/bin/sh\npython manage.py migrate\nexec gunicorn -b 0.0.0.0:8000 shop.wsgi\n"));
    let folder = project(&files);
    let json = emitted(folder.path());
    assert!(!json["files"][0]["text"].as_str().unwrap().contains("migrate:"), "{json:#}");
    assert!(
        json["notes"].to_string().contains("when it starts (start.sh)")
            || json["notes"].to_string().contains("start.sh"),
        "{json:#}"
    );
}

#[test]
fn a_file_that_is_there_gets_only_what_it_lacks() {
    let mut files = DJANGO.to_vec();
    let compose = "# ours\nservices:\n  db:\n    image: postgres:16 # old\n    environment:\n      POSTGRES_PASSWORD: ${DB_PASSWORD}\n\n  web:\n    build: .\n    environment:\n      DB_HOST: db\n      SECRET_KEY: ${SECRET_KEY}\n    depends_on:\n      db:\n        condition: service_started\n";
    files.push(("compose.yaml", compose));
    files.push((".env", "DB_PASSWORD=a\nSECRET_KEY=b\n"));
    let folder = project(&files);
    let (code, text) = run(folder.path(), &["compose", "emit", "--write"]);
    assert_eq!(code, 0, "{text}");
    let after = fs::read_to_string(folder.path().join("compose.yaml")).unwrap();
    for line in compose.lines() {
        assert!(after.contains(line), "`{line}` is gone:\n{after}");
    }
    for part in [
        "  migrate:\n",
        "  worker:\n",
        "  redis:\n",
        "pg_isready",
        "      migrate:\n        condition: service_completed_successfully\n",
    ] {
        assert!(after.contains(part), "{part} is not in:\n{after}");
    }
    // The new ones have the variables of the program that is there.
    assert_eq!(after.matches("DB_HOST: db").count(), 3, "{after}");
    let (code, text) = run(folder.path(), &["compose", "emit", "--check"]);
    assert_eq!(code, 0, "a second run would write again: {text}\n{after}");
}

/// Whether `docker compose` is there and accepts the files; nothing is asked where it is not there.
fn is_accepted(folder: &Path, files: &[&str]) -> bool {
    let program = std::env::var("DOCKER").unwrap_or_else(|_| "docker".to_owned());
    if !Command::new(&program).args(["compose", "version"]).output().is_ok_and(|output| output.status.success()) {
        return true;
    }
    let mut command = Command::new(program);
    command.current_dir(folder).arg("compose");
    for file in files {
        command.args(["-f", file]);
    }
    let output = command.args(["config", "--quiet"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    true
}

#[test]
fn files_for_production_and_for_developers_stand_on_top() {
    let folder = tracker();
    written(folder.path());
    let (code, text) = run(folder.path(), &["compose", "emit", "--prod", "--dev", "--watch", "--write"]);
    assert_eq!(code, 0, "{text}");
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let (production, development) = (read("compose.prod.yaml"), read("compose.dev.yaml"));
    assert!(
        production.contains("mem_limit: \"${API_MEMORY:-512m}\"") && !production.contains("migrate"),
        "{production}"
    );
    for part in [
        "    ports: [\"127.0.0.1:5432:5432\"]\n",
        "\"--reload\"]\n",
        "- {action: sync, path: ./backend, target: /app, ",
        "- {action: sync+restart, path: ./backend, target: /app, ",
        "- {action: rebuild, path: ./backend/uv.lock}\n",
        // A later step makes something of the sources.
        "- {action: rebuild, path: ./dashboard, ignore: [\"node_modules/\"]}\n",
    ] {
        assert!(development.contains(part), "{part} is not in:\n{development}");
    }
    assert!(!development.contains("package-lock.json"), "{development}");
    assert!(is_accepted(folder.path(), &["compose.yaml"]));
    assert!(is_accepted(folder.path(), &["compose.yaml", "compose.prod.yaml"]));
    assert!(is_accepted(folder.path(), &["compose.yaml", "compose.dev.yaml"]));
    let (code, text) = run(folder.path(), &["compose", "emit", "--prod", "--dev", "--watch", "--check"]);
    assert!(code == 0 && text.contains("compose.dev.yaml is there and is kept"), "{text}");
}

#[test]
fn what_the_containers_user_may_not_write_is_built_again() {
    let folder = project(DJANGO);
    let (code, text) = run(folder.path(), &["compose", "emit", "--watch", "--explain"]);
    assert!(code == 0 && text.contains("the container's user does not own the files"), "{text}");
    let mut files = DJANGO.to_vec();
    files.push((".dockerignore", "*\n!shop\n"));
    let folder = project(&files);
    let (_, text) = run(folder.path(), &["compose", "emit", "--watch"]);
    assert!(text.contains("its .dockerignore begins with `*`"), "{text}");
}

#[test]
fn what_would_not_work_in_a_file_is_not_added() {
    let added = |compose: &str, more: &[(&str, &str)]| {
        let mut files = DJANGO.to_vec();
        files.push(("compose.yaml", compose));
        files.extend(more);
        let folder = project(&files);
        let (code, text) = run(folder.path(), &["compose", "emit", "--write"]);
        assert_eq!(code, 0, "{text}");
        let (code, again) = run(folder.path(), &["compose", "emit", "--check"]);
        assert_eq!(code, 0, "a second run would write again: {again}");
        assert!(is_accepted(folder.path(), &["compose.yaml"]));
        (fs::read_to_string(folder.path().join("compose.yaml")).unwrap(), text)
    };
    // A server with another command may listen on another port, and a merge key may set anything.
    let merged = "x-app: &app\n  build: .\n  environment: {SECRET_KEY: a, DB_PASSWORD: b}\n  depends_on:\n    db:\n      condition: service_started\n\n\
                  services:\n  db:\n    image: postgres:17\n    environment: {POSTGRES_PASSWORD: b}\n\n  web:\n    <<: *app\n    command: gunicorn -b 0.0.0.0:9000 shop.wsgi\n";
    let (text, notes) = added(merged, &[]);
    assert!(!text.contains("migrate") && !text.contains("8000"), "{text}");
    assert!(
        notes.contains("`migrate` was not added: what it would need comes from a merge key or `extends`"),
        "{notes}"
    );
    // What only a profile starts cannot be waited for by what always starts.
    let profiled = "services:\n  db:\n    image: postgres:17\n    profiles: [all]\n    environment: {POSTGRES_PASSWORD: b}\n\n  web:\n    build: .\n    \
                    profiles: [all]\n    environment: {SECRET_KEY: a, DB_PASSWORD: b}\n";
    let (text, notes) = added(profiled, &[]);
    assert!(!text.contains("migrate"), "{text}");
    assert!(notes.contains("it would wait for `db`, which only a profile starts"), "{notes}");
    let plain =
        "services:\n  db:\n    image: postgres:17\n    environment: {POSTGRES_PASSWORD: b}\n\n  web:\n    build: .\n";
    let (text, notes) = added(plain, &[(".env.example", "export DB_PASSWORD=x\n")]);
    assert!(!text.contains("worker"), "{text}");
    assert!(notes.contains("the variables of `web`, which it would need, are set elsewhere"), "{notes}");
}

#[test]
fn nothing_is_written_where_nothing_is_built() {
    let folder = project(&[("README.md", "# nothing\n"), ("tests/Dockerfile", "FROM python:3.13\nCMD pytest\n")]);
    let json = emitted(folder.path());
    assert_eq!(json["files"], serde_json::json!([]), "{json:#}");
    let (code, text) = run(folder.path(), &["compose", "emit", "missing"]);
    assert!(code == 2 && text.contains("`missing` is not a folder"), "{text}");
}

#[test]
fn what_cannot_be_built_from_here_is_left_out() {
    let lost =
        "FROM debian:12\nCOPY dist/settings.env /app/\nCOPY start.sh /app/\nEXPOSE 80\nCMD [\"/app/start.sh\"]\n";
    let more = [("deploy/Dockerfile", lost), ("deploy/start.sh", "#!/bin/sh\nexec nginx\n")];
    let folder = node_program("const a = 1;\n", "EXPOSE 3000\n", &more);
    let text = written(folder.path());
    assert!(!text.contains("deploy"), "{text}");
    let json = emitted(folder.path());
    assert!(json["notes"].to_string().contains("it copies `dist/settings.env`, which is not in"), "{json:#}");

    let jar = "FROM eclipse-temurin:21-jre\nCOPY target/shop.jar /shop.jar\nEXPOSE 8080\nCMD [\"java\", \"-jar\", \"/shop.jar\"]\n";
    let pom = "<project><groupId>a</groupId><artifactId>shop</artifactId><version>1</version></project>\n";
    let java = [("shop/Dockerfile", jar), ("shop/pom.xml", pom), ("shop/src/main/java/A.java", "class A {}\n")];
    let folder = project(&java);
    let text = written(folder.path());
    assert!(text.contains("build: ./shop"), "{text}");
    let json = emitted(folder.path());
    assert!(json["notes"].to_string().contains("run that build first"), "{json:#}");
}

#[test]
fn a_file_that_compose_accepts_stays_one() {
    let other = "FROM python:3.13\nWORKDIR /app\nCOPY . .\nEXPOSE 9000\nCMD [\"python\", \"main.py\"]\n";
    let main = "import os\nkey = os.environ[\"SIGNING_SECRET\"]\n";
    let compose = "services:\n  shop:\n    build: ./shop\n    ports: [\"3000:3000\"]\n";
    let jar =
        "FROM eclipse-temurin:21-jre\nCOPY target/a.jar /a.jar\nEXPOSE 8080\nCMD [\"java\", \"-jar\", \"/a.jar\"]\n";
    let folder = project(&[
        ("compose.yaml", compose),
        ("shop/Dockerfile", "FROM node:22\nCOPY . .\nEXPOSE 3000\nCMD [\"node\", \"a.js\"]\n"),
        ("shop/a.js", "1;\n"),
        ("keys/Dockerfile", other),
        ("keys/main.py", main),
        ("bank/Dockerfile", jar),
        ("bank/pom.xml", "<project><artifactId>a</artifactId></project>\n"),
    ]);
    let (code, text) = run(folder.path(), &["compose", "emit", "--write"]);
    assert_eq!(code, 0, "{text}");
    let after = fs::read_to_string(folder.path().join("compose.yaml")).unwrap();
    assert!(after.contains("SIGNING_SECRET: \"${SIGNING_SECRET}\""), "{after}\n{text}");
    assert!(!after.contains("bank"), "{after}");
    assert!(text.contains("`bank` was not added: its image cannot be built before"), "{text}");
    let example = fs::read_to_string(folder.path().join(".env.example")).unwrap();
    assert!(example.contains("SIGNING_SECRET="), "{example}");
    assert!(is_accepted(folder.path(), &["compose.yaml"]));
}

#[test]
fn only_what_starts_a_worker_is_asked_for_one() {
    let mut files = DJANGO.to_vec();
    let environment = "    environment: {DB_HOST: db, DB_PASSWORD: b, SECRET_KEY: a, REDIS_URL: \"redis://redis\"}\n";
    let compose = format!(
        "services:\n  db:\n    image: postgres:17\n    environment: {{POSTGRES_PASSWORD: b}}\n  redis:\n    image: redis:8\n  \
         beat-worker:\n    build: .\n    command: ./bin/beat.sh\n{environment}  tasks:\n    build: .\n    command: \
         ./bin/tasks.sh\n{environment}  web:\n    build: .\n{environment}"
    );
    files.push(("compose.yaml", &compose));
    files.push(("bin/beat.sh", "#!/bin/sh\nexec celery -A worker beat\n"));
    files.push(("bin/tasks.sh", "#!/bin/sh\nexec celery -A shop worker\n"));
    let folder = project(&files);
    let (code, text) = run(folder.path(), &["compose", "emit", "--write"]);
    assert_eq!(code, 0, "{text}");
    let after = fs::read_to_string(folder.path().join("compose.yaml")).unwrap();
    let (_, beat) = after.split_once("  beat-worker:\n").unwrap();
    let (beat, tasks) = beat.split_once("  tasks:\n").unwrap();
    let (tasks, _) = tasks.split_once("  web:\n").unwrap();
    assert!(!beat.contains("healthcheck"), "{after}");
    assert!(tasks.contains("celery") && tasks.contains("inspect"), "{after}");
    assert!(!after.contains("\n  worker:"), "{after}");
}
