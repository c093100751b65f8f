//! Comments of a Dockerfile that hide findings: dockopt's own, hadolint's, tally's and the builder's, each with the meaning that
//! its own tool gives it.

mod check;
mod comment;
mod compose;
mod hadolint;
mod dockopt;
mod tally;
#[cfg(test)]
mod tests;

pub use self::comment::Pragmas;
use self::comment::comments;
pub use self::compose::compose_pragmas;
use super::RuleNames;
use crate::dockerfile::File;
use crate::text::FileId;

/// Reads the comments of a Dockerfile.
pub fn pragmas(file: FileId, dockerfile: &File, known: &RuleNames) -> Pragmas {
    let mut pragmas = Pragmas::default();
    check::read(file, dockerfile, known, &mut pragmas);
    let comments = comments(dockerfile);
    hadolint::read(file, dockerfile, &comments, known, &mut pragmas);
    tally::read(file, dockerfile, &comments, known, &mut pragmas);
    dockopt::read(file, dockerfile, &comments, known, &mut pragmas);
    pragmas.suppressions.sort_by_key(|suppression| suppression.span);
    pragmas
}
