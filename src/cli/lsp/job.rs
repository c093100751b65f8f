//! Work that takes longer than a key stroke, each kind on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};
use lsp_server::RequestId;
use similar::TextDiff;

use crate::audit::InputAudit;
use crate::cli::optimize::default_options;
use crate::cli::session::{audit_document, fix_document, lint_document};
use crate::editor::{Analysis, EditorText};
use crate::finding::Mask;
use crate::fix::Change;
use crate::load::{EvidenceReader, GatherRequest, gather};
use crate::optimize::optimize;

/// What is to be done.
#[derive(Debug)]
pub(super) enum Job {
    /// Check a text.
    Lint { uri: String, edition: u64, document: EditorText, path: PathBuf, request: GatherRequest },
    /// Check a text with the facts of its build context.
    Audit { uri: String, edition: u64, path: PathBuf, request: GatherRequest, has_history: bool },
    /// Work out the safe fixes of a file.
    FixAll { id: RequestId, answer: ChangeAnswer, path: PathBuf, request: GatherRequest },
    /// Work out the rewrite of a build.
    Optimize { id: RequestId, answer: ChangeAnswer, path: PathBuf, request: GatherRequest },
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
        title: &'static str,
        changes: Vec<Change>,
    },
    /// A fault of the program; the worker goes on.
    Failed {
        is_lint: bool,
        id: Option<RequestId>,
    },
}

/// A thread that does one job after the other.
pub(super) struct Worker {
    sender: Sender<Job>,
    /// Jobs that are not done.
    pub(super) open: usize,
}

impl Worker {
    /// Starts it; its answers go to `answers`.
    pub(super) fn start(answers: Sender<Answer>) -> Self {
        let (sender, jobs): (Sender<Job>, Receiver<Job>) = unbounded();
        thread::spawn(move || {
            for job in jobs {
                let is_lint = matches!(job, Job::Lint { .. });
                let id = job.request_id();
                // One text that it cannot bear must not end the session.
                let answer = catch_unwind(AssertUnwindSafe(|| done(job))).unwrap_or(Answer::Failed { is_lint, id });
                if answers.send(answer).is_err() {
                    return;
                }
            }
        });
        Self { sender, open: 0 }
    }

    pub(super) fn give(&mut self, job: Job) {
        if self.sender.send(job).is_ok() {
            self.open += 1;
        }
    }
}

impl Job {
    /// The request that it answers.
    fn request_id(&self) -> Option<RequestId> {
        match self {
            Self::FixAll { id, .. } | Self::Optimize { id, .. } => Some(id.clone()),
            Self::Lint { .. } | Self::Audit { .. } => None,
        }
    }
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
        Job::FixAll { id, answer, path, request } => {
            Answer::Changes { id, answer, title: "Fix all safe findings", changes: fix_document(&path, &request) }
        }
        Job::Optimize { id, answer, path, request } => {
            let (changes, mask) = rewrite(path, &request);
            let answer = match answer {
                ChangeAnswer::Show(_) => ChangeAnswer::Show(mask.apply(&diff(&changes))),
                other => other,
            };
            Answer::Changes { id, answer, title: "Optimize this build", changes }
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
    let mut text = String::new();
    for change in changes {
        let before = String::from_utf8_lossy(change.before.as_deref().unwrap_or_default()).into_owned();
        let after = String::from_utf8_lossy(&change.after).into_owned();
        let old = if change.before.is_some() { change.name.as_str() } else { "/dev/null" };
        let diff = TextDiff::from_lines(&before, &after);
        text.push_str(&diff.unified_diff().header(old, &change.name).to_string());
    }
    text
}
