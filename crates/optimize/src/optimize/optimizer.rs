//! Rewrites of many builds: each sees what it has to do with alone, and what those of one context have in common is worked
//! out once.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::level::Level;
use super::options::Options;
use super::pass_input::{PassInput, PassOutput};
use super::passes::PASSES;
use super::run::{Optimized, optimize_with};
use crate::build::Build;
use crate::finding::Target;
use crate::inputs::{BuildGroups, Evidence, Inputs, InputsPart};
use crate::text::FileId;

/// Rewrites the builds of a run.
#[derive(Debug)]
pub struct Optimizer<'i> {
    inputs: &'i Inputs,
    groups: BuildGroups<'i>,
    /// What is done about the .dockerignore of a group of several builds, by the index of its first one; files are those of
    /// the run.
    ignores: Mutex<BTreeMap<usize, PassOutput>>,
}

impl<'i> Optimizer<'i> {
    /// For the builds of these inputs.
    pub fn new(inputs: &'i Inputs) -> Self {
        Self { inputs, groups: BuildGroups::new(inputs), ignores: Mutex::default() }
    }

    /// As [`optimize`](super::optimize).
    pub fn optimize(&self, build: usize, evidence: &Evidence, options: &Options) -> Optimized {
        let part = InputsPart::of(self.inputs, &[build]);
        let ignore = self.ignore(build, evidence, options).map(|output| in_files(output, |file| part.file(file)));
        let done = optimize_with(&part.inputs, 0, (evidence, options), ignore.as_ref());
        Optimized { build, files: part.files, ..done }
    }

    /// What is done about the .dockerignore that a build shares with others; `None` where it has its own. The evidence for
    /// it is that of the context, which all of them have in common.
    fn ignore(&self, build: usize, evidence: &Evidence, options: &Options) -> Option<PassOutput> {
        let group = self.groups.group_of(build);
        let first = group.get(1).and(group.first())?;
        let lock = || self.ignores.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(first) {
            return Some(known.clone());
        }
        let part = InputsPart::of(self.inputs, group);
        let at = group.iter().position(|member| *member == build)?;
        let input = Build::new(part.inputs.builds.get(at)?);
        let mut output = PassOutput::default();
        let built_projects = &OnceCell::new();
        for pass in PASSES.iter().filter(|pass| pass.info.level == Level::Ignore) {
            let author = &input.input().file;
            let pass_input =
                PassInput { inputs: &part.inputs, build: &input, author, evidence, options, built_projects };
            (pass.run)(&pass_input, &mut output);
        }
        let output = in_files(output, |file| part.files.get(file.0 as usize).copied().unwrap_or(file));
        lock().insert(*first, output.clone());
        Some(output)
    }
}

/// An output whose edits are of files with other ids.
fn in_files(mut output: PassOutput, number: impl Fn(FileId) -> FileId) -> PassOutput {
    for edit in &mut output.edits {
        if let Target::File(file) = &mut edit.target {
            *file = number(*file);
        }
    }
    output
}
