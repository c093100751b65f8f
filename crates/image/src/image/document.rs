//! How the JSON documents of a source are read: by name, bounded, their digests compared.

use std::io::Read;
use std::sync::atomic::Ordering;

use serde::Deserialize;

use crate::image::digest::Digest;
use crate::image::error::{Error, ImageErrorKind};
use crate::image::options::{ImageOptions, Verify};
use crate::image::part_store::{OpenPart, Store};
use crate::text::{exact_bytes, path};

/// Documents of one run, all together.
const DOCUMENTS: usize = 10_000;

/// Bytes of all documents of one run.
const DOCUMENT_BYTES: usize = 256 << 20;

/// What a part is, besides its bytes: registries keep manifests apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DocumentPart {
    Manifest,
    Blob,
}

/// How long a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Length {
    Absent,
    /// It is there.
    Unknown,
    Bytes(u64),
}

/// A source of documents by name.
pub(super) trait Documents {
    /// At most so many bytes of a part; `None` where there is none of this name.
    fn read(&self, name: &str, part: DocumentPart, bytes: u64) -> Result<Option<Vec<u8>>, Error>;

    /// Whether a part is there, and how long it is.
    fn length(&self, name: &str) -> Result<Length, Error>;
}

impl Documents for &dyn Store {
    fn read(&self, name: &str, part: DocumentPart, bytes: u64) -> Result<Option<Vec<u8>>, Error> {
        let opened = if part == DocumentPart::Manifest { self.manifest(name) } else { self.open(name) };
        let Some(OpenPart { read, .. }) = opened.map_err(|error| Error::io(&error).at(name))? else { return Ok(None) };
        let mut contents = Vec::new();
        read.take(bytes).read_to_end(&mut contents).map_err(|error| Error::io(&error).at(name))?;
        Ok(Some(contents))
    }

    fn length(&self, name: &str) -> Result<Length, Error> {
        let opened = self.open(name).map_err(|error| Error::io(&error).at(name))?;
        Ok(opened.map_or(Length::Absent, |opened| opened.bytes.map_or(Length::Unknown, Length::Bytes)))
    }
}

/// Where the blobs of a source lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// `blobs/sha256/<hex>` (OCI image-spec, image-layout.md).
    Oci,
    /// `<hex>`, manifests but the first one as `<hex>.manifest.json` (containers/image, `dir:`).
    Folder,
}

impl Layout {
    /// The name of a blob.
    pub(super) fn name(self, digest: &Digest, part: DocumentPart) -> String {
        match (self, part) {
            (Self::Oci, _) => format!("blobs/{}/{}", digest.algorithm().name(), digest.hex()),
            (Self::Folder, DocumentPart::Blob) => digest.hex(),
            (Self::Folder, DocumentPart::Manifest) => format!("{}.manifest.json", digest.hex()),
        }
    }
}

/// The reading of a source's documents, and what is odd or wrong about them.
pub(super) struct Reading<'a> {
    pub(super) documents: &'a dyn Documents,
    pub(super) options: &'a ImageOptions<'a>,
    pub(super) layout: Layout,
    pub(super) notices: Vec<String>,
    pub(super) damaged: Vec<Error>,
    count: usize,
    bytes: usize,
}

impl<'a> Reading<'a> {
    pub(super) fn new(documents: &'a dyn Documents, options: &'a ImageOptions<'a>) -> Self {
        Self { documents, options, layout: Layout::Oci, notices: Vec::new(), damaged: Vec::new(), count: 0, bytes: 0 }
    }

    /// A document by its name; `None` where there is none.
    pub(super) fn document(&mut self, name: &str, part: DocumentPart) -> Result<Option<Vec<u8>>, Error> {
        if self.options.cancelled.load(Ordering::Relaxed) {
            return Err(Error::new(ImageErrorKind::Cancelled, "stopped"));
        }
        let most = self.options.limits.document_bytes;
        let Some(bytes) = self.documents.read(name, part, most.saturating_add(1))? else { return Ok(None) };
        self.count += 1;
        self.bytes += bytes.len();
        if bytes.len() as u64 > most {
            return Err(
                Error::new(ImageErrorKind::TooLarge, format!("a document of more than {}", exact_bytes(most))).at(name)
            );
        }
        if self.count > DOCUMENTS || self.bytes > DOCUMENT_BYTES {
            let message = format!("more than {DOCUMENTS} documents, or {} of them", exact_bytes(DOCUMENT_BYTES as u64));
            return Err(Error::new(ImageErrorKind::TooLarge, message).at(name));
        }
        Ok(Some(bytes))
    }

    /// Says when a document is not the one that was announced.
    pub(super) fn compare(&mut self, name: &str, bytes: &[u8], digest: Option<&Digest>, size: Option<u64>) {
        if self.options.verify == Verify::None {
            return;
        }
        if let Some(size) = size.filter(|&size| size != bytes.len() as u64) {
            self.damaged.push(wrong_size(name, size, bytes.len() as u64));
        }
        if let Some(digest) = digest {
            let actual = Digest::of(digest.algorithm(), bytes);
            if actual != *digest {
                self.damaged.push(wrong_digest(name, "digest", digest, &actual));
            }
        }
    }
}

/// A size that is not the announced one.
pub(super) fn wrong_size(place: &str, expected: u64, actual: u64) -> Error {
    let message = format!("wrong size: expected {expected} bytes, found {actual}");
    Error::new(ImageErrorKind::Mismatch, message).at(place).help("pull or export the image again")
}

/// A digest (or diff ID) that is not the announced one.
pub(super) fn wrong_digest(place: &str, what: &str, expected: &Digest, actual: &Digest) -> Error {
    let message = format!("wrong {what}: expected {expected}, found {actual}");
    Error::new(ImageErrorKind::Mismatch, message).at(place).help("pull or export the image again")
}

/// Reads a JSON object.
pub(super) fn parse<'de, T: Deserialize<'de>>(name: &str, bytes: &'de [u8]) -> Result<T, Error> {
    // serde would read the members of an object from a list, too.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Error::new(ImageErrorKind::Damaged, "not a JSON object").at(name));
    }
    parse_list(name, bytes)
}

/// Reads a JSON list.
pub(super) fn parse_list<'de, T: Deserialize<'de>>(name: &str, bytes: &'de [u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|error| {
        let message = format!("invalid JSON: {error}");
        Error::new(ImageErrorKind::Damaged, message).at(name)
    })
}

/// For members that are missing or `null`: both are the empty value.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A name as the archive has it: without `.`, empty parts and parts that `..` takes back; `None` when it leads out.
pub(super) fn clean(name: &str) -> Option<String> {
    let path = path::normalize(name.trim_start_matches('/'));
    (!path.is_empty() && !path::is_within(&path, "..")).then_some(path)
}

/// The digest that a name of an OCI layout promises: `blobs/sha256/<hex>`.
pub(super) fn promised(name: &str) -> Option<Digest> {
    let (algorithm, hex) = name.strip_prefix("blobs/")?.split_once('/')?;
    format!("{algorithm}:{hex}").parse().ok()
}

/// The 64 hexadecimal digits in a name, as old archives have them: `<hex>/layer.tar`, `<hex>.tar`, `sha256:<hex>`.
pub(super) fn digits(name: &str) -> Option<&str> {
    let stem = |part| str::split(part, '.').next().unwrap_or_default().trim_start_matches("sha256:");
    name.split('/').map(stem).find(|part| part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned() {
        let check = |name: &str, expected: Option<&str>| assert_eq!(clean(name).as_deref(), expected, "{name}");
        check("./a//b/", Some("a/b"));
        check("a/../b", Some("b"));
        check("../b", None);
        check("a/../../b", None);
        check("", None);
        check("/a", Some("a"));
    }

    #[test]
    fn names_promise_digests() {
        let hex = "0a".repeat(32);
        assert_eq!(promised(&format!("blobs/sha256/{hex}")).map(|digest| digest.hex()), Some(hex.clone()));
        assert_eq!(promised("blobs/sha256/../../x"), None);
        for name in [format!("{hex}/layer.tar"), format!("{hex}.tar"), format!("sha256:{hex}"), format!("{hex}.json")] {
            assert_eq!(digits(&name), Some(hex.as_str()), "{name}");
        }
        assert_eq!(digits("layers/0.tar"), None);
    }
}
