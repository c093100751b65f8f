//! The contents of one file: its hash, and what those who watch find in it.

use twox_hash::XxHash3_128;
use twox_hash::xxhash3_128::Hasher;

use crate::image::content_watch::{FileFact, Watch};
use crate::image::tar::{MemberWalk, Skip, TarError};

/// Holes of one file that are hashed as the zeros that they are; files with more are hashed by their map.
const HOLES: u64 = 1 << 20;

/// Holes of all files of a layer.
const ALL_HOLES: u64 = 1 << 30;

static ZEROS: [u8; 4096] = [0; 4096];

/// Takes pieces.
struct Taker {
    hasher: Hasher,
    watch: Option<Watch>,
}

impl Taker {
    fn take(&mut self, piece: &[u8]) {
        self.hasher.write(piece);
        if let Some(watch) = &mut self.watch {
            watch.take(piece);
        }
    }

    fn zeros(&mut self, mut count: u64) {
        while count > 0 {
            let now = count.min(ZEROS.len() as u64);
            self.take(&ZEROS[..now as usize]);
            count -= now;
        }
    }

    fn finish(self) -> (u128, Vec<FileFact>) {
        (self.hasher.finish_128(), self.watch.map(Watch::finish).unwrap_or_default())
    }
}

/// Reads contents of files.
#[derive(Debug, Default)]
pub(super) struct Contents {
    holes: u64,
}

impl Contents {
    /// The hash of the current member's contents, and what was found in them.
    pub(super) fn read<S: Skip>(
        &mut self,
        walk: &mut MemberWalk<'_, S>,
        watch: Option<Watch>,
    ) -> Result<(u128, Vec<FileFact>), TarError> {
        let stored = walk.member().stored;
        if let Some(map) = walk.member_mut().sparse.take() {
            return self.sparse(walk, &map, watch);
        }
        let piece = walk.piece()?;
        if piece.len() as u64 == stored {
            let hash = XxHash3_128::oneshot(piece);
            let facts = watch.map(|mut watch| {
                watch.take(piece);
                watch.finish()
            });
            return Ok((hash, facts.unwrap_or_default()));
        }
        let mut taker = Taker { hasher: Hasher::new(), watch };
        taker.take(piece);
        loop {
            let piece = walk.piece()?;
            if piece.is_empty() {
                return Ok(taker.finish());
            }
            taker.take(piece);
        }
    }

    fn sparse<S: Skip>(
        &mut self,
        walk: &mut MemberWalk<'_, S>,
        map: &[(u64, u64)],
        watch: Option<Watch>,
    ) -> Result<(u128, Vec<FileFact>), TarError> {
        let (stored, size) = (walk.member().stored, walk.member().size);
        let holes = size - stored;
        let filled = holes <= stored.saturating_add(HOLES) && self.holes + holes <= ALL_HOLES;
        let mut taker = Taker { hasher: Hasher::new(), watch: if filled { watch } else { None } };
        if filled {
            self.holes += holes;
        } else {
            taker.hasher.write(&size.to_le_bytes());
        }
        let mut end = 0;
        for &(offset, length) in map {
            if filled {
                taker.zeros(offset - end);
            } else {
                taker.hasher.write(&offset.to_le_bytes());
                taker.hasher.write(&length.to_le_bytes());
            }
            let mut remaining = length;
            while remaining > 0 {
                let piece = walk.piece_of(remaining)?;
                remaining -= piece.len() as u64;
                taker.take(piece);
            }
            end = offset + length;
        }
        if filled {
            taker.zeros(size - end);
        }
        Ok(taker.finish())
    }
}
