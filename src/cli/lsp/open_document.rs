//! A document that the client has open, with what is known of it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gen_lsp_types::Uri;

use crate::editor::{Analysis, EditorText};
use crate::load::set_open_text;

/// How long the client has to be silent before a text is checked.
pub(super) const DEBOUNCE: Duration = Duration::from_millis(40);

/// How long a text that changes all the time waits at most.
const LONGEST_WAIT: Duration = Duration::from_millis(400);

/// How long the client has to be silent before the facts of a build context are read again.
pub(super) const AUDIT_DEBOUNCE: Duration = Duration::from_millis(250);

/// How long the client has to be silent before the git history is read.
pub(super) const HISTORY_DEBOUNCE: Duration = Duration::from_secs(1);

/// A time at which something is done, moved on while reasons for it go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    first: Instant,
    pub(super) at: Instant,
}

impl Deadline {
    /// The deadline after one more reason.
    pub(super) fn after(known: Option<Self>, wait: Duration) -> Self {
        let now = Instant::now();
        let first = known.map_or(now, |known| known.first);
        Self { first, at: (now + wait).min(first + LONGEST_WAIT.max(wait)) }
    }

    /// At once.
    pub(super) fn now() -> Self {
        let now = Instant::now();
        Self { first: now, at: now }
    }
}

/// An analysis of one state of a text.
#[derive(Clone, Debug)]
pub(super) struct VersionAnalysis {
    /// The number of the state.
    pub(super) edition: u64,
    pub(super) analysis: Arc<Analysis>,
}

/// A document with what is known of it.
#[derive(Debug)]
pub(super) struct OpenDocument {
    pub(super) uri: Uri,
    pub(super) document: EditorText,
    /// The path as the rules see it: below the top where it is there.
    pub(super) path: PathBuf,
    /// Counts the states of the text and of what it depends on: clients may give two states one version.
    pub(super) edition: u64,
    /// Whether the text is the one on disk.
    pub(super) is_saved: bool,
    /// What `lint` finds in it.
    pub(super) lint: Option<VersionAnalysis>,
    /// What `audit` finds in it.
    pub(super) audit: Option<VersionAnalysis>,
    /// When it is checked.
    pub(super) due: Option<Deadline>,
    /// When the facts of its context are read.
    pub(super) audit_due: Option<Deadline>,
    /// Whether those of the git history are read next: they take longer.
    pub(super) wants_history: bool,
}

impl OpenDocument {
    pub(super) fn new(uri: Uri, document: EditorText, path: PathBuf, edition: u64) -> Self {
        Self {
            uri,
            document,
            path,
            edition,
            is_saved: true,
            lint: None,
            audit: None,
            due: Some(Deadline::now()),
            audit_due: None,
            wants_history: false,
        }
    }

    /// Takes note that it has to be checked again.
    pub(super) fn schedule(&mut self, edition: u64, wait: Duration) {
        self.edition = edition;
        self.due = Some(Deadline::after(self.due, wait));
    }

    /// Whether the file on disk has the text. Only regular files are read: a pipe has no end.
    pub(super) fn is_on_disk(&self) -> bool {
        let (path, text) = (&self.document.path, self.document.text());
        let is_like = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == text.len() as u64);
        is_like && std::fs::read(path).is_ok_and(|bytes| bytes == text.as_bytes())
    }

    /// Makes the text the one that all checks read, also where it is the one on disk: that may change.
    pub(super) fn share(&self) {
        let text = (!self.document.is_too_long()).then(|| Arc::from(self.document.text()));
        set_open_text(&self.document.path, text);
    }

    /// What is known of the text as it is now; the most that is.
    pub(super) fn current(&self) -> Option<&Arc<Analysis>> {
        let is_current = |known: &&VersionAnalysis| known.edition == self.edition;
        let audit = self.audit.as_ref().filter(is_current);
        audit.or_else(|| self.lint.as_ref().filter(is_current)).map(|known| &known.analysis)
    }

    /// What `lint` says of the text as it is now.
    pub(super) fn current_lint(&self) -> Option<&Arc<Analysis>> {
        self.lint.as_ref().filter(|known| known.edition == self.edition).map(|known| &known.analysis)
    }
}
