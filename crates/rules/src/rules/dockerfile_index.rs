//! Finds what rules about pipelines ask for again and again: Dockerfiles by their paths, and the builds that pass an argument.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::build::Build;
use crate::inputs::{Inputs, WorkflowInput};
use crate::text::{FileId, path};
use crate::workflow::BuildCall;

/// Bytes of Dockerfiles that are looked at for the builds of one pipeline, counted for each build and leg: a pipeline of
/// thousands of builds of a large file would be read for hours.
const DOCKERFILES: usize = 8_000_000;

/// A build of a pipeline by the numbers of its job and its step.
type CallPlace = (usize, usize);

/// The Dockerfiles of a run, for all of its pipelines.
pub(super) struct DockerfileIndex<'a, 'i> {
    inputs: &'a Inputs,
    builds: &'a [Build<'i>],
    /// The numbers of builds by the paths of their Dockerfiles; of two builds of one file the first.
    by_path: BTreeMap<String, usize>,
    /// The builds that pass an argument, by its name: the numbers of the pipeline and of the build.
    passing: OnceLock<BTreeMap<String, Vec<(usize, usize)>>>,
    /// The first two pipelines that start images.
    pub(super) starting_pipelines: OnceLock<Vec<FileId>>,
    /// The pipelines that write GitHub's cache when a branch is pushed to, by their paths.
    pub(super) cache_pipelines: OnceLock<Vec<CachePipeline>>,
}

/// A pipeline that writes GitHub's cache.
pub(super) struct CachePipeline {
    /// Its number.
    pub(super) pipeline: usize,
    /// The place in the list of the next one that builds another image.
    pub(super) next_other: usize,
}

impl<'a, 'i> DockerfileIndex<'a, 'i> {
    pub(super) fn new(inputs: &'a Inputs, builds: &'a [Build<'i>]) -> Self {
        let mut by_path = BTreeMap::new();
        for (number, build) in builds.iter().enumerate() {
            let path = path::normalize(inputs.source(build.input().dockerfile).name());
            by_path.entry(path).or_insert(number);
        }
        let (starting_pipelines, cache_pipelines) = (OnceLock::new(), OnceLock::new());
        Self { inputs, builds, by_path, passing: OnceLock::new(), starting_pipelines, cache_pipelines }
    }

    /// The build of a Dockerfile, by its path from the top of the pipeline's repository.
    pub(super) fn build_at(&self, input: &WorkflowInput, file: &str) -> Option<&'a Build<'i>> {
        let number = self.by_path.get(&path::normalize(&input.repository.name(file)))?;
        self.builds.get(*number)
    }

    /// The builds that pass an argument of this name, in the order of the pipelines.
    pub(super) fn passing(&self, name: &str) -> impl Iterator<Item = (&'a WorkflowInput, &'a BuildCall)> {
        let inputs = self.inputs;
        let passing = self.passing.get_or_init(|| {
            let mut passing: BTreeMap<String, Vec<(usize, usize)>> = BTreeMap::new();
            for (pipeline, input) in inputs.workflows.iter().enumerate() {
                for (number, call) in input.calls.iter().enumerate() {
                    for argument in &call.arguments {
                        let calls = passing.entry(argument.name.clone()).or_default();
                        if calls.last() != Some(&(pipeline, number)) {
                            calls.push((pipeline, number));
                        }
                    }
                }
            }
            passing
        });
        let calls = passing.get(name).map_or(&[][..], Vec::as_slice);
        calls.iter().map(move |(pipeline, number)| {
            let input = &inputs.workflows[*pipeline];
            (input, &input.calls[*number])
        })
    }

    /// The first build of a pipeline whose Dockerfiles are not looked at any more; `None` where all are.
    pub(super) fn first_unread(&self, input: &WorkflowInput) -> Option<CallPlace> {
        let mut left = DOCKERFILES;
        let unread = input.calls.iter().find(|call| {
            let builds = call.legs.iter().flatten().filter_map(|leg| self.build_at(input, &leg.file));
            let bytes: usize = builds.map(|build| build.input().file.source().text().len()).sum();
            let is_over = bytes > left;
            left = left.saturating_sub(bytes);
            is_over
        });
        unread.map(|call| (call.job, call.step))
    }
}
