//! Rules about a built image: what they may ask, and what they find. Their pages have `subject: image`.

use super::{Rule, Selection};
use crate::finding::Severity;
use crate::image::packages::ImagePackages;
use crate::image::secrets::Secret;
use crate::image::{EntryId, Image, ImageTree, PathId};

/// A built image, as a rule sees it. Its texts are masked.
#[derive(Clone, Copy, Debug)]
pub struct ImageContext<'a> {
    /// The image.
    pub image: &'a Image,
    /// Its final tree.
    pub tree: &'a ImageTree,
    /// Its packages; `None` where they were not worked out.
    pub packages: Option<&'a ImagePackages>,
    /// Its secrets.
    pub secrets: &'a [Secret],
    /// How many of its lowest layers are the base image's.
    pub base: usize,
}

/// What a rule found in an image.
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
    /// Where it is; `None` for what the config says.
    pub path: Option<PathId>,
    /// The layer that brought it.
    pub layer: Option<usize>,
    /// The step of the history that brought it.
    pub step: Option<usize>,
}

/// The check of a rule about images.
pub type ImageCheck = fn(&ImageContext<'_>, &mut Vec<ImageFinding>);

/// What the selected rules about images find, in the rules' order.
pub fn check_image(context: &ImageContext<'_>, selection: &Selection) -> Vec<ImageFinding> {
    let on = super::ALL.iter().filter(|rule| rule.image.is_some() && selection.has(rule));
    on.flat_map(|rule| of_rule(rule, context)).collect()
}

/// What one rule finds.
pub(super) fn of_rule(rule: &Rule, context: &ImageContext<'_>) -> Vec<ImageFinding> {
    let mut found = Vec::new();
    if let Some(check) = rule.image {
        check(context, &mut found);
    }
    for finding in &mut found {
        (finding.rule, finding.severity) = (rule.name, rule.metadata().severity);
    }
    found
}

impl ImageContext<'_> {
    /// The members of the final tree that the base did not bring, with their paths.
    pub(super) fn members_above_base(&self) -> impl Iterator<Item = (PathId, EntryId)> {
        let base = self.base;
        self.tree.members().filter(move |(_, id)| id.layer as usize >= base)
    }

    /// Whether a package brought a path.
    pub(super) fn is_packaged(&self, path: PathId) -> bool {
        self.packages.is_some_and(|packages| packages.owner(path).is_some())
    }
}

impl ImageFinding {
    /// On a path.
    pub(super) fn at(path: PathId, layer: usize, message: String, help: &'static str) -> Self {
        Self { path: Some(path), layer: Some(layer), ..Self::of_config(message, help) }
    }

    /// On what the config says.
    pub(super) fn of_config(message: String, help: &'static str) -> Self {
        let (path, layer, step) = (None, None, None);
        Self { rule: "", severity: Severity::Info, message, help, path, layer, step }
    }
}
