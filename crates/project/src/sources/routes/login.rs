//! What says that a function asks for a login, and where a source has its functions from.

use crate::sources::code;
use crate::sources::values::literal;

/// Whether the name of a function says that it asks for a login. What it is told in texts and objects does not count:
/// `cors({ allowedHeaders: ['Authorization'] })`.
pub(super) fn asks_for_login(argument: &str) -> bool {
    let says = |text: &str| {
        let lower = text.to_ascii_lowercase().replace("authoriz", "authz").replace("author", "");
        !lower.contains("require(")
            && !lower.contains("route")
            && ["auth", "jwt"].iter().any(|word| lower.contains(word))
    };
    let is_plain = |text: &&str| literal(text).is_none() && !text.starts_with(['{', '[']);
    match code::call(argument.trim()).filter(|(callee, _)| !argument.contains("=>") && !callee.contains("require")) {
        Some((callee, list)) => says(callee) || code::arguments(list).into_iter().filter(is_plain).any(says),
        None => says(argument),
    }
}

/// What a name is imported from, and its name there where it is not the default.
pub(super) fn node_import(text: &str, name: &str) -> Option<(String, Option<String>)> {
    for line_at in code::words(text, name) {
        let line_start = text[..line_at].rfind(['\n', ';']).map_or(0, |end| end + 1);
        let statement_end = text[line_at..].find(['\n', ';']).map_or(text.len(), |end| line_at + end);
        let statement = text[line_start..statement_end].trim();
        // An import may take several lines.
        let open = text[..line_at].rfind('{').filter(|open| {
            let inside = &text[*open..line_at];
            inside.len() < 500 && !inside.contains(['}', ';', '='])
        });
        let whole = match open {
            Some(open) => {
                let start = text[..open].rfind(['\n', ';']).map_or(0, |end| end + 1);
                let close = text[open..].find('}').map_or(text.len(), |end| open + end);
                let end = text[close..].find(['\n', ';']).map_or(text.len(), |end| close + end);
                &text[start..end]
            }
            None => statement,
        };
        let is_import = whole.trim_start().starts_with("import ") || whole.contains("require(");
        if !is_import {
            return None;
        }
        let module = whole.split_once(" from ").or_else(|| whole.split_once("require("))?.1;
        let Some(quote) = module.trim_start().chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else {
            continue;
        };
        let specifier = module.trim_start()[1..].split(quote).next().unwrap_or_default().to_owned();
        let names = whole.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(names, _)| names);
        let original = names.and_then(|names| {
            names.split(',').map(str::trim).find_map(|part| {
                let (known, alias) = part.split_once(" as ").or_else(|| part.split_once(':')).unwrap_or((part, part));
                (alias.trim() == name).then(|| known.trim().to_owned())
            })
        });
        return Some((specifier, original));
    }
    None
}
