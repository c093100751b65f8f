//! Smaller twins of official images (`data/slim_images.tsv`).

use super::image::{Reference, rows};
use super::release::releases;

/// The smaller twin of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slim {
    /// Its tag.
    pub tag: String,
    /// The compressed bytes of the image and of its twin, where they were measured.
    pub pull: Option<(u64, u64)>,
    /// The day of the table's row.
    pub date: &'static str,
}

impl Slim {
    /// The twin of an image that is named by a version; `None` where its publisher has none, or the tag is another kind.
    pub fn of(image: &str) -> Option<Self> {
        let reference = Reference::of(image);
        let (name, tag) = (reference.short_name(), reference.tag?);
        let cells = rows(include_str!("../../data/slim_images.tsv")).find(|cells| cells.first() == Some(&name))?;
        let &[_, place, full, slim, date, _] = cells.as_slice() else { return None };
        let is_suite = |word: &str| releases(&format!("debian:{word}")).iter().any(|one| one.name == word);
        let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
        let tag = match tag.split('-').collect::<Vec<_>>().as_slice() {
            [version] if is_number(version) || (name == "debian" && is_suite(version)) => format!("{version}-slim"),
            [suite, day] if name == "debian" && is_suite(suite) && is_number(day) => format!("{tag}-slim"),
            [version, suite] if is_number(version) && is_suite(suite) => match place {
                "before-suite" => format!("{version}-slim-{suite}"),
                _ => format!("{tag}-slim"),
            },
            _ => return None,
        };
        Some(Self { tag, pull: full.parse().ok().zip(slim.parse().ok()), date })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twins_follow_the_publisher() {
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
            ("python:latest", ""),
            ("python", ""),
            ("python:3.15-rc", ""),
            ("node:lts", ""),
            ("node:bookworm", ""),
            ("node:22-windowsservercore", ""),
            ("golang:1.26", ""),
            ("team/python:3.13", ""),
        ] {
            assert_eq!(Slim::of(image).map(|slim| slim.tag).unwrap_or_default(), expected, "{image}");
        }
    }
}
