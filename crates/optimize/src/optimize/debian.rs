//! Debian libraries by their headers (`data/debian_libraries.tsv`), and the Debian release of a stage.

use crate::build::{Libc, PackageLists, Stage, StageBase, libc};
use crate::data;
use crate::optimize::pass_input::PassInput;

/// Run-time libraries behind a package of headers, and whether a full Python image has them.
pub(in crate::optimize) struct Libraries {
    pub names: Vec<&'static str>,
    /// Whether a full Python image has the libraries.
    pub full: bool,
    /// Whether a full Python image has the headers too.
    pub headers: bool,
}

/// `None` where the table does not know the package, or not for the release.
pub(in crate::optimize) fn libraries(package: &str, suite: &str) -> Option<Libraries> {
    let &[_, trixie, bookworm, full, ..] = data::DEBIAN_LIBRARIES.row(package)? else { return None };
    let cell = if suite == "bookworm" { bookworm } else { trixie };
    let names = data::words(cell).collect();
    let (full, headers) = (full != "none", full == "both");
    (!cell.is_empty()).then_some(Libraries { names, full, headers })
}

/// The Debian release under a stage, where its tag or a table tells; `None` for other distributions.
pub(in crate::optimize) fn suite(input: &PassInput, stage: &Stage) -> Option<&'static str> {
    let StageBase::Image(image) = input.build.root_base(stage) else { return None };
    PackageLists::of(image).map(|lists| lists.suite)
}

/// The libraries that a stage without a package of headers needs in its place, so far as its base has them not; `None` where
/// nobody knows what stands behind the headers.
pub(in crate::optimize) fn behind_headers(
    input: &PassInput,
    stage: &Stage,
    package: &str,
) -> Option<Vec<&'static str>> {
    let known = match suite(input, stage) {
        Some(suite) => libraries(package, suite),
        None => in_any_suite(input, stage, package),
    };
    if let Some(known) = known {
        return Some(if known.full && is_full(input, stage) { Vec::new() } else { known.names });
    }
    let has_none = data::SYSTEM_PACKAGES.has(package, "no-library") || package.starts_with("python3");
    has_none.then(Vec::new)
}

/// The libraries where the release is not known, and it does not matter.
fn in_any_suite(input: &PassInput, stage: &Stage, package: &str) -> Option<Libraries> {
    let StageBase::Image(image) = input.build.root_base(stage) else { return None };
    // Older releases have other names.
    let debian = match libc(image) {
        Some(Libc::Glibc(Some(release))) => matches!(release.name, "bookworm" | "trixie"),
        Some(Libc::Glibc(None)) => true,
        _ => false,
    };
    let (new, old) = (libraries(package, "trixie")?, libraries(package, "bookworm")?);
    (debian && new.names == old.names).then_some(new)
}

/// Whether a stage stands on the full variant of its image.
pub(in crate::optimize) fn is_full(input: &PassInput, stage: &Stage) -> bool {
    let StageBase::Image(image) = input.build.root_base(stage) else { return false };
    !["slim", "alpine"].iter().any(|word| image.contains(word))
}
