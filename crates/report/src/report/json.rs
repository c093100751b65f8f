//! Results ─► JSON. Offsets are those of the files' own bytes, whatever the text in memory looks like.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Number;

use super::excerpt::excerpts;
use super::format::escape;
use crate::audit::{BuildReport, BuildStep, ContextListingEntry, ContextReport, ProblemReport, Report, SkippedInput};
use crate::finding::{FileEdit, Finding, Fix, Impact, Label, Safety, Saving, Target, fingerprints};
use crate::text::{FileId, Source, Span};
use crate::wire::{self, OnlyWritten, list, object};

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
        builds: list(&report.builds, |build_report| build(report, build_report)),
        #[serde(flatten)]
        results: results(report),
    })
}

pub(super) fn results(report: &Report) -> wire::FindingsJson {
    wire::FindingsJson {
        files: Some(files(report)),
        findings: findings(report),
        suppressed: OnlyWritten(list(&report.suppressed, |finding| suppressed(report, finding))),
        skipped: skipped(&report.skipped),
        rules_off: list(&report.rules_off, ToString::to_string),
        problems: problems(&report.problems),
        notices: OnlyWritten(list(&report.notices, |notice| notice.text.clone())),
        baselined: report.baselined.map(|known| known.known),
        baseline_fixed: OnlyWritten(report.baselined.map(|known| known.fixed)),
        excerpts: excerpts(report),
    }
}

/// What was looked at, each file once; several texts may be in one.
fn files(report: &Report) -> Vec<String> {
    let names: BTreeSet<&str> = report.sources.iter().map(Source::name).collect();
    list(names, str::to_owned)
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

pub(super) fn findings(report: &Report) -> Vec<wire::FindingJson> {
    let prints = fingerprints(&report.findings, &report.sources, &report.root);
    list(report.findings.iter().zip(prints), |(finding, print)| wire_finding(report, finding, print))
}

fn suppressed(report: &Report, finding: &Finding) -> wire::SuppressedJson {
    wire::SuppressedJson {
        rule: finding.rule,
        aliases: list(&finding.codes, |code| code.name),
        file: name(report, finding.file),
        line: finding.instruction_line,
        message: finding.message.clone(),
    }
}

fn wire_finding(report: &Report, finding: &Finding, fingerprint: String) -> wire::FindingJson {
    let rule = crate::rules::find(finding.rule);
    let source = report.sources.get(finding.file.0 as usize);
    let label = |label: &Label| wire::LabelJson { span: span(source, label.span), text: label.text.clone() };
    wire::FindingJson {
        rule: finding.rule.to_owned(),
        aliases: OnlyWritten(list(&finding.codes, |code| code.name)),
        category: OnlyWritten(rule.map(|rule| rule.metadata().category.name())),
        kind: OnlyWritten(rule.map(|rule| rule.metadata().kind.name())),
        severity: finding.severity.name().to_owned(),
        file: name(report, finding.file),
        span: span(source, finding.span),
        instruction_line: finding.instruction_line,
        stage: OnlyWritten(finding.stage.clone()),
        message: finding.message.clone(),
        help: finding.help.clone(),
        notes: OnlyWritten(finding.notes.clone()),
        url: OnlyWritten(rule.map(crate::rules::Rule::url)),
        labels: OnlyWritten(list(&finding.labels, label)),
        impact: list(&finding.impact, impact),
        fixes: list(&finding.fixes, |item| fix(report, item)),
        fingerprint,
    }
}

fn name(report: &Report, file: FileId) -> String {
    report.sources.get(file.0 as usize).map_or_else(String::new, |source| source.name().to_owned())
}

fn span(source: Option<&Source>, span: Span) -> wire::SpanJson {
    let place = |at: u32, byte: u32| {
        let (line, column) = source.map(|source| source.line_column(at)).map_or((1, 1), |at| (at.line, at.column));
        wire::PlaceJson { line, column, byte: OnlyWritten(byte) }
    };
    let original = source.map_or(span, |source| source.original(span));
    wire::SpanJson { start: place(span.start, original.start), end: place(span.end, original.end) }
}

pub(super) fn impact(impact: &Impact) -> wire::ImpactJson {
    let amount = |saves| match saves {
        Saving::Bytes(bytes) => Some(bytes.into()),
        Saving::Seconds(seconds) => Number::from_f64(seconds),
        // The evidence says how many.
        Saving::Reruns { .. } => None,
    };
    wire::ImpactJson {
        kind: impact.kind.name().to_owned(),
        saves: impact.saves.and_then(amount),
        per: impact.per.name().to_owned(),
        basis: impact.basis.name().to_owned(),
        at_least: impact.is_least,
        evidence: OnlyWritten(impact.evidence.clone()),
    }
}

fn fix(report: &Report, fix: &Fix) -> wire::FixJson {
    let (safety, why_unsafe) = safety(&fix.safety);
    wire::FixJson {
        title: fix.title.clone(),
        safety: safety.to_owned(),
        why_unsafe: OnlyWritten(why_unsafe.map(str::to_owned)),
        edits: OnlyWritten(list(&fix.edits, |item| edit(report, item))),
        lines: fixed_lines(report, fix),
    }
}

/// The lines that a fix changes, before and after; `None` if it changes several files or many lines.
fn fixed_lines(report: &Report, fix: &Fix) -> Option<wire::LinesJson> {
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
    Some(wire::LinesJson { first, before: before.to_owned(), after })
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

fn edit(report: &Report, edit: &FileEdit) -> wire::EditJson {
    let (file, create, span) = match &edit.target {
        Target::File(file) => {
            let source = report.sources.get(file.0 as usize);
            (name(report, *file), false, source.map_or(edit.span, |source| source.original(edit.span)))
        }
        Target::New(path) => (path.clone(), true, edit.span),
    };
    wire::EditJson { file, create, start: span.start, end: span.end, text: edit.text.clone() }
}

pub(super) fn skipped(skipped: &[SkippedInput]) -> Vec<wire::SkippedJson> {
    list(skipped, |SkippedInput { what, why, remedy }| wire::SkippedJson {
        what: what.clone(),
        why: OnlyWritten(why.clone()),
        remedy: OnlyWritten(remedy.clone()),
    })
}

pub(super) fn problems(problems: &[ProblemReport]) -> Vec<wire::ProblemJson> {
    list(problems, |problem| wire::ProblemJson {
        file: problem.file.clone(),
        line: problem.place.map(|place| place.line),
        column: OnlyWritten(problem.place.map(|place| place.column)),
        error: problem.error,
        message: problem.message.clone(),
        help: OnlyWritten(problem.help.clone()),
    })
}

fn build<'a>(report: &'a Report, build: &'a BuildReport) -> impl Serialize {
    let rerun = build.rerun.as_ref().map(|rerun| {
        object! {
            first: step(&rerun.first),
            steps: list(&rerun.steps, step),
            copies: list(&rerun.copies, step),
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
        stages: list(&build.stages, |stage| {
            object! { name: &stage.name, base: &stage.base, line: stage.line, needed: stage.needed }
        }),
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
    let useless = list(&context.useless, |part| {
        object! { #[serde(flatten)] entry: entry(&part.entry), why: part.why, pattern: &part.pattern }
    });
    object! {
        root: &context.root,
        ignore_file: context.ignore_file.as_deref(),
        bytes: context.bytes,
        files: context.files,
        useless_bytes: context.useless_bytes,
        useless,
        secrets: list(&context.secrets, entry),
        largest: list(&context.largest, entry),
    }
}

fn entry(entry: &ContextListingEntry) -> impl Serialize {
    object! { path: &entry.path, bytes: entry.bytes, files: entry.files }
}
