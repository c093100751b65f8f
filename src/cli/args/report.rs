//! Arguments of `dockopt report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::options::{Config, Threshold};

/// Help of `--config`: no Dockerfile is read.
const NEAREST_SETTINGS: &str = "Settings file [default: the nearest dockopt.toml in or above the current folder]";

#[derive(Debug, Args)]
#[command(
    mut_arg("config", |arg| arg.help(NEAREST_SETTINGS)),
    after_help = "A time counts as changed if the difference is more than each of: 10 %, 3 s, the spread of repeated runs, and the \
                  spread of the last 5 runs (with --record or --history).\n\nExit codes:\n  0: success\n  1: a limit in the settings under [budget] is \
                  exceeded, or there are new findings (without a baseline: all, but none if --baseline-dir \
                  has no baseline yet) at least as severe as --fail-on\n  2: an input cannot be read"
)]
pub(in crate::cli) struct Report {
    /// JSON results of audit, lint, image, image diff, measure, cache, compose, deploy check and optimize
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Earlier results to compare with: the output of `report --format json`, or JSON results of other commands (repeatable)
    #[arg(long, value_name = "FILE")]
    pub baseline: Vec<PathBuf>,
    /// Compare with a report in this folder: `COMMIT.json` of the base commit, or of the nearest earlier commit that has a report
    #[arg(long, value_name = "DIR", conflicts_with = "baseline")]
    pub baseline_dir: Option<PathBuf>,
    /// Base commit for --baseline-dir [default: in a CI job the base of the pull request, otherwise the parent of HEAD]
    #[arg(long, value_name = "COMMIT", requires = "baseline_dir")]
    pub base: Option<String>,
    /// Label of the pull request (repeatable); `allow-size-increase`, or the one in the setting `growth-label`, lifts limits on growth
    #[arg(long, value_name = "NAME")]
    pub label: Vec<String>,
    /// Append sizes, times and the number of findings to this file, for `dockopt history`; compare times with its last 5 runs
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Compare with this file as --record does, but do not append to it
    #[arg(long, value_name = "FILE", conflicts_with = "record")]
    pub history: Option<PathBuf>,
    #[command(flatten)]
    pub comment: Comment,
    #[command(flatten)]
    pub config: Config,
    #[command(flatten)]
    pub threshold: Threshold,
}

/// Options of the comment.
#[derive(Debug, Args)]
#[command(next_help_heading = "Comment options")]
pub(in crate::cli) struct Comment {
    /// Post the report as a comment on the pull request, or update that comment. An error while posting does not change the exit code
    #[arg(long = "post", value_enum, value_name = "SITE")]
    pub site: Option<CommentSite>,
    /// Number of the pull request or merge request [default: that of the CI job]
    #[arg(long, value_name = "N", requires = "site")]
    pub pull_request: Option<u64>,
    /// Name of the comment, to keep several on one pull request
    #[arg(long = "comment-id", value_name = "NAME", requires = "site", value_parser = comment_id)]
    pub id: Option<String>,
}

/// Where comments are posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CommentSite {
    /// With `GITHUB_TOKEN`
    Github,
    /// With `GITLAB_TOKEN` or `CI_JOB_TOKEN`
    Gitlab,
}

fn comment_id(text: &str) -> Result<String, String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/');
    let is_name = (1..=100).contains(&text.len()) && text.bytes().all(|byte| is_plain(byte) || byte == b'-');
    // Two hyphens would end the HTML comment that holds the name.
    if is_name && !text.contains("--") {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits, `_`, `-`, `.`, `/`".to_owned())
    }
}
