//! Pass `safe-fixes`: applies the rules' safe fixes.

use crate::fix::{FixLevel, RuleChoice};
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::rule_fixes;

/// Rules of style that `docker build --check` has too.
const CHECKED: [&str; 5] =
    ["legacy-key-value", "instruction-case", "from-as-case", "stage-name-case", "maintainer-instruction"];

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let choice = RuleChoice::SettingsAnd(&CHECKED);
    let rewrite = rule_fixes::apply_rule_fixes(input, choice, FixLevel::Safe, &rule_fixes::keep_all);
    let Some(edit) = rewrite.edit else { return };
    let rules = rewrite.done.iter().map(|(rule, _)| *rule).collect();
    let mut titles: Vec<String> = rewrite.done.into_iter().map(|(rule, title)| format!("{title} ({rule})")).collect();
    titles.dedup();
    output.step(titles.join("; "), "the rule marks this fix as safe", vec![edit]);
    output.apply_fixes_of(rules);
}
