//! Applies the fixes of findings, checks again, and so on until nothing is left to apply. Owns choice and order;
//! knows no rule by name: two rules that undo each other, and one whose edit breaks a file, are found out by their effect.

mod rule_runner;

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{FileEdit, Finding, Fix, Safety, Target};
use crate::text::{Edit, FileId, Source, Span};

pub use self::rule_runner::{ChosenRules, RuleChoice, RuleRunner};

/// Rounds of applying and checking before a rule's fixes count as endless.
pub const ROUNDS: usize = 10;

/// Rounds that fixes may take beyond that while they wait for others at the same place.
const WAITS: usize = 100;

/// Which fixes may be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FixLevel {
    /// Those that cannot change what the image does.
    Safe,
    /// All.
    Unsafe,
}

impl FixLevel {
    /// Whether a fix may be applied.
    pub const fn allows(self, fix: &Fix) -> bool {
        matches!((self, &fix.safety), (Self::Unsafe, _) | (_, Safety::Safe))
    }
}

/// The result of fixing.
#[derive(Clone, Debug, Default)]
pub struct FixOutcome {
    /// The files that change, in the order of their targets.
    pub changes: Vec<Change>,
    /// The fixes that were applied, in order; spans are those of the text at that time.
    pub applied: Vec<AppliedFix>,
    /// What is found afterwards; spans are those of the texts after the change.
    pub remaining: Vec<Finding>,
    /// Rules whose fixes undo each other or never end; none of theirs is applied to the files where they do.
    pub contradicting: Vec<&'static str>,
    /// Rules with fixes that would have made a file worse; those are not applied to it.
    pub refused: Vec<RefusedRule>,
}

/// A rule with a fix that is not applied to a file, as it would make it worse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRule {
    /// The rule.
    pub rule: &'static str,
    /// The file's name.
    pub file: String,
    /// What would be worse, in one sentence without a full stop.
    pub why: String,
}

/// What fixing asks about texts.
pub trait FindingSource {
    /// What is found in the sources as they are now; new files stand behind the given ones, and are named as their
    /// [`Target::New`].
    fn findings(&mut self, sources: &[Source]) -> Vec<Finding>;

    /// Why fixes of these rules may not make this of a file; `None` when they may. Each rule is asked for alone, and all
    /// together.
    fn refuses(
        &self,
        _file: FileId,
        _before: &Source,
        _after: &Source,
        _rules: &BTreeSet<&'static str>,
    ) -> Option<String> {
        None
    }

    /// The changed files that fixes of these rules may change so, as far as that is told of all files of a project at once;
    /// the others are asked for with [`FindingSource::refuses`].
    fn accepts(&self, _now: &[Source], _next: &[Source], _rules: &BTreeSet<&'static str>) -> BTreeSet<FileId> {
        BTreeSet::new()
    }
}

impl<F: FnMut(&[Source]) -> Vec<Finding>> FindingSource for F {
    fn findings(&mut self, sources: &[Source]) -> Vec<Finding> {
        self(sources)
    }
}

/// A rule that is kept from a file.
type Block = (&'static str, Target);

/// What is kept from files.
#[derive(Default)]
struct BlockedFixes {
    rules: BTreeSet<Block>,
    /// Single fixes, by the messages of their findings: their places change from round to round.
    messages: BTreeSet<(Block, String)>,
}

/// Single fixes of a rule that are refused in a file before all of them are.
const REFUSALS: usize = 20;

/// Fixes of a round that are tried one by one where they are refused together.
const SINGLES: usize = 30;

impl BlockedFixes {
    fn contains(&self, finding: &Finding, target: &Target) -> bool {
        if self.rules.is_empty() && self.messages.is_empty() {
            return false;
        }
        let block = (finding.rule, target.clone());
        self.rules.contains(&block) || self.messages.contains(&(block, finding.message.clone()))
    }

    fn add_message(&mut self, block: Block, message: String) {
        let count = self.messages.iter().filter(|(known, _)| *known == block).count();
        if count >= REFUSALS || !self.messages.insert((block.clone(), message)) {
            self.rules.insert(block);
        }
    }
}

/// A file that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub target: Target,
    /// Its name, as messages call it.
    pub name: String,
    /// Its bytes before; `None` when it is new.
    pub before: Option<Vec<u8>>,
    /// Its bytes afterwards.
    pub after: Vec<u8>,
}

/// A finding with the fix that was applied.
#[derive(Clone, Debug, PartialEq)]
pub struct AppliedFix {
    /// The finding.
    pub finding: Finding,
    /// Its file's name.
    pub file: String,
    /// The index of the fix in [`Finding::fixes`].
    pub fix: usize,
}

/// Applies what `level` allows to a fixpoint.
///
/// Running it again on the result changes nothing.
pub fn fix(sources: &[Source], level: FixLevel, mut judge: impl FindingSource) -> FixOutcome {
    let mut blocked = BlockedFixes::default();
    let mut contradicting = BTreeSet::new();
    let mut refused: Vec<RefusedRule> = Vec::new();
    loop {
        match attempt(sources, level, &blocked, &mut judge) {
            Ok(mut outcome) => {
                outcome.contradicting = contradicting.into_iter().collect();
                outcome.refused = refused;
                return outcome;
            }
            // Each attempt names at least one block more, so this ends.
            Err(FixFailure::Endless(endless)) => {
                contradicting.extend(endless.iter().map(|(rule, _)| *rule));
                blocked.rules.extend(endless);
            }
            Err(FixFailure::Worse(worse)) => {
                for WorseFix { refusal, target, message, is_whole_rule } in worse {
                    let block = (refusal.rule, target);
                    if is_whole_rule {
                        blocked.rules.insert(block);
                    } else {
                        blocked.add_message(block, message);
                    }
                    if !refused.contains(&refusal) {
                        refused.push(refusal);
                    }
                }
            }
        }
    }
}

/// Why an attempt comes to nothing.
enum FixFailure {
    /// These rules undo each other and never converge.
    Endless(BTreeSet<Block>),
    /// These make a file worse.
    Worse(Vec<WorseFix>),
}

/// A fix that makes a file worse.
struct WorseFix {
    refusal: RefusedRule,
    target: Target,
    /// That of its finding.
    message: String,
    /// Whether none of its rule's fixes is tried again.
    is_whole_rule: bool,
}

fn attempt(
    sources: &[Source],
    level: FixLevel,
    blocked: &BlockedFixes,
    judge: &mut impl FindingSource,
) -> Result<FixOutcome, FixFailure> {
    let mut now = sources.to_vec();
    let mut applied = Vec::new();
    let mut states = vec![now.clone()];
    // What changed which file, by round.
    let mut active: Vec<BTreeSet<Block>> = Vec::new();
    let mut rounds = ROUNDS;
    loop {
        let findings = judge.findings(&now);
        let (chosen, waiting) = choose(&findings, &now, level, blocked);
        if chosen.is_empty() {
            return Ok(FixOutcome {
                changes: changes(sources, &now),
                applied,
                remaining: findings,
                ..FixOutcome::default()
            });
        }
        if active.is_empty() {
            // Those that wait at one place for each other take a round each.
            rounds += waiting.min(WAITS);
        }
        active.push(blocks(&findings, &chosen));
        let next = if active.len() <= rounds { apply(&findings, &chosen, &now) } else { None };
        let Some(next) = next else { return Err(FixFailure::Endless(active.pop().unwrap_or_default())) };
        let worse = worse(&findings, &chosen, (&now, &next), judge);
        if !worse.is_empty() {
            return Err(FixFailure::Worse(worse));
        }
        let names = now;
        now = next;
        if let Some(before) = states.iter().position(|known| are_same(known, &now)) {
            return Err(FixFailure::Endless(active[before..].iter().flatten().cloned().collect()));
        }
        states.push(now.clone());
        for (index, fix) in chosen {
            let finding = findings[index].clone();
            let file = names.get(finding.file.0 as usize).map_or_else(String::new, |source| source.name().to_owned());
            applied.push(AppliedFix { finding, file, fix });
        }
    }
}

/// Whether files have the same names and contents; of copies of one text nothing is compared.
fn are_same(some: &[Source], others: &[Source]) -> bool {
    let is_same = |(a, b): (&Source, &Source)| a.name() == b.name() && has_same_bytes(a, b);
    some.len() == others.len() && some.iter().zip(others).all(is_same)
}

/// Whether two sources hold the same bytes; of copies of one source they are not compared.
pub fn has_same_bytes(a: &Source, b: &Source) -> bool {
    std::ptr::eq(a.bytes(), b.bytes()) || a.bytes() == b.bytes()
}

fn changes(before: &[Source], after: &[Source]) -> Vec<Change> {
    let mut changes = BTreeMap::new();
    for (index, source) in after.iter().enumerate() {
        let old = before.get(index);
        if old.is_some_and(|old| has_same_bytes(old, source)) {
            continue;
        }
        let name = source.name().to_owned();
        let target = match old {
            Some(_) => Target::File(FileId(index as u32)),
            None => Target::New(name.clone()),
        };
        let before = old.map(|old| old.bytes().to_vec());
        changes.insert(target.clone(), Change { target, name, before, after: source.bytes().to_vec() });
    }
    changes.into_values().collect()
}

/// Finding and fix, by index.
type Choice = (usize, usize);

/// Of each finding the first fix that is allowed, unless it touches one chosen before it; those wait, and are counted.
fn choose(findings: &[Finding], sources: &[Source], level: FixLevel, blocked: &BlockedFixes) -> (Vec<Choice>, usize) {
    let mut used_spans: BTreeMap<&Target, BTreeMap<u32, Span>> = BTreeMap::new();
    let mut chosen = Vec::new();
    let mut waiting = 0;
    for (index, finding) in findings.iter().enumerate() {
        let kept_off = |fix: &Fix| fix.edits.iter().any(|edit| blocked.contains(finding, &edit.target));
        let usable = |fix: &Fix| level.allows(fix) && applicable(fix, sources) && !kept_off(fix);
        let Some(fix) = finding.fixes.iter().position(usable) else { continue };
        let edits = &finding.fixes[fix].edits;
        let free = edits.iter().all(|edit| used_spans.get(&edit.target).is_none_or(|spans| is_free(spans, edit.span)));
        if !free {
            waiting += 1;
            continue;
        }
        for edit in edits {
            let spans = used_spans.entry(&edit.target).or_default();
            let span = spans.entry(edit.span.start).or_insert(edit.span);
            *span = span.to(edit.span);
        }
        chosen.push((index, fix));
    }
    (chosen, waiting)
}

/// Which rules change which files.
fn blocks(findings: &[Finding], chosen: &[Choice]) -> BTreeSet<Block> {
    let edits = |&(finding, fix): &Choice| {
        let finding = &findings[finding];
        finding.fixes[fix].edits.iter().map(|edit| (finding.rule, edit.target.clone())).collect::<Vec<_>>()
    };
    chosen.iter().flat_map(edits).collect()
}

/// The fixes that make a file worse: those that do so alone, or the first one that does with those before it.
fn worse(
    findings: &[Finding],
    chosen: &[Choice],
    (now, next): (&[Source], &[Source]),
    judge: &impl FindingSource,
) -> Vec<WorseFix> {
    let mut worse = Vec::new();
    let accepted = accepted(findings, chosen, (now, next), judge);
    for (index, (before, after)) in now.iter().zip(next).enumerate() {
        if has_same_bytes(before, after) || accepted.contains(&FileId(index as u32)) {
            continue;
        }
        let target = Target::File(FileId(index as u32));
        let touches =
            |&&(finding, fix): &&Choice| findings[finding].fixes[fix].edits.iter().any(|edit| edit.target == target);
        let choices: Vec<Choice> = chosen.iter().filter(touches).copied().collect();
        let refused = |some: &[Choice]| {
            let rules = some.iter().map(|(finding, _)| findings[*finding].rule).collect();
            let after = apply(findings, some, now)?;
            judge.refuses(FileId(index as u32), before, after.get(index)?, &rules)
        };
        let worse_fix = |choice: Choice, why: String| {
            let finding = &findings[choice.0];
            let refusal = RefusedRule { rule: finding.rule, file: before.name().to_owned(), why };
            WorseFix { refusal, target: target.clone(), message: finding.message.clone(), is_whole_rule: false }
        };
        let of_rules = by_rule(findings, &choices);
        let count = worse.len();
        let is_single = of_rules.len() == 1;
        for group in of_rules.into_values() {
            let Some(why) = refused(&group) else { continue };
            // Each asks for the whole file to be read again.
            if group.len() > SINGLES {
                worse.push(WorseFix { is_whole_rule: true, ..worse_fix(group[0], why) });
                continue;
            }
            let alone: Vec<_> =
                group.iter().filter_map(|choice| Some(worse_fix(*choice, refused(&[*choice])?))).collect();
            if alone.is_empty() {
                worse.push(first_worse(&group, why, refused, worse_fix));
            }
            worse.extend(alone);
        }
        if worse.len() > count || is_single {
            continue;
        }
        if let Some(why) = refused(&choices) {
            worse.push(first_worse(&choices, why, refused, worse_fix));
        }
    }
    worse
}

/// Chosen fixes by the rules of their findings.
fn by_rule(findings: &[Finding], chosen: &[Choice]) -> BTreeMap<&'static str, Vec<Choice>> {
    let mut of_rules: BTreeMap<&'static str, Vec<Choice>> = BTreeMap::new();
    for choice in chosen {
        of_rules.entry(findings[choice.0].rule).or_default().push(*choice);
    }
    of_rules
}

/// The files that the fixes of no rule make worse, nor all together, where that can be told of many files at once.
fn accepted(
    findings: &[Finding],
    chosen: &[Choice],
    (now, next): (&[Source], &[Source]),
    judge: &impl FindingSource,
) -> BTreeSet<FileId> {
    let of_rules = by_rule(findings, chosen);
    let mut accepted = judge.accepts(now, next, &of_rules.keys().copied().collect());
    if of_rules.len() == 1 {
        return accepted;
    }
    for (rule, choices) in of_rules {
        if accepted.is_empty() {
            break;
        }
        let Some(after) = apply(findings, &choices, now) else { return BTreeSet::new() };
        let of_rule = judge.accepts(now, &after, &BTreeSet::from([rule]));
        let is_same = |file: &FileId| {
            let index = file.0 as usize;
            now.get(index).zip(after.get(index)).is_some_and(|(before, after)| has_same_bytes(before, after))
        };
        accepted.retain(|file| is_same(file) || of_rule.contains(file));
    }
    accepted
}

/// The first fix that makes a file worse together with those before it; `why`: what all of them do.
fn first_worse(
    choices: &[Choice],
    mut why: String,
    refused: impl Fn(&[Choice]) -> Option<String>,
    worse_fix: impl Fn(Choice, String) -> WorseFix,
) -> WorseFix {
    // The first `good` of them do no harm, the first `bad` do.
    let (mut good, mut bad) = (0, choices.len());
    while bad - good > 1 {
        let middle = good.midpoint(bad);
        match refused(&choices[..middle]) {
            Some(reason) => (bad, why) = (middle, reason),
            None => good = middle,
        }
    }
    worse_fix(choices[good], why)
}

/// The sources with the chosen fixes; `None` when an edit can't be applied after all.
fn apply(findings: &[Finding], chosen: &[Choice], sources: &[Source]) -> Option<Vec<Source>> {
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
fn is_free(used_spans: &BTreeMap<u32, Span>, span: Span) -> bool {
    let before = used_spans.range(..=span.start).next_back();
    let after = used_spans.range(span.start..).next();
    before.is_none_or(|(_, other)| other.end < span.start) && after.is_none_or(|(start, _)| *start > span.end)
}

#[cfg(test)]
mod tests;
