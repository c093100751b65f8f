//! Findings of rules in the build as it is now.

use crate::finding::Finding;
use crate::optimize::pass_input::PassInput;

/// What a rule finds, in source order.
pub(super) fn findings(input: &PassInput, rule: &str) -> Vec<Finding> {
    input.options.rules.findings_of(rule, input.inputs, input.build)
}
