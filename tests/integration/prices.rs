//! Findings have a price where a table, a lock file or the context tells one, and never one that nobody knows.

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};

/// Rules with their first price, as `audit` writes it for programs.
fn prices(ran: &Ran) -> Vec<(String, String)> {
    let report: Value = ran.json();
    let findings = report["findings"].as_array().unwrap().iter();
    let price = |finding: &Value| {
        let first = &finding["impact"][0];
        let bytes = first["saves"].as_u64();
        bytes.map_or_else(String::new, |bytes| format!("{} {bytes}", first["basis"].as_str().unwrap_or_default()))
    };
    findings.map(|finding| (finding["rule"].as_str().unwrap().to_owned(), price(finding))).collect()
}

fn price(ran: &Ran, rule: &str) -> Option<String> {
    prices(ran).into_iter().find(|(name, _)| name == rule).map(|(_, price)| price)
}

fn audit(dockerfile: &str, files: &[(&str, &str)]) -> Ran {
    let project = Dockopt::new().file("Dockerfile", dockerfile);
    let project = files.iter().fold(project, |project, (path, text)| project.file(path, *text));
    project.args(["audit", "--fail-on=none", "--format=json"]).run().code(0)
}

/// The bytes of a price.
#[track_caller]
fn bytes(price: Option<String>) -> u64 {
    let price = price.expect("a finding of the rule");
    price.strip_prefix("typical ").unwrap_or_else(|| panic!("no typical price: `{price}`")).parse().unwrap()
}

#[test]
fn caches_are_priced_by_what_lock_files_hold() {
    let node = "FROM node:22-slim\nCOPY package.json package-lock.json ./\nRUN npm ci\nCMD [\"node\", \"a.js\"]\n";
    let lock = |packages: &str| {
        format!(
            "{{\"lockfileVersion\": 3, \"packages\": {{\"\": {{\"dependencies\": {{\"a\": \"1\"}}}}, {packages}}}}}"
        )
    };
    let package = |name: &str| format!("\"node_modules/{name}\": {{\"version\": \"1.0.0\"}}");
    let of = |names: &[&str]| {
        let packages: Vec<String> = names.iter().map(|name| package(name)).collect();
        let files = [
            ("package.json", "{\"dependencies\": {\"a\": \"1\"}}".to_owned()),
            ("package-lock.json", lock(&packages.join(", "))),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        bytes(price(&audit(node, &files), "npm-cache-kept"))
    };
    let (first, second, heavy) = (of(&["a"]), of(&["a", "b"]), of(&["a", "next"]));
    assert_eq!(second, 2 * first);
    assert!(heavy > 40_000_000, "{heavy}");

    let php = "FROM php:8.4-cli\nCOPY composer.json composer.lock ./\nRUN composer install\nCMD [\"php\", \"a.php\"]\n";
    let files = [
        ("composer.json", "{\"require\": {\"monolog/monolog\": \"^3\"}}"),
        (
            "composer.lock",
            "{\"packages\": [{\"name\": \"monolog/monolog\", \"version\": \"3.10.0\"}, {\"name\": \"psr/log\", \"version\": \"3.0.2\"}], \"packages-dev\": []}",
        ),
    ];
    assert!(bytes(price(&audit(php, &files), "composer-cache-kept")) > 100_000);

    let ruby = "FROM ruby:3.4-slim\nCOPY Gemfile Gemfile.lock ./\nRUN bundle install\nCMD [\"ruby\", \"a.rb\"]\n";
    let files = [
        ("Gemfile", "source \"https://rubygems.org\"\ngem \"rack\"\n"),
        (
            "Gemfile.lock",
            "GEM\n  remote: https://rubygems.org/\n  specs:\n    rack (3.2.7)\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  rack\n",
        ),
    ];
    assert!(bytes(price(&audit(ruby, &files), "gem-cache-kept")) > 100_000);
}

#[test]
fn caches_are_priced_by_what_calls_name() {
    let of = |install: &str, rule: &str| {
        let dockerfile = format!("FROM python:3.13-slim\nRUN {install}\nCMD [\"python\", \"/a.py\"]\n");
        price(&audit(&dockerfile, &[]), rule)
    };
    assert!(bytes(of("pip install pandas", "pip-cache-kept")) > 20_000_000);
    assert!(
        bytes(of("pip install flask pandas", "pip-cache-kept")) >= bytes(of("pip install pandas", "pip-cache-kept"))
    );
    assert!(bytes(of("pip install -r requirements.txt", "pip-cache-kept")) > 1_000_000);
    assert!(bytes(of("npm install -g pnpm", "npm-cache-kept")) > 20_000_000);
    // Nothing is known of it: the kind of cost is named, and no number.
    assert_eq!(of("pip install a-package-that-nobody-measured", "pip-cache-kept").as_deref(), Some(""));
}

#[test]
fn recommended_packages_are_reported_where_they_are_many() {
    let lint = |install: &str, select: &[&str]| {
        let dockerfile = format!("FROM python:3.13-slim\nRUN apt-get update && {install}\n");
        let args = ["lint", "--fail-on=none", "--format=json"].iter().chain(select).copied();
        let ran = Dockopt::new().file("Dockerfile", dockerfile).args(args).run().code(0);
        price(&ran, "apt-recommends")
    };
    assert!(bytes(lint("apt-get install -y python3-pip", &[])) > 300_000_000);
    assert!(bytes(lint("apt-get install -y python3-pip", &["--select=size"])) > 300_000_000);
    assert_eq!(lint("apt-get install -y curl", &[]), None);
    assert_eq!(lint("apt-get install -y a-package-that-nobody-measured", &[]), None);
    assert!(bytes(lint("apt-get install -y curl", &["--select=DL3015"])) < 50_000_000);
    // What another package needs comes either way.
    assert_eq!(lint("apt-get install -y build-essential git python3-pip", &[]), None);
    assert_eq!(lint("apt-get install -y --no-install-recommends python3-pip", &[]), None);
}

#[test]
fn a_comment_for_a_rule_off_by_default_is_used() {
    let text = "FROM debian:13-slim\n# dockopt ignore=apt-recommends reason: small\nRUN apt-get install -y curl\n";
    let ran = Dockopt::new().file("Dockerfile", text).args(["lint", "--fail-on=none"]).run().code(0);
    assert!(!ran.stdout.contains("unused-suppression"), "{}", ran.stdout);
}

#[test]
fn packages_are_priced() {
    let of = |dockerfile: &str, rule: &str| bytes(price(&audit(dockerfile, &[("a.py", "")]), rule));
    let run = "COPY a.py /\nCMD [\"python\", \"/a.py\"]\n";
    let vim = format!("FROM python:3.13-slim\nRUN apt-get update && apt-get install -y vim\n{run}");
    assert!(of(&vim, "debug-tools-shipped") > 30_000_000);
    let later =
        format!("FROM python:3.13-slim\nRUN apt-get install -y gcc\nRUN pip install x && apt-get purge -y gcc\n{run}");
    assert!(of(&later, "deleted-in-later-layer") > 100_000_000);
    let old = format!("FROM python:3.9\nRUN apt-get update && apt-get install -y nano\n{run}");
    assert!(of(&old, "apt-lists-kept") > 10_000_000);
    let curl = format!("FROM python:3.13\nHEALTHCHECK CMD curl -f http://localhost/\n{run}");
    let plain = format!("FROM python:3.13\n{run}");
    let (curl, plain) = (of(&curl, "full-base"), of(&plain, "full-base"));
    assert!(curl > 200_000_000 && curl < plain, "{curl} {plain}");
    assert!(of("FROM golang:1.26\nCOPY . .\nRUN go build -o /a\nCMD [\"/a\"]\n", "single-stage-build") > 100_000_000);
}

#[test]
fn no_format_says_unknown() {
    // Rebuild time has no number yet, the caches of these managers have none either.
    let text = "FROM python:3.13-slim\nCOPY . .\nRUN pip install -r requirements.txt && poetry install\n";
    let run = |args: &[&str]| {
        let project = Dockopt::new().file("Dockerfile", text).file("requirements.txt", "flask\n").file("a.py", "");
        project.args(args.iter().copied().chain(["--fail-on=none"])).run().code(0).stdout
    };
    for format in ["text", "json", "jsonl", "markdown", "csv", "sarif", "github", "html"] {
        for command in ["lint", "audit"] {
            let arguments = [command, &format!("--format={format}")];
            let known = Dockopt::new().file("Dockerfile", text).args(arguments).run();
            if known.stderr.contains("invalid value") {
                continue;
            }
            // The name of a rule is no price.
            let output = run(&arguments).replace("probe-path-unknown", "");
            assert!(!output.contains("unknown"), "{command} {format}: {output}");
            let kind = if command == "audit" && format == "text" { "rebuild time" } else { "" };
            assert!(output.contains(kind), "{command} {format}: {output}");
        }
    }
}
