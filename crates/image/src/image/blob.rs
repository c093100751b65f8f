//! One layer's blob, read from wherever it comes.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::image::digest::Algorithm;
use crate::image::error::{Error, ImageErrorKind};
use crate::image::members::damage;
use crate::image::options::{ImageOptions, Progress, Verify};
use crate::image::scan::{ScanOptions, ScannedLayer, scan};

/// What came of reading a blob.
#[derive(Debug, Default)]
pub(super) struct BlobOutcome {
    /// What was read; a part of it where there is an error; `None` where the blob is not there, or could not be opened.
    pub(super) scanned: Option<ScannedLayer>,
    /// Why it could not be read to its end.
    pub(super) error: Option<Error>,
    /// Its length as the source has it, where that is known.
    pub(super) bytes: Option<u64>,
}

/// What all blobs of one run share.
pub(super) struct ReadRun<'a> {
    pub(super) options: &'a ImageOptions<'a>,
    pub(super) inflated: AtomicU64,
    entries: AtomicU64,
}

impl<'a> ReadRun<'a> {
    pub(super) fn new(options: &'a ImageOptions<'a>) -> Self {
        Self { options, inflated: AtomicU64::new(0), entries: AtomicU64::new(0) }
    }

    /// Reads a blob.
    pub(super) fn read(
        &self,
        place: &str,
        blob: &mut (dyn Read + Send),
        bytes: Option<u64>,
        digest: Option<Algorithm>,
    ) -> BlobOutcome {
        let options = self.options;
        let bytes_read = AtomicU64::new(0);
        let tell = |done| (options.progress)(Progress { blob: place, done, total: bytes });
        let progress = |read: u64| tell(bytes_read.fetch_add(read, Ordering::Relaxed) + read);
        let mut outcome = BlobOutcome { bytes, ..BlobOutcome::default() };
        if self.entries.load(Ordering::Relaxed) > options.limits.entries {
            let message = format!("the layers before have more than {} members", options.limits.entries);
            outcome.error = Some(Error::new(ImageErrorKind::TooLarge, message).at(place));
            return outcome;
        }
        tell(0);
        let demands = ScanOptions {
            bytes,
            digest: if options.verify == Verify::None { None } else { digest },
            diff_id: options.verify == Verify::Full,
            contents: true,
            linkage: options.linkage,
            limits: &options.limits,
            inflated: &self.inflated,
            progress: &progress,
        };
        let mut blob = StoppableReader { blob, stop: options.cancelled };
        match scan(&mut blob, &demands) {
            Ok(scanned) => outcome.scanned = Some(scanned),
            Err(failed) => {
                outcome.error = Some(damage(&failed.fault).at(place));
                outcome.scanned = Some(*failed.partial);
            }
        }
        let entries = outcome.scanned.as_ref().map_or(0, |scanned| scanned.layer.entries.len());
        self.entries.fetch_add(entries as u64, Ordering::Relaxed);
        let total = bytes.unwrap_or_else(|| bytes_read.load(Ordering::Relaxed));
        (options.progress)(Progress { blob: place, done: total, total: Some(total) });
        outcome
    }

    /// Threads of this run alone: a caller that is itself a thread of a pool would, while it waits for layers, take up its
    /// pool's other work, on top of its stack.
    pub(super) fn pool() -> Result<ThreadPool, Error> {
        let pool = ThreadPoolBuilder::new().num_threads(rayon::current_num_threads()).build();
        pool.map_err(|error| Error::new(ImageErrorKind::Unreadable, format!("threads cannot be started: {error}")))
    }

    /// Why nothing more is to be read.
    pub(super) fn check_stopped(&self) -> Result<(), Error> {
        if self.options.cancelled.load(Ordering::Relaxed) {
            return Err(Error::new(ImageErrorKind::Cancelled, "stopped"));
        }
        Ok(())
    }
}

/// A reader that fails once the user stops the run.
pub(super) struct StoppableReader<'a, R: ?Sized> {
    pub(super) blob: &'a mut R,
    pub(super) stop: &'a AtomicBool,
}

impl<R: Read + ?Sized> Read for StoppableReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("stopped"));
        }
        self.blob.read(buffer)
    }
}
