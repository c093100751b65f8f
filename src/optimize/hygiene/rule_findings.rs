//! Findings of rules in the build as it is now.

use std::slice;

use crate::finding::{Finding, Findings};
use crate::optimize::pass_input::PassInput;
use crate::rules::{Context, Neighbours, find};

/// What a rule finds, in source order.
pub(super) fn findings(input: &PassInput, rule: &str) -> Vec<Finding> {
    let Some(rule) = find(rule) else { return Vec::new() };
    let neighbours = Neighbours::new(slice::from_ref(input.build));
    let mut findings = Findings::new();
    (rule.check)(&Context::new(rule, input.inputs, &neighbours, input.build), &mut findings);
    findings.into_sorted()
}
