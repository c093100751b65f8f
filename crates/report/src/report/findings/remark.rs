//! A finding, or what is wrong with an input, as a remark about lines of a file.

use super::fix_diff::fix_diff;
use crate::audit::{ProblemReport, Report};
use crate::finding::{Finding, Fix, Impact, Safety, Severity};
use crate::report::excerpt::excerpt;
use crate::report::layout::clip;
use crate::report::page::{Remark, RemarkFix, SourceExcerpt, Text, TextKind, Tone, plain};
use crate::report::price;
use crate::text::{LineColumn, Source, Span};

/// A finding with its lines, what it costs and how it is repaired. Only a document shows what a fix changes: `has_diffs`.
pub(super) fn remark_of_finding(report: &Report, finding: &Finding, has_diffs: bool) -> Remark {
    let source = report.sources.get(finding.file.0 as usize);
    let spans: Vec<_> = std::iter::once(finding.span).chain(finding.labels.iter().map(|label| label.span)).collect();
    let mut notes: Vec<(&'static str, Text)> = Vec::new();
    notes.extend(finding.help.iter().map(|help| ("help", plain(clip(help)))));
    notes.extend(finding.impact.iter().map(|impact| ("costs", costs(impact))));
    notes.extend(finding.notes.iter().map(|note| ("note", plain(clip(note)))));
    Remark {
        severity: finding.severity,
        message: clip(&finding.message).into_owned(),
        rule: finding.rule,
        url: crate::rules::find(finding.rule).map(crate::rules::Rule::url),
        file: source.map(|source| source.name().to_owned()).unwrap_or_default(),
        place: source.map(|source| source.line_column(finding.span.start)),
        excerpt: source.and_then(|source| lines_at(source, &spans)),
        labels: finding.labels.iter().map(|label| label.text.clone()).collect(),
        notes,
        fix: finding.fixes.first().map(|fix| remark_fix(report, finding, fix, has_diffs)),
        anchor: None,
    }
}

/// What a price is, and how it is known.
fn costs(impact: &Impact) -> Text {
    let evidence = clip(&impact.evidence);
    let how = match impact.saves {
        Some(_) => format!(" ({}: {evidence})", impact.basis.name()),
        None => format!(" ({evidence})"),
    };
    Text::new(price::cost(impact), TextKind::Number(price::known_basis(impact)), Tone::Strong).and_dim(how)
}

fn remark_fix(report: &Report, finding: &Finding, fix: &Fix, has_diffs: bool) -> RemarkFix {
    let (flag, risk) = match &fix.safety {
        Safety::Safe => ("", None),
        Safety::Unsafe(why) => (" --unsafe", Some(why.clone())),
    };
    RemarkFix {
        title: fix.title.clone(),
        risk,
        command: format!("dockopt fix --write{flag} --select {}", finding.rule),
        diff: if has_diffs { fix_diff(report, fix) } else { None },
    }
}

/// What is wrong with an input.
pub(super) fn remark_of_problem(sources: &[Source], problem: &ProblemReport) -> Remark {
    let source = sources.iter().find(|source| source.name() == problem.file);
    let known = source.zip(problem.place).map(|(source, place)| (source, rest_of_line(source, place)));
    Remark {
        severity: if problem.error { Severity::Error } else { Severity::Warning },
        message: clip(&problem.message).into_owned(),
        rule: "",
        url: None,
        file: problem.file.clone(),
        place: known.map(|(source, span)| source.line_column(span.start)).or(problem.place),
        excerpt: known.and_then(|(source, span)| lines_at(source, &[span])),
        labels: Vec::new(),
        notes: problem.help.iter().map(|help| ("help", plain(clip(help)))).collect(),
        fix: None,
        anchor: None,
    }
}

/// The lines of the first span; none of an empty file.
fn lines_at(source: &Source, spans: &[Span]) -> Option<SourceExcerpt> {
    (!source.text().is_empty()).then(|| excerpt(source, spans))
}

/// Where a problem is known to begin, but not where it ends.
fn rest_of_line(source: &Source, place: LineColumn) -> Span {
    let start = source.offset(place);
    let text = source.slice(Span::new(start, source.line_span(place.line).end.max(start)));
    let len = match text.chars().next() {
        Some(char::REPLACEMENT_CHARACTER) => char::REPLACEMENT_CHARACTER.len_utf8(),
        _ => text.trim_end().len(),
    };
    Span::new(start, start + len as u32)
}
