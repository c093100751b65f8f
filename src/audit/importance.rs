//! Which builds of a repository matter most.

use crate::build::Build;
use crate::build::service::is_for_developers;
use crate::finding::{Finding, Severity};
use crate::manifest::{FileKind, FileRole};

/// How much a build matters, the most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// A compose file, bake file, script or workflow builds it.
    Shipped,
    /// Nothing says what it is for.
    Other,
    /// For development, tests, documentation or examples.
    Development,
}

impl Importance {
    /// As written in results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Other => "other",
            Self::Development => "development",
        }
    }

    pub(super) fn of(build: &Build) -> Self {
        let input = build.input();
        let role = FileKind::of(&input.place).folder_role();
        let is_beside = |role: FileRole| {
            matches!(role, FileRole::Test | FileRole::Example | FileRole::Documentation | FileRole::Development)
        };
        if role.is_some_and(is_beside) || build.target().is_some_and(|stage| is_for_developers(build, stage)) {
            return Self::Development;
        }
        if input.services.is_empty() && input.built_by.is_none() { Self::Other } else { Self::Shipped }
    }
}

/// Whether a finding comes before all others, whatever they cost: the build or the container never works, or a secret
/// leaks.
pub fn is_urgent(finding: &Finding) -> bool {
    finding.severity == Severity::Error
        || (finding.severity == Severity::Warning && finding.rule.starts_with("secret-"))
}
