//! What the environment of a CI job says: the pull request, its base commit, its labels, where to comment.

use std::path::Path;

use serde::Deserialize;

use crate::load::read_source;
pub(super) use crate::remote::non_empty_variable as variable;
use crate::remote::{ApiToken, CommentApi, CommentPlatform, Limits};
use crate::text::short_commit;

/// Bytes of the event file of GitHub.
const LIMIT: u64 = 32 << 20;

/// Bytes of the address of a job.
const LONGEST_URL: usize = 500;

/// What is known of the pull request.
#[derive(Debug, Default)]
pub(super) struct CiPullRequest {
    pub(super) number: Option<u64>,
    pub(super) base: Option<String>,
    pub(super) labels: Vec<String>,
    /// The head, where only that is known: in a workflow that follows another.
    pub(super) head: Option<CiHead>,
}

/// The commit that a workflow ran on, as GitHub says it in the event.
#[derive(Debug)]
pub(super) struct CiHead {
    /// The repository; `None` if it was deleted.
    pub(super) repository: Option<String>,
    pub(super) branch: String,
    pub(super) commit: String,
}

#[derive(Deserialize)]
struct EventJson {
    pull_request: Option<PullRequestJson>,
    workflow_run: Option<WorkflowRunJson>,
}

#[derive(Deserialize)]
struct PullRequestJson {
    number: u64,
    base: CommitJson,
    #[serde(default)]
    labels: Vec<LabelJson>,
}

#[derive(Deserialize)]
struct CommitJson {
    sha: String,
}

#[derive(Deserialize)]
struct LabelJson {
    name: String,
}

#[derive(Deserialize)]
#[allow(clippy::struct_field_names, reason = "the names are GitHub's")]
struct WorkflowRunJson {
    head_sha: String,
    head_branch: Option<String>,
    head_repository: Option<RepositoryJson>,
}

#[derive(Deserialize)]
struct RepositoryJson {
    full_name: String,
}

impl CiPullRequest {
    /// Reads the event of GitHub, else the variables of GitLab. What is wrong with the event is the second value.
    pub(super) fn of_process() -> (Self, Option<String>) {
        if let Some(path) = variable("GITHUB_EVENT_PATH") {
            return match Self::of_event(Path::new(&path)) {
                Ok(pull_request) => (pull_request, None),
                Err(why) => (Self::default(), Some(format!("the event of the job cannot be read: {why}"))),
            };
        }
        let labels = variable("CI_MERGE_REQUEST_LABELS").unwrap_or_default();
        let pull_request = Self {
            number: variable("CI_MERGE_REQUEST_IID").and_then(|number| number.parse().ok()),
            base: variable("CI_MERGE_REQUEST_DIFF_BASE_SHA"),
            labels: labels.split(',').filter(|label| !label.is_empty()).map(str::to_owned).collect(),
            head: None,
        };
        (pull_request, None)
    }

    /// Asks GitHub for the pull request of the head: its number, base and labels.
    ///
    /// # Errors
    /// Why it is not found, and what to do.
    pub(super) fn find(&mut self) -> Result<(), (String, String)> {
        let (None, Some(head)) = (self.number, &self.head) else { return Ok(()) };
        let Some(repository) = &head.repository else {
            return Err((
                "the repository of the pull request's head was deleted".to_owned(),
                "its pull requests cannot be told apart any more".to_owned(),
            ));
        };
        let api = comment_api(CommentPlatform::Github)?;
        let open = api.pull_request_of(repository, &head.branch, &head.commit);
        let open = open.map_err(|failure| (failure.what, failure.help))?.ok_or_else(|| {
            let commit = short_commit(&head.commit);
            (
                format!("no open pull request has `{commit}` of `{repository}` as its head"),
                "it was closed, or has newer commits, whose workflow comments".to_owned(),
            )
        })?;
        self.number = Some(open.number);
        self.base = Some(open.base);
        self.labels = open.labels;
        Ok(())
    }

    fn of_event(path: &Path) -> Result<Self, String> {
        let source = read_source(path, LIMIT).map_err(|error| error.to_string())?;
        let event: EventJson = serde_json::from_str(source.text()).map_err(|error| error.to_string())?;
        let mut pull_request = Self::default();
        if let Some(pull) = event.pull_request {
            pull_request.number = Some(pull.number);
            pull_request.base = Some(pull.base.sha);
            pull_request.labels = pull.labels.into_iter().map(|label| label.name).collect();
        }
        pull_request.head = event.workflow_run.map(|run| CiHead {
            repository: run.head_repository.map(|repository| repository.full_name),
            branch: run.head_branch.unwrap_or_default(),
            commit: run.head_sha,
        });
        Ok(pull_request)
    }
}

/// The API to comment with.
///
/// # Errors
/// The variable that is missing, and what to do.
pub(super) fn comment_api(platform: CommentPlatform) -> Result<CommentApi, (String, String)> {
    let missing = |name: &str, help: &str| (format!("{name} is not set"), help.to_owned());
    let limits = Limits::default();
    match platform {
        CommentPlatform::Github => {
            let help = "pass it to the step: `env: GITHUB_TOKEN: ${{ github.token }}`";
            let token = variable("GITHUB_TOKEN").ok_or_else(|| missing("GITHUB_TOKEN", help))?;
            let help = "run in a job of GitHub, or set it to OWNER/NAME";
            let project = variable("GITHUB_REPOSITORY").ok_or_else(|| missing("GITHUB_REPOSITORY", help))?;
            let address = variable("GITHUB_API_URL").unwrap_or_else(|| "https://api.github.com".to_owned());
            Ok(CommentApi { platform, address, project, token: ApiToken::Personal(token), limits })
        }
        CommentPlatform::Gitlab => {
            let personal = variable("GITLAB_TOKEN").map(ApiToken::Personal);
            let help = "add a project access token with the scope `api` as a masked variable";
            let token = personal
                .or_else(|| variable("CI_JOB_TOKEN").map(ApiToken::Job))
                .ok_or_else(|| missing("GITLAB_TOKEN", help))?;
            let help = "run in a job of GitLab, or set it to the number of the project";
            let project = variable("CI_PROJECT_ID").ok_or_else(|| missing("CI_PROJECT_ID", help))?;
            let address = variable("CI_API_V4_URL").unwrap_or_else(|| "https://gitlab.com/api/v4".to_owned());
            Ok(CommentApi { platform, address, project, token, limits })
        }
    }
}

/// A text without the tokens of the job: a result may hold what its pull request must not show.
pub(super) fn masked(mut text: String) -> String {
    for secret in ["GITHUB_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN"].iter().filter_map(|name| variable(name)) {
        // A shorter one is no token, and would garble the text.
        if secret.len() >= 8 && text.contains(&secret) {
            text = text.replace(&secret, "***");
        }
    }
    text
}

/// The page of the job, as Markdown; empty where it is not known.
pub(super) fn job_link() -> String {
    let github = || {
        let (server, repository) = (variable("GITHUB_SERVER_URL")?, variable("GITHUB_REPOSITORY")?);
        Some(format!("{server}/{repository}/actions/runs/{}", variable("GITHUB_RUN_ID")?))
    };
    let url = github().or_else(|| variable("CI_JOB_URL")).unwrap_or_default();
    let is_plain = url.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/._-".contains(&byte));
    if is_plain && url.len() <= LONGEST_URL && url.starts_with("https://") {
        format!("the [job]({url}) has all")
    } else {
        String::new()
    }
}
