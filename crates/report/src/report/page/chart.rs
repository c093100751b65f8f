//! Pictures of a page: values alone; the renderer that draws decides how.

pub(in crate::report) use crate::wire::IcicleMark;

/// A picture.
#[derive(Clone, Debug)]
pub(in crate::report) enum Chart {
    /// What an image consists of: one bar per layer, inside of it folders and packages.
    Icicle { name: String, layers: Vec<IcicleNode> },
    /// Bars on one axis of time, in seconds.
    Timeline { name: String, rows: Vec<TimelineRow> },
    /// Steps by commits.
    Matrix { name: String, columns: Vec<MatrixColumn>, rows: Vec<MatrixRow> },
    /// A figure over runs, the oldest first.
    Trend { name: String, points: Vec<TrendPoint> },
}

/// A part of an image.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct IcicleNode {
    /// Name of a layer, a folder, a package.
    pub name: String,
    pub bytes: u64,
    /// What it is: the instruction of a layer.
    pub about: String,
    /// The line that made a layer.
    pub line: String,
    pub mark: IcicleMark,
    /// Its parts, the largest first; what they do not sum up to is in files of its own or in parts that are too small.
    pub parts: Vec<Self>,
}

/// A bar on an axis of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct TimelineRow {
    pub name: String,
    /// Seconds from the start of the axis.
    pub start: f64,
    pub seconds: f64,
    /// Seconds at its start in which it is held back.
    pub delay: f64,
    /// Whether it takes longer than `seconds`, and nobody knows how much.
    pub is_open: bool,
    /// Whether the whole waits for it.
    pub is_critical: bool,
    pub mark: TimelineMark,
    /// What stands above it where the row before has another.
    pub group: String,
    /// What is said of it.
    pub note: String,
}

/// A commit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct MatrixColumn {
    pub name: String,
    /// Its date, its message.
    pub about: String,
}

/// What became of what a bar stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::report) enum TimelineMark {
    #[default]
    Usual,
    /// It failed.
    Failed,
    /// It never began: there is no bar.
    Missing,
}

/// A step and what became of it at each commit.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct MatrixRow {
    pub name: String,
    pub cells: Vec<StepState>,
}

/// What becomes of a step at a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::report) enum StepState {
    /// There is no such step.
    #[default]
    Absent,
    Cached,
    MayRerun,
    Reruns,
}

/// A value of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::report) struct TrendPoint {
    /// The commit or the time.
    pub name: String,
    /// `None` where the run does not have it.
    pub value: Option<f64>,
    /// The value as people read it.
    pub text: String,
}
