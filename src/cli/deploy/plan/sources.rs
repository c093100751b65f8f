//! What the repository says of the way from one image to the other: commits, and the variables that the program reads.

use std::collections::BTreeSet;
use std::path::Path;

use crate::cli::args::DeployPlan;
use crate::cli::deploy::project::ReplaceableProject;
use crate::compose::project::ComposeProject;
use crate::load::git::Repository;
use crate::load::variable_input;
use crate::release::{CommitFacts, DeploymentFacts, ImageFacts, ServiceGroup, VariableFacts};
use crate::stack::Stack;
use crate::text::{Source, path};
use crate::variables::{self, VariableFindingKind, VariableInput, service_code};

/// Commits between two images that are looked through.
const COMMITS: usize = 500;

/// Bytes of a source file of an older commit.
const LIMIT: usize = 2 << 20;

fn revision(image: Option<&ImageFacts>) -> Option<&str> {
    image?.revision.as_deref()
}

/// The commits between the revisions of both images; `None` where one is not known here.
pub(super) fn commit_facts(folder: &Path, facts: &DeploymentFacts) -> Option<CommitFacts> {
    let repository = Repository::discover(folder).ok()??;
    let from = repository.resolve(revision(facts.from.as_ref())?).ok()?;
    let to = repository.resolve(revision(facts.to.as_ref())?).ok()?;
    // The line of first parents, forward or back.
    for (start, end, is_back) in [(to, from, false), (from, to, true)] {
        let history = repository.first_parents(start, COMMITS).ok()?;
        let Some(count) = history.commits.iter().position(|commit| commit.id == end) else { continue };
        let line = |commit: &crate::load::git::Commit| (commit.id.to_string(), commit.summary.clone());
        return Some(CommitFacts {
            commits: history.commits[..count].iter().map(line).collect(),
            is_cut: false,
            is_back: is_back && count > 0,
        });
    }
    None
}

/// The variables that the services of a group read; `None` where their source is not at hand.
pub(super) fn variable_facts(
    command: &DeployPlan,
    known: &ReplaceableProject,
    group: &ServiceGroup,
    facts: &DeploymentFacts,
) -> Option<VariableFacts> {
    let input = variable_input(std::slice::from_ref(&command.path), &known.inputs);
    let reads = names(&known.project, &known.compose, &input, group)?;
    let report = variables::survey(&input, &[&known.compose]);
    let is_asked = |service: &String| group.services.iter().any(|known| known.name == *service);
    let is_missing =
        |kind: VariableFindingKind| matches!(kind, VariableFindingKind::Missing | VariableFindingKind::NotPassedOn);
    let missing =
        report.findings.iter().filter(|finding| is_missing(finding.kind) && finding.services.iter().any(is_asked));
    let missing: BTreeSet<String> = missing.map(|finding| finding.name.clone()).collect();
    let older = revision(facts.from.as_ref()).and_then(|revision| input_of(&input, &command.path, revision));
    let older = older.and_then(|older| names(&known.project, &known.compose, &older, group));
    let without =
        |these: &BTreeSet<String>, those: &BTreeSet<String>| these.difference(those).cloned().collect::<Vec<_>>();
    Some(VariableFacts {
        missing: missing.into_iter().collect(),
        new: older.as_ref().map(|older| without(&reads, older)),
        gone: older.as_ref().map(|older| without(older, &reads)),
    })
}

/// The names that the services of a group read; `None` where none of their files are there.
fn names(
    project: &ComposeProject,
    compose: &crate::inputs::ComposeInput,
    input: &VariableInput,
    group: &ServiceGroup,
) -> Option<BTreeSet<String>> {
    let stack = Stack::new(project, &compose.dockerfiles);
    let code = service_code(project, &stack, input);
    let is_asked = |name: &str| group.services.iter().any(|service| service.name == name);
    let of_group: Vec<_> =
        stack.services.iter().zip(code).filter(|(service, _)| is_asked(service.name)).map(|(_, code)| code).collect();
    if of_group.iter().all(|code| code.files.is_empty()) {
        return None;
    }
    Some(of_group.into_iter().flat_map(|code| code.reads).map(|(_, read)| read.name).collect())
}

/// The same files as a commit has them; `None` where it is not known here.
fn input_of(input: &VariableInput, folder: &Path, revision: &str) -> Option<VariableInput> {
    let repository = Repository::discover(folder).ok()??;
    let top = repository.work_tree()?.to_string_lossy().replace('\\', "/");
    let tree = repository.commit(repository.resolve(revision).ok()?).ok()?.tree;
    let mut older = input.clone();
    older.files.retain_mut(|file| {
        // What git does not track is as it is now.
        if !file.is_committed {
            return true;
        }
        let text = path::relative(&file.path, &top).and_then(|place| {
            let entry = repository.entry_at(tree, place).ok()??;
            let bytes = repository.blob(entry.id, LIMIT).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        });
        let is_there = text.is_some();
        file.source = Source::of(file.source.name(), &text.unwrap_or_default());
        is_there
    });
    Some(older)
}
