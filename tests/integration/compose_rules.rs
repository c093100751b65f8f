//! Rules about compose files from the command line: the same findings by every command, fixes that Compose takes, and
//! that change nothing but what was meant, also in files that are broken.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};
use crate::tier::cases;

const FILE: &str = "# the stack\nversion: '3.8'\n\nx-logging: &logging\n  logging: {driver: local}\n\nservices:\n  api:\n    <<: *logging\n    \
    image: example/api:1 # built elsewhere\n    depends_on: [db, cache]\n    environment: {DATABASE_URL: \"postgres://db/app\"}\n  db:\n    \
    image: postgres:17\n    environment:\n      POSTGRES_USER: app\n      POSTGRES_PASSWORD_FILE: /run/secrets/db\n    volumes: [\"data:/var/lib/postgresql/data\"]\n    healthcheck:\n      test: [\"CMD-SHELL\", \"pg_isready -U $POSTGRES_USER\"]\n      \
    interval: 10s\n  cache:\n    image: 'redis:7'\n\nvolumes:\n  data:\n";

fn rules(ran: &Ran) -> Vec<String> {
    let result: Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = result["findings"].as_array().unwrap().iter();
    findings
        .map(|finding| format!("{}:{}", finding["span"]["start"]["line"], finding["rule"].as_str().unwrap()))
        .collect()
}

#[track_caller]
fn says(ran: &Ran, expected: &[&str]) {
    for text in expected {
        assert!(ran.stdout.contains(text), "`{text}` is not in:\n{}", ran.stdout);
    }
}

#[test]
fn every_command_finds_the_same() {
    let run = |arguments: &[&str]| {
        rules(&Dockopt::new().file("compose.yaml", FILE).args(arguments.iter().copied().chain(["--format=json"])).run())
    };
    let expected = run(&["compose", "check"]);
    assert!(expected.contains(&"2:compose-version-obsolete".to_owned()), "{expected:?}");
    assert!(expected.contains(&"22:compose-dependency-unchecked".to_owned()), "{expected:?}");
    for arguments in [
        &["compose", "check", "compose.yaml"][..],
        &["lint", "compose.yaml"],
        &["audit", "--no-history", "--select=default"],
    ] {
        assert_eq!(run(arguments), expected, "{arguments:?}");
    }
    assert_eq!(run(&["lint", "compose.yaml", "--select=compose-version-obsolete"]), ["2:compose-version-obsolete"]);
    assert_eq!(run(&["lint", "compose.yaml", "--select=no-version-field"]), ["2:compose-version-obsolete"]);
}

#[test]
fn a_compose_file_may_have_any_name() {
    for name in ["stack.yaml", "infra/prod.yml"] {
        let ran = Dockopt::new().file(name, FILE).args(["lint", name, "--format=json"]).run();
        assert!(rules(&ran).contains(&"2:compose-version-obsolete".to_owned()), "{name}: {}", ran.stdout);
    }
    // Other YAML is none.
    let ran = Dockopt::new().file("a.yaml", "services: [a]\n").args(["lint", "a.yaml"]).run();
    assert!(ran.stdout.contains("unknown instruction") || ran.stderr.contains("unknown instruction"), "{}", ran.stderr);
}

#[test]
fn audit_names_the_command_that_fixes_compose_files() {
    let ran = Dockopt::new().file("compose.yaml", FILE).args(["audit", "--no-history"]).run();
    says(
        &ran,
        &[
            "Next:  dockopt fix . --diff ",
            "safe fixes of 1 finding",
            "dockopt fix . --unsafe --diff ",
            "unsafe fixes of 4 more",
        ],
    );
    let fixed = ran.again(["fix", ".", "--unsafe", "--write"]).stderr;
    assert!(fixed.contains("fixed 5 findings in 1 file"), "{fixed}");
}

#[test]
fn comments_settings_and_baselines_hide_findings() {
    let hidden = FILE.replace("  cache:\n", "  # dockopt ignore=compose-dependency-unchecked\n  cache:\n");
    let check = |text: &str, settings: &str| {
        let dockopt = Dockopt::new().file("compose.yaml", text).file("dockopt.toml", settings);
        rules(&dockopt.args(["compose", "check", "--format=json"]).run())
    };
    assert!(!check(&hidden, "").iter().any(|rule| rule.ends_with("dependency-unchecked")));
    assert!(!check(FILE, "ignore = [\"runtime\"]\n").iter().any(|rule| rule.ends_with("dependency-unchecked")));
    let ran = Dockopt::new().file("compose.yaml", FILE).args(["compose", "check", "--write-baseline=known.json"]).run();
    says(&ran.code(0).again(["compose", "check", "--baseline=known.json"]).code(0), &["no new findings"]);
}

#[test]
fn what_compose_refuses_is_an_error_with_its_place() {
    let check = |text: &str| Dockopt::new().file("compose.yaml", text).args(["compose", "check"]).run();
    says(
        &check("services:\n  a:\n    imag: b\n").code(1),
        &["compose.yaml:3:5", "unknown key `imag`", "did you mean `image`?"],
    );
    says(&check("services: {a: {image: 'b:1', depends_on: [c]}}\n").code(1), &["depends on `c`, which is not defined"]);
    check("services: {a: {image: 'b:1', depends_on: [a]}}\n").code(1);
    // What is missing here may be there where it runs.
    says(&check("services: {a: {image: \"b:${TAG:?set it}\"}}\n").code(0), &["the required variable `TAG` is not set"]);
    says(&check("services: {a: {image: 'b:1', env_file: app.env}}\n").code(1), &["does not exist"]);
    says(&check("services: {a: {image: 'b:1', env_file: .env}}\n").code(0), &["does not exist"]);
    check("services: {a: {image: \"${IMAGE}\"}}\n").code(0);
    says(&check("services: {a: {image: 'b:1'}}\n").code(0), &["nothing found"]);
}

#[test]
fn an_override_is_read_on_top_of_its_file() {
    let dockopt = Dockopt::new()
        .file(
            "compose.yaml",
            "services:\n  a:\n    image: b:1\n    depends_on: [cache]\n  cache:\n    image: redis:7\n",
        )
        .file("compose.override.yaml", "services:\n  cache:\n    healthcheck:\n      test: exit 0\n")
        .file("compose.prod.yaml", "services:\n  a:\n    restart: always\n");
    let ran = dockopt.args(["compose", "check", "--format=oneline"]).run();
    assert!(ran.stdout.starts_with("compose.override.yaml:4:"), "{}", ran.stdout);
    assert_eq!(ran.stdout.lines().count(), 1, "{}", ran.stdout);
}

#[test]
fn files_that_a_project_includes_and_extends_are_judged() {
    let base = "services:\n  db:\n    image: postgres:17\n    healthcheck:\n      test: pg_isready\n    environment: {POSTGRES_HOST_AUTH_METHOD: trust}\n    tmpfs: /var/lib/postgresql/data\n";
    let main = "include: [parts/more.yaml]\nservices:\n  db:\n    extends: {file: parts/base.yaml, service: db}\n  other:\n    \
        extends: {file: parts/base.yaml, service: db}\n";
    let more = "services:\n  cache:\n    image: redis:7\n    healthcheck:\n      test: redis-cli ping\n    command: --appendonly yes\n";
    let check = |more: &str, arguments: &[&str]| {
        let dockopt =
            Dockopt::new().file("compose.yaml", main).file("parts/base.yaml", base).file("parts/more.yaml", more);
        let arguments = ["compose", "check"].iter().chain(arguments).copied().chain(["--format=oneline"]);
        dockopt.args(arguments).run().stdout
    };
    let found = check(more, &[]);
    let starts: Vec<&str> = found.lines().map(|line| line.split(": ").next().unwrap()).collect();
    let lines = ["parts/base.yaml:5:13", "parts/more.yaml:5:13"];
    assert_eq!(starts.iter().map(|line| line.split(' ').next().unwrap()).collect::<Vec<_>>(), lines, "{found}");
    let hidden = more.replace("  cache:", "  # dockopt ignore=compose-check-reply-ignored\n  cache:");
    assert_eq!(check(&hidden, &[]).lines().count(), 1);
    // Named with the others, each is told of once.
    assert_eq!(check(more, &["compose.yaml", "parts/base.yaml", "parts/more.yaml"]), found);
}

#[test]
fn fixes_go_to_the_file_that_has_the_service() {
    let main = "version: '3'\ninclude: [parts/more.yaml]\nservices:\n  db:\n    extends: {file: parts/base.yaml, service: db}\n  api:\n    \
        image: example/api:1\n    depends_on: [db, cache]\n  other:\n    extends: {file: ../far.yaml, service: far}\n";
    let base = "services:\n  db:\n    image: postgres:17\n    healthcheck:\n      test: exit 0\n";
    let far = "services:\n  far:\n    image: redis:7\n    healthcheck:\n      test: redis-cli ping\n    command: --appendonly yes\n";
    let dockopt = Dockopt::new()
        .file("a/compose.yaml", main)
        .file("a/parts/base.yaml", base)
        .file("a/parts/more.yaml", "version: '3'\nservices:\n  cache:\n    image: redis:7\n")
        .file("far.yaml", far);
    let ran = dockopt.args(["compose", "fix", "a", "--unsafe", "--write"]).run();
    let read = |name: &str| ran.read(name);
    assert!(read("a/parts/base.yaml").contains("pg_isready"), "{}{}", ran.stdout, ran.stderr);
    assert!(read("a/parts/more.yaml").contains("redis-cli ping"), "{}", read("a/parts/more.yaml"));
    let text = read("a/compose.yaml");
    assert!(text.matches("service_healthy").count() == 2 && !text.contains("pg_isready"), "{text}");
    assert_eq!(read("far.yaml"), far);
    assert!(!text.contains("version") && !read("a/parts/more.yaml").contains("version"), "{text}");
    let again = ran.again(["compose", "fix", "a", "--unsafe", "--check"]).code(0);
    let ran = again.again(["compose", "check", "a"]);
    says(&ran, &["../far.yaml", "outside of the project's folder"].map(|text| text.trim_start_matches("../")));
}

/// What Compose makes of a file, or why it refuses it; `None` without Compose.
pub(crate) fn verdict(folder: &Path) -> Option<Result<Value, String>> {
    let mut command = Command::new("docker");
    command.args(["compose", "-p", "x", "config", "--format", "json", "--no-path-resolution"]).current_dir(folder);
    let output = command.output().ok()?;
    if !Command::new("docker").args(["compose", "version"]).output().is_ok_and(|output| output.status.success()) {
        return None;
    }
    if !output.status.success() {
        return Some(Err(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    Some(Ok(serde_json::from_slice(&output.stdout).unwrap()))
}

/// What Compose makes of a file; `None` without Compose.
#[track_caller]
fn config(folder: &Path) -> Option<Value> {
    verdict(folder).map(|verdict| verdict.unwrap_or_else(|why| panic!("{why}")))
}

#[test]
fn the_fixed_file_is_another_only_where_that_was_meant() {
    for (name, text) in [("plain", FILE.to_owned()), ("crlf", FILE.replace('\n', "\r\n"))] {
        let ran =
            Dockopt::new().file("compose.yaml", &text).args(["compose", "fix", "--unsafe", "--write"]).run().code(0);
        let fixed = ran.read("compose.yaml");
        for kept in ["# the stack", "# built elsewhere", "<<: *logging", "image: 'redis:7'"] {
            assert!(fixed.contains(kept), "{name}: {fixed}");
        }
        assert!(fixed.contains("condition: service_healthy") && !fixed.contains("version"), "{fixed}");
        assert_eq!(fixed.matches('\n').count(), fixed.matches(if name == "crlf" { "\r\n" } else { "\n" }).count());
        let again = ran.again(["compose", "fix", "--unsafe", "--check"]).code(0);
        let (before, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(before.path().join("compose.yaml"), &text).unwrap();
        fs::write(after.path().join("compose.yaml"), again.read("compose.yaml")).unwrap();
        let (Some(mut before), Some(mut after)) = (config(before.path()), config(after.path())) else { return };
        for model in [&mut before, &mut after] {
            model["name"] = Value::Null;
            for service in ["api", "db", "cache"] {
                model["services"][service]["healthcheck"] = Value::Null;
                model["services"][service]["depends_on"] = Value::Null;
            }
            model["networks"] = Value::Null;
        }
        assert_eq!(before, after);
    }
}

/// The fences of a page as info line and text, in order.
fn fences(page: &str) -> Vec<(String, String)> {
    let mut fences = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some((info.to_owned(), String::new())),
            (Some(_), Some(_)) => fences.extend(open.take()),
            (Some((_, text)), None) => *text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    fences
}

/// The value without what the rules may change on purpose: checks, conditions of dependencies, addresses of ports, names of
/// variables, how containers are replaced and how they take copied files over, volumes of packages.
pub(crate) fn without_meant(mut model: Value) -> Value {
    model["name"] = Value::Null;
    model["networks"] = Value::Null;
    let services = model["services"].as_object_mut();
    for (_, service) in services.into_iter().flatten() {
        for key in ["healthcheck", "restart", "ports", "stop_grace_period", "container_name"] {
            service[key] = Value::Null;
        }
        if let Some(deploy) = service["deploy"].as_object_mut() {
            deploy.retain(|key, _| !matches!(&**key, "update_config" | "rollback_config"));
            // Compose adds them where anything is written.
            deploy.retain(|_, value| !value.as_object().is_some_and(serde_json::Map::is_empty));
        }
        if service["deploy"].as_object().is_none_or(serde_json::Map::is_empty) {
            service["deploy"] = Value::Null;
        }
        // A name that the image does not read gets the right one: the values stay.
        if let Some(variables) = service["environment"].as_object() {
            let mut values: Vec<String> = variables.values().map(Value::to_string).collect();
            values.sort();
            service["environment"] = values.into();
        }
        // A volume without a name keeps what the image has in the folder; one of packages may lose its name.
        if let Some(volumes) = service["volumes"].as_array_mut() {
            let has_packages =
                |volume: &Value| volume["target"].as_str().is_some_and(|to| to.ends_with("/node_modules"));
            volumes
                .retain(|volume| volume["type"] != "volume" || volume["source"].is_string() && !has_packages(volume));
        }
        let watch = service.get_mut("develop").and_then(|develop| develop.get_mut("watch"));
        for rule in watch.and_then(Value::as_array_mut).into_iter().flatten() {
            if rule["action"] == "sync+restart" {
                rule["action"] = "sync".into();
            }
        }
        let Some(dependencies) = service["depends_on"].as_object_mut() else {
            service["depends_on"] = Value::Object(serde_json::Map::new());
            continue;
        };
        // A new one is meant; of an old one everything but its condition stays.
        dependencies.retain(|_, dependency| dependency["restart"] == true || dependency["required"] == false);
        for (_, dependency) in dependencies.iter_mut() {
            dependency["condition"] = Value::Null;
        }
    }
    keep_mounted_volumes(&mut model);
    model
}

/// Leaves out the volumes that no service mounts, as Compose does.
fn keep_mounted_volumes(model: &mut Value) {
    let services = model["services"].as_object().into_iter().flat_map(|services| services.values());
    let mounts = services.flat_map(|service| service["volumes"].as_array().into_iter().flatten());
    let mounted: Vec<String> = mounts.filter_map(|mount| mount["source"].as_str()).map(str::to_owned).collect();
    if let Some(volumes) = model["volumes"].as_object_mut() {
        volumes.retain(|name, _| mounted.contains(name));
    }
    if model["volumes"].as_object().is_some_and(serde_json::Map::is_empty) {
        model["volumes"] = Value::Null;
    }
}

#[test]
fn the_fixes_of_the_pages_are_accepted_by_compose() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut pages: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("compose-")));
    pages.sort();
    // Always a third of them, others each day.
    let some = pages.len() / 3;
    for path in cases(pages, some) {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut files: Vec<(String, String)> = Vec::new();
        for (info, text) in fences(&fs::read_to_string(&path).unwrap()) {
            let Some((_, file)) = info.split_once("path=") else { continue };
            if let Some(file) = file.strip_suffix(" fixed unsafe").or_else(|| file.strip_suffix(" fixed")) {
                let (before, after) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
                for (other, old) in &files {
                    for folder in [before.path(), after.path()] {
                        fs::create_dir_all(folder.join(other).parent().unwrap()).unwrap();
                    }
                    fs::write(before.path().join(other), old).unwrap();
                    fs::write(after.path().join(other), if other == file { &text } else { old }).unwrap();
                }
                let Some(before) = verdict(before.path()) else { return };
                let Ok(before) = before else { continue };
                let after = config(after.path()).unwrap();
                // What Compose took out of the values comes back: that is the fix.
                if name != "compose-dollar-unescaped" {
                    assert_eq!(without_meant(before), without_meant(after), "{name}");
                }
                continue;
            }
            if file == "compose.yaml" {
                files.clear();
            }
            files.push((file.to_owned(), text));
        }
    }
}

#[test]
fn one_run_is_enough() {
    // The check of `cache` comes in the same run as the condition that waits for it.
    let text = "services:\n  api:\n    image: example/api:1\n    depends_on: [db, cache]\n  worker:\n    image: example/api:1\n    depends_on:\n      \
        - cache\n  db:\n    image: postgres:17\n    healthcheck:\n      test: pg_isready -h 127.0.0.1\n  cache:\n    image: redis:7\n";
    let ran = Dockopt::new().file("compose.yaml", text).args(["compose", "fix", "--unsafe", "--write"]).run().code(0);
    let fixed = ran.read("compose.yaml");
    assert_eq!((fixed.matches("service_healthy").count(), fixed.matches("service_started").count()), (3, 0), "{fixed}");
    let again = ran.again(["compose", "fix", "--unsafe", "--write"]).code(0);
    assert_eq!(again.read("compose.yaml"), fixed);
}

/// A database that others wait for, with a check that gives up after 20 s.
const IMPATIENT: &str = "services:\n  db:\n    image: postgres:17\n    healthcheck:\n      test: [\"CMD\", \"pg_isready\"]\n      \
    interval: INTERVAL\n      retries: 2\n  web:\n    image: example/web:1\n    depends_on:DEPENDS\n";

#[test]
fn a_check_that_is_waited_for_gets_the_time_of_a_first_start() {
    let gate = "\n      db: {condition: service_healthy}";
    for (interval, depends, expected) in
        [("10s", gate, "start_period: 60s"), ("10s", " [db]", "start_period: 60s"), ("2s", gate, "retries: 30")]
    {
        let text = IMPATIENT.replace("INTERVAL", interval).replace("DEPENDS", depends);
        let ran =
            Dockopt::new().file("compose.yaml", &text).args(["compose", "fix", "--unsafe", "--write"]).run().code(0);
        let fixed = std::fs::read_to_string(ran.path().join("compose.yaml")).unwrap();
        assert!(fixed.contains("\"-h\", \"127.0.0.1\""), "{fixed}");
        assert!(fixed.contains(expected), "{fixed}");
        ran.again(["compose", "fix", "--unsafe"]).code(0);
        assert_eq!(std::fs::read_to_string(ran.path().join("compose.yaml")).unwrap(), fixed);
    }
}

#[test]
fn only_what_a_service_needs_at_its_start_is_waited_for() {
    let shared = "x-env: &env\n  DATABASE_URL: postgres://db/a\nservices:\n  db:\n    image: postgres:17\n    healthcheck: {test: [CMD, pg_isready, -h, 127.0.0.1]}\n";
    let app = "  app:\n    image: example/app:1\n    environment: *env\n";
    let job = "  job:\n    image: example/app:1\n    command: ./do\n    restart: \"no\"\n    environment: *env\n  other:\n    image: example/other:1\n    \
               depends_on: {job: {condition: service_completed_successfully}}\n";
    let check = ["compose", "check", "--select=compose-dependency-undeclared,compose-dependency-unchecked"];
    let run = |text: &str| Dockopt::new().file("compose.yaml", text).args(check).run();
    says(&run(&format!("{shared}{app}{job}")), &["`app` uses `db`"]);
    // Mails and traces are sent when they arise.
    let late = "services:\n  web:\n    image: example/web:1\n    depends_on: [mail, traces]\n  mail:\n    image: axllent/mailpit:v1.27\n  \
                traces:\n    image: jaegertracing/jaeger:2.10.0\n";
    run(late).code(0);
    // An official image has no HEALTHCHECK.
    let built = "services:\n  web:\n    image: example/web:1\n    depends_on: [api]\n  api:\n    build: .\n";
    let ran = Dockopt::new().file("compose.yaml", built).file("Dockerfile", "FROM golang:1.26\nCMD [\"./api\"]\n");
    says(&ran.args(check).run(), &["`web` needs `api`, which has no healthcheck"]);
}

#[test]
fn an_unset_truth_value_hides_no_finding() {
    let text = "services:\n  web:\n    image: nginx\n    read_only: ${READ_ONLY}\n";
    let ran = Dockopt::new().file("compose.yaml", text).args(["compose", "check"]).run().code(1);
    says(&ran, &["warning[compose-image-unpinned]: `nginx`", "`READ_ONLY` is not set"]);
}

/// `pgrep -f` and `ps | grep` in a shell find that shell: each line is run, and what it says of a program that nobody runs
/// is compared with what the rule says.
#[test]
fn searches_for_processes_do_what_the_rule_says() {
    let succeeds = |line: &str| Command::new("sh").args(["-c", line]).output().unwrap().status.success();
    if !succeeds("command -v pgrep && command -v ps") {
        return;
    }
    for line in [
        "pgrep -f never-started-5d1 || exit 1",
        "pgrep -f -c never-started-5d2 || exit 1",
        "pgrep never-started-5d3 || exit 1",
        "pgrep -f '[n]ever-started-5d4' || exit 1",
        "ps aux | grep never-started-5d5",
        "ps -ef | grep -q never-started-5d6 || exit 1",
        "ps -ef | grep '[n]ever-started-5d7'",
        "ps aux | grep never-started-5d8 | grep -v grep",
        "ps -e | grep never-started-5d9",
    ] {
        let text = format!("services:\n  worker:\n    image: example/worker:1\n    healthcheck:\n      test: {line}\n");
        let ran = Dockopt::new().file("compose.yaml", &text).args(["compose", "check"]).run();
        assert_eq!(ran.stdout.contains("compose-check-always-healthy"), succeeds(line), "{line}\n{}", ran.stdout);
    }
}

/// Files that are only used for development may be left out where it counts.
#[test]
fn a_healthcheck_belongs_to_the_file_that_says_what_runs() {
    let base = "services:\n  db:\n    image: postgres:17\n    environment: {POSTGRES_HOST_AUTH_METHOD: trust}\n    tmpfs: /var/lib/postgresql/data\n  api:\n    image: example/api:1\n    depends_on: [db]\n";
    let more = "services:\n  db:\n    ports: [\"127.0.0.1:5432:5432\"]\n";
    let project = || Dockopt::new().file("compose.yaml", base).file("compose.override.yaml", more);
    for arguments in [&["compose", "check"][..], &["compose", "check", "compose.yaml"]] {
        let ran = project().args(arguments.iter().copied().chain(["--format=json"])).run();
        assert_eq!(rules(&ran), ["2:compose-dependency-unchecked"], "{}", ran.stdout);
    }
    let ran = project().args(["compose", "fix", "--unsafe", "--write"]).run().code(0);
    assert_eq!(ran.read("compose.override.yaml"), more);
    let fixed = ran.read("compose.yaml");
    assert!(fixed.contains("healthcheck:") && fixed.contains("service_healthy"), "{fixed}");
}

#[test]
fn nothing_waits_for_a_check_that_goes_through_the_one_who_waits() {
    let text = |url: &str| {
        format!(
            "services:\n  router:\n    image: example/router:1\n    depends_on:\n      - api\n      - db\n  \
             api:\n    image: example/api:1\n    healthcheck: {{test: [CMD, wget, -q, \"{url}\"]}}\n  \
             db:\n    image: postgres:17\n    healthcheck: {{test: [CMD, pg_isready, -h, 127.0.0.1]}}\n"
        )
    };
    let gates = |url: &str| {
        let fix = ["compose", "fix", "--unsafe", "--write", "--select=compose-dependency-not-awaited"];
        let ran = Dockopt::new().file("compose.yaml", text(url)).args(fix).run();
        ran.read("compose.yaml").matches("condition: service_healthy").count()
    };
    assert_eq!((gates("https://router/api/health"), gates("http://127.0.0.1/health")), (1, 2));
}

#[test]
fn files_that_are_not_there_are_errors_where_nothing_makes_them() {
    let text = "services:\n  web:\n    image: example/web:1\n    env_file: [app.env]\n    volumes: ['./conf/app.conf:/etc/app.conf:ro']\n";
    let check = ["compose", "check"];
    let ran = Dockopt::new().file("compose.yaml", text).args(check).run().code(1);
    says(&ran, &["error: the environment file `app.env` does not exist", "error[compose-mounted-file-missing]"]);
    for (name, content) in [
        (".gitignore", "*.env\nconf/\n"),
        ("setup.sh", "cp defaults app.env\ncurl -o conf/app.conf https://example.com\n"),
        ("README.md", "Write app.env and app.conf first.\n"),
    ] {
        let ran = Dockopt::new().file("compose.yaml", text).file(name, content).args(check).run().code(0);
        says(&ran, &["warning: the environment file `app.env` does not exist"]);
        assert!(!ran.stdout.contains("app.conf` is not there"), "{name}: {}", ran.stdout);
    }
    let optional = text.replace("[app.env]", "[{path: app.env, required: false}]");
    let ran = Dockopt::new().file("compose.yaml", optional).file("conf/app.conf", "").args(check).run().code(0);
    assert!(!ran.stdout.contains("app.env"), "{}", ran.stdout);
}

#[test]
fn a_part_of_a_secret_that_is_lost_is_not_shown() {
    let text = "services:\n  web:\n    image: example/web:1\n    environment: {DB_PASSWORD: '${DB_PASSWORD}'}\n";
    for value in ["\"zq8L$k3VbN5t\"", "zq8L$k3VbN5t"] {
        let environment = format!("DB_PASSWORD={value}\nSAFE='a$b'\n");
        let ran = Dockopt::new().file("compose.yaml", text).file(".env", environment);
        let ran = ran.args(["compose", "check"]).run().code(1);
        says(&ran, &["warning[compose-dollar-unescaped]: `DB_PASSWORD` loses a part of its value", ".env:1:1"]);
        assert!(!ran.stdout.contains("zq8L") && !ran.stdout.contains("k3VbN5t"), "{}", ran.stdout);
        assert!(!ran.stdout.contains("`SAFE`"), "{}", ran.stdout);
    }
}

#[test]
fn an_image_that_another_file_builds_is_known() {
    let check = "    healthcheck: {test: [CMD, wget, -q, 'http://127.0.0.1:5000/']}\n";
    let run = |built: &str, image: &str| {
        let ran = Dockopt::new().file("compose.yaml", format!("services:\n  face:\n    build: .\n{built}"));
        let ran = ran.file("compose.prod.yaml", format!("services:\n  face:\n    image: {image}\n{check}"));
        ran.file("Dockerfile", "FROM python:3.13-slim\nCMD [\"python\", \"a.py\"]\n").args(["compose", "check"]).run()
    };
    let lacks = "`wget`, which `python:3.13-slim` lacks";
    says(&run("", "registry.example.com/acme/face:1"), &[lacks]);
    says(&run("    image: acme/app\n", "acme/app:2"), &[lacks]);
    for (built, image) in [("", "acme/other:1"), ("    image: acme/app\n", "other/app:2")] {
        assert!(!run(built, image).stdout.contains(lacks), "{image}");
    }
}

#[test]
fn the_start_order_says_what_compose_refuses() {
    let text =
        "services:\n  db:\n    image: postgres:18\n    healthcheck: {test: [CMD, pg_isready], start_interval: 1s}\n";
    let ran = Dockopt::new().file("compose.yaml", text).args(["compose", "graph"]).run().code(1);
    assert!(ran.stderr.contains("`start_interval` without `start_period`"), "{}", ran.stderr);
    let unset = "services:\n  a:\n    image: 'x:${TAG}'\n    depends_on: [b]\n";
    Dockopt::new().file("compose.yaml", unset).args(["compose", "graph"]).run().code(1);
}
