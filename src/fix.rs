//! Applies the fixes of findings, checks again, and so on until nothing is left to apply. Owns choice and order;
//! knows no rule by name: two rules that undo each other, and one whose edit breaks a file, are found out by their effect.

mod round;

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::{Finding, Fix, Safety, Target};
use crate::text::{FileId, Source};

/// Rounds of applying and checking before a rule's fixes count as endless.
pub const ROUNDS: usize = 10;

/// Rounds that fixes may take beyond that while they wait for others at the same place.
const WAITS: usize = 100;

/// Which fixes may be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Those that cannot change what the image does.
    Safe,
    /// All.
    Unsafe,
}

impl Level {
    /// Whether a fix may be applied.
    pub const fn allows(self, fix: &Fix) -> bool {
        matches!((self, &fix.safety), (Self::Unsafe, _) | (_, Safety::Safe))
    }
}

/// What fixing comes to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The files that change, in the order of their targets.
    pub changes: Vec<Change>,
    /// What was mended, in the order of doing; spans are those of the text at that time.
    pub applied: Vec<Applied>,
    /// What is found afterwards; spans are those of the texts after the change.
    pub left: Vec<Finding>,
    /// Rules whose fixes undo each other or never end; none of theirs is applied to the files where they do.
    pub contradicting: Vec<&'static str>,
    /// Rules whose fixes would have made a file worse; none of theirs is applied to it.
    pub refused: Vec<Refused>,
}

/// A rule whose fixes are not applied to a file, as they would make it worse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The rule.
    pub rule: &'static str,
    /// The file's name.
    pub file: String,
    /// What would be worse, in one sentence without a full stop.
    pub why: String,
}

/// What fixing asks about texts.
pub trait Judge {
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
}

impl<F: FnMut(&[Source]) -> Vec<Finding>> Judge for F {
    fn findings(&mut self, sources: &[Source]) -> Vec<Finding> {
        self(sources)
    }
}

/// A rule that is kept from a file.
type Block = (&'static str, Target);

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

/// A finding with the fix that mended it.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
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
pub fn fix(sources: &[Source], level: Level, mut judge: impl Judge) -> Outcome {
    let mut blocked = BTreeSet::new();
    let mut contradicting = BTreeSet::new();
    let mut refused = Vec::new();
    loop {
        match attempt(sources, level, &blocked, &mut judge) {
            Ok(mut outcome) => {
                outcome.contradicting = contradicting.into_iter().collect();
                outcome.refused = refused;
                return outcome;
            }
            // Each attempt names at least one block more, so this ends.
            Err(Failed::Endless(endless)) => {
                contradicting.extend(endless.iter().map(|(rule, _)| *rule));
                blocked.extend(endless);
            }
            Err(Failed::Worse(worse)) => {
                for (refusal, target) in worse {
                    blocked.insert((refusal.rule, target));
                    refused.push(refusal);
                }
            }
        }
    }
}

/// Why an attempt comes to nothing.
enum Failed {
    /// These don't come to an end together.
    Endless(BTreeSet<Block>),
    /// These make a file worse.
    Worse(Vec<(Refused, Target)>),
}

fn attempt(
    sources: &[Source],
    level: Level,
    blocked: &BTreeSet<Block>,
    judge: &mut impl Judge,
) -> Result<Outcome, Failed> {
    let mut now = sources.to_vec();
    let mut applied = Vec::new();
    let mut seen = vec![state(&now)];
    // What changed which file, by round.
    let mut active: Vec<BTreeSet<Block>> = Vec::new();
    let mut rounds = ROUNDS;
    loop {
        let findings = judge.findings(&now);
        let (chosen, waiting) = round::choose(&findings, &now, level, blocked);
        if chosen.is_empty() {
            return Ok(Outcome { changes: changes(sources, &now), applied, left: findings, ..Outcome::default() });
        }
        if active.is_empty() {
            // Those that wait at one place for each other take a round each.
            rounds += waiting.min(WAITS);
        }
        active.push(round::blocks(&findings, &chosen));
        let next = round::apply(&findings, &chosen, &now).filter(|_| active.len() <= rounds);
        let Some(next) = next else { return Err(Failed::Endless(active.pop().unwrap_or_default())) };
        let worse = round::worse(&findings, &chosen, (&now, &next), judge);
        if !worse.is_empty() {
            return Err(Failed::Worse(worse));
        }
        let names = now;
        now = next;
        let state = state(&now);
        if let Some(before) = seen.iter().position(|known| *known == state) {
            return Err(Failed::Endless(active[before..].iter().flatten().cloned().collect()));
        }
        seen.push(state);
        for (index, fix) in chosen {
            let finding = findings[index].clone();
            let file = names.get(finding.file.0 as usize).map_or_else(String::new, |source| source.name().to_owned());
            applied.push(Applied { finding, file, fix });
        }
    }
}

fn state(sources: &[Source]) -> Vec<(String, Vec<u8>)> {
    sources.iter().map(|source| (source.name().to_owned(), source.bytes().to_vec())).collect()
}

fn changes(before: &[Source], after: &[Source]) -> Vec<Change> {
    let mut changes = BTreeMap::new();
    for (index, source) in after.iter().enumerate() {
        let old = before.get(index).map(|old| old.bytes().to_vec());
        let name = source.name().to_owned();
        let target = match old {
            Some(_) => Target::File(FileId(index as u32)),
            None => Target::New(name.clone()),
        };
        if old.as_deref() != Some(source.bytes()) {
            let change = Change { target: target.clone(), name, before: old, after: source.bytes().to_vec() };
            changes.insert(target, change);
        }
    }
    changes.into_values().collect()
}

#[cfg(test)]
mod tests;
