use std::collections::BTreeMap;
use std::sync::Arc;

use crate::inputs::Evidence;
use crate::optimize::test_inputs::{optimize_to_level, project};
use crate::optimize::{Level, LevelLimit, Optimized, Options, optimize};

const PYTHON: &str =
    "FROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"python\", \"app.py\"]\n";
const NODE: &str =
    "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm ci\nRUN npm run build\nCMD [\"node\", \"dist/main.js\"]\n";

fn ignore(optimized: &Optimized) -> String {
    let find = optimized.result().iter().find(|source| source.name() == ".dockerignore");
    find.map(|source| source.text().to_owned()).unwrap_or_default()
}

fn ignore_file_of(dockerfile: &str, files: &[(&str, &str)]) -> String {
    ignore(&optimize_to_level(dockerfile, files, Level::Ignore))
}

#[track_caller]
fn check(dockerfile: &str, files: &[(&str, &str)], expected: &str) {
    let first = ignore_file_of(dockerfile, files);
    assert_eq!(first, expected);
    let mut again = files.to_vec();
    again.retain(|(path, _)| *path != ".dockerignore");
    again.push((".dockerignore", &first));
    assert_eq!(ignore_file_of(dockerfile, &again), first, "a second run changes nothing");
}

/// With what git ignores.
fn ignoring(dockerfile: &str, files: &[(&str, &str)], ignored: &[&str]) -> String {
    let (inputs, evidence) = project(dockerfile, files);
    let git_ignored = Some(ignored.iter().map(|path| (*path).to_owned()).collect());
    let evidence = Evidence { git_ignored, ..evidence };
    ignore(&optimize(
        &inputs,
        0,
        &evidence,
        &Options { level: LevelLimit::Up(Level::Ignore), ..Options::new(&crate::rules::AllRules) },
    ))
}

#[test]
fn packages_that_git_keeps_stay() {
    let files = [("package.json", PACKAGE), ("node_modules/a/index.js", "x"), ("src/main.ts", "x")];
    let (inputs, evidence) = project(NODE, &files);
    let evidence = Evidence { committed: ["node_modules".to_owned()].into(), ..evidence };
    let done = optimize(
        &inputs,
        0,
        &evidence,
        &Options { level: LevelLimit::Up(Level::Ignore), ..Options::new(&crate::rules::AllRules) },
    );
    assert!(!ignore(&done).contains("node_modules"), "{}", ignore(&done));
    assert!(done.levels[0].refusals.iter().any(|refusal| refusal.what.contains("`node_modules`")));
}

const PACKAGE: &str = r#"{"name": "a", "scripts": {"build": "tsc"}}"#;

#[test]
fn a_file_says_what_stays_out_and_no_more() {
    check(
        PYTHON,
        &[
            ("app.py", "import flask"),
            ("requirements.txt", "flask"),
            ("__pycache__/app.pyc", "x"),
            (".git/HEAD", "x"),
            (".github/workflows/ci.yml", "x"),
            ("README.md", "x"),
            (".env", "SECRET_KEY=abc"),
        ],
        "# Version control, pipelines, editors\n.git\n.github\n\n# Generated files; the build creates its own\n**/__pycache__\n.venv\n\n\
         # Files about the project\nDockerfile\nREADME.md\n\n# Secrets\n**/*.key\n**/*.pem\n**/.env\n**/.env.*\n!**/.env.example\n",
    );
    check(
        NODE,
        &[("package.json", PACKAGE), ("package-lock.json", "{}"), ("web/node_modules/a.js", "x"), ("src/main.ts", "x")],
        "# Version control, pipelines, editors\n.git\n\n# Generated files; the build creates its own\n**/node_modules\n\n\
         # Files about the project\nDockerfile\n\n# Secrets\n**/*.key\n**/*.pem\n**/.env\n**/.env.*\n!**/.env.example\n",
    );
}

#[test]
fn a_build_that_names_what_it_takes_needs_no_file() {
    let text = "FROM python:3.13\nCOPY app.py requirements.txt ./\nRUN pip install -r requirements.txt\n";
    check(text, &[("app.py", ""), ("requirements.txt", ""), (".git/HEAD", "x")], "");
    let text = "FROM python:3.13\nCOPY src src\n";
    check(
        text,
        &[("src/app.py", "x"), ("src/__pycache__/app.pyc", "x")],
        "# Generated files; the build creates its own\n**/__pycache__\n",
    );
}

#[test]
fn mentioned_files_are_kept() {
    let has = |dockerfile: &str, files: &[(&str, &str)], line: &str| {
        ignore_file_of(dockerfile, files).lines().any(|ignore_line| ignore_line == line)
    };
    // A readme that a manifest or a source names.
    assert!(!has(PYTHON, &[("pyproject.toml", "[project]\nreadme = \"README.md\""), ("README.md", "x")], "README.md"));
    assert!(!has(PYTHON, &[("setup.py", "open('README.rst')"), ("README.rst", "x")], "README.rst"));
    assert!(!has(PYTHON, &[("app.py", "glob('*.md')"), ("README.md", "x")], "README.md"));
    assert!(!has(PYTHON, &[("mkdocs.yml", "site_name: a"), ("README.md", "x")], "README.md"));
    // The application reads its own Dockerfile.
    assert!(!has(PYTHON, &[("app.py", "open('Dockerfile')")], "Dockerfile"));
    // Tests, docs, data and licenses are nobody's to remove.
    for path in [
        "tests/a.py",
        "docs/a.md",
        "data/a.csv",
        "LICENSE",
        "lib/a.js",
        "bin/a.sh",
        "env/a.py",
        "vendor/a.go",
        ".npmrc",
        ".sqlx/q.json",
    ] {
        let top = path.split('/').next().unwrap();
        let text = ignore_file_of(PYTHON, &[(path, "x")]);
        assert!(!text.lines().any(|line| line.trim_start_matches("**/") == top), "{text}");
    }
}

#[test]
fn the_history_stays_where_a_version_comes_from_it() {
    let keeps = |dockerfile: &str, files: &[(&str, &str)]| {
        let mut files = files.to_vec();
        files.push((".git/HEAD", "x"));
        !ignore_file_of(dockerfile, &files).contains(".git\n")
    };
    let installs = "FROM python:3.13\nCOPY . .\nRUN pip install .\n";
    assert!(keeps(installs, &[("pyproject.toml", "[build-system]\nrequires = [\"setuptools_scm\"]")]));
    assert!(keeps(
        installs,
        &[("pyproject.toml", "[tool.hatch.version]\nsource = \"vcs\"\n[build-system]\nrequires=[\"hatch-vcs\"]")]
    ));
    assert!(!keeps(installs, &[("pyproject.toml", "[project]\nname = \"a\"")]));
    let dockerfile = installs.replace("RUN", "ENV SETUPTOOLS_SCM_PRETEND_VERSION=1\nRUN");
    assert!(!keeps(&dockerfile, &[("pyproject.toml", "[build-system]\nrequires = [\"setuptools_scm\"]")]));
    assert!(keeps(NODE, &[("package.json", r#"{"scripts": {"build": "VERSION=$(git describe) tsc"}}"#)]));
    assert!(keeps(
        "FROM golang\nCOPY . .\nRUN make\n",
        &[("Makefile", "V := $(shell git rev-parse HEAD)"), ("go.mod", "module a")]
    ));
    assert!(!keeps(NODE, &[("package.json", PACKAGE), ("Makefile", "V := $(shell git rev-parse HEAD)")]));
}

#[test]
fn environment_files_stay_where_something_loads_them() {
    let hides = |dockerfile: &str, files: &[(&str, &str)]| ignore_file_of(dockerfile, files).contains("**/.env");
    let env = (".env", "TOKEN=abc");
    assert!(hides(PYTHON, &[("app.py", "os.environ['TOKEN']"), env]));
    assert!(!hides(PYTHON, &[("app.py", "from dotenv import load_dotenv"), env]));
    assert!(!hides(PYTHON, &[("settings.py", "class Config:\n    env_file = '.env'"), env]));
    assert!(!hides(
        NODE,
        &[("package.json", r#"{"devDependencies": {"vite": "5"}}"#), (".env.production", "VITE_URL=x")]
    ));
    assert!(!hides("FROM node:22\nCOPY . .\nCMD [\"node\", \"--env-file=.env\", \"a.js\"]\n", &[env]));
    let text = optimize_to_level(PYTHON, &[("app.py", "load_dotenv()  # dotenv"), env], Level::Ignore);
    assert!(text.levels[0].refusals[0].what.contains(".env"));
}

#[test]
fn what_stays_is_told_with_what_reads_it() {
    let check_told = |dockerfile: &str, files: &[(&str, &str)], text: &str| {
        let done = optimize_to_level(dockerfile, files, Level::Ignore);
        let mut refusals = done.levels.iter().flat_map(|level| &level.refusals);
        let is_told = refusals.any(|refusal| format!("{} {}", refusal.what, refusal.why).contains(text));
        assert!(is_told, "{text} in {:?}", done.levels);
    };
    let env = (".env", "TOKEN=abc");
    let manifest = r#"{"dependencies": {"@nestjs/config": "3"}}"#;
    let loader = ("src/app.module.ts", "import { ConfigModule } from '@nestjs/config'");
    check_told(NODE, &[("package.json", manifest), loader, env], "`src/app.module.ts` loads it");
    check_told(NODE, &[("package.json", manifest), env], "`package.json` names a package that loads it");
    let next = r#"{"dependencies": {"next": "14"}}"#;
    let files = [("package.json", next), env, (".env.local", "KEY=abc")];
    check_told(NODE, &files, "keeps `.env`, `.env.local` in the build context `next` reads it when it builds");
    let makes = ("scripts/version.ts", "exec('git rev-parse HEAD')");
    check_told(
        NODE,
        &[("package.json", PACKAGE), makes, (".git/HEAD", "x")],
        "`scripts/version.ts` reads the git history",
    );
}

#[test]
fn words_inside_of_words_keep_nothing() {
    let files = [("package.json", PACKAGE), ("src/nd.ts", "// neurodivergent, convergence"), (".git/HEAD", "x")];
    assert!(ignore_file_of(NODE, &files).contains(".git\n"));
    let files = [("app.py", "# they are decoupled"), (".env", "TOKEN=abc")];
    assert!(ignore_file_of(PYTHON, &files).contains("**/.env"));
}

#[test]
fn settings_of_npm_without_secrets_are_not_told() {
    let is_told = |text: &str| {
        let done = optimize_to_level(NODE, &[("package.json", PACKAGE), (".npmrc", text)], Level::Ignore);
        done.levels.iter().flat_map(|level| &level.refusals).any(|refusal| refusal.what.contains(".npmrc"))
    };
    assert!(!is_told("engine-strict=true\n"));
    let (inputs, mut evidence) = project(NODE, &[("package.json", PACKAGE), (".npmrc", "a=1\n//r/:_authToken=abc\n")]);
    evidence.texts.insert(".npmrc".to_owned(), "a=1\n".to_owned());
    let options = Options { level: LevelLimit::Up(Level::Ignore), ..Options::new(&crate::rules::AllRules) };
    let done = optimize(&inputs, 0, &evidence, &options);
    assert!(done.levels.iter().flat_map(|level| &level.refusals).any(|refusal| refusal.what.contains(".npmrc")));
}

#[test]
fn keys_that_the_program_reads_stay() {
    let text = ignore_file_of(PYTHON, &[("certs/ca.pem", "x"), ("id_rsa", "x"), ("app.py", "x")]);
    assert!(text.contains("id_rsa\n") && !text.contains("*.pem") && text.contains("**/*.key"), "{text}");
    let text = ignore_file_of(PYTHON, &[("id_rsa", "x"), ("app.py", "open('id_rsa')")]);
    assert!(!text.contains("id_rsa"), "{text}");
}

#[test]
fn results_of_builds_stay_unless_this_one_makes_them_again() {
    let files = [("package.json", PACKAGE), ("dist/main.js", "x"), ("src/main.ts", "x")];
    assert!(!ignore_file_of(NODE, &files).contains("dist"));
    assert!(ignoring(NODE, &files, &["dist"]).contains("\ndist\n"));
    let copies = "FROM node:22\nCOPY . .\nCMD [\"node\", \"dist/main.js\"]\n";
    assert!(!ignoring(copies, &files, &["dist"]).contains("dist"));
    let names = "FROM node:22\nCOPY . .\nCOPY dist /dist\nRUN npm run build\n";
    assert!(!ignoring(names, &files, &["dist"]).contains("dist"));
}

/// Templates of .gitignore list folders of tools that the project doesn't have.
#[test]
fn names_of_a_template_are_written_where_a_tool_makes_them() {
    let template = ".next\n.nuxt\n.output\n.svelte-kit\ndist\n";
    let text = |package: &str| {
        let (mut inputs, evidence) = project(NODE, &[("package.json", package), ("src/main.ts", "x")]);
        let texts = BTreeMap::from([(".gitignore".to_owned(), template.as_bytes().to_vec())]);
        inputs.builds[0].texts = Some(Arc::new(texts));
        let options = Options { level: LevelLimit::Up(Level::Ignore), ..Options::new(&crate::rules::AllRules) };
        ignore(&optimize(&inputs, 0, &evidence, &options))
    };
    let text_of =
        |name: &str| text(&format!("{{\"scripts\":{{\"build\":\"x\"}},\"dependencies\":{{\"{name}\":\"1\"}}}}"));
    let has = |text: &str, name: &str| text.lines().any(|line| line == name);
    for (package, made) in [
        ("next", vec![".next"]),
        ("nuxt", vec![".nuxt", ".output"]),
        ("@sveltejs/kit", vec![".svelte-kit"]),
        ("express", vec![]),
    ] {
        let text = text_of(package);
        for name in [".next", ".nuxt", ".output", ".svelte-kit"] {
            assert_eq!(has(&text, name), made.contains(&name), "{package} {name}: {text}");
        }
        assert!(has(&text, "dist"), "{text}");
    }
}

#[test]
fn git_ignored_files_are_excluded_unless_sources_mention_them() {
    let files = [
        ("app.py", "connect('db.sqlite3')"),
        ("db.sqlite3", "x"),
        ("scratch/x.bin", "x"),
        ("local.py", "x"),
        ("requirements.txt", ""),
    ];
    let text = ignoring(PYTHON, &files, &["db.sqlite3", "scratch", "local.py"]);
    assert!(text.contains("\nscratch\n") && !text.contains("sqlite3") && !text.contains("local"), "{text}");
}

#[test]
fn a_good_file_stays_and_another_gets_what_it_lacks() {
    let files = |ignore: &'static str| {
        vec![
            ("app.py", ""),
            ("requirements.txt", ""),
            ("a/__pycache__/x.pyc", "x"),
            ("README.md", "x"),
            (".dockerignore", ignore),
        ]
    };
    check(PYTHON, &files("# mine\n**/__pycache__"), "# mine\n**/__pycache__");
    check(PYTHON, &files("# mine\n__pycache__"), "# mine\n__pycache__\n**/__pycache__\n");
    check(PYTHON, &files("# mine\r\n*.log\r\n"), "# mine\r\n*.log\r\n**/__pycache__\r\n");
    check(PYTHON, &files("*.log\n!a/__pycache__/x.pyc\n"), "*.log\n!a/__pycache__/x.pyc\n");
    check(PYTHON, &files("[\n"), "[\n");
}

#[test]
fn an_unrelated_service_is_not_used() {
    let web = [("web/Dockerfile", "FROM node"), ("web/package.json", PACKAGE), ("web/a.js", "x")];
    let files = |app: &'static str| [&web[..], &[("app.py", app), ("requirements.txt", "")]].concat();
    assert!(ignore_file_of(PYTHON, &files("x")).contains("\nweb\n"));
    assert!(!ignore_file_of(PYTHON, &files("StaticFiles('web/dist')")).contains("web"));
}

const MANIFEST: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\n";

#[test]
fn deployment_files_are_excluded() {
    let base = [("app.py", "import flask"), ("requirements.txt", "flask")];
    let ignored = |more: &[(&str, &str)]| ignore_file_of(PYTHON, &[&base[..], more].concat());
    let text = ignored(&[
        ("k8s/deployment.yaml", MANIFEST),
        ("k8s/README.md", "x"),
        ("deploy/chart/Chart.yaml", "apiVersion: v2\nname: shop\n"),
        ("deploy/chart/values.yaml", "replicas: 2\n"),
        ("deploy/chart/templates/_helpers.tpl", "x"),
        ("deploy/start.sh", "x"),
        ("infra/main.tf", "x"),
        ("infra/terraform.tfstate", "{}"),
        ("ingress.yaml", MANIFEST),
        ("settings.yaml", "debug: false\n"),
        ("kubeconfig-prod.yaml", "apiVersion: v1\nkind: Config\n"),
    ]);
    for line in ["k8s", "deploy/chart", "infra", "ingress.yaml", "**/kubeconfig-prod.yaml"] {
        assert!(text.lines().any(|ignored| ignored == line), "{line} in {text}");
    }
    assert!(!text.contains("settings") && !text.lines().any(|ignored| ignored == "deploy"), "{text}");
}

#[test]
fn files_that_sources_read_are_kept() {
    let files = [
        ("app.py", "open('k8s/deployment.yaml')"),
        ("requirements.txt", "flask"),
        ("k8s/deployment.yaml", MANIFEST),
        ("charts/a.yaml", MANIFEST),
        ("charts/main.py", "x"),
    ];
    let text = ignore_file_of(PYTHON, &files);
    assert!(!text.contains("k8s") && !text.contains("charts\n"), "{text}");
}

#[test]
fn a_script_that_nothing_starts_reads_no_history() {
    let go = "FROM golang:1.25\nWORKDIR /src\nCOPY . .\nRUN go build -o /bin/a .\nCMD [\"a\"]\n";
    let main = ("main.go", "package main\n\nfunc main() {}\n");
    let deploy =
        ("scripts/deploy.sh", "git fetch origin\ngit rev-parse HEAD\ndocker compose -f docker-compose.prod.yml up\n");
    let files = [main, ("go.mod", "module a\n"), (".git/HEAD", "x"), ("docker-compose.prod.yml", "x"), deploy];
    let text = ignore_file_of(go, &files);
    assert!(text.contains(".git\n") && text.contains("docker-compose.prod.yml\n"), "{text}");
    for starter in [
        go.replace("RUN go", "RUN sh scripts/deploy.sh && go"),
        go.replace("RUN go", "RUN ./scripts/all.sh && go"),
        go.replace("CMD [\"a\"]", "CMD [\"./scripts/deploy.sh\"]"),
    ] {
        let others = [("scripts/all.sh", "./scripts/deploy.sh\n")];
        let text = ignore_file_of(&starter, &[&files[..], &others].concat());
        assert!(!text.contains(".git\n"), "{starter}: {text}");
    }
}

#[test]
fn packages_of_a_part_that_the_host_builds_stay_out() {
    let go = "FROM golang:1.25\nWORKDIR /src\nCOPY . .\nRUN go build -o /bin/a .\nCMD [\"a\"]\n";
    let main = ("main.go", "package main\n\nfunc main() {}\n");
    let files = [main, ("go.mod", "module a\n"), ("frontend/package.json", PACKAGE)];
    assert!(ignore_file_of(go, &files).contains("**/node_modules\n"));
    let served = ("web.go", "package main\n\nvar dir = \"frontend/node_modules/bootstrap\"\n");
    assert!(!ignore_file_of(go, &[&files[..], &[served]].concat()).contains("node_modules"));
    let node = "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nCMD [\"node\", \"main.js\"]\n";
    assert!(!ignore_file_of(node, &[("package.json", PACKAGE), ("main.js", "")]).contains("node_modules"));
}

#[test]
fn a_folder_of_which_nothing_is_needed_is_one_line() {
    let manifest = "apiVersion: v1\nkind: Service\n";
    let files = [("requirements.txt", "flask\n"), ("app.py", "x"), ("k8s/a.yaml", manifest), ("k8s/b.yaml", manifest)];
    // Something speaks of the folder, and nothing of its files.
    let script = ("app.py", "import os\n# see k8s\n");
    for files in [files.to_vec(), [&files[..1], &files[2..], &[script]].concat()] {
        let text = ignore_file_of(PYTHON, &files);
        assert!(text.contains("\nk8s\n") && !text.contains("k8s/"), "{text}");
    }
}

/// Another project of the repository is no reason: its files are not in the image, or nothing there runs them.
#[test]
fn reasons_are_those_of_this_build() {
    let other = [
        ("apps/web/package.json", r#"{"name":"web","dependencies":{"next":"15","dotenv":"16","puppeteer":"24"}}"#),
        ("apps/web/index.js", "require('dotenv').config(); require('child_process').exec('git rev-parse HEAD')"),
        ("apps/api/package.json", r#"{"name":"api","dependencies":{"express":"5"}}"#),
        ("apps/api/server.js", "require('express')().listen(3000)"),
        ("apps/api/requirements.txt", "flask==3.1.0\n"),
        ("apps/api/app.py", "import flask\n"),
        ("apps/api/.env", "A=1\n"),
    ];
    let node = "FROM node:22\nWORKDIR /app\nCOPY apps/api/package.json ./\nRUN npm install\nCOPY apps/api .\nCMD [\"node\", \"server.js\"]\n";
    let python = "FROM python:3.13\nWORKDIR /app\nCOPY . .\nRUN pip install -r apps/api/requirements.txt\nCMD [\"python\", \"apps/api/app.py\"]\n";
    for dockerfile in [node, python] {
        let done = optimize_to_level(dockerfile, &other, Level::Hygiene);
        let reasons = format!("{:?}", done.levels);
        assert!(!reasons.contains("apps/web") && !reasons.contains("puppeteer"), "{dockerfile}{reasons}");
        assert!(ignore(&done).contains(".env"), "{dockerfile}{}", ignore(&done));
    }
    // Its own are.
    let web = "FROM node:22\nWORKDIR /app\nCOPY apps/web .\nRUN npm install\nCMD [\"node\", \"index.js\"]\n";
    let reasons = format!("{:?}", optimize_to_level(web, &other, Level::Hygiene).levels);
    assert!(reasons.contains("puppeteer"), "{reasons}");
}
