//! An image as it is stored: manifest, config, layers, and what is in them. Bytes in, values out; nothing is unpacked,
//! nothing is written, memory grows with the number of paths and not with their bytes.

mod categories;
mod archive;
mod assemble;
mod base64;
mod blob;
mod config;
mod config_document;
mod decode;
mod digest;
mod document;
#[cfg(test)]
mod reader_agreement;
mod duplicates;
mod entry;
mod error;
mod extract;
mod fault;
mod byte_channel;
mod stream_reader;
mod index;
mod layer;
mod limits;
pub mod linkage;
#[cfg(test)]
mod test_archives;
mod manifest;
mod members;
mod options;
pub mod packages;
mod path;
mod folder_summary;
mod gzip_estimate;
mod plan;
mod platform;
mod platform_choice;
mod seek_reader;
mod provenance;
mod scan;
pub mod secrets;
#[cfg(test)]
#[path = "../../testing/src/sketch.rs"]
pub mod test_layers;
mod part_store;
pub mod tar;
mod totals;
mod tree;
mod waste;
mod content_watch;

pub use self::categories::{
    Category, CategoryClass, CategoryLayer, CategoryUse, WORTH_IN_AUDIT, WORTH_IN_IMAGE, all_categories, categorize,
    category_of, least_bytes, worth_a_finding,
};
pub use self::config::{Config, History, Platform};
pub use self::content_watch::{FileFact, Watch};
pub use self::decode::{DecodingReader, sniff};
pub use self::digest::{Algorithm, Digest, DigestState};
pub use self::duplicates::{DUPLICATE_BYTES, Duplicates, duplicates};
pub use self::entry::{EntryKind, LayerEntry, Mode};
pub use self::error::{Error, ImageErrorKind};
pub use self::extract::{ExtractTarget, extract, extract_archive};
pub use self::fault::{Fault, FaultKind};
pub use self::folder_summary::{Place, Sum};
pub use self::gzip_estimate::GzipSize;
pub use self::index::familiar;
pub use self::layer::{Compression, Contents, Layer, Xattrs};
pub use self::limits::Limits;
pub use self::options::{Attestation, ImageOptions, OtherImage, Progress, Read, Statement, Verify};
pub use self::part_store::{OpenPart, ReadAt, Store};
pub use self::path::{PathId, Paths, PathsFull};
pub use self::platform::NotAPlatform;
pub use self::provenance::{NoProvenance, Provenance, RecordedLayer, RecordedLines, RecordedText};
pub use self::scan::{ScanError, ScanOptions, ScannedLayer, scan};
pub use self::seek_reader::{read, read_archive};
pub use self::stream_reader::{is_archive, read_forward};
pub use self::totals::{AboveBase, Dive, Totals, WasteBytes, push_bytes, transfer_seconds};
pub use self::tree::{
    Count, EntryId, ImageTree, LayerChanges, MemberOddity, MemberOutcome, PathAction, PathTouch, TreeChange,
    TreeNotice, WasteKind, path_history,
};
pub use self::waste::{Churn, Loss, LossGroup, churn, group_losses, losses};

/// One image of one platform: what its manifest names, read.
#[derive(Debug, Default)]
pub struct Image {
    /// What the user or the archive calls it: `app:latest`, a digest, or a file's name.
    pub reference: String,
    /// Its further names in the same place (`RepoTags`, `org.opencontainers.image.ref.name`).
    pub names: Vec<String>,
    /// What it runs on, as its config says; the index's descriptor where the config says nothing.
    pub platform: Platform,
    /// The digest of its manifest; archives of old engines have none.
    pub manifest: Option<Digest>,
    /// The digest of its config: the image ID of engines with their own store.
    pub id: Option<Digest>,
    /// Annotations of the manifest.
    pub annotations: Vec<(String, String)>,
    /// What containers start with, and how the image came to be.
    pub config: Config,
    /// The layers, the lowest first.
    pub layers: Vec<Layer>,
    /// All paths of all layers.
    pub paths: Paths,
    /// What is odd about it, though it could be read; each in one sentence.
    pub notices: Vec<String>,
}
