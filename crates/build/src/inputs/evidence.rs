//! What is known in addition to the inputs. Every part is optional: without it, the rewrite is as careful as the files
//! alone require.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use memchr::memmem::Finder;

use super::neighbour_images::NeighbourImages;
use super::service::Service;
use crate::inputs::context::BuildContext;
use crate::manifest::Project;
use crate::sources::text_filter::{FilterWord, TextFilters, TripleFilter, triples};

/// What stands behind decisions, as far as somebody looked.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Texts of the context's source and configuration files by path, bounded in number and size: routes, writes, programs
    /// and variables are looked for in them. Of an environment file (`.env`) names alone: `PASSWORD=`.
    pub texts: BTreeMap<String, String>,
    /// Whether some source files were left out of [`Self::texts`] for their number or size.
    pub texts_cut: bool,
    /// Folders in which Go keeps modules, with what their sources ask for.
    pub vendored: BTreeMap<String, VendoredModules>,
    /// Paths in the context's folder that git ignores, topmost only; `None` where it is no repository.
    pub git_ignored: Option<Vec<String>>,
    /// Topmost paths of the context that a clean clone lacks and no COPY names: git ignores or does not track them.
    pub absent: Vec<String>,
    /// The context without them, and its projects; `None` where that is the same.
    pub cloned: Option<CleanClone>,
    /// Folders of installed packages that git tracks: the project's own copies.
    pub committed: BTreeSet<String>,
    /// Compose services that are built from this Dockerfile.
    pub services: Vec<Service>,
    /// Names that those services give the image: `shop/web`.
    pub image_names: BTreeSet<String>,
    /// Images that compose files and Dockerfiles around the build name, whatever a .dockerignore keeps out.
    pub named_images: Vec<Arc<BTreeSet<String>>>,
    /// Images that the other Dockerfiles of the run name.
    pub neighbours: NeighbourImages,
    /// Texts of recipes (`Makefile`, `justfile`) and pipelines around the build, by path.
    pub recipes: BTreeMap<String, Arc<str>>,
    /// Names that the engine has images of (`python:3.13-slim`); `None` where none was asked.
    pub images: Option<BTreeSet<String>>,
    /// What the original image and a container of it showed.
    pub observed: Option<ObservedRun>,
    /// What finds words in [`Self::texts`]; those don't change once one was looked for.
    pub filters: TextFilters,
}

/// What modules that lie beside the sources ask for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VendoredModules {
    /// The first file that calls C.
    pub calls_c: Option<String>,
    /// Whether one looks time zones up.
    pub wants_zones: bool,
}

/// What a clean clone has of a context.
#[derive(Clone, Debug)]
pub struct CleanClone {
    /// The files.
    pub context: Arc<BuildContext>,
    /// What its manifests tell.
    pub projects: Option<Arc<Vec<Project>>>,
}

/// What running the original showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedRun {
    /// Absolute paths that a container of it wrote.
    pub written: BTreeSet<String>,
    /// Debian packages that what is copied to the run-time stage links against, and the slim base lacks.
    pub packages: BTreeSet<String>,
    /// Programs that the slim base lacks and the container called.
    pub programs: BTreeSet<String>,
    /// Paths that answered with a status below 400, with the port: `(8000, "/health")`.
    pub answers: Vec<(u16, String)>,
    /// Ports that it listened on.
    pub ports: Vec<u16>,
}

impl Evidence {
    /// The texts that hold one of the words, by their paths.
    pub fn holding<'e, T: AsRef<str>>(
        &'e self,
        words: &[T],
    ) -> impl Iterator<Item = (&'e String, &'e String)> + use<'e, T> {
        let words: Vec<FilterWord> = words
            .iter()
            .map(|word| {
                let word = word.as_ref().as_bytes();
                FilterWord { finder: Finder::new(word).into_owned(), triples: triples(word).collect() }
            })
            .collect();
        self.texts.iter().zip(self.filters.of(&self.texts)).filter_map(move |(text, filter)| {
            let holds =
                |word: &FilterWord| filter.may_hold(&word.triples) && word.finder.find(text.1.as_bytes()).is_some();
            words.iter().any(holds).then_some(text)
        })
    }

    /// The texts that may hold one of the words, letters of any case taken for the same: all that do, and a few others.
    pub fn perhaps_holding<'e, T: AsRef<str>>(
        &'e self,
        words: &[T],
    ) -> impl Iterator<Item = (&'e String, &'e String)> + use<'e, T> {
        let words: Vec<Vec<u64>> = words.iter().map(|word| triples(word.as_ref().as_bytes()).collect()).collect();
        let texts = self.texts.iter().zip(self.filters.of(&self.texts));
        let passes = move |filter: &TripleFilter| words.iter().any(|word| filter.may_hold(word));
        texts.filter(move |(_, filter)| passes(filter)).map(|(text, _)| text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(texts: &[&str]) -> Evidence {
        let texts = texts.iter().enumerate().map(|(at, text)| (at.to_string(), (*text).to_owned())).collect();
        Evidence { texts, ..Evidence::default() }
    }

    fn paths<'a>(texts: impl Iterator<Item = (&'a String, &'a String)>) -> String {
        texts.map(|(path, _)| path.as_str()).collect()
    }

    #[test]
    fn texts_that_hold_a_word_are_found() {
        let evidence =
            evidence(&["import os", "", "é", "IMPORT_OS = \"a longer text with import os at its end: import"]);
        assert_eq!(paths(evidence.holding(&["import os"])), "03");
        assert_eq!(paths(evidence.holding(&["IMPORT", "é"])), "23");
        assert_eq!(paths(evidence.holding(&[": import"])), "3");
        assert_eq!(paths(evidence.holding(&["os"])), "03");
        assert_eq!(paths(evidence.holding(&[""])), "0123");
        assert_eq!(paths(evidence.perhaps_holding(&["Import_Os"])), "3");
    }
}
