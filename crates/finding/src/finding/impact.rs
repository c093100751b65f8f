//! The price of a finding and how it is known.

/// What a finding costs, or what its fix saves.
#[derive(Clone, Debug, PartialEq)]
pub struct Impact {
    /// What is saved.
    pub kind: ImpactKind,
    /// How much; `None` when it is known to cost, but not how much.
    pub saves: Option<Saving>,
    /// How often it is paid.
    pub per: CostFrequency,
    /// How it is known.
    pub basis: Basis,
    /// Whether it is a lower bound: there is more that nobody could count.
    pub is_least: bool,
    /// Where the figure comes from, in a few words.
    pub evidence: String,
}

impl Impact {
    /// So many bytes of the image, by a table.
    pub fn typical(kind: ImpactKind, bytes: u64, evidence: impl Into<String>) -> Self {
        let (saves, evidence) = (Some(Saving::Bytes(bytes)), evidence.into());
        Self { kind, saves, per: CostFrequency::Pull, basis: Basis::Typical, is_least: false, evidence }
    }

    /// Every build after a change takes longer; the time is unknown.
    pub fn slower_rebuild(evidence: impl Into<String>) -> Self {
        let (kind, per) = (ImpactKind::RebuildSeconds, CostFrequency::Build);
        Self { kind, saves: None, per, basis: Basis::Computed, is_least: false, evidence: evidence.into() }
    }

    /// The image is bigger; the size is unknown.
    pub fn unknown(kind: ImpactKind, evidence: impl Into<String>) -> Self {
        Self {
            kind,
            saves: None,
            per: CostFrequency::Pull,
            basis: Basis::Computed,
            is_least: false,
            evidence: evidence.into(),
        }
    }
}

/// What is saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImpactKind {
    /// Compressed bytes that every pull transfers.
    PullBytes,
    /// Unpacked bytes in the image.
    DiskBytes,
    /// Bytes sent to the builder.
    ContextBytes,
    /// Seconds of a build without any cache.
    ColdSeconds,
    /// Seconds of a build after a change.
    RebuildSeconds,
}

impl ImpactKind {
    /// As written in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PullBytes => "pull_bytes",
            Self::DiskBytes => "disk_bytes",
            Self::ContextBytes => "context_bytes",
            Self::ColdSeconds => "cold_seconds",
            Self::RebuildSeconds => "rebuild_seconds",
        }
    }
}

/// An amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Saving {
    /// Bytes.
    Bytes(u64),
    /// Seconds.
    Seconds(f64),
    /// Reruns of a step in so many builds.
    Reruns {
        /// The reruns.
        reruns: u32,
        /// The builds.
        builds: u32,
    },
}

/// How often a cost is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CostFrequency {
    /// By every build.
    Build,
    /// By every commit.
    Commit,
    /// By every pull.
    Pull,
}

impl CostFrequency {
    /// As written in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Commit => "commit",
            Self::Pull => "pull",
        }
    }
}

/// How a figure is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// Read off an image, a build log or an engine.
    Measured,
    /// Follows from the files, the history or the cache model.
    Computed,
    /// From an embedded table with date and source.
    Typical,
}

impl Basis {
    /// As written in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Computed => "computed",
            Self::Typical => "typical",
        }
    }
}
