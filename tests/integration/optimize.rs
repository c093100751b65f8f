//! `dockopt optimize`: what it prints, writes, refuses, and how it exits.

use std::fs;
use std::process::Command;

use crate::dockopt::Dockopt;
use crate::fixtures::keeps_schema;

const SCHEMA: &str = include_str!("../../schemas/optimize.schema.json");

const NAIVE: &str = "# The service.\nFROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \"app.py\"]\n";

fn naive() -> Dockopt {
    Dockopt::new()
        .file("api/Dockerfile", NAIVE)
        .file("api/requirements.txt", "flask==3.1.2\n")
        .file("api/app.py", "import flask\n")
        .file("api/__pycache__/app.pyc", "x")
}

#[test]
fn the_diff_is_what_git_applies() {
    let ran = naive().args(["optimize", "."]).run().code(0);
    assert!(ran.stdout.starts_with("--- a/api/Dockerfile\n") && ran.stdout.contains("+++ b/api/.dockerignore\n"));
    assert!(ran.stderr.contains("apply with `--write`"), "{}", ran.stderr);
    assert_eq!(ran.read("api/Dockerfile"), NAIVE, "nothing is changed");
    let diff = ran.stdout.clone();
    fs::write(ran.path().join("it.patch"), &diff).unwrap();
    let applied = Command::new("git").args(["apply", "it.patch"]).current_dir(ran.path()).output().unwrap();
    assert!(applied.status.success(), "{applied:?}");
    let (dockerfile, ignore) = (ran.read("api/Dockerfile"), ran.read("api/.dockerignore"));
    let written = naive().args(["optimize", ".", "--write"]).run().code(0);
    assert_eq!((written.read("api/Dockerfile"), written.read("api/.dockerignore")), (dockerfile, ignore));
    assert!(written.stdout.is_empty(), "{}", written.stdout);
}

#[test]
fn the_authors_text_is_kept_and_a_second_run_changes_nothing() {
    let ran = naive().args(["optimize", "api", "--write"]).run().code(0);
    let first = ran.read("api/Dockerfile");
    assert!(first.contains("# The service.\n"), "{first}");
    let again = ran.again(["optimize", "api", "--check"]).code(0);
    assert!(again.stdout.is_empty());
    assert_eq!(again.read("api/Dockerfile"), first);
}

#[test]
fn check_tells_by_its_exit_code() {
    let ran = naive().args(["optimize", ".", "--check"]).run().code(1);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    assert_eq!(ran.read("api/Dockerfile"), NAIVE);
    let json = ran.again(["optimize", ".", "--check", "--format=json"]).code(1).json();
    assert_eq!(json["written"], false);
}

#[test]
fn files_are_written_elsewhere_as_they_lie() {
    let ran = naive().args(["optimize", ".", "--to", "out/new"]).run().code(0);
    assert_eq!(ran.read("api/Dockerfile"), NAIVE);
    assert!(ran.has("out/new/api/Dockerfile") && ran.has("out/new/api/.dockerignore"));
    let command = naive().args(["optimize", "api/Dockerfile", "--to", "out"]).run().code(0);
    assert!(command.has("out/Dockerfile") && command.has("out/.dockerignore"));
}

#[test]
fn the_plan_names_builds_reasons_and_passes() {
    let ran = naive().args(["optimize", ".", "--plan", "--level", "0"]).run().code(0);
    let out = &ran.stdout;
    for part in
        ["api/Dockerfile   Python", "python:3.13-slim", "requirements.txt", "writes .dockerignore", "needs `--level 6`"]
    {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert!(!out.contains("  0  dockerignore"), "{out}");
    let verbose = ran.again(["optimize", ".", "--plan", "--verbose"]).code(0);
    assert!(verbose.stdout.contains("  0  dockerignore"), "{}", verbose.stdout);
    assert!(!ran.has("api/.dockerignore"));
}

#[test]
fn json_keeps_its_schema_and_hides_secrets() {
    let secret = "hunter2hunter2";
    let text = NAIVE.replace("COPY", &format!("ENV DB_PASSWORD={secret}\nCOPY"));
    let ran = naive().file("api/Dockerfile", text).args(["optimize", ".", "--format", "json"]).run().code(0);
    assert!(!ran.stdout.contains(secret));
    let json = ran.json();
    keeps_schema(SCHEMA, &json);
    assert_eq!(json["builds"][0]["dockerfile"], "api/Dockerfile");
    assert_eq!(json["builds"][0]["rungs"][0]["steps"][0]["pass"], "dockerignore");
    assert!(json["changes"].as_array().unwrap().iter().any(|one| one["file"] == "api/.dockerignore"));
    let mut ran = ran;
    for format in ["--plan", "--diff"] {
        ran = ran.again(["optimize", ".", format]);
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{format}");
    }
}

#[test]
fn passes_can_be_switched() {
    let only = naive().args(["optimize", ".", "--only", "dockerignore"]).run().code(0);
    assert!(only.stdout.contains(".dockerignore") && !only.stdout.contains("a/api/Dockerfile"));
    let skip = naive().args(["optimize", ".", "--skip", "dockerignore"]).run().code(0);
    assert!(!skip.stdout.contains(".dockerignore"));
    naive()
        .args(["optimize", ".", "--skip", "dockerignores"])
        .run()
        .code(2)
        .complains(&["did you mean `dockerignore`"]);
    naive().args(["optimize", ".", "--level", "7"]).run().code(2).complains(&["0 to 6"]);
}

#[test]
fn builds_that_share_an_ignore_file_want_it_the_same() {
    let tests = "FROM python:3.13\nCOPY . .\nRUN pip install -r requirements.txt\nRUN git describe\n";
    let ran = naive()
        .file("api/Dockerfile.test", tests)
        .file("api/.git/HEAD", "x")
        .args(["optimize", ".", "--only", "dockerignore", "--write"])
        .run()
        .code(0);
    let ignore = ran.read("api/.dockerignore");
    assert!(!ignore.contains(".git\n") && ignore.contains("__pycache__"), "{ignore}");
}

#[test]
fn unsupported_rewrites_are_reported() {
    let help = ["no build context"];
    Dockopt::new().args(["optimize", "-"]).run().code(2).complains(&help);
    Dockopt::new().args(["optimize", "none"]).run().code(2).complains(&["does not exist"]);
    let none = Dockopt::new().args(["optimize", "."]).run().code(0);
    assert!(none.stderr.contains("no Dockerfile found"), "{}", none.stderr);
    let template =
        Dockopt::new().file("Dockerfile.j2", "FROM {{ base }}\nCOPY . .\n").args(["optimize", "."]).run().code(0);
    assert!(template.stdout.is_empty() && template.stderr.contains("nothing changes"), "{}", template.stderr);
    let broken = naive().file("web/Dockerfile", "FROM a\0b").args(["optimize", ".", "--write"]).run().code(2);
    assert_ne!(broken.read("api/Dockerfile"), NAIVE, "the others are done");
}

#[test]
fn a_dockerfile_inside_of_a_compose_file_is_rewritten_in_place() {
    let compose = "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM python:3.13\n        COPY . .\n        RUN pip install -r requirements.txt\n        CMD [\"python\", \"app.py\"]\n    ports: [80]\n";
    let ran = Dockopt::new()
        .file("compose.yaml", compose)
        .file("requirements.txt", "flask==3.1.2\n")
        .file("app.py", "import flask\n")
        .args(["optimize", ".", "--write", "--level", "1"])
        .run()
        .code(0);
    let now = ran.read("compose.yaml");
    assert!(
        now.starts_with("services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM python:3.13\n"),
        "{now}"
    );
    assert!(now.ends_with("    ports: [80]\n"), "{now}");
}

const SKIP: &str = "# ours\n[optimize]\nskip = [\n    { pass = \"slim-runtime\", path = \"api/Dockerfile\", reason = \"probe: / is 500\", date = 2026-11-21 },\n]\n";

#[test]
fn passes_that_settings_leave_out_stay_out_and_are_reported() {
    let base = "FROM python:3.13-slim\n";
    let ran =
        naive().file("web/Dockerfile", NAIVE).file("web/app.py", "").file("web/requirements.txt", "flask==3.1.2\n");
    let ran = ran.file("dockopt.toml", SKIP).args(["optimize", ".", "--write"]).run().code(0);
    let (api, web) = (ran.read("api/Dockerfile"), ran.read("web/Dockerfile"));
    assert!(!api.contains(base) && api.contains("FROM python:3.13"), "{api}");
    assert!(web.contains(base), "{web}");
    let message = "api/Dockerfile: `slim-runtime` is skipped: dockopt.toml skips it since 2026-11-21: probe: / is 500";
    assert!(ran.stderr.contains(message), "{}", ran.stderr);
    let checked = ran.again(["optimize", ".", "--check"]).code(0);
    assert!(checked.stderr.contains(message), "{}", checked.stderr);
    let listing = checked.again(["optimize", ".", "--format=json"]);
    let json = listing.json();
    keeps_schema(SCHEMA, &json);
    assert!(json["builds"][0]["rungs"].to_string().contains("skips it since"), "{json:#}");
    // The command line counts more, and so does no file at all.
    let only = listing.again(["optimize", "api", "--check", "--only", "slim-runtime"]).code(1);
    only.again(["optimize", ".", "--check", "--no-config"]).code(1);
}

#[test]
fn names_of_no_pass_in_settings_are_errors_with_their_place() {
    for (settings, message) in [
        ("[optimize]\nskip = [\"slim-runtme\"]\n", "did you mean `slim-runtime`?"),
        ("[optimize]\nskip = [{ pass = \"x\" }]\n", "unknown pass `x`"),
        ("[optimize]\nskip = [{ reason = \"x\" }]\n", "the entry does not name a pass"),
        ("[optimize]\nskp = []\n", "did you mean `skip`?"),
        ("[optimize]\nskip = [{ pass = \"non-root\", date = \"soon\" }]\n", "`soon` is not a date"),
    ] {
        let ran = naive().file("dockopt.toml", settings).args(["optimize", ".", "--check"]).run().code(2);
        assert!(ran.stderr.contains(message) && ran.stderr.contains("dockopt.toml:2:"), "{settings}: {}", ran.stderr);
    }
}

/// A rewrite in a folder with files that git lacks, and in a clean clone of it.
fn in_folder_and_clone(tracked: &[(&str, &str)], local: &[(&str, &str)]) -> (String, String) {
    let of = |files: &[(&str, &str)]| files.iter().fold(Dockopt::new(), |all, (path, text)| all.file(path, *text));
    let clone = of(tracked).args(["optimize", ".", "--write"]).run().code(0);
    let every: Vec<(&str, &str)> = tracked.iter().chain(local).copied().collect();
    let ran = of(&every).args(["optimize", ".", "--plan"]).run().code(0);
    let git = |args: &[&str]| {
        let ran = Command::new("git").args(args).current_dir(ran.path()).env("GIT_CONFIG_GLOBAL", "").output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
    };
    git(&["init", "-q"]);
    git(&[&["add"], tracked.iter().map(|(path, _)| *path).collect::<Vec<_>>().as_slice()].concat());
    let written = ran.again(["optimize", ".", "--write"]).code(0);
    (written.read("Dockerfile"), clone.read("Dockerfile"))
}

#[test]
fn a_rewrite_names_nothing_that_a_clean_clone_lacks() {
    let package = r#"{"name": "a", "scripts": {"build": "tsc", "start": "node out/a.js"}, "dependencies": {"express": "4"}, "devDependencies": {"typescript": "5"}}"#;
    let node = [
        (
            "Dockerfile",
            "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install && npm run build\nCMD [\"npm\", \"start\"]\n",
        ),
        (".gitignore", ".env\nout\nnode_modules\npackage-lock.json\n"),
        ("package.json", package),
        ("tsconfig.json", r#"{"compilerOptions": {"outDir": "out"}}"#),
        ("src/a.ts", "import 'express'\n"),
    ];
    let lock = r#"{"name": "a", "lockfileVersion": 3, "packages": {"": {"name": "a"}}}"#;
    let local = [(".env", "A=1\n"), ("out/a.js", "1"), ("node_modules/express/a.js", "1"), ("package-lock.json", lock)];
    let (here, clone) = in_folder_and_clone(&node, &local);
    assert_eq!(here, clone);
    assert!(here.contains("COPY --from=build /app/out ./out") && !here.contains("npm ci"), "{here}");
    let go = [
        ("Dockerfile", "FROM golang:1.24\nWORKDIR /app\nCOPY . .\nRUN go build -o app .\nCMD [\"./app\"]\n"),
        (".gitignore", ".env\n*.db\n"),
        ("go.mod", "module a\n\ngo 1.24\n"),
        ("main.go", "package main\n\nfunc main() { open(\".env\"); open(\"config.yaml\"); open(\"a.db\") }\n"),
        ("config.yaml", "a: 1\n"),
    ];
    let local = [(".env", "A=1\n"), ("a.db", "1"), ("uploads/a.png", "1"), ("config.local.yaml", "a: 2\n")];
    let (here, clone) = in_folder_and_clone(&go, &local);
    assert_eq!(here, clone);
    assert!(here.contains("config.yaml") && !here.contains(".env") && !here.contains("uploads"), "{here}");
    let python = [
        (
            "Dockerfile",
            "FROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \"app.py\"]\n",
        ),
        ("requirements.txt", "flask==3.1.2\n"),
        ("app.py", "import flask\n"),
    ];
    let (here, clone) = in_folder_and_clone(&python, &[("uv.lock", "version = 1\n"), ("app.sqlite", "1")]);
    assert_eq!(here, clone);
}
