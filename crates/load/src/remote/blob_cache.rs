//! A folder of blobs that several processes share: each blob is fetched once, checked, and read from there by all of them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::failure::{Failure, FailureKind};
use crate::image::{Algorithm, Digest, DigestState};
use crate::text::exact_bytes;

/// Bytes that are copied at once.
const BUFFER: usize = 1 << 17;

/// What files that are not finished start with.
const UNFINISHED: &str = ".dockopt-";

/// Bytes of that file that are read.
const MOST_USES: u64 = 1 << 30;

/// The file that runs hold while they are at work; its time is that of the last start.
const RUNS: &str = "runs";

/// The file with a line for each blob that was asked for: bytes, and `fetched` or `reused`.
const USES: &str = "uses.tsv";

/// A blob on its way, and its bytes in all where they are known.
pub(super) type FetchedBlob<'a> = (Box<dyn Read + Send + 'a>, Option<u64>);

/// A folder of blobs by digest.
#[derive(Clone, Debug)]
pub struct BlobCache {
    folder: PathBuf,
    /// Bytes that it may take.
    space: u64,
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
    /// The cache in a folder, which has to exist, of so many bytes.
    pub fn new(folder: impl Into<PathBuf>, space: u64) -> Self {
        Self { folder: folder.into(), space }
    }

    /// Begins a run: what earlier ones left is checked before it is read again, and what they did not finish is removed
    /// unless another run is at work. The run ends when the answer is dropped.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn begin_run(&self) -> io::Result<File> {
        let lock = open_plain(&self.folder.join(RUNS), OpenOptions::new().write(true).create(true))?;
        if lock.try_lock().is_ok() {
            self.remove_unfinished();
        }
        lock.lock_shared()?;
        lock.set_modified(SystemTime::now())?;
        Ok(lock)
    }

    /// A blob's file: what is there, else what `fetch` opens is stored first. Of two processes that want the same blob, one
    /// waits for the other. `None` where it cannot be stored: for want of space, for example.
    ///
    /// # Errors
    /// The blob cannot be fetched, is not what its digest says, or has more bytes than `size`.
    pub(super) fn open<'a>(
        &self,
        digest: &Digest,
        size: Option<u64>,
        fetch: impl FnOnce() -> Result<FetchedBlob<'a>, Failure>,
    ) -> Result<Option<File>, Failure> {
        let path = self.folder.join(digest.to_string().replace(':', "-"));
        if let Some(file) = self.reuse(&path, digest, size) {
            return Ok(Some(file));
        }
        let lock_path = path.with_extension("lock");
        let lock = open_plain(&lock_path, OpenOptions::new().write(true).create(true));
        let Some(_lock) = lock.ok().filter(|lock| lock.lock().is_ok()) else { return Ok(None) };
        if let Some(file) = self.reuse(&path, digest, size) {
            return Ok(Some(file));
        }
        let stored = self.store(&path, digest, size, fetch);
        // Whoever has it open still holds the same lock; others find the blob.
        let _ = fs::remove_file(&lock_path);
        stored
    }

    fn store<'a>(
        &self,
        path: &Path,
        digest: &Digest,
        size: Option<u64>,
        fetch: impl FnOnce() -> Result<FetchedBlob<'a>, Failure>,
    ) -> Result<Option<File>, Failure> {
        // What has no room is read without being kept; nobody knows how much comes without a size.
        let Some(rest) = self.space.checked_sub(size.unwrap_or(0)) else { return Ok(None) };
        // To look at all blobs takes time: for small ones it is done once in a while.
        if size.is_none_or(|size| size > self.space / 128) || digest.hex().ends_with('0') {
            self.trim(rest);
        }
        let Ok(mut file) = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.folder) else {
            return Ok(None);
        };
        let Some(bytes) = copy(fetch()?, digest, size, file.as_file_mut())? else { return Ok(None) };
        // Without it a machine that loses power may keep the name and not the bytes.
        if file.as_file().sync_all().is_err() || file.persist(path).is_err() {
            return Ok(None);
        }
        self.note(bytes, "fetched");
        Ok(File::open(path).ok())
    }

    /// A blob that is there. One that an earlier run left is checked first: files are damaged, and others may write here.
    fn reuse(&self, path: &Path, digest: &Digest, size: Option<u64>) -> Option<File> {
        let mut file = open_plain(path, OpenOptions::new().read(true)).ok()?;
        let metadata = file.metadata().ok()?;
        let run_start = fs::metadata(self.folder.join(RUNS)).and_then(|runs| runs.modified());
        // A time that is still to come says nothing.
        let now = SystemTime::now();
        let is_new = matches!((metadata.modified(), run_start), (Ok(time), Ok(start)) if (start..=now).contains(&time));
        let is_whole = size.is_none_or(|size| size == metadata.len());
        if !is_whole || !is_new && digest_of(&mut file, digest.algorithm()).as_ref() != Some(digest) {
            let _ = fs::remove_file(path);
            return None;
        }
        self.note(metadata.len(), "reused");
        // What was used last is removed last.
        let _ = file.set_modified(SystemTime::now());
        Some(file)
    }

    /// Adds a line in one write: several processes write.
    fn note(&self, bytes: u64, how: &str) {
        let file = open_plain(&self.folder.join(USES), OpenOptions::new().append(true).create(true));
        // Only the figures of the summary depend on it.
        let _ = file.and_then(|mut file| file.write_all(format!("{bytes}\t{how}\n").as_bytes()));
    }

    /// What was fetched and reused since the folder was made.
    pub fn uses(&self) -> BlobUse {
        let mut uses = BlobUse::default();
        let Ok(file) = open_plain(&self.folder.join(USES), OpenOptions::new().read(true)) else { return uses };
        for line in BufReader::new(file.take(MOST_USES)).lines().map_while(Result::ok) {
            let Some((bytes, how)) = line.split_once('\t') else { continue };
            let bytes: u64 = bytes.parse().unwrap_or_default();
            let sum = if how == "fetched" { &mut uses.fetched_bytes } else { &mut uses.reused_bytes };
            *sum = sum.saturating_add(bytes);
        }
        uses
    }

    /// Removes the blobs that were not used for longest until the others have at most `most` bytes; those that are read stay
    /// readable.
    fn trim(&self, most: u64) {
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
    fn remove_unfinished(&self) {
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

/// Opens a regular file; follows no link, and waits for nobody at the other end of a pipe.
///
/// # Errors
/// It cannot be opened, or is something else.
pub fn open_plain(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    let file = options.open(path)?;
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("not a regular file")) }
}

/// The digest of a file, which is at its start afterwards.
fn digest_of(file: &mut File, algorithm: Algorithm) -> Option<Digest> {
    let mut state = DigestState::new(algorithm);
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => break,
            count => state.update(&buffer[..count]),
        }
    }
    file.rewind().ok()?;
    state.digest()
}

/// Copies a blob into a file and checks it; its bytes, or `None` where they cannot be written.
fn copy(
    (mut blob, announced): FetchedBlob<'_>,
    digest: &Digest,
    size: Option<u64>,
    file: &mut File,
) -> Result<Option<u64>, Failure> {
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
        if file.write_all(&buffer[..count]).is_err() {
            return Ok(None);
        }
    }
    match state.digest() {
        computed if computed.as_ref() == Some(digest) => Ok(Some(bytes)),
        Some(computed) => Err(wrong(format!("the registry sent blob {digest} with digest {computed}"))),
        None => Err(wrong(format!("blob {digest} cannot be checked"))),
    }
}
