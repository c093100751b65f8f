//! `dockopt compose emit`: what a project needs so that the file which is written starts at once.

use crate::compose_emit::{emitted, project, written};
use crate::compose_emit_variables::{has, lacks, service};

/// A program of Python, from `requirements.txt` and `main.py`.
const PYTHON: &str = "FROM python:3.13-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n";
const FASTAPI: &str = "import os\nfrom fastapi import FastAPI\nfrom sqlalchemy import create_engine\n\nengine = create_engine(os.environ[\"DATABASE_URL\"])\napp = FastAPI()\n";
const REQUIREMENTS: &str = "fastapi\nuvicorn\nalembic\nsqlalchemy\npsycopg2-binary\n";

/// A program of Node.js, from `package.json` and `index.js`.
const NODE: &str = "FROM node:22-slim\nWORKDIR /srv\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"index.js\"]\n";
const LOCK: &str = r#"{"lockfileVersion": 3, "packages": {}}"#;

fn node_project(packages: &str, source: &str, more: &[(&str, &str)]) -> tempfile::TempDir {
    let manifest = format!(r#"{{"name": "api", "dependencies": {{{packages}}}}}"#);
    let files = [("Dockerfile", NODE), ("package.json", &*manifest), ("package-lock.json", LOCK), ("index.js", source)];
    project(&[&files[..], more].concat())
}

#[test]
fn migrations_run_only_where_their_folder_is() {
    let of = |ini: &str, more: &[(&str, &str)]| {
        let files =
            [("Dockerfile", PYTHON), ("requirements.txt", REQUIREMENTS), ("main.py", FASTAPI), ("alembic.ini", ini)];
        project(&[&files[..], more].concat())
    };
    let ini = "[alembic]\nscript_location = %(here)s/migrations\n";
    let folder = of(ini, &[]);
    lacks(&written(folder.path()), &["migrate"]);
    assert!(
        emitted(folder.path())["notes"]
            .to_string()
            .contains("needs `migrations/versions`, which is not there: no job runs")
    );
    let folder = of(ini, &[("migrations/env.py", "import os\n"), ("migrations/versions/a.py", "revision = 'a'\n")]);
    has(&service(&written(folder.path()), "migrate"), &["[\"alembic\", \"upgrade\", \"head\"]"]);

    let schema = "datasource db {\n  provider = \"postgresql\"\n  url = env(\"DATABASE_URL\")\n}\n";
    let prisma = |more: &[(&str, &str)]| {
        let files = [("prisma/schema.prisma", schema)];
        node_project(r#""prisma": "6", "@prisma/client": "6""#, "app.listen(3000);\n", &[&files[..], more].concat())
    };
    lacks(&written(prisma(&[]).path()), &["migrate"]);
    let folder = prisma(&[("prisma/migrations/1_a/migration.sql", "CREATE TABLE a (id int);\n")]);
    has(&service(&written(folder.path()), "migrate"), &["migrate\", \"deploy"]);
}

#[test]
fn jobs_have_no_check_of_the_server() {
    let check =
        "HEALTHCHECK CMD [\"python\", \"-c\", \"import urllib.request as u; u.urlopen('http://127.0.0.1:8000/')\"]\n";
    let folder = project(&[
        ("Dockerfile", &PYTHON.replace("CMD", &format!("{check}CMD"))),
        ("requirements.txt", REQUIREMENTS),
        ("main.py", FASTAPI),
        ("alembic.ini", "[alembic]\nscript_location = migrations\n"),
        ("migrations/env.py", "import os\n"),
        ("migrations/versions/a.py", "revision = 'a'\n"),
    ]);
    let text = written(folder.path());
    has(&service(&text, "migrate"), &["healthcheck:\n      disable: true"]);
    lacks(&service(&text, "app"), &["disable"]);
}

#[test]
fn migrations_of_a_script_run_where_the_image_has_its_program() {
    let of = |dependencies: &str, command: &str| {
        let manifest = format!(
            r#"{{"name": "api", "scripts": {{"migrate": "{command}"}}, "dependencies": {{"pg": "8"{dependencies}}}, "devDependencies": {{"tsx": "4"}}}}"#
        );
        project(&[
            ("Dockerfile", &NODE.replace("npm ci", "npm ci --omit=dev")),
            ("package.json", &manifest),
            ("package-lock.json", LOCK),
            ("index.js", "new Pool({ connectionString: process.env.DATABASE_URL });\napp.listen(3000);\n"),
            ("migrate.js", "run();\n"),
        ])
    };
    for (dependencies, command) in [("", "node migrate.js"), (r#", "node-pg-migrate": "8""#, "node-pg-migrate up")] {
        let text = written(of(dependencies, command).path());
        has(&service(&text, "migrate"), &["command: [\"npm\", \"run\", \"migrate\"]", "DATABASE_URL"]);
        has(&service(&text, "app"), &["migrate:\n        condition: service_completed_successfully"]);
    }
    // A file that is not there, and what only developers run.
    for command in ["node scripts/migrate.js", "node --watch migrate.js"] {
        lacks(&written(of("", command).path()), &["  migrate:"]);
    }
    let folder = of("", "tsx migrate.js");
    lacks(&written(folder.path()), &["  migrate:"]);
    assert!(emitted(folder.path())["notes"].to_string().contains("lacks what `npm run migrate` starts"));
}

#[test]
fn scripts_that_make_tables_are_given_to_their_database() {
    let source = "new Pool({ host: process.env.DB_HOST, database: process.env.DB_NAME });\napp.listen(3000);\n";
    let table = "CREATE TABLE users (id serial primary key);\n";
    let mounted =
        |more: &[(&str, &str)], packages: &str, source: &str| written(node_project(packages, source, more).path());
    let text = mounted(&[("db/init.sql", table)], r#""pg": "8""#, source);
    has(&service(&text, "postgres"), &["./db/init.sql:/docker-entrypoint-initdb.d/init.sql:ro"]);
    let text = mounted(&[("initdb.d/1.sql", table), ("initdb.d/2.sql", table)], r#""pg": "8""#, source);
    has(&service(&text, "postgres"), &["./initdb.d:/docker-entrypoint-initdb.d:ro"]);
    let text = mounted(
        &[("db/schema.sql", table), ("db/seed.sql", "INSERT INTO users VALUES (1);\n")],
        r#""pg": "8""#,
        source,
    );
    has(&service(&text, "postgres"), &["./db/schema.sql:"]);
    let text = mounted(
        &[("db/init.sql", "USE shop;\nCREATE TABLE users (id int AUTO_INCREMENT);\n")],
        r#""mysql2": "3""#,
        &source.replace("Pool", "Mysql"),
    );
    has(&service(&text, "mysql"), &["./db/init.sql:/docker-entrypoint-initdb.d/init.sql:ro", "MYSQL_DATABASE: shop"]);
    has(&service(&text, "app"), &["DB_NAME: shop"]);
    // Those of another server, of tests and of tools, and what the program runs itself.
    for (path, script, more) in [
        ("db/init.sql", "CREATE TABLE users (id int AUTO_INCREMENT);\n", ""),
        ("test/init.sql", table, ""),
        ("supabase/migrations/1.sql", table, ""),
        ("db/init.sql", table, "fs.readFileSync(\"db/init.sql\");\n"),
        ("db/seed.sql", "INSERT INTO users VALUES (1);\n", ""),
        // What the image's set-up stops at, and what tools and frameworks run.
        ("db/init.sql", "CREATE DATABASE shop;\nCREATE TABLE users (id int);\n", ""),
        ("db/init.sql", "CREATE TABLE users (id int);\nALTER TABLE users OWNER TO shop;\n", ""),
        ("db/init.sql", "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT);\n", ""),
        ("db/migrate/000001_init.up.sql", table, ""),
        ("src/main/resources/schema.sql", table, ""),
        ("sql/schema/001_users.sql", "-- +goose Up\nCREATE TABLE users (id int);\n", ""),
        ("sql/users.sql", table, "migrate(\"./sql\");\n"),
    ] {
        let text = mounted(&[(path, script)], r#""pg": "8""#, &format!("{source}{more}"));
        lacks(&text, &["initdb"]);
    }
    let several = [("sql/a.sql", table), ("sql/b.sql", table)];
    let folder = node_project(r#""pg": "8""#, source, &several);
    lacks(&written(folder.path()), &["initdb"]);
    assert!(emitted(folder.path())["notes"].to_string().contains("nothing shows which of them"));
}

#[test]
fn ports_that_are_made_numbers_are_set() {
    for read in ["+process.env.DB_PORT", "Number(process.env.DB_PORT)", "parseInt(process.env.DB_PORT, 10)"] {
        let source = format!("new Pool({{ host: process.env.DB_HOST, port: {read} }});\napp.listen(3000);\n");
        has(&service(&written(node_project(r#""pg": "8""#, &source, &[]).path()), "app"), &["DB_PORT: \"5432\""]);
        let source = source.replace(read, &format!("{read} || 5432"));
        lacks(&written(node_project(r#""pg": "8""#, &source, &[]).path()), &["DB_PORT"]);
    }
    let main = "import os\n\nport = int(os.getenv(\"DB_PORT\"))\nhost = os.environ[\"DB_HOST\"]\n";
    let folder = project(&[("Dockerfile", PYTHON), ("requirements.txt", "psycopg2-binary\n"), ("main.py", main)]);
    has(&service(&written(folder.path()), "app"), &["DB_PORT: \"5432\"", "DB_HOST: postgres"]);
}

#[test]
fn a_program_without_any_port_is_told_the_usual_one() {
    let source = "const app = require(\"express\")();\napp.get(\"/users\", (q, r) => r.json([]));\napp.listen(+process.env.APP_PORT);\n";
    let text = written(node_project(r#""express": "5""#, source, &[]).path());
    has(&service(&text, "app"), &["APP_PORT: \"3000\"", "ports: [\"3000:3000\"]", "healthcheck:"]);
}

#[test]
fn servers_of_vite_listen_where_their_configuration_says() {
    let of = |command: &str, configuration: &[(&str, &str)]| {
        let manifest = r#"{"name": "web", "scripts": {"dev": "vite --host", "preview": "vite preview --host"}, "devDependencies": {"vite": "7"}}"#;
        let files = [
            ("Dockerfile", &*NODE.replace("[\"node\", \"index.js\"]", command)),
            ("package.json", manifest),
            ("package-lock.json", LOCK),
            ("index.html", "<p>a</p>\n"),
            ("src/main.js", "console.log(1);\n"),
        ];
        written(project(&[&files[..], configuration].concat()).path())
    };
    let settings = "export default { server: { host: true, port: 3000 }, preview: { port: 3100 } }\n";
    for (command, configuration, port) in [
        ("[\"npm\", \"run\", \"dev\"]", &[("vite.config.js", settings)][..], 3000),
        ("[\"sh\", \"-c\", \"npm run dev\"]", &[("vite.config.ts", settings)], 3000),
        ("[\"npm\", \"run\", \"preview\"]", &[("vite.config.js", settings)], 3100),
        ("[\"npm\", \"run\", \"dev\"]", &[], 5173),
        ("[\"npm\", \"run\", \"preview\"]", &[], 4173),
    ] {
        let text = of(command, configuration);
        has(&service(&text, "app"), &[&format!("ports: [\"{port}:{port}\"]"), "healthcheck:"]);
    }
    lacks(
        &of("[\"npm\", \"run\", \"dev\"]", &[("vite.config.js", "export default { server: { port: PORT } }\n")]),
        &["ports:"],
    );
}

#[test]
fn users_follow_the_rules_of_their_server() {
    let main = "import os\nfrom neo4j import GraphDatabase\n\nuser = os.environ.get(\"NEO4J_USER\", \"app\")\ndriver = GraphDatabase.driver(os.environ[\"NEO4J_URI\"], auth=(user, os.environ[\"NEO4J_PASSWORD\"]))\n";
    let folder = project(&[("Dockerfile", PYTHON), ("requirements.txt", "neo4j\nfastapi\n"), ("main.py", main)]);
    let text = written(folder.path());
    has(&service(&text, "neo4j"), &["NEO4J_AUTH: \"neo4j/${NEO4J_PASSWORD:?"]);
    has(&service(&text, "app"), &["NEO4J_USER: neo4j"]);

    let source = "mysql.createPool({ host: process.env.DB_HOST, user: process.env.DB_USER, password: process.env.DB_PASSWORD });\napp.listen(3000);\n";
    let example = [(".env.example", "DB_HOST=localhost\nDB_USER=root\nDB_PASSWORD=\n")];
    let text = written(node_project(r#""mysql2": "3""#, source, &example).path());
    has(&service(&text, "mysql"), &["MYSQL_ROOT_PASSWORD: \"${DB_PASSWORD:?", "MYSQL_DATABASE: app"]);
    lacks(&service(&text, "mysql"), &["MYSQL_USER: ", "MYSQL_PASSWORD: ", "RANDOM"]);
    has(&service(&text, "app"), &["DB_USER: root"]);

    let source = "new Minio.Client({ endPoint: process.env.MINIO_ENDPOINT, accessKey: process.env.MINIO_ACCESS_KEY, secretKey: process.env.MINIO_SECRET_KEY });\napp.listen(3000);\n";
    let text = written(node_project(r#""minio": "8""#, source, &[]).path());
    has(&service(&text, "app"), &["MINIO_ENDPOINT: minio\n", "MINIO_ACCESS_KEY: app", "MINIO_SECRET_KEY: \"${"]);
}

#[test]
fn what_a_program_reads_without_a_default_arrives() {
    let source = "const stripe = require(\"stripe\")(process.env.STRIPE_API_KEY);\njwt.sign(user, process.env.JWT_SECRET);\nif (process.env.SENTRY_DSN) start();\nif (process.env.NODE_ENV === \"production\") serve();\napp.listen(3000);\n";
    let folder = node_project(r#""stripe": "18", "express": "5""#, source, &[]);
    let text = written(folder.path());
    has(&service(&text, "app"), &["STRIPE_API_KEY:\n", "JWT_SECRET: \"${JWT_SECRET:?set it in .env}\""]);
    lacks(&text, &["SENTRY_DSN", "NODE_ENV"]);
    // What the machine of the developer sets is nothing of the program.
    let source = "start(process.env.NODE_OPTIONS, process.env.HTTPS_PROXY);\napp.listen(3000);\n";
    lacks(&written(node_project(r#""express": "5""#, source, &[]).path()), &["NODE_OPTIONS", "HTTPS_PROXY"]);
    let main = "import os\n\nprint(os.getenv(\"BANNER_TEXT\"))\n";
    let printing = project(&[("Dockerfile", PYTHON), ("requirements.txt", "fastapi\n"), ("main.py", main)]);
    lacks(&written(printing.path()), &["${BANNER_TEXT"]);
    let example = std::fs::read_to_string(folder.path().join(".env.example")).unwrap();
    has(&example, &["# STRIPE_API_KEY=\n", "\nJWT_SECRET=\n"]);

    let main = "from pydantic import Field\nfrom pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    secret_key: str = Field(\"\")\n    jwt_secret: str = Field(default=\"\")\n    log_level: str = Field(default=\"info\")\n";
    let folder = project(&[
        ("Dockerfile", PYTHON),
        ("requirements.txt", "fastapi\nuvicorn\npydantic-settings\n"),
        ("main.py", main),
    ]);
    has(&service(&written(folder.path()), "app"), &["SECRET_KEY: \"${SECRET_KEY:?", "JWT_SECRET: \"${JWT_SECRET:?"]);
}

/// A server of Flask on a port, with more lines.
fn flask(port: u16, more: &str) -> [(String, String); 3] {
    let main = format!(
        "import os\nfrom flask import Flask\n\n{more}\napp = Flask(__name__)\n\n\n@app.route(\"/\")\ndef index():\n    return \"a\"\n\n\napp.run(host=\"0.0.0.0\", port={port})\n"
    );
    let dockerfile = PYTHON.replace(
        "[\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]",
        "[\"python\", \"main.py\"]",
    );
    [
        ("Dockerfile".to_owned(), dockerfile),
        ("requirements.txt".to_owned(), "flask\n".to_owned()),
        ("main.py".to_owned(), main),
    ]
}

#[test]
fn programs_find_each_other_by_their_variables() {
    let of = |services: &[(&str, u16, &str)], more: &[(&str, &str)]| {
        let files: Vec<(String, String)> = services
            .iter()
            .flat_map(|(name, port, more)| flask(*port, more).map(|(file, text)| (format!("{name}/{file}"), text)))
            .collect();
        let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
        written(project(&[&files[..], more].concat()).path())
    };
    let read = "AUTH = os.environ[\"AUTH_URL\"]\nAPI = os.environ[\"API_URL\"]\nSITE = os.environ.get(\"SITE_URL\")";
    let text = of(&[("auth-service", 5000, ""), ("backend-service", 5000, ""), ("frontend", 5000, read)], &[]);
    let front = service(&text, "frontend");
    has(&front, &["AUTH_URL: http://auth-service:5000", "API_URL: http://backend-service:5000", "SITE_URL:\n"]);
    has(
        &front,
        &["auth-service:\n        condition: service_healthy", "backend-service:\n        condition: service_healthy"],
    );
    // A default that means the container itself leads nowhere; another one does.
    let read = "A = os.getenv(\"SEARCH_URL\", \"http://localhost:7000/v1\")\nB = os.getenv(\"MAIL_URL\", \"http://mail.example.com\")";
    let text = of(&[("finder", 7000, ""), ("shop", 5000, read)], &[]);
    has(&service(&text, "shop"), &["SEARCH_URL: http://finder:7000/v1", "finder:\n        condition: service_healthy"]);
    lacks(&text, &["MAIL_URL"]);
    // Its own address, and one that nothing but being alone speaks for.
    let read = "A = os.environ.get(\"API_HOST\")\nB = os.environ.get(\"BASE_URL\")\nC = os.environ.get(\"SERVER_URL\")";
    let text = of(&[("api", 5000, read), ("dashboard", 7000, "")], &[]);
    lacks(&text, &["dashboard:7000", "API_HOST: dashboard"]);
}

#[test]
fn a_worker_names_each_dependency_once() {
    let main = "from celery import Celery\nimport os\nfrom sqlalchemy import create_engine\n\nengine = create_engine(os.environ[\"DATABASE_URL\"])\napi = os.environ[\"API_URL\"]\ncelery_app = Celery(\"a\", broker=\"redis://redis:6379\")\n";
    let requirements = "celery\nredis\nsqlalchemy\npsycopg2-binary\n";
    let start = "#!/bin/sh\nalembic upgrade head\nexec uvicorn main:app --host 0.0.0.0 --port 8000\n";
    let folder = project(&[
        ("api/Dockerfile", &PYTHON.replace("CMD", "ENTRYPOINT [\"/app/start.sh\"]\n#")),
        ("api/requirements.txt", REQUIREMENTS),
        ("api/main.py", FASTAPI),
        ("api/start.sh", start),
        (
            "jobs/Dockerfile",
            &PYTHON.replace(
                "[\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]",
                "[\"celery\", \"-A\", \"main\", \"worker\"]",
            ),
        ),
        ("jobs/requirements.txt", requirements),
        ("jobs/main.py", main),
    ]);
    let text = written(folder.path());
    assert_eq!(service(&text, "jobs").matches("      api:\n").count(), 1, "{text}");
}

#[test]
fn ports_of_variables_follow_examples_and_proxies() {
    let source = "const app = require(\"express\")();\napp.get(\"/users\", (q, r) => r.json([]));\napp.listen(process.env.PORT);\n";
    let example = [(".env.example", "PORT=5000\n")];
    let text = written(node_project(r#""express": "5""#, source, &example).path());
    has(&service(&text, "app"), &["PORT: \"5000\"", "ports: [\"5000:5000\"]"]);
}

#[test]
fn programs_behind_a_proxy_of_the_repository_are_not_published() {
    let nginx = "events {}\nhttp {\n  upstream api { server shop_api:8000; }\n  server { listen 80; location / { proxy_pass http://api; } }\n}\n";
    let of = |more: &[(&'static str, &'static str)]| {
        let api: Vec<(String, String)> =
            flask(8000, "HERE = \"http://localhost:8000\"").map(|(file, text)| (format!("api/{file}"), text)).to_vec();
        let mut files: Vec<(&str, &str)> = api.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
        files.extend([
            ("nginx/Dockerfile", "FROM nginx:1.30\nCOPY nginx.conf /etc/nginx/nginx.conf\n"),
            ("nginx/nginx.conf", nginx),
        ]);
        files.extend(more);
        written(project(&files).path())
    };
    let text = of(&[]);
    // The name is that of the configuration.
    has(&service(&text, "nginx"), &["ports: [\"8080:80\"]", "shop_api:\n        condition: service_healthy"]);
    has(&service(&text, "shop_api"), &["build: ./api", "healthcheck:"]);
    lacks(&service(&text, "shop_api"), &["ports:"]);
    // Somebody asks it by its own port, and not by another that begins as that does.
    has(&service(&of(&[(".env.example", "API_URL=http://localhost:8000\n")]), "shop_api"), &["ports: [\"8000:8000\"]"]);
    lacks(&service(&of(&[(".env.example", "API_URL=http://localhost:80001\n")]), "shop_api"), &["ports:"]);
}

#[test]
fn a_proxy_gets_the_files_that_programs_leave_for_it() {
    let settings = "from pathlib import Path\nimport os\nBASE_DIR = Path(__file__).resolve().parent\nROOT_URLCONF = 'urls'\nSECRET_KEY = 'x'\nSTATIC_ROOT = BASE_DIR / 'staticfiles'\nMEDIA_ROOT = BASE_DIR / 'media'\n";
    let nginx = "server {\n  listen 80;\n  location /static/ { alias /app/staticfiles/; }\n  location /media/ { alias /var/www/media/; }\n  location / { proxy_pass http://web:8000; root /usr/share/nginx/html; }\n}\n";
    let collect = "RUN python manage.py collectstatic --noinput\n";
    let start = "CMD [\"gunicorn\", \"wsgi\", \"-b\", \"0.0.0.0:8000\"]\n";
    let of = |collect: &str| {
        let dockerfile =
            format!("FROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\n{collect}{start}");
        let folder = project(&[
            ("web/Dockerfile", &dockerfile),
            ("web/requirements.txt", "django\ngunicorn\n"),
            ("web/manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\n"),
            ("web/settings.py", settings),
            (
                "web/wsgi.py",
                "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
            ),
            ("nginx/default.conf", nginx),
        ]);
        let notes = emitted(folder.path())["notes"].to_string();
        (written(folder.path()), notes)
    };
    let (text, said) = of(collect);
    has(&service(&text, "web"), &["web-staticfiles:/app/staticfiles", "web-data:/app/media"]);
    has(&service(&text, "nginx"), &["web-staticfiles:/app/staticfiles:ro", "web-data:/var/www/media:ro"]);
    lacks(&service(&text, "nginx"), &["/usr/share/nginx"]);
    has(&said, &["run `collectstatic` when web starts"]);
    has(&of("").1, &["nothing runs `collectstatic`, so `/app/staticfiles` of web stays empty"]);
}

#[test]
fn an_entrypoint_that_ignores_its_command_is_replaced() {
    let main = "from celery import Celery\n\ncelery_app = Celery(\"a\", broker=\"redis://redis:6379\")\n";
    let of = |script: &str| {
        let dockerfile = PYTHON.replace("CMD", "ENTRYPOINT [\"/app/start.sh\"]\n#");
        let folder = project(&[
            ("Dockerfile", &dockerfile),
            ("requirements.txt", "fastapi\nuvicorn\ncelery\nredis\nalembic\nsqlalchemy\npsycopg2-binary\n"),
            ("main.py", FASTAPI),
            ("tasks.py", main),
            ("start.sh", script),
        ]);
        service(&written(folder.path()), "worker")
    };
    let worker = of("#!/bin/sh\nalembic upgrade head\nexec uvicorn main:app --host 0.0.0.0 --port 8000\n");
    has(&worker, &["entrypoint: [\"celery\""]);
    lacks(&worker, &["command:"]);
    // Who starts beside what migrates waits for it.
    has(&worker, &["app:\n        condition: service_"]);
    has(&of("#!/bin/sh\nalembic upgrade head\nexec \"$@\"\n"), &["command: [\"celery\""]);
}

#[test]
fn each_service_has_a_name_of_its_own() {
    let api: Vec<(String, String)> = vec![
        ("api/Dockerfile".to_owned(), PYTHON.to_owned()),
        ("api/requirements.txt".to_owned(), REQUIREMENTS.to_owned()),
        ("api/main.py".to_owned(), FASTAPI.to_owned()),
        ("api/alembic.ini".to_owned(), "[alembic]\nscript_location = migrations\n".to_owned()),
        ("api/migrations/env.py".to_owned(), "import os\n".to_owned()),
        ("api/migrations/versions/a.py".to_owned(), "revision = 'a'\n".to_owned()),
    ];
    let other = flask(5000, "").map(|(file, text)| (format!("migrate/{file}"), text));
    let files: Vec<(&str, &str)> =
        api.iter().chain(&other).map(|(file, text)| (file.as_str(), text.as_str())).collect();
    let text = written(project(&files).path());
    has(&service(&text, "migrate"), &["build: ./migrate", "5000"]);
    has(&service(&text, "migrate-database"), &["build: ./api", "alembic"]);
    has(&service(&text, "api"), &["migrate-database:\n        condition: service_completed_successfully"]);
}
