//! Rewrites of small Node projects.

use crate::optimize::Rung;
use crate::optimize::sketch::{climbed, rewritten};

const PACKAGE: &str = r#"{"name": "a", "scripts": {"build": "tsc", "start": "node dist/main.js"},
 "dependencies": {"express": "^4"}, "devDependencies": {"typescript": "^5"}}"#;
const LOCK: &str = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"express": "^4"}, "devDependencies": {"typescript": "^5"}},
 "node_modules/express": {"version": "4.0.0"}, "node_modules/typescript": {"version": "5.0.0", "dev": true}}}"#;
const TSCONFIG: &str = r#"{"compilerOptions": {"outDir": "./dist"}}"#;

fn check(dockerfile: &str, files: &[(&str, &str)], expected: &str) {
    let refusals: Vec<_> =
        climbed(dockerfile, files, Rung::Stages).rungs.into_iter().flat_map(|rung| rung.refusals).collect();
    assert_eq!(rewritten(dockerfile, files, Rung::Stages), expected, "{refusals:#?}");
}

#[test]
fn typescript_server() {
    check(
        "# My server
FROM node:22
WORKDIR /app

# install
COPY package*.json ./
RUN npm ci

# build
COPY . .
RUN npm run build

EXPOSE 3000
CMD [\"node\", \"dist/main.js\"]
",
        &[
            ("package.json", PACKAGE),
            ("package-lock.json", LOCK),
            ("tsconfig.json", TSCONFIG),
            ("src/main.ts", "import express from 'express'\n"),
            (".dockerignore", "node_modules\n"),
        ],
        "",
    );
}
