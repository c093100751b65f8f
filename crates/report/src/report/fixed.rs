//! What fixing changes: a summary, JSON.

use serde::Serialize;

use std::collections::BTreeMap;

use super::json;
use super::layout::{Layout, clean};
use super::page::{Column, Page, Section, Table, Tone, code, path, plain, toned};
use super::patch::{diff_of_file, diff_sections};
use super::units::count;
use crate::audit::Report;
use crate::compose;
use crate::dockerfile;
use crate::finding::Mask;
use crate::fix::{AppliedFix, Change, FixOutcome, RefusedRule};
use crate::text::Source;
use crate::wire::{Head, list, object};

/// The number of rules that the summary names.
const RULES_NAMED: usize = 3;

/// Whether [`diff`](super::diff()) shows stars where the files have something else, so that it can't be applied.
pub fn diff_is_masked(outcome: &FixOutcome, mask: &Mask) -> bool {
    let shown = |mask: &Mask| {
        let diffs = outcome.changes.iter().map(|change| diff_of_file(change, mask, Layout::PLAIN));
        diffs.collect::<Vec<_>>()
    };
    shown(mask) != shown(&Mask::off())
}

/// What fixing changes: the findings, the changes of each file, the summary.
pub fn fix(before: &Report, outcome: &FixOutcome, mask: &Mask, written: bool, unsafe_left: usize) -> Page {
    let mut page = Page::new("Fixes");
    let problems = before.problems.iter();
    page.push_list(problems.map(|known| toned(format!("{}: {}", known.file, known.message), Tone::Error)).collect());
    page.push_list(summary_lines(outcome, mask, written, unsafe_left).iter().map(plain).collect());
    let row = |applied: &AppliedFix| {
        let fix = applied.finding.fixes.get(applied.fix)?;
        let (message, title) = (mask.apply(&applied.finding.message), mask.apply(&fix.title));
        let safety = json::safety(&fix.safety).0;
        Some(vec![path(&applied.file), code(applied.finding.rule), plain(message), plain(title), plain(safety)])
    };
    let columns = [Column::Path, Column::Left, Column::Words, Column::Words, Column::Left];
    let table = Table::new(&columns, outcome.applied.iter().filter_map(row).collect());
    page.push_rows(Section::new("Findings"), table.with_head(&["file", "rule", "finding", "fix", ""]));
    page.blocks.extend(diff_sections(&outcome.changes, mask));
    page
}

/// One or a few lines that tell what was or would be done.
pub fn fix_summary(outcome: &FixOutcome, mask: &Mask, written: bool, unsafe_left: usize) -> String {
    let lines = summary_lines(outcome, mask, written, unsafe_left);
    lines.iter().map(|line| clean(line)).collect::<Vec<_>>().join("\n") + "\n"
}

fn summary_lines(outcome: &FixOutcome, mask: &Mask, written: bool, unsafe_left: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for RefusedRule { rule, file, why } in &outcome.refused {
        lines.push(format!("{file}: the fixes of `{rule}` were not applied: {}", mask.apply(why)));
    }
    lines.extend(outcome.contradicting.iter().map(|rule| {
        format!("the fixes of `{rule}` conflict with those of another rule or do not converge; none was applied")
    }));
    let files = count(outcome.changes.len() as u64, "file");
    let findings_text = count(outcome.applied.len() as u64, "finding");
    lines.push(match (outcome.changes.is_empty(), written) {
        (true, _) => "nothing to fix".to_owned(),
        (false, true) => format!("fixed {findings_text} in {files}"),
        (false, false) => format!("would fix {findings_text} in {files}; apply with `--write`"),
    });
    if unsafe_left > 0 {
        let have = if unsafe_left == 1 { "has an unsafe fix: include it" } else { "have unsafe fixes: include them" };
        lines.push(format!("{unsafe_left} more {have} with `--unsafe`"));
    }
    lines.extend(left_text(outcome, unsafe_left));
    lines
}

/// What is found afterwards and has no fix, with the rules that find it most often.
fn left_text(outcome: &FixOutcome, unsafe_left: usize) -> Option<String> {
    let left = outcome.remaining.len().saturating_sub(unsafe_left);
    if left == 0 {
        return None;
    }
    let mut counts: BTreeMap<&str, (bool, usize)> = BTreeMap::new();
    for finding in &outcome.remaining {
        let (is_fixable, number) = counts.entry(finding.rule).or_default();
        *is_fixable |= !finding.fixes.is_empty();
        *number += 1;
    }
    // Of a rule that has fixes, it is not known which of its findings stay.
    let mut rules: Vec<(&str, usize)> = counts
        .into_iter()
        .filter(|(_, (is_fixable, _))| !is_fixable)
        .map(|(rule, (_, number))| (rule, number))
        .collect();
    rules.sort_by_key(|(rule, number)| (std::cmp::Reverse(*number), *rule));
    let names: Vec<String> = rules.iter().take(RULES_NAMED).map(|(rule, _)| format!("`{rule}`")).collect();
    let more = if rules.len() > names.len() || names.is_empty() { ", …" } else { "" };
    let names = if names.is_empty() { String::new() } else { format!(": {}{more}", names.join(", ")) };
    let (findings, have) = (count(left as u64, "finding"), if left == 1 { "has" } else { "have" });
    Some(format!("{findings} {have} no fix{names}"))
}

/// The result of `fix` for programs. `before` tells of the inputs as they were.
pub fn fix_json(before: &Report, outcome: &FixOutcome, mask: &Mask, written: bool) -> String {
    let mut applied = Vec::new();
    for done in &outcome.applied {
        let Some(fix) = done.finding.fixes.get(done.fix) else { continue };
        applied.push(object! {
            rule: done.finding.rule,
            file: &done.file,
            message: mask.apply(&done.finding.message),
            title: mask.apply(&fix.title),
            safety: json::safety(&fix.safety).0,
        });
    }
    json::pretty(&object! {
        #[serde(flatten)]
        head: Head::new("dockopt.fix/1", &before.root),
        written,
        changes: changes(&outcome.changes, mask),
        applied,
        left: outcome.remaining.len(),
        contradicting: &outcome.contradicting,
        refused: list(&outcome.refused, |refused| {
            object! { rule: refused.rule, file: &refused.file, why: mask.apply(&refused.why) }
        }),
        skipped: json::skipped(&before.skipped),
        problems: json::problems(&before.problems),
    })
}

/// Changes of files for programs.
pub(super) fn changes(changes: &[Change], mask: &Mask) -> Vec<impl Serialize> {
    let diff = |change: &Change| String::from_utf8_lossy(&diff_of_file(change, mask, Layout::PLAIN)).into_owned();
    list(changes, |change| {
        object! {
            file: &change.name,
            create: change.before.is_none(),
            diff: diff(change),
            differences: differences(change),
        }
    })
}

/// What a change of Dockerfiles changes for the builder.
fn differences(change: &Change) -> Vec<impl Serialize> {
    let texts = |bytes: &[u8]| {
        let source = Source::new(change.name.as_str(), bytes.to_vec()).ok()?;
        Some(if crate::text::path::is_compose(&change.name) {
            compose::inline_dockerfiles(&source)
        } else {
            vec![source]
        })
    };
    let before = if change.name.ends_with(".dockerignore") { None } else { change.before.as_deref().and_then(texts) };
    let (Some(before), Some(after)) = (before, texts(&change.after)) else { return Vec::new() };
    let pairs = before.iter().zip(&after).map(|(before, after)| (dockerfile::parse(before), dockerfile::parse(after)));
    list(pairs.flat_map(|(before, after)| before.differences(&after)), |difference| {
        object! {
            change: difference.kind.word(),
            before_line: difference.before,
            after_line: difference.after,
            parts: difference.parts,
        }
    })
}
