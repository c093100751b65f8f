//! Which compose files of a run a deployment starts, as far as their names, scripts and pipelines say.

use crate::build::names_developers;
use crate::compose::{OVERRIDE_FILES, is_main_file};
use crate::data;
use crate::inputs::{ComposeInput, ComposeStart, Inputs};
use crate::text::path;

/// Leaves out compose files that nobody deploys; the notes say which, and why.
pub fn keep_deployed(inputs: &mut Inputs) -> Vec<String> {
    let starts = ComposeStart::all(&inputs.workflows).unwrap_or_default();
    let mut notes = Vec::new();
    let mut kept = Vec::new();
    for compose in &inputs.composes {
        let name = inputs.source(compose.file).name();
        let why = if names_developers(name) {
            Some("it is named for development".to_owned())
        } else {
            superseding(inputs, compose, &starts)
        };
        match why {
            Some(why) => notes.push(format!("`{name}` is left out: {why}; name the file to check it")),
            None if is_started_alone(name, &starts) => kept.push(compose.without_overrides(&inputs.sources)),
            None => kept.push(compose.clone()),
        }
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
