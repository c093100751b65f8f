//! Sizes of images: what the engine counts, and what a registry would hold of them, layer by layer.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read};

use serde::Deserialize;

use super::session::Session;
use crate::engine::ImageArchive;
use crate::failure::{Failure, FailureKind};
use crate::image::tar::{MemberKind, MemberWalk, Skip, TarError};
use crate::image::{GzipSize, Limits, Platform};
use crate::proof::Size;

/// Bytes of the document that names an archive's layers.
const MANIFEST: usize = 4 << 20;

/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

/// A layer of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LayerSize {
    pub diff_id: String,
    /// Bytes that are pulled: those of the compressed layer, else those that it has as gzip, estimated.
    pub pull: u64,
}

/// An image, as it was measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ImageSize {
    /// Unpacked, as the engine counts.
    pub disk: u64,
    pub layers: Vec<LayerSize>,
}

impl ImageSize {
    pub(super) fn pull(&self) -> u64 {
        self.layers.iter().map(|layer| layer.pull).sum()
    }

    /// Bytes of layers that another image does not have.
    pub(super) fn bytes_beyond(&self, other: &[String]) -> u64 {
        self.layers.iter().filter(|layer| !other.contains(&layer.diff_id)).map(|layer| layer.pull).sum()
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Manifest {
    layers: Vec<String>,
}

/// An archive on its way from the engine.
struct Archive(BufReader<ImageArchive>);

impl Read for Archive {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl BufRead for Archive {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.0.consume(count);
    }
}

impl Skip for Archive {}

impl Session {
    /// What an image takes on disk, as the engine counts.
    pub(super) fn disk_size(&self, reference: &str) -> Result<Size, Failure> {
        let image = self.engine.find(reference, None)?;
        let size = |image: crate::engine::FoundImage| Size {
            disk: image.size,
            layers: image.diff_ids.len(),
            ..Size::default()
        };
        Ok(image.map(size).unwrap_or_default())
    }

    /// Measures an image; layers that were measured before are not read again. `None` where the engine has none.
    pub(super) fn image_size(&self, reference: &str) -> Result<Option<ImageSize>, Failure> {
        let platform = self.options.build.platform.as_ref().and_then(|platform| platform.parse().ok());
        let Some(image) = self.engine.find(reference, platform.as_ref())? else { return Ok(None) };
        let known = |diff_id: &String| self.layers.lock().ok().and_then(|layers| layers.get(diff_id).copied());
        let all: Option<Vec<u64>> = image.diff_ids.iter().map(known).collect();
        let sizes =
            if let Some(all) = all { all } else { self.streamed(reference, platform.as_ref(), &image.diff_ids)? };
        let layer = |(diff_id, pull): (&String, u64)| LayerSize { diff_id: diff_id.clone(), pull };
        let layers: Vec<LayerSize> = image.diff_ids.iter().zip(sizes).map(layer).collect();
        if let Ok(mut known) = self.layers.lock() {
            known.extend(layers.iter().map(|layer| (layer.diff_id.clone(), layer.pull)));
        }
        Ok(Some(ImageSize { disk: image.size, layers }))
    }

    /// Bytes to pull of each layer.
    fn streamed(&self, reference: &str, platform: Option<&Platform>, diff_ids: &[String]) -> Result<Vec<u64>, Failure> {
        let broken = |why: String| {
            let what = format!("the image `{reference}` cannot be measured: {why}");
            Failure::new(FailureKind::Broken, what, "check whether the engine still runs, then try again")
        };
        let saved = self.engine.save(reference, platform)?;
        let (sizes, paths) =
            self.blobs(Archive(BufReader::with_capacity(BUFFER, saved))).map_err(|error| match error {
                ArchiveError::Stopped => Failure::interrupted(),
                ArchiveError::Broken(why) => broken(why),
            })?;
        if paths.len() != diff_ids.len() {
            return Err(broken(format!("it has {} layers, but its archive has {}", diff_ids.len(), paths.len())));
        }
        let size = |path: &String| sizes.get(path).copied().ok_or_else(|| broken(format!("layer `{path}` is missing")));
        paths.iter().map(size).collect()
    }

    fn blobs(&self, from: Archive) -> Result<(BTreeMap<String, u64>, Vec<String>), ArchiveError> {
        let limits = Limits::default();
        let mut walk = MemberWalk::new(from, &limits);
        let mut sizes = BTreeMap::new();
        let mut paths = Vec::new();
        while let Some(member) = walk.advance()? {
            let name = String::from_utf8_lossy(&member.name).into_owned();
            if member.kind == MemberKind::Symlink {
                let target = String::from_utf8_lossy(&member.link).trim_start_matches("../").to_owned();
                if let Some(size) = sizes.get(&target).copied() {
                    sizes.insert(name, size);
                }
                continue;
            }
            if member.kind != MemberKind::File {
                continue;
            }
            if name == "manifest.json" {
                paths = manifest_layers(&mut walk)?;
                continue;
            }
            let digest = name.strip_prefix("blobs/sha256/").map(|hex| format!("sha256:{hex}"));
            let known = digest.and_then(|digest| self.layers.lock().ok()?.get(&digest).copied());
            let size = match known {
                Some(size) => size,
                None => self.packed(&mut walk)?,
            };
            sizes.insert(name, size);
        }
        // Who writes waits until all is read.
        let rest = walk.source();
        io::copy(rest, &mut io::sink()).map_err(|error| ArchiveError::Broken(error.to_string()))?;
        Ok((sizes, paths))
    }

    /// Bytes of the current member as a registry holds it.
    fn packed<S: Skip>(&self, walk: &mut MemberWalk<'_, S>) -> Result<u64, ArchiveError> {
        let stored = walk.member().stored;
        let mut size = GzipSize::new(Some(stored));
        let mut first = true;
        loop {
            if self.is_stopped() {
                return Err(ArchiveError::Stopped);
            }
            let piece = walk.piece()?;
            let is_packed = first && (piece.starts_with(&[0x1f, 0x8b]) || piece.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]));
            if is_packed {
                return Ok(stored);
            }
            if piece.is_empty() {
                break;
            }
            first = false;
            size.push(piece);
        }
        Ok(size.finish())
    }
}

/// Why an archive was not read to its end.
enum ArchiveError {
    Stopped,
    Broken(String),
}

impl From<TarError> for ArchiveError {
    fn from(error: TarError) -> Self {
        Self::Broken(error.to_string())
    }
}

/// The layers that the manifest of an archive names.
fn manifest_layers<S: Skip>(walk: &mut MemberWalk<'_, S>) -> Result<Vec<String>, ArchiveError> {
    let mut text = Vec::new();
    loop {
        let piece = walk.piece()?;
        if piece.is_empty() {
            break;
        }
        text.extend_from_slice(piece);
        if text.len() > MANIFEST {
            return Err(ArchiveError::Broken("its list of layers is too long".to_owned()));
        }
    }
    let all: Vec<Manifest> = serde_json::from_slice(&text).map_err(|error| ArchiveError::Broken(error.to_string()))?;
    Ok(all.into_iter().next().unwrap_or_default().layers)
}
