//! `${NAME}` in files that a program fills: Spring's settings, templates of nginx.

use super::read::{Absence, VariableRead, VariableReads, is_variable_name};

/// Whether a name is that of Spring's settings.
pub fn is_spring(name: &str) -> bool {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_settings = |of: &str| stem == of || stem.strip_prefix(of).is_some_and(|rest| rest.starts_with('-'));
    ["yml", "yaml", "properties"].contains(&ending) && (is_settings("application") || is_settings("bootstrap"))
}

/// Adds the placeholders of Spring's settings; those of a profile count where it is active only.
pub(super) fn add_spring(name: &str, text: &str, reads: &mut VariableReads) {
    let is_of_profile = name.contains('-');
    each(text, |at, inner| {
        let (name, default) = inner.split_once(':').map_or((inner, None), |(name, value)| (name, Some(value)));
        let absence = match default {
            Some(default) => Absence::Default(Some(default.to_owned())),
            None if is_of_profile => Absence::Continues,
            None => Absence::Fails,
        };
        if is_variable_name(name) {
            reads.reads.push(VariableRead { at, name: name.to_owned(), absence });
        }
    });
}

/// Adds the placeholders of a template that the entry point of nginx fills.
pub(super) fn add_template(text: &str, reads: &mut VariableReads) {
    each(text, |at, inner| {
        if is_variable_name(inner) {
            reads.reads.push(VariableRead { at, name: inner.to_owned(), absence: Absence::Continues });
        }
    });
}

/// Calls back for each `${…}` outside of comments.
fn each(text: &str, mut add: impl FnMut(usize, &str)) {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = if line.trim_start().starts_with('#') { 0 } else { line.len() };
        for (at, _) in line[..end].match_indices("${") {
            if let Some((inner, _)) = line[at + 2..].split_once('}') {
                add(start + at + 2, inner);
            }
        }
        start += line.len();
    }
}
