//! `dockopt.toml`: keys and values by its schema, names of rules where rules are named.

use std::sync::LazyLock;

use gen_lsp_types::{CompletionItem, CompletionItemKind};
use serde_json::Value;

use super::item::{item, rule_names};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/settings.schema.json"));
    serde_json::from_str(text).unwrap_or_default()
});

/// What can be typed behind the start of a line; `above` are the lines before it.
pub(super) fn completions(above: &str, line: &str) -> Vec<CompletionItem> {
    let trimmed = line.trim_start();
    if trimmed.starts_with('#') {
        return Vec::new();
    }
    if let Some(header) = trimmed.strip_prefix("[[") {
        return headers(header, true);
    }
    if let Some(header) = trimmed.strip_prefix('[') {
        return headers(header, false);
    }
    let table = above.lines().rev().find_map(header_of).unwrap_or_default();
    if let Some((key, value)) = trimmed.split_once('=') {
        return values(&table, key.trim(), value);
    }
    // In a list of several lines.
    if trimmed.starts_with(['"', '\'']) || trimmed.is_empty() && is_in_list(above) {
        let opened = above.lines().rev().find(|line| line.contains('=')).and_then(|line| line.split_once('='));
        return opened.map(|(key, _)| values(&table, key.trim(), trimmed)).unwrap_or_default();
    }
    properties(&table)
        .iter()
        .map(|(name, schema)| item(name, CompletionItemKind::Property, description(schema)))
        .collect()
}

fn is_in_list(above: &str) -> bool {
    let last = above.lines().rev().find(|line| line.contains('='));
    last.is_some_and(|line| line.contains('[')) && above.matches('[').count() > above.matches(']').count()
}

/// The names of the table that a line opens: `rules`, `root-user` of `[rules.root-user]`.
fn header_of(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('[')?.strip_suffix(']')?;
    let inner = inner.trim_start_matches('[').trim_end_matches(']');
    (!inner.contains(['"', ',', '{'])).then(|| inner.split('.').map(|part| part.trim().to_owned()).collect())
}

/// The names of tables, or of lists of tables.
fn headers(header: &str, is_list: bool) -> Vec<CompletionItem> {
    if let Some(typed) = header.strip_prefix("rules.").filter(|typed| !is_list && !typed.contains('.')) {
        return rule_names("").into_iter().filter(|rule| rule.label.starts_with(typed)).collect();
    }
    let is_table = |schema: &Value| {
        if is_list { schema["items"]["type"] == "object" } else { schema["type"] == "object" }
    };
    let tables = properties(&[]).into_iter().filter(|(_, schema)| is_table(schema));
    tables.map(|(name, schema)| item(&name, CompletionItemKind::Module, description(&schema))).collect()
}

fn description(schema: &Value) -> &str {
    schema["description"].as_str().unwrap_or_default()
}

/// The schema of a table, lists of tables as their members.
fn schema_of(table: &[String]) -> Value {
    let mut schema = &*SCHEMA;
    for name in table {
        let next = &schema["properties"][name];
        schema = if next["items"]["type"] == "object" { &next["items"] } else { next };
    }
    schema.clone()
}

fn properties(table: &[String]) -> Vec<(String, Value)> {
    let schema = schema_of(table);
    let properties = schema["properties"].as_object().cloned().unwrap_or_default();
    properties.into_iter().collect()
}

fn values(table: &[String], key: &str, value: &str) -> Vec<CompletionItem> {
    if matches!(key, "select" | "extend-select" | "ignore" | "rule" | "rules") {
        return quoted(rule_names(""), value);
    }
    let schema = schema_of(table);
    let schema = &schema["properties"][key];
    if schema["type"] == "boolean" {
        return ["true", "false"].iter().map(|word| item(word, CompletionItemKind::Value, "")).collect();
    }
    let words = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    quoted(words.map(|word| item(word, CompletionItemKind::EnumMember, "")).collect(), value)
}

/// Names in quotes, unless one is open; nothing directly behind one that ends.
fn quoted(mut items: Vec<CompletionItem>, value: &str) -> Vec<CompletionItem> {
    let mut open = None;
    for character in value.chars().filter(|character| matches!(character, '"' | '\'')) {
        open = match open {
            Some(quote) if quote == character => None,
            None => Some(character),
            other => other,
        };
    }
    if open.is_none() && value.ends_with(['"', '\'']) {
        return Vec::new();
    }
    if open.is_none() {
        for entry in &mut items {
            entry.insert_text = Some(format!("\"{}\"", entry.label));
        }
    }
    items
}
