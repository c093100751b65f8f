//! Questions to the other builds of a run that share a .dockerignore: each is answered once, however many builds ask
//! it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::build::Build;
use crate::data;
use crate::dockerfile::Keyword;
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
    with_production: HashMap<&'i str, Vec<usize>>,
}

type NeighbourAnswer = (FileId, String);

impl<'a, 'i> Neighbours<'a, 'i> {
    /// All builds of a run.
    pub fn new(builds: &'a [Build<'i>]) -> Self {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, build) in builds.iter().enumerate() {
            groups.entry(group(&build.input().ignore)).or_default().push(index);
        }
        let mut with_production: HashMap<_, Vec<_>> = HashMap::new();
        for (index, build) in builds.iter().enumerate() {
            let (folder, name) = path::split(&build.input().place);
            if is_for_production(name) {
                with_production.entry(folder).or_default().push(index);
            }
        }
        Self { builds, groups, known: Mutex::default(), with_production }
    }

    /// Whether the name of a Dockerfile next to this one says that it is for production, and this one's does not. Where
    /// the two are nearly the same, the name says nothing.
    pub(super) fn has_production_sibling(&self, build: &Build) -> bool {
        let (folder, name) = path::split(&build.input().place);
        if is_for_production(name) {
            return false;
        }
        let production = self.with_production.get(folder);
        production.is_some_and(|production| !production.iter().any(|index| is_alike(build, &self.builds[*index])))
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

/// Whether two Dockerfiles start the same command and share most instructions.
fn is_alike(build: &Build, other: &Build) -> bool {
    let words = |build: &Build| {
        let file = &build.input().file;
        let texts = file.instructions().iter().map(|instruction| file.logical(instruction.text).trim().to_owned());
        texts.collect::<HashSet<String>>()
    };
    let starts = |build: &Build| {
        let target = build.target()?;
        let last = [Keyword::Entrypoint, Keyword::Cmd].map(|keyword| {
            build.last(target, keyword).map(|(_, instruction)| build.input().file.logical(instruction.text).to_string())
        });
        Some(last)
    };
    if starts(build) != starts(other) {
        return false;
    }
    let (texts, other_texts) = (words(build), words(other));
    // Three quarters of the longer one.
    texts.intersection(&other_texts).count() * 4 >= texts.len().max(other_texts.len()) * 3
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
