//! The folders in which a program keeps what users send it (`data/storage_folders.tsv`).

use super::application::Application;
use crate::build::User;
use crate::data;
use crate::emit::input::EmitInput;
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::literals::string_literals;
use crate::text::path;

/// The folders in the container, each with the place that shows it.
pub(in crate::emit) fn storage_folders(input: &EmitInput, application: &Application) -> Vec<(String, String)> {
    let mut folders: Vec<(String, String)> = Vec::new();
    let is_there = |row: &data::Row| Ecosystem::of(row[0]).is_some_and(|known| application.has_package(known, row[1]));
    for row in data::STORAGE_FOLDERS.rows().filter(is_there) {
        let folder = if row[2] == "-" {
            Some((path::child(&application.folder(), row[3]), application.place.clone()))
        } else {
            named_folder(input, application, row[2])
        };
        let is_new = |folder: &str| {
            folders
                .iter()
                .map(|(known, _)| known)
                .chain(&application.volumes)
                .all(|known| !path::is_within(folder, known))
        };
        folders.extend(folder.filter(|(folder, _)| is_new(folder) && may_write(input, application, folder)));
    }
    folders
}

/// The folder that a line of a source names.
fn named_folder(input: &EmitInput, application: &Application, sign: &str) -> Option<(String, String)> {
    let files = application.code.files.iter().map(|at| &input.files.files[*at]);
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
