//! What the builds of one run that share a .dockerignore say of each other: each question is worked out once, however
//! many builds ask it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::build::Build;
use crate::inputs::IgnoreInput;
use crate::text::FileId;

/// The builds of one run.
#[derive(Debug)]
pub struct Neighbours<'a, 'i> {
    builds: &'a [Build<'i>],
    /// By the name of their .dockerignore.
    groups: BTreeMap<String, Vec<usize>>,
    /// By group and question the first two that have an answer: who asks may be one of them.
    known: Mutex<HashMap<(String, String), Vec<Answer>>>,
}

type Answer = (FileId, String);

impl<'a, 'i> Neighbours<'a, 'i> {
    /// All builds of a run.
    pub fn new(builds: &'a [Build<'i>]) -> Self {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, build) in builds.iter().enumerate() {
            groups.entry(group(&build.input().ignore)).or_default().push(index);
        }
        Self { builds, groups, known: Mutex::default() }
    }

    /// The answer of another build with the same .dockerignore. The answer has to depend on the question and that build
    /// alone.
    pub(super) fn ask(
        &self,
        own: &Build,
        question: String,
        answer: impl Fn(&Build<'i>) -> Option<String>,
    ) -> Option<String> {
        let input = own.input();
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

fn group(ignore: &IgnoreInput) -> String {
    match ignore {
        IgnoreInput::Present(file, _) => format!("={}", file.0),
        IgnoreInput::Missing(path) => path.clone(),
        IgnoreInput::Unknown => String::new(),
    }
}
