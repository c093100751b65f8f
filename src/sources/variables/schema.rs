//! Rules for variables in JavaScript: Zod, Joi, envalid and the like.

use std::sync::LazyLock;

use regex::Regex;

use super::read::{Absence, BEFORE, MOST, ReadRows, VariableRead, VariableReads};
use crate::sources::code::expression;

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
    let mut has_rules = false;
    for captures in key.captures_iter(text).take(MOST) {
        let (Some(name), Some(word)) = (captures.get(1), captures.get(2)) else { continue };
        let Some(row) = rows.with("schema").find(|row| row.pattern == word.as_str()) else { continue };
        has_rules = true;
        let rule = expression(&text[word.start()..]);
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
    if has_rules {
        reads.unknown = None;
    }
}

/// Whether the rule stands in an object that is taken on a condition: `...(isS3 && { BUCKET: z.string() })`.
fn is_conditional(text: &str, at: usize) -> bool {
    let start = text.floor_char_boundary(at.saturating_sub(BEFORE));
    let opener = text[start..at].lines().rev().find(|line| line.trim_end().ends_with('{'));
    opener.is_some_and(|line| line.contains("&&") || line.contains(" ? "))
}
