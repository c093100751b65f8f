//! Results of `image` and `image diff`.

use std::collections::{BTreeMap, BTreeSet};

use super::result::{ReadResult, amount, document, number};
use crate::results::figure::FigureKind;
use crate::results::state::{
    BuildState, CheckState, CostState, FindingState, ImageLimit, LayerState, ProjectState, StateFigure,
};
use crate::settings::image_repository;
use crate::text::path;
use crate::wire::{
    EstimateJson, ImageDiffJson, ImageFindingJson, ImageJson, ImageLayerJson, ImageSideJson, ImagesJson, OriginJson,
};

/// Bytes of a pull: those of an estimate, where there is one.
fn pull_size(stored: u64, is_uncompressed: bool, estimate: Option<&EstimateJson>) -> Option<u64> {
    estimate.map(|estimate| estimate.bytes).or((!is_uncompressed).then_some(stored))
}

pub(super) fn image(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: ImagesJson = document(text)?;
    let mut state = ProjectState::default();
    let mut subjects = BTreeSet::new();
    for image in read.images {
        subjects.insert(add_image(&mut state, image));
    }
    state.checks.push(CheckState { command: "image".to_owned(), subjects: Some(subjects), ..CheckState::default() });
    let notices = read.problems.into_iter().map(|problem| problem.message).collect();
    Ok(ReadResult { after: state, notices, ..ReadResult::default() })
}

/// Adds an image, and answers what it is called in its findings.
fn add_image(state: &mut ProjectState, image: ImageJson) -> String {
    let mut layers: Vec<LayerState> = image.layers.into_iter().map(layer).collect();
    for tree in image.layer_trees {
        if let Some(layer) = tree.layer.checked_sub(1).and_then(|index| layers.get_mut(index)) {
            layer.tree = Some(tree);
        }
    }
    let dockerfile = dockerfile(&layers);
    let subject = dockerfile.clone().unwrap_or_else(|| image_repository(&image.reference).to_owned());
    let subject = path::normalize(&subject);
    let totals = &image.totals;
    let pull_bytes = pull_size(totals.pull_bytes, totals.pull_is_uncompressed, totals.pull_estimate.as_ref());
    let state_of = |finding| finding_state(finding, &subject, &image.reference);
    state.findings.extend(image.findings.into_iter().map(state_of));
    let limits = image.budget.into_iter().map(|limit| ImageLimit {
        measure: limit.measure,
        name: limit.name,
        limit: limit.limit.as_f64().unwrap_or_default(),
        value: limit.value.and_then(|value| value.as_f64()),
        unit: limit.unit,
        kept: limit.kept,
        unknown: limit.unknown,
        written: limit.written,
        causes: limit.causes.into_iter().map(|cause| cause.what).collect(),
    });
    state.builds.push(BuildState {
        dockerfile,
        images: [image.reference].into_iter().chain(image.names).filter(|name| !name.is_empty()).collect(),
        platform: image.platform,
        base: image.base.and_then(|base| base.name),
        figures: sizes("image", image.totals.disk_bytes, pull_bytes),
        layers,
        limits: limits.collect(),
        ..BuildState::default()
    });
    subject
}

fn finding_state(finding: ImageFindingJson, subject: &str, image: &str) -> FindingState {
    let cost = cost(&finding);
    let path = finding.path.unwrap_or_default();
    let origin = finding.origin;
    FindingState {
        fingerprint: FindingState::image_fingerprint(subject, &finding.name, &path),
        command: "image".to_owned(),
        severity: finding.severity,
        line: origin.as_ref().map(|origin| origin.line),
        file: origin.map_or_else(|| image.to_owned(), |origin| origin.file),
        column: None,
        instruction_line: None,
        message: finding.message,
        help: Some(finding.help),
        cost,
        also: Vec::new(),
        same_as: finding.rule.filter(|rule| *rule != finding.name),
        rule: finding.name,
        fix: None,
        last_line: None,
    }
}

/// What it costs: bytes of a pull where they are known, else of the disk.
fn cost(finding: &ImageFindingJson) -> Option<CostState> {
    let (kind, bytes) = match finding.pull_bytes {
        Some(bytes) => ("pull_bytes", bytes),
        None => ("disk_bytes", finding.bytes),
    };
    let saves = amount(number(bytes)).filter(|bytes| *bytes > 0.0)?;
    Some(CostState {
        kind: kind.to_owned(),
        saves: Some(saves),
        per: "pull".to_owned(),
        basis: "measured".to_owned(),
        at_least: false,
    })
}

/// Both sizes, as far as they are known.
pub(super) fn sizes(command: &str, disk_bytes: Option<u64>, pull_bytes: Option<u64>) -> Vec<StateFigure> {
    let figure = |kind, bytes: Option<u64>| {
        let value = bytes.map(number).and_then(amount)?;
        Some(StateFigure { kind, command: command.to_owned(), value, of: None, spread: None })
    };
    let all = [figure(FigureKind::ImageSize, disk_bytes), figure(FigureKind::PullSize, pull_bytes)];
    all.into_iter().flatten().collect()
}

fn layer(layer: ImageLayerJson) -> LayerState {
    let (file, line) = layer.origin.map(|origin| (origin.file, origin.line)).unzip();
    LayerState {
        instruction: layer.instruction,
        file,
        line,
        bytes: layer.file_bytes.unwrap_or(0),
        in_base: layer.in_base,
        tree: None,
    }
}

/// The Dockerfile that most layers come from.
fn dockerfile(layers: &[LayerState]) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for file in layers.iter().filter_map(|layer| layer.file.as_deref()) {
        *counts.entry(file).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(file, _)| file.to_owned())
}

pub(super) fn image_diff(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let read: ImageDiffJson = document(text)?;
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for pair in read.layers {
        let layer = |origin: Option<OriginJson>, bytes| {
            let (file, line) = origin.map(|origin| (origin.file, origin.line)).unzip();
            LayerState { instruction: pair.instruction.clone(), file, line, bytes, in_base: false, tree: None }
        };
        before.extend(pair.bytes_before.map(|bytes| layer(pair.origin_before, bytes)));
        after.extend(pair.bytes_after.map(|bytes| layer(pair.origin_after, bytes)));
    }
    let side = |side: ImageSideJson, layers: Vec<LayerState>| {
        let pull_bytes = pull_size(side.pull_bytes, side.pull_is_uncompressed, side.pull_estimate.as_ref());
        let build = BuildState {
            dockerfile: dockerfile(&layers),
            figures: sizes("image", side.disk_bytes, pull_bytes),
            images: vec![side.reference],
            platform: side.platform,
            layers,
            ..BuildState::default()
        };
        ProjectState { builds: vec![build], ..ProjectState::default() }
    };
    let (mut old, new) = (side(read.before, before), side(read.after, after));
    // They are two states of one build, whatever they are called.
    if let (Some(old), Some(new)) = (old.builds.first_mut(), new.builds.first()) {
        old.dockerfile.clone_from(&new.dockerfile);
        old.images.extend(new.images.iter().cloned());
    }
    Ok(ReadResult { before: Some(old), after: new, ..ReadResult::default() })
}
