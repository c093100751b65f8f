//! System libraries that Rust programs load, by the crates in the lock file.

use std::collections::BTreeSet;

use super::packages;
use crate::data;
use crate::manifest::{Ecosystem, LockedPackages};
use crate::optimize::pass_input::PassInput;

/// Packages of Debian that programs of the context's lock files load.
pub(super) fn of_crates(input: &PassInput, suite: Option<&str>) -> Vec<String> {
    let mut libraries = BTreeSet::new();
    for locked in locks(input) {
        for row in data::CRATE_LIBRARIES.rows() {
            let &[name, headers, source, ..] = row else { continue };
            let Some(package) = locked.packages.get(name) else { continue };
            if !package.needs.iter().any(|needed| needed == source) {
                let names = packages::libraries(headers, suite).unwrap_or_default();
                libraries.extend(names.into_iter().map(str::to_owned));
            }
        }
    }
    libraries.into_iter().collect()
}

/// What the lock files of Rust projects hold.
fn locks<'a>(input: &PassInput<'a>) -> impl Iterator<Item = &'a LockedPackages> {
    let rust = input.projects_of(Ecosystem::Rust);
    rust.filter_map(|project| project.install()?.locked.as_ref())
}
