//! See `rules/end-of-life-base.md`.

use std::collections::BTreeSet;

use super::Context;
use crate::build::{Build, EdgeKind, Release, Stage, StageBase, releases};
use crate::finding::{Finding, Findings, Label, Severity};
use crate::inputs::Date;
use crate::shell::{Invocation, Manager, Verb};
use crate::sources::patterns;

super::rule!("end-of-life-base", check);

const FETCHES: [Verb; 4] = [Verb::Update, Verb::Install, Verb::Upgrade, Verb::Download];

fn check(cx: &Context, out: &mut Findings) {
    let Some(today) = cx.inputs().today else { return };
    // Base images of the same release are reported once.
    let mut findings: Vec<(Vec<&Release>, Finding, bool)> = Vec::new();
    let mut programs = None;
    for edge in cx.build().edges().iter().filter(|edge| edge.kind == EdgeKind::From) {
        let needed = cx.build().stages().get(edge.stage).is_some_and(|stage| cx.build().is_needed(stage));
        let StageBase::Image(image) = &edge.to else { continue };
        let ended: Vec<&Release> =
            releases(image).into_iter().filter(|release| release.end.is_some_and(|end| end < today)).collect();
        if !needed || ended.is_empty() {
            continue;
        }
        let ships = ships(cx.build(), edge.stage);
        if let Some((_, first, first_ships)) = findings.iter_mut().find(|(releases, ..)| *releases == ended) {
            let text = "same release".to_owned();
            if ships && !*first_ships {
                // What ships is what matters most.
                first.labels.push(Label { span: std::mem::replace(&mut first.span, edge.span), text });
                first.message = message(cx.build(), edge.stage, image, &ended);
                *first_ships = true;
            } else {
                first.labels.push(Label { span: edge.span, text });
            }
            continue;
        }
        let lacks_packages = cx
            .build()
            .stages()
            .iter()
            .any(|stage| *cx.build().root_base(stage) == edge.to && asks_mirror(cx.build(), stage));
        let mirror =
            if lacks_packages { "; its packages are no longer on the mirror, so installing them fails" } else { "" };
        let programs = programs.get_or_insert_with(|| programs_of(cx.build()));
        let help = help(ended[0], today, programs);
        let finding =
            cx.finding(edge.span, format!("{}{mirror}", message(cx.build(), edge.stage, image, &ended))).help(help);
        let finding = if checks_downloads_of_release(cx.build()) {
            let help = finding.help.clone().unwrap_or_default();
            finding
                .help(format!(
                    "{help}; the file downloads what was made for this release, with its checksum: change both"
                ))
                .lowered(Severity::Info)
        } else {
            finding
        };
        findings.push((ended, finding, ships));
    }
    for (_, finding, _) in findings {
        out.push(finding);
    }
}

/// Whether a stage is the final one, or the final one is based on it.
fn ships(build: &Build, stage: usize) -> bool {
    build.target().is_some_and(|target| build.chain(target).any(|above| above.index == stage))
}

/// With several stages, whether the base ships or only builds.
fn message(build: &Build, stage: usize, image: &str, ended: &[&Release]) -> String {
    let stages = build.stages();
    let title = stages.get(stage).map(Stage::title).unwrap_or_default();
    let role = match (stages.len(), ships(build, stage)) {
        (0 | 1, _) => String::new(),
        (_, true) => format!(", on which the final image is based (stage `{title}`),"),
        (_, false) => format!(" (stage `{title}`, which does not ship)"),
    };
    // A digest says nothing to people.
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    let ends =
        ended.iter().filter_map(|release| Some(format!("{} reached end of life on {}", release.title(), release.end?)));
    format!("`{image}`{role} no longer receives security fixes: {}", ends.collect::<Vec<_>>().join(", "))
}

fn help(release: &Release, today: Date, programs: &BTreeSet<&str>) -> String {
    let help = "use a maintained release";
    match release.maintained(today, programs).map(|maintained| (maintained, maintained.end)) {
        Some((release, Some(end))) => format!("{help}, such as {} (until {end})", release.title()),
        Some((release, None)) => format!("{help}, such as {}", release.title()),
        None => help.to_owned(),
    }
}

/// The programs that the file calls.
fn programs_of<'a>(build: &'a Build) -> BTreeSet<&'a str> {
    let codes = build.stages().iter().flat_map(|stage| build.instructions(stage)).filter_map(|(at, _)| build.code(at));
    codes.flat_map(|code| code.script.invocations()).filter_map(|invocation| invocation.program).collect()
}

/// Whether a RUN downloads a file whose name has the release of the base, and compares its checksum.
fn checks_downloads_of_release(build: &Build) -> bool {
    let stages = build.stages().iter().filter(|stage| build.is_needed(stage));
    let mut codes = stages.flat_map(|stage| build.instructions(stage)).filter_map(|(index, instruction)| {
        Some((build.code(index)?, build.input().file.source().slice(instruction.span)))
    });
    codes.any(|(code, text)| {
        let mut calls = code.script.invocations().into_iter().filter_map(|invocation| invocation.program);
        text.contains("://")
            && patterns::shows(text, "names the release of the system")
            && calls.any(|program| program.ends_with("sum"))
    })
}

/// Whether a stage requests packages that are no longer on the mirror of its distribution.
fn asks_mirror(build: &Build, stage: &Stage) -> bool {
    let managers = [Manager::Apt, Manager::Yum, Manager::Dnf];
    let mut codes = build.instructions(stage).filter_map(|(index, _)| build.code(index));
    let asks = |invocation: &Invocation| invocation.call_of(&managers).is_some_and(|call| FETCHES.contains(&call.verb));
    codes.any(|code| code.script.invocations().iter().any(asks)) && build.lacks_packages(stage)
}
