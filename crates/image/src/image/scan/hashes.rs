//! Digests of a blob and of its archive, worked out beside the walk on a thread that has nothing else to do; in the
//! walk's own where there is none.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rayon::Scope;

use crate::image::decode::{Chunk, Pool};
use crate::image::digest::{Algorithm, Digest, DigestState};

/// Chunks that wait to be hashed at most.
const DEPTH: usize = 8;

/// What a chunk is a piece of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChunkPart {
    /// The blob as stored.
    Blob,
    /// The archive in it.
    Archive,
    /// Both: the blob is not compressed.
    Both,
}

/// The hashes as far as they got.
#[derive(Debug, Default)]
struct Sums {
    blob: Option<DigestState>,
    archive: Option<DigestState>,
    /// Whether one hash is both digests.
    shared: bool,
}

impl Sums {
    fn update(&mut self, part: ChunkPart, bytes: &[u8]) {
        let (blob, archive) = (part != ChunkPart::Archive, part != ChunkPart::Blob && !self.shared);
        if let Some(sum) = &mut self.blob
            && blob
        {
            sum.update(bytes);
        }
        if let Some(sum) = &mut self.archive
            && archive
        {
            sum.update(bytes);
        }
    }
}

struct HashState {
    /// `None` while somebody works at them.
    sums: Option<Sums>,
    queue: VecDeque<(ChunkPart, Arc<Chunk>)>,
    scheduled: bool,
}

/// Hashes that several threads may work at, one at a time.
pub(super) struct Hashes {
    state: Mutex<HashState>,
    changed: Condvar,
    pool: Arc<Pool>,
}

impl Hashes {
    /// For a blob's digest and that of its archive; `None` when neither is asked for. `stored` says that the blob is not
    /// compressed.
    pub(super) fn new(blob: Option<Algorithm>, diff_id: bool, stored: bool, pool: Arc<Pool>) -> Option<Self> {
        if blob.is_none() && !diff_id {
            return None;
        }
        let shared = stored && diff_id && blob == Some(Algorithm::Sha256);
        let archive = (diff_id && !shared).then(|| DigestState::new(Algorithm::Sha256));
        let sums = Some(Sums { blob: blob.map(DigestState::new), archive, shared });
        let state = HashState { sums, queue: VecDeque::with_capacity(DEPTH), scheduled: false };
        Some(Self { state: Mutex::new(state), changed: Condvar::new(), pool })
    }

    fn lock(&self) -> MutexGuard<'_, HashState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next chunk. Waits only for a thread that is at work; where there is none, it hashes here.
    pub(super) fn push<'scope>(&'scope self, part: ChunkPart, chunk: Arc<Chunk>, scope: &Scope<'scope>) {
        let mut state = self.lock();
        while state.queue.len() >= DEPTH {
            state = if state.sums.is_some() {
                self.update(state)
            } else {
                self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
            };
        }
        state.queue.push_back((part, chunk));
        if !state.scheduled {
            state.scheduled = true;
            scope.spawn(|_| self.work());
        }
    }

    fn work(&self) {
        let mut state = self.lock();
        while state.sums.is_some() && !state.queue.is_empty() {
            state = self.update(state);
        }
        state.scheduled = false;
    }

    /// Hashes the chunk that waits longest.
    fn update<'s>(&'s self, mut state: MutexGuard<'s, HashState>) -> MutexGuard<'s, HashState> {
        let Some(mut sums) = state.sums.take() else { return state };
        let next = state.queue.pop_front();
        drop(state);
        if let Some((part, chunk)) = next {
            sums.update(part, &chunk);
            self.pool.give(chunk);
        }
        state = self.lock();
        state.sums = Some(sums);
        self.changed.notify_all();
        state
    }

    /// The blob's digest and the archive's, each if it was asked for.
    pub(super) fn finish(self) -> (Option<Digest>, Option<Digest>) {
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut sums = state.sums.take().unwrap_or_default();
        for (part, chunk) in state.queue.drain(..) {
            sums.update(part, &chunk);
        }
        let blob = sums.blob.and_then(DigestState::digest);
        let archive = if sums.shared { blob.clone() } else { sums.archive.and_then(DigestState::digest) };
        (blob, archive)
    }
}
