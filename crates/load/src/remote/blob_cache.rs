//! A folder of blobs that several processes share: each blob is fetched once, checked, and read from there by all of them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::failure::{Failure, FailureKind};
use crate::image::{Digest, DigestState};
use crate::text::exact_bytes;

/// Bytes that are copied at once.
const BUFFER: usize = 1 << 17;

/// What files that are not finished start with.
const UNFINISHED: &str = ".dockopt-";

/// The file with a line for each blob that was asked for: bytes, and `fetched` or `reused`.
const USES: &str = "uses.tsv";

/// A blob on its way, and its bytes in all where they are known.
pub(super) type FetchedBlob<'a> = (Box<dyn Read + Send + 'a>, Option<u64>);

/// A folder of blobs by digest.
#[derive(Clone, Debug)]
pub struct BlobCache {
    folder: PathBuf,
}

/// Bytes of blobs that were fetched from registries, and that were read from the folder instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlobUse {
    /// What registries sent.
    pub fetched_bytes: u64,
    /// What did not have to be sent again.
    pub reused_bytes: u64,
}

impl BlobCache {
    /// The cache in a folder, which has to exist.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// A blob's file: what is there, else what `fetch` opens is stored first. Of two processes that want the same blob, one
    /// waits for the other.
    ///
    /// # Errors
    /// The blob cannot be fetched, is not what its digest says, has more bytes than `size`, or cannot be stored.
    pub(super) fn open<'a>(
        &self,
        digest: &Digest,
        size: Option<u64>,
        fetch: impl FnOnce() -> Result<FetchedBlob<'a>, Failure>,
    ) -> Result<File, Failure> {
        let path = self.folder.join(digest.to_string().replace(':', "-"));
        if let Some(file) = self.reuse(&path) {
            return Ok(file);
        }
        let failure = |error: &io::Error| Failure::io("storing a layer in", &self.folder, error);
        let lock_path = path.with_extension("lock");
        let lock = File::create(&lock_path).map_err(|error| failure(&error))?;
        lock.lock().map_err(|error| failure(&error))?;
        if let Some(file) = self.reuse(&path) {
            return Ok(file);
        }
        let mut file =
            tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.folder).map_err(|error| failure(&error))?;
        let bytes = store(fetch()?, digest, size, file.as_file_mut(), &failure)?;
        file.persist(&path).map_err(|error| failure(&error.error))?;
        self.note(bytes, "fetched");
        // Whoever has it open still holds the same lock; others find the blob.
        let _ = fs::remove_file(&lock_path);
        File::open(&path).map_err(|error| failure(&error))
    }

    fn reuse(&self, path: &Path) -> Option<File> {
        let file = File::open(path).ok()?;
        self.note(file.metadata().ok()?.len(), "reused");
        // What was used last is removed last.
        let _ = file.set_modified(SystemTime::now());
        Some(file)
    }

    /// Adds a line in one write: several processes write.
    fn note(&self, bytes: u64, how: &str) {
        let file = OpenOptions::new().append(true).create(true).open(self.folder.join(USES));
        // Only the figures of the summary depend on it.
        let _ = file.and_then(|mut file| file.write_all(format!("{bytes}\t{how}\n").as_bytes()));
    }

    /// What was fetched and reused since the folder was made.
    pub fn uses(&self) -> BlobUse {
        let mut uses = BlobUse::default();
        for line in fs::read_to_string(self.folder.join(USES)).unwrap_or_default().lines() {
            let Some((bytes, how)) = line.split_once('\t') else { continue };
            let bytes: u64 = bytes.parse().unwrap_or_default();
            let sum = if how == "fetched" { &mut uses.fetched_bytes } else { &mut uses.reused_bytes };
            *sum = sum.saturating_add(bytes);
        }
        uses
    }

    /// Removes the blobs that were not used for longest until the others have at most `most` bytes; those that are read stay
    /// readable.
    pub fn trim(&self, most: u64) {
        let mut blobs = Vec::new();
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_blob = name.to_str().is_some_and(|name| name.replacen('-', ":", 1).parse::<Digest>().is_ok());
            if let (true, Ok(metadata)) = (is_blob, entry.metadata()) {
                blobs.push((metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH), metadata.len(), entry.path()));
            }
        }
        let mut bytes: u64 = blobs.iter().map(|(_, bytes, _)| bytes).sum();
        blobs.sort();
        for (_, length, path) in blobs {
            if bytes <= most {
                return;
            }
            if fs::remove_file(path).is_ok() {
                bytes -= length;
            }
        }
    }

    /// Removes what processes that were killed left. Nobody may be at work in the folder.
    pub fn remove_unfinished(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_lock = entry.path().extension().is_some_and(|extension| extension == "lock");
            if name.starts_with(UNFINISHED) || is_lock {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Copies a blob into a file and checks it; its bytes.
fn store(
    (mut blob, announced): FetchedBlob<'_>,
    digest: &Digest,
    size: Option<u64>,
    file: &mut File,
    failure: &dyn Fn(&io::Error) -> Failure,
) -> Result<u64, Failure> {
    let wrong = |what: String| {
        Failure::new(
            FailureKind::Broken,
            what,
            "a proxy between this machine and the registry may change its responses",
        )
    };
    let most = size.unwrap_or(u64::MAX);
    if let Some(announced) = announced.filter(|announced| *announced > most) {
        let (announced, most) = (exact_bytes(announced), exact_bytes(most));
        return Err(wrong(format!("the registry has {announced} for blob {digest}, whose manifest says {most}")));
    }
    let mut state = DigestState::new(digest.algorithm());
    let mut buffer = vec![0; BUFFER];
    let mut bytes = 0;
    loop {
        let count = blob.read(&mut buffer).map_err(|error| Failure::new(FailureKind::Broken, error.to_string(), ""))?;
        if count == 0 {
            break;
        }
        bytes += count as u64;
        if bytes > most {
            return Err(wrong(format!("the registry sent more than {} for blob {digest}", exact_bytes(most))));
        }
        state.update(&buffer[..count]);
        file.write_all(&buffer[..count]).map_err(|error| failure(&error))?;
    }
    match state.digest() {
        computed if computed.as_ref() == Some(digest) => Ok(bytes),
        Some(computed) => Err(wrong(format!("the registry sent blob {digest} with digest {computed}"))),
        None => Err(wrong(format!("blob {digest} cannot be checked"))),
    }
}
