//! Manifests that do not want to be read.
#![allow(clippy::format_collect)] // Made once, and not for speed.

use std::fs;
use std::os::unix::fs::symlink;

use super::file::pipe;
use super::{crowd, folder_with, is_full, put, run};

const DOCKERFILE: &str = "FROM node:22\nCOPY . .\nRUN npm ci && pip install -r requirements.txt && uv sync\n\
                          HEALTHCHECK CMD python -c 'import httpx'\nCMD npm start\n";

#[track_caller]
fn check(files: &[(&str, String)]) {
    let folder = folder_with("Dockerfile", DOCKERFILE);
    for (path, text) in files {
        put(&folder, path, text);
    }
    run(folder.path(), &["audit", "."]);
    run(folder.path(), &["fix", ".", "--check", "--unsafe"]);
}

#[test]
fn depth_ends() {
    let n = crowd() * 10;
    check(&[
        ("package.json", "{\"a\":".repeat(n)),
        ("package-lock.json", "[".repeat(n)),
        ("composer.json", "{\"require\":[".repeat(n)),
        ("pyproject.toml", format!("a = {}", "[".repeat(n))),
        ("uv.lock", format!("a = {}", "{a=".repeat(n))),
        ("Cargo.toml", format!("{}a = 1", "a.".repeat(n))),
        ("poetry.lock", "[[a.b]]\n[a.b.c]\n".repeat(n / 10)),
        ("pnpm-lock.yaml", "- ".repeat(n)),
        ("pnpm-workspace.yaml", format!("packages: {}", "[{a: ".repeat(n))),
        ("pom.xml", "<a>".repeat(n)),
        ("build.gradle", "dependencies { ".repeat(n)),
        ("go.mod", "require (\n".repeat(n)),
        ("x.csproj", "<Project><ItemGroup>".repeat(n)),
        ("Gemfile", "group :a do\n".repeat(n)),
        ("yarn.lock", "  ".repeat(n)),
        ("setup.py", "setup(a=[".repeat(n)),
        ("setup.cfg", "[options]\ninstall_requires =\n".repeat(n)),
        ("Pipfile", format!("[{}]", "a.".repeat(n))),
        ("requirements.txt", "a[".repeat(n)),
    ]);
}

#[test]
fn bombs_end() {
    let n = crowd();
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..60 {
        let before = format!("*a{},", level - 1).repeat(9);
        bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    let entities: String = (1..60).map(|level| format!("<!ENTITY e{level} \"{}\">", "&e0;".repeat(9))).collect();
    check(&[
        ("pnpm-lock.yaml", bomb.clone()),
        ("pnpm-workspace.yaml", bomb),
        ("pom.xml", format!("<!DOCTYPE a [<!ENTITY e0 \"x\">{entities}]><project>&e59;</project>")),
        ("package.json", format!("{{\"workspaces\":[{}\"**\"],\"name\":\"a\"}}", "\"**/*/**\",".repeat(n))),
        ("requirements.txt", "-r requirements.txt\n-c requirements.txt\n".repeat(n)),
        ("go.work", "use ./..\nuse .\n".repeat(n)),
        ("Cargo.toml", format!("[workspace]\nmembers = [{}]", "\"**/*?[a-z]*\",".repeat(n))),
    ]);
}

#[test]
fn size_ends() {
    let packages = if is_full() { 100_000 } else { 20_000 };
    let entry =
        |n: usize| format!("\"node_modules/p{n}\":{{\"version\":\"1.0.{n}\",\"dependencies\":{{\"p{n}\":\"*\"}}}},");
    let lock: String = (0..packages).map(entry).collect();
    let modules: String = (0..packages).map(|n| format!("[[package]]\nname = \"p{n}\"\nversion = \"1\"\n\n")).collect();
    check(&[
        ("package.json", "{\"dependencies\":{\"p1\":\"*\"}}".into()),
        ("package-lock.json", format!("{{\"lockfileVersion\":3,\"packages\":{{{lock}\"\":{{}}}}}}")),
        ("pyproject.toml", "[project]\nname = \"a\"\ndependencies = [\"p1\"]\n".into()),
        ("uv.lock", modules),
        ("requirements.txt", "p==1\n".repeat(packages)),
    ]);
}

#[test]
fn many_manifests_that_name_each_other_end() {
    let folder = folder_with("Dockerfile", DOCKERFILE);
    let many = crowd() / 10;
    for index in 0..many {
        let next = (index + 1) % many;
        let requires = format!("-r ../r{next}/requirements.txt\n-e ../r{next}\n");
        put(&folder, &format!("r{index}/requirements.txt"), requires);
        put(&folder, &format!("r{index}/pyproject.toml"), "[project]\nname = \"p\"\n");
        put(&folder, &format!("r{index}/package.json"), format!("{{\"workspaces\":[\"../r{next}\",\"*\"]}}"));
        put(&folder, &format!("r{index}/Cargo.toml"), format!("[dependencies]\na = {{ path = \"../r{next}\" }}\n"));
    }
    run(folder.path(), &["audit", "."]);
}

#[test]
fn names_of_manifests_on_what_is_not_a_file_end() {
    let folder = folder_with("Dockerfile", DOCKERFILE);
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("package.json")).unwrap();
    pipe(&at("requirements.txt"));
    symlink("/dev/zero", at("uv.lock")).unwrap();
    symlink("pyproject.toml", at("pyproject.toml")).unwrap();
    fs::write(at("go.mod"), b"module \xff\xfe\0\n").unwrap();
    fs::write(at("Cargo.toml"), b"\xff\xfea\0=\x001\0").unwrap();
    fs::File::create(at("pom.xml")).unwrap().set_len(1 << 40).unwrap();
    let ran = run(folder.path(), &["audit", "."]);
    assert!(ran.code < 2);
}
