//! Columns of text on a terminal, for what does not build a page yet.

use super::layout::Layout;
use super::page::Table;
pub(super) use super::page::{Column, Text as Cell, plain, toned as cell};
use super::render;

/// Rows under each other.
pub(super) struct Grid<'a> {
    pub(super) columns: &'a [Column],
    /// What stands above the columns; nothing where they have no heads.
    pub(super) head: &'a [&'a str],
    pub(super) rows: &'a [Vec<Cell>],
    /// Blanks before each line.
    pub(super) indent: usize,
}

impl Grid<'_> {
    /// All lines.
    pub(super) fn write(&self, layout: Layout) -> String {
        let table = Table::new(self.columns, self.rows.to_vec()).with_head(self.head);
        render::terminal_table(&table, self.indent, layout)
    }
}
