//! What is to be copied: a build's files, and the texts that stand in for them.

use std::path::{Path, PathBuf};

use crate::build::{Build, StageBase};
use crate::ignore::{self, Matcher};
use crate::inputs::{IgnoreInput, Inputs};
use crate::text::Source;

/// A build that is to be copied: where its files are, and the texts that stand in for them.
#[derive(Clone, Debug)]
pub struct MeasurePlan {
    /// The context's folder.
    pub root: PathBuf,
    /// The Dockerfile's path from there, with slashes; that of one outside starts with `..` or is absolute.
    pub dockerfile: String,
    /// Its text.
    pub text: String,
    /// The ignore file's path from there, and its text.
    pub ignore: Option<(String, String)>,
    /// Further files that are new or have other texts, by their paths from there.
    pub files: Vec<(String, Vec<u8>)>,
    /// Images that the build stands on and takes from; `None` where only the build knows them.
    pub bases: Option<Vec<String>>,
}

impl MeasurePlan {
    /// The build with this index under the texts of a level; `None` where it has no folder.
    pub fn of(inputs: &Inputs, build: usize, sources: &[Source]) -> Option<Self> {
        let now = inputs.with_sources(sources);
        let input = now.builds.get(build)?;
        let root = PathBuf::from(input.context_root.as_ref()?);
        let below = |name: &str| from_root(&root, name);
        let name = sources.get(input.dockerfile.0 as usize)?.name();
        let mut ignore = match &input.ignore {
            IgnoreInput::Present(file, _) => {
                let source = sources.get(file.0 as usize)?;
                Some((below(source.name()), source.text().to_owned()))
            }
            _ => None,
        };
        let mut files = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            let is_own = index == input.dockerfile.0 as usize;
            let before = inputs.sources.get(index);
            let is_same = before.is_some_and(|before| before.bytes() == source.bytes());
            let path = below(source.name());
            if is_own || is_same || path.starts_with("..") || Path::new(&path).is_absolute() {
                continue;
            }
            if before.is_none() && path.ends_with(".dockerignore") {
                ignore.get_or_insert_with(|| (path, source.text().to_owned()));
            } else if ignore.as_ref().is_none_or(|(ignore_path, _)| *ignore_path != path) {
                files.push((path, source.bytes().to_vec()));
            }
        }
        let text = sources.get(input.dockerfile.0 as usize)?.text().to_owned();
        let bases = bases(&Build::new(input));
        Some(Self { dockerfile: below(name), root, text, ignore, files, bases })
    }

    /// What is kept back.
    pub(super) fn matcher(&self) -> Matcher {
        let text = self.ignore.as_ref().map(|(name, text)| ignore::parse(&Source::of(name, text)));
        text.map(|read| read.matcher()).unwrap_or_default()
    }
}

/// The images that what is built stands on and takes from, each once.
fn bases(build: &Build) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        for base in std::iter::once(&stage.base).chain(build.edges_of(stage).iter().map(|edge| &edge.to)) {
            match base {
                StageBase::Image(name) if !all.contains(name) => all.push(name.clone()),
                StageBase::Unknown(_) => return None,
                _ => {}
            }
        }
    }
    Some(all)
}

/// A path as it is from the root, both as the user would type them.
fn from_root(root: &Path, name: &str) -> String {
    let path = Path::new(name);
    let is_here = root == Path::new(".") || root == Path::new("");
    let below = if is_here { Some(path.strip_prefix(".").unwrap_or(path)) } else { path.strip_prefix(root).ok() };
    let Some(below) = below else {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        return absolute.display().to_string();
    };
    below.to_string_lossy().replace('\\', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_from_the_root() {
        for (root, name, expected) in [
            (".", "Dockerfile", "Dockerfile"),
            (".", "./docker/Dockerfile", "docker/Dockerfile"),
            ("backend", "backend/Dockerfile", "Dockerfile"),
            ("/a/b", "/a/c/Dockerfile", "/a/c/Dockerfile"),
        ] {
            assert_eq!(from_root(Path::new(root), name), expected, "{root} {name}");
        }
    }
}
