//! Which builds of a repository matter most.

use crate::build::Build;
use crate::build::service::is_for_developers;
use crate::finding::{Finding, Severity};
use crate::manifest::{FileKind, FileRole};
use crate::recipe::is_workflow;
use crate::rules::{self, Kind, Rule};

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
        let is_aside = |role: FileRole| {
            matches!(role, FileRole::Test | FileRole::Example | FileRole::Documentation | FileRole::Development)
        };
        if role.is_some_and(is_aside) {
            return Self::Development;
        }
        let is_for_developers = build.target().is_some_and(|stage| is_for_developers(build, stage));
        // What a workflow builds is shipped, whatever its name; a makefile or script starts what developers use, too.
        let by_workflow = |line: &String| line.rsplit_once(':').is_some_and(|(file, _)| is_workflow(file));
        if input.built_by.as_ref().is_some_and(|line| !is_for_developers || by_workflow(line)) {
            return Self::Shipped;
        }
        if is_for_developers {
            return Self::Development;
        }
        if input.services.is_empty() { Self::Other } else { Self::Shipped }
    }
}

/// Whether a finding comes before all others, whatever they cost: the build or the container never works, or a secret
/// leaks. Settings that make a rule an error do not make it one of these.
pub fn is_urgent(finding: &Finding) -> bool {
    let is_error = |rule: &Rule| rule.metadata().severity == Severity::Error;
    (finding.severity == Severity::Error && rules::find(finding.rule).is_none_or(is_error))
        || (finding.severity == Severity::Warning && finding.rule.starts_with("secret-"))
}

/// The place of a finding among those of a page, the first ones lowest: what does not work, leaked secrets and other errors, what
/// costs, what is a risk.
pub fn page_order(finding: &Finding) -> u8 {
    let kind = rules::find(finding.rule).map_or(Kind::Risk, |rule| rule.metadata().kind);
    match (kind, is_urgent(finding)) {
        (Kind::Fails, true) => 0,
        (Kind::Fails, false) => 1,
        (_, true) => 2,
        (Kind::Costs, false) => 3,
        (Kind::Risk, false) => 4,
    }
}

/// Sorts the indexes of findings as a page shows them: by [`page_order`], what costs most first.
pub fn sort_for_page(indexes: &mut [usize], findings: &[Finding]) {
    indexes.sort_by(|a, b| {
        let (first, second) = (&findings[*a], &findings[*b]);
        let by_rank = second.rank().total_cmp(&first.rank());
        page_order(first).cmp(&page_order(second)).then(by_rank).then(a.cmp(b))
    });
}
