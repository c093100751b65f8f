//! What the name of a base image shows about its releases and its C library (`data/releases.tsv`,
//! `data/image_suites.tsv`).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use hashbrown::HashMap;

use super::image::{Reference, suite};
use crate::data;
use crate::inputs::Date;

/// A release of a product in an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// The product: `debian`, `python`.
    pub product: &'static str,
    /// The version as tags write it.
    pub version: &'static str,
    /// Its code name; empty where tags use none.
    pub name: &'static str,
    /// The day of the last fixes, if it is announced.
    pub end: Option<Date>,
    /// When that was looked up.
    pub date: &'static str,
}

/// The C library that an image's programs are linked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Libc {
    /// glibc; with the release of Debian if it is known.
    Glibc(Option<Release>),
    /// musl, as in Alpine.
    Musl,
    /// No C library.
    None,
}

/// The releases of each product, in the order of the table.
static RELEASES: LazyLock<HashMap<&str, Vec<Release>>> = LazyLock::new(|| {
    let release = |cells: data::Row| match cells {
        &[product, version, name, end, date, _] => {
            Some(Release { product, version, name, end: Date::parse(end), date })
        }
        _ => None,
    };
    let mut releases: HashMap<_, Vec<_>> = HashMap::new();
    for release in data::RELEASES.rows().filter_map(release) {
        releases.entry(release.product).or_default().push(release);
    }
    releases
});

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').filter_map(|part| part.parse().ok()).collect()
}

fn releases_of(product: &str) -> &'static [Release] {
    RELEASES.get(product).map_or(&[], Vec::as_slice)
}

impl Release {
    /// The product and version as people write them: `Debian 10 (buster)`, `Python 3.8`.
    pub fn title(&self) -> String {
        let product = data::PRODUCTS.rows().find(|row| row[1] == self.product).map_or("", |row| row[2]);
        match (self.product, self.name) {
            ("debian", name) if !name.is_empty() => format!("{product} {} ({name})", self.version),
            _ => format!("{product} {}", self.version),
        }
    }

    /// The release of the same product that receives fixes for the longest time after a day and whose images contain
    /// some programs: the one with the latest end, or the newest if no end is announced.
    pub fn maintained(&self, today: Date, programs: &BTreeSet<&str>) -> Option<&'static Release> {
        let all = releases_of(self.product);
        let fits = |other: &&Release| !other.lacks_any(programs);
        let announced = all.iter().filter(|other| other.end.is_some_and(|end| end > today) && fits(other));
        let newest =
            || all.iter().filter(|other| other.end.is_none() && fits(other)).max_by_key(|release| release.numbers());
        announced.max_by_key(|other| other.end).or_else(newest)
    }

    fn lacks_any(&self, programs: &BTreeSet<&str>) -> bool {
        data::REMOVED_PROGRAMS.rows().any(|row| match row {
            &[product, program, from, ..] => {
                product == self.product && programs.contains(program) && numbers(from) <= self.numbers()
            }
            _ => false,
        })
    }

    fn numbers(&self) -> Vec<u32> {
        numbers(self.version)
    }

    /// Its number among the releases of a product: `12` of Debian.
    pub fn number(&self) -> Option<u32> {
        self.version.split('.').next()?.parse().ok()
    }
}

/// The releases that an image's name shows: of its main product, then of the distribution that it is based on.
pub fn releases(image: &str) -> Vec<&'static Release> {
    let reference = Reference::of(image);
    let name = reference.short_name();
    let tag = reference.tag.unwrap_or_default();
    let mut releases: Vec<&'static Release> = Vec::new();
    if let Some(&[_, product, ..]) = data::PRODUCTS.row(name) {
        let first = tag.split('-').next().unwrap_or_default();
        releases
            .extend(numbered(product, first).or_else(|| tag.split('-').find_map(|word| find_release(product, word))));
    }
    for word in tag.split(['-', '_']) {
        let below = match word.strip_prefix("alpine") {
            Some(version) => numbered("alpine", version),
            None => find_release("debian", word).or_else(|| find_release("ubuntu", word)),
        };
        releases.extend(below.filter(|release| !releases.contains(release)));
    }
    let last = reference.last_name();
    if let Some((_, number)) = last.rsplit_once("-debian") {
        releases.extend(numbered("debian", number));
    }
    releases
}

/// Whether a word of a tag is the name of a release of Debian or Ubuntu: `bookworm`, `noble`.
pub fn is_suite(word: &str) -> bool {
    find_release("debian", word).or_else(|| find_release("ubuntu", word)).is_some()
}

fn numbered(product: &str, version: &str) -> Option<&'static Release> {
    let fits = |release: &&Release| {
        version.strip_prefix(release.version).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    releases_of(product).iter().filter(fits).max_by_key(|release| release.version.len())
}

fn find_release(product: &str, word: &str) -> Option<&'static Release> {
    releases_of(product).iter().find(|release| !release.name.is_empty() && release.name == word)
}

/// The C library of an image, as far as its name shows.
pub fn libc(image: &str) -> Option<Libc> {
    let reference = Reference::of(image);
    let name = reference.short_name();
    let tag = reference.tag.unwrap_or_default();
    let last = reference.last_name();
    if name.contains("distroless/static") {
        return Some(Libc::None);
    }
    if last.starts_with("alpine") || tag.split(['-', '_']).any(|word| word.starts_with("alpine") || word == "musl") {
        return Some(Libc::Musl);
    }
    if tag.contains("windows") || tag.contains("nanoserver") {
        return None;
    }
    let release = releases(image).into_iter().find(|release| matches!(release.product, "debian" | "ubuntu"));
    match release {
        Some(release) if release.product == "debian" => return Some(Libc::Glibc(Some(*release))),
        Some(_) => return Some(Libc::Glibc(None)),
        None => {}
    }
    let suite = suite(&reference).and_then(|suite| find_release("debian", suite));
    // Of the Java images, only those on Red Hat name their system.
    let on_ubuntu = name == "ubuntu" || (name == "eclipse-temurin" && !tag.contains("ubi"));
    let known = data::IMAGE_FAMILIES.has(name, "debian") || on_ubuntu || name.contains("distroless/");
    (suite.is_some() || known).then_some(Libc::Glibc(suite.copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_releases() {
        let titles = |image: &str| releases(image).iter().map(|release| release.title()).collect::<Vec<_>>().join(", ");
        for (image, expected) in [
            ("python:3.8-slim-buster", "Python 3.8, Debian 10 (buster)"),
            ("python:3.10.4", "Python 3.10"),
            ("node:16-alpine3.18", "Node.js 16, Alpine 3.18"),
            ("node:gallium", "Node.js 16"),
            ("debian:9.13-slim", "Debian 9 (stretch)"),
            ("debian:buster-20200101", "Debian 10 (buster)"),
            ("docker.io/library/ubuntu:18.04", "Ubuntu 18.04"),
            ("ubuntu:focal", "Ubuntu 20.04"),
            ("alpine:3.1", "Alpine 3.1"),
            ("alpine:3.19.1", "Alpine 3.19"),
            ("gcr.io/distroless/base-debian11:nonroot", "Debian 11 (bullseye)"),
            ("mcr.microsoft.com/dotnet/aspnet:3.1-focal", ".NET 3.1, Ubuntu 20.04"),
            ("golang:1.2", ""),
            ("python:3", ""),
            ("team/app:3.8", ""),
            ("python", ""),
        ] {
            assert_eq!(titles(image), expected, "{image}");
        }
    }

    #[test]
    fn a_maintained_release_brings_what_is_called() {
        let today = Date::parse("2026-11-21").unwrap();
        let title = |image: &str, programs: &[&str]| {
            let programs = programs.iter().copied().collect();
            releases(image)[0].maintained(today, &programs).map(Release::title).unwrap_or_default()
        };
        for (image, programs, expected) in [
            ("golang:1.23", &[][..], "Go 1.27"),
            ("node:20-alpine", &["npm"], "Node.js 26"),
            ("node:20-alpine", &["corepack", "pnpm"], "Node.js 24"),
            ("debian:buster", &[], "Debian 13 (trixie)"),
            ("python:3.8", &["corepack"], "Python 3.14"),
            ("centos:7", &[], ""),
        ] {
            assert_eq!(title(image, programs), expected, "{image}");
        }
    }

    #[test]
    fn names_tell_the_c_library() {
        let debian = |image: &str| match libc(image) {
            Some(Libc::Glibc(Some(release))) => release.name,
            Some(Libc::Glibc(None)) => "glibc",
            Some(Libc::Musl) => "musl",
            Some(Libc::None) => "none",
            None => "",
        };
        for (image, expected) in [
            ("rust:1.70-alpine", "musl"),
            ("rust:1.70", "bullseye"),
            ("rust:1.70-bullseye", "bullseye"),
            ("python:3.12-slim", "trixie"),
            ("gcr.io/distroless/static-debian12", "none"),
            ("gcr.io/distroless/cc-debian12:nonroot", "bookworm"),
            ("debian:12-slim", "bookworm"),
            ("eclipse-temurin:17-jre-focal", "glibc"),
            ("busybox:1.36", ""),
            ("team/app:1", ""),
        ] {
            assert_eq!(debian(image), expected, "{image}");
        }
    }
}
