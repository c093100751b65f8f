//! What was asked of a context before: many Dockerfiles may share one, and ask the same.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::answer::{Selection, SentFiles, SourceError};
use super::entry::EntryId;

/// Entries that all answers together may hold: 32 MB.
const ENTRIES: usize = 8_000_000;

/// Answers by question. Another context begins with none.
#[derive(Debug, Default)]
pub(super) struct Memory {
    selections: Mutex<HashMap<String, Result<Selection, SourceError>>>,
    sent: Mutex<HashMap<String, SentFiles>>,
    files: Mutex<HashMap<String, Option<EntryId>>>,
    lists: Mutex<HashMap<String, Arc<[EntryId]>>>,
    used_bytes: AtomicUsize,
}

impl Clone for Memory {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Memory {
    pub(super) fn selection(
        &self,
        key: String,
        make: impl FnOnce() -> Result<Selection, SourceError>,
    ) -> Result<Selection, SourceError> {
        self.answer(&self.selections, key, make, |selection| {
            selection.as_ref().map_or(0, |selection| selection.entries.len())
        })
    }

    pub(super) fn sent(&self, key: String, make: impl FnOnce() -> SentFiles) -> SentFiles {
        self.answer(&self.sent, key, make, |transfer| transfer.files.len())
    }

    pub(super) fn file(&self, key: String, make: impl FnOnce() -> Option<EntryId>) -> Option<EntryId> {
        self.answer(&self.files, key, make, |_| 0)
    }

    pub(super) fn list(&self, key: String, make: impl FnOnce() -> Arc<[EntryId]>) -> Arc<[EntryId]> {
        self.answer(&self.lists, key, make, |list| list.len())
    }

    fn answer<T: Clone>(
        &self,
        known: &Mutex<HashMap<String, T>>,
        key: String,
        make: impl FnOnce() -> T,
        size: impl FnOnce(&T) -> usize,
    ) -> T {
        let lock = || known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = lock().get(&key) {
            return answer.clone();
        }
        let answer = make();
        let size = size(&answer) + key.len() / size_of::<EntryId>() + 16;
        if self.used_bytes.fetch_add(size, Ordering::Relaxed) + size <= ENTRIES {
            lock().insert(key, answer.clone());
        }
        answer
    }
}
