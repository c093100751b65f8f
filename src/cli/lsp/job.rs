//! Work that takes longer than a key stroke, each kind on a thread of its own.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use lsp_server::RequestId;
use serde_json::Value;

use crate::audit::InputAudit;
use crate::cli::optimize::default_options;
use crate::cli::session::{audit_document, fix_document, lint_document};
use crate::editor::{Analysis, EditorText};
use crate::finding::Mask;
use crate::fix::Change;
use crate::load::{EvidenceReader, GatherRequest, gather};
use crate::optimize::optimize;
use crate::report::{self, Layout};

/// Requests that are remembered as not wanted.
const MOST_CANCELLED: usize = 10_000;

/// What is to be done.
#[derive(Debug)]
pub(super) enum Job {
    /// Check a text.
    Lint { uri: String, edition: u64, document: EditorText, path: PathBuf, request: GatherRequest },
    /// Check a text with the facts of its build context.
    Audit { uri: String, edition: u64, path: PathBuf, request: GatherRequest, has_history: bool },
    /// Work out what changes.
    Changes {
        id: RequestId,
        answer: ChangeAnswer,
        kind: ChangeKind,
        /// The state of all texts that it is asked for.
        texts: u64,
        path: PathBuf,
        request: GatherRequest,
    },
}

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChangeKind {
    /// What safe fixes of a file change.
    Fixes,
    /// What a rewrite of its build changes.
    Rewrite,
}

impl ChangeKind {
    /// As clients show it.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Fixes => "Fix all safe findings",
            Self::Rewrite => "Optimize this build",
        }
    }
}

/// What becomes of changes.
#[derive(Clone, Debug)]
pub(super) enum ChangeAnswer {
    /// They are the edit of this action.
    Resolve(Box<gen_lsp_types::CodeAction>),
    /// The client is asked to apply them.
    Apply,
    /// They are shown as a diff, secrets masked.
    Show(String),
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Answer {
    Lint {
        uri: String,
        edition: u64,
        analysis: Box<Analysis>,
    },
    Audit {
        uri: String,
        edition: u64,
        analysis: Option<Box<Analysis>>,
        has_history: bool,
    },
    Changes {
        id: RequestId,
        answer: ChangeAnswer,
        kind: ChangeKind,
        texts: u64,
        changes: Vec<Change>,
    },
    /// The client did not want it any more.
    Cancelled {
        id: RequestId,
    },
    /// A fault of the program; the worker goes on.
    Failed {
        is_lint: bool,
        id: Option<RequestId>,
        uri: Option<String>,
    },
}

/// A thread that does one job after the other.
pub(super) struct Worker {
    sender: Sender<Job>,
    /// Requests that are not wanted any more, as JSON.
    cancelled: Arc<Mutex<BTreeSet<String>>>,
    /// Jobs that are not done.
    pub(super) open: usize,
}

impl Worker {
    /// Starts it; its answers go to `answers`.
    pub(super) fn start(answers: Sender<Answer>) -> Self {
        let (sender, jobs): (Sender<Job>, Receiver<Job>) = unbounded();
        let cancelled = Arc::new(Mutex::new(BTreeSet::new()));
        let unwanted = Arc::clone(&cancelled);
        thread::spawn(move || {
            for job in jobs {
                let answer = match job.request_id().filter(|id| is_unwanted(&unwanted, id)) {
                    Some(id) => Answer::Cancelled { id },
                    None => done_or_failed(job),
                };
                if answers.send(answer).is_err() {
                    return;
                }
            }
        });
        Self { sender, cancelled, open: 0 }
    }

    pub(super) fn give(&mut self, job: Job) {
        if self.sender.send(job).is_ok() {
            self.open += 1;
        }
    }

    /// Takes note that a request is not wanted any more, if a job may be of it.
    pub(super) fn cancel(&self, id: &Value) {
        if self.open > 0 {
            let mut cancelled = self.cancelled.lock().unwrap_or_else(PoisonError::into_inner);
            // Numbers of requests that were answered long ago.
            if cancelled.len() > MOST_CANCELLED {
                cancelled.clear();
            }
            cancelled.insert(id.to_string());
        }
    }
}

fn is_unwanted(cancelled: &Mutex<BTreeSet<String>>, id: &RequestId) -> bool {
    let key = serde_json::to_string(id).unwrap_or_default();
    cancelled.lock().unwrap_or_else(PoisonError::into_inner).remove(&key)
}

impl Job {
    /// The request that it answers.
    fn request_id(&self) -> Option<RequestId> {
        match self {
            Self::Changes { id, .. } => Some(id.clone()),
            Self::Lint { .. } | Self::Audit { .. } => None,
        }
    }

    /// The document that it is about.
    fn uri(&self) -> Option<String> {
        match self {
            Self::Lint { uri, .. } | Self::Audit { uri, .. } => Some(uri.clone()),
            Self::Changes { .. } => None,
        }
    }
}

/// Does a job. One text that the program cannot bear must not end the session.
fn done_or_failed(job: Job) -> Answer {
    let (is_lint, id, uri) = (matches!(job, Job::Lint { .. }), job.request_id(), job.uri());
    catch_unwind(AssertUnwindSafe(|| done(job))).unwrap_or(Answer::Failed { is_lint, id, uri })
}

fn done(job: Job) -> Answer {
    match job {
        Job::Lint { uri, edition, document, path, request } => {
            let analysis = Box::new(lint_document(&document, &path, &request));
            Answer::Lint { uri, edition, analysis }
        }
        Job::Audit { uri, edition, path, request, has_history } => {
            let analysis = audit_document(&path, &request, has_history).map(Box::new);
            Answer::Audit { uri, edition, analysis, has_history }
        }
        Job::Changes { id, answer, kind: kind @ ChangeKind::Fixes, texts, path, request } => {
            Answer::Changes { id, answer, kind, texts, changes: fix_document(&path, &request) }
        }
        Job::Changes { id, answer, kind, texts, path, request } => {
            let (changes, mask) = rewrite(path, &request);
            let answer = match answer {
                ChangeAnswer::Show(_) => ChangeAnswer::Show(mask.apply(&diff(&changes))),
                other => other,
            };
            Answer::Changes { id, answer, kind, texts, changes }
        }
    }
}

/// What `optimize` changes of the build of a Dockerfile, and the secret values in it.
fn rewrite(path: PathBuf, request: &GatherRequest) -> (Vec<Change>, Mask) {
    let request = GatherRequest { path, needs: crate::cli::optimize::needs(), ..request.clone() };
    let Ok(inputs) = gather(&request) else { return Default::default() };
    if inputs.unsettled || inputs.builds.is_empty() {
        return Default::default();
    }
    let options = default_options(&inputs);
    let reader = EvidenceReader::new(&inputs);
    let changes = optimize(&inputs, 0, &reader.evidence(0), &options[0]).changes();
    (changes, InputAudit::new(&inputs).into_mask())
}

/// Changes as a unified diff.
fn diff(changes: &[Change]) -> String {
    let diffs = changes.iter().flat_map(|change| report::diff_of_file(change, &Mask::default(), Layout::PLAIN));
    String::from_utf8_lossy(&diffs.collect::<Vec<u8>>()).into_owned()
}
