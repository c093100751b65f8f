//! The rules, for rewrites that apply their fixes: rewrites stand beside the rules, not above them.

use std::collections::BTreeSet;
use std::fmt::Debug;

use crate::build::Build;
use crate::finding::Finding;
use crate::inputs::Inputs;
use crate::text::Source;

/// Which rules run.
#[derive(Clone, Copy, Debug)]
pub enum RuleChoice<'r> {
    /// These.
    Only(&'r [&'r str]),
    /// Those that the settings of the inputs select, and these.
    SettingsAnd(&'r [&'r str]),
}

/// Rules that were chosen, ready to run.
pub type ChosenRules = Box<dyn for<'i> Fn(&'i Inputs, &[Build<'i>]) -> Vec<Finding>>;

/// Runs rules.
pub trait RuleRunner: Debug + Sync {
    /// Chooses rules for inputs.
    fn choose(&self, inputs: &Inputs, choice: RuleChoice) -> ChosenRules;

    /// What a rule finds in a build, in source order; settings and comments hide nothing.
    fn findings_of<'i>(&self, rule: &str, inputs: &'i Inputs, build: &Build<'i>) -> Vec<Finding>;

    /// What fixes of these rules would have broken in a Dockerfile, in one sentence; `None` where nothing is.
    fn breach(&self, before: &Source, after: &Source, rules: &BTreeSet<&'static str>) -> Option<String>;
}
