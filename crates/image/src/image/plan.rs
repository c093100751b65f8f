//! What is to be read of a source: which of the listed images are meant, by reference and by platform, what their
//! manifests and configs say, and the blobs of their layers.

use std::collections::{BTreeMap, BTreeSet};

use crate::image::Image;
use crate::image::config::Platform;
use crate::image::config_document::{self, ConfigDocument};
use crate::image::digest::{Algorithm, Digest};
use crate::image::document::{DocumentPart, Documents, Reading, clean, digits, parse, promised};
use crate::image::error::{Error, ImageErrorKind};
use crate::image::index::{self, Candidate, DocumentPlace, familiar};
use crate::image::manifest::{Descriptor, IN_TOTO, ListedImage, Manifest};
use crate::image::options::{Attestation, ImageOptions, OtherImage, Statement};
use crate::image::platform_choice::pick;

/// Names in one message at most.
const NAMED: usize = 20;

/// Layers of one image at most.
const LAYERS: usize = 10_000;

/// Bytes of statements that are kept.
const STATEMENT_BYTES: usize = 64 << 20;

/// A layer's blob, as it was announced.
#[derive(Clone, Debug, Default)]
pub(super) struct Blob {
    /// Its name in the source; `None` when the one that is told leads nowhere.
    pub(super) name: Option<String>,
    /// Its digest or name, for people.
    pub(super) place: String,
    pub(super) digest: Option<Digest>,
    pub(super) bytes: Option<u64>,
    pub(super) diff_id: Option<Digest>,
    /// Whether its name is its diff ID.
    pub(super) named: bool,
    pub(super) media_type: Option<String>,
    /// Where else it is kept, of a foreign layer.
    pub(super) elsewhere: Option<Vec<String>>,
}

/// An image whose layers are still to be read.
#[derive(Debug, Default)]
pub(super) struct PlannedImage {
    pub(super) image: Image,
    /// The lowest first.
    pub(super) blobs: Vec<Blob>,
}

/// What is to be read.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) images: Vec<PlannedImage>,
    pub(super) attestations: Vec<Attestation>,
    pub(super) others: Vec<OtherImage>,
    pub(super) notices: Vec<String>,
    pub(super) damaged: Vec<Error>,
}

/// What a manifest is.
enum ManifestKind {
    Image(Box<PlannedImage>),
    Attestation,
    Artefact(String),
}

/// Reads the documents of a source.
pub(super) fn plan(documents: &dyn Documents, options: &ImageOptions<'_>) -> Result<Plan, Error> {
    let mut reading = Reading::new(documents, options);
    let index = index::find(&mut reading)?;
    let mut chosen = choose(&mut reading, &index.candidates);
    if chosen.as_ref().map_or(true, |chosen| chosen.images.is_empty()) && !index.fallback.is_empty() {
        if let Err(error) = chosen {
            reading.damaged.push(error);
        }
        chosen = choose(&mut reading, &index.fallback);
    }
    let mut chosen = chosen.map_err(|error| first(&mut reading.damaged, error))?;
    name(&mut reading, &mut chosen, &index.listed);
    let statements: Vec<Descriptor> = index.attestations.into_iter().chain(chosen.attestations).collect();
    let attestations = attestations(&mut reading, &statements, &chosen.images);
    if chosen.images.is_empty() {
        let nothing = Error::new(ImageErrorKind::NotAnImage, "it contains no image");
        return Err(first(&mut reading.damaged, nothing));
    }
    let (images, others) = (chosen.images, chosen.others);
    Ok(Plan { images, attestations, others, notices: reading.notices, damaged: reading.damaged })
}

/// What went wrong first, where several things did.
fn first(damaged: &mut Vec<Error>, error: Error) -> Error {
    if damaged.is_empty() || error.trouble == ImageErrorKind::Cancelled { error } else { damaged.swap_remove(0) }
}

/// The images that are meant.
#[derive(Debug, Default)]
struct ChosenImages {
    images: Vec<PlannedImage>,
    others: Vec<OtherImage>,
    /// Manifests that turned out to hold statements about images.
    attestations: Vec<Descriptor>,
}

/// The candidates and what came of reading them.
struct Choice<'a> {
    candidates: &'a [Candidate],
    loaded: Vec<Option<Result<ManifestKind, Error>>>,
}

/// Chooses among the listed images, and reads their manifests and configs.
fn choose(reading: &mut Reading<'_>, candidates: &[Candidate]) -> Result<ChosenImages, Error> {
    let mut choice = Choice { candidates, loaded: candidates.iter().map(|_| None).collect() };
    let selected = choice.referred(reading)?;
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &index in &selected {
        groups.entry(candidates[index].group).or_default().push(index);
    }
    let mut chosen = BTreeSet::new();
    let mut refused = Vec::new();
    for group in groups.into_values() {
        match choice.of_group(reading, &group) {
            Ok(some) => chosen.extend(some),
            Err(error) if error.trouble == ImageErrorKind::Cancelled => return Err(error),
            Err(error) => refused.push(error),
        }
    }
    let is_empty = chosen.is_empty();
    if is_empty && let Some(error) = refused.pop() {
        return Err(error);
    }
    reading.notices.extend(refused.iter().map(ToString::to_string));
    choice.finish(reading, &chosen)
}

impl Choice<'_> {
    fn load(&mut self, reading: &mut Reading<'_>, index: usize) -> &Result<ManifestKind, Error> {
        let candidate = &self.candidates[index];
        self.loaded[index].get_or_insert_with(|| load(reading, candidate))
    }

    /// Whether the manifest of a candidate is not in the source.
    fn is_missing(&mut self, reading: &mut Reading<'_>, index: usize) -> bool {
        matches!(self.load(reading, index), Err(error) if error.trouble == ImageErrorKind::Missing)
    }

    /// The candidates of the reference that is asked for.
    fn referred(&mut self, reading: &mut Reading<'_>) -> Result<Vec<usize>, Error> {
        let all = 0..self.candidates.len();
        let Some(reference) = reading.options.reference else { return Ok(all.collect()) };
        let name = familiar(reference);
        let hex = reference.strip_prefix("sha256:").unwrap_or(reference);
        let starts = |digits: &str| hex.len() >= 6 && digits.starts_with(hex);
        let is_meant = |candidate: &Candidate| {
            let named = candidate.names.iter().any(|tag| *tag == name || *tag == format!("{name}:latest"));
            let listed = match &candidate.place {
                DocumentPlace::Listed(listed) => digits(&listed.config).is_some_and(starts),
                _ => false,
            };
            named || listed || candidate.digest.as_ref().is_some_and(|digest| starts(&digest.hex()))
        };
        let mut indexes: Vec<usize> = all.clone().filter(|&index| is_meant(&self.candidates[index])).collect();
        if indexes.is_empty() && hex.len() >= 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            for index in all {
                let Ok(ManifestKind::Image(planned)) = self.load(reading, index) else { continue };
                if planned.image.id.as_ref().is_some_and(|id| starts(&id.hex())) {
                    indexes.push(index);
                }
            }
        }
        if !indexes.is_empty() {
            return Ok(indexes);
        }
        let names: BTreeSet<String> = self.candidates.iter().map(display_name).collect();
        let message = format!("it contains no image `{reference}`");
        Err(Error::new(ImageErrorKind::Choice, message).help(format!("it contains {}", list(names))))
    }

    /// What an image's platform is told to be.
    fn platform(&mut self, reading: &mut Reading<'_>, index: usize) -> Option<Platform> {
        if let Some(platform) = &self.candidates[index].platform {
            return Some(platform.canonical());
        }
        match self.load(reading, index) {
            Ok(ManifestKind::Image(planned)) => Some(planned.image.platform.canonical()),
            _ => None,
        }
    }

    /// The candidates of a group that serve the platform that is asked for.
    fn of_group(&mut self, reading: &mut Reading<'_>, group: &[usize]) -> Result<Vec<usize>, Error> {
        let options = reading.options;
        if options.all_platforms {
            return Ok(self.present(reading, group));
        }
        if group.len() == 1 && options.platform.is_none() {
            return Ok(group.to_vec());
        }
        let mut platforms = Vec::new();
        for &index in group {
            // Entries that are no image or cannot be read are reported at the end.
            if let Some(platform) = self.platform(reading, index) {
                platforms.push((index, platform));
            }
        }
        let distinct: BTreeSet<&Platform> = platforms.iter().map(|(_, platform)| platform).collect();
        if distinct.is_empty() || (distinct.len() == 1 && options.platform.is_none()) {
            return Ok(group.to_vec());
        }
        let wanted = options.platform.unwrap_or(options.host);
        let reference = display_name(&self.candidates[group[0]]);
        let picked = pick(&platforms, wanted).map_err(|trouble| {
            let names = list(distinct.iter().map(ToString::to_string));
            Error::new(ImageErrorKind::Choice, format!("`{reference}` {trouble} {wanted}"))
                .help(format!("select one with --platform, or use --all-platforms; available: {names}"))
        });
        match picked {
            // An engine saves the index of all platforms, and of these only what it has.
            Ok(picked) if options.platform.is_none() && picked.iter().all(|&index| self.is_missing(reading, index)) => {
                let present = self.present(reading, group);
                let distinct: BTreeSet<Option<Platform>> =
                    present.iter().map(|&index| self.platform(reading, index)).collect();
                if distinct.len() != 1 || present.iter().all(|&index| self.is_missing(reading, index)) {
                    return Ok(picked);
                }
                reading.notices.push(format!("`{reference}` is listed for {wanted}, but missing; using another one"));
                Ok(present)
            }
            picked => picked,
        }
    }

    /// Those whose manifests are there; all, if none is.
    fn present(&mut self, reading: &mut Reading<'_>, group: &[usize]) -> Vec<usize> {
        let (gone, present): (Vec<usize>, Vec<usize>) =
            group.iter().partition(|&&index| self.is_missing(reading, index) && group.len() > 1);
        if present.is_empty() { gone } else { present }
    }

    /// Takes what was chosen out of what was read.
    fn finish(mut self, reading: &mut Reading<'_>, used: &BTreeSet<usize>) -> Result<ChosenImages, Error> {
        let mut chosen = ChosenImages::default();
        let mut artefacts: BTreeMap<String, usize> = BTreeMap::new();
        for (index, candidate) in self.candidates.iter().enumerate() {
            if used.contains(&index) {
                self.load(reading, index).as_ref().err().map_or(Ok(()), |error| stop(error.clone()))?;
            }
            match (self.loaded[index].take(), used.contains(&index)) {
                (Some(Ok(ManifestKind::Image(planned))), true) => chosen.images.push(with_names(*planned, candidate)),
                (Some(Ok(ManifestKind::Artefact(kind))), _) => *artefacts.entry(kind).or_default() += 1,
                (Some(Ok(ManifestKind::Attestation)), _) => {
                    if let DocumentPlace::Described(descriptor) = &candidate.place {
                        chosen.attestations.push((**descriptor).clone());
                    }
                }
                (Some(Err(error)), true) => reading.damaged.push(error),
                (loaded, _) => {
                    let platform_read = match loaded {
                        Some(Ok(ManifestKind::Image(planned))) => Some(planned.image.platform),
                        _ => None,
                    };
                    chosen.others.push(OtherImage {
                        reference: display_name(candidate),
                        platform: candidate.platform.clone().or(platform_read),
                        manifest: candidate.digest.clone(),
                    });
                }
            }
        }
        for (kind, count) in artefacts {
            reading.notices.push(format!("{count} of the listed items are not images but `{kind}`"));
        }
        Ok(chosen)
    }
}

fn stop(error: Error) -> Result<(), Error> {
    if error.trouble == ImageErrorKind::Cancelled { Err(error) } else { Ok(()) }
}

/// Gives an image the names that the source has for it.
fn with_names(mut planned: PlannedImage, candidate: &Candidate) -> PlannedImage {
    let image = &mut planned.image;
    let digest = image.manifest.as_ref().or(image.id.as_ref()).map(Digest::to_string);
    image.reference = candidate.names.first().cloned().or(digest).unwrap_or_default();
    image.names = candidate.names.iter().skip(1).cloned().collect();
    if let Some(platform) =
        candidate.platform.as_ref().filter(|platform| platform.canonical() != image.platform.canonical())
    {
        let os_version = platform.os_version != image.platform.os_version;
        if !os_version || platform.architecture != image.platform.architecture || platform.os != image.platform.os {
            image.notices.push(format!("the index says {platform}, but the config says {}", image.platform));
        }
    }
    planned
}

/// What a candidate is called.
fn display_name(candidate: &Candidate) -> String {
    let digest = || candidate.digest.as_ref().map(Digest::to_string);
    let config = || match &candidate.place {
        DocumentPlace::Listed(listed) => listed.config.clone(),
        _ => "the image".to_owned(),
    };
    candidate.names.first().cloned().or_else(digest).unwrap_or_else(config)
}

fn list(names: impl IntoIterator<Item = String>) -> String {
    let mut names: Vec<String> = names.into_iter().collect();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let text = names.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

/// Gives images of an archive that is both, an OCI layout and a docker archive, their names, and tells where both differ.
fn name(reading: &mut Reading<'_>, chosen: &mut ChosenImages, listed: &[ListedImage]) {
    for listed_image in listed {
        let of = |id: &Option<Digest>| id.as_ref().is_some_and(|id| listed_image.config.contains(&id.hex()));
        let Some(planned) = chosen.images.iter_mut().find(|planned| of(&planned.image.id)) else {
            if chosen.others.is_empty() {
                let config: String = listed_image.config.chars().take(200).collect();
                reading.notices.push(format!(
                    "`manifest.json` lists an image that `index.json` does not (config `{config}`); using `index.json`"
                ));
            }
            continue;
        };
        if planned.blobs.len() != listed_image.layers.len() {
            planned.image.notices.push(format!(
                "`manifest.json` lists {} layers, but `index.json` {}; using `index.json`",
                listed_image.layers.len(),
                planned.blobs.len()
            ));
        }
        let mut names: Vec<String> = listed_image.repo_tags.iter().map(|name| familiar(name)).collect();
        let complete = |name: &String| name.contains(':');
        let known: Vec<String> = planned.image.names.drain(..).collect();
        // A bare tag says less than the list does.
        names.extend(known.into_iter().filter(|name| listed_image.repo_tags.is_empty() || complete(name)));
        let mut seen = BTreeSet::new();
        let unique: Vec<String> = names.into_iter().filter(|name| seen.insert(name.clone())).collect();
        planned.image.reference = unique.first().unwrap_or(&planned.image.reference).clone();
        planned.image.names = unique.into_iter().skip(1).collect();
    }
}

/// Reads what a candidate's manifest and config say.
fn load(reading: &mut Reading<'_>, candidate: &Candidate) -> Result<ManifestKind, Error> {
    match &candidate.place {
        DocumentPlace::Listed(listed) => {
            listed_image(reading, listed).map(|image| ManifestKind::Image(Box::new(image)))
        }
        DocumentPlace::Described(descriptor) => {
            let digest = descriptor.digest().ok_or_else(|| index::no_digest(descriptor))?;
            let name = reading.layout.name(&digest, DocumentPart::Manifest);
            let missing = || Error::new(ImageErrorKind::Missing, "the manifest is missing").at(&digest.to_string());
            let bytes = reading.document(&name, DocumentPart::Manifest)?.ok_or_else(missing)?;
            reading.compare(&digest.to_string(), &bytes, Some(&digest), descriptor.size);
            manifest_image(reading, &digest.to_string(), &bytes, descriptor)
        }
        DocumentPlace::Here(bytes) => manifest_image(reading, "manifest.json", bytes, &Descriptor::default()),
    }
}

fn manifest_image(
    reading: &mut Reading<'_>,
    place: &str,
    bytes: &[u8],
    descriptor: &Descriptor,
) -> Result<ManifestKind, Error> {
    let digest = descriptor.digest().unwrap_or_else(|| Digest::of(Algorithm::Sha256, bytes));
    let manifest: Manifest = parse(place, bytes)?;
    if manifest.schema_version == Some(1) {
        return Err(Error::new(
            ImageErrorKind::Unsupported,
            "a manifest of schema version 1, which is not supported (engines replaced it in 2016)",
        )
        .at(place)
        .help("pull and push the image with a current engine, or use `docker save`"));
    }
    if manifest.is_attestation() {
        return Ok(ManifestKind::Attestation);
    }
    if let Some(kind) = manifest.artefact() {
        return Ok(ManifestKind::Artefact(kind.to_owned()));
    }
    let no_config = || Error::new(ImageErrorKind::Damaged, "the manifest does not name a config").at(place);
    let config = manifest.config.as_ref().ok_or_else(no_config)?;
    let id = config.digest().ok_or_else(|| index::no_digest(config).at(place))?;
    let missing = || Error::new(ImageErrorKind::Missing, "the config is missing").at(&id.to_string());
    let name = reading.layout.name(&id, DocumentPart::Blob);
    let bytes = reading.document(&name, DocumentPart::Blob)?.ok_or_else(missing)?;
    reading.compare(&id.to_string(), &bytes, Some(&id), config.size);
    let read = config_document::read(&id.to_string(), &bytes)?;
    too_many(place, manifest.layers.len())?;
    let described = |layer: &Descriptor| {
        let digest = layer.digest();
        let elsewhere = layer.is_foreign().then(|| layer.urls.clone());
        Blob {
            name: digest.as_ref().map(|digest| reading.layout.name(digest, DocumentPart::Blob)),
            place: layer.digest.clone(),
            digest,
            bytes: layer.size,
            media_type: Some(layer.media_type.clone()).filter(|kind| !kind.is_empty()),
            elsewhere,
            ..Blob::default()
        }
    };
    let blobs = manifest.layers.iter().map(described).collect();
    let image = Image {
        manifest: Some(digest),
        id: Some(id),
        annotations: manifest.annotations.clone().into_iter().collect(),
        ..Image::default()
    };
    let mut planned = PlannedImage { image, blobs };
    if read.platform.is_unknown() {
        planned.image.platform = descriptor.platform().unwrap_or_default();
    }
    configure(reading, &mut planned, read);
    Ok(ManifestKind::Image(Box::new(planned)))
}

fn too_many(place: &str, layers: usize) -> Result<(), Error> {
    if layers <= LAYERS {
        return Ok(());
    }
    Err(Error::new(ImageErrorKind::TooLarge, format!("{layers} layers, more than {LAYERS}")).at(place))
}

/// One image of a docker archive's list.
fn listed_image(reading: &mut Reading<'_>, listed: &ListedImage) -> Result<PlannedImage, Error> {
    let place = "manifest.json";
    let leads = |name: &str| {
        let message = format!("`{name}` is not a path in the archive");
        Error::new(ImageErrorKind::Damaged, message).at(place)
    };
    let config = clean(&listed.config).ok_or_else(|| leads(&listed.config))?;
    let missing = || Error::new(ImageErrorKind::Missing, "the config is missing").at(&config);
    let bytes = reading.document(&config, DocumentPart::Blob)?.ok_or_else(missing)?;
    reading.compare(&config, &bytes, promised(&config).as_ref(), None);
    let read = config_document::read(&config, &bytes)?;
    too_many(place, listed.layers.len())?;
    let mut image = Image { id: Some(Digest::of(Algorithm::Sha256, &bytes)), ..Image::default() };
    let id = image.id.as_ref().map(Digest::hex).unwrap_or_default();
    if promised(&config).is_none() && digits(&config).is_some_and(|digits| digits != id) {
        image.notices.push(format!("the config `{config}` is not named after its digest, {id}"));
    }
    let layer = |name: &String| Blob {
        name: clean(name),
        place: name.clone(),
        digest: clean(name).as_deref().and_then(promised),
        ..Blob::default()
    };
    let mut planned = PlannedImage { image, blobs: listed.layers.iter().map(layer).collect() };
    configure(reading, &mut planned, read);
    for blob in &mut planned.blobs {
        let source = blob.diff_id.as_ref().and_then(|id| listed.layer_sources.get(&id.to_string()));
        if let Some(source) = source.filter(|source| blob.digest.is_none() || source.digest() == blob.digest) {
            blob.digest = source.digest();
            blob.bytes = source.size;
            blob.media_type = Some(source.media_type.clone()).filter(|kind| !kind.is_empty());
            blob.elsewhere = source.is_foreign().then(|| source.urls.clone());
        }
    }
    Ok(planned)
}

/// Gives an image what its config says.
fn configure(reading: &mut Reading<'_>, planned: &mut PlannedImage, read: ConfigDocument) {
    let PlannedImage { image, blobs } = planned;
    let place = image.id.as_ref().map(Digest::to_string).unwrap_or_default();
    image.config = read.config;
    if !read.platform.is_unknown() {
        image.platform = read.platform;
    }
    if read.diff_ids.len() == blobs.len() {
        for (blob, diff_id) in blobs.iter_mut().zip(read.diff_ids) {
            let name = blob.name.as_deref().and_then(digits);
            blob.named = diff_id.as_ref().is_some_and(|id| name == Some(id.hex().as_str()));
            if diff_id.is_none() {
                reading
                    .damaged
                    .push(Error::new(ImageErrorKind::Damaged, "a diff ID in the config is not a digest").at(&place));
            }
            blob.diff_id = diff_id;
        }
    } else {
        let (ids, layers) = (read.diff_ids.len(), blobs.len());
        let message = format!("the config has {ids} diff IDs, but the manifest has {layers} layers");
        reading.damaged.push(Error::new(ImageErrorKind::Mismatch, message).at(&place));
    }
}

/// Reads what is said about the chosen images.
fn attestations(reading: &mut Reading<'_>, descriptors: &[Descriptor], images: &[PlannedImage]) -> Vec<Attestation> {
    let chosen = |digest: &Digest| images.iter().any(|planned| planned.image.manifest.as_ref() == Some(digest));
    let mut attestations = Vec::new();
    let mut room = STATEMENT_BYTES;
    for descriptor in descriptors {
        let subject_digest =
            descriptor.annotations.get("vnd.docker.reference.digest").and_then(|text| text.parse().ok());
        if subject_digest.as_ref().is_some_and(|subject| !chosen(subject)) {
            continue;
        }
        match attestation(reading, descriptor, subject_digest, &mut room) {
            Ok(Some(attestation)) if attestation.subject.as_ref().is_none_or(chosen) => attestations.push(attestation),
            Ok(_) => {}
            Err(error) => reading.damaged.push(error),
        }
    }
    attestations
}

fn attestation(
    reading: &mut Reading<'_>,
    descriptor: &Descriptor,
    subject: Option<Digest>,
    room: &mut usize,
) -> Result<Option<Attestation>, Error> {
    let digest = descriptor.digest().ok_or_else(|| index::no_digest(descriptor))?;
    // Engines leave out what they did not pull.
    let name = reading.layout.name(&digest, DocumentPart::Manifest);
    let Some(bytes) = reading.document(&name, DocumentPart::Manifest)? else { return Ok(None) };
    reading.compare(&digest.to_string(), &bytes, Some(&digest), descriptor.size);
    let manifest: Manifest = parse(&digest.to_string(), &bytes)?;
    let subject = subject.or_else(|| manifest.subject.as_ref().and_then(Descriptor::digest));
    let mut attestation = Attestation { manifest: Some(digest), subject, statements: Vec::new() };
    for layer in manifest.layers.iter().filter(|layer| layer.media_type == IN_TOTO) {
        let predicate_type = layer.annotations.get("in-toto.io/predicate-type").cloned();
        let wanted = predicate_type.as_ref().is_none_or(|kind| kind.contains("provenance"));
        let digest = layer.digest();
        let mut bytes = None;
        let fits = wanted && *room > 0;
        if fits && let Some(digest) = digest.as_ref() {
            bytes = reading.document(&reading.layout.name(digest, DocumentPart::Blob), DocumentPart::Blob)?;
            if let Some(bytes) = &bytes {
                reading.compare(&digest.to_string(), bytes, Some(digest), layer.size);
            } else {
                let missing = Error::new(ImageErrorKind::Missing, "the statement about the image is missing");
                reading.damaged.push(missing.at(&digest.to_string()));
            }
            *room = room.saturating_sub(bytes.as_ref().map_or(0, Vec::len));
        }
        attestation.statements.push(Statement { digest, predicate_type, bytes });
    }
    Ok(Some(attestation))
}
