//! An image that was read ─► everything there is to say of it, as one pure function: tree, waste, packages, where each
//! layer comes from. Owns the order in which the parts are worked out, and that no secret of a config gets into a result;
//! lays nothing out.

mod budget;
mod diff;
mod finding;
mod masking;
mod measured;
mod options;
mod result;
mod shared;
mod weight;

pub use self::budget::judge;
pub use self::diff::{
    CacheUse, CategoryChange, ConfigChange, DiffPart, Difference, FileChange, FolderChange, LayerPair, PackageChange,
    PackageHow, PartKind, PathChangeKind, StepReuse, Sums, delta,
};
pub use self::finding::{rule_of_category, rule_of_waste};
pub use self::measured::measured;
pub use self::options::AnalysisOptions;
pub use self::result::{
    Analysis, AnalysisFinding, AnalysisProblem, Cause, Dockerfiles, ImageAnalysis, LayerAnalysis, LimitResult,
    SkippedAnalysis, Subject,
};
pub use self::shared::{
    BaseFamily, ChainLayer, LayerChain, LayerComparison, SharedBase, SharedLayer, SharedLayers, shared_layers,
};
pub use self::weight::{Weight, weights};

use rayon::join;
use rayon::prelude::*;

use crate::attribution::{self, Base, BaseHow, KnownBase, Origins};
use crate::finding::Mask;
use crate::image::packages::work_out;
use crate::image::secrets;
use crate::image::{
    AboveBase, Attestation, Contents, Dive, Image, ImageTree, Provenance, Read, Totals, categorize, churn, duplicates,
    group_losses, losses,
};
use crate::rules::{ImageContext, ImageFinding, Policy, check_image};
use crate::settings::ResolvedSettings;

/// Works out what there is to say of all images of a reading. `mask` holds the secret values that are known already;
/// those of the images' configs join it.
pub fn analyse(read: Read, options: &AnalysisOptions<'_>, mask: &mut Mask) -> Analysis {
    let Read { images, attestations, others, notices, damaged } = read;
    for image in &images {
        masking::collect(&image.config, mask);
    }
    options.build.iter().flat_map(|build| build.hidden()).for_each(|value| mask.add(&value));
    let (provenances, unread) = provenances(&attestations);
    for recorded in &provenances {
        recorded
            .build_args
            .iter()
            .filter_map(|(name, value)| crate::secret::hidden_of(name, value))
            .for_each(|v| mask.add(&v));
        recorded.texts.iter().flat_map(|text| crate::secret::hidden_in(&text.text)).for_each(|value| mask.add(&value));
    }
    let mask = &*mask;
    let images: Vec<ImageAnalysis> =
        images.into_par_iter().map(|image| analyse_image(image, &provenances, options, mask)).collect();
    let mut problems: Vec<AnalysisProblem> = damaged.iter().map(|error| AnalysisProblem::of(error, mask)).collect();
    problems.dedup();
    Analysis {
        skipped: images.iter().flat_map(|image| result::skipped(image, options)).collect(),
        images,
        attestations,
        others,
        notices: notices.iter().chain(&unread).map(|text| mask.apply(text)).collect(),
        problems,
    }
}

/// What builders recorded, and why some of it can't be read.
fn provenances(attestations: &[Attestation]) -> (Vec<Provenance>, Vec<String>) {
    let mut read = Vec::new();
    let mut notices = Vec::new();
    for attestation in attestations {
        for bytes in attestation.statements.iter().filter_map(|statement| statement.bytes.as_deref()) {
            match Provenance::read(bytes) {
                Ok(Some(mut provenance)) => {
                    provenance.subjects.extend(attestation.subject.clone());
                    read.push(provenance);
                }
                Ok(None) => {}
                Err(error) => notices.push(format!("an attestation cannot be read: {error}")),
            }
        }
    }
    (read, notices)
}

fn origins(image: &Image, recorded: Option<&Provenance>, options: &AnalysisOptions<'_>) -> Origins {
    let mut origins = match options.bases {
        [] => attribution::origins(image, options.build, recorded),
        bases => attribution::origins_above(image, &attribution::base(image, bases), options.build, recorded),
    };
    origins.notices.extend(not_the_base(&origins.base, options.bases));
    origins
}

/// Says that the images that were given as the base are none.
fn not_the_base(base: &Base, given_bases: &[KnownBase]) -> Option<String> {
    let names: Vec<String> = given_bases.iter().map(|known| format!("`{}`", known.name)).collect();
    let is_none = !given_bases.is_empty() && base.how != BaseHow::Layers;
    is_none.then(|| format!("{} is not the base image of this image: the first layers differ", names.join(", ")))
}

fn analyse_image(
    mut image: Image,
    provenances: &[Provenance],
    options: &AnalysisOptions<'_>,
    mask: &Mask,
) -> ImageAnalysis {
    let recorded = provenances
        .iter()
        .find(|provenance| image.manifest.as_ref().is_some_and(|manifest| provenance.subjects.contains(manifest)));
    let (tree, mut origins) = join(|| ImageTree::new(&image), || origins(&image, recorded, options));
    masking::apply_to_origins(mask, &mut origins);
    let off: Vec<&str> = options.categories_off.iter().map(String::as_str).collect();
    let is_read = image.layers.iter().any(|layer| layer.contents != Contents::NotAsked);
    let ((losses, churn), ((duplicates, categories), packages)) = join(
        || join(|| losses(&image, &tree, origins.base.layers), || churn(&image, &tree)),
        || {
            join(
                || {
                    let copies = || if options.no_duplicates { Vec::new() } else { duplicates(&image, &tree) };
                    join(copies, || categorize(&image, &tree, &off))
                },
                || (is_read && !options.no_packages).then(|| work_out(&image, &tree)),
            )
        },
    );
    let secrets = secrets::work_out(&image, &tree, packages.as_ref()); // of texts that are not masked yet
    masking::apply(mask, &mut image);
    let loss_groups = group_losses(&image, &losses);
    let mut analysis = ImageAnalysis {
        totals: if options.no_duplicates {
            Totals::new(&image, &tree)
        } else {
            Totals::with(&image, &tree, &duplicates)
        },
        above: AboveBase::new(&image, &losses, origins.base.layers),
        dive: Dive::new(&image, &tree),
        layers: result::layers(&image, &tree, &losses),
        dockerfiles: Dockerfiles {
            named: options.dockerfile.map(|name| mask.apply(name)),
            recorded: recorded
                .map(|recorded| recorded.texts.iter().map(|text| mask.apply(&text.name)).collect())
                .unwrap_or_default(),
        },
        source: None,
        findings: Vec::new(),
        facts: Vec::new(),
        budget: Vec::new(),
        notices: Vec::new(),
        image,
        tree,
        origins,
        losses,
        loss_groups,
        churn,
        duplicates,
        categories,
        packages,
        secrets,
    };
    let mut facts = facts(&analysis, options);
    analysis.findings = finding::of_costs(&analysis, &mut facts);
    analysis.facts = facts;
    analysis.notices = result::notices(&analysis);
    analysis
}

fn facts(analysis: &ImageAnalysis, options: &AnalysisOptions<'_>) -> Vec<ImageFinding> {
    let instruction = |layer: usize| analysis.instruction(layer).unwrap_or_default().to_owned();
    let instructions: Vec<String> = (0..analysis.image.layers.len()).map(instruction).collect();
    let context = ImageContext {
        image: &analysis.image,
        tree: &analysis.tree,
        packages: analysis.packages.as_ref(),
        secrets: &analysis.secrets,
        base: analysis.origins.base.layers,
        loss_groups: &analysis.loss_groups,
        categories: &analysis.categories,
        instructions: &instructions,
    };
    match options.policy {
        Some(policy) => check_image(&context, policy),
        // No word is selected that no rule has.
        None => {
            Policy::new(ResolvedSettings::default()).map(|policy| check_image(&context, &policy)).unwrap_or_default()
        }
    }
}
