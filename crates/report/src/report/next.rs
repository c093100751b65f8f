//! The commands that go on from a result.

use super::layout::quoted;
use super::page::NextCommand;

impl NextCommand {
    /// `words`: what stands behind `dockopt`, the names of commands and what was typed. `more` is written as it is.
    pub(super) fn new<'w>(mut words: impl Iterator<Item = &'w str>, more: &str, why: String) -> Self {
        let name = words.next().map(str::to_owned);
        let words = std::iter::once("dockopt".to_owned()).chain(name).chain(words.map(quoted));
        let words = words.chain(Some(more.to_owned()).filter(|more| !more.is_empty()));
        Self { line: words.collect::<Vec<_>>().join(" "), why }
    }
}
