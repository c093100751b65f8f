//! Why a Dockerfile makes no service: it is for developers, starts nothing, or cannot be built as it is.

use std::collections::BTreeSet;
use std::fmt;

use super::built_binary::built_binary;
use super::missing_source::missing_source;
use super::server_start::{may_be_started, may_run_source};
use crate::build::{Build, BuiltProjects, Lookup, Reference, Stage, StageBase, VariableValue};
use crate::data;
use crate::dockerfile::Keyword;
use crate::inputs::BuildInput;
use crate::manifest::{FileKind, FileRole};
use crate::stack::known_service;
use crate::text::path;

/// Why a Dockerfile makes no service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ReasonAgainst {
    /// A program makes it.
    Template,
    /// Another Dockerfile takes it in.
    Fragment,
    /// It is for development, tests or examples.
    Developers,
    /// Its command builds.
    BuildsOnly,
    /// Its image starts nothing.
    NoProgram,
    /// A path in it has a variable that only the caller of the build sets.
    Argument,
    /// What it copies from its context, and the context in a sentence.
    MissingSource(String, String),
    /// There is one for production beside it.
    Variant,
}

impl fmt::Display for ReasonAgainst {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Template => "it is a template",
            Self::Fragment => "it is a part of another Dockerfile",
            Self::Developers => "it is for development, tests or examples",
            Self::BuildsOnly => "its command builds, and serves nothing",
            Self::NoProgram => "its image starts no program",
            Self::Argument => "it needs a build argument that has no default",
            Self::MissingSource(path, folder) => return write!(f, "it copies `{path}`, which is not in {folder}"),
            Self::Variant => "its folder has one for production, of the same program",
        })
    }
}

/// Why each of several Dockerfiles of a repository makes no service; nothing for those that do.
pub(crate) fn reasons_against(builds: &[&BuildInput]) -> Vec<Option<ReasonAgainst>> {
    let alone: Vec<Option<ReasonAgainst>> = builds.iter().map(|build| reason_against(build, false)).collect();
    // One that cannot be built stands for no other.
    let production = builds.iter().zip(&alone).filter(|(_, why)| why.is_none());
    let production: BTreeSet<String> = production.filter_map(|(build, _)| usual_place(&build.place)).collect();
    // Where nothing else starts a program, that of its developers is the one: `compose/local/Dockerfile`.
    let is_alone = alone.iter().all(Option::is_some);
    let reason = |build: &&BuildInput| {
        let is_variant = || production.contains(&build.place).then_some(ReasonAgainst::Variant);
        reason_against(build, is_alone).or_else(is_variant)
    };
    builds.iter().map(reason).collect()
}

/// The place of the `Dockerfile` beside one for production: `app/Dockerfile` of `app/Dockerfile.prod`.
fn usual_place(place: &str) -> Option<String> {
    let name = path::name(place);
    let ["Dockerfile", "prod" | "production"] = name.split('.').collect::<Vec<_>>()[..] else { return None };
    Some(format!("{}Dockerfile", &place[..place.len() - name.len()]))
}

/// Why a Dockerfile makes no service by what stands in it, or lacks in its context; `is_alone`: one whose place says that it is for
/// developers is taken.
fn reason_against(input: &BuildInput, is_alone: bool) -> Option<ReasonAgainst> {
    let build = Build::new(input);
    let root = input.context_root.as_deref()?;
    let stage = build.target()?;
    if input.template.is_some() {
        return Some(ReasonAgainst::Template);
    }
    if build.is_fragment() {
        return Some(ReasonAgainst::Fragment);
    }
    // Where the place says nothing of that, an image for developers is that of the program.
    let is_taken = is_alone && is_named_for_mode(&input.place);
    if !is_taken && build.is_for_developers_only(stage) && says_more(&input.place) {
        return Some(ReasonAgainst::Developers);
    }
    if builds_only(&build, stage) {
        return Some(ReasonAgainst::BuildsOnly);
    }
    let projects = built_projects(input, &build).projects;
    let starts = build.launch(stage).is_some()
        || serves_by_itself(&build, stage)
        || may_be_started(projects.into_iter())
        || may_run_source(&build, stage);
    if !starts && built_binary(&build).is_none() {
        return Some(ReasonAgainst::NoProgram);
    }
    if needs_argument(&build) {
        return Some(ReasonAgainst::Argument);
    }
    let missing = missing_source(input).filter(|missing| !missing.is_output && !missing.is_environment())?;
    Some(ReasonAgainst::MissingSource(missing.path, folder_in_text(root)))
}

/// Whether what a container starts is a script that builds: `/src/packaging/build.sh`.
fn builds_only(build: &Build, stage: &Stage) -> bool {
    build.launch(stage).is_some_and(|launch| {
        let invocations = launch.script().invocations();
        let programs = invocations.iter().filter_map(|invocation| invocation.program);
        let mut scripts = programs.filter_map(|program| path::name(program).strip_suffix(".sh"));
        scripts.any(|script| data::NAME_WORDS.has(script, "build-stage"))
    })
}

/// Whether all that the place of a Dockerfile says of developers is a mode to run in: `local`, `dev`; not `tests`.
fn is_named_for_mode(place: &str) -> bool {
    let words = place.split(['/', '.', '-', '_']).map(str::to_ascii_lowercase);
    let mut words = words.filter(|word| data::NAME_WORDS.has(word, "developers-only")).peekable();
    words.peek().is_some()
        && words.all(|word| data::NAME_WORDS.has(&word, "for-developers") && !word.contains("container"))
}

/// Whether the place of a Dockerfile says what it is for: `Dockerfile.dev`, `tests/Dockerfile`.
fn says_more(place: &str) -> bool {
    let mut words = place.split(['/', '.', '-', '_']).filter(|word| !word.is_empty());
    let is_other = !matches!(FileKind::of(place).role(), FileRole::Program | FileRole::Script);
    is_other
        || path::name(place) != "Dockerfile"
        || words.any(|word| data::NAME_WORDS.has(&word.to_ascii_lowercase(), "developers-only"))
}

/// Whether a path of a Dockerfile has a variable that only the caller of the build sets.
fn needs_argument(build: &Build) -> bool {
    let file = &build.input().file;
    build.needed_stages().any(|stage| {
        build.instructions(stage).any(|(at, instruction)| {
            let is_path = matches!(instruction.keyword, Keyword::Workdir | Keyword::Copy | Keyword::Add);
            let is_unset = |name: &str| matches!(build.scopes().lookup(stage.index, name, at), Lookup::Defined(known) if known.value == VariableValue::Unset);
            is_path && build.scopes().uses(file, instruction.rest).iter().any(|used| !used.guarded && is_unset(&used.name))
        })
    })
}

/// Whether the base image starts a server.
pub(in crate::emit) fn serves_by_itself(build: &Build, stage: &Stage) -> bool {
    let StageBase::Image(reference) = build.root_base(stage) else { return false };
    let known = known_service(reference);
    let image = Reference::of(reference);
    // Those of PHP start Apache, or the server of FastCGI; the others a shell of PHP.
    let is_of_php =
        image.short_name() == "php" && image.tag.is_some_and(|tag| tag.contains("apache") || tag.contains("fpm"));
    known.is_some_and(|known| known.is_exact) || build.last(stage, Keyword::Expose).is_some() || is_of_php
}

/// A build context in a sentence.
fn folder_in_text(root: &str) -> String {
    match root {
        "" | "." => "the build context".to_owned(),
        root => format!("the build context `{root}`"),
    }
}

/// The projects of the build context that are in the image.
pub(in crate::emit) fn built_projects<'i>(input: &'i BuildInput, build: &Build) -> BuiltProjects<'i> {
    input.projects.as_deref().map_or_else(BuiltProjects::default, |projects| BuiltProjects::of(build, projects))
}
