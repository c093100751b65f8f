//! Debian libraries by their headers (`data/debian_libraries.tsv`), and the Debian release of a stage.

use crate::build::{PackageLists, Stage, StageBase};
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
