//! What stands behind a rewrite, beyond the inputs: texts of sources, what git ignores, what compose files say.

mod compose_part;
mod git;
mod services;
mod vendored;

pub use self::git::git_ignored_names;
use std::path::Path;
use std::sync::Arc;

use self::compose_part::ComposeReader;
use crate::build::Build;
use crate::compose::ServiceRun;
use crate::inputs::context::BuildContext;
use crate::inputs::{BuildInput, Inputs};
use crate::inputs::{CleanClone, Evidence};
use crate::load::source_texts;
use crate::text::{Source, path};

/// Reads what stands behind rewrites of the builds of a run; each compose file once.
#[derive(Debug)]
pub struct EvidenceReader<'i> {
    inputs: &'i Inputs,
    composes: ComposeReader<'i>,
}

impl<'i> EvidenceReader<'i> {
    /// Nothing is read yet.
    pub fn new(inputs: &'i Inputs) -> Self {
        Self { inputs, composes: ComposeReader::new(inputs) }
    }

    /// How compose files run containers of the image of the build with this index.
    pub fn runs(&self, build: usize) -> Vec<ServiceRun> {
        let input = self.inputs.builds.get(build);
        input.map(|input| services::runs(self.inputs, input, &self.composes)).unwrap_or_default()
    }

    /// The evidence for the build with this index. What can't be read is left out.
    pub fn evidence(&self, build: usize) -> Evidence {
        let Some(input) = self.inputs.builds.get(build) else { return Evidence::default() };
        let around = services::read_services(self.inputs, input, &self.composes);
        let mut evidence = Evidence {
            services: around.services,
            image_names: around.names,
            named_images: around.images,
            recipes: around.recipes,
            ..Evidence::default()
        };
        let (Some(root), Some(context)) = (&input.context_root, input.context.as_deref()) else { return evidence };
        let root = Path::new(root);
        let git;
        ((evidence.texts, evidence.texts_cut), git) = rayon::join(
            || source_texts::texts(root, context, input.projects.as_deref()),
            || git::ask_git(root, context),
        );
        evidence.vendored = vendored::modules(root, context);
        (evidence.git_ignored, evidence.committed) = (git.ignored, git.committed);
        evidence.absent = git.absent;
        let named = copied_paths(input);
        evidence.absent.retain(|path| !is_installed(path) && !named.iter().any(|named| path::is_within(named, path)));
        evidence.cloned = cloned(root, context, input.projects.is_some(), &evidence.absent);
        evidence
    }
}

/// Whether it holds packages of others: whoever clones installs them.
fn is_installed(path: &str) -> bool {
    path.split('/').any(|part| git::INSTALLED.contains(&part))
}

/// Paths that a COPY or ADD names: whoever builds puts them there.
fn copied_paths(input: &BuildInput) -> Vec<String> {
    let build = Build::new(input);
    let transfers =
        build.stages().iter().flat_map(|stage| build.transfers(stage)).filter(|transfer| transfer.from.is_none());
    let sources = transfers.flat_map(|transfer| &transfer.sources).filter(|source| !source.is_everything());
    let paths =
        sources.filter_map(|source| source.text.as_deref()).map(|text| path::normalize(text.trim_start_matches('/')));
    paths.filter(|path| !path.is_empty() && !path.contains(['*', '?', '['])).collect()
}

/// The context of a clean clone.
fn cloned(root: &Path, context: &BuildContext, has_projects: bool, absent: &[String]) -> Option<CleanClone> {
    if absent.is_empty() {
        return None;
    }
    let escaped = |path: &String| {
        path.chars().flat_map(|c| "\\*?[]!#".contains(c).then_some('\\').into_iter().chain([c])).collect::<String>()
    };
    let lines: Vec<String> = absent.iter().map(escaped).collect();
    let source = Source::of("absent", &lines.join("\n"));
    let context = Arc::new(context.without(&crate::ignore::parse(&source).matcher()));
    let projects = has_projects.then(|| {
        // What is wrong with manifests was said of the whole folder.
        let mut unsaid = Inputs::default();
        Arc::new(super::projects::projects(root, &context, &mut unsaid))
    });
    Some(CleanClone { context, projects })
}
