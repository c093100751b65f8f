//! The input and the output of a pass.

use std::cell::OnceCell;

use super::assumption::{Assumption, Support};
use super::options::Options;
use crate::build::{Build, Code, ImageSources, Stage};
use crate::dockerfile::{File, Instruction, Keyword};
use crate::finding::{FileEdit, Target};
use crate::inputs::Evidence;
use crate::inputs::Service;
use crate::inputs::context::BuildContext;
use crate::inputs::{BuildInput, Inputs};
use crate::manifest::{Ecosystem, Project};
use crate::shell::{Invocation, Script, Verb, parse};
use crate::text::{Edit, Source, Span};

/// The build as the passes before left it.
pub(super) struct PassInput<'a> {
    /// The inputs under the texts of now.
    pub inputs: &'a Inputs,
    /// The build that is rewritten.
    pub build: &'a Build<'a>,
    /// The Dockerfile as its author wrote it.
    pub author: &'a File,
    /// What is known beyond.
    pub evidence: &'a Evidence,
    /// What the user asked for.
    pub options: &'a Options,
    /// The projects that the build takes, once they were asked for.
    pub built_projects: &'a OnceCell<Vec<&'a Project>>,
}

impl<'a> PassInput<'a> {
    /// The build's input.
    pub(super) fn input(&self) -> &'a BuildInput {
        self.build.input()
    }

    /// The Dockerfile.
    pub(super) fn file(&self) -> &'a File {
        &self.input().file
    }

    /// Whether an instruction is written as its author wrote it.
    pub(super) fn is_as_written(&self, instruction: &Instruction) -> bool {
        let text = self.source().slice(instruction.span);
        self.author.instructions().iter().any(|written| self.author.source().slice(written.span) == text)
    }

    /// The Dockerfile's text.
    pub(super) fn source(&self) -> &'a Source {
        self.file().source()
    }

    /// What the builder is sent, where it was looked at.
    pub(super) fn context(&self) -> Option<&'a BuildContext> {
        self.input().context.as_deref()
    }

    /// What the manifests tell; empty where nobody looked.
    pub(super) fn projects(&self) -> &'a [Project] {
        self.input().projects.as_deref().map_or(&[], Vec::as_slice)
    }

    /// The projects that the build takes: another one of the repository says nothing about its image.
    pub(super) fn built_projects(&self) -> &'a [&'a Project] {
        self.built_projects.get_or_init(|| match self.projects() {
            all @ ([] | [_]) => all.iter().collect(),
            all => {
                let sources = ImageSources::of(self.build, self.target(), all, &[]);
                all.iter().filter(|project| sources.builds(project)).collect()
            }
        })
    }

    /// Those of an ecosystem.
    pub(super) fn projects_of(&self, ecosystem: Ecosystem) -> impl Iterator<Item = &'a Project> + Clone + use<'a> {
        self.built_projects().iter().copied().filter(move |project| project.ecosystem == ecosystem)
    }

    /// Whether one of them names a package among its dependencies.
    pub(super) fn depends_on(&self, package: &str) -> bool {
        self.built_projects().iter().flat_map(|project| &project.dependencies).any(|known| known.name == package)
    }

    /// Whether a step of a stage that the image needs installs packages of an ecosystem.
    pub(super) fn installs(&self, ecosystem: Ecosystem) -> bool {
        let is_install = |invocation: &Invocation| {
            let call = invocation.package_call().filter(|call| call.verb != Verb::Clean);
            call.is_some_and(|call| Ecosystem::of_manager(call.manager) == Some(ecosystem))
        };
        self.build.all_scripts().any(|run| run.invocations().iter().any(is_install))
    }

    /// The services of compose that run a stage.
    pub(super) fn services_of<'s>(&self, stage: &'s Stage) -> impl Iterator<Item = &'a Service> + use<'a, 's> {
        self.evidence.services.iter().filter(|service| service.target.is_none() || service.target == stage.name)
    }

    /// The instructions of these kinds that count for a container of a stage, in this order.
    pub(super) fn last_of(&self, stage: &Stage, keywords: &[Keyword]) -> Vec<(usize, &'a Instruction)> {
        keywords.iter().filter_map(|keyword| self.build.last(stage, *keyword)).collect()
    }

    /// The scripts of these instructions.
    pub(super) fn codes_of(&self, stage: &Stage, keywords: &[Keyword]) -> Vec<&'a Code<'a>> {
        self.last_of(stage, keywords).into_iter().filter_map(|(index, _)| self.build.code(index)).collect()
    }

    /// Paths and texts of the files of the context that a container of a stage starts with.
    pub(super) fn start_texts(&self, stage: &Stage) -> Vec<(String, &'a str)> {
        let files = self.build.start_files(stage).into_iter().map(|started| started.file.path);
        files.filter_map(|path| self.evidence.texts.get(&path).map(|text| (path, text.as_str()))).collect()
    }

    /// The stage that becomes the image.
    pub(super) fn target(&self) -> Option<&Stage> {
        self.build.target()
    }

    /// Whether a service of compose starts what a container of the stage starts by itself.
    pub(super) fn repeats_command(&self, stage: &Stage, service: &Service) -> bool {
        let words = |script: &Script| -> Vec<Vec<String>> {
            let words = |invocation: &Invocation| {
                [invocation.path].into_iter().chain(invocation.args).map(|word| word.text().to_owned()).collect()
            };
            script.invocations().iter().map(words).collect()
        };
        let code = self.build.last(stage, Keyword::Cmd).and_then(|(index, _)| self.build.code(index));
        let command = if service.entrypoint.is_none() { service.command.as_ref() } else { None };
        command.zip(code).is_some_and(|(command, code)| words(&parse(command)) == words(&code.script))
    }

    /// How the file ends its lines.
    pub(super) fn newline(&self) -> &'static str {
        if self.source().text().contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// An edit of the Dockerfile.
    pub(super) fn edit(&self, span: Span, text: impl Into<String>) -> FileEdit {
        FileEdit { target: Target::File(self.input().dockerfile), span, text: text.into() }
    }

    /// An edit that inserts whole lines, also at the end of a file whose last line has no end.
    pub(super) fn insert_lines(&self, at: u32, text: &str) -> FileEdit {
        let before = &self.source().text()[..at as usize];
        let open = if before.is_empty() || before.ends_with('\n') { "" } else { self.newline() };
        self.edit(Span::at(at), format!("{open}{text}"))
    }

    /// A piece of the Dockerfile with edits inside of it; `None` where they do not fit.
    pub(super) fn slice_with(&self, span: Span, edits: &[Edit]) -> Option<String> {
        if edits.iter().any(|edit| !span.contains(edit.span)) {
            return None;
        }
        let piece = Source::of("Dockerfile", self.source().slice(span));
        let mut shifted = Vec::new();
        for edit in edits {
            let span = Span::new(edit.span.start - span.start, edit.span.end - span.start);
            shifted.push(Edit { span, text: edit.text.clone() });
        }
        String::from_utf8(crate::text::apply(&piece, &shifted).ok()?).ok()
    }

    /// From the first comment line right above an instruction to the end of its last line, that line's end included.
    pub(super) fn instruction_span(&self, index: usize) -> Span {
        self.file().instruction_span(index)
    }

    /// The passage's text, with a line end where the file's last line has none.
    pub(super) fn passage_text(&self, index: usize) -> String {
        let mut text = self.source().slice(self.instruction_span(index)).to_owned();
        if !text.ends_with('\n') {
            text.push_str(self.newline());
        }
        text
    }

    /// Whether a blank line stands above an instruction and its comments.
    pub(super) fn begins_paragraph(&self, index: usize) -> bool {
        let above = &self.source().text()[..self.instruction_span(index).start as usize];
        above.lines().next_back().is_some_and(|line| line.trim().is_empty())
    }

    /// Mounts behind the flags that a RUN has, each on its line where they are many.
    pub(super) fn insert_mounts(&self, instruction: &Instruction, mounts: &[String]) -> FileEdit {
        let text = |text: String| text.replace('\n', self.newline());
        let Some(last) = instruction.flags.last().map(|flag| flag.word.span.end) else {
            let line = match mounts {
                [mount] => format!(" {mount}"),
                several => several.iter().map(|several| format!(" {several} \\\n   ")).collect::<Vec<_>>().concat(),
            };
            return self.edit(Span::at(instruction.name.span.end), text(line));
        };
        let added = mounts.iter().map(|mount| format!(" \\\n    {mount}")).collect::<Vec<_>>().concat();
        // The command goes to a line of its own, unless it stands there.
        let rest = &self.source().text()[last as usize..];
        let continues = rest.trim_start_matches([' ', '\t']).starts_with('\\');
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        if continues {
            return self.edit(Span::at(last), text(added));
        }
        self.edit(Span::new(last, last + blank as u32), text(format!("{added} \\\n    ")))
    }
}

/// The output of a pass. Without edits nothing changes.
#[derive(Clone, Debug, Default)]
pub(super) struct PassOutput {
    /// What to change; applied together, or not at all where they overlap.
    pub edits: Vec<FileEdit>,
    /// What was done and why.
    pub steps: Vec<RewriteStep>,
    /// What was not done and why.
    pub refusals: Vec<PassRefusal>,
}

impl PassOutput {
    /// Takes edits with what they do and why.
    pub(super) fn step(&mut self, what: impl Into<String>, why: impl Into<String>, edits: Vec<FileEdit>) {
        self.edits.extend(edits);
        let (what, why) = (what.into(), why.into());
        self.steps.push(RewriteStep { pass: "", what, why, assumptions: Vec::new(), line: None, rules: Vec::new() });
    }

    /// Says whose fixes the last step applies.
    pub(super) fn apply_fixes_of(&mut self, mut rules: Vec<&'static str>) {
        rules.sort_unstable();
        rules.dedup();
        if let Some(step) = self.steps.last_mut() {
            step.rules = rules;
        }
    }

    /// Says what the last step assumes, in a whole clause. `open`: what leaves it open, and how far.
    pub(super) fn assume(&mut self, what: impl Into<String>, open: Option<(Support, String)>) {
        let (support, why) = open.unwrap_or((Support::Sources, String::new()));
        if let Some(step) = self.steps.last_mut() {
            step.assumptions.push(Assumption { what: what.into(), support, why });
        }
    }

    /// Records that the pass keeps a part of the build as it is. `what` continues the pass's name as a sentence: `keeps
    /// .git in the build context`.
    pub(super) fn refuse(&mut self, what: impl Into<String>, why: impl Into<ReasonText>) {
        self.refusals.push(PassRefusal { pass: "", what: what.into(), why: why.into().0, is_whole: false });
    }

    /// A result; its error is recorded as the reason why the whole pass does nothing.
    pub(super) fn ok_or_skip<T>(&mut self, result: Result<T, impl Into<ReasonText>>) -> Option<T> {
        result.map_err(|why| self.skip(why)).ok()
    }

    /// Records that the whole pass does nothing.
    pub(super) fn skip(&mut self, why: impl Into<ReasonText>) {
        self.refusals.push(PassRefusal::whole("", "", why));
    }
}

/// An error where something is so.
pub(super) fn refuse_if<E>(is_so: bool, why: E) -> Result<(), E> {
    if is_so { Err(why) } else { Ok(()) }
}

/// Why a pass does not do something, in words: made of a pass's enum of reasons, or of a text.
pub(super) struct ReasonText(String);

impl<T: ToString> From<T> for ReasonText {
    fn from(reason: T) -> Self {
        Self(reason.to_string())
    }
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RewriteStep {
    /// The pass.
    pub pass: &'static str,
    /// What, in a few words: `copies package.json and package-lock.json first`.
    pub what: String,
    /// The evidence, in one sentence without a full stop.
    pub why: String,
    /// What has to be true for it; at least one thing.
    pub assumptions: Vec<Assumption>,
    /// The first line that its pass changes of the Dockerfile as the author wrote it; `None` where another pass wrote that line,
    /// or another file is changed.
    pub line: Option<u32>,
    /// The rules whose fixes it applies.
    pub rules: Vec<&'static str>,
}

/// Something that was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassRefusal {
    /// The pass.
    pub pass: &'static str,
    /// What, in a few words.
    pub what: String,
    /// Why, in one sentence without a full stop.
    pub why: String,
    /// Whether the pass did nothing of this kind anywhere; `what` is its title then.
    pub is_whole: bool,
}

impl PassRefusal {
    /// A pass that does nothing.
    pub(super) fn whole(pass: &'static str, title: &str, why: impl Into<ReasonText>) -> Self {
        Self { pass, what: title.to_owned(), why: why.into().0, is_whole: true }
    }
}
