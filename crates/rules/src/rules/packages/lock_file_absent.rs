//! See `rules/lock-file-absent.md`.

use std::collections::BTreeSet;

use crate::build::{Run, installed};
use crate::finding::Findings;
use crate::manifest::{Dependency, Ecosystem, Project};
use crate::rules::Context;
use crate::shell::{InputKind, LockUse, Manager, PackageCall, Verb};
use crate::text::path;

crate::rules::rule!("lock-file-absent", check);

fn check(cx: &Context, out: &mut Findings) {
    if cx.is_for_developers_only() {
        return;
    }
    let build = cx.build();
    let mut reported: BTreeSet<String> = BTreeSet::new();
    for Run { stage, index, code, .. } in build.ordinary_runs().filter(|run| build.is_needed(run.stage)) {
        for invocation in code.script.invocations() {
            let Some(call) = invocation.package_call().filter(|call| call.verb == Verb::Install) else { continue };
            let advice = without_lock(cx, (stage, index), &invocation, &call).or_else(|| without_versions(cx, &call));
            let Some((message, help)) = advice else { continue };
            if reported.insert(message.clone()) {
                let span = code.place(&build.input().file, call.span);
                out.push(cx.finding(span, message).help(help));
            }
        }
    }
}

/// The message and the help for an install whose package manager would write a lock file, and the context has none.
fn without_lock(
    cx: &Context,
    place: (&crate::build::Stage, usize),
    invocation: &crate::shell::Invocation,
    call: &PackageCall,
) -> Option<(String, String)> {
    if call.lock != Some(LockUse::Preferred) || !call.packages.is_empty() || call.manager == Manager::Go {
        return None;
    }
    let context = cx.context()?;
    let installed = installed::of(cx.build(), place, invocation, call)?;
    let project = installed.project;
    let locks = installed::lock_names(call.manager);
    let folders = [project.root.as_str(), project.workspace.as_deref().unwrap_or(&project.root), ""];
    let mut paths = folders.iter().flat_map(|folder| locks.iter().map(|lock| path::join(folder, lock)));
    // Another package manager's lock file may be the one that counts, and it is another mistake to ignore it.
    let has_other = project.installs.iter().any(|install| install.lock.is_some());
    if project.dependencies.is_empty() || has_other || paths.any(|path| context.find(&path).is_some()) {
        return None;
    }
    let lock = locks.first()?;
    let message = format!("`{}` chooses other versions in each build: the project has no `{lock}`", call.title());
    Some((message, format!("commit the `{lock}` that the package manager writes, and copy it with the manifest")))
}

/// The same for a list of requirements of pip in which no package has a version. A range for some of them is a decision.
fn without_versions(cx: &Context, call: &PackageCall) -> Option<(String, String)> {
    if !matches!(call.manager, Manager::Pip | Manager::Uv) || call.has(&["-c", "--constraint", "--require-hashes"]) {
        return None;
    }
    let projects = cx.projects()?.iter().filter(|project| project.ecosystem == Ecosystem::Python);
    let projects: Vec<_> = projects.collect();
    for list in call.inputs.iter().filter(|input| input.kind == InputKind::Requirements) {
        let path = list.path.text.trim_start_matches("./");
        let packages = projects.iter().find_map(|project| count_open(project, &path::join(&project.root, path)));
        let Some(packages) = packages else { continue };
        let packages = if packages == 1 { "its package".to_owned() } else { format!("any of its {packages} packages") };
        let message = format!("`{path}` names no version of {packages}: each build may install others");
        let help = "write exact versions, as `uv pip compile` or `pip freeze` do".to_owned();
        return Some((message, help));
    }
    None
}

/// How many packages a list of requirements names where none of them has a version.
fn count_open(project: &Project, path: &str) -> Option<usize> {
    let install = project.installs.iter().find(|install| install.lock.is_none() && install.manifest == path)?;
    let is_named = |dependency: &&Dependency| install.names.contains(&dependency.name);
    let named: Vec<&Dependency> = project.dependencies.iter().filter(is_named).collect();
    let is_open =
        |dependency: &&Dependency| dependency.requirement.as_deref().is_none_or(|text| text.trim().is_empty());
    (!named.is_empty() && named.len() == install.names.len() && named.iter().all(is_open)).then_some(named.len())
}
