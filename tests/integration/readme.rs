//! The README tells the truth: its console blocks are run, its table of rules is what the pages say. `BLESS=1` rewrites
//! both.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::sync::{Mutex, PoisonError};

use dockopt::rules::ALL;

use crate::dockopt::Dockopt;

const README: &str = "README.md";

/// How the README calls the program.
const CALLS: [&str; 2] = ["dockopt ", "cargo run --release -- "];

/// One test at a time rewrites it.
static ONE: Mutex<()> = Mutex::new(());

#[track_caller]
fn agrees(now: &str, expected: &str) {
    if now == expected {
        return;
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(README, expected).unwrap();
        return;
    }
    let differing = now.lines().zip(expected.lines()).position(|(now, expected)| now != expected);
    let at = differing.unwrap_or_else(|| now.lines().count().min(expected.lines().count()));
    let line = |text: &str| text.lines().nth(at).unwrap_or("(nothing)").to_owned();
    panic!("{README}:{}: it says\n{}\nbut it is\n{}\n(`BLESS=1` rewrites it)", at + 1, line(now), line(expected));
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
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let readme = fs::read_to_string(README).unwrap();
    let mut out = String::new();
    let mut console = false;
    let mut shown = false;
    let mut ran = 0;
    for line in readme.lines() {
        if let Some(info) = line.strip_prefix("```") {
            console = info == "console";
            shown = false;
        }
        let command = line.strip_prefix("$ ").filter(|_| console);
        if let Some(command) = command {
            // What follows a command that is no call of the program is told, not shown.
            let arguments = CALLS.iter().find_map(|call| command.strip_prefix(call));
            writeln!(out, "{line}").unwrap();
            shown = arguments.is_some();
            if let Some(arguments) = arguments {
                out.push_str(&printed(command, arguments));
                ran += 1;
            }
        } else if !shown {
            writeln!(out, "{line}").unwrap();
        }
    }
    assert!(ran > 2, "the README shows {ran} calls");
    agrees(&readme, &out);
}

#[test]
fn the_table_of_rules_is_what_the_pages_say() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let readme = fs::read_to_string(README).unwrap();
    let mut rows = BTreeMap::new();
    for rule in ALL {
        let page = rule.metadata();
        let (severity, basis, fix) = (page.severity.name(), page.basis.name(), page.fix.name());
        let row = format!("| [{0}](rules/{0}.md) | {1} | {severity} | {basis} | {fix} |", rule.name, page.summary);
        rows.insert(rule.name, row);
    }
    let mut out = String::new();
    let mut written = false;
    for line in readme.lines() {
        if !line.starts_with("| [") || !line.contains("](rules/") {
            writeln!(out, "{line}").unwrap();
        } else if !std::mem::replace(&mut written, true) {
            for row in rows.values() {
                writeln!(out, "{row}").unwrap();
            }
        }
    }
    assert!(written, "the README has a table of rules");
    agrees(&readme, &out);
}

#[test]
fn commands_of_the_help_are_told() {
    let readme = fs::read_to_string(README).unwrap();
    let help = Dockopt::new().args(["--help"]).run().code(0).stdout;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for command in commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        assert!(readme.contains(&format!("| `{command}")), "`{command}` is not in the README's table of commands");
    }
}

#[test]
fn hooks_of_pre_commit_run() {
    let hooks = fs::read_to_string(".pre-commit-hooks.yaml").unwrap();
    let mut ran = 0;
    for entry in hooks.lines().filter_map(|line| line.trim().strip_prefix("entry: dockopt ")) {
        let files = ["Dockerfile", "api.Dockerfile"];
        let text = "FROM debian:12.5\nUSER 1000\nCMD [\"true\"]\n";
        let dockopt = files.iter().fold(Dockopt::new(), |dockopt, file| dockopt.file(file, text));
        dockopt.args(entry.split(' ').chain(files)).run().code(0);
        ran += 1;
    }
    assert_eq!(ran, hooks.matches("- id:").count());
}
