//! What is known beyond the inputs. All of it is optional: without it, the rewrite is as careful as the files alone allow.

mod sieve;

use std::collections::{BTreeMap, BTreeSet};

use self::sieve::Sieves;
use super::service::Service;

/// What stands behind decisions, as far as somebody looked.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Texts of the context's source and configuration files by path, bounded in number and size: routes, writes, programs
    /// and variables are looked for in them. Of an environment file (`.env`) names alone: `PASSWORD=`.
    pub texts: BTreeMap<String, String>,
    /// Whether some source files were left out of [`Self::texts`] for their number or size.
    pub texts_cut: bool,
    /// Paths in the context's folder that git ignores, topmost only; `None` where it is no repository.
    pub git_ignored: Option<Vec<String>>,
    /// Folders of installed packages that git tracks: the project's own copies.
    pub committed: BTreeSet<String>,
    /// Compose services that are built from this Dockerfile.
    pub services: Vec<Service>,
    /// Names that the engine has images of (`python:3.13-slim`); `None` where none was asked.
    pub images: Option<BTreeSet<String>>,
    /// What the original image and a container of it showed.
    pub observed: Option<Observed>,
    /// What finds words in [`Self::texts`]; those don't change once one was looked for.
    pub(crate) sieves: Sieves,
}

/// What running the original showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Absolute paths that a container of it wrote.
    pub written: BTreeSet<String>,
    /// Debian packages that what is copied to the run-time stage links against, and the slim base lacks.
    pub packages: BTreeSet<String>,
    /// Programs that the slim base lacks and the container called.
    pub programs: BTreeSet<String>,
    /// Paths that answered with a status below 400, with the port: `(8000, "/health")`.
    pub answers: Vec<(u16, String)>,
    /// Ports that it listened on.
    pub ports: Vec<u16>,
}
