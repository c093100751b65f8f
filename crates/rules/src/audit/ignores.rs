//! Comments that hide what is found today, so that an old repository passes and only new findings count.

use std::collections::{BTreeMap, BTreeSet};

use super::run::check_confirmed;
use super::{InputAudit, ReadContexts, Report};
use crate::build::Build;
use crate::dockerfile::{File, LineKind};
use crate::finding::{Finding, Form, Suppression, SuppressionReach};
use crate::fix::{Change, FixOutcome};
use crate::inputs::{IgnoreInput, Inputs};
use crate::rules::{self, Policies};
use crate::text::{Edit, FileId, Source, Span, apply};

/// The comments of [`add_ignores`].
#[derive(Clone, Debug, Default)]
pub struct AddedIgnores {
    /// The files that change.
    pub changes: Vec<Change>,
    /// How many findings the comments hide.
    pub hidden: usize,
    /// The rules of the findings that count and that a comment cannot hide.
    pub remaining_rules: BTreeSet<&'static str>,
    /// Whether the builder refuses a file and that counts: no comment changes it.
    pub refused: bool,
}

/// Rules to hide, by the first line of the instruction; `None` for those that are hidden in the whole file.
type RulesByLine = BTreeMap<Option<u32>, BTreeSet<&'static str>>;

/// Hides the findings that count for the exit code: with `# dockopt ignore=` above their instructions, or with
/// `# dockopt ignore-file=` where a finding belongs to no instruction. `reason` is one line of text.
pub fn add_ignores(inputs: &Inputs, policies: &Policies, reason: &str, contexts: &ReadContexts) -> AddedIgnores {
    let report = InputAudit::new(inputs).problems(policies);
    let before = counting(&report, check_confirmed(inputs, &inputs.sources, policies, contexts));
    let mut wanted: BTreeMap<FileId, RulesByLine> = BTreeMap::new();
    for input in &inputs.builds {
        let settings = inputs.settings.get(&input.dockerfile).into_iter().flatten().map(|file| file.file);
        let ignore = match &input.ignore {
            IgnoreInput::Present(file, _) => Some(*file),
            _ => None,
        };
        let others: BTreeSet<FileId> = settings.chain(ignore).collect();
        for finding in &before {
            let place = if finding.file == input.dockerfile {
                instruction_line(finding, &input.file)
            } else if others.contains(&finding.file) {
                None
            } else {
                continue;
            };
            wanted.entry(input.dockerfile).or_default().entry(place).or_default().insert(finding.rule);
        }
    }
    let mut sources = inputs.sources.clone();
    let mut outcome = FixOutcome::default();
    for (file, wanted) in wanted {
        let Some(after) = with_comments(inputs, policies, file, wanted, reason) else { continue };
        outcome.changes.push(change(inputs, file, &after));
        sources[file.0 as usize] = after;
    }
    let after = counting(&report, check_confirmed(inputs, &sources, policies, contexts));
    super::write_embedded(&mut outcome, &inputs.sources);
    AddedIgnores {
        changes: outcome.changes,
        hidden: before.len().saturating_sub(after.len()),
        remaining_rules: after.iter().map(|finding| finding.rule).collect(),
        refused: report.fails(),
    }
}

/// The comment that hides one finding, as a change of its file; `None` where no comment can, or it is in no Dockerfile. The finding
/// is one of a report, with the places of the file that holds the Dockerfile.
pub fn add_ignore(inputs: &Inputs, policies: &Policies, finding: &Finding, reason: &str) -> Option<Change> {
    let input = inputs.builds.iter().find(|input| input.dockerfile == finding.file)?;
    let wanted = RulesByLine::from([(instruction_line(finding, &input.file), BTreeSet::from([finding.rule]))]);
    let after = with_comments(inputs, policies, finding.file, wanted, reason)?;
    let mut outcome = FixOutcome { changes: vec![change(inputs, finding.file, &after)], ..FixOutcome::default() };
    super::write_embedded(&mut outcome, &inputs.sources);
    outcome.changes.pop()
}

/// A Dockerfile with the comments that hide the wanted rules; `None` where they change more than comments.
fn with_comments(
    inputs: &Inputs,
    policies: &Policies,
    file: FileId,
    wanted: RulesByLine,
    reason: &str,
) -> Option<Source> {
    let input = inputs.builds.iter().find(|input| input.dockerfile == file)?;
    let pragmas = rules::pragmas_of(&Build::new(input), policies.of(file));
    let edits = comments(&input.file, &pragmas.suppressions, wanted, reason);
    let source = inputs.source(file);
    let after = apply(source, &edits).ok().and_then(|bytes| source.with_bytes(bytes).ok())?;
    rules::dockerfile_breaches(source, &after, &["comment"]).0.is_empty().then_some(after)
}

fn change(inputs: &Inputs, file: FileId, after: &Source) -> Change {
    let source = inputs.source(file);
    Change {
        target: crate::finding::Target::File(file),
        name: source.name().to_owned(),
        before: Some(source.bytes().to_vec()),
        after: after.bytes().to_vec(),
    }
}

fn counting(report: &Report, findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().filter(|finding| report.counts(finding)).collect()
}

/// The line that a comment above the finding's instruction reaches.
fn instruction_line(finding: &Finding, dockerfile: &File) -> Option<u32> {
    let line = finding.instruction_line.unwrap_or_else(|| dockerfile.source().line(finding.span.start));
    dockerfile.instructions().iter().any(|instruction| instruction.start_line == line).then_some(line)
}

/// The edits that hide the wanted rules: names added to comments of today's form, and new comments.
fn comments(dockerfile: &File, suppressions: &[Suppression], wanted: RulesByLine, reason: &str) -> Vec<Edit> {
    let Some(first) = dockerfile.instructions().first().map(|first| first.start_line) else { return Vec::new() };
    let mut edits: BTreeMap<Span, String> = BTreeMap::new();
    // The comment of the whole file is the first key, so it comes first where both stand above one instruction.
    for (line, rules) in wanted {
        let rules: Vec<&str> = rules.into_iter().collect();
        if let Some(comment) = suppressions.iter().find(|comment| is_extensible(comment, line))
            && let Some(last) = comment.named.last()
        {
            edits.entry(Span::at(last.span.end)).or_default().push_str(&format!(",{}", rules.join(",")));
            continue;
        }
        let key = if line.is_some() { "ignore" } else { "ignore-file" };
        let (at, indent, end) = place_above(dockerfile, line.unwrap_or(first));
        let comment = format!("{indent}# dockopt {key}={} reason: {reason}{end}", rules.join(","));
        edits.entry(Span::at(at)).or_default().push_str(&comment);
    }
    edits.into_iter().map(|(span, text)| Edit { span, text }).collect()
}

/// Whether names can be added to a comment: it is dockopt's, hides in this place and does not end.
fn is_extensible(comment: &Suppression, line: Option<u32>) -> bool {
    let reaches = match (&comment.reach, line) {
        (SuppressionReach::Lines(_, first, _), Some(line)) => *first == line,
        (SuppressionReach::Everything, None) => true,
        _ => false,
    };
    reaches && comment.form == Form::Dockopt && comment.until.is_none()
}

/// Where a comment above an instruction begins, the blanks before it, and how its line ends. hadolint's own comments stay
/// directly above the instruction, where hadolint wants them.
fn place_above(dockerfile: &File, line: u32) -> (u32, &str, &'static str) {
    let source: &Source = dockerfile.source();
    let is_hadolint = |line: u32| {
        let known = dockerfile.lines().get(line as usize - 1);
        known.is_some_and(|known| {
            known.kind == LineKind::Comment && source.slice(known.span).contains("hadolint ignore")
        })
    };
    let mut above = line;
    while above > 1 && is_hadolint(above - 1) {
        above -= 1;
    }
    let span = source.line_span(line);
    let text = source.slice(span).trim_start_matches('\u{feff}');
    let indent = &text[..text.len() - text.trim_start_matches([' ', '\t']).len()];
    (source.line_span(above).start.max(source.mark()), indent, source.line_end(line))
}
