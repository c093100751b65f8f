//! Whether Debian's mirrors still have the packages of the release that an image stands on, under the names known here.

use super::apt::Wanted;
use crate::build::{Reference, releases};
use crate::data;

/// The release below an image, seen from its packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    /// One of the last two, or not known to be older.
    Known,
    /// The one before: some libraries have other names.
    Old,
    /// Taken off the mirrors: nothing can be installed.
    Archived,
}

fn of(image: &str) -> Age {
    if let Some(release) = releases(image).into_iter().find(|release| release.product == "debian") {
        return match release.name {
            "jessie" | "stretch" | "buster" => Age::Archived,
            "bullseye" => Age::Old,
            _ => Age::Known,
        };
    }
    let parts = Reference::of(image);
    let version = parts.tag.and_then(|tag| tag.split('-').next()).unwrap_or_default();
    let numbers = |text: &str| text.split('.').map(str::parse).collect::<Result<Vec<u32>, _>>().unwrap_or_default();
    let own = numbers(version);
    let name = parts.short_name();
    if own.is_empty() {
        return Age::Known;
    }
    // A tag of fewer numbers moves on with the last release.
    let same = |other: &[u32]| own.len() >= other.len() && own[..other.len()] == *other;
    let until = |other: &[u32]| {
        same(other) || own.len() == 3 && other.len() == 3 && own[..2] == other[..2] && own[..] <= *other
    };
    let line =
        |other: &[u32]| name == "node" && own.len() == 3 && other.len() == 3 && own[0] == other[0] && own[..] <= *other;
    let before = |text: &str| {
        let other = numbers(text);
        !other.is_empty() && (until(&other) || line(&other))
    };
    if name == "node" && own[0] < 14 || name == "python" && (own[0] < 3 || own.len() > 1 && own[0] == 3 && own[1] < 5) {
        return Age::Archived;
    }
    let rows = || data::IMAGE_AGES.rows().filter(|row| row[0] == name);
    match (rows().any(|row| before(row[1])), rows().any(|row| before(row[2]))) {
        (true, _) => Age::Archived,
        (_, true) => Age::Old,
        _ => Age::Known,
    }
}

/// Gives packages that are to be installed the names of the image's release; an error where that cannot be.
pub(super) fn fit(image: &str, lacking: &[String], wanted: &mut Wanted) -> Result<(), String> {
    let Some(first) = lacking.first() else { return Ok(()) };
    match of(image) {
        Age::Known => Ok(()),
        Age::Archived => Err(format!("`{first}` can't be installed: Debian took the release off its mirrors")),
        Age::Old => {
            if let Some(name) = lacking.iter().find(|name| differs(name)) {
                return Err(format!("what `{name}` is called in its release of Debian is not known"));
            }
            for name in lacking.iter().filter_map(|name| name.strip_suffix("t64")) {
                if let Some(at) = wanted.remove(&format!("{name}t64")) {
                    wanted.insert(name.to_owned(), at);
                }
            }
            Ok(())
        }
    }
}

/// Whether a library has other names from one release to the next, `t64` aside.
fn differs(name: &str) -> bool {
    let plain = |name: &str| name.trim_end_matches("t64").to_owned();
    let name = plain(name);
    data::LIBRARY_PACKAGES.rows().any(|cells| {
        let &[_, old, new, ..] = cells else { return false };
        let has = |cell| data::words(cell).any(|library| plain(library) == name);
        has(old) != has(new)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_told() {
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
        ] {
            assert_eq!(of(image), expected, "{image}");
        }
        assert!(differs("libavcodec61") && differs("libavcodec59"));
        assert!(!differs("libpq5") && !differs("libasound2t64"));
    }
}
