//! The folders of a program that later containers or others need (`data/storage_folders.tsv`).

use super::application::Application;
use crate::build::User;
use crate::data;
use crate::emit::input::EmitInput;
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::literals::string_literals;
use crate::text::path;

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
    folders
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

/// The folder that a line of a source names.
fn named_folder(input: &EmitInput, application: &Application, sign: &str) -> Option<(String, String)> {
    let files = application.code_files(input);
    let mut sources = files.filter(|file| FileKind::of(&file.below).has_code() && file.is_of_program());
    sources.find_map(|file| {
        let text = file.source.text();
        let (at, line) = text.lines().enumerate().find(|(_, line)| line.trim_start().starts_with(sign))?;
        let value = &line[line.find(sign)? + sign.len()..];
        let name = string_literals(&file.below, value).pop()?.text;
        let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
        let name = name.trim_end_matches('/');
        if name.is_empty() || name == "." || name.contains("..") || !name.chars().all(plain) {
            return None;
        }
        let folder = if name.starts_with('/') { name.to_owned() } else { path::child(&application.folder(), name) };
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
        words.into_iter().any(|word| word.trim_end_matches('/').ends_with(below))
    };
    !is_other || is_sent() || is_named()
}
