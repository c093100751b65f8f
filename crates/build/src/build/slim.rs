//! Slim variants of official images (`data/slim_images.tsv`).

use super::image::{BaseImage, Presence, Reference};
use super::release::{Libc, is_suite, libc, releases};
use crate::data;

/// The slim variant of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlimImage {
    /// Its tag.
    pub tag: String,
    /// The compressed sizes of the image and of its slim variant, if they were measured.
    pub pull: Option<(u64, u64)>,
    /// The day of the table's row.
    pub date: &'static str,
}

impl SlimImage {
    /// The slim variant of an image that is named by a version; `None` if its publisher has none, or the tag is of
    /// another kind.
    pub fn of(image: &str) -> Option<Self> {
        Self::find(image, false)
    }

    /// Like [`Self::of`], also for moving tags: `latest`, `lts`.
    pub fn of_any(image: &str) -> Option<Self> {
        Self::find(image, true)
    }

    fn find(image: &str, moving: bool) -> Option<Self> {
        let reference = Reference::of(image);
        let (name, tag) = (reference.short_name(), reference.tag.unwrap_or("latest"));
        let cells = data::SLIM_IMAGES.row(name)?;
        let &[_, place, floating, full, slim, date, _] = cells else { return None };
        let floats = |word: &str| moving && data::words(floating).any(|known| known == word);
        let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        let words: Vec<&str> = tag.split('-').collect();
        if place == "jre" {
            return runtime(&words).map(|tag| Self { tag, pull: None, date });
        }
        if place == "suffix" {
            return on_debian(tag).then(|| Self { tag: format!("{tag}-slim"), pull: None, date });
        }
        let tag = match words.as_slice() {
            ["latest"] if floats("latest") => "slim".to_owned(),
            [suite] if floats("latest") && is_suite(suite) => match place {
                "before-suite" => format!("slim-{suite}"),
                _ => format!("{suite}-slim"),
            },
            [version] if is_number(version) || floats(version) || (name == "debian" && is_suite(version)) => {
                format!("{version}-slim")
            }
            [suite, day] if name == "debian" && is_suite(suite) && is_number(day) => format!("{tag}-slim"),
            [version, suite] if (is_number(version) || floats(version)) && is_suite(suite) => match place {
                "before-suite" => format!("{version}-slim-{suite}"),
                _ => format!("{tag}-slim"),
            },
            _ => return None,
        };
        Some(Self { tag, pull: full.parse().ok().zip(slim.parse().ok()), date })
    }
}

impl SlimImage {
    /// The compressed size of a full or slim image, or of the slim variant that it may become.
    pub fn pull_of(image: &str, becomes_slim: bool) -> Option<u64> {
        if let Some(slim) = Self::of_any(image) {
            return slim.pull.map(|(full, slim_bytes)| if becomes_slim { slim_bytes } else { full });
        }
        let reference = Reference::of(image);
        let cells = data::SLIM_IMAGES.row(reference.short_name())?;
        reference.tag?.split('-').any(|word| word == "slim").then(|| cells.get(4)?.parse().ok())?
    }

    /// Debian packages for a program that full images have and slim ones lack (`data/slim_programs.tsv`): the package
    /// that contains it, then packages that it usually needs. `None` for programs that full images don't have.
    pub fn packages_of(program: &str) -> Option<Vec<&'static str>> {
        let cells = data::SLIM_PROGRAMS.row(program)?;
        Some(data::words(cells.get(1)?).collect())
    }

    /// Whether full and slim variants of an image have the same programs.
    pub fn has_same_programs(image: &str) -> bool {
        matches!(Reference::of(image).short_name(), "debian" | "eclipse-temurin" | "oven/bun")
    }

    /// Packages for a program which a slim image is known to lack; empty if the image has it, or if that is unknown.
    pub fn missing_packages(slim: &str, program: &str) -> Vec<&'static str> {
        if Self::has_same_programs(slim) || BaseImage::of(slim).presence(program) == Presence::Has {
            return Vec::new();
        }
        let mut packages = Self::packages_of(program).unwrap_or_default();
        // Their slim images contain it (docker-library/python 3.13/slim-trixie, docker-library/ruby 3.4/slim-trixie).
        if matches!(Reference::of(slim).short_name(), "python" | "ruby") {
            packages.retain(|package| *package != "ca-certificates");
        }
        packages
    }

    /// The programs whose quoted name in a source file means that the program is called.
    pub fn called_by_name() -> impl Iterator<Item = &'static str> {
        data::SLIM_PROGRAMS.rows().filter(|cells| cells[2] != "no").map(|cells| cells[0])
    }

    /// The programs for which that is true wherever the quoted name is.
    pub fn quoted_anywhere() -> impl Iterator<Item = &'static str> {
        data::SLIM_PROGRAMS.rows().filter(|cells| cells[2] == "anywhere").map(|cells| cells[0])
    }

    /// Whether an image is known to have the system's certificates of authorities: images of toolchains
    /// (`data/toolchain_images.tsv`), Alpine, full variants on buildpack-deps, and all of Python and Ruby (see
    /// [`Self::missing_packages`]).
    pub fn has_authorities(image: &str) -> bool {
        let reference = Reference::of(image);
        let row =
            data::TOOLCHAIN_IMAGES.row(reference.name).or_else(|| data::TOOLCHAIN_IMAGES.row(reference.short_name()));
        row.is_some_and(|cells| cells.get(2) == Some(&"yes"))
            || libc(image) == Some(Libc::Musl)
            || matches!(reference.short_name(), "python" | "ruby")
            || reference.short_name() == "node" && Self::of_any(image).is_some()
    }

    /// Whether the publisher of an image has slim variants of some of its tags.
    pub fn has_some(image: &str) -> bool {
        let reference = Reference::of(image);
        let row = data::SLIM_IMAGES.row(reference.short_name());
        row.is_some_and(|cells| cells.get(1) != Some(&"suffix") || on_debian(reference.tag.unwrap_or_default()))
    }
}

/// Whether a tag ends in a release of Debian.
fn on_debian(tag: &str) -> bool {
    tag.rsplit('-').next().is_some_and(|last| last == "debian" || is_suite(last))
}

/// The tag of the Java runtime for that of a JDK: `21-jre-noble` for `21-jdk-noble` and `21-noble`.
fn runtime(words: &[&str]) -> Option<String> {
    let (version, rest) = words.split_first()?;
    let rest = match rest.split_first() {
        Some((&"jdk", rest)) => rest,
        _ => rest,
    };
    let is_known = |word: &&str| {
        let ubuntu = releases(&format!("ubuntu:{word}")).iter().any(|release| release.name == *word);
        ubuntu || *word == "alpine" || word.starts_with("3.") || word.starts_with("ubi") || *word == "minimal"
    };
    // The releases with long-term support have both.
    let both = ["8", "11", "17", "21", "25"].contains(&version.split(['.', 'u']).next()?);
    (both && rest.iter().all(is_known)).then(|| [&[*version, "jre"], rest].concat().join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slim_variants_follow_the_publisher() {
        for (image, expected) in [
            ("python:3.13", "3.13-slim"),
            ("python:3.13.1-bookworm", "3.13.1-slim-bookworm"),
            ("node:22-bookworm", "22-bookworm-slim"),
            ("docker.io/library/node:22", "22-slim"),
            ("debian:bookworm", "bookworm-slim"),
            ("debian:12.5", "12.5-slim"),
            ("debian:trixie-20260803", "trixie-20260803-slim"),
            ("python:3.13-slim", ""),
            ("python:3.13-alpine", ""),
            ("python:3", "3-slim"),
            ("python:latest", "slim"),
            ("python", "slim"),
            ("python:bookworm", "slim-bookworm"),
            ("ruby", "slim"),
            ("python:3.15-rc", ""),
            ("node:lts", "lts-slim"),
            ("node:lts-bookworm", "lts-bookworm-slim"),
            ("node:iron", "iron-slim"),
            ("node:bookworm", "bookworm-slim"),
            ("node:nightly", ""),
            ("debian", ""),
            ("debian:stable", "stable-slim"),
            ("node:22-windowsservercore", ""),
            ("eclipse-temurin:21", "21-jre"),
            ("eclipse-temurin:17-jdk-alpine", "17-jre-alpine"),
            ("eclipse-temurin:17.0.6_10-jdk-jammy", "17.0.6_10-jre-jammy"),
            ("eclipse-temurin:21-jre", ""),
            ("eclipse-temurin:26", ""),
            ("eclipse-temurin:21-nanoserver", ""),
            ("oven/bun:1", "1-slim"),
            ("oven/bun", "slim"),
            ("oven/bun:1-alpine", ""),
            ("ghcr.io/astral-sh/uv:python3.12-bookworm", "python3.12-bookworm-slim"),
            ("ghcr.io/astral-sh/uv:0.8.11-python3.12-bookworm", "0.8.11-python3.12-bookworm-slim"),
            ("ghcr.io/astral-sh/uv:python3.12-bookworm-slim", ""),
            ("ghcr.io/astral-sh/uv:python3.12-alpine", ""),
            ("ghcr.io/astral-sh/uv:0.8.11", ""),
            ("golang:1.26", ""),
            ("team/python:3.13", ""),
        ] {
            assert_eq!(SlimImage::of_any(image).map(|slim| slim.tag).unwrap_or_default(), expected, "{image}");
        }
    }

    #[test]
    fn names_that_move_are_asked_for() {
        assert_eq!(SlimImage::of("node:lts"), None);
        assert_eq!(SlimImage::of("python"), None);
    }
}
