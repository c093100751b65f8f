//! `.dockerignore` exactly as the builder takes it: reading the file, deciding entry by entry during a walk, and the
//! glob forms of COPY and ADD sources. Owns Go's path, glob and regexp dialects as far as patterns reach them; must not
//! know Dockerfiles, nor touch a file system: a walk hands in paths and carries the state from directory to entry.

mod class;
mod file;
mod glob;
mod matcher;
mod name;
mod pattern;
mod regexp;
mod steps;
mod transfer;

pub use self::file::{IgnoreFile, IgnorePattern, IgnoreProblem, ProblemKind, parse};
pub use self::glob::{BadPattern, check as check_path_pattern, has_wildcard, path_match};
pub use self::matcher::{MatchedPatterns, Matcher, Verdict};
pub use self::name::clean;
pub use self::pattern::PatternRefusal;
pub use self::transfer::{Transfer, transfer};
