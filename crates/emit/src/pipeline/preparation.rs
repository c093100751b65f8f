//! What the machine of a pipeline needs before images are started: environment files that git lacks, and variables.

use std::collections::BTreeSet;

use super::input::PipelineInput;
use super::start_files::StartFiles;
use crate::compose::project::GapKind;
use crate::emit::ENVIRONMENT_FILES;
use crate::shell::quoted_word;
use crate::text::path;

/// The lines of a script that make what compose files ask for and git does not have, each once.
pub(super) fn preparation<'s>(input: &PipelineInput, starts: impl IntoIterator<Item = &'s StartFiles>) -> Vec<String> {
    let (mut copies, mut exports) = (Vec::new(), BTreeSet::new());
    for start in starts {
        let folder = start.files.first().map(|file| path::parent(file)).unwrap_or_default();
        let [file, example] = ENVIRONMENT_FILES.map(|name| path::child(folder, name));
        if input.files.contains(&example) && !input.files.contains(&file) {
            copies.push(format!("cp {} {}", quoted_word(&example), quoted_word(&file)));
        }
        copies.extend(missing_environment_files(start).into_iter().map(|file| made_file(input, &file)));
        exports.extend(unset_variables(input, start));
    }
    let exports = exports.into_iter().map(|name| format!("export {name}=\"${{{name}:-started-in-ci}}\""));
    let mut known = BTreeSet::new();
    copies.into_iter().chain(exports).filter(|line| known.insert(line.clone())).collect()
}

/// The line that makes an environment file: of its example where there is one.
pub(super) fn made_file(input: &PipelineInput, file: &str) -> String {
    let example = format!("{file}.example");
    let (name, from) = (quoted_word(file), quoted_word(&example));
    if input.files.contains(&example) { format!("cp {from} {name}") } else { format!("touch {name}") }
}

/// Variables of services that nobody has set and that have no default, each once: a start needs some value.
fn unset_variables(input: &PipelineInput, start: &StartFiles) -> Vec<String> {
    let Some(compose) = start.files.first() else { return Vec::new() };
    let example = (input.text_of)(&path::child(path::parent(compose), ENVIRONMENT_FILES[1])).unwrap_or_default();
    let is_shown = |name: &str| {
        let mut lines = example.lines().filter_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix('='));
        lines.any(|value| !value.trim().is_empty())
    };
    let gaps = start.project.gaps.iter().filter(|gap| gap.kind == GapKind::Variable);
    let required = gaps.filter_map(|gap| start.project.text(gap.error.place)).flat_map(required_names);
    let required: BTreeSet<String> = required.collect();
    let unset = start.project.unset.iter().map(|variable| variable.name.clone());
    let all: BTreeSet<String> = unset.chain(required.iter().cloned()).filter(|name| !is_shown(name)).collect();
    let texts: Vec<String> = start.files.iter().filter_map(|file| (input.text_of)(file)).collect();
    let is_free = |name: &String| texts.iter().all(|text| is_of_environment(text, name));
    // Compose refuses the files where one that must be set is not.
    all.into_iter().filter(|name| required.contains(name) || is_free(name)).collect()
}

/// Whether a text names a variable nowhere but in the environment of services: a port or a tag takes not any value.
fn is_of_environment(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let width = |line: &str| line.len() - line.trim_start().len();
    let names = |line: &str| {
        line.split("${").skip(1).any(|rest| {
            rest.strip_prefix(name)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
        })
    };
    let mut places = lines.iter().enumerate().filter(|(_, line)| names(line));
    places.all(|(at, line)| {
        let above = lines[..at].iter().rev().find(|other| !other.trim().is_empty() && width(other) < width(line));
        above.is_some_and(|above| above.trim_start().starts_with("environment:"))
    })
}

/// Environment files of services that git does not have: Compose starts nothing without them.
fn missing_environment_files(start: &StartFiles) -> Vec<String> {
    let Some(first) = start.files.first() else { return Vec::new() };
    let mut files = BTreeSet::new();
    for gap in start.project.gaps.iter().filter(|gap| gap.kind == GapKind::EnvironmentFile) {
        let Some(text) = start.project.text(gap.error.place) else { continue };
        let name = text.trim().trim_matches(['"', '\'']);
        let place = path::join(path::parent(first), name);
        if !name.is_empty() && !name.contains(['$', '\n']) && !place.starts_with("..") {
            files.insert(place);
        }
    }
    files.into_iter().collect()
}

/// The names in a text that must have a value: `X` of `${X:?why}`.
pub(super) fn required_names(text: &str) -> Vec<String> {
    let name = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let must = rest[end..].trim_start_matches(':').starts_with('?');
        (must && end > 0).then(|| rest[..end].to_owned())
    };
    text.split("${").skip(1).filter_map(name).collect()
}
