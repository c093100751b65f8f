//! What fixing changes: a summary, JSON.

use serde::Serialize;

use std::collections::BTreeMap;

use super::json;
use super::layout::{Layout, clean};
use super::patch::diff_of_file;
use super::units::count;
use crate::audit::Report;
use crate::compose;
use crate::dockerfile;
use crate::finding::Mask;
use crate::fix::{Change, FixOutcome};
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

/// One or a few lines that tell what was or would be done.
pub fn fix_summary(outcome: &FixOutcome, mask: &Mask, written: bool, unsafe_left: usize) -> String {
    let mut out = String::new();
    for refused in &outcome.refused {
        let (rule, file, why) = (refused.rule, clean(&refused.file), mask.apply(&refused.why));
        out.push_str(&format!("{file}: the fixes of `{rule}` were not applied: {}\n", clean(&why)));
    }
    for rule in &outcome.contradicting {
        out.push_str(&format!(
            "the fixes of `{rule}` conflict with those of another rule or do not converge; none was applied\n"
        ));
    }
    let files = count(outcome.changes.len() as u64, "file");
    let findings_text = count(outcome.applied.len() as u64, "finding");
    let text = match (outcome.changes.is_empty(), written) {
        (true, _) => "nothing to fix".to_owned(),
        (false, true) => format!("fixed {findings_text} in {files}"),
        (false, false) => format!("would fix {findings_text} in {files}; apply with `--write`"),
    };
    out.push_str(&text);
    if unsafe_left > 0 {
        let have = if unsafe_left == 1 { "has an unsafe fix: include it" } else { "have unsafe fixes: include them" };
        out.push_str(&format!("\n{unsafe_left} more {have} with `--unsafe`"));
    }
    out.push_str(&left_text(outcome, unsafe_left));
    out.push('\n');
    out
}

/// What is found afterwards and has no fix, with the rules that find it most often.
fn left_text(outcome: &FixOutcome, unsafe_left: usize) -> String {
    let left = outcome.remaining.len().saturating_sub(unsafe_left);
    if left == 0 {
        return String::new();
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
    format!("\n{findings} {have} no fix{names}")
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
