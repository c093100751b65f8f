//! What is known beyond the inputs. All of it is optional: without it, the rewrite is as careful as the files alone allow.

use std::collections::{BTreeMap, BTreeSet};

/// What stands behind decisions, as far as somebody looked.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Texts of the context's source files by path, bounded in number and size: routes, writes, programs and variables
    /// are looked for in them.
    pub texts: BTreeMap<String, String>,
    /// Whether some source files were left out of [`Self::texts`] for their number or size.
    pub texts_cut: bool,
    /// Paths in the context's folder that git ignores, topmost only; `None` where it is no repository.
    pub git_ignored: Option<Vec<String>>,
    /// Compose services that are built from this Dockerfile.
    pub services: Vec<Service>,
    /// Names that the engine has images of (`python:3.13-slim`); `None` where none was asked.
    pub images: Option<BTreeSet<String>>,
    /// What the original image and a container of it showed.
    pub observed: Option<Observed>,
}

/// A compose service, as far as it decides what the image must keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// `command`, as one shell text; `None` where the image's holds.
    pub command: Option<String>,
    /// Names of the variables that it gives.
    pub environment: BTreeSet<String>,
    /// Container paths of its mounts.
    pub mounts: Vec<String>,
    /// Container ports that it publishes or exposes.
    pub ports: Vec<u16>,
    /// The test of its healthcheck, as one shell text.
    pub healthcheck: Option<String>,
    /// `user`.
    pub user: Option<String>,
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
