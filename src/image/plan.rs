//! What is to be read of a source: its images, chosen by reference and platform, and the blobs of their layers.

use crate::image::Image;
use crate::image::choice;
use crate::image::config_document::{self, ConfigDocument};
use crate::image::digest::{Algorithm, Digest};
use crate::image::document::{Documents, Part, Reading, clean, digits, parse, promised};
use crate::image::error::{Error, Trouble};
use crate::image::index::{self, Candidate, Place};
use crate::image::manifest::{Descriptor, IN_TOTO, Listed, Manifest};
use crate::image::options::{Attestation, Options, Other, Statement};

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
pub(super) struct Planned {
    pub(super) image: Image,
    /// The lowest first.
    pub(super) blobs: Vec<Blob>,
}

/// What is to be read.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) images: Vec<Planned>,
    pub(super) attestations: Vec<Attestation>,
    pub(super) others: Vec<Other>,
    pub(super) notices: Vec<String>,
    pub(super) damaged: Vec<Error>,
}

/// What a manifest is.
pub(super) enum Loaded {
    Image(Box<Planned>),
    Attestation,
    Artefact(String),
}

/// Reads the documents of a source.
pub(super) fn plan(documents: &dyn Documents, options: &Options<'_>) -> Result<Plan, Error> {
    let mut reading = Reading::new(documents, options);
    let found = index::find(&mut reading)?;
    let mut chosen = choice::choose(&mut reading, &found.candidates);
    if chosen.as_ref().map_or(true, |chosen| chosen.images.is_empty()) && !found.fallback.is_empty() {
        if let Err(error) = chosen {
            reading.damaged.push(error);
        }
        chosen = choice::choose(&mut reading, &found.fallback);
    }
    let mut chosen = chosen.map_err(|error| first(&mut reading.damaged, error))?;
    index::name(&mut reading, &mut chosen, &found.listed);
    let statements: Vec<Descriptor> = found.attestations.into_iter().chain(chosen.attestations).collect();
    let attestations = attestations(&mut reading, &statements, &chosen.images);
    if chosen.images.is_empty() {
        let nothing = Error::new(Trouble::NotAnImage, "there is no image in it");
        return Err(first(&mut reading.damaged, nothing));
    }
    Ok(Plan {
        images: chosen.images,
        attestations,
        others: chosen.others,
        notices: reading.notices,
        damaged: reading.damaged,
    })
}

/// What went wrong first, where several things did.
fn first(damaged: &mut Vec<Error>, error: Error) -> Error {
    if damaged.is_empty() || error.trouble == Trouble::Cancelled { error } else { damaged.swap_remove(0) }
}

/// Reads what a candidate's manifest and config say.
pub(super) fn load(reading: &mut Reading<'_>, candidate: &Candidate) -> Result<Loaded, Error> {
    match &candidate.place {
        Place::Listed(listed) => listed_image(reading, listed).map(|image| Loaded::Image(Box::new(image))),
        Place::Described(descriptor) => {
            let digest = descriptor.digest().ok_or_else(|| index::no_digest(descriptor))?;
            let name = reading.layout.name(&digest, Part::Manifest);
            let missing = || Error::new(Trouble::Missing, "the manifest is not there").at(&digest.to_string());
            let bytes = reading.document(&name, Part::Manifest)?.ok_or_else(missing)?;
            reading.compare(&digest.to_string(), &bytes, Some(&digest), descriptor.size);
            manifest_image(reading, &digest.to_string(), &bytes, descriptor)
        }
        Place::Here(bytes) => manifest_image(reading, "manifest.json", bytes, &Descriptor::default()),
    }
}

fn manifest_image(
    reading: &mut Reading<'_>,
    place: &str,
    bytes: &[u8],
    descriptor: &Descriptor,
) -> Result<Loaded, Error> {
    let digest = descriptor.digest().unwrap_or_else(|| Digest::of(Algorithm::Sha256, bytes));
    let manifest: Manifest = parse(place, bytes)?;
    if manifest.schema_version == Some(1) {
        return Err(Error::new(Trouble::Unsupported, "a manifest of schema version 1, which engines left in 2016")
            .at(place)
            .help("pull and push the image with a current engine, or use `docker save`"));
    }
    if manifest.is_attestation() {
        return Ok(Loaded::Attestation);
    }
    if let Some(kind) = manifest.artefact() {
        return Ok(Loaded::Artefact(kind.to_owned()));
    }
    let no_config = || Error::new(Trouble::Damaged, "the manifest names no config").at(place);
    let config = manifest.config.as_ref().ok_or_else(no_config)?;
    let id = config.digest().ok_or_else(|| index::no_digest(config).at(place))?;
    let missing = || Error::new(Trouble::Missing, "the config is not there").at(&id.to_string());
    let name = reading.layout.name(&id, Part::Blob);
    let bytes = reading.document(&name, Part::Blob)?.ok_or_else(missing)?;
    reading.compare(&id.to_string(), &bytes, Some(&id), config.size);
    let read = config_document::read(&id.to_string(), &bytes)?;
    too_many(place, manifest.layers.len())?;
    let described = |layer: &Descriptor| {
        let digest = layer.digest();
        let elsewhere = layer.is_foreign().then(|| layer.urls.clone());
        Blob {
            name: digest.as_ref().map(|digest| reading.layout.name(digest, Part::Blob)),
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
    let mut planned = Planned { image, blobs };
    if read.platform.is_unknown() {
        planned.image.platform = descriptor.platform().unwrap_or_default();
    }
    configure(reading, &mut planned, read);
    Ok(Loaded::Image(Box::new(planned)))
}

fn too_many(place: &str, layers: usize) -> Result<(), Error> {
    if layers <= LAYERS {
        return Ok(());
    }
    Err(Error::new(Trouble::TooLarge, format!("{layers} layers, more than {LAYERS}")).at(place))
}

/// One image of a docker archive's list.
fn listed_image(reading: &mut Reading<'_>, listed: &Listed) -> Result<Planned, Error> {
    let place = "manifest.json";
    let leads = |name: &str| {
        let message = format!("`{name}` names nothing inside of the archive");
        Error::new(Trouble::Damaged, message).at(place)
    };
    let config = clean(&listed.config).ok_or_else(|| leads(&listed.config))?;
    let missing = || Error::new(Trouble::Missing, "the config is not there").at(&config);
    let bytes = reading.document(&config, Part::Blob)?.ok_or_else(missing)?;
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
    let mut planned = Planned { image, blobs: listed.layers.iter().map(layer).collect() };
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
fn configure(reading: &mut Reading<'_>, planned: &mut Planned, read: ConfigDocument) {
    let Planned { image, blobs } = planned;
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
                reading.damaged.push(Error::new(Trouble::Damaged, "a diff ID of the config is no digest").at(&place));
            }
            blob.diff_id = diff_id;
        }
    } else {
        let (ids, layers) = (read.diff_ids.len(), blobs.len());
        let message = format!("the config has {ids} diff IDs, the manifest {layers} layers");
        reading.damaged.push(Error::new(Trouble::Mismatch, message).at(&place));
    }
}

/// Reads what is said about the chosen images.
fn attestations(reading: &mut Reading<'_>, found: &[Descriptor], images: &[Planned]) -> Vec<Attestation> {
    let chosen = |digest: &Digest| images.iter().any(|planned| planned.image.manifest.as_ref() == Some(digest));
    let mut kept = Vec::new();
    let mut room = STATEMENT_BYTES;
    for descriptor in found {
        let told = descriptor.annotations.get("vnd.docker.reference.digest").and_then(|text| text.parse().ok());
        if told.as_ref().is_some_and(|subject| !chosen(subject)) {
            continue;
        }
        match attestation(reading, descriptor, told, &mut room) {
            Ok(Some(one)) if one.subject.as_ref().is_none_or(chosen) => kept.push(one),
            Ok(_) => {}
            Err(error) => reading.damaged.push(error),
        }
    }
    kept
}

fn attestation(
    reading: &mut Reading<'_>,
    descriptor: &Descriptor,
    subject: Option<Digest>,
    room: &mut usize,
) -> Result<Option<Attestation>, Error> {
    let digest = descriptor.digest().ok_or_else(|| index::no_digest(descriptor))?;
    // Engines leave out what they did not pull.
    let name = reading.layout.name(&digest, Part::Manifest);
    let Some(bytes) = reading.document(&name, Part::Manifest)? else { return Ok(None) };
    reading.compare(&digest.to_string(), &bytes, Some(&digest), descriptor.size);
    let manifest: Manifest = parse(&digest.to_string(), &bytes)?;
    let subject = subject.or_else(|| manifest.subject.as_ref().and_then(Descriptor::digest));
    let mut attestation = Attestation { manifest: Some(digest), subject, statements: Vec::new() };
    for layer in manifest.layers.iter().filter(|layer| layer.media_type == IN_TOTO) {
        let predicate_type = layer.annotations.get("in-toto.io/predicate-type").cloned();
        let wanted = predicate_type.as_ref().is_none_or(|kind| kind.contains("provenance"));
        let digest = layer.digest();
        let mut bytes = None;
        if let Some(digest) = digest.as_ref().filter(|_| wanted && *room > 0) {
            bytes = reading.document(&reading.layout.name(digest, Part::Blob), Part::Blob)?;
            if let Some(bytes) = &bytes {
                reading.compare(&digest.to_string(), bytes, Some(digest), layer.size);
            } else {
                let missing = Error::new(Trouble::Missing, "the statement about the image is not there");
                reading.damaged.push(missing.at(&digest.to_string()));
            }
            *room = room.saturating_sub(bytes.as_ref().map_or(0, Vec::len));
        }
        attestation.statements.push(Statement { digest, predicate_type, bytes });
    }
    Ok(Some(attestation))
}
