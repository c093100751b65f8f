//! Which images a source lists, and where their manifests are.

use std::collections::BTreeMap;

use crate::image::config::Platform;
use crate::image::digest::Digest;
use crate::image::document::{DocumentPart, Layout, Length, Reading, parse, parse_list};
use crate::image::error::{Error, ImageErrorKind};
use crate::image::manifest::{Descriptor, ListedImage, Manifest};

/// Images, platforms and artefacts that a source may list.
const LISTED: usize = 1_000;

/// Indexes in indexes.
const NESTED: usize = 8;

/// Where a candidate's documents are.
#[derive(Clone, Debug)]
pub(super) enum DocumentPlace {
    /// A blob.
    Described(Box<Descriptor>),
    /// The manifest itself.
    Here(Vec<u8>),
    /// In the list of a docker archive.
    Listed(Box<ListedImage>),
}

/// One image of one platform that a source lists.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Candidates of one group are the same image on several platforms.
    pub(super) group: usize,
    pub(super) names: Vec<String>,
    pub(super) platform: Option<Platform>,
    pub(super) digest: Option<Digest>,
    pub(super) place: DocumentPlace,
}

/// What a source lists.
#[derive(Debug, Default)]
pub(super) struct ImageIndex {
    pub(super) candidates: Vec<Candidate>,
    /// What counts when nothing comes of those.
    pub(super) fallback: Vec<Candidate>,
    pub(super) attestations: Vec<Descriptor>,
    /// The list of a docker archive that is an OCI layout, too.
    pub(super) listed: Vec<ListedImage>,
}

/// What a descriptor without a digest is.
pub(super) fn no_digest(descriptor: &Descriptor) -> Error {
    let written: String = descriptor.digest.chars().take(200).collect();
    Error::new(ImageErrorKind::Damaged, format!("`{written}` is not a supported digest"))
}

/// Looks at what a source lists, by its contents.
pub(super) fn find(reading: &mut Reading<'_>) -> Result<ImageIndex, Error> {
    let index = reading.document("index.json", DocumentPart::Manifest);
    let list = reading.document("manifest.json", DocumentPart::Manifest)?;
    let mut image_index = ImageIndex::default();
    match (index, &list) {
        (Err(error), None) => return Err(error),
        (Err(error), Some(_)) => reading.damaged.push(error),
        (Ok(None), None) => return Err(no_image_error(reading)),
        (Ok(None), Some(_)) => {}
        (Ok(Some(bytes)), _) => match parse::<Manifest>("index.json", &bytes) {
            Ok(index) => walk(reading, &mut image_index, index)?,
            Err(error) if list.is_none() => return Err(error),
            Err(error) => reading.damaged.push(error),
        },
    }
    let Some(bytes) = list else { return Ok(image_index) };
    let indexed = !image_index.candidates.is_empty();
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        match parse_list::<Vec<ListedImage>>("manifest.json", &bytes) {
            Ok(listed) if listed.len() > LISTED => return Err(too_many("manifest.json")),
            Ok(listed) => {
                image_index.fallback = listed.iter().enumerate().map(from_list).collect();
                image_index.listed = listed;
            }
            Err(error) if !indexed => return Err(error),
            Err(error) => reading.damaged.push(error),
        }
    } else if !indexed {
        reading.layout = Layout::Folder;
        let manifest: Manifest = parse("manifest.json", &bytes)?;
        if manifest.manifests.is_some() {
            walk(reading, &mut image_index, manifest)?;
        } else {
            let place = DocumentPlace::Here(bytes);
            image_index.candidates.push(Candidate { group: 0, names: Vec::new(), platform: None, digest: None, place });
        }
    }
    if image_index.candidates.is_empty() {
        image_index.candidates = std::mem::take(&mut image_index.fallback);
        image_index.listed.clear();
    }
    Ok(image_index)
}

fn from_list((group, listed): (usize, &ListedImage)) -> Candidate {
    let names = listed.repo_tags.iter().map(|name| familiar(name)).collect();
    Candidate { group, names, platform: None, digest: None, place: DocumentPlace::Listed(Box::new(listed.clone())) }
}

fn too_many(place: &str) -> Error {
    Error::new(ImageErrorKind::TooLarge, format!("more than {LISTED} images are listed")).at(place)
}

/// What is missing where nothing lists images.
fn no_image_error(reading: &Reading<'_>) -> Error {
    let exists = |name| reading.documents.length(name).is_ok_and(|length| length != Length::Absent);
    if exists("repositories") {
        let message = "an archive of an engine older than 1.10: it has `repositories`, but no `manifest.json`";
        return Error::new(ImageErrorKind::Unsupported, message)
            .help("load it into a current engine and save it again");
    }
    if exists("oci-layout") {
        return Error::new(ImageErrorKind::Missing, "an OCI layout without its `index.json`")
            .help("export the image again");
    }
    Error::new(ImageErrorKind::NotAnImage, "not an image: it has neither `index.json` nor `manifest.json`")
        .help("use the output of `docker save` or `docker buildx build -o type=oci`; `docker export` writes no layers")
}

/// Goes through an index and those that it names.
fn walk(reading: &mut Reading<'_>, index: &mut ImageIndex, top: Manifest) -> Result<(), Error> {
    let mut groups: BTreeMap<String, usize> = BTreeMap::new();
    // What is to be looked at: descriptor, depth, group, names; the first one last.
    let mut todo = Vec::new();
    for descriptor in top.manifests.unwrap_or_default().into_iter().rev() {
        let names = names(&descriptor);
        // Platforms without names belong together, as do those with the same name.
        let key = match names.first() {
            Some(name) => name.clone(),
            None if descriptor.platform().is_some() => String::new(),
            None => format!("\0{}", groups.len()),
        };
        let next = groups.len();
        todo.push((descriptor, 0, *groups.entry(key).or_insert(next), names));
    }
    let mut count = 0;
    while let Some((descriptor, depth, group, names)) = todo.pop() {
        count += 1;
        if count > LISTED {
            return Err(too_many("index.json"));
        }
        if descriptor.is_attestation() {
            index.attestations.push(descriptor);
            continue;
        }
        let Some(digest) = descriptor.digest() else {
            reading.damaged.push(no_digest(&descriptor).at("index.json"));
            continue;
        };
        if !is_index(&descriptor) {
            add(
                index,
                Candidate {
                    group,
                    names,
                    platform: descriptor.platform(),
                    digest: Some(digest),
                    place: DocumentPlace::Described(Box::new(descriptor)),
                },
            );
            continue;
        }
        match nested(reading, &descriptor, &digest, depth) {
            Ok(below) => todo.extend(below.into_iter().rev().map(|below| (below, depth + 1, group, names.clone()))),
            Err(error) if error.trouble == ImageErrorKind::Cancelled => return Err(error),
            Err(error) => reading.damaged.push(error),
        }
    }
    Ok(())
}

fn is_index(descriptor: &Descriptor) -> bool {
    let kind = descriptor.media_type.as_str();
    kind.ends_with("image.index.v1+json") || kind.ends_with("manifest.list.v2+json")
}

fn nested(
    reading: &mut Reading<'_>,
    descriptor: &Descriptor,
    digest: &Digest,
    depth: usize,
) -> Result<Vec<Descriptor>, Error> {
    let place = digest.to_string();
    if depth >= NESTED {
        return Err(
            Error::new(ImageErrorKind::TooLarge, format!("indexes are nested more than {NESTED} deep")).at(&place)
        );
    }
    let name = reading.layout.name(digest, DocumentPart::Manifest);
    let missing = || Error::new(ImageErrorKind::Missing, "the index is missing").at(&place);
    let bytes = reading.document(&name, DocumentPart::Manifest)?.ok_or_else(missing)?;
    reading.compare(&place, &bytes, Some(digest), descriptor.size);
    let index: Manifest = parse(&place, &bytes)?;
    index.manifests.ok_or_else(|| Error::new(ImageErrorKind::Damaged, "an empty index").at(&place))
}

/// Adds a candidate; one that is there already gets the other names.
fn add(index: &mut ImageIndex, candidate: Candidate) {
    let Some(same) = index.candidates.iter_mut().find(|other| other.digest == candidate.digest) else {
        index.candidates.push(candidate);
        return;
    };
    for name in candidate.names {
        if !same.names.contains(&name) {
            same.names.push(name);
        }
    }
    same.platform = same.platform.take().or(candidate.platform);
}

/// The names of an image by its annotations.
fn names(descriptor: &Descriptor) -> Vec<String> {
    let annotation = |key: &str| descriptor.annotations.get(key).filter(|name| !name.is_empty());
    let full = annotation("io.containerd.image.name").map(|name| familiar(name));
    // Only a tag, where the full name is told.
    let short = annotation("org.opencontainers.image.ref.name").map(|name| familiar(name));
    full.or(short).into_iter().collect()
}

/// A name as docker shows it: without what it puts before names by itself.
pub fn familiar(name: &str) -> String {
    let short = name.strip_prefix("docker.io/").or_else(|| name.strip_prefix("index.docker.io/")).unwrap_or(name);
    short.strip_prefix("library/").filter(|rest| !rest.contains('/')).unwrap_or(short).to_owned()
}
