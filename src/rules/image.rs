//! Rules about a built image: their input and their findings. Their pages have `subject: image`.

use super::Rule;
use crate::finding::Severity;
use crate::image::packages::ImagePackages;
use crate::image::secrets::Secret;
use crate::image::{CategoryUse, EntryId, Image, ImageTree, LossGroup, PathId, WasteKind};

/// A built image, as a rule sees it, with secrets masked in its texts.
#[derive(Clone, Copy, Debug)]
pub struct ImageContext<'a> {
    /// The image.
    pub image: &'a Image,
    /// Its final tree.
    pub tree: &'a ImageTree,
    /// Its packages; `None` if they were not determined.
    pub packages: Option<&'a ImagePackages>,
    /// Its secrets.
    pub secrets: &'a [Secret],
    /// How many of its lowest layers belong to the base image.
    pub base: usize,
    /// What is stored and not in the final tree.
    pub loss_groups: &'a [LossGroup],
    /// What is not needed at run time.
    pub categories: &'a [CategoryUse],
    /// The instruction of each layer on one line; empty if it is not known.
    pub instructions: &'a [String],
}

/// A finding of a rule in an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFinding {
    /// The rule.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: &'static str,
    /// The path that it is about; `None` for findings in the config.
    pub path: Option<PathId>,
    /// The layer that added it.
    pub layer: Option<usize>,
    /// The step of the history that added it.
    pub step: Option<usize>,
    /// The bytes that it costs; `None` if it costs none.
    pub cost: Option<ImageCost>,
}

/// What contents of an image cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageCost {
    /// How they were lost; `None` for files that are not needed at run time.
    pub lost: Option<WasteKind>,
    /// The category of files that are not needed at run time.
    pub category: Option<&'static str>,
    /// The rule for Dockerfiles that finds the cause.
    pub rule: Option<&'static str>,
    /// The layer that made them useless, if it is another one.
    pub by: Option<usize>,
    /// Whether the base image stores them whatever the layers above it do.
    pub is_base: bool,
    /// The number of files.
    pub files: u64,
    /// Bytes of contents.
    pub bytes: u64,
    /// Their share of the compressed layers; `None` if it is not known.
    pub compressed: Option<u64>,
}

/// The check function of a rule about images.
pub type ImageCheck = fn(&ImageContext<'_>, &mut Vec<ImageFinding>);

/// The findings of one rule.
pub(super) fn of_rule(rule: &Rule, context: &ImageContext<'_>) -> Vec<ImageFinding> {
    let mut findings = Vec::new();
    if let Some(check) = rule.image {
        check(context, &mut findings);
    }
    for finding in &mut findings {
        finding.rule = rule.name;
        // What only another base image can save is no task for the Dockerfile.
        let is_base = finding.cost.as_ref().is_some_and(|cost| cost.is_base);
        finding.severity = if is_base { Severity::Info } else { rule.metadata().severity };
    }
    findings
}

impl ImageContext<'_> {
    /// The members of the final tree that are not from the base image, with their paths.
    pub(super) fn members_above_base(&self) -> impl Iterator<Item = (PathId, EntryId)> {
        let base = self.base;
        self.tree.members().filter(move |(_, id)| id.layer as usize >= base)
    }

    /// The instruction of a layer on one line; empty if it is not known.
    pub(super) fn instruction(&self, layer: usize) -> &str {
        self.instructions.get(layer).map_or("", String::as_str)
    }

    /// Whether a package owns a path.
    pub(super) fn is_packaged(&self, path: PathId) -> bool {
        self.packages.is_some_and(|packages| packages.owner(path).is_some())
    }
}

impl ImageFinding {
    /// A finding about a path.
    pub(super) fn at(path: PathId, layer: usize, message: String, help: &'static str) -> Self {
        Self { path: Some(path), layer: Some(layer), ..Self::of_config(message, help) }
    }

    /// A finding about the config.
    pub(super) fn of_config(message: String, help: &'static str) -> Self {
        let (path, layer, step, cost) = (None, None, None, None);
        Self { rule: "", severity: Severity::Info, message, help, path, layer, step, cost }
    }
}
