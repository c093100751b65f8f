//! `audit` for people: per build what it is, what it sends, what a change reruns, what costs most, and what to do next.

mod next;
mod notes;
mod past;
mod repeats;
mod savings;
mod summary;
mod view;

pub use self::view::{AuditView, FixCounts};

use std::collections::{BTreeMap, BTreeSet};

use super::findings::{self, FindingDetails};
use super::format::ReportRun;
use super::layout::cut;
use super::page::{Block, Column, Medium, Page, Section, Table, Tone, number, path, plain, toned};
use super::table::table;
use super::units::{bytes, count, seconds};
use crate::audit::{BuildReport, BuildStep, CommitReruns, ContextReport, Report, Rerun, sort_for_page};
use crate::text::FileId;

/// Entries of the context that are listed without `--all`.
const PARTS: usize = 5;

/// The first screen; a document has the details of all findings too.
pub fn audit(run: &ReportRun, view: &AuditView, medium: Medium) -> Page {
    let report = run.report;
    let details = FindingDetails::new(run, medium);
    let next = Block::Commands(next::next(report, view));
    let mut page = Page::new(format!("dockopt audit {}", report.root));
    page.push_filled(details.problems(|problem| problem.error));
    let failing = notes::warnings(report, true);
    if !failing.is_empty() {
        page.push(Section::new("Does not work").with(Section::untitled(failing)));
    }
    let summary = summary::summary(&details, view.all);
    let has_summary = summary.section.is_some();
    let single_title = summary::single_title(report).map(Section::new);
    page.blocks.extend(summary.section.or(single_title).map(Block::Section));
    page.push(Block::Only(&[Medium::Html], vec![Section::new("Next").with(next.clone()).into()]));
    page.blocks.extend(summary.blocks);
    let mut files = FilesToShow::new(&details);
    let (mut hidden, mut is_counted) = (0, false);
    for build in summary::ordered(report) {
        let findings: Vec<usize> =
            build.findings.iter().copied().filter(|index| !summary.shown.contains(index)).collect();
        // What stands in the summary is all that there is to say of it.
        if findings.is_empty() && has_summary && !view.all {
            hidden += 1;
            is_counted |= !build.findings.is_empty();
            continue;
        }
        let mut section = build_section(&details, build, &findings, view.all);
        section.blocks.extend(files.take(build.dockerfile));
        page.push(section);
    }
    page.blocks.extend(hidden_builds(hidden, is_counted));
    let of_builds: BTreeSet<usize> = report.builds.iter().flat_map(|build| build.findings.iter().copied()).collect();
    let is_elsewhere = |index: &usize| !of_builds.contains(index) && !summary.shown.contains(index);
    let mut elsewhere: Vec<usize> = (0..report.findings.len()).filter(is_elsewhere).collect();
    sort_for_page(&mut elsewhere, &report.findings);
    if !elsewhere.is_empty() {
        page.push(Section::new("Other files").with(Section::untitled(table(&details, None, &elsewhere, view.all))));
    }
    page.blocks.extend(files.rest());
    if report.builds.is_empty() && report.read_problems().next().is_none() && report.findings.is_empty() {
        page.push(plain(format!("no Dockerfile found under `{}`", report.root)));
    }
    page.push_filled(Section::untitled(notes::warnings(report, false)));
    page.push_filled(notes::notes(report, view.all));
    let mut end = findings::notes(report, false);
    if medium == Medium::Terminal {
        end.push(next);
    }
    page.push_filled(end);
    page
}

/// The details of findings by file, each file once.
struct FilesToShow<'d> {
    details: &'d FindingDetails<'d>,
    files: BTreeMap<FileId, Vec<usize>>,
}

impl<'d> FilesToShow<'d> {
    fn new(details: &'d FindingDetails<'d>) -> Self {
        let mut files: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();
        if details.is_document() {
            for (index, finding) in details.run.report.findings.iter().enumerate() {
                files.entry(finding.file).or_default().push(index);
            }
        }
        Self { details, files }
    }

    /// Those in one file.
    fn take(&mut self, file: FileId) -> Vec<Block> {
        self.files.remove(&file).map(|indexes| self.details.blocks(&indexes)).unwrap_or_default()
    }

    /// A section for each other file.
    fn rest(self) -> Vec<Block> {
        self.files.into_values().map(|indexes| self.details.section(&indexes).into()).collect()
    }
}

/// How many builds have no section of their own.
fn hidden_builds(hidden: usize, is_counted: bool) -> Option<Block> {
    let text = match (hidden, is_counted) {
        (0, _) => return None,
        (1, true) => "… 1 more build: its findings are counted above (--all)".to_owned(),
        (1, false) => "… 1 more build: nothing found (--all)".to_owned(),
        (_, true) => format!("… {hidden} more builds: their findings are counted above (--all)"),
        (_, false) => format!("… {hidden} more builds: nothing found (--all)"),
    };
    Some(toned(text, Tone::Dim).into())
}

fn build_section(details: &FindingDetails, build: &BuildReport, findings: &[usize], all: bool) -> Section {
    let report = details.run.report;
    let name = report.sources.get(build.dockerfile.0 as usize).map_or("Dockerfile", |source| source.name());
    let mut section = Section {
        about: plain(build_text(build)),
        aside: build.context.as_ref().map(|context| plain(context_text(context, all))).unwrap_or_default(),
        ..Section::new(path(name))
    };
    if build.stages.is_empty() {
        let text = plain("no FROM, so this file cannot be built on its own");
        section.push(Section::untitled(vec![text.into()]));
        if build.findings.is_empty() {
            return section;
        }
    }
    let mut facts = build.context.as_ref().map(|context| parts(context, all)).unwrap_or_default();
    facts.extend(build.rerun.as_ref().map(|rerun| plain(rerun_text(rerun)).into()));
    if !facts.is_empty() {
        section.push(Section::untitled(facts));
    }
    section.push(Section::untitled(if build.findings.is_empty() {
        vec![plain(nothing_found(report, build, name)).into()]
    } else {
        table(details, Some(build.dockerfile), findings, all)
    }));
    if details.is_document() {
        section.blocks.extend(build.past.iter().flat_map(past::sections));
    }
    section
}

fn nothing_found(report: &Report, build: &BuildReport, name: &str) -> &'static str {
    // Without a context its ignore file may be what is wrong.
    let is_of_build = |file: &str| file == name || (build.context.is_none() && file.ends_with(".dockerignore"));
    if report.read_problems().any(|problem| is_of_build(&problem.file)) {
        return "nothing else found";
    }
    if report.has_known_findings() { "no new findings" } else { "nothing found" }
}

/// `Python (uv), 2 stages, 9 steps`.
fn build_text(build: &BuildReport) -> String {
    let mut parts = build.projects.clone();
    parts.push(match build.stages.len() {
        0 => "no stages".to_owned(),
        stages => count(stages as u64, "stage"),
    });
    parts.push(count(u64::from(build.steps), "step"));
    parts.join(", ")
}

/// `sends 460 kB, 12 kB of it not needed`.
fn context_text(context: &ContextReport, all: bool) -> String {
    let sent = format!("sends {}", bytes(context.bytes));
    match context.useless_bytes {
        useless if is_worth(useless, all) => format!("{sent}, {} of it not needed", bytes(useless)),
        _ => sent,
    }
}

/// A few unneeded bytes are shown only with `--all`.
const fn is_worth(useless: u64, all: bool) -> bool {
    useless >= 100_000 || (all && useless > 0)
}

/// The largest parts of the context that no build needs, and the files in it that look like secrets.
fn parts(context: &ContextReport, all: bool) -> Vec<Block> {
    let limit = if all { usize::MAX } else { PARTS };
    let mut blocks = Vec::new();
    let listed = if is_worth(context.useless_bytes, all) { &context.useless[..] } else { &[] };
    let rows = listed
        .iter()
        .take(limit)
        .map(|part| vec![number(bytes(part.entry.bytes)), path(&part.entry.path), toned(part.why, Tone::Dim)]);
    let table = Table::new(&[Column::Right, Column::Path, Column::Words], rows.collect()).of(listed.len());
    if !listed.is_empty() {
        let title = Section { is_tight: true, ..Section::new("Sent but not needed") };
        blocks.push(title.with(table).into());
    }
    if !context.secrets.is_empty() {
        let paths: Vec<&str> = context.secrets.iter().take(limit).map(|entry| &*entry.path).collect();
        let more = context.secrets.len() - paths.len();
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let text = format!("Possible secrets in the build context: {}{more}", paths.join(", "));
        blocks.push(toned(text, Tone::Warning).into());
    }
    blocks
}

fn rerun_text(rerun: &Rerun) -> String {
    let first = &rerun.first;
    let steps = match &rerun.steps[..] {
        [] | [_] => format!("step {}", first.number),
        steps if one_stage(steps) => format!("steps {}", ranges(steps)),
        steps => ranges_of_stages(steps),
    };
    let subject = match &rerun.example {
        Some(path) => format!("A change of {path}"),
        None => "A source change".to_owned(),
    };
    let text = cut(&first.text, 60);
    let copies = match &rerun.copies[..] {
        [] => String::new(),
        copies => format!("; if that changes the copied files, also {}", ranges_of_stages(copies)),
    };
    let about = match (rerun.is_partly_timed, rerun.is_at_most) {
        (false, false) => "≈",
        (true, false) => "at least",
        (false, true) => "at most",
        (true, true) => "about",
    };
    let time = rerun.seconds.map(|time| format!(" ({about} {}, measured)", seconds(time))).unwrap_or_default();
    let commits = match rerun.commits {
        Some(CommitReruns { first, of, later }) if of > 0 => {
            let later = later.map(|(line, reruns)| format!(", line {line} in {reruns}")).unwrap_or_default();
            format!("; line {} reruns in {first} of {}{later}", rerun.first.line, count(of.into(), "commit"))
        }
        _ => String::new(),
    };
    format!("{subject} reruns {steps}{time}, from line {} `{text}`{copies}{commits}", first.line)
}

fn one_stage(steps: &[BuildStep]) -> bool {
    steps.windows(2).all(|pair| pair[0].stage == pair[1].stage)
}

/// `3–7`, or by stage where there are several: `3–7 of builder, 4–5 of stage-1`.
fn ranges(steps: &[BuildStep]) -> String {
    ranges_named(steps, one_stage(steps))
}

/// As [`ranges`], the stage always named.
fn ranges_of_stages(steps: &[BuildStep]) -> String {
    ranges_named(steps, false)
}

fn ranges_named(steps: &[BuildStep], single: bool) -> String {
    let mut ranges: Vec<(&str, u32, u32)> = Vec::new();
    for step in steps {
        match ranges.last_mut() {
            Some((stage, _, last)) if *stage == step.stage && *last + 1 == step.number => *last = step.number,
            _ => ranges.push((&step.stage, step.number, step.number)),
        }
    }
    let parts = ranges.iter().map(|&(stage, first, last)| {
        let range = if first == last { first.to_string() } else { format!("{first}–{last}") };
        if single { range } else { format!("{range} of {stage}") }
    });
    parts.collect::<Vec<_>>().join(", ")
}
