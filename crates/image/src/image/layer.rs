//! A layer: a blob, and the members of its archive.

use std::collections::BTreeMap;

use crate::image::content_watch::FileFact;
use crate::image::digest::Digest;
use crate::image::entry::{EntryKind, LayerEntry};

/// How a blob is compressed, by its first bytes and not by its media type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip, eStargz among it.
    Gzip,
    /// zstd, zstd:chunked among it.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
}

impl Compression {
    /// As people write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }
}

/// How much of a layer was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Contents {
    /// All of it.
    #[default]
    Read,
    /// Nothing: only sizes were asked for.
    NotAsked,
    /// Nothing: it is kept elsewhere (a foreign layer); its URLs.
    Elsewhere(Vec<String>),
    /// Its start only: what is wrong with the rest, in one sentence.
    Damaged(String),
}

/// Extended attributes of one member: names and values, sorted by name.
pub type Xattrs = Vec<(Box<[u8]>, Box<[u8]>)>;

/// A layer: the lowest has number 0.
#[derive(Clone, Debug, Default)]
pub struct Layer {
    /// Digest of the blob as it is stored or sent; `None` where nobody tells it (old archives, engines' own stores).
    pub digest: Option<Digest>,
    /// Digest of the uncompressed archive, as the config has it.
    pub diff_id: Option<Digest>,
    /// As the descriptor has it.
    pub media_type: Option<String>,
    /// As its first bytes tell.
    pub compression: Compression,
    /// Bytes of the blob as stored here.
    pub blob_bytes: u64,
    /// Bytes that it has as gzip, as a registry holds it, computed from a sample; `None` where it is compressed here, or
    /// its contents were not read.
    pub gzip_estimate: Option<u64>,
    /// Bytes of the uncompressed archive; `None` where its contents were not read.
    pub tar_bytes: Option<u64>,
    /// The entry of [`Config::history`](crate::image::Config::history) that made it; paired from the top down
    /// where the history tells of another number of layers.
    pub history: Option<usize>,
    /// How much was read.
    pub contents: Contents,
    /// The members in the archive's order, those that are there twice among them. Names are cleaned as the engine does
    /// (`./a//b/` is `a/b`); markers of eStargz and `.wh..wh.` files of aufs are left out.
    pub entries: Vec<LayerEntry>,
    /// Targets of symbolic links, by the entry's index.
    pub targets: BTreeMap<u32, Box<[u8]>>,
    /// Extended attributes (`security.capability`, …), by the entry's index.
    pub xattrs: BTreeMap<u32, Xattrs>,
    /// Sizes that sparse files pretend to have, by the entry's index.
    pub apparent: BTreeMap<u32, u64>,
    /// What contents tell, by the entry's index, in the archive's order.
    pub facts: Vec<(u32, FileFact)>,
}

impl Layer {
    /// Bytes of all files' contents, of those that the same layer has twice among them.
    pub fn file_bytes(&self) -> u64 {
        self.entries.iter().filter(|entry| entry.kind == EntryKind::File).map(|entry| entry.size).sum()
    }

    /// Bytes that a registry sends: estimated where it is stored uncompressed here, if that is possible.
    pub fn pull_bytes(&self) -> u64 {
        self.gzip_estimate.unwrap_or(self.blob_bytes)
    }
}
