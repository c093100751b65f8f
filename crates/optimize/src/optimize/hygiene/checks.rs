//! Pass `build-checks`: fixes warnings of `docker build --check` where the fix changes nothing else. It runs last,
//! because lines of other passes may be formatted differently from the author's.

use crate::fix::FixLevel;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::rule_fixes;

const RULES: [&str; 9] = [
    "empty-continuation",
    "expose-protocol-case",
    "from-as-case",
    "instruction-case",
    "legacy-key-value",
    "maintainer-instruction",
    "redundant-platform",
    "relative-workdir",
    "stage-name-case",
];

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let rewrite = rule_fixes::apply_fixes_of(input, &RULES, FixLevel::Safe, &rule_fixes::keep_all);
    let Some(edit) = rewrite.edit else { return };
    let rules = rewrite.done.iter().map(|(rule, _)| *rule).collect();
    let mut titles: Vec<String> = rewrite.done.into_iter().map(|(_, title)| title).collect();
    titles.dedup();
    output.step(titles.join("; "), "`docker build --check` warns about it", vec![edit]);
    output.apply_fixes_of(rules);
}
