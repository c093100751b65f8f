//! Findings of other linters among those of dockopt.

use std::collections::BTreeSet;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::report::{Report, SkippedInput};
use crate::finding::{Finding, Mask, Severity};
use crate::inputs::{ExternalFinding, ExternalSeverity, Inputs};
use crate::text::Span;

/// Ids that are kept; linters have some dozens.
const IDS: usize = 1_000;

/// Adds what other linters found, with their ids, and what they did not look at.
pub(super) fn add(report: &mut Report, inputs: &Inputs, mask: &Mask) {
    let gaps = inputs.external_gaps.iter().map(|gap| SkippedInput {
        what: gap.what.clone(),
        why: mask.apply(&gap.why),
        remedy: gap.remedy.clone(),
    });
    report.skipped.extend(gaps);
    if inputs.external.is_empty() {
        return;
    }
    report.findings.extend(inputs.external.iter().map(|finding| finding_of(finding, inputs, mask)));
    let name = |finding: &Finding| inputs.source(finding.file).name();
    report.findings.sort_by(|a, b| (name(a), a.span, a.rule).cmp(&(name(b), b.span, b.rule)));
}

fn finding_of(finding: &ExternalFinding, inputs: &Inputs, mask: &Mask) -> Finding {
    let source = inputs.source(finding.file);
    let start = source.offset(finding.start);
    let end = source.offset(finding.end).max(start);
    Finding {
        rule: static_id(&finding.id),
        codes: Vec::new(),
        severity: match finding.severity {
            ExternalSeverity::Error => Severity::Error,
            ExternalSeverity::Warning => Severity::Warning,
            ExternalSeverity::Info => Severity::Info,
        },
        file: finding.file,
        span: Span::new(start, end),
        labels: Vec::new(),
        instruction_line: Some(source.line(start)),
        stage: None,
        message: mask.apply(&finding.message),
        help: finding.url.as_ref().map(|url| format!("see {url}")),
        notes: Vec::new(),
        hidden_by: None,
        impact: Vec::new(),
        fixes: Vec::new(),
    }
}

/// The id for the whole run of the program: names of rules live as long.
fn static_id(id: &str) -> &'static str {
    static KNOWN: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(Mutex::default);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.get(id) {
        return known;
    }
    if known.len() >= IDS {
        return "external/other";
    }
    let id: &'static str = Box::leak(id.to_owned().into_boxed_str());
    known.insert(id);
    id
}
