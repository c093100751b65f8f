//! Rules for variables in JavaScript: Zod, Joi, envalid and the like.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::read::{Absence, BEFORE, MOST, ReadRows, VariableRead, VariableReads};
use crate::sources::code::{bracketed, expression};

/// A key in capital letters and the word that its value begins with.
static KEY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?m)(?:^|[{,])\s*["']?([A-Z][A-Z0-9_]+)["']?\s*:\s*([A-Za-z]+)\b"#).ok());

/// Adds the variables that have a rule, in files that have to do with the environment.
pub(super) fn add(text: &str, rows: &ReadRows, reads: &mut VariableReads) {
    let is_about = text.contains("process.env") || text.contains("createEnv") || text.contains("cleanEnv");
    let Some(key) = &*KEY else { return };
    if !is_about || rows.with("schema").next().is_none() {
        return;
    }
    let mut ruled: BTreeSet<String> = BTreeSet::new();
    for captures in key.captures_iter(text).take(MOST) {
        let (Some(name), Some(word)) = (captures.get(1), captures.get(2)) else { continue };
        let Some(row) = rows.with("schema").find(|row| row.pattern == word.as_str()) else { continue };
        ruled.insert(name.as_str().to_owned());
        let rule = without_messages(expression(&text[word.start()..]));
        let holds = |form| rows.with(form).any(|row| rule.contains(row.pattern));
        let absence = match () {
            () if holds("open schema") => Absence::Default(None),
            () if is_conditional(text, name.start()) => Absence::Continues,
            () if row.fails || holds("closed schema") => Absence::Fails,
            () => Absence::Continues,
        };
        reads.reads.push(VariableRead { at: name.start(), name: name.as_str().to_owned(), absence });
    }
    // The rules say which variables are taken from the whole.
    if !ruled.is_empty() {
        reads.unknown = None;
    }
    // `runtimeEnv: { SALT: process.env.SALT }` hands a value to its rule.
    reads.reads.retain(|read| {
        read.absence != Absence::Continues || !ruled.contains(&read.name) || !is_handed_over(text, read)
    });
}

/// Whether a value is only put under its own name.
fn is_handed_over(text: &str, read: &VariableRead) -> bool {
    let start = text.floor_char_boundary(read.at.saturating_sub(BEFORE));
    let before =
        text[start..read.at].trim_end_matches(|c: char| c.is_ascii_alphanumeric() || "_.[\"'".contains(c)).trim_end();
    let key = before.strip_suffix(':').map(|key| key.trim_end().trim_end_matches(['"', '\'']));
    let behind = text[read.at + read.name.len()..].trim_start_matches(['"', '\'', ']', ' ']);
    key.is_some_and(|key| key.ends_with(&read.name)) && behind.starts_with([',', '\n', '\r', '}'])
}

/// A rule without the objects with messages of its functions: `z.string({ error: … })`.
fn without_messages(rule: &str) -> String {
    let is_chain =
        rule.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').trim_start().starts_with('.');
    let mut text = String::new();
    let mut rest = rule;
    if !is_chain {
        return rule.to_owned();
    }
    while let Some(at) = rest.find("({") {
        text.push_str(&rest[..=at]);
        rest = &rest[at..];
        rest = match bracketed(rest) {
            Some(list) => &rest[list.len() + 1..],
            None => return text + rest,
        };
    }
    text + rest
}

/// Whether the rule stands in an object that is taken on a condition: `...(isS3 && { BUCKET: z.string() })`.
fn is_conditional(text: &str, at: usize) -> bool {
    let start = text.floor_char_boundary(at.saturating_sub(BEFORE));
    let opener = text[start..at].lines().rev().find(|line| line.trim_end().ends_with('{'));
    opener.is_some_and(|line| line.contains("&&") || line.contains(" ? "))
}
