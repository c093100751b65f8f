//! Which compose files of a run a deployment starts, as far as their names, scripts and pipelines say.

use std::collections::BTreeSet;

use crate::build::names_developers;
use crate::compose::project::ComposeValue;
use crate::compose::{OVERRIDE_FILES, is_main_file};
use crate::data;
use crate::inputs::{ComposeInput, ComposeStart, Inputs};
use crate::sources::patterns;
use crate::stack::{Stack, StackService};
use crate::text::{FileId, path};

/// Meanings in `data/source_patterns.tsv`.
const COPY: &str = "word of the name of a copy";
const DEPLOYMENT: &str = "word of a deployment";
const TEST: &str = "word of a script that tests or develops";

/// Leaves out compose files that nobody deploys; the notes say which, and why.
pub fn keep_deployed(inputs: &mut Inputs) -> Vec<String> {
    let starts = ComposeStart::all(&inputs.workflows).unwrap_or_default();
    // They are compared with those of other files.
    let has_others = inputs.composes.len() > 1;
    let programs: Vec<Vec<Program>> =
        if has_others { inputs.composes.iter().map(programs).collect() } else { Vec::new() };
    let mut notes = Vec::new();
    let mut kept: Vec<ComposeInput> = Vec::new();
    let mut parts = Vec::new();
    for compose in &inputs.composes {
        let name = inputs.source(compose.file).name();
        let on_top = file_on_top(inputs, name, &starts);
        let why = if names_developers(name) {
            Some("it is named for development".to_owned())
        } else if let Some((by, other)) = on_top {
            parts.push((other, compose.file));
            let other = inputs.source(other).name();
            Some(format!("`{by}` starts it with `{other}` on top, which is checked with it"))
        } else {
            copied(inputs, compose)
                .or_else(|| superseding(inputs, compose, &starts))
                .or_else(|| developed(inputs, compose, (&starts, &programs)))
        };
        match why {
            Some(why) => notes.push(format!("`{name}` is left out: {why}; name the file to check it")),
            None if is_started_alone(name, &starts) => kept.push(compose.without_overrides(&inputs.sources)),
            None => kept.push(compose.clone()),
        }
    }
    for compose in &mut kept {
        let below = parts.iter().filter(|(top, _)| *top == compose.file).map(|(_, file)| *file);
        compose.parts.extend(below);
        compose.compose_use.deployer = deployer(inputs, inputs.source(compose.file).name(), &starts);
    }
    inputs.composes = kept;
    notes
}

/// Why a file is not the one that is deployed: scripts start others instead of it.
fn superseding(inputs: &Inputs, compose: &ComposeInput, starts: &[ComposeStart]) -> Option<String> {
    let name = inputs.source(compose.file).name();
    // Compose chooses it where none is named.
    if starts.iter().any(|start| start.files.is_empty() || start.names(name)) {
        return None;
    }
    let (folder, _) = path::split(name);
    let names = inputs.composes.iter().map(|other| inputs.source(other.file).name());
    let beside: Vec<&str> = names.filter(|other| path::split(other).0 == folder).collect();
    let is_instead = |other: &&str| {
        if is_override(name) {
            is_main_file(path::name(other))
        } else {
            is_main_file(path::name(name)) && is_of_production(path::name(other))
        }
    };
    let (start, other) = starts.iter().find_map(|start| {
        let other = beside.iter().copied().filter(is_instead).find(|other| start.names(other))?;
        Some((start, other))
    })?;
    Some(format!("`{}` starts `{other}` without it", start.by))
}

/// Why a file is for development: a program runs for its developers in it, and in another file it does not.
fn developed(
    inputs: &Inputs,
    compose: &ComposeInput,
    (starts, programs): (&[ComposeStart], &[Vec<Program>]),
) -> Option<String> {
    let name = inputs.source(compose.file).name();
    if deployer(inputs, name, starts).is_some() {
        return None;
    }
    let all = || inputs.composes.iter().zip(programs);
    let (_, mine) = all().find(|(known, _)| known.file == compose.file)?;
    if !mine.iter().any(|program| program.is_developed) {
        return None;
    }
    let mut others = all().filter(|(other, _)| other.file != compose.file);
    let (service, other) = others.find_map(|(other, theirs)| {
        let other_name = inputs.source(other.file).name();
        if names_developers(other_name) || theirs.iter().any(|program| program.is_developed) {
            return None;
        }
        let is_same = |program: &Program, known: &Program| {
            program.name == known.name || program.context.is_some() && program.context == known.context
        };
        let is_there = |program: &&Program| program.is_developed && theirs.iter().any(|known| is_same(program, known));
        Some((&mine.iter().find(is_there)?.name, other_name))
    })?;
    Some(format!("`{service}` runs for its developers in it, and not in `{other}`"))
}

/// A service of a program, of the project or of others.
struct Program {
    name: String,
    /// The folder that it is built from.
    context: Option<String>,
    /// Whether it runs for its developers.
    is_developed: bool,
}

/// The services of a file that are no backends.
fn programs(compose: &ComposeInput) -> Vec<Program> {
    let Some(project) = &compose.reading.project else { return Vec::new() };
    let stack = Stack::new(project, &compose.dockerfiles);
    let says_so = |service: &StackService, key: &str| service.text(key).is_some_and(names_developers);
    let built = |service: &StackService, key: &str| {
        let value = service.value.get("build").and_then(|build| build.get(key));
        value.and_then(ComposeValue::as_text).map(str::to_owned)
    };
    let is_developed = |service: &StackService| {
        service.is_for_developers()
            || says_so(service, "container_name")
            || ["dockerfile", "target"]
                .into_iter()
                .filter_map(|key| built(service, key))
                .any(|text| names_developers(&text))
    };
    let services = stack.services.iter().filter(|service| !service.known.is_some_and(|known| known.is_backend()));
    let program = |service: &StackService| Program {
        name: service.name.to_owned(),
        context: built(service, "context"),
        is_developed: is_developed(service),
    };
    services.map(program).collect()
}

/// The file that all commands put on top of another one, where the two are checked together, and one that does.
fn file_on_top(inputs: &Inputs, name: &str, starts: &[ComposeStart]) -> Option<(String, FileId)> {
    let named: Vec<&ComposeStart> = starts.iter().filter(|start| start.names(name)).collect();
    let on_top = |start: &ComposeStart| {
        let file = start.files.last().filter(|file| !path::ends_with(name, file))?;
        let is_it = |other: &&ComposeInput| {
            let other_name = inputs.source(other.file).name();
            path::ends_with(other_name, file) && other.request.files.len() > 1 && !names_developers(other_name)
        };
        Some((start.by.clone(), inputs.composes.iter().find(is_it)?.file))
    };
    let is_always_below = named.iter().all(|start| on_top(start).is_some());
    if is_always_below && starts.iter().all(|start| !start.files.is_empty()) { on_top(named.first()?) } else { None }
}

/// Why a file is no more than a copy: its name says so, and another one has a service of it.
fn copied(inputs: &Inputs, compose: &ComposeInput) -> Option<String> {
    let names: Vec<&str> = inputs.composes.iter().map(|other| inputs.source(other.file).name()).collect();
    let first = names.first()?;
    let is_shared = |end: &usize| names.iter().all(|name| name.starts_with(&first[..*end]));
    let top = first.match_indices('/').map(|(at, _)| at + 1).rev().find(is_shared).unwrap_or_default();
    let is_copy = |name: &str| has_word(&name[top..], COPY);
    let services = |compose: &ComposeInput| -> BTreeSet<String> {
        let services = compose.reading.project.iter().flat_map(|project| project.services());
        services.map(|(name, _)| name.to_owned()).collect()
    };
    let names = services(compose);
    let name = inputs.source(compose.file).name();
    let is_original = |other: &&ComposeInput| {
        let other_name = inputs.source(other.file).name();
        !is_copy(other_name) && !names_developers(other_name) && !names.is_disjoint(&services(other))
    };
    let original = if is_copy(name) { inputs.composes.iter().find(is_original) } else { None };
    original.map(|other| format!("it is named as a copy of `{}`", inputs.source(other.file).name()))
}

/// The script that deploys a file, by its name, or on another machine.
fn deployer(inputs: &Inputs, name: &str, starts: &[ComposeStart]) -> Option<String> {
    let names = inputs.composes.iter().map(|other| inputs.source(other.file).name());
    let folders = names.filter(|other| is_main_file(path::name(other))).map(|other| path::parent(other).len());
    let is_chosen = is_main_file(path::name(name)) && folders.min() == Some(path::parent(name).len());
    let deploys = |start: &&ComposeStart| {
        let is_named = has_word(path::name(&start.by), DEPLOYMENT) && !has_word(&start.by, TEST);
        start.is_on_host && is_named && (start.names(name) || start.files.is_empty() && is_chosen)
    };
    starts.iter().find(deploys).map(|start| start.by.clone())
}

/// Whether a name has a word with a meaning in `data/source_patterns.tsv`.
fn has_word(name: &str, meaning: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| patterns::words(meaning).any(|known| known == word))
}

/// Whether commands start a file by its name, without the one that Compose puts on top of it by itself.
fn is_started_alone(name: &str, starts: &[ComposeStart]) -> bool {
    let is_with_override =
        |start: &ComposeStart| start.files.is_empty() || start.files.iter().any(|file| is_override(file));
    is_main_file(path::name(name))
        && starts.iter().any(|start| start.names(name))
        && !starts.iter().any(is_with_override)
}

/// Whether Compose puts a file on top of another one where none is named.
fn is_override(name: &str) -> bool {
    OVERRIDE_FILES.contains(&path::name(name))
}

fn is_of_production(name: &str) -> bool {
    name.split(['.', '-', '_']).any(|word| data::NAME_WORDS.has(word, "production"))
}
