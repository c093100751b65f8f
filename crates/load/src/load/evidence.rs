//! What stands behind a rewrite, beyond the inputs: texts of sources, what git ignores, what compose files say.

mod found_services;
mod compose_part;
mod folder_files;
mod git;
mod services;
mod vendored;

pub use self::git::git_ignored_names;
pub(super) use self::git::git_ignores;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use self::compose_part::{ComposeReader, bases};
use self::folder_files::FolderFiles;
use self::git::GitReader;
use crate::build::Build;
use crate::compose::ServiceRun;
use crate::inputs::context::BuildContext;
use crate::inputs::{BuildInput, Inputs};
use crate::inputs::{CleanClone, Evidence, NeighbourImages};
use crate::load::source_texts;
use crate::text::{Source, path};

/// Reads what stands behind rewrites of the builds of a run; each compose file once.
#[derive(Debug)]
pub struct EvidenceReader<'i> {
    inputs: &'i Inputs,
    composes: ComposeReader<'i>,
    files: FolderFiles,
    git: GitReader,
    /// The base images of the Dockerfiles of the run.
    bases: OnceLock<Arc<BTreeSet<String>>>,
    neighbours: OnceLock<NeighbourImages>,
}

impl<'i> EvidenceReader<'i> {
    /// Nothing is read yet.
    pub fn new(inputs: &'i Inputs) -> Self {
        let (files, git, composes) = (FolderFiles::default(), GitReader::default(), ComposeReader::new(inputs));
        Self { inputs, composes, files, git, bases: OnceLock::new(), neighbours: OnceLock::new() }
    }

    /// How compose files run containers of the image of the build with this index.
    pub fn runs(&self, build: usize) -> Vec<ServiceRun> {
        let input = self.inputs.builds.get(build);
        input.map(|input| services::runs(self.inputs, input, (&self.composes, &self.files))).unwrap_or_default()
    }

    /// The evidence for the build with this index. What can't be read is left out.
    pub fn evidence(&self, build: usize) -> Evidence {
        let Some(input) = self.inputs.builds.get(build) else { return Evidence::default() };
        let around = services::read_services(self.inputs, input, (&self.composes, &self.files));
        let mut evidence = Evidence {
            services: around.services,
            image_names: around.names,
            named_images: around.images.into_iter().chain([self.bases()]).collect(),
            recipes: around.recipes,
            neighbours: self.neighbours.get_or_init(|| NeighbourImages::new(self.inputs)).of_others(input),
            ..Evidence::default()
        };
        let (Some(root), Some(context)) = (&input.context_root, input.context.as_deref()) else { return evidence };
        let root = Path::new(root);
        let git;
        ((evidence.texts, evidence.texts_cut), git) = rayon::join(
            || source_texts::texts(root, context, input.projects.as_deref()),
            || self.git.ask(root, context),
        );
        evidence.vendored = vendored::modules(root, context);
        (evidence.git_ignored, evidence.committed) = (git.ignored, git.committed);
        evidence.absent = git.absent;
        let named = copied_paths(input);
        evidence.absent.retain(|path| !is_installed(path) && !named.iter().any(|named| path::is_within(named, path)));
        evidence.cloned = cloned(root, context, input.projects.is_some(), &evidence.absent);
        evidence
    }

    fn bases(&self) -> Arc<BTreeSet<String>> {
        let of_build = |build: &BuildInput| bases(self.inputs.source(build.dockerfile));
        let read = || Arc::new(self.inputs.builds.iter().flat_map(of_build).collect());
        Arc::clone(self.bases.get_or_init(read))
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
