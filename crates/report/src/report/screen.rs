//! `audit` for people: per build what it is, what it sends, what a change reruns, what costs most, and what to do next.

mod next;
mod notes;
mod repeats;
mod savings;
mod summary;
mod view;

pub use self::view::{AuditView, FixCounts};

use std::collections::BTreeSet;

use self::notes::problems;
use super::layout::{Layout, Tone, clean, cut, pad, push, width};
use super::table::table;
use super::text::skipped;
use super::units::{bytes, count, hidden_rows, seconds};
use crate::audit::{BuildReport, BuildStep, CommitReruns, ContextReport, Report, Rerun};

/// Entries of the context that are listed without `--all`.
const PARTS: usize = 5;

/// The first screen.
pub fn audit(report: &Report, view: &AuditView, layout: Layout) -> String {
    let all = view.all;
    let mut out = problems(report, true, layout);
    let summary = summary::summary(report, layout, all);
    out.push_str(&summary.text);
    out.push_str(&summary::single_title(report, layout));
    let (mut hidden, mut is_counted) = (0, false);
    for build in summary::ordered(report) {
        let findings: Vec<usize> =
            build.findings.iter().copied().filter(|index| !summary.shown.contains(index)).collect();
        // What stands in the summary is all that there is to say of it.
        if findings.is_empty() && !summary.text.is_empty() && !all {
            hidden += 1;
            is_counted |= !build.findings.is_empty();
            continue;
        }
        out.push_str(&render_build(report, build, &findings, layout, all));
        out.push('\n');
    }
    if hidden > 0 {
        let text = match (hidden, is_counted) {
            (1, true) => "… 1 more build: its findings are counted above (--all)".to_owned(),
            (1, false) => "… 1 more build: nothing found (--all)".to_owned(),
            (_, true) => format!("… {hidden} more builds: their findings are counted above (--all)"),
            (_, false) => format!("… {hidden} more builds: nothing found (--all)"),
        };
        push(&mut out, &text, 0, layout, Tone::Dim);
        out.push('\n');
    }
    let of_builds: BTreeSet<usize> = report.builds.iter().flat_map(|build| build.findings.iter().copied()).collect();
    let is_elsewhere = |index: &usize| !of_builds.contains(index) && !summary.shown.contains(index);
    let elsewhere: Vec<usize> = (0..report.findings.len()).filter(is_elsewhere).collect();
    if !elsewhere.is_empty() {
        out.push_str(&layout.paint(Tone::Strong, "Other files"));
        out.push_str("\n\n");
        out.push_str(&table(report, None, &elsewhere, layout, all));
        out.push('\n');
    }
    if report.builds.is_empty() && report.read_problems().next().is_none() && report.findings.is_empty() {
        push(&mut out, &format!("no Dockerfile found under `{}`", clean(&report.root)), 0, layout, Tone::Plain);
    }
    out.push_str(&problems(report, false, layout));
    out.push_str(&notes::notes(report, layout, all));
    out.push_str(&skipped(report, layout));
    out.push_str(&next::next(report, view, layout));
    if out.ends_with("\n\n") {
        out.pop();
    }
    out
}

fn render_build(report: &Report, build: &BuildReport, findings: &[usize], layout: Layout, all: bool) -> String {
    let mut out = header(report, build, layout, all);
    if build.stages.is_empty() {
        out.push_str("\n  no FROM, so this file cannot be built on its own\n");
        if build.findings.is_empty() {
            return out;
        }
    }
    let mut facts = String::new();
    if let Some(context) = &build.context {
        facts.push_str(&parts(context, layout, all));
    }
    if let Some(rerun) = &build.rerun {
        push(&mut facts, &rerun_text(rerun), 2, layout, Tone::Plain);
    }
    if !facts.is_empty() {
        out.push('\n');
        out.push_str(&facts);
    }
    out.push('\n');
    if build.findings.is_empty() {
        let name = report.sources.get(build.dockerfile.0 as usize).map_or("", |source| source.name());
        // Without a context its ignore file may be what is wrong.
        let is_of_build = |file: &str| file == name || (build.context.is_none() && file.ends_with(".dockerignore"));
        let wrong = report.read_problems().any(|problem| is_of_build(&problem.file));
        out.push_str(match wrong {
            true => "  nothing else found\n",
            false if report.has_known_findings() => "  no new findings\n",
            false => "  nothing found\n",
        });
    } else {
        out.push_str(&table(report, Some(build.dockerfile), findings, layout, all));
    }
    out
}

fn header(report: &Report, build: &BuildReport, layout: Layout, all: bool) -> String {
    let columns = layout.columns();
    let name = report.sources.get(build.dockerfile.0 as usize).map_or("Dockerfile", |source| source.name());
    let name = layout.cut_path(&clean(name), columns).into_owned();
    let what = clean(&build_text(build)).into_owned();
    let context = build.context.as_ref().map(|context| context_text(context, all)).unwrap_or_default();
    let used_columns = width(&name) + 3 + width(&what);
    let mut out = layout.paint(Tone::Strong, &name);
    if used_columns + 3 + width(&context) <= columns {
        out.push_str(&format!("   {what}"));
        if !context.is_empty() {
            out.push_str(&format!("{}{context}", " ".repeat((columns - used_columns - width(&context)).min(10))));
        }
        out.push('\n');
        return out;
    }
    out.push('\n');
    push(&mut out, &what, 2, layout, Tone::Plain);
    if !context.is_empty() {
        push(&mut out, &context, 2, layout, Tone::Plain);
    }
    out
}

/// `Python (uv), 2 stages, 9 steps`.
pub(super) fn build_text(build: &BuildReport) -> String {
    let mut parts = build.projects.clone();
    parts.push(match build.stages.len() {
        0 => "no stages".to_owned(),
        stages => count(stages as u64, "stage"),
    });
    parts.push(count(u64::from(build.steps), "step"));
    parts.join(", ")
}

/// `sends 460 kB, 12 kB of it not needed`.
pub(super) fn context_text(context: &ContextReport, all: bool) -> String {
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
fn parts(context: &ContextReport, layout: Layout, all: bool) -> String {
    let limit = if all { usize::MAX } else { PARTS };
    let mut out = String::new();
    let listed = if is_worth(context.useless_bytes, all) { &context.useless[..] } else { &[] };
    if !listed.is_empty() {
        out.push_str("  Sent but not needed\n");
    }
    let visible = &listed[..listed.len().min(limit)];
    let sizes = visible.iter().map(|part| width(&bytes(part.entry.bytes))).max().unwrap_or(0);
    let room = layout.columns().saturating_sub(sizes + 6);
    let paths = visible.iter().map(|part| width(&part.entry.path)).max().unwrap_or(0).min(room);
    for part in visible {
        let size = bytes(part.entry.bytes);
        let path = clean(&part.entry.path);
        let path = pad(&layout.cut_path(&path, paths), paths);
        let why = layout.cut(part.why, room.saturating_sub(paths + 2)).into_owned();
        let why = if room > paths + 12 || layout.width.is_none() {
            format!("  {}", layout.paint(Tone::Dim, &why))
        } else {
            String::new()
        };
        let line = format!("    {}{size}  {path}{why}", " ".repeat(sizes - width(&size)));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push_str(&hidden_rows(listed.len(), visible.len(), 4));
    if !context.secrets.is_empty() {
        let paths: Vec<&str> = context.secrets.iter().take(limit).map(|entry| &*entry.path).collect();
        let more = context.secrets.len() - paths.len();
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let text = format!("Possible secrets in the build context: {}{more}", paths.join(", "));
        push(&mut out, &text, 2, layout, Tone::Warning);
    }
    out
}

fn rerun_text(rerun: &Rerun) -> String {
    let first = &rerun.first;
    let steps = match &rerun.steps[..] {
        [] | [_] => format!("step {}", first.number),
        steps if one_stage(steps) => format!("steps {}", ranges(steps)),
        steps => ranges_of_stages(steps),
    };
    let subject = match &rerun.example {
        Some(path) => format!("A change of {}", clean(path)),
        None => "A source change".to_owned(),
    };
    let text = cut(&clean(&first.text), 60).into_owned();
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
        if single { range } else { format!("{range} of {}", clean(stage)) }
    });
    parts.collect::<Vec<_>>().join(", ")
}
