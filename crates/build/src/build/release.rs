//! What the name of a base image shows about its releases and its C library (`data/releases.tsv`,
//! `data/image_suites.tsv`, `data/tag_products.tsv`), and whether it is maintained (`data/unmaintained_images.tsv`).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use hashbrown::HashMap;

use super::image::{Reference, is_like, suite};
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

/// The releases that an image's name shows: of its main product, then of what its tag and its name say besides.
pub fn releases(image: &str) -> Vec<&'static Release> {
    let reference = Reference::of(image);
    let tag = reference.tag.unwrap_or_default();
    let mut releases: Vec<&'static Release> = Vec::new();
    let main = product(&reference).and_then(|product| {
        let by_number = numbered(product, first_word(tag));
        by_number.or_else(|| tag.split('-').find_map(|word| find_release(product, word)))
    });
    releases.extend(main);
    let words: Vec<&str> = tag.split(['-', '_']).collect();
    for (index, word) in words.iter().enumerate() {
        if main.is_some_and(|main| main.name == *word) {
            continue;
        }
        let suite = find_release("debian", word).or_else(|| find_release("ubuntu", word));
        let version = suite.or_else(|| versioned(word)).or_else(|| {
            let &[_, product, ..] = data::TAG_PRODUCTS.row(word)? else { return None };
            numbered(product, words.get(index + 1)?)
        });
        releases.extend(version.filter(|release| !releases.contains(release)));
    }
    if let Some((_, number)) = reference.last_name().rsplit_once("-debian") {
        releases.extend(numbered("debian", number));
    }
    if reference.name.contains('/') {
        releases.extend(reference.name.split('/').filter(|part| part.starts_with("ubi")).find_map(versioned));
    }
    releases
}

/// Whether an image, or a release in it, gets no security fixes any more.
pub fn has_ended(image: &str, today: Date) -> bool {
    UnmaintainedImage::of(image, today).is_some() || !ended_releases(image, today).is_empty()
}

/// The releases of an image that have ended before a day. A tag with a major version alone moves to its last release:
/// that one counts where the product has a newer major version.
pub fn ended_releases(image: &str, today: Date) -> Vec<&'static Release> {
    let has_ended = |release: &Release| release.end.is_some_and(|end| end < today);
    let reference = Reference::of(image);
    let last = product(&reference).and_then(|product| {
        let major: u32 = first_word(reference.tag?).parse().ok()?;
        let is_newer = |release: &Release| release.numbers().first().is_some_and(|number| *number > major);
        let all = || releases_of(product).iter().filter(|release| release.numbers().first() == Some(&major));
        let has_all_ended = all().all(has_ended) && releases_of(product).iter().any(is_newer);
        all().max_by_key(|release| release.numbers()).filter(|release| has_all_ended && release.version.contains('.'))
    });
    let others = releases(image).into_iter().filter(|release| has_ended(release) && last != Some(*release));
    last.into_iter().chain(others).collect()
}

/// An image that gets no updates any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnmaintainedImage {
    /// What is not maintained: the image, or what it is based on.
    pub subject: &'static str,
    /// The day of the last updates.
    pub end: Date,
    /// The image to use instead, if one is known.
    pub instead: Option<&'static str>,
}

impl UnmaintainedImage {
    /// What is known of an image on a day.
    pub fn of(image: &str, today: Date) -> Option<Self> {
        let reference = Reference::of(image);
        let (name, tag) = (reference.short_name(), reference.tag.unwrap_or("latest"));
        let fits = |globs: &'static str| data::words(globs).any(|glob| is_like(glob, tag));
        data::UNMAINTAINED_IMAGES.rows().find_map(|row| match row {
            &[image, tags, except, subject, end, instead, ..]
                if is_like(image, name) && fits(tags) && (except == "-" || !fits(except)) =>
            {
                let end = Date::parse(end).filter(|end| *end < today)?;
                Some(Self { subject, end, instead: Some(instead).filter(|instead| *instead != "-") })
            }
            _ => None,
        })
    }
}

/// The main product of an image.
fn product(reference: &Reference) -> Option<&'static str> {
    data::PRODUCTS.row(reference.short_name()).map(|row| row[1])
}

/// The first word of a tag, without the `v` before a version.
fn first_word(tag: &str) -> &str {
    let first = tag.split('-').next().unwrap_or_default();
    first.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(first)
}

/// The release that a word names with its product: `python3.8`, `alpine3.18`, `ubi7`.
fn versioned(word: &str) -> Option<&'static Release> {
    let (name, version) = word.split_at(word.find(|c: char| c.is_ascii_digit())?);
    let &[_, product, ..] = data::TAG_PRODUCTS.row(name)? else { return None };
    numbered(product, version)
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
            ("postgres:11-alpine", "PostgreSQL 11"),
            ("postgis/postgis:11-3.3", "PostgreSQL 11"),
            ("timescale/timescaledb:2.5.1-pg12", "PostgreSQL 12"),
            ("docker.elastic.co/elasticsearch/elasticsearch:7.17.9", "Elasticsearch 7"),
            ("traefik:v2.10", "Traefik 2.10"),
            ("amazonlinux:2.0.20230404.1", "Amazon Linux 2"),
            ("amazonlinux:2023", "Amazon Linux 2023"),
            ("fedora:35", "Fedora 35"),
            ("ros:noetic-ros-base-focal", "ROS noetic, Ubuntu 20.04"),
            ("ros:lunar", "ROS lunar"),
            ("maven:3.6-jdk-8", "Maven 3.6, Java 8"),
            ("maven:3.8.4-openjdk-16-slim", "Maven 3.8, Java 16"),
            ("eclipse-temurin:18-jre-alpine", "Java 18"),
            ("tiangolo/uvicorn-gunicorn-fastapi:python3.8-slim", "Python 3.8"),
            ("nikolaik/python-nodejs:python3.8-nodejs16", "Python 3.8, Node.js 16"),
            ("wordpress:5.9-php7.4-fpm-alpine", "PHP 7.4"),
            ("hexpm/elixir:1.14.0-erlang-24.3.4-alpine-3.16.2", "Erlang/OTP 24, Alpine 3.16"),
            ("nvidia/cuda:11.0-base-ubuntu18.04", "Ubuntu 18.04"),
            ("nvidia/cuda:10.2-devel-centos7", "CentOS 7"),
            ("quay.io/centos/centos:stream8", "CentOS Stream 8"),
            ("registry.access.redhat.com/ubi7/nodejs-16:latest", "Red Hat Enterprise Linux 7"),
            ("registry.access.redhat.com/ubi9-minimal:9.4", ""),
            ("mcr.microsoft.com/dotnet/core/aspnet:3.1", ".NET 3.1"),
            ("mongo:4", ""),
            ("team/app:php", ""),
        ] {
            assert_eq!(titles(image), expected, "{image}");
        }
    }

    #[test]
    fn tags_that_move_end_with_their_last_release() {
        let today = Date::parse("2026-11-20").unwrap();
        let titles =
            |image: &str| ended_releases(image, today).iter().map(|it| it.title()).collect::<Vec<_>>().join(", ");
        for (image, expected) in [
            ("mongo:4", "MongoDB 4.4"),
            ("rabbitmq:3-management", "RabbitMQ 3.13"),
            ("php:7-fpm", "PHP 7.4"),
            ("python:2", "Python 2.7"),
            ("mysql:5", "MySQL 5.7"),
            ("mysql:5.7.44", "MySQL 5.7"),
            ("mysql:8", ""),
            ("mysql:8.0", "MySQL 8.0"),
            ("redis:6", ""),
            ("redis:7-alpine", ""),
            ("nginx:1", ""),
            ("golang:1", ""),
            ("python:3", ""),
            ("elasticsearch:8.11.1", ""),
            ("postgres", ""),
            ("openjdk:8", ""),
        ] {
            assert_eq!(titles(image), expected, "{image}");
        }
    }

    #[test]
    fn unmaintained_images_are_known_by_their_tags() {
        let today = Date::parse("2026-11-20").unwrap();
        for (image, expected) in [
            ("openjdk:11-jre-slim", Some("openjdk")),
            ("openjdk", Some("openjdk")),
            ("docker.io/library/openjdk:8", Some("openjdk")),
            ("openjdk:27-ea-jdk-slim", None),
            ("maven:3.6-jdk-8", Some("openjdk")),
            ("maven:3-openjdk-17-slim", Some("openjdk")),
            ("maven:3.6.3-adoptopenjdk-11", Some("adoptopenjdk")),
            ("maven:3.9-eclipse-temurin-21", None),
            ("tomcat:9-jdk11-openjdk-slim", Some("openjdk")),
            ("bitnami/redis:6.2", Some("bitnami")),
            ("bitnami/redis:latest", None),
            ("bitnamilegacy/redis", Some("bitnamilegacy")),
            ("centos", Some("centos")),
            ("jenkins:2.60", Some("jenkins")),
            ("jenkins/jenkins:lts", None),
            ("team/openjdk:11", None),
        ] {
            assert_eq!(UnmaintainedImage::of(image, today).map(|image| image.subject), expected, "{image}");
        }
        let before = Date::parse("2022-07-01").unwrap();
        assert_eq!(UnmaintainedImage::of("openjdk:11", before), None);
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
