//! `dockopt compose emit --just`.

use std::path::Path;

use crate::compose::{is_main_file, written_project};
use crate::emit::{Emission, EmitInput, JUST_FILES, RecipeInput, add_recipes};
use crate::load::{DOCKERFILE_LIMIT, FolderProjects, files_named, read_bytes, read_source};
use crate::text::{Source, Span, path};

/// The mark with which some editors begin a text.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Adds the justfile of a folder with the recipes that it lacks. `failing_checks`: the places of checks in the compose file
/// that never succeed.
pub(super) fn add_just_recipes(input: &EmitInput, failing_checks: &[Span], folder: &Path, emission: &mut Emission) {
    let names = files_named(folder, &JUST_FILES);
    if let [first, second, ..] = &names[..] {
        emission
            .notes
            .push(format!("no recipe was written: just takes neither {first} nor {second} where both are there"));
        return;
    }
    let justfile = match names.first().map(|name| (name, text_of_justfile(folder, name))) {
        Some((name, Ok(text))) => Some(Source::of(name, text.trim_start_matches(BYTE_ORDER_MARK))),
        Some((name, Err(why))) => {
            emission.notes.push(format!("{name} is left as it is: {why}"));
            return;
        }
        None => None,
    };
    let main = emission.files.iter().find(|file| is_main_file(&file.path)).cloned();
    let written = main.as_ref().and_then(|file| written_project(&Source::of(&file.path, &file.text), input.folder));
    let existing_name = input.existing.map(|existing| path::name(input.inputs.source(existing.file).name()).to_owned());
    let compose_file = existing_name.or_else(|| Some(main?.path)).unwrap_or_else(|| "compose.yaml".to_owned());
    let known = FolderProjects::read(folder);
    let new_files = emission.files.clone();
    let text_of = |place: &str| {
        let new = new_files.iter().find(|file| file.path == place).map(|file| file.text.clone());
        new.or_else(|| known.text_of(folder, place))
    };
    let import = |place: &str| Some(Source::of(place, read_source(&folder.join(place), DOCKERFILE_LIMIT).ok()?.text()));
    let recipe_input = RecipeInput {
        existing: input.existing,
        failing_checks,
        written: written.as_ref(),
        compose_file: &compose_file,
        projects: &known.projects,
        paths: &known.paths,
        text_of: &text_of,
        justfile: justfile.as_ref(),
        imports: &import,
    };
    add_recipes(&recipe_input, emission);
    keep_mark(folder, emission);
}

/// The whole text of a justfile, or why it cannot be had.
fn text_of_justfile(folder: &Path, name: &str) -> Result<String, String> {
    let bytes = read_bytes(&folder.join(name), DOCKERFILE_LIMIT).map_err(|error| format!("it {}", error.describe()))?;
    String::from_utf8(bytes).map_err(|_| "it is no UTF-8".to_owned())
}

/// Puts back the mark at the start of a justfile, which readers of texts leave out.
fn keep_mark(folder: &Path, emission: &mut Emission) {
    let is_just = |name: &str| JUST_FILES.iter().any(|known| known.eq_ignore_ascii_case(name));
    for file in emission.files.iter_mut().filter(|file| is_just(&file.path)) {
        let before = read_bytes(&folder.join(&file.path), DOCKERFILE_LIMIT).unwrap_or_default();
        if before.starts_with(BYTE_ORDER_MARK.as_bytes()) && !file.text.starts_with(BYTE_ORDER_MARK) {
            file.text.insert_str(0, BYTE_ORDER_MARK);
        }
    }
}
