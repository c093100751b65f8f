//! `dockopt report`.

mod baseline;
mod budget;
mod changed;
mod ci;
mod post;
mod read;

use std::path::Path;

use super::args::{CommentSite, FailOn, Global, Report};
use super::exit::{CLEAN, FOUND};
use super::history::{append, read_history};
use super::output::{CommandFailure, base, medium, print};
use super::terminal;
use crate::finding::Severity;
use crate::load::git::Repository;
use crate::report::{self, Format, GITHUB_LIMIT, GITLAB_LIMIT, MarkdownOptions};
use crate::results::{
    self, Comparison, ComparisonOptions, HistoryRecord, NOT_JUDGED, ProjectHistory, ProjectState, ReadResult,
    ReportDetails,
};
use baseline::{Baseline, hash};
use budget::Budgets;
use ci::CiPullRequest;
use read::read_all;

pub(super) use self::read::read_masked;

pub(super) fn run(global: &Global, command: &Report) -> Result<u8, CommandFailure> {
    let budgets = Budgets::read(global, &command.config)?;
    let inputs = read_all(global, &command.files)?;
    let (mut pull_request, problem) = CiPullRequest::of_process();
    if let Some(what) = problem {
        terminal::note(&format!("warning: {what}"));
    }
    let unknown = match (command.comment.site, command.comment.pull_request) {
        (Some(CommentSite::Github), None) => pull_request.find().err(),
        _ => None,
    };
    // Without git, or with a repository that cannot be read, a report has no commits.
    let repository = Repository::discover(Path::new(".")).ok().flatten();
    let base_commit = command.base.as_deref().or(pull_request.base.as_deref());
    let baseline = Baseline::read(global, command, repository.as_ref(), base_commit)?;
    let (history, unwritten) = match (&command.history, &command.record) {
        (Some(file), _) => (read_history(file)?, None),
        // A record that cannot be kept is an error, but the report is written and posted first.
        (None, Some(file)) => match read_history(file) {
            Ok(history) => (history, None),
            Err(failure) => (ProjectHistory::default(), Some(failure)),
        },
        (None, None) => (ProjectHistory::default(), None),
    };
    let options = ComparisonOptions {
        labels: command.label.iter().chain(&pull_request.labels).cloned().collect(),
        spreads: history.spreads(),
        // A job of CI compares with what an earlier one left: its first run has nothing to judge by.
        needs_baseline: command.baseline_dir.is_some(),
    };
    let head = repository.as_ref().and_then(|repository| repository.resolve("HEAD").ok()).map(hash);
    let mut comparison = compare(&budgets, inputs, baseline, head, &options);
    comparison.least_severity = least_severity(command, &budgets);
    if comparison.judges_findings {
        let base = diff_base(base_commit, &comparison);
        changed::keep_changed_lines(&mut comparison.annotated_findings, repository.as_ref(), base.as_deref());
    } else {
        terminal::note(NOT_JUDGED);
    }
    let fails = !comparison.failed_builds.is_empty()
        || comparison.exceeded().next().is_some()
        || comparison.failing_findings().next().is_some();
    let code = command.threshold.code(if fails { FOUND } else { CLEAN });
    let record = HistoryRecord::new(&comparison.state, now());
    if !history.records.is_empty() {
        comparison.history = history;
        comparison.history.add(record.clone());
    }
    let emitted = print(global, &render(global, &comparison, fails, code));
    if let Some(site) = command.comment.site {
        let pull_request = unknown.map_or(Ok(pull_request), Err);
        post::post(command, site, &pull_request, &comment(command, site, &comparison, fails));
    }
    let recorded = match (&command.record, unwritten) {
        (Some(file), None) => append(file, &record),
        (_, Some(failure)) => Err(failure),
        (None, None) => Ok(()),
    };
    emitted.and(recorded).map(|()| code)
}

/// The commit that lines are compared with: that of the pull request, else the one that a baseline was searched for, else
/// that of the baseline; `None` without a baseline.
fn diff_base(base_commit: Option<&str>, comparison: &Comparison) -> Option<String> {
    let origin = comparison.baseline.as_ref()?;
    let searched = origin.nearest.as_ref().map(|(commit, _)| commit.clone());
    base_commit.map(str::to_owned).or(searched).or_else(|| origin.commit.clone())
}

/// The time in RFC 3339, without fractions of a second.
fn now() -> String {
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|epoch| epoch.parse::<i64>().ok());
    let clock = || {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.ok().and_then(|since| i64::try_from(since.as_secs()).ok())
    };
    let seconds = epoch.or_else(clock).unwrap_or_default();
    jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// Joins the results of both sides and compares them.
fn compare(
    budgets: &Budgets,
    inputs: Vec<ReadResult>,
    baseline: Baseline,
    head: Option<String>,
    options: &ComparisonOptions,
) -> Comparison {
    let (mut notices, mut rewrites) = (Vec::new(), Vec::new());
    let (mut states, mut older) = (Vec::new(), Vec::new());
    let mut details = ReportDetails::default();
    for input in inputs {
        details.extend(input.details);
        notices.extend(input.notices);
        rewrites.extend(input.rewrites);
        states.push(input.after);
        older.extend(input.before);
    }
    let mut state = results::join(states);
    state.commit = state.commit.or(head);
    // What was passed as a baseline goes before what a result compares itself with.
    let older: Vec<ProjectState> = baseline.results.into_iter().map(|result| result.after).chain(older).collect();
    let before = (!older.is_empty()).then(|| results::join(older));
    let mut comparison = results::compare(state, before.as_ref(), |build| budgets.of(build), options);
    comparison.baseline = before.map(|before| {
        let mut origin = baseline.origin;
        origin.commit = origin.commit.or(before.commit);
        origin
    });
    comparison.details = details;
    comparison.rewrites = join_rewrites(rewrites);
    comparison.notices.extend(baseline.notices);
    comparison.notices.extend(notices);
    comparison
}

/// What `optimize` proposes for a file, and what its proof says, are one rewrite.
fn join_rewrites(rewrites: Vec<results::Rewrite>) -> Vec<results::Rewrite> {
    let mut joined: Vec<results::Rewrite> = Vec::new();
    for rewrite in rewrites {
        match joined.iter_mut().find(|known| known.file == rewrite.file) {
            Some(known) => {
                known.passes.extend(rewrite.passes);
                known.diff = known.diff.take().or(rewrite.diff);
                known.verdict = known.verdict.take().or(rewrite.verdict);
            }
            None => joined.push(rewrite),
        }
    }
    joined
}

/// The least severity of a new finding for which the exit code is 1; `None` for never.
fn least_severity(command: &Report, budgets: &Budgets) -> Option<Severity> {
    match command.threshold.fail_on {
        Some(FailOn::Error) => Some(Severity::Error),
        Some(FailOn::Warning) => Some(Severity::Warning),
        Some(FailOn::Info) => Some(Severity::Info),
        Some(FailOn::Style) => Some(Severity::Style),
        Some(FailOn::None) => None,
        None => budgets.least_severity(),
    }
}

fn render(global: &Global, comparison: &Comparison, fails: bool, code: u8) -> String {
    ci::masked(match global.format {
        Format::Json => report::comparison_json(comparison, ".", fails),
        Format::Markdown => {
            let options = MarkdownOptions { limit: GITHUB_LIMIT, marker: None, fails, details: &details() };
            report::comparison_markdown(comparison, &options)
        }
        Format::Sarif => report::comparison_sarif(comparison, code, &base()),
        Format::Github => report::comparison_github(comparison, &base()),
        _ => report::comparison(comparison, fails).write(medium(global), terminal::stdout(global)),
    })
}

/// The text of the comment.
fn comment(command: &Report, site: CommentSite, comparison: &Comparison, fails: bool) -> String {
    let limit = match site {
        CommentSite::Github => GITHUB_LIMIT,
        CommentSite::Gitlab => GITLAB_LIMIT,
    };
    let marker = post::marker(command);
    let options = MarkdownOptions { limit, marker: Some(&marker), fails, details: &details() };
    ci::masked(report::comparison_markdown(comparison, &options))
}

/// Where all details are, as Markdown.
fn details() -> String {
    let job = ci::job_link();
    if job.is_empty() { "`dockopt report` with `--format text` lists all".to_owned() } else { job }
}
