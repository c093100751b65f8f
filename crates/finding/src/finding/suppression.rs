//! What hides findings: comments and settings, as written, and what became of each after a run.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Finding, Form};
use crate::inputs::Date;
use crate::text::{FileId, Source, Span};

/// One comment or entry of settings that hides findings.
#[derive(Clone, Debug, PartialEq)]
pub struct Suppression {
    /// The file that it is written in.
    pub file: FileId,
    /// Where it stands: the comment, the entry.
    pub span: Span,
    /// Which kind.
    pub form: Form,
    /// Which findings it can hide.
    pub reach: SuppressionReach,
    /// The rules that it names, as written.
    pub named: Vec<SuppressedRule>,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// Whether it says why.
    pub reasoned: bool,
    /// What is deleted to remove it.
    pub removal: Span,
    /// Whether the files that it is for are all looked at by a run that looks at one of them.
    pub exact: bool,
}

impl Suppression {
    /// Whether it holds beyond the instruction that it stands above.
    pub const fn is_wide(&self) -> bool {
        !matches!(self.reach, SuppressionReach::Lines(..))
    }
}

/// Which findings a suppression can hide.
#[derive(Clone, Debug, PartialEq)]
pub enum SuppressionReach {
    /// All of a file.
    File(FileId),
    /// Those of instructions that begin in these lines (from 1, both included).
    Lines(FileId, u32, u32),
    /// All of the builds that the settings hold for.
    Everything,
}

/// A rule as a suppression names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressedRule {
    /// Where.
    pub span: Span,
    /// As written.
    pub text: String,
    /// The rules that it stands for; none for a name that belongs to another tool.
    pub rules: Vec<&'static str>,
    /// The code that a finding of those rules has to have, where the name is one of a rule that has many.
    pub code: Option<&'static str>,
    /// What is deleted to remove it from its list; `None` when it stands alone.
    pub removal: Option<Span>,
}

/// What became of a suppression.
#[derive(Clone, Debug, PartialEq)]
pub struct SuppressionUse {
    /// Which.
    pub suppression: Suppression,
    /// For each rule that it names, whether it hid something, or would have before it ended.
    pub used: Vec<bool>,
    /// For each, whether nothing can be said: a rule did not run, or did not know all that it wants to.
    pub unknown: Vec<bool>,
    /// Whether its last day is over.
    pub ended: bool,
}

impl SuppressionUse {
    /// Nothing known of it yet.
    pub fn new(suppression: &Suppression, today: Option<Date>) -> Self {
        let count = suppression.named.len();
        let ended = suppression.until.zip(today).is_some_and(|(until, today)| today > until);
        Self { suppression: suppression.clone(), used: vec![false; count], unknown: vec![false; count], ended }
    }

    /// Hides a finding that it reaches, and notes which of its names did. A suppression that ended only leaves a note.
    fn hides(&mut self, finding: &mut Finding, source: Option<&Source>) -> bool {
        let line = line_of(finding, source);
        let form = self.suppression.form;
        let foreign = matches!(form, Form::Hadolint | Form::HadolintWide | Form::Tally | Form::Check);
        let mut hit = false;
        for (named, used) in self.suppression.named.iter().zip(&mut self.used) {
            if !named.rules.contains(&finding.rule) {
                continue;
            }
            if named.code.is_some_and(|code| finding.codes.iter().all(|known| known.name != code)) {
                continue;
            }
            let mut line = line;
            if foreign && named.text != "all" {
                // What that tool does not report, it does not hide; and it hides where it reports.
                let Some(code) = finding.codes.iter().find(|code| code.is_named(&named.text)) else {
                    continue;
                };
                line = code.line.or(line);
            }
            if self.suppression.reach.has(finding.file, line) {
                (hit, *used) = (true, true);
            }
        }
        if hit && self.ended {
            let until = self.suppression.until.map(|until| until.to_string()).unwrap_or_default();
            finding.notes.push(format!("a suppression hid this until {until}"));
            return false;
        }
        hit
    }
}

impl SuppressionReach {
    /// Which of some parts of a file it reaches into; the parts are in order, each with its first and last lines.
    pub fn parts_of<T>(&self, parts_file: FileId, parts: &[T], lines: impl Fn(&T) -> (u32, u32)) -> Range<usize> {
        match self {
            Self::File(file) | Self::Lines(file, ..) if *file != parts_file => 0..0,
            Self::Everything | Self::File(_) => 0..parts.len(),
            Self::Lines(_, from, to) => {
                let start = parts.partition_point(|part| lines(part).1 < *from);
                start..parts.partition_point(|part| lines(part).0 <= *to).max(start)
            }
        }
    }

    fn has(&self, finding_file: FileId, line: Option<u32>) -> bool {
        match self {
            Self::Everything => true,
            Self::File(file) => *file == finding_file,
            Self::Lines(file, first, last) => {
                *file == finding_file && line.is_some_and(|line| (*first..=*last).contains(&line))
            }
        }
    }
}

/// More lines than this make a suppression one that is asked about each finding.
const FEW_LINES: u32 = 16;

/// Suppressions by the lines that they reach, so that each finding asks few of them.
struct ByLine {
    /// Those that reach many lines.
    wide: Vec<usize>,
    narrow: BTreeMap<(FileId, u32), Vec<usize>>,
}

impl ByLine {
    fn new(judged: &[SuppressionUse]) -> Self {
        let (mut wide, mut narrow) = (Vec::new(), BTreeMap::<_, Vec<usize>>::new());
        for (index, suppression_use) in judged.iter().enumerate() {
            match suppression_use.suppression.reach {
                SuppressionReach::Lines(file, first, last) if last.saturating_sub(first) < FEW_LINES => {
                    for line in first..=last {
                        narrow.entry((file, line)).or_default().push(index);
                    }
                }
                _ => wide.push(index),
            }
        }
        Self { wide, narrow }
    }

    /// Those that may hide a finding, in order.
    fn of(&self, finding: &Finding, source: Option<&Source>) -> Vec<usize> {
        let mut indices = self.wide.clone();
        if !self.narrow.is_empty() {
            let lines = finding.codes.iter().filter_map(|code| code.line).chain(line_of(finding, source));
            indices.extend(lines.filter_map(|line| self.narrow.get(&(finding.file, line))).flatten());
            indices.sort_unstable();
            indices.dedup();
        }
        indices
    }
}

/// The line where suppressions look for a finding.
fn line_of(finding: &Finding, source: Option<&Source>) -> Option<u32> {
    finding.instruction_line.or_else(|| Some(source?.line(finding.span.start)))
}

/// Parts findings into those that stay and those that a suppression hides.
pub fn suppress(
    findings: Vec<Finding>,
    judged: &mut [SuppressionUse],
    sources: &[Source],
) -> (Vec<Finding>, Vec<Finding>) {
    let (mut visible, mut hidden) = (Vec::new(), Vec::new());
    let by_line = ByLine::new(judged);
    for mut finding in findings {
        let source = sources.get(finding.file.0 as usize);
        // All are asked: each that hides it is of use.
        let mut hidden_by = None;
        for index in by_line.of(&finding, source) {
            let suppression = &mut judged[index];
            if suppression.hides(&mut finding, source) {
                hidden_by = hidden_by.or(Some(suppression.suppression.form));
            }
        }
        finding.hidden_by = hidden_by;
        if hidden_by.is_some() { hidden.push(finding) } else { visible.push(finding) }
    }
    (visible, hidden)
}
