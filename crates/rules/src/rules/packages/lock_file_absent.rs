//! See `rules/lock-file-absent.md`.

use std::collections::BTreeSet;

use crate::build::{Run, installed};
use crate::finding::Findings;
use crate::manifest::Ecosystem;
use crate::rules::Context;
use crate::shell::{InputKind, LockUse, Manager, PackageCall, Verb};

crate::rules::rule!("lock-file-absent", check);

/// Lines of a requirements file that are read.
const LINES: usize = 2_000;

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
    let mut paths = folders.iter().flat_map(|folder| locks.iter().map(|lock| crate::text::path::join(folder, lock)));
    // Another package manager's lock file may be the one that counts, and it is another mistake to ignore it.
    let has_other = project.installs.iter().any(|install| install.lock.is_some());
    if project.dependencies.is_empty() || has_other || paths.any(|path| context.find(&path).is_some()) {
        return None;
    }
    let lock = locks.first()?;
    let message = format!("`{}` chooses other versions in each build: the project has no `{lock}`", call.title());
    Some((message, format!("commit the `{lock}` that the package manager writes, and copy it with the manifest")))
}

/// The same for a list of requirements of pip that names no exact version.
fn without_versions(cx: &Context, call: &PackageCall) -> Option<(String, String)> {
    if !matches!(call.manager, Manager::Pip | Manager::Uv) || call.has(&["-c", "--constraint", "--require-hashes"]) {
        return None;
    }
    let projects = cx.projects()?.iter().filter(|project| project.ecosystem == Ecosystem::Python);
    let roots: BTreeSet<&str> = projects.map(|project| project.root.as_str()).collect();
    let lists = call.inputs.iter().filter(|input| input.kind == InputKind::Requirements);
    for list in lists {
        let path = list.path.text.trim_start_matches("./");
        let text = roots.iter().find_map(|root| cx.text_of(&crate::text::path::join(root, path)))?;
        let text = String::from_utf8_lossy(text);
        let (open, all) = count_open(&text)?;
        // A range for some of them is a decision; none at all is none.
        if all > 0 && open == all {
            let packages = if all == 1 { "its package".to_owned() } else { format!("any of its {all} packages") };
            let message = format!("`{path}` names no version of {packages}: each build may install others");
            let help = "write exact versions, as `uv pip compile` or `pip freeze` do".to_owned();
            return Some((message, help));
        }
    }
    None
}

/// How many packages of a list have no version, and how many there are; `None` where the list takes in others.
fn count_open(text: &str) -> Option<(usize, usize)> {
    let (mut open, mut all) = (0, 0);
    for line in text.lines().take(LINES) {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with('-') || line.contains("://") {
            return None;
        }
        let requirement = line.split(';').next().unwrap_or_default();
        all += 1;
        open += usize::from(!requirement.contains(['=', '<', '>', '~', '!', '@', '/']));
    }
    Some((open, all))
}

#[cfg(test)]
mod tests {
    use super::count_open;

    #[test]
    fn lists_are_counted() {
        assert_eq!(count_open("flask\n# x\n\ngunicorn ; python_version > '3'\n"), Some((2, 2)));
        assert_eq!(count_open("flask==3.1\nuvicorn[standard]  # the server\n"), Some((1, 2)));
        assert_eq!(count_open("-r base.txt\nflask\n"), None);
        assert_eq!(count_open(""), Some((0, 0)));
    }
}
