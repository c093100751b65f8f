//! One thing that can be typed.

use gen_lsp_types::{CompletionItem, CompletionItemKind};

use crate::rules;

pub(super) fn item(label: &str, kind: CompletionItemKind, detail: &str) -> CompletionItem {
    let detail = (!detail.is_empty()).then(|| detail.to_owned());
    CompletionItem { label: label.to_owned(), kind: Some(kind), detail, ..CompletionItem::default() }
}

/// All rules but those that are named already.
pub(super) fn rule_names(names: &str) -> Vec<CompletionItem> {
    let is_named = |rule: &rules::Rule| names.split(',').any(|name| name.trim() == rule.name);
    let rules = rules::ALL.iter().filter(|rule| !is_named(rule));
    rules.map(|rule| item(rule.name, CompletionItemKind::EnumMember, rule.metadata().summary)).collect()
}
