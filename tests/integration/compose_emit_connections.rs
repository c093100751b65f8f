//! `dockopt compose emit`: connections that stand in settings and sources instead of variables.

use crate::compose_emit_first_start::{PYTHON, files, node, written_with_notes};
use crate::compose_emit_variables::{has, lacks, service};

const JAVA: &str = "FROM maven:3-eclipse-temurin-21 AS build\nWORKDIR /s\nCOPY . .\nRUN mvn package\nFROM eclipse-temurin:21-jre\nCOPY --from=build /s/target/shop-1.jar /shop.jar\nCMD [\"java\", \"-jar\", \"/shop.jar\"]\n";

/// A program of Spring with starters and settings.
fn spring(packages: &[&str], settings: &str) -> (String, String) {
    let dependency = |package: &&str| {
        let (group, name) = package.split_once(':').unwrap();
        format!("<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId></dependency>")
    };
    let dependencies: String = packages.iter().map(dependency).collect();
    let manifest = format!(
        "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>shop</artifactId><version>1</version><dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency>{dependencies}</dependencies></project>"
    );
    written_with_notes(&[
        ("shop/Dockerfile", JAVA),
        ("shop/pom.xml", &manifest),
        (
            "shop/src/main/java/Shop.java",
            "@RestController class Shop { @GetMapping(\"/a\") String a() { return \"\"; } }\n",
        ),
        ("shop/src/main/resources/application.yml", settings),
    ])
}

/// A program of Python that answers requests.
fn fastapi(requirements: &str, source: &str) -> (String, String) {
    let command = "CMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n";
    written_with_notes(&[
        ("Dockerfile", &format!("{PYTHON}{command}")),
        ("requirements.txt", &format!("fastapi\nuvicorn\n{requirements}\n")),
        ("main.py", &format!("import os\nfrom fastapi import FastAPI\napp = FastAPI()\n{source}\n")),
    ])
}

#[test]
fn variables_override_the_settings_of_spring() {
    let (text, _) = spring(
        &["org.postgresql:postgresql", "org.springframework.boot:spring-boot-starter-data-mongodb"],
        "spring:\n  datasource:\n    url: jdbc:postgresql://localhost:5431/orders?ssl=false\n    username: kenti\n    password: secret\n  data:\n    mongodb:\n      uri: mongodb://root:secret@mongodb:27017/orders?authSource=admin\n",
    );
    let shop = service(&text, "shop");
    has(
        &shop,
        &[
            "SPRING_DATASOURCE_URL: jdbc:postgresql://postgres:5432/orders?ssl=false",
            "SPRING_DATASOURCE_USERNAME: kenti",
            "SPRING_DATASOURCE_PASSWORD: \"${POSTGRES_PASSWORD:?",
            "SPRING_DATA_MONGODB_URI: mongodb://mongodb:27017/orders\n",
        ],
    );
    has(&service(&text, "postgres"), &["POSTGRES_USER: kenti", "POSTGRES_DB: orders"]);
    lacks(&text, &["secret@", "password: secret"]);
    // Another machine's server is nobody's here, and a variable that is there is enough.
    let (text, _) = spring(
        &["org.postgresql:postgresql"],
        "spring:\n  datasource:\n    url: jdbc:postgresql://db.example.com/orders\n",
    );
    lacks(&text, &["SPRING_DATASOURCE_URL", "postgres:"]);
    let (text, _) =
        spring(&["org.springframework.boot:spring-boot-starter-amqp"], "spring:\n  rabbitmq:\n    host: localhost\n");
    has(
        &service(&text, "shop"),
        &["SPRING_RABBITMQ_HOST: rabbitmq", "SPRING_RABBITMQ_USERNAME: app", "SPRING_RABBITMQ_PASSWORD:"],
    );
}

#[test]
fn settings_of_spring_that_the_server_lacks_are_overridden() {
    let (text, _) = spring(
        &[
            "org.springframework.boot:spring-boot-starter-data-mongodb",
            "org.springframework.boot:spring-boot-starter-amqp",
            "org.springframework.boot:spring-boot-starter-data-redis",
        ],
        "spring:\n  data:\n    mongodb: {host: localhost, port: 27018, username: root, password: pw, database: shop}\n    redis: {host: localhost, port: 6379, password: pw}\n  rabbitmq: {host: localhost, port: 5673, username: sam, password: pw, virtual-host: shop}\n",
    );
    let shop = service(&text, "shop");
    has(
        &shop,
        &[
            "SPRING_DATA_MONGODB_PORT: \"27017\"",
            "SPRING_DATA_MONGODB_USERNAME: root",
            "SPRING_DATA_MONGODB_AUTHENTICATIONDATABASE: admin",
            "SPRING_DATA_REDIS_PASSWORD:",
            "SPRING_RABBITMQ_PORT: \"5672\"",
            "SPRING_RABBITMQ_VIRTUALHOST: /\n",
        ],
    );
    // What is right already needs no variable.
    lacks(&shop, &["SPRING_DATA_REDIS_PORT", "MONGODB_DATABASE"]);
    has(&service(&text, "mongo"), &["MONGO_INITDB_ROOT_USERNAME: root", "MONGO_INITDB_ROOT_PASSWORD:"]);
    has(&service(&text, "redis"), &["--requirepass"]);
}

#[test]
fn each_database_that_programs_use_is_made() {
    let program = |name: &'static str, database: &str| {
        let source = "import os, psycopg2\nfrom fastapi import FastAPI\napp = FastAPI()\npsycopg2.connect(os.environ[\"DATABASE_URL\"])\n";
        [
            (format!("{name}/Dockerfile"), format!("{PYTHON}CMD [\"uvicorn\", \"main:app\", \"--port\", \"8000\"]\n")),
            (format!("{name}/requirements.txt"), "fastapi\nuvicorn\npsycopg2-binary\n".to_owned()),
            (format!("{name}/main.py"), source.to_owned()),
            (format!("{name}/.env.example"), format!("DATABASE_URL=postgresql://sam:pw@localhost:5432/{database}\n")),
        ]
    };
    let all: Vec<(String, String)> = [program("orders", "orders"), program("users", "people")].concat();
    let (text, _) = written_with_notes(&files(&all));
    has(&service(&text, "orders"), &["@postgres:5432/orders\""]);
    has(&service(&text, "users"), &["@postgres:5432/people\""]);
    let postgres = service(&text, "postgres");
    has(&postgres, &["POSTGRES_DB: orders", "target: /docker-entrypoint-initdb.d/postgres-databases.sql"]);
    has(&text, &["configs:\n  postgres-databases:\n    file: ./postgres-databases.sql"]);
    // Both name the same one.
    let all: Vec<(String, String)> = [program("orders", "shop"), program("users", "shop")].concat();
    lacks(&written_with_notes(&files(&all)).0, &["configs"]);
}

#[test]
fn variables_override_connection_strings_of_dotnet() {
    let (text, _) = written_with_notes(&[
        (
            "shop/Dockerfile",
            "FROM mcr.microsoft.com/dotnet/sdk:8.0 AS build\nWORKDIR /s\nCOPY . .\nRUN dotnet publish -o /out\nFROM mcr.microsoft.com/dotnet/aspnet:8.0\nWORKDIR /app\nCOPY --from=build /out .\nENTRYPOINT [\"dotnet\", \"shop.dll\"]\n",
        ),
        (
            "shop/shop.csproj",
            "<Project Sdk=\"Microsoft.NET.Sdk.Web\"><PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup><ItemGroup><PackageReference Include=\"Npgsql\" Version=\"8.0.0\" /><PackageReference Include=\"StackExchange.Redis\" Version=\"2.7.0\" /></ItemGroup></Project>\n",
        ),
        (
            "shop/Program.cs",
            "var builder = WebApplication.CreateBuilder(args);\nvar db = builder.Configuration.GetConnectionString(\"Default\");\nvar audit = builder.Configuration.GetConnectionString(\"Audit\");\nvar cache = builder.Configuration[\"ConnectionStrings:Cache\"];\nvar app = builder.Build();\napp.MapGet(\"/a\", () => \"\");\napp.Run();\n",
        ),
        (
            "shop/appsettings.json",
            "\u{feff}{ // the servers\n\"ConnectionStrings\": {\"Default\": \"Host=localhost;Port=5433;Database=shop;Username=sa;Password=x\", \"Cache\": \"localhost:6379\", \"Audit\": \"Host=localhost;Database=audit;Username=sa;Password=x\", \"Unused\": \"Host=localhost;Database=old;Username=a\"},}\n",
        ),
    ]);
    has(
        &service(&text, "shop"),
        &[
            "ConnectionStrings__Default: \"Host=postgres;Port=5432;Username=sa;Password=${POSTGRES_PASSWORD:?set it in .env};Database=shop\"",
            "ConnectionStrings__Cache: redis:6379",
            ";Database=audit\"",
        ],
    );
    lacks(&text, &["Unused"]);
}

#[test]
fn logins_in_sources_are_those_of_their_server() {
    let (text, _) = fastapi(
        "psycopg2-binary",
        "import psycopg2\npsycopg2.connect(host=\"db\", user=\"sam\", password=\"s3cret\", dbname=\"shop\")",
    );
    has(&service(&text, "db"), &["POSTGRES_USER: sam", "POSTGRES_PASSWORD: s3cret", "POSTGRES_DB: shop"]);
    let (text, _) = fastapi(
        "psycopg2-binary",
        "import psycopg2\npsycopg2.connect(\"host=store user=sam password=s3cret dbname=shop sslmode=disable\")",
    );
    has(&service(&text, "store"), &["POSTGRES_USER: sam", "POSTGRES_PASSWORD: s3cret", "POSTGRES_DB: shop"]);
    // Beside a host of a variable.
    for (database, user) in [("dbname", "user"), ("\"database\"", "\"user\"")] {
        let is_text = database.starts_with('"');
        let (open, is, close) = if is_text { ("**{", ":", "}") } else { ("", "=", "") };
        let key = |name: &str| if is_text { format!("\"{name}\"") } else { name.to_owned() };
        let source = format!(
            "import psycopg2\npsycopg2.connect({open}{}{is} os.environ[\"DB_HOST\"], {user}{is} \"sam\", {}{is} \"s3cret\", {database}{is} \"shop\"{close})",
            key("host"),
            key("password")
        );
        let (text, _) = fastapi("psycopg2-binary", &source);
        has(&service(&text, "app"), &["DB_HOST: postgres"]);
        has(&service(&text, "postgres"), &["POSTGRES_USER: sam", "POSTGRES_PASSWORD: s3cret", "POSTGRES_DB: shop"]);
    }
    let (text, _) = fastapi("redis", "import redis\nclient = redis.Redis(host=\"cache\", password=\"pw1\")");
    has(&service(&text, "cache"), &["command: [\"redis-server\", \"--requirepass\", \"pw1\"]"]);
    let (text, _) = fastapi(
        "pymongo",
        "from pymongo import MongoClient\nclient = MongoClient(\"mongodb://root:pw@mongo:27017/shop?authSource=admin\")",
    );
    has(&service(&text, "mongo"), &["MONGO_INITDB_ROOT_USERNAME: root", "MONGO_INITDB_ROOT_PASSWORD: pw"]);
    // Only the database stands in the address.
    let source = "from sqlalchemy import create_engine\nengine = create_engine(f\"postgresql://{os.environ['PGUSER']}:{os.environ['PGPASSWORD']}@{os.environ['PGHOST']}:5432/shop\")";
    let (text, _) = fastapi("psycopg2-binary\nsqlalchemy", source);
    has(&service(&text, "postgres"), &["POSTGRES_DB: shop"]);
    // A server under another name, by its port.
    let source =
        "const client = require('redis').createClient({ url: 'redis2:6379' });\nrequire('express')().listen(3000);\n";
    let (text, _) =
        written_with_notes(&files(&node("api", "node index.js", "\"redis\": \"4\", \"express\": \"4\"", source)));
    has(&text, &["  redis2:\n"]);
}

#[test]
fn servers_of_extensions_and_features_are_there() {
    let (text, _) = written_with_notes(&[
        (
            "Dockerfile",
            "FROM php:8.3-apache\nRUN docker-php-ext-install pdo_mysql pdo_pgsql && pecl install redis\nWORKDIR /var/www/html\nCOPY . .\n",
        ),
        ("composer.json", "{\"require\": {\"php\": \"^8.3\", \"laravel/framework\": \"^11.0\"}}"),
        ("public/index.php", "<?php echo 1;\n"),
        (
            "config/database.php",
            "<?php\n\nreturn [\n    'host' => env('DB_HOST', '127.0.0.1'),\n    'password' => env('DB_PASSWORD', ''),\n    'redis' => env('REDIS_HOST', '127.0.0.1'),\n];\n",
        ),
        (".env.example", "DB_CONNECTION=mysql\nDB_HOST=mysql\nDB_PASSWORD=\nREDIS_HOST=redis\nAPP_KEY=\n"),
    ]);
    has(&text, &["  mysql:\n", "  redis:\n", "DB_HOST: mysql", "REDIS_HOST: redis"]);
    lacks(&text, &["postgres"]);
    let rust = |features: &str| {
        written_with_notes(&[
            ("Dockerfile", "FROM rust:1.82 AS build\nWORKDIR /s\nCOPY . .\nRUN cargo build --release\nFROM debian:bookworm-slim\nCOPY --from=build /s/target/release/shop /shop\nEXPOSE 8000\nCMD [\"/shop\"]\n"),
            ("Cargo.toml", &format!("[package]\nname = \"shop\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[dependencies]\nsqlx = {{ version = \"0.8\", features = [{features}] }}\naxum = \"0.7\"\n")),
            ("src/main.rs", "fn main() { let url = std::env::var(\"DATABASE_URL\").unwrap(); }\n"),
        ])
        .0
    };
    has(&service(&rust("\"postgres\""), "app"), &["DATABASE_URL: \"postgres"]);
    has(&service(&rust("\"mysql\""), "app"), &["DATABASE_URL: \"mysql"]);
    lacks(&rust("\"sqlite\""), &["postgres", "mysql"]);
}

#[test]
fn a_port_of_this_machine_is_not_that_of_the_server() {
    let source = "const s3 = new S3({ endpoint: process.env.S3_ENDPOINT, key: process.env.S3_ACCESS_KEY, secret: process.env.S3_SECRET_KEY });\nrequire('express')().listen(3000);\n";
    let mut all = node("api", "node index.js", "\"@aws-sdk/client-s3\": \"3\", \"express\": \"4\"", source);
    all.push((
        ".env.example".to_owned(),
        "S3_ENDPOINT=http://localhost:9001\nS3_ACCESS_KEY=a\nS3_SECRET_KEY=\n".to_owned(),
    ));
    has(&service(&written_with_notes(&files(&all)).0, "api"), &["S3_ENDPOINT: http://minio:9000"]);
}

#[test]
fn programs_that_sources_call_are_waited_for() {
    let gateway = "SERVICES = {\"customers\": \"http://customers:8000\"}\n";
    let program = |folder: &str, source: &str| {
        let command = "CMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n";
        [
            (
                format!("{folder}/Dockerfile"),
                format!("{PYTHON}HEALTHCHECK CMD curl -f http://localhost:8000/health\n{command}"),
            ),
            (format!("{folder}/requirements.txt"), "fastapi\nuvicorn\n".to_owned()),
            (
                format!("{folder}/main.py"),
                format!(
                    "from fastapi import FastAPI\napp = FastAPI()\n@app.get(\"/health\")\ndef health(): return {{}}\n{source}"
                ),
            ),
        ]
    };
    let all: Vec<(String, String)> = program("customers", "").into_iter().chain(program("gateway", gateway)).collect();
    let (text, _) = written_with_notes(&files(&all));
    has(&service(&text, "gateway"), &["customers:\n        condition: service_healthy", "ports:"]);
    lacks(&service(&text, "customers"), &["ports:"]);
}

#[test]
fn migrations_that_nothing_runs_are_named() {
    let source = "const db = connect(process.env.DATABASE_URL);\nrequire('express')().listen(3000);\n";
    let of = |start: &str| {
        let mut all = node("api", start, "\"pg\": \"8\", \"sequelize\": \"6\", \"express\": \"4\"", source);
        all[1].1 =
            all[1].1.replace("\"dependencies\"", "\"devDependencies\": {\"sequelize-cli\": \"6\"}, \"dependencies\"");
        all.push(("api/.sequelizerc".to_owned(), "module.exports = {};\n".to_owned()));
        written_with_notes(&files(&all)).1
    };
    has(
        &of("node index.js"),
        &["`sequelize-cli` of api is a package for development, and nothing runs `npx sequelize-cli db:migrate`"],
    );
    lacks(&of("sequelize-cli db:migrate && node index.js"), &["nothing runs"]);
}

#[test]
fn keys_of_libraries_arrive() {
    let source =
        "const client = new OpenAI({ apiKey: process.env.OPENAI_API_KEY });\nrequire('express')().listen(3000);\n";
    let (text, _) =
        written_with_notes(&files(&node("api", "node index.js", "\"openai\": \"4\", \"express\": \"4\"", source)));
    has(&service(&text, "api"), &["OPENAI_API_KEY:"]);
}

#[test]
fn migrations_log_in_as_their_settings_say() {
    let of = |environment: &str| {
        written_with_notes(&[
            ("Dockerfile", &format!("{PYTHON}CMD alembic upgrade head && uvicorn main:app --host 0.0.0.0 --port 8000\n")),
            ("requirements.txt", "fastapi\nuvicorn\nalembic\npsycopg2-binary\n"),
            ("main.py", "import os, psycopg2\nfrom fastapi import FastAPI\napp = FastAPI()\npsycopg2.connect(host=os.environ[\"POSTGRES_HOST\"], user=os.environ[\"POSTGRES_USER\"], password=os.environ[\"POSTGRES_PASSWORD\"])\n"),
            ("alembic.ini", "[alembic]\nscript_location = alembic\nsqlalchemy.url = postgresql+psycopg2://sam:pw@postgres:5432/shop\n"),
            ("alembic/env.py", environment),
            ("alembic/versions/1.py", "revision = '1'\n"),
        ])
        .0
    };
    let plain = "from sqlalchemy import engine_from_config\nengine = engine_from_config(config.get_section(config.config_ini_section))\n";
    let text = of(plain);
    has(&service(&text, "postgres"), &["POSTGRES_USER: sam", "POSTGRES_PASSWORD: pw", "POSTGRES_DB: shop"]);
    has(&service(&text, "app"), &["POSTGRES_PASSWORD: pw"]);
    // What takes the place of the setting counts.
    let text =
        of(&format!("import os\nconfig.set_main_option('sqlalchemy.url', os.environ['POSTGRES_HOST'])\n{plain}"));
    has(&service(&text, "postgres"), &["POSTGRES_PASSWORD_FILE:"]);
}

#[test]
fn an_entrance_to_the_others_is_published() {
    let program = |name: &str, calls: &[&str]| {
        let calls: Vec<String> =
            calls.iter().map(|called| format!("httpx.get(\"http://{called}:8000/a\")\n")).collect();
        let calls = calls.concat();
        [
            (
                format!("{name}/Dockerfile"),
                format!("{PYTHON}CMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n"),
            ),
            (format!("{name}/requirements.txt"), "fastapi\nuvicorn\nhttpx\n".to_owned()),
            (format!("{name}/main.py"), format!("import httpx\nfrom fastapi import FastAPI\napp = FastAPI()\n{calls}")),
        ]
    };
    let all = [
        program("gateway", &["orders", "people", "stock"]),
        program("orders", &["stock"]),
        program("people", &[]),
        program("stock", &[]),
        program("board", &["gateway"]),
    ];
    let (text, _) = written_with_notes(&files(&all.concat()));
    has(&service(&text, "gateway"), &["ports:"]);
    for hidden in ["orders", "people", "stock"] {
        lacks(&service(&text, hidden), &["ports:"]);
    }
}

#[test]
fn what_extras_install_connects_too() {
    let source = "from redis import asyncio as aioredis\nhost = os.environ[\"REDIS_HOST\"]\n";
    let (text, _) = fastapi("fastapi-cache2[redis]", source);
    has(&service(&text, "app"), &["REDIS_HOST: redis"]);
    let (text, _) = fastapi("fastapi-cache2", "host = os.environ[\"REDIS_HOST\"]\n");
    lacks(&text, &["image: redis"]);
}

#[test]
fn virtual_hosts_in_sources_are_made() {
    let of = |argument: &str| {
        let source = format!(
            "import pika\nhost = os.getenv('RABBITMQ_HOST', 'rabbitmq')\nconnection = pika.BlockingConnection(pika.ConnectionParameters(host, {argument}))\n"
        );
        fastapi("pika", &source).0
    };
    has(&service(&of("5672, 'orders'"), "rabbitmq"), &["RABBITMQ_DEFAULT_VHOST: orders"]);
    has(&service(&of("virtual_host='orders'"), "rabbitmq"), &["RABBITMQ_DEFAULT_VHOST: orders"]);
    lacks(&of("5672, os.getenv('A'), heartbeat=f('orders')"), &["VHOST"]);
}

#[test]
fn packages_that_only_a_command_installs_have_their_servers() {
    let node =
        "FROM node:22-slim\nWORKDIR /srv\nCOPY index.js .\nRUN npm i bull express\nCMD [\"node\", \"index.js\"]\n";
    let source = "const Queue = require('bull')\nconst queue = new Queue('mail', { redis: { host: process.env.REDIS_HOST } })\nrequire('express')().listen(3000)\n";
    let (text, _) = written_with_notes(&[("Dockerfile", node), ("index.js", source)]);
    has(&service(&text, "redis"), &["image: redis:"]);
    has(&text, &["REDIS_HOST: "]);
    let python = "FROM python:3.13-slim\nWORKDIR /srv\nCOPY main.py .\nRUN pip install --no-cache-dir 'Redis[hiredis]==5.0.1' flask\nCMD [\"python\", \"main.py\"]\n";
    let source = "import os, redis\nfrom flask import Flask\napp = Flask(__name__)\nredis.Redis(host=os.environ['REDIS_HOST'])\napp.run(host='0.0.0.0', port=5000)\n";
    let (text, _) = written_with_notes(&[("Dockerfile", python), ("main.py", source)]);
    has(&text, &["REDIS_HOST: ", "image: redis:"]);
    let other = python.replace("pip install", "pip uninstall -y");
    let (text, _) =
        written_with_notes(&[("Dockerfile", &other), ("main.py", &source.replace("import os, redis", "import os"))]);
    lacks(&text, &["image: redis:"]);
}

#[test]
fn flask_migrate_gets_the_application_that_it_works_on() {
    let project = |command: &str, more: &[(&str, &str)]| {
        let dockerfile = format!(
            "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nCMD {command}\n"
        );
        let files = [
            ("Dockerfile", dockerfile.as_str()),
            ("requirements.txt", "alembic\nflask\nflask_migrate\ngunicorn\npsycopg2-binary\n"),
            ("migrations/alembic.ini", "[alembic]\n\n[loggers]\nkeys = root\n"),
            ("migrations/env.py", "from flask import current_app\n"),
            ("migrations/versions/1_a.py", "revision = '1'\n"),
            (
                "shop/__init__.py",
                "import os\nfrom flask import Flask\n\n\ndef create_app():\n    app = Flask(__name__)\n    app.config['SQLALCHEMY_DATABASE_URI'] = os.environ['DATABASE_URL']\n    return app\n",
            ),
        ];
        written_with_notes(&files.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let gunicorn = "[\"gunicorn\", \"-b\", \"0.0.0.0:5000\", \"shop:create_app()\"]";
    let (text, _) = project(gunicorn, &[]);
    has(&service(&text, "migrate"), &["[\"flask\", \"--app\", \"shop:create_app()\", \"db\", \"upgrade\"]"]);
    lacks(&text, &["alembic"]);
    // Flask finds a file of this name itself, and what the variable names.
    let server = "[\"gunicorn\", \"-b\", \"0.0.0.0:5000\", \"-c\", \"conf.py\"]";
    let (text, _) = project(server, &[("wsgi.py", "from shop import create_app\n\napp = create_app()\n")]);
    has(&service(&text, "migrate"), &["[\"flask\", \"db\", \"upgrade\"]"]);
    let (text, _) = project(server, &[(".env.example", "FLASK_APP=shop\n")]);
    has(&service(&text, "migrate"), &["[\"flask\", \"--app\", \"shop\", \"db\", \"upgrade\"]"]);
    // Nothing says which application it is; and where the start migrates, no job does.
    let (text, notes) = project(server, &[]);
    lacks(&text, &["migrate:"]);
    has(&notes, &["which application `db upgrade` needs is not known"]);
    let (text, _) = project("flask --app shop db upgrade && flask --app shop run --host 0.0.0.0", &[]);
    lacks(&text, &["migrate:"]);
}
