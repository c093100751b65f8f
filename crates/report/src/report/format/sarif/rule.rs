//! What SARIF tells of the tool: the rules that its results name, with their pages, and kinds of notifications.

use serde::Serialize;

use super::wire::{self, level, message};
use crate::finding::Severity;
use crate::report::format::item::{INPUT, INPUT_SUMMARY};
use crate::report::layout::Layout;
use crate::report::page::Medium;
use crate::rules::{Group, Rule};
use crate::wire::{list, object};

/// Kinds of notifications and what they are.
const NOTIFICATIONS: [(&str, &str); 3] = [
    (INPUT, INPUT_SUMMARY),
    ("run-notice", "a file or image was used automatically"),
    ("rule-skipped", "a check was skipped"),
];

/// The place of a kind of notification in their list.
pub(super) fn notification(id: &str) -> Option<usize> {
    NOTIFICATIONS.iter().position(|kind| kind.0 == id)
}

/// The tool with these rules, in their order.
pub(super) fn tool(rules: Vec<wire::Descriptor<'_>>) -> impl Serialize {
    object! {
        name: "dockopt",
        fullName: concat!("dockopt ", env!("CARGO_PKG_VERSION")),
        version: env!("CARGO_PKG_VERSION"),
        semanticVersion: env!("CARGO_PKG_VERSION"),
        informationUri: env!("CARGO_PKG_REPOSITORY"),
        rules,
        notifications: list(NOTIFICATIONS, |(id, summary)| descriptor_without_page(id, summary, "note")),
    }
}

/// A rule without a page.
pub(super) fn descriptor_without_page<'a>(id: &'a str, summary: &str, level: &'static str) -> wire::Descriptor<'a> {
    wire::Descriptor {
        id,
        name: pascal(id),
        short_description: message(summary),
        // Both are required by GitHub.
        full_description: Some(message(summary)),
        help_uri: None,
        help: Some(message(summary)),
        default_configuration: wire::SarifConfiguration { enabled: true, level },
        properties: None,
    }
}

/// Facts about a rule are not broken.
const WIDE: Layout = Layout { width: Some(160), colour: false, links: false };

/// A rule with its page; one without is what is wrong with an input.
pub(super) fn descriptor(name: &str) -> wire::Descriptor<'_> {
    let Some(rule) = crate::rules::find(name) else { return descriptor_without_page(name, INPUT_SUMMARY, "error") };
    let metadata = rule.metadata();
    let mut tags = vec![metadata.category.name()];
    tags.extend(metadata.groups.iter().copied().map(Group::name));
    tags.extend(&metadata.aliases);
    let page = page(rule);
    let first = page.split("\n\n").next().unwrap_or_default();
    wire::Descriptor {
        full_description: Some(wire::Message { text: plain(first), markdown: Some(first.to_owned()) }),
        help_uri: Some(rule.url()),
        help: Some(wire::Message {
            text: crate::report::explain(rule).write(Medium::Terminal, WIDE),
            markdown: Some(page.to_owned()),
        }),
        default_configuration: wire::SarifConfiguration {
            enabled: metadata.on_by_default(),
            level: level(metadata.severity),
        },
        properties: Some(wire::RuleProperties {
            tags,
            precision: metadata.confidence.name(),
            severity: match metadata.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info | Severity::Style => "recommendation",
            },
        }),
        ..descriptor_without_page(name, metadata.summary, "none")
    }
}

/// `apt-lists-kept` as the standard wants names: `AptListsKept`, and never the id itself.
fn pascal(id: &str) -> String {
    let mut name = String::new();
    let id = if id.contains('-') { id } else { &format!("{id}-rule") };
    for word in id.split('-') {
        let mut chars = word.chars();
        name.extend(chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars));
    }
    name
}

/// The page without its title, which readers put above it themselves.
fn page(rule: &Rule) -> &'static str {
    let body = rule.body().trim_start();
    body.strip_prefix("# ").and_then(|rest| rest.split_once('\n')).map_or(body, |(_, rest)| rest.trim_start())
}

/// A paragraph on one line, without the marks of code.
fn plain(paragraph: &str) -> String {
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "")
}
