//! Packages of npm that are compiled where they are installed (`data/node_packages.tsv`).

use crate::data;
use crate::manifest::{Ecosystem, Locked, Project};

impl Locked {
    /// Whether one of the packages of npm may be compiled when it is installed.
    pub fn compiles(&self, with_dev: bool) -> bool {
        let packages = || self.packages.iter().filter(|(_, one)| with_dev || one.dev_only != Some(true));
        // The one for macOS alone is passed on other systems, and what only it depends on may stand here all the same.
        let old_macos = packages().any(|(name, one)| {
            *name == "fsevents" && one.version.as_deref().is_some_and(|version| version.starts_with("1."))
        });
        let sign = packages().any(|(name, _)| {
            let passed = old_macos && matches!(name.as_str(), "nan" | "bindings");
            data::NODE_PACKAGES.has(name.as_str(), "native") && !passed
        });
        let told = packages().any(|(_, one)| one.scripts.is_some());
        let scripts = packages().any(|(name, one)| *name != "fsevents" && one.scripts == Some(true));
        sign && (scripts || !told)
    }
}

impl Project {
    /// Without a lock file: whether a direct dependency is known to compile where it finds no binary.
    pub fn names_compiled(&self) -> bool {
        self.ecosystem == Ecosystem::Node
            && self.dependencies.iter().any(|one| data::NODE_PACKAGES.has(one.name.as_str(), "compiles"))
    }
}
