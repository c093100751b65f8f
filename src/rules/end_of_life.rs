//! Releases and images that are no longer maintained.

use std::collections::BTreeSet;

use super::Context;
use crate::build::{Build, EdgeKind, Release, Stage, StageBase, UnmaintainedImage, ended_releases};
use crate::finding::{Finding, Findings, Label, Severity};
use crate::inputs::Date;
use crate::shell::{Invocation, Manager, Verb};
use crate::sources::patterns;

super::family! {
    "end-of-life-base" => end_of_life_base;
}

/// What of an image gets no security fixes any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EndOfLife {
    unmaintained: Option<UnmaintainedImage>,
    releases: Vec<&'static Release>,
}

impl EndOfLife {
    /// What has ended before a day; `None` if nothing is known to.
    pub(super) fn of(image: &str, today: Date) -> Option<Self> {
        let ended = Self { unmaintained: UnmaintainedImage::of(image, today), releases: ended_releases(image, today) };
        (ended.unmaintained.is_some() || !ended.releases.is_empty()).then_some(ended)
    }

    /// What ended when: `Debian 10 (buster) reached end of life on 2024-06-30`.
    pub(super) fn reasons(&self) -> String {
        let unmaintained =
            self.unmaintained.iter().map(|it| format!("`{}` has had no updates since {}", it.subject, it.end));
        let releases = self.releases.iter();
        let releases =
            releases.filter_map(|release| Some(format!("{} reached end of life on {}", release.title(), release.end?)));
        unmaintained.chain(releases).collect::<Vec<_>>().join(", ")
    }

    /// What to use instead; `programs`: what it must have.
    pub(super) fn help(&self, today: Date, programs: &BTreeSet<&str>) -> String {
        if let Some(image) = self.unmaintained {
            return match image.instead {
                Some(instead) => format!("use a maintained image, such as `{instead}`"),
                None => "use a maintained image".to_owned(),
            };
        }
        let help = "use a maintained release";
        let maintained = self.releases.first().and_then(|release| release.maintained(today, programs));
        match maintained.map(|release| (release, release.end)) {
            Some((release, Some(end))) => format!("{help}, such as {} (until {end})", release.title()),
            Some((release, None)) => format!("{help}, such as {}", release.title()),
            None => help.to_owned(),
        }
    }
}

/// An image without its digest, which says nothing to people.
pub(super) fn without_digest(image: &str) -> &str {
    image.split_once('@').map_or(image, |(name, _)| name)
}

const FETCHES: [Verb; 4] = [Verb::Update, Verb::Install, Verb::Upgrade, Verb::Download];

fn end_of_life_base(cx: &Context, out: &mut Findings) {
    let Some(today) = cx.inputs().today else { return };
    // Base images of the same release are reported once.
    let mut findings: Vec<(EndOfLife, Finding, bool)> = Vec::new();
    let mut programs = None;
    for edge in cx.build().edges().iter().filter(|edge| edge.kind == EdgeKind::From) {
        let needed = cx.build().stages().get(edge.stage).is_some_and(|stage| cx.build().is_needed(stage));
        let StageBase::Image(image) = &edge.to else { continue };
        if !needed {
            continue;
        }
        let Some(ended) = EndOfLife::of(image, today) else { continue };
        let ships = ships(cx.build(), edge.stage);
        if let Some((_, first, first_ships)) = findings.iter_mut().find(|(other, ..)| *other == ended) {
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
        let help = ended.help(today, programs);
        let finding =
            cx.finding(edge.span, format!("{}{mirror}", message(cx.build(), edge.stage, image, &ended))).help(help);
        let finding = finding.when(checks_downloads_of_release(cx.build()), |finding| {
            let help = finding.help.clone().unwrap_or_default();
            finding
                .help(format!(
                    "{help}; the file downloads what was made for this release, with its checksum: change both"
                ))
                .lowered(Severity::Info)
        });
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
fn message(build: &Build, stage: usize, image: &str, ended: &EndOfLife) -> String {
    let stages = build.stages();
    let title = stages.get(stage).map(Stage::title).unwrap_or_default();
    let role = match (stages.len(), ships(build, stage)) {
        (0 | 1, _) => String::new(),
        (_, true) => format!(", on which the final image is based (stage `{title}`),"),
        (_, false) => format!(" (stage `{title}`, which does not ship)"),
    };
    format!("`{}`{role} no longer receives security fixes: {}", without_digest(image), ended.reasons())
}

/// The programs that the file calls.
fn programs_of<'a>(build: &'a Build) -> BTreeSet<&'a str> {
    let codes = build.stages().iter().flat_map(|stage| build.instructions(stage)).filter_map(|(at, _)| build.code(at));
    codes.flat_map(|code| code.script.invocations()).filter_map(|invocation| invocation.program).collect()
}

/// Whether a RUN downloads a file whose name has the release of the base, and compares its checksum.
fn checks_downloads_of_release(build: &Build) -> bool {
    let stages = build.needed_stages();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;

    /// What `compose emit` writes would otherwise be reported by the linter.
    #[test]
    fn images_that_are_written_are_maintained() {
        let newest =
            data::SERVER_IMAGES.rows().chain(data::RELEASES.rows()).filter_map(|row| Date::parse(row[row.len() - 2]));
        let today = newest.max().unwrap();
        for row in data::SERVER_IMAGES.rows() {
            assert_eq!(EndOfLife::of(row[2], today), None, "server_images.tsv: {}", row[2]);
        }
    }
}
