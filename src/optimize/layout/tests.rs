//! What reviewers asked for.

use crate::optimize::Rung;
use crate::optimize::sketch::rewritten;

const LOCK: &str = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"express": "^4"}, "devDependencies": {"typescript": "^5"}},
 "node_modules/express": {"version": "4.0.0"}, "node_modules/typescript": {"version": "5.0.0", "dev": true}}}"#;

#[test]
fn a_stage_copies_no_path_twice() {
    let files = [
        (
            "package.json",
            r#"{"scripts": {"build": "tsc"}, "dependencies": {"express": "^4"}, "devDependencies": {"typescript": "^5"}}"#,
        ),
        ("package-lock.json", LOCK),
        ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist"}}"#),
        ("src/main.ts", "import 'express'"),
    ];
    let text = rewritten(
        "FROM node:22\nCOPY package.json /app/package.json\nCOPY package-lock.json /app/package-lock.json\nWORKDIR /app\nRUN npm ci\nCOPY . /app/\nRUN npm run build\nCMD [\"node\", \"dist/main.js\"]\n",
        &files,
        Rung::Stages,
    );
    let last = text.rsplit("FROM ").next().unwrap();
    assert_eq!(last.matches("package").count(), 0, "{text}");
}
