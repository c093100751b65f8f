//! The first screen of a repository with several builds: the summary, what is merged, and the order of it all.

use crate::dockopt::Dockopt;

const APP: &str = "FROM python:3.13-slim\nCOPY ca.crt /etc/ssl/\nWORKDIR /app\nCOPY logo.png main.py ./\nCMD [\"python\", \"main.py\"]\n";

fn repository() -> Dockopt {
    let compose = "services:\n  api:\n    build: api\n  db:\n    image: postgres:17\n    environment: {POSTGRES_PASSWORD: c4nary}\n";
    let workflow = "on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - run: docker build -t web web\n";
    let mut dockopt = Dockopt::new()
        .file("compose.yaml", compose)
        .file(".github/workflows/ci.yml", workflow)
        .file("tests/fixtures/Dockerfile", "FROM a\n")
        .file("README.md", "Build it with `docker build tools`.\n")
        .file(".devcontainer/Dockerfile", "FROM debian:12\nRUN apt-get update && apt-get install -y git\n")
        .file("web/Dockerfile", format!("{APP}HEALTHCHECK CMD curl -f http://localhost/\n"));
    for folder in ["api", "tools", "examples/one"] {
        dockopt = dockopt.file(&format!("{folder}/Dockerfile"), APP);
    }
    for folder in ["api", "web", "tools", "examples/one"] {
        for file in ["ca.crt", "logo.png", "main.py"] {
            dockopt = dockopt.file(&format!("{folder}/{file}"), "x");
        }
    }
    dockopt
}

/// Where texts stand in a screen, each after the one before it.
#[track_caller]
fn in_order(screen: &str, texts: &[&str]) {
    let mut rest = screen;
    for text in texts {
        rest =
            rest.split_once(text).unwrap_or_else(|| panic!("`{text}` is missing or stands too early in\n{screen}")).1;
    }
}

#[test]
fn a_summary_comes_first_and_notices_last() {
    let screen = repository().args(["audit", "--select=default"]).run().stdout;
    in_order(
        &screen,
        &[
            "5 builds, ",
            "built by compose files",
            "web/Dockerfile",
            "other builds",
            "tools/Dockerfile",
            "for development, tests and examples",
            ".devcontainer/Dockerfile",
            "Fix first: errors and leaked secrets",
            "[healthcheck-program-missing]",
            "Found in several files",
            "3 ×  no USER is set",
            "api/Dockerfile:1",
            "… 5 more builds: their findings are counted above (--all)",
            "is test data",
            "Next:",
        ],
    );
    let shipped = screen.split_once("other builds").unwrap().0;
    assert!(shipped.contains("api/Dockerfile") && !shipped.contains("tools/Dockerfile"), "{screen}");
    assert_eq!(screen.matches("[root-user]").count(), 1, "{screen}");
}

#[test]
fn everything_is_said_for_each_build_with_all() {
    let screen = repository().args(["audit", "--all"]).run().stdout;
    assert_eq!(screen.matches("[root-user]").count(), 4, "{screen}");
    assert!(screen.contains("test data") && screen.contains("nothing found"), "{screen}");
}

#[test]
fn an_example_of_a_source_change_is_a_file_that_people_edit() {
    let screen = Dockopt::new()
        .file("Dockerfile", APP)
        .file("ca.crt", "x")
        .file("logo.png", "x")
        .file("main.py", "x")
        .args(["audit"])
        .run()
        .stdout;
    assert!(screen.contains("A change of main.py reruns step 4, from line 4"), "{screen}");
    let only = "FROM nginx:1.29\nCOPY ca.crt /etc/ssl/\n";
    let screen = Dockopt::new().file("Dockerfile", only).file("ca.crt", "x").args(["audit"]).run().stdout;
    assert!(screen.contains("A change of ca.crt reruns step 2"), "{screen}");
}

#[test]
fn builds_share_a_context_and_each_has_its_own_example() {
    let dockerfile = "FROM node:22\nCOPY . .\nUSER node\nCMD [\"node\", \"index.js\"]\n";
    let compose = "services:\n  a: {build: {context: ., dockerfile: apps/a/Dockerfile}}\n  \
                   b: {build: {context: ., dockerfile: apps/b/Dockerfile}}\n";
    let screen = Dockopt::new()
        .file("compose.yaml", compose)
        .file("apps/a/Dockerfile", dockerfile)
        .file("apps/b/Dockerfile", dockerfile)
        .file("apps/a/src/server.ts", "x")
        .file("apps/b/src/server.ts", "x")
        .args(["audit", "--all"])
        .run()
        .stdout;
    in_order(&screen, &["A change of apps/a/src/server.ts", "A change of apps/b/src/server.ts"]);
}

#[test]
fn a_group_names_what_each_place_is_about() {
    let compose = |image: &str, port: u16| {
        format!(
            "services:\n  db:\n    image: {image}:17\n    ports: [\"{port}:{port}\"]\n    environment: {{POSTGRES_PASSWORD_FILE: /run/secrets/a}}\n"
        )
    };
    let dockopt = Dockopt::new()
        .file("compose.yaml", compose("postgres", 5432))
        .file("other/compose.yaml", compose("mysql", 3306).replace("db:", "store:").replace("POSTGRES", "MYSQL_ROOT"))
        .file("a/Dockerfile", "FROM scratch\nCOPY a /\n")
        .file("b/Dockerfile", "FROM scratch\nCOPY b /\n")
        .file("a/a", "")
        .file("b/b", "");
    let screen = dockopt.args(["audit", "."]).run().stdout;
    in_order(
        &screen,
        &["Found in several files", "2 ×  a database or broker is published", "`db` (compose.yaml:4)", "`store`"],
    );
}

#[test]
fn a_step_that_builds_share_costs_its_bytes_once() {
    let dockerfile = |name: &str| {
        format!(
            "FROM node:22.12.0\nRUN npm install -g typescript@5.9.2\nCOPY {name}.js /\nUSER 1000\nCMD [\"node\", \"/{name}.js\"]\n"
        )
    };
    let mut dockopt = Dockopt::new();
    for name in ["api", "web", "ws"] {
        dockopt = dockopt.file(&format!("{name}/Dockerfile"), dockerfile(name)).file(&format!("{name}/{name}.js"), "");
    }
    let ran = dockopt.args(["audit", "."]).run();
    let once = ran.again(["audit", "api"]).stdout;
    let title = |screen: &str| screen.lines().next().unwrap().split_once("; they cost ").unwrap().1.to_owned();
    assert_eq!(title(&ran.stdout), title(&once), "{}", ran.stdout);
    let other = dockerfile("ws").replace("22.12.0", "22.11.0");
    std::fs::write(ran.path().join("ws/Dockerfile"), other).unwrap();
    let ran = ran.again(["audit", "."]);
    assert_ne!(title(&ran.stdout), title(&once), "{}", ran.stdout);
}

#[test]
fn a_total_says_what_it_leaves_out() {
    let dockerfile = |name: &str| {
        format!("FROM debian:12.5\nCOPY {name} /data\nRUN chown -R 1000 /data\nUSER 1000\nCMD [\"cat\", \"/data\"]\n")
    };
    let ran = Dockopt::new()
        .file("api/Dockerfile", dockerfile("data"))
        .file("api/data", vec![b'x'; 2_000_000])
        .file("api/more", vec![b'x'; 3_000_000])
        .file("api/Dockerfile.dev", dockerfile("more"))
        .args(["audit", "."])
        .run();
    let title = ran.stdout.lines().next().unwrap();
    assert!(title.contains("they cost") && title.ends_with(", not counting builds for development"), "{title}");
    std::fs::remove_file(ran.path().join("api/Dockerfile.dev")).unwrap();
    let ran = ran.again(["audit", "api"]);
    assert!(!ran.stdout.contains("not counting"), "{}", ran.stdout);
}

#[test]
fn generated_dockerfiles_are_not_changed() {
    let text = "# This file was generated from Dockerfile.tmpl. DO NOT EDIT.\nFROM debian:12.5\nMAINTAINER a\nRUN apt-get update && apt-get install -y curl\n";
    let ran = Dockopt::new().file("Dockerfile", text).args(["audit", "."]).run();
    in_order(
        &ran.stdout,
        &["[apt-lists-kept]", "a program writes this Dockerfile (Dockerfile:1): nothing is changed in it; change"],
    );
    assert!(!ran.stdout.contains("dockopt fix") && !ran.stdout.contains("dockopt optimize"), "{}", ran.stdout);
    assert!(ran.again(["fix", ".", "--unsafe", "--diff"]).stderr.contains("nothing to fix"));
    let optimized = ran.again(["optimize", ".", "--diff"]);
    assert!(
        optimized.stderr.contains("a program writes it") || optimized.stdout.contains("a program writes it"),
        "{}{}",
        optimized.stdout,
        optimized.stderr
    );
}

#[test]
fn a_compose_file_of_comments_in_a_folder_is_no_error() {
    let ran = Dockopt::new()
        .file("compose.extras.yaml", "# services:\n#   a: {image: b}\n")
        .file("Dockerfile", "FROM scratch\nCOPY a /\n")
        .file("a", "")
        .args(["audit", "."])
        .run();
    assert!(
        ran.stdout.contains("compose.extras.yaml has only comments") && !ran.stderr.contains("empty"),
        "{}",
        ran.stdout
    );
}

#[test]
fn builds_of_workflows_are_known_in_every_form() {
    let workflow = "jobs:\n  a:\n    steps:\n    - uses: ./.github/actions/build\n      with:\n        dockerfile-path: a/Dockerfile.dev\n        build-context: a\n    - run: docker buildx build -t b --load -f b/Dockerfile . $ARGUMENTS\n    - run: cd c && pnpm-context -- c/Dockerfile | docker build --build-arg A=b - -t c $ARGUMENTS\n";
    let mut dockopt = Dockopt::new().file(".github/workflows/ci.yml", workflow);
    for file in ["a/Dockerfile.dev", "b/Dockerfile", "c/Dockerfile"] {
        dockopt = dockopt.file(file, "FROM python:3.13-slim\nCOPY b/main.py out /\nCMD [\"python\", \"/main.py\"]\n");
    }
    let screen = dockopt
        .file("b/main.py", "")
        .file("d/Dockerfile", "FROM debian:12\nCMD [\"a\"]\n")
        .args(["audit", ".", "--all"])
        .run()
        .stdout;
    in_order(&screen, &["built by compose files", "a/Dockerfile.dev", "other builds", "d/Dockerfile"]);
    let (shipped, _) = screen.split_once("other builds").unwrap();
    assert!(shipped.contains(" b/Dockerfile") && shipped.contains(" c/Dockerfile"), "{screen}");
    in_order(
        &screen,
        &["c/Dockerfile: .github/workflows/ci.yml:9 builds it with a build context that does not exist yet"],
    );
}

#[test]
fn services_with_the_same_context_have_one_notice() {
    let services: String = ["a", "b", "c", "d", "e"]
        .iter()
        .fold(String::new(), |text, name| text + &format!("  {name}: {{build: ../..}}\n"));
    let ran = Dockopt::new()
        .file("x/docker/compose.yaml", format!("services:\n{services}"))
        .file("x/Dockerfile", "FROM scratch\nCOPY a /\n")
        .file("x/a", "")
        .args(["audit", "x", "--all"])
        .run();
    let notices: Vec<&str> = ran.stdout.lines().filter(|line| line.contains("the context of")).collect();
    assert_eq!(notices.len(), 1, "{}", ran.stdout);
    assert!(notices[0].contains("the context of `a`, `b`, `c` and 2 more ("), "{notices:?}");
}

#[test]
fn a_command_of_compose_that_writes_keeps_its_user() {
    let run = |command: &str| {
        Dockopt::new()
            .file("Dockerfile", "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm install\nEXPOSE 80\nCMD [\"node\", \"server.js\"]\n")
            .file("package.json", "{\"name\": \"a\", \"version\": \"1.0.0\"}")
            .file("server.js", "require('http').createServer().listen(8080);\n")
            .file("compose.yaml", format!("services:\n  web:\n    build: .\n    command: {command}\n"))
            .args(["fix", "--unsafe", "--select=root-user"])
            .run()
            .stdout
    };
    assert!(run("node server.js").contains("+USER node"));
    let written = run("sh -c 'npx prisma generate && node server.js'");
    assert!(!written.contains("+USER node"), "{written}");
}

/// A lock file of another project of the repository, which no build takes, is nobody's problem.
#[test]
fn problems_of_manifests_are_those_that_a_build_takes() {
    let package = |name: &str| format!("{{\"name\":\"{name}\",\"dependencies\":{{\"express\":\"5.1.0\"}}}}");
    let folder = |copy: &str| {
        Dockopt::new()
            .file(
                "Dockerfile",
                format!("FROM node:22-slim\nWORKDIR /app\n{copy}\nRUN npm install\nCMD [\"node\", \"a.js\"]\n"),
            )
            .file("api/package.json", package("api"))
            .file("api/a.js", "")
            .file("web/package.json", package("web"))
            .file("web/package-lock.json", "{broken")
            .file("web/pnpm-lock.yaml", "lockfileVersion: '9.0'\n")
            .file("tools/Cargo.toml", "[package]\nname = \"x\"\nversion = \"0.1.0\"\n")
            .file("tools/Cargo.lock", "[[package]\n")
    };
    for command in ["audit", "optimize"] {
        for (copy, is_named) in [("COPY api .", false), ("COPY web .", true), ("COPY . .", true)] {
            let ran = folder(copy).args([command, "."]).run();
            let said = format!("{}{}", ran.stdout, ran.stderr);
            assert_eq!(said.contains("pnpm-lock.yaml`: is next to"), is_named, "{command} {copy}: {said}");
            assert_eq!(said.contains("web/package-lock.json:1"), is_named, "{command} {copy}: {said}");
        }
    }
}
