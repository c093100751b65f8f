//! `deploy check`: whether each service can be replaced, with the reasons, and the findings behind them.

use serde_json::json;

use super::json::{pretty, results};
use super::layout::{Layout, TextStyle, clean, wrap};
use super::text::lint;
use super::wire::{self, object};
use crate::audit::{Replaceability, Report, ServiceReplacement};
use crate::finding::Finding;
use crate::text::LineColumn;

/// The services with their reasons, then the findings with their sources.
pub fn deploy_check(report: &Report, replacements: &[ServiceReplacement], layout: Layout) -> String {
    let mut out = String::new();
    for replacement in replacements {
        let (style, word) = match replacement.replaceability() {
            Replaceability::Yes => (TextStyle::Good, "can be replaced without loss"),
            Replaceability::Unknown => (TextStyle::Info, "whether it can be replaced without loss is not known"),
            Replaceability::No => (TextStyle::Error, "cannot be replaced without loss"),
        };
        let LineColumn { line, .. } = replacement.place;
        out.push_str(&layout.paint(TextStyle::Strong, &clean(&replacement.service)));
        out.push_str(&format!(" ({}:{line}): ", clean(&replacement.file)));
        out.push_str(&layout.paint(style, word));
        out.push('\n');
        for (place, finding) in reasons(report, replacement) {
            let text = format!("{place}: {} [{}]", clean(&finding.message), finding.rule);
            push_reason(&mut out, &text, layout);
        }
        for unknown in &replacement.unknowns {
            push_reason(&mut out, &format!("not known: {}", clean(unknown)), layout);
        }
        out.push('\n');
    }
    out.push_str(&lint(report, layout));
    out
}

/// A reason with its lines below each other.
fn push_reason(out: &mut String, text: &str, layout: Layout) {
    let lines = layout.width.map_or_else(|| vec![text.to_owned()], |width| wrap(text, width.saturating_sub(4)));
    for (number, line) in lines.iter().enumerate() {
        out.push_str(if number == 0 { "  " } else { "    " });
        out.push_str(line);
        out.push('\n');
    }
}

/// The findings of a service with their places.
fn reasons<'r>(
    report: &'r Report,
    replacement: &'r ServiceReplacement,
) -> impl Iterator<Item = (String, &'r Finding)> + 'r {
    replacement.findings.iter().filter_map(|index| {
        let finding = report.findings.get(*index)?;
        let source = report.sources.get(finding.file.0 as usize)?;
        let LineColumn { line, column } = source.line_column(finding.span.start);
        Some((format!("{}:{line}:{column}", clean(source.name())), finding))
    })
}

/// The result of `deploy check`, as `schemas/deploy-check.schema.json` describes it.
pub fn deploy_check_json(report: &Report, replacements: &[ServiceReplacement]) -> String {
    let service = |replacement: &ServiceReplacement| {
        let reason = |index: &usize| json!({ "finding": index, "rule": report.findings.get(*index).map(|finding| finding.rule) });
        json!({
            "service": replacement.service,
            "file": replacement.file,
            "line": replacement.place.line,
            "column": replacement.place.column,
            "replaceable": match replacement.replaceability() {
                Replaceability::Yes => "yes",
                Replaceability::Unknown => "unknown",
                Replaceability::No => "no",
            },
            "reasons": replacement.findings.iter().map(reason).collect::<Vec<_>>(),
            "unknown": replacement.unknowns,
        })
    };
    pretty(&object! {
        #[serde(flatten)]
        head: wire::Head::new("dockopt.deploy-check/1", &report.root),
        services: replacements.iter().map(service).collect::<Vec<_>>(),
        #[serde(flatten)]
        results: results(report),
    })
}
