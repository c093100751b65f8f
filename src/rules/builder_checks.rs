//! The builder's own checks where it is told to fail for what they find: `# check=error=true`, or the build argument
//! `BUILDKIT_DOCKERFILE_CHECK`, which takes the comment's place. Asked by the verdict, whatever the settings select.

use std::collections::BTreeSet;

use super::{ALL, Context, Neighbours, Rule, is_there, known_rules, refused_files, variable_of_base};
use crate::build::Build;
use crate::dockerfile::CheckOptions;
use crate::finding::{Finding, Findings, Form, SuppressionUse, suppress};
use crate::inputs::Inputs;
use crate::settings::pragmas;

/// Checks that the builder makes only where `experimental=` asks for them.
const EXPERIMENTAL: [&str; 2] = ["CopyIgnoredFile", "InvalidDefinitionDescription"];

/// What the builder fails for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    /// Names of checks that any build of the file violates, in alphabetical order.
    pub of_build: BTreeSet<&'static str>,
    /// Names of further checks that stages violate which the target does not need: only `docker build --check` looks there.
    pub of_others: BTreeSet<&'static str>,
}

/// The violations for which the builder refuses a build; none where it is not told to.
pub fn violations<'i>(inputs: &'i Inputs, build: &Build<'i>) -> Violations {
    let mut violations = Violations::default();
    let input = build.input();
    if !build.under_check_options(|options| options.error) || input.template.is_some() {
        return violations;
    }
    for finding in findings(inputs, build) {
        for code in finding.codes.iter().filter(|code| code.is_buildkit()).map(|code| code.name) {
            if build.under_check_options(|options| !runs(options, code)) {
                continue;
            }
            let needed = refused_files::is_of_file(code) || is_needed(build, &finding);
            let names = if needed { &mut violations.of_build } else { &mut violations.of_others };
            names.insert(code);
        }
    }
    let Violations { of_build, of_others } = &mut violations;
    of_others.retain(|code| !of_build.contains(code));
    violations
}

fn runs(options: &CheckOptions, code: &str) -> bool {
    let asked = !EXPERIMENTAL.contains(&code) || options.experimental_all || options.experimental.contains(&code);
    asked && !options.skip_all && !options.skip.contains(&code)
}

/// What the rules find that stand for a check, but for what the builder's comments above instructions skip.
fn findings<'i>(inputs: &'i Inputs, build: &Build<'i>) -> Vec<Finding> {
    let alone = Neighbours::new(std::slice::from_ref(build));
    let input = build.input();
    let mut out = Findings::new();
    // What a base sets is known to the builder alone.
    let checks = known_rules().checks();
    let asked = |rule: &&&Rule| checks.contains(&rule.name) && rule.name != variable_of_base::RULE.name;
    for &rule in ALL.iter().filter(asked) {
        if rule.metadata().needs.iter().all(|need| is_there(input, need)) {
            (rule.check)(&Context::new(rule, inputs, &alone, build), &mut out);
        }
    }
    refused_files::limit(build, &mut out);
    let pragmas = pragmas(input.dockerfile, &input.file, known_rules());
    let replaced = build.check_argument().is_some();
    let own = pragmas.suppressions.iter().filter(|one| one.form == Form::Check && !(replaced && one.is_wide()));
    let mut judged: Vec<SuppressionUse> = own.map(|one| SuppressionUse::new(one, inputs.today)).collect();
    suppress(out.into_sorted(), &mut judged, &inputs.sources).0
}

fn is_needed(build: &Build, finding: &Finding) -> bool {
    let instructions = build.input().file.instructions();
    let index = instructions.partition_point(|instruction| instruction.span.start <= finding.span.start);
    let stage = index.checked_sub(1).and_then(|index| build.stage_of(index));
    stage.is_none_or(|stage| build.is_needed(stage))
}
