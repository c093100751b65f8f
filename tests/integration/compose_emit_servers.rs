//! `dockopt compose emit` for servers whose images a repository builds, and for programs that wait for each other.

use crate::compose_emit::{project, written};
use crate::compose_emit_first_start::{PYTHON, written_with_notes};
use crate::compose_emit_variables::{has, lacks, service};

/// A program of Node that finds a server by variables.
const PROGRAM: &str =
    "FROM node:22-slim\nWORKDIR /srv\nCOPY . .\nRUN npm ci\nUSER node\nEXPOSE 3000\nCMD [\"node\", \"index.js\"]\n";

#[test]
fn a_server_that_is_built_here_is_the_one_that_programs_find() {
    for (dockerfile, script) in [
        (
            "FROM mongo:7\nCOPY start.sh /start.sh\nENTRYPOINT [\"/start.sh\"]\n",
            "#!/bin/sh\necho init\nexec gosu mongodb mongod \"$@\"\n",
        ),
        // The script has another name in the image.
        (
            "FROM mongo:7\nCOPY start.sh /a.sh\nRUN tr -d a < /a.sh > /b.sh\nENTRYPOINT [\"/b.sh\"]\n",
            "#!/bin/sh\nexec docker-entrypoint.sh \"$@\"\n",
        ),
        ("FROM mongo:7\nCOPY start.sh /start.sh\nCMD [\"mongod\", \"--quiet\"]\n", "#!/bin/sh\necho init\n"),
    ] {
        let folder = project(&[
            ("api/Dockerfile", PROGRAM),
            ("api/package.json", r#"{"name": "api", "dependencies": {"mongodb": "6"}}"#),
            ("api/package-lock.json", r#"{"lockfileVersion": 3, "packages": {}}"#),
            ("api/index.js", "new MongoClient(process.env.MONGO_URL);\napp.listen(3000);\n"),
            ("mongodb/Dockerfile", dockerfile),
            ("mongodb/start.sh", script),
        ]);
        let text = written(folder.path());
        lacks(&text, &["image: mongo", "  mongo:\n"]);
        has(&service(&text, "mongodb"), &["build: ./mongodb", "mongodb-data:/data/db", "healthcheck:", "mongosh"]);
        has(
            &service(&text, "api"),
            &["MONGO_URL: mongodb://mongodb:27017", "mongodb:\n        condition: service_healthy"],
        );
    }
}

#[test]
fn what_an_image_sets_itself_is_not_set_again() {
    let folder = project(&[
        ("api/Dockerfile", PROGRAM),
        ("api/package.json", r#"{"name": "api", "dependencies": {"pg": "8"}}"#),
        ("api/package-lock.json", r#"{"lockfileVersion": 3, "packages": {}}"#),
        ("api/index.js", "new Pool({ connectionString: process.env.DATABASE_URL });\napp.listen(3000);\n"),
        (
            "db/Dockerfile",
            "FROM postgres:17\nENV POSTGRES_USER=shop POSTGRES_PASSWORD=known POSTGRES_DB=goods\nCOPY init.sql /docker-entrypoint-initdb.d/\n",
        ),
        ("db/init.sql", "CREATE TABLE goods (id int);\n"),
        // It connects to the server, and is none.
        ("backup/Dockerfile", "FROM postgres:17\nCOPY backup.sh /\nCMD [\"/backup.sh\"]\n"),
        ("backup/backup.sh", "#!/bin/sh\nexec pg_dump -h db -U postgres goods\n"),
    ]);
    let text = written(folder.path());
    // But the password, which no second file is to say.
    has(&service(&text, "api"), &["DATABASE_URL: \"postgresql://shop:${DB_PASSWORD:?set it in .env}@db:5432/goods\""]);
    let server = service(&text, "db");
    has(&server, &["build: ./db", "db-data:/var/lib/postgresql/data", "pg_isready"]);
    has(&server, &["environment:\n      POSTGRES_PASSWORD: \"${DB_PASSWORD:?set it in .env}\"\n"]);
    lacks(&server, &["POSTGRES_USER: ", "POSTGRES_DB: ", "secrets:"]);
    assert_eq!(text.matches(":/var/lib/postgresql/data").count(), 1, "{text}");
}

#[test]
fn programs_with_different_hosts_in_their_settings_get_different_servers() {
    let dockerfile = "FROM eclipse-temurin:21-jre\nCOPY target/app.jar /app.jar\nEXPOSE 8080\nCMD [\"java\", \"-jar\", \"/app.jar\"]\n";
    let manifest = |name: &str| {
        format!(
            "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>{name}</artifactId><version>1</version><dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-data-mongodb</artifactId><version>3.5.0</version></dependency></dependencies></project>"
        )
    };
    let settings = |name: &str| {
        format!(
            "spring:\n  data:\n    mongodb:\n      host: {name}-store\n      password: ${{STORE_PASSWORD}}\n      database: {name}\n"
        )
    };
    let (orders, users) = (manifest("orders"), manifest("users"));
    let folder = project(&[
        ("orders/Dockerfile", dockerfile),
        ("orders/pom.xml", &orders),
        ("orders/src/main/java/A.java", "class A {}\n"),
        ("orders/src/main/resources/application.yml", &settings("orders")),
        ("users/Dockerfile", dockerfile),
        ("users/pom.xml", &users),
        ("users/src/main/java/A.java", "class A {}\n"),
        ("users/src/main/resources/application.yml", &settings("users")),
        (
            "store/Dockerfile",
            "FROM mongo:7\nCOPY start.sh /start.sh\nRUN tr -d a < /start.sh > /init.sh\nENTRYPOINT [\"/init.sh\"]\n",
        ),
        ("store/start.sh", "#!/bin/bash\nset -eu\necho \"$STORE_PASSWORD\"\nexec mongod\n"),
    ]);
    let text = written(folder.path());
    for name in ["orders", "users"] {
        let store = format!("{name}-store");
        has(
            &service(&text, &store),
            &[
                "build: ./store",
                "STORE_PASSWORD: \"${STORE_PASSWORD:?set it in .env}\"",
                &format!("{store}-data:/data/db"),
            ],
        );
        has(
            &service(&text, name),
            &[
                "STORE_PASSWORD: \"${STORE_PASSWORD:?set it in .env}\"",
                &format!("{store}:\n        condition: service_healthy"),
            ],
        );
    }
}

#[test]
fn variables_of_a_proxy_lead_to_the_programs_that_it_waits_for() {
    let api = [
        ("api/Dockerfile", PROGRAM),
        ("api/package.json", r#"{"name": "api", "dependencies": {"express": "5"}}"#),
        ("api/package-lock.json", r#"{"lockfileVersion": 3, "packages": {}}"#),
        ("api/index.js", "app.listen(3000);\n"),
    ];
    let template = "server {\n  listen 80;\n  location /api { proxy_pass http://${API_HOST}:${API_PORT}; }\n  location / { root /srv; }\n}\n";
    let image = "FROM nginx:1.30\nCOPY default.conf.template /etc/nginx/templates/\nCOPY index.html /srv/\n";
    let mut files = api.to_vec();
    files.extend([("web/Dockerfile", image), ("web/default.conf.template", template), ("web/index.html", "<p>\n")]);
    let folder = project(&files);
    let web = service(&written(folder.path()), "web");
    has(&web, &["API_HOST: api\n", "API_PORT: \"3000\"\n", "api:\n        condition: service_healthy"]);
    // What the image sets is right.
    let image = image.replace("COPY index", "ENV API_HOST=api API_PORT=3000\nCOPY index");
    let last = files.len();
    files[last - 3].1 = &image;
    let web = service(&written(project(&files).path()), "web");
    has(&web, &["api:\n        condition: service_healthy"]);
    lacks(&web, &["API_HOST"]);
    // Without an image of its own.
    let mut files = api.to_vec();
    files.push((
        "nginx/site.conf.template",
        "upstream backend { server ${BACKEND_ADDRESS}; }\nserver {\n  listen 80;\n  location / { proxy_pass http://backend; }\n}\n",
    ));
    let proxy = service(&written(project(&files).path()), "nginx");
    has(
        &proxy,
        &[
            "BACKEND_ADDRESS: api:3000\n",
            "/etc/nginx/templates/default.conf.template:ro",
            "api:\n        condition: service_healthy",
        ],
    );
    // Looked up when a request comes, but needed all the same.
    files.pop();
    files.push((
        "nginx/site.conf",
        "server {\n  listen 80;\n  set $upstream http://api:3000;\n  location / { proxy_pass $upstream; }\n}\n",
    ));
    let proxy = service(&written(project(&files).path()), "nginx");
    has(&proxy, &["api:\n        condition: service_healthy"]);
}

#[test]
fn programs_wait_for_those_that_their_settings_name() {
    let dockerfile =
        "FROM eclipse-temurin:21-jre\nCOPY target/app.jar /app.jar\nCMD [\"java\", \"-jar\", \"/app.jar\"]\n";
    let manifest = |name: &str| {
        format!(
            "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>{name}</artifactId><version>1</version><dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId><version>3.5.0</version></dependency></dependencies></project>"
        )
    };
    let (a, b, c) = (manifest("settings"), manifest("orders"), manifest("users"));
    let orders = "spring:\n  config:\n    import: optional:configserver:http://config-server:8888\nserver:\n  port: 8081\nusers: http://users:8082/all\n";
    let users =
        "spring.config.import=configserver:http://config-server:8888\nserver.port=8082\norders=http://orders:8081\n";
    let folder = project(&[
        ("spring-config/Dockerfile", dockerfile),
        ("spring-config/pom.xml", &a),
        ("spring-config/src/main/java/A.java", "class A {}\n"),
        ("spring-config/src/main/resources/application.yml", "server:\n  port: 8888\n"),
        ("orders/Dockerfile", dockerfile),
        ("orders/pom.xml", &b),
        ("orders/src/main/java/A.java", "class A {}\n"),
        ("orders/src/main/resources/application.yml", orders),
        ("users/Dockerfile", dockerfile),
        ("users/pom.xml", &c),
        ("users/src/main/java/A.java", "class A {}\n"),
        ("users/src/main/resources/application.properties", users),
    ]);
    let text = written(folder.path());
    // It is called as the others call it.
    lacks(&service(&text, "config-server"), &["depends_on"]);
    let waits = ["config-server:\n        condition: service_healthy", "users:\n        condition: service_healthy"];
    has(&service(&text, "orders"), &waits);
    // Who waits for each other starts never.
    has(&service(&text, "users"), &waits[..1]);
    lacks(&service(&text, "users"), &["orders:"]);
}

#[test]
fn what_users_send_is_kept() {
    let dockerfile = "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000\nCMD [\"gunicorn\", \"-b\", \"0.0.0.0:8000\", \"shop.wsgi\"]\n";
    let settings =
        "from pathlib import Path\nBASE_DIR = Path(__file__).parent.parent\nMEDIA_ROOT = BASE_DIR / 'media'\n";
    let mut files = vec![
        ("Dockerfile", dockerfile),
        ("requirements.txt", "django==5.2\ngunicorn==23\n"),
        ("manage.py", "import os\n"),
        ("shop/__init__.py", ""),
        ("shop/settings.py", settings),
        ("shop/wsgi.py", "from shop import settings\n"),
    ];
    has(&service(&written(project(&files).path()), "app"), &["volumes: [\"app-data:/srv/media\"]"]);
    // A new volume belongs to root.
    let other = dockerfile.replace("EXPOSE", "USER 1000\nEXPOSE");
    files[0].1 = &other;
    lacks(&service(&written(project(&files).path()), "app"), &["volumes:"]);
    let folder = dockerfile.replace("EXPOSE", "RUN mkdir media && chown 1000 media\nUSER 1000\nEXPOSE");
    files[0].1 = &folder;
    has(&service(&written(project(&files).path()), "app"), &["app-data:/srv/media"]);
}

#[test]
fn brokers_and_object_stores_are_found_by_what_programs_read() {
    let folder = project(&[
        (
            "Dockerfile",
            "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000\nCMD [\"gunicorn\", \"-b\", \"0.0.0.0:8000\", \"shop.wsgi\"]\n",
        ),
        ("requirements.txt", "django==5.2\ngunicorn==23\ncelery==5.5\nboto3==1.38\npymongo==4.13\n"),
        ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
        ("shop/__init__.py", ""),
        (
            "shop/settings.py",
            "import os\nRABBITMQ_HOST = os.environ.get('RABBITMQ_HOST', 'localhost')\nRABBITMQ_USER = os.environ.get('RABBITMQ_USER', 'guest')\nRABBITMQ_PASSWORD = os.environ.get('RABBITMQ_PASSWORD', 'guest')\nMONGO_DB_URL = os.environ.get('MONGO_DB_URL', False)\nAWS_ACCESS_KEY_ID = os.environ.get('AWS_ACCESS_KEY_ID', 'access-key')\nAWS_SECRET_ACCESS_KEY = os.environ.get('AWS_SECRET_ACCESS_KEY', 'secret-key')\nAWS_S3_ENDPOINT_URL = os.environ['AWS_S3_ENDPOINT_URL']\n",
        ),
        ("shop/wsgi.py", "from shop import settings\nfrom shop.celery import app\n"),
        ("shop/celery.py", "from celery import Celery\n\napp = Celery('shop')\n"),
    ]);
    let text = written(folder.path());
    lacks(&text, &["mongo"]);
    let app = service(&text, "app");
    for part in [
        "RABBITMQ_HOST: rabbitmq\n",
        "RABBITMQ_PASSWORD: \"${RABBITMQ_PASSWORD:?set it in .env}\"",
        "AWS_S3_ENDPOINT_URL: http://minio:9000\n",
        "AWS_ACCESS_KEY_ID: access-key\n",
        "AWS_SECRET_ACCESS_KEY: \"${AWS_SECRET_ACCESS_KEY:?set it in .env}\"",
    ] {
        has(&app, &[part]);
    }
    has(
        &service(&text, "minio"),
        &[
            "command: [\"server\", \"/data\"",
            "MINIO_ROOT_USER: access-key\n",
            "minio-data:/data",
            "\"mc\", \"ready\", \"local\"",
        ],
    );
    has(&service(&text, "rabbitmq"), &["RABBITMQ_DEFAULT_USER: guest\n"]);
}

#[test]
fn stores_somewhere_else_are_not_added() {
    let package = r#"{"name": "api", "dependencies": {"@aws-sdk/client-s3": "3"}}"#;
    let source = "new S3Client({ endpoint: process.env.S3_ENDPOINT });\napp.listen(3000);\n";
    for example in ["S3_ENDPOINT=https://s3.eu-central-1.amazonaws.com\n", "S3_ENDPOINT=http://localhost:4566\n"] {
        let folder = project(&[
            ("Dockerfile", PROGRAM),
            ("package.json", package),
            ("package-lock.json", r#"{"lockfileVersion": 3, "packages": {}}"#),
            ("index.js", source),
            (".env.example", example),
        ]);
        lacks(&written(folder.path()), &["minio"]);
    }
}

#[test]
fn a_proxy_says_where_a_program_listens() {
    let dockerfile = "FROM golang:1.25 AS build\nWORKDIR /src\nCOPY go.mod .\nCOPY cmd cmd\nRUN go build -o /app ./cmd/app\nFROM alpine:3.22\nCOPY --from=build /app /app\nCMD [\"/app\"]\n";
    let folder = project(&[
        ("Dockerfile", "FROM alpine:3.22\nCOPY . .\nCMD [\"/app\", \"--watch\"]\n"),
        ("Dockerfile.prod", dockerfile),
        ("go.mod", "module shop\n\ngo 1.25\n\nrequire github.com/nats-io/nats.go v1.43.0\n"),
        (
            "cmd/app/main.go",
            "package main\n\nimport \"os\"\n\nfunc main() {\n\trun(os.Getenv(\"NATS_RPC_SERVER\"), os.Getenv(\"NATS_URL\"))\n}\n",
        ),
        ("nginx/nginx.conf", "events {}\nhttp { server { listen 80; location / { proxy_pass http://app:8080; } } }\n"),
        (".env.example", "NATS_RPC_SERVER=rpc_server\nNATS_URL=nats://localhost:4222\n"),
    ]);
    let text = written(folder.path());
    // The one for production stands for the program; the name of a subject is no host.
    has(&service(&text, "app"), &["dockerfile: Dockerfile.prod", "127.0.0.1", "8080", "NATS_URL: nats://nats:4222"]);
    lacks(&text, &["app-2", "NATS_RPC_SERVER: nats"]);
    has(&service(&text, "nginx"), &["app:\n        condition: service_healthy"]);
}

#[test]
fn servers_have_the_version_that_the_repository_runs() {
    let program =
        ("Dockerfile", "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nEXPOSE 8000\nCMD [\"python\", \"main.py\"]\n");
    let source =
        ("main.py", "import os\nos.environ['DATABASE_URL']\nos.environ['REDIS_URL']\nos.environ['NATS_URL']\n");
    let packages = ("requirements.txt", "psycopg\nredis\nnats-py\n");
    let example = (
        ".env.example",
        "DATABASE_URL=postgres://a@localhost/a\nREDIS_URL=redis://localhost\nNATS_URL=nats://localhost\n",
    );
    let pipeline = "jobs:\n  test:\n    services:\n      db:\n        image: postgres:15-alpine # as in production\n      nats:\n        image: nats:2.10\n";
    let stack = "services:\n  db:\n    image: \"docker.io/library/postgres:15-alpine\"\n  cache:\n    image: redis:${TAG}\n  new:\n    image: redis:9\n";
    let files =
        [program, source, packages, example, (".github/workflows/test.yml", pipeline), ("docker-stack.yml", stack)];
    let text = written(project(&files).path());
    // An image of NATS without a shell cannot be asked, and where Redis 9 keeps its data is not known.
    has(&text, &["image: postgres:15-alpine\n", "image: redis:8\n", "image: nats:2.12-alpine\n"]);
    let examples = [
        program,
        source,
        packages,
        example,
        ("examples/compose.yaml", stack),
        ("deploy/old.yaml", "image: postgres:9.6\n"),
    ];
    has(&written(project(&examples).path()), &["image: postgres:17\n"]);
    // What says that there is none, is no address.
    let settings = (
        "main.py",
        "import os\nos.environ['DATABASE_URL']\nif os.environ.get('USE_S3'):\n    url = os.environ.get('AWS_S3_ENDPOINT_URL', None)\n",
    );
    let packages = ("requirements.txt", "psycopg\nboto3\n");
    let example = (".env.example", "DATABASE_URL=postgres://a@localhost/a\n# AWS_S3_ENDPOINT_URL=None\n");
    lacks(&written(project(&[program, settings, packages, example]).path()), &["minio"]);
}

#[test]
fn an_address_without_a_login_is_that_of_the_usual_user() {
    let of = |broker: &str| {
        let tasks = format!(
            "from celery import Celery\napp = Celery('tasks', broker='{broker}')\n@app.task\ndef job():\n    pass\n"
        );
        let dockerfile = format!("{PYTHON}CMD [\"celery\", \"-A\", \"tasks\", \"worker\"]\n");
        written_with_notes(&[("Dockerfile", &dockerfile), ("requirements.txt", "celery\n"), ("tasks.py", &tasks)]).0
    };
    let text = of("amqp://rabbitmq");
    has(&service(&text, "rabbitmq"), &["RABBITMQ_DEFAULT_USER: guest", "RABBITMQ_DEFAULT_PASS: guest"]);
    lacks(&text, &["RABBITMQ_PASSWORD"]);
    has(&service(&of("amqp://ann:b@rabbitmq//"), "rabbitmq"), &["RABBITMQ_DEFAULT_USER: ann"]);
}

#[test]
fn the_engine_of_a_database_asks_for_its_extension() {
    let of = |engine: &str| {
        let settings = format!(
            "DATABASES = {{'default': {{'ENGINE': '{engine}', 'NAME': 'm', 'USER': 'u', 'PASSWORD': 'p', 'HOST': 'db', 'PORT': 5432}}}}\n"
        );
        let dockerfile = format!("{PYTHON}CMD [\"python\", \"manage.py\", \"runserver\", \"0.0.0.0:8000\"]\n");
        let files = [
            ("Dockerfile", dockerfile.as_str()),
            ("requirements.txt", "django\npsycopg2-binary\n"),
            ("manage.py", "import os, sys\n"),
            ("site1/__init__.py", ""),
            ("site1/settings.py", &settings),
        ];
        service(&written_with_notes(&files).0, "db")
    };
    has(&of("django.contrib.gis.db.backends.postgis"), &["image: postgis/postgis:"]);
    has(&of("django.db.backends.postgresql"), &["image: postgres:"]);
}

#[test]
fn a_configuration_at_the_top_is_that_of_the_proxy() {
    let conf = "events {}\nhttp { server { listen 80; location / { proxy_pass http://web:8000; } } }\n";
    let dockerfile = format!(
        "{PYTHON}EXPOSE 8000\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n"
    );
    let of = |dockerfile: &str| {
        let main = "from fastapi import FastAPI\napp = FastAPI()\n";
        let files = [
            ("docker/web/Dockerfile", dockerfile),
            ("requirements.txt", "fastapi\nuvicorn\n"),
            ("main.py", main),
            ("nginx.conf", conf),
        ];
        written_with_notes(&files).0
    };
    has(&service(&of(&dockerfile), "nginx"), &["./nginx.conf:/etc/nginx/nginx.conf:ro"]);
    // One for the host, which passes requests to a port of it.
    let host = conf.replace("http://web:8000", "http://127.0.0.1:8000");
    let files = [
        ("Dockerfile", dockerfile.as_str()),
        ("requirements.txt", "fastapi\nuvicorn\n"),
        ("main.py", "from fastapi import FastAPI\napp = FastAPI()\n"),
        ("nginx.conf", &host),
    ];
    lacks(&written_with_notes(&files).0, &["nginx"]);
    // The image has a server of its own for it.
    lacks(
        &of(&dockerfile.replace("EXPOSE", "RUN apt-get update && apt-get install -y nginx\nEXPOSE")),
        &["image: nginx"],
    );
}

#[test]
fn a_variable_that_a_command_listens_at_is_all_addresses() {
    let dockerfile = format!("{PYTHON}CMD python manage.py runserver ${{API_HOST}}:8000\n");
    let files = [
        ("Dockerfile", dockerfile.as_str()),
        ("requirements.txt", "django\n"),
        ("manage.py", "import os, sys\n"),
        ("site1/settings.py", "SECRET_KEY = 'x'\n"),
        (".env.example", "API_HOST=<YOUR_API_HOST>\n"),
    ];
    has(&written_with_notes(&files).0, &["API_HOST: \"0.0.0.0\"", "ports: [\"8000:8000\"]"]);
}

#[test]
fn a_job_gets_the_addresses_that_its_settings_fail_without() {
    let settings = "import os\nCELERY_BROKER_URL = f\"amqp://{os.environ['RABBITMQ_HOST']}:{os.environ['RABBITMQ_PORT']}\"\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'm', 'USER': 'u', 'PASSWORD': 'p', 'HOST': 'db', 'PORT': 5432}}\n";
    let dockerfile = format!("{PYTHON}CMD [\"python\", \"manage.py\", \"runserver\", \"0.0.0.0:8000\"]\n");
    let files = [
        ("Dockerfile", dockerfile.as_str()),
        ("requirements.txt", "celery\ndjango\npsycopg2-binary\n"),
        ("manage.py", "import os\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"site1.settings\")\n"),
        ("site1/__init__.py", ""),
        ("site1/settings.py", settings),
    ];
    let job = service(&written_with_notes(&files).0, "migrate");
    has(&job, &["RABBITMQ_HOST: rabbitmq", "RABBITMQ_PORT: "]);
}

#[test]
fn a_worker_gets_the_broker_that_the_web_server_does_not_load() {
    let dockerfile = format!("{PYTHON}CMD [\"uvicorn\", \"app.main:app\", \"--host\", \"0.0.0.0\"]\n");
    let celery = "import os\nfrom celery import Celery\n\ncelery_app = Celery(\n    \"shop\",\n    broker=os.getenv(\"CELERY_BROKER_URL\"),\n    backend=os.getenv(\"CELERY_RESULT_BACKEND\"),\n)\n";
    let files = [
        ("Dockerfile", dockerfile.as_str()),
        ("requirements.txt", "fastapi\nuvicorn\ncelery\nredis\n"),
        ("app/__init__.py", ""),
        ("app/config.py", "import os\nREDIS_URL = os.getenv(\"REDIS_URL\", \"redis://localhost:6379/0\")\n"),
        ("app/main.py", "from fastapi import FastAPI\nfrom app.config import REDIS_URL\napp = FastAPI()\n"),
        ("app/celery_app.py", celery),
        ("app/tasks.py", "from app.celery_app import celery_app\n\n@celery_app.task\ndef count():\n    return 1\n"),
    ];
    let worker = service(&written_with_notes(&files).0, "worker");
    has(&worker, &["CELERY_BROKER_URL: redis://redis:6379", "CELERY_RESULT_BACKEND: redis://redis:6379"]);
}

#[test]
fn what_a_script_of_the_database_makes_is_not_made_before() {
    let program = format!("{PYTHON}CMD [\"python\", \"m.py\"]\n");
    let of = |sql: &str| {
        let files = [
            ("app/Dockerfile", program.as_str()),
            ("app/requirements.txt", "psycopg2-binary\n"),
            ("app/m.py", "import psycopg2\nc = psycopg2.connect(\"dbname=queue user=consumer password=pw host=db\")\n"),
            ("db/Dockerfile", "FROM postgres:17\nCOPY init.sql /docker-entrypoint-initdb.d/\n"),
            ("db/init.sql", sql),
        ];
        service(&written_with_notes(&files).0, "db")
    };
    lacks(&of("CREATE USER consumer PASSWORD 'pw';\nCREATE DATABASE queue;\n"), &["POSTGRES_USER: ", "POSTGRES_DB: "]);
    has(&of("CREATE TABLE q (id serial);\n"), &["POSTGRES_USER: consumer", "POSTGRES_DB: queue"]);
}
