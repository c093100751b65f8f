//! The only place where the page runner meets the analysis: an example's files ─► inputs ─► findings.

use crate::finding::{Finding, Findings};
use crate::rules::{Context, Rule};
use crate::text::{FileId, Source};

/// What the rule finds in an example. `sources` are its files in the order of the page, and those that fixes made;
/// `listing` gives further files of the context with their sizes in bytes.
pub(super) fn findings(rule: &'static Rule, sources: &[Source], _listing: &[(u64, &str)]) -> Vec<Finding> {
    let mut out = Findings::new();
    for (index, source) in sources.iter().enumerate() {
        if is_dockerfile(source.name()) {
            (rule.check)(&Context { rule, file: FileId(index as u32), source }, &mut out);
        }
    }
    out.into_sorted()
}

/// What is wrong with a file's text as such, one line each, without places.
pub(super) fn problems(_source: &Source) -> Vec<String> {
    Vec::new()
}

/// Whether a path names a Dockerfile.
pub(super) fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == "Dockerfile" || name.starts_with("Dockerfile.") || name.ends_with(".Dockerfile")
}
