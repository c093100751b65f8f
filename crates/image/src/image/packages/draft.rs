//! A package while it is worked out.

use super::fact::{Manifest, NameHash, Record};
use super::list::FileList;
use super::result::{Ecosystem, Package, PackageReason, Size};
use crate::image::path::PathId;

/// How a package claims its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileOwnership {
    /// By lists, those of systems before those of languages.
    Lists,
    /// Everything below this folder, unless a nearer one claims it.
    Folder(PathId),
    /// One file.
    File,
}

/// A package while it is worked out.
#[derive(Debug)]
pub(super) struct PackageDraft<'a> {
    pub(super) package: Package,
    /// As other packages name it.
    pub(super) key: NameHash,
    /// Where other packages find it: the site, the folder of gems, `vendor`; the root for systems.
    pub(super) scope: PathId,
    pub(super) record: Option<&'a Record>,
    pub(super) manifest: Option<&'a Manifest>,
    pub(super) claim: FileOwnership,
    /// Lists, and what their paths are relative to.
    pub(super) lists: Vec<(&'a FileList, PathId)>,
    /// Further files of its own.
    pub(super) extra_files: Vec<PathId>,
}

impl<'a> PackageDraft<'a> {
    /// A package that a record tells of, at a place.
    pub(super) fn new(ecosystem: Ecosystem, record: &'a Record, place: PathId, layer: u32) -> Self {
        let mut draft = Self::unnamed(ecosystem, place, layer);
        draft.package.name = record.name.clone();
        draft.package.version = record.version.clone();
        draft.package.architecture = record.architecture.clone();
        draft.package.essential = record.essential;
        draft.package.development = record.development;
        draft.key = NameHash::of(record.name.as_bytes());
        draft.record = Some(record);
        draft
    }

    /// A package without a name yet.
    pub(super) fn unnamed(ecosystem: Ecosystem, place: PathId, layer: u32) -> Self {
        let package = Package {
            ecosystem,
            name: "".into(),
            version: "".into(),
            architecture: "".into(),
            place,
            size: Size::default(),
            layer,
            by_layer: Vec::new(),
            why: PackageReason::Unknown,
            development: None,
            optional: false,
            essential: false,
            editable: false,
            orphan: false,
            needs: Vec::new(),
            needed_by: Vec::new(),
            exclusive: None,
            closure: None,
            part_of: None,
            parts: Vec::new(),
        };
        Self {
            package,
            key: NameHash::of(b""),
            scope: PathId::ROOT,
            record: None,
            manifest: None,
            claim: FileOwnership::Lists,
            lists: Vec::new(),
            extra_files: Vec::new(),
        }
    }
}
