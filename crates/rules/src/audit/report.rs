//! The result as plain data. Every text in it may be shown: secrets are masked on the way in.

use std::collections::BTreeMap;

use super::Importance;
use crate::finding::{Finding, Impact, Mask, Severity};
use crate::inputs::StepRun;
use crate::settings::{FailOn, SettingsProblem};
use crate::text::{FileId, LineColumn, Source};

/// What one run found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The path that was asked for, as the user typed it.
    pub root: String,
    /// The sources that spans refer to, by [`FileId`]; secrets masked, offsets kept.
    pub sources: Vec<Source>,
    /// The builds, in the order of their Dockerfiles' paths; empty for `lint`.
    pub builds: Vec<BuildReport>,
    /// All findings in one order: file, place, rule.
    pub findings: Vec<Finding>,
    /// For a finding about a step that several builds share, the first finding about it, both by index: what it costs is
    /// stored once.
    pub shared_steps: BTreeMap<usize, usize>,
    /// Findings that comments and settings hide, in the same order.
    pub suppressed: Vec<Finding>,
    /// From which severity on findings of a file count for the exit code.
    pub thresholds: BTreeMap<FileId, Threshold>,
    /// What could not be looked at.
    pub skipped: Vec<SkippedInput>,
    /// Names of rules that are off for all files: by default, by settings, by `--select` and `--ignore`.
    pub rules_off: Vec<&'static str>,
    /// What is wrong with the inputs themselves: unreadable, not UTF-8, refused by BuildKit.
    pub problems: Vec<ProblemReport>,
    /// What was found and used without being asked for, and what else a reader should know.
    pub notices: Vec<Notice>,
    /// What a baseline took out; `None` without one.
    pub baselined: Option<BaselineEffect>,
}

/// What a baseline did to a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BaselineEffect {
    /// Findings that it knows, and that are left out.
    pub known: u64,
    /// Findings that it knows, and that are there no more.
    pub fixed: u64,
}

/// Which findings of a file count for the exit code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Threshold {
    /// From which severity on.
    pub fail_on: FailOn,
}

/// One Dockerfile with its context.
#[derive(Clone, Debug)]
pub struct BuildReport {
    /// The Dockerfile.
    pub dockerfile: FileId,
    /// How much it matters.
    pub importance: Importance,
    /// What is built, most important first: `Python (uv)`, `Node (npm), Vite`.
    pub projects: Vec<String>,
    /// All stages in order.
    pub stages: Vec<StageReport>,
    /// Steps that the builder runs for the target (as BuildKit counts them: FROM an image, RUN, COPY, ADD, WORKDIR).
    pub steps: u32,
    /// What the builder is sent; `None` when it was not looked at.
    pub context: Option<ContextReport>,
    /// What a source change reruns; `None` when nothing of the context is copied or it is not known.
    pub rerun: Option<Rerun>,
    /// What commits and a log tell of its steps; `None` without both.
    pub past: Option<BuildPast>,
    /// Indexes into [`Report::findings`], what costs most first.
    pub findings: Vec<usize>,
}

/// What commits and a log tell of the steps of a build.
#[derive(Clone, Debug, Default)]
pub struct BuildPast {
    /// The steps that the target needs, in the order of the file.
    pub steps: Vec<PastStep>,
    /// Some of the last commits that it builds, the oldest first.
    pub commits: Vec<String>,
    /// Where the seconds are from; `None` where there are none.
    pub source: Option<String>,
}

/// What commits and a log tell of a step.
#[derive(Clone, Debug)]
pub struct PastStep {
    /// Which.
    pub step: BuildStep,
    /// The steps whose results it needs, as indexes of [`BuildPast::steps`].
    pub needs: Vec<usize>,
    /// Seconds, where a log has them.
    pub seconds: Option<f64>,
    /// What became of it at each of [`BuildPast::commits`]; `None` where there was no such step.
    pub runs: Vec<Option<StepRun>>,
}

/// One stage.
#[derive(Clone, Debug)]
pub struct StageReport {
    /// Its name, or `stage-N`.
    pub name: String,
    /// What it stands on, variables resolved where they are known.
    pub base: String,
    /// Line of its FROM, from 1.
    pub line: u32,
    /// Whether the target needs it.
    pub needed: bool,
}

/// What the builder is sent.
#[derive(Clone, Debug)]
pub struct ContextReport {
    /// The folder, as the user would type it.
    pub root: String,
    /// The .dockerignore in force.
    pub ignore_file: Option<String>,
    /// Bytes sent by a build that has nothing cached.
    pub bytes: u64,
    /// Files sent.
    pub files: u64,
    /// Bytes of it that no build needs.
    pub useless_bytes: u64,
    /// The parts that no build needs, largest first.
    pub useless: Vec<UselessPart>,
    /// Files that look like secrets and are sent.
    pub secrets: Vec<ContextListingEntry>,
    /// Largest entries that are sent, largest first.
    pub largest: Vec<ContextListingEntry>,
}

/// A file, or a folder with all below it.
#[derive(Clone, Debug)]
pub struct ContextListingEntry {
    /// Path below the context's root; a folder ends with `/`.
    pub path: String,
    /// Bytes, all below included.
    pub bytes: u64,
    /// Files, itself included.
    pub files: u64,
}

/// A part of the context that no build needs.
#[derive(Clone, Debug)]
pub struct UselessPart {
    /// Which.
    pub entry: ContextListingEntry,
    /// Why it is not needed, in a few words.
    pub why: &'static str,
    /// The .dockerignore line that leaves it out.
    pub pattern: String,
}

/// Which steps run again after a source change.
#[derive(Clone, Debug)]
pub struct Rerun {
    /// The first step whose input changes.
    pub first: BuildStep,
    /// All steps that run again, the first one included, in the order of the file.
    pub steps: Vec<BuildStep>,
    /// Steps that copy results of those, and what stands below: they run again where the result differs.
    pub copies: Vec<BuildStep>,
    /// A source file that it takes, as an example; `None` when the context was not looked at.
    pub example: Option<String>,
    /// How often they ran in the last commits; `None` without a history.
    pub commits: Option<CommitReruns>,
    /// Seconds of the steps that run again, as a build log has them; `None` if it has none of them.
    pub seconds: Option<f64>,
    /// Whether the log lacks the time of some of these steps: they were cached, or are not in it.
    pub is_partly_timed: bool,
    /// Whether these steps take less where cache mounts are filled.
    pub is_at_most: bool,
}

/// In how many of the last commits a source change reran steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitReruns {
    /// Those in which the first step ran.
    pub first: u32,
    /// All.
    pub of: u32,
    /// A later step that ran in at least twice as many: its line and in how many. Sources that people edit more often
    /// enter the build there.
    pub later: Option<(u32, u32)>,
}

/// A step of the build.
#[derive(Clone, Debug)]
pub struct BuildStep {
    /// Its number in its stage as BuildKit prints it (`[builder 3/7]` has 3).
    pub number: u32,
    /// Steps of that stage.
    pub of: u32,
    /// The stage's name.
    pub stage: String,
    /// First line, from 1.
    pub line: u32,
    /// The instruction on one line.
    pub text: String,
}

/// Something that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedInput {
    /// What: a rule's name, a file.
    pub what: String,
    /// Why.
    pub why: String,
    /// What would make it possible.
    pub remedy: String,
}

/// Something wrong with an input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProblemReport {
    /// Whether work could not be done for it: people read it on standard error before the result.
    pub unread: bool,
    /// The stable name of its kind, which its fingerprint is made of.
    pub code: &'static str,
    /// What other linters call it.
    pub codes: Vec<&'static str>,
    /// The file as the user would type it.
    pub file: String,
    /// The place in it.
    pub place: Option<LineColumn>,
    /// Whether the builder refuses the input for it; else a trap or a note.
    pub error: bool,
    /// Whether a build of what the repository holds fails for it: it counts as a warning does.
    pub fails: bool,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl ProblemReport {
    /// What is wrong with a comment that is meant to hide something.
    pub(super) fn of_pragma(problem: SettingsProblem, source: &Source, mask: &Mask) -> Self {
        Self {
            code: "suppression-comment",
            file: source.name().to_owned(),
            place: Some(source.line_column(problem.span.start)),
            error: problem.error,
            message: mask.apply(&problem.message),
            help: problem.help.map(|help| mask.apply(&help)),
            ..Self::default()
        }
    }
}

/// Something that a reader should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// One sentence.
    pub text: String,
}

impl Report {
    /// What is wrong with inputs that could be read.
    pub fn read_problems(&self) -> impl Iterator<Item = &ProblemReport> {
        self.problems.iter().filter(|problem| !problem.unread)
    }

    /// Whether a baseline left findings out.
    pub fn has_known_findings(&self) -> bool {
        self.baselined.is_some_and(|effect| effect.known > 0)
    }

    /// Whether a finding, or what the builder refuses, counts for the exit code.
    pub fn fails(&self) -> bool {
        let never = |threshold: &Threshold| threshold.fail_on == FailOn::Never;
        if !self.thresholds.is_empty() && self.thresholds.values().all(never) {
            return false;
        }
        let counts_as_warning =
            |threshold: &Threshold| threshold.fail_on.counts(Severity::Warning) || self.thresholds.is_empty();
        let is_strict = self.thresholds.values().all(counts_as_warning);
        self.problems.iter().any(|problem| problem.error || problem.fails && is_strict)
            || self.findings.iter().any(|finding| self.counts(finding))
    }

    /// Whether nothing is found and nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.problems.is_empty()
    }

    /// Whether a finding counts for the exit code.
    pub fn counts(&self, finding: &Finding) -> bool {
        self.thresholds.get(&finding.file).copied().unwrap_or_default().fail_on.counts(finding.severity)
    }

    /// The impact that a finding is sorted and shown by: its largest.
    pub fn price(finding: &Finding) -> Option<&Impact> {
        finding.impact.first()
    }
}
