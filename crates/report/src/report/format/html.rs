//! Findings as one HTML document: what matters first, then each file with its findings in the annotated source.

use std::collections::{BTreeMap, BTreeSet};

use super::ReportRun;
use super::github::remedy;
use super::item::{ReportItem, files, items};
use super::markdown::summary;
use crate::audit::{BuildReport, Report};
use crate::finding::{FileEdit, Finding, Fix, Mask, Safety, Target};
use crate::fix::Change;
use crate::report::excerpt::Excerpt;
use crate::report::layout::Layout;
use crate::report::page::{
    Block, Column, Page, Section, SourceExcerpt, Table, Text, TextKind, Tone, command, number, path, plain, toned,
};
use crate::report::screen::{build_text, context_text};
use crate::report::units::{bytes, count};
use crate::report::{patch, render, table};
use crate::text::{Source, Span};

/// Findings that are shown with their lines and fixes; of more, the ones that cost most. Together they stay below 3 MB.
const DETAILED: usize = 2_000;

/// Findings of the overview.
const FIRST: usize = 10;

/// Lines that are shown around those that a fix changes.
const AROUND: u32 = 2;

/// Lines from the first to the last that a fix changes.
const MOST_LINES: u32 = 60;

/// Bytes of the diff of a fix.
const LONGEST_DIFF: usize = 4_000;

pub(super) fn write(run: &ReportRun) -> String {
    render::html(&page(run))
}

fn page(run: &ReportRun) -> Page {
    let items = items(run.report);
    let anchors = anchors(&items);
    let mut page = Page::new(format!("dockopt {} {}", run.command, run.report.root));
    let order = by_rank(&items);
    page.push(overview(run, &items, &order[..order.len().min(FIRST)], &anchors));
    let detailed: BTreeSet<usize> = order.into_iter().take(DETAILED).collect();
    let mut by_file: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        by_file.entry(item.file).or_default().push(at);
    }
    for file in files(run.report) {
        let of_file = by_file.remove(file).unwrap_or_default();
        let build = run.report.builds.iter().find(|build| name(run.report, build) == file);
        if of_file.is_empty() && build.is_none() {
            continue;
        }
        let mut section = Section {
            about: plain(if of_file.is_empty() {
                "nothing found".to_owned()
            } else {
                count(of_file.len() as u64, "finding")
            }),
            ..Section::new(path(run.base.display_path(file)))
        };
        if let Some(build) = build {
            describe_build(&mut section, build);
        }
        let (with_lines, others): (Vec<usize>, Vec<usize>) = of_file.into_iter().partition(|at| detailed.contains(at));
        section.blocks.extend(with_lines.into_iter().map(|at| finding(run.report, &items[at], &anchors[at]).into()));
        if !others.is_empty() {
            section.push(toned(format!("{} without their lines, as there are many:", others.len()), Tone::Dim));
            section.push(rows(run, &others, &items, None));
        }
        page.push(section);
    }
    remarks(&mut page, run.report);
    page
}

fn name<'r>(report: &'r Report, build: &BuildReport) -> &'r str {
    report.sources.get(build.dockerfile.0 as usize).map_or("", |source| source.name())
}

/// The name of each finding in an address: its file, line and rule, and a number where these are the same.
fn anchors(items: &[ReportItem]) -> Vec<String> {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut anchors = Vec::with_capacity(items.len());
    for item in items {
        let anchor = format!("{}-{}-{}", item.file, item.start.line, item.rule);
        let number = numbers.entry(anchor.clone()).or_default();
        *number += 1;
        anchors.push(if *number == 1 { anchor } else { format!("{anchor}-{number}") });
    }
    anchors
}

fn rank(item: &ReportItem) -> f64 {
    item.finding.map_or(f64::MAX, Finding::rank)
}

/// The findings by index, those that cost most first.
fn by_rank(items: &[ReportItem]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|a, b| rank(&items[*b]).total_cmp(&rank(&items[*a])).then(a.cmp(b)));
    order
}

/// The verdict, the builds, and what to look at first.
fn overview(run: &ReportRun, items: &[ReportItem], first: &[usize], anchors: &[String]) -> Section {
    let is_good = items.is_empty();
    let mut section = Section::new("Overview");
    section.push(toned(summary(run, items), if is_good { Tone::Good } else { Tone::Strong }));
    let builds: Vec<Vec<Text>> = run.report.builds.iter().map(|build| build_row(run, build)).collect();
    if builds.len() > 1 {
        let columns = [Column::Path, Column::Words, Column::Right, Column::Right];
        section.push(Table::new(&columns, builds).with_head(&["build", "what", "sends", "findings"]));
    }
    if !first.is_empty() {
        section.push(Section::new("What matters most").with(rows(run, first, items, Some(anchors))));
    }
    section
}

fn build_row(run: &ReportRun, build: &BuildReport) -> Vec<Text> {
    let sent = build.context.as_ref().map(|context| bytes(context.bytes)).unwrap_or_default();
    vec![
        path(run.base.display_path(name(run.report, build))),
        plain(build.projects.join(", ")),
        number(sent),
        number(build.findings.len().to_string()),
    ]
}

fn describe_build(section: &mut Section, build: &BuildReport) {
    section.push(plain(build_text(build)));
    let Some(context) = &build.context else { return };
    section.push(plain(context_text(context, true)));
    let rows: Vec<Vec<Text>> = context
        .useless
        .iter()
        .map(|part| vec![number(bytes(part.entry.bytes)), path(&part.entry.path), toned(part.why, Tone::Dim)])
        .collect();
    if !rows.is_empty() {
        let table = Table::new(&[Column::Right, Column::Path, Column::Words], rows);
        section.push(Section::folded("Sent but not needed").with(table));
    }
}

/// Findings one per row; with a link to each that has a section of its own.
fn rows(run: &ReportRun, indexes: &[usize], items: &[ReportItem], anchors: Option<&[String]>) -> Table {
    let rows = indexes.iter().map(|at| {
        let item = &items[*at];
        let place = format!("{}:{}", run.base.display_path(item.file), item.start.line);
        let kind = anchors.map_or(TextKind::Path, |anchors| TextKind::Place(anchors[*at].clone()));
        vec![
            toned(item.severity.name(), Tone::of(item.severity)),
            Text::new(place, kind, Tone::Plain),
            plain(&*item.message).and_dim(format!(" [{}]", item.rule)),
            cost(item),
        ]
    });
    let columns = [Column::Left, Column::Path, Column::Words, Column::Right];
    Table::new(&columns, rows.collect()).with_head(&["severity", "place", "finding", "costs"])
}

fn cost(item: &ReportItem) -> Text {
    let price = item.finding.and_then(Report::price);
    price
        .map(|price| Text::new(table::cost(price), TextKind::Number(table::known_basis(price)), Tone::Plain))
        .unwrap_or_default()
}

/// A finding with its lines, what it costs and how it is repaired.
fn finding(report: &Report, item: &ReportItem, anchor: &str) -> Section {
    let place = format!("line {}: ", item.start.line);
    let title =
        toned(item.severity.name(), Tone::of(item.severity)).and_dim(format!(" {place}")).and(&*item.message).and(" ");
    let title = match &item.url {
        Some(url) => title.with(item.rule, TextKind::Link(url.clone()), Tone::Dim),
        None => title.and_code(item.rule),
    };
    let mut section = Section { anchor: Some(anchor.to_owned()), ..Section::new(title) };
    let source = item.finding.and_then(|finding| report.sources.get(finding.file.0 as usize));
    if let (Some(finding), Some(source)) = (item.finding, source) {
        let excerpt = Excerpt::new(source, &[finding.span]);
        let lines: Vec<String> = excerpt.text.lines().map(str::to_owned).collect();
        let last = source.line(finding.span.end.max(finding.span.start + 1) - 1);
        let marked = (excerpt.first_line..=last).take(lines.len()).collect();
        let excerpt = SourceExcerpt { file: String::new(), first_line: excerpt.first_line, lines, marked };
        section.push(excerpt);
    }
    section.blocks.extend(item.help.map(|help| plain(help).into()));
    let Some(finding) = item.finding else { return section };
    for impact in &finding.impact {
        let kind = TextKind::Number(table::known_basis(impact));
        let text = plain("costs ").with(table::cost(impact), kind, Tone::Strong);
        section.push(text.and_dim(format!(" ({})", impact.evidence)));
    }
    section.blocks.extend(finding.notes.iter().map(|note| toned(note, Tone::Dim).into()));
    section.blocks.extend(finding.fixes.first().map(|fix| Block::Section(fix_section(report, finding, fix))));
    section
}

/// What a fix does, as a diff, and the command that applies it.
fn fix_section(report: &Report, finding: &Finding, fix: &Fix) -> Section {
    let (flag, safety) = match &fix.safety {
        Safety::Safe => ("", "safe fix".to_owned()),
        Safety::Unsafe(why) => (" --unsafe", format!("unsafe fix: {why}")),
    };
    let mut section = Section::folded(plain(&fix.title).and_dim(format!(" ({safety})")));
    section.push(command(format!("dockopt fix --write{flag} --select {}", finding.rule)));
    section.blocks.extend(fix_diff(report, fix).map(Block::Diff));
    section
}

/// The lines that a fix changes, file by file; none where they are many.
fn fix_diff(report: &Report, fix: &Fix) -> Option<String> {
    let mut diff = String::new();
    for edits in fix.edits.chunk_by(|a, b| a.target == b.target) {
        let first = edits.first()?;
        let (name, before, after) = match &first.target {
            Target::File(file) => {
                let source = report.sources.get(file.0 as usize)?;
                let window = edited_lines(source, edits)?;
                let text = source.slice(window).to_owned();
                let mut after = text.clone();
                let mut edits: Vec<&FileEdit> = edits.iter().collect();
                edits.sort_by_key(|edit| std::cmp::Reverse((edit.span.start, edit.span.end)));
                for edit in edits {
                    let range = edit.span.start.checked_sub(window.start)?..edit.span.end.checked_sub(window.start)?;
                    after.get(range.start as usize..range.end as usize)?;
                    after.replace_range(range.start as usize..range.end as usize, &edit.text);
                }
                (format!("{}:{}", source.name(), source.line(window.start)), Some(text.into_bytes()), after)
            }
            Target::New(name) => (name.clone(), None, edits.iter().map(|edit| edit.text.as_str()).collect()),
        };
        let change = Change { name: name.clone(), target: first.target.clone(), before, after: after.into_bytes() };
        let bytes = patch::diff_of_file(&change, &Mask::default(), Layout::PLAIN);
        // Its head has names and numbers of a file that begins with these lines.
        let text = String::from_utf8_lossy(&bytes);
        diff.push_str(&format!("@@ {name} @@\n"));
        diff.extend(text.lines().filter(|line| !line.starts_with("@@")).skip(2).map(|line| format!("{line}\n")));
    }
    (!diff.is_empty() && diff.len() <= LONGEST_DIFF).then_some(diff)
}

/// The lines of edits with some around them.
fn edited_lines(source: &Source, edits: &[FileEdit]) -> Option<Span> {
    let first = edits.iter().map(|edit| source.line(edit.span.start)).min()?;
    let last = edits.iter().map(|edit| source.line(edit.span.end)).max()?;
    let end = source.line_span((last + AROUND).min(source.line(source.text().len() as u32)));
    let start = source.line_span(first.saturating_sub(AROUND).max(1)).start;
    (last - first <= MOST_LINES).then_some(Span::new(start, end.end))
}

/// What was skipped, and what else a reader should know.
fn remarks(page: &mut Page, report: &Report) {
    let skipped = report
        .skipped
        .iter()
        .map(|skip| plain("skipped ").and_code(&skip.what).and(format!(": {}{}", skip.why, remedy(&skip.remedy))));
    let items: Vec<Text> = skipped.chain(report.notices.iter().map(|notice| plain(&notice.text))).collect();
    if !items.is_empty() {
        page.push(Section::new("Notes").with(Block::List(items)));
    }
}
