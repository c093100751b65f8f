//! `dockopt compose emit`: what programs ask of their servers, and what they leave and need in files: data, certificates,
//! variables of pages, files for production.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::compose_emit::{project, run, written};
use crate::compose_emit_first_start::{NODE, PYTHON, files, node, written_with_notes};
use crate::compose_emit_variables::{has, lacks, service};

const POOL: &str = "require('mysql').createPool({ host: process.env.DB_HOST, user: process.env.DB_USER, password: process.env.DB_PASSWORD, database: process.env.DB_NAME });\nrequire('express')().listen(3000);\n";

#[test]
fn a_server_is_one_that_its_client_talks_to() {
    let of =
        |packages: &str, source: &str| written_with_notes(&files(&node("api", "node index.js", packages, source))).0;
    let mysql = service(&of("\"mysql\": \"^2.18.1\", \"express\": \"4\"", POOL), "mysql");
    has(&mysql, &["image: mysql:8.4", "command: [\"mysqld\", \"--mysql-native-password=ON\"", "healthcheck:"]);
    let mysql2 = POOL.replace("require('mysql')", "require('mysql2')");
    lacks(&service(&of("\"mysql2\": \"3\", \"express\": \"4\"", &mysql2), "mysql"), &["command:"]);
    let mongoose = "require('mongoose').connect(process.env.MONGO_URL);\nrequire('express')().listen(3000);\n";
    for (version, image) in
        [("^5.9.16", "mongo:5.0"), ("^7.0.0", "mongo:7.0"), ("^8.9.0", "mongo:8.0"), (">=5", "mongo:8.0")]
    {
        let packages = format!("\"mongoose\": \"{version}\", \"express\": \"4\"");
        has(&service(&of(&packages, mongoose), "mongo"), &[&format!("image: {image}\n")]);
    }
    let python = |requirements: &str| {
        let command = "CMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n";
        let main = "import os, pymysql\nfrom fastapi import FastAPI\npymysql.connect(host=os.environ['DB_HOST'], user=os.environ['DB_USER'], password=os.environ['DB_PASSWORD'])\napp = FastAPI()\n";
        let (text, _) = written_with_notes(&[
            ("Dockerfile", &format!("{PYTHON}{command}")),
            ("requirements.txt", requirements),
            ("main.py", main),
        ]);
        service(&text, "mysql")
    };
    has(&python("fastapi\nuvicorn\npymysql\n"), &["--authentication-policy=mysql_native_password,,"]);
    lacks(&python("fastapi\nuvicorn\npymysql\ncryptography\n"), &["command:"]);
}

#[test]
fn folders_that_sources_write_to_are_kept() {
    let flask = |dockerfile: &str, source: &str, more: &[(&str, &str)]| {
        let known = [("Dockerfile", dockerfile), ("requirements.txt", "flask\n"), ("app.py", source)];
        service(&written_with_notes(&[&known[..], more].concat()).0, "app")
    };
    let dockerfile = format!("{PYTHON}CMD [\"python\", \"app.py\"]\n");
    let source = |folder: &str| {
        format!(
            "import os\nfrom flask import Flask, request\napp = Flask(__name__)\n@app.post('/x')\ndef x():\n    open('{folder}/a.png', 'wb').write(request.data)\n    return ''\napp.run(host='0.0.0.0', port=5000)\n"
        )
    };
    has(&flask(&dockerfile, &source("uploads"), &[]), &["volumes: [\"", ":/app/uploads\"]"]);
    has(&flask(&dockerfile, &source("/data/files"), &[]), &[":/data\"]"]);
    // What the image brings would grow old in a volume; logs may go.
    lacks(&flask(&dockerfile, &source("data"), &[("data/seed.json", "[]")]), &["volumes:"]);
    lacks(&flask(&dockerfile, &source("logs"), &[]), &["volumes:"]);
    lacks(&flask(&dockerfile, &source("/tmp"), &[]), &["volumes:"]);
    // A variable of the example, which the container gets, comes before a default of the source.
    let variable = |read: &str, example: &str| {
        let source = format!(
            "import os\nfrom flask import Flask\napp = Flask(__name__)\nUPLOAD_FOLDER = {read}\napp.config['UPLOAD_FOLDER'] = UPLOAD_FOLDER\napp.run(host='0.0.0.0', port=5000)\n"
        );
        flask(&dockerfile, &source, &[(".env.example", example)])
    };
    let default = "os.environ.get('UPLOAD_FOLDER', '/app/uploads')";
    has(&variable(default, "UPLOAD_FOLDER=/uploads\n"), &[":/uploads\"]"]);
    has(&variable(default, "A=1\n"), &[":/app/uploads\"]"]);
    has(&variable("os.environ['UPLOAD_FOLDER']", "UPLOAD_FOLDER=/uploads\n"), &[":/uploads\"]"]);
    lacks(&variable("os.environ['UPLOAD_FOLDER']", "A=1\n"), &["volumes:"]);
    for other in [
        "os.path.join(os.path.dirname(__file__), 'static', 'uploads')",
        "os.getcwd() + '/uploads'",
        "'/app'",
        "'/tmp/a'",
        "'.'  # or 'uploads'",
    ] {
        lacks(&variable(other, "A=1\n"), &["volumes:"]);
    }
    // A new volume is root's where the image lacks the folder.
    let other = dockerfile.replace("CMD", "USER 1000\nCMD");
    lacks(&flask(&other, &source("uploads"), &[]), &["volumes:"]);
    let made = other.replace("USER", "RUN mkdir -p uploads && chown 1000 uploads\nUSER");
    has(&flask(&made, &source("uploads"), &[]), &[":/app/uploads\"]"]);
}

#[test]
fn a_plain_connection_of_java_may_ask_for_the_servers_key() {
    let of = |query: &str| {
        let manifest = "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>shop</artifactId><version>1</version><dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency><dependency><groupId>com.mysql</groupId><artifactId>mysql-connector-j</artifactId></dependency></dependencies></project>";
        let (text, _) = written_with_notes(&[
            (
                "Dockerfile",
                "FROM maven:3-eclipse-temurin-21 AS build\nWORKDIR /s\nCOPY . .\nRUN mvn package\nFROM eclipse-temurin:21-jre\nCOPY --from=build /s/target/shop-1.jar /shop.jar\nCMD [\"java\", \"-jar\", \"/shop.jar\"]\n",
            ),
            ("pom.xml", manifest),
            (
                "src/main/java/Shop.java",
                "@RestController class Shop { @GetMapping(\"/a\") String a() { return \"\"; } }\n",
            ),
            (
                "src/main/resources/application.properties",
                &format!(
                    "spring.datasource.url=${{DB_URL:jdbc:mysql://localhost:3306/shop{query}}}\nspring.datasource.username=${{DB_USER:shop}}\nspring.datasource.password=${{DB_PASSWORD:x}}\n"
                ),
            ),
        ]);
        text
    };
    has(&of("?useSSL=false"), &["?useSSL=false&allowPublicKeyRetrieval=true"]);
    lacks(&of("?useSSL=true"), &["allowPublicKeyRetrieval"]);
}

#[test]
fn variables_of_pages_come_with_the_build() {
    let source = "const url = process.env.NEXT_PUBLIC_API_URL;\n";
    let mut all = node("web", "next start", "\"next\": \"14\"", source);
    all[0].1 = format!("{NODE}RUN npm run build\nCMD [\"npm\", \"start\"]\n");
    all.push((".env.example".to_owned(), "NEXT_PUBLIC_API_URL=http://localhost:8080\n".to_owned()));
    let (text, notes) = written_with_notes(&files(&all));
    lacks(&text, &["NEXT_PUBLIC_API_URL"]);
    has(&notes, &["`NEXT_PUBLIC_API_URL` goes into the pages when the image of web is built"]);
    // A server for developers makes the pages when it starts.
    all[0].1 = all[0].1.replace("RUN npm run build\n", "");
    all[1].1 = all[1].1.replace("next start", "next dev");
    has(&service(&written_with_notes(&files(&all)).0, "web"), &["NEXT_PUBLIC_API_URL:"]);
}

#[test]
fn hosts_that_are_no_service_are_named() {
    let source = "const ollama = process.env.OLLAMA_HOST || 'http://ollama:11434';\nconst mail = process.env.SMTP_HOST || 'localhost';\nrequire('express')().listen(3000);\n";
    let (_, notes) = written_with_notes(&files(&node("api", "node index.js", "\"express\": \"4\"", source)));
    has(&notes, &["`ollama`, where `OLLAMA_HOST` leads api (", "is no service here"]);
    lacks(&notes, &["SMTP_HOST"]);
}

#[test]
fn certificates_that_an_image_lacks_have_a_place() {
    let of = |dockerfile: &str| {
        let configuration = "server { listen 80; return 301 https://$host; }\nserver {\n  listen 443 ssl;\n  ssl_certificate /etc/letsencrypt/live/shop/fullchain.pem;\n  root /usr/share/nginx/html;\n}\n";
        written_with_notes(&[
            ("web/Dockerfile", dockerfile),
            ("web/nginx.conf", configuration),
            ("web/index.html", "<p>"),
        ])
    };
    let plain = "FROM nginx:1.30\nCOPY nginx.conf /etc/nginx/conf.d/default.conf\nCOPY index.html /usr/share/nginx/html/\nEXPOSE 80\n";
    let (text, notes) = of(plain);
    has(&service(&text, "web"), &["./certificates/shop:/etc/letsencrypt/live/shop:ro", ":443\""]);
    has(&notes, &["belong into `certificates/shop`"]);
    lacks(
        &of(&plain.replace("EXPOSE", "RUN make-certificates /etc/letsencrypt/live/shop\nEXPOSE")).0,
        &["certificates"],
    );
}

#[test]
fn production_has_what_manifests_and_commands_say() {
    let mut all = node("api", "node index.js", "\"express\": \"4\"", "require('express')().listen(3000);\n");
    all.extend(node("worker", "node index.js", "\"kafkajs\": \"2\"", "consumer.run({});\n"));
    all.push(("k8s/worker.yaml".to_owned(), "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: worker\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n        - name: worker\n          resources:\n            limits: {cpu: 500m, memory: 256Mi}\n".to_owned()));
    all.push((
        "job/Dockerfile".to_owned(),
        format!("{PYTHON}CMD [\"gunicorn\", \"-w\", \"4\", \"-b\", \"0.0.0.0:8000\", \"app:app\"]\n"),
    ));
    all.push(("job/requirements.txt".to_owned(), "flask\ngunicorn\n".to_owned()));
    all.push(("job/app.py".to_owned(), "from flask import Flask\napp = Flask(__name__)\n".to_owned()));
    let folder = project(&files(&all));
    let (code, text) = run(folder.path(), &["compose", "emit", "--prod", "--write"]);
    assert_eq!(code, 0, "{text}");
    let text = fs::read_to_string(folder.path().join("compose.prod.yaml")).unwrap();
    has(
        &service(&text, "worker"),
        &[
            "mem_limit: \"${WORKER_MEMORY:-256m}\"",
            "cpus: \"${WORKER_CPUS:-0.5}\"",
            "replicas: \"${WORKER_REPLICAS:-3}\"",
        ],
    );
    // How many processors a machine has, no start command says.
    lacks(&service(&text, "job"), &["cpus:"]);
    lacks(&service(&text, "api"), &["cpus:", "replicas:", "restart:"]);
    // A file that starts nothing again.
    let compose = "services:\n  api:\n    build: ./api\n    deploy: {resources: {limits: {memory: 1g}}}\n    logging: {driver: local}\n";
    fs::write(folder.path().join("compose.yaml"), compose).unwrap();
    fs::remove_file(folder.path().join("compose.prod.yaml")).unwrap();
    assert_eq!(run(folder.path(), &["compose", "emit", "--prod", "--write"]).0, 0);
    let text = fs::read_to_string(folder.path().join("compose.prod.yaml")).unwrap();
    lacks(&text, &["\n  api:"]);
}

#[test]
fn a_worker_of_a_file_that_is_there_gets_its_hook() {
    let tasks = "from taskiq_nats import NatsBroker\nbroker = NatsBroker('nats://nats:4222')\n\n@broker.task\nasync def add() -> int:\n    return 1\n";
    let compose = "services:\n  nats:\n    image: nats:2.12-alpine\n  worker:\n    build: .\n    command: taskiq worker app:broker\n    environment:\n      - LEVEL=1\n";
    let folder = project(&[
        ("Dockerfile", &format!("{PYTHON}CMD [\"taskiq\", \"worker\", \"app:broker\"]\n")),
        ("requirements.txt", "taskiq\ntaskiq-nats\n"),
        ("app.py", tasks),
        ("compose.yaml", compose),
    ]);
    let (code, text) = run(folder.path(), &["compose", "emit", "--write"]);
    assert_eq!(code, 0, "{text}");
    let text = fs::read_to_string(folder.path().join("compose.yaml")).unwrap();
    has(
        &service(&text, "worker"),
        &["taskiq_ready:broker", "\"TASKIQ_BROKER=app:broker\"", "\"LEVEL=1\"", "configs:", "healthcheck:"],
    );
    has(&text, &["file: ./taskiq_ready.py"]);
    assert!(folder.path().join("taskiq_ready.py").is_file());
    let (code, text) = run(folder.path(), &["compose", "emit", "--check"]);
    assert_eq!(code, 0, "a second run would write again: {text}");
}

/// Git keeps the file that shows the variables, and not the one with the secrets; what git keeps already is said.
#[test]
fn git_keeps_the_example_and_not_the_secrets() {
    let sources = [
        ("Dockerfile", "FROM python:3.13-slim\nCOPY app.py .\nEXPOSE 8000\nCMD [\"python\", \"app.py\"]\n"),
        ("app.py", "import os\nimport http.server\n\nKEY = os.environ[\"SECRET_KEY\"]\n"),
    ];
    let git = |folder: &Path, arguments: &[&str]| {
        assert!(Command::new("git").args(arguments).current_dir(folder).output().unwrap().status.success());
    };
    for (ignored, lines) in [(".venv", ".venv\n.env\n"), (".env*\n", ".env*\n!.env.example\n"), (".env\n", ".env\n")] {
        let folder = project(&sources);
        fs::write(folder.path().join(".gitignore"), ignored).unwrap();
        git(folder.path(), &["init", "-q"]);
        written(folder.path());
        assert_eq!(fs::read_to_string(folder.path().join(".gitignore")).unwrap(), lines);
    }
    let folder = project(&sources);
    fs::write(folder.path().join(".env"), "LEVEL=1\n").unwrap();
    git(folder.path(), &["init", "-q"]);
    git(folder.path(), &["add", ".env"]);
    let (_, text) = run(folder.path(), &["compose", "emit", "--write"]);
    assert!(text.contains("git keeps .env") && !folder.path().join(".gitignore").exists(), "{text}");
    let example = fs::read_to_string(folder.path().join(".env.example")).unwrap();
    assert!(example.starts_with("# Add these to `.env`"), "{example}");
}
