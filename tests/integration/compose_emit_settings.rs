//! `dockopt compose emit`: settings that stand in files of the repository and lead to the container itself, build arguments of
//! front ends, programs and migrations beside what an image starts.

use crate::compose_emit::{emitted, project};
use crate::compose_emit_variables::{has, lacks, service};

fn text_and_notes(files: &[(&str, &str)]) -> (String, String) {
    let json = emitted(project(files).path());
    (json["files"][0]["text"].as_str().unwrap_or_else(|| panic!("{json}")).to_owned(), json["notes"].to_string())
}

const GO_MOD: (&str, &str) = (
    "go.mod",
    "module shop\n\ngo 1.24\n\nrequire (\n\tgithub.com/jackc/pgx/v5 v5.7.6\n\tgithub.com/redis/go-redis/v9 v9.0.0\n)\n",
);
const GO_IMAGE: (&str, &str) = (
    "Dockerfile",
    "FROM golang:1.24 AS build\nWORKDIR /app\nCOPY . .\nRUN go build -o /out/api ./cmd/api\nRUN go build -o /out/worker ./cmd/worker\nFROM debian:13-slim\nCOPY --from=build /out/api /usr/local/bin/api\nCOPY --from=build /out/worker /usr/local/bin/worker\nEXPOSE 8080\nCMD [\"api\"]\n",
);
const GO_API: (&str, &str) = (
    "cmd/api/main.go",
    "package main\n\nimport (\n\t\"net/http\"\n\t\"os\"\n\t\"github.com/jackc/pgx/v5\"\n\t\"github.com/redis/go-redis/v9\"\n)\n\nfunc main() {\n\tpgx.Connect(nil, os.Getenv(\"DATABASE_URL\"))\n\tredis.NewClient(&redis.Options{Addr: os.Getenv(\"REDIS_ADDR\")})\n\thttp.ListenAndServe(\":8080\", nil)\n}\n",
);
const GO_WORKER: (&str, &str) = ("cmd/worker/main.go", "package main\n\nfunc main() {\n\tselect {}\n}\n");

#[test]
fn a_worker_that_an_image_holds_is_started() {
    let (text, _) = text_and_notes(&[GO_MOD, GO_IMAGE, GO_API, GO_WORKER]);
    has(&service(&text, "worker"), &["command: [\"/usr/local/bin/worker\"]", "DATABASE_URL"]);
    // An address has its port.
    has(&service(&text, "app"), &["REDIS_ADDR: redis:6379"]);
    // Words behind an ENTRYPOINT are its arguments.
    let image = GO_IMAGE.1.replace("CMD", "ENTRYPOINT");
    let (text, _) = text_and_notes(&[GO_MOD, ("Dockerfile", &image), GO_API, GO_WORKER]);
    lacks(&text, &["  worker:\n"]);
}

#[test]
fn numbered_steps_of_a_schema_have_a_job_beside_programs_of_go() {
    let step = |name| (name, "CREATE TABLE users (id serial primary key);\n");
    let files = [GO_MOD, GO_IMAGE, GO_API, GO_WORKER, step("migrations/000001_users.up.sql")];
    let copy = step("internal/testkit/migrations/000001_users.up.sql");
    let (text, _) = text_and_notes(&[&files[..], &[copy]].concat());
    has(&service(&text, "migrate"), &["image: migrate/migrate", "./migrations:/migrations:ro"]);
    // A program that holds the files runs them itself.
    let embeds = ("db.go", "package shop\n\nimport \"embed\"\n\n//go:embed migrations/*.sql\nvar files embed.FS\n");
    let (text, _) = text_and_notes(&[&files[..], &[embeds]].concat());
    lacks(&text, &["migrate/migrate"]);
}

#[test]
fn build_arguments_of_a_site_come_from_the_environment() {
    let site = "FROM node:22 AS build\nWORKDIR /app\nARG VITE_API_URL\nARG VITE_TILES_URL\nARG VITE_KEY\nARG NPM_MIRROR\nCOPY . .\nRUN npm install && npm run build\nFROM nginx:1.27\nCOPY --from=build /app/dist /usr/share/nginx/html\n";
    let (text, _) = text_and_notes(&[
        ("web/Dockerfile", site),
        ("web/package.json", r#"{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}}"#),
        ("web/src/api.js", "export const a = import.meta.env.VITE_API_URL;\n"),
        (".env.example", "VITE_API_URL=http://localhost:8000\nVITE_TILES_URL=\n"),
    ]);
    has(
        &service(&text, "web"),
        &["VITE_API_URL: ${VITE_API_URL:-http://localhost:8000}\n", "VITE_TILES_URL:", "VITE_KEY:\n"],
    );
    lacks(&text, &["NPM_MIRROR"]);
}

#[test]
fn settings_of_spring_lead_to_the_services() {
    let image = |port: u16| {
        format!(
            "FROM eclipse-temurin:21-jre\nCOPY target/app.jar /app.jar\nEXPOSE {port}\nCMD [\"java\", \"-jar\", \"/app.jar\"]\n"
        )
    };
    let pom = |name: &str| {
        format!(
            "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>{name}</artifactId><version>1</version></project>"
        )
    };
    let (registry, orders) = (image(8761), image(8082));
    let settings = "server:\n  port: 8082\neureka:\n  client:\n    service-url:\n      defaultZone: http://a:b@localhost:8761/eureka/\nother:\n  url: http://localhost:9999/x\n";
    let (text, _) = text_and_notes(&[
        ("registry/Dockerfile", &registry),
        ("registry/pom.xml", &pom("registry")),
        ("registry/src/main/resources/application.yml", "server:\n  port: 8761\n"),
        ("orders/Dockerfile", &orders),
        ("orders/pom.xml", &pom("orders")),
        ("orders/src/main/resources/application.yml", settings),
    ]);
    has(
        &service(&text, "orders"),
        &["EUREKA_CLIENT_SERVICEURL_DEFAULTZONE: http://a:b@registry:8761/eureka/", "registry:\n"],
    );
    lacks(&text, &["OTHER_URL"]);
}

#[test]
fn migrations_that_lead_to_their_own_container_are_no_job() {
    let program = [
        (
            "Dockerfile",
            "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\"]\n",
        ),
        ("requirements.txt", "fastapi\nuvicorn\nsqlalchemy\npsycopg\nalembic\n"),
        ("main.py", "import os\nfrom fastapi import FastAPI\nurl = os.environ['DATABASE_URL']\napp = FastAPI()\n"),
        ("alembic.ini", "[alembic]\nscript_location = alembic\nsqlalchemy.url = postgresql://a:b@localhost/shop\n"),
        ("alembic/versions/1.py", "revision = '1'\n"),
    ];
    let fixed = "# in some environments\nfrom sqlalchemy import engine_from_config\nfrom alembic import context\nengine = engine_from_config(context.config.get_section('alembic'))\n";
    let (text, notes) = text_and_notes(&[&program[..], &[("alembic/env.py", fixed)]].concat());
    lacks(&text, &["  migrate:\n"]);
    has(&notes, &["alembic.ini:3 leads the migrations of app to their own container"]);
    let read =
        format!("{fixed}import os\ncontext.config.set_main_option('sqlalchemy.url', os.environ['DATABASE_URL'])\n");
    let (text, _) = text_and_notes(&[&program[..], &[("alembic/env.py", &read)]].concat());
    has(&text, &["  migrate:\n"]);
}

#[test]
fn a_name_in_a_comment_runs_no_script() {
    let source = "# tables of an old init.sql\nimport os\nfrom fastapi import FastAPI\nurl = os.environ['DATABASE_URL']\napp = FastAPI()\n";
    let files = |source: &'static str| {
        [
            (
                "api/Dockerfile",
                "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\"]\n",
            ),
            ("api/requirements.txt", "fastapi\nuvicorn\npsycopg\n"),
            ("api/main.py", source),
            ("db/init.sql", "CREATE TABLE users (id serial primary key);\n"),
        ]
    };
    has(&text_and_notes(&files(source)).0, &["./db/init.sql:/docker-entrypoint-initdb.d/init.sql:ro"]);
    let opens = "import os\nfrom fastapi import FastAPI\nurl = os.environ['DATABASE_URL']\nscript = open('../db/init.sql').read()\napp = FastAPI()\n";
    lacks(&text_and_notes(&files(opens)).0, &["docker-entrypoint-initdb.d"]);
}

#[test]
fn variables_of_celery_lead_to_its_broker() {
    let program = |requirements: &'static str, source: &'static str| {
        let image = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt && mkdir -p /app/uploads\nEXPOSE 8000\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\"]\n";
        let main = "from fastapi import FastAPI\nfrom tasks import add\napp = FastAPI()\n\n@app.post('/')\nasync def upload(file):\n    with open('/app/uploads/x.csv', 'wb') as target:\n        target.write(await file.read())\n    add.delay('/app/uploads/x.csv')\n";
        [("Dockerfile", image), ("requirements.txt", requirements), ("main.py", main), ("tasks.py", source)]
    };
    let source = "import os\nfrom celery import Celery\ncelery = Celery('t', broker=os.getenv('CELERY_BROKER_URL'), backend=os.getenv('CELERY_RESULT_BACKEND'))\n\n@celery.task\ndef add(path):\n    return open(path).read()\n";
    let (text, _) = text_and_notes(&program("fastapi\nuvicorn\ncelery\nredis\n", source));
    for name in ["app", "worker"] {
        has(
            &service(&text, name),
            &["CELERY_BROKER_URL: redis://redis:6379", "CELERY_RESULT_BACKEND: redis://redis:6379", ":/app/uploads"],
        );
    }
    let needed = "import os\nfrom celery import Celery\ncelery = Celery('t', broker=os.environ['CELERY_BROKER_URL'])\n\n@celery.task\ndef add(path):\n    return open(path).read()\n";
    let (text, _) = text_and_notes(&program("fastapi\nuvicorn\ncelery\n", needed));
    has(&service(&text, "app"), &["CELERY_BROKER_URL: \"amqp://"]);
    let written = "from celery import Celery\ncelery = Celery('t', broker='redis://localhost:6379/1')\n\n@celery.task\ndef add(path):\n    return open(path).read()\n";
    let (text, _) = text_and_notes(&program("fastapi\nuvicorn\ncelery\nredis\n", written));
    has(&service(&text, "worker"), &["CELERY_BROKER_URL: redis://redis:6379/1"]);
}
