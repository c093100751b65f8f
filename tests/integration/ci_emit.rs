//! `dockopt ci emit`: what it writes, and that its scripts do what they say.

use std::fs;
use std::process::Command;

use dockopt::yaml::{self, YamlNode, YamlTree};

use crate::dockopt::{Dockopt, Ran};

pub(crate) const GITHUB: [&str; 2] = [".github/workflows/pipeline.yml", ".github/workflows/pipeline-release.yml"];
pub(crate) const GITLAB: &str = ".gitlab-ci.yml";

pub(crate) fn emit(project: Dockopt, arguments: &[&str]) -> Ran {
    project.args(["ci", "emit"]).args(arguments.iter().copied()).run()
}

pub(crate) fn tracker() -> Dockopt {
    Dockopt::new().dir("task-tracker")
}

/// The value below keys and numbers of a file.
pub(crate) fn value<'t>(tree: &'t YamlTree, path: &[&str]) -> Option<YamlNode<'t>> {
    path.iter().try_fold(tree.root()?, |node, key| match key.parse::<usize>() {
        Ok(number) => node.items().nth(number),
        Err(_) => node.get(key),
    })
}

pub(crate) fn text(tree: &YamlTree, path: &[&str]) -> String {
    let node = value(tree, path).unwrap_or_else(|| panic!("{path:?}"));
    node.text().unwrap_or_else(|| panic!("{path:?} is no text")).to_owned()
}

/// The scripts of a job of GitHub by the names of its steps.
pub(crate) fn scripts_of_github(tree: &YamlTree, job: &str) -> Vec<(String, String)> {
    let steps = value(tree, &["jobs", job, "steps"]).unwrap();
    let script = |step: YamlNode| Some((step.get("name")?.text()?.to_owned(), step.get("run")?.text()?.to_owned()));
    steps.items().filter_map(script).collect()
}

#[test]
fn the_pipeline_is_shown_then_written_once() {
    for (system, files) in [("github", &GITHUB[..]), ("gitlab", &[GITLAB][..])] {
        let shown = emit(tracker(), &[system]).code(0);
        assert!(shown.stdout.contains(&format!("+++ b/{}\n", files[0])), "{}", shown.stdout);
        assert!(!shown.path().join(files[0]).exists());
        emit(tracker(), &[system, "--check"]).code(1);
        let ran = emit(tracker(), &[system, "--write"]).code(0);
        assert!(ran.stderr.contains(&format!("wrote {}\n", files.join(", "))), "{}", ran.stderr);
        // What a check is missing for is said, and what adds it.
        assert!(
            ran.stderr.contains("without a health check: `dashboard`") && ran.stderr.contains("`dockopt compose emit`")
        );
        let texts: Vec<String> = files.iter().map(|file| ran.read(file)).collect();
        let again = ran.again(["ci", "emit", system, "--write"]).code(0);
        assert!(again.stderr.contains("nothing to write\n"), "{}", again.stderr);
        let again = ran.again(["ci", "emit", system, "--check"]).code(0);
        assert_eq!(files.iter().map(|file| again.read(file)).collect::<Vec<_>>(), texts);
        // What dockopt writes passes its own checks.
        let checked = ran.again(["ci", "check", "--select", "all"]).code(0);
        let at_written = checked.stdout.lines().filter(|line| line.contains("--> ") && line.contains(files[0]));
        assert_eq!(at_written.count(), 0, "{}", checked.stdout);
    }
}

#[test]
fn files_of_others_are_left_alone() {
    let other = "on: push\njobs: {}\n";
    let ran = emit(tracker().file(GITHUB[0], other), &["github", "--write"]).code(2);
    assert!(ran.stderr.contains("is there, and is not as dockopt wrote it") && ran.stderr.contains("dockopt ci fix"));
    assert_eq!(ran.read(GITHUB[0]), other);
    assert!(!ran.path().join(GITHUB[1]).exists(), "nothing is half-written");
    // One that was changed since is of its author.
    let ran = emit(tracker(), &["gitlab", "--write"]).code(0);
    let edited = ran.read(GITLAB).replace("timeout: 30 minutes", "timeout: 31 minutes");
    fs::write(ran.path().join(GITLAB), &edited).unwrap();
    let ran = ran.again(["ci", "emit", "gitlab", "--write"]).code(2);
    assert_eq!(ran.read(GITLAB), edited);
    // One that was not is written again when the project changes.
    let ran = emit(tracker(), &["gitlab", "--write"]).code(0);
    let ran = ran.again(["ci", "emit", "gitlab", "--platforms", "linux/amd64,linux/arm64", "--write"]).code(0);
    assert!(ran.read(GITLAB).contains("image-backend-arm64:"));
}

#[test]
fn projects_are_tested_with_what_they_need() {
    let ran = emit(tracker(), &["github", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    let tree = yaml::read(&workflow);
    assert_eq!(tree.problems(), []);
    let commands = |job: &str| scripts_of_github(&tree, job).into_iter().map(|(_, script)| script).collect::<Vec<_>>();
    assert_eq!(
        commands("test-backend"),
        [
            "uv sync --locked",
            "uv run alembic upgrade head",
            "uv run mypy",
            "uv run ruff format --check",
            "uv run ruff check",
            "uv run --with pytest-cov pytest --cov --cov-report=term --cov-report=xml"
        ]
    );
    assert_eq!(commands("test-dashboard"), ["npm ci", "npx tsc --noEmit", "npm test"]);
    let database = ["jobs", "test-backend", "services", "postgres"];
    let of_database = |key: &str| text(&tree, &[&database[..], &[key]].concat());
    assert!(of_database("image").starts_with("pgvector/pgvector:pg15@sha256:"));
    let check = "--health-cmd \"pg_isready -q -h 127.0.0.1 -U postgres -d tasks || exit 1\" --health-interval 2s";
    assert!(of_database("options").starts_with(check), "{}", of_database("options"));
    let address = text(&tree, &["jobs", "test-backend", "env", "DATABASE_URL"]);
    assert_eq!(address, "postgresql+asyncpg://postgres:test@127.0.0.1:5432/tasks");
    // The password of the compose file is not copied, and the broker is not started: the tests do without.
    assert!(!workflow.contains("postgres:postgres") && !workflow.contains("nats"), "{workflow}");
    let ran = emit(tracker(), &["gitlab", "--write"]).code(0);
    let gitlab = ran.read(GITLAB);
    let address = text(&yaml::read(&gitlab), &["test-backend", "variables", "DATABASE_URL"]);
    assert_eq!(address, "postgresql+asyncpg://postgres:test@postgres:5432/tasks");
}

#[test]
fn tests_that_count_on_sqlite_get_no_database() {
    let settings = "import os\nURL = os.getenv(\"DATABASE_URL\", \"sqlite:///test.db\")\n";
    let ran = emit(tracker().file("backend/app/fallback.py", settings), &["github", "--write", "--explain"]).code(0);
    assert!(!ran.read(GITHUB[0]).contains("services:\n      postgres:"), "{}", ran.read(GITHUB[0]));
    assert!(ran.stdout.contains("SQLite"), "{}", ran.stdout);
}

#[test]
fn a_command_that_is_named_is_the_test() {
    let ran = emit(tracker(), &["github", "--test", "just test", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    let scripts = scripts_of_github(&yaml::read(&workflow), "test");
    let scripts: Vec<&str> = scripts.iter().map(|(_, script)| script.as_str()).collect();
    assert_eq!(scripts, ["uv tool install rust-just", "just test"]);
    assert!(workflow.contains("uses: actions/setup-node@") && workflow.contains("uses: astral-sh/setup-uv@"));
    for command in ["", "a\nb", "echo ${{ secrets.X }}"] {
        emit(tracker(), &["github", "--test", command]).code(2);
    }
}

#[test]
fn actions_are_named_by_commits_of_the_table() {
    let ran = emit(tracker(), &["github", "--write"]).code(0);
    let mut count = 0;
    for file in GITHUB {
        for line in ran.read(file).lines().filter_map(|line| line.trim().strip_prefix("uses: ").map(str::to_owned)) {
            let (action, rest) = line.split_once('@').unwrap();
            let (commit, version) = rest.split_once(" # ").unwrap();
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
            let row = dockopt::data::WORKFLOW_ACTIONS.row(action).unwrap();
            assert_eq!((row[2], row[3]), (version, commit));
            count += 1;
        }
    }
    assert!(count > 8, "{count}");
}

#[test]
fn names_that_need_quotes_are_read_as_they_are() {
    let compose = "services:\n  web:\n    build:\n      context: \"my app\"\n      dockerfile: 'it''s $$HOME: #1'\n      args:\n        \
                   TEXT: \"a b \\\"d\\\"\"\n";
    let project = || {
        Dockopt::new()
            .file("my app/it's $HOME: #1", "FROM debian\nARG TEXT\nCOPY [\"x y\", \"/\"]\n")
            .file("my app/x y", "")
            .file("compose.yaml", compose)
    };
    let ran = emit(project(), &["github", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    let tree = yaml::read(&workflow);
    assert_eq!(tree.problems(), [], "{workflow}");
    let get = |key: &str| text(&tree, &["jobs", "images", "strategy", "matrix", "include", "0", key]);
    assert_eq!((get("context"), get("file")), ("my app".to_owned(), "my app/it's $HOME: #1".to_owned()));
    assert_eq!(get("options"), "--build-arg\nTEXT=a b \"d\"\n");
    assert!(get("inputs").contains(":(glob)my app/x y\n"), "{}", get("inputs"));
    let ran = emit(project(), &["gitlab", "--write"]).code(0);
    let gitlab = ran.read(GITLAB);
    let tree = yaml::read(&gitlab);
    assert_eq!(tree.problems(), [], "{gitlab}");
    // GitLab takes `$$` for a dollar.
    let job = tree
        .root()
        .unwrap()
        .entries()
        .find_map(|entry| entry.key.text().filter(|name| name.starts_with("image-")).map(|_| entry.value));
    let variables = job.unwrap().get("variables").unwrap();
    assert_eq!(variables.get("FILE").unwrap().text(), Some("my app/it's $$HOME: #1"));
}

#[test]
fn forty_images_are_one_matrix() {
    let mut project = Dockopt::new();
    for number in 0..40 {
        project = project.file(&format!("services/s{number}/Dockerfile"), "FROM debian\nCOPY . .\n");
    }
    let ran = emit(project, &["github", "--platforms", "linux/amd64,linux/arm64", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    let tree = yaml::read(&workflow);
    let legs = value(&tree, &["jobs", "images", "strategy", "matrix", "include"]).unwrap();
    let names: std::collections::BTreeSet<&str> = legs.items().filter_map(|leg| leg.get("image")?.text()).collect();
    assert_eq!((legs.items().count(), names.len()), (80, 40));
    assert!(workflow.contains("runner: ubuntu-24.04-arm\n"));
}

#[test]
fn a_repository_without_images_or_tests_says_so() {
    let ran = emit(Dockopt::new().file("README.md", ""), &["github", "--write"]).code(0);
    assert!(ran.stderr.contains("there is nothing to write a pipeline from"), "{}", ran.stderr);
    // Tests alone are a pipeline, too.
    let manifest = "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"pytest\"]\n";
    let ran =
        emit(Dockopt::new().file("pyproject.toml", manifest).file("test_a.py", "1\n"), &["github", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    assert!(workflow.contains("pytest") && !workflow.contains("images:"), "{workflow}");
    // Images alone.
    let ran = emit(Dockopt::new().file("Dockerfile", "FROM debian\nCMD [\"cat\"]\n"), &["gitlab", "--write"]).code(0);
    assert!(ran.stderr.contains("no project has tests"), "{}", ran.stderr);
    assert!(ran.read(GITLAB).contains("      :(literal)Dockerfile\n"), "{}", ran.read(GITLAB));
}

#[test]
fn other_pipelines_that_build_are_named() {
    let other = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: docker build backend\n";
    let ran = emit(tracker().file(".github/workflows/docker.yml", other), &["github"]).code(0);
    assert!(ran.stderr.contains(".github/workflows/docker.yml builds images too"), "{}", ran.stderr);
}

#[test]
fn limits_are_three_times_what_jobs_took() {
    let job = |name: &str, end: &str| {
        format!(
            "{{\"name\": \"{name}\", \"workflow_name\": \"pipeline\", \"started_at\": \"2026-11-01T10:00:00Z\", \
             \"completed_at\": \"2026-11-01T10:{end}Z\", \"conclusion\": \"success\", \"status\": \"completed\"}}"
        )
    };
    let runs =
        format!("{{\"jobs\": [{}, {}]}}", job("test-backend", "04:10"), job("images (backend, linux/amd64)", "09:00"));
    let ran = emit(tracker().file("runs.json", runs), &["github", "--runs", "runs.json", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    let tree = yaml::read(&workflow);
    let minutes = |job: &str| text(&tree, &["jobs", job, "timeout-minutes"]);
    assert_eq!([minutes("test-backend"), minutes("images"), minutes("tag")], ["13", "27", "30"].map(str::to_owned));
}

#[test]
fn variables_that_nobody_sets_are_set_for_the_start() {
    let compose = "services:\n  web:\n    build: .\n    environment:\n      A: ${NEEDED:?set it}\n      B: ${SHOWN:?set it}\n      \
                   C: ${EMPTY}\n      D: ${USUAL:-x}\n";
    let project = Dockopt::new()
        .file("Dockerfile", "FROM debian\n")
        .file("compose.yaml", compose)
        .file(".env.example", "SHOWN=1\nEMPTY=\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    let scripts = scripts_of_github(&yaml::read(&workflow), "images");
    let start = &scripts.iter().find(|(name, _)| name == "Start").unwrap().1;
    let expected =
        "cp .env.example .env\nexport EMPTY=\"${EMPTY:-started-in-ci}\"\nexport NEEDED=\"${NEEDED:-started-in-ci}\"\n";
    assert!(start.starts_with(expected), "{start}");
}

#[test]
fn the_deployment_calls_the_script_that_was_written() {
    emit(tracker(), &["github", "--deploy", "script"]).code(2);
    let facts = "#!/bin/sh\n# Written by dockopt.\nfacts='service group port count start drain image\napi api 8000 1 90 30 built\n\
                 worker api - 1 90 30 built'\n";
    for (system, file) in [("github", GITHUB[1]), ("gitlab", GITLAB)] {
        let ran = emit(tracker().file("deploy/deploy.sh", facts), &[system, "--write"]).code(0);
        let pipeline = ran.read(file);
        assert_eq!(yaml::read(&pipeline).problems(), [], "{pipeline}");
        assert!(pipeline.contains("DEPLOYS: backend=api\n"), "{pipeline}");
        assert!(pipeline.contains("case $service in api) migrate='alembic upgrade head' ;; esac"), "{pipeline}");
        assert!(pipeline.contains("sh deploy/deploy.sh rollback"), "{pipeline}");
        assert!(ran.stderr.contains("DEPLOY_HOST"), "{}", ran.stderr);
        let none = emit(tracker().file("deploy/deploy.sh", facts), &[system, "--deploy", "none", "--write"]).code(0);
        assert!(!none.read(file).contains("staging"), "{}", none.read(file));
        let runner =
            emit(tracker().file("deploy/deploy.sh", facts), &[system, "--deploy", "runner", "--write"]).code(0);
        assert!(!runner.read(file).contains("ssh -"), "{}", runner.read(file));
    }
}

/// A deployment by the written job: `ssh` runs what it is given here, and the script notes what it was called with.
#[test]
fn a_smoke_test_that_fails_rolls_back_what_was_replaced() {
    let facts = "#!/bin/sh\n# Written by dockopt.\nfacts='service group port count start drain image\napi api 8000 1 90 30 built'\n";
    let ran = emit(tracker().file("deploy/deploy.sh", facts), &["github", "--write"]).code(0);
    let release = ran.read(GITHUB[1]);
    let scripts = scripts_of_github(&yaml::read(&release), "staging");
    let host = tempfile::tempdir().unwrap();
    let folder = host.path();
    fs::create_dir_all(folder.join("deploy")).unwrap();
    fs::create_dir_all(folder.join("bin")).unwrap();
    let deploy = "echo \"$*\" >>calls\n[ ! -e broken ] || exit 1\n[ \"$1\" = rollback ] || echo '# in service: api-2' >deploy/api.yaml\n";
    fs::write(folder.join("deploy/deploy.sh"), deploy).unwrap();
    let ssh = "#!/bin/sh\nwhile [ \"${1#-}\" != \"$1\" ]; do shift 2; done\nshift\nexec sh -c \"$*\"\n";
    fs::write(folder.join("bin/ssh"), ssh).unwrap();
    Command::new("chmod").arg("+x").arg(folder.join("bin/ssh")).status().unwrap();
    let run = |smoke: &str| {
        fs::write(folder.join("deploy/api.yaml"), "# in service: api-1\n").unwrap();
        let _ = fs::remove_file(folder.join("calls"));
        let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").unwrap());
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &scripts[0].1]).env("PATH", path);
        command.env("DIGESTS", "backend=r/backend@sha256:1 other=r/other@sha256:2 ").env("DEPLOYS", "backend=api");
        command.env("KEY", "k").env("KNOWN_HOSTS", "h").env("HOST", "u@h").env("FOLDER", folder).env("SMOKE", smoke);
        let ran = command.output().unwrap();
        let calls = fs::read_to_string(folder.join("calls")).unwrap();
        (ran.status.success(), calls.lines().map(str::to_owned).collect::<Vec<_>>())
    };
    let call = "--image r/backend@sha256:1 --migrate alembic upgrade head api";
    assert_eq!(run("true"), (true, vec![call.to_owned()]));
    assert_eq!(run("false"), (false, vec![call.to_owned(), "rollback api".to_owned()]));
    // The script undoes itself what it could not finish: what it had not replaced is not rolled back.
    fs::write(folder.join("broken"), "").unwrap();
    assert_eq!(run("true"), (false, vec![call.to_owned()]));
}

#[test]
fn scripts_are_read_by_a_posix_shell() {
    let facts = "#!/bin/sh\n# Written by dockopt.\nfacts='service group port count start drain image\napi api 8000 1 90 30 built'\n";
    let ran = emit(tracker().file("deploy/deploy.sh", facts), &["gitlab", "--write"]).code(0);
    let pipeline = ran.read(GITLAB);
    let tree = yaml::read(&pipeline);
    let mut count = 0;
    for entry in tree.root().unwrap().entries() {
        for key in ["before_script", "script", "after_script"] {
            let items = entry.value.get(key);
            let script: Vec<&str> = items.iter().flat_map(|items| items.items()).filter_map(YamlNode::text).collect();
            if script.is_empty() {
                continue;
            }
            let ran = Command::new("sh").args(["-n", "-c", &script.join("\n")]).output().unwrap();
            assert!(ran.status.success(), "{:?}: {}", entry.key.text(), String::from_utf8_lossy(&ran.stderr));
            count += 1;
        }
    }
    assert!(count >= 8, "{count}");
}

#[test]
fn each_way_to_build_a_dockerfile_is_an_image() {
    let compose = "services:\n  web:\n    build: {context: app, args: {APP: web}}\n  users:\n    build: {context: app, args: {APP: users}}\n  \
                   jobs:\n    build: {context: app, target: jobs}\n";
    let dockerfile = "FROM debian AS jobs\nCOPY jobs /\nFROM debian\nARG APP\nCOPY $APP /\n";
    let project = Dockopt::new().file("compose.yaml", compose).file("app/Dockerfile", dockerfile);
    let project = project.file("app/web", "").file("app/users", "").file("app/jobs", "");
    let ran = emit(project, &["github", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    let tree = yaml::read(&workflow);
    let legs = value(&tree, &["jobs", "images", "strategy", "matrix", "include"]).unwrap();
    let leg = |leg: YamlNode| {
        let get = |key: &str| leg.get(key).and_then(YamlNode::text).unwrap_or_default().to_owned();
        [get("services"), get("options").replace('\n', " ").trim().to_owned(), get("inputs").trim().to_owned()]
    };
    let legs: std::collections::BTreeSet<[String; 3]> = legs.items().map(leg).collect();
    let expected = [
        ["jobs", "--target jobs", ":(glob)app/jobs"],
        ["users", "--build-arg APP=users", ":(glob)app/users"],
        ["web", "--build-arg APP=web", ":(glob)app/web"],
    ];
    assert_eq!(legs, expected.map(|leg| leg.map(str::to_owned)).into());
}

#[test]
fn what_cannot_be_built_from_git_is_left_out() {
    let project = tracker()
        .file("java/Dockerfile", "FROM eclipse-temurin:21\nCOPY target/shop.jar /\n")
        .file("windows/Dockerfile", "FROM mcr.microsoft.com/windows/nanoserver:ltsc2022\nCOPY Dockerfile /\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    assert!(ran.stderr.contains("java/Dockerfile is left out: it takes `target/shop.jar`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("windows/Dockerfile: it is of Windows"), "{}", ran.stderr);
    let workflow = ran.read(GITHUB[0]);
    let is_named = |name: &str| workflow.lines().any(|line| !line.starts_with('#') && line.contains(name));
    assert!(!is_named("java/") && !is_named("windows"), "{workflow}");
    let ran = emit(tracker(), &["github", "--exclude", "dashboard", "--write"]).code(0);
    assert!(!ran.read(GITHUB[0]).contains("dashboard"), "{}", ran.read(GITHUB[0]));
}

/// What hides the image is not mounted, environment files that git lacks are made, and no port gets a word.
#[test]
fn a_start_uses_what_the_image_has() {
    let compose = "services:\n  web:\n    build: ./web\n    volumes: [\"./web:/app\", \"data:/data\"]\n    env_file: [web/.env]\n    \
                   ports: [\"${PORT_OF_HOST}:80\"]\n    environment:\n      KEY: ${KEY}\nvolumes: {data: {}}\n";
    let project = Dockopt::new()
        .file("compose.yaml", compose)
        .file("web/Dockerfile", "FROM node:22\nCOPY . .\n")
        .file("web/index.js", "1\n")
        .file("web/.env.example", "A=1\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    let tree = yaml::read(&workflow);
    assert_eq!(text(&tree, &["jobs", "images", "strategy", "matrix", "include", "0", "unmounted"]), "web");
    let scripts = scripts_of_github(&tree, "images");
    let start = &scripts.iter().find(|(name, _)| name == "Start").unwrap().1;
    assert!(start.starts_with("cp web/.env.example web/.env\nexport KEY="), "{start}");
    assert!(!start.contains("PORT_OF_HOST"), "{start}");
}

/// Tests are those of the program, in the pipeline as in the recipes: an example has its own, and members of a workspace
/// whose root runs no tests have theirs.
#[test]
fn the_pipeline_and_the_recipes_have_the_same_tests() {
    let package = |more: &str| format!("{{\"name\": \"x\", \"private\": true{more}}}\n");
    let tested = package(", \"scripts\": {\"test\": \"node --test\"}");
    let root = package(", \"workspaces\": [\"web\", \"api\"], \"scripts\": {\"lint\": \"eslint .\"}");
    let project = || {
        Dockopt::new()
            .file("compose.yaml", "services:\n  web:\n    build: web\n")
            .file("package.json", &root)
            .file("package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}\n")
            .file("web/package.json", &tested)
            .file("web/Dockerfile", "FROM node:22\nCOPY . .\n")
            .file("api/package.json", &tested)
            .file("examples/shop/package.json", &tested)
            .file("examples/shop/Dockerfile", "FROM node:22\nCOPY . .\n")
    };
    let ran = emit(project(), &["github", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    let tree = yaml::read(&workflow);
    let jobs = value(&tree, &["jobs"]).unwrap();
    let has_tests = |job: &str| scripts_of_github(&tree, job).iter().any(|(name, _)| name == "Test");
    let folders: Vec<&str> = jobs
        .entries()
        .filter_map(|entry| entry.key.text())
        .filter(|job| has_tests(job))
        .map(|job| job.trim_start_matches("test-"))
        .collect();
    assert_eq!(folders, ["api", "web"], "{workflow}");
    assert!(ran.stderr.contains("so that their tests are left out: `examples/shop`"), "{}", ran.stderr);
    let recipes = project().args(["compose", "emit", "--just", "--write"]).run().code(0).read("justfile");
    let (_, test) = recipes.split_once("\ntest:\n").unwrap_or_else(|| panic!("{recipes}"));
    let lines: Vec<&str> = test.lines().take_while(|line| line.starts_with(' ')).map(str::trim).collect();
    assert_eq!(lines, ["cd api && npm test", "cd web && npm test"], "{recipes}");
}
