//! Checks for every edit, alone and together with others: the builder still accepts the file, comments are kept, and
//! only the changes that the page lists (`changes:`) are made.

use super::parse::Example;
use super::{Runner, inputs};
use crate::finding::{Finding, Safety};
use crate::fix::{Change, FixLevel, fix};
use crate::rules::{ContractBreach, dockerfile_breaches};
use crate::text::path::is_compose;
use crate::text::{Source, path};

/// Each fix of each finding, as if it were the only one.
pub(super) fn singly(runner: &mut Runner, example: &Example, sources: &[Source], findings: &[Finding]) {
    for finding in findings {
        for offer in &finding.fixes {
            let mut alone = finding.clone();
            alone.fixes = vec![offer.clone()];
            let mut waiting = Some(alone);
            let outcome = fix(sources, FixLevel::Unsafe, |_: &[Source]| waiting.take().into_iter().collect());
            let line = sources.get(finding.file.0 as usize).map_or(1, |source| source.line(finding.span.start));
            let what = format!("`{}` for line {line} alone", offer.title);
            if outcome.changes.is_empty() {
                runner.fail(example.line, format_args!("{what} changes nothing"));
            }
            for change in &outcome.changes {
                check(runner, example, change, &what);
            }
            let now = applied(sources, &outcome.changes);
            let remaining = inputs::findings(runner.rule, &now, &example.listing);
            let same = |all: &[Finding]| all.iter().filter(|other| other.message == finding.message).count();
            let fewer = remaining.len() < findings.len() || same(&remaining) < same(findings);
            if !outcome.changes.is_empty() && !fewer {
                runner.fail(example.line, format_args!("{what} does not reduce the number of findings"));
            }
            if matches!(&offer.safety, Safety::Unsafe(why) if why.is_empty() || why.ends_with('.')) {
                runner.fail(
                    example.line,
                    format_args!("`{}` must say why it is unsafe, without a full stop", offer.title),
                );
            }
        }
    }
}

/// The sources with changes.
fn applied(sources: &[Source], changes: &[Change]) -> Vec<Source> {
    let mut now = sources.to_vec();
    for change in changes {
        let source = Source::new(&*change.name, change.after.clone()).unwrap();
        match now.iter_mut().find(|source| source.name() == change.name) {
            Some(slot) => *slot = source,
            None => now.push(source),
        }
    }
    now
}

/// Checks that a change causes no problem, loses no comment, and makes only the changes that the page lists.
pub(super) fn check(runner: &mut Runner, example: &Example, change: &Change, what: &str) {
    let before = Source::new(&*change.name, change.before.clone().unwrap_or_default()).unwrap();
    let after = Source::new(&*change.name, change.after.clone()).unwrap();
    let announced = runner.metadata.changes.clone();
    let name = &change.name;
    if inputs::is_dockerfile(name) {
        let (breaches, used) = dockerfile_breaches(&before, &after, &announced);
        for breach in breaches {
            runner.fail(example.line, format_args!("{what}: {}\n{}", describe_breach(&breach), indented(after.text())));
        }
        runner.used.extend(used);
    } else if is_compose(name) {
        let (breach, used) = inputs::compose_breaches(&before, &after, &announced);
        if let Some(breach) = breach {
            runner.fail(example.line, format_args!("{what}: {breach}\n{}", indented(after.text())));
        }
        runner.used.extend(used);
    } else if inputs::is_pipeline(name) {
        let (breach, used) = inputs::workflow_breaches(&before, &after, &announced);
        if let Some(breach) = breach {
            runner.fail(example.line, format_args!("{what}: {breach}\n{}", indented(after.text())));
        }
        runner.used.extend(used);
    } else if let Some(word) = announced.iter().find(|word| is_file(word, name)) {
        runner.used.insert(word);
    } else {
        runner.fail(example.line, format_args!("{what}: `{name}` changes, which `changes` does not list"));
    }
    let known = inputs::problems(&before);
    for problem in inputs::problems(&after).iter().filter(|problem| !known.contains(problem)) {
        runner.fail(example.line, format_args!("{what}: `{name}` has a new problem: {problem}"));
    }
    if announced.contains(&"comment") {
        return;
    }
    let mut comments_after: Vec<&str> = comments(after.text());
    for comment in comments(before.text()) {
        match comments_after.iter().position(|other| *other == comment) {
            Some(index) => drop(comments_after.swap_remove(index)),
            None => runner.fail(example.line, format_args!("{what}: the comment `{comment}` is lost")),
        }
    }
}

/// Whether a word of `changes` allows edits of a file.
fn is_file(word: &str, name: &str) -> bool {
    (word == "dockerignore" && is_ignore_file(name)) || (word == "settings" && name == "dockopt.toml")
}

fn is_ignore_file(name: &str) -> bool {
    path::name(name).ends_with(".dockerignore")
}

/// The violation and what to do.
fn describe_breach(breach: &ContractBreach) -> String {
    match breach {
        ContractBreach::Refused(message) => {
            format!("BuildKit rejects the result, but accepted the file: {message}")
        }
        ContractBreach::Unannounced { word, line, parts } => {
            let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
            format!("the parsed file differs at line {line} by `{word}`{parts}: add it to `changes`, or fix the edit")
        }
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| ["    ", line, "\n"].concat()).collect()
}

fn comments(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| line.starts_with('#')).collect()
}
