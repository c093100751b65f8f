//! Pass `volatile-last`: moves declarations whose values change with each build below the steps that they would rerun.

use crate::build::Build;
use crate::finding::Finding;
use crate::fix::FixLevel;
use crate::inputs::Inputs;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::rule_fixes;

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let evidence = input.evidence;
    let vet = |_: &Inputs, build: &Build, finding: &mut Finding| {
        let name = build.input().file.source().slice(finding.span);
        let name = name.split('=').next().unwrap_or(name);
        // A program between may read it from its environment.
        if evidence.texts_cut || evidence.holding(&[name]).next().is_some() {
            finding.fixes.retain(|fix| FixLevel::Safe.allows(fix));
        }
    };
    let rewrite = rule_fixes::apply_fixes_of(input, &["volatile-argument-early"], FixLevel::Unsafe, &vet);
    if let Some(edit) = rewrite.edit {
        output.step(
            "moves declarations that change with each build to where they are used",
            "an ARG is part of the cache key of every RUN after it, used or not",
            vec![edit],
        );
    }
}
