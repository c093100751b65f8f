//! The state of a reordering: the instructions that move above the sources, those that stay below, and the destinations
//! of copies.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::reason::Reason;
use crate::build::{Build, Stage, Transfer, installed};
use crate::inputs::context::{BuildContext, ContextEntryKind};
use crate::manifest::{Ecosystem, Install, Project};
use crate::shell::Invocation;
use crate::text::{Edit, path};

/// The inputs of an install of dependencies.
#[derive(Clone, Debug)]
pub(super) struct InstallNeeds<'i> {
    /// The command, as shown to users.
    pub(super) title: String,
    /// Identifies installs of the same project.
    pub(super) key: String,
    /// The installs whose files it reads.
    pub(super) ways: Vec<&'i Install>,
    /// The lock file of another manager, which this one does not read.
    pub(super) other_lock: Option<&'i str>,
    /// Further files.
    pub(super) files: Vec<String>,
    /// The option that excludes the project itself, and its offset in the script; the call is then kept below, too.
    pub(super) without_project: Option<(u32, &'static str)>,
    /// Its working directory.
    pub(super) folder: String,
}

/// A stage in a new order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArrangedStage {
    /// The edits of the Dockerfile.
    pub edits: Vec<Edit>,
    /// Files of the context that are copied first.
    pub files: BTreeSet<String>,
    /// Commands that a source change no longer reruns, as shown to users.
    pub commands: Vec<String>,
}

/// Why an install stays below the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// The command, as shown to users.
    pub command: String,
    /// Why it stays.
    pub reason: Reason,
}

/// An instruction above the sources in the new order.
#[derive(Debug)]
pub(super) struct MovedAbove<'i> {
    pub(super) index: usize,
    /// The parts of a RUN that is split, as elements of its script; `None` for the whole instruction.
    pub(super) parts: Option<Vec<usize>>,
    /// A separate command that is added instead of the instruction.
    pub(super) command: Option<&'static str>,
    /// The inputs of its installs.
    pub(super) needs: Vec<InstallNeeds<'i>>,
}

/// An instruction that stays below the sources.
#[derive(Debug)]
pub(super) struct MovedBelow {
    pub(super) index: usize,
    /// As in [`MovedAbove`].
    pub(super) parts: Option<Vec<usize>>,
    pub(super) effect: Effect,
}

/// The effect of an instruction that stays below on commands that would move above it.
#[derive(Debug)]
pub(super) enum Effect {
    /// It copied files.
    Copied,
    /// It changed names, modes or contents of these paths; if `true`, maybe also of paths that were not copied.
    Touched(Vec<String>, bool),
    /// It ran a program of an ecosystem in a folder.
    Ran(Ecosystem, String),
    /// Anything.
    Anything(String),
}

/// The state of the stage while it is walked.
#[derive(Debug)]
pub(super) struct Walk<'b, 'i> {
    pub(super) build: &'b Build<'i>,
    pub(super) stage: &'b Stage,
    pub(super) context: &'i BuildContext,
    /// Index of the first copy of sources.
    pub(super) first: usize,
    pub(super) transfers: &'b [Transfer<'i>],
    /// Indexes of the copies that stay below.
    pub(super) sources: BTreeSet<usize>,
    pub(super) done: Vec<String>,
    pub(super) above: Vec<MovedAbove<'i>>,
    pub(super) below: Vec<MovedBelow>,
    /// The last instruction that should move.
    pub(super) last: Option<usize>,
    /// Why nothing else may move up.
    pub(super) closed: Option<Reason>,
    pub(super) commands: Vec<String>,
    pub(super) obstacles: RefCell<Vec<Obstacle>>,
}

impl<'i> Walk<'_, 'i> {
    pub(super) fn projects(&self) -> &'i [Project] {
        self.build.input().projects.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Records why a command cannot move up.
    pub(super) fn add_obstacle(&self, command: String, reason: Reason) {
        let obstacle = Obstacle { command, reason };
        let mut all = self.obstacles.borrow_mut();
        if !all.contains(&obstacle) {
            all.push(obstacle);
        }
    }

    pub(super) fn is_done(&self, key: &str) -> bool {
        self.done.iter().any(|done| done == key)
    }

    /// Whether a copy stays below the sources, or is a copy of sources.
    pub(super) fn is_below(&self, index: usize) -> bool {
        self.below.iter().any(|moved| moved.index == index)
    }

    /// The copy that adds a file or folder of the context before an instruction, and the destination.
    pub(super) fn landing(&self, at: usize, path: &str) -> Option<(&Transfer<'i>, String)> {
        self.transfers.iter().rev().filter(|transfer| transfer.index < at).find_map(|transfer| {
            let to = self.build.landing(self.context, self.stage, transfer, path)?;
            Some((transfer, to))
        })
    }

    /// Whether a copy above the sources copies a file to the same destination before an instruction.
    pub(super) fn is_brought_above(&self, at: usize, path: &str, to: &str) -> bool {
        let mut above = self.transfers.iter().filter(|transfer| transfer.index < at && !self.is_below(transfer.index));
        above.any(|transfer| self.build.landing(self.context, self.stage, transfer, path).as_deref() == Some(to))
    }

    /// The working directory of a program.
    pub(super) fn folder(&self, at: usize, invocation: &Invocation) -> Option<String> {
        if let Some(call) = invocation.package_call() {
            return installed::folder(self.build, (self.stage, at), invocation, &call);
        }
        installed::folder_of(self.build, (self.stage, at), invocation)
    }

    /// Whether a path of the image, maybe with variables or a pattern, may be in a copy of sources.
    pub(super) fn is_target(&self, text: &str) -> bool {
        if let Some(rest) = text.strip_prefix('$') {
            let known = ["HOME", "{HOME}", "(", "PATH", "{PATH}"];
            return !known.iter().any(|name| rest.starts_with(name));
        }
        let fixed = text.split(['*', '?', '[', '$', '{']).next().unwrap_or_default();
        let whole = fixed.len() == text.len();
        let path = if whole { fixed } else { fixed.rsplit_once('/').map_or("/", |(folder, _)| folder) };
        !path.starts_with('~') && self.has(&path::join("/", path))
    }

    /// Whether a copy of sources copies something to this absolute path or below it, or to a parent of it.
    pub(super) fn has(&self, path: &str) -> bool {
        let copies = self.transfers.iter().filter(|transfer| self.sources.contains(&transfer.index));
        for transfer in copies {
            let Some(to) = self.goes_to(transfer) else { return true };
            let below = |folder: &str, path: &str| path::is_within(path, folder);
            if path != "/" && below(path, &to) || path == to {
                return true;
            }
            if !below(&to, path) {
                continue;
            }
            if transfer.from.is_some() {
                return true;
            }
            let rest = path[to.len()..].trim_start_matches('/');
            for selection in transfer.select(self.context) {
                let Some(selection) = selection else { return true };
                let tops = selection.tops.iter();
                let mut candidates = tops.filter_map(|top| match top {
                    None => self.context.find(rest),
                    Some(id) if self.context.entry(*id).kind == ContextEntryKind::Directory => {
                        self.context.find(&format!("{}/{rest}", self.context.path(*id)))
                    }
                    Some(id) => (self.context.entry(*id).name == rest).then_some(*id),
                });
                if candidates.next().is_some() {
                    return true;
                }
            }
        }
        false
    }

    /// Whether a parent folder of a path is created only by a copy of sources: WORKDIR creates its own.
    pub(super) fn lacks_above(&self, at: usize, path: &str) -> bool {
        let workdir = installed::workdir(self.build, self.stage, at);
        let is_made = |folder: &str| path::is_within(&workdir, folder);
        let mut folders = path.match_indices('/').map(|(end, _)| &path[..end]).filter(|folder| !folder.is_empty());
        folders.any(|folder| {
            let mut copies = self.transfers.iter().filter(|transfer| self.sources.contains(&transfer.index));
            !is_made(folder)
                && copies.any(|copy| self.goes_to(copy).is_none_or(|to| path::is_within(folder, &to)))
                && self.has(folder)
        })
    }

    /// The destination of a copy.
    pub(super) fn goes_to(&self, transfer: &Transfer) -> Option<String> {
        let to = transfer.destination.as_deref()?;
        Some(path::join(&installed::workdir(self.build, self.stage, transfer.index), to))
    }
}
