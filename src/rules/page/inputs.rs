//! The only place where the page runner meets the analysis: an example's files ─► inputs ─► findings.

use std::sync::Arc;

use crate::build::Build;
use crate::dockerfile;
use crate::finding::{Finding, Findings};
use crate::ignore;
use crate::inputs::{BuildInput, BuildOptions, IgnoreInput, Inputs};
use crate::rules::{Context, Rule};
use crate::text::{FileId, Source};

/// What the rule finds in an example. `sources` are its files in the order of the page, and those that fixes made;
/// `listing` gives further files of the context with their sizes in bytes.
pub(super) fn findings(rule: &'static Rule, sources: &[Source], listing: &[(u64, &str)]) -> Vec<Finding> {
    let inputs = inputs(sources, listing);
    let metadata = rule.metadata();
    let mut out = Findings::new();
    for input in &inputs.builds {
        let build = Build::new(input);
        (rule.check)(&Context::new(rule, &metadata, &inputs, &build), &mut out);
    }
    out.into_sorted()
}

/// The inputs that an example stands for: every Dockerfile is a build of the whole folder.
fn inputs(sources: &[Source], _listing: &[(u64, &str)]) -> Inputs {
    let mut inputs = Inputs { root: ".".into(), sources: sources.to_vec(), ..Inputs::default() };
    for (index, source) in sources.iter().enumerate() {
        if is_dockerfile(source.name()) {
            inputs.builds.push(build(FileId(index as u32), source, sources));
        }
    }
    inputs
}

fn build(dockerfile: FileId, source: &Source, sources: &[Source]) -> BuildInput {
    let named = |name: &str| sources.iter().position(|source| source.name() == name);
    let ignore = match named(&format!("{}.dockerignore", source.name())).or_else(|| named(".dockerignore")) {
        Some(index) => IgnoreInput::Present(FileId(index as u32), Arc::new(ignore::parse(&sources[index]))),
        None => IgnoreInput::Missing(".dockerignore".into()),
    };
    BuildInput {
        dockerfile,
        file: dockerfile::parse(source),
        options: BuildOptions::default(),
        context_root: Some(".".into()),
        ignore,
        context: None,
        projects: None,
        base_images: std::collections::BTreeMap::new(),
    }
}

/// What is wrong with a file's text as such, one line each, without places.
pub(super) fn problems(source: &Source) -> Vec<String> {
    if !is_dockerfile(source.name()) {
        return Vec::new();
    }
    let file = dockerfile::parse(source);
    file.problems().iter().map(|problem| problem.message.clone()).collect()
}

/// Whether a path names a Dockerfile.
pub(super) fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let named = name == "Dockerfile" || name.starts_with("Dockerfile.") || name.ends_with(".Dockerfile");
    named && !name.ends_with(".dockerignore")
}
