//! The texts of the files that `init` writes.

use super::earlier::ProjectValues;
use super::project::InitProject;
use crate::pipeline::PipelineSystem;

pub(super) const SETTINGS: &str = include_str!("settings.toml");
const WORKFLOW: &str = include_str!("github.yml");
const PIPELINE_WORKFLOW: &str = include_str!("github-pipeline.yml");
const COMMENT_WORKFLOW: &str = include_str!("github-comment.yml");
const GITLAB_JOB: &str = include_str!("../../../templates/report.yml");

pub(super) const SETTINGS_FILE: &str = "dockopt.toml";
pub(super) const WORKFLOW_FILE: &str = PipelineSystem::Github.report_file();
pub(super) const COMMENT_WORKFLOW_FILE: &str = ".github/workflows/dockopt-comment.yml";
pub(super) const GITLAB_FILE: &str = PipelineSystem::Gitlab.report_file();

/// The stage of a pipeline of `ci emit` behind that of its images.
const STAGE_AFTER_IMAGES: &str = "tag";

/// The workflow that calls the reusable one and builds.
pub(super) fn workflow(project: &InitProject, known: Option<&ProjectValues>, forks: bool, label: &str) -> String {
    let builds = match known.and_then(|known| known.builds.as_ref()).unwrap_or(&project.builds).as_slice() {
        [] => "      build: false".to_owned(),
        builds => format!("      builds: |\n{}", indented(builds, "        ")),
    };
    let branch = known.and_then(|known| known.branch.as_ref()).unwrap_or(&project.branch);
    let text = filled(WORKFLOW).replace("@BRANCH@", branch).replace("@LABEL@", label);
    text.replace("@BUILDS@", &format!("{builds}{}", upload(known, forks)))
}

/// The workflow that the pipeline of `ci emit` calls, which has the images.
pub(super) fn called_workflow(known: Option<&ProjectValues>, forks: bool) -> String {
    format!("{}{}\n", filled(PIPELINE_WORKFLOW).trim_end(), upload(known, forks))
}

fn upload(known: Option<&ProjectValues>, forks: bool) -> &'static str {
    let uploads = forks || known.is_some_and(|known| known.uploads);
    if uploads { "\n      upload: true # for the workflow that comments" } else { "" }
}

/// The workflow that comments on pull requests of forks, after the one that reports or the pipeline that calls it.
pub(super) fn comment_workflow(is_called: bool) -> String {
    let text = filled(COMMENT_WORKFLOW);
    if is_called { text.replace("workflows: [dockopt]\n", "workflows: [pipeline]\n") } else { text }
}

/// The job of GitLab that builds, in a stage that the pipeline has.
pub(super) fn gitlab_job(project: &InitProject, known: Option<&ProjectValues>, stage: &str) -> String {
    let builds = match known.and_then(|known| known.builds.as_ref()).unwrap_or(&project.builds).as_slice() {
        [] => "\"\"".to_owned(),
        builds => format!("|\n{}", indented(builds, "      ")),
    };
    let stage = known.and_then(|known| known.stage.as_deref()).unwrap_or(stage);
    let job = GITLAB_JOB.replace("  stage: test\n", &format!("  stage: {stage}\n"));
    job.replace("DOCKOPT_BUILDS: \"\"", &format!("DOCKOPT_BUILDS: {builds}"))
}

/// The job that the pipeline of `ci emit` includes, which has the images.
pub(super) fn called_gitlab_job() -> String {
    GITLAB_JOB.replace("  stage: test\n", &format!("  stage: {STAGE_AFTER_IMAGES}\n"))
}

/// A workflow with this version. A release knows the commit that it was built from, which nobody can move as a tag.
fn filled(text: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let revision = match option_env!("DOCKOPT_COMMIT") {
        Some(commit) => format!("@{commit} # v{version}"),
        None => format!(
            "@v{version} # zizmor: ignore[unpinned-uses] the dockopt that wrote this does not know the commit of its release"
        ),
    };
    text.replace("@REVISION@", &revision).replace("@VERSION@", version)
}

fn indented(lines: &[String], indent: &str) -> String {
    lines.iter().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n")
}

/// The files that are written from templates, for a test of the table of their versions.
#[cfg(test)]
pub(super) fn templates() -> [(&'static str, String); 5] {
    [
        (SETTINGS_FILE, SETTINGS.to_owned()),
        (WORKFLOW_FILE, filled(WORKFLOW).replace("@BUILDS@", "      build: false")),
        (WORKFLOW_FILE, called_workflow(None, false)),
        (COMMENT_WORKFLOW_FILE, filled(COMMENT_WORKFLOW)),
        (GITLAB_FILE, GITLAB_JOB.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_placeholders_are_filled() {
        let branch = filled(WORKFLOW).replace("@BRANCH@", "main").replace("@LABEL@", "l").replace("@BUILDS@", "");
        for text in [branch, filled(COMMENT_WORKFLOW), called_workflow(None, false)] {
            assert!(!text.contains("@R") && !text.contains("@V") && !text.contains("@B"), "{text}");
            assert!(text.contains(&format!("version: {}", env!("CARGO_PKG_VERSION"))), "{text}");
        }
        assert!(GITLAB_JOB.contains(&format!("DOCKOPT_VERSION: {}\n", env!("CARGO_PKG_VERSION"))));
        assert!(GITLAB_JOB.contains("DOCKOPT_BUILDS: \"\"\n"));
    }
}
