//! Which build of the state before is the same build.

use std::collections::HashMap;

use super::figure::FigureKind;
use super::state::{BuildState, StateFigure};
use crate::settings::image_repository;
use crate::text::path;

/// What each build is called: the Dockerfile, else the image without its tag, which differs from commit to commit; with
/// the image and the platform where several have one Dockerfile.
pub(super) fn build_names(builds: &[BuildState]) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for build in builds {
        *counts.entry(short_name(build)).or_default() += 1;
    }
    let name = |build: &BuildState| {
        let short = short_name(build);
        if counts.get(short).is_none_or(|count| *count == 1) {
            return short.to_owned();
        }
        let parts = [build.dockerfile.as_deref(), build.images.first().map(String::as_str), build.platform.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        if parts.is_empty() { short.to_owned() } else { parts.join(" ") }
    };
    builds.iter().map(name).collect()
}

fn short_name(build: &BuildState) -> &str {
    if build.dockerfile.is_some() { build.name() } else { image_repository(build.name()) }
}

/// How many builds of a platform have a Dockerfile or an image.
type NameCounts<'a> = HashMap<(String, Option<&'a str>), usize>;

/// The builds of the state before, by what identifies them.
pub(super) struct BuildPairs<'a> {
    builds: &'a [BuildState],
    by_name: HashMap<String, Vec<&'a BuildState>>,
    after_count: usize,
    after_counts: NameCounts<'a>,
}

impl<'a> BuildPairs<'a> {
    pub(super) fn new(before: &'a [BuildState], after: &'a [BuildState]) -> Self {
        let mut by_name: HashMap<String, Vec<&BuildState>> = HashMap::new();
        for build in before {
            for name in names(build) {
                by_name.entry(name).or_default().push(build);
            }
        }
        let mut after_counts = NameCounts::new();
        for build in after {
            for name in names(build) {
                *after_counts.entry((name, build.platform.as_deref())).or_default() += 1;
            }
        }
        Self { builds: before, by_name, after_count: after.len(), after_counts }
    }

    /// The same build before: of the same Dockerfile and image, else of one of them if no other build could be meant. An
    /// only build is compared with another only one if one of them has no name.
    pub(super) fn find(&self, build: &BuildState) -> Option<&'a BuildState> {
        let is_same_platform = |other: &&&BuildState| {
            other.platform.is_none() || build.platform.is_none() || other.platform == build.platform
        };
        let named = |name: &str| -> Vec<&'a BuildState> {
            let all = self.by_name.get(name).map(Vec::as_slice).unwrap_or_default();
            all.iter().filter(is_same_platform).copied().collect()
        };
        let has_same_image = |other: &&&BuildState| build.images.iter().any(|image| other.images.contains(image));
        let is_only = |name: &str| {
            self.after_counts.get(&(name.to_owned(), build.platform.as_deref())).is_none_or(|count| *count == 1)
        };
        if let Some(file) = build.dockerfile.as_deref().map(path::normalize) {
            let candidates = named(&file);
            if let Some(same) = candidates.iter().find(has_same_image) {
                return Some(same);
            }
            let repositories: Vec<&str> = build.images.iter().map(|image| image_repository(image)).collect();
            let shares_repository =
                |other: &&&BuildState| other.images.iter().any(|image| repositories.contains(&image_repository(image)));
            let mut similar = candidates.iter().filter(shares_repository);
            match (similar.next(), similar.next(), candidates.as_slice()) {
                (Some(same), None, _) if repositories.iter().all(|repository| is_only(repository)) => {
                    return Some(same);
                }
                (_, _, [same]) if is_only(&file) => return Some(same),
                (_, _, []) => {}
                _ => return None,
            }
        }
        for image in &build.images {
            let repository = image_repository(image);
            let candidates = named(repository);
            if let Some(same) = candidates.iter().find(has_same_image) {
                return Some(same);
            }
            if let ([same], true) = (candidates.as_slice(), is_only(repository)) {
                return Some(same);
            }
        }
        match self.builds {
            [only] if self.after_count == 1 && (has_no_name(only) || has_no_name(build)) => Some(only),
            _ => None,
        }
    }
}

fn has_no_name(build: &BuildState) -> bool {
    build.dockerfile.is_none() && build.images.is_empty()
}

/// The Dockerfile and the images without their tags, each once.
fn names(build: &BuildState) -> Vec<String> {
    let file = build.dockerfile.iter().map(|file| path::normalize(file));
    let mut names: Vec<String> =
        file.chain(build.images.iter().map(|image| image_repository(image).to_owned())).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// A figure and the one before by the same command, if there is one.
pub(super) fn figure_pair<'a>(
    kind: FigureKind,
    build: &'a BuildState,
    old: Option<&'a BuildState>,
) -> Option<(&'a StateFigure, Option<&'a StateFigure>)> {
    let before = |after: &StateFigure| old?.figures_of(kind).find(|before| before.command == after.command);
    let paired = build.figures_of(kind).find_map(|after| before(after).map(|before| (after, Some(before))));
    paired.or_else(|| build.figures_of(kind).next().map(|after| (after, None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(dockerfile: &str, images: &[&str], platform: &str) -> BuildState {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let images = images.iter().map(|image| (*image).to_owned()).collect();
        BuildState { dockerfile: some(dockerfile), images, platform: some(platform), ..BuildState::default() }
    }

    /// Which of the builds before each of those after is compared with.
    fn pairs(before: &[BuildState], after: &[BuildState]) -> Vec<Option<usize>> {
        let pairs = BuildPairs::new(before, after);
        let place = |build: &BuildState| {
            let same = pairs.find(build)?;
            before.iter().position(|other| std::ptr::eq(other, same))
        };
        after.iter().map(place).collect()
    }

    #[test]
    fn the_same_build_is_compared() {
        let (base, other) = ([build("a/Dockerfile", &["app:1"], "")], [build("b/Dockerfile", &["web:1"], "")]);
        assert_eq!(pairs(&base, &[build("./a/Dockerfile", &["app:2"], "")]), [Some(0)]);
        assert_eq!(
            pairs(&base, &[build("a/Dockerfile", &["registry/pr-7:2"], "")]),
            [Some(0)],
            "the image was renamed"
        );
        assert_eq!(pairs(&base, &[build("c/Dockerfile", &["app:2"], "")]), [Some(0)], "the Dockerfile was moved");
        assert_eq!(pairs(&base, &[build("", &[], "")]), [Some(0)]);
        assert_eq!(pairs(&base, &other), [None], "both are the only build");
        assert_eq!(pairs(&base, &[build("", &["web:1"], "")]), [None]);
    }

    #[test]
    fn a_new_target_is_not_compared_with_another_one() {
        let base = [build("Dockerfile", &["app:prod"], "")];
        let after = [build("Dockerfile", &["app:prod"], ""), build("Dockerfile", &["app:debug"], "")];
        assert_eq!(pairs(&base, &after), [Some(0), None]);
        let after = [build("Dockerfile", &["app-debug"], ""), build("Dockerfile", &["app:prod"], "")];
        assert_eq!(pairs(&base, &after), [None, Some(0)]);
        let after = [build("", &["app:prod"], ""), build("", &["app:debug"], "")];
        assert_eq!(pairs(&[build("", &["app:prod"], "")], &after), [Some(0), None]);
    }

    #[test]
    fn platforms_are_builds_of_their_own() {
        let both = |tag: &str| [build("Dockerfile", &[tag], "linux/amd64"), build("Dockerfile", &[tag], "linux/arm64")];
        assert_eq!(pairs(&both("app:1"), &both("app:2")), [Some(0), Some(1)]);
        assert_eq!(pairs(&both("app:1")[..1], &both("app:2")), [Some(0), None]);
    }

    #[test]
    fn names_of_images_have_no_tag() {
        assert_eq!(build_names(&[build("", &["app:1"], ""), build("D", &["app:1"], "")]), ["app", "D"]);
        let targets = [build("D", &["app:1"], ""), build("D", &["web:1"], "linux/arm64")];
        assert_eq!(build_names(&targets), ["D app:1", "D web:1 linux/arm64"]);
    }
}
