//! Why a step is not taken from the cache, in a sentence without a full stop.

use crate::cache::{
    FileChange, FileChangeKind, FileChanges, Graph, PartKind, StepReason, StepVerdict, TransferTrap, is_stand_in,
};
use crate::report::layout::clean;
use crate::report::units::count;
use crate::secret::names_secret;

/// Files that a reason names.
const NAMED_FILES: usize = 3;

/// Characters of a value that are shown.
const SHOWN_VALUE: usize = 60;

/// Words reasons for the steps of a graph.
#[derive(Clone, Copy)]
pub struct ReasonWriter<'w> {
    /// The steps that reasons refer to.
    pub graph: &'w Graph,
    /// The first line of an instruction.
    pub line_of: &'w dyn Fn(usize) -> u32,
}

impl ReasonWriter<'_> {
    /// All reasons of a step, the decisive one first; empty for a step from the cache.
    pub fn all(&self, reasons: &[StepReason]) -> String {
        let texts: Vec<String> = reasons.iter().map(|reason| self.sentence(reason)).collect();
        texts.join("; ")
    }

    /// A reason as a sentence without a full stop.
    pub fn sentence(&self, reason: &StepReason) -> String {
        match reason {
            StepReason::Above(index, verdict) => {
                let reruns = if *verdict == StepVerdict::Miss { "reruns" } else { "may rerun" };
                format!("it builds on {}, which {reruns}", self.step(*index))
            }
            StepReason::Files(changes) => files(changes),
            StepReason::Part { kind, before, after, instruction } => {
                part(kind, before.as_deref(), after.as_deref(), &self.line(*instruction))
            }
            StepReason::VariableOrder { name, next, instruction } => {
                let line = self.line(*instruction);
                format!(
                    "the variables are the same in another order: `{}` now comes before `{}`{line}",
                    clean(name),
                    clean(next)
                )
            }
            StepReason::Stage(index) => {
                format!("it reads the result of {}, which may be another than before", self.step(*index))
            }
            StepReason::Image(name) => format!("it reads `{}`, which it did not read before", clean(name)),
            StepReason::Remote(url) => {
                format!("it downloads `{}`; what the server sends is known only during the build", clean(url))
            }
            StepReason::UnknownContext { name, why } => {
                format!("it reads the named context `{}`, whose files are not known: {}", clean(name), clean(why))
            }
            StepReason::DoubtfulContext(why) => format!("the build context may be another: {}", clean(why)),
            StepReason::FolderBase(name) => format!(
                "it is built on the named context `{}`, a folder: the builder runs such a step in each build",
                clean(name)
            ),
            StepReason::Forced => "`--no-cache` makes it run".to_owned(),
            StepReason::Missing(path) => format!("`{}` is not in the build context: the build fails here", clean(path)),
            StepReason::New => "the earlier build has no such step".to_owned(),
            StepReason::Moved => "the earlier build has it on top of other steps".to_owned(),
        }
    }

    /// ` in line 3`; empty without an instruction.
    fn line(&self, instruction: Option<usize>) -> String {
        instruction.map(|index| format!(" in line {}", (self.line_of)(index))).unwrap_or_default()
    }

    fn step(&self, index: usize) -> String {
        self.graph.steps.get(index).map_or_else(|| "another step".to_owned(), |step| format!("`{}`", clean(&step.name)))
    }
}

fn files(changes: &FileChanges) -> String {
    let named: Vec<String> = changes.first.iter().take(NAMED_FILES).map(file).collect();
    let mut text = named.join(", ");
    let more = changes.total.saturating_sub(named.len());
    if more > 0 {
        text.push_str(&format!(" and {} more", count(more as u64, "file")));
    }
    if changes.may_all_be_missed {
        let why = match changes.first.first().and_then(|change| change.trap) {
            Some(TransferTrap::FolderMode) => "an incremental transfer does not tell it that a folder's mode changed",
            _ => "size and time are the same as before, so it does not transfer the file again",
        };
        text.push_str(&format!("; the builder may wrongly say CACHED: {why}"));
    }
    text
}

fn file(change: &FileChange) -> String {
    let path = change.full_path();
    let path = clean(&path);
    match change.kind {
        FileChangeKind::Content => format!("`{path}` changed"),
        FileChangeKind::Added => format!("`{path}` is new"),
        FileChangeKind::Removed => format!("`{path}` is gone"),
        FileChangeKind::Excluded => format!("`{path}` is now left out by .dockerignore"),
        FileChangeKind::Included => format!("`{path}` is no longer left out by .dockerignore"),
        FileChangeKind::Mode => format!("`{path}` has another mode"),
        FileChangeKind::Link => format!("`{path}` links to another path"),
        FileChangeKind::Attributes => format!("`{path}` has other extended attributes"),
        FileChangeKind::Kind => format!("`{path}` is of another kind"),
    }
}

fn part(kind: &PartKind, before: Option<&str>, after: Option<&str>, line: &str) -> String {
    let noun = match kind {
        PartKind::Variable(name) => return variable(name, before, after, line),
        PartKind::Mount(target) => format!("the mount at `{}`", clean(target)),
        PartKind::Command => return "its command changed".to_owned(),
        PartKind::Body => return "the text of its here-document changed".to_owned(),
        PartKind::Image => "the base image".to_owned(),
        PartKind::Platform => "the platform".to_owned(),
        PartKind::Workdir => "the working directory".to_owned(),
        PartKind::User => "the user".to_owned(),
        PartKind::Network => "the network mode".to_owned(),
        PartKind::Rights => "`--security` or `--device`".to_owned(),
        PartKind::Limits => "a limit or host of the build".to_owned(),
        PartKind::Source => "the name of a source".to_owned(),
        PartKind::Destination => "the destination".to_owned(),
        PartKind::Owner => "`--chown`".to_owned(),
        PartKind::Mode => "`--chmod`".to_owned(),
        PartKind::Flags => return "its flags changed".to_owned(),
        PartKind::Epoch => "`SOURCE_DATE_EPOCH`, which enters every WORKDIR,".to_owned(),
        PartKind::Hostname => "`BUILDKIT_SANDBOX_HOSTNAME`, the host name in every RUN,".to_owned(),
    };
    let (old, new) = if matches!(kind, PartKind::Mount(_)) { (None, None) } else { (before, after) };
    difference(&noun, old, new, (before.is_some(), after.is_some()), line)
}

fn variable(name: &str, before: Option<&str>, after: Option<&str>, line: &str) -> String {
    let is_hidden = names_secret(name) || [before, after].into_iter().flatten().any(is_stand_in);
    let noun = format!("the variable `{}`", clean(name));
    let (old, new) = if is_hidden { (None, None) } else { (before, after) };
    difference(&noun, old, new, (before.is_some(), after.is_some()), line)
}

fn difference(noun: &str, before: Option<&str>, after: Option<&str>, (was, is): (bool, bool), line: &str) -> String {
    match (was, is) {
        (false, true) => format!("{noun} is new{line}"),
        (true, false) => format!("{noun} is no longer set"),
        _ => match (before, after) {
            (Some(before), Some(after)) => {
                format!("{noun} changed from `{}` to `{}`{line}", value(before), value(after))
            }
            _ => format!("{noun} changed{line}"),
        },
    }
}

fn value(text: &str) -> String {
    let text = clean(text);
    if text.chars().count() <= SHOWN_VALUE {
        return text.into_owned();
    }
    let start: String = text.chars().take(SHOWN_VALUE).collect();
    format!("{start}…")
}
