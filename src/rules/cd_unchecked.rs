//! See `rules/cd-unchecked.md`.

use std::collections::HashMap;

use super::Context;
use super::copied_packages::{self, DEEPEST};
use super::written_paths::CommandFolder;
use crate::build::{Build, Lookup, Run, Stage, toolchain};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::{Invocation, ScopeKind, SeparatorKind, Word};
use crate::text::path;

super::rule!("cd-unchecked", check);

fn check(cx: &Context, out: &mut Findings) {
    // The folders of the current stage.
    let mut known: Option<(usize, Folders)> = None;
    for run in cx.build().all_runs().filter(|run| !run.code.is_exec()) {
        let mut folder = CommandFolder::of(run.build, run.stage, run.index);
        let mut created: Vec<String> = Vec::new();
        for invocation in &run.invocations() {
            let aim = if invocation.is("cd") || invocation.is("pushd") {
                invocation.args.first().and_then(|word| path_of(&run, word))
            } else {
                None
            };
            let aim = aim.and_then(|path| folder.join(&path));
            folder.follow(invocation);
            if created.len() < REMEMBERED {
                created.extend(made_by(invocation).filter_map(|path| folder.join(path)));
            }
            if !matches!(invocation.program, Some("cd" | "pushd")) {
                continue;
            }
            // A string for another shell is not checked; a heredoc is the script of the RUN.
            let is_own_script =
                std::ptr::eq(invocation.script, &raw const run.code.script) || !run.instruction.heredocs.is_empty();
            if !is_own_script || !is_open(invocation) {
                continue;
            }
            if known.as_ref().is_none_or(|(stage, _)| *stage != run.stage.index) {
                known = Some((run.stage.index, Folders::of(run.build, run.stage)));
            }
            let is_there = |path: &String| {
                let above = known.as_ref().is_some_and(|(_, folders)| folders.has(path, run.index));
                above || created.iter().any(|created_path| path::is_within(created_path, path))
            };
            if aim.as_ref().is_some_and(is_there) {
                continue;
            }
            let name = invocation.program.unwrap_or_default();
            let finding = cx
                .finding(
                    run.place(invocation.span),
                    format!("if this {name} fails, the following commands run in the wrong folder"),
                )
                .help(format!("write `{name} … || exit 1`, join the commands with `&&`, or use `set -e`"));
            let text = &run.code.text().unwrap_or_default().get(invocation.command.span.range()).unwrap_or_default();
            let why = "a build that continued in the wrong folder now fails";
            let plain = invocation.command.span.end == invocation.span.end;
            out.push(
                match run
                    .insertion_after(invocation.command.span, text, "|| exit 1")
                    .filter(|_| plain && run.code.script.problems.is_empty() && text.starts_with(name))
                {
                    Some((at, text)) => finding.unsafe_edit("exit if it fails", why, at, text),
                    None => finding,
                },
            );
        }
    }
}

fn is_open(invocation: &Invocation) -> bool {
    let place = &invocation.command.place;
    let checked = place.after.is_some_and(|after| matches!(after.kind, SeparatorKind::And | SeparatorKind::Or));
    let is_condition = invocation.script.enclosing(place).any(|scope| scope.kind == ScopeKind::Condition);
    // The parent folder and `/` always exist.
    let sure = match invocation.args {
        [] => true,
        [word] => word.value().is_some_and(|text| text.bytes().all(|byte| matches!(byte, b'.' | b'/'))),
        _ => false,
    };
    // After `&&` and at the end, its status is that of the list.
    let ends = place.after.is_none() && place.before.is_some();
    !checked && !is_condition && !sure && !ends && !place.options.errexit
}

/// The most folders created by a RUN that are remembered.
const REMEMBERED: usize = 100;

/// The folder that a word names, with variables of the file that the script does not set.
fn path_of(run: &Run, word: &Word) -> Option<String> {
    if let Some(path) = word.value() {
        return Some(path.to_owned());
    }
    let (build, stage) = (run.build, run.stage.index);
    let script = &run.code.script;
    let is_set = |name: &str| {
        script.commands.iter().flat_map(|command| &command.assignments).any(|assignment| &*assignment.name_text == name)
    };
    let is_defined = |name: &str| matches!(build.scopes().lookup(stage, name, run.index), Lookup::Defined(_));
    let plain = word.expansions().len() == word.variables().count() && run.code.is_ordinary();
    let known = plain && word.variables().all(|name| is_defined(name) && !is_set(name));
    build.scopes().expand(stage, run.index, word.text()).filter(|path| known && !path.is_empty())
}

/// The folders that `mkdir` creates.
fn made_by<'s>(invocation: &Invocation<'s>) -> impl Iterator<Item = &'s str> {
    let args = if invocation.is("mkdir") { invocation.args } else { &[] };
    let words = args.iter().filter_map(Word::value);
    words.filter(|word| !word.starts_with('-'))
}

/// Folders that certainly exist, each with the index of the instruction that creates it.
struct Folders(HashMap<String, usize>);

impl Folders {
    /// The folders of WORKDIR, COPY and mkdir in a stage and the stages it is based on.
    fn of(build: &Build, stage: &Stage) -> Self {
        let mut folders = Self(HashMap::new());
        for stage in build.chain(stage).take(DEEPEST) {
            for (index, _) in
                build.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Workdir)
            {
                folders.add(build.workdir(stage, index + 1).value().cloned(), index);
            }
            for transfer in build.transfers(stage) {
                let to = transfer.destination.as_deref();
                folders
                    .add(to.and_then(|to| copied_packages::absolute(build, stage, transfer.index, to)), transfer.index);
            }
            for (index, _, invocations) in toolchain::runs(build, stage) {
                let mut folder = CommandFolder::of(build, stage, index);
                for invocation in &invocations {
                    folder.follow(invocation);
                    for path in made_by(invocation) {
                        folders.add(folder.join(path), index);
                    }
                }
            }
        }
        folders
    }

    /// Adds a folder and its parents.
    fn add(&mut self, path: Option<String>, index: usize) {
        let Some(path) = path else { return };
        let mut rest = path.trim_end_matches('/');
        while rest.len() > 1 {
            let first = self.0.entry(rest.to_owned()).or_insert(index);
            *first = index.min(*first);
            rest = path::parent(rest);
        }
    }

    fn has(&self, path: &str, index: usize) -> bool {
        let path = if path == "/" { path } else { path.trim_end_matches('/') };
        data::SYSTEM_FOLDERS.has(path, "everywhere") || self.0.get(path).is_some_and(|first| *first < index)
    }
}
