//! The comment on the pull request. Whatever happens to it, the exit code stays what the report says.

use std::fs::OpenOptions;
use std::io::Write;

use super::ci::{CiPullRequest, comment_api, variable};
use crate::cli::args::{CommentSite, Report};
use crate::cli::terminal;
use crate::failure::Failure;
use crate::remote::{CommentChange, CommentPlatform};

/// Bytes that GitHub takes of the summary of a step: 1 MiB.
const SUMMARY_LIMIT: u64 = 1 << 20;

/// What every comment begins with.
pub(super) fn marker(command: &Report) -> String {
    match &command.comment.id {
        Some(id) => format!("<!-- dockopt report: {id} -->"),
        None => "<!-- dockopt report -->".to_owned(),
    }
}

/// Posts the comment; what goes wrong is a note, and the text goes to the summary of the job where there is one.
pub(super) fn post(
    command: &Report,
    site: CommentSite,
    pull_request: &Result<CiPullRequest, (String, String)>,
    text: &str,
) {
    let platform = match site {
        CommentSite::Github => CommentPlatform::Github,
        CommentSite::Gitlab => CommentPlatform::Gitlab,
    };
    let posted = pull_request
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|pull_request| try_post(command, platform, pull_request, text));
    match posted {
        Ok(change) => terminal::note(match change {
            CommentChange::Created => "the comment was created",
            CommentChange::Updated => "the comment was updated",
        }),
        Err((what, help)) => {
            terminal::note(&format!("warning: the report was not posted: {what}; {help}"));
            summarize(text);
        }
    }
}

fn try_post(
    command: &Report,
    platform: CommentPlatform,
    pull_request: &CiPullRequest,
    text: &str,
) -> Result<CommentChange, (String, String)> {
    let api = comment_api(platform)?;
    let reason = |failure: Failure| (failure.what, failure.help);
    let number = command.comment.pull_request.or(pull_request.number).ok_or_else(|| {
        ("the job is not of a pull request".to_owned(), "pass its number with --pull-request".to_owned())
    })?;
    api.post(number, &marker(command), text).map_err(reason)
}

/// Adds the text to the summary of a job of GitHub.
fn summarize(text: &str) {
    let Some(path) = variable("GITHUB_STEP_SUMMARY") else { return };
    let used = std::fs::metadata(&path).map_or(0, |file| file.len());
    if used.saturating_add(text.len() as u64) >= SUMMARY_LIMIT {
        terminal::note("warning: the summary of the job has no room for the report: GitHub takes 1 MiB");
        return;
    }
    let file = OpenOptions::new().append(true).create(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(format!("{text}\n").as_bytes()));
    match written {
        Ok(()) => terminal::note("the report is in the summary of the job"),
        Err(error) => terminal::note(&format!("warning: the summary of the job cannot be written: {error}")),
    }
}
