//! Fixes of rules as edits of a pass, applied to the build's own files until nothing changes.

use std::collections::BTreeSet;
use std::slice;

use super::pass_input::PassInput;
use crate::build::{Build, Stage};
use crate::finding::{FileEdit, Finding, Target};
use crate::fix::{self, ChosenRules, FindingSource, FixLevel, RuleChoice, RuleRunner};
use crate::inputs::Inputs;
use crate::shell::{Invocation, PackageCall};
use crate::text::{FileId, Source, Span};

/// What mending came to.
pub(super) struct FixResult {
    /// One edit of the Dockerfile; `None` where nothing changed.
    pub edit: Option<FileEdit>,
    /// Rules whose fixes were applied, with the fix's title; each once, in order.
    pub done: Vec<(&'static str, String)>,
}

/// Applies fixes of the chosen rules to the Dockerfile. `vet` sees each finding before its fixes count: it
/// takes away those that shall not be applied.
pub(super) fn apply_rule_fixes(
    input: &PassInput,
    choice: RuleChoice,
    level: FixLevel,
    vet: &dyn Fn(&Inputs, &Build, &mut Finding),
) -> FixResult {
    let index = input.inputs.builds.iter().position(|build| std::ptr::eq(build, input.input())).unwrap_or_default();
    let rules = input.options.rules;
    let chosen = rules.choose(input.inputs, choice);
    let judge = RepairPass { inputs: input.inputs, build: input.build, index, rules, chosen: &chosen, vet };
    let outcome = fix::fix(&input.inputs.sources, level, judge);
    let target = Target::File(input.input().dockerfile);
    let change = outcome.changes.into_iter().find(|change| change.target == target);
    let after = change.and_then(|change| String::from_utf8(change.after).ok());
    let change = after.as_deref().and_then(|after| difference(input.source().text(), after));
    let edit = change.map(|(span, text)| input.edit(span, text));
    let mut done = Vec::new();
    for applied in outcome.applied {
        let title = applied.finding.fixes.get(applied.fix).map_or_else(String::new, |fix| fix.title.clone());
        let applied_fix = (applied.finding.rule, title);
        if !done.contains(&applied_fix) {
            done.push(applied_fix);
        }
    }
    // What a later fix took back is no part of the result.
    if let Some(after) = &after {
        done.retain(|(_, title)| is_in_result(title, input.source().text(), after));
    }
    FixResult { edit, done }
}

/// Whether a text shows what the title of a fix says: it has more of what was added, or less of what was removed.
fn is_in_result(title: &str, before: &str, after: &str) -> bool {
    let quoted = |verb: &str| title.strip_prefix(verb)?.strip_prefix(" `")?.strip_suffix('`');
    let count = |text: &str, part: &str| text.matches(part).count();
    match (quoted("add"), quoted("remove")) {
        (Some(part), _) => count(after, part) > count(before, part),
        (_, Some(part)) => count(after, part) < count(before, part),
        _ => true,
    }
}

/// The same for rules by their names.
pub(super) fn apply_fixes_of(
    input: &PassInput,
    rules: &[&str],
    level: FixLevel,
    vet: &dyn Fn(&Inputs, &Build, &mut Finding),
) -> FixResult {
    apply_rule_fixes(input, RuleChoice::Only(rules), level, vet)
}

/// Takes no fix away.
pub(super) fn keep_all(_: &Inputs, _: &Build, _: &mut Finding) {}

/// The edit that makes another text of the Dockerfile; `None` where it is the same.
pub(super) fn replaced(input: &PassInput, after: &str) -> Option<FileEdit> {
    difference(input.source().text(), after).map(|(span, text)| input.edit(span, text))
}

/// The smallest stretch that differs, and what stands there afterwards.
fn difference(before: &str, after: &str) -> Option<(Span, String)> {
    if before == after {
        return None;
    }
    let start = before.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
    let start = (0..=start).rev().find(|at| before.is_char_boundary(*at) && after.is_char_boundary(*at))?;
    let (old, new) = (&before[start..], &after[start..]);
    let same = old.bytes().rev().zip(new.bytes().rev()).take_while(|(a, b)| a == b).count();
    let boundary = |len: &usize| old.is_char_boundary(old.len() - len) && new.is_char_boundary(new.len() - len);
    let same = (0..=same).rev().find(boundary)?;
    let span = Span::new(start as u32, (before.len() - same) as u32);
    Some((span, new[..new.len() - same].to_owned()))
}

struct RepairPass<'a, 'i> {
    inputs: &'i Inputs,
    /// The build as it is in these.
    build: &'i Build<'i>,
    index: usize,
    rules: &'a dyn RuleRunner,
    chosen: &'a ChosenRules,
    vet: &'a dyn Fn(&Inputs, &Build, &mut Finding),
}

impl FindingSource for RepairPass<'_, '_> {
    fn findings(&mut self, sources: &[Source]) -> Vec<Finding> {
        // Most passes change nothing: what is derived from the build serves all of them.
        if self.is_unchanged(sources) {
            return self.findings_of(self.inputs, self.build);
        }
        let now = self.inputs.with_sources(sources);
        let Some(build_input) = now.builds.get(self.index) else { return Vec::new() };
        self.findings_of(&now, &Build::new(build_input))
    }

    fn refuses(&self, file: FileId, before: &Source, after: &Source, rules: &BTreeSet<&'static str>) -> Option<String> {
        if self.inputs.builds.get(self.index).is_none_or(|build| build.dockerfile != file) {
            return None;
        }
        self.rules.breach(before, after, rules)
    }
}

impl RepairPass<'_, '_> {
    fn findings_of<'n>(&self, inputs: &'n Inputs, build: &Build<'n>) -> Vec<Finding> {
        let mut findings = (self.chosen)(inputs, slice::from_ref(build));
        let target = Target::File(build.input().dockerfile);
        for finding in &mut findings {
            finding.fixes.retain(|fix| fix.edits.iter().all(|edit| edit.target == target));
            (self.vet)(inputs, build, finding);
        }
        findings
    }

    /// Whether the texts are those of the inputs.
    fn is_unchanged(&self, sources: &[Source]) -> bool {
        let known = &self.inputs.sources;
        sources.len() == known.len() && sources.iter().zip(known).all(|(a, b)| std::ptr::eq(a.bytes(), b.bytes()))
    }
}

/// Asks `question` about the package calls that a span of the Dockerfile touches; the first answer.
pub(super) fn calls_at<T>(
    build: &Build,
    span: Span,
    question: impl Fn((&Stage, usize), &Invocation, &PackageCall) -> Option<T>,
) -> Option<T> {
    let file = &build.input().file;
    let index = file
        .instructions()
        .iter()
        .position(|instruction| instruction.span.start <= span.start && span.end <= instruction.span.end)?;
    let (stage, code) = (build.stage_of(index)?, build.code(index)?);
    let invocations = code.script.invocations();
    invocations.iter().find_map(|invocation| {
        let call = invocation.package_call()?;
        let call_span = code.place(file, call.span);
        (call_span.start <= span.end && span.start <= call_span.end)
            .then(|| question((stage, index), invocation, &call))
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_later_fix_took_back_is_not_told() {
        let (before, after) = ("RUN pip install a\n", "RUN --mount=type=cache,target=/c pip install -q a\n");
        assert!(!is_in_result("add `--no-cache-dir`", before, after));
        assert!(!is_in_result("remove `--no-cache-dir`", before, after));
        assert!(is_in_result("add `-q`", before, after));
        assert!(is_in_result("mount the folder that the program uses", before, after));
    }
}
