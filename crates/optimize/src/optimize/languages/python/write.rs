//! Writes the two stages: the author's lines where they stay, with the comments above them.

use super::plan::{Pip, PythonPlan, VENV};
use super::run_parts::PartPurpose;
use super::{evidence, launch};
use crate::build::StageBase;
use crate::dockerfile::{Instruction, Keyword};
use crate::optimize::pass_input::PassInput;
use crate::shell::Manager;
use crate::text::{Span, path};

/// A line of one of the stages.
pub(super) struct StageLine {
    pub(super) text: String,
    /// Whether a blank line stands above it.
    apart: bool,
}

/// A stage in the making.
#[derive(Default)]
pub(super) struct StageDraft {
    pub(super) lines: Vec<StageLine>,
    /// Whether the author left a blank line since the last line that was taken.
    gap: bool,
}

impl StageDraft {
    pub(super) fn push(&mut self, text: String) {
        let apart = std::mem::take(&mut self.gap) && !self.lines.is_empty();
        self.lines.push(StageLine { text, apart });
    }

    fn text(&self, newline: &str) -> String {
        let mut out = String::new();
        for line in &self.lines {
            if line.apart {
                out.push_str(newline);
            }
            out.push_str(&line.text);
            if !line.text.ends_with('\n') {
                out.push_str(newline);
            }
        }
        out
    }
}

/// The writer of a plan.
pub(super) struct PythonWriter<'p, 'b> {
    pub(super) input: &'p PassInput<'b>,
    /// What to write.
    pub(super) plan: &'p PythonPlan<'b>,
    /// What the RUNs of the build stage call, and what the container and its stage's RUNs call: texts to look words up.
    pub(super) calls: (String, String),
    pub(super) build: StageDraft,
    pub(super) run: StageDraft,
    /// Whether the build stage runs something that is not understood, and may need any package.
    pub(super) unknown: bool,
    /// Whether the run-time stage has the environments already.
    pub(super) has_environments: bool,
}

impl<'p, 'b> PythonWriter<'p, 'b> {
    pub(super) fn new(input: &'p PassInput<'b>, plan: &'p PythonPlan<'b>) -> Self {
        let mut build = String::new();
        let mut run =
            input.build.target().map(|target| evidence::commands(input, target)).unwrap_or_default().join("\n");
        if let Some(target) = input.build.target() {
            run.extend(evidence::scripts(input, target).into_iter().map(|(_, text)| text));
        }
        for (index, parts) in &plan.runs {
            let whole = || input.source().slice(input.build.instruction(*index).span).to_owned();
            let Some(parts) = parts else {
                run.push_str(&whole());
                build.push_str(&whole());
                continue;
            };
            for part in parts {
                let text = input.source().slice(part.span);
                match part.purpose {
                    PartPurpose::System | PartPurpose::Lists | PartPurpose::Removal => {}
                    PartPurpose::Tool | PartPurpose::Install | PartPurpose::Venv => build.push_str(text),
                    _ => {
                        run.push_str(text);
                        if *index < plan.installs.1 {
                            build.push_str(text);
                        }
                    }
                }
                build.push('\n');
                run.push('\n');
            }
        }
        let unknown = plan.runs.iter().filter(|(index, _)| **index < plan.installs.1).any(|(_, parts)| {
            parts.as_ref().is_none_or(|all| all.iter().any(|part| part.purpose == PartPurpose::Other))
        });
        Self {
            input,
            plan,
            unknown,
            calls: (build, run),
            build: StageDraft::default(),
            run: StageDraft::default(),
            has_environments: false,
        }
    }

    /// The edit that makes two stages of one.
    pub(super) fn edits(mut self) -> (Span, String) {
        let input = self.input;
        let stage = self.plan.stage;
        let newline = input.newline();
        let mut end = input.instruction_span(stage.start).end;
        let start = input.instruction_span(stage.start).start;
        self.from();
        let mut has_folder = false;
        for (index, instruction) in input.build.instructions(stage) {
            let passage = input.instruction_span(index);
            let between = input.source().slice(Span::new(end, passage.start.max(end)));
            if between.contains('\n') {
                self.run.gap = true;
                self.build.gap = true;
            }
            // Comments that stand alone belong to the stage that the image is made of.
            if !between.trim().is_empty() {
                self.run.push(between.trim_matches(['\r', '\n']).to_owned());
                self.run.gap = true;
            }
            end = passage.end.max(end);
            if !has_folder && self.begins_install(index, instruction) {
                self.environment();
                has_folder = true;
            }
            self.instruction(index, instruction);
        }
        self.drop_idle_arguments();
        let mut text = self.build.text(newline);
        text.push_str(newline);
        text.push_str(&self.run.text(newline));
        if !input.source().slice(Span::new(start, end)).ends_with('\n') {
            let length = text.trim_end_matches(['\r', '\n']).len();
            text.truncate(length);
        }
        (Span::new(start, end), text)
    }

    /// ARGs that only the build stage speaks of; a RUN sees them by name without a word.
    fn drop_idle_arguments(&mut self) {
        let names = |text: &str| Some(text.strip_prefix("ARG ")?.split(['=', ' ', '\n']).next()?.to_owned());
        let spoken = |draft: &StageDraft, name: &str| {
            draft.lines.iter().any(|line| names(&line.text).is_none() && line.text.contains(name))
        };
        let runs = self.run.lines.iter().any(|line| line.text.starts_with("RUN"));
        let idle: Vec<String> = self.run.lines.iter().filter_map(|line| names(&line.text)).collect();
        let idle = idle.into_iter().filter(|name| spoken(&self.build, name) && !spoken(&self.run, name));
        // The history of each RUN of the image shows what its ARGs were given.
        let secrets = self.input.build.secrets();
        let is_secret = |name: &String| secrets.iter().any(|secret| secret.name == *name);
        for name in idle.filter(|name| !runs || is_secret(name)).collect::<Vec<_>>() {
            self.run.lines.retain(|line| names(&line.text).as_ref() != Some(&name));
        }
    }

    /// Both FROMs. Comments at the top of the file stay there; others tell of the stage that ships.
    fn from(&mut self) {
        let (input, stage) = (self.input, self.plan.stage);
        let from = input.build.instruction(stage.start);
        let whole = input.source().slice(from.span).trim_end().to_owned();
        let passage = input.instruction_span(stage.start);
        let comments = input.source().slice(Span::new(passage.start, from.span.start));
        let head = match input.file().from(from) {
            Some(parts) => {
                let named = parts.image.span.end;
                input.source().slice(Span::new(from.span.start, named)).to_owned()
            }
            None => whole.clone(),
        };
        let (above, below) = if stage.start == 0 { (comments, "") } else { ("", comments) };
        self.build.push(format!("{above}{head} AS {}", build_name(input)));
        self.run.push(format!("{below}{whole}"));
    }

    /// Whether the environment has to be there before this instruction.
    fn begins_install(&self, index: usize, instruction: &Instruction) -> bool {
        let copies = matches!(instruction.keyword, Keyword::Copy | Keyword::Add) && self.in_build(index);
        index == self.plan.installs.0 || (copies && !self.is_tool_copy(index))
    }

    fn environment(&mut self) {
        if !self.plan.makes {
            return;
        }
        let gap = self.build.gap;
        // What the base's Python brings, setuptools up to 3.11, is seen in the base of the last stage, and is not copied. Tools
        // that were installed into it would count as installed, and are not there.
        let is_base_alone = self.plan.of_class(PartPurpose::Tool).next().is_none()
            && matches!(self.plan.stage.base, StageBase::Image(_));
        let pip = match (self.plan.pip, self.plan.sees_base) {
            (Pip::Bases, false) => "--without-pip ",
            (Pip::Bases, true) if is_base_alone => "--without-pip --system-site-packages ",
            _ => "",
        };
        self.build.push(format!("RUN python -m venv {pip}{VENV}"));
        if self.plan.names_environment {
            self.build.push(format!("ENV VIRTUAL_ENV={VENV}"));
        }
        if self.needs_path() {
            self.build.push(format!("ENV PATH={VENV}/bin:$PATH"));
        }
        self.build.gap = gap && self.build.lines.len() > 3;
    }

    /// Whether something in the build stage starts Python with the dependencies.
    fn needs_path(&self) -> bool {
        let mut installs = self.plan.of_class(PartPurpose::Install);
        installs.any(|(_, part)| part.invocations.iter().any(|call| call.args.iter().any(|word| word.is("spacy"))))
    }

    fn instruction(&mut self, index: usize, instruction: &Instruction) {
        let input = self.input;
        let whole = input.passage_text(index);
        match instruction.keyword {
            Keyword::Run => self.run_instruction(index, instruction, whole),
            Keyword::Env => self.variables(index, instruction, whole),
            Keyword::Copy | Keyword::Add => self.transfer(index, instruction, whole),
            Keyword::Workdir | Keyword::Shell | Keyword::Arg => {
                let bare = input.source().slice(instruction.span).to_owned();
                let leads = self.leads_to_install(index);
                if index < self.plan.installs.1 {
                    self.build.push(if leads { whole.clone() } else { bare.clone() });
                }
                self.run.push(if leads { bare } else { whole });
            }
            Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {
                let edits = launch::unwrapped(input, index).unwrap_or_default();
                self.run.push(input.slice_with(input.instruction_span(index), &edits).unwrap_or(whole));
            }
            _ => self.run.push(whole),
        }
    }

    /// Whether all that stands with a setting in one paragraph is done in the build stage: its comment tells of that.
    fn leads_to_install(&self, index: usize) -> bool {
        let input = self.input;
        let begins = |at: usize| {
            let above = input
                .source()
                .slice(Span::new(input.build.instruction(at - 1).span.end, input.build.instruction(at).span.start));
            above.lines().skip(1).any(|line| line.trim().is_empty() || line.trim_start().starts_with('#'))
        };
        let stage = input.build.instructions(self.plan.stage).skip_while(|(at, _)| *at <= index);
        let below: Vec<_> = stage.take_while(|(at, _)| !begins(*at)).collect();
        let leaves = |(at, instruction): &(usize, &Instruction)| match instruction.keyword {
            Keyword::Run => {
                let parts = self.plan.runs.get(at).and_then(Option::as_deref).unwrap_or_default();
                let before = *at <= self.plan.installs.1;
                !parts.is_empty() && parts.iter().all(|part| !self.places(part.purpose, before, parts).1)
            }
            Keyword::Copy | Keyword::Add => self.in_build(*at) && (self.is_covered(*at) || self.is_in_whole(*at)),
            keyword => matches!(keyword, Keyword::Arg | Keyword::Workdir | Keyword::Shell),
        };
        below.iter().any(|(_, instruction)| instruction.keyword == Keyword::Run) && below.iter().all(leaves)
    }

    /// What the run-time stage takes from the build stage.
    pub(super) fn take_over(&mut self) {
        let plan = self.plan;
        if std::mem::replace(&mut self.has_environments, true) {
            return;
        }
        let name = build_name(self.input);
        let author = plan.of_class(PartPurpose::Venv).next().is_some();
        let lacking: Vec<String> =
            if author { Vec::new() } else { plan.venvs.iter().map(|venv| format!("{venv}/bin")).collect() };
        let set = self.sets_path(&lacking);
        let inside = |venv: &str| plan.whole.as_ref().is_some_and(|whole| path::is_below(venv, whole));
        for venv in plan.venvs.iter().chain(&plan.whole).filter(|path| !inside(path)) {
            self.run.push(format!("COPY --from={name} {venv} {venv}"));
        }
        if !lacking.is_empty() && !set {
            self.run.push(format!("ENV PATH={}:$PATH", lacking.join(":")));
        }
        if plan.kept_tools.contains(&Manager::Uv) {
            self.run.push("ENV UV_NO_SYNC=1".to_owned());
        } else if !plan.kept_tools.is_empty() {
            self.run.push(format!("ENV VIRTUAL_ENV={VENV}"));
        }
    }

    /// The comments right above an instruction.
    pub(super) fn comments(&self, index: usize, instruction: &Instruction) -> String {
        let passage = self.input.instruction_span(index);
        let end = instruction.span.start.max(passage.start);
        self.input.source().slice(Span::new(passage.start, end)).to_owned()
    }
}

/// A name for the build stage that is free.
pub(super) fn build_name(input: &PassInput) -> &'static str {
    input.free_stage_name(&["build", "dependencies", "python-build", "python-dependencies", "dockopt-build"])
}
