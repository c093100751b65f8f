//! Findings of rules in the build as it is now.

use std::slice;

use crate::finding::{Finding, Findings};
use crate::optimize::pass_input::PassInput;
use crate::rules::{Context, Neighbours, find};

/// What a rule finds, in source order.
pub(super) fn findings(scene: &PassInput, rule: &str) -> Vec<Finding> {
    let Some(rule) = find(rule) else { return Vec::new() };
    let neighbours = Neighbours::new(slice::from_ref(scene.build));
    let mut findings = Findings::new();
    (rule.check)(&Context::new(rule, scene.inputs, &neighbours, scene.build), &mut findings);
    findings.into_sorted()
}
