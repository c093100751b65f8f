//! What `dockopt compose emit` says of running programs: their ports, who asks them, what is watched.

use crate::compose_emit::{project, run, written};

#[test]
fn outputs_and_sources_of_other_stages_are_watched() {
    let folder = project(&[
        (
            "front/Dockerfile",
            "FROM node:22 AS build\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nFROM nginx:1.28\nCOPY --from=build /app/dist /usr/share/nginx/html\n",
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
        "{action: rebuild, path: ./front}",
        "{action: sync+restart, path: ./shop/target/shop.jar, target: /app/shop.jar, ",
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
