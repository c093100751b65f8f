//! Pass `declared-packages`: replaces an install that names packages of the manifest with the install of the manifest,
//! which the passes after it can split.

use crate::build::installed::{self, InstalledProject};
use crate::build::{Code, Run, Stage};
use crate::finding::FileEdit;
use crate::manifest::{DependencyScope, Ecosystem};
use crate::optimize::assumption::Support;
use crate::optimize::languages::node::stage_parts::node_major;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Manager, Package, PackageCall, PackageSource, Verb, Word};
use crate::text::Span;

/// The first Node.js whose npm installs the rest of the manifest along with what it is told.
const NPM_INSTALLS_ALL: u32 = 15;

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    for stage in input.build.needed_stages() {
        in_stage(input, stage, output);
    }
}

fn in_stage(input: &PassInput, stage: &Stage, output: &mut PassOutput) {
    let mut done: Vec<&str> = installed_whole(input, stage);
    for run in input.build.own_runs(stage) {
        let Run { index, code, .. } = run;
        if !code.is_ordinary() || code.is_exec() || !run.instruction.heredocs.is_empty() {
            continue;
        }
        let invocations = run.invocations();
        for invocation in &invocations {
            let Some((call, project)) = declared(input, (stage, index), invocation) else { continue };
            let root = project.project.root.as_str();
            let repeated = done.contains(&root);
            // An earlier install without what is for development does a part of what this one does.
            let Ok(part) = earlier_part(input, (stage, index), root) else { continue };
            let edit = if repeated {
                (invocations.len() == 1).then(|| input.edit(input.instruction_span(index), String::new()))
            } else {
                let more = part.as_ref().map(|part| part.options.clone()).unwrap_or_default();
                renamed(input, code, invocation, (&call, &more))
            };
            let Some(edit) = edit else { continue };
            done.push(root);
            say(output, &call, &project, edit, repeated);
            if let Some(part) = part
                && !repeated
            {
                let edits = vec![input.edit(input.instruction_span(part.index), String::new())];
                let why = "the install below installs the same and the rest, with its options";
                output.step(format!("removes `{}`", part.command), why, edits);
            }
        }
    }
}

/// Projects that a call without names installs in the stage.
fn installed_whole<'i>(input: &PassInput<'i>, stage: &Stage) -> Vec<&'i str> {
    let build = input.build;
    let mut roots = Vec::new();
    for run in build.own_runs(stage) {
        for invocation in run.invocations() {
            let Some(call) = invocation.package_call().filter(|call| call.verb == Verb::Install) else { continue };
            let whole = call.is_from_manifest() && call.packages.is_empty() && !call.says("production");
            let project = if whole { installed::of(build, (stage, run.index), &invocation, &call) } else { None };
            roots.extend(project.map(|project| project.project.root.as_str()));
        }
    }
    roots
}

/// An install of a whole manifest but for what is for development, in a RUN of its own.
struct PartialInstall {
    index: usize,
    /// As people say it.
    command: String,
    /// Its options but for the one that leaves out a part.
    options: Vec<String>,
}

/// The install of a part of the same manifest that stands before a step of the stage; an error where more than it stands in
/// its RUN, or its options are not all known.
fn earlier_part(input: &PassInput, (stage, index): (&Stage, usize), root: &str) -> Result<Option<PartialInstall>, ()> {
    let build = input.build;
    for run in build.own_runs(stage).filter(|run| run.index < index) {
        let invocations = run.invocations();
        for invocation in &invocations {
            let Some(call) = invocation.package_call().filter(|call| call.verb == Verb::Install) else { continue };
            let is_part = call.is_from_manifest() && call.packages.is_empty() && call.says("production");
            let project = if is_part { installed::of(build, (stage, run.index), invocation, &call) } else { None };
            if project.is_none_or(|project| project.project.root != root) {
                continue;
            }
            let known = ProgramOptions::of(call.manager.name());
            let others = invocation.args.iter().filter(|word| word.span != call.verb_span);
            let options: Vec<&str> = others.map(Word::text).filter(|text| !known.has(text, "production")).collect();
            let is_known = options.iter().all(|text| text.starts_with('-') && !text.contains('='));
            if invocations.len() > 1 || run.code.is_exec() || !run.instruction.heredocs.is_empty() || !is_known {
                return Err(());
            }
            let options = options.into_iter().map(str::to_owned).collect();
            return Ok(Some(PartialInstall { index: run.index, command: call.title(), options }));
        }
    }
    Ok(None)
}

/// The call, where all packages that it names are those of the manifest beside it, in versions that it asks for.
fn declared<'s, 'i>(
    input: &PassInput<'i>,
    place: (&Stage, usize),
    invocation: &Invocation<'s>,
) -> Option<(PackageCall<'s>, InstalledProject<'i>)> {
    let build = input.build;
    let call = invocation.package_call().filter(|call| call.verb == Verb::Install && !call.packages.is_empty())?;
    let node = Ecosystem::of_manager(call.manager) == Some(Ecosystem::Node);
    let apart = ["global", "simulates", "elsewhere", "member"].iter().any(|meaning| call.says(meaning));
    if !node || apart || call.has_unknown_packages() || lacks_rest(input, place.0, call.manager) {
        return None;
    }
    let project = installed::of(build, place, invocation, &call)?;
    let production = call.says("production") || build.run_variable(place.0, place.1, invocation, "NODE_ENV").is_some();
    let is_declared = |package: &Package| {
        let is_dependency = |dependency: &&crate::manifest::Dependency| dependency.name == package.name.text;
        let declared = project.project.dependencies.iter().find(is_dependency);
        declared.is_some_and(|declared| {
            let same = |version: &str| declared.requirement.as_deref() == Some(version);
            let wanted = package.version.as_ref().is_none_or(|version| same(version.value.text));
            let installed =
                declared.scope == DependencyScope::Run || declared.scope == DependencyScope::Dev && !production;
            wanted && installed && package.source == PackageSource::Index
        })
    };
    call.packages.iter().all(is_declared).then_some((call, project))
}

/// Whether the npm of the base leaves out what the manifest asks for besides.
fn lacks_rest(input: &PassInput, stage: &Stage, manager: Manager) -> bool {
    manager == Manager::Npm && node_major(input, stage).is_some_and(|major| major < NPM_INSTALLS_ALL)
}

/// The call without the names, with `more` options that it does not have yet.
fn renamed(
    input: &PassInput,
    code: &Code,
    invocation: &Invocation,
    (call, more): (&PackageCall, &[String]),
) -> Option<FileEdit> {
    let is_package = |span: Span| call.packages.iter().any(|package| package.span == span);
    let saves = |text: &str| ProgramOptions::of(call.manager.name()).has(text, "saves");
    let options: Vec<&str> = invocation
        .args
        .iter()
        .filter(|word| word.span != call.verb_span && !is_package(word.span) && !saves(word.text()))
        .map(|word| input.source().slice(code.place(input.file(), word.span)))
        .collect();
    let more = more.iter().map(String::as_str).filter(|option| !options.contains(option));
    let options: Vec<&str> = options.iter().copied().chain(more).collect();
    let place = code.place(input.file(), call.span);
    let written = input.source().slice(place);
    // Other managers have no `add` without names.
    let verb = if call.verb_text == "i" { "i" } else { "install" };
    let plain = written.starts_with(call.program) && !written.contains('#') && !call.verb_text.contains(' ');
    let text = [call.program, verb].into_iter().chain(options).collect::<Vec<_>>().join(" ");
    plain.then(|| input.edit(place, text))
}

fn say(output: &mut PassOutput, call: &PackageCall, project: &InstalledProject, edit: FileEdit, repeated: bool) {
    let names: Vec<String> = call.packages.iter().map(|package| format!("`{}`", package.name.text)).collect();
    let title = call.title();
    let what = if repeated {
        format!("removes `{title}` of {}", names.join(", "))
    } else {
        format!("replaces `{title}` of {} with the install of package.json", names.join(", "))
    };
    output.step(what, "package.json lists these packages, so its install covers them", vec![edit]);
    output.assume("the program runs with the versions of package.json", newest(call, project));
}

/// What versions the call takes that the manifest and the lock file might not.
fn newest(call: &PackageCall, project: &InstalledProject) -> Option<(Support, String)> {
    let title = call.title();
    if matches!(call.manager, Manager::Yarn | Manager::Bun) {
        let why = format!("`{title}` installs the newest versions, whatever package.json requires");
        return Some((Support::Missing, why));
    }
    let why = || format!("`{title}` installs the newest versions that package.json allows, not those of the lock file");
    project.has_lock.then(|| (Support::Open, why()))
}
