//! Servers for development and previews, replaced.

use std::collections::BTreeSet;

use crate::optimize::sketch::project;
use crate::optimize::{Level, Options, optimize};

fn check(dockerfile: &str, files: &[(&str, &str)], there: &[&str]) {
    let (inputs, mut evidence) = project(dockerfile, files);
    evidence.images = Some(BTreeSet::from(["nginx:1.26".to_owned(), "nginx:latest".to_owned()]));
    let done = optimize(&inputs, 0, &evidence, &Options { level: Level::Max, ..Options::default() });
    let text = done.result()[0].text();
    for part in there {
        assert!(text.contains(part), "`{part}` lacks in\n{text}\n{:#?}", done.rungs.last());
    }
}

const PACKAGE: &str =
    r#"{"name": "a", "scripts": {"build": "vite build", "preview": "vite preview"}, "devDependencies": {"vite": "5"}}"#;
const DOCKERFILE: &str =
    "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nRUN npm run build\nEXPOSE 4173\nCMD npm run preview\n";

#[test]
fn previews_become_nginx() {
    let files = [("package.json", PACKAGE), ("index.html", ""), ("vite.config.js", "export default {}\n")];
    let there = [
        "\nFROM nginx:1.26\n",
        "listen 4173;",
        "root /app/dist;",
        "/index.html;",
        "COPY --from=site /app/dist /app/dist\nUSER nginx\nEXPOSE 4173\n",
    ];
    check(DOCKERFILE, &files, &there);
    let proxied =
        [files[0], files[1], ("vite.config.js", "export default { server: { proxy: { '/api': 'http://api' } } }\n")];
    check(DOCKERFILE, &proxied, &["\"preview\""]);
}

#[test]
fn reloaders_go() {
    let python = "FROM python:3.13\nCOPY . .\n";
    for (from, to) in [
        (
            "CMD [\"uvicorn\", \"a:app\", \"--reload\", \"--port\", \"80\"]",
            "\"uvicorn\", \"a:app\", \"--port\", \"80\"]",
        ),
        ("CMD [\"fastapi\", \"dev\", \"a.py\"]", "[\"fastapi\", \"run\", \"a.py\"]"),
        ("CMD [\"nodemon\", \"server.js\"]", "[\"node\", \"server.js\"]"),
    ] {
        check(&format!("{python}{from}\n"), &[("a.py", "")], &[to]);
    }
}
