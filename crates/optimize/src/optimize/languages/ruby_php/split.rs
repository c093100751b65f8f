//! Splits a stage at the instruction that installs dependencies: everything up to it moves to a separate stage, and the
//! final stage copies only the installed packages.

use crate::build::{Stage, StageBase, Transfer};
use crate::dockerfile::Keyword;
use crate::finding::FileEdit;
use crate::optimize::pass_input::PassInput;
use crate::text::{Span, path};

/// What becomes of an instruction up to the install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InstructionFate {
    /// It stands in both stages.
    Both,
    /// It stands in the first stage; the final one has this text in its place, or nothing.
    Build(Option<String>),
    /// It stands in the final stage.
    Final,
}

/// A split.
pub(super) struct StageSplit {
    /// The last instruction of the first stage.
    pub last: usize,
    /// Fates by instruction, from the first behind FROM to the last; missing ones are [`InstructionFate::Both`].
    pub outcomes: Vec<(usize, InstructionFate)>,
    /// Instructions of the first stage with another text than the author's.
    pub texts: Vec<(usize, String)>,
    /// What the final stage copies from the first one, and the instruction behind which it does.
    pub copies: Vec<(String, usize)>,
}

/// Whether the stage is one that can be split: the only one that is needed, on an image.
pub(super) fn stands_alone(input: &PassInput, target: &Stage) -> bool {
    let build = input.build;
    let image = matches!(target.base, StageBase::Image(_) | StageBase::Unknown(_));
    let triggers = build.instructions_of(target, Keyword::Onbuild).next().is_some();
    let on_it = build.needed_stages().any(|stage| stage.base == StageBase::Stage(target.index));
    image && build.ships(target) && !triggers && !on_it
}

/// The edits that make two stages of one.
pub(super) fn edits(input: &PassInput, target: &Stage, split: &StageSplit) -> Vec<FileEdit> {
    let newline = input.newline();
    let fate = |index: usize| {
        split.outcomes.iter().find(|(at, _)| *at == index).map_or(InstructionFate::Both, |(_, fate)| fate.clone())
    };
    let stage = input.free_stage_name(&["build", "dependencies", "vendor", "dockopt-build"]);
    let mut first = input.stage_start(target, stage);
    let mut edits = Vec::new();
    for (index, instruction) in input.build.instructions(target).filter(|(index, _)| *index <= split.last) {
        let fate = fate(index);
        if fate != InstructionFate::Final && !instruction.keyword.describes_image() {
            let text = split.texts.iter().find(|(at, _)| *at == index).map(|(_, text)| text.clone());
            first.push_str(&text.unwrap_or_else(|| input.passage_text(index)));
        }
        let copies: String = split
            .copies
            .iter()
            .filter(|(_, behind)| *behind == index)
            .flat_map(|(path, _)| [format!("COPY --from={stage} {path} {path}"), newline.to_owned()])
            .collect();
        match fate {
            InstructionFate::Build(text) => {
                let kept_text = text.map(|text| text + newline).unwrap_or_default();
                edits.push(input.edit(input.instruction_span(index), kept_text + &copies));
            }
            _ if !copies.is_empty() => edits.push(input.edit(Span::at(input.instruction_span(index).end), copies)),
            _ => {}
        }
    }
    let behind = split.copies.iter().filter(|(_, behind)| *behind > split.last);
    for (path, index) in behind {
        let text = format!("COPY --from={stage} {path} {path}{newline}");
        edits.push(input.edit(Span::at(input.instruction_span(*index).end), text));
    }
    let start = input.instruction_span(target.start).start;
    edits.insert(0, input.edit(Span::at(start), first + newline));
    edits
}

/// Whether a later COPY of everything brings what this one does.
pub(super) fn is_covered(input: &PassInput, target: &Stage, index: usize, install: usize) -> bool {
    let transfers = input.build.transfers(target);
    let copy = input.build.transfer_at(target, index).filter(|copy| copy.from.is_none());
    let folder = |at: usize| input.build.workdir(target, at).value().cloned();
    let later = transfers.iter().any(|transfer| {
        transfer.index > install
            && transfer.index != index
            && transfer.from.is_none()
            && transfer.sources.iter().all(crate::build::Source::is_everything)
            && transfer.destination.as_deref().is_some_and(|to| {
                matches!(to, "." | "./") || folder(transfer.index).as_deref() == Some(to.trim_end_matches('/'))
            })
    });
    later && copy.is_some_and(|copy| keeps_paths(copy, folder(index).as_deref()))
}

/// Whether what is copied lies below the working folder as it lies in the context.
fn keeps_paths(transfer: &Transfer, folder: Option<&str>) -> bool {
    let Some(to) = transfer.destination.as_deref() else { return false };
    let to = folder.and_then(|folder| to.strip_prefix(folder)).unwrap_or(to);
    let clean = |path: &str| path.trim_start_matches("./").trim_matches('/').trim_start_matches('.').to_owned();
    let to = clean(to);
    transfer.sources.iter().all(|source| {
        let Some(from) = source.text.as_deref().map(clean) else { return false };
        let parent = path::parent(&from);
        from == to || parent == to
    })
}
