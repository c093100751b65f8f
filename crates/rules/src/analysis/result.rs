//! What an analysis gives, as plain data. Every text of a config in it may be shown: secrets are masked on the way in.

use crate::analysis::AnalysisOptions;
use crate::attribution::{DockerfileText, Origin, Origins, SourcePlace};
use crate::finding::{Mask, Severity};
use crate::image::packages::ImagePackages;
use crate::image::secrets::{Secret, SecretPlace};
use crate::image::{
    AboveBase, Attestation, CategoryUse, Churn, Contents, Dive, Duplicates, Error, Image, ImageTree, LayerChanges,
    Loss, LossGroup, OtherImage, PathId, Totals, TreeNotice, WasteBytes, WasteKind,
};
use crate::rules::ImageFinding;
use crate::settings::{Bound, Limit};

/// What there is to say of the images of one source.
#[derive(Debug, Default)]
pub struct Analysis {
    /// The images that were chosen.
    pub images: Vec<ImageAnalysis>,
    /// What the source says about how its images were made.
    pub attestations: Vec<Attestation>,
    /// Images and platforms of the source that were not chosen.
    pub others: Vec<OtherImage>,
    /// What could not be worked out.
    pub skipped: Vec<SkippedAnalysis>,
    /// What could not be read, or is not what was announced: with one, the result is partial or doubtful.
    pub problems: Vec<AnalysisProblem>,
    /// What is odd about the source, each in one sentence.
    pub notices: Vec<String>,
}

impl Analysis {
    /// Takes in what another source gave.
    pub fn join(&mut self, other: Self) {
        self.images.extend(other.images);
        self.attestations.extend(other.attestations);
        self.others.extend(other.others);
        self.skipped.extend(other.skipped);
        self.problems.extend(other.problems);
        self.notices.extend(other.notices);
    }
}

/// What was not worked out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SkippedAnalysis {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do.
    pub remedy: String,
}

/// What could not be read, or is not what was announced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnalysisProblem {
    /// The source as the user named it, where it is known.
    pub source: Option<String>,
    /// The file of the archive, or the digest of the blob.
    pub place: Option<String>,
    /// Bytes from the place's start.
    pub offset: Option<u64>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl AnalysisProblem {
    /// What is wrong with an image.
    pub fn of(error: &Error, mask: &Mask) -> Self {
        Self {
            source: None,
            place: error.place.clone(),
            offset: error.offset,
            message: mask.apply(&error.message),
            help: error.help.clone(),
        }
    }
}

/// What there is to say of one image.
#[derive(Debug)]
pub struct ImageAnalysis {
    /// Where it was read from, in a few words: ``file `app.tar` ``.
    pub source: Option<String>,
    /// The image; its texts are masked.
    pub image: Image,
    /// Its final tree.
    pub tree: ImageTree,
    /// Its sums.
    pub totals: Totals,
    /// Its sums above the base.
    pub above: AboveBase,
    /// dive's figures.
    pub dive: Dive,
    /// What each layer does, the lowest first.
    pub layers: Vec<LayerAnalysis>,
    /// Where each layer comes from.
    pub origins: Origins,
    /// What Dockerfiles are called.
    pub dockerfiles: Dockerfiles,
    /// What is stored and can't be reached.
    pub losses: Vec<Loss>,
    /// The same by story and directory, most bytes first.
    pub loss_groups: Vec<LossGroup>,
    /// Paths that many layers write.
    pub churn: Vec<Churn>,
    /// Equal contents, most bytes first.
    pub duplicates: Vec<Duplicates>,
    /// What is of no use at run time, in the table's order.
    pub categories: Vec<CategoryUse>,
    /// Packages; `None` where they were not asked for, or no contents were read.
    pub packages: Option<ImagePackages>,
    /// Secrets that everybody who has the image can read, the surest first; never their values.
    pub secrets: Vec<Secret>,
    /// What is worth a change, what costs most first.
    pub findings: Vec<AnalysisFinding>,
    /// What rules about images find in its config, permissions and contents.
    pub facts: Vec<ImageFinding>,
    /// The limits that it was held against; [`judge`](crate::analysis::judge) makes them.
    pub budget: Vec<LimitResult>,
    /// What is odd about it, each in one sentence.
    pub notices: Vec<String>,
}

impl ImageAnalysis {
    /// Whether the contents of at least one layer were read.
    pub fn is_read(&self) -> bool {
        self.image.layers.is_empty() || self.image.layers.iter().any(|layer| layer.tar_bytes.is_some())
    }

    /// Whether a layer belongs to the base image.
    pub const fn is_base(&self, layer: usize) -> bool {
        layer < self.origins.base.layers
    }

    /// Where a layer comes from.
    pub fn origin(&self, layer: usize) -> Option<&Origin> {
        self.origins.layers.get(layer)
    }

    /// The place of a layer's instruction: what its Dockerfile is called, and where.
    pub fn place(&self, layer: usize) -> Option<(&str, &SourcePlace)> {
        let place = self.origin(layer)?.place.as_ref()?;
        Some((self.dockerfiles.name(place.text), place))
    }

    /// The layer whose instruction has to change: the one that wrote what a finding is about, or, above the base image,
    /// the one that made it useless.
    pub fn layer_to_change(&self, finding: &AnalysisFinding) -> usize {
        if self.is_base(finding.layer) { finding.by.unwrap_or(finding.layer) } else { finding.layer }
    }

    /// The place of the instruction that brought what a rule found.
    pub fn place_of_fact(&self, fact: &ImageFinding) -> Option<(&str, &SourcePlace)> {
        match (fact.layer, fact.step) {
            (Some(layer), _) => self.place(layer),
            (None, Some(step)) => {
                let place = self.origins.history.get(step)?.place.as_ref()?;
                Some((self.dockerfiles.name(place.text), place))
            }
            (None, None) => None,
        }
    }

    /// The place of the instruction that brought a secret: of its layer, of its step of the history, or of the step that
    /// set its variable or label.
    pub fn place_of(&self, secret: &Secret) -> Option<(&str, &SourcePlace)> {
        let set = |keyword: &str| {
            let name = secret.name.as_deref()?;
            let sets = |text: &str| text.contains(keyword) && text.contains(name);
            let history = &self.image.config.history;
            history.iter().rposition(|step| step.created_by.as_deref().is_some_and(sets))
        };
        let step = match secret.place {
            SecretPlace::File { entry, .. } => return self.place(entry.layer as usize),
            SecretPlace::History(step) => Some(step),
            SecretPlace::Environment => set("ENV "),
            SecretPlace::Label => set("LABEL "),
        };
        let place = self.origins.history.get(step?)?.place.as_ref()?;
        Some((self.dockerfiles.name(place.text), place))
    }

    /// The instruction of a layer on one line; what the history has where nobody understands it.
    pub fn instruction(&self, layer: usize) -> Option<&str> {
        let instruction = self.origin(layer).and_then(|origin| origin.instruction.as_deref());
        instruction.or_else(|| {
            let history = self.image.layers.get(layer)?.history?;
            let step = self.image.config.history.get(history)?;
            // An import has but a remark.
            step.created_by.as_deref().or(step.comment.as_deref())
        })
    }
}

/// What Dockerfiles that places refer to are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dockerfiles {
    /// The one that was given.
    pub named: Option<String>,
    /// Those that the builder recorded.
    pub recorded: Vec<String>,
}

impl Dockerfiles {
    /// The name of one.
    pub fn name(&self, text: DockerfileText) -> &str {
        let known = match text {
            DockerfileText::Given => self.named.as_deref(),
            DockerfileText::Recorded(number) => self.recorded.get(number).map(String::as_str),
        };
        known.unwrap_or("Dockerfile")
    }
}

/// What one layer does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerAnalysis {
    /// To the tree below it.
    pub changes: LayerChanges,
    /// Bytes of contents that it stores.
    pub file_bytes: u64,
    /// Its waste, as [`Loss::waste_layer`] says: what it stores that is not in the final tree, and copies of files of
    /// the base.
    pub lost: WasteBytes,
    /// Bytes of lower layers, and its own, that are lost because of it.
    pub caused: u64,
}

/// What each layer does.
pub(super) fn layers(image: &Image, tree: &ImageTree, losses: &[Loss]) -> Vec<LayerAnalysis> {
    let analyze_layer = |(number, layer): (usize, &crate::image::Layer)| LayerAnalysis {
        changes: tree.layer(number),
        file_bytes: layer.file_bytes(),
        ..LayerAnalysis::default()
    };
    let mut layers: Vec<LayerAnalysis> = image.layers.iter().enumerate().map(analyze_layer).collect();
    for loss in losses {
        if let Some(owner) = layers.get_mut(loss.waste_layer as usize) {
            let lost = &mut owner.lost;
            *match loss.how {
                WasteKind::Deleted => &mut lost.deleted,
                WasteKind::Overwritten => &mut lost.overwritten,
                WasteKind::MetadataOnly => &mut lost.metadata_only,
                WasteKind::SameLayerDuplicate => &mut lost.same_layer_duplicate,
            } += loss.bytes;
        }
        if let Some(cause) = layers.get_mut(loss.by as usize) {
            cause.caused += loss.bytes;
        }
    }
    layers
}

/// What could not be worked out for an image.
pub(super) fn skipped(analysis: &ImageAnalysis, options: &AnalysisOptions<'_>) -> Vec<SkippedAnalysis> {
    let mut skipped = Vec::new();
    let mut skip = |what: &str, why: String, remedy: &str| {
        skipped.push(SkippedAnalysis { what: what.to_owned(), why, remedy: remedy.to_owned() });
    };
    let layers = &analysis.image.layers;
    let unasked = layers.iter().filter(|layer| layer.contents == Contents::NotAsked).count();
    if unasked > 0 {
        skip("contents", "only sizes were read".to_owned(), "remove `--sizes-only`");
    }
    for (number, layer) in layers.iter().enumerate() {
        if let Contents::Elsewhere(_) = layer.contents {
            let why = format!("layer {} is foreign: its contents are not in the image", number + 1);
            skip("contents", why, "");
        }
    }
    if options.no_packages && unasked < layers.len() {
        skip("packages", "`--no-packages` is set".to_owned(), "");
    }
    let placed = analysis.origins.layers.iter().any(|origin| origin.place.is_some());
    if options.build.is_none() && !placed && !analysis.image.config.history.is_empty() {
        skip("lines", "no Dockerfile was given or recorded in the image".to_owned(), "add `--file Dockerfile`");
    }
    skipped
}

/// What is odd about an image: of its documents, its tree, its history, its packages.
pub(super) fn notices(analysis: &ImageAnalysis) -> Vec<String> {
    let image = &analysis.image;
    let mut notices = image.notices.clone();
    notices.extend(analysis.tree.notices().iter().map(|notice| describe_notice(image, notice)));
    notices.extend(analysis.origins.notices.iter().cloned());
    notices.extend(analysis.packages.iter().flat_map(|packages| packages.notices.iter().cloned()));
    notices
}

fn describe_notice(image: &Image, notice: &TreeNotice) -> String {
    format!("layer {} {}", notice.layer + 1, notice.sentence(image))
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Bytes that are stored and can't be reached.
    Waste(WasteKind),
    /// Contents of no use at run time: the index in [`ImageAnalysis::categories`].
    Category(usize),
}

/// Something worth a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnalysisFinding {
    /// What it is about.
    pub subject: Subject,
    /// Its name: `image-deleted`, `image-pip-cache`.
    pub name: String,
    /// The rule about images that finds it: `image-deleted`, `image-leftover-files`.
    pub image_rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: String,
    /// The rule for Dockerfiles that finds the cause.
    pub rule: Option<&'static str>,
    /// The layer that wrote most of it.
    pub layer: usize,
    /// The layer that made it useless, where that is another one.
    pub by: Option<usize>,
    /// Where most of it is.
    pub path: PathId,
    /// Files.
    pub files: u64,
    /// Bytes of contents.
    pub bytes: u64,
    /// Their share of the compressed layers; `None` where that is not known.
    pub compressed: Option<u64>,
}

/// A limit, and what it was held against.
#[derive(Clone, Debug, PartialEq)]
pub struct LimitResult {
    /// The limit.
    pub limit: Limit,
    /// What the image has, in the bound's unit; `None` where that cannot be told.
    pub value: Option<Bound>,
    /// Whether it is kept; `None` where that cannot be told.
    pub is_kept: Option<bool>,
    /// Why it cannot be told.
    pub unknown: Option<&'static str>,
    /// What makes up most of the value, most bytes first; empty for limits that are kept.
    pub causes: Vec<Cause>,
    /// Where the limit is written, as `file:line`; `None` for the command line. Left to whoever knows the files.
    pub written: Option<String>,
}

/// What makes up a part of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// A folder, a package, an instruction: for people.
    pub what: String,
    /// Its bytes; `None` where it is no matter of bytes.
    pub bytes: Option<u64>,
    /// The layer that wrote it.
    pub layer: Option<usize>,
}
