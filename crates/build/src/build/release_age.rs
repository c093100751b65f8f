//! Whether the mirrors of a distribution still have the packages of the release that an image is based on, under the
//! names known here (`data/archived_releases.tsv`, `data/image_ages.tsv`).

use super::image::{Reference, stands_on};
use super::release::{Libc, Release, libc, releases};
use super::{Build, Stage, StageBase};
use crate::data;
use crate::inputs::Date;
use crate::sources::patterns;

/// The age of the release that an image is based on, as far as its packages are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// One of the last two, or not known to be older.
    Known,
    /// The release before that: some libraries have other names.
    Old,
    /// Removed from the mirrors: nothing can be installed.
    Archived,
}

impl Age {
    /// The age of the release that an image is based on.
    pub fn of(image: &str) -> Self {
        let releases = releases(image);
        if releases.iter().any(|release| is_archived(release.product, release.version)) {
            return Self::Archived;
        }
        if releases.iter().any(|release| release.product == "alpine") {
            return Self::Known;
        }
        if let Some(release) = releases.iter().find(|release| release.product == "debian") {
            return if release.name == "bullseye" { Self::Old } else { Self::Known };
        }
        match stands_on(image) {
            Some("buster") => Self::Archived,
            Some("bullseye") => Self::Old,
            Some(_) => Self::Known,
            None if stands_on_debian(image) && releases.iter().any(|release| ended_before_successor(release)) => {
                Self::Archived
            }
            None => by_version(image),
        }
    }
}

impl Build<'_> {
    /// Whether nothing can be installed on the base of a stage with the package manager of its distribution: its
    /// release was removed from the mirrors, and no step sets another mirror.
    pub fn lacks_packages(&self, stage: &Stage) -> bool {
        let StageBase::Image(image) = self.root_base(stage) else { return false };
        let file = &self.input().file;
        let mut lines = self.chain(stage).flat_map(|stage| self.instructions(stage));
        Age::of(image) == Age::Archived
            && !lines.any(|(_, line)| patterns::shows(file.logical(line.text), "names a mirror of packages"))
    }
}

/// Whether an image is based on one of the last two releases of Debian, as far as its name shows; not which.
pub(super) fn is_recent_debian(image: &str) -> bool {
    let is_system = |release: &&Release| matches!(release.product, "debian" | "ubuntu");
    stands_on_debian(image)
        && Age::of(image) == Age::Known
        && !releases(image).iter().copied().any(|release| is_system(&release))
}

fn stands_on_debian(image: &str) -> bool {
    let name = Reference::of(image).short_name();
    name == "debian" || data::IMAGE_FAMILIES.has(name, "debian") && matches!(libc(image), Some(Libc::Glibc(_)))
}

fn is_archived(product: &str, version: &str) -> bool {
    data::ARCHIVED_RELEASES.rows().any(|row| row[0] == product && row[1] == version)
}

/// Whether the last image of a language's release was built before the Debian release that follows the archived ones:
/// no images are built for releases that have reached their end of life.
fn ended_before_successor(release: &Release) -> bool {
    let successors = data::ARCHIVED_RELEASES.rows().filter_map(|row| Date::parse(row[3]));
    release.end.zip(successors.max()).is_some_and(|(end, successor)| end < successor)
}

/// According to the versions of `data/image_ages.tsv`.
fn by_version(image: &str) -> Age {
    let parts = Reference::of(image);
    let version = parts.tag.and_then(|tag| tag.split('-').next()).unwrap_or_default();
    let numbers = |text: &str| text.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>().unwrap_or_default();
    let version_numbers = numbers(version);
    let name = parts.short_name();
    if version_numbers.is_empty() {
        return Age::Known;
    }
    // A tag with fewer numbers moves to the last release.
    let same = |other: &[u32]| version_numbers.len() >= other.len() && version_numbers[..other.len()] == *other;
    let until = |other: &[u32]| {
        same(other)
            || version_numbers.len() == 3
                && other.len() == 3
                && version_numbers[..2] == other[..2]
                && version_numbers[..] <= *other
    };
    let line = |other: &[u32]| {
        name == "node"
            && version_numbers.len() == 3
            && other.len() == 3
            && version_numbers[0] == other[0]
            && version_numbers[..] <= *other
    };
    let before = |text: &str| {
        let other = numbers(text);
        !other.is_empty() && (until(&other) || line(&other))
    };
    if name == "node" && version_numbers[0] < 14
        || name == "python"
            && (version_numbers[0] < 3
                || version_numbers.len() > 1 && version_numbers[0] == 3 && version_numbers[1] < 5)
    {
        return Age::Archived;
    }
    let rows = || data::IMAGE_AGES.rows().filter(|row| row[0] == name);
    match (rows().any(|row| before(row[1])), rows().any(|row| before(row[2]))) {
        (true, _) => Age::Archived,
        (_, true) => Age::Old,
        _ => Age::Known,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_reported() {
        for (image, expected) in [
            ("python:3.13", Age::Known),
            ("python:3.9", Age::Known),
            ("python:3.7", Age::Known),
            ("python:3.6", Age::Old),
            ("python:3.9.6", Age::Archived),
            ("python:3.10.4", Age::Old),
            ("python:3.10.12", Age::Known),
            ("python:3.7-buster", Age::Archived),
            ("python:3.10-bullseye", Age::Old),
            ("python:3.4", Age::Archived),
            ("node:10", Age::Archived),
            ("node:14.21.3", Age::Archived),
            ("node:16", Age::Known),
            ("node:16.3.0", Age::Archived),
            ("node:16.9.0-slim", Age::Archived),
            ("node:16.14.0", Age::Old),
            ("node:18.12.1", Age::Old),
            ("node:18.20.4", Age::Known),
            ("node:22", Age::Known),
            ("node", Age::Known),
            ("php:7.2-fpm", Age::Archived),
            ("php:7.2-fpm-alpine", Age::Known),
            ("php:8.2-fpm", Age::Known),
            ("ruby:2.5-slim", Age::Archived),
            ("golang:1.13", Age::Archived),
            ("golang:1.16", Age::Old),
            ("rust:1.54", Age::Archived),
            ("debian:10-slim", Age::Archived),
            ("ubuntu:20.04", Age::Known),
            ("ubuntu:22.10", Age::Archived),
            ("centos:7", Age::Archived),
            ("team/php:7.2-fpm", Age::Known),
        ] {
            assert_eq!(Age::of(image), expected, "{image}");
        }
    }
}
