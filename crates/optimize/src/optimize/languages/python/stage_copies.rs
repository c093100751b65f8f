//! COPY and ADD: which stage needs the files.

use super::plan::is_tool_copy;
use super::run_parts::PartPurpose;
use super::write::PythonWriter;
use crate::build::installed::lands;
use crate::build::{Source, Transfer};
use crate::dockerfile::Instruction;
use crate::inputs::context::ContextEntryKind;
use crate::shell::{InputKind, Invocation, Manager, Word};
use crate::text::{Edit, Span, path};

impl PythonWriter<'_, '_> {
    pub(super) fn transfer(&mut self, index: usize, instruction: &Instruction, whole: String) {
        let input = self.input;
        let in_build = self.in_build(index);
        if in_build {
            let flags = instruction.flags.iter().filter(|flag| input.file().flag_name(flag) == "chown");
            let edits: Vec<Edit> = flags
                .map(|flag| Edit { span: Span::new(flag.word.span.start, flag.word.span.end + 1), text: String::new() })
                .collect();
            let text = input.slice_with(instruction.span, &edits);
            let text = text.unwrap_or_else(|| input.source().slice(instruction.span).to_owned());
            self.build.push(format!("{}{text}", self.comments(index, instruction)));
        }
        let tool = self.is_tool_copy(index) && self.plan.kept_tools.is_empty();
        if !tool && !(in_build && (self.is_covered(index) || self.is_in_whole(index))) {
            // What changes with every commit stands below what does not.
            if in_build && !self.is_tool_copy(index) {
                self.take_over();
            }
            self.run.push(whole);
        }
    }

    /// Whether a COPY into the build stage goes to the folder that is copied from there as a whole.
    pub(super) fn is_in_whole(&self, index: usize) -> bool {
        let Some(whole) = &self.plan.whole else { return false };
        let transfer = self.input.build.transfer_at(self.plan.stage, index);
        let to = transfer.and_then(|transfer| transfer.destination.clone());
        let workdir = self.input.build.workdir(self.plan.stage, index).value().cloned().unwrap_or_default();
        let to = to.map(|to| if to.starts_with('/') { to } else { workdir });
        to.is_some_and(|to| path::is_within(&to, whole))
    }

    /// Whether a COPY or ADD has to be in the build stage.
    pub(super) fn in_build(&self, index: usize) -> bool {
        if index > self.plan.installs.1 {
            return false;
        }
        let Some(transfer) = self.input.build.transfer_at(self.plan.stage, index) else { return true };
        if is_tool_copy(transfer) {
            return true;
        }
        if transfer.from.is_some() {
            let destination = transfer.destination.as_deref().unwrap_or_default();
            return self.calls.0.contains(destination) || self.is_of_project(index, destination);
        }
        let workdir = self.input.build.workdir(self.plan.stage, index).value().cloned().unwrap_or_default();
        let destination = transfer.destination.as_deref().unwrap_or_default();
        let inside = !destination.starts_with('/') || destination.starts_with(&workdir);
        let single = transfer.sources.len() == 1 && !transfer.sources[0].is_everything();
        let mut sources = transfer.sources.iter().filter_map(|source| source.text.as_deref());
        let named = sources.any(|source| self.calls.0.contains(path::name(source)));
        inside || !single || named
    }

    /// Whether a path lies in the folder of a project that pip installs: `pip install .`
    fn is_of_project(&self, index: usize, destination: &str) -> bool {
        let (input, plan) = (self.input, self.plan);
        let folder = |at: usize| input.build.workdir(plan.stage, at).value().cloned().unwrap_or_default();
        let full = path::join(&folder(index), destination);
        let mut calls = plan
            .of_class(PartPurpose::Install)
            .flat_map(|(at, part)| part.invocations.iter().map(move |invocation| (at, invocation)));
        calls.any(|(at, invocation)| {
            let inputs = invocation.package_call().filter(|call| call.manager == Manager::Pip).map(|call| call.inputs);
            inputs.into_iter().flatten().any(|input| {
                let is_folder = matches!(input.kind, InputKind::Package | InputKind::Editable);
                is_folder && input.path.text.starts_with('.') && path::is_within(&full, &folder(at))
            })
        })
    }

    pub(super) fn is_tool_copy(&self, index: usize) -> bool {
        self.input.build.transfer_at(self.plan.stage, index).is_some_and(is_tool_copy)
    }

    /// Whether a step other than the install names a file of a COPY: `rm requirements.txt`.
    fn is_worked_on(&self, copy: &Transfer) -> bool {
        let build = self.input.build;
        let names: Vec<&str> =
            copy.sources.iter().filter_map(|source| source.text.as_deref()).map(path::name).collect();
        let mut runs = build.own_runs(self.plan.stage).filter(|run| run.index > copy.index);
        let works = |invocation: &Invocation| {
            let is_forced = invocation.is("rm")
                && invocation.args.iter().any(|word| word.text().starts_with('-') && word.text().contains('f'));
            let names_file = |word: &Word| names.iter().any(|name| path::ends_with(word.text(), name));
            invocation.package_call().is_none() && !is_forced && invocation.args.iter().any(names_file)
        };
        runs.any(|run| run.invocations().iter().any(works))
    }

    /// Whether a later COPY of the run-time stage brings the same files to the same place.
    pub(super) fn is_covered(&self, index: usize) -> bool {
        let (input, stage) = (self.input, self.plan.stage);
        let transfers = input.build.transfers(stage);
        let Some(copy) = input.build.transfer_at(stage, index) else { return false };
        let folder = |transfer: &Transfer| {
            let workdir = input.build.workdir(stage, transfer.index).value().cloned().unwrap_or_default();
            let to = transfer.destination.as_deref()?.trim_start_matches("./").trim_end_matches(['/', '.']);
            Some(path::join(&workdir, to))
        };
        if copy.from.is_some() || copy.sources.iter().any(Source::is_remote) {
            return false;
        }
        let Some(place) = folder(copy) else { return false };
        if self.is_worked_on(copy) {
            return false;
        }
        if place.starts_with("/tmp") {
            return true;
        }
        let mut later = transfers.iter().filter(|transfer| transfer.index > index && transfer.from.is_none());
        later.any(|later_transfer| {
            let Some(to) = folder(later_transfer) else { return false };
            if later_transfer.parents || !later_transfer.exclude.is_empty() {
                return false;
            }
            let brings = |source: &Source| later_transfer.sources.iter().any(|later| later.text == source.text);
            // `COPY flask/Pipfile ./` and `COPY flask .` bring the same file to the same place.
            to == place && copy.sources.iter().all(brings)
                || copy.sources.iter().all(|source| {
                    let Some(text) = source.text.as_deref() else { return false };
                    let text = text.trim_start_matches("./").trim_end_matches('/');
                    // Of a folder, it is the contents that are copied.
                    let is_folder = input
                        .context()
                        .and_then(|all| Some(all.entry(all.find(text)?).kind == ContextEntryKind::Directory));
                    let file = if is_folder == Some(true) { format!("{text}/x") } else { text.to_owned() };
                    let ours = lands(input.build, stage, copy, &file);
                    lands(input.build, stage, later_transfer, &file).iter().any(|place| ours.contains(place))
                })
        })
    }
}
