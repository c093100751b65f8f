//! How programs find servers and each other: ports, schemes, variables of proxies.

use super::{GO_IMAGE, GO_MOD, PYTHON, emitted, service};

#[test]
fn a_port_without_a_default_in_the_migrations_is_set() {
    let image = format!("{PYTHON}RUN pip install -r requirements.txt\nENTRYPOINT [\"./entrypoint.sh\"]\n");
    let settings = "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    postgres_host: str = 'localhost'\n    postgres_port: int = 5432\n    postgres_db: str = 'd'\n\n\ns = Settings()\n";
    let with = |start: &str| {
        let files = [
            ("Dockerfile", &*image),
            ("requirements.txt", "fastapi\nuvicorn\nasyncpg\nalembic\nsqlalchemy\npydantic-settings\n"),
            ("main.py", "import fastapi\nfrom config import s\n\napp = fastapi.FastAPI()\n"),
            ("config.py", settings),
            ("alembic.ini", "[alembic]\nscript_location = migrations\n"),
            ("migrations/env.py", "import os\n\nport = os.getenv('POSTGRES_PORT')\n"),
            ("entrypoint.sh", start),
        ];
        emitted(&files, &[]).0
    };
    let start = "#!/bin/sh\nalembic upgrade head\nuvicorn main:app --host 0.0.0.0 --port 8000\n";
    assert!(with(start).contains("POSTGRES_PORT: \"5432\""), "{}", with(start));
    let text = with(&start.replace("alembic upgrade head\n", ""));
    assert!(text.contains("POSTGRES_HOST: postgres") && !text.contains("POSTGRES_PORT"), "{text}");
}

#[test]
fn a_variable_behind_a_scheme_holds_host_and_port() {
    let with = |line: &str| {
        let files = [
            ("Dockerfile", "FROM node:24-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD [\"node\", \"main.js\"]\n"),
            (
                "package.json",
                "{\"name\": \"shop\", \"dependencies\": {\"express\": \"5\", \"nats\": \"2\", \"pg\": \"8\"}}\n",
            ),
            ("main.js", line),
        ];
        emitted(&files, &[]).0
    };
    for line in [
        "const a = { servers: `nats://${process.env.NATS_URL}` };\n",
        "const a = { servers: `nats://${process.env.NATS_URL}/` };\n",
        "const a = connect({ servers: [`nats://${process.env['NATS_URL']}`, 'b'] });\n",
    ] {
        assert!(with(line).contains("NATS_URL: nats:4222"), "{line}\n{}", with(line));
    }
    // Before a password or a host it is only a part.
    let parts = "const a = `postgresql://${process.env.DB_USER}:${process.env.DB_PASSWORD}@${process.env.DB_HOST}/${process.env.DB_NAME}`;\n";
    let text = with(parts);
    assert!(text.contains("DB_USER: app") && text.contains("DB_HOST: postgres\n"), "{text}");
    assert!(with("const a = process.env.NATS_URL;\n").contains("NATS_URL: nats://nats:4222"));
}

#[test]
fn a_proxy_gets_protocols_apart_from_hosts() {
    let template = "server {\n  listen 8080;\n  location /users { proxy_pass ${USERS_PROTOCOL}://${USERS_HOST}; }\n}\n";
    let files = [
        (
            "gateway/Dockerfile",
            "FROM nginx:1.30\nCOPY nginx.conf.template /etc/nginx/templates/default.conf.template\n",
        ),
        ("gateway/nginx.conf.template", template),
        (
            "users/Dockerfile",
            &*format!(
                "{PYTHON}RUN pip install flask\nCMD [\"flask\", \"run\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n"
            ),
        ),
        ("users/app.py", "from flask import Flask\n\napp = Flask(__name__)\n"),
    ];
    let (text, _) = emitted(&files, &[]);
    assert!(text.contains("USERS_PROTOCOL: http\n") && text.contains("USERS_HOST: users:8000\n"), "{text}");
}

#[test]
fn a_configuration_counts_only_in_an_image_with_a_web_server() {
    let nginx = "events {}\nhttp {\n  server {\n    listen 443 ssl;\n    ssl_certificate /etc/nginx/ssl/a.pem;\n    location / { proxy_pass http://api:4000; }\n  }\n}\n";
    let with = |last: &str| {
        let image = format!(
            "FROM node:24 AS build\nWORKDIR /app\nCOPY . .\nRUN npm install\n\nFROM node:24-slim\nWORKDIR /app\n{last}CMD [\"node\", \"api/index.js\"]\n"
        );
        let files = [
            ("api/Dockerfile", &*image),
            ("package.json", "{\"name\": \"shop\", \"dependencies\": {\"express\": \"5\"}}\n"),
            ("api/index.js", "require('express')().listen(4000);\n"),
            ("docker/nginx.conf", nginx),
        ];
        emitted(&files, &[]).0
    };
    let text = with("COPY --from=build /app/node_modules ./node_modules\nCOPY --from=build /app/api ./api\n");
    assert!(text.contains("./docker/nginx.conf:/etc/nginx/nginx.conf:ro"), "{text}");
    assert!(!service(&text, "api").contains("443"), "{text}");
    assert!(!service(&with("COPY --from=build /app ./\n"), "api").contains("443"));
}

/// The compose file for a gateway with this address of a server for gRPC in a folder.
fn with_grpc(folder: &str, address: &str, more: &[(&str, &str)]) -> String {
    let users = "package main\n\nimport (\n\t\"net\"\n\t\"google.golang.org/grpc\"\n)\n\nfunc main() {\n\tlistener, _ := net.Listen(\"tcp\", \":50051\")\n\tgrpc.NewServer().Serve(listener)\n}\n";
    let gateway = format!(
        "package main\n\nimport (\n\t\"net/http\"\n\t\"os\"\n\t\"google.golang.org/grpc\"\n)\n\nfunc getenv(key, fallback string) string {{\n\tif value := os.Getenv(key); value != \"\" {{\n\t\treturn value\n\t}}\n\treturn fallback\n}}\n\nfunc main() {{\n\tgrpc.NewClient({address})\n\thttp.ListenAndServe(\":8080\", nil)\n}}\n"
    );
    let image = format!("{GO_IMAGE}CMD [\"/app\"]\n");
    let manifest = format!("{GO_MOD}\nrequire google.golang.org/grpc v1.70.0\n");
    let place = |name: &str| format!("{folder}/{name}");
    let places = [place("Dockerfile"), place("go.mod"), place("main.go")];
    let files = [
        (places[0].as_str(), image.as_str()),
        (&places[1], &manifest),
        (&places[2], users),
        ("gateway/Dockerfile", &image),
        ("gateway/go.mod", &manifest),
        ("gateway/main.go", &gateway),
    ];
    emitted(&[&files, more].concat(), &[]).0
}

#[test]
fn addresses_without_a_scheme_lead_to_the_program() {
    let example = [("gateway/.env.example", "USERS_TARGET=127.0.0.1:50051\n")];
    for (variable, address, more) in [
        ("USER_SERVICE_ADDR", "os.Getenv(\"USER_SERVICE_ADDR\")", &[][..]),
        ("USER_SERVICE_ADDR", "getenv(\"USER_SERVICE_ADDR\", \"localhost:50051\")", &[]),
        ("GRPC_TARGET", "getenv(\"GRPC_TARGET\", \"user-service:9000\")", &[]),
        ("USERS_TARGET", "os.Getenv(\"USERS_TARGET\")", &example),
    ] {
        let text = with_grpc("user-service", address, more);
        let gateway = service(&text, "gateway");
        assert!(gateway.contains(&format!("{variable}: user-service:50051")), "{address}: {text}");
        assert!(text.contains("      user-service:\n        condition: "), "{address}: {text}");
    }
    // Where a program listens is no address of another one.
    let text = with_grpc("user-service", "getenv(\"LISTEN_ADDR\", \"localhost:50051\")", &[]);
    assert!(!text.contains("LISTEN_ADDR"), "{text}");
}

#[test]
fn a_program_has_the_name_with_underscores_that_sources_call() {
    for address in ["\"user_service:50051\"", "getenv(\"USER_SERVICE_ADDR\", \"user_service:50051\")"] {
        for folder in ["user_service", "user-service"] {
            let text = with_grpc(folder, address, &[]);
            assert!(service(&text, "user_service").contains(&format!("build: ./{folder}")), "{address}: {text}");
            assert!(!text.contains("USER_SERVICE_ADDR"), "{text}");
        }
    }
    let text = with_grpc("user_service", "os.Getenv(\"USER_SERVICE_ADDR\")", &[]);
    assert!(text.contains("USER_SERVICE_ADDR: user-service:50051"), "{text}");
}
