//! `optimize`, `compose emit` and `compose check` name the same port and route for the same program: small programs that
//! were answered differently, and generated ones of each framework, whose port and route the generator knows.

use std::collections::BTreeSet;
use std::sync::Mutex;

use crate::dockopt::Dockopt;
use crate::tier::cases;

/// A program, and where it answers.
struct Program {
    name: String,
    files: Vec<(&'static str, String)>,
    port: u16,
    path: String,
}

const PYTHON: &str =
    "FROM python:3.13-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\n";
const NODE: &str = "FROM node:22-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\n";

fn python(name: &str, files: &[(&'static str, &str)], command: &str, port: u16, path: &str) -> Program {
    let mut all = vec![
        ("Dockerfile", format!("{PYTHON}{command}\n")),
        ("requirements.txt", "fastapi==0.120.0\nflask==3.1.0\nuvicorn==0.38.0\ngunicorn==23.0.0\n".to_owned()),
    ];
    all.extend(files.iter().map(|(path, text)| (*path, (*text).to_owned())));
    Program { name: name.to_owned(), files: all, port, path: path.to_owned() }
}

fn node(name: &str, files: &[(&'static str, &str)], rest: &str, port: u16, path: &str) -> Program {
    let package = r#"{"name": "app", "version": "1.0.0", "scripts": {"start": "node server.js"}, "dependencies": {"express": "4.21.0", "fastify": "5.1.0", "hono": "4.6.0"}}"#;
    let lock = r#"{"name": "app", "lockfileVersion": 3, "packages": {"": {"dependencies": {"express": "4.21.0"}}, "node_modules/express": {"version": "4.21.0"}}}"#;
    let command = if rest.contains("CMD") { "" } else { "CMD [\"node\", \"server.js\"]\n" };
    let mut all = vec![
        ("Dockerfile", format!("{NODE}{rest}{command}")),
        ("package.json", package.to_owned()),
        ("package-lock.json", lock.to_owned()),
    ];
    all.extend(files.iter().map(|(path, text)| (*path, (*text).to_owned())));
    Program { name: name.to_owned(), files: all, port, path: path.to_owned() }
}

/// The addresses of this machine in a text that are asked: port and path.
fn asked(text: &str) -> BTreeSet<(u16, String)> {
    let places = text.split("http://127.0.0.1:").skip(1);
    places
        .map(|rest| {
            let address = rest.split(['\'', '"', ' ']).next().unwrap();
            let (port, path) = address.split_once('/').unwrap_or((address, ""));
            (port.parse().unwrap_or_default(), format!("/{path}"))
        })
        .collect()
}

/// The same where the variable `PORT` counts: `'http://127.0.0.1:'+os.getenv('PORT','8000')+'/health'`.
fn asked_by_variable(text: &str) -> BTreeSet<(u16, String)> {
    let places = text.split("'http://127.0.0.1:'+").skip(1);
    places
        .filter_map(|rest| {
            let (port, rest) = rest.split_once("+'")?;
            let port: String = port.chars().filter(char::is_ascii_digit).collect();
            Some((port.parse().ok()?, rest.split('\'').next()?.to_owned()))
        })
        .collect()
}

/// What is wrong with the answers for a program.
fn faults(program: &Program) -> Vec<String> {
    let mut folder = Dockopt::new();
    for (path, text) in &program.files {
        folder = folder.file(path, text);
    }
    let ran = folder.args(["optimize", ".", "--diff"]).run();
    let expected: BTreeSet<(u16, String)> = [(program.port, program.path.clone())].into();
    let mut optimized = asked(&ran.stdout);
    optimized.retain(|(port, _)| *port > 0);
    optimized.extend(asked_by_variable(&ran.stdout));
    let emitted = ran.again(["compose", "emit", "--write"]);
    let compose = if emitted.has("compose.yaml") { emitted.read("compose.yaml") } else { emitted.stderr.clone() };
    let mut faults = Vec::new();
    if optimized != expected {
        faults.push(format!("{}: optimize asks {optimized:?}, not {expected:?}: {}", program.name, ran.stdout));
    }
    if asked(&compose) != expected {
        faults.push(format!("{}: compose emit asks {:?}, not {expected:?}: {compose}", program.name, asked(&compose)));
    }
    let published = format!("{0}:{0}", program.port);
    if !compose.contains(&published) {
        faults.push(format!("{}: compose emit does not publish {published}: {compose}", program.name));
    }
    let check = emitted.again(["compose", "check"]).stdout;
    if check.contains("healthcheck") || check.contains("port") {
        faults.push(format!("{}: compose check does not agree: {check}", program.name));
    }
    // What `optimize` writes, the rules and `audit` find nothing wrong with.
    let audit = ran.again(["optimize", ".", "--write"]).again(["audit", ".", "--format=json", "--fail-on=none"]);
    for finding in audit.json()["findings"].as_array().unwrap() {
        let rule = finding["rule"].as_str().unwrap();
        if ["healthcheck", "port", "expose"].iter().any(|word| rule.contains(word)) {
            faults.push(format!("{}: {rule} does not agree: {}", program.name, finding["message"]));
        }
    }
    faults
}

#[track_caller]
fn agree(programs: &[Program]) {
    let next = Mutex::new(programs.iter());
    let all = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(program) = next.lock().unwrap().next() else { break };
                    let faults = faults(program);
                    all.lock().unwrap().extend(faults);
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    assert!(all.is_empty(), "{} of {} programs:\n{}", all.len(), programs.len(), all.join("\n"));
}

const UVICORN: &str = "CMD [\"uvicorn\", \"main:api\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]";

#[test]
fn small_programs_have_one_answer() {
    let fastapi = "from fastapi import FastAPI\napi = FastAPI()\n";
    let route = |name: &str| format!("\n@api.get('/{name}')\ndef {name}():\n    return {{}}\n");
    let router = "from fastapi import APIRouter\nrouter = APIRouter(prefix='/v1')\n\n@router.get('/health')\ndef health():\n    return {}\n";
    let flask = "from flask import Flask\napp = Flask(__name__)\n\n@app.route('/ping')\ndef ping():\n    return 'ok'\n";
    let express = "const express = require('express');\n";
    let health = "app.get('/health', (req, res) => res.send('ok'));\n";
    let range = format!("{express}const app = express();\n{health}app.listen(4000);\n");
    let web = format!(
        "{express}const web = express();\nweb.get('/healthz', (req, res) => res.send('ok'));\nweb.listen(3000);\n"
    );
    let behind_router =
        format!("{express}const app = express();\napp.use('/api', require('./routes'));\napp.listen(3000);\n");
    let route_file = "const router = require('express').Router();\nrouter.get('/health', (req, res) => res.send('ok'));\nmodule.exports = router;\n";
    let started = format!("{express}const app = express();\n{health}app.listen(3000);\n");
    agree(&[
        python(
            "another variable",
            &[("main.py", &(fastapi.to_owned() + &route("healthz")))],
            UVICORN,
            8000,
            "/healthz",
        ),
        python(
            "two routes",
            &[("main.py", &(fastapi.to_owned() + &route("health") + &route("ready")))],
            UVICORN,
            8000,
            "/ready",
        ),
        python(
            "a router with a prefix",
            &[
                (
                    "main.py",
                    &format!("{fastapi}from routes import router\napi.include_router(router, prefix='/api')\n"),
                ),
                ("routes.py", router),
            ],
            UVICORN,
            8000,
            "/api/v1/health",
        ),
        python(
            "gunicorn",
            &[("app.py", flask)],
            "CMD [\"gunicorn\", \"-b\", \"0.0.0.0:5000\", \"app:app\"]",
            5000,
            "/ping",
        ),
        node("express with web", &[("server.js", &web)], "", 3000, "/healthz"),
        node(
            "express with a router",
            &[("server.js", &behind_router), ("routes.js", route_file)],
            "",
            3000,
            "/api/health",
        ),
        node("express with a range", &[("server.js", &range)], "EXPOSE 3000-3010\n", 4000, "/health"),
        node("npm start", &[("server.js", &started)], "CMD [\"npm\", \"start\"]\n", 3000, "/health"),
    ]);
}

fn program(name: &str, files: &[(&'static str, &str)], port: u16, path: &str) -> Program {
    let files = files.iter().map(|(path, text)| (*path, (*text).to_owned())).collect();
    Program { name: name.to_owned(), files, port, path: path.to_owned() }
}

const NEXT: &str = r#"{"name": "shop", "version": "1.0.0", "scripts": {"build": "next build", "start": "next start"}, "dependencies": {"next": "15.5.0", "react": "19.2.0", "react-dom": "19.2.0"}}"#;
const NEXT_LOCK: &str = r#"{"name": "shop", "lockfileVersion": 3, "packages": {"": {"dependencies": {"next": "15.5.0"}}, "node_modules/next": {"version": "15.5.0"}}}"#;

/// A program of Next.js with a first page, and more files.
fn next(name: &str, command: &str, more: &[(&'static str, &str)]) -> Program {
    let dockerfile = format!(
        "FROM node:22-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nENV PORT=3000\nEXPOSE 3000\nCMD {command}\n"
    );
    let page = "export default function Home() {\n  return <main>Shop</main>;\n}\n";
    let files = [
        ("Dockerfile", &*dockerfile),
        ("package.json", NEXT),
        ("package-lock.json", NEXT_LOCK),
        ("app/page.tsx", page),
    ];
    program(name, &[&files, more].concat(), 3000, "/")
}

/// Several programs in one build context, or several servers in one program.
#[test]
fn programs_among_others_have_one_answer() {
    let fastapi = "from fastapi import FastAPI\napp = FastAPI()\n";
    let health = format!("{fastapi}\n@app.get('/health')\ndef health():\n    return {{}}\n");
    let ping = format!("{fastapi}\n@app.get('/ping')\ndef ping():\n    return {{}}\n");
    let servers = "const express = require('express');\nconst http = require('http');\nconst app = express();\n\
        const PORT = process.env.PORT || 8080;\nconst SOCKETS = process.env.SOCKETS || 8443;\n\
        http.createServer().listen(SOCKETS, '0.0.0.0');\n\
        app.get('/livez', (req, res) => res.send('ok'));\nhttp.createServer(app).listen(PORT, '0.0.0.0');\n";
    let go = "package main\n\nimport \"net/http\"\n\nfunc main() {\n\thttp.HandleFunc(\"/healthz\", func(w http.ResponseWriter, r *http.Request) {})\n\thttp.ListenAndServe(\":8080\", nil)\n}\n";
    let python = "FROM python:3.13-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY services/orders .\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n";
    let golang = "FROM golang:1.25 AS build\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /shop ./cmd/shop\nFROM alpine:3.22\nCOPY --from=build /shop /shop\nCMD [\"sh\", \"-c\", \"exec /shop\"]\n";
    let programs = [
        program(
            "two FastAPI programs in one context",
            &[
                ("Dockerfile", python),
                ("requirements.txt", "fastapi==0.120.0\nuvicorn==0.38.0\n"),
                ("services/users/main.py", &health),
                ("services/orders/main.py", &ping),
            ],
            8000,
            "/ping",
        ),
        node("two servers in one program", &[("server.js", servers)], "EXPOSE 8080 8443\n", 8080, "/livez"),
        program(
            "one program of a Go module",
            &[
                ("Dockerfile", golang),
                ("go.mod", "module example.com/shop\n\ngo 1.25\n"),
                ("cmd/shop/main.go", go),
                ("cmd/admin/main.go", &go.replace("8080", "9090").replace("healthz", "health")),
            ],
            8080,
            "/healthz",
        ),
    ];
    agree(&programs);
}

/// Pages that a framework or a site serves.
#[test]
fn first_pages_have_one_answer() {
    let site = |port: u16| {
        format!(
            "server {{\n    listen {port};\n    root /usr/share/nginx/html;\n    location / {{\n        try_files $uri /index.html;\n    }}\n}}\n"
        )
    };
    let nginx = "FROM nginx:1.30\nCOPY shop.conf /etc/nginx/conf.d/default.conf\nCOPY html /usr/share/nginx/html\nCMD [\"nginx\", \"-g\", \"daemon off;\"]\n";
    let orders = "import Fastify from 'fastify';\nconst app = Fastify();\napp.get('/health/live', async () => ({}));\napp.listen({ port: 4000 });\n";
    agree(&[
        program(
            "one of two sites",
            &[
                ("Dockerfile", nginx),
                ("shop.conf", &site(8081)),
                ("admin.conf", &site(8082)),
                ("html/index.html", "<html></html>\n"),
            ],
            8081,
            "/",
        ),
        next("the first page of Next.js", "[\"npm\", \"start\"]", &[("next.config.js", "module.exports = {};\n")]),
        next(
            "a program with another one below it",
            "[\"npx\", \"next\", \"start\"]",
            &[
                (
                    "services/orders/package.json",
                    r#"{"name": "orders", "version": "1.0.0", "dependencies": {"fastify": "5.1.0"}}"#,
                ),
                ("services/orders/src/app.ts", orders),
            ],
        ),
    ]);
}

/// Draws from lists.
struct Draw(u64);

impl Draw {
    fn one<'t>(&mut self, from: &[&'t str]) -> &'t str {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        from[(self.0 >> 33) as usize % from.len()]
    }
}

/// A program of a framework, with names, paths and a port that are drawn.
fn generated(draw: &mut Draw, number: usize) -> Program {
    let name = draw.one(&["app", "api", "web", "service", "application"]);
    let path = draw.one(&["/health", "/healthz", "/ready", "/ping", "/status", "/readyz", "/_health"]);
    let front = draw.one(&["", "", "/api", "/api/v1"]);
    let port: u16 = draw.one(&["3000", "4000", "5050", "8080", "9001"]).parse().unwrap();
    let form = draw.one(&["number", "name", "default", "image"]);
    let title = format!("{number} {name} {front}{path} {port} {form}");
    let whole = format!("{front}{path}");
    if number.is_multiple_of(3) {
        let command = format!("CMD [\"uvicorn\", \"main:{name}\", \"--host\", \"0.0.0.0\", \"--port\", \"{port}\"]");
        let handler = format!("('{path}')\nasync def check():\n    return {{'status': 'ok'}}\n");
        let main = format!("from fastapi import FastAPI\n\n{name} = FastAPI(title='x')\n");
        return if front.is_empty() {
            python(&title, &[("main.py", &format!("{main}\n@{name}.get{handler}"))], &command, port, &whole)
        } else {
            let main =
                format!("{main}from routers import checks\n{name}.include_router(checks.router, prefix='{front}')\n");
            let checks = format!("from fastapi import APIRouter\n\nrouter = APIRouter()\n\n@router.get{handler}");
            python(
                &title,
                &[("main.py", &main), ("routers/__init__.py", ""), ("routers/checks.py", &checks)],
                &command,
                port,
                &whole,
            )
        };
    }
    if number % 3 == 1 {
        let main = format!("from flask import Flask\n\n{name} = Flask(__name__)\n");
        let handler = format!("('{path}')\ndef check():\n    return 'ok'\n");
        let command = format!("CMD [\"gunicorn\", \"--bind\", \"0.0.0.0:{port}\", \"main:{name}\"]");
        return if front.is_empty() {
            python(&title, &[("main.py", &format!("{main}\n@{name}.route{handler}"))], &command, port, &whole)
        } else {
            let main = format!("{main}from checks import bp\n{name}.register_blueprint(bp, url_prefix='{front}')\n");
            let checks =
                format!("from flask import Blueprint\n\nbp = Blueprint('checks', __name__)\n\n@bp.get{handler}");
            python(&title, &[("main.py", &main), ("checks.py", &checks)], &command, port, &whole)
        };
    }
    let (listens, rest) = match form {
        "number" => (format!("{name}.listen({port});\n"), String::new()),
        "name" => (
            format!("const port = {port};\n{name}.listen(port, () => console.log(port));\n"),
            "EXPOSE 3000-9999\n".to_owned(),
        ),
        "default" => (format!("{name}.listen(process.env.PORT || {port});\n"), "EXPOSE 80\n".to_owned()),
        _ => (format!("{name}.listen(Number(process.env.PORT) || 1234);\n"), format!("ENV PORT={port}\n")),
    };
    let main = format!("const express = require('express');\nconst {name} = express();\n");
    let handler = format!("('{path}', (req, res) => {{\n  res.send('ok');\n}});\n");
    if front.is_empty() {
        node(&title, &[("server.js", &format!("{main}{name}.get{handler}{listens}"))], &rest, port, &whole)
    } else {
        let main =
            format!("{main}const checks = require('./routes/checks');\n{name}.use('{front}', checks);\n{listens}");
        let routes = format!(
            "const {{ Router }} = require('express');\nconst router = Router();\nrouter.get{handler}module.exports = router;\n"
        );
        node(&title, &[("server.js", &main), ("routes/checks.js", &routes)], &rest, port, &whole)
    }
}

#[test]
fn generated_programs_have_one_answer() {
    let mut draw = Draw(0x2026_1125);
    let programs: Vec<Program> = (0..60).map(|number| generated(&mut draw, number)).collect();
    agree(&cases(programs, 20));
}
