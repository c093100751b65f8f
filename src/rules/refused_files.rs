//! How far BuildKit reads a file that it rejects: its checks report nothing after that point.

use crate::build::Build;
use crate::dockerfile::{Instruction, Keyword, Stage, Verdict};
use crate::finding::Findings;

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
