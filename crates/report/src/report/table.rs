//! Findings in rows: line, finding, costs, basis, fix. On a narrow terminal each becomes a block of its own.

use std::collections::BTreeMap;

use super::findings::FindingDetails;
use super::page::{Block, Cards, Column, Table, Text, TextKind, Tone, plain};
use super::price::{basis, cost, has_amount};
use crate::audit::Report;
use crate::finding::{Finding, Impact, Safety, Saving, Severity};
use crate::rules;
use crate::text::{FileId, Source};

/// With fewer columns for the finding itself, rows become blocks.
const CARDS: Cards = Cards { main: 1, least: 30, labels: &[0, 4] };
/// Rows without `--all`.
const ROWS: usize = 20;
/// What costs less, in bytes and in seconds, is shown only with `--all`.
const LEAST_BYTES: u64 = 100_000;
const LEAST_SECONDS: f64 = 0.5;
/// With fewer rows than this no remark is left out.
const FEW: usize = 10;
/// From this many on, findings of one rule in one file are one row.
const MANY: usize = 4;
/// Further lines that such a row names.
const LINES: usize = 5;

/// Rules that hold a manifest against what it is made for: a finding names both places, those of one service, so that each is a
/// line of its own.
const COMPARISONS: [&str; 3] = ["probe-differs-from-healthcheck", "probe-path-unknown", "probe-port-not-exposed"];

/// Whether a finding names a second place, and is said alone.
pub(super) fn is_comparison(finding: &Finding) -> bool {
    COMPARISONS.contains(&finding.rule)
}

/// What a row is worth before `--all` is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// A row of its own.
    Heavy,
    /// Known to cost less than 100 kB and 0.5 s.
    Cheap,
    /// A remark without a price.
    Remark,
    /// A matter of style.
    Style,
}

fn weight(finding: &Finding) -> Weight {
    let known = finding.impact.iter().filter(|impact| has_amount(impact));
    let amounts: Vec<Saving> = known.filter_map(|impact| impact.saves).collect();
    let is_priced = !amounts.is_empty() && amounts.len() == finding.impact.len();
    let large = |saves: &Saving| match saves {
        Saving::Bytes(amount) => *amount >= LEAST_BYTES,
        Saving::Seconds(amount) => *amount >= LEAST_SECONDS,
        Saving::Reruns { .. } => true,
    };
    if finding.severity == Severity::Error || amounts.iter().any(large) {
        return Weight::Heavy;
    }
    match finding.severity {
        _ if is_priced => Weight::Cheap,
        Severity::Style => Weight::Style,
        Severity::Info => Weight::Remark,
        Severity::Warning | Severity::Error => Weight::Heavy,
    }
}

/// The rows that are shown, in their order: the heavy ones, and of the remarks as many as a short table has room for. What is
/// known to be cheap, or a matter of style, nobody acts on: it waits for `--all`.
fn picked<'a>(known: &[IndexedFinding<'a>], all: bool) -> Vec<IndexedFinding<'a>> {
    if all {
        return known.to_vec();
    }
    let heavy = known.iter().filter(|(_, finding)| weight(finding) == Weight::Heavy).count();
    let mut room = FEW.saturating_sub(heavy);
    let mut rows = Vec::new();
    for indexed in known {
        let weight = weight(indexed.1);
        if weight == Weight::Heavy || (weight == Weight::Remark && room > 0) {
            room -= usize::from(weight == Weight::Remark);
            rows.push(*indexed);
        }
    }
    rows
}

/// What a row has; a finding's text ends with the rule's name in brackets, with which it begins in `lint`.
const HEAD: [&str; 5] = ["line", "finding", "costs", "basis", "fix"];
const COLUMNS: [Column; 5] = [Column::Left, Column::Wrapped, Column::Left, Column::Left, Column::Left];

/// The rows of some findings, and a line that tells how many are not shown.
pub(super) fn table(details: &FindingDetails, dockerfile: Option<FileId>, findings: &[usize], all: bool) -> Vec<Block> {
    let report = details.run.report;
    let known: Vec<IndexedFinding> =
        findings.iter().filter_map(|index| Some((*index, report.findings.get(*index)?))).collect();
    let mut visible = folded(picked(&known, all), all);
    visible.truncate(if all { usize::MAX } else { ROWS });
    let rows: Vec<Vec<Text>> = visible.iter().map(|same| row(details, dockerfile, same)).collect();
    // One column needs no name.
    let is_bare = |row: &Vec<Text>| row.iter().enumerate().all(|(at, cell)| at == 1 || cell.is_empty());
    let head = if rows.iter().all(is_bare) { &[][..] } else { &HEAD };
    let number = rows.len();
    let mut blocks = vec![Table { cards: Some(CARDS), ..Table::new(&COLUMNS, rows).with_head(head) }.into()];
    let shown = visible.iter().map(Vec::len).sum::<usize>();
    let hidden = known.len() - shown;
    if hidden > 0 {
        let cheap = known.iter().filter(|(_, finding)| weight(finding) == Weight::Cheap).count();
        // Only what is known to be cheap is left out: that can be said.
        let below = if number < ROWS && cheap >= hidden && shown + cheap == known.len() {
            match hidden {
                1 => ", which costs less than 100 kB and 0.5 s",
                _ => ", which cost less than 100 kB and 0.5 s each",
            }
        } else {
            ""
        };
        let place = if details.is_document() { "below" } else { "--all" };
        blocks.push(plain(format!("… {hidden} more{below} ({place})")).into());
    }
    blocks
}

/// A finding with its index in the report.
type IndexedFinding<'r> = (usize, &'r Finding);

/// Findings of one rule in one file as one row, where they are many; with `all`, each has its own.
fn folded(findings: Vec<IndexedFinding>, all: bool) -> Vec<Vec<IndexedFinding>> {
    let mut numbers: BTreeMap<(FileId, &str), usize> = BTreeMap::new();
    for (_, finding) in &findings {
        *numbers.entry((finding.file, finding.rule)).or_default() += 1;
    }
    let mut rows: Vec<Vec<IndexedFinding>> = Vec::new();
    for (index, finding) in findings {
        let is_many = !all && !is_comparison(finding) && numbers[&(finding.file, finding.rule)] >= MANY;
        let is_same = |row: &&mut Vec<IndexedFinding>| row[0].1.rule == finding.rule && row[0].1.file == finding.file;
        match rows.iter_mut().find(is_same) {
            Some(row) if is_many => row.push((index, finding)),
            _ => rows.push(vec![(index, finding)]),
        }
    }
    rows
}

/// `3 more in lines 5, 8 and 9`.
fn others(source: &Source, findings: &[&Finding]) -> String {
    let mut lines: Vec<u32> = findings.iter().map(|finding| source.line(finding.span.start)).collect();
    lines.sort_unstable();
    let number = lines.len();
    lines.dedup();
    let hidden = lines.len().saturating_sub(LINES);
    lines.truncate(LINES);
    let lines: Vec<String> = lines.iter().map(u32::to_string).collect();
    let lines = match (&lines[..], hidden) {
        ([one], _) => format!("line {one}"),
        ([first @ .., last], 0) => format!("lines {} and {last}", first.join(", ")),
        (lines, _) => format!("lines {}, …", lines.join(", ")),
    };
    format!(" ({number} more in {lines})")
}

/// What findings of one rule cost together; of different costs the first.
fn cost_of_all(findings: &[&Finding]) -> Option<Impact> {
    let mut impacts = findings.iter().filter_map(|finding| Report::price(finding));
    let mut sum = impacts.next()?.clone();
    for impact in impacts.filter(|impact| impact.kind == sum.kind && impact.per == sum.per).collect::<Vec<_>>() {
        sum.saves = match (sum.saves, impact.saves) {
            (Some(Saving::Bytes(a)), Some(Saving::Bytes(b))) => Some(Saving::Bytes(a.saturating_add(b))),
            (Some(Saving::Seconds(a)), Some(Saving::Seconds(b))) => Some(Saving::Seconds(a + b)),
            (None, other) => other,
            (known, _) => known,
        };
    }
    Some(sum)
}

fn row(details: &FindingDetails, dockerfile: Option<FileId>, same: &[IndexedFinding]) -> Vec<Text> {
    let findings: Vec<&Finding> = same.iter().map(|(_, finding)| *finding).collect();
    let ([finding, rest @ ..], Some((index, _))) = (&findings[..], same.first()) else { return Vec::new() };
    let source = details.run.report.sources.get(finding.file.0 as usize);
    let line = source.map(|source| source.line(finding.span.start));
    let line = match (line, dockerfile == Some(finding.file)) {
        (Some(line), true) => details.place(*index, line.to_string()),
        // Where all rows are of other files, there is no such column.
        _ if dockerfile.is_none() => Text::default(),
        _ => plain("–"),
    };
    let elsewhere = if dockerfile == Some(finding.file) { None } else { source };
    let place = elsewhere.map(|source| format!("{}:{}", source.name(), source.line(finding.span.start)));
    let priced = cost_of_all(&findings);
    let (costs, basis) = priced.as_ref().map(|impact| (cost(impact), basis(impact))).unwrap_or_default();
    let is_same = rest.iter().all(|other| other.message == finding.message);
    let message = match rules::find(finding.rule) {
        // What is said of one place need not hold for another.
        Some(rule) if !is_same => rule.metadata().summary,
        _ => &finding.message,
    };
    let others = match source {
        Some(source) if !rest.is_empty() => others(source, rest),
        _ => String::new(),
    };
    let tone = style(finding.severity);
    let text = match place {
        Some(place) => details.place(*index, place).in_tone(tone).with(": ", TextKind::Words, tone),
        None => Text::default(),
    };
    let text = text.with(format!("{message}{others} "), TextKind::Words, tone).and_dim(format!("[{}]", finding.rule));
    vec![
        line,
        text,
        plain(costs),
        plain(basis),
        plain(if rest.is_empty() { fix(finding).to_owned() } else { fixes(&findings) }),
    ]
}

/// How a finding can be fixed, in the column `fix`.
pub(super) fn fix(finding: &Finding) -> &'static str {
    match finding.fixes.first().map(|fix| &fix.safety) {
        Some(Safety::Safe) => "safe",
        Some(Safety::Unsafe(_)) => "unsafe",
        None => "",
    }
}

/// How they can be fixed, in the column `fix`: `safe`, or `5 safe, 8 unsafe` where that differs.
pub(super) fn fixes(findings: &[&Finding]) -> String {
    let count = |wanted: fn(&Safety) -> bool| {
        let is_wanted = |finding: &&&Finding| finding.fixes.first().is_some_and(|fix| wanted(&fix.safety));
        findings.iter().filter(is_wanted).count()
    };
    let safe = count(|safety| matches!(safety, Safety::Safe));
    let risky = count(|safety| matches!(safety, Safety::Unsafe(_)));
    match (safe, risky, findings.len() - safe - risky) {
        (0, 0, _) => String::new(),
        (_, 0, 0) => "safe".to_owned(),
        (0, _, 0) => "unsafe".to_owned(),
        (safe, 0, _) => format!("{safe} of {} safe", findings.len()),
        (0, risky, _) => format!("{risky} of {} unsafe", findings.len()),
        (safe, risky, _) => format!("{safe} safe, {risky} unsafe"),
    }
}

/// The style of a finding's message.
pub(super) const fn style(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Error,
        Severity::Warning => Tone::Warning,
        Severity::Info | Severity::Style => Tone::Plain,
    }
}

/// Whether a finding costs so little that it is shown only with `--all`.
pub(super) fn is_cheap(finding: &Finding) -> bool {
    matches!(weight(finding), Weight::Cheap | Weight::Style)
}
