//! The questions that a rule may ask about one build. A fact that the rule's page does not declare is not there.

use super::{Neighbours, Rule};
use crate::build::{Build, Stage};
use crate::finding::{Code, Finding, Suppression, SuppressionUse};
use crate::inputs::context::BuildContext;
use crate::inputs::{BuildInput, IgnoreInput, Inputs, Need, ShellcheckAnswers};
use crate::manifest::Project;
use crate::settings::{OptionKind, OptionValue, ResolvedSettings};
use crate::text::{FileId, Source, Span};

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
    /// What `rule` may ask about `build`.
    pub fn new(
        rule: &'static Rule,
        inputs: &'i Inputs,
        neighbours: &'a Neighbours<'a, 'i>,
        build: &'a Build<'i>,
    ) -> Self {
        Self { rule, inputs, neighbours, build, settings: None, judged: &[] }
    }

    /// Under these settings.
    #[must_use]
    pub fn under(self, settings: &'a ResolvedSettings) -> Self {
        Self { settings: Some(settings), ..self }
    }

    /// With what became of comments and settings that hide findings (for rules whose subject those are).
    #[must_use]
    pub fn judging(self, judged: &'a [SuppressionUse]) -> Self {
        Self { judged, ..self }
    }

    /// What hides findings of this build, and what became of it.
    pub fn suppressions(&self) -> &'a [SuppressionUse] {
        self.judged
    }

    /// What the settings say; `None` where there are none.
    pub fn settings(&self) -> Option<&'a ResolvedSettings> {
        self.settings
    }

    /// A list that the settings give to this rule; empty where they don't. The page declares it.
    pub fn list(&self, option: &str) -> &'a [String] {
        match self.option(option, OptionKind::List) {
            Some(OptionValue::List(list)) => list,
            _ => &[],
        }
    }

    fn option(&self, name: &str, kind: OptionKind) -> Option<&'a OptionValue> {
        let declared = self.rule.metadata().options.iter().any(|&(known, of)| known == name && of == kind);
        self.settings.filter(|_| declared)?.options.get(&(self.rule.name, name.to_owned()))
    }

    /// What the Dockerfile means.
    pub fn build(&self) -> &'a Build<'i> {
        self.build
    }

    /// What it was worked out from; facts beyond the Dockerfile come from the methods below.
    fn input(&self) -> &'i BuildInput {
        self.build.input()
    }

    /// The stages whose layers are in the image, the last one first.
    pub fn shipped(&self) -> impl Iterator<Item = &'a Stage> {
        self.build.target().into_iter().flat_map(|target| self.build.chain(target))
    }

    /// Whether the image is for development, tests or examples only: what it carries along is a burden to nobody.
    pub fn is_for_developers_only(&self) -> bool {
        self.build.target().is_some_and(|target| self.build.is_for_developers_only(target))
            || self.neighbours.has_production_sibling(self.build)
    }

    /// What the builder is sent (`context.names`, `context.bytes`).
    pub fn context(&self) -> Option<&'i BuildContext> {
        let declared = self.declares(Need::ContextNames) || self.declares(Need::ContextBytes);
        declared.then_some(self.input().context.as_deref()).flatten()
    }

    /// The beginning of a file of the context that was looked into (`context.texts`).
    pub fn text_of(&self, path: &str) -> Option<&'i [u8]> {
        let texts = self.input().texts.as_ref().filter(|_| self.declares(Need::ContextTexts))?;
        texts.get(path).map(Vec::as_slice)
    }

    /// What ShellCheck says about the scripts (`shellcheck`).
    pub fn shellcheck(&self) -> Option<&'i ShellcheckAnswers> {
        self.declares(Need::Shellcheck).then_some(self.input().shellcheck.as_deref()).flatten()
    }

    /// What the manifests tell (`projects`).
    pub fn projects(&self) -> Option<&'i [Project]> {
        self.declares(Need::Projects).then_some(self.input().projects.as_ref()?.as_slice())
    }

    /// The .dockerignore in force.
    pub fn ignore(&self) -> &'i IgnoreInput {
        &self.input().ignore
    }

    /// What another build with the same .dockerignore says to a question. The answer has to depend on the question and
    /// that build alone: it is worked out once for all that ask.
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

    /// A finding of the rule that asks, in the Dockerfile.
    pub fn finding(&self, span: Span, message: impl Into<String>) -> Finding {
        let instructions = self.input().file.instructions();
        let next = instructions.partition_point(|instruction| instruction.span.start <= span.start);
        let index = next.checked_sub(1);
        let metadata = self.rule.metadata();
        Finding {
            rule: self.rule.name,
            codes: metadata.aliases.iter().map(|&name| Code { name, line: None }).collect(),
            severity: metadata.severity,
            file: self.file(),
            span,
            labels: Vec::new(),
            instruction_line: index.map(|index| instructions[index].start_line),
            stage: index
                .and_then(|index| self.build.stage_of(index))
                .filter(|stage| stage.from().is_some())
                .map(Stage::title),
            message: message.into(),
            help: None,
            notes: Vec::new(),
            hidden_by: None,
            impact: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// A finding in the instruction with this index, where it is no RUN: behind ONBUILD neither the builder's checks nor
    /// other linters look.
    pub fn finding_at(&self, index: usize, span: Span, message: impl Into<String>) -> Finding {
        let mut finding = self.finding(span, message);
        if self.build.is_trigger(index) {
            finding.codes.clear();
        }
        finding
    }

    /// A finding on what hides others.
    pub fn suppression_finding(&self, suppression: &Suppression, span: Span, message: impl Into<String>) -> Finding {
        let line = self.inputs.source(suppression.file).line(span.start);
        let finding = self.finding(span, message);
        Finding { file: suppression.file, instruction_line: Some(line), stage: None, ..finding }
    }

    /// Whether the builder is told to fail for what its checks find.
    pub fn is_strict(&self) -> bool {
        self.build.under_check_options(|options| options.error)
    }

    fn declares(&self, need: Need) -> bool {
        let metadata = self.rule.metadata();
        metadata.needs.has(need) || metadata.wants.has(need)
    }
}
