//! Figures of a build: what they are, when two of them differ, and when a difference is noise.

use serde::{Deserialize, Serialize};

/// What a figure says of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FigureKind {
    /// Bytes of the unpacked image.
    ImageSize,
    /// Bytes that a pull transfers.
    PullSize,
    /// Seconds of a build without a cache.
    ColdBuild,
    /// Seconds of the build after a change of a source file.
    Rebuild,
    /// Seconds of a logged build.
    LoggedBuild,
    /// Seconds of the steps that the change reruns, by the cache model and the times of a log.
    PredictedRebuild,
    /// Steps that were taken from the build cache, of those that could be.
    CacheHits,
    /// Seconds that a commit reruns on average, by the cache model and git history; at least.
    CommitRebuild,
    /// Seconds until the services of a compose file are ready, by the timings of their checks; at most.
    ServiceStart,
}

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureUnit {
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// Steps.
    Steps,
}

/// What a change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smaller or faster.
    Better,
    /// Larger or slower.
    Worse,
    /// Equal.
    Same,
    /// A difference of seconds that the next run may not repeat.
    Noise,
    /// There is no value from before, or it comes from another command.
    Unknown,
}

impl Direction {
    /// As written in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Same => "same",
            Self::Noise => "noise",
            Self::Unknown => "unknown",
        }
    }
}

impl FigureKind {
    /// All, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::ImageSize,
        Self::PullSize,
        Self::ColdBuild,
        Self::Rebuild,
        Self::LoggedBuild,
        Self::PredictedRebuild,
        Self::CacheHits,
        Self::CommitRebuild,
        Self::ServiceStart,
    ];

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ImageSize => "image size",
            Self::PullSize => "pull size",
            Self::ColdBuild => "cold build",
            Self::Rebuild => "rebuild after a source change",
            Self::LoggedBuild => "logged build",
            Self::PredictedRebuild => "steps that this change reruns",
            Self::CacheHits => "cache hits",
            Self::CommitRebuild => "rebuild for each commit",
            Self::ServiceStart => "start of all services, at most",
        }
    }

    /// What it counts.
    pub const fn unit(self) -> FigureUnit {
        match self {
            Self::ImageSize | Self::PullSize => FigureUnit::Bytes,
            Self::CacheHits => FigureUnit::Steps,
            Self::ColdBuild
            | Self::Rebuild
            | Self::LoggedBuild
            | Self::PredictedRebuild
            | Self::CommitRebuild
            | Self::ServiceStart => FigureUnit::Seconds,
        }
    }

    /// Whether a difference is judged: a prediction and a log are of this change, not of the project, and a service is
    /// usually ready long before the last moment that its check allows.
    pub const fn is_judged(self) -> bool {
        matches!(self, Self::ImageSize | Self::PullSize | Self::ColdBuild | Self::Rebuild | Self::CommitRebuild)
    }

    /// The direction of a change; `noise` is what a difference in seconds must exceed.
    pub fn direction(self, before: f64, after: f64, noise: f64) -> Direction {
        let change = after - before;
        match self.unit() {
            FigureUnit::Seconds if change.abs() < noise => Direction::Noise,
            _ if change == 0.0 => Direction::Same,
            FigureUnit::Steps => Direction::Unknown,
            _ if change < 0.0 => Direction::Better,
            _ => Direction::Worse,
        }
    }
}

/// Seconds by which two runs may differ without a reason: 10 % of the first, 3 s, or the spread of recent runs, whichever
/// is most.
pub fn tolerance(before: f64, spread: f64) -> f64 {
    (before * 0.1).max(3.0).max(spread)
}

/// A figure as a whole number; negative ones are 0.
#[allow(clippy::cast_sign_loss, reason = "negative numbers become 0")]
pub const fn whole(number: f64) -> u64 {
    number as u64
}
