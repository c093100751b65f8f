//! `dockopt compose emit` for images that start nothing by themselves, and for what only a compose file that is gone said.

use crate::compose_emit_first_start::written_with_notes;
use crate::compose_emit_variables::{has, lacks, service};

/// A program of Node.js, from `package.json` and `index.js`.
const NODE: &str = "FROM node:22-slim\nWORKDIR /srv\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"index.js\"]\n";

/// Images that start nothing: a compose file that is gone had their commands.
const IDLE: &str = "FROM python:3.13-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY backend/ /app/\n";

#[test]
fn images_without_a_command_get_that_of_their_program() {
    let django = |requirements: &str, more: &[(&str, &str)]| {
        let files = [
            ("docker/celery/Dockerfile", IDLE),
            ("docker/web/Dockerfile", IDLE),
            ("docker/nginx/nginx.conf", "server { listen 80; location / { proxy_pass http://web:8000; } }\n"),
            ("requirements.txt", requirements),
            ("backend/manage.py", "import os, sys\n"),
            ("backend/config/__init__.py", ""),
            ("backend/config/settings.py", "import os\nCELERY_BROKER_URL = os.environ['CELERY_BROKER_URL']\n"),
            (
                "backend/config/wsgi.py",
                "from django.core.wsgi import get_wsgi_application\n\napplication = get_wsgi_application()\n",
            ),
            ("backend/config/celery.py", "from celery import Celery\n\napp = Celery('shop')\n"),
            (".env.example", "CELERY_BROKER_URL=redis://localhost:6379/0\n"),
        ];
        written_with_notes(&files.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>())
    };
    // The modules are those of the image, and the Dockerfile for workers is not that of the server.
    let (text, _) = django("django\ngunicorn\ncelery\nredis\n", &[]);
    let web = service(&text, "web");
    has(&web, &["docker/web/Dockerfile", "\"config.wsgi:application\""]);
    has(&service(&text, "worker"), &["celery"]);
    // The server of Django for developers is the only one that is there.
    let (text, notes) = django("django\ncelery\nredis\n", &[]);
    has(
        &service(&text, "web"),
        &["[\"python\", \"manage.py\", \"runserver\", \"0.0.0.0:8000\"]", "docker/web/Dockerfile"],
    );
    has(&notes, &["is a server for development"]);
    // Entrypoints of one name that are two files: each image is of its own program.
    let entrypoint = |name: &str| {
        format!("{IDLE}COPY docker/{name}/entrypoint.sh /entrypoint.sh\nENTRYPOINT [\"/entrypoint.sh\"]\n")
    };
    let (web, celery) = (entrypoint("web"), entrypoint("celery"));
    let script = "#!/bin/sh\nset -e\nexec \"$@\"\n";
    let entrypoints = [
        ("docker/web/Dockerfile", web.as_str()),
        ("docker/celery/Dockerfile", &celery),
        ("docker/web/entrypoint.sh", script),
        ("docker/celery/entrypoint.sh", script),
    ];
    let (text, _) = django("django\ngunicorn\ncelery\nredis\n", &entrypoints);
    has(&service(&text, "web"), &["docker/web/Dockerfile", "\"config.wsgi:application\""]);
    let worker = service(&text, "worker");
    has(&worker, &["docker/celery/Dockerfile", "\"celery\""]);
    lacks(&worker, &["gunicorn", "ports:"]);
    lacks(&text, &["scheduler:"]);
    // Tasks with times: the image for workers plans them too.
    let timed = "from celery import Celery\n\napp = Celery('shop')\napp.conf.beat_schedule = {}\n";
    let with_times: Vec<_> = entrypoints.into_iter().chain([("backend/config/celery.py", timed)]).collect();
    let (text, _) = django("django\ngunicorn\ncelery\nredis\n", &with_times);
    has(&service(&text, "scheduler"), &["docker/celery/Dockerfile", "\"beat\""]);
    has(&service(&text, "worker"), &["docker/celery/Dockerfile", "\"worker\""]);
}

#[test]
fn a_proxy_without_its_server_is_said() {
    let conf = "upstream app { server backend:8000; }\nserver { listen 80; location / { proxy_pass http://app; } }\n";
    let site = [
        ("nginx/Dockerfile", "FROM nginx:1.30\nCOPY nginx.conf /etc/nginx/conf.d/default.conf\n"),
        ("nginx/nginx.conf", conf),
        ("api/Dockerfile", "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"main.py\"]\n"),
        ("api/main.py", "import http.server\nhttp.server.HTTPServer(('', 9000), None).serve_forever()\n"),
    ];
    let (text, notes) = written_with_notes(&site);
    has(
        &notes,
        &[
            "nginx/Dockerfile is left out: ",
            "nginx/nginx.conf:1 passes requests to `backend`, which is no service here",
        ],
    );
    lacks(&text, &["nginx:"]);
    let flask = [
        ("nginx/Dockerfile", site[0].1),
        ("nginx/nginx.conf", conf),
        ("api/Dockerfile", "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n"),
        ("api/requirements.txt", "flask\n"),
        ("api/main.py", "from flask import Flask\n\napp = Flask(__name__)\n"),
    ];
    let (text, _) = written_with_notes(&flask);
    has(&text, &["[\"flask\", \"--app\", \"main:app\", \"run\", \"--host\", \"0.0.0.0\", \"--port\", \"5000\"]"]);
}

#[test]
fn what_lies_beside_the_dockerfile_counts() {
    // A configuration that a compose file mounted: it is that of the image beside it.
    let conf = "events {}\nhttp { server { listen 80; location /api { proxy_pass http://api:9000; } } }\n";
    let (text, _) = written_with_notes(&[
        ("nginx/Dockerfile", "FROM nginx:1.30\nCOPY site /usr/share/nginx/html\n"),
        ("nginx/site/index.html", "<html></html>\n"),
        ("nginx/nginx.conf", conf),
        ("api/Dockerfile", "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"yarn\", \"run\", \"start\"]\n"),
        (
            "api/package.json",
            r#"{"scripts": {"start": "react-scripts start"}, "dependencies": {"react-scripts": "5.0.1"}}"#,
        ),
        ("api/src/index.js", "import React from \"react\";\n"),
    ]);
    lacks(&text, &["nginx-2:", "image: nginx"]);
    has(&service(&text, "nginx"), &["./nginx/nginx.conf:/etc/nginx/nginx.conf:ro", "build: ./nginx"]);
    // The port of a script of package.json.
    has(&service(&text, "api"), &["http://127.0.0.1:3000/"]);
    // The only host that no program has is the only program of which no port is known.
    let (text, _) = written_with_notes(&[
        ("nginx/Dockerfile", "FROM nginx:1.30\nCOPY nginx.conf /etc/nginx/nginx.conf\n"),
        ("nginx/nginx.conf", conf),
        ("backend/Dockerfile", "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nCMD [\"python\", \"main.py\"]\n"),
        (
            "backend/main.py",
            "import settings, http.server\nhttp.server.HTTPServer(('', settings.port), None).serve_forever()\n",
        ),
    ]);
    has(&service(&text, "api"), &["build: ./backend"]);
    // What git does not keep is to be written; paths above the context are below it.
    let (text, notes) = written_with_notes(&[
        (
            "docker/api/Dockerfile",
            "FROM python:3.13-slim\nWORKDIR /app\nCOPY requirements.txt ../../api/.env ./\nRUN pip install -r requirements.txt\nCOPY ../../api/ /app/\nEXPOSE 8000\n",
        ),
        ("requirements.txt", "fastapi\nuvicorn\n"),
        ("api/main.py", "from fastapi import FastAPI\napp = FastAPI()\n"),
    ]);
    has(&notes, &["copies `api/.env`, which git does not keep: write it before the first build"]);
    has(&text, &["\"uvicorn\", \"main:app\""]);
}

#[test]
fn passwords_in_sources_may_have_signs() {
    let (text, _) = written_with_notes(&[
        ("Dockerfile", NODE),
        ("package.json", r#"{"dependencies": {"express": "5", "pg": "8", "typeorm": "0.3"}}"#),
        (
            "index.js",
            "const db = new DataSource({type: 'postgres', host: 'db', port: 5432, username: 'rome', password: 'cB@8F}gc!~', database: 'votes'});\nrequire('express')().listen(3000);\n",
        ),
    ]);
    // It stands in no second file.
    has(&service(&text, "db"), &["POSTGRES_USER: rome", "POSTGRES_PASSWORD_FILE:", "POSTGRES_DB: votes"]);
    lacks(&text, &["cB@8F"]);
}

#[test]
fn packages_of_other_requirements_are_not_there() {
    let dockerfile =
        "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install --no-cache-dir -r requirements/local.txt\n";
    let written = |local: &str| {
        written_with_notes(&[
            ("Dockerfile", dockerfile),
            ("requirements/base.txt", "django==5.2\n"),
            ("requirements/local.txt", local),
            ("requirements/production.txt", "-r base.txt\ngunicorn==23\n"),
            ("manage.py", "import os\n"),
            ("shop/wsgi.py", "application = get_wsgi_application()\n"),
        ])
        .0
    };
    has(&written("-r base.txt\ncoverage\n"), &["\"manage.py\", \"runserver\""]);
    has(&written("-r production.txt\n"), &["\"gunicorn\", \"shop.wsgi:application\""]);
}

#[test]
fn an_image_that_is_called_after_migrations_is_a_job() {
    let (text, _) = written_with_notes(&[
        (
            "api/Dockerfile",
            "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"flask\", \"--app\", \"main.py\", \"run\", \"--host\", \"0.0.0.0\"]\n",
        ),
        ("api/requirements.txt", "flask\npsycopg2-binary\n"),
        (
            "api/main.py",
            "import os\nfrom flask import Flask\n\napp = Flask(__name__)\nkey = os.getenv('AWS_ACCESS_KEY_ID')\nhost = os.getenv('POSTGRES_HOST', 'db')\npassword = os.getenv('POSTGRES_PASSWORD')\n",
        ),
        ("migrations/Dockerfile", "FROM postgres:17\nCOPY . .\nCMD [\"./migrate_db.sh\"]\n"),
        (
            "migrations/migrate_db.sh",
            "#!/bin/sh\nexport PGPASSWORD=$POSTGRES_PASSWORD\npsql -h ${POSTGRES_HOST:=db} -f first.up.sql\n",
        ),
        ("migrations/first.up.sql", "CREATE TABLE a (b int);\n"),
    ]);
    let api = service(&text, "api");
    has(&api, &["5000:5000", "AWS_ACCESS_KEY_ID:", "service_completed_successfully"]);
    has(&service(&text, "migrations"), &["build: ./migrations", "restart: \"no\""]);
}

#[test]
fn only_web_servers_answer_from_the_files_of_others() {
    let conf = "events {}\nhttp { server { listen 80; location / { proxy_pass http://web:8000; } location /uploads/ { alias /uploads/; } } }\n";
    let python = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n";
    let (text, _) = written_with_notes(&[
        ("docker/web/Dockerfile", &format!("{python}CMD [\"gunicorn\", \"-b\", \"0.0.0.0:8000\", \"app.main:app\"]\n")),
        ("docker/celery/Dockerfile", &format!("{python}CMD [\"celery\", \"-A\", \"app.main\", \"worker\"]\n")),
        ("docker/nginx/Dockerfile", "FROM nginx:1.30\nCOPY nginx/nginx.conf /etc/nginx/nginx.conf\n"),
        ("nginx/nginx.conf", conf),
        ("requirements.txt", "flask\ngunicorn\ncelery\nredis\n"),
        ("app/__init__.py", ""),
        (
            "app/main.py",
            "import os\nfrom flask import Flask\nfrom celery import Celery\n\napp = Flask(__name__)\nUPLOAD_FOLDER = '/app/uploads'\nqueue = Celery('a', broker=os.environ['REDIS_URL'])\nopen('/app/uploads/a', 'w')\n",
        ),
    ]);
    lacks(&service(&text, "web"), &[":ro"]);
    // A worker works on what its program was sent.
    has(&service(&text, "web"), &["volumes: [\"web-data:/app/uploads\"]"]);
    has(&service(&text, "worker"), &["volumes: [\"web-data:/app/uploads\"]"]);
    lacks(&text, &["worker-data"]);
}

#[test]
fn sources_that_only_a_compose_file_mounted_are_mounted() {
    let python =
        "FROM python:3.13-slim\nWORKDIR /app\nCOPY requirements.txt /app/\nRUN pip install -r requirements.txt\n";
    let web = format!("{python}CMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n");
    let worker = format!("{python}CMD [\"celery\", \"-A\", \"worker\", \"worker\"]\n");
    let tasks =
        "from celery import Celery\napp = Celery('a', broker='redis://redis:6379/0')\n@app.task\ndef f():\n    pass\n";
    let files = [
        ("docker/web/Dockerfile", web.as_str()),
        ("docker/worker/Dockerfile", &worker),
        ("requirements.txt", "fastapi\nuvicorn\ncelery\nredis\n"),
        ("main.py", "from fastapi import FastAPI\nfrom worker import f\napp = FastAPI()\n"),
        ("worker.py", tasks),
    ];
    let (text, notes) = written_with_notes(&files);
    for name in ["web", "worker"] {
        has(&service(&text, name), &["\"./:/app\""]);
    }
    has(&service(&text, "redis"), &["image: redis:"]);
    has(&notes, &["holds no sources"]);
    let node =
        "FROM node:22-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install\nCMD [\"node\", \"index.js\"]\n";
    let files = [
        ("api/Dockerfile", node),
        ("api/package.json", "{\"name\": \"a\"}"),
        ("api/index.js", "require('http').createServer((_, r) => r.end('ok')).listen(3000)\n"),
    ];
    has(&service(&written_with_notes(&files).0, "api"), &["\"./api:/app\"", "\"/app/node_modules\"", "3000"]);
    // What else brings a program, or packages below its folder, would be hidden.
    for line in [
        "RUN git clone https://example.org/a.git .",
        "COPY --from=node:22-slim /opt /app",
        "COPY dist dist",
        "ADD https://example.org/a.js /app/",
        "COPY <<EOF /app/a.js\n1\nEOF",
    ] {
        let other = [("api/Dockerfile", &*node.replace("CMD", &format!("{line}\nCMD"))), files[1], files[2]];
        lacks(&written_with_notes(&other).0, &["./api:/app"]);
    }
    // An image that has them needs none.
    let whole = [("api/Dockerfile", &*node.replace("CMD", "COPY . .\nCMD")), files[1], files[2]];
    lacks(&service(&written_with_notes(&whole).0, "api"), &["volumes"]);
}
