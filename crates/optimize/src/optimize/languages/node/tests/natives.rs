//! Packages with compiled parts: what compiles them, and the libraries that they load.

use super::check;
use crate::optimize::Level;
use crate::optimize::test_inputs::rewritten;

const INSTALL: &str = "COPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nCMD [\"node\", \"dist/main.js\"]\n";
const PACKAGE: &str = r#"{"name": "a", "scripts": {"build": "tsc"},
 "dependencies": {"canvas": "2"}, "devDependencies": {"typescript": "5"}}"#;

fn files(lock: &str) -> Vec<(&str, &str)> {
    vec![
        ("package.json", PACKAGE),
        ("package-lock.json", lock),
        ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist"}}"#),
        ("src/main.ts", "import 'canvas'\nprocess.on('SIGTERM', stop)\n"),
    ]
}

#[test]
fn a_slim_builder_gets_compilers_where_scripts_may_compile() {
    let of = |name: &str| {
        let lock = format!(
            r#"{{"lockfileVersion": 3, "packages": {{"": {{}}, "node_modules/{name}": {{"version": "0.10.0", "hasInstallScript": true}}}}}}"#
        );
        rewritten(&format!("FROM node:22\nWORKDIR /app\n{INSTALL}"), &files(&lock), Level::Slim)
    };
    for name in ["@discordjs/opus", "nobody-knows-it"] {
        let text = of(name);
        assert!(text.contains("g++ make python3"), "{name}: {text}");
    }
    let text = of("esbuild");
    assert!(text.contains("node:22-slim") && !text.contains("g++"), "{text}");
}

#[test]
fn libraries_behind_headers_stay_in_the_last_stage() {
    let lock = r#"{"lockfileVersion": 3, "packages": {"": {}, "node_modules/canvas": {"version": "2.11.2", "hasInstallScript": true}}}"#;
    let with = |image: &str, packages: &str| format!("FROM {image}\n{packages}WORKDIR /app\n{INSTALL}");
    let apt = |names: &str| format!("RUN apt-get update && apt-get install -y {names}\n");
    for (dockerfile, last, absent) in [
        (
            with("node:22-bookworm", &apt("libcairo2-dev libgif-dev build-essential")),
            "\nFROM node:22-bookworm\nRUN apt-get update \\\n    && apt-get install -y --no-install-recommends libgif7 \\\n",
            "recommends libcairo",
        ),
        (
            with("node:22-bookworm-slim", &apt("libcairo2-dev g++ make python3")),
            "recommends libcairo-gobject2 libcairo2 \\\n",
            "recommends g++",
        ),
        // Nobody knows what stands behind these.
        (with("node:22-bookworm", &apt("g++ libnobody-dev")), "recommends libnobody-dev \\\n", "recommends g++"),
        (
            with("node:22-alpine", "RUN apk add --no-cache g++ make python3 musl-dev cairo-dev\n"),
            "\nFROM node:22-alpine\nRUN apk add --no-cache cairo-dev\n",
            "add cairo",
        ),
        (
            with("node:22-alpine", "RUN apk add --no-cache --virtual .build g++ make python3 cairo-dev\n"),
            "\nFROM node:22-alpine\nWORKDIR",
            "add --no-cache cairo-dev",
        ),
    ] {
        check(&dockerfile, &files(lock), &[last], &[absent]);
    }
}
