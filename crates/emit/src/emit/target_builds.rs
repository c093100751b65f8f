//! Dockerfiles that make images of several programs: stages that nothing is built on, each with a command of its own
//! (`FROM base AS api`, `FROM base AS celery`). Each of them is a build, with its `target`.

use std::borrow::Cow;

use crate::build::{Build, Stage, StageBase};
use crate::dockerfile::Keyword;
use crate::inputs::{BuildInput, Inputs};

/// The maximum number of programs of a Dockerfile.
const MOST: usize = 8;

/// The inputs with a build for each program of a Dockerfile.
pub(super) fn with_targets(inputs: &Inputs) -> Cow<'_, Inputs> {
    let targets: Vec<Vec<String>> = inputs.builds.iter().map(targets).collect();
    if targets.iter().all(Vec::is_empty) {
        return Cow::Borrowed(inputs);
    }
    let mut all = inputs.clone();
    let builds = std::mem::take(&mut all.builds);
    for (build, targets) in builds.into_iter().zip(targets) {
        let of_target = |target: String| {
            let mut build = build.clone();
            build.options.target = Some(target);
            build
        };
        if targets.is_empty() {
            all.builds.push(build);
        } else {
            all.builds.extend(targets.into_iter().map(of_target));
        }
    }
    Cow::Owned(all)
}

/// The stages of a Dockerfile that are programs, where there are several.
fn targets(input: &BuildInput) -> Vec<String> {
    let build = Build::new(input);
    let (Some(last), None) = (build.target(), &input.options.target) else { return Vec::new() };
    let mut programs: Vec<&Stage> = Vec::new();
    for stage in build.stages() {
        let is_usable = stage.name.is_some() && is_last_of_its_kind(&build, stage);
        if !is_usable || !starts_by_itself(&build, stage) || build.is_for_developers_only(stage) {
            continue;
        }
        // Variants of one program start the same.
        if !programs.iter().any(|known| command(&build, known) == command(&build, stage)) {
            programs.push(stage);
        }
    }
    let is_shipped = programs.iter().any(|stage| stage.index == last.index);
    // One that stands last and is no program by itself is what is built by default, whatever stands before it.
    if programs.len() < 2 || !is_shipped || programs.len() > MOST {
        return Vec::new();
    }
    programs.iter().filter_map(|stage| stage.name.clone()).collect()
}

/// Whether no other stage is built on one, or takes files from it.
fn is_last_of_its_kind(build: &Build, stage: &Stage) -> bool {
    !build.stages().iter().any(|other| {
        let is_base = matches!(other.base, StageBase::Stage(index) if index == stage.index);
        is_base
            || build
                .transfers(other)
                .iter()
                .any(|transfer| matches!(transfer.from, Some(StageBase::Stage(index)) if index == stage.index))
    })
}

fn starts_by_itself(build: &Build, stage: &Stage) -> bool {
    [Keyword::Cmd, Keyword::Entrypoint]
        .into_iter()
        .any(|keyword| build.instructions_of(stage, keyword).next().is_some())
}

fn command(build: &Build, stage: &Stage) -> Vec<String> {
    let texts = [Keyword::Entrypoint, Keyword::Cmd].into_iter().map(|keyword| {
        let last = build.last(stage, keyword);
        last.map_or_else(String::new, |(_, instruction)| build.input().file.str(instruction.rest).to_owned())
    });
    texts.collect()
}
