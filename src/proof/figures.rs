//! What builds took and what images are.

/// Which change stands before a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scenario {
    /// Nothing is cached.
    Cold,
    /// Nothing changed.
    Unchanged,
    /// One line of a source file changed.
    Source,
    /// A dependency file changed.
    Dependency,
}

impl Scenario {
    /// In one word.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Unchanged => "unchanged",
            Self::Source => "source",
            Self::Dependency => "dependency",
        }
    }
}

/// One build.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// Seconds from start to end.
    pub seconds: f64,
    /// CPU seconds of its steps; `None` where the engine doesn't tell.
    pub cpu_seconds: Option<f64>,
    /// Steps that ran, as the builder names them, with their seconds.
    pub steps: Vec<(String, f64)>,
    /// Steps that were cached.
    pub cached: usize,
}

/// Sizes of an image in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Unpacked.
    pub disk: u64,
    /// To be pulled; what gzip makes of the layers where the engine keeps none compressed.
    pub pull: Option<u64>,
    /// Layers.
    pub layers: usize,
    /// Bytes of layers that a code change makes new, as they are pushed.
    pub upload: Option<u64>,
    /// Bytes of base images that the build pulls on a fresh machine.
    pub base_pull: Option<u64>,
}

/// All of one Dockerfile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// Builds by scenario, in the order in which they were made.
    pub runs: Vec<(Scenario, Run)>,
    /// The image.
    pub size: Size,
}

impl Figures {
    /// The median of what the builds of a scenario took, by `of`; `None` where none tells.
    pub fn median(&self, scenario: Scenario, of: impl Fn(&Run) -> Option<f64>) -> Option<f64> {
        let own = self.runs.iter().filter(|(own, _)| *own == scenario);
        let mut all: Vec<f64> = own.filter_map(|(_, run)| of(run)).collect();
        all.sort_by(f64::total_cmp);
        let (low, high) = (all.len().checked_sub(1)? / 2, all.len() / 2);
        Some(f64::midpoint(all[low], all[high]))
    }
}
