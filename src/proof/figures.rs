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
    /// To be pulled; `None` where the engine keeps no compressed layers.
    pub pull: Option<u64>,
    /// Layers.
    pub layers: usize,
    /// Bytes of layers that a code change makes new, unpacked.
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
