//! The commands that go on from an audit, what helps most first.

use super::savings::{joined, savings};
use super::view::AuditView;
use crate::audit::{BuildReport, Report};
use crate::finding::{Basis, FileEdit, Finding, Impact, ImpactKind, Saving};
use crate::optimize::Offer;
use crate::report::layout::{Layout, TextStyle, push, quoted, width};
use crate::report::units::count;
use crate::text::{FileId, path};

/// A command, and what it does.
struct NextCommand {
    line: String,
    why: String,
}

/// The command that helps most, and others below it.
pub(super) fn next(report: &Report, view: &AuditView, layout: Layout) -> String {
    let root = std::iter::once(&report.root).chain(view.options).map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    let mut commands: Vec<NextCommand> = Vec::new();
    commands.extend(view.offer.map(|offer| optimize_command(report, offer, &root)));
    let fix = fix_command(report, &root, view.offer.is_some());
    let fixes_all = fix.as_ref().is_some_and(|command| command.line.contains(" --unsafe"));
    commands.extend(fix);
    if !fixes_all {
        commands.extend(compose_command(report));
    }
    if commands.is_empty()
        && let Some(finding) = report.findings.first()
    {
        let line = format!("dockopt explain {}", finding.rule);
        commands.push(NextCommand { line, why: "why it matters, and how to fix it".to_owned() });
    }
    commands.extend(price_commands(report, view, &root));
    written(&commands, layout)
}

fn written(commands: &[NextCommand], layout: Layout) -> String {
    // A long command has the reason below it, and does not push the reasons of the others to the right.
    let fits = |command: &&NextCommand| width(&command.line) * 2 <= layout.columns();
    let widest = commands.iter().filter(fits).map(|command| width(&command.line)).max().unwrap_or(0);
    let mut out = String::new();
    for (index, command) in commands.iter().enumerate() {
        let head = if index == 0 { layout.paint(TextStyle::Strong, "Next:") } else { "     ".to_owned() };
        let used = width(&command.line).max(if fits(&command) { widest } else { 0 });
        if 7 + used + 3 + width(&command.why) <= layout.columns() {
            let gap = " ".repeat(used - width(&command.line) + 3);
            out.push_str(&format!("{head}  {}{gap}{}\n", command.line, command.why));
        } else {
            out.push_str(&format!("{head}  {}\n", continued(&command.line, layout)));
            push(&mut out, &command.why, 11, layout, TextStyle::Plain);
        }
    }
    out
}

/// A command on as many lines as it takes, which a shell reads as one. A word is never broken: a command is copied.
fn continued(line: &str, layout: Layout) -> String {
    // With the blank and the backslash at the end of a line.
    let room = layout.columns().saturating_sub(11 + 2);
    if width(line) + 7 <= layout.columns() {
        return line.to_owned();
    }
    let mut lines: Vec<String> = Vec::new();
    for word in line.split(' ') {
        match lines.last_mut() {
            Some(last) if width(last) + 1 + width(word) <= room => last.push_str(&format!(" {word}")),
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!(" \\\n{}", " ".repeat(11)))
}

fn findings<'r>(report: &'r Report, indexes: &'r [usize]) -> impl Iterator<Item = &'r Finding> {
    indexes.iter().filter_map(|index| report.findings.get(*index))
}

fn optimize_command(report: &Report, offer: &Offer, root: &str) -> NextCommand {
    let line = format!("dockopt optimize {} --diff", build_words(report, offer, root));
    let saved = savings(findings(report, &offer.resolved));
    let gone = offer.before - offer.after;
    let removes = format!("removes {gone} of {}", count(offer.before as u64, "finding"));
    let why = if saved.is_empty() { removes } else { format!("saves {}; {removes}", joined(&saved)) };
    NextCommand { line, why }
}

/// What is typed for the build of an offer: what was typed already, where there is only one.
fn build_words(report: &Report, offer: &Offer, root: &str) -> String {
    if report.builds.len() == 1 {
        return root.to_owned();
    }
    let words = words_of(report, offer.dockerfile, offer.context.as_deref());
    let target = offer.target.as_ref().map(|target| format!(" --target {}", quoted(target))).unwrap_or_default();
    words + &target
}

/// What is typed for one of several builds: its folder, if that has no other.
fn words_of(report: &Report, dockerfile: FileId, context: Option<&str>) -> String {
    let name = |file: FileId| report.sources.get(file.0 as usize).map_or("Dockerfile", |source| source.name());
    let context = context.unwrap_or(".");
    let is_below = |build: &&BuildReport| path::is_within(name(build.dockerfile), context);
    let file = name(dockerfile);
    let is_alone = path::parent(file) == context
        && path::name(file) == "Dockerfile"
        && report.builds.iter().filter(is_below).count() == 1;
    let rest = if is_alone { String::new() } else { format!(" --file {}", quoted(file)) };
    quoted(context) + &rest
}

fn is_of_compose(finding: &Finding) -> bool {
    finding.rule.starts_with("compose-")
}

fn fix_command(report: &Report, root: &str, has_offer: bool) -> Option<NextCommand> {
    if !report.findings.iter().any(|finding| !is_of_compose(finding) && !finding.fixes.is_empty()) {
        return None;
    }
    let fixable = |safe: bool| distinct_fixes(report.findings.iter().filter(|finding| finding.has_safe_fix() || !safe));
    let (safe, risky) = (fixable(true), fixable(false));
    match (safe, risky) {
        (0, 0) => None,
        (0, _) if has_offer => None,
        (0, risky) => Some(NextCommand {
            line: format!("dockopt fix {root} --unsafe --diff"),
            why: format!("{} with a fix that may change the image", count(risky, "finding")),
        }),
        (safe, _) => Some(NextCommand {
            line: format!("dockopt fix {root} --diff"),
            why: format!("{} with a safe fix", count(safe, "finding")),
        }),
    }
}

/// How many of these findings `fix` fixes: builds that share a file may each have the same finding in it.
fn distinct_fixes<'f>(findings: impl Iterator<Item = &'f Finding>) -> u64 {
    let mut known: Vec<(&str, &[FileEdit])> = Vec::new();
    for finding in findings {
        let Some(fix) = finding.fixes.first() else { continue };
        let edits = (finding.rule, &fix.edits[..]);
        if !known.contains(&edits) {
            known.push(edits);
        }
    }
    known.len() as u64
}

fn compose_command(report: &Report) -> Option<NextCommand> {
    let fixable = distinct_fixes(report.findings.iter().filter(|finding| is_of_compose(finding)));
    let line = format!("dockopt compose fix {} --unsafe", quoted(&report.root));
    let why = format!("{} in compose files", count(fixable, "fixable finding"));
    (fixable > 0).then_some(NextCommand { line, why })
}

/// The commands that supply prices which are missing, or only usual ones.
fn price_commands(report: &Report, view: &AuditView, root: &str) -> Vec<NextCommand> {
    let mut commands = Vec::new();
    let lacks = |wanted: fn(&Impact) -> bool| report.findings.iter().filter_map(Report::price).any(wanted);
    if lacks(|impact| impact.kind == ImpactKind::RebuildSeconds && !matches!(impact.saves, Some(Saving::Seconds(_)))) {
        let line = format!("dockopt measure {}", measured_words(report, root));
        commands.push(NextCommand { line, why: "builds it to see how long a rebuild takes".to_owned() });
    }
    if !view.has_image && lacks(|impact| impact.basis == Basis::Typical && impact.saves.is_some()) {
        let line = format!("dockopt audit {root} --image IMAGE");
        commands.push(NextCommand { line, why: "replaces the sizes marked ~ by those in your image".to_owned() });
    }
    commands
}

/// What is typed for the build with the slowest rebuild.
fn measured_words(report: &Report, root: &str) -> String {
    if report.builds.len() == 1 {
        return root.to_owned();
    }
    let is_slow = |index: &usize| {
        let finding = report.findings.get(*index);
        finding.and_then(Report::price).is_some_and(|impact| impact.kind == ImpactKind::RebuildSeconds)
    };
    let slow = report.builds.iter().filter(|build| build.findings.iter().any(is_slow));
    let build: Option<&BuildReport> = slow.min_by_key(|build| build.importance);
    let context = build.and_then(|build| build.context.as_ref()).map(|context| &*context.root);
    build.map_or_else(|| root.to_owned(), |build| words_of(report, build.dockerfile, context))
}
