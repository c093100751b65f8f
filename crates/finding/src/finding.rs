//! What a rule says: a finding with its place, price and fixes. Owns severities, bases, the sink that selects and
//! sorts, and the masking of secrets. Knows no rule by name and prints nothing.

mod baseline;
mod fingerprint;
mod impact;
mod mask;
mod rank;
mod sink;
mod suppression;

pub use self::baseline::{BASELINE_SCHEMA, Baseline, BaselineError, BaselineFinding, Comparison, RunScope};
pub use self::fingerprint::{fingerprints, problem_fingerprints, text_fingerprints};
pub use self::impact::{Basis, CostFrequency, Impact, ImpactKind, Saving};
pub use self::mask::Mask;
pub use self::sink::Findings;
pub use self::suppression::{SuppressedRule, Suppression, SuppressionReach, SuppressionUse, suppress};

use std::sync::LazyLock;

use crate::text::{FileId, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// A matter of taste.
    Style,
    /// Worth knowing.
    Info,
    /// Costs bytes, seconds or safety.
    Warning,
    /// Wrong, or a leak.
    Error,
}

impl Severity {
    /// As written in pages, settings and results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Style => "style",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing found, in one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// What other linters call it.
    pub codes: Vec<Code>,
    /// How bad.
    pub severity: Severity,
    /// The file it is in.
    pub file: FileId,
    /// The place in that file.
    pub span: Span,
    /// Further places that explain it.
    pub labels: Vec<Label>,
    /// First line (from 1) of the instruction that it is in, as peers report it.
    pub instruction_line: Option<u32>,
    /// The stage that it is in: its name, or `stage-N`.
    pub stage: Option<String>,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// What else a reader should know, each in one sentence.
    pub notes: Vec<String>,
    /// What hides it, where something does.
    pub hidden_by: Option<Form>,
    /// What it costs; empty where nothing is known.
    pub impact: Vec<Impact>,
    /// Edits that mend it, the best first.
    pub fixes: Vec<Fix>,
}

/// What another linter calls a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code {
    /// The name: `DL3009`, `WorkdirRelativePath`.
    pub name: &'static str,
    /// The line (from 1) where that linter reports it, if that is not the instruction's first.
    pub line: Option<u32>,
}

/// The codes of ShellCheck have this many characters.
const SHELLCHECK_LENGTH: usize = "SC2086".len();

/// All codes that ShellCheck can have, from `SC1000` on, one behind the other.
static SHELLCHECK: LazyLock<String> =
    LazyLock::new(|| (1000..=9999).fold(String::new(), |codes, number| codes + &format!("SC{number}")));

impl Code {
    /// ShellCheck's code with this number.
    pub fn of_shellcheck(number: u16) -> Option<Self> {
        let at = usize::from(number.checked_sub(1000)?) * SHELLCHECK_LENGTH;
        Some(Self { name: SHELLCHECK.get(at..at + SHELLCHECK_LENGTH)?, line: None })
    }

    /// ShellCheck's code with this name, in any case.
    pub fn shellcheck(name: &str) -> Option<Self> {
        let name = name.trim();
        let digits = name.get(2..).filter(|digits| digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()))?;
        let is_shellcheck = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("SC"));
        if is_shellcheck { Self::of_shellcheck(digits.parse().ok()?) } else { None }
    }

    /// Whether it is the name of one of BuildKit's own checks (`docker build --check`).
    pub fn is_buildkit(self) -> bool {
        self.name.bytes().all(|byte| byte.is_ascii_alphabetic()) && self.name.bytes().any(|b| b.is_ascii_lowercase())
    }

    /// Whether a linter's comment names it, in any case, with or without the linter's name: tally's are in its own namespace.
    pub fn is_named(self, text: &str) -> bool {
        let name = self.name.strip_prefix("tally/").unwrap_or(self.name);
        let text = without_namespace(text);
        text.eq_ignore_ascii_case(self.name) || text.eq_ignore_ascii_case(name)
    }
}

/// A code without the name of its linter, as tally writes it: `DL3006` of `hadolint/DL3006`. Rules of tally keep theirs.
pub fn without_namespace(name: &str) -> &str {
    let linter = name.split_once('/').filter(|(linter, _)| {
        let is = |other: &str| linter.eq_ignore_ascii_case(other);
        is("hadolint") || is("buildkit") || is("shellcheck")
    });
    linter.map_or(name, |(_, code)| code)
}

impl Finding {
    /// Without a code of its rule: that linter does not report this one.
    #[must_use]
    pub fn without(mut self, code: &str) -> Self {
        self.codes.retain(|known| known.name != code);
        self
    }

    /// With a lower severity than its rule's.
    #[must_use]
    pub fn lowered(mut self, severity: Severity) -> Self {
        self.severity = self.severity.min(severity);
        self
    }

    /// With the line where the linter of a code reports it.
    #[must_use]
    pub fn reported_at(mut self, code: &str, line: u32) -> Self {
        for known in self.codes.iter_mut().filter(|known| known.name == code) {
            known.line = Some(line);
        }
        self
    }

    /// The BuildKit check that gives this finding too, as `docker build --check` does.
    pub fn buildkit(&self) -> Option<&'static str> {
        self.codes.iter().find(|code| code.is_buildkit()).map(|code| code.name)
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With a further place.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// The bytes that it is known to cost, those of its first price that has some.
    pub fn bytes(&self) -> u64 {
        let bytes = self.impact.iter().find_map(|impact| match impact.saves {
            Some(Saving::Bytes(bytes)) => Some(bytes),
            _ => None,
        });
        bytes.unwrap_or(0)
    }

    /// Whether its first fix is safe.
    pub fn has_safe_fix(&self) -> bool {
        self.fixes.first().is_some_and(|fix| fix.safety == Safety::Safe)
    }

    /// With a price.
    #[must_use]
    pub fn costs(mut self, impact: Impact) -> Self {
        self.impact.push(impact);
        self
    }

    /// Changed if that holds, else as it is.
    #[must_use]
    pub fn when(self, holds: bool, change: impl FnOnce(Self) -> Self) -> Self {
        if holds { change(self) } else { self }
    }

    /// Changed with a value, if there is one.
    #[must_use]
    pub fn with<T>(self, value: Option<T>, change: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => change(self, value),
            None => self,
        }
    }

    /// With an edit of its own file that cannot change what the image does.
    #[must_use]
    pub fn safe_edit(self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.edit(title, Safety::Safe, span, text)
    }

    /// With an edit of its own file that may; `why` says how.
    #[must_use]
    pub fn unsafe_edit(
        self,
        title: impl Into<String>,
        why: impl Into<String>,
        span: Span,
        text: impl Into<String>,
    ) -> Self {
        self.edit(title, Safety::Unsafe(why.into()), span, text)
    }

    /// With edits of its own file, all or none, in the order of their places.
    #[must_use]
    pub fn edits(mut self, title: impl Into<String>, safety: Safety, edits: Vec<(Span, String)>) -> Self {
        let target = || Target::File(self.file);
        let edits = edits.into_iter().map(|(span, text)| FileEdit { target: target(), span, text }).collect();
        self.fixes.push(Fix { title: title.into(), safety, edits });
        self
    }

    fn edit(mut self, title: impl Into<String>, safety: Safety, span: Span, text: impl Into<String>) -> Self {
        let edit = FileEdit { target: Target::File(self.file), span, text: text.into() };
        self.fixes.push(Fix { title: title.into(), safety, edits: vec![edit] });
        self
    }
}

/// A further place that explains a finding, in the same file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What it has to do with the finding.
    pub text: String,
}

/// A change that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative.
    pub title: String,
    /// Whether it can change what the image does.
    pub safety: Safety,
    /// The replacements; all or none.
    pub edits: Vec<FileEdit>,
}

/// Whether a fix can change what the image does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Safety {
    /// It cannot.
    Safe,
    /// It may; the reason.
    Unsafe(String),
}

/// A replacement in a file, or a new file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEdit {
    /// Where it goes.
    pub target: Target,
    /// What is replaced; the empty span at 0 for a new file.
    pub span: Span,
    /// What stands there afterwards.
    pub text: String,
}

/// The file that an edit changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// A file of the run.
    File(FileId),
    /// A file that does not exist yet: its path as messages call it.
    New(String),
}

/// Who made the syntax of a suppression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `# dockopt ignore=`, `# dockopt ignore-file=`.
    Dockopt,
    /// `# hadolint ignore=`.
    Hadolint,
    /// `# hadolint global ignore=`, `# hadolint stage ignore=`: hadolint has no rule against them.
    HadolintWide,
    /// `# tally ignore=`, `# tally global ignore=`.
    Tally,
    /// `# check=skip=`.
    Check,
    /// An entry of dockopt.toml.
    Settings,
}
