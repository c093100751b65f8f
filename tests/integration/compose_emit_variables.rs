//! Which variables `dockopt compose emit` gives programs: those that they need, none that they do without, and the parts of
//! connections in the form that each client reads.

use std::fs;

use crate::compose_emit::{project, written};

/// What a part of the file for this folder is, from a service's name on.
pub(crate) fn service(text: &str, name: &str) -> String {
    let start = text.find(&format!("\n  {name}:\n")).unwrap_or_else(|| panic!("no {name} in {text}"));
    let rest = &text[start + 1..];
    let end = rest.match_indices("\n\n").next().map_or(rest.len(), |(at, _)| at);
    rest[..end].to_owned()
}

#[track_caller]
pub(crate) fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[track_caller]
pub(crate) fn lacks(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(!text.contains(part), "{part} is in:\n{text}");
    }
}

const CONFIG_POM: &str = "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>config</artifactId><version>1</version><dependencies><dependency><groupId>org.springframework.cloud</groupId><artifactId>spring-cloud-config-server</artifactId></dependency></dependencies></project>";
const POM: &str = "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId><artifactId>account</artifactId><version>1</version></project>";

#[test]
fn a_jar_holds_what_its_sources_read() {
    let folder = project(&[
        (
            "config/Dockerfile",
            "FROM eclipse-temurin:21-jre\nADD ./target/config.jar /app/\nEXPOSE 8888\nCMD [\"java\", \"-jar\", \"/app/config.jar\"]\n",
        ),
        ("config/pom.xml", CONFIG_POM),
        (
            "config/src/main/resources/bootstrap.yml",
            "spring:\n  security:\n    user:\n      password: ${CONFIG_PASSWORD}\n      name: ${CONFIG_USER:user}\n",
        ),
        ("config/src/main/resources/shared/account.yml", "a: ${ACCOUNT_PASSWORD}\n"),
        ("config/src/test/resources/application.yml", "a: ${ONLY_IN_TESTS}\n"),
        (
            "account/Dockerfile",
            "FROM eclipse-temurin:21-jre\nCOPY build/libs/*.jar /app/app.jar\nEXPOSE 6000\nCMD [\"java\", \"-jar\", \"/app/app.jar\"]\n",
        ),
        ("account/.dockerignore", "*\n!build/libs\n"),
        ("account/pom.xml", POM),
        (
            "account/src/main/resources/application.properties",
            "spring.application.name=account\nspring.cloud.config.password=${CONFIG_PASSWORD}\n",
        ),
    ]);
    let text = written(folder.path());
    let needed = "      CONFIG_PASSWORD: \"${CONFIG_PASSWORD:?set it in .env}\"\n";
    has(&service(&text, "config"), &[needed]);
    has(&service(&text, "account"), &[needed, "      ACCOUNT_PASSWORD: \"${ACCOUNT_PASSWORD:?set it in .env}\"\n"]);
    lacks(&text, &["CONFIG_USER", "ONLY_IN_TESTS"]);
}

#[test]
fn a_config_server_says_which_servers_its_programs_need() {
    let dockerfile = "FROM eclipse-temurin:21-jre\nCOPY target/app.jar /app/app.jar\nEXPOSE 6000\nCMD [\"java\", \"-jar\", \"/app/app.jar\"]\n";
    let starters = "<dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-data-mongodb</artifactId></dependency><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-amqp</artifactId></dependency>";
    let pom = POM.replace("</project>", &format!("<dependencies>{starters}</dependencies></project>"));
    let folder = project(&[
        ("config/Dockerfile", dockerfile),
        ("config/pom.xml", CONFIG_POM),
        ("config/src/main/resources/application.yml", "spring:\n  redis:\n    host: redis\n"),
        ("config/src/main/resources/shared/account.yml", "spring:\n  data:\n    mongodb:\n      host: store\n"),
        ("config/src/main/resources/shared/application.yml", "spring:\n  rabbitmq:\n    host: rabbitmq\n"),
        ("config/src/main/resources/shared/other.yml", "spring:\n  data:\n    mongodb:\n      host: other-mongo\n"),
        ("account/Dockerfile", dockerfile),
        ("account/pom.xml", &pom),
        ("account/src/main/resources/bootstrap.yml", "spring:\n  application:\n    name: account\n"),
    ]);
    let text = written(folder.path());
    has(&service(&text, "account"), &["rabbitmq", "store"]);
    has(&text, &["\n  store:\n", "\n  rabbitmq:\n"]);
    lacks(&text, &["other-mongo"]);
}

const SCHEMA: &str = r#"import { createEnv } from "@t3-oss/env-nextjs";
import { z } from "zod";

export const env = createEnv({
  server: {
    DATABASE_URL: z.string().url(),
    SALT: z.string({
      error: (issue) => (issue.input === undefined ? "a salt is required" : "invalid type"),
    }),
    SIGNING_REALM: z.string(),
    AUTH_GOOGLE_ALLOW_LINKING: z.enum(["true", "false"]).optional(),
    AUTH_GOOGLE_CLIENT_SECRET: z.string().optional(),
    MAIL_PASSWORD: z.string().optional(),
  },
  runtimeEnv: {
    DATABASE_URL: process.env.DATABASE_URL,
    SALT: process.env.SALT,
    SIGNING_REALM:
      process.env.SIGNING_REALM,
    AUTH_GOOGLE_ALLOW_LINKING: process.env.AUTH_GOOGLE_ALLOW_LINKING,
    AUTH_GOOGLE_CLIENT_SECRET: process.env.AUTH_GOOGLE_CLIENT_SECRET,
    MAIL_PASSWORD: process.env.MAIL_PASSWORD,
  },
});
"#;

#[test]
fn rules_say_what_is_needed_and_what_is_optional() {
    let folder = project(&[
        (
            "Dockerfile",
            "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n",
        ),
        ("package.json", r#"{"name": "shop", "dependencies": {"pg": "^8", "zod": "^4", "@t3-oss/env-nextjs": "^1"}}"#),
        ("server.js", "import './env.mjs';\n"),
        ("env.mjs", SCHEMA),
        (
            ".env.example",
            "SALT=salt\nSIGNING_REALM=shop\nAUTH_GOOGLE_ALLOW_LINKING=false\nAUTH_GOOGLE_CLIENT_SECRET=x1y2\nMAIL_PASSWORD=a1b2\n",
        ),
    ]);
    let text = written(folder.path());
    let app = service(&text, "app");
    has(&app, &["      SALT: \"${SALT:?set it in .env}\"\n", "      SIGNING_REALM: ${SIGNING_REALM:-shop}\n"]);
    // What the example names and the program reads arrives where the user sets it.
    let optional = ["AUTH_GOOGLE_ALLOW_LINKING", "AUTH_GOOGLE_CLIENT_SECRET", "MAIL_PASSWORD"];
    has(&app, &optional.map(|name| format!("      {name}:\n")).each_ref().map(String::as_str));
}

#[test]
fn start_scripts_get_what_has_no_default() {
    let folder = project(&[
        (
            "api/Dockerfile",
            "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nENTRYPOINT [\"/srv/bin/start.sh\"]\n",
        ),
        ("api/requirements.txt", "gunicorn==23\nflask==3\n"),
        (
            "api/bin/start.sh",
            "#!/bin/bash\nset -eu\nHERE=$(pwd)\necho \"$HERE $TENANT\"\nif [ \"${1:-}\" = x ]; then\n  echo \"$BRANCH_ONLY\"\nfi\nexec gunicorn -w \"$GUNICORN_WORKERS\" -b 0.0.0.0:8000 app:app\n",
        ),
        ("api/bin/deploy.sh", "#!/bin/sh -u\nscp x \"$DEPLOY_HOST_NAME\"\n"),
        (
            "api/app.py",
            "import os\napp = None\nMODE = os.environ.get('SHOP_MODE')\nLIMIT = os.environ.get('SHOP_LIMIT', '5')\nHOOK = os.environ.get('SHOP_HOOK')\n",
        ),
        ("api/.env.example", "GUNICORN_WORKERS=2\nSHOP_MODE=fast\nSHOP_LIMIT=9\nSHOP_HOOK=http://localhost:9\n"),
        (".env.example", "GUNICORN_WORKERS=7\n"),
    ]);
    let text = written(folder.path());
    has(
        &service(&text, "api"),
        &[
            "      TENANT: \"${TENANT:?set it in .env}\"\n",
            "      GUNICORN_WORKERS: ${GUNICORN_WORKERS:-2}\n",
            "      SHOP_MODE:\n",
            "      SHOP_LIMIT:\n",
            "      SHOP_HOOK:\n",
        ],
    );
    lacks(&text, &["BRANCH_ONLY", "DEPLOY_HOST_NAME", "HERE:"]);
}

#[test]
fn comments_of_the_example_say_what_is_optional_and_what_is_required() {
    let folder = project(&[
        (
            "Dockerfile",
            "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nENV NODE_ENV=production\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n",
        ),
        ("package.json", r#"{"name": "shop"}"#),
        (
            "server.js",
            "const key = process.env.SIGNING_KEY_PASSWORD;\nconst mail = requireEnv('MAIL_HOST');\nconst store = requireEnv('STORE_TOKEN');\nif (!process.env.BOOT_REGION) throw new Error('no region');\nconst mode = process.env.NODE_ENV ?? 'development';\nconst port = process.env.PORT ?? 3000;\nfunction requireEnv(name) {\n  if (!process.env[name]) throw new Error(name);\n  return process.env[name];\n}\n",
        ),
        (
            ".env.example",
            "# REQUIRED: signs what is sent.\nSIGNING_KEY_PASSWORD=secret\n\n# OPTIONAL: the server that mails go to.\nMAIL_HOST=\nSTORE_TOKEN= # optional\nNODE_ENV=development\nPORT=3000\n",
        ),
    ]);
    let app = service(&written(folder.path()), "app");
    has(
        &app,
        &[
            "      SIGNING_KEY_PASSWORD: \"${SIGNING_KEY_PASSWORD:?set it in .env}\"\n",
            "      BOOT_REGION: \"${BOOT_REGION:?set it in .env}\"\n",
        ],
    );
    lacks(&app, &["MAIL_HOST:?", "STORE_TOKEN:?", "NODE_ENV", " PORT:"]);
}

#[test]
fn switches_and_the_secrets_of_others_are_not_required() {
    let folder = project(&[
        (
            "Dockerfile",
            "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000\nCMD [\"gunicorn\", \"-b\", \"0.0.0.0:8000\", \"app:app\"]\n",
        ),
        ("requirements.txt", "gunicorn==23\nflask==3\n"),
        (
            "app.py",
            "import os\nfrom secrets import token_hex\napp = None\nSECRET_KEY = os.environ.get('SECRET_KEY', token_hex(16))\nA = os.environ.get('ENABLE_EMAIL_PASSWORD', '1')\nB = os.environ.get('ANALYTICS_SECRET_KEY', False)\nC = os.environ.get('WEB_PASSWORD', 'maybe')\nD = os.environ.get('COUNT_KEY', '5')\n",
        ),
    ]);
    let text = written(folder.path());
    has(&text, &["      SECRET_KEY: \"${SECRET_KEY:?set it in .env}\"\n", "      WEB_PASSWORD:\n"]);
    lacks(&text, &["ENABLE_EMAIL_PASSWORD", "ANALYTICS_SECRET_KEY", "COUNT_KEY"]);
    let example = fs::read_to_string(folder.path().join(".env.example")).unwrap();
    has(&example, &["\nSECRET_KEY=\n", "\n# WEB_PASSWORD=\n"]);
}

#[test]
fn a_default_that_asks_for_tls_is_switched_off() {
    let folder = project(&[
        (
            "Dockerfile",
            "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n",
        ),
        ("package.json", r#"{"name": "shop", "dependencies": {"pg": "^8", "ioredis": "^5"}}"#),
        (
            "server.js",
            "const db = { host: process.env.DATABASE_HOST, password: process.env.DATABASE_PASSWORD };\nconst ssl = process.env.DATABASE_SSL != null ? JSON.parse(process.env.DATABASE_SSL) : { rejectUnauthorized: false };\nconst mode = process.env.DB_SSL_MODE || 'require';\nconst redis = process.env.REDIS_URL || 'redis://localhost';\nconst tls = process.env.REDIS_TLS_ENABLED !== 'false';\nconst cert = process.env.DATABASE_SSL_CERT_FILE || 'true';\nconst plain = process.env.PG_SSL || 'false';\nconst force = process.env.FORCE_HTTPS_REDIRECT;\nconst always = process.env.APP_FORCE_SSL ?? true;\napp.listen(3000);\n",
        ),
    ]);
    let text = written(folder.path());
    has(
        &service(&text, "app"),
        &[
            "      DATABASE_SSL: \"false\"\n",
            "      DB_SSL_MODE: disable\n",
            "      REDIS_TLS_ENABLED: \"false\"\n",
            "      APP_FORCE_SSL: ${APP_FORCE_SSL:-false}\n",
        ],
    );
    lacks(&text, &["CERT_FILE", "PG_SSL", "FORCE_HTTPS_REDIRECT: "]);
}

#[test]
fn parts_of_connections_have_the_form_that_their_client_reads() {
    let folder = project(&[
        (
            "Dockerfile",
            "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\nEXPOSE 3000\nENTRYPOINT [\"./start.sh\"]\nCMD [\"node\", \"server.js\"]\n",
        ),
        ("start.sh", "#!/bin/sh\necho \"$CLICKHOUSE_MIGRATION_URL $CLICKHOUSE_NATIVE_PORT\"\nexec \"$@\"\n"),
        (
            "package.json",
            r#"{"name": "shop", "dependencies": {"pg": "^8", "ioredis": "^5", "@clickhouse/client": "^1", "zod": "^4"}}"#,
        ),
        (
            "server.js",
            "import { z } from 'zod';\nz.object({\n  CLICKHOUSE_URL: z.url(),\n  CLICKHOUSE_READ_ONLY_URL: z.url().optional(),\n  CLICKHOUSE_USER: z.string(),\n  CLICKHOUSE_PASSWORD: z.string(),\n  CLICKHOUSE_DB: z.string().default('default'),\n  CLICKHOUSE_CLUSTER_NAME: z.string().default('default'),\n  CLICKHOUSE_BILLING_API_KEY: z.string().optional(),\n  DATABASE_URL: z.string(),\n  DATABASE_USERNAME: z.string(),\n  REDIS_HOST: z.string().nullish(),\n  REDIS_AUTH: z.string(),\n}).parse(process.env);\n",
        ),
        (
            ".env.example",
            "CLICKHOUSE_MIGRATION_URL=clickhouse://localhost:9000\nCLICKHOUSE_URL=http://localhost:8123\n# CLICKHOUSE_NATIVE_PORT=9000\nREDIS_HOST=127.0.0.1\nREDIS_AUTH=myredissecret\n",
        ),
    ]);
    let text = written(folder.path());
    let app = service(&text, "app");
    has(
        &app,
        &[
            "      CLICKHOUSE_URL: http://clickhouse:8123\n",
            "      CLICKHOUSE_MIGRATION_URL: clickhouse://clickhouse:9000\n",
            "      CLICKHOUSE_PASSWORD: \"${CLICKHOUSE_PASSWORD:?set it in .env}\"\n",
            "      REDIS_HOST: redis\n",
            "      DATABASE_USERNAME: app\n",
        ],
    );
    lacks(&app, &["CLICKHOUSE_BILLING_API_KEY", "CLUSTER_NAME", "NATIVE_PORT", "READ_ONLY"]);
    // A server that asks for no password by itself has one where a program fails without.
    has(&app, &["      REDIS_AUTH: \"${REDIS_AUTH:?set it in .env}\"\n"]);
    has(&service(&text, "redis"), &["\"--requirepass\", \"${REDIS_AUTH:?set it in .env}\"]", "REDISCLI_AUTH="]);
}

#[test]
fn a_url_alone_has_all_parts_of_a_connection() {
    let folder = project(&[
        (
            "Dockerfile",
            "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n",
        ),
        ("package.json", r#"{"name": "shop", "dependencies": {"@clickhouse/client": "^1"}}"#),
        ("server.js", "const url = process.env.CLICKHOUSE_URL || 'http://localhost:8123';\n"),
    ]);
    let text = written(folder.path());
    has(&text, &["CLICKHOUSE_URL: \"http://app:${CLICKHOUSE_PASSWORD:?set it in .env}@clickhouse:8123/app\"\n"]);
}

#[test]
fn variables_that_an_example_sets_arrive_whatever_their_names_begin_with() {
    let source = "import os\nfrom fastapi import FastAPI\nid = os.environ.get('GITHUB_CLIENT_ID', '')\nsecret = os.environ.get('GITHUB_CLIENT_SECRET', '')\nsha = os.environ.get('GITHUB_SHA')\nkey = os.environ.get('INTERNAL_KEY')\napp = FastAPI()\n";
    let dockerfile = "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\"]\n";
    let folder = project(&[
        ("a/Dockerfile", dockerfile),
        ("a/requirements.txt", "fastapi\nuvicorn\n"),
        ("a/main.py", source),
        ("b/Dockerfile", dockerfile),
        ("b/requirements.txt", "fastapi\nuvicorn\n"),
        ("b/main.py", source),
        (".env.example", "GITHUB_CLIENT_ID=x\nGITHUB_CLIENT_SECRET=y\n"),
    ]);
    let json = crate::compose_emit::emitted(folder.path());
    let text = json["files"][0]["text"].as_str().unwrap();
    has(&service(text, "a"), &["GITHUB_CLIENT_ID:\n", "GITHUB_CLIENT_SECRET:\n"]);
    lacks(text, &["GITHUB_SHA"]);
    // One note for both.
    has(&json["notes"].to_string(), &["a, b get `INTERNAL_KEY` only from `.env`"]);
}
