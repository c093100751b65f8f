//! What an image is worked out with.

use crate::attribution::KnownBase;
use crate::build::Build;
use crate::rules::Policy;

/// What is asked of an analysis.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnalysisOptions<'a> {
    /// The Dockerfile that made the images.
    pub build: Option<&'a Build<'a>>,
    /// What messages call it.
    pub dockerfile: Option<&'a str>,
    /// Images that may be the base.
    pub bases: &'a [KnownBase],
    /// Categories that are switched off, by name.
    pub categories_off: &'a [String],
    /// Which rules about images run, and their severities; `None` for the defaults.
    pub policy: Option<&'a Policy>,
    /// Leave the packages out.
    pub no_packages: bool,
    /// Leave equal contents out.
    pub no_duplicates: bool,
}
