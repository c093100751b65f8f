//! `lint` for people: each finding with its source, and one line at the end.

use std::borrow::Cow;

use rayon::prelude::*;

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use super::excerpt::Excerpt;
use super::layout::{Layout, Tone, clean, cut_path, wrap};
use super::table;
use super::units::count;
use crate::audit::{ProblemReport, Report};
use crate::finding::{Finding, Label, Safety, Severity};
use crate::text::{LineColumn, Source, Span};

/// All findings, problems and skips, and a summary.
pub fn lint(report: &Report, layout: Layout) -> String {
    lint_part(report, report, layout)
}

/// A part of the findings, with the summary of all.
pub(super) fn lint_part(report: &Report, whole: &Report, layout: Layout) -> String {
    let mut out = String::new();
    out.push_str(&problems(report, layout));
    // To draw a finding takes longer than to find it.
    out.extend(
        report.findings.par_iter().map(|finding| render_finding(report, finding, layout) + "\n\n").collect::<Vec<_>>(),
    );
    out.push_str(&skipped(report, layout));
    out.push_str(&summary(whole, layout));
    out
}

/// What is wrong with the inputs, each with its place and remedy.
pub fn problems(report: &Report, layout: Layout) -> String {
    report.read_problems().map(|read_problem| problem(&report.sources, read_problem, layout)).collect()
}

/// One problem.
pub fn problem(sources: &[Source], problem: &ProblemReport, layout: Layout) -> String {
    let level = if problem.error { Level::ERROR } else { Level::WARNING };
    let text = lines(&problem.message, layout, 9);
    let title = level.primary_title(text);
    let mut elements: Vec<Element> = Vec::new();
    let source = sources.iter().find(|source| source.name() == problem.file);
    match (source, problem.place) {
        (Some(source), Some(place)) => excerpt(&mut elements, source, &[rest_of_line(source, place)], &[], layout),
        _ => elements.push(origin(&problem.file, problem.place, layout).into()),
    }
    if let Some(help) = &problem.help {
        elements.push(Level::HELP.message(lines(help, layout, 12)).into());
    }
    renderer(layout).render(&[title.elements(elements)]) + "\n\n"
}

/// One finding.
fn render_finding(report: &Report, finding: &Finding, layout: Layout) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
        Severity::Style => Level::NOTE.with_name("style"),
    };
    let url = crate::rules::find(finding.rule).map(crate::rules::Rule::url);
    let indent = finding.severity.name().len() + finding.rule.len() + 4;
    // Beside a long name there may be no room left for words: the terminal breaks the line then.
    let narrow = layout.width.is_some_and(|width| width < indent + 20);
    let message =
        if narrow { clean(&clip(&finding.message)).into_owned() } else { lines(&finding.message, layout, indent) };
    let title = level.primary_title(message).id(finding.rule);
    let title = match &url {
        Some(url) => title.id_url(url.clone()),
        None => title,
    };
    let mut elements: Vec<Element> = Vec::new();
    if let Some(source) = report.sources.get(finding.file.0 as usize) {
        let spans: Vec<_> =
            std::iter::once(finding.span).chain(finding.labels.iter().map(|label| label.span)).collect();
        excerpt(&mut elements, source, &spans, &finding.labels, layout);
    }
    let mut notes: Vec<(Level, String)> = Vec::new();
    notes.extend(finding.help.iter().map(|help| (Level::HELP, help.clone())));
    for impact in &finding.impact {
        let text = match impact.saves {
            Some(_) => format!("{} ({}: {})", table::cost(impact), impact.basis.name(), impact.evidence),
            None => format!("{} ({})", table::cost(impact), impact.evidence),
        };
        notes.push((Level::NOTE.with_name("costs"), text));
    }
    notes.extend(finding.notes.iter().map(|note| (Level::NOTE, note.clone())));
    notes.extend(finding.fixes.first().map(|fix| (Level::HELP.with_name("fix"), offer(&fix.title, &fix.safety))));
    notes.extend(url.map(|url| (Level::NOTE.with_name("see"), url)));
    for (level, text) in notes {
        elements.push(level.message(lines(&text, layout, 12)).into());
    }
    renderer(layout).render(&[title.elements(elements)])
}

fn offer(title: &str, safety: &Safety) -> String {
    match safety {
        Safety::Safe => format!("{title} (safe: `dockopt fix`)"),
        Safety::Unsafe(why) => format!("{title} (unsafe: {why}; `dockopt fix --unsafe`)"),
    }
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

/// The first span with the lines around it; a label for each of the others.
fn excerpt<'a>(elements: &mut Vec<Element<'a>>, source: &Source, spans: &[Span], labels: &'a [Label], layout: Layout) {
    let excerpt = Excerpt::new(source, spans);
    let mut snippet = Snippet::source(excerpt.text).line_start(excerpt.first_line as usize);
    if excerpt.clipped || source.text().is_empty() {
        let place = spans.first().map(|span| source.line_column(span.start));
        elements.push(origin(source.name(), place, layout).into());
    } else {
        snippet = snippet.path(path(source.name(), layout));
    }
    for (index, place) in excerpt.places.into_iter().enumerate() {
        let Some(place) = place else { continue };
        let annotation = match index {
            0 => AnnotationKind::Primary.span(place),
            _ => AnnotationKind::Context.span(place).label(labels.get(index - 1).map(|label| clean(&label.text))),
        };
        snippet = snippet.annotation(annotation);
    }
    if !source.text().is_empty() {
        elements.push(snippet.into());
    }
}

fn path(file: &str, layout: Layout) -> String {
    // Where a width is known somebody looks; a file that is read by a program keeps its whole path.
    let room = layout.width.map_or(usize::MAX, |width| width.saturating_sub(16).max(12));
    cut_path(&clean(file), room).into_owned()
}

fn origin(file: &str, place: Option<LineColumn>, layout: Layout) -> Origin<'static> {
    let origin = Origin::path(path(file, layout));
    match place {
        Some(place) => origin.line(place.line as usize).char_column(place.column as usize),
        None => origin,
    }
}

/// Wrapped, when somebody looks; `indent` columns are taken before each line.
fn lines(text: &str, layout: Layout, indent: usize) -> String {
    let text = clean(clip(text).as_ref()).into_owned();
    match layout.width {
        Some(width) => wrap(&text, width.saturating_sub(indent).max(20)).join("\n"),
        None => text,
    }
}

/// Bytes of a message that are shown: it may quote a name of megabytes.
const LONGEST: usize = 4_000;

pub(super) fn clip(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return text.into();
    }
    format!("{}…", &text[..text.floor_char_boundary(LONGEST)]).into()
}

fn renderer(layout: Layout) -> Renderer {
    let renderer = if layout.colour { Renderer::styled() } else { Renderer::plain() };
    renderer.term_width(layout.width.unwrap_or(140).max(30))
}

/// Notices and what could not be looked at, for where a format has no place for them.
pub fn remarks(report: &Report) -> String {
    let notices = report.notices.iter().map(|notice| format!("{}\n", clean(&notice.text)));
    notices.collect::<String>() + &skipped(report, Layout::PLAIN)
}

/// What could not be looked at, one line per reason.
pub(super) fn skipped(report: &Report, layout: Layout) -> String {
    let mut groups: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for skip in &report.skipped {
        let group = groups.iter_mut().find(|group| group.0 == skip.why && group.1 == skip.remedy);
        match group {
            Some(group) => group.2.push(&skip.what),
            None => groups.push((&skip.why, &skip.remedy, vec![&skip.what])),
        }
    }
    let mut out = String::new();
    for (why, remedy, what) in groups {
        let remedy = if remedy.is_empty() { String::new() } else { format!("; {remedy}") };
        let rules = count(what.len() as u64, "rule");
        let is_rule = what.iter().all(|name| crate::rules::find(name).is_some());
        let text = if is_rule {
            format!("skipped {rules} ({}): {why}{remedy}", what.join(", "))
        } else {
            format!("skipped {}: {why}{remedy}", what.join(", "))
        };
        let indent = layout.width.map_or(0, |_| 2);
        for (index, line) in lines(&text, layout, indent).lines().enumerate() {
            out.push_str(&layout.paint(Tone::Dim, &format!("{}{line}", if index > 0 { "  " } else { "" })));
            out.push('\n');
        }
    }
    out
}

fn summary(report: &Report, layout: Layout) -> String {
    let files = count(report.sources.len() as u64, "file");
    let problems = match report.read_problems().filter(|problem| problem.error).count() {
        0 => String::new(),
        errors => format!("; {} with the input", count(errors as u64, "problem")),
    };
    let hidden = match report.suppressed.len() {
        0 => String::new(),
        hidden => format!("; {hidden} hidden by comments or settings"),
    };
    if report.findings.is_empty() {
        let result = if report.has_known_findings() { "no new findings" } else { "nothing found" };
        return lines(&format!("{result} in {files}{hidden}{problems}"), layout, 0) + "\n";
    }
    let mut parts = Vec::new();
    for severity in [Severity::Error, Severity::Warning, Severity::Info, Severity::Style] {
        let count_of_severity = report.findings.iter().filter(|finding| finding.severity == severity).count() as u64;
        match (count_of_severity, severity) {
            (0, _) => {}
            (_, Severity::Error | Severity::Warning) => parts.push(count(count_of_severity, severity.name())),
            _ => parts.push(format!("{count_of_severity} {}", severity.name())),
        }
    }
    let findings = count(report.findings.len() as u64, "finding");
    let safe = |finding: &&Finding| finding.fixes.iter().any(|fix| fix.safety == Safety::Safe);
    let fixable = report.findings.iter().filter(safe).count();
    let hint = match fixable {
        0 => String::new(),
        fixable => format!("; {fixable} with a safe fix: `dockopt fix`"),
    };
    lines(&format!("{findings} in {files}: {}{hint}{hidden}{problems}", parts.join(", ")), layout, 0) + "\n"
}
