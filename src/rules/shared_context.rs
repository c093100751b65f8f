//! Questions to the other builds of a run that share a .dockerignore: each is answered once, however many builds ask
//! it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::build::Build;
use crate::data;
use crate::inputs::IgnoreInput;
use crate::text::{FileId, path};

/// The builds of one run.
#[derive(Debug)]
pub struct Neighbours<'a, 'i> {
    builds: &'a [Build<'i>],
    /// The builds by the name of their .dockerignore.
    groups: BTreeMap<String, Vec<usize>>,
    /// By group and question, the first two builds that have an answer: the build that asks may be one of them.
    known: Mutex<HashMap<(String, String), Vec<NeighbourAnswer>>>,
    /// Folders with a Dockerfile whose name says that it is for production.
    with_production: HashSet<&'i str>,
}

type NeighbourAnswer = (FileId, String);

impl<'a, 'i> Neighbours<'a, 'i> {
    /// All builds of a run.
    pub fn new(builds: &'a [Build<'i>]) -> Self {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, build) in builds.iter().enumerate() {
            groups.entry(group(&build.input().ignore)).or_default().push(index);
        }
        let places = builds.iter().map(|build| path::split(&build.input().place));
        let with_production = places.filter(|(_, name)| is_for_production(name)).map(|(folder, _)| folder).collect();
        Self { builds, groups, known: Mutex::default(), with_production }
    }

    /// Whether the name of a Dockerfile next to this one says that it is for production, and this one's does not.
    pub(super) fn has_production_sibling(&self, build: &Build) -> bool {
        let (folder, name) = path::split(&build.input().place);
        self.with_production.contains(folder) && !is_for_production(name)
    }

    /// The answer of another build with the same .dockerignore. It must depend only on the question and that build.
    pub(super) fn ask(
        &self,
        build: &Build,
        question: String,
        answer: impl Fn(&Build<'i>) -> Option<String>,
    ) -> Option<String> {
        let input = build.input();
        if matches!(input.ignore, IgnoreInput::Unknown) {
            return None;
        }
        let group = group(&input.ignore);
        let members = self.groups.get(&group)?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = known.entry((group, question)).or_insert_with(|| {
            let all = members.iter().map(|index| &self.builds[*index]);
            all.filter_map(|build| Some((build.input().dockerfile, answer(build)?))).take(2).collect()
        });
        answers.iter().find(|(file, _)| *file != input.dockerfile).map(|(_, answer)| answer.clone())
    }
}

fn is_for_production(name: &str) -> bool {
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| data::NAME_WORDS.has(word, "production"))
}

fn group(ignore: &IgnoreInput) -> String {
    match ignore {
        IgnoreInput::Present(file, _) => format!("={}", file.0),
        IgnoreInput::Missing(path) => path.clone(),
        IgnoreInput::Unknown => String::new(),
    }
}
