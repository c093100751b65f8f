//! Services of a compose file, where one is being named under `depends_on`.

use gen_lsp_types::{CompletionItem, CompletionItemKind};

use super::item::item;
use crate::text::Span;
use crate::yaml;

/// Lines above that are looked at.
const LINES: usize = 200;

/// The services that can be named; `line` is the start of the line.
pub(super) fn completions(text: &str, at: usize, line: &str) -> Vec<CompletionItem> {
    let typed = line.trim_start();
    if typed.starts_with('#') || !is_dependency(text, at, line) {
        return Vec::new();
    }
    let (names, current) = services(text, at);
    let known: Vec<&str> = typed.split(['[', ',', ' ', '"', '\'']).map(str::trim).collect();
    let is_offered = |name: &&String| Some(*name) != current.as_ref() && !known.contains(&name.as_str());
    let entry = |name: &String| {
        let name_text = if is_plain(name) { name.clone() } else { format!("\"{name}\"") };
        let mut entry = item(name, CompletionItemKind::Reference, "service");
        entry.insert_text = match typed {
            // What is typed last is replaced, a dash too.
            "-" => Some(format!("- {name_text}")),
            "depends_on:" => Some(format!(" [{name_text}]")),
            "depends_on: " => Some(format!("[{name_text}]")),
            _ => Some(name_text),
        };
        entry
    };
    names.iter().filter(is_offered).map(entry).collect()
}

/// Whether a place is one of the values of `depends_on`.
fn is_dependency(text: &str, at: usize, line: &str) -> bool {
    let indent = line.len() - line.trim_start().len();
    let is_list = line.trim_start().starts_with('-') || line.contains("depends_on:");
    let above = text[..at].lines().rev().skip(1).take(LINES);
    let parent = above.filter(|other| !other.trim().is_empty() && !other.trim_start().starts_with('#')).find(|other| {
        let other_indent = other.len() - other.trim_start().len();
        other_indent < indent || (is_list && other_indent == indent && !other.trim_start().starts_with('-'))
    });
    line.contains("depends_on:") || parent.is_some_and(|parent| parent.trim() == "depends_on:")
}

/// The services of a file, and the one that a byte is in.
fn services(text: &str, at: usize) -> (Vec<String>, Option<String>) {
    // The line that is being typed may break the file.
    let start = text[..at].rfind('\n').map_or(0, |before| before + 1);
    let end = text[at..].find('\n').map_or(text.len(), |len| at + len);
    let rest = format!("{}{}", &text[..start], &text[end..]);
    let tree = yaml::read(&rest);
    let Some(services) = tree.root().and_then(|root| root.get("services")) else { return (Vec::new(), None) };
    let names: Vec<String> = services.entries().filter_map(|entry| entry.key.text().map(str::to_owned)).collect();
    let tree = yaml::read(text);
    let current = tree.root().and_then(|root| root.get("services")).and_then(|services| {
        let mut entries = services.entries();
        let holds = |span: Span| (span.start as usize) <= at && at <= span.end as usize;
        entries.find(|entry| holds(entry.key.span().to(entry.value.span())))?.key.text().map(str::to_owned)
    });
    (names, current)
}

/// Whether YAML reads a name as a text without quotes.
fn is_plain(name: &str) -> bool {
    let tree_text = format!("a: {name}");
    let tree = yaml::read(&tree_text);
    let value = tree.root().and_then(|root| root.get("a"));
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic());
    is_word && value.is_some_and(|value| value.text() == Some(name) && value.as_bool().is_none() && !value.is_null())
}
