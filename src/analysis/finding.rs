//! What of an image is worth a change: lost bytes by their story, useless contents by their category. Each with what it
//! costs, who wrote it, and the rule that mends the Dockerfile.

use crate::analysis::{AnalysisFinding, ImageAnalysis, Subject};
use crate::finding::Severity;
use crate::image::{CategoryClass, CategoryUse, LossGroup, PathId, WasteKind, worth_a_finding};
use crate::rules::rule_of_contents;

/// Lost bytes below this are no finding: a touched file of the package manager costs nobody anything.
const WORTH: u64 = 100_000;

/// What is worth a change, what costs most first. What the base image brought is its maintainers' to mend, and left out.
pub(super) fn findings(analysis: &ImageAnalysis) -> Vec<AnalysisFinding> {
    let mut findings: Vec<AnalysisFinding> = analysis
        .loss_groups
        .iter()
        .filter(|group| group.bytes >= WORTH && !analysis.is_base(group.by as usize))
        .map(|group| of_group(analysis, group))
        .collect();
    findings.extend(of_categories(analysis));
    findings.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)).then_with(|| a.path.cmp(&b.path)));
    findings
}

fn of_group(analysis: &ImageAnalysis, group: &LossGroup) -> AnalysisFinding {
    // The base stores it whatever the lines above do.
    let is_waste_of_base = analysis.is_base(group.waste_layer as usize);
    let (what, help) = match group.how {
        WasteKind::Deleted if is_waste_of_base => (
            "deleted, but the base image still stores it: the image does not get smaller",
            "use a smaller base image, or leave it",
        ),
        WasteKind::Overwritten if is_waste_of_base => (
            "overwritten, but the base image still stores the earlier version",
            "use a base image that already contains the new version",
        ),
        WasteKind::Deleted => (
            "deleted in a later layer, but still stored",
            "delete it in the step that creates it, or create it in another stage",
        ),
        WasteKind::Overwritten => ("overwritten in a later layer, but still stored", "write it only once"),
        WasteKind::MetadataOnly => (
            "stored again to change its owner, mode or time",
            "set owner and mode in the step that writes it: `COPY --chown=… --chmod=…`, or the same RUN",
        ),
        WasteKind::SameLayerDuplicate => ("stored twice in one layer", "rebuild the image with a current builder"),
    };
    let path = analysis.image.paths.text(group.path);
    let by = group.by as usize;
    AnalysisFinding {
        subject: Subject::Waste(group.how),
        name: format!("image-{}", group.how.name().replace('_', "-")),
        severity: if is_waste_of_base { Severity::Info } else { Severity::Warning },
        message: format!("`/{path}` is {what}"),
        help: help.to_owned(),
        rule: rule_of_waste(analysis, group),
        layer: group.owner as usize,
        by: (by != group.owner as usize).then_some(by),
        path: group.path,
        files: group.files,
        bytes: group.bytes,
        compressed: group.compressed,
    }
}

/// The rule for Dockerfiles that finds what makes such waste: none where the instruction is of another kind.
pub fn rule_of_waste(analysis: &ImageAnalysis, group: &LossGroup) -> Option<&'static str> {
    let cause = analysis.instruction(group.by as usize).unwrap_or_default();
    match group.how {
        _ if analysis.is_base(group.by as usize) || analysis.is_base(group.waste_layer as usize) => None,
        WasteKind::Deleted => Some("deleted-in-later-layer"),
        WasteKind::MetadataOnly if cause.contains("chown") || cause.contains("chmod") => Some("recursive-chown"),
        WasteKind::MetadataOnly | WasteKind::Overwritten | WasteKind::SameLayerDuplicate => None,
    }
}

fn of_categories(analysis: &ImageAnalysis) -> Vec<AnalysisFinding> {
    let mut findings = Vec::new();
    for category_use in worth_a_finding(&analysis.categories) {
        let added_bytes: u64 = category_use
            .layers
            .iter()
            .filter(|layer| !analysis.is_base(layer.layer as usize))
            .map(|layer| layer.bytes)
            .sum();
        let files = category_use
            .layers
            .iter()
            .filter(|layer| !analysis.is_base(layer.layer as usize))
            .map(|layer| layer.files)
            .sum();
        let most = category_use
            .layers
            .iter()
            .filter(|layer| !analysis.is_base(layer.layer as usize))
            .max_by_key(|layer| layer.bytes);
        let (Some(most), Some(index)) =
            (most, analysis.categories.iter().position(|known| known.category.name == category_use.category.name))
        else {
            continue;
        };
        let severity = match category_use.category.class {
            CategoryClass::Waste => Severity::Warning,
            _ => Severity::Info,
        };
        // A share of the whole, where a part of it is the base's.
        let share = |compressed: u64| match category_use.bytes {
            0 => 0,
            all => (u128::from(compressed) * u128::from(added_bytes) / u128::from(all)) as u64,
        };
        findings.push(AnalysisFinding {
            subject: Subject::Category(index),
            name: format!("image-{}", category_use.category.name),
            severity,
            message: format!("files of the category `{}` are not needed at run time", category_use.category.name),
            help: category_use.category.fix.clone(),
            rule: rule_of_category(analysis, category_use),
            layer: most.layer as usize,
            by: None,
            path: category_use.places.first().map_or(PathId::ROOT, |place| place.path),
            files,
            bytes: added_bytes,
            compressed: category_use.compressed.map(share),
        });
    }
    findings
}

/// The rule for Dockerfiles that finds what leaves such contents; none where all of them are the base's.
pub fn rule_of_category(analysis: &ImageAnalysis, category_use: &CategoryUse) -> Option<&'static str> {
    let layers = category_use.layers.iter().filter(|layer| !analysis.is_base(layer.layer as usize));
    let most = layers.max_by_key(|layer_use| layer_use.bytes)?;
    rule_of_contents(&category_use.category.name, analysis.instruction(most.layer as usize).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #[test]
    fn rules_of_waste_exist() {
        for rule in ["deleted-in-later-layer", "recursive-chown"] {
            assert!(crate::rules::find(rule).is_some(), "{rule}");
        }
    }
}
