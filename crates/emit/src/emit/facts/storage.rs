//! The folders of a program that later containers or others need (`data/storage_folders.tsv`).

use std::collections::BTreeMap;

use super::application::Application;
use super::example::example_of;
use super::left_out::serves_by_itself;
use crate::build::{Build, Stage, User};
use crate::data;
use crate::emit::input::EmitInput;
use crate::inputs::context::ContextEntryKind;
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::literals::string_literals;
use crate::sources::values::Evaluator;
use crate::sources::written_places::{self, WrittenPlace};
use crate::text::path;
use crate::variables::{ExampleVariable, VariableFile};

/// A folder of a program that a web server in front of it may answer from.
#[derive(Debug)]
pub(in crate::emit) struct ServedFolder {
    /// Its path in the container.
    pub(in crate::emit) folder: String,
    /// The place that shows it.
    pub(in crate::emit) place: String,
    /// The command that makes the files; `None` where the build of the image does.
    pub(in crate::emit) filled_by: Option<&'static str>,
}

/// The folders in the container that keep what users send, each with the place that shows it.
pub(in crate::emit) fn storage_folders(input: &EmitInput, application: &Application) -> Vec<(String, String)> {
    let mut folders: Vec<(String, String)> = Vec::new();
    for row in rows(application, "sent") {
        let is_new = |folder: &str| {
            folders
                .iter()
                .map(|(known, _)| known)
                .chain(&application.volumes)
                .all(|known| !path::is_within(folder, known))
        };
        let folder = folder_of_row(input, application, row);
        folders.extend(folder.filter(|(folder, _)| is_new(folder) && may_write(input, application, folder)));
    }
    for (folder, place) in written_folders(input, application) {
        let is_known = folders
            .iter()
            .map(|(known, _)| known)
            .chain(&application.volumes)
            .any(|known| path::is_within(&folder, known) || path::is_within(known, &folder));
        if !is_known && may_write(input, application, &folder) {
            folders.push((folder, place));
        }
    }
    folders
}

/// The folders for data (`data/file_topics.tsv`) that its sources write to, and the image does not fill.
fn written_folders(input: &EmitInput, application: &Application) -> Vec<(String, String)> {
    let build = &application.build;
    let Some(stage) = build.target().filter(|stage| starts_program(build, stage)) else { return Vec::new() };
    let files = application.code_files(input).filter(|file| {
        let kind = FileKind::of(&file.below);
        kind.has_code() && !kind.is_shell() && file.is_of_program()
    });
    let sources: BTreeMap<&str, &VariableFile> =
        files.filter_map(|file| Some((path::relative(&file.path, &application.context)?, file))).collect();
    let variables =
        |name: &str| variable(input, application, name).into_iter().filter(|value| !value.is_empty()).collect();
    let location = |file: &str| build.source_folder(stage, file);
    let texts = sources.iter().map(|(name, file)| (*name, file.source.text()));
    let evaluator = Evaluator::new(texts, &variables, &location);
    let work = application.folder();
    let mut folders: BTreeMap<String, String> = BTreeMap::new();
    for (name, file) in &sources {
        for place in written_places::places(&evaluator, name) {
            let folder = match &place {
                WrittenPlace::Folder(folder) => folder.as_str(),
                WrittenPlace::File(file) => path::parent(file),
                WrittenPlace::Unknown(_) | WrittenPlace::OfPrograms(_) => continue,
            };
            let folder = data_folder(&path::join(&work, folder), &work);
            if let Some(folder) = folder.filter(|folder| !is_filled(input, application, folder)) {
                folders.entry(folder).or_insert_with(|| file.source.name().to_owned());
            }
        }
    }
    folders.into_iter().collect()
}

/// Whether a container starts a program of the repository, and not the server of its base image.
fn starts_program(build: &Build, stage: &Stage) -> bool {
    build.launch(stage).is_some() || !serves_by_itself(build, stage)
}

/// The uppermost folder of a path whose name says that it holds data, below the working folder or at the top.
fn data_folder(path: &str, work: &str) -> Option<String> {
    let (above, below) = match path::relative(path, work) {
        Some(below) if work != "/" => (work, below),
        _ => ("/", path.trim_start_matches('/')),
    };
    let parts: Vec<&str> = below.split('/').collect();
    let is_data = |name: &&str| data::FILE_TOPICS.has(name, "data") && !data::FILE_TOPICS.has(name, "lost");
    let at = parts.iter().position(is_data)?;
    // Elsewhere than below the working folder only `/data` and the like are a program's own.
    (above != "/" || at == 0).then(|| path::child(above, &parts[..=at].join("/")))
}

/// Whether the build context has files for a folder of the image, which would grow old in a volume.
fn is_filled(input: &EmitInput, application: &Application, folder: &str) -> bool {
    let below = path::relative(folder, &application.folder()).unwrap_or(folder).trim_start_matches('/');
    let context = application.build.input().context.as_deref();
    let Some(context) = context else {
        let whole = path::child(&application.context, below);
        return input.files.files.iter().any(|file| path::is_within(&file.path, &whole));
    };
    context.entries().any(|id| {
        let name = context.path(id);
        context.entry(id).kind == ContextEntryKind::File
            && path::is_within(&name, below)
            && !path::name(&name).starts_with('.')
    })
}

/// The folders that a web server in front may answer from.
pub(in crate::emit) fn served_folders(input: &EmitInput, application: &Application) -> Vec<ServedFolder> {
    let folders = rows(application, "served").filter_map(|row| {
        let (folder, place) = folder_of_row(input, application, row)?;
        Some(ServedFolder { folder, place, filled_by: (row[5] != "-").then_some(row[5]) })
    });
    folders.collect()
}

/// The rows of a kind for the packages of a program.
fn rows<'a>(application: &'a Application<'_>, kind: &'a str) -> impl Iterator<Item = data::Row> {
    let has = |row: data::Row| Ecosystem::of(row[0]).is_some_and(|known| application.has_package(known, row[1]));
    data::STORAGE_FOLDERS.rows().filter(move |row| row[2] == kind && has(row))
}

fn folder_of_row(input: &EmitInput, application: &Application, row: data::Row) -> Option<(String, String)> {
    if row[3] == "-" {
        return Some((path::child(&application.folder(), row[4]), application.place.clone()));
    }
    named_folder(input, application, row[3])
}

/// What a variable is in the container: an example's value, which the compose file hands on, or that of ENV.
fn variable(input: &EmitInput, application: &Application, name: &str) -> Option<String> {
    let is_value = |known: &ExampleVariable| known.name == name && !known.is_comment && !known.value.is_empty();
    let example = example_of(input, application, is_value).map(|known| known.value.clone());
    example.or_else(|| application.build.known_value(application.build.target()?, name, usize::MAX))
}

/// The folder that a line of a source names, itself or by a variable with a default.
fn named_folder(input: &EmitInput, application: &Application, sign: &str) -> Option<(String, String)> {
    let files = application.code_files(input);
    let mut sources = files.filter(|file| FileKind::of(&file.below).has_code() && file.is_of_program());
    sources.find_map(|file| {
        let text = file.source.text();
        let (at, line) = text.lines().enumerate().find(|(_, line)| line.trim_start().starts_with(sign))?;
        let value = line[line.find(sign)? + sign.len()..].split(" #").next()?;
        let mut literals = string_literals(&file.below, value);
        // A path in several parts, of which only the last one would be known.
        if value.contains('+') || literals.len() > 1 && !value.contains("env") {
            return None;
        }
        let default = literals.pop()?.text;
        let is_variable = |text: &str| text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        let read = literals.first().map_or(&default, |first| &first.text);
        let value = if is_variable(read) { variable(input, application, read) } else { None };
        let name = match value {
            Some(value) => value,
            None if is_variable(&default) => return None,
            None => default,
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
        let name = name.trim_end_matches('/');
        if name.is_empty() || name == "." || name.contains("..") || !name.chars().all(plain) {
            return None;
        }
        let work = application.folder();
        let folder = if name.starts_with('/') { name.to_owned() } else { path::child(&work, name) };
        let is_whole_program = path::is_within(&work, &folder);
        let is_code = is_filled(input, application, &folder) && data_folder(&folder, &work).is_none();
        if is_whole_program || is_code || path::is_within(&folder, "/tmp") {
            return None;
        }
        Some((folder, format!("{}:{}", file.source.name(), at + 1)))
    })
}

/// Whether the user of the container may write into a new volume there: root may, others where the image has the folder.
fn may_write(input: &EmitInput, application: &Application, folder: &str) -> bool {
    let build = &application.build;
    let is_other = build.target().is_some_and(|stage| matches!(build.user(stage).value(), Some(User::Other(_))));
    let below = path::relative(folder, &application.folder()).unwrap_or(folder);
    let whole = path::child(&application.context, below);
    let is_sent = || input.files.files.iter().any(|file| path::is_within(&file.path, &whole));
    let is_named = || {
        let words =
            application.build.input().file.source().text().split(|c: char| c.is_whitespace() || "\"',[]".contains(c));
        words.into_iter().any(|word| path::ends_with(word.trim_end_matches('/'), below))
    };
    !is_other || is_sent() || is_named()
}
