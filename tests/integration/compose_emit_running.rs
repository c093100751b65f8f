//! What `dockopt compose emit` says of running programs: their ports, who asks them, what is watched.

use std::fs;

use crate::compose_emit::{project, run, written};
use crate::compose_emit_variables::{has, lacks};

#[test]
fn outputs_and_sources_of_other_stages_are_watched() {
    let folder = project(&[
        (
            "front/Dockerfile",
            "FROM node:22 AS build\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nFROM nginx:1.30\nCOPY --from=build /app/dist /usr/share/nginx/html\n",
        ),
        ("front/package.json", "{\"name\": \"front\", \"scripts\": {\"build\": \"vite build\"}}\n"),
        ("front/package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}\n"),
        ("front/src/main.js", "console.log(1);\n"),
        (
            "shop/Dockerfile",
            "FROM eclipse-temurin:21-jre\nCOPY target/shop.jar /app/\nEXPOSE 8080\nCMD [\"java\", \"-jar\", \"/app/shop.jar\"]\n",
        ),
        (
            "shop/pom.xml",
            "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>shop</artifactId><version>1</version></project>",
        ),
        ("shop/src/main/java/A.java", "class A {}\n"),
    ]);
    let (_, text) = run(folder.path(), &["compose", "emit", "--watch"]);
    for part in [
        "{action: rebuild, path: ./front, ignore: [\"node_modules/\"]}",
        // What the image takes is not left out.
        "{action: sync+restart, path: ./shop/target/shop.jar, target: /app/shop.jar}",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn folders_that_tools_write_are_not_watched() {
    let folder = project(&[
        (
            "Dockerfile",
            "FROM maven:3.9-eclipse-temurin-21 AS build\nWORKDIR /src\nCOPY . .\nRUN mvn -B package\nFROM eclipse-temurin:21-jre\nCOPY --from=build /src/target/shop.jar /app.jar\nCMD [\"java\", \"-jar\", \"/app.jar\"]\n",
        ),
        ("pom.xml", SPRING),
        ("src/main/java/A.java", "class A {}\n"),
        ("src/main/resources/application.properties", "server.port=8090\n"),
    ]);
    let (_, text) = run(folder.path(), &["compose", "emit", "--watch"]);
    let item = "{action: rebuild, path: ., ignore: [\"target/\", \"build/\", \".gradle/\"]}";
    assert!(text.contains(item) && !text.contains("node_modules"), "{text}");
}

/// A manifest of a server.
const SPRING: &str = "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>shop</artifactId><version>1</version><dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId><version>3.5.0</version></dependency></dependencies></project>";

#[test]
fn servers_of_frameworks_have_their_ports_without_expose() {
    let java = "FROM eclipse-temurin:21-jre\nCOPY target/shop.jar /app/\nCMD [\"java\", \"-jar\", \"/app/shop.jar\"]\n";
    let net = |tag: &str| {
        format!(
            "FROM mcr.microsoft.com/dotnet/sdk:{tag} AS build\nWORKDIR /src\nCOPY . .\nRUN dotnet publish -o /out\nFROM mcr.microsoft.com/dotnet/aspnet:{tag}\nWORKDIR /app\nCOPY --from=build /out .\nENTRYPOINT [\"dotnet\", \"Shop.dll\"]\n"
        )
    };
    let web = "<Project Sdk=\"Microsoft.NET.Sdk.Web\"><PropertyGroup><TargetFramework>net8.0</TargetFramework></PropertyGroup></Project>\n";
    let program = "var app = WebApplication.Create(args);\napp.MapGet(\"/health\", () => 1);\napp.Run();\n";
    let folder = project(&[
        ("java/Dockerfile", java),
        ("java/pom.xml", SPRING),
        ("java/src/main/java/A.java", "class A {}\n"),
        ("java/src/main/resources/application.yml", "server:\n  port: ${PORT:8090}\n"),
        ("new/Dockerfile", &net("8.0")),
        ("new/Shop.csproj", web),
        ("new/Program.cs", program),
        ("old/Dockerfile", &net("6.0-alpine")),
        ("old/Shop.csproj", web),
        ("old/Program.cs", program),
        ("set/Dockerfile", &net("9.0")),
        ("set/Shop.csproj", web),
        ("set/Program.cs", "var app = WebApplication.Create(args);\napp.Run(\"http://*:7000\");\n"),
    ]);
    let text = written(folder.path());
    for part in [
        "ports: [\"8090:8090\"]",
        "ports: [\"8080:8080\"]",
        ":80\"]",
        "ports: [\"7000:7000\"]",
        "/dev/tcp/127.0.0.1/8080",
        "http://127.0.0.1:80/health",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn a_port_is_the_default_of_the_variable_that_a_server_gets() {
    let folder = project(&[
        (
            "Dockerfile",
            "FROM python:3.13-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"python\", \"server.py\"]\n",
        ),
        ("requirements.txt", "flask==3.1.0\n"),
        (
            "server.py",
            "import os\nfrom flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run(host='0.0.0.0', port=os.environ.get('SERVER_PORT', 9090), debug=True)\n",
        ),
    ]);
    let text = written(folder.path());
    assert!(text.contains(":9090\"]"), "{text}");
}

#[test]
fn a_program_that_the_dockerfile_installs_may_ask() {
    let folder = project(&[
        (
            "Dockerfile",
            "FROM example.org/team/base:1\nRUN apt-get update && apt-get install -y curl\nWORKDIR /app\nCOPY . .\nCMD [\"./server\"]\n",
        ),
        ("go.mod", "module server\n\ngo 1.24\n"),
        (
            "main.go",
            "package main\n\nimport \"net/http\"\n\nfunc main() {\n\thttp.HandleFunc(\"/healthz\", answer)\n\thttp.ListenAndServe(\":8000\", nil)\n}\n\nfunc answer(w http.ResponseWriter, r *http.Request) {}\n",
        ),
    ]);
    let text = written(folder.path());
    assert!(text.contains("\"curl\"") && text.contains(":8000/healthz"), "{text}");
}

const DJANGO: &[(&str, &str)] = &[
    (
        "pyproject.toml",
        "[dependency-groups]\nmain = [\"django==5.2\", \"gunicorn\", \"psycopg\"]\ndev = [\"uvicorn\"]\n",
    ),
    ("manage.py", "import os\n"),
    ("shop/__init__.py", ""),
    ("shop/settings.py", "import os\nHOST = os.environ['POSTGRES_HOST']\n"),
    ("shop/wsgi.py", "from django.core.wsgi import get_wsgi_application\n\napplication = get_wsgi_application()\n"),
    ("entrypoint.sh", "#!/bin/sh\nset -e\npython manage.py migrate\nexec \"$@\"\n"),
];

/// A project of Django whose Dockerfile ends with these lines.
fn django(end: &str) -> tempfile::TempDir {
    let dockerfile = format!("FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install --group main\n{end}");
    let mut files = vec![("Dockerfile", dockerfile.as_str())];
    files.extend(DJANGO);
    project(&files)
}

#[test]
fn servers_whose_image_starts_nothing_get_their_command() {
    let command = "command: [\"gunicorn\", \"shop.wsgi:application\", \"--bind\", \"0.0.0.0:8000\"]";
    for end in ["", "ENTRYPOINT [\"/srv/entrypoint.sh\"]\n", "EXPOSE 8000\n"] {
        let text = written(django(end).path());
        has(&text, &[command, "\"8000:8000\"", "image: postgres:17", "condition: service_healthy"]);
    }
    let uv = django("RUN uv sync --no-dev\n");
    has(&written(uv.path()), &["command: [\"uv\", \"run\", \"gunicorn\""]);
    // The image starts something, or another one of the same program does.
    lacks(&written(django("CMD [\"python\", \"manage.py\", \"runserver\"]\n").path()), &["command: [\"gunicorn\""]);
    let both = django("CMD [\"python\", \"manage.py\", \"runserver\"]\n");
    fs::write(both.path().join("base.Dockerfile"), "FROM python:3.13-slim\nCOPY . .\nRUN pip install --group main\n")
        .unwrap();
    lacks(&written(both.path()), &["command: [\"gunicorn\"", "base"]);
    // Nothing shows what would serve it.
    let folder = project(&[
        ("Dockerfile", "FROM python:3.13-slim\nCOPY . .\n"),
        ("requirements.txt", "django\ngunicorn\n"),
        ("a.py", "print(1)\n"),
    ]);
    let (_, text) = run(folder.path(), &["compose", "emit"]);
    assert!(text.contains("starts no program"), "{text}");
}

#[test]
fn settings_of_a_server_say_its_port() {
    let folder = project(&[
        (
            "docker/Dockerfile",
            "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"uwsgi\", \"/srv/docker/uwsgi.ini\"]\n",
        ),
        ("docker/uwsgi.ini", "[uwsgi]\nmaster\nhttp-socket = :8000\n"),
        ("requirements.txt", "django\nuwsgi\n"),
        ("shop/wsgi.py", "application = get_wsgi_application()\n"),
        // An image that builds packages is no service.
        ("packaging/Dockerfile", "FROM golang:1.24\nADD . /src\nCMD [\"/src/packaging/build.sh\"]\n"),
        ("packaging/build.sh", "#!/bin/sh\nexec dpkg-buildpackage\n"),
        ("main.go", "package main\n"),
    ]);
    let text = written(folder.path());
    has(&text, &["\"8000:8000\"", "restart: unless-stopped"]);
    lacks(&text, &["packaging"]);
}
