//! Variables of shell scripts that come from outside: those that the script itself sets are none.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::read::{Absence, VariableRead, VariableReads, is_variable_name};

static SET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?m)(?:^|[\s;&|({])(?:(?:export|local|readonly|declare|typeset|unset)(?:\s+-\w+)*\s+)?([A-Za-z_]\w*)(?:\[[^\]\n]*\])?\+?=").ok()
});

static NAMED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?m)\b(?:read|for|local|declare|getopts)\s+((?:-\w+\s+)*[A-Za-z_][\w ]*)").ok());

static READ: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\$(?:([A-Za-z_]\w*)|\{[#!]?([A-Za-z_]\w*)(:?[-=?+]|[^}\w]?))").ok());

/// Adds the variables that a script reads.
pub(super) fn add(text: &str, reads: &mut VariableReads) {
    let (Some(set), Some(named), Some(read)) = (&*SET, &*NAMED, &*READ) else { return };
    let mut sets: BTreeSet<String> =
        set.captures_iter(text).filter_map(|captures| captures.get(1)).map(|name| name.as_str().to_owned()).collect();
    let lists = named.captures_iter(text).filter_map(|captures| captures.get(1));
    sets.extend(lists.flat_map(|list| list.as_str().split_whitespace().map(str::to_owned).collect::<Vec<_>>()));
    let is_strict = refuses_unset(text);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = if line.trim_start().starts_with('#') { 0 } else { line.len() };
        for captures in read.captures_iter(&line[..end]) {
            let Some(name) = captures.get(1).or_else(|| captures.get(2)) else { continue };
            let whole = captures.get(0).map_or(0, |whole| whole.start());
            if line[..whole].ends_with('\\') {
                continue;
            }
            if line[whole..].starts_with("${!") {
                // `${!name}` is the variable whose name another one holds.
                reads.unknown = reads.unknown.or(Some(start + whole));
                continue;
            }
            let operator = captures.get(3).map_or("", |operator| operator.as_str());
            let absence = match operator.trim_start_matches(':') {
                "?" => Absence::Fails,
                "" if is_strict && !sets.contains(name.as_str()) && is_certain(line, whole) => Absence::Fails,
                "-" | "=" => Absence::Default(default(&line[captures.get(0).map_or(0, |whole| whole.end())..])),
                _ => Absence::Continues,
            };
            // `: "${PORT:=80}"` and `PORT="${PORT:-80}"` ask the environment first.
            let is_set = sets.contains(name.as_str()) && absence == Absence::Continues;
            if !is_set && is_variable_name(name.as_str()) {
                reads.reads.push(VariableRead { at: start + name.start(), name: name.as_str().to_owned(), absence });
            }
        }
        start += line.len();
    }
    reads.sets.extend(sets.into_iter().filter(|name| is_variable_name(name)));
}

/// Whether what stands at a place of a line is read whenever the script runs: what is indented may be in a branch that is not taken.
fn is_certain(line: &str, at: usize) -> bool {
    let before = &line[..at];
    let is_quoted = before.matches('\'').count() % 2 == 1;
    !line.starts_with([' ', '\t']) && !is_quoted && !before.contains("&&") && !before.contains("||")
}

/// Whether a script ends where it reads a variable that is not set: `set -u`.
fn refuses_unset(text: &str) -> bool {
    let mut lines = text.lines();
    let is_option = |word: &str| word.starts_with('-') && !word.starts_with("--") && word.contains('u');
    let first = lines.next().unwrap_or_default();
    let is_head = first.starts_with("#!") && first.split_whitespace().skip(1).any(is_option);
    is_head
        || text.lines().any(|line| {
            let mut words = line.trim().split([' ', ';']).filter(|word| !word.is_empty());
            words.next() == Some("set")
                && words.take_while(|word| *word != "#").any(|word| is_option(word) || word == "nounset")
        })
}

/// The default up to the closing brace, where it is a constant.
fn default(rest: &str) -> Option<String> {
    let (value, _) = rest.split_once('}')?;
    (!value.contains('$')).then(|| value.trim_matches('"').to_owned())
}
