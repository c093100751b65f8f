//! The commands that go on from an audit, what helps most first.

use std::collections::BTreeSet;

use super::savings::saved_sentence;
use super::summary::ordered;
use super::view::{AuditView, FixCounts};
use crate::audit::Offer;
use crate::audit::{BuildReport, Importance, Report, is_urgent};
use crate::finding::{Basis, Finding, Impact, ImpactKind, Saving, Severity};
use crate::report::layout::quoted;
use crate::report::page::NextCommand;
use crate::report::units::count;
use crate::text::{FileId, path};

/// Bytes whose exact number is worth a command of its own.
const WORTH_A_LOOK: u64 = 1_000_000;

/// The command that helps most, and others below it.
pub(super) fn next(report: &Report, view: &AuditView) -> Vec<NextCommand> {
    let root = std::iter::once(&report.root).chain(view.options).map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
    let mut commands: Vec<NextCommand> = Vec::new();
    commands.extend(refusal_command(report, &root));
    commands.extend(explain_command(report, view.offer));
    commands.extend(view.offer.map(|offer| optimize_command(report, offer, &root)));
    commands.extend(fix_commands(view, &root));
    if commands.is_empty()
        && let Some(finding) = report.findings.first()
    {
        let line = format!("dockopt explain {}", finding.rule);
        commands
            .push(NextCommand { line, why: "explains why the first finding matters, and how to fix it".to_owned() });
    }
    commands.extend(price_commands(report, view, &root));
    if commands.is_empty() {
        commands.extend(image_commands(report, view, &root));
    }
    commands
}

/// What shows why the builder refuses the most important build that it refuses.
fn refusal_command(report: &Report, root: &str) -> Option<NextCommand> {
    let name = |build: &BuildReport| report.sources.get(build.dockerfile.0 as usize).map_or("", |source| source.name());
    let refusal = |build: &BuildReport| {
        let mut problems = report.problems.iter().filter(|problem| !problem.unread && problem.file == name(build));
        // A missing source may be created before the build, which cannot be known here.
        problems.clone().find(|problem| problem.error).or_else(|| problems.find(|problem| is_of_source(problem.code)))
    };
    // The rule says what the problem says, and more.
    let excluded = |build: &BuildReport| {
        let mut findings = build.findings.iter().filter_map(|index| report.findings.get(*index));
        findings.find(|finding| finding.rule == "ignored-copy-source" && finding.severity == Severity::Error)
    };
    let is_refused = |build: &&BuildReport| refusal(build).is_some() || excluded(build).is_some();
    let build = ordered(report).into_iter().find(is_refused)?;
    let (file, line, is_of_source) = match (excluded(build), refusal(build)) {
        (Some(finding), _) => {
            let source = report.sources.get(finding.file.0 as usize)?;
            (source.name(), Some(source.line(finding.span.start)), true)
        }
        (None, problem) => {
            let problem = problem?;
            (&*problem.file, problem.place.map(|place| place.line), is_of_source(problem.code))
        }
    };
    let place = format!("{file}{}", line.map(|line| format!(":{line}")).unwrap_or_default());
    let context = build.context.as_ref().map(|context| &*context.root);
    if is_of_source && context.is_some() {
        let words =
            if report.builds.len() == 1 { root.to_owned() } else { words_of(report, build.dockerfile, context) };
        let line = format!("dockopt context ls {words}");
        return Some(NextCommand {
            line,
            why: format!("shows what is sent to the builder: {place} copies what is not there"),
        });
    }
    let line = format!("dockopt lint {}", quoted(file));
    Some(NextCommand { line, why: format!("shows why the builder refuses {place}") })
}

/// Whether a problem is that COPY or ADD names a file which the builder does not get.
fn is_of_source(code: &str) -> bool {
    matches!(code, "source-missing" | "source-excluded")
}

/// Where nothing is found, what the files do not show.
fn image_commands(report: &Report, view: &AuditView, root: &str) -> Vec<NextCommand> {
    let Some(build) = ordered(report).into_iter().find(|build| can_run(report, build)) else { return Vec::new() };
    let context = build.context.as_ref().map(|context| &*context.root);
    let words = if report.builds.len() == 1 { root.to_owned() } else { words_of(report, build.dockerfile, context) };
    let mut commands = vec![NextCommand {
        line: format!("dockopt measure {words}"),
        why: "runs builds to see how long a build and a rebuild take".to_owned(),
    }];
    if !view.has_image {
        let line = format!("dockopt audit {root} --image auto");
        commands.push(NextCommand { line, why: "also checks the image, if it is built".to_owned() });
    }
    commands
}

/// What to read of the first urgent findings that no command repairs.
fn explain_command(report: &Report, offer: Option<&Offer>) -> Option<NextCommand> {
    let is_resolved = |index: &usize| offer.is_some_and(|offer| offer.resolved.contains(index));
    let is_open =
        |(index, finding): &(usize, &Finding)| is_urgent(finding) && finding.fixes.is_empty() && !is_resolved(index);
    let (_, first) = report.findings.iter().enumerate().find(is_open)?;
    let same = report.findings.iter().enumerate().filter(|(_, finding)| finding.rule == first.rule);
    let others = same.filter(is_open).count() - 1;
    let source = report.sources.get(first.file.0 as usize)?;
    let place = format!("{}:{}", source.name(), source.line(first.span.start));
    let more = if others == 0 { String::new() } else { format!(" and {others} more") };
    let why = format!("explains how to repair {place}{more} by hand");
    Some(NextCommand { line: format!("dockopt explain {}", first.rule), why })
}

fn optimize_command(report: &Report, offer: &Offer, root: &str) -> NextCommand {
    let line = format!("dockopt optimize {} --diff", build_words(report, offer, root));
    let savings = saved_sentence(report, &offer.resolved);
    let gone = offer.before - offer.after;
    let removes = format!("removes {gone} of {}", count(offer.before as u64, "finding"));
    let others = match builds_with_same_steps(report, offer) {
        0 => String::new(),
        1 => "; another build has the same step, and has to change too".to_owned(),
        others => format!("; {others} other builds have the same step, and have to change too"),
    };
    let saves = if savings.is_empty() { String::new() } else { format!("{savings}, and ") };
    let of = match &ordered(report)[..] {
        [] | [_] => "",
        [first, ..] if first.dockerfile == offer.dockerfile => " of the first build",
        _ => " of this build",
    };
    let why = format!("shows a rewrite{of} that {saves}{removes}");
    NextCommand { line, why: why + &others }
}

/// Builds with a step that the rewrite improves in the build that it is offered for.
fn builds_with_same_steps(report: &Report, offer: &Offer) -> usize {
    let first = |index: &usize| *report.shared_steps.get(index).unwrap_or(index);
    let resolved: BTreeSet<usize> = offer.resolved.iter().map(first).collect();
    let same = report.shared_steps.iter().flat_map(|(index, known)| [(*index, *known), (*known, *known)]);
    let files = same.filter(|(_, known)| resolved.contains(known));
    let files: BTreeSet<FileId> =
        files.filter_map(|(index, _)| report.findings.get(index)).map(|finding| finding.file).collect();
    files.iter().filter(|file| **file != offer.dockerfile).count()
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

fn fix_commands(view: &AuditView, root: &str) -> Vec<NextCommand> {
    let FixCounts { safe, all } = view.fixes;
    let mut commands = Vec::new();
    if safe > 0 {
        let line = format!("dockopt fix {root} --diff");
        commands.push(NextCommand { line, why: format!("shows the safe fixes of {}", count(safe, "finding")) });
    }
    if all > safe {
        let line = format!("dockopt fix {root} --unsafe --diff");
        let (also, of) = match safe {
            0 => ("", count(all, "finding")),
            _ => ("also ", count(all - safe, "more finding")),
        };
        commands.push(NextCommand { line, why: format!("{also}shows the unsafe fixes of {of}") });
    }
    commands
}

/// The commands that supply prices which are missing, or only usual ones.
fn price_commands(report: &Report, view: &AuditView, root: &str) -> Vec<NextCommand> {
    let mut commands = Vec::new();
    if let Some(words) = words_of_slowest(report, root) {
        let line = format!("dockopt measure {words}");
        commands.push(NextCommand { line, why: "runs builds to see how long a rebuild takes".to_owned() });
    }
    let is_usual = |impact: &Impact| {
        impact.basis == Basis::Typical && matches!(impact.saves, Some(Saving::Bytes(size)) if size >= WORTH_A_LOOK)
    };
    if !view.has_image && report.findings.iter().filter_map(Report::price).any(is_usual) {
        let line = format!("dockopt audit {root} --image auto");
        commands.push(NextCommand {
            line,
            why: "replaces the sizes marked ~ with those of your image, if it is built".to_owned(),
        });
    }
    commands
}

/// What is typed for the most important build with a rebuild whose time is not known; `None` if no such build can run.
fn words_of_slowest(report: &Report, root: &str) -> Option<String> {
    let is_unknown = |index: &usize| {
        let impact = report.findings.get(*index).and_then(Report::price);
        impact.is_some_and(|impact| {
            impact.kind == ImpactKind::RebuildSeconds && !matches!(impact.saves, Some(Saving::Seconds(_)))
        })
    };
    let is_slow = |build: &&BuildReport| build.findings.iter().any(is_unknown) && can_run(report, build);
    let build = ordered(report).into_iter().find(is_slow)?;
    if report.builds.len() == 1 {
        return Some(root.to_owned());
    }
    let context = build.context.as_ref().map(|context| &*context.root);
    Some(words_of(report, build.dockerfile, context))
}

/// Whether nothing is known that stops a build, which is not one for development.
fn can_run(report: &Report, build: &BuildReport) -> bool {
    let name = report.sources.get(build.dockerfile.0 as usize).map_or("", |source| source.name());
    build.importance != Importance::Development
        && build.context.is_some()
        && !report.problems.iter().any(|problem| problem.file == name)
}
