//! One file of an image, read again from where the image is stored.

use std::io::{Seek, SeekFrom, Write};
use std::sync::atomic::AtomicU64;

use twox_hash::XxHash3_128;

use crate::image::archive::Archive;
use crate::image::decode::{DecodingReader, sniff};
use crate::image::document::Documents;
use crate::image::error::{Error, ImageErrorKind};
use crate::image::layer::Compression;
use crate::image::options::ImageOptions;
use crate::image::part_store::{ReadAt, Store};
use crate::image::plan::plan;
use crate::image::tar::{MemberKind, MemberWalk, Skip, TarError};
use crate::image::{EntryId, EntryKind, Image, LayerEntry};

/// Where a file is written. What was written and turns out to be another file's is overwritten; bytes after those that
/// [`extract`] tells are to be cut off.
pub trait ExtractTarget: Write + Seek {}

impl<T: Write + Seek> ExtractTarget for T {}

/// Writes the contents of a file, and tells how many bytes they are. They are those that were read at first, or it is an
/// error. `image` must have been read from the same store, with the same choice of images.
///
/// # Errors
/// When the member is no regular file or is sparse, the layer can't be read again or holds something else by now, or the
/// target can't be written.
pub fn extract(
    store: &dyn Store,
    options: &ImageOptions<'_>,
    (image, file): (&Image, EntryId),
    target: &mut dyn ExtractTarget,
) -> Result<u64, Error> {
    let entry = image.entry(file);
    let refuse = |what: &str| Err(Error::new(ImageErrorKind::Unsupported, what));
    if entry.kind != EntryKind::File {
        return refuse("only regular files can be extracted");
    }
    if image.apparent(file) != entry.size {
        return refuse("sparse files cannot be extracted");
    }
    let documents: &dyn Documents = &store;
    let plan = plan(documents, options)?;
    let same = |planned: &Image| planned.id == image.id && planned.manifest == image.manifest;
    let blob = plan.images.iter().find(|planned| same(&planned.image));
    let blob = blob.and_then(|planned| planned.blobs.get(file.layer as usize));
    let missing = || Error::new(ImageErrorKind::Missing, "the layer no longer exists");
    let name = blob.and_then(|blob| blob.name.as_deref()).ok_or_else(missing)?;
    let opened = store.open(name).map_err(|error| Error::io(&error).at(name))?.ok_or_else(missing)?;
    let inflated = AtomicU64::new(0);
    let source = DecodingReader::new(opened.read, &options.limits, &inflated, &|_| {})
        .map_err(|fault| Error::new(ImageErrorKind::Damaged, fault.to_string()).at(name))?;
    let wanted = WantedFile { entry, path: image.paths.bytes(entry.path) };
    wanted.find(MemberWalk::new(source, &options.limits), target).map_err(|error| error.at(name))
}

/// As [`extract`], from an archive.
///
/// # Errors
/// As [`extract`]; when the archive is compressed as a whole.
pub fn extract_archive(
    archive: &dyn ReadAt,
    options: &ImageOptions<'_>,
    file: (&Image, EntryId),
    target: &mut dyn ExtractTarget,
) -> Result<u64, Error> {
    let mut start = [0; 16];
    let filled = archive.read_at(&mut start, 0).map_err(|error| Error::io(&error))?;
    if sniff(&start[..filled]) != Compression::None {
        let error = Error::new(
            ImageErrorKind::Unsupported,
            "the archive is compressed as a whole, so single files cannot be read from it",
        );
        return Err(error.help("decompress it first"));
    }
    extract(&Archive::open(archive, options)?, options, file, target)
}

struct WantedFile<'a> {
    entry: &'a LayerEntry,
    path: Vec<u8>,
}

impl WantedFile<'_> {
    /// Members that may be it are written until one has the contents that were read at first.
    fn find<S: Skip>(&self, mut walk: MemberWalk<'_, S>, target: &mut dyn ExtractTarget) -> Result<u64, Error> {
        let changed = || Error::new(ImageErrorKind::Mismatch, "the file in the layer has changed");
        while walk.advance().map_err(|error| of_tar(&error))?.is_some() {
            if !self.may_be(walk.member().kind, &walk.member().name, walk.member().stored) {
                continue;
            }
            target.seek(SeekFrom::Start(0)).map_err(|error| Error::io(&error))?;
            let mut hash = XxHash3_128::new();
            loop {
                let piece = walk.piece().map_err(|error| of_tar(&error))?;
                if piece.is_empty() {
                    break;
                }
                hash.write(piece);
                target.write_all(piece).map_err(|error| Error::new(ImageErrorKind::Unreadable, error.to_string()))?;
            }
            if hash.finish_128() == self.entry.content {
                return Ok(self.entry.size);
            }
        }
        Err(changed())
    }

    fn may_be(&self, kind: MemberKind, name: &[u8], stored: u64) -> bool {
        let is_name = |part: &&[u8]| !matches!(*part, b"" | b"." | b"..");
        let last = |path: &[u8]| path.split(|&byte| byte == b'/').rfind(is_name).map(<[u8]>::to_vec);
        let file = matches!(kind, MemberKind::File | MemberKind::Other(_));
        file && stored == self.entry.size && last(name) == last(&self.path)
    }
}

fn of_tar(error: &TarError) -> Error {
    Error::new(ImageErrorKind::Damaged, error.to_string())
}
