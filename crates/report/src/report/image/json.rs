//! An analysis ─► JSON.

mod contents;

pub(super) use self::contents::{fact, finding};

use serde::Serialize;

use super::origin::origin;
use super::{ImageView, pull_seconds, secrets, shared, shown_path};
use crate::analysis::{Analysis, AnalysisProblem, ImageAnalysis};
use crate::attribution::{BaseHow, NoPlaceReason};
use crate::finding::Basis;
use crate::image::{Compression, Config, Contents, Count, Digest, Platform, WasteBytes, push_bytes};
use crate::report::json::pretty;
use crate::wire::{EstimateJson, Head, OnlyWritten, list, object};

/// The result of `image`, as `schemas/image.schema.json` describes it.
pub fn write(analysis: &Analysis, view: &ImageView<'_>) -> String {
    pretty(&object! {
        #[serde(flatten)]
        head: HEAD,
        images: list(&analysis.images, |image_analysis| image(image_analysis, view)),
        shared: view.shared.then(|| shared::wire(analysis, view.top)),
        others: list(&analysis.others, |other| object! {
            #[serde(rename = "ref")]
            reference: &other.reference,
            platform: other.platform.as_ref().and_then(platform),
            manifest_digest: digest(other.manifest.as_ref()),
        }),
        attestations: list(&analysis.attestations, |attestation| object! {
            manifest_digest: digest(attestation.manifest.as_ref()),
            subject: digest(attestation.subject.as_ref()),
            predicates: attestation
                .statements
                .iter()
                .filter_map(|statement| statement.predicate_type.as_deref())
                .collect::<Vec<_>>(),
        }),
        skipped: skipped(analysis),
        problems: list(&analysis.problems, problem),
        notices: &analysis.notices,
    })
}

pub(super) const HEAD: Head<'static> = Head::new("dockopt.image/1", ".");

pub(super) fn skipped(analysis: &Analysis) -> Vec<impl Serialize> {
    list(&analysis.skipped, |skip| object! { what: &skip.what, why: &skip.why, remedy: &skip.remedy })
}

pub(super) fn problem(problem: &AnalysisProblem) -> impl Serialize {
    object! {
        source: problem.source.as_deref(),
        place: problem.place.as_deref(),
        offset: problem.offset,
        message: &problem.message,
        help: problem.help.as_deref(),
    }
}

pub(super) fn digest(digest: Option<&Digest>) -> Option<String> {
    digest.map(ToString::to_string)
}

pub(super) fn platform(platform: &Platform) -> Option<String> {
    (!platform.is_unknown()).then(|| platform.to_string())
}

/// Bytes of a pull, estimated.
pub(super) const fn pull_estimate(bytes: u64) -> EstimateJson {
    EstimateJson { bytes, basis: OnlyWritten(Basis::Computed.name()) }
}

fn image(analysis: &ImageAnalysis, view: &ImageView<'_>) -> impl Serialize {
    let image = &analysis.image;
    object! {
        #[serde(rename = "ref")]
        reference: &image.reference,
        names: &image.names,
        source: analysis.source.as_deref(),
        platform: platform(&image.platform),
        manifest_digest: digest(image.manifest.as_ref()),
        id: digest(image.id.as_ref()),
        annotations: pairs(image.annotations.iter().map(|(name, value)| (name, value))),
        config: config(&image.config),
        base: object! {
            layers: analysis.origins.base.layers,
            name: analysis.origins.base.name.as_deref(),
            how: match analysis.origins.base.how {
                BaseHow::Layers => "layers",
                BaseHow::Provenance => "provenance",
                BaseHow::History => "history",
                BaseHow::Guess => "guess",
            },
        },
        totals: totals(analysis, view),
        layers: layers(analysis),
        history: history(analysis),
        waste: contents::losses(analysis, view.top),
        waste_groups: contents::groups(analysis, view.top),
        churn: list(analysis.churn.iter().take(view.top), |churn| {
            object! { path: shown_path(analysis, churn.path), layers: churn.layers.clone(), bytes: churn.bytes }
        }),
        duplicates: contents::duplicates(analysis, view.top),
        categories: contents::categories(analysis, view.top),
        packages: analysis.packages.as_ref().map(|packages| contents::packages(analysis, packages, view.top)),
        secrets: secrets::wire(analysis),
        tree: contents::tree(analysis, view),
        findings: {
            let facts = analysis.facts.iter().map(|image_fact| fact(analysis, image_fact));
            let findings = analysis.findings.iter().map(|image_finding| finding(analysis, image_finding));
            findings.chain(facts).collect::<Vec<_>>()
        },
        budget: super::budget::wire(analysis),
        notices: &analysis.notices,
        layer_trees: super::icicle::wire(analysis),
    }
}

fn pairs<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> Vec<impl Serialize> {
    list(pairs, |(name, value)| object! { name, value })
}

fn config(config: &Config) -> impl Serialize {
    object! {
        created: config.created.as_deref(),
        user: config.user.as_deref(),
        env: pairs(config.env.iter().map(|(name, value)| (name, value))),
        entrypoint: config.entrypoint.as_deref(),
        cmd: config.cmd.as_deref(),
        working_directory: config.working_directory.as_deref(),
        exposed_ports: &config.exposed_ports,
        volumes: &config.volumes,
        labels: pairs(config.labels.iter()),
        stop_signal: config.stop_signal.as_deref(),
        shell: config.shell.as_deref(),
        healthcheck: config.healthcheck.as_deref(),
        on_build: &config.on_build,
    }
}

const fn waste(waste: &WasteBytes) -> impl Serialize {
    object! {
        deleted: waste.deleted,
        overwritten: waste.overwritten,
        metadata_only: waste.metadata_only,
        same_layer_duplicate: waste.same_layer_duplicate,
    }
}

pub(super) fn totals(analysis: &ImageAnalysis, view: &ImageView<'_>) -> impl Serialize {
    let totals = &analysis.totals;
    let read = analysis.is_read();
    let if_read = |bytes: u64| read.then_some(bytes);
    let above = &analysis.above;
    object! {
        stored_file_bytes: if_read(totals.stored_file_bytes),
        merged_bytes: if_read(totals.merged_bytes),
        merged_files: if_read(totals.merged_files),
        merged_entries: if_read(totals.merged_entries),
        waste: read.then(|| waste(&totals.waste)),
        duplicate_content_bytes: if_read(totals.duplicate_content_bytes),
        pull_bytes: totals.pull_bytes,
        pull_is_uncompressed: totals.pull_is_uncompressed,
        pull_estimate: totals.pull_estimate.map(pull_estimate),
        disk_bytes: if_read(totals.disk_bytes),
        apparent_bytes: if_read(totals.apparent_bytes),
        unread_layers: totals.unread_layers,
        efficiency: read.then(|| totals.efficiency()),
        above_base: read.then(|| object! {
            stored_file_bytes: above.stored_file_bytes,
            waste: waste(&above.waste),
            pull_bytes: above.pull_bytes,
            efficiency: above.efficiency(),
        }),
        dive: read.then_some(object! {
            efficiency: analysis.dive.efficiency,
            wasted_bytes: analysis.dive.wasted_bytes,
            user_wasted_ratio: analysis.dive.user_wasted_ratio,
        }),
        pull_seconds: list(view.bandwidths, |rate| {
            object! { bits_per_second: *rate, seconds: pull_seconds(analysis, *rate) }
        }),
    }
}

pub(super) fn layers(analysis: &ImageAnalysis) -> Vec<impl Serialize> {
    list(0..analysis.image.layers.len(), |number| layer(analysis, number))
}

fn layer(analysis: &ImageAnalysis, number: usize) -> impl Serialize {
    let layer = &analysis.image.layers[number];
    let layer_analysis = &analysis.layers[number];
    let read = layer.tar_bytes.is_some();
    let (contents, damage, urls) = match &layer.contents {
        Contents::Read => ("read", None, &[][..]),
        Contents::NotAsked => ("not_asked", None, &[][..]),
        Contents::Elsewhere(urls) => ("elsewhere", None, &urls[..]),
        Contents::Damaged(why) => ("damaged", Some(why.as_str()), &[][..]),
    };
    object! {
        number: number + 1,
        digest: digest(layer.digest.as_ref()),
        diff_id: digest(layer.diff_id.as_ref()),
        media_type: layer.media_type.as_deref(),
        compression: (read || layer.compression != Compression::None).then(|| layer.compression.name()),
        blob_bytes: layer.blob_bytes,
        pull_bytes: layer.pull_bytes(),
        tar_bytes: layer.tar_bytes,
        file_bytes: read.then_some(layer_analysis.file_bytes),
        entries: read.then_some(layer.entries.len() as u64),
        contents,
        damage,
        urls,
        in_base: analysis.is_base(number),
        history: layer.history,
        instruction: analysis.instruction(number),
        origin: analysis.place(number).map(origin),
        unplaced: analysis.origin(number).and_then(|origin| origin.unplaced).map(unplaced),
        added: read.then(|| count(&layer_analysis.changes.added)),
        changed: read.then(|| count(&layer_analysis.changes.changed)),
        removed: read.then(|| count(&layer_analysis.changes.removed)),
        waste: read.then(|| waste(&layer_analysis.lost)),
        waste_caused: read.then_some(layer_analysis.caused),
        push_bytes: push_bytes(&analysis.image, number),
    }
}

const fn count(count: &Count) -> impl Serialize {
    object! { entries: count.entries, files: count.files, bytes: count.bytes }
}

const fn unplaced(why: NoPlaceReason) -> &'static str {
    match why {
        NoPlaceReason::NoDockerfile => "no_dockerfile",
        NoPlaceReason::Base => "base",
        NoPlaceReason::OtherDockerfile => "other_dockerfile",
        NoPlaceReason::NotFound => "not_found",
        NoPlaceReason::NoHistory => "no_history",
        NoPlaceReason::Squashed => "squashed",
    }
}

fn history(analysis: &ImageAnalysis) -> Vec<impl Serialize> {
    list(analysis.image.config.history.iter().enumerate(), |(number, step)| {
        let step_origin = analysis.origins.history.get(number);
        let place = step_origin.and_then(|origin| origin.place.as_ref());
        object! {
            created: step.created.as_deref(),
            created_by: step.created_by.as_deref(),
            comment: step.comment.as_deref(),
            empty_layer: step.empty_layer,
            instruction: step_origin.and_then(|origin| origin.instruction.as_deref()),
            origin: place.map(|place| origin((analysis.dockerfiles.name(place.text), place))),
        }
    })
}
