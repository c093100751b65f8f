//! Steps of a Dockerfile and commits.

use crate::buildlog::StepSeconds;
use crate::cache::{StepCount, StepKind, StepVerdict};

/// What the table of the rewrite by `dockopt optimize` is called, and the option that asks for it.
pub const OPTIMIZE: &str = "optimize";

/// The steps of a Dockerfile over all commits.
#[derive(Debug)]
pub struct HistoryTable {
    /// The Dockerfile.
    pub name: String,
    /// Its steps, in the order of the file.
    pub steps: Vec<HistoryStep>,
    /// What became of each commit, in their order.
    pub rows: Vec<CommitRow>,
}

/// A step over all commits.
#[derive(Debug)]
pub struct HistoryStep {
    /// As the builder prints it.
    pub name: String,
    /// Its line in the Dockerfile.
    pub line: u32,
    /// Its kind.
    pub kind: StepKind,
    /// How often it ran.
    pub count: StepCount,
    /// How long it takes, from a log; `None` where no log says.
    pub seconds: Option<StepSeconds>,
    /// The step of the table before that runs the same command.
    pub same_as: Option<usize>,
    /// The step of the table before that runs its commands together with others. How long it takes is not known then.
    pub part_of: Option<usize>,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitRow {
    /// It fills the cache.
    First,
    /// The verdict for each step.
    Built(Vec<Option<StepVerdict>>),
    /// The build fails: this source is missing.
    Failed(String),
    /// There is no Dockerfile.
    Absent,
    /// The builder rejects the Dockerfile, for this reason.
    Rejected(String),
    /// The commit cannot be read, for this reason.
    Unreadable(String),
}

impl HistoryStep {
    /// Expected seconds for each build: certain reruns, and with possible ones.
    #[allow(clippy::cast_precision_loss)] // Numbers of commits.
    pub(super) fn expected_seconds(&self) -> Option<(f64, f64)> {
        let builds = self.count.builds.max(1) as f64;
        let of = |times: usize| self.seconds.map(|time| time.seconds * times as f64 / builds);
        Some((of(self.count.reruns)?, of(self.count.reruns + self.count.may_rerun)?))
    }
}

impl HistoryTable {
    /// The steps with their indexes, but for FROM.
    pub(super) fn visible_steps(&self) -> impl Iterator<Item = (usize, &HistoryStep)> {
        self.steps.iter().enumerate().filter(|(_, step)| step.kind != StepKind::From)
    }

    /// Expected seconds for each build, over the steps whose time is known; `None` if none is.
    pub(super) fn expected_seconds(&self) -> Option<(f64, f64)> {
        let known = self.steps.iter().filter_map(HistoryStep::expected_seconds);
        known.reduce(|sum, next| (sum.0 + next.0, sum.1 + next.1))
    }

    /// Whether the time of a step is known.
    pub fn has_seconds(&self) -> bool {
        self.steps.iter().any(|step| step.seconds.is_some())
    }

    /// Whether a rebuild takes less than the times say, because a step that ran does.
    pub(super) fn is_at_most(&self) -> bool {
        let ran = self.steps.iter().filter(|step| step.count.reruns + step.count.may_rerun > 0);
        ran.filter_map(|step| step.seconds).any(|time| time.is_at_most)
    }

    /// Whether the time of a RUN that ran is not known.
    pub(super) fn has_untimed_runs(&self) -> bool {
        let ran = self.steps.iter().filter(|step| step.count.reruns + step.count.may_rerun > 0);
        ran.filter(|step| step.kind == StepKind::Run).any(|step| step.seconds.is_none())
    }

    /// Commits after the first that build.
    pub fn builds(&self) -> usize {
        self.rows.iter().filter(|row| matches!(row, CommitRow::Built(_))).count()
    }
}
