//! The files that are looked at.

use crate::manifest::{FileKind, FileRole};
use crate::text::{Source, path};

/// A file.
#[derive(Clone, Debug)]
pub struct VariableFile {
    /// Its path, absolute.
    pub path: String,
    /// Its path below the folder that was asked for.
    pub below: String,
    /// Its text, named as the user would type it.
    pub source: Source,
    /// Whether it sets variables, by its name or because a compose file or the user says so.
    pub is_environment: bool,
    /// Whether git tracks it, or would.
    pub is_committed: bool,
}

/// All files.
#[derive(Clone, Debug, Default)]
pub struct VariableInput {
    /// By their paths.
    pub files: Vec<VariableFile>,
    /// Sources that are too large to be read, as the user would type them.
    pub skipped: Vec<String>,
    /// Whether there are more files than are looked at.
    pub is_cut: bool,
}

/// What a file has to do with variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileUse {
    /// It sets them: `.env`.
    Environment,
    /// A compose file.
    Compose,
    /// A Dockerfile.
    Dockerfile,
    /// A text for people.
    Documentation,
    /// Anything else.
    Program,
}

impl VariableFile {
    /// What it has to do with variables.
    pub(super) fn usage(&self) -> FileUse {
        let name = path::name(&self.path);
        let lower = name.to_ascii_lowercase();
        let kind = FileKind::of(&self.below);
        match () {
            () if self.is_environment => FileUse::Environment,
            () if crate::text::path::is_compose(name) => FileUse::Compose,
            () if kind.is_recipe() && !lower.ends_with(".dockerignore") => FileUse::Dockerfile,
            () if kind.nature() == crate::manifest::ContentKind::Documentation => FileUse::Documentation,
            () => FileUse::Program,
        }
    }

    /// Whether it may be a part of the program, as far as its name and folders say.
    pub fn is_of_program(&self) -> bool {
        let role = FileKind::of(&self.below).role();
        matches!(role, FileRole::Program | FileRole::Script | FileRole::Migration | FileRole::Generated)
    }
}

impl VariableInput {
    /// The file at an absolute path.
    pub(super) fn file(&self, path: &str) -> Option<usize> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()
    }

    /// The files in a folder and below it.
    pub(super) fn below<'i>(&'i self, folder: &str) -> impl Iterator<Item = usize> + use<'i> {
        let prefix = if folder.ends_with('/') { folder.to_owned() } else { format!("{folder}/") };
        let start = self.files.partition_point(|file| file.path < prefix);
        (start..self.files.len()).take_while(move |at| self.files[*at].path.starts_with(&prefix))
    }
}
