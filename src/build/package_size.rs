//! What packages of Debian weigh with all that they bring (`data/package_sizes.tsv`).

use super::image::{Reference, suite};
use crate::data;

/// The weight of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageSize {
    /// Its name.
    pub package: &'static str,
    /// Debian's code name.
    pub suite: &'static str,
    /// Unpacked, with what it depends on.
    pub disk_bytes: u64,
    /// When it was measured.
    pub date: &'static str,
}

impl PackageSize {
    /// The heaviest of some packages on the Debian release that an image stands on; others may share what it brings, so
    /// that sums say nothing. `None` for releases and packages that were not measured.
    pub fn heaviest(packages: &[&str], image: &str) -> Option<Self> {
        let suite = suite(&Reference::of(image))?;
        let known = data::PACKAGE_SIZES.rows().filter_map(|cells| match cells {
            &[package, known, disk, _, date, _] if known == suite && packages.contains(&package) => {
                Some(Self { package, suite: known, disk_bytes: disk.parse().ok()?, date })
            }
            _ => None,
        });
        known.max_by_key(|size| size.disk_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_counts() {
        let heaviest = |image| PackageSize::heaviest(&["libpq-dev", "gcc", "vim"], image);
        assert_eq!(heaviest("python:3.13-slim").map(|size| size.package), Some("gcc"));
        assert_eq!(heaviest("debian:11"), None);
        assert_eq!(PackageSize::heaviest(&["vim"], "debian:13"), None);
    }
}
