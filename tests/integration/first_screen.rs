//! The first screen of `audit` in whole sentences: what findings cost together, which build comes first, what to do next.

use crate::cache_history::{commit, git};
use crate::dockopt::Dockopt;

const NODE: &str = "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\nUSER node\nCMD [\"node\", \"server.js\"]\n";

fn node(folder: Dockopt) -> Dockopt {
    let lock = r#"{"name":"a","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"a","version":"1.0.0","dependencies":{"express":"5.1.0"}},"node_modules/express":{"version":"5.1.0","resolved":"https://registry.example/express.tgz","integrity":"sha512-AA=="}}}"#;
    folder
        .file("package.json", r#"{"name":"a","version":"1.0.0","dependencies":{"express":"5.1.0"}}"#)
        .file("package-lock.json", lock)
        .file("server.js", "require('express')().listen(3000)\n")
        .file(".dockerignore", ".git\nnode_modules\n")
}

fn screen(folder: Dockopt, options: &[&str]) -> String {
    folder.args(["audit", "."].into_iter().chain(options.iter().copied())).run().stdout
}

/// The screen in one line.
fn line(screen: &str) -> String {
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn costs_are_a_sentence() {
    let of_one = ["--no-history", "--select=sources-before-dependencies"];
    let text = screen(node(Dockopt::new()).file("Dockerfile", NODE), &of_one);
    assert!(text.starts_with("1 finding; it makes rebuilds slower\n"), "{text}");
    let of_two = ["--no-history", "--select=sources-before-dependencies,npm-cache-kept,apt-lists-kept"];
    let lists = NODE.replace("COPY", "RUN apt-get update && apt-get install -y curl\nCOPY");
    let text = screen(node(Dockopt::new()).file("Dockerfile", lists), &of_two);
    let title = text.lines().next().unwrap();
    assert!(title.starts_with("3 findings; they cost ~") && title.ends_with(" on disk"), "{text}");
}

#[test]
fn commits_are_a_sentence_and_stand_once() {
    let folder = node(Dockopt::new()).file("Dockerfile", NODE);
    git(folder.path(), &["init", "-q"]);
    commit(folder.path(), "all", &[]);
    for number in 0..7 {
        commit(folder.path(), "source", &[("server.js", &format!("// {number}\nrequire('express')().listen(3000)\n"))]);
    }
    let text = screen(folder, &["--select=sources-before-dependencies,cache-mount-missing"]);
    let (title, rest) = text.split_once('\n').unwrap();
    assert!(title.contains("repeat") && title.contains(" steps in up to 7 of 7 commits"), "{text}");
    assert_eq!(title.matches("commits").count(), 1, "{text}");
    assert!(!line(rest).contains("saves in "), "{text}");
}

/// That no commit reran a step is said of the steps; it is no cost, and no reason to hide the finding.
#[test]
fn a_step_that_no_commit_reran_is_no_cost() {
    let folder = node(Dockopt::new()).file("Dockerfile", NODE).file("README.md", "");
    let folder = folder.file(".dockerignore", "*.md\n.git\n");
    git(folder.path(), &["init", "-q"]);
    commit(folder.path(), "all", &[]);
    for number in 0..7 {
        commit(folder.path(), "text", &[("README.md", &number.to_string())]);
    }
    let text = screen(folder, &["--select=sources-before-dependencies"]);
    assert!(text.starts_with("1 finding; it makes rebuilds slower\n"), "{text}");
    let words = line(&text);
    assert!(words.contains("; line 3 reruns in 0 of 7 commits"), "{text}");
    assert!(text.contains("rebuild time") && !words.contains("rerun in 0 of") && !text.contains("(--all)"), "{text}");
    assert!(!text.contains("computed"), "{text}");
}

/// What is hidden is said in a sentence, and truly.
#[test]
fn the_reason_to_hide_a_finding_is_its_price() {
    let dockerfile = "FROM debian:13-slim\nCOPY a /a\nRUN chown -R 1000 /a\nUSER 1000\nCMD [\"/a/b\"]\n";
    let folder = Dockopt::new().file("Dockerfile", dockerfile).file("a/b", "x".repeat(99_000));
    let text = screen(folder, &["--no-history", "--select=recursive-chown,latest-base,root-user"]);
    assert!(!text.contains(" more below"), "{text}");
    assert!(!text.contains("(--all)") || text.contains("costs less than 100 kB and 0.5 s (--all)"), "{text}");
}

/// Findings of different kinds add up: the size of a pull is not that on disk, seen in another way.
#[test]
fn costs_of_two_kinds_are_added() {
    let text = screen(Dockopt::new().dir("task-tracker"), &["--no-history"]);
    let title = text.lines().next().unwrap();
    assert!(title.contains(" per pull plus ~") && title.ends_with(" on disk"), "{text}");
    let next = line(text.split_once("Next:").unwrap().1);
    assert!(next.contains("shows a rewrite of the first build that saves ~"), "{text}");
    assert!(next.contains(" per pull plus ~"), "{text}");
}

/// A reason says what its command does, with a verb and without a promise that only `--write` keeps.
#[test]
fn each_next_command_says_what_it_does() {
    let folders = [
        Dockopt::new().dir("task-tracker"),
        node(Dockopt::new()).file("Dockerfile", NODE),
        node(Dockopt::new()).file("Dockerfile", NODE.replace("USER", "COPY conf/app.ini /etc/\nUSER")),
    ];
    for folder in folders {
        let text = screen(folder, &["--no-history"]);
        let next = line(text.split_once("Next:").unwrap().1);
        for command in next.split("dockopt ").filter(|command| !command.is_empty()) {
            let verbs = [" shows ", " also shows ", " explains ", " runs builds ", " replaces ", " also checks "];
            assert!(verbs.iter().any(|verb| command.contains(verb)), "{command}: {text}");
            let is_diff = command.contains(" --diff ");
            assert!(
                !is_diff || command.contains(" --diff shows ") || command.contains(" --diff also shows "),
                "{text}"
            );
        }
    }
}

/// A table with one column needs no heading, and findings of which some have a fix say of how many.
#[test]
fn tables_say_what_they_count() {
    let text = screen(Dockopt::new().dir("task-tracker"), &["--no-history"]);
    let (_, urgent) = text.split_once("Fix first: errors and leaked secrets\n").unwrap();
    assert!(
        urgent.trim_start().starts_with("task-tracker/")
            || urgent.trim_start().starts_with("backend/")
            || urgent.trim_start().starts_with("./"),
        "{urgent}"
    );
    assert!(text.contains("1 of 2 unsafe"), "{text}");
    assert!(text.contains("sends 460 kB"), "{text}");
}

/// A build for developers is neither the first nor what `Next:` optimizes, whoever starts it.
#[test]
fn a_build_for_developers_comes_last() {
    let dev = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nEXPOSE 3000\nCMD [\"npm\", \"run\", \"dev\"]\n";
    let folder = node(Dockopt::new())
        .file("Dockerfile.dev", dev)
        .file("Dockerfile", "FROM node:22-slim\nWORKDIR /app\nCOPY package*.json ./\nRUN --mount=type=cache,target=/root/.npm npm ci --omit=dev\nCOPY . .\nUSER node\nCMD [\"node\", \"server.js\"]\n")
        .file("Makefile", "dev:\n\tdocker build -f Dockerfile.dev -t dev .\n");
    let text = screen(folder, &["--no-history"]);
    let (_, builds) = text.split_once("findings  largest cost\n").unwrap();
    let at = |name: &str| builds.find(name).unwrap_or(usize::MAX);
    assert!(at("Dockerfile ") < at("Dockerfile.dev"), "{text}");
    assert!(!text.contains("optimize . --file ./Dockerfile.dev") && !text.contains("--file Dockerfile.dev"), "{text}");
}

#[test]
fn what_makes_the_build_fail_is_the_first_thing_to_do() {
    let missing = node(Dockopt::new()).file("Dockerfile", NODE.replace("USER", "COPY conf/app.ini /etc/\nUSER"));
    let text = screen(missing, &["--no-history"]);
    let next = line(text.split_once("Next:").unwrap().1);
    assert!(next.starts_with("dockopt context ls . shows what is sent to the builder: Dockerfile:5 copies"), "{text}");
    let excluded = NODE.replace("USER", "COPY node_modules/a /a\nUSER");
    let text = screen(node(Dockopt::new()).file("Dockerfile", excluded).file("node_modules/a", ""), &["--no-history"]);
    let next = line(text.split_once("Next:").unwrap().1);
    assert!(next.starts_with("dockopt context ls . shows what is sent to the builder: Dockerfile:5 copies"), "{text}");
    let refused = node(Dockopt::new()).file("Dockerfile", NODE.replace("USER node", "USR node"));
    let text = screen(refused, &["--no-history"]);
    let next = line(text.split_once("Next:").unwrap().1);
    assert!(next.starts_with("dockopt lint ./Dockerfile") || next.starts_with("dockopt lint Dockerfile"), "{text}");
    assert!(!next.contains("dockopt optimize"), "{text}");
}

#[test]
fn there_is_something_to_do_next_where_nothing_is_found() {
    let text = screen(node(Dockopt::new()).file("Dockerfile", NODE), &["--no-history", "--select=apt-lists-kept"]);
    assert!(line(&text).contains("Next: dockopt measure . runs builds"), "{text}");
    assert!(text.contains("dockopt audit . --image auto"), "{text}");
}

#[test]
fn findings_of_one_rule_in_one_file_are_one_row() {
    let mut text = "FROM debian:13-slim\n".to_owned();
    (0..12).for_each(|number| text.push_str(&format!("RUN apt-get update && apt-get install -y curl # {number}\n")));
    let run = |options: &[&str]| screen(Dockopt::new().file("Dockerfile", &text), options);
    let folded = run(&["--select=apt-lists-kept"]);
    assert_eq!(folded.matches("[apt-lists-kept]").count(), 1, "{folded}");
    assert!(line(&folded).contains("(11 more in lines 3,"), "{folded}");
    let price = |text: &str| text.split_whitespace().find_map(|word| word.strip_prefix('~')).map(str::to_owned);
    let row =
        folded.lines().find(|line| line.contains("[apt-lists-kept]") || line.contains("the package lists")).unwrap();
    assert_eq!(price(row), price(folded.lines().next().unwrap()), "{folded}");
    assert_eq!(run(&["--select=apt-lists-kept", "--all"]).matches("[apt-lists-kept]").count(), 12);
    // Three are told one by one.
    let few = text.lines().take(4).collect::<Vec<_>>().join("\n");
    let few = screen(Dockopt::new().file("Dockerfile", few), &["--select=apt-lists-kept"]);
    assert_eq!(few.matches("[apt-lists-kept]").count(), 3, "{few}");
}

/// What is built is told by its sources where no manifest tells it.
#[test]
fn a_build_has_the_language_of_its_sources() {
    let dart = "FROM dart:stable AS build\nWORKDIR /app\nCOPY . .\nRUN dart pub get && dart compile exe bin/a.dart -o /a\nFROM scratch\nCOPY --from=build /a /a\nCMD [\"/a\"]\n";
    let header = |folder: Dockopt| screen(folder, &["--no-history"]);
    let folder = Dockopt::new()
        .file("Dockerfile", dart)
        .file("pubspec.yaml", "name: a\n")
        .file("bin/a.dart", "void main() {}\n")
        .file("lib/b.dart", "")
        .file("tools/requirements.txt", "requests\n")
        .file("tools/release.py", "import requests\n");
    let text = header(folder);
    assert!(text.contains("Dart, 2 stages") && !text.contains("Python"), "{text}");
    let swift = "FROM swift:6.1\nWORKDIR /app\nCOPY . .\nRUN swift build -c release\nCMD [\".build/release/App\"]\n";
    let folder = Dockopt::new()
        .file("Dockerfile", swift)
        .file("Sources/App/main.swift", "")
        .file("docs/package.json", r#"{"name":"docs"}"#);
    let text = header(folder);
    assert!(text.contains("Swift, 1 stage") && !text.contains("Node"), "{text}");
    // What the build installs is named all the same.
    let elixir = "FROM elixir:1.18\nWORKDIR /app\nRUN apt-get update && apt-get install -y npm\nCOPY . .\nRUN mix deps.get && npm ci --prefix assets\nCMD [\"mix\", \"phx.server\"]\n";
    let folder = Dockopt::new()
        .file("Dockerfile", elixir)
        .file("lib/a.ex", "")
        .file("lib/b.ex", "")
        .file("assets/package.json", r#"{"name":"assets"}"#)
        .file("assets/app.js", "");
    let text = header(folder);
    assert!(text.contains("Elixir, Node"), "{text}");
    let text = header(node(Dockopt::new()).file("Dockerfile", NODE));
    assert!(text.contains("Node (npm)"), "{text}");
}
