//! The door by position: documents first, then all layers of the chosen images side by side, the biggest first.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::image::archive::{Archive, SourcePart};
use crate::image::assemble::{assemble, with_archive};
use crate::image::blob::{BlobOutcome, ReadRun};
use crate::image::decode::sniff;
use crate::image::digest::{Algorithm, Digest};
use crate::image::document::Documents;
use crate::image::error::{Error, ImageErrorKind};
use crate::image::layer::Compression;
use crate::image::options::{ImageOptions, Read};
use crate::image::part_store::{ReadAt, Store};
use crate::image::plan::{Blob, Plan, plan};
use crate::image::stream_reader::read_forward;

/// Reads the images of a store.
///
/// # Errors
/// When there is nothing to show: no image, none that is asked for, none that can be read. Damage to a part of an image is
/// told in [`Read::damaged`].
pub fn read(store: &dyn Store, options: &ImageOptions<'_>) -> Result<Read, Error> {
    let documents: &dyn Documents = &store;
    let plan = plan(documents, options)?;
    let run = ReadRun::new(options);
    let outcomes = if options.contents { layers(store, &plan, &run)? } else { BTreeMap::new() };
    run.check_stopped()?;
    assemble(plan, outcomes, documents, options)
}

/// Reads the images of an archive that can be read anywhere: by position, or from its start to its end where it is
/// compressed as a whole.
///
/// # Errors
/// As [`read`].
pub fn read_archive(archive: &dyn ReadAt, options: &ImageOptions<'_>) -> Result<Read, Error> {
    let mut start = [0; 16];
    let filled = archive.read_at(&mut start, 0).map_err(|error| Error::io(&error))?;
    if filled == 0 {
        return Err(Error::new(ImageErrorKind::NotAnImage, "it is empty"));
    }
    if sniff(&start[..filled]) != Compression::None {
        return read_forward(SourcePart::whole(archive), options);
    }
    let archive = Archive::open(archive, options)?;
    with_archive(read(&archive, options), archive.notices(), archive.damaged.as_ref())
}

/// Each blob once.
struct Job<'a> {
    name: &'a str,
    blob: &'a Blob,
    bytes: u64,
}

fn layers(store: &dyn Store, plan: &Plan, run: &ReadRun<'_>) -> Result<BTreeMap<String, BlobOutcome>, Error> {
    let mut jobs: BTreeMap<&str, Job<'_>> = BTreeMap::new();
    for blob in plan.images.iter().flat_map(|planned| &planned.blobs) {
        let Some(name) = blob.name.as_deref() else { continue };
        jobs.entry(name).or_insert_with(|| {
            let length = || store.open(name).ok().flatten().and_then(|opened| opened.bytes);
            Job { name, blob, bytes: blob.bytes.or_else(length).unwrap_or(0) }
        });
    }
    let mut jobs: Vec<Job<'_>> = jobs.into_values().collect();
    jobs.sort_by_key(|job| (Reverse(job.bytes), job.name));
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = read_blob(store, job, run);
            if let (Some(outcome), Ok(mut outcomes)) = (outcome, outcomes.lock()) {
                outcomes.insert(job.name.to_owned(), outcome);
            }
        }
    };
    let pool = ReadRun::pool()?;
    pool.in_place_scope(|scope| {
        for _ in 0..pool.current_num_threads().min(jobs.len()) {
            scope.spawn(|_| work());
        }
    });
    Ok(outcomes.into_inner().unwrap_or_default())
}

/// Reads one blob; `None` where the run was stopped before.
fn read_blob(store: &dyn Store, job: &Job<'_>, run: &ReadRun<'_>) -> Option<BlobOutcome> {
    run.check_stopped().ok()?;
    let mut opened = match store.open(job.name) {
        Ok(Some(opened)) => opened,
        Ok(None) => return Some(BlobOutcome::default()),
        Err(error) => {
            let error = Some(Error::io(&error).at(&job.blob.place));
            return Some(BlobOutcome { error, ..BlobOutcome::default() });
        }
    };
    Some(run.read(&job.blob.place, &mut opened.read, opened.bytes, algorithm(job.blob)))
}

/// What a blob is hashed with: nothing where nothing tells what would have to come out.
fn algorithm(blob: &Blob) -> Option<Algorithm> {
    blob.digest.as_ref().map(Digest::algorithm).or(blob.named.then_some(Algorithm::Sha256))
}
