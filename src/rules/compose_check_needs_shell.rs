//! See `rules/compose-check-needs-shell.md`.

use super::compose_check_edit::RawTest;
use super::compose_readiness::with_test;
use super::{ComposeContext, KeyChange};
use crate::compose::NewValue;
use crate::finding::{Findings, Safety};
use crate::stack::WrittenCheck;

super::compose_rule!("compose-check-needs-shell", check);

/// Whether a word means something to a shell only (POSIX.1-2017, XCU 2.10.2: operators of the grammar).
fn is_operator(word: &str) -> bool {
    matches!(word, "|" | "||" | "&&" | ";" | ">" | ">>" | "<")
}

const WHY: &str = "the check does what it looks like, so its result may differ";

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        if check.words == ["CMD-SHELL", "NONE"] {
            let message = format!("the check of `{}` runs a program `NONE`: it is always unhealthy", service.name);
            let Some(finding) = cx.finding(check.place, message) else { continue };
            let finding = finding.help("write `test: [\"NONE\"]`, or `disable: true`");
            let change =
                KeyChange::Set(vec!["services", service.name, "healthcheck", "test"], NewValue::texts(&["NONE"]));
            let safety = Safety::Unsafe("the container has no health any more".to_owned());
            out.push(cx.fixed(finding, "turn the check off", safety, &[change]));
            continue;
        }
        if let Some(word) = ignored_word(check) {
            let message = format!(
                "`CMD-SHELL` takes one command line: `{word}` is not passed to the program in the check of `{}`",
                service.name
            );
            let Some(finding) = cx.finding(check.place, message) else { continue };
            let finding = finding.help("write the command line as one string, or `CMD` in front of words");
            let test = RawTest::of(cx, service).and_then(|test| test.joined());
            out.push(match test {
                Some(test) => with_test(cx, service, finding, &test, "make it one command line"),
                None => finding,
            });
            continue;
        }
        let Some(word) = shell_word(check) else { continue };
        let message =
            format!("the check of `{}` has no shell: `{word}` is passed to the program as it stands", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let finding = finding.help("write `CMD-SHELL` with the command line as one string");
        out.push(match command_line(check) {
            Some(line) => {
                let value = NewValue::texts(&["CMD-SHELL", &line]);
                let change = KeyChange::Set(vec!["services", service.name, "healthcheck", "test"], value);
                cx.fixed(finding, "run the check in a shell", Safety::Unsafe(WHY.to_owned()), &[change])
            }
            None => finding,
        });
    }
}

/// Whether the words of a check do not reach the program as they are meant.
pub(super) fn is_misread(check: &WrittenCheck) -> bool {
    check.words == ["CMD-SHELL", "NONE"] || ignored_word(check).is_some() || shell_word(check).is_some()
}

/// A word behind the command line of a check, which becomes an argument of the shell.
fn ignored_word<'c>(check: &WrittenCheck<'c>) -> Option<&'c str> {
    let line = check.words.get(1)?;
    if !check.is_shell() || line.contains(['$', '"', '\'']) {
        return None;
    }
    check.words.get(2).copied()
}

/// A word that only a shell understands, of a check that runs without one.
fn shell_word<'c>(check: &WrittenCheck<'c>) -> Option<&'c str> {
    let words = if check.is_shell() { return None } else { check.words.get(1..)? };
    // Behind a shell's own option everything is its text.
    if words.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')) {
        return None;
    }
    words.iter().skip(1).find(|word| is_operator(word) || ends_with_variable(word)).copied()
}

/// Whether a word is an option, a user or a URL with a variable as its last part: `-p$PASSWORD`. Scripts of clients have
/// a `$` too (`{ $set: … }`).
fn ends_with_variable(word: &str) -> bool {
    let Some((before, _)) = word.split_once('$') else { return false };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=:./@".contains(c);
    before.chars().all(is_plain) && is_variable(&word[before.len()..])
}

/// Whether a word is nothing but a variable.
fn is_variable(word: &str) -> bool {
    let Some(name) = word.strip_prefix('$') else { return false };
    let name = name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The words as one command line, where each is what a shell makes of it again.
fn command_line(check: &WrittenCheck) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,%+".contains(c);
    let mut line = Vec::new();
    for word in check.words.get(1..)? {
        if is_operator(word) || (!word.is_empty() && word.chars().all(is_plain)) {
            line.push((*word).to_owned());
        } else if ends_with_variable(word) {
            line.push(format!("\"{word}\""));
        } else if !word.contains('\'') {
            line.push(format!("'{word}'"));
        } else {
            return None;
        }
    }
    Some(line.join(" "))
}
