//! Figures, changes and limits in words.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::finding::{Basis, CostFrequency, Impact, ImpactKind, Saving, Severity};
use crate::report::image::{format_bound, pair};
use crate::report::price;
use crate::report::units::{bytes, count, grouped, seconds};
use crate::results::{
    ChangeCause, Comparison, CostState, Direction, Edit, FigureKind, FigureRow, FigureUnit, FindingState, LimitCheck,
    StateFigure, whole,
};
use crate::text::short_commit;

/// Share of a size that a change must exceed to be part of the verdict.
const LEAST_SHARE: f64 = 0.01;

/// Bytes that a change must exceed to be part of the verdict.
const LEAST_BYTES: f64 = 1_000_000.0;

/// The limit of a change.
const GROWTH: &str = "max-growth";

/// An amount: `1.21 GB`, `20 s`, `5`.
pub(in crate::report) fn amount(unit: FigureUnit, value: f64) -> String {
    match unit {
        FigureUnit::Bytes => bytes(whole(value)),
        FigureUnit::Seconds => seconds(value),
        FigureUnit::Steps => whole(value).to_string(),
    }
}

/// A value: `1.21 GB`, `20 s`, `5 of 7 steps`.
pub(super) fn value(figure: &StateFigure) -> String {
    let text = amount(figure.kind.unit(), figure.value);
    match figure.of {
        Some(of) => format!("{text} of {}", count(whole(of), "step")),
        None => text,
    }
}

/// A change with its sign: `−880 MB`; `±0` if it is nothing.
pub(in crate::report) fn signed(unit: FigureUnit, change: f64) -> String {
    let text = amount(unit, change.abs());
    match change {
        _ if change > 0.0 => format!("+{text}"),
        _ if change < 0.0 => format!("−{text}"),
        _ => "±0".to_owned(),
    }
}

/// The change of a row: `−880 MB (−73 %)`; empty without a value before.
pub(super) fn change(row: &FigureRow) -> String {
    let Some(before) = &row.before else { return String::new() };
    let change = row.after.value - before.value;
    let text = signed(row.kind.unit(), change);
    if row.kind.unit() == FigureUnit::Steps && before.of != row.after.of {
        // Of another number of steps, the difference says nothing.
        return match (percent_of_steps(before), percent_of_steps(&row.after)) {
            (Some(before), Some(after)) => format!("{before} % → {after} %"),
            _ => String::new(),
        };
    }
    if row.kind.unit() == FigureUnit::Steps {
        return text;
    }
    match share(before.value, row.after.value) {
        Some(share) => format!("{text} ({share})"),
        None => text,
    }
}

/// The share of the steps that a figure counts; `None` if it is of no steps.
fn percent_of_steps(figure: &StateFigure) -> Option<u64> {
    let of = figure.of.filter(|of| *of > 0.0)?;
    Some(whole((figure.value / of * 100.0).round()))
}

/// Values from this multiple on are named as a multiple.
const LEAST_MULTIPLE: f64 = 10.0;

/// How much a value became more or less: `+12 %`, `−99.9 %`, `×14`; `None` if it rounds to nothing. Only what is nothing
/// any more is 100 % less.
fn share(before: f64, after: f64) -> Option<String> {
    if before <= 0.0 {
        return None;
    }
    let ratio = after / before;
    let percent = (ratio * 100.0 - 100.0).round();
    match percent {
        _ if ratio >= LEAST_MULTIPLE => Some(format!("×{}", grouped(whole(ratio.round())))),
        _ if percent > 0.0 => Some(format!("+{percent} %")),
        _ if percent <= -100.0 && after > 0.0 => Some("−99.9 %".to_owned()),
        _ if percent < 0.0 => Some(format!("−{} %", -percent)),
        _ => None,
    }
}

/// A note on a row's change: that it is too small to count, or why the row has no change.
pub(super) fn remark(row: &FigureRow) -> String {
    match (row.direction, row.noise) {
        (Direction::Noise, Some(noise)) => format!("too small to count: less than {}", seconds(noise)),
        _ => String::new(),
    }
}

/// The limits of a row: `at most 400 MB`, and whether they are met.
pub(super) fn row_limits<'a>(comparison: &'a Comparison, row: &'a FigureRow) -> impl Iterator<Item = &'a LimitCheck> {
    comparison.limits.iter().filter(|limit| limit.figure == Some(row.kind) && limit.build == row.build)
}

/// A limit in a few words, with a mark: `✓ at most 400 MB`.
pub(super) fn limit(check: &LimitCheck) -> String {
    let word = if check.is_least { "at least" } else { "at most" };
    let growth = if check.name == GROWTH { "growth " } else { "" };
    format!("{} {growth}{word} {}", mark(check), format_bound(check.limit))
}

/// A limit with what decides about it: where it is set, the label that lifts it, why it is not checked.
pub(super) fn budget(check: &LimitCheck, has_baseline: bool) -> String {
    let words = limit(check);
    match (check.is_met, &check.lifted_by, &check.written, &check.unknown) {
        (Some(false), Some(label), ..) => format!("{words}, allowed by the label `{label}`"),
        (Some(false), None, Some(place), _) => format!("{words} ({place})"),
        (None, _, _, Some(why)) if has_baseline => format!("{words}: {why}"),
        _ => words,
    }
}

/// Whether a row breaks a limit.
pub(super) fn is_exceeded(comparison: &Comparison, row: &FigureRow) -> bool {
    row_limits(comparison, row).any(LimitCheck::is_exceeded)
}

/// Whether a limit is met.
const fn mark(check: &LimitCheck) -> &'static str {
    match (check.is_met, &check.lifted_by) {
        (Some(true), _) => "✓",
        (Some(false), None) => "✗",
        (Some(false), Some(_)) => "⚠",
        (None, _) => "?",
    }
}

/// Why the exit code is 1, where neither a build that failed nor a limit says it.
pub(in crate::report) fn failing_findings(comparison: &Comparison) -> Option<String> {
    if !comparison.failed_builds.is_empty() || comparison.exceeded().next().is_some() {
        return None;
    }
    let noun = if comparison.baseline.is_some() { "new finding" } else { "finding" };
    let findings = count(comparison.failing_findings().count() as u64, noun);
    let least = comparison.least_severity?;
    let worse = if least == Severity::Error { "" } else { " or worse" };
    Some(format!("The check fails because of {findings} of severity `{}`{worse} (`fail-on`).", least.name()))
}

/// A limit that is exceeded, lifted or unknown, in a sentence; `None` if it is met.
pub(in crate::report) fn limit_sentence(check: &LimitCheck) -> Option<String> {
    let place = check.written.as_ref().map(|place| format!(" ({place})")).unwrap_or_default();
    let of = if check.build.is_empty() { String::new() } else { format!(" of `{}`", check.build) };
    let word = if check.is_least { "at least" } else { "at most" };
    let value = check.value.map(|value| {
        let (value, bound) = pair(value, check.limit);
        format!("{value}, {word} {bound}")
    });
    let value = value.unwrap_or_else(|| format!("{word} {}", format_bound(check.limit)));
    let causes =
        if check.causes.is_empty() { String::new() } else { format!("; largest: {}", check.causes.join(", ")) };
    Some(match (check.is_met, &check.lifted_by, &check.unknown) {
        (Some(true), ..) => return None,
        (Some(false), None, _) => format!("the limit {}{of} is exceeded: {value}{place}{causes}", check.name),
        (Some(false), Some(label), _) => {
            format!("the limit {}{of} is exceeded: {value}{place}; the label `{label}` allows it", check.name)
        }
        (None, _, Some(why)) if check.value.is_some() => {
            format!("the limit {}{of} is not checked: {value}; {why}{place}", check.name)
        }
        (None, _, Some(why)) => format!("the limit {}{of} is not checked: {why} ({value}){place}", check.name),
        (None, _, None) => format!("the limit {}{of} is not checked ({value}){place}", check.name),
    })
}

/// Where a cause is and what it did: `line 14, new`.
pub(super) fn cause_place(cause: &ChangeCause) -> String {
    let edit = cause.edit.as_ref().and_then(Edit::words);
    match (cause.line, cause.how) {
        (Some(line), _) if edit.is_some() => format!("line {line}: {}", edit.unwrap_or_default()),
        (None, _) if edit.is_some() => edit.unwrap_or_default(),
        (Some(line), "added") => format!("line {line}, new"),
        (Some(line), "removed") => format!("was line {line}, removed"),
        (None, "added") => "new".to_owned(),
        (None, "removed") => "removed".to_owned(),
        (Some(line), _) => format!("line {line}"),
        (None, _) => String::new(),
    }
}

/// Whether the figures are of more than one build.
pub(super) fn has_several_builds(comparison: &Comparison) -> bool {
    comparison.rows.windows(2).any(|rows| matches!(rows, [row, next] if row.build != next.build))
}

/// Figures whose largest change is part of the verdict.
const HEADLINES: [FigureKind; 3] = [FigureKind::ImageSize, FigureKind::ColdBuild, FigureKind::Rebuild];

/// The verdict: failed builds, exceeded limits, what changed most, findings; one line.
pub(super) fn verdict(comparison: &Comparison) -> String {
    let mut parts: Vec<String> =
        comparison.failed_builds.iter().map(|name| format!("the build of {name} failed")).collect();
    let (mut broken, mut changes) = (Vec::new(), Vec::new());
    for kind in FigureKind::ALL {
        let rows = || comparison.rows.iter().filter(|row| row.kind == kind);
        let limited =
            rows().find_map(|row| Some((row, row_limits(comparison, row).find(|limit| limit.is_exceeded())?)));
        match limited {
            Some((row, limit)) => broken.push(headline(comparison, row, Some(limit))),
            None => changes.extend(headline_row(comparison, kind).map(|row| headline(comparison, row, None))),
        }
    }
    let others = comparison.exceeded().count().saturating_sub(broken.len()) as u64;
    let noun = if broken.is_empty() { "limit" } else { "other limit" };
    parts.append(&mut broken);
    parts.extend((others > 0).then(|| format!("{} exceeded", count(others, noun))));
    parts.append(&mut changes);
    parts.extend(findings_verdict(comparison));
    match (parts.is_empty(), comparison.baseline.is_some()) {
        (false, _) => parts.join(", "),
        (true, true) => "no change".to_owned(),
        (true, false) => "nothing to compare with".to_owned(),
    }
}

/// The row of a kind that changed most; without a baseline the one with the largest value.
fn headline_row(comparison: &Comparison, kind: FigureKind) -> Option<&FigureRow> {
    let has_size = comparison.rows.iter().any(|row| row.kind == FigureKind::ImageSize);
    if !HEADLINES.contains(&kind) && (kind != FigureKind::PullSize || has_size) {
        return None;
    }
    let rows = comparison.rows.iter().filter(|row| row.kind == kind);
    if comparison.baseline.is_none() {
        return rows.max_by(|row, other| row.after.value.total_cmp(&other.after.value));
    }
    let share = |row: &FigureRow| match &row.before {
        Some(before) => (row.after.value - before.value).abs() / before.value.max(1.0),
        None => 0.0,
    };
    let changed = |row: &&FigureRow| match (&row.before, row.direction) {
        (Some(before), Direction::Better | Direction::Worse) => {
            let change = (row.after.value - before.value).abs();
            kind.unit() != FigureUnit::Bytes || change >= LEAST_BYTES || share(row) >= LEAST_SHARE
        }
        _ => false,
    };
    rows.filter(changed).max_by(|row, other| share(row).total_cmp(&share(other)))
}

/// `image size +104 MB (+21 %, limit +50 MB)`; a limit of the whole is beside the whole.
fn headline(comparison: &Comparison, row: &FigureRow, exceeded: Option<&LimitCheck>) -> String {
    let of = if has_several_builds(comparison) { format!(" of {}", row.build) } else { String::new() };
    let before = row.before.as_ref().map(|before| before.value);
    let limit = exceeded.and_then(|check| {
        let sign = if check.name == GROWTH { "+" } else { "" };
        let (value, bound) = pair(check.value?, check.limit);
        Some((format!("{sign}{value}"), format!("limit {sign}{bound}")))
    });
    let (amount, limit) = match (limit, before) {
        (Some((amount, limit)), _) => (amount, Some(limit)),
        (None, Some(before)) => (signed(row.kind.unit(), row.after.value - before), None),
        (None, None) => (value(&row.after), None),
    };
    let share = before.and_then(|before| share(before, row.after.value)).filter(|share| *share != amount);
    let notes: Vec<String> = share.into_iter().chain(limit).collect();
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    format!("{}{of} {amount}{notes}", row.kind.title())
}

fn findings_verdict(comparison: &Comparison) -> Option<String> {
    if comparison.state.checks.is_empty() {
        return None;
    }
    let (new, fixed) = (comparison.new_findings.len() as u64, comparison.fixed_findings.len() as u64);
    let text = match (comparison.baseline.is_some(), new, fixed) {
        (false, 0, _) => "no findings".to_owned(),
        (false, new, _) => count(new, "finding"),
        (true, 0, 0) => "no new findings".to_owned(),
        (true, 0, fixed) => format!("no new findings, {} fixed", grouped(fixed)),
        (true, new, 0) => count(new, "new finding"),
        (true, new, fixed) => format!("{}, {} fixed", count(new, "new finding"), grouped(fixed)),
    };
    Some(match comparison.uncompared_findings.len() as u64 {
        0 => text,
        uncompared => format!("{text}, {} {UNCOMPARED}", count(uncompared, "finding")),
    })
}

/// Said of findings that the baseline cannot have.
pub(super) const UNCOMPARED: &str = "that the baseline did not look for";

/// Which state the other one is compared with.
pub(super) fn baseline(comparison: &Comparison) -> String {
    let Some(origin) = &comparison.baseline else {
        if !comparison.judges_findings {
            return "There is no baseline yet, so nothing is judged but the limits of the settings.".to_owned();
        }
        return "There is no baseline: the figures are absolute, and all findings are listed.".to_owned();
    };
    let commit = origin.commit.as_deref().map(short_commit);
    let files = match origin.files.as_slice() {
        [] => None,
        [file] => Some(format!("`{file}`")),
        [file, others @ ..] => Some(format!("`{file}` and {}", count(others.len() as u64, "other file"))),
    };
    match (commit, &origin.nearest, files) {
        (Some(commit), Some((base, distance)), _) if *distance > 0 => {
            let distance = count(*distance as u64, "commit");
            format!(
                "Compared with `{commit}`, {distance} before the base commit `{}`, which has no baseline.",
                short_commit(base)
            )
        }
        (Some(commit), Some(_), _) => format!("Compared with the base commit `{commit}`."),
        (Some(commit), None, Some(files)) => format!("Compared with `{commit}` ({files})."),
        (Some(commit), None, None) => format!("Compared with `{commit}`."),
        (None, _, Some(files)) => format!("Compared with {files}."),
        (None, _, None) => "Compared with the builds before that the results have.".to_owned(),
    }
}

/// Where a finding is: `backend/Dockerfile:14`.
pub(super) fn place(finding: &FindingState) -> String {
    finding.line.map_or_else(|| finding.file.clone(), |line| format!("{}:{line}", finding.file))
}

/// Findings of one rule in one line: the first, and how many there are.
pub(super) fn groups(findings: &[FindingState]) -> Vec<(&FindingState, usize)> {
    let mut groups: Vec<(&FindingState, usize)> = Vec::new();
    let mut known: HashMap<(&str, &str, Option<u32>), usize> = HashMap::new();
    for finding in findings {
        let next = groups.len();
        match known.entry((&finding.rule, &finding.file, finding.line)) {
            Entry::Occupied(group) => groups[*group.get()].1 += 1,
            Entry::Vacant(group) => {
                group.insert(next);
                groups.push((finding, 1));
            }
        }
    }
    groups
}

/// `, and 3 more like it`; empty for one.
pub(super) fn others(number: usize) -> String {
    if number > 1 { format!(", and {} more like this", number - 1) } else { String::new() }
}

/// What a finding costs, as the other commands write it; empty if that is unknown.
pub(super) fn cost(finding: &FindingState) -> String {
    finding.cost.as_ref().map(state_cost).unwrap_or_default()
}

/// A price as people read it.
pub(in crate::report) fn state_cost(cost: &CostState) -> String {
    impact(cost).map(|impact| price::cost(&impact)).unwrap_or_default()
}

/// The same where it is an amount.
pub(super) fn amount_cost(finding: &FindingState) -> Option<String> {
    finding.cost.as_ref()?.saves.filter(|saves| *saves > 0.0)?;
    Some(cost(finding)).filter(|cost| !cost.is_empty())
}

fn impact(cost: &CostState) -> Option<Impact> {
    let kinds = [
        ImpactKind::PullBytes,
        ImpactKind::DiskBytes,
        ImpactKind::ContextBytes,
        ImpactKind::ColdSeconds,
        ImpactKind::RebuildSeconds,
    ];
    let kind = kinds.into_iter().find(|kind| kind.name() == cost.kind)?;
    let frequencies = [CostFrequency::Build, CostFrequency::Commit, CostFrequency::Pull];
    let bases = [Basis::Measured, Basis::Computed, Basis::Typical];
    let saves = cost.saves.map(|amount| match kind {
        ImpactKind::ColdSeconds | ImpactKind::RebuildSeconds => Saving::Seconds(amount),
        _ => Saving::Bytes(whole(amount)),
    });
    Some(Impact {
        kind,
        saves,
        per: frequencies.into_iter().find(|per| per.name() == cost.per)?,
        basis: bases.into_iter().find(|basis| basis.name() == cost.basis)?,
        is_least: cost.at_least,
        evidence: String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_neither_everything_nor_endless() {
        for (before, after, expected) in [
            (100.0, 112.0, Some("+12 %")),
            (100.0, 100.4, None),
            (1_000.0, 1.0, Some("−99.9 %")),
            (1_000.0, 0.0, Some("−100 %")),
            (0.0, 5.0, None),
            (1.0, 9.9, Some("+890 %")),
            (1.0, 14.2, Some("×14")),
            (1.0, 12_345_678.0, Some("×12,345,678")),
        ] {
            assert_eq!(share(before, after).as_deref(), expected, "{before} {after}");
        }
    }

    #[test]
    fn hits_of_different_numbers_of_steps_are_shares() {
        let figure = |value, of| StateFigure {
            kind: FigureKind::CacheHits,
            command: "cache predict".to_owned(),
            value,
            of: Some(of),
            spread: None,
        };
        for (before, after, expected) in
            [((2.0, 5.0), (8.0, 9.0), "40 % → 89 %"), ((2.0, 5.0), (4.0, 5.0), "+2"), ((0.0, 0.0), (1.0, 2.0), "")]
        {
            let row = FigureRow {
                build: String::new(),
                kind: FigureKind::CacheHits,
                before: Some(figure(before.0, before.1)),
                after: figure(after.0, after.1),
                direction: Direction::Unknown,
                noise: None,
                causes: Vec::new(),
            };
            assert_eq!(change(&row), expected);
        }
    }
}
