//! What a format is given to write.

use super::path::PathBase;
use crate::audit::Report;

/// A result and what a format may tell about the run that made it.
#[derive(Clone, Copy, Debug)]
pub struct ReportRun<'a> {
    /// The command: `lint`, `audit`.
    pub command: &'a str,
    /// What it found.
    pub report: &'a Report,
    /// The exit code that it ends with. No format changes it.
    pub exit: u8,
    /// What paths are relative to, for readers that know a repository only.
    pub base: &'a PathBase,
}
