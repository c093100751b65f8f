//! RUNs after the user's files: the files that they create there must also belong to the user.

use super::account::Account;
use crate::build::{Run, Stage, Transfer};
use crate::dockerfile::Keyword;
use crate::finding::FileEdit;
use crate::manifest::Ecosystem;
use crate::optimize::pass_input::PassInput;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Verb, Word};
use crate::text::{Span, path};

/// The first of the steps behind the sources that, with all below it, only work on these: what they make there belongs to
/// the user too.
pub(super) fn first_own(input: &PassInput, target: &Stage, copies: &[Transfer]) -> Option<usize> {
    let last = copies.iter().map(|copy| copy.index).max()?;
    let behind: Vec<_> = input.build.instructions(target).filter(|(index, _)| *index > last).collect();
    let copies = behind
        .iter()
        .any(|(_, instruction)| matches!(instruction.keyword, Keyword::Copy | Keyword::Add | Keyword::Workdir));
    let runs: Vec<usize> =
        behind.iter().filter(|(_, instruction)| instruction.keyword == Keyword::Run).map(|(index, _)| *index).collect();
    let work_count = runs.iter().rev().take_while(|index| works(input, target, **index)).count();
    let (others, work_runs) = runs.split_at(runs.len() - work_count);
    // What root made before may be what they write to.
    let mut codes = others.iter().filter_map(|index| input.build.code(*index));
    let runs_project = codes.any(|code| code.script.invocations().iter().any(is_runner));
    if !copies && !runs_project { work_runs.first().copied() } else { None }
}

/// Whether it works on the sources as well for another user.
fn is_runner(invocation: &Invocation) -> bool {
    invocation.program.is_some_and(|name| Program::of(name).is(Kind::Runner) || name == "make")
}

/// Whether a program may be let loose on files by their owner.
fn is_for_owners(program: Program) -> bool {
    let harmful = program.is(Kind::Deletes) || program.is(Kind::Root);
    program.is(Kind::Brief) && program.handles_files() && !harmful
}

/// Whether a RUN only works on the sources.
fn works(input: &PassInput, target: &Stage, index: usize) -> bool {
    let Some(code) = input.build.code(index) else { return false };
    let folder = input.build.workdir(target, index).value().cloned().unwrap_or_default();
    let touches = |invocation: &Invocation| {
        let inside = |word: &Word| !word.text().starts_with('/') || path::is_within(word.text(), &folder);
        let plain =
            invocation.command.redirects.is_empty() && !invocation.args.iter().any(|word| word.text().contains(".."));
        plain
            && folder != "/"
            && invocation.args.iter().all(inside)
            && invocation.program.map(Program::of).is_some_and(is_for_owners)
    };
    let invocations = code.script.invocations();
    let installs =
        invocations.iter().any(|invocation| invocation.package_call().is_some_and(|call| call.verb == Verb::Install));
    let plain = input.build.instruction(index).flags.is_empty();
    plain && !installs && invocations.iter().all(|invocation| is_runner(invocation) || touches(invocation))
}

/// RUNs of root behind the first COPY that is the user's, with what they make there handed over. `own` is the first that
/// runs as the user, `known` are those that hand over by themselves.
pub(super) fn handed(
    input: &PassInput,
    target: &Stage,
    copies: &[Transfer],
    account: &Account,
    first_work: Option<usize>,
    known: &[usize],
) -> Vec<FileEdit> {
    let copy_indexes = copies.iter().filter(|copy| !is_for_installs(input, target, copy)).map(|copy| copy.index);
    let Some(first) = copy_indexes.min() else { return Vec::new() };
    let is_roots =
        |run: &Run| run.index > first && first_work.is_none_or(|work| run.index < work) && !known.contains(&run.index);
    let edit = |run: Run| {
        let folder = input.build.workdir(target, usize::MAX);
        let folder = folder.value().filter(|folder| *folder != "/")?;
        let flags = &run.instruction.flags;
        // What is bound can't be given away, and what is cached is no part of the image.
        let binds = flags.iter().any(|flag| input.source().slice(flag.word.span).contains("bind"));
        if run.code.is_exec() || binds || !run.invocations().iter().any(|invocation| makes(invocation, folder)) {
            return None;
        }
        let option = if flags.is_empty() { "" } else { "-xdev " };
        let at = run.place(Span::at(run.code.script.append_at()?)).start;
        let text = format!(
            " \\{}    && find {folder} {option}{}-user root -exec chown -h {} {{}} +",
            input.newline(),
            packages(input),
            account.owner
        );
        Some(input.edit(Span::at(at), text))
    };
    input.build.own_runs(target).filter(is_roots).filter_map(edit).collect()
}

/// Whether a command may leave files in the folder that the program wants to write to; installed packages are none.
fn makes(invocation: &Invocation, folder: &str) -> bool {
    let installs = invocation.package_call().is_some_and(|call| call.verb == Verb::Install);
    let inside = |word: &&Word| !word.text().starts_with(['/', '-']) || path::is_within(word.text(), folder);
    let makes = invocation.program.map(Program::of).is_some_and(Program::makes_files);
    !installs
        && (is_runner(invocation)
            || (makes
                && invocation.args.iter().rfind(|word| !word.text().starts_with('-')).as_ref().is_some_and(inside)))
}

/// What `find` passes over: packages that an earlier step installed would be in the image twice.
fn packages(input: &PassInput) -> String {
    let text = input.source().text();
    let mut names = Vec::new();
    if input.projects_of(Ecosystem::Node).next().is_some() {
        names.push("node_modules");
    }
    if text.contains("composer") || text.contains("bundle") {
        names.push("vendor");
    }
    if text.contains("uv sync") || text.contains("venv") {
        names.push(".venv");
    }
    match names.as_slice() {
        [] => String::new(),
        [name] => format!("-name {name} -prune -o "),
        names => format!("\\( -name {} \\) -prune -o ", names.join(" -o -name ")),
    }
}

/// Whether a COPY brings manifests alone, for an install below it: no program writes to them.
pub(super) fn is_for_installs(input: &PassInput, target: &Stage, copy: &Transfer) -> bool {
    let manifest = |text: &str| crate::manifest::is_manifest(text.trim_start_matches("./")).is_some();
    let mut below = input.build.own_runs(target).filter(|run| run.index > copy.index);
    copy.sources.iter().all(|source| source.text.as_deref().is_some_and(manifest))
        && below.any(|run| run.code.has_package_call(|call| call.verb == Verb::Install))
}
