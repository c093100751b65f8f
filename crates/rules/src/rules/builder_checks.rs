//! Which of the builder's own checks make a build fail: with `# check=error=true`, or with the build argument
//! `BUILDKIT_DOCKERFILE_CHECK`, which replaces the comment. The verdict uses this, whatever rules the settings select.

use std::collections::BTreeSet;

use super::{ALL, Context, Neighbours, Rule, is_there, known_rules};
use crate::build::Build;
use crate::dockerfile::{CheckOptions, Instruction, Keyword, Stage, Verdict};
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
            let needed = is_of_file(code) || is_needed(build, &finding);
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
            rule.check_build(&Context::new(rule, inputs, &alone, build), &mut out);
        }
    }
    limit(build, &mut out);
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

// How far BuildKit reads a file that it rejects: its checks report nothing after that point.

/// Removes BuildKit's names from the findings that it does not reach.
pub(super) fn limit(build: &Build, findings: &mut Findings) {
    if !findings.iter().any(|finding| finding.buildkit().is_some()) {
        return;
    }
    let Some(verdict) = build.verdict() else { return };
    let failing = failing(build, verdict);
    for finding in findings.iter_mut().filter(|finding| finding.file == build.input().dockerfile) {
        let line = finding.instruction_line.unwrap_or(0);
        finding.codes.retain(|code| !code.is_buildkit() || reaches(verdict, failing, code.name, line));
    }
}

/// The instruction that is rejected.
fn failing<'b>(build: &Build<'b>, verdict: &Verdict) -> Option<&'b Instruction> {
    let (first, _) = verdict.lines?;
    build.input().file.instructions().iter().find(|instruction| instruction.end_line >= first)
}

/// Whether the builder runs a check on the whole file, not only on the stages that it builds.
pub(super) fn is_of_file(code: &str) -> bool {
    !matches!(
        code,
        "CopyIgnoredFile"
            | "ExposeInvalidFormat"
            | "ExposeProtoCasing"
            | "JSONArgsRecommended"
            | "LegacyKeyValueFormat"
            | "MultipleInstructionsDisallowed"
            | "SecretsUsedInArgOrEnv"
            | "UndefinedVar"
            | "WorkdirRelativePath"
    )
}

fn reaches(verdict: &Verdict, failing: Option<&Instruction>, code: &str, line: u32) -> bool {
    let stop = failing.map_or(0, |instruction| instruction.start_line);
    let message = verdict.message.as_str();
    let unreadable = |starts: &[&str]| starts.iter().any(|start| message.starts_with(start));
    match (verdict.stage, code) {
        (Stage::Parse, _) => false,
        _ if unreadable(&["failed to parse check options", "the Dockerfile cannot be empty"]) => false,
        (_, "NoEmptyContinuation")
        | (
            Stage::Dispatch,
            "MaintainerDeprecated" | "StageNameCasing" | "FromAsCasing" | "InvalidDefinitionDescription",
        ) => true,
        (Stage::Instruction, "MaintainerDeprecated" | "StageNameCasing" | "FromAsCasing") => line <= stop,
        (Stage::Instruction, "InvalidDefinitionDescription") => line < stop,
        (Stage::Instruction, _) => false,
        (Stage::Dispatch, _) if unreadable(&["dockerfile contains no stages"]) => false,
        (
            Stage::Dispatch,
            "ConsistentInstructionCasing" | "DuplicateStageName" | "ReservedStageName" | "InvalidDefaultArgInFrom",
        ) => true,
        // The image name is read before the platform.
        (Stage::Dispatch, "RedundantTargetPlatform" | "FromPlatformFlagConstDisallowed")
            if unreadable(&["failed to process \""])
                && failing.is_some_and(|instruction| instruction.keyword == Keyword::From) =>
        {
            line < stop
        }
        (Stage::Dispatch, "UndefinedArgInFrom" | "RedundantTargetPlatform" | "FromPlatformFlagConstDisallowed") => {
            failing.is_none_or(|instruction| instruction.keyword != Keyword::From) || line <= stop
        }
        // Other instructions are read only after the stages are resolved.
        _ if failing.is_none_or(|instruction| instruction.keyword == Keyword::From) => false,
        _ if unreadable(&[
            "circular dependency",
            "invalid stage index",
            "variable expansion is not supported",
            "failed to parse stage name",
        ]) =>
        {
            false
        }
        (_, "ExposeProtoCasing" | "ExposeInvalidFormat" | "UndefinedVar") => line <= stop,
        _ => line < stop,
    }
}
