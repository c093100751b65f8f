//! `dockopt compose emit`: the ports of the host that pages in the browser call.

use crate::compose_emit::{emitted, project};
use crate::compose_emit_variables::{has, service};

const API: [(&str, &str); 3] = [
    (
        "api/Dockerfile",
        "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"80\"]\n",
    ),
    ("api/requirements.txt", "fastapi\nuvicorn\n"),
    ("api/main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n"),
];
const SITE: &str = "FROM node:22 AS build\nWORKDIR /app\nCOPY . .\nRUN npm install && npm run build\nFROM nginx:1.27\nCOPY --from=build /app/dist /usr/share/nginx/html\n";
const MANIFEST: (&str, &str) = (
    "web/package.json",
    r#"{"name": "web", "scripts": {"build": "vite build"}, "dependencies": {"react": "19", "vite": "6"}}"#,
);

/// The services that come of programs with these files.
fn services(files: &[(&str, &str)]) -> String {
    let json = emitted(project(files).path());
    json["files"][0]["text"].as_str().unwrap_or_else(|| panic!("{json}")).to_owned()
}

/// The compose file for the API and a site with these files.
fn with_site(site: &str, files: &[(&str, &str)]) -> String {
    services(&[&API[..], &[MANIFEST, ("web/Dockerfile", site)], files].concat())
}

#[test]
fn an_api_is_published_where_pages_call_it() {
    let code = "const api = import.meta.env.VITE_API_URL || 'http://localhost:8000';\nfetch(`${api}/items`);\n";
    let read = "fetch(`${import.meta.env.VITE_API_URL}/items`);\n";
    let argument = SITE.replace("WORKDIR", "ARG VITE_API_URL=http://localhost:8000\nWORKDIR");
    for (site, files) in [
        (SITE, &[("web/src/api.ts", "fetch('http://localhost:8000/items');\n")][..]),
        (SITE, &[("web/src/api.ts", code)]),
        (SITE, &[("web/src/api.ts", read), ("web/.env.example", "VITE_API_URL=http://localhost:8000/v1\n")]),
        (SITE, &[("web/src/api.ts", read), ("web/.env.production", "VITE_API_URL=http://127.0.0.1:8000\n")]),
        (&argument, &[("web/src/api.ts", read)]),
    ] {
        let text = with_site(site, files);
        has(&service(&text, "api"), &["ports: [\"8000:80\"]"]);
        has(&service(&text, "web"), &["ports: [\"8080:80\"]"]);
    }
}

#[test]
fn other_addresses_are_no_calls_of_pages() {
    // A comment, a test, the development server's own settings, another program's variable, one that only servers read.
    for (path, text) in [
        ("web/src/api.ts", "// fetch('http://localhost:8000/items');\nfetch('/api/items');\n"),
        ("web/src/api.test.ts", "fetch('http://localhost:8000/items');\n"),
        ("web/vite.config.ts", "export default { server: { proxy: { '/api': 'http://localhost:8000' } } };\n"),
        ("web/src/login.ts", "const login = import.meta.env.VITE_KEYCLOAK_URL || 'http://localhost:8000';\n"),
        ("other/settings.ts", "const api = process.env.API_URL || 'http://localhost:8000';\n"),
    ] {
        let text = with_site(SITE, &[(path, text)]);
        has(&service(&text, "api"), &["ports: [\"8080:80\"]"]);
    }
}

#[test]
fn the_port_of_a_call_belongs_to_the_program_that_it_names() {
    let server = |name: &str| {
        [
            (
                format!("{name}/Dockerfile"),
                "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD [\"node\", \"index.js\"]\n".to_owned(),
            ),
            (
                format!("{name}/package.json"),
                format!("{{\"name\": \"{name}\", \"dependencies\": {{\"express\": \"5\"}}}}"),
            ),
            (format!("{name}/index.js"), "require('express')().listen(3000);\n".to_owned()),
        ]
    };
    let all: Vec<(String, String)> = ["auth", "orders"].iter().flat_map(|name| server(name)).collect();
    let mut files: Vec<(&str, &str)> = all.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let next = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install && npm run build\nCMD [\"npm\", \"start\"]\n";
    let manifest =
        r#"{"name": "web", "scripts": {"build": "next build", "start": "next start"}, "dependencies": {"next": "15"}}"#;
    let page = "'use client';\nconst auth = process.env.NEXT_PUBLIC_AUTH_URL ?? 'http://localhost:4001';\nconst orders = process.env.NEXT_PUBLIC_ORDERS_API_URL ??\n  'http://localhost:4002';\nconst own = process.env.NEXT_PUBLIC_SITE_URL ?? 'http://localhost:3000';\n";
    files.extend([("web/Dockerfile", next), ("web/package.json", manifest), ("web/app/page.tsx", page)]);
    let text = services(&files);
    has(&service(&text, "auth"), &["ports: [\"4001:3000\"]"]);
    has(&service(&text, "orders"), &["ports: [\"4002:3000\"]"]);
    has(&service(&text, "web"), &["ports: [\"3000:3000\"]"]);
    // Of two that listen on one port, pages call the one that is none themselves.
    let page = "'use client';\nconst api = process.env.NEXT_PUBLIC_API_URL ?? 'http://localhost:3000';\n";
    let mut files: Vec<(&str, &str)> = all[..3].iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    files.extend([("web/Dockerfile", next), ("web/package.json", manifest), ("web/app/page.tsx", page)]);
    let text = services(&files);
    has(&service(&text, "auth"), &["ports: [\"3000:3000\"]"]);
    has(&service(&text, "web"), &["ports: [\"3001:3000\"]"]);
}

#[test]
fn a_development_server_passes_requests_on_to_the_service() {
    let dockerfile = "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD [\"npm\", \"run\", \"dev\", \"--\", \"--host\", \"0.0.0.0\"]\n";
    let emit = |manifest: &str, settings: &[(&str, &str)]| {
        let files = [&API[..], &[("web/Dockerfile", dockerfile), ("web/package.json", manifest)], settings].concat();
        emitted(project(&files).path())
    };
    let vite = r#"{"scripts": {"dev": "vite"}, "devDependencies": {"vite": "6"}}"#;
    let settings = |target: &str| {
        format!("export default {{ server: {{ port: 5173, proxy: {{ '/api': {{ target: {target} }} }} }} }};\n")
    };
    for target in ["process.env.API_TARGET ?? 'http://localhost:80'", "env.VITE_TARGET || \"http://localhost:80\""] {
        let json = emit(vite, &[("web/vite.config.ts", &settings(target))]);
        let text = json["files"][0]["text"].as_str().unwrap();
        has(&service(text, "web"), &["_TARGET: http://api:80", "5173:5173", "condition: service_healthy"]);
    }
    // Pages would call the service by its name.
    let read = ("web/src/api.ts", "fetch(import.meta.env.VITE_TARGET + '/items');\n");
    let json = emit(vite, &[read, ("web/vite.config.ts", &settings("env.VITE_TARGET || 'http://localhost:80'"))]);
    assert!(!json["files"][0]["text"].as_str().unwrap().contains("http://api:80"), "{json}");
    let literal = emit(vite, &[("web/vite.config.ts", &settings("'http://localhost:80'"))]);
    has(
        &literal["notes"].to_string(),
        &["web/vite.config.ts:1: its server passes requests on to `http://localhost:80`"],
    );
    let react = r#"{"proxy": "http://localhost:80", "scripts": {"dev": "react-scripts start"}, "dependencies": {"react-scripts": "5"}}"#;
    has(
        &emit(react, &[("web/src/index.js", "fetch('/items');\n")])["notes"].to_string(),
        &["web/package.json:1: its server passes requests on"],
    );
}
