//! The commands that go on from an audit, what helps most first.

use std::collections::BTreeMap;

use super::view::AuditView;
use crate::audit::{BuildReport, Report};
use crate::finding::{Basis, CostFrequency, Finding, Impact, ImpactKind, Safety, Saving};
use crate::optimize::Offer;
use crate::report::layout::{Layout, TextStyle, push, quoted, width};
use crate::report::table;
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
    let best = best_offer(report, view.offers);
    let mut commands: Vec<NextCommand> = Vec::new();
    commands.extend(best.map(|offer| optimize_command(report, offer, &root)));
    commands.extend(fix_command(report, &root, best.is_some()));
    commands.extend(compose_command(report));
    if commands.is_empty()
        && let Some(finding) = report.findings.first()
    {
        let line = format!("dockopt explain {}", finding.rule);
        commands.push(NextCommand { line, why: "why it matters, and how to fix it".to_owned() });
    }
    commands.extend(price_commands(report, &root));
    written(&commands, layout)
}

fn written(commands: &[NextCommand], layout: Layout) -> String {
    let is_beside = |command: &&NextCommand, widest: usize| 7 + widest + 3 + width(&command.why) <= layout.columns();
    let beside: Vec<&NextCommand> =
        commands.iter().filter(|command| is_beside(command, width(&command.line))).collect();
    let widest = beside.iter().map(|command| width(&command.line)).max().unwrap_or(0);
    let widest = if beside.iter().all(|command| is_beside(command, widest)) { widest } else { 0 };
    let mut out = String::new();
    for (index, command) in commands.iter().enumerate() {
        let head = if index == 0 { layout.paint(TextStyle::Strong, "Next:") } else { "     ".to_owned() };
        let used = width(&command.line);
        if is_beside(&command, used) {
            let gap = " ".repeat(widest.saturating_sub(used) + 3);
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

/// The offer that is worth most, if it is worth more than the safe fixes of its build.
fn best_offer<'o>(report: &Report, offers: &'o [Offer]) -> Option<&'o Offer> {
    let worth = |offer: &Offer| findings(report, &offer.resolved).map(Finding::rank).sum::<f64>();
    let is_more = |offer: &&Offer| findings(report, &offer.resolved).any(|finding| !is_fixed(finding, true));
    offers.iter().filter(is_more).max_by(|a, b| worth(a).total_cmp(&worth(b)))
}

fn findings<'r>(report: &'r Report, indexes: &'r [usize]) -> impl Iterator<Item = &'r Finding> {
    indexes.iter().filter_map(|index| report.findings.get(*index))
}

/// Whether the first fix of a finding is safe, or unsafe.
fn is_fixed(finding: &Finding, safe: bool) -> bool {
    finding.fixes.first().is_some_and(|fix| (fix.safety == Safety::Safe) == safe)
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

/// `a`, `a and b`, `a, b and c`.
fn joined(parts: &[String]) -> String {
    match parts {
        [parts @ .., last] if !parts.is_empty() => format!("{} and {last}", parts.join(", ")),
        _ => parts.concat(),
    }
}

/// What findings cost together, each kind of cost once. A kind without any amount is named.
pub(super) fn savings<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<String> {
    let mut sums: BTreeMap<(ImpactKind, CostFrequency), Impact> = BTreeMap::new();
    let mut unknown: Vec<Impact> = Vec::new();
    for impact in findings.filter_map(Report::price) {
        match impact.saves {
            None => unknown.push(impact.clone()),
            Some(Saving::Reruns { reruns: 0, .. }) => {}
            Some(_) => {
                let sum = sums.entry((impact.kind, impact.per));
                sum.and_modify(|sum| add(sum, impact)).or_insert_with(|| impact.clone());
            }
        }
    }
    let mut texts: Vec<String> = sums.values().map(table::cost).collect();
    for impact in unknown.iter().filter(|impact| !sums.keys().any(|(kind, _)| *kind == impact.kind)) {
        let text = table::cost(impact);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// Adds one price of a kind to others of the same kind.
fn add(sum: &mut Impact, impact: &Impact) {
    if impact.basis == Basis::Typical {
        sum.basis = Basis::Typical;
    }
    sum.saves = match (sum.saves, impact.saves) {
        (Some(Saving::Bytes(a)), Some(Saving::Bytes(b))) => Some(Saving::Bytes(a.saturating_add(b))),
        (Some(Saving::Seconds(a)), Some(Saving::Seconds(b))) => Some(Saving::Seconds(a + b)),
        // The same commit may rerun both.
        (Some(Saving::Reruns { reruns: a, builds }), Some(Saving::Reruns { reruns: b, .. })) => {
            Some(Saving::Reruns { reruns: a.max(b), builds })
        }
        (Some(Saving::Reruns { .. }), other) => other,
        (known, _) => known,
    };
}

fn is_of_compose(finding: &Finding) -> bool {
    finding.rule.starts_with("compose-")
}

fn fix_command(report: &Report, root: &str, has_offer: bool) -> Option<NextCommand> {
    let fixable = |safe: bool| {
        let fixed = report.findings.iter().filter(|finding| is_fixed(finding, safe) && !is_of_compose(finding));
        fixed.count() as u64
    };
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

fn compose_command(report: &Report) -> Option<NextCommand> {
    let fixable = report.findings.iter().filter(|finding| is_of_compose(finding) && !finding.fixes.is_empty()).count();
    let line = format!("dockopt compose fix {} --unsafe", quoted(&report.root));
    let why = format!("{} in compose files", count(fixable as u64, "fixable finding"));
    (fixable > 0).then_some(NextCommand { line, why })
}

/// The commands that supply prices which are missing, or only usual ones.
fn price_commands(report: &Report, root: &str) -> Vec<NextCommand> {
    let mut commands = Vec::new();
    let lacks = |wanted: fn(&Impact) -> bool| report.findings.iter().filter_map(Report::price).any(wanted);
    if lacks(|impact| impact.kind == ImpactKind::RebuildSeconds && !matches!(impact.saves, Some(Saving::Seconds(_)))) {
        let line = format!("dockopt measure {}", measured_words(report, root));
        commands.push(NextCommand { line, why: "builds it to see how long a rebuild takes".to_owned() });
    }
    if lacks(|impact| impact.basis == Basis::Typical && impact.saves.is_some()) {
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
    let build: Option<&BuildReport> = report.builds.iter().find(|build| build.findings.iter().any(is_slow));
    let context = build.and_then(|build| build.context.as_ref()).map(|context| &*context.root);
    build.map_or_else(|| root.to_owned(), |build| words_of(report, build.dockerfile, context))
}
