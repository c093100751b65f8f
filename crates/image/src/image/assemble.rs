//! Images, put together from their documents and from what their layers' blobs hold.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::Image;
use crate::image::blob::BlobOutcome;
use crate::image::document::{Documents, Length, wrong_digest, wrong_size};
use crate::image::error::{Error, ImageErrorKind};
use crate::image::layer::{Compression, Contents, Layer};
use crate::image::options::{ImageOptions, Read, Verify};
use crate::image::path::{Paths, PathsFull};
use crate::image::plan::{Blob, Plan, PlannedImage};
use crate::image::scan::ScannedLayer;

/// What the blobs held, by name, and how often each is still wanted.
struct Blobs<'a> {
    outcomes: BTreeMap<String, BlobOutcome>,
    wanted: BTreeMap<String, usize>,
    documents: &'a dyn Documents,
    options: &'a ImageOptions<'a>,
    entries: u64,
    damaged: Vec<Error>,
    known_messages: BTreeSet<String>,
}

/// Puts images together.
pub(super) fn assemble(
    plan: Plan,
    outcomes: BTreeMap<String, BlobOutcome>,
    documents: &dyn Documents,
    options: &ImageOptions<'_>,
) -> Result<Read, Error> {
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for name in plan.images.iter().flat_map(|planned| &planned.blobs).filter_map(|blob| blob.name.as_ref()) {
        *wanted.entry(name.clone()).or_default() += 1;
    }
    let damaged = plan.damaged;
    let known_messages = damaged.iter().map(ToString::to_string).collect();
    let mut blobs = Blobs { outcomes, wanted, documents, options, entries: 0, damaged, known_messages };
    let images = plan.images.into_iter().map(|planned| blobs.image(planned)).collect::<Result<_, _>>()?;
    Ok(Read {
        images,
        attestations: plan.attestations,
        others: plan.others,
        notices: plan.notices,
        damaged: blobs.damaged,
    })
}

impl Blobs<'_> {
    fn image(&mut self, planned: PlannedImage) -> Result<Image, Error> {
        let PlannedImage { mut image, blobs } = planned;
        for (index, blob) in blobs.iter().enumerate() {
            let (mut layer, paths) = self.layer(blob, index, &mut image.notices);
            self.entries += layer.entries.len() as u64;
            if self.entries > self.options.limits.entries {
                let message = format!("the layers have more than {} members", self.options.limits.entries);
                let help = "if you trust the image, raise the limit with `--max-entries COUNT`";
                return Err(Error::new(ImageErrorKind::TooLarge, message).at(&blob.place).help(help));
            }
            let full = |PathsFull| {
                Error::new(ImageErrorKind::TooLarge, "the paths of all layers need more than 4 GiB").at(&blob.place)
            };
            move_in(&mut image.paths, &mut layer, paths).map_err(full)?;
            image.layers.push(layer);
        }
        align(&mut image);
        Ok(image)
    }

    fn damage(&mut self, error: Error) {
        // Several images share a blob.
        if self.known_messages.insert(error.to_string()) {
            self.damaged.push(error);
        }
    }

    fn layer(&mut self, blob: &Blob, index: usize, notices: &mut Vec<String>) -> (Layer, Paths) {
        if !self.options.contents {
            return (self.unread(blob), Paths::default());
        }
        let Some(outcome) = self.take(blob) else {
            return (self.missing_layer(blob), Paths::default());
        };
        if let Some(error) = outcome.error.clone() {
            self.damage(error);
        }
        let failed = outcome.error.as_ref().map(|error| error.message.clone());
        let BlobOutcome { scanned, bytes, .. } = outcome;
        let Some(scanned) = scanned else {
            let contents = Contents::Damaged(failed.unwrap_or_default());
            return (Layer { contents, ..layer_of_blob(blob) }, Paths::default());
        };
        self.verify(blob, &scanned, failed.is_none());
        let ScannedLayer { mut layer, paths, diff_id, notices: odd, .. } = scanned;
        notices.extend(odd.iter().map(|notice| format!("layer {}: {notice}", index + 1)));
        layer.digest.clone_from(&blob.digest);
        layer.diff_id = blob.diff_id.clone().or(diff_id);
        if layer.digest.is_none() && blob.named && layer.compression == Compression::None {
            layer.digest.clone_from(&layer.diff_id);
        }
        layer.media_type.clone_from(&blob.media_type);
        notices.extend(unexpected(&layer).map(|odd| format!("layer {}: {odd}", index + 1)));
        if let Some(message) = failed {
            layer.blob_bytes = bytes.or(blob.bytes).unwrap_or(layer.blob_bytes);
            layer.contents = Contents::Damaged(message);
        }
        (layer, paths)
    }

    /// The outcome of a blob; a copy, where it is wanted again. `None` where the blob is not there.
    fn take(&mut self, blob: &Blob) -> Option<BlobOutcome> {
        let name = blob.name.as_ref()?;
        let wanted = self.wanted.get_mut(name)?;
        *wanted -= 1;
        let outcome = if *wanted == 0 { self.outcomes.remove(name)? } else { copy(self.outcomes.get(name)?).ok()? };
        (outcome.scanned.is_some() || outcome.error.is_some()).then_some(outcome)
    }

    /// A layer whose contents are not asked for.
    fn unread(&mut self, blob: &Blob) -> Layer {
        let mut layer = layer_of_blob(blob);
        layer.contents = Contents::NotAsked;
        if blob.elsewhere.is_some() || blob.bytes.is_some() {
            return layer;
        }
        match blob.name.as_deref().map_or(Ok(Length::Absent), |name| self.documents.length(name)) {
            Ok(Length::Bytes(bytes)) => layer.blob_bytes = bytes,
            Ok(Length::Unknown) => {}
            Ok(Length::Absent) => return self.missing_layer(blob),
            Err(error) => self.damage(error),
        }
        layer
    }

    /// A layer whose blob is not there.
    fn missing_layer(&mut self, blob: &Blob) -> Layer {
        let mut layer = layer_of_blob(blob);
        if let Some(urls) = &blob.elsewhere {
            layer.contents = Contents::Elsewhere(urls.clone());
            return layer;
        }
        let (trouble, message) = match blob.name {
            Some(_) => (ImageErrorKind::Missing, "the layer is missing"),
            None => (ImageErrorKind::Damaged, "the layer's name is neither a digest nor a path in the archive"),
        };
        layer.contents = Contents::Damaged(message.to_owned());
        self.damage(Error::new(trouble, message).at(&blob.place).help("export or pull the image again"));
        layer
    }

    /// Compares what was announced with what was found.
    fn verify(&mut self, blob: &Blob, scanned: &ScannedLayer, complete: bool) {
        if self.options.verify == Verify::None {
            return;
        }
        let place = blob.place.as_str();
        let blob_bytes = scanned.layer.blob_bytes;
        if let Some(bytes) = blob.bytes.filter(|&bytes| bytes != blob_bytes && complete) {
            self.damage(wrong_size(place, bytes, blob_bytes));
        }
        let same = |digest: &_| scanned.blob.as_ref().filter(|&actual| actual != digest).cloned();
        if let Some((digest, actual)) = blob.digest.as_ref().and_then(|digest| Some((digest, same(digest)?))) {
            self.damage(wrong_digest(place, "digest", digest, &actual));
        }
        if !complete {
            return;
        }
        // The digest of a blob that is not compressed is its diff ID.
        let plain = scanned.layer.compression == Compression::None && (blob.digest.is_some() || blob.named);
        let actual = scanned.diff_id.as_ref().or(if plain { scanned.blob.as_ref() } else { None });
        if let (Some(expected), Some(actual)) = (&blob.diff_id, actual)
            && expected.algorithm() == actual.algorithm()
            && expected != actual
        {
            self.damage(wrong_digest(place, "diff ID", expected, actual));
        }
    }
}

/// What is told of a layer.
fn layer_of_blob(blob: &Blob) -> Layer {
    let kind = blob.media_type.as_deref().unwrap_or_default();
    Layer {
        digest: blob.digest.clone(),
        diff_id: blob.diff_id.clone(),
        media_type: blob.media_type.clone(),
        compression: compression(kind).unwrap_or_default(),
        blob_bytes: blob.bytes.unwrap_or(0),
        ..Layer::default()
    }
}

/// A copy of an outcome, for layers that several images share.
pub(super) fn copy(outcome: &BlobOutcome) -> Result<BlobOutcome, PathsFull> {
    let scanned = match &outcome.scanned {
        None => None,
        Some(scanned) => {
            let mut paths = Paths::default();
            paths.merge(&scanned.paths)?;
            Some(ScannedLayer {
                layer: scanned.layer.clone(),
                paths,
                blob: scanned.blob.clone(),
                diff_id: scanned.diff_id.clone(),
                notices: scanned.notices.clone(),
            })
        }
    };
    Ok(BlobOutcome { scanned, error: outcome.error.clone(), bytes: outcome.bytes })
}

/// Brings a layer's paths into the image's.
fn move_in(all: &mut Paths, layer: &mut Layer, paths: Paths) -> Result<(), PathsFull> {
    if all.len() == 1 {
        *all = paths;
        return Ok(());
    }
    let here = all.merge(&paths)?;
    for entry in &mut layer.entries {
        entry.path = here[entry.path.index()];
        entry.link = here[entry.link.index()];
    }
    Ok(())
}

/// Pairs layers with the steps of the history that made them; from the top down where their numbers differ.
fn align(image: &mut Image) {
    let steps: Vec<usize> =
        image.config.history.iter().enumerate().filter(|(_, step)| !step.empty_layer).map(|(index, _)| index).collect();
    if image.config.history.is_empty() {
        return;
    }
    if steps.len() != image.layers.len() {
        let (steps, layers) = (steps.len(), image.layers.len());
        let notice =
            format!("the history lists {steps} layers, but there are {layers}; matching them from the last one");
        image.notices.push(notice);
    }
    for (layer, step) in image.layers.iter_mut().rev().zip(steps.into_iter().rev()) {
        layer.history = Some(step);
    }
}

/// What a media type says about the compression; `None` where it is not one of a layer.
fn compression(media_type: &str) -> Option<Compression> {
    let known = ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."];
    if !known.iter().any(|start| media_type.starts_with(start)) {
        return None;
    }
    match media_type.rsplit(['.', '+']).next() {
        Some("tar") => Some(Compression::None),
        Some("gzip") => Some(Compression::Gzip),
        Some("zstd") => Some(Compression::Zstd),
        _ => None,
    }
}

/// What is odd about a layer's media type.
fn unexpected(layer: &Layer) -> Option<String> {
    let kind = layer.media_type.as_deref()?;
    let actual = layer.compression.name();
    match compression(kind) {
        None => Some(format!("its media type `{kind}` is not a layer type; reading it as {actual}")),
        Some(compression) if compression != layer.compression => {
            Some(format!("its media type says {}, but it is compressed with {actual}", compression.name()))
        }
        Some(_) => None,
    }
}

/// What was read of an archive, together with what is odd about the archive itself.
pub(super) fn with_archive(
    read: Result<Read, Error>,
    notices: &[String],
    damaged: Option<&Error>,
) -> Result<Read, Error> {
    let mut read = read.map_err(|error| match damaged {
        // What is missing, or damaged, is so because the archive is cut off.
        Some(damage) if error.trouble != ImageErrorKind::Cancelled => damage.clone(),
        _ => error,
    })?;
    read.notices.extend(notices.iter().cloned());
    read.damaged.extend(damaged.cloned());
    Ok(read)
}
