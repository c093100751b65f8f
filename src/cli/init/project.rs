//! What `init` needs to know of a repository: its builds, its CI system, its default branch.

use std::path::Path;

use crate::cli::args::CiSystem;
use crate::inputs::Inputs;
use crate::load::git::Repository;
use crate::pipeline::{RepositoryImage, RepositoryImages};

/// A repository.
pub(super) struct InitProject {
    /// Lines of `DOCKERFILE CONTEXT [OPTIONS]`, as the written files list builds.
    pub(super) builds: Vec<String>,
    /// Dockerfiles that such a line cannot name, and why.
    pub(super) left_out: Vec<String>,
    pub(super) ci: CiSystem,
    pub(super) branch: String,
    /// Whether the repository says which branch is the default.
    pub(super) is_branch_known: bool,
}

impl InitProject {
    pub(super) fn new(root: &Path, inputs: &Inputs, repository: Option<&Repository>, ci: Option<CiSystem>) -> Self {
        let RepositoryImages { images, left_out } = RepositoryImages::of(inputs, &root.to_string_lossy());
        let (mut builds, mut left_out) = (Vec::new(), left_out);
        for image in &images {
            match build_line(image) {
                Ok(line) if builds.contains(&line) => {}
                Ok(line) => builds.push(line),
                Err(why) => left_out.push((image.dockerfile.clone(), why)),
            }
        }
        let left_out = left_out.into_iter().map(|(file, why)| format!("{file}: {why}")).collect();
        let known_branch = repository.and_then(Repository::default_branch);
        Self {
            builds,
            left_out,
            ci: ci.unwrap_or_else(|| ci_system(root, repository)),
            is_branch_known: known_branch.is_some(),
            branch: known_branch.filter(|branch| is_plain(branch)).unwrap_or_else(|| "main".to_owned()),
        }
    }
}

/// The line of an image.
fn build_line(image: &RepositoryImage) -> Result<String, &'static str> {
    if ![&image.dockerfile, &image.context].into_iter().all(|name| is_plain(name)) {
        return Err("its path has characters that end a word");
    }
    let target = match &image.target {
        Some(target) if is_plain(target) => format!(" --target {target}"),
        _ => String::new(),
    };
    Ok(format!("{} {}{target}", image.dockerfile, image.context))
}

/// Whether a name is one word in YAML and in a shell.
fn is_plain(name: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@');
    !name.is_empty() && !name.starts_with(['-', '@']) && name.chars().all(is_word)
}

fn ci_system(root: &Path, repository: Option<&Repository>) -> CiSystem {
    let is_at_gitlab = |url: &String| {
        let rest = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        host.rsplit('@').next().unwrap_or_default().contains("gitlab")
    };
    let has_gitlab_remote = || repository.is_some_and(|repository| repository.remote_urls().iter().any(is_at_gitlab));
    let is_github = !root.join(".gitlab-ci.yml").is_file() && (root.join(".github").is_dir() || !has_gitlab_remote());
    if is_github { CiSystem::Github } else { CiSystem::Gitlab }
}
