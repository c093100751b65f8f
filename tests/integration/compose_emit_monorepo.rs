//! `dockopt compose emit` in repositories of several programs: each gets what it reads itself, and what its packages read.

use std::fs;

use crate::compose_emit::{emitted, project, written};
use crate::compose_emit_variables::{has, lacks, service};

/// The stages of an image that takes one package out of the workspace.
fn pruned(name: &str, rest: &str) -> String {
    format!(
        "FROM node:22-alpine AS builder\nWORKDIR /app\nCOPY . .\nRUN npx turbo prune --scope={name} --docker\nFROM node:22-alpine AS installer\nWORKDIR /app\nCOPY --from=builder /app/out/full/ .\nRUN pnpm install --frozen-lockfile\nRUN pnpm turbo run build --filter={name}...\n{rest}"
    )
}

/// A workspace with two static sites, a server and a worker of Node, and an API of Python with a worker of its own.
fn workspace() -> tempfile::TempDir {
    let site = |name: &str| {
        let copied = format!(
            "FROM nginx:1.27-alpine\nCOPY --from=installer /app/apps/{name}/dist /usr/share/nginx/html\nEXPOSE 3000\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n"
        );
        pruned(name, &copied)
    };
    let (web, admin) = (site("web"), site("admin"));
    let live = pruned(
        "live",
        "FROM node:22-alpine\nWORKDIR /app\nCOPY --from=installer /app .\nEXPOSE 3000\nCMD [\"node\", \"apps/live\"]\n",
    );
    let worker = pruned(
        "worker",
        "FROM node:22-alpine\nWORKDIR /app\nCOPY --from=installer /app/worker ./worker\nEXPOSE 3030\nCMD [\"node\", \"worker/dist/index.js\"]\n",
    );
    project(&[
        ("package.json", r#"{"name": "shop", "private": true, "devDependencies": {"turbo": "^2"}}"#),
        ("pnpm-workspace.yaml", "packages:\n  - apps/*\n  - packages/*\n  - worker\n"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"),
        ("turbo.json", "{}\n"),
        ("apps/web/Dockerfile.web", &web),
        ("apps/web/Dockerfile.dev", "FROM node:22\nWORKDIR /app\nCOPY . .\nCMD [\"pnpm\", \"dev\"]\n"),
        ("apps/web/package.json", r#"{"name": "web", "dependencies": {"@shop/db": "workspace:*"}}"#),
        ("apps/web/src/main.ts", "import '@shop/db';\nexport const api = process.env.WEB_SECRET_KEY!;\n"),
        ("apps/admin/Dockerfile.admin", &admin),
        ("apps/admin/package.json", r#"{"name": "admin"}"#),
        ("apps/admin/src/main.ts", "export const a = 1;\n"),
        ("apps/live/Dockerfile.live", &live),
        (
            "apps/live/package.json",
            r#"{"name": "live", "main": "./dist/start.mjs", "dependencies": {"ioredis": "5", "express": "5"}}"#,
        ),
        (
            "apps/live/src/start.ts",
            "import { settings } from '@/lib/settings';\nnew Redis(settings.redis);\napp.listen(3000);\n",
        ),
        ("apps/live/src/lib/settings.ts", "export const settings = { redis: process.env.REDIS_URL! };\n"),
        ("packages/editor/package.json", r#"{"name": "@shop/editor"}"#),
        ("packages/editor/src/live.ts", "export const x = process.env.EDITOR_TOKEN!;\n"),
        ("packages/db/package.json", r#"{"name": "@shop/db", "dependencies": {"pg": "8"}}"#),
        ("packages/db/src/index.ts", "export * from './client';\n"),
        (
            "packages/db/src/client.ts",
            "import pg from 'pg';\nnew pg.Pool({ connectionString: process.env.DATABASE_URL! });\n",
        ),
        ("worker/Dockerfile", &worker),
        ("worker/eslint.config.mjs", "export default [];\n"),
        ("worker/vitest.config.ts", "export default {};\n"),
        ("worker/package.json", r#"{"name": "worker", "dependencies": {"@shop/db": "workspace:*", "express": "5"}}"#),
        ("worker/src/index.ts", "import { db } from '@shop/db';\nconst key = process.env.WORKER_SECRET_KEY!;\n"),
        (
            "apps/api/Dockerfile.api",
            "FROM python:3.13-slim\nWORKDIR /code\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000\nCMD [\"./bin/start-api.sh\"]\n",
        ),
        ("apps/api/package.json", r#"{"name": "api"}"#),
        ("apps/api/bin/start-api.sh", "#!/bin/sh\nexec gunicorn -b 0.0.0.0:8000 shop.wsgi\n"),
        ("apps/api/requirements.txt", "django==5.2\ncelery==5.5\npsycopg==3.2\nredis==6.2\ngunicorn==23\n"),
        ("apps/api/manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
        ("apps/api/shop/__init__.py", ""),
        (
            "apps/api/shop/settings.py",
            "import os\nSECRET_KEY = os.environ['SECRET_KEY']\nDATABASE_URL = os.environ['DATABASE_URL']\nREDIS = os.environ['REDIS_URL']\n",
        ),
        ("apps/api/shop/wsgi.py", "from shop import settings\nfrom shop.celery import app\n"),
        ("apps/api/shop/celery.py", "from celery import Celery\n\napp = Celery('shop')\n"),
        ("scripts/report.mjs", "send(process.env.REPORT_TOKEN!, process.env.TEST_REDIS_URL!);\n"),
        ("deployments/all/start.sh", "#!/bin/bash\nset -u\necho $DATABASE_URL $REDIS_URL $ALL_SECRET_KEY\n"),
        (
            ".env.example",
            "DATABASE_URL=postgresql://shop@localhost/shop\nREDIS_URL=redis://localhost:6379\nWORKER_SECRET_KEY=a\nWEB_SECRET_KEY=b\nEDITOR_TOKEN=c\nALL_SECRET_KEY=d\nREPORT_TOKEN=e\nTEST_REDIS_URL=redis://localhost:6379/9\n",
        ),
    ])
}

#[test]
fn programs_of_a_workspace_get_what_they_and_their_packages_read() {
    let folder = workspace();
    let text = written(folder.path());
    // Static sites run none of the sources that they are made of.
    for name in ["web", "admin"] {
        let site = service(&text, name);
        has(&site, &[&format!("dockerfile: apps/{name}/Dockerfile.{name}")]);
        lacks(&site, &["environment:", "depends_on:", "migrate"]);
    }
    let live = service(&text, "live");
    has(&live, &["REDIS_URL:", "      redis:\n        condition: service_healthy"]);
    lacks(&live, &["DATABASE_URL", "migrate", "SECRET_KEY", "EDITOR_TOKEN"]);
    let worker = service(&text, "worker");
    has(&worker, &["context: .\n", "dockerfile: worker/Dockerfile", "DATABASE_URL:", "WORKER_SECRET_KEY:"]);
    lacks(&worker, &["REDIS_URL", "WEB_SECRET_KEY", "\n      SECRET_KEY"]);
    let api = service(&text, "api");
    has(&api, &["context: ./apps/api", "SECRET_KEY: \"${SECRET_KEY:?", "DATABASE_URL:", "REDIS_URL:"]);
    // Only the image with the packages of the tasks runs them.
    assert_eq!(text.matches("\"celery\"").count(), 1, "{text}");
    lacks(&text, &["ALL_SECRET_KEY", "TEST_REDIS_URL"]);
    lacks(&worker, &["REPORT_TOKEN"]);
}

#[test]
fn a_dockerfile_that_is_left_out_takes_no_other_one_with_it() {
    let folder = workspace();
    fs::copy(folder.path().join("apps/web/Dockerfile.web"), folder.path().join("apps/web/Dockerfile.copy")).unwrap();
    let notes = emitted(folder.path())["notes"].to_string();
    assert!(notes.contains("Dockerfile.dev is left out: it is for development"), "{notes}");
    assert!(
        notes.contains("Dockerfile.web is left out: ") && notes.contains("Dockerfile.copy starts the same"),
        "{notes}"
    );
    assert!(!notes.contains("Dockerfile.admin"), "{notes}");
}

#[test]
fn a_note_names_the_service_that_may_be_the_same_program() {
    let folder = workspace();
    let compose = "services:\n  shop-web:\n    image: shop.example/shop/shop:4\n  shop-worker:\n    image: shop.example/shop/shop-worker:4\n";
    fs::write(folder.path().join("compose.yaml"), compose).unwrap();
    let notes = emitted(folder.path())["notes"].to_string();
    has(
        &notes,
        &[
            "`web` was not added: `shop-web` runs the image `shop.example/shop/shop:4`, which may",
            "`live` was not added: 2 services run images of which nothing shows what they were built from, such as",
        ],
    );
}

#[test]
fn a_build_of_one_program_of_a_go_module_reads_nothing_of_the_others() {
    let dockerfile = |name: &str| {
        format!(
            "FROM golang:1.24 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o /bin/{name} ./cmd/{name}\nFROM debian:12-slim\nCOPY --from=build /bin/{name} /bin/{name}\nEXPOSE 8080\nCMD [\"/bin/{name}\"]\n"
        )
    };
    let (api, mailer) = (dockerfile("api"), dockerfile("mailer"));
    let source = |name: &str| {
        format!(
            "package main\n\nimport (\n\t\"log\"\n\t\"os\"\n)\n\nfunc main() {{\n\tkey, ok := os.LookupEnv(\"{name}_SECRET_KEY\")\n\tif !ok {{\n\t\tlog.Fatal(\"no key\")\n\t}}\n\t_ = key\n}}\n"
        )
    };
    let (one, other) = (source("API"), source("MAILER"));
    let folder = project(&[
        ("go.mod", "module shop\n\ngo 1.24\n"),
        ("docker/api/Dockerfile", &api),
        ("docker/mailer/Dockerfile", &mailer),
        ("cmd/api/main.go", &one),
        ("cmd/mailer/main.go", &other),
        (".env.example", "API_SECRET_KEY=a\nMAILER_SECRET_KEY=b\n"),
    ]);
    let text = written(folder.path());
    let (api, mailer) = (service(&text, "api"), service(&text, "mailer"));
    has(&api, &["API_SECRET_KEY"]);
    lacks(&api, &["MAILER_SECRET_KEY"]);
    has(&mailer, &["MAILER_SECRET_KEY"]);
    lacks(&mailer, &["      API_SECRET_KEY"]);
}

#[test]
fn an_image_has_only_the_packages_whose_manifests_it_takes() {
    let folder = project(&[
        (
            "docker/api.Dockerfile",
            "FROM python:3.13-slim\nWORKDIR /srv\nCOPY api/requirements.txt ./\nRUN pip install -r requirements.txt\nCOPY api/ ./\nEXPOSE 8000\nCMD [\"python\", \"main.py\"]\n",
        ),
        (
            "docker/web.Dockerfile",
            "FROM node:22-slim\nWORKDIR /srv\nCOPY web/package.json ./\nRUN npm install\nCOPY web/ ./\nEXPOSE 3000\nCMD [\"node\", \"server.js\"]\n",
        ),
        ("api/requirements.txt", "psycopg==3.2\n"),
        ("api/main.py", "import os\nurl = os.environ['DATABASE_URL']\n"),
        ("web/package.json", r#"{"name": "web", "dependencies": {"express": "5"}}"#),
        ("web/server.js", "app.listen(3000);\n"),
        (".env.example", "DATABASE_URL=postgresql://shop@localhost/shop\n"),
    ]);
    let text = written(folder.path());
    has(&service(&text, "api"), &["DATABASE_URL:"]);
    lacks(&service(&text, "web"), &["DATABASE_URL", "postgres"]);
}

#[test]
fn sites_of_files_get_nothing_of_servers() {
    let site = |name: &str| {
        format!(
            "FROM node:22 AS builder\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build -w {name}\nFROM caddy:2-alpine\nWORKDIR /site\nCOPY --from=builder /app/packages/{name}/dist .\nEXPOSE 8080\n"
        )
    };
    let folder = project(&[
        ("packages/web/Dockerfile", &site("web")),
        ("packages/web/package.json", "{\"name\": \"web\", \"scripts\": {\"build\": \"vite build\"}}"),
        ("packages/web/main.ts", "console.log(import.meta.env.VITE_URL);\n"),
        (
            "pages/Dockerfile",
            "FROM mcr.microsoft.com/dotnet/sdk:9.0 AS build\nCOPY . .\nRUN dotnet publish Pages -o /out\nFROM nginx:1.30\nCOPY --from=build /out/wwwroot /usr/share/nginx/html\n",
        ),
        ("pages/Pages/Pages.csproj", "<Project Sdk=\"Microsoft.NET.Sdk.BlazorWebAssembly\"/>\n"),
        (
            "pages/Server/Server.csproj",
            "<Project><ItemGroup><PackageReference Include=\"Npgsql\" Version=\"9\"/></ItemGroup></Project>\n",
        ),
        ("pages/Server/Program.cs", "var url = Environment.GetEnvironmentVariable(\"DATABASE_URL\");\n"),
        ("package.json", "{\"name\": \"shop\", \"workspaces\": [\"packages/*\"]}"),
        ("packages/api/package.json", "{\"name\": \"api\", \"dependencies\": {\"prisma\": \"^6\"}}"),
        ("packages/api/prisma/schema.prisma", "datasource db {\n  provider = \"postgresql\"\n}\n"),
        (".env.example", "DATABASE_URL=postgres://shop@localhost/shop\n"),
    ]);
    let dockerfile = folder.path().join("packages/web/Dockerfile");
    fs::rename(dockerfile, folder.path().join("web.Dockerfile")).unwrap();
    let text = written(folder.path());
    has(&text, &["web.Dockerfile", "build: ./pages", "\"nc\", \"-z\""]);
    lacks(&text, &["DATABASE_URL", "postgres", "depends_on"]);
}

#[test]
fn programs_of_a_go_module_are_built_from_its_root() {
    let dockerfile = |name: &str| {
        format!(
            "FROM golang:1.25 AS build\nWORKDIR /src\nCOPY . .\nRUN go build -o main ./cmd/{name}/main.go\nFROM debian:13-slim\nCOPY --from=build /src/main .\nCMD [\"./main\"]\n"
        )
    };
    let program = |port: u16| {
        format!(
            "package main\n\nimport \"net/http\"\n\nconst (\n\taddress = \":{port}\"\n)\n\nfunc main() {{\n\thttp.ListenAndServe(address, nil)\n}}\n"
        )
    };
    let (first, second) = (dockerfile("api"), dockerfile("agent"));
    let folder = project(&[
        ("go.mod", "module example.com/shop\n\ngo 1.25\n"),
        ("cmd/api/Dockerfile", &first),
        ("cmd/api/main.go", &program(5000)),
        ("cmd/agent/Dockerfile", &second),
        ("cmd/agent/main.go", &program(5001)),
    ]);
    let text = written(folder.path());
    has(
        &text,
        &["dockerfile: cmd/api/Dockerfile", "\"5000:5000\"", "dockerfile: cmd/agent/Dockerfile", "\"5001:5001\""],
    );
    lacks(&text, &["build: ./cmd"]);
}
