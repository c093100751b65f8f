//! The parts of a pipeline that give its images to the report that `dockopt init` sets up: the jobs that build measure what they
//! built or found, and a job joins that. They are added to the text, so that `init` can add them to a pipeline whose options it
//! does not know.

use super::header::{is_own_file, with_header, without_header};
use super::input::PipelineSystem;
use super::lines::{YamlLines, indented};
use super::{github, gitlab};
use crate::data;

const MEASURE: &str = include_str!("../../templates/pipeline/measure.sh");

/// The steps of a job of GitHub that measure an image, and keep the results.
const MEASURING_STEPS: &str = include_str!("../../templates/pipeline/measure.yml");

/// The job of GitHub that reports.
const REPORT_JOB: &str = include_str!("../../templates/pipeline/report.yml");

/// The release that measures.
const VERSION: &str = env!("CARGO_PKG_VERSION");

const VERSION_KEY: &str = "DOCKOPT_VERSION: ";

/// The line that builds, and the same with its log in a file.
const BUILD: &str = "docker buildx build \"$@\" \"$CONTEXT\"\n";
const LOGGED_BUILD: &str = "docker buildx build \"$@\" \"$CONTEXT\" 2>&1 | tee \"${RUNNER_TEMP:-/tmp}/build.log\"\n";

/// What the log says where measuring failed; the job does not.
const UNMEASURED: &str = "echo 'not measured: the report lacks this image' >&2";

impl PipelineSystem {
    /// The file with the jobs that build images.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Github => github::WORKFLOW,
            Self::Gitlab => gitlab::FILE,
        }
    }

    /// The file of the report that [`with_report`] calls.
    pub const fn report_file(self) -> &'static str {
        match self {
            Self::Github => ".github/workflows/dockopt.yml",
            Self::Gitlab => ".gitlab/dockopt.yml",
        }
    }

    /// What a pipeline calls it with; of GitLab the whole lines.
    pub fn report_call(self) -> String {
        match self {
            Self::Github => format!("uses: ./{} ", self.report_file()),
            Self::Gitlab => format!("include:\n  - local: {}\n", self.report_file()),
        }
    }
}

/// A pipeline that `ci emit` wrote, with the parts of the report of this version; nothing where somebody changed it, or it
/// builds no images.
pub fn with_report(system: PipelineSystem, text: &str) -> Option<String> {
    if !is_own_file(text) {
        return None;
    }
    Some(with_header(&reported(system, without_header(text))?))
}

/// The same for a text without its first line.
pub(super) fn reported(system: PipelineSystem, text: &str) -> Option<String> {
    if text.contains(&system.report_call()) {
        return Some(renewed(text));
    }
    match system {
        PipelineSystem::Github => reported_workflow(text),
        PipelineSystem::Gitlab => reported_gitlab(text),
    }
}

/// A pipeline with the report, whose results are joined by this version only.
fn renewed(text: &str) -> String {
    let line = |line: &str| match line.split_once(VERSION_KEY) {
        Some((indent, _)) if indent.trim().is_empty() => format!("{indent}{VERSION_KEY}{VERSION}\n"),
        _ => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

/// The texts before and after the first occurrence of a text, which starts the second.
fn parted<'t>(text: &'t str, mark: &str) -> Option<(&'t str, &'t str)> {
    Some(text.split_at(text.find(mark)?))
}

/// The platform that is measured, as YAML has it: the first, as a report compares an image with itself.
fn first_platform<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.trim_start().strip_prefix(key))
}

fn reported_workflow(text: &str) -> Option<String> {
    let (before, tag) = parted(text, "  tag:\n    name: tag\n")?;
    let before = before.replacen(BUILD, LOGGED_BUILD, 1);
    let platform = first_platform(&before, "platform: ")?;
    let upload = data::WORKFLOW_ACTIONS.row("actions/upload-artifact")?;
    let measure = MEASURING_STEPS
        .replace("@version@", VERSION)
        .replace("@platform@", platform)
        .replace("@upload@", &format!("{}@{} # {}", upload[0], upload[3], upload[2]))
        .replace("@script@\n", &indented(MEASURE, 10));
    Some(format!("{before}{measure}{tag}{REPORT_JOB}"))
}

fn reported_gitlab(text: &str) -> Option<String> {
    const SCRIPT: &str = "  script:\n";
    const ARTIFACTS: &str = "  artifacts:\n    paths: [keys]\n";
    const EARLY_END: &str = "        exit 0\n";
    let (before, job) = parted(text, "\n.image:\n")?;
    let (comments, before) = parted(before, "stages: ")?;
    let (head, rest) = parted(job, SCRIPT)?;
    let (script, rest) = parted(rest.strip_prefix(SCRIPT)?, ARTIFACTS)?;
    let rest = rest.strip_prefix(ARTIFACTS)?;
    let platform = first_platform(rest, "PLATFORM: ")?;
    let measure = format!("tag=$tag known=$known sh -e /tmp/measure.sh || {UNMEASURED}");
    let measured_end = format!("        {measure}\n{EARLY_END}");
    let script = script.replacen(EARLY_END, &measured_end, 1).replacen(BUILD, LOGGED_BUILD, 1);
    let mut lines = YamlLines::default();
    lines.add(2, "variables:");
    lines.add(4, &format!("{VERSION_KEY}{VERSION}"));
    lines.add(4, &format!("MEASURED: {platform}"));
    let variables = std::mem::take(&mut lines).finish();
    lines.item(4, &format!("cat >/tmp/measure.sh <<'MEASURE'\n{MEASURE}MEASURE"));
    let written = std::mem::take(&mut lines).finish();
    lines.item(4, &measure);
    let measured = lines.finish();
    let include = PipelineSystem::Gitlab.report_call();
    let artifacts = ARTIFACTS.replace("[keys]", "[keys, dockopt-results]");
    Some(format!("{comments}{include}{before}{head}{variables}{SCRIPT}{written}{script}{measured}{artifacts}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_of_a_pipeline_is_renewed() {
        let old = |system: PipelineSystem| {
            let call = system.report_call();
            format!("# DOCKOPT_VERSION: 0.0.1\n{call}x\n  DOCKOPT_VERSION: 0.0.1\n  MEASURED: linux/arm64\n")
        };
        for system in [PipelineSystem::Github, PipelineSystem::Gitlab] {
            let text = with_header(&old(system));
            let new = with_report(system, &text).unwrap();
            assert!(is_own_file(&new), "{new}");
            let expected = old(system).replace("  DOCKOPT_VERSION: 0.0.1", &format!("  DOCKOPT_VERSION: {VERSION}"));
            assert_eq!(without_header(&new), expected);
            // What somebody changed is theirs.
            assert_eq!(with_report(system, &text.replace("x\n", "y\n")), None);
        }
    }
}
