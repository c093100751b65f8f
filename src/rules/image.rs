//! Rules about a built image: their input and their findings. Their pages have `subject: image`.

use super::{Rule, Selection};
use crate::finding::Severity;
use crate::image::packages::ImagePackages;
use crate::image::secrets::Secret;
use crate::image::{EntryId, Image, ImageTree, PathId};

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
}

/// The check function of a rule about images.
pub type ImageCheck = fn(&ImageContext<'_>, &mut Vec<ImageFinding>);

/// The findings of the selected rules about images, in the order of the rules.
pub fn check_image(context: &ImageContext<'_>, selection: &Selection) -> Vec<ImageFinding> {
    let on = super::ALL.iter().filter(|rule| rule.image.is_some() && selection.has(rule));
    on.flat_map(|rule| of_rule(rule, context)).collect()
}

/// The findings of one rule.
pub(super) fn of_rule(rule: &Rule, context: &ImageContext<'_>) -> Vec<ImageFinding> {
    let mut findings = Vec::new();
    if let Some(check) = rule.image {
        check(context, &mut findings);
    }
    for finding in &mut findings {
        (finding.rule, finding.severity) = (rule.name, rule.metadata().severity);
    }
    findings
}

impl ImageContext<'_> {
    /// The members of the final tree that are not from the base image, with their paths.
    pub(super) fn members_above_base(&self) -> impl Iterator<Item = (PathId, EntryId)> {
        let base = self.base;
        self.tree.members().filter(move |(_, id)| id.layer as usize >= base)
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
        let (path, layer, step) = (None, None, None);
        Self { rule: "", severity: Severity::Info, message, help, path, layer, step }
    }
}
