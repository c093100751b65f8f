//! The size of Debian packages with their dependencies (`data/package_sizes.tsv`).

use super::image::{Reference, suite};
use super::release_age::is_recent_debian;
use crate::data;

/// The size of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageSize {
    /// Its name.
    pub package: &'static str,
    /// Debian's code name.
    pub suite: &'static str,
    /// Unpacked, with its dependencies.
    pub disk_bytes: u64,
    /// The same with recommended packages.
    pub recommended_bytes: u64,
    /// When it was measured.
    pub date: &'static str,
}

impl PackageSize {
    /// The largest of some packages on the Debian release that an image is based on; others may share its dependencies,
    /// so a sum would be wrong. `None` for packages and images that were not measured.
    pub fn heaviest(packages: &[&str], image: &str) -> Option<Self> {
        packages.iter().filter_map(|package| Self::of(package, image)).max_by_key(|size| size.disk_bytes)
    }

    /// The package with the largest recommended packages, and a lower bound of their size, whatever the packages share:
    /// `asked` are those of one command, `there` those that earlier commands installed.
    pub fn recommended(packages: &[&str], installed_packages: &[&str], image: &str) -> Option<(Self, u64)> {
        let sizes: Vec<Self> = packages.iter().filter_map(|package| Self::of(package, image)).collect();
        let most = sizes.iter().max_by_key(|size| size.recommended_bytes - size.disk_bytes)?;
        let others = packages.iter().chain(installed_packages).filter(|package| **package != most.package);
        let others: u64 = others.filter_map(|package| Some(Self::of(package, image)?.disk_bytes)).sum();
        let bytes = (most.recommended_bytes - most.disk_bytes).saturating_sub(others);
        if bytes > 0 { Some((*most, bytes)) } else { None }
    }

    /// Whether a package was measured.
    pub fn is_known(package: &str) -> bool {
        data::PACKAGE_SIZES.contains(package)
    }

    /// Where the figure comes from.
    pub fn evidence(&self) -> String {
        format!("`{}` with its dependencies on Debian {}, looked up on {}", self.package, self.suite, self.date)
    }

    /// A package on an image. If only the distribution is known, the release with the smaller size counts.
    pub fn of(package: &str, image: &str) -> Option<Self> {
        let reference = Reference::of(image);
        let image_suite = suite(&reference);
        if image_suite.is_none() && !is_recent_debian(image) {
            return None;
        }
        let small = ["slim", "alpine"].iter().any(|word| image.contains(word));
        let full = data::IMAGE_FAMILIES.has(reference.short_name(), "compilers") && !small;
        let rows = data::PACKAGE_SIZES.rows().filter(|cells| cells[0] == package);
        let sizes = rows.filter_map(|cells| {
            let &[package, suite, slim, slim_recommended, on_full, full_recommended, date, _] = cells else {
                return None;
            };
            let (disk, recommended) = if full { (on_full, full_recommended) } else { (slim, slim_recommended) };
            let (disk_bytes, recommended_bytes) = (disk.parse().ok()?, recommended.parse().ok()?);
            let size = Self { package, suite, disk_bytes, recommended_bytes, date };
            (image_suite.is_none_or(|image_suite| image_suite == suite) && recommended_bytes >= disk_bytes)
                .then_some(size)
        });
        sizes.min_by_key(|size| size.recommended_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_counts() {
        let heaviest = |image| PackageSize::heaviest(&["libpq-dev", "gcc", "no-such-package"], image);
        assert_eq!(heaviest("python:3.13-slim").map(|size| size.package), Some("gcc"));
        assert_eq!(heaviest("debian").map(|size| size.package), Some("gcc"));
        assert_eq!(heaviest("debian:11"), None);
        assert_eq!(heaviest("ubuntu:24.04"), None);
        assert_eq!(heaviest("team/base:1"), None);
        assert_eq!(PackageSize::heaviest(&["no-such-package"], "debian:13"), None);
    }

    #[test]
    fn a_full_image_has_most_of_it() {
        let bytes = |image| PackageSize::of("build-essential", image).map_or(0, |size| size.disk_bytes);
        assert!(bytes("python:3.13-slim") > 300_000_000);
        assert!(bytes("python:3.13") < 1_000_000);
    }

    #[test]
    fn packages_of_other_packages_are_not_counted() {
        let bytes = |packages: &[&str], installed_packages: &[&str]| {
            PackageSize::recommended(packages, installed_packages, "debian:13-slim")
                .map_or(0, |(_, bytes)| bytes / 1_000_000)
        };
        assert_eq!(bytes(&["python3-pip"], &[]), 405);
        assert_eq!(bytes(&["python3-pip", "curl"], &[]), 390);
        assert_eq!(bytes(&["python3-pip"], &["build-essential"]), 68);
        assert_eq!(bytes(&["python3-pip", "build-essential", "git"], &[]), 0);
        assert_eq!(bytes(&["no-such-package"], &[]), 0);
    }
}
