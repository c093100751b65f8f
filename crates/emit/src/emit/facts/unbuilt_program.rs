//! Programs of a repository that no Dockerfile builds: modules of Maven and Gradle, whose build tool makes their images.

use std::collections::BTreeSet;

use super::application::Application;
use crate::emit::input::EmitInput;
use crate::manifest::FileKind;
use crate::sources::patterns;
use crate::text::path;

/// Programs that a note names.
const NAMES: usize = 3;

/// The note on the programs whose sources begin one and are in no image.
pub(in crate::emit) fn unbuilt_programs(input: &EmitInput, applications: &[Application]) -> Option<String> {
    let built: BTreeSet<usize> = applications.iter().flat_map(|known| &known.code.files).copied().collect();
    let files = input
        .files
        .files
        .iter()
        .enumerate()
        .filter(|(at, file)| !built.contains(at) && FileKind::of(&file.below).has_code() && file.is_of_program());
    let programs = files.filter(|(_, file)| {
        let text = file.source.text();
        patterns::words("begins a program").any(|word| text.lines().any(|line| line.starts_with(word)))
    });
    let folders: BTreeSet<&str> = programs.map(|(_, file)| module_folder(&file.below)).collect();
    let names: Vec<String> = folders.iter().take(NAMES).map(|folder| format!("`{folder}`")).collect();
    let more = match folders.len().saturating_sub(NAMES) {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    match folders.len() {
        0 => None,
        1 => Some(format!("the program in {} has no service: no Dockerfile builds it", names[0])),
        _ => Some(format!("the programs in {}{more} have no service: no Dockerfile builds them", names.join(", "))),
    }
}

/// The folder of the module that a source lies in: `orders` of `orders/src/main/java/shop/Orders.java`.
fn module_folder(below: &str) -> &str {
    let module = below.find("src/main/").map_or_else(|| path::parent(below), |at| below[..at].trim_end_matches('/'));
    if module.is_empty() { "." } else { module }
}
