//! What stands before the names of variables in the tags of a struct of Go: `envconfig.Process("PG", &settings)`, the tags
//! `envPrefix:"PG_"` (caarlos0/env) and `env-prefix:"PG_"` (cleanenv) of a field that holds it.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::sources::code;
use crate::sources::values::literal;

/// How far fields of fields are followed.
const DEEPEST: usize = 4;

/// The maximum number of structs of a file.
const MOST: usize = 500;

/// The prefixes of the structs of a file.
pub(super) struct FieldPrefixes<'t> {
    structs: Vec<GoStruct<'t>>,
    /// By the name of the struct; a struct may be read under several.
    of: BTreeMap<&'t str, Vec<String>>,
    /// Whether a prefix stands in the file that is not known here.
    pub(super) has_unknown: bool,
}

struct GoStruct<'t> {
    name: &'t str,
    span: Range<usize>,
    body: &'t str,
}

impl<'t> FieldPrefixes<'t> {
    /// Those of a text without comments.
    pub(super) fn of(text: &'t str) -> Self {
        let mut known = Self { structs: structs(text), of: BTreeMap::new(), has_unknown: false };
        known.add_processed(text);
        for _ in 0..DEEPEST {
            known.add_fields();
        }
        known
    }

    /// What stands before the names in the tags at an offset; nothing but the name itself where no prefix is known.
    pub(super) fn at(&self, at: usize) -> Vec<String> {
        let around = self.structs.iter().find(|known| known.span.contains(&at));
        let prefixes = around.and_then(|known| self.of.get(known.name)).cloned();
        prefixes.unwrap_or_else(|| vec![String::new()])
    }

    fn add(&mut self, name: &'t str, prefix: String) {
        let prefixes = self.of.entry(name).or_default();
        if !prefixes.contains(&prefix) && prefixes.len() < MOST {
            prefixes.push(prefix);
        }
    }

    /// Adds those of calls of kelseyhightower/envconfig: `envconfig.Process(prefix, &settings)`.
    fn add_processed(&mut self, text: &'t str) {
        let calls = ["envconfig.Process(", "envconfig.MustProcess("];
        for (at, call) in calls.iter().flat_map(|call| text.match_indices(call)).take(MOST) {
            let Some(list) = code::bracketed(&text[at + call.len() - 1..]) else { continue };
            let [first, second] = code::arguments(list)[..] else { continue };
            let Some(prefix) = literal(first).or_else(|| constant(text, first)) else {
                self.has_unknown |= !first.contains("ctx") && !first.contains("context");
                continue;
            };
            let prefix = if prefix.is_empty() { String::new() } else { format!("{}_", prefix.to_ascii_uppercase()) };
            let variable = second.trim_start_matches('&').trim_end_matches("{}");
            let name = self.structs.iter().map(|known| known.name).find(|name| {
                *name == variable
                    || ["var {v} {s}", "{v} := {s}{", "{v} := &{s}{", "{v} := new({s})", "{v} *{s}"]
                        .iter()
                        .any(|form| text[..at].contains(&form.replace("{v}", variable).replace("{s}", name)))
            });
            match name {
                Some(name) => self.add(name, prefix),
                None => self.has_unknown = true,
            }
        }
    }

    /// Adds those of structs that fields of others hold.
    fn add_fields(&mut self) {
        let mut all: Vec<(&'t str, String)> = Vec::new();
        for holder in &self.structs {
            let above = self.of.get(holder.name).cloned();
            let is_processed = above.is_some();
            for line in holder.body.lines() {
                let (Some((name, kind)), tags) = (field(line), line.split('`').nth(1).unwrap_or_default()) else {
                    continue;
                };
                let Some(inner) = self.structs.iter().find(|known| known.name == kind) else { continue };
                let of_tag =
                    |key: &str| tags.split_once(&format!("{key}:\"")).and_then(|(_, rest)| rest.split('"').next());
                let named = of_tag("envPrefix").or_else(|| of_tag("env-prefix"));
                let below = match (named, is_processed) {
                    (Some(prefix), _) => prefix.to_owned(),
                    (None, true) if is_embedded(line) => String::new(),
                    (None, true) => format!("{}_", of_tag("envconfig").unwrap_or(name).to_ascii_uppercase()),
                    _ => continue,
                };
                let above = above.clone().unwrap_or_else(|| vec![String::new()]);
                all.extend(above.into_iter().map(|front| (inner.name, format!("{front}{below}"))));
            }
        }
        for (name, prefix) in all {
            self.add(name, prefix);
        }
    }
}

/// The name and the type of a field; an embedded struct has its own name.
fn field(line: &str) -> Option<(&str, &str)> {
    let front = line.split('`').next()?;
    let mut words = front.split_whitespace();
    let name = words.next()?;
    let kind = words.next().unwrap_or(name).trim_start_matches('*');
    Some((name.trim_start_matches('*'), kind))
}

fn is_embedded(line: &str) -> bool {
    line.split('`').next().is_some_and(|front| front.split_whitespace().count() == 1)
}

fn structs(text: &str) -> Vec<GoStruct<'_>> {
    let all = text.match_indices(" struct {").take(MOST).filter_map(|(at, word)| {
        let name = text[..at].rsplit(|c: char| c.is_whitespace() || c == '(').next()?;
        let open = at + word.len() - 1;
        let body = code::bracketed(&text[open..])?;
        (!name.is_empty()).then_some(GoStruct { name, span: open..open + body.len() + 1, body })
    });
    all.collect()
}

/// The text of a constant: `const prefix = "PG"`.
fn constant<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return None;
    }
    let mut lines = text.lines().map(|line| line.trim().trim_start_matches("const "));
    lines.find_map(|line| {
        let (front, value) = line.split_once('=')?;
        (front.split_whitespace().next() == Some(name)).then(|| literal(value.trim()))?
    })
}
