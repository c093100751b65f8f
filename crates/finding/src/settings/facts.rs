//! What those who gather facts ask about the rules, which stand above them.

use std::collections::BTreeMap;
use std::fmt::Debug;

use super::document::{Choice, FailOn};
use super::rule_names::RuleNames;
use crate::inputs::{InputProblem, Inputs, Needs};
use crate::text::FileId;

/// The options of the command line, which override all settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLinePolicy {
    /// Which rules run.
    pub choice: Choice,
    /// The lowest severity that changes the exit code.
    pub fail_on: Option<FailOn>,
    /// Which rules run where nothing is selected.
    pub base: RuleBase,
}

/// The rules that run where nothing is selected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuleBase {
    /// Those that are on by default.
    #[default]
    Default,
    /// Those, and what only `audit` says without being asked.
    Audit,
}

/// The rules, for those who gather what they need.
pub trait RuleFacts: Debug + Sync {
    /// Their names, for reading settings.
    fn names(&self) -> &'static RuleNames;

    /// What the rules that run under the settings of inputs need.
    fn needs(&self, inputs: &Inputs, line: &CommandLinePolicy) -> FactNeeds;
}

/// What rules need.
#[derive(Clone, Debug, Default)]
pub struct FactNeeds {
    /// The facts that some rule needs.
    pub rules: Needs,
    /// Whether some rule asks `ShellCheck` about a file, where settings of its own hold for it.
    pub shellcheck: BTreeMap<FileId, bool>,
    /// The same for all other files.
    pub shellcheck_elsewhere: bool,
    /// What is wrong with the settings.
    pub problems: Vec<InputProblem>,
}

impl FactNeeds {
    /// Whether some rule asks `ShellCheck` about a file.
    pub fn ask_shellcheck(&self, file: FileId) -> bool {
        self.shellcheck.get(&file).copied().unwrap_or(self.shellcheck_elsewhere)
    }
}
