//! What a rule can query about one build. A fact that the page of the rule does not declare is not available.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use super::Rule;
use crate::build::{Build, Stage, toolchain};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{FileEdit, Finding, Fix, Safety, SuppressionUse, Target};
use crate::inputs::context::BuildContext;
use crate::inputs::{BuildInput, GitModes, IgnoreInput, Inputs, Need, ShellcheckAnswers, StepHistory};
use crate::manifest::Project;
use crate::settings::{OptionKind, OptionValue, ResolvedSettings};
use crate::text::{FileId, Source, Span, path};

/// One build, as a rule sees it.
#[derive(Debug)]
pub struct Context<'a, 'i> {
    rule: &'static Rule,
    inputs: &'i Inputs,
    neighbours: &'a Neighbours<'a, 'i>,
    build: &'a Build<'i>,
    settings: Option<&'a ResolvedSettings>,
    judged: &'a [SuppressionUse],
}

impl<'a, 'i> Context<'a, 'i> {
    /// The context of `rule` for `build`.
    pub fn new(
        rule: &'static Rule,
        inputs: &'i Inputs,
        neighbours: &'a Neighbours<'a, 'i>,
        build: &'a Build<'i>,
    ) -> Self {
        Self { rule, inputs, neighbours, build, settings: None, judged: &[] }
    }

    /// Sets the settings.
    #[must_use]
    pub fn under(self, settings: &'a ResolvedSettings) -> Self {
        Self { settings: Some(settings), ..self }
    }

    /// Sets which suppressions were used (for rules about suppressions).
    #[must_use]
    pub fn judging(self, judged: &'a [SuppressionUse]) -> Self {
        Self { judged, ..self }
    }

    /// The suppressions of this build, and whether they were used.
    pub fn suppressions(&self) -> &'a [SuppressionUse] {
        self.judged
    }

    /// The settings; `None` if there are none.
    pub fn settings(&self) -> Option<&'a ResolvedSettings> {
        self.settings
    }

    /// A list option of this rule, which its page declares; empty if the settings do not set it.
    pub fn list(&self, option: &str) -> &'a [String] {
        match self.option(option, OptionKind::List) {
            Some(OptionValue::List(list)) => list,
            _ => &[],
        }
    }

    fn option(&self, name: &str, kind: OptionKind) -> Option<&'a OptionValue> {
        let declared = self.rule.metadata().options.iter().any(|&(known, of)| known == name && of == kind);
        if !declared {
            return None;
        }
        self.settings?.options.get(&(self.rule.name, name.to_owned()))
    }

    /// The analysed Dockerfile.
    pub fn build(&self) -> &'a Build<'i> {
        self.build
    }

    /// The input of the build; facts beyond the Dockerfile come from the methods below.
    fn input(&self) -> &'i BuildInput {
        self.build.input()
    }

    /// The stages whose layers are in the final image, the last one first.
    pub fn shipped(&self) -> impl Iterator<Item = &'a Stage> {
        self.build.target().into_iter().flat_map(|target| self.build.chain(target))
    }

    /// The final stage, if it ships and runs an application.
    pub fn application(&self) -> Option<&'a Stage> {
        self.build.target().filter(|target| self.build.ships(target) && toolchain::is_application(self.build, target))
    }

    /// Whether the image is only for development, tests or examples, where its size does not matter.
    pub fn is_for_developers_only(&self) -> bool {
        self.build.target().is_some_and(|target| self.build.is_for_developers_only(target))
            || self.neighbours.has_production_sibling(self.build)
    }

    /// Whether another Dockerfile of its folder is the one for production.
    pub fn has_production_sibling(&self) -> bool {
        self.neighbours.has_production_sibling(self.build)
    }

    /// The files that are sent to the builder (`context.names`, `context.bytes`).
    pub fn context(&self) -> Option<&'i BuildContext> {
        let declared = self.declares(Need::ContextNames) || self.declares(Need::ContextBytes);
        let context = declared.then_some(self.input().context.as_deref()).flatten()?;
        // A folder without a project cannot disprove what the Dockerfile alone says.
        (self.rule.metadata().needs.context() || self.build.has_project()).then_some(context)
    }

    /// The beginning of a file of the context, if it was read (`context.texts`).
    pub fn text_of(&self, path: &str) -> Option<&'i [u8]> {
        if !self.declares(Need::ContextTexts) {
            return None;
        }
        let texts = self.input().texts.as_ref()?;
        texts.get(path).map(Vec::as_slice)
    }

    /// The beginnings of the files of the context that were read (`context.texts`).
    pub fn texts(&self) -> impl Iterator<Item = &'i [u8]> {
        let texts = if self.declares(Need::ContextTexts) { self.input().texts.as_ref() } else { None };
        texts.into_iter().flat_map(|texts| texts.values()).map(Vec::as_slice)
    }

    /// What ShellCheck reports for the scripts (`shellcheck`).
    pub fn shellcheck(&self) -> Option<&'i ShellcheckAnswers> {
        self.declares(Need::Shellcheck).then_some(self.input().shellcheck.as_deref()).flatten()
    }

    /// The modes that git records otherwise than the files have them (`git`).
    pub fn git_modes(&self) -> Option<&'i GitModes> {
        self.declares(Need::Git).then_some(self.input().git.as_deref()).flatten()
    }

    /// How often the steps would have run in the last commits, if that was computed (`git`).
    pub fn history(&self) -> Option<&'i StepHistory> {
        self.declares(Need::Git).then_some(self.inputs.histories.get(&self.file())).flatten()
    }

    /// The projects that the manifests describe (`projects`).
    pub fn projects(&self) -> Option<&'i [Project]> {
        self.declares(Need::Projects).then_some(self.input().projects.as_ref()?.as_slice())
    }

    /// The .dockerignore that applies.
    pub fn ignore(&self) -> &'i IgnoreInput {
        &self.input().ignore
    }

    /// The answer of another build with the same .dockerignore to a question. It must depend only on the question and
    /// that build, because it is computed once and cached.
    pub fn ask_neighbours(
        &self,
        question: impl Into<String>,
        answer: impl Fn(&Build<'i>) -> Option<String>,
    ) -> Option<String> {
        self.neighbours.ask(self.build, question.into(), answer)
    }

    /// The inputs' sources, for edits of other files.
    pub fn inputs(&self) -> &'i Inputs {
        self.inputs
    }

    /// The Dockerfile's id.
    pub fn file(&self) -> FileId {
        self.input().dockerfile
    }

    /// The Dockerfile's text.
    pub fn source(&self) -> &'i Source {
        self.input().file.source()
    }

    /// A finding of this rule in the Dockerfile.
    pub fn finding(&self, span: Span, message: impl Into<String>) -> Finding {
        let instructions = self.input().file.instructions();
        let next = instructions.partition_point(|instruction| instruction.span.start <= span.start);
        let index = next.checked_sub(1);
        let stage = index.and_then(|index| self.build.stage_of(index)).filter(|stage| stage.from().is_some());
        Finding {
            instruction_line: index.map(|index| instructions[index].start_line),
            stage: stage.map(Stage::title),
            ..self.rule.reporter().finding(self.file(), span, message)
        }
    }

    /// A fix that is one edit of the Dockerfile.
    pub fn fix(&self, title: impl Into<String>, safety: Safety, span: Span, text: impl Into<String>) -> Fix {
        let edit = FileEdit { target: Target::File(self.file()), span, text: text.into() };
        Fix { title: title.into(), safety, edits: vec![edit] }
    }

    /// A finding in an instruction other than RUN. Neither the builder's checks nor other linters inspect ONBUILD
    /// triggers, so a finding there has no codes.
    pub fn finding_at(&self, index: usize, span: Span, message: impl Into<String>) -> Finding {
        let mut finding = self.finding(span, message);
        if self.build.is_trigger(index) {
            finding.codes.clear();
        }
        finding
    }

    /// A finding in another file, such as the ignore file or the settings.
    pub fn finding_in(&self, file: FileId, span: Span, message: impl Into<String>) -> Finding {
        let instruction_line = Some(self.inputs.source(file).line(span.start));
        Finding { instruction_line, ..self.rule.reporter().finding(file, span, message) }
    }

    /// Whether the findings of the builder's checks make the build fail.
    pub fn is_strict(&self) -> bool {
        self.build.under_check_options(|options| options.error)
    }

    fn declares(&self, need: Need) -> bool {
        let metadata = self.rule.metadata();
        metadata.needs.has(need) || metadata.wants.has(need)
    }
}

// Questions to the other builds of a run that share a .dockerignore: each is answered once, however many builds ask
// it.

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
