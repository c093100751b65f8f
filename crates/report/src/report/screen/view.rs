//! What is asked of the first screen.

use crate::audit::Offer;

/// What the first screen shows beside the report.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditView<'a> {
    /// Whether every finding and every part of the context is shown.
    pub all: bool,
    /// Options of the command line that the next command needs too, as they are typed.
    pub options: &'a [String],
    /// Whether sizes were measured in an image.
    pub has_image: bool,
    /// What the rewrite of a build removes, where it is more than fixes do.
    pub offer: Option<&'a Offer>,
    /// What `fix` would do.
    pub fixes: FixCounts,
}

/// How many findings `fix` would fix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FixCounts {
    /// Without `--unsafe`.
    pub safe: u64,
    /// With it.
    pub all: u64,
}
