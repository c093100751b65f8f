//! What each file reads and sets.

use rayon::prelude::*;

use super::environment_file::{self, FileVariable};
use super::input::{FileUse, VariableInput};
use super::interpolation::{Interpolation, interpolations};
use crate::sources::variables::{VariableReads, variable_reads};
use crate::text::path;

/// What the files hold, in their order.
pub(super) struct CodeFacts {
    pub(super) files: Vec<FileFacts>,
}

/// What a file holds.
#[derive(Default)]
pub(super) struct FileFacts {
    pub(super) usage: Option<FileUse>,
    /// What its code reads.
    pub(super) reads: VariableReads,
    /// What it sets, where it is a file of variables.
    pub(super) variables: Vec<FileVariable>,
    /// `${…}` in a compose file or a file of variables.
    pub(super) interpolations: Vec<Interpolation>,
}

impl CodeFacts {
    /// Reads all files.
    pub(super) fn of(input: &VariableInput) -> Self {
        let facts = |file: &super::input::VariableFile| {
            let (usage, text) = (file.usage(), file.source.text());
            let mut facts = FileFacts { usage: Some(usage), ..FileFacts::default() };
            match usage {
                FileUse::Environment => {
                    facts.variables = environment_file::variables(text);
                    facts.interpolations = interpolations(text, &[]);
                }
                FileUse::Compose => {
                    let comments = crate::yaml::read(text).comments().to_vec();
                    facts.interpolations = interpolations(text, &comments);
                }
                FileUse::Program => facts.reads = variable_reads(path::name(&file.path), text),
                FileUse::Dockerfile | FileUse::Documentation => {}
            }
            facts
        };
        Self { files: input.files.par_iter().map(facts).collect() }
    }

    /// The files of variables.
    pub(super) fn environment_files(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.files.len()).filter(|at| self.files[*at].usage == Some(FileUse::Environment))
    }

    /// The example that people copy to a file that is not there.
    pub(super) fn example_of(&self, file: &str, input: &VariableInput) -> Option<usize> {
        let (folder, _) = path::split(file);
        let stem = environment_file::stem(file);
        let is_beside = |at: &usize| path::parent(&input.files[*at].path) == folder;
        self.environment_files().filter(is_beside).find(|at| {
            let path = &input.files[*at].path;
            environment_file::is_example(path) && environment_file::stem(path) == stem
        })
    }
}
