//! What the RUNs of a build have to do: whether they take time, and whether a cache could save it.

use std::collections::BTreeSet;

use crate::build::{Build, StageBase};
use crate::cache;
use crate::dockerfile::Keyword;
use crate::shell::{Invocation, Verb, program::Program};
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
    let input = build.input();
    let rerun =
        cache::rerun(build, input.context.as_deref(), input.projects.as_ref().map(|projects| projects.as_slice()));
    let repeated: BTreeSet<(usize, usize)> = rerun
        .iter()
        .flat_map(|rerun| rerun.steps.iter().chain(&rerun.copies))
        .map(|step| (step.stage, step.index))
        .collect();
    build.stages().iter().filter(|stage| needed.contains(&stage.index)).any(|stage| {
        build.instructions(stage).any(|(index, instruction)| {
            instruction.keyword == Keyword::Run && is_slow(build, index) && !repeated.contains(&(stage.index, index))
        })
    })
}

/// The stages that the target of a build needs; `None` where it is not there.
pub(super) fn needed(build: &Build, leg: &LegBuild) -> Option<BTreeSet<usize>> {
    let stages = build.stages();
    let target = match &leg.target {
        Some(name) => {
            stages.iter().rfind(|stage| stage.name.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(name)))?
        }
        None => stages.last()?,
    };
    let (mut needed, mut open) = (BTreeSet::new(), vec![target.index]);
    while let Some(index) = open.pop() {
        let Some(stage) = stages.get(index) else { continue };
        if !needed.insert(index) {
            continue;
        }
        let targets = build.edges_of(stage).iter().filter_map(|edge| match edge.to {
            StageBase::Stage(to) => Some(to),
            _ => None,
        });
        open.extend(targets);
    }
    Some(needed)
}
