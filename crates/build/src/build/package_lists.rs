//! The size of the lists that `apt-get update` leaves, by the release that an image is based on.

use super::image::{Reference, suite};
use super::release_age::is_recent_debian;
use crate::data;

/// The size of the lists that `apt-get update` leaves (`data/package_lists.tsv`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageLists {
    /// Debian's code name.
    pub suite: &'static str,
    /// Unpacked bytes.
    pub disk_bytes: u64,
    /// Compressed bytes.
    pub pull_bytes: u64,
    /// When it was measured.
    pub date: &'static str,
}

impl PackageLists {
    /// The lists of the Debian release that an image is based on, if its tag or `data/image_suites.tsv` names it.
    /// `None` for releases that were not measured, and for images that may not be Debian.
    pub fn of(reference: &str) -> Option<Self> {
        let suite = suite(&Reference::of(reference))?;
        Self::measured().find(|lists| lists.suite == suite)
    }

    /// The smallest measured lists, for images that are known to be based on one of these releases, but not on which.
    pub fn shortest(reference: &str) -> Option<Self> {
        if !is_recent_debian(reference) {
            return None;
        }
        Self::measured().min_by_key(|lists| lists.disk_bytes)
    }

    fn measured() -> impl Iterator<Item = Self> {
        data::PACKAGE_LISTS.rows().filter_map(|cells| match cells {
            &[_, suite, disk, pull, date, _] => {
                Some(Self { suite, disk_bytes: disk.parse().ok()?, pull_bytes: pull.parse().ok()?, date })
            }
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_suite_is_guessed() {
        let check = |image, expected: Option<&str>| {
            assert_eq!(PackageLists::of(image).map(|lists| lists.suite), expected, "{image}");
        };
        check("debian:12.5-slim", Some("bookworm"));
        check("python:3.13-slim", Some("trixie"));
        check("python:3.13-slim-bookworm", Some("bookworm"));
        check("node:22", Some("bookworm"));
        for unknown in [
            "debian",
            "debian:11",
            "debian:latest",
            "python:3.13.1",
            "python:3.9",
            "node:lts",
            "alpine:3.13",
            "ubuntu:24.04",
        ] {
            check(unknown, None);
        }
    }

    #[test]
    fn no_other_distribution_is_priced_as_debian() {
        let price = |image| PackageLists::of(image).or_else(|| PackageLists::shortest(image)).map(|lists| lists.suite);
        for image in ["python:3.13.1", "nginx:1.27", "postgres", "php:8.2-fpm", "node:lts"] {
            assert!(price(image).is_some(), "{image}");
        }
        for image in [
            "ubuntu",
            "ubuntu:24.04",
            "ubuntu:noble",
            "eclipse-temurin:21",
            "mongo:7",
            "debian:11",
            "python:3.11-buster",
            "php:7.2-fpm",
            "golang:1.16",
            "node:14",
            "php:8.3-alpine",
            "nvidia/cuda:12.2.0-base-ubuntu22.04",
            "team/app:1",
        ] {
            assert_eq!(price(image), None, "{image}");
        }
    }
}
