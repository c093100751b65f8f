//! Results ─► JSON. Offsets are those of the files' own bytes, whatever the text in memory looks like.

use std::collections::BTreeSet;

use serde::Serialize;

use super::format::escape;
use super::wire::{self, object};
use crate::audit::{BuildReport, BuildStep, ContextListingEntry, ContextReport, ProblemReport, Report};
use crate::finding::{FileEdit, Finding, Fix, Impact, Safety, Saving, Target, fingerprints};
use crate::text::{FileId, Source, Span};

/// The result of `lint`, as `schemas/lint.schema.json` describes it.
pub fn lint_json(report: &Report) -> String {
    pretty(&object! {
        #[serde(flatten)]
        head: wire::Head::new("dockopt.lint/1", &report.root),
        #[serde(flatten)]
        results: results(report),
    })
}

/// The result of `audit`, as `schemas/audit.schema.json` describes it.
pub fn audit_json(report: &Report) -> String {
    pretty(&object! {
        #[serde(flatten)]
        head: wire::Head::new("dockopt.audit/1", &report.root),
        builds: report.builds.iter().map(|build_report| build(report, build_report)).collect::<Vec<_>>(),
        #[serde(flatten)]
        results: results(report),
    })
}

pub(super) fn results(report: &Report) -> impl Serialize {
    object! {
        files: files(report),
        findings: findings(report),
        suppressed: suppressed(report),
        skipped: skipped(report),
        rules_off: &report.rules_off,
        problems: problems(&report.problems),
        notices: notices(report),
        baselined: report.baselined.map(|known| known.known),
        baseline_fixed: report.baselined.map(|known| known.fixed),
    }
}

/// What was looked at, each file once; several texts may be in one.
fn files(report: &Report) -> Vec<&str> {
    let names: BTreeSet<&str> = report.sources.iter().map(Source::name).collect();
    names.into_iter().collect()
}

pub(super) fn pretty(value: &impl Serialize) -> String {
    // Results hold strings, numbers, lists and fields with fixed names: writing them to memory can't fail.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    escape::json(text)
}

/// On one line.
pub(super) fn compact(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.push('\n');
    escape::json(text)
}

/// A line of JSON Lines: its type, then its fields.
pub(super) fn json_line(line_type: &str, fields: impl Serialize) -> String {
    compact(&object! {
        #[serde(rename = "type")]
        line_type,
        #[serde(flatten)]
        fields,
    })
}

pub(super) fn findings(report: &Report) -> Vec<impl Serialize> {
    let prints = fingerprints(&report.findings, &report.sources, &report.root);
    report.findings.iter().zip(prints).map(|(finding, print)| wire_finding(report, finding, print)).collect()
}

fn suppressed(report: &Report) -> Vec<impl Serialize> {
    let mut all = Vec::new();
    for finding in &report.suppressed {
        all.push(object! {
            rule: finding.rule,
            aliases: finding.codes.iter().map(|code| code.name).collect::<Vec<_>>(),
            file: name(report, finding.file),
            line: finding.instruction_line,
            message: &finding.message,
        });
    }
    all
}

fn wire_finding<'a>(report: &'a Report, finding: &'a Finding, fingerprint: String) -> impl Serialize {
    let rule = crate::rules::find(finding.rule);
    let metadata = rule.map(crate::rules::Rule::metadata);
    let source = report.sources.get(finding.file.0 as usize);
    let label = |label: &'a crate::finding::Label| object! { span: span(source, label.span), text: &label.text };
    object! {
        rule: finding.rule,
        aliases: finding.codes.iter().map(|code| code.name).collect::<Vec<_>>(),
        category: metadata.map(|metadata| metadata.category.name()),
        severity: finding.severity.name(),
        file: name(report, finding.file),
        span: span(source, finding.span),
        instruction_line: finding.instruction_line,
        stage: finding.stage.as_deref(),
        message: &finding.message,
        help: finding.help.as_deref(),
        notes: &finding.notes,
        url: rule.map(crate::rules::Rule::url),
        labels: finding.labels.iter().map(label).collect::<Vec<_>>(),
        impact: finding.impact.iter().map(impact).collect::<Vec<_>>(),
        fixes: finding.fixes.iter().map(|item| fix(report, item)).collect::<Vec<_>>(),
        fingerprint,
    }
}

fn name(report: &Report, file: FileId) -> &str {
    report.sources.get(file.0 as usize).map_or("", |source| source.name())
}

fn span(source: Option<&Source>, span: Span) -> impl Serialize {
    let place = |at: u32, byte: u32| {
        let place = source.map(|source| source.line_column(at));
        object! {
            line: place.map_or(1, |place| place.line),
            column: place.map_or(1, |place| place.column),
            byte,
        }
    };
    let original = source.map_or(span, |source| source.original(span));
    object! { start: place(span.start, original.start), end: place(span.end, original.end) }
}

pub(super) fn impact(impact: &Impact) -> wire::Impact<'_> {
    let amount = |saves| match saves {
        Saving::Bytes(bytes) => Some(bytes.into()),
        Saving::Seconds(seconds) => seconds.is_finite().then(|| seconds.into()),
        // The evidence says how many.
        Saving::Reruns { .. } => None,
    };
    wire::Impact {
        kind: impact.kind.name(),
        saves: impact.saves.and_then(amount),
        per: impact.per.name(),
        basis: impact.basis.name(),
        evidence: &impact.evidence,
    }
}

fn fix<'a>(report: &'a Report, fix: &'a Fix) -> impl Serialize {
    let (safety, why_unsafe) = safety(&fix.safety);
    object! {
        title: &fix.title,
        safety,
        why_unsafe,
        edits: fix.edits.iter().map(|item| edit(report, item)).collect::<Vec<_>>(),
        lines: fixed_lines(report, fix),
    }
}

/// The lines that a fix changes, before and after; `None` if it changes several files or many lines.
fn fixed_lines(report: &Report, fix: &Fix) -> Option<impl Serialize> {
    let Target::File(file) = fix.edits.first()?.target else { return None };
    if fix.edits.iter().any(|edit| edit.target != Target::File(file)) {
        return None;
    }
    let source = report.sources.get(file.0 as usize)?;
    let mut edits: Vec<&FileEdit> = fix.edits.iter().collect();
    edits.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let (start, end) = (edits.first()?.span.start, edits.iter().map(|edit| edit.span.end).max()?);
    let first = source.line(start);
    // An edit that takes a line's end does not change the next line.
    let last = source.line(end.saturating_sub(1).max(start));
    if last - first >= MOST_FIXED_LINES {
        return None;
    }
    let region = Span::new(source.line_span(first).start, source.line_span(last).end.max(end));
    let before = source.text().get(region.range()).filter(|text| text.len() <= LONGEST_FIX)?;
    let (mut after, mut at) = (String::new(), region.start);
    for edit in edits {
        after.push_str(source.text().get(Span::new(at, edit.span.start).range())?);
        after.push_str(&edit.text);
        at = edit.span.end;
    }
    after.push_str(source.text().get(Span::new(at, region.end).range())?);
    Some(object! { first, before: before.to_owned(), after })
}

/// Lines that a fix may change to be shown with them.
const MOST_FIXED_LINES: u32 = 40;

/// Bytes of those lines.
const LONGEST_FIX: usize = 8_000;

pub(super) fn safety(safety: &Safety) -> (&'static str, Option<&str>) {
    match safety {
        Safety::Safe => ("safe", None),
        Safety::Unsafe(why) => ("unsafe", Some(why)),
    }
}

fn edit<'a>(report: &'a Report, edit: &'a FileEdit) -> impl Serialize {
    let (file, create, span) = match &edit.target {
        Target::File(file) => {
            let source = report.sources.get(file.0 as usize);
            (name(report, *file), false, source.map_or(edit.span, |source| source.original(edit.span)))
        }
        Target::New(path) => (path.as_str(), true, edit.span),
    };
    object! { file, create, start: span.start, end: span.end, text: &edit.text }
}

pub(super) fn skipped(report: &Report) -> Vec<impl Serialize> {
    let skipped = report.skipped.iter();
    skipped.map(|skip| object! { what: &skip.what, why: &skip.why, remedy: &skip.remedy }).collect()
}

pub(super) fn problems(problems: &[ProblemReport]) -> Vec<impl Serialize> {
    let mut all = Vec::new();
    for problem in problems {
        all.push(object! {
            file: &problem.file,
            line: problem.place.map(|place| place.line),
            column: problem.place.map(|place| place.column),
            error: problem.error,
            message: &problem.message,
            help: problem.help.as_deref(),
        });
    }
    all
}

fn notices(report: &Report) -> Vec<&str> {
    report.notices.iter().map(|notice| &*notice.text).collect()
}

fn build<'a>(report: &'a Report, build: &'a BuildReport) -> impl Serialize {
    let mut stages = Vec::new();
    for stage in &build.stages {
        stages.push(object! { name: &stage.name, base: &stage.base, line: stage.line, needed: stage.needed });
    }
    let rerun = build.rerun.as_ref().map(|rerun| {
        object! {
            first: step(&rerun.first),
            steps: rerun.steps.iter().map(step).collect::<Vec<_>>(),
            copies: rerun.copies.iter().map(step).collect::<Vec<_>>(),
            example: rerun.example.as_deref(),
            commits: rerun.commits.map(|commits| wire::CommitShare {
                reruns: commits.first,
                of: commits.of,
                later: commits.later.map(|(line, reruns)| wire::LaterStep { line, reruns }),
            }),
            seconds: rerun.seconds,
            is_partly_timed: rerun.seconds.map(|_| rerun.is_partly_timed),
            is_at_most: rerun.seconds.map(|_| rerun.is_at_most),
        }
    });
    object! {
        dockerfile: name(report, build.dockerfile),
        importance: build.importance.name(),
        projects: &build.projects,
        stages,
        steps: build.steps,
        context: build.context.as_ref().map(context),
        rerun,
        findings: &build.findings,
    }
}

fn step(step: &BuildStep) -> impl Serialize {
    object! { number: step.number, of: step.of, stage: &step.stage, line: step.line, text: &step.text }
}

pub(super) fn context(context: &ContextReport) -> impl Serialize {
    let mut useless = Vec::new();
    for part in &context.useless {
        useless.push(object! { #[serde(flatten)] entry: entry(&part.entry), why: part.why, pattern: &part.pattern });
    }
    object! {
        root: &context.root,
        ignore_file: context.ignore_file.as_deref(),
        bytes: context.bytes,
        files: context.files,
        useless_bytes: context.useless_bytes,
        useless,
        secrets: context.secrets.iter().map(entry).collect::<Vec<_>>(),
        largest: context.largest.iter().map(entry).collect::<Vec<_>>(),
    }
}

fn entry(entry: &ContextListingEntry) -> impl Serialize {
    object! { path: &entry.path, bytes: entry.bytes, files: entry.files }
}
