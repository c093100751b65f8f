//! RUN: which stage needs it, as a whole or in part.

use super::run_parts::{PartPurpose, RunPart};
use super::system::{self, Fate};
use super::write::PythonWriter;
use super::{install, needs};
use crate::dockerfile::Instruction;
use crate::optimize::pass_input::PassInput;
use crate::shell::{Invocation, Manager, PackageSource, Verb};
use crate::text::{Edit, Span};

impl PythonWriter<'_, '_> {
    pub(super) fn run_instruction(&mut self, index: usize, instruction: &Instruction, whole: String) {
        let before = index <= self.plan.installs.1;
        let Some(Some(run_parts)) = self.plan.runs.get(&index) else {
            if before {
                self.build.push(self.input.source().slice(instruction.span).to_owned());
            }
            self.run.push(whole);
            return;
        };
        let places = |purpose: PartPurpose| self.places(purpose, before, run_parts);
        let builds = |run_part: &RunPart| places(run_part.purpose).0 || self.makes_for_build(index, run_part);
        let mut build: Vec<String> = self.parts(run_parts, &builds, true);
        let mut run: Vec<String> = self.parts(run_parts, &|run_part| places(run_part.purpose).1, false);
        self.with_lists(index, run_parts, &mut build, true);
        self.with_lists(index, run_parts, &mut run, false);
        let comments = self.comments(index, instruction);
        let installs = run_parts.iter().any(|run_part| run_part.purpose == PartPurpose::Install);
        if !build.is_empty() {
            let line_comments = if run.is_empty() { comments.as_str() } else { "" };
            let text = self.join_parts(instruction, &build, run_parts, true);
            self.build.push(format!("{line_comments}{text}"));
        }
        if installs && index == self.plan.installs.0 {
            self.take_over();
        }
        if !run.is_empty() {
            let text = self.join_parts(instruction, &run, run_parts, false);
            self.run.push(format!("{comments}{text}"));
        }
    }

    /// Joins what RUNs of their own do to package lists to the install that it serves; an upgrade stays where it is.
    fn with_lists(&self, index: usize, run_parts: &[RunPart], parts: &mut Vec<String>, build: bool) {
        let text = |run_part: &RunPart| self.input.source().slice(run_part.span).to_owned();
        let installs = |all: &[RunPart]| {
            let mut systems = all.iter().filter(|run_part| run_part.purpose == PartPurpose::System);
            systems.any(|system| self.system(system, build).is_some())
        };
        let is_known = |run_part: &RunPart| {
            matches!(run_part.purpose, PartPurpose::Lists | PartPurpose::Setting | PartPurpose::System)
        };
        if installs(run_parts) {
            let mut above = self.plan.runs.range(..index).rev().map(|(_, all)| all.as_deref().unwrap_or_default());
            let updates = |run_part: &&RunPart| calls_manager_for(std::slice::from_ref(*run_part), Verb::Update);
            let update = above.find_map(|all| all.iter().find(updates).map(text));
            if !calls_manager_for(run_parts, Verb::Update) {
                parts.splice(0..0, update);
            }
        } else if !build
            && parts.is_empty()
            && run_parts.iter().all(is_known)
            && calls_manager_for(run_parts, Verb::Upgrade)
        {
            parts.extend(run_parts.iter().filter(|run_part| run_part.purpose != PartPurpose::System).map(text));
        } else {
            return;
        }
        let below = self.plan.runs.range(index + 1..).map(|(_, all)| all.as_deref().unwrap_or_default());
        let is_alone = |all: &&[RunPart]| {
            all.iter().all(|run_part| run_part.purpose == PartPurpose::Lists)
                && !calls_manager_for(all, Verb::Update)
                && !all.is_empty()
        };
        let cleaning = below.take_while(|all| !installs(all)).find(is_alone);
        let cleans = run_parts.last().is_some_and(|run_part| {
            run_part.purpose == PartPurpose::Lists && !calls_manager_for(run_parts, Verb::Upgrade)
        });
        if !build && !cleans {
            parts.extend(cleaning.into_iter().flatten().map(text));
        }
    }

    /// Whether parts of a purpose stand in the build stage and in the run-time stage.
    pub(super) fn places(&self, purpose: PartPurpose, before: bool, run_parts: &[RunPart]) -> (bool, bool) {
        let has = |wanted: PartPurpose| run_parts.iter().any(|run_part| run_part.purpose == wanted);
        match purpose {
            PartPurpose::Install | PartPurpose::Venv => (true, false),
            PartPurpose::Tool => (before, !self.plan.kept_tools.is_empty()),
            PartPurpose::Removal => (false, !has(PartPurpose::Install) && !before),
            PartPurpose::Lists => (before && has(PartPurpose::System), has(PartPurpose::System)),
            PartPurpose::Cleaning => {
                (before && has(PartPurpose::Install), !has(PartPurpose::Install) && !has(PartPurpose::Tool))
            }
            PartPurpose::Account => (false, true),
            PartPurpose::System | PartPurpose::Setting | PartPurpose::Other => (before, true),
        }
    }

    /// The texts of the parts that stand in a stage; none where only settings and lists would be left.
    pub(super) fn parts(&self, run_parts: &[RunPart], stands: &dyn Fn(&RunPart) -> bool, build: bool) -> Vec<String> {
        let mut texts = Vec::new();
        let mut systems = 0;
        let mut real = 0;
        for run_part in run_parts.iter().filter(|run_part| stands(run_part)) {
            let text = match run_part.purpose {
                PartPurpose::System => self.system(run_part, build),
                PartPurpose::Install | PartPurpose::Tool if build => {
                    Some(install::into(self.input, self.plan, run_part))
                }
                _ => Some(self.input.source().slice(run_part.span).to_owned()),
            };
            let Some(text) = text else { continue };
            systems += usize::from(run_part.purpose == PartPurpose::System);
            real += usize::from(!matches!(
                run_part.purpose,
                PartPurpose::Setting | PartPurpose::Lists | PartPurpose::Cleaning
            ));
            texts.push((run_part.purpose, text));
        }
        let cleans = run_parts.iter().all(|run_part| {
            matches!(run_part.purpose, PartPurpose::Cleaning | PartPurpose::Lists | PartPurpose::Setting)
        });
        if real == 0 && (build || !cleans) {
            return Vec::new();
        }
        let kept_texts =
            texts.into_iter().filter(|(purpose, _)| *purpose != PartPurpose::Lists || systems > 0 || cleans);
        kept_texts.map(|(_, text)| text).collect()
    }

    /// An install of system packages with those that its stage needs.
    pub(super) fn system(&self, run_part: &RunPart, build: bool) -> Option<String> {
        let (input, plan) = (self.input, self.plan);
        let mut edits = Vec::new();
        let mut stays = 0;
        let removed_again = plan.of_class(PartPurpose::Removal).next().is_some() && !build;
        for invocation in &run_part.invocations {
            let Some(call) = invocation.package_call().filter(|call| call.verb == Verb::Install) else { continue };
            for package in &call.packages {
                let name = package.name.text;
                let fate = if package.name.dynamic || package.source != PackageSource::Index {
                    Fate::Stays
                } else if build {
                    let serves = self.unknown || system::serves_build(input, name, &self.calls.0);
                    let is_installed = !self.unknown && needs::is_in_base(input, plan.stage, name);
                    if serves && !is_installed { Fate::Stays } else { Fate::Goes }
                } else if removed_again && call.manager == Manager::Apk && call.has(&["--virtual", "-t"]) {
                    Fate::Goes
                } else {
                    system::fate_at_run_time(input, plan.stage, name, &self.calls.0, &self.calls.1)
                };
                match fate {
                    Fate::Stays => stays += 1,
                    Fate::Goes => edits.extend(without(input, run_part, invocation, package.span)),
                    Fate::Becomes(text) => {
                        stays += 1;
                        let span = install::place(input, run_part, package.span);
                        edits.push(Edit { span, text });
                    }
                }
            }
        }
        (stays > 0).then(|| input.slice_with(run_part.span, &edits)).flatten()
    }

    /// A RUN of these parts; as written where none is missing.
    pub(super) fn join_parts(
        &self,
        instruction: &Instruction,
        parts: &[String],
        run_parts: &[RunPart],
        build: bool,
    ) -> String {
        let input = self.input;
        let source = input.source();
        if parts.len() == run_parts.len() {
            let mut edits: Vec<Edit> = Vec::new();
            for (part, run_part) in parts.iter().zip(run_parts) {
                if source.slice(run_part.span) != part {
                    edits.push(Edit { span: run_part.span, text: part.clone() });
                }
            }
            if let Some(text) = input.slice_with(instruction.span, &edits) {
                return text;
            }
        }
        let installs = run_parts.iter().any(|run_part| run_part.purpose == PartPurpose::Install);
        let flags: Vec<&str> = instruction
            .flags
            .iter()
            .map(|flag| source.slice(flag.word.span))
            .filter(|flag| Self::wants_mount(flag, build, installs, run_parts))
            .collect();
        let newline = input.newline();
        let between = format!(" \\{newline}    ");
        let head: String = flags.iter().flat_map(|flag| [*flag, between.as_str()]).collect();
        format!("RUN {head}{}", parts.join(&format!(" \\{newline}    && ")))
    }

    /// Whether a flag of a RUN is of use for the half of it that stands in a stage.
    fn wants_mount(flag: &str, build: bool, installs: bool, run_parts: &[RunPart]) -> bool {
        let systems = run_parts.iter().any(|run_part| run_part.purpose == PartPurpose::System);
        let apt = flag.contains("/var/cache/ap") || flag.contains("/var/lib/apt");
        if !flag.starts_with("--mount") {
            return true;
        }
        if build { installs || (apt && systems) } else { apt && systems || !(installs && flag.contains("type=cache")) }
    }
}

/// Whether one of the parts calls a manager for this.
fn calls_manager_for(run_parts: &[RunPart], verb: Verb) -> bool {
    let mut calls = run_parts.iter().flat_map(|run_part| &run_part.invocations).filter_map(Invocation::package_call);
    calls.any(|call| call.verb == verb)
}

/// The deletion of a package from an install, with the blanks before it.
fn without(input: &PassInput, run_part: &RunPart, invocation: &Invocation, span: Span) -> Option<Edit> {
    let at = invocation.args.iter().position(|word| word.span.start == span.start)?;
    let before = at.checked_sub(1).map_or(invocation.path.span, |index| invocation.args[index].span);
    let start = install::place(input, run_part, before).end;
    let end = install::place(input, run_part, span).end;
    Some(Edit { span: Span::new(start, end), text: String::new() })
}
