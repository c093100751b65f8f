//! What the RUNs of a build have to do: whether they take time, and whether a cache could save it.

use std::collections::BTreeSet;

use crate::build::{Build, Edge, EdgeKind, Source, Stage, StageBase};
use crate::cache;
use crate::dockerfile::Keyword;
use crate::inputs::context::BuildContext;
use crate::manifest::{Ecosystem, Project};
use crate::shell::{Invocation, Verb, Word, program::Program};
use crate::text::path;
use crate::workflow::LegBuild;

/// Packages that take seconds to install.
const FEW: usize = 3;

/// Whether a RUN does more than to handle files, make users, download something and install a few packages.
pub(super) fn is_slow(build: &Build, index: usize) -> bool {
    let invocations = build.code(index).map_or_else(Vec::new, |code| code.script.invocations());
    invocations.is_empty() || !invocations.iter().all(is_quick)
}

fn is_quick(invocation: &Invocation) -> bool {
    let Some(name) = invocation.program else { return false };
    let program = Program::of(name);
    let is_small = |call: &crate::shell::PackageCall| match call.verb {
        Verb::Install => call.manager.is_system() && !call.packages.is_empty() && call.packages.len() <= FEW,
        Verb::Update | Verb::Clean => call.manager.is_system(),
        _ => false,
    };
    name == "apk"
        || matches!(name, "curl" | "wget")
        || program.writes_nothing()
        || program.handles_files()
        || program.prepares_system()
        || invocation.package_call().is_some_and(|call| is_small(&call))
}

/// Whether a cache can save time: a stage that is needed has a slow RUN that a change of the sources does not repeat.
pub(super) fn is_cacheable(build: &Build, leg: &LegBuild) -> bool {
    let Some(needed) = needed(build, leg) else { return true };
    let repeated = repeated_steps(build);
    build.stages().iter().filter(|stage| needed.contains(&stage.index)).any(|stage| saves(build, stage, &repeated))
}

/// Whether a stage has a slow RUN that is not among the steps that are repeated.
pub(super) fn saves(build: &Build, stage: &Stage, repeated: &BTreeSet<StepPlace>) -> bool {
    build.instructions(stage).any(|(index, instruction)| {
        instruction.keyword == Keyword::Run && is_slow(build, index) && !repeated.contains(&(stage.index, index))
    })
}

/// A step by the indices of its stage and its instruction.
pub(super) type StepPlace = (usize, usize);

/// The steps that a change of the sources repeats, and those that each commit does, as they take the history.
pub(super) fn repeated_steps(build: &Build) -> BTreeSet<StepPlace> {
    let input = build.input();
    let context = input.context.as_deref();
    let projects = input.projects.as_ref().map(|projects| with_schemas(projects, context));
    let rerun = cache::rerun(build, context, projects.as_deref());
    let of_sources = rerun.iter().flat_map(|rerun| rerun.steps.iter().chain(&rerun.copies));
    let of_sources = of_sources.map(|step| (step.stage, step.index));
    of_sources.chain(history_steps(build)).collect()
}

/// The steps from the first one on that takes the history of the repository, and those that stand on its result.
fn history_steps(build: &Build) -> Vec<StepPlace> {
    let is_history = |text: &str| {
        let path = path::normalize(text.trim_start_matches('/'));
        path::is_within(&path, ".git")
    };
    let mut starts: Vec<Option<usize>> = Vec::new();
    let mut steps = Vec::new();
    for stage in build.stages() {
        let copied = build.transfers(stage).iter().filter(|transfer| transfer.from.is_none());
        let copied = copied.filter(|transfer| {
            let mut sources = transfer.sources.iter().filter_map(|source| source.text.as_deref());
            sources.any(is_history)
        });
        let bound = build.bound(stage).into_iter().filter(|(_, source)| source.as_deref().is_some_and(is_history));
        let is_taken =
            |edge: &&Edge| matches!(edge.to, StageBase::Stage(to) if starts.get(to).copied().flatten().is_some());
        let based = build.edges_of(stage).iter().filter(is_taken).map(|edge| edge.instruction);
        let start = copied.map(|transfer| transfer.index).chain(bound.map(|(index, _)| index)).chain(based).min();
        if let Some(start) = start {
            let indices = build.instructions(stage).map(|(index, _)| index);
            steps.extend(indices.filter(|index| *index >= start).map(|index| (stage.index, index)));
        }
        starts.push(start);
    }
    steps
}

/// The projects with the folder of Prisma's schema among what an install reads: the client is made of it then (Prisma docs:
/// Prisma Client, "Generating the client").
fn with_schemas(projects: &[Project], context: Option<&BuildContext>) -> Vec<Project> {
    let mut projects = projects.to_vec();
    for project in projects.iter_mut().filter(|project| project.ecosystem == Ecosystem::Node) {
        let folder = path::child(&project.root, "prisma");
        if context.is_some_and(|context| context.find(&path::child(&folder, "schema.prisma")).is_some()) {
            project.manifests.push(folder);
        }
    }
    projects
}

/// The stage that a build is for; `None` where it is not there.
pub(super) fn target<'b>(build: &'b Build, leg: &LegBuild) -> Option<&'b Stage> {
    let stages = build.stages();
    let is_it = |stage: &&Stage, name: &str| stage.name.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(name));
    match &leg.target {
        Some(name) => stages.iter().rfind(|stage| is_it(stage, name)),
        None => stages.last(),
    }
}

/// The stages that the target of a build needs; `None` where it is not there.
pub(super) fn needed(build: &Build, leg: &LegBuild) -> Option<BTreeSet<usize>> {
    Some(reached(build, target(build, leg)?, |_| true))
}

/// The stages whose files are all in the image of a build: those that the target is based on, and those that are copied whole.
pub(super) fn shipped(build: &Build, leg: &LegBuild) -> BTreeSet<usize> {
    let is_copied_whole = |edge: &Edge| {
        let stage = &build.stages()[edge.stage];
        let mut transfers = build.transfers(stage).iter().filter(|transfer| transfer.index == edge.instruction);
        transfers.any(|transfer| transfer.sources.iter().any(Source::is_everything))
    };
    let target = target(build, leg);
    target.map_or_else(BTreeSet::new, |target| {
        reached(build, target, |edge| edge.kind == EdgeKind::From || is_copied_whole(edge))
    })
}

/// The stages that lead on from one by edges of a kind, that one with them.
fn reached(build: &Build, from: &Stage, is_kind: impl Fn(&Edge) -> bool) -> BTreeSet<usize> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from.index]);
    while let Some(stage) = open.pop().and_then(|index| build.stages().get(index)) {
        if !reached.insert(stage.index) {
            continue;
        }
        let targets = build.edges_of(stage).iter().filter(|edge| is_kind(edge)).filter_map(|edge| match edge.to {
            StageBase::Stage(to) => Some(to),
            _ => None,
        });
        open.extend(targets);
    }
    reached
}

/// Whether what a build clones is another thing each time: the context is not in it, so that no change of an input would
/// tell the cache of new commits.
pub(super) fn clones_latest(build: &Build) -> bool {
    if build.uses_context() {
        return false;
    }
    let runs = build.needed_runs();
    let invocations: Vec<_> = runs.flat_map(|run| run.code.script.invocations()).collect();
    let has = |verb: &str| invocations.iter().any(|call| call.is("git") && call.args.iter().any(|word| word.is(verb)));
    // A release, a commit, or a variable that names one.
    let is_fixed = |word: &Word| {
        let text = word.text();
        !text.contains("://") && (word.is_dynamic() || text.bytes().any(|byte| byte.is_ascii_digit()))
    };
    let chooses = |call: &&Invocation| {
        let is_choice =
            |word: &Word| ["checkout", "reset", "switch", "-b", "--branch"].iter().any(|verb| word.is(verb));
        let is_option = |word: &Word| word.text().starts_with("--branch=");
        let mut words = call.args.iter().skip_while(|word| !is_choice(word) && !is_option(word));
        call.is("git") && words.by_ref().take(2).any(is_fixed)
    };
    has("clone") && !invocations.iter().any(|call| chooses(&call))
}
