//! Fields of Python classes that take their values from variables (Pydantic's `BaseSettings`).

use std::collections::BTreeSet;

use super::read::{Absence, MOST, ReadRows, VariableRead, VariableReads};
use crate::sources::code::{arguments, bracketed, expression};
use crate::sources::values::literal;

/// Classes of a file that are looked at.
const CLASSES: usize = 1_000;

/// Calls of a class that are looked at.
const CALLS: usize = 10;

struct SettingsClass<'t> {
    name: &'t str,
    bases: Vec<&'t str>,
    /// Where its body begins and ends.
    start: usize,
    end: usize,
}

/// Adds the fields of settings classes.
pub(super) fn add(text: &str, rows: &ReadRows, reads: &mut VariableReads) {
    let bases: BTreeSet<&str> = rows.with("class").map(|row| row.pattern).collect();
    if !bases.iter().any(|base| text.contains(base)) {
        return;
    }
    let classes = classes(text);
    let mut known = bases;
    // A class may stand on another one of the file.
    for class in &classes {
        if class.bases.iter().any(|base| known.contains(base.rsplit('.').next().unwrap_or(base))) {
            known.insert(class.name);
            add_fields(text, class, reads);
        }
    }
}

fn classes(text: &str) -> Vec<SettingsClass<'_>> {
    let mut classes = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let Some(rest) = line.strip_prefix("class ") else { continue };
        let Some((name, _)) = rest.split_once(['(', ':']) else { continue };
        let open = start + 6 + name.len();
        let list = if text[open..].starts_with('(') { bracketed(&text[open..]) } else { None };
        let head = open + list.map_or(0, |list| list.len() + 2);
        let Some(body) = text[head..].find('\n').map(|end| head + end + 1) else { continue };
        let is_outside = |line: &&str| !line.trim().is_empty() && !line.starts_with([' ', '\t', ')', '#']);
        let length: usize = text[body..].split_inclusive('\n').take_while(|line| !is_outside(line)).map(str::len).sum();
        let bases = list.map(arguments).unwrap_or_default();
        classes.push(SettingsClass { name: name.trim(), bases, start: body, end: body + length });
        if classes.len() >= CLASSES {
            break;
        }
    }
    classes
}

fn add_fields(text: &str, class: &SettingsClass, reads: &mut VariableReads) {
    let body = &text[class.start..class.end];
    let prefix = match setting(body, "env_prefix").map(literal) {
        Some(None) => {
            reads.unknown = reads.unknown.or(Some(class.start));
            return;
        }
        Some(Some(prefix)) => prefix,
        None => "",
    };
    let keeps_case = body.contains("case_sensitive=True") || body.contains("case_sensitive = True");
    let delimiter = setting(body, "env_nested_delimiter").and_then(literal);
    let first = body.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let indent = first.len() - first.trim_start().len();
    let handed = HandedOver::of(text, class);
    let mut at = class.start;
    for line in body.split_inclusive('\n').take(MOST) {
        let start = at;
        at += line.len();
        let bare = line.trim_start();
        if line.len() - bare.len() != indent || bare.starts_with(['@', '#', '_', '"', '\'']) {
            continue;
        }
        let Some((name, _)) = bare.split_once(':') else { continue };
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name || ["else", "try", "finally", "model_config"].contains(&name) {
            continue;
        }
        let place = start + indent;
        let definition = expression_of_field(&text[place + name.len() + 1..class.end]);
        if definition.trim_start().starts_with("ClassVar") {
            continue;
        }
        let variable = |name: &str| {
            let name = format!("{prefix}{name}");
            if keeps_case { name } else { name.to_ascii_uppercase() }
        };
        // Python takes the default before Pydantic looks: `x: str = os.environ["X"]` fails there.
        let default = place..place + name.len() + 1 + definition.len();
        let same = |read: &VariableRead| default.contains(&read.at) && read.name == variable(name);
        if reads.reads.iter().any(same) {
            continue;
        }
        let absence = match absence(definition, delimiter.is_some()) {
            // What the call of the class hands over counts more than the variable.
            Absence::Fails if handed.has(text, name) => Absence::Continues,
            absence => absence,
        };
        if delimiter.is_some() {
            reads.prefixes.insert(variable(name) + delimiter.unwrap_or_default());
        }
        let aliases = aliases(definition);
        let names = if aliases.is_empty() { vec![variable(name)] } else { aliases };
        // Of several names any is enough.
        let absence = if names.len() > 1 && absence == Absence::Fails { Absence::Continues } else { absence };
        let more = names.into_iter().map(|name| VariableRead { at: place, name, absence: absence.clone() });
        reads.reads.extend(more);
    }
}

/// What calls of a settings class hand over: `Settings(SECRET=…)`, `Settings(**secrets)`.
#[derive(Default)]
struct HandedOver<'t> {
    names: BTreeSet<&'t str>,
    has_mapping: bool,
}

impl<'t> HandedOver<'t> {
    fn of(text: &'t str, class: &SettingsClass) -> Self {
        let call = format!("{}(", class.name);
        let is_call = |at: &usize| {
            let before = &text[..*at];
            !before.ends_with(|c: char| c.is_alphanumeric() || c == '_') && !before.ends_with("class ")
        };
        let calls = text.match_indices(&call).map(|(at, _)| at).filter(is_call).take(CALLS);
        let mut handed = Self::default();
        for argument in calls.filter_map(|at| bracketed(&text[at + call.len() - 1..])).flat_map(arguments) {
            // Comments may stand before an argument.
            let argument = argument.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
            let argument = argument.unwrap_or_default();
            handed.has_mapping |= argument.starts_with("**");
            handed.names.extend(argument.split_once('=').map(|(name, _)| name.trim()));
        }
        handed
    }

    /// Whether a field is handed over; of a mapping, where its name is a key in the file.
    fn has(&self, text: &str, field: &str) -> bool {
        let is_key = || ['"', '\''].iter().any(|quote| text.contains(&format!("{quote}{field}{quote}:")));
        self.names.contains(field) || self.has_mapping && is_key()
    }
}

/// The type and the default of a field, as far as its brackets go.
fn expression_of_field(text: &str) -> &str {
    let mut end = 0;
    let mut rest = text;
    // A field has a type, and maybe a default behind `=`; both may contain commas in brackets only.
    loop {
        let part = expression(rest);
        let skipped = rest.len() - rest.trim_start().len();
        end += skipped + part.len();
        rest = &text[end..];
        if part.is_empty() || !rest.starts_with(',') {
            break;
        }
        end += 1;
        rest = &text[end..];
    }
    &text[..end]
}

/// What a field does without its variable.
fn absence(definition: &str, is_nested: bool) -> Absence {
    let Some(value) = default_of(definition) else {
        let plain = definition.trim();
        // A model of its own is filled from several variables.
        let is_model = is_nested && plain.starts_with(|c: char| c.is_ascii_uppercase());
        return if is_model { Absence::Continues } else { Absence::Fails };
    };
    let value = value.trim();
    let Some(list) = value.strip_prefix("Field").map(str::trim_start).and_then(bracketed) else {
        return Absence::Default(literal(value).map(str::to_owned));
    };
    let parts = arguments(list);
    let named = parts.iter().find_map(|part| part.strip_prefix("default")?.trim_start().strip_prefix('='));
    let named = named.map(str::trim);
    let has_default = parts.iter().any(|part| part.starts_with("default")) && named != Some("...");
    let first = parts.first().copied().filter(|part| *part != "..." && !is_keyword(part));
    if has_default || first.is_some() {
        let value = named.or(first);
        return Absence::Default(value.and_then(literal).map(str::to_owned));
    }
    Absence::Fails
}

/// The value behind the `=` outside of brackets.
fn default_of(definition: &str) -> Option<&str> {
    let mut parts = crate::sources::code::split(definition, "=").into_iter();
    let kind = parts.next()?;
    parts.next()?;
    definition.get(kind.len() + 1..)
}

fn is_keyword(part: &str) -> bool {
    part.split_once('=')
        .is_some_and(|(name, _)| name.trim().bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// Names of variables that a field gives: `alias`, `validation_alias`.
fn aliases(definition: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (at, word) in definition.match_indices("alias") {
        let before = &definition[..at];
        if before.ends_with("serialization_") {
            continue;
        }
        let Some(rest) = definition[at + word.len()..].trim_start().strip_prefix('=') else { continue };
        let value = expression(rest);
        match value.strip_prefix("AliasChoices").and_then(bracketed) {
            Some(list) => names.extend(arguments(list).into_iter().filter_map(literal).map(str::to_owned)),
            None => names.extend(literal(value).map(str::to_owned)),
        }
    }
    names
}

/// The expression that a setting of the class is given.
fn setting<'t>(body: &'t str, name: &str) -> Option<&'t str> {
    let at = body.find(name)?;
    let rest = body[at + name.len()..].trim_start().strip_prefix(['=', ':'])?;
    Some(expression(rest))
}
