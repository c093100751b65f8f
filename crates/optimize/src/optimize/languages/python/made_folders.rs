//! Folders that the image's own steps make and the build stage relies on: `RUN mkdir /app` makes a folder's path of the
//! `/app` in `COPY requirements.txt /app`.

use super::run_parts::{PartPurpose, RunPart};
use super::write::PythonWriter;
use crate::build::accounts::created_user;
use crate::dockerfile::Keyword;
use crate::inputs::context::ContextEntryKind;
use crate::shell::Invocation;
use crate::text::path;

impl PythonWriter<'_, '_> {
    /// Whether a part of a RUN makes a folder that the build stage needs before something else there makes it.
    pub(super) fn makes_for_build(&self, index: usize, part: &RunPart) -> bool {
        index <= self.plan.installs.1
            && part.purpose == PartPurpose::Account
            && part
                .invocations
                .iter()
                .flat_map(|call| self.folders_of(index, call))
                .any(|folder| self.is_entered(index, part.span.end, &folder) || self.needs_folder(index, &folder))
    }

    /// Absolute paths of the folders that a command makes, the homes of users included.
    fn folders_of(&self, index: usize, call: &Invocation) -> Vec<String> {
        let user = created_user(call);
        if user.is_none() && !matches!(call.program, Some("mkdir" | "install")) {
            return Vec::new();
        }
        let words = call.args.iter().filter(|word| !word.text().starts_with('-')).map(|word| word.text().to_owned());
        let home = user.map(|name| format!("/home/{name}"));
        words.chain(home).filter_map(|word| self.full(index, &word)).collect()
    }

    /// A word of an instruction as an absolute path.
    fn full(&self, index: usize, word: &str) -> Option<String> {
        let scopes = self.input.build.scopes();
        Some(path::join(&self.workdir(index), &scopes.expand(self.plan.stage.index, index, word)?))
    }

    /// WORKDIR; official Python images work in `/`.
    fn workdir(&self, index: usize) -> String {
        let folder = self.input.build.workdir(self.plan.stage, index);
        folder.value().cloned().unwrap_or_else(|| "/".to_owned())
    }

    /// Whether later parts of the same RUN work in the folder.
    fn is_entered(&self, index: usize, end: u32, folder: &str) -> bool {
        let parts = self.plan.runs.get(&index).and_then(Option::as_deref).unwrap_or_default();
        self.parts_name(index, parts.iter().filter(|part| part.span.start >= end), folder)
    }

    /// Whether parts that stand in the build stage name the folder or something in it.
    fn parts_name<'p>(&self, index: usize, parts: impl Iterator<Item = &'p RunPart<'p>>, folder: &str) -> bool {
        let is_built = |part: &&RunPart| !matches!(part.purpose, PartPurpose::Account | PartPurpose::Removal);
        let mut words = parts.filter(is_built).flat_map(|part| &part.invocations).flat_map(|call| call.args);
        words.any(|word| self.full(index, word.text()).is_some_and(|full| path::is_within(&full, folder)))
    }

    /// Whether the first later instruction of the build stage that comes to the folder takes it as given.
    fn needs_folder(&self, index: usize, folder: &str) -> bool {
        let (build, stage) = (self.input.build, self.plan.stage);
        let behind = build.instructions(stage).filter(|(at, _)| (index + 1..=self.plan.installs.1).contains(at));
        for (at, instruction) in behind {
            match instruction.keyword {
                Keyword::Workdir if path::is_within(&self.workdir(at + 1), folder) => return false,
                Keyword::Copy | Keyword::Add if self.in_build(at) => {
                    let Some(transfer) = build.transfer_at(stage, at) else { continue };
                    let Some(to) = transfer.destination.as_deref() else { continue };
                    let to = path::join(&self.workdir(at), to);
                    if path::is_within(&to, folder) {
                        return to == folder && self.puts_file(at);
                    }
                }
                Keyword::Run => match self.plan.runs.get(&at).and_then(Option::as_deref) {
                    Some(parts) if self.parts_name(at, parts.iter(), folder) => return true,
                    None if self.input.source().slice(instruction.span).contains(folder) => return true,
                    _ => {}
                },
                _ => {}
            }
        }
        false
    }

    /// Whether a COPY of one file names its destination without a `/` at the end: without a folder there it makes a file.
    fn puts_file(&self, index: usize) -> bool {
        let Some(transfer) = self.input.build.transfer_at(self.plan.stage, index) else { return false };
        let to = transfer.destination.as_deref().unwrap_or_default();
        let is_folder = |text: &str| {
            let entry = self.input.context().and_then(|all| Some(all.entry(all.find(text.trim_start_matches("./"))?)));
            entry.is_some_and(|entry| entry.kind == ContextEntryKind::Directory)
        };
        !to.ends_with(['/', '.'])
            && matches!(transfer.sources.as_slice(), [source] if !source.is_everything()
                && !source.text.as_deref().is_some_and(is_folder))
    }
}
