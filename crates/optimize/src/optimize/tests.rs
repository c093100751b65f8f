use super::test_inputs::{optimize_to_level, rewritten};
use super::*;

#[test]
fn passes_are_ordered_by_level_and_have_unique_names() {
    let all: Vec<PassInfo> = passes().collect();
    assert!(all.windows(2).all(|pair| pair[0].level <= pair[1].level), "{all:?}");
    let names: std::collections::BTreeSet<&str> = all.iter().map(|pass| pass.id).collect();
    assert_eq!(names.len(), all.len());
}

#[test]
fn unsupported_code_is_kept() {
    let text = "FROM team/base\nRUN make-everything --now\n";
    assert_eq!(rewritten(text, &[], Level::Server), text);
    assert_eq!(optimize_to_level(text, &[], Level::Stages).highest(), None);
}

#[test]
fn a_byte_order_mark_stays_at_the_start_of_the_file() {
    let python = "FROM python:3.12\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .\nCMD [\"python\", \"app.py\"]\n";
    let node = "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY . .\nRUN npm run build\nCMD [\"node\", \"dist/main.js\"]\n";
    let files = [
        ("requirements.txt", "flask==3.1.3\n"),
        ("app.py", "import flask\n"),
        (
            "package.json",
            r#"{"name": "a", "scripts": {"build": "tsc"}, "dependencies": {"express": "4"}, "devDependencies": {"typescript": "5"}}"#,
        ),
        (
            "package-lock.json",
            r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"express": "4"}, "devDependencies": {"typescript": "5"}}, "node_modules/express": {"version": "4.0.0"}, "node_modules/typescript": {"version": "5.0.0", "dev": true}}}"#,
        ),
        ("tsconfig.json", r#"{"compilerOptions": {"outDir": "dist"}}"#),
        ("src/main.ts", "import 'express'"),
    ];
    for head in ["", "# The web.\n", "# syntax=docker/dockerfile:1\n"] {
        for text in [python, node] {
            let plain = rewritten(&format!("{head}{text}"), &files, Level::Server);
            let marked = rewritten(&format!("\u{feff}{head}{text}"), &files, Level::Server);
            assert!(plain.matches("FROM ").count() > 1, "{plain}");
            assert_eq!(marked, format!("\u{feff}{plain}"));
        }
    }
}

#[test]
fn lists_that_a_later_run_used_go_when_it_fetches_its_own() {
    let dockerfile = "FROM python:3.13\nCOPY . ./home\nRUN apt-get update\nRUN apt-get install ffmpeg -y\nRUN apt-get install tesseract-ocr -y\nWORKDIR /home\nRUN pip install -r requirements.txt\nCMD [\"python\", \"api.py\"]\n";
    let files =
        [("requirements.txt", "fastapi==0.121.0\nopencv-python-headless==4.12.0.88\n"), ("api.py", "import cv2\n")];
    let text = rewritten(dockerfile, &files, Level::Slim);
    assert!(text.contains("python:3.13-slim"), "{text}");
    assert_eq!(text.matches("apt-get update").count(), text.matches("rm -rf /var/lib/apt/lists").count(), "{text}");
    assert_eq!(rewritten(&text, &files, Level::Slim), text);
}
