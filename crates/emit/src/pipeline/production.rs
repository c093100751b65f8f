//! Which builds of a repository make images for production: those of developers, tests and examples are nobody's to publish.

use crate::build::service::is_for_developers;
use crate::build::{Build, Stage, names_developers};
use crate::emit::{ReasonAgainst, reasons_against};
use crate::inputs::{BuildInput, Inputs};

/// The inputs with the builds whose images are published, and a note on each that is left out. Where all builds of a Dockerfile
/// are of a stage for developers, that of its last stage takes their place.
pub(super) fn production_builds(inputs: &Inputs) -> (Inputs, Vec<String>) {
    let mut notes = Vec::new();
    let builds = with_last_stages(inputs, &mut notes);
    let reasons = reasons_against(&builds.iter().collect::<Vec<_>>());
    let mut all = Inputs { builds: Vec::new(), ..inputs.clone() };
    for (build, reason) in builds.into_iter().zip(reasons) {
        match reason.filter(|reason| counts(reason, &build)) {
            Some(reason) => notes.push(format!("{} is left out: {reason}", inputs.source(build.dockerfile).name())),
            None => all.builds.push(build),
        }
    }
    (all, notes)
}

/// Whether a reason against a service is one against an image.
fn counts(reason: &ReasonAgainst, build: &BuildInput) -> bool {
    match reason {
        // Somebody builds it: others start it with a command, or build on it.
        ReasonAgainst::NoProgram => build.services.is_empty() && build.built_by.is_none(),
        // Said with more words where the images are listed, or known better from git.
        ReasonAgainst::Template | ReasonAgainst::MissingSource(..) => false,
        _ => true,
    }
}

/// The builds, those of stages for developers replaced by that of the last stage, unless others build that.
fn with_last_stages(inputs: &Inputs, notes: &mut Vec<String>) -> Vec<BuildInput> {
    let mut builds: Vec<BuildInput> = Vec::new();
    let is_of_same = |build: &BuildInput, other: &BuildInput| {
        (build.dockerfile == other.dockerfile || build.place == other.place) && build.context_root == other.context_root
    };
    for build in &inputs.builds {
        let Some(stage) = developer_stage(build) else {
            builds.push(build.clone());
            continue;
        };
        let file = inputs.source(build.dockerfile).name();
        let mut others = inputs.builds.iter().filter(|other| is_of_same(build, other));
        let has_other =
            others.any(|other| developer_stage(other).is_none()) || builds.iter().any(|other| is_of_same(build, other));
        if has_other {
            notes.push(format!("{file}: its stage `{stage}` is for developers: no image of it is published"));
            continue;
        }
        notes.push(format!(
            "{file}: what builds it takes its stage `{stage}`, which is for developers: the pipeline builds the last stage"
        ));
        let mut build = build.clone();
        build.options.target = None;
        build.options.build_args.retain(|(_, value)| !names_developers(value));
        builds.push(build);
    }
    builds
}

/// The stage for developers that a build names, where the Dockerfile's last stage is another and for production.
fn developer_stage(input: &BuildInput) -> Option<&str> {
    let target = input.options.target.as_deref()?;
    let build = Build::new(input);
    let (stage, last) = (build.target()?, build.stages().last()?);
    let is_of_developers = |stage: &Stage| is_for_developers(&build, stage);
    (stage.index != last.index && is_of_developers(stage) && !is_of_developers(last)).then_some(target)
}
