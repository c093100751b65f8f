//! COPY and ADD with variables resolved.

use super::{Build, Stage, StageBase};
use crate::dockerfile::Instruction;
use crate::text::Span;

/// A COPY or ADD.
#[derive(Clone, Debug)]
pub struct Transfer<'a> {
    /// Index of the instruction.
    pub index: usize,
    /// The instruction.
    pub instruction: &'a Instruction,
    /// `--from`; `None` for the build context.
    pub from: Option<StageBase>,
    /// Sources in order, heredocs left out.
    pub sources: Vec<Source>,
    /// The destination; `None` if it is known only during the build.
    pub destination: Option<String>,
    /// `--exclude`, in order.
    pub exclude: Vec<String>,
    /// `--parents`.
    pub parents: bool,
}

impl Transfer<'_> {
    /// Whether it copies the build context as a whole.
    pub fn is_of_whole_context(&self) -> bool {
        self.from.is_none() && self.sources.iter().any(Source::is_everything)
    }

    /// Whether a source only means something to a shell, so that the step fails: no such file exists.
    pub fn has_shell_syntax(&self) -> bool {
        self.sources.iter().any(|source| source.text.as_deref().is_some_and(is_shell_syntax))
    }
}

/// A source of a COPY or ADD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path, glob or URL; `None` if it is known only during the build.
    pub text: Option<String>,
    /// Its span.
    pub span: Span,
}

impl Source {
    /// Whether it is the whole context (or the whole of another image).
    pub fn is_everything(&self) -> bool {
        let Some(text) = &self.text else { return false };
        let path = text.trim_start_matches("./").trim_matches('/');
        matches!(path, "" | "." | "*" | "**")
    }

    /// Whether ADD downloads it instead of taking it from the context.
    pub fn is_remote(&self) -> bool {
        self.text.as_deref().is_some_and(is_remote_source)
    }
}

/// Whether ADD downloads a source of this text, instead of taking it from the context.
pub fn is_remote_source(text: &str) -> bool {
    let schemes = ["http://", "https://", "git://", "ssh://", "git@"];
    schemes.iter().any(|scheme| text.starts_with(scheme))
}

/// Whether a word of COPY or ADD only means something to a shell: an operator, a redirection, `$(…)`, the `#` of a comment.
pub fn is_shell_syntax(word: &str) -> bool {
    let redirection = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
    let is_operator = !word.is_empty() && word.bytes().all(|byte| b"|&".contains(&byte));
    is_operator
        || matches!(word, ";" | "#" | "<")
        || redirection.starts_with('>')
        || word.starts_with("$(")
        || word.len() > 1 && word.ends_with(';')
}

impl<'a> Build<'a> {
    /// The COPYs and ADDs of a stage in order.
    pub fn transfers(&self, stage: &Stage) -> &[Transfer<'a>] {
        self.transfers[stage.index].get_or_init(|| {
            let all = self.instructions(stage);
            all.filter_map(|(index, instruction)| self.transfer(stage, index, instruction)).collect()
        })
    }

    /// The COPY or ADD with this index.
    pub fn transfer_at(&self, stage: &Stage, index: usize) -> Option<&Transfer<'a>> {
        self.transfers(stage).iter().find(|transfer| transfer.index == index)
    }

    /// The COPYs and ADDs after ONBUILD, which copy from the context of another build.
    pub fn trigger_transfers(&self, stage: &Stage) -> Vec<Transfer<'a>> {
        let triggers = self.effective_instructions(stage).filter(|(index, _)| self.is_trigger(*index));
        let transfers = triggers.filter_map(|(index, trigger)| self.transfer(stage, index, trigger));
        transfers.filter(|transfer| transfer.sources.iter().all(|source| source.text.is_some())).collect()
    }

    fn transfer(&self, stage: &Stage, index: usize, instruction: &'a Instruction) -> Option<Transfer<'a>> {
        let parts = self.input().file.transfer(instruction)?;
        let is_trigger = self.is_trigger(index);
        let expand = |text: &str| {
            let known = !is_trigger || !text.contains('$');
            known.then(|| self.scopes().expand(stage.index, index, text)).flatten()
        };
        let from = parts.from.as_ref().map(|from| {
            if is_trigger {
                return StageBase::Unknown(from.text.clone().into_owned());
            }
            let edge = self.edges().partition_point(|edge| edge.instruction < index);
            self.edges().get(edge).map_or(StageBase::Scratch, |edge| edge.to.clone())
        });
        // Nothing lies above the context (BuildKit, `dockerfile2llb`: sources are cleaned as paths below `/`).
        let below_root = |text: String| if from.is_none() { text.trim_start_matches("../").to_owned() } else { text };
        Some(Transfer {
            index,
            instruction,
            sources: parts
                .sources
                .iter()
                .map(|source| Source { text: expand(&source.text).map(below_root), span: source.span })
                .collect(),
            from,
            destination: expand(&parts.destination.text),
            exclude: parts.exclude.iter().filter_map(|argument| expand(&argument.text)).collect(),
            parents: parts.parents == Some(true),
        })
    }
}
