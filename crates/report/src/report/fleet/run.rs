//! What a run over many items did.

use crate::fleet::{FailureRecord, RunSummary};
use crate::report::layout::quoted;
use crate::report::page::{Block, Column, NextCommand, Page, Section, Table, Text, Tone, code, number, plain, toned};
use crate::report::units::{bytes, count, seconds};

/// Failures that are listed.
const SHOWN: usize = 50;

/// What a run did, the items that failed with their reasons, and the command that joins the results of its folder.
pub fn fleet_run(summary: &RunSummary, failures: &[FailureRecord], folder: &str) -> Page {
    let mut page = Page::new("Fleet run");
    let kept = if summary.kept > 0 { format!(", {} from a run before", summary.kept) } else { String::new() };
    let missing = if summary.missing > 0 { format!(", {} not checked", summary.missing) } else { String::new() };
    let items = count(summary.items as u64, "item");
    page.push(toned(
        format!("shard {}: {items}, {} failed{missing}{kept}", summary.shard, summary.failures),
        Tone::Strong,
    ));
    let row = |what: &str, amount: String, more: &str| vec![plain(what), number(amount), plain(more)];
    let mut rows = vec![row("time", seconds(summary.seconds), &format!("{} at a time", summary.jobs))];
    if summary.cpu_seconds > 0.0 {
        rows.push(row("processors", seconds(summary.cpu_seconds), "of all items"));
    }
    rows.extend(summary.memory_bytes.map(|memory| row("memory", bytes(memory), "of the largest item")));
    if summary.fetched_bytes + summary.reused_bytes > 0 {
        rows.push(row("fetched", bytes(summary.fetched_bytes), "from registries"));
        rows.push(row("reused", bytes(summary.reused_bytes), "of layers that several images have"));
    }
    page.push(Section::default().with(Table::new(&[Column::Left, Column::Right, Column::Words], rows)));
    page.push_rows(Section::new("Failures"), failure_table(failures));
    let line = format!("dockopt fleet report {}", quoted(folder));
    let next = NextCommand { line, why: "join the results of all shards in one report".to_owned() };
    page.push(Block::Commands(vec![next]));
    page
}

/// The items that failed, each with its reason and what to do.
pub(super) fn failure_table(failures: &[FailureRecord]) -> Table {
    let row = |failure: &FailureRecord| {
        let help = failure.help.as_ref().map_or_else(Text::default, |help| toned(help, Tone::Dim));
        vec![code(failure.item.name()), plain(&failure.reason), help]
    };
    let rows = failures.iter().take(SHOWN).map(row).collect();
    Table::new(&[Column::Path, Column::Words, Column::Below], rows)
        .with_head(&["item", "reason", "help"])
        .first_of(failures.len())
}
