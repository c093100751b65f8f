//! Which of the builder's own checks make a build fail: with `# check=error=true`, or with the build argument
//! `BUILDKIT_DOCKERFILE_CHECK`, which replaces the comment. The verdict uses this, whatever rules the settings select.

use std::collections::BTreeSet;

use super::{ALL, Context, Neighbours, Rule, is_there, known_rules, refused_files};
use crate::build::Build;
use crate::dockerfile::CheckOptions;
use crate::finding::{Finding, Findings, Form, SuppressionUse, suppress};
use crate::inputs::Inputs;
use crate::settings::pragmas;

/// Checks that the builder runs only if `experimental=` enables them.
const EXPERIMENTAL: [&str; 2] = ["CopyIgnoredFile", "InvalidDefinitionDescription"];

/// The checks that make the build fail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    /// Checks that every build of the file violates, in alphabetical order.
    pub of_build: BTreeSet<&'static str>,
    /// Further checks, violated in stages that the target does not need: only `docker build --check` looks there.
    pub of_others: BTreeSet<&'static str>,
}

/// The violations for which the builder refuses a build; none unless the file or the build asks for it.
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
    let is_enabled = !EXPERIMENTAL.contains(&code) || options.experimental_all || options.experimental.contains(&code);
    is_enabled && !options.skip_all && !options.skip.contains(&code)
}

/// The findings of rules that correspond to a check, without those that a `# check=skip` comment hides.
fn findings<'i>(inputs: &'i Inputs, build: &Build<'i>) -> Vec<Finding> {
    let alone = Neighbours::new(std::slice::from_ref(build));
    let input = build.input();
    let mut out = Findings::new();
    // Only the builder knows the variables of the base image.
    let checks = known_rules().checks();
    let is_checked = |rule: &&&Rule| checks.contains(&rule.name) && rule.name != "variable-of-base";
    for &rule in ALL.iter().filter(is_checked) {
        if rule.metadata().needs.iter().all(|need| is_there(input, need)) {
            (rule.check)(&Context::new(rule, inputs, &alone, build), &mut out);
        }
    }
    refused_files::limit(build, &mut out);
    let pragmas = pragmas(input.dockerfile, &input.file, known_rules());
    let replaced = build.check_argument().is_some();
    let checks = pragmas
        .suppressions
        .iter()
        .filter(|suppression| suppression.form == Form::Check && !(replaced && suppression.is_wide()));
    let mut judged: Vec<SuppressionUse> = checks.map(|check| SuppressionUse::new(check, inputs.today)).collect();
    suppress(out.into_sorted(), &mut judged, &inputs.sources).0
}

fn is_needed(build: &Build, finding: &Finding) -> bool {
    let instructions = build.input().file.instructions();
    let index = instructions.partition_point(|instruction| instruction.span.start <= finding.span.start);
    let stage = index.checked_sub(1).and_then(|index| build.stage_of(index));
    stage.is_none_or(|stage| build.is_needed(stage))
}
