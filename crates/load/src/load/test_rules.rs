//! Rules for tests: none.

use crate::inputs::Inputs;
use crate::settings::{CommandLinePolicy, FactNeeds, RuleFacts, RuleNames};

/// No rules, which need nothing.
#[derive(Debug)]
pub(super) struct NoRules;

impl RuleFacts for NoRules {
    fn names(&self) -> &'static RuleNames {
        Box::leak(Box::default())
    }

    fn needs(&self, _: &Inputs, _: &CommandLinePolicy) -> FactNeeds {
        FactNeeds::default()
    }
}
