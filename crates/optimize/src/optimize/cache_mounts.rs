//! Pass `cache-mounts`: keeps the downloads of package managers outside the layers. apt's lists are excluded: a step
//! that installs system packages is placed above everything that changes, and `rm -rf` in the same RUN does not change
//! the image's apt.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::build::{Build, Launch, Stage, stops_cache};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{FileEdit, Finding, Fix};
use crate::fix::FixLevel;
use crate::inputs::Inputs;
use crate::manifest::{FileKind, Tool};
use crate::optimize::env_pairs::without_pair;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::rule_fixes;
use crate::shell::{self, Invocation, Manager, Script, Verb, Word};
use crate::text::{self, Edit, Span, path};

/// The same over what has become of the file since. Its refusals have been said.
pub(super) fn run_again(input: &PassInput, output: &mut PassOutput) {
    run(input, output);
    output.refusals.clear();
}

pub(super) fn run(input: &PassInput, output: &mut PassOutput) {
    if let Some(edit) = without_switches(input).or_else(|| mounted(input)) {
        let why = "a changed dependency downloads only what is new, and no download stays in a layer";
        output.step("keeps package downloads in cache mounts", why, vec![edit]);
    }
}

/// The same where variables that switch a cache off go, as a mount keeps it out of the image too.
fn without_switches(input: &PassInput) -> Option<FileEdit> {
    let edits = switches(input);
    let index = input.inputs.builds.iter().position(|build| std::ptr::eq(build, input.input()))?;
    let mut sources = input.inputs.sources.clone();
    if edits.is_empty() {
        return None;
    }
    let slot = sources.get_mut(input.input().dockerfile.0 as usize)?;
    *slot = slot.with_bytes(text::apply(slot, &edits).ok()?).ok()?;
    let inputs = input.inputs.with_sources(&sources);
    let build = Build::new(inputs.builds.get(index)?);
    let built_projects = &OnceCell::new();
    let changed = PassInput {
        inputs: &inputs,
        build: &build,
        author: input.author,
        evidence: input.evidence,
        options: input.options,
        built_projects,
    };
    let FileEdit { span, text, .. } = mounted(&changed)?;
    let after = text::apply(changed.source(), &[Edit { span, text }]).ok()?;
    rule_fixes::replaced(input, &String::from_utf8(after).ok()?)
}

/// The deletions of variables that switch caches off.
fn switches(input: &PassInput) -> Vec<Edit> {
    let build = input.build;
    let mut edits = Vec::new();
    let all = build.needed_stages().flat_map(|stage| build.instructions(stage));
    for (index, instruction) in all.filter(|(_, instruction)| instruction.keyword == Keyword::Env) {
        let pairs = input.file().variables(instruction);
        let is_no_cache = |at: &usize| data::VARIABLES.has(&pairs[*at].name.text, "no-cache");
        let going: Vec<usize> = (0..pairs.len()).filter(is_no_cache).collect();
        if going.len() == pairs.len() {
            edits.push(Edit { span: input.instruction_span(index), text: String::new() });
        } else {
            let spans: Vec<Span> = pairs.iter().map(|pair| pair.span).collect();
            edits.extend(going.iter().map(|at| without_pair(&spans, *at, &going)));
        }
    }
    edits
}

/// The edit that adds the mounts.
fn mounted(input: &PassInput) -> Option<FileEdit> {
    let berry = needs_its_cache(input);
    let mut readers = started_managers(input);
    readers.extend(offline_managers(input.build));
    let vet = |_: &Inputs, build: &Build, finding: &mut Finding| {
        finding.fixes.retain(|fix| is_wanted(build, fix, berry, &readers));
    };
    rule_fixes::apply_fixes_of(input, &["cache-mount-missing"], FixLevel::Unsafe, &vet).edit
}

/// Whether yarn berry starts programs from its cache (Plug'n'Play), or keeps it in the project.
fn needs_its_cache(input: &PassInput) -> bool {
    input.projects().iter().flat_map(|project| &project.installs).any(|way| way.tool == Tool::YarnBerry)
}

fn is_wanted(build: &Build, fix: &Fix, berry: bool, readers: &BTreeSet<Manager>) -> bool {
    let Some(first) = fix.edits.first() else { return false };
    let folders: Vec<&str> = first
        .text
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("--mount=type=cache,target=")?.split(',').next())
        .collect();
    let source = build.input().file.source();
    let mut removed = fix.edits.iter().filter(|edit| edit.text.is_empty()).map(|edit| source.slice(edit.span));
    if removed.any(|text| takes_more(text, &folders))
        || folders.is_empty()
        || folders.iter().any(|folder| folder.starts_with("/var/"))
    {
        return false;
    }
    let at = first.span.start;
    let instructions = build.input().file.instructions();
    let Some(index) =
        instructions.iter().position(|instruction| instruction.span.start <= at && at <= instruction.span.end)
    else {
        return false;
    };
    let Some(stage) = build.stage_of(index) else { return false };
    let managers = managers(build, index);
    let hindered = (berry && managers.contains(&Manager::Yarn))
        || is_switched_off(build, stage, index, &managers)
        || is_read_elsewhere(build, &folders)
        || managers.iter().any(|manager| readers.contains(manager));
    !hindered
}

/// Whether a clean-up that the mount stands for deletes more than what the mount holds: its layer would keep that.
fn takes_more(removed: &str, folders: &[&str]) -> bool {
    let script = shell::parse(removed.trim_start_matches(['&', ';', ' ', '\\', '\n', '\t']));
    let is_own = |word: &&Word| {
        let path = word.text().trim_end_matches(['*', '/']);
        let name = path::name(path);
        // Others keep their folders beside it.
        let shared = matches!(name, ".cache" | "root" | "~" | "");
        folders.iter().any(|folder| !shared && folder.split('/').any(|part| part == name) || path.contains(folder))
    };
    let deletes = |invocation: &Invocation| {
        invocation.is("rm")
            && invocation.args.iter().filter(|word| !word.text().starts_with('-')).any(|word| !is_own(&word))
    };
    script.invocations().iter().any(deletes)
}

fn managers(build: &Build, index: usize) -> BTreeSet<Manager> {
    let Some(code) = build.code(index) else { return BTreeSet::new() };
    code.script.invocations().iter().filter_map(|invocation| Some(invocation.package_call()?.manager)).collect()
}

/// Whether a variable keeps the program from using a cache at all.
fn is_switched_off(build: &Build, stage: &Stage, index: usize, managers: &BTreeSet<Manager>) -> bool {
    let Some(code) = build.code(index) else { return true };
    let is_set = |name: &str| {
        code.script.invocations().iter().any(|invocation| {
            let variable = build.run_variable(stage, index, invocation, name);
            variable.is_some_and(|value| value.text().is_none_or(|value| stops_cache(name, &value)))
        })
    };
    (managers.contains(&Manager::Pip) && is_set("PIP_NO_CACHE_DIR"))
        || (managers.contains(&Manager::Uv) && is_set("UV_NO_CACHE"))
}

/// Whether another instruction names one of the folders: what it holds has to be in a layer.
fn is_read_elsewhere(build: &Build, folders: &[&str]) -> bool {
    let file = &build.input().file;
    file.instructions().iter().any(|instruction| {
        let text = match instruction.keyword {
            Keyword::Copy | Keyword::Add | Keyword::Volume => file.logical(instruction.text),
            _ => return false,
        };
        folders.iter().any(|folder| {
            let parent = folder.trim_start_matches("/root/").split('/').next().unwrap_or(folder);
            text.contains(folder) || (folder.starts_with("/root/") && text.contains(&format!("/root/{parent}")))
        })
    })
}

/// The managers that a container of any stage starts, or a service of Compose, and that look for packages in their cache.
fn started_managers(input: &PassInput) -> BTreeSet<Manager> {
    let texts = input.evidence.services.iter().flat_map(|service| [&service.entrypoint, &service.command]).flatten();
    let launches: Vec<Launch> = input.build.stages().iter().filter_map(|stage| input.build.launch(stage)).collect();
    let services: Vec<Script> = texts.map(|text| shell::parse(text)).collect();
    let scripts: Vec<&Script> = launches.iter().map(Launch::script).chain(&services).collect();
    let mut managers = BTreeSet::new();
    for script in &scripts {
        add_managers(script, &mut managers);
        for invocation in script.invocations() {
            let mut words = std::iter::once(invocation.path).chain(invocation.args).map(Word::text);
            let Some(file) = words.find(|word| FileKind::of(word).is_shell()) else { continue };
            let name = path::name(file);
            let texts = input.evidence.texts.iter().filter(|(path, _)| path::name(path) == name);
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

/// The managers of which a call without network finds its packages in their cache.
fn offline_managers(build: &Build) -> BTreeSet<Manager> {
    let mut managers = BTreeSet::new();
    for code in (0..build.input().file.instructions().len()).filter_map(|index| build.code(index)) {
        for call in code.script.invocations().iter().filter_map(Invocation::package_call) {
            if call.has(&["--offline", "--no-index"]) || (call.manager == Manager::Maven && call.has(&["-o"])) {
                managers.insert(call.manager);
            }
        }
    }
    managers
}
