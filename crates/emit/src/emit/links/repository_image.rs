//! The version of a server that a repository's pipelines, manifests and other compose files run.

use crate::build::Reference;
use crate::compose::is_main_file;
use crate::emit::input::EmitInput;
use crate::manifest::{FileKind, FileRole};
use crate::text::path;

/// The maximum number of different images that are compared.
const MOST: usize = 100;

/// How many major versions older than the usual one a version may be.
const OLDER: u32 = 4;

/// An image that a file of the repository names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emit) struct RepositoryImage {
    pub(in crate::emit) image: String,
    /// Where it stands.
    pub(in crate::emit) place: String,
}

/// The image that the repository runs most often with the name of a given one, where its version is not newer: what keeps its
/// data in another folder is not known.
pub(in crate::emit) fn repository_image(input: &EmitInput, usual: &str) -> Option<RepositoryImage> {
    let usual = Reference::of(usual);
    let usual_tag = usual.tag?;
    let newest = major(usual_tag)?;
    // Where the usual one is Alpine's, others have no program that could ask the server.
    let system = if usual_tag.contains("alpine") { "alpine" } else { "" };
    let files = input.files.files.iter().filter(|file| {
        let is_yaml = path::is_yaml(&file.path);
        let is_other = |role| matches!(role, FileRole::Example | FileRole::Vendored | FileRole::Output);
        // The file that is written shows nothing of the others.
        let is_written = path::parent(&file.path) == input.folder && is_main_file(&file.path);
        is_yaml && !is_written && !is_other(FileKind::of(&file.below).role())
    });
    let mut images: Vec<(RepositoryImage, usize)> = Vec::new();
    for file in files {
        for (at, line) in file.source.text().lines().enumerate() {
            let Some(value) = line.trim_start().trim_start_matches("- ").strip_prefix("image:") else { continue };
            let value = value.split(" #").next().unwrap_or(value).trim().trim_matches(['"', '\'']);
            let reference = Reference::of(value);
            let is_version = |tag: &str| {
                let is_plain = tag.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
                is_plain
                    && tag.contains(system)
                    && major(tag).is_some_and(|major| major <= newest && newest - major <= OLDER)
            };
            if reference.short_name() != usual.short_name() || !reference.tag.is_some_and(is_version) {
                continue;
            }
            if let Some((_, count)) = images.iter_mut().find(|(known, _)| known.image == value) {
                *count += 1;
            } else if images.len() < MOST {
                let place = format!("{}:{}", file.source.name(), at + 1);
                images.push((RepositoryImage { image: value.to_owned(), place }, 1));
            }
        }
    }
    let most = images.iter().map(|(_, count)| *count).max()?;
    images.into_iter().find(|(_, count)| *count == most).map(|(image, _)| image)
}

/// The first number of a tag: 17 of `pg17`.
fn major(tag: &str) -> Option<u32> {
    let digits = &tag[tag.find(|c: char| c.is_ascii_digit())?..];
    digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())].parse().ok()
}
