//! Empty folders that a RUN creates for data.

use std::collections::BTreeSet;

use super::account::Account;
use super::writes::is_system;
use crate::build::Stage;
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::FileEdit;
use crate::optimize::pass_input::PassInput;
use crate::shell::Invocation;
use crate::text::{Span, path};

/// Where the system keeps data of services.
const PLACES: [&str; 4] = ["/data", "/var/lib", "/var/log", "/var/cache"];

/// A RUN with the folders that it makes.
pub(super) struct CreatedFolders {
    pub index: usize,
    pub folders: Vec<String>,
}

/// The RUNs of a stage that make such folders or written ones, and can be told to hand them over.
pub(super) fn folders(input: &PassInput, target: &Stage, written: &BTreeSet<String>) -> Vec<CreatedFolders> {
    let build = input.build;
    let folders = build.own_runs(target).filter_map(|run| {
        let (invocations, index) = (run.invocations(), run.index);
        let work = build.workdir(target, index);
        let work = work.value().map_or("/", String::as_str);
        // Who changes the folder or the owner, or puts something there, means something else.
        let changes = |invocation: &Invocation| !matches!(invocation.program, Some("mkdir" | "chmod"));
        if run.code.is_exec() || run.code.script.append_at().is_none() || invocations.iter().any(changes) {
            return None;
        }
        let words = invocations.iter().filter(|invocation| invocation.is("mkdir")).flat_map(|call| call.args);
        let plain = words.filter(|word| !word.is_dynamic() && !word.text().starts_with('-'));
        let paths = plain.map(|word| path::join(work, word.text()));
        let is_empty = |path: &String| is_for_data(path) && !is_filled(input, target, path);
        let folders: Vec<String> = paths.filter(|path| written.contains(path) || is_empty(path)).collect();
        (!folders.is_empty()).then_some(CreatedFolders { index, folders })
    });
    folders.collect()
}

/// Absolute paths of all folders that RUNs of a stage make by name, from an instruction on.
pub(super) fn later_folders(input: &PassInput, target: &Stage, first: usize) -> Vec<String> {
    let build = input.build;
    let runs = build.own_runs(target).filter(|run| run.index >= first).flat_map(|run| {
        let calls = run.invocations().into_iter().filter(|call| call.is("mkdir"));
        let words: Vec<String> = calls.flat_map(|call| call.args).map(|word| word.text().to_owned()).collect();
        words.into_iter().map(move |word| (run.index, word))
    });
    let paths = runs.filter(|(_, word)| !word.starts_with('-')).filter_map(|(index, word)| {
        let folder = build.workdir(target, index);
        let name = build.scopes().expand(target.index, index, &word)?;
        Some(path::join(folder.value().map_or("/", String::as_str), &name))
    });
    paths.collect()
}

fn is_for_data(path: &str) -> bool {
    let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
    let named = data::FILE_TOPICS.has(path::name(path), "data");
    plain && !is_system(path) && (named || PLACES.iter().any(|place| path::is_within(path, place)))
}

/// Whether a COPY or ADD names the folder.
fn is_filled(input: &PassInput, target: &Stage, path: &str) -> bool {
    input.build.instructions(target).any(|(_, instruction)| {
        matches!(instruction.keyword, Keyword::Copy | Keyword::Add)
            && input.source().slice(instruction.span).contains(path)
    })
}

/// The RUNs with the change of owner behind what they do.
pub(super) fn handed(input: &PassInput, folders: &[CreatedFolders], account: &Account) -> Vec<FileEdit> {
    let edit = |created_folders: &CreatedFolders| {
        let code = input.build.code(created_folders.index)?;
        let at = code.place(input.file(), Span::at(code.script.append_at()?)).start;
        let passage = input.source().slice(input.build.instruction(created_folders.index).span);
        let between = if passage.contains('\n') { format!(" \\{}    ", input.newline()) } else { " ".to_owned() };
        let text = format!("{between}&& chown {} {}", account.owner, created_folders.folders.join(" "));
        Some(input.edit(Span::at(at), text))
    };
    folders.iter().filter_map(edit).collect()
}
