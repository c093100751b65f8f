//! What changed, as blocks: a terminal gets everything in lines; a comment says first what a reviewer has to know, and
//! folds the rest.

use std::collections::HashMap;

use super::answers::answers;
use super::words::{
    UNCOMPARED, amount_cost, baseline, budget, cause_place, change, cost, failing_findings, groups, has_several_builds,
    is_exceeded, limit, limit_sentence, others, place, remark, row_limits, signed, value, verdict,
};
use crate::report::layout::cut;
use crate::report::page::{Block, Column, Medium, Section, Table, Text, TextKind, Tone, code, number, plain, toned};
use crate::report::units::count;
use crate::results::{
    BuildState, CacheMiss, Comparison, Direction, Edit, FigureKind, FigureRow, FindingState, FixState,
};

/// Columns of an instruction in a list, and in a cell of a table.
const WIDEST: usize = 300;
const WIDEST_CELL: usize = 60;

/// Rows of figures, and findings of a comment that are not folded or left out.
const OPEN_ROWS: usize = 10;
const OPEN_FINDINGS: usize = 5;

/// Readers of a comment: all but terminals.
const DOCUMENTS: &[Medium] = &[Medium::Markdown, Medium::Html];

/// Blocks that belong together without a title.
fn untitled(block: impl Into<Block>) -> Block {
    Section::default().with(block).into()
}

/// Blocks behind a fold; nothing if there are none.
pub(super) fn folded(title: impl AsRef<str>, blocks: Vec<Block>) -> Option<Block> {
    (!blocks.is_empty()).then(|| Section { blocks, ..Section::folded(title) }.into())
}

pub(super) fn list(items: Vec<Text>) -> Option<Block> {
    (!items.is_empty()).then_some(Block::List(items))
}

/// Everything, for a terminal.
pub(super) fn lines(comparison: &Comparison, fails: bool) -> Vec<Block> {
    let tone = if fails { Tone::Error } else { Tone::Strong };
    let mut blocks: Vec<Block> = vec![toned(verdict(comparison), tone).into()];
    for rows in comparison.rows.chunk_by(|row, next| row.build == next.build) {
        let build = rows.first().map_or("", |row| &row.build);
        blocks.push(Section::new(toned(build, Tone::Strong)).with(lines_table(comparison, rows)).into());
    }
    blocks.extend(list(comparison.limits.iter().filter_map(limit_sentence).map(plain).collect()));
    blocks.extend(causes(comparison, 1));
    blocks.extend(list(comparison.state.builds.iter().flat_map(misses).collect()).map(untitled));
    let word = if comparison.baseline.is_some() { "new finding" } else { "finding" };
    let uncompared = format!("{} {UNCOMPARED}", count(comparison.uncompared_findings.len() as u64, "finding"));
    for (title, findings) in [
        (count(comparison.new_findings.len() as u64, word), &comparison.new_findings),
        (count(comparison.fixed_findings.len() as u64, "fixed finding"), &comparison.fixed_findings),
        (uncompared, &comparison.uncompared_findings),
    ] {
        let items = list(groups(findings).into_iter().map(finding_line).collect());
        blocks.extend(items.map(|items| Section::new(toned(title, Tone::Strong)).with(items).into()));
    }
    blocks.extend(unchanged(comparison).map(|unchanged| untitled(plain(unchanged))));
    blocks.extend(rewrites(comparison));
    blocks.extend(answers(&comparison.details));
    let notices = comparison.notices.iter().map(|notice| toned(notice, Tone::Dim)).collect();
    blocks.extend(list(notices).map(untitled));
    blocks.push(untitled(toned(baseline(comparison).replace('`', ""), Tone::Dim)));
    blocks
}

pub(super) fn lines_table(comparison: &Comparison, rows: &[FigureRow]) -> Table {
    let has_before = comparison.baseline.is_some();
    let cells = rows.iter().map(|row| {
        let limits = row_limits(comparison, row).map(limit);
        let remarks: Vec<String> = limits.chain([remark(row)]).filter(|remark| !remark.is_empty()).collect();
        let before = row.before.as_ref().map_or_else(|| "–".to_owned(), value);
        vec![
            plain(row.kind.title()),
            number(if has_before { before } else { String::new() }),
            number(value(&row.after)),
            number(change(row)).in_tone(tone(row)),
            plain(remarks.join(", ")),
        ]
    });
    let columns = [Column::Left, Column::Right, Column::Right, Column::Left, Column::Words];
    let table = Table::new(&columns, cells.collect());
    if has_before { table.with_head(&["", "before", "after", "change", ""]) } else { table }
}

const fn tone(row: &FigureRow) -> Tone {
    match row.direction {
        Direction::Better => Tone::Good,
        Direction::Worse => Tone::Error,
        _ => Tone::Plain,
    }
}

fn finding_line((finding, number): (&FindingState, usize)) -> Text {
    let cost = cost(finding);
    let cost = if cost.is_empty() { cost } else { format!(" ({cost})") };
    let (severity, others) = (finding.severity().name(), others(number));
    plain(format!("{}: {severity} {}: {}{others}{cost}", place(finding), finding.rule, finding.message))
}

/// What each line contributed to figures with at least so many causes.
fn causes(comparison: &Comparison, least: usize) -> Vec<Block> {
    let rows = comparison.rows.iter().filter(|row| row.causes.len() >= least);
    let sections = rows.map(|row| {
        let title = toned(format!("{}, {}", row.kind.title(), row.build), Tone::Strong);
        Section::new(title).with(cause_list(row)).into()
    });
    sections.collect()
}

/// What each line contributed to a figure.
pub(super) fn cause_list(row: &FigureRow) -> Block {
    let items = row.causes.iter().map(|cause| {
        let place = cause_place(cause);
        let place = if place.is_empty() { place } else { format!(" {place}") };
        let change = signed(row.kind.unit(), cause.change);
        number(change).and(" ").and_code(cut(&cause.instruction, WIDEST)).and(place)
    });
    Block::List(items.collect())
}

/// The steps at which the build cache was left.
pub(super) fn misses(build: &BuildState) -> Vec<Text> {
    let item = |miss: &CacheMiss| {
        let line = miss.line.map(|line| format!(" (line {line})")).unwrap_or_default();
        plain("reruns: ").and_code(cut(&miss.name, WIDEST)).and(format!("{line}: {}", miss.reason))
    };
    build.misses.iter().map(item).collect()
}

fn unchanged(comparison: &Comparison) -> Option<String> {
    let number = comparison.unchanged_findings as u64;
    (number > 0).then(|| format!("{} of the baseline did not change", count(number, "finding")))
}

fn rewrites(comparison: &Comparison) -> Vec<Block> {
    let sections = comparison.rewrites.iter().map(|rewrite| {
        let verdict = rewrite.verdict.as_ref().map(|verdict| format!(": {verdict}")).unwrap_or_default();
        let title = toned(format!("rewrite of {}{verdict}", rewrite.file), Tone::Strong);
        let mut blocks: Vec<Block> = list(rewrite.passes.iter().map(plain).collect()).into_iter().collect();
        blocks.extend(rewrite.diff.iter().map(|diff| Block::Only(DOCUMENTS, vec![Block::Diff(diff.clone())])));
        Section { blocks, ..Section::new(title) }.into()
    });
    sections.collect()
}

/// The comment: the verdict, what changed and why, the worst findings; the rest is folded.
pub(super) fn document(comparison: &Comparison, fails: bool) -> Section {
    let mark = if fails { "✗" } else { "✓" };
    let mut section = Section::new(format!("{mark} dockopt: {}", verdict(comparison)));
    if fails {
        section.blocks.extend(failing_findings(comparison).map(|text| plain(text).into()));
    }
    let failures: Vec<String> = comparison.state.builds.iter().filter_map(failure).collect();
    section.blocks.extend(outcome(comparison, &failures));
    section.blocks.extend(new_findings(comparison));
    section.blocks.extend(fixes(comparison));
    let mut all_causes = causes(comparison, 2);
    all_causes.extend(list(comparison.state.builds.iter().flat_map(misses).collect()));
    section.blocks.extend(folded("What each line contributed", all_causes));
    section.blocks.extend(remainder(comparison, &failures));
    section
}

/// Why builds failed, the figures, and the limits of no figure.
pub(super) fn outcome(comparison: &Comparison, failures: &[String]) -> Vec<Block> {
    let mut blocks: Vec<Block> = list(failures.iter().map(plain).collect()).into_iter().collect();
    if comparison.baseline.is_none() {
        let builds = comparison.rows.chunk_by(|row, next| row.build == next.build).count();
        let figures = match builds {
            0 => String::new(),
            1 => " The figures of this build:".to_owned(),
            builds => format!(" The figures of {}:", count(builds as u64, "build")),
        };
        blocks.push(plain(format!("No baseline yet: nothing is compared.{figures}")).into());
    }
    blocks.extend(figures(comparison));
    let has_row = |figure| comparison.rows.iter().any(|row| Some(row.kind) == figure);
    let limits = comparison.limits.iter().filter(|check| !has_row(check.figure));
    blocks.extend(list(limits.filter_map(limit_sentence).map(plain).collect()));
    blocks
}

/// What is of less weight: findings that are gone, answers about services, the rewrite, notes, what was compared with.
pub(super) fn remainder(comparison: &Comparison, failures: &[String]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let uncompared = &comparison.uncompared_findings;
    for (title, findings) in [("fixed finding", &comparison.fixed_findings), ("finding", uncompared)] {
        let items = list(groups(findings).into_iter().map(sentence).collect());
        let about = if title == "finding" { format!(" {UNCOMPARED}") } else { String::new() };
        let title = format!("{}{about}", count(findings.len() as u64, title));
        blocks.extend(folded(title, items.into_iter().collect()));
    }
    blocks.extend(folded("The rewrite that `dockopt optimize` proposes", rewrites(comparison)));
    blocks.extend(answers(&comparison.details));
    let notices: Vec<Text> = comparison.notices.iter().filter(|notice| !failures.contains(notice)).map(plain).collect();
    let title = count(notices.len() as u64, "note");
    blocks.extend(folded(title, list(notices).into_iter().collect()));
    if comparison.baseline.is_some() {
        let unchanged = unchanged(comparison).map(|unchanged| format!(" {unchanged}.")).unwrap_or_default();
        blocks.push(toned(format!("{}{unchanged}", baseline(comparison)), Tone::Dim).into());
    }
    blocks
}

/// As a notice says it.
pub(super) fn failure(build: &BuildState) -> Option<String> {
    build.failure.as_ref().map(|failure| format!("the build of `{}` failed: {failure}", build.name()))
}

/// The table: what breaks a limit or became worse first. Of several builds only what changed is open.
fn figures(comparison: &Comparison) -> Vec<Block> {
    let several = has_several_builds(comparison);
    let mut rows: Vec<&FigureRow> = comparison.rows.iter().collect();
    let rank = |row: &FigureRow| match row.direction {
        _ if is_exceeded(comparison, row) => 0,
        Direction::Worse => 1,
        Direction::Better => 2,
        _ => 3,
    };
    rows.sort_by_key(|row| rank(row));
    let has_baseline = comparison.baseline.is_some();
    let changed = rows.iter().filter(|row| rank(row) < 3 || !has_baseline).count();
    let open = if several { changed.min(OPEN_ROWS) } else { rows.len() };
    let (open, rest) = rows.split_at(open);
    let mut blocks: Vec<Block> = Vec::new();
    if !open.is_empty() {
        blocks.push(figures_table(comparison, open).into());
    }
    if !rest.is_empty() {
        let title = count(rest.len() as u64, if open.is_empty() { "figure" } else { "further figure" });
        blocks.extend(folded(title, vec![figures_table(comparison, rest).into()]));
    }
    blocks
}

fn figures_table(comparison: &Comparison, rows: &[&FigureRow]) -> Table {
    let has_baseline = comparison.baseline.is_some();
    let several = has_several_builds(comparison);
    let mut misses: HashMap<&str, Text> = HashMap::new();
    for build in &comparison.state.builds {
        if let Some(miss) = build.misses.first() {
            let line = miss.line.map(|line| format!("line {line}: ")).unwrap_or_default();
            let text = plain(line).and_code(cut(&miss.name, WIDEST_CELL)).and(" reruns");
            misses.entry(build.name()).or_insert(text);
        }
    }
    let cells = rows.iter().map(|row| {
        let (after, remark) = (value(&row.after), remark(row));
        let values = match &row.before {
            Some(before) => format!("{} → {after}", value(before)),
            None => after,
        };
        let remark = if remark.is_empty() { remark } else { format!(", {remark}") };
        let budgets: Vec<String> = row_limits(comparison, row).map(|check| budget(check, has_baseline)).collect();
        let is_of_cache =
            matches!(row.kind, FigureKind::CacheHits | FigureKind::PredictedRebuild | FigureKind::LoggedBuild);
        let miss = if is_of_cache { misses.remove(row.build.as_str()) } else { None };
        vec![
            if several { code(&row.build) } else { Text::default() },
            plain(row.kind.title()),
            number(values),
            number(change(row)).in_tone(tone(row)).and(remark),
            plain(budgets.join(", ")),
            main_cause(row).or(miss).unwrap_or_default(),
        ]
    });
    let cells = cells.collect();
    let columns = [Column::Left, Column::Left, Column::Left, Column::Left, Column::Words, Column::Words];
    let values = if has_baseline { "before → after" } else { "" };
    let build = rows.first().map_or("", |row| row.build.as_str());
    let figure = if several { "" } else { build };
    Table::new(&columns, cells).with_head(&["build", figure, values, "change", "budget", "largest cause"])
}

/// The line that contributed most to a change, and what happened to it.
fn main_cause(row: &FigureRow) -> Option<Text> {
    let change = row.after.value - row.before.as_ref()?.value;
    let same_way = row.causes.iter().filter(|cause| (cause.change > 0.0) == (change > 0.0));
    let cause = same_way.max_by(|a, b| a.change.abs().total_cmp(&b.change.abs()))?;
    let several = row.causes.len() > 1;
    let part = if several { format!(" ({})", signed(row.kind.unit(), cause.change)) } else { String::new() };
    let line = cause.line.map(|line| format!("line {line}: ")).unwrap_or_default();
    if let Some(edit) = cause.edit.as_ref().and_then(Edit::words) {
        return Some(plain(line).and(edit).and(part));
    }
    let (was, how) = match cause.how {
        "added" => ("", " added"),
        "removed" if !line.is_empty() => ("was ", " removed"),
        "removed" => ("", " removed"),
        _ => ("", ""),
    };
    Some(plain(was).and(line).and_code(cut(&cause.instruction, WIDEST_CELL)).and(how).and(part))
}

/// The new findings, the worst first; without a baseline a comment shows only those.
fn new_findings(comparison: &Comparison) -> Option<Block> {
    let all = &comparison.new_findings;
    let has_baseline = comparison.baseline.is_some();
    let worst = worst(all);
    let (open, rest) = worst.split_at(worst.len().min(OPEN_FINDINGS));
    let title = match (has_baseline, rest.is_empty()) {
        (true, _) => count(all.len() as u64, "new finding"),
        (false, true) => count(all.len() as u64, "finding"),
        (false, false) => format!("The worst of {}", count(all.len() as u64, "finding")),
    };
    let items = |findings: &[(&FindingState, usize)]| {
        let item = |(finding, number): &(&FindingState, usize)| {
            let cost = amount_cost(finding).map(|cost| format!(", costs {cost}")).unwrap_or_default();
            sentence((finding, *number)).and(cost)
        };
        Block::List(findings.iter().map(item).collect())
    };
    let mut section = Section::new(title);
    section.push((!open.is_empty()).then(|| items(open))?);
    if has_baseline && !rest.is_empty() {
        let more: usize = rest.iter().map(|(_, number)| number).sum();
        section.blocks.extend(folded(format!("{more} more"), vec![items(rest)]));
    }
    Some(section.into())
}

/// The most severe first, of those what costs most.
pub(super) fn worst(findings: &[FindingState]) -> Vec<(&FindingState, usize)> {
    let mut groups = groups(findings);
    let saves = |finding: &FindingState| finding.cost.as_ref().and_then(|cost| cost.saves).unwrap_or_default();
    groups.sort_by(|(a, _), (b, _)| b.severity().cmp(&a.severity()).then_with(|| saves(b).total_cmp(&saves(a))));
    groups
}

/// Where a finding is, what is wrong, and its rule.
fn sentence((finding, number): (&FindingState, usize)) -> Text {
    let text = code(place(finding)).and(format!(" {}{} (", finding.message, others(number)));
    let text = match crate::rules::find(&finding.rule) {
        Some(rule) => text.with(rule.name, TextKind::Link(rule.url()), Tone::Plain),
        None => text.and_code(&finding.rule),
    };
    text.and(")")
}

/// How to fix new findings, and the first fixes as diffs. A comment in the conversation has no suggestion that a click
/// applies: those exist in reviews of changed lines only.
fn fixes(comparison: &Comparison) -> Vec<Block> {
    let Some(offer) = comparison.fix_offer() else { return Vec::new() };
    let mut blocks: Vec<Block> = vec![plain(format!("{}.", offer.sentence())).into()];
    let diffs: Vec<Block> = offer.diffs.iter().flat_map(|(finding, fix)| titled_diff(finding, fix)).collect();
    let title = match (offer.diffs.len(), offer.hidden()) {
        (_, 0) => "Fixes as diffs".to_owned(),
        (shown, hidden) => format!("{shown} of {} fixes as diffs", shown + hidden),
    };
    blocks.extend(folded(title, diffs));
    blocks
}

fn titled_diff(finding: &FindingState, fix: &FixState) -> Vec<Block> {
    let Some((first, ..)) = &fix.lines else { return Vec::new() };
    let safety = if fix.is_safe { "safe" } else { "unsafe" };
    let title = code(format!("{}:{first}", finding.file)).and(format!(" {} ({safety})", fix.title));
    [title.into()].into_iter().chain(fix_diff(fix)).collect()
}

/// The lines that a fix changes.
pub(super) fn fix_diff(fix: &FixState) -> Option<Block> {
    let (_, before, after) = fix.lines.as_ref()?;
    let removed = before.lines().map(|line| format!("-{line}\n"));
    let added = after.lines().map(|line| format!("+{line}\n"));
    Some(Block::Diff(removed.chain(added).collect()))
}
