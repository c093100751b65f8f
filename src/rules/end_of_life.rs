//! What has ended of an image, for the rules about base images and about images of compose files.

use std::collections::BTreeSet;

use crate::build::{Release, UnmaintainedImage, ended_releases};
use crate::inputs::Date;

/// What of an image gets no security fixes any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EndOfLife {
    unmaintained: Option<UnmaintainedImage>,
    releases: Vec<&'static Release>,
}

impl EndOfLife {
    /// What has ended before a day; `None` if nothing is known to.
    pub(super) fn of(image: &str, today: Date) -> Option<Self> {
        let ended = Self { unmaintained: UnmaintainedImage::of(image, today), releases: ended_releases(image, today) };
        (ended.unmaintained.is_some() || !ended.releases.is_empty()).then_some(ended)
    }

    /// What ended when: `Debian 10 (buster) reached end of life on 2024-06-30`.
    pub(super) fn reasons(&self) -> String {
        let unmaintained =
            self.unmaintained.iter().map(|it| format!("`{}` has had no updates since {}", it.subject, it.end));
        let releases = self.releases.iter();
        let releases =
            releases.filter_map(|release| Some(format!("{} reached end of life on {}", release.title(), release.end?)));
        unmaintained.chain(releases).collect::<Vec<_>>().join(", ")
    }

    /// What to use instead; `programs`: what it must have.
    pub(super) fn help(&self, today: Date, programs: &BTreeSet<&str>) -> String {
        if let Some(image) = self.unmaintained {
            return match image.instead {
                Some(instead) => format!("use a maintained image, such as `{instead}`"),
                None => "use a maintained image".to_owned(),
            };
        }
        let help = "use a maintained release";
        let maintained = self.releases.first().and_then(|release| release.maintained(today, programs));
        match maintained.map(|release| (release, release.end)) {
            Some((release, Some(end))) => format!("{help}, such as {} (until {end})", release.title()),
            Some((release, None)) => format!("{help}, such as {}", release.title()),
            None => help.to_owned(),
        }
    }
}

/// An image without its digest, which says nothing to people.
pub(super) fn without_digest(image: &str) -> &str {
    image.split_once('@').map_or(image, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;

    /// What `compose emit` writes would otherwise be reported by the linter.
    #[test]
    fn images_that_are_written_are_maintained() {
        let newest =
            data::SERVER_IMAGES.rows().chain(data::RELEASES.rows()).filter_map(|row| Date::parse(row[row.len() - 2]));
        let today = newest.max().unwrap();
        for row in data::SERVER_IMAGES.rows() {
            assert_eq!(EndOfLife::of(row[2], today), None, "server_images.tsv: {}", row[2]);
        }
    }
}
