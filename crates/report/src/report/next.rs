//! The commands that go on from a result.

use super::layout::quoted;
use super::page::{Block, Column, Section, Table, Tone, command, toned};

/// A command, and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NextCommand {
    line: String,
    why: String,
}

impl NextCommand {
    /// `words`: what stands behind `dockopt`, the names of commands and what was typed. `more` is written as it is.
    pub(super) fn new<'w>(mut words: impl Iterator<Item = &'w str>, more: &str, why: String) -> Self {
        let name = words.next().map(str::to_owned);
        let words = std::iter::once("dockopt".to_owned()).chain(name).chain(words.map(quoted));
        let words = words.chain(Some(more.to_owned()).filter(|more| !more.is_empty()));
        Self { line: words.collect::<Vec<_>>().join(" "), why }
    }
}

/// What stands at the end of a page; nothing without commands.
pub(super) fn next_block(commands: &[NextCommand]) -> Option<Block> {
    let row = |(number, next): (usize, &NextCommand)| {
        let title = if number == 0 { "Next:" } else { "" };
        vec![toned(title, Tone::Strong), command(&next.line), toned(&next.why, Tone::Dim)]
    };
    let rows: Vec<_> = commands.iter().enumerate().map(row).collect();
    let table = Table::new(&[Column::Left, Column::Left, Column::Below], rows);
    (!commands.is_empty()).then(|| Section::default().with(table).into())
}
