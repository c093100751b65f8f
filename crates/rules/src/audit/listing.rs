//! What `context ls` shows: what the builder is sent, and what each COPY and ADD takes of it.

use super::{ContextReport, ProblemReport, context_problems, overview};
use crate::build::Build;
use crate::finding::Mask;
use crate::inputs::context::Amount;
use crate::inputs::{Folder, Inputs};

/// One build context.
#[derive(Clone, Debug)]
pub struct ContextListing {
    /// The Dockerfile whose copies are listed, as the user would type it; `None` for a folder without one that takes
    /// something from it: all of it is listed then.
    pub dockerfile: Option<String>,
    /// What is sent.
    pub context: ContextReport,
    /// What each COPY and ADD of the needed stages takes, in the order of the file.
    pub copies: Vec<CopyTake>,
    /// What is wrong: files that can't be read, sources that are not there, lines of .dockerignore.
    pub problems: Vec<ProblemReport>,
}

/// What a COPY or ADD takes of the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyTake {
    /// First line of the instruction, from 1.
    pub line: u32,
    /// Its stage: the name, or `stage-N`.
    pub stage: String,
    /// The instruction on one line.
    pub text: String,
    /// Files; `None` when it is not known (a source with a variable that has no value).
    pub files: Option<u64>,
    /// Their bytes.
    pub bytes: Option<u64>,
}

/// What a build is sent, and what each COPY and ADD takes; `None` when the context was not looked at.
pub(super) fn of_build(inputs: &Inputs, build: &Build, mask: &Mask) -> Option<ContextListing> {
    let input = build.input();
    let context = input.context.as_deref()?;
    let mut copies = Vec::new();
    for (stage, transfer) in build.needed_transfers().filter(|(_, transfer)| transfer.from.is_none()) {
        let selections = transfer.select(context);
        let known = selections.iter().all(Option::is_some);
        let total = |amount: fn(&Amount) -> u64| {
            known.then(|| selections.iter().flatten().map(|selection| amount(&selection.amount)).sum())
        };
        copies.push(CopyTake {
            line: transfer.instruction.start_line,
            stage: stage.title(),
            text: mask.apply(&build.one_line(transfer.instruction)),
            files: total(|amount| amount.files),
            bytes: total(|amount| amount.bytes),
        });
    }
    let mut problems = context_problems::of_build(inputs, build, mask);
    problems.extend(context_problems::of_unread_ignore_file(inputs, build));
    Some(ContextListing {
        dockerfile: Some(inputs.source(input.dockerfile).name().to_owned()),
        context: overview::sent(inputs, build, context)?,
        copies,
        problems,
    })
}

/// All of a folder.
pub(super) fn of_folder(folder: &Folder) -> ContextListing {
    let troubles =
        folder.context.troubles().iter().map(|trouble| context_problems::of_context(&folder.context, trouble));
    ContextListing {
        dockerfile: None,
        context: overview::plain(folder),
        copies: Vec::new(),
        problems: troubles.collect(),
    }
}
