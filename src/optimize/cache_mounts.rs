//! `cache-mounts`: what package managers download is kept outside of the layers, except for apt's lists: a step that
//! installs system packages stands above all that changes, and `rm -rf` in the same RUN keeps the image's own apt as it is.

use std::collections::BTreeSet;

use crate::build::{Build, Given, Launch, Stage};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Fix};
use crate::fix::Level;
use crate::inputs::Inputs;
use crate::manifest::{FileKind, Tool};
use crate::optimize::mend;
use crate::optimize::scene::{Scene, Turn};
use crate::rules::{Policies, Selection};
use crate::shell::{self, Invocation, Manager, Script, Verb, Word};
use crate::text::path;

/// The same over what has become of the file since. Its refusals have been said.
pub(super) fn again(scene: &Scene, turn: &mut Turn) {
    run(scene, turn);
    turn.refusals.clear();
}

pub(super) fn run(scene: &Scene, turn: &mut Turn) {
    let selection = Selection::new(&["cache-mount-missing".to_owned()], &[]).unwrap_or_default();
    let berry = needs_its_cache(scene);
    let started = started_managers(scene);
    let vet = |_: &Inputs, build: &Build, finding: &mut Finding| {
        finding.fixes.retain(|fix| is_wanted(build, fix, berry, &started));
    };
    let mended = mend::mended(scene, &Policies::from(selection), Level::Unsafe, &vet);
    if let Some(edit) = mended.edit {
        let why = "a change of the dependencies downloads only what is new, and no download stays in a layer";
        turn.step("keeps downloads in cache mounts", why, vec![edit]);
    }
}

/// Whether yarn berry starts programs from its cache (Plug'n'Play), or keeps it in the project.
fn needs_its_cache(scene: &Scene) -> bool {
    scene.projects().iter().flat_map(|project| &project.installs).any(|way| way.tool == Tool::YarnBerry)
}

fn is_wanted(build: &Build, fix: &Fix, berry: bool, started: &BTreeSet<Manager>) -> bool {
    let Some(first) = fix.edits.first() else { return false };
    let folders: Vec<&str> = first
        .text
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("--mount=type=cache,target=")?.split(',').next())
        .collect();
    // Who switches the cache off or empties it has decided.
    let decided = fix.edits.iter().any(|edit| edit.text.is_empty());
    if decided || folders.is_empty() || folders.iter().any(|folder| folder.starts_with("/var/")) {
        return false;
    }
    let at = first.span.start;
    let instructions = build.input().file.instructions();
    let Some(index) = instructions.iter().position(|one| one.span.start <= at && at <= one.span.end) else {
        return false;
    };
    let Some(stage) = build.stage_of(index) else { return false };
    let managers = managers(build, index);
    let hindered = (berry && managers.contains(&Manager::Yarn))
        || is_switched_off(build, stage, index, &managers)
        || is_read_elsewhere(build, &folders)
        || managers.iter().any(|manager| started.contains(manager) || is_fetched_before(build, *manager));
    !hindered
}

fn managers(build: &Build, index: usize) -> BTreeSet<Manager> {
    let Some(code) = build.code(index) else { return BTreeSet::new() };
    code.script.invocations().iter().filter_map(|one| Some(one.package_call()?.manager)).collect()
}

/// Whether a variable keeps the program from using a cache at all.
fn is_switched_off(build: &Build, stage: &Stage, index: usize, managers: &BTreeSet<Manager>) -> bool {
    let Some(code) = build.code(index) else { return true };
    let set = |name: &str| {
        code.script.invocations().iter().any(|one| {
            let given = build.run_variable(stage, index, one, name);
            given.is_some_and(|value| !matches!(&value, Given::Text(text) if matches!(text.as_str(), "" | "0" | "false" | "off" | "no")))
        })
    };
    (managers.contains(&Manager::Pip) && set("PIP_NO_CACHE_DIR"))
        || (managers.contains(&Manager::Uv) && set("UV_NO_CACHE"))
}

/// Whether another instruction names one of the folders: what it holds has to be in a layer.
fn is_read_elsewhere(build: &Build, folders: &[&str]) -> bool {
    let file = &build.input().file;
    file.instructions().iter().any(|one| {
        let text = match one.keyword {
            Keyword::Copy | Keyword::Add | Keyword::Volume => file.logical(one.text),
            _ => return false,
        };
        folders.iter().any(|folder| {
            let parent = folder.trim_start_matches("/root/").split('/').next().unwrap_or(folder);
            text.contains(folder) || (folder.starts_with("/root/") && text.contains(&format!("/root/{parent}")))
        })
    })
}

/// The managers that a container of any stage starts, or a service of Compose, and that look for packages in their cache.
fn started_managers(scene: &Scene) -> BTreeSet<Manager> {
    let texts = scene.evidence.services.iter().flat_map(|service| [&service.entrypoint, &service.command]).flatten();
    let launches: Vec<Launch> = scene.build.stages().iter().filter_map(|stage| scene.build.launch(stage)).collect();
    let services: Vec<Script> = texts.map(|text| shell::parse(text)).collect();
    let scripts: Vec<&Script> = launches.iter().map(Launch::script).chain(&services).collect();
    let mut managers = BTreeSet::new();
    for script in &scripts {
        add_managers(script, &mut managers);
        for invocation in script.invocations() {
            let mut words = std::iter::once(invocation.path).chain(invocation.args).map(Word::text);
            let Some(file) = words.find(|word| FileKind::of(word).is_shell()) else { continue };
            let name = path::name(file);
            let texts = scene.evidence.texts.iter().filter(|(path, _)| path::name(path) == name);
            texts.for_each(|(_, text)| add_managers(&shell::parse(text), &mut managers));
        }
    }
    managers
}

fn add_managers(script: &Script, managers: &mut BTreeSet<Manager>) {
    for call in script.invocations().iter().filter_map(Invocation::package_call) {
        let reads =
            matches!(call.manager, Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle | Manager::Dotnet);
        if reads && matches!(call.verb, Verb::Run | Verb::Build | Verb::Other) {
            managers.insert(call.manager);
        }
    }
}

/// Whether a call without network finds its packages in the manager's cache.
fn is_fetched_before(build: &Build, manager: Manager) -> bool {
    (0..build.input().file.instructions().len()).filter_map(|index| build.code(index)).any(|code| {
        code.script.invocations().iter().filter_map(Invocation::package_call).any(|call| {
            call.manager == manager
                && (call.has(&["--offline", "--no-index"]) || (manager == Manager::Maven && call.has(&["-o"])))
        })
    })
}
