//! Pass `build-checks`: fixes warnings of `docker build --check` where the fix changes nothing else. It runs last,
//! because lines of other passes may be formatted differently from the author's.

use crate::build::Build;
use crate::finding::Finding;
use crate::fix::Level;
use crate::inputs::Inputs;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::rule_fixes;
use crate::rules::{Policies, Selection};

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

pub(in crate::optimize) fn run(scene: &PassInput, turn: &mut PassOutput) {
    let selection = Selection::new(&RULES.map(str::to_owned), &[]).unwrap_or_default();
    let vet = |_: &Inputs, _: &Build, _: &mut Finding| {};
    let rewrite = rule_fixes::apply_rule_fixes(scene, &Policies::from(selection), Level::Safe, &vet);
    let Some(edit) = rewrite.edit else { return };
    let mut titles: Vec<String> = rewrite.done.into_iter().map(|(_, title)| title).collect();
    titles.dedup();
    turn.step(titles.join("; "), "`docker build --check` warns about it", vec![edit]);
}
