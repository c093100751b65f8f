//! The scripts of the context that RUNs call: copied by the steps above, or shown by a bind mount.

use super::{Build, Stage, default_path};
use crate::shell::program::Program;
use crate::shell::{Invocation, Script, parse};
use crate::text::{Span, path};

/// The most commands of a RUN that are looked at; few scripts call more.
const MOST: usize = 64;

/// A script of the context that a RUN calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalledFile {
    /// Its path in the context.
    pub path: String,
    /// The span of the command in the script of the RUN.
    pub span: Span,
}

impl Build<'_> {
    /// The files of the context that the commands of a RUN start, in their order.
    pub fn called_files(&self, stage: &Stage, index: usize) -> Vec<CalledFile> {
        let Some(code) = self.code(index).filter(|code| code.is_ordinary()) else { return Vec::new() };
        let mut files = Vec::new();
        for invocation in code.script.invocations().iter().take(MOST) {
            let Some(word) = script_word(invocation) else { continue };
            let path = self.bound_file(stage, index, word).or_else(|| self.copied_before(stage, index, word));
            files.extend(path.map(|path| CalledFile { path, span: invocation.span }));
        }
        files
    }

    /// The scripts that the commands of a RUN behind a place of its script start, as far as they were read.
    pub fn called_scripts(&self, stage: &Stage, index: usize, behind: u32) -> Vec<Script> {
        if self.input().texts.is_none() {
            return Vec::new();
        }
        let read = |file: CalledFile| {
            let text = self.context_text(&file.path)?;
            let first = text.lines().next().unwrap_or_default();
            let is_shell = !first.starts_with("#!") || first.trim_end().ends_with("sh") || first.contains("sh -");
            is_shell.then(|| parse(&text))
        };
        let files = self.called_files(stage, index).into_iter();
        files.filter(|file| file.span.start > behind).filter_map(read).collect()
    }

    /// The file of the context that a bind mount of the RUN shows at a path.
    fn bound_file(&self, stage: &Stage, index: usize, word: &str) -> Option<String> {
        let workdir = self.workdir(stage, index);
        let place = super::absolute(word, workdir.value().map(String::as_str))?;
        self.input().file.mounts(self.effective(index)).iter().find_map(|mount| {
            if mount.kind() != "bind" || mount.from().is_some_and(|from| !from.is_empty()) {
                return None;
            }
            let target = self.scopes().expand(stage.index, index, mount.target()?)?;
            let target = super::absolute(&target, workdir.value().map(String::as_str))?;
            let source = self.scopes().expand(stage.index, index, mount.source().unwrap_or("."))?;
            let source = path::normalize(source.trim_start_matches('/'));
            let below = path::relative(&place, &target)?;
            Some(if below.is_empty() { source } else { path::child(&source, below) })
        })
    }

    /// The file of the context that a COPY above put at a path, or into a folder of the default PATH.
    fn copied_before(&self, stage: &Stage, index: usize, word: &str) -> Option<String> {
        let context = self.input().context.as_deref()?;
        if !self.copies_few(stage) {
            return None;
        }
        let find = |place: &str| Some(self.brought_before(context, stage, index, place)?.path);
        let workdir = self.workdir(stage, index);
        if word.contains('/') {
            return find(&super::absolute(word, workdir.value().map(String::as_str))?);
        }
        let here = workdir.value().and_then(|folder| find(&path::join(folder, word)));
        here.or_else(|| default_path().find_map(|folder| find(&path::join(folder, word))))
    }

    /// Whether the copies of a stage and of those below it are few enough to be searched for each command.
    fn copies_few(&self, stage: &Stage) -> bool {
        let copies = self.chain(stage).take(MOST).flat_map(|below| self.transfers(below));
        self.chain(stage).nth(MOST).is_none() && copies.take(MOST).count() < MOST
    }
}

/// The word that names a script: of a shell its first operand, else the program itself.
fn script_word<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    let reads_script = invocation.program.is_some_and(|program| Program::of(program).is_shell());
    if reads_script || invocation.is(".") || invocation.is("source") {
        let is_operand = |text: &&str| !text.starts_with(['-', '+']);
        return invocation.args.iter().filter_map(|word| word.value()).find(is_operand);
    }
    let path = invocation.path.value()?;
    // A program that the tables know is not a script of the project, unless it is given by a path.
    let is_known = || invocation.program.is_some_and(|program| Program::of(program).is_verified);
    (path.contains('/') || !is_known()).then_some(path)
}
