//! The comparison as a document: the verdict, then each build with its figures, its pictures and its findings in their lines.

use std::collections::{BTreeMap, HashMap};

use super::blocks::{cause_list, failure, fix_diff, folded, lines_table, list, misses, outcome, remainder, worst};
use super::pictures::pictures;
use super::words::{amount_cost, cost, failing_findings, others, place, verdict};
use crate::report::anchor::Anchors;
use crate::report::history;
use crate::report::page::{
    Block, Column, Section, SourceExcerpt, Table, Text, TextKind, Tone, command, path, plain, toned,
};
use crate::report::units::count;
use crate::results::{Comparison, FigureRow, FindingState, FixState};
use crate::text::path::normalize;
use crate::wire::ExcerptJson;

/// Findings of the overview.
const FIRST: usize = 10;

/// Findings that are shown with their lines and fixes; the worst.
const DETAILED: usize = 1_000;

/// Lines of a finding, those before and behind them, characters of a line.
const LINES: u32 = 20;
const MARGIN: u32 = 2;
const WIDEST: usize = 400;

/// Stretches of a file that are looked through for a line.
const STRETCHES: usize = 50;

/// A finding, how many are like it, and the name of its section.
struct FindingItem<'a> {
    finding: &'a FindingState,
    number: usize,
    anchor: String,
}

/// All that is known, for a browser.
pub(super) fn sections(comparison: &Comparison, fails: bool) -> Vec<Block> {
    let items = items(comparison);
    let mut blocks: Vec<Block> = vec![overview(comparison, fails, &items).into()];
    let (detailed, others) = items.split_at(items.len().min(DETAILED));
    let mut by_file: BTreeMap<String, Vec<&FindingItem>> = BTreeMap::new();
    for item in detailed {
        by_file.entry(normalize(&item.finding.file)).or_default().push(item);
    }
    let excerpts = excerpts_by_file(&comparison.details.excerpts);
    let findings = |file: &str, by_file: &mut BTreeMap<String, Vec<&FindingItem>>| {
        let mut items = by_file.remove(file).unwrap_or_default();
        items.sort_by_key(|item| (item.finding.line, item.finding.column));
        items.into_iter().map(|item| finding(item, &excerpts).into()).collect::<Vec<Block>>()
    };
    let mut rows_by_build: HashMap<&str, Vec<FigureRow>> = HashMap::new();
    for row in &comparison.rows {
        rows_by_build.entry(&row.build).or_default().push(row.clone());
    }
    for (build, name) in comparison.state.builds.iter().zip(comparison.build_names()) {
        let mut section = Section::new(path(&name));
        let rows = rows_by_build.get(name.as_str()).map(Vec::as_slice).unwrap_or_default();
        if !rows.is_empty() {
            section.push(lines_table(comparison, rows));
        }
        for row in rows.iter().filter(|row| !row.causes.is_empty()) {
            section.push(Section::new(format!("What changed the {}", row.kind.title())).with(cause_list(row)));
        }
        section.blocks.extend(list(misses(build)));
        section.blocks.extend(pictures(build));
        let names = build.dockerfile.iter().chain(&build.images);
        for name in names {
            section.blocks.extend(findings(&normalize(name), &mut by_file));
        }
        if !section.blocks.is_empty() {
            blocks.push(section.into());
        }
    }
    for file in by_file.keys().cloned().collect::<Vec<_>>() {
        let blocks_of_file = findings(&file, &mut by_file);
        blocks.push(Section { blocks: blocks_of_file, ..Section::new(path(&file)) }.into());
    }
    if !others.is_empty() {
        let more: usize = others.iter().map(|item| item.number).sum();
        let title = format!("{more} without their lines, as there are many");
        blocks.extend(folded(title, vec![rows(others, false).into()]));
    }
    if !comparison.history.records.is_empty() {
        blocks.push(Section { blocks: history::blocks(&comparison.history), ..Section::new("Trends") }.into());
    }
    let failures: Vec<String> = comparison.state.builds.iter().filter_map(failure).collect();
    blocks.extend(remainder(comparison, &failures));
    blocks
}

/// New findings and those that nobody looked for before, the worst first.
fn items(comparison: &Comparison) -> Vec<FindingItem<'_>> {
    let mut anchors = Anchors::default();
    let all = worst(&comparison.new_findings).into_iter().chain(worst(&comparison.uncompared_findings));
    let mut items = Vec::new();
    for (finding, number) in all {
        let anchor = anchors.name(&format!("{}-{}", place(finding), finding.rule));
        items.push(FindingItem { finding, number, anchor });
    }
    items
}

fn overview(comparison: &Comparison, fails: bool, items: &[FindingItem]) -> Section {
    let mut section = Section::new("Overview");
    let (mark, tone) = if fails { ("✗", Tone::Error) } else { ("✓", Tone::Good) };
    section.push(toned(format!("{mark} {}", verdict(comparison)), tone));
    if fails {
        section.blocks.extend(failing_findings(comparison).map(|text| plain(text).into()));
    }
    let failures: Vec<String> = comparison.state.builds.iter().filter_map(failure).collect();
    section.blocks.extend(outcome(comparison, &failures));
    let new = worst(&comparison.new_findings).len();
    if new > 0 {
        let word = if comparison.baseline.is_some() { "new finding" } else { "finding" };
        let title = count(comparison.new_findings.len() as u64, word);
        let title = if new > FIRST { format!("The worst of {title}") } else { title };
        section.push(Section::new(title).with(rows(&items[..new.min(FIRST)], true)));
    }
    if let Some(offer) = comparison.fix_offer() {
        section.push(plain(format!("{}.", offer.sentence())));
    }
    section
}

/// Findings one per row; with a link to each that has a section.
fn rows(items: &[FindingItem], has_sections: bool) -> Table {
    let rows = items.iter().map(|FindingItem { finding, number, anchor }| {
        let kind = if has_sections { TextKind::Place(anchor.clone()) } else { TextKind::Path };
        vec![
            toned(finding.severity().name(), Tone::of(finding.severity())),
            Text::new(place(finding), kind, Tone::Plain),
            plain(&finding.message).and(others(*number)).and_dim(format!(" [{}]", finding.rule)),
            plain(cost(finding)),
        ]
    });
    let columns = [Column::Left, Column::Path, Column::Words, Column::Right];
    Table::new(&columns, rows.collect()).with_head(&["severity", "place", "finding", "costs"])
}

/// A finding with its lines, what it costs and how it is repaired.
fn finding(item: &FindingItem, excerpts: &HashMap<&str, Vec<&ExcerptJson>>) -> Section {
    let finding = item.finding;
    let line = finding.line.map_or_else(|| " ".to_owned(), |line| format!(" line {line}: "));
    let severity = finding.severity();
    let title = toned(severity.name(), Tone::of(severity)).and_dim(line).and(&finding.message);
    let title = title.and(others(item.number)).and(" ");
    let title = match crate::rules::find(&finding.rule) {
        Some(rule) => title.with(rule.name, TextKind::Link(rule.url()), Tone::Dim),
        None => title.and_code(&finding.rule),
    };
    let mut section = Section { anchor: Some(item.anchor.clone()), ..Section::new(title) };
    section.blocks.extend(excerpt(finding, excerpts).map(Block::Excerpt));
    section.blocks.extend(finding.help.iter().map(|help| plain(help).into()));
    section.blocks.extend(amount_cost(finding).map(|cost| plain(format!("costs {cost}")).into()));
    section.blocks.extend(finding.fix.iter().map(|fix| fix_section(finding, fix).into()));
    section
}

fn fix_section(finding: &FindingState, fix: &FixState) -> Section {
    let (flag, safety) = if fix.is_safe { ("", "safe fix") } else { (" --unsafe", "unsafe fix") };
    let mut section = Section::folded(plain(&fix.title).and_dim(format!(" ({safety})")));
    if let Some(rule) = crate::rules::find(&finding.rule) {
        section.push(command(format!("dockopt fix --write{flag} --select {}", rule.name)));
    }
    section.blocks.extend(fix_diff(fix));
    section
}

/// The excerpts of each file, by their first lines.
fn excerpts_by_file(excerpts: &[ExcerptJson]) -> HashMap<&str, Vec<&ExcerptJson>> {
    let mut by_file: HashMap<&str, Vec<&ExcerptJson>> = HashMap::new();
    for excerpt in excerpts {
        by_file.entry(&excerpt.file).or_default().push(excerpt);
    }
    for excerpts in by_file.values_mut() {
        excerpts.sort_by_key(|excerpt| excerpt.first_line);
    }
    by_file
}

/// The lines of a finding with some around them, if a result has them.
fn excerpt(finding: &FindingState, excerpts: &HashMap<&str, Vec<&ExcerptJson>>) -> Option<SourceExcerpt> {
    let first = finding.line?;
    let last = finding.last_line.unwrap_or(first);
    let of_file = excerpts.get(finding.file.as_str())?;
    let end = |excerpt: &ExcerptJson| {
        excerpt.first_line.saturating_add(u32::try_from(excerpt.lines.len()).unwrap_or(u32::MAX))
    };
    // Several results may have the line: the stretch that goes on longest.
    let before = &of_file[..of_file.partition_point(|excerpt| excerpt.first_line <= first)];
    let near = before.iter().rev().take(STRETCHES).filter(|excerpt| first < end(excerpt));
    let excerpt = near.max_by_key(|excerpt| end(excerpt))?;
    let end = end(excerpt);
    let last = last.min(first.saturating_add(LINES - 1)).min(end - 1);
    let first_line = first.saturating_sub(MARGIN).max(excerpt.first_line);
    let range = (first_line - excerpt.first_line) as usize..;
    let number = last.saturating_add(MARGIN).min(end - 1) - first_line + 1;
    let lines = excerpt.lines[range].iter().take(number as usize);
    let lines = lines.map(|line| line.chars().take(WIDEST).collect()).collect();
    Some(SourceExcerpt {
        file: String::new(),
        first_line,
        lines,
        marked: (first..=last).collect(),
        ..SourceExcerpt::default()
    })
}
