//! One round: which fixes go together, and the sources after them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Block, Judge, Level, Refused};
use crate::finding::{FileEdit, Finding, Fix, Target};
use crate::text::{Edit, FileId, Source, Span};

/// Finding and fix, by index.
pub(super) type Choice = (usize, usize);

/// Of each finding the first fix that is allowed, unless it touches one chosen before it; those wait, and are counted.
pub(super) fn choose(
    findings: &[Finding],
    sources: &[Source],
    level: Level,
    blocked: &BTreeSet<Block>,
) -> (Vec<Choice>, usize) {
    let mut taken: BTreeMap<&Target, BTreeMap<u32, Span>> = BTreeMap::new();
    let mut chosen = Vec::new();
    let mut waiting = 0;
    for (index, finding) in findings.iter().enumerate() {
        let kept_off = |fix: &Fix| {
            !blocked.is_empty() && fix.edits.iter().any(|edit| blocked.contains(&(finding.rule, edit.target.clone())))
        };
        let usable = |fix: &Fix| level.allows(fix) && applicable(fix, sources) && !kept_off(fix);
        let Some(fix) = finding.fixes.iter().position(usable) else { continue };
        let edits = &finding.fixes[fix].edits;
        let free = edits.iter().all(|edit| taken.get(&edit.target).is_none_or(|spans| is_free(spans, edit.span)));
        if !free {
            waiting += 1;
            continue;
        }
        for edit in edits {
            let spans = taken.entry(&edit.target).or_default();
            let own = spans.entry(edit.span.start).or_insert(edit.span);
            *own = own.to(edit.span);
        }
        chosen.push((index, fix));
    }
    (chosen, waiting)
}

/// Which rules change which files.
pub(super) fn blocks(findings: &[Finding], chosen: &[Choice]) -> BTreeSet<Block> {
    let edits = |&(finding, fix): &Choice| {
        let finding = &findings[finding];
        finding.fixes[fix].edits.iter().map(|edit| (finding.rule, edit.target.clone())).collect::<Vec<_>>()
    };
    chosen.iter().flat_map(edits).collect()
}

/// Whose fixes make a file worse: of each such file one rule, without which the fixes before it do not.
pub(super) fn worse(
    findings: &[Finding],
    chosen: &[Choice],
    (now, next): (&[Source], &[Source]),
    judge: &impl Judge,
) -> Vec<(Refused, Target)> {
    let mut worse = Vec::new();
    for (index, (before, after)) in now.iter().zip(next).enumerate() {
        if before.bytes() == after.bytes() {
            continue;
        }
        let file = FileId(index as u32);
        let target = Target::File(file);
        let touches =
            |&&(finding, fix): &&Choice| findings[finding].fixes[fix].edits.iter().any(|edit| edit.target == target);
        let own: Vec<Choice> = chosen.iter().filter(touches).copied().collect();
        let rules_of = |some: &[Choice]| some.iter().map(|(finding, _)| findings[*finding].rule).collect();
        let rules: BTreeSet<&'static str> = rules_of(&own);
        let alone = rules.iter().filter(|_| rules.len() > 1).filter_map(|rule| {
            let some: Vec<Choice> =
                own.iter().filter(|(finding, _)| findings[*finding].rule == *rule).copied().collect();
            let after = apply(findings, &some, now)?;
            let why = judge.refuses(file, before, after.get(index)?, &rules_of(&some))?;
            Some((Refused { rule, file: before.name().to_owned(), why }, target.clone()))
        });
        let alone: Vec<_> = alone.collect();
        if !alone.is_empty() {
            worse.extend(alone);
            continue;
        }
        let Some(mut why) = judge.refuses(file, before, after, &rules) else { continue };
        // The first `good` of them do no harm, the first `bad` do.
        let (mut good, mut bad) = (0, own.len());
        while bad - good > 1 {
            let middle = good.midpoint(bad);
            let some = apply(findings, &own[..middle], now).and_then(|sources| sources.get(index).cloned());
            match some.and_then(|after| judge.refuses(file, before, &after, &rules_of(&own[..middle]))) {
                Some(reason) => (bad, why) = (middle, reason),
                None => good = middle,
            }
        }
        let rule = findings[own[good].0].rule;
        worse.push((Refused { rule, file: before.name().to_owned(), why }, target));
    }
    worse
}

/// The sources with the chosen fixes; `None` when an edit can't be applied after all.
pub(super) fn apply(findings: &[Finding], chosen: &[Choice], sources: &[Source]) -> Option<Vec<Source>> {
    let mut edits: BTreeMap<&Target, Vec<&FileEdit>> = BTreeMap::new();
    for &(finding, fix) in chosen {
        for edit in &findings[finding].fixes[fix].edits {
            edits.entry(&edit.target).or_default().push(edit);
        }
    }
    let mut now = sources.to_vec();
    for (target, edits) in edits {
        match target {
            Target::File(FileId(index)) => {
                let slot = now.get_mut(*index as usize)?;
                *slot = edited(slot, &edits)?;
            }
            Target::New(name) => now.push(edited(&Source::of(name, ""), &edits)?),
        }
    }
    Some(now)
}

fn edited(source: &Source, edits: &[&FileEdit]) -> Option<Source> {
    let edits: Vec<Edit> = edits.iter().map(|edit| Edit { span: edit.span, text: edit.text.clone() }).collect();
    let bytes = crate::text::apply(source, &edits).ok()?;
    source.with_bytes(bytes).ok()
}

/// Whether a fix changes something and all its edits lie inside their files, apart from each other.
fn applicable(fix: &Fix, sources: &[Source]) -> bool {
    let mut spans: Vec<(&Target, Span)> = Vec::new();
    for edit in &fix.edits {
        let inside = match &edit.target {
            Target::File(FileId(index)) => {
                // What stands for a bad byte was never in the file: an edit made from it would write another text.
                let fits =
                    |source: &Source| source.text().get(edit.span.range()).is_some() && source.is_exact(edit.span);
                sources.get(*index as usize).is_some_and(fits)
            }
            Target::New(name) => edit.span == Span::at(0) && sources.iter().all(|source| source.name() != name),
        };
        if !inside {
            return false;
        }
        spans.push((&edit.target, edit.span));
    }
    spans.sort();
    let apart = spans.windows(2).all(|pair| {
        let ((file, a), (other, b)) = (pair[0], pair[1]);
        file != other || (b.start >= a.end && a != b)
    });
    apart && !fix.edits.is_empty()
}

/// Whether a span neither overlaps nor touches those taken. Touching ones would join in an order that nobody chose.
fn is_free(taken: &BTreeMap<u32, Span>, span: Span) -> bool {
    let before = taken.range(..=span.start).next_back();
    let after = taken.range(span.start..).next();
    before.is_none_or(|(_, other)| other.end < span.start) && after.is_none_or(|(start, _)| *start > span.end)
}
