//! What `dockopt compose emit` leaves to the user, and says: programs without an image, schemas without a job, secrets in images.

use crate::compose_emit::{emitted, project, written};
use crate::compose_emit_first_start::{PYTHON, written_with_notes};
use crate::compose_emit_variables::{has, lacks, service};

const PROGRAM: &str = "@SpringBootApplication\npublic class Program {}\n";

#[test]
fn programs_that_no_dockerfile_builds_are_named() {
    let folder = project(&[
        ("metrics/Dockerfile", "FROM prom/prometheus:v3.5.0\nCOPY prometheus.yml /etc/prometheus/\n"),
        ("metrics/prometheus.yml", "scrape_configs: []\n"),
        (
            "docker/Dockerfile",
            "FROM eclipse-temurin:21-jre\nARG NAME\nCOPY ${NAME}.jar /app.jar\nCMD [\"java\", \"-jar\", \"/app.jar\"]\n",
        ),
        ("orders/src/main/java/shop/Orders.java", PROGRAM),
        ("orders/src/test/java/shop/OrdersTest.java", PROGRAM),
        ("users/src/main/java/shop/Users.java", PROGRAM),
    ]);
    let notes = emitted(folder.path())["notes"].to_string();
    has(&notes, &["the programs in `orders`, `users` have no service: no Dockerfile builds them"]);
    let folder = project(&[
        (
            "Dockerfile",
            "FROM maven:3-eclipse-temurin-21\nCOPY . .\nRUN mvn package\nCMD [\"java\", \"-jar\", \"target/a.jar\"]\n",
        ),
        ("pom.xml", "<project/>"),
        ("src/main/java/shop/Orders.java", PROGRAM),
    ]);
    lacks(&emitted(folder.path())["notes"].to_string(), &["no Dockerfile builds"]);
}

const NODE: &str = "FROM node:22-slim AS build\nWORKDIR /src\nCOPY . .\nRUN npm ci\n";
const NODE_PACKAGE: &str = r#"{"name": "api", "dependencies": {"prisma": "^6", "pg": "^8"}}"#;

#[test]
fn a_schema_without_a_job_is_named() {
    let dockerfile = format!(
        "{NODE}FROM node:22-slim\nCOPY --from=build /src/packages/api /dist/api\nWORKDIR /dist/api\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n"
    );
    let folder = project(&[
        ("Dockerfile", &dockerfile),
        ("package.json", r#"{"name": "shop", "workspaces": ["packages/*"]}"#),
        ("packages/api/package.json", NODE_PACKAGE),
        ("packages/api/server.js", "const url = process.env.DATABASE_URL;\n"),
        (
            "packages/api/prisma/schema.prisma",
            "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n",
        ),
        (".env.example", "DATABASE_URL=postgres://shop@localhost/shop\n"),
    ]);
    let notes = emitted(folder.path())["notes"].to_string();
    has(&notes, &["packages/api/prisma/schema.prisma", "no job runs `prisma migrate deploy`"]);
}

#[test]
fn a_file_of_secrets_that_an_image_takes_is_named() {
    let dockerfile = "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nEXPOSE 8000\nCMD [\"python\", \"main.py\"]\n";
    let source = "import os\nkey = os.environ['API_KEY']\n";
    let files = [("Dockerfile", dockerfile), ("main.py", source)];
    let note = "`COPY` takes `.env` with its secrets into the image of app: add `.env` to .dockerignore";
    has(&emitted(project(&files).path())["notes"].to_string(), &[note]);
    let [a, b] = files;
    let ignored = project(&[a, b, (".dockerignore", ".env*\n")]);
    lacks(&emitted(ignored.path())["notes"].to_string(), &[".dockerignore"]);
    let nothing_to_set = project(&[a, ("main.py", "print(1)\n")]);
    lacks(&emitted(nothing_to_set.path())["notes"].to_string(), &[".dockerignore"]);
}

#[test]
fn the_check_of_an_image_stays() {
    let dockerfile = "FROM example.com/base:1\nCOPY healthcheck.sh server /\nHEALTHCHECK CMD /bin/sh /healthcheck.sh\nEXPOSE 3170 3000 80\nCMD [\"/server\"]\n";
    let folder = project(&[
        ("Dockerfile", dockerfile),
        ("healthcheck.sh", "curl -f localhost:3000 && curl -f localhost:3170\n"),
        ("server", "#!/bin/sh\n"),
        ("other/main.go", "package main\nfunc main() {\n\thttp.HandleFunc(\"/health\", f)\n}\n"),
    ]);
    let text = service(&written(folder.path()), "app");
    lacks(&text, &["healthcheck"]);
    has(&text, &["\"3170:3170\", \"3000:3000\", \"8080:80\""]);
}

#[test]
fn a_server_whose_port_is_not_known_is_no_job() {
    let dockerfile = "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nCMD [\"python\", \"main.py\"]\n";
    let server = "import os\nimport uvicorn\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n@app.get('/health')\ndef health(): ...\n\nuvicorn.run(app, port=settings()['port'])\n";
    let requirements = ("requirements.txt", "fastapi==0.115.0\nuvicorn==0.32.0\n");
    let folder = project(&[("Dockerfile", dockerfile), ("main.py", server), requirements]);
    has(&emitted(folder.path())["notes"].to_string(), &["app answers requests on a port that is not known"]);
    has(&service(&written(folder.path()), "app"), &["restart: unless-stopped"]);
    let job = project(&[("Dockerfile", dockerfile), ("main.py", "import fastapi\nprint(1)\n"), requirements]);
    lacks(&emitted(job.path())["notes"].to_string(), &["answers requests"]);
    has(&service(&written(job.path()), "app"), &["restart: on-failure"]);
}

#[test]
fn a_program_that_has_to_be_told_its_port_is_told_the_one_of_its_image() {
    let dockerfile = "FROM node:24-slim\nWORKDIR /srv\nCOPY . .\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n";
    let source = |port: &str| {
        format!("const http = require('http');\nhttp.createServer((q, r) => r.end()).listen(process.env.{port});\n")
    };
    let of = |port: &str| {
        let source = source(port);
        let folder = project(&[("Dockerfile", dockerfile), ("package.json", "{}"), ("server.js", &source)]);
        service(&written(folder.path()), "app")
    };
    has(&of("PORT"), &["PORT: \"3000\"", "3000:3000"]);
    has(&of("WEB_PORT"), &["WEB_PORT: \"3000\"", "3000:3000"]);
    lacks(&of("PORT || 3000"), &["PORT:"]);
}

#[test]
fn ports_of_the_host_are_those_that_the_repository_publishes() {
    let readme = "# Shop\n\n```sh\ndocker build -t shop .\ndocker run -p 9000:8000 shop\n```\n";
    let command = "CMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n";
    let dockerfile = format!("{PYTHON}{command}");
    let source = "from fastapi import FastAPI\napp = FastAPI()\n";
    let files = |name: &str, readme: &str| {
        [
            (format!("{name}/Dockerfile"), dockerfile.clone()),
            (format!("{name}/requirements.txt"), "fastapi\nuvicorn\n".to_owned()),
            (format!("{name}/main.py"), source.to_owned()),
            (format!("{name}/README.md"), readme.to_owned()),
        ]
    };
    let written = |files: &[(String, String)]| {
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        written_with_notes(&files).0
    };
    let (api, web) = (files("api", readme), files("web", ""));
    has(&written(&api), &["\"9000:8000\""]);
    // One that stands above both tells of neither.
    let both: Vec<_> = api.iter().chain(&web).cloned().collect();
    let text = written(&both);
    has(&service(&text, "api"), &["\"9000:8000\""]);
    has(&service(&text, "web"), &["\"8000:8000\""]);
    let above: Vec<_> = both
        .into_iter()
        .filter(|(path, _)| !path.ends_with("README.md"))
        .chain([("README.md".to_owned(), readme.to_owned())])
        .collect();
    lacks(&written(&above), &["9000"]);
}

#[test]
fn releases_that_nothing_keeps_out_are_named() {
    let notes = |requirements: &str, more: &[(&str, &str)]| {
        let dockerfile = "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \"main.py\"]\n";
        let files = [
            ("Dockerfile", dockerfile),
            ("requirements.txt", requirements),
            (
                "main.py",
                "import os\nfrom flask import Flask\napp = Flask(__name__)\nprint(os.environ['DATABASE_URL'])\napp.run(host='0.0.0.0', port=5000)\n",
            ),
        ];
        written_with_notes(&files.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>()).1
    };
    let (plain, asynchronous, broker) =
        ("`postgresql://` means psycopg 3", "engines of asyncio", "its transport for Redis");
    has(&notes("flask\nsqlalchemy>=2\npsycopg2-binary\n", &[]), &["below 2.1", plain, "install `sqlalchemy<2.1` too"]);
    has(&notes("flask-sqlalchemy\npsycopg2-binary\n", &[]), &["`sqlalchemy`, which `flask-sqlalchemy` brings,", plain]);
    has(&notes("flask\nsqlalchemy\nasyncpg\n", &[]), &[asynchronous]);
    has(
        &notes("flask\ncelery==5.3.5\nredis==5.0.1\n", &[]),
        &["`kombu`, which `celery` brings,", broker, "`kombu<5.7`"],
    );
    for (requirements, more) in [
        ("flask\nsqlalchemy<2.1\npsycopg2-binary\nasyncpg\n", &[][..]),
        ("flask\nsqlalchemy==2.0.44\npsycopg2-binary\n", &[]),
        ("flask\nsqlalchemy~=2.0.3\nasyncpg\n", &[]),
        ("flask\nsqlalchemy\npsycopg2-binary\npsycopg\n", &[]),
        ("flask\nsqlalchemy[asyncio]>=2\nasyncpg\n", &[]),
        ("flask\nsqlalchemy\nasyncpg\ngreenlet\n", &[]),
        ("flask\ncelery\nredis\n", &[]),
        ("flask\ncelery==5.3.5\nredis==5.0.1\nkombu==5.3.4\n", &[]),
        ("flask\nasyncpg\n", &[]),
        ("flask\nsqlalchemy<2.1.0\npsycopg2-binary\n", &[]),
        // These releases keep kombu themselves.
        ("flask\ncelery==4.4.7\nredis==5.0.1\n", &[]),
        ("flask\ncelery==5.5.3\nredis==5.0.1\n", &[]),
        ("flask\nsqlalchemy\npsycopg2-binary\n", &[("db.py", "URL = 'postgresql+psycopg2://a@db/a'\n")]),
        ("flask\nsqlalchemy\npsycopg2-binary\n-c constraints.txt\n", &[("constraints.txt", "sqlalchemy==2.0.44\n")]),
        // A constraint of the lock that pip-compile wrote.
        ("# This file is autogenerated by pip-compile\nflask==3.0\nsqlalchemy==2.0.1\npsycopg2-binary==2.9.9\n", &[]),
    ] {
        lacks(&notes(requirements, more), &["nothing keeps"]);
    }
}
