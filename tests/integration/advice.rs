//! What the help of a finding says: it has to hold for the very file that it stands beside.

use crate::dockopt::Dockopt;

/// The help of a rule's first finding in the Dockerfile; `""` without a finding.
fn help(rule: &str, dockerfile: &str, files: &[(&str, &str)]) -> String {
    let mut dockopt = Dockopt::new().file("Dockerfile", dockerfile);
    for (path, text) in files {
        dockopt = dockopt.file(path, text);
    }
    let result = dockopt.args(["audit", ".", "--format=json"]).run().json();
    let findings = result["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["rule"] == rule && finding["file"] == "Dockerfile");
    finding.map(|finding| finding["help"].as_str().unwrap().to_owned()).unwrap_or_default()
}

#[test]
fn npm_gives_way_to_what_the_script_starts() {
    let check = |scripts: &str, expected: &str| {
        let dockerfile = "FROM node:22-slim\nCOPY . .\nCMD [\"npm\", \"start\"]\n";
        let package = format!("{{\"name\": \"a\", \"scripts\": {scripts}, \"dependencies\": {{\"tsx\": \"4.0.0\"}}}}");
        let help_text = help("npm-as-main-process", dockerfile, &[("package.json", &package)]);
        assert!(help_text.contains(expected) && help_text.is_empty() == expected.is_empty(), "{scripts}: {help_text}");
    };
    check(r#"{"start": "node server.js"}"#, r#"as the script does: `["node", "server.js"]`"#);
    check(r#"{"start": "next start"}"#, r#"`["node_modules/.bin/next", "start"]`"#);
    check(r#"{"start": "tsx src/a.ts"}"#, r#"`["node_modules/.bin/tsx", "src/a.ts"]`"#);
    check(
        r#"{"start": "npm run serve", "serve": "NODE_ENV=production nest start"}"#,
        r#"start what `NODE_ENV=production nest start` starts directly, for example `["node", "dist/main.js"]`"#,
    );
    check(
        r#"{"start": "NODE_ENV=production next start"}"#,
        r#"`["env", "NODE_ENV=production", "node_modules/.bin/next", "start"]`"#,
    );
    check(r#"{"prestart": "a", "start": "node a.js"}"#, "run `prestart` before it");
    check(r#"{"start": "next start -p $PORT"}"#, "the program of the script `next start -p $PORT` directly");
    check(r#"{"start": "cross-env A=1 node a.js"}"#, "the program of the script");
    check(r#"{"start": "vite preview --host"}"#, "");
    let lone = "FROM node:22-slim\nCMD [\"npm\", \"start\"]\n";
    assert!(help("npm-as-main-process", lone, &[]).contains("for example"));
}

#[test]
fn an_init_of_compose_is_process_1() {
    let check = |compose: &str, expected: bool| {
        let dockerfile = "FROM node:22-slim\nCMD [\"npm\", \"start\"]\n";
        let help_text = help("npm-as-main-process", dockerfile, &[("compose.yaml", compose)]);
        assert_eq!(!help_text.is_empty(), expected, "{compose}");
    };
    check("services:\n  a:\n    build: .\n    init: true\n", false);
    check("x: &x {init: true}\nservices:\n  a:\n    <<: *x\n    build: {context: .}\n", false);
    check("services:\n  a:\n    build: .\n    init: false\n", true);
    check("services:\n  a: {build: ., init: true}\n  b: {build: {context: .}}\n", true);
}

#[test]
fn lists_that_a_later_run_reads_are_not_deleted_before_it() {
    let check = |runs: &str, expected: &str| {
        let dockerfile = format!("FROM debian:12\n{runs}");
        let help_text = help("apt-lists-kept", &dockerfile, &[]);
        assert!(help_text.contains(expected), "{runs}: {help_text}");
    };
    check(
        "RUN apt-get update && apt-get install -y jq\nRUN apt-get install -y curl\n",
        "together with the installs of a later RUN",
    );
    check("RUN apt-get update\nRUN apt-get install -y curl\n", "a later RUN reads these lists");
    check(
        "RUN apt-get update && apt-get install -y jq\nRUN apt-get update && apt-get install -y curl\n",
        "delete them in the same RUN",
    );
}

#[test]
fn the_small_image_runs_what_the_big_one_makes() {
    let check = |dockerfile: &str, expected: &str, not: &str| {
        let help_text = help("single-stage-build", dockerfile, &[("main.go", "package main\n")]);
        assert!(
            help_text.contains(expected) && (not.is_empty() || !help_text.contains(not)),
            "{dockerfile}: {help_text}"
        );
    };
    let go = |before: &str, command: &str| {
        format!("FROM golang:1.24\n{before}COPY . .\nRUN {command} -o /a\nCMD [\"/a\"]\n")
    };
    check(&go("", "go build"), "`RUN CGO_ENABLED=0 go build …`, `FROM gcr.io/distroless/static", "");
    check(&go("ENV CGO_ENABLED=0\n", "go build"), "… `FROM gcr.io/distroless/static", "CGO_ENABLED");
    check(&go("", "CGO_ENABLED=1 go build"), "`FROM debian:trixie-slim`", "CGO_ENABLED");
    let headers = "RUN apt-get update && apt-get install -y libsqlite3-dev\n";
    check(&go(headers, "go build"), "`FROM debian:trixie-slim`", "static");
    let dockerfile = |image: &str, command: &str| format!("FROM {image}\nCOPY . .\nRUN {command}\nCMD [\"/a\"]\n");
    check(&dockerfile("rust:1.75", "cargo build --release"), "`FROM debian:bookworm-slim`", "");
    check(&dockerfile("rust:1.95-alpine3.22", "cargo build --release"), "`FROM alpine:3.22`", "");
    let java = "FROM maven:3-eclipse-temurin-17\nCOPY . .\nRUN mvn package\nCMD [\"java\", \"-jar\", \"a.jar\"]\n";
    check(java, "`FROM eclipse-temurin:17-jre`", "");
    let dotnet = "FROM mcr.microsoft.com/dotnet/sdk:8.0\nCOPY . .\nRUN dotnet publish -o /app\nCMD [\"dotnet\", \"/app/a.dll\"]\n";
    check(dotnet, "`FROM mcr.microsoft.com/dotnet/aspnet:8.0`", "");
    let c = "FROM alpine:3.22\nRUN apk add --no-cache gcc musl-dev\nCOPY a.c .\nRUN gcc -o /a a.c\nCMD [\"/a\"]\n";
    check(c, "`FROM alpine:3.22`, `COPY", "debian");
}

#[test]
fn an_unused_argument_is_removed() {
    let file = |label: &str| {
        format!("FROM debian:12\nARG VCS_REF\nRUN apt-get update && apt-get install -y curl\nLABEL a={label}\n")
    };
    assert!(help("volatile-argument-early", &file("$VCS_REF"), &[]).starts_with("declare it"));
    assert!(help("volatile-argument-early", &file("1"), &[]).starts_with("remove it"));
}

#[test]
fn sudo_that_steps_down_is_not_a_call_for_root() {
    let help_text = help("sudo", "FROM debian:12\nRUN sudo -Hu app make\n", &[]);
    assert!(help_text.contains("`USER app`") && help_text.contains("runuser -u app"), "{help_text}");
    assert!(help("sudo", "FROM debian:12\nRUN sudo -E make\n", &[]).contains("remove `sudo`"));
}

#[test]
fn a_pipe_needs_pipefail_as_well() {
    let run = |command: &str| {
        help("masked-substitution", &format!("FROM debian:12\nRUN export V=$({command}) && make\n"), &[])
    };
    assert!(run("curl -s https://a.example | jq -er .name").contains("the status of `jq`"));
    assert!(!run("curl -s https://a.example").contains("pipefail"));
}

#[test]
fn the_history_is_not_useless_where_a_makefile_asks_for_it() {
    let message = |dockerfile: &str, files: &[(&str, &str)]| {
        let mut dockopt = Dockopt::new().file("Dockerfile", dockerfile).file(".git/HEAD", "ref: refs/heads/main\n");
        for (path, text) in files {
            dockopt = dockopt.file(path, text);
        }
        let result = dockopt.args(["audit", ".", "--format=json"]).run().json();
        let findings = result["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["rule"] == "useless-context");
        finding.map(|finding| finding["message"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    let make = "FROM golang:1.24\nWORKDIR /src\nCOPY . .\nRUN make release\n";
    let script = "FROM golang:1.24\nWORKDIR /src\nCOPY . .\nRUN ./scripts/build.sh\n";
    let asks = "git describe --tags\n";
    for (dockerfile, files) in [
        (make, vec![("Makefile", "V := $(shell git rev-parse HEAD)\nrelease:\n\tgo build\n")]),
        (make, vec![("Makefile", "V := $(shell ./scripts/version)\nrelease:\n"), ("scripts/version", asks)]),
        (script, vec![("scripts/build.sh", asks)]),
        (script, vec![("scripts/build.sh", "sh scripts/version.sh\n"), ("scripts/version.sh", asks)]),
        (
            "FROM python:3.13\nCOPY . .\nRUN pip install .\n",
            vec![("setup.py", "setup(use_scm_version=True) # setuptools_scm")],
        ),
    ] {
        assert_eq!(message(dockerfile, &files), "", "{files:?}");
    }
    let doubtful = message(make, &[("Makefile", "release:\n\tgo build\n")]);
    assert!(doubtful.contains("no build is known to need it"), "{doubtful}");
    let sure = "FROM node:22-slim\nCOPY . .\nCMD [\"node\", \"a.js\"]\n";
    let clear = message(sure, &[("a.js", "1\n"), ("Makefile", "V := $(shell git rev-parse HEAD)\n")]);
    assert!(clear.contains("although no build needs it"), "{clear}");
}

#[test]
fn a_lock_file_that_lacks_a_package_is_not_a_reason_for_npm_ci() {
    let dockerfile = "FROM node:22-slim\nCOPY package*.json ./\nRUN npm install\nCOPY . .\nCMD [\"node\", \"a.js\"]\n";
    let lock = r#"{"lockfileVersion": 1, "dependencies": {"axios": {"version": "0.18.0"}}}"#;
    let check = |package: &str, expected: bool| {
        let files = [("package.json", package), ("package-lock.json", lock), ("a.js", "1\n")];
        assert_eq!(!help("npm-install-beside-lock", dockerfile, &files).is_empty(), expected, "{package}");
    };
    check(r#"{"dependencies": {"axios": "^0.18.0"}}"#, true);
    check(r#"{"dependencies": {"axios": "^0.18.0", "vuex": "^3.1.0"}}"#, false);
    check(r#"{"dependencies": {"axios": "^0.18.0"}, "devDependencies": {"node-sass": "^4.11.0"}}"#, false);
    check(r#"{"dependencies": {"axios": "^0.18.0"}, "peerDependencies": {"vue": "^2.5.0"}}"#, true);
}

#[test]
fn the_owner_has_to_be_there_when_the_copy_runs() {
    let big = "x".repeat(200_000);
    let check = |before: &str, between: &str, expected: &str| {
        let dockerfile = format!(
            "FROM debian:12\nARG U=app\n{before}COPY . /srv/app\n{between}RUN chown -R ${{U}}:${{U}} /srv/app\n"
        );
        assert_eq!(help("recursive-chown", &dockerfile, &[("data", &big)]), expected, "{dockerfile}");
    };
    let make = "RUN adduser --system $U\n";
    check("", make, "create the user above the copy; copy with `--chown=${U}:${U}`");
    check("", "RUN useradd \"${U}\" && a\n", "create the user above the copy; copy with `--chown=${U}:${U}`");
    check(make, "", "copy with `--chown=${U}:${U}`");
    check(make, "RUN usermod -aG a $U\n", "copy with `--chown=${U}:${U}`");
}

#[test]
fn a_shell_that_gives_way_costs_arguments_alone() {
    let check = |base: &str, command: &str, expected: &str| {
        let dockerfile = format!("FROM {base}\nUSER 1000\nENTRYPOINT {command}\n");
        let ran = Dockopt::new().file("Dockerfile", &dockerfile).args([
            "lint",
            "--format=json",
            "--select=shell-form-command",
        ]);
        let result = ran.run().json();
        let finding = &result["findings"][0];
        let is_process_1 = finding["message"].as_str().unwrap().contains("PID 1");
        assert_eq!(
            (finding["severity"].as_str().unwrap(), is_process_1),
            (expected, expected == "warning"),
            "{dockerfile}"
        );
    };
    check("alpine:3.22", "server --port 80", "info");
    check("alpine:3.22", "cd /srv; server --port 80", "info");
    check("openjdk:25", "a && server --port 80", "info");
    check("alpine:3.22", "server --port 80 | tee /log", "warning");
    check("debian:12", "exec server --port 80", "info");
    check("debian:12", "server --port 80", "warning");
}

#[test]
fn root_is_not_reported_where_it_is_needed_or_nobody_ships_the_image() {
    let dockerfile = "FROM node:22-slim\nCOPY . .\nEXPOSE 3000\nCMD [\"node\", \"a.js\"]\n";
    let check = |files: &[(&str, &str)], expected: bool| {
        let mut files = files.to_vec();
        files.push(("a.js", "1\n"));
        assert_eq!(!help("root-user", dockerfile, &files).is_empty(), expected, "{files:?}");
    };
    let compose = |lines: &str| format!("services:\n  a:\n    build: .\n{lines}");
    check(&[], true);
    check(&[("compose.yaml", &compose(""))], true);
    check(&[("compose.yaml", &compose("    cap_add: [NET_BIND_SERVICE]\n"))], true);
    check(&[("compose.yaml", &compose("    devices: []\n    privileged: false\n"))], true);
    check(&[("compose.yaml", &compose("    cap_add: [NET_ADMIN]\n"))], false);
    check(&[("compose.yaml", &compose("    privileged: true\n"))], false);
    check(&[("compose.yaml", &compose("    devices: ['/dev/ttyUSB0:/dev/ttyUSB0']\n"))], false);
    // A sibling for production makes this one the developers', unless the two are the same.
    check(&[("Dockerfile.prod", dockerfile)], true);
    check(&[("Dockerfile.prod", &dockerfile.replace("EXPOSE", "ENV MODE=a\nEXPOSE"))], true);
    check(&[("Dockerfile.prod", &dockerfile.replace("a.js", "dist/a.js"))], false);
    check(&[("Dockerfile.worker", dockerfile)], true);
    check(&[("deploy/Dockerfile.prod", dockerfile)], true);
    let network = "FROM node:22-slim\nRUN apt-get install -y wireguard-tools\nEXPOSE 3000\nCMD [\"node\", \"a.js\"]\n";
    assert_eq!(help("root-user", network, &[("a.js", "1\n")]), "");
}

#[test]
fn a_changed_manifest_is_not_a_case_for_a_frozen_lock_file() {
    let check = |run: &str, expected: bool| {
        let dockerfile =
            format!("FROM node:24-alpine\nWORKDIR /a\nCOPY package.json yarn.lock ./\n{run}RUN yarn install\n");
        let lock = "# yarn lockfile v1\n\n\na@^1.0.0:\n  version \"1.0.0\"\n";
        let files = [("package.json", r#"{"dependencies": {"a": "^1.0.0"}}"#), ("yarn.lock", lock)];
        assert_eq!(!help("lock-file-unchecked", &dockerfile, &files).is_empty(), expected, "{run}");
    };
    check("", true);
    check("RUN cp /etc/hostname /tmp\n", true);
    check("RUN jq '.a = 1' package.json > /tmp/p && mv /tmp/p package.json\n", false);
    check("RUN npm pkg set version=1\n", false);
    check("RUN sed -i s/a/b/ package.json\n", false);
}

#[test]
fn advice_names_what_goes_along() {
    let label =
        "FROM debian:12\nARG BUILD_DATE\nLABEL created=$BUILD_DATE\nRUN apt-get update && apt-get install -y curl\n";
    assert!(
        help("volatile-argument-early", label, &[]).starts_with("move it and the LABEL that uses it below that RUN")
    );
    let cargo = "FROM rust:1\nWORKDIR /a\nCOPY . .\nRUN cargo install --path .\n";
    let manifest = "[package]\nname = \"a\"\nversion = \"1.0.0\"\n[dependencies]\nserde = \"1\"\n";
    let files = [("Cargo.toml", manifest), ("src/main.rs", "fn main() {}\n")];
    assert!(help("sources-before-dependencies", cargo, &files).contains("cache mounts"));
}

#[test]
fn a_price_is_that_of_the_file_that_is_installed() {
    let dockerfile =
        "FROM python:3.13\nWORKDIR /a\nCOPY . .\nRUN pip install -r requirements/bot.txt\nCMD [\"python\", \"a.py\"]\n";
    let priced = |files: &[(&str, &str)]| {
        let mut dockopt = Dockopt::new().file("Dockerfile", dockerfile).file("a.py", "1\n");
        for (path, text) in files {
            dockopt = dockopt.file(path, text);
        }
        let result = dockopt.args(["audit", ".", "--format=json"]).run().json();
        let findings = result["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["rule"] == "pip-cache-kept").unwrap();
        finding["impact"].as_array().unwrap().iter().any(|impact| !impact["saves"].is_null())
    };
    assert!(priced(&[("requirements/bot.txt", "django\n")]));
    assert!(!priced(&[("requirements/bot.txt", "aiogram-x\n"), ("requirements/ml.txt", "scikit-learn\n")]));
}

#[test]
fn a_frozen_bundle_needs_the_platform_of_the_image() {
    let dockerfile = "FROM ruby:3.4\nWORKDIR /a\nCOPY Gemfile Gemfile.lock ./\nRUN bundle install\nCOPY . .\nCMD [\"ruby\", \"a.rb\"]\n";
    let locked = |platform: &str| format!("GEM\n  specs:\n\nPLATFORMS\n  {platform}\n\nDEPENDENCIES\n  rack\n");
    let check = |platform: &str| {
        let lock = locked(platform);
        help("lock-file-unchecked", dockerfile, &[("Gemfile", "gem \"rack\"\n"), ("Gemfile.lock", &lock)])
    };
    assert!(check("arm64-darwin-22").starts_with("run `bundle lock --add-platform x86_64-linux`"));
    assert!(check("ruby").starts_with("set `BUNDLE_FROZEN=1`"));
    assert!(check("x86_64-linux").starts_with("set `BUNDLE_FROZEN=1`"));
}

#[test]
fn programs_compiled_at_start_up_need_the_modules() {
    let check = |command: &str| {
        let dockerfile = format!("FROM golang:1.25\nWORKDIR /a\nCOPY . .\nRUN go mod download\nCMD {command}\n");
        help("compiler-cache-kept", &dockerfile, &[("go.mod", "module a\n"), ("main.go", "package main\n")])
    };
    for command in
        ["[\"air\"]", "[\"nodemon\", \"--exec\", \"go run .\"]", "[\"reflex\", \"-s\", \"go\", \"run\", \".\"]"]
    {
        assert_eq!(check(command), "", "{command}");
    }
    assert!(!check("[\"/a/server\"]").is_empty());
}

#[test]
fn a_pinned_version_has_no_price_of_the_newest() {
    let priced = |package: &str| {
        let dockerfile = format!("FROM node:22\nRUN npm install -g {package}\nCMD [\"pnpm\", \"start\"]\n");
        let result = Dockopt::new().file("Dockerfile", &dockerfile).args(["audit", ".", "--format=json"]).run().json();
        let findings = result["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["rule"] == "npm-cache-kept").unwrap();
        finding["impact"].as_array().unwrap().iter().any(|impact| !impact["saves"].is_null())
    };
    assert!(priced("pnpm") && priced("pnpm@latest"));
    assert!(!priced("pnpm@9") && !priced("pnpm@9.15.9") && !priced("pnpm@^9"));
}

/// A secret in ARG: the help names a RUN only where one could read it, and an argument that nothing reads is no error.
#[test]
fn advice_for_a_secret_argument_fits_the_stage() {
    let finding = |text: &str| {
        let ran = crate::dockopt::Dockopt::new().file("Dockerfile", text);
        let json = ran.args(["lint", "--select=secret-in-arg-or-env", "--format=json"]).run().json();
        let finding = &json["findings"][0];
        (finding["severity"].as_str().unwrap().to_owned(), finding["help"].as_str().unwrap().to_owned())
    };
    let (severity, help) = finding("FROM node:22-slim\nARG NPM_TOKEN\nRUN npm ci\n");
    // No command names it: what npm reads of it is not known.
    assert!(severity == "warning" && help.contains("RUN --mount=type=secret"), "{help}");
    let (severity, help) = finding("FROM nginx:1.28\nARG DEPLOY_TOKEN\nCOPY a /a\n");
    assert!(severity == "warning" && help.starts_with("delete it"), "{severity}: {help}");
    let (severity, help) = finding("FROM nginx:1.28\nRUN true\nARG DEPLOY_TOKEN\n");
    assert!(severity == "warning" && help.starts_with("delete it"), "{severity}: {help}");
    let (severity, help) = finding("FROM nginx:1.28\nARG API_KEY\nENV API_KEY=$API_KEY\n");
    assert!(severity == "error" && help.starts_with("set it when the container starts"), "{severity}: {help}");
    let (severity, _) = finding("FROM nginx:1.28 AS base\nARG API_KEY=f83hQz91LmVx22\nFROM base\nRUN make\n");
    assert_eq!(severity, "error");
}

#[test]
fn build_tools_are_reported_where_compose_gives_the_command() {
    let dockerfile = "FROM python:3.13-slim\nRUN apt-get update && apt-get install -y gcc\nCOPY . .\n\
        RUN pip install -r requirements.txt\n";
    let check = |lines: &str, expected: bool| {
        let compose = format!("services:\n  a:\n    build: .\n{lines}");
        let files = [("compose.yaml", &*compose), ("requirements.txt", "psycopg2\n"), ("a.py", "1\n")];
        assert_eq!(!help("build-tools-shipped", dockerfile, &files).is_empty(), expected, "{lines}");
    };
    check("", false);
    check("    command: gunicorn a:app\n", true);
    check("    entrypoint: [python, a.py]\n", true);
    check("    command: bash\n  b:\n    build: .\n    command: [celery, -A, a, worker]\n", true);
    check("    command: bash\n", false);
    check("    command: sleep infinity\n", false);
    check("    command: uvicorn a:app --reload\n", false);
}
