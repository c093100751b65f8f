//! The README tells the truth: its console blocks are run, its picture is what the run looks like, docs/rules.md is what
//! the pages say. `BLESS=1` rewrites all three.

use std::fmt::Write;
use std::fs;

use dockopt::rules::{ALL, Category, Status};

use crate::dockopt::Dockopt;

const README: &str = "README.md";
const RULES: &str = "docs/rules.md";
const PICTURE: &str = "docs/audit.svg";

/// How the README calls the program.
const CALLS: [&str; 2] = ["dockopt ", "cargo run -- "];

#[track_caller]
pub(crate) fn agrees(file: &str, expected: &str) {
    let now = &*fs::read_to_string(file).unwrap_or_default();
    if now == expected {
        return;
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(file, expected).unwrap();
        return;
    }
    let differing = now.lines().zip(expected.lines()).position(|(now, expected)| now != expected);
    let at = differing.unwrap_or_else(|| now.lines().count().min(expected.lines().count()));
    let line = |text: &str| text.lines().nth(at).unwrap_or("(nothing)").to_owned();
    panic!("{file}:{}: it says\n{}\nbut it is\n{}\n(`BLESS=1` rewrites it)", at + 1, line(now), line(expected));
}

/// What a command of the README prints: on a terminal both streams are seen.
fn printed(command: &str, arguments: &str) -> String {
    let mut words = Vec::new();
    for word in arguments.split_whitespace() {
        assert!(!word.contains(['\'', '"', '\\', '|', '<', '>', '$']), "`{command}` needs a shell");
        words.push(word);
    }
    let ran = Dockopt::new().fixtures().args(words).run();
    assert_ne!(ran.code, 2, "`{command}`: {}", ran.stderr);
    format!("{}{}", ran.stdout, ran.stderr)
}

#[test]
fn examples_print_what_they_show() {
    let readme = fs::read_to_string(README).unwrap();
    let mut out = String::new();
    let mut console = false;
    let mut is_shown = false;
    let mut ran = 0;
    for line in readme.lines() {
        if let Some(info) = line.strip_prefix("```") {
            console = info == "console";
            is_shown = false;
        }
        let command = line.strip_prefix("$ ").filter(|_| console);
        if let Some(command) = command {
            // What follows a command that is no call of the program is told, not shown.
            let arguments = CALLS.iter().find_map(|call| command.strip_prefix(call));
            writeln!(out, "{line}").unwrap();
            is_shown = arguments.is_some();
            if let Some(arguments) = arguments {
                out.push_str(&printed(command, arguments));
                ran += 1;
            }
        } else if !is_shown {
            writeln!(out, "{line}").unwrap();
        }
    }
    assert!(ran > 2, "the README shows {ran} calls");
    agrees(README, &out);
}

#[test]
fn the_picture_is_what_the_audit_looks_like() {
    let run = ["audit", "fixtures/task-tracker/backend", "--color=always"];
    let ran = Dockopt::new().fixtures().env("COLUMNS", "100").args(run).run().code(1);
    let screen = format!("\x1b[1m$ dockopt audit fixtures/task-tracker/backend\x1b[0m\n{}", ran.stdout);
    let mut svg = anstyle_svg::Term::new().render_svg(&screen);
    svg.push('\n');
    agrees(PICTURE, &svg);
}

#[test]
fn the_table_of_rules_is_what_the_pages_say() {
    let counts = Dockopt::new().args(["rules"]).run().code(0).stdout;
    let counts: Vec<&str> = counts.lines().rev().take(2).collect();
    let mut out = format!(
        "# Rules\nEach page says why, with examples that are the rule's tests. A rule takes the codes of other linters wherever it \
         takes its name.\n\n{}; {}.\n\nOff by default are style, groups, and previews: `--select` takes rules, codes, \
         categories, groups, `default`, `audit` (what `audit` runs) and `all`.\n\n",
        counts[1], counts[0]
    );
    for category in Category::ALL {
        let mut rows = String::new();
        for rule in ALL.iter().filter(|rule| rule.metadata().category == *category) {
            let page = rule.metadata();
            let default = match page.status {
                Status::Costly => "for costs of 50 MB and more",
                _ if page.on_by_default() => "on",
                _ if page.on_in_audit() => "in `audit`",
                _ => "off",
            };
            let (severity, fix, codes) = (page.severity.name(), rule.safety(), page.aliases.join(", "));
            let kind = page.kind.name();
            let name = rule.name;
            let summary = page.summary;
            writeln!(
                rows,
                "| [{name}](../rules/{name}.md) | {summary} | {kind} | {severity} | {default} | {fix} | {codes} |"
            )
            .unwrap();
        }
        if !rows.is_empty() {
            let head = "| rule | finds | kind | severity | default | fix | elsewhere |\n|---|---|---|---|---|---|---|";
            writeln!(out, "## {}\n{head}\n{rows}", category.name()).unwrap();
        }
    }
    agrees(RULES, &format!("{}\n", out.trim_end()));
}

#[test]
fn commands_of_the_help_are_reported() {
    let readme = fs::read_to_string(README).unwrap();
    let help = Dockopt::new().args(["--help"]).run().code(0).stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A description that is wrapped goes on further right.
    let commands = commands.filter(|line| !line.starts_with("   "));
    for command in commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        assert!(readme.contains(&format!("| `{command}")), "`{command}` is not in the README's table of commands");
    }
}

#[test]
fn hooks_of_pre_commit_run() {
    let hooks = fs::read_to_string(".pre-commit-hooks.yaml").unwrap();
    let mut ran = 0;
    for entry in hooks.lines().filter_map(|line| line.trim().strip_prefix("entry: ")) {
        // In the container it lies at the root.
        let entry = entry.trim_start_matches('/').strip_prefix("dockopt ").unwrap();
        let files = ["Dockerfile", "api.Dockerfile", "compose.yaml"];
        let text = "FROM debian:12.5\nUSER 1000\nCMD [\"true\"]\n";
        let dockopt = files[..2].iter().fold(Dockopt::new(), |dockopt, file| dockopt.file(file, text));
        let dockopt = dockopt.file(files[2], "services: {a: {image: 'b:1'}}\n");
        dockopt.args(entry.split(' ').chain(files)).run().code(0);
        ran += 1;
    }
    assert_eq!(ran, hooks.matches("- id:").count());
}
