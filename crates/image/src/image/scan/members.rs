//! From an archive's members to a layer's entries.

use std::io::Read;

use twox_hash::XxHash3_128;

use crate::image::content_watch::Watch;
use crate::image::digest::Digest;
use crate::image::entry::{EntryKind, LayerEntry, Mode};
use crate::image::layer::Layer;
use crate::image::limits::Limits;
use crate::image::path::{PathId, Paths, PathsFull};
use crate::image::scan::content::Contents;
use crate::image::scan::decoded_reader::Pieces;
use crate::image::scan::names::{LayerNames, MemberName, classify, clean};
use crate::image::scan::oddities::{ArchiveOddities, ArchiveOddity};
use crate::image::tar::{Member, MemberKind, MemberWalk, TarError};
use crate::text::exact_bytes;

/// Bytes of facts that are kept of one layer; `buildpack-deps` tells 0.8 MB.
const FACTS: usize = 256 << 20;

/// A layer as far as it was read.
#[derive(Debug)]
pub(super) struct Members<'a> {
    wanted: bool,
    /// Whether it is told how programs are linked.
    linkage: bool,
    limits: &'a Limits,
    /// Bytes of names, targets and attributes so far.
    text: u64,
    layer: Layer,
    names: LayerNames,
    oddities: ArchiveOddities,
    contents: Contents,
    path: Vec<u8>,
    link: Vec<u8>,
    /// Bytes of facts so far.
    fact_bytes: usize,
}

impl<'a> Members<'a> {
    /// `wanted` says whether contents are, `linkage` whether how programs are linked.
    pub(super) fn new((wanted, linkage): (bool, bool), limits: &'a Limits) -> Self {
        let (layer, names, oddities) = (Layer::default(), LayerNames::default(), ArchiveOddities::default());
        let (contents, path, link) = (Contents::default(), Vec::new(), Vec::new());
        Self { wanted, linkage, limits, text: 0, layer, names, oddities, contents, path, link, fact_bytes: 0 }
    }

    /// Whether what is kept of the layer is still within bounds, with one more member.
    fn bounded(&mut self, member: &Member) -> Result<(), TarError> {
        let xattrs: usize = member.xattrs.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.text += (member.name.len() + member.link.len() + xattrs) as u64;
        let (bytes, paths) = (self.limits.text_bytes, self.limits.entries.saturating_mul(2));
        if self.text > bytes {
            let what = format!("names, link targets and extended attributes are longer than {}", exact_bytes(bytes));
            return Err(TarError::Limit(member.offset, what));
        }
        if self.names.paths.len() as u64 > paths {
            return Err(TarError::Limit(member.offset, format!("more than {paths} paths")));
        }
        Ok(())
    }

    /// What was read.
    pub(super) fn finish(mut self) -> ScannedLayer {
        self.layer.entries.shrink_to_fit();
        let notices = self.oddities.sentences().collect();
        ScannedLayer { layer: self.layer, paths: self.names.paths, notices, ..ScannedLayer::default() }
    }

    /// Reads all members.
    pub(super) fn read<R: Read + Send>(
        &mut self,
        walk: &mut MemberWalk<'_, Pieces<'_, '_, '_, R>>,
    ) -> Result<(), TarError> {
        loop {
            let place = walk.source().place();
            if walk.advance()?.is_none() {
                return Ok(());
            }
            let added = self.member(walk)?;
            walk.leave()?;
            let after = walk.source().place();
            if let Some(entry) = self.layer.entries.last_mut()
                && added
            {
                entry.compressed = after - place;
            }
        }
    }

    /// Adds a member; whether it is an entry of the layer.
    fn member<R: Read + Send>(&mut self, walk: &mut MemberWalk<'_, Pieces<'_, '_, '_, R>>) -> Result<bool, TarError> {
        self.bounded(walk.member())?;
        let at = walk.member().offset;
        let full = |PathsFull| TarError::Limit(at, "the paths of a layer are longer than 4 GiB".to_owned());
        let Some(kind) = self.kind(walk.member()) else { return Ok(false) };
        let (mut entry, index) = (self.entry(walk.member(), kind).map_err(full)?, self.layer.entries.len() as u32);
        match kind {
            EntryKind::File => {
                let member = walk.member();
                if member.sparse.is_some() {
                    self.layer.apparent.insert(index, member.size);
                }
                if self.wanted {
                    let look = if self.linkage { Watch::with_linkage } else { Watch::new };
                    let watch = look(&self.path, entry.mode, member.size);
                    let (content, facts) = self.contents.read(walk, watch)?;
                    entry.content = content;
                    for fact in facts {
                        self.fact_bytes += fact.heap();
                        if self.fact_bytes <= FACTS {
                            self.layer.facts.push((index, fact));
                        } else {
                            self.oddities.add(ArchiveOddity::TellsTooMuch, &self.path);
                        }
                    }
                }
            }
            EntryKind::Symlink => {
                let target = &walk.member().link;
                entry.content = XxHash3_128::oneshot(target);
                self.layer.targets.insert(index, target.as_slice().into());
            }
            EntryKind::CharacterDevice | EntryKind::BlockDevice => {
                let (major, minor) = walk.member().device;
                let mut numbers = [0; 16];
                numbers[..8].copy_from_slice(&major.to_le_bytes());
                numbers[8..].copy_from_slice(&minor.to_le_bytes());
                entry.content = XxHash3_128::oneshot(&numbers);
            }
            // Whether it follows its file is told with the tree.
            EntryKind::Hardlink | EntryKind::Directory | EntryKind::Fifo | EntryKind::Whiteout | EntryKind::Opaque => {}
        }
        let xattrs = std::mem::take(&mut walk.member_mut().xattrs);
        if !xattrs.is_empty() {
            self.layer.xattrs.insert(index, xattrs);
        }
        self.layer.entries.push(entry);
        Ok(true)
    }

    /// What a member is, its path put into `self.path`; `None` where it is not to be an entry.
    fn kind(&mut self, member: &Member) -> Option<EntryKind> {
        let name = &member.name;
        let kind = match member.kind {
            MemberKind::Global(sets) => {
                if sets {
                    self.oddities.add(ArchiveOddity::Global, b"");
                }
                return None;
            }
            // A label of a volume, the rest of a file, names of old tars, access control lists of Solaris.
            MemberKind::Other(b'V' | b'M' | b'N' | b'A') => {
                self.oddities.add(ArchiveOddity::LeftOut, name);
                return None;
            }
            MemberKind::File => EntryKind::File,
            MemberKind::Hardlink => EntryKind::Hardlink,
            MemberKind::Symlink => EntryKind::Symlink,
            MemberKind::CharacterDevice => EntryKind::CharacterDevice,
            MemberKind::BlockDevice => EntryKind::BlockDevice,
            // GNU's incremental dumps write `D`.
            MemberKind::Directory | MemberKind::Other(b'D') => EntryKind::Directory,
            MemberKind::Fifo => EntryKind::Fifo,
            MemberKind::Other(_) => {
                self.oddities.add(ArchiveOddity::Flag, name);
                EntryKind::File
            }
        };
        if clean(name, &mut self.path) {
            self.oddities.add(ArchiveOddity::LeadsOut, name);
        }
        match classify(&mut self.path) {
            MemberName::Path if self.path.is_empty() && kind != EntryKind::Directory => {
                self.oddities.add(ArchiveOddity::NotTheRoot, name);
                None
            }
            MemberName::Path => Some(kind),
            MemberName::Whiteout => Some(EntryKind::Whiteout),
            MemberName::Opaque => Some(EntryKind::Opaque),
            MemberName::Bookkeeping => None,
            MemberName::Nothing => {
                self.oddities.add(ArchiveOddity::Nothing, name);
                None
            }
        }
    }

    /// The entry of a member, without what its contents tell.
    fn entry(&mut self, member: &Member, kind: EntryKind) -> Result<LayerEntry, PathsFull> {
        let path = self.names.intern(&self.path)?;
        let link = if kind == EntryKind::Hardlink { self.linked(member)? } else { path };
        let owner = |number: i64| u32::try_from(number).ok();
        if owner(member.uid).is_none() || owner(member.gid).is_none() {
            self.oddities.add(ArchiveOddity::LargeOwner, &member.name);
        }
        Ok(LayerEntry {
            path,
            kind,
            mode: Mode((member.mode & 0o7777).cast_unsigned() as u16),
            // The kernel takes the lower half.
            uid: member.uid.cast_unsigned() as u32,
            gid: member.gid.cast_unsigned() as u32,
            mtime: member.mtime,
            size: if kind == EntryKind::File { member.stored } else { 0 },
            compressed: 0,
            content: 0,
            link,
        })
    }

    fn linked(&mut self, member: &Member) -> Result<PathId, PathsFull> {
        if clean(&member.link, &mut self.link) {
            self.oddities.add(ArchiveOddity::LeadsOut, &member.link);
        }
        self.names.paths.intern(&self.link)
    }
}

/// What a blob holds. `layer` has no media type and no history; its `digest` and `diff_id` are those worked out.
#[derive(Debug, Default)]
pub struct ScannedLayer {
    /// The layer; its [`PathId`](crate::image::PathId)s are those of `paths`.
    pub layer: Layer,
    /// The layer's own paths, to be merged into the image's.
    pub paths: Paths,
    /// The blob's digest, where it was asked for and the blob was read to its end.
    pub blob: Option<Digest>,
    /// The decompressed archive's, alike.
    pub diff_id: Option<Digest>,
    /// What is odd; each in one sentence.
    pub notices: Vec<String>,
}
