//! Dockerfiles inside of other files: what is found in them is shown, and what is changed is written, where they stand.

use std::collections::{BTreeMap, BTreeSet};

use crate::compose;
use crate::finding::{FileEdit, Finding, Fix, Target};
use crate::fix::{Change, FixOutcome, RefusedRule};
use crate::text::{Edit, FileId, Source, Span, apply};

/// Bytes that are read again to write the edits of one file's findings into it.
const WORK: usize = 64 << 20;

/// Which findings' edits are written into the files that hold the Dockerfiles.
pub(super) struct ShownFindings<'s> {
    sources: &'s [Source],
    any: bool,
    /// Files with more findings than there is time for: their fixes are named only.
    costly: BTreeSet<FileId>,
}

impl<'s> ShownFindings<'s> {
    pub(super) fn new(findings: &[Finding], sources: &'s [Source]) -> Self {
        let any = sources.iter().any(|source| source.embedding().is_some());
        let mut work: BTreeMap<FileId, usize> = BTreeMap::new();
        for finding in findings.iter().filter(|finding| any && !finding.fixes.is_empty()) {
            if let Some(source) = embedded(sources, finding.file) {
                *work.entry(finding.file).or_default() += source.host().bytes().len() * finding.fixes.len();
            }
        }
        let costly = work.into_iter().filter(|(_, work)| *work > WORK).map(|(file, _)| file).collect();
        Self { sources, any, costly }
    }

    /// The finding with the places of the files that hold the Dockerfiles.
    pub(super) fn finding(&self, mut finding: Finding) -> Finding {
        let Some(source) = self.sources.get(finding.file.0 as usize) else { return finding };
        if !self.any {
            return finding;
        }
        if self.costly.contains(&finding.file) {
            finding.fixes.iter_mut().for_each(|fix| fix.edits.clear());
        } else {
            finding.fixes.iter_mut().for_each(|fix| rewrite(fix, self.sources));
            finding.fixes.retain(|fix| !fix.edits.is_empty());
        }
        if let Some(embedding) = source.embedding().filter(|embedding| embedding.indent.is_none()) {
            let line = embedding.host.line(embedding.span.start);
            finding.instruction_line = finding.instruction_line.map(|_| line);
        }
        finding.span = source.in_host(finding.span);
        for label in &mut finding.labels {
            label.span = source.in_host(label.span);
        }
        finding
    }
}

/// Edits of an embedded text as one edit of its file; none where it can't be written.
fn rewrite(fix: &mut Fix, sources: &[Source]) {
    let mut edits_by_file: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    let mut edits = Vec::new();
    for edit in &fix.edits {
        match edit.target {
            Target::File(file) if embedded(sources, file).is_some() => {
                edits_by_file.entry(file).or_default().push(Edit { span: edit.span, text: edit.text.clone() });
            }
            _ => edits.push(edit.clone()),
        }
    }
    for (file, list) in edits_by_file {
        let changed = embedded(sources, file).and_then(|source| {
            let now = String::from_utf8(apply(source, &list).ok()?).ok()?;
            let after = String::from_utf8(compose::write(source.host(), source, &now)?).ok()?;
            Some(difference(source.host().text(), &after))
        });
        let Some(Edit { span, text }) = changed else {
            // A part of a fix is none.
            fix.edits.clear();
            return;
        };
        edits.push(FileEdit { target: Target::File(file), span, text });
    }
    fix.edits = edits;
}

fn embedded(sources: &[Source], file: FileId) -> Option<&Source> {
    sources.get(file.0 as usize).filter(|source| source.embedding().is_some())
}

/// The edit of whole lines that leads from one text to the other. Not of parts: half of a secret would not be known as one.
fn difference(before: &str, after: &str) -> Edit {
    let same = |pair: &(&str, &str)| pair.0 == pair.1;
    let (old, new): (Vec<_>, Vec<_>) = (before.split_inclusive('\n').collect(), after.split_inclusive('\n').collect());
    let head = old.iter().copied().zip(new.iter().copied()).take_while(same).count();
    let (old, new) = (&old[head..], &new[head..]);
    let tail = old.iter().rev().copied().zip(new.iter().rev().copied()).take_while(same).count();
    let bytes = |lines: &[&str]| lines.iter().map(|line| line.len()).sum::<usize>();
    let start = before.len() - bytes(old);
    let end = start + bytes(&old[..old.len() - tail]);
    Edit { span: Span::new(start as u32, end as u32), text: new[..new.len() - tail].concat() }
}

/// Turns changes of embedded texts into one change of each file that holds some.
pub fn write(outcome: &mut FixOutcome, sources: &[Source]) {
    let mut changes: Vec<Change> = Vec::new();
    let mut all = std::mem::take(&mut outcome.changes);
    // Behind its place all lines of a file move: the last text comes first.
    let start = |file| embedded(sources, file).and_then(Source::embedding).map(|embedding| embedding.span.start);
    all.sort_by_key(|change| match change.target {
        Target::File(file) => std::cmp::Reverse(start(file)),
        Target::New(_) => std::cmp::Reverse(None),
    });
    for change in all {
        let Target::File(file) = change.target else {
            changes.push(change);
            continue;
        };
        let Some(source) = embedded(sources, file) else {
            if changes.iter().any(|known| known.name == change.name) {
                postpone(outcome, &change);
            } else {
                changes.push(change);
            }
            continue;
        };
        let same = |known: &&mut Change| known.name == change.name;
        let known = changes.iter_mut().find(same);
        let bytes = known.as_ref().map_or(source.host().bytes(), |known| &known.after).to_vec();
        let after = Source::new(source.name(), bytes).ok().and_then(|host| {
            let now = String::from_utf8(change.after).ok()?;
            compose::write(&host, source, &now)
        });
        let Some(after) = after else { continue };
        if let Some(known) = known {
            known.after = after;
        } else {
            let before = Some(source.host().bytes().to_vec());
            changes.push(Change { target: Target::File(file), name: change.name, before, after });
        }
    }
    changes.sort_by(|a, b| a.target.cmp(&b.target));
    outcome.changes = changes;
}

/// Leaves out the changes of a file in which a Dockerfile changes too: its lines have moved.
fn postpone(outcome: &mut FixOutcome, change: &Change) {
    let is_of_change = |file: FileId| change.target == Target::File(file);
    let (postponed, applied): (Vec<_>, Vec<_>) =
        std::mem::take(&mut outcome.applied).into_iter().partition(|fix| is_of_change(fix.finding.file));
    outcome.applied = applied;
    let rules: BTreeSet<&str> = postponed.iter().map(|fix| fix.finding.rule).collect();
    let why = "the Dockerfile in the same file is fixed first; run the command again".to_owned();
    outcome.refused.extend(rules.into_iter().map(|rule| RefusedRule {
        rule,
        file: change.name.clone(),
        why: why.clone(),
    }));
}
