//! `dockopt report`.

mod budget;

use std::path::Path;

use super::args::{FailOn, Global, Report};
use super::exit::{CLEAN, FOUND};
use super::output::{CommandFailure, emit};
use super::terminal;
use crate::finding::Severity;
use crate::load::{LoadError, read_source};
use crate::report::{self, Format, GITHUB_LIMIT, MarkdownOptions};
use crate::results::{self, BaselineOrigin, Comparison, ComparisonOptions, ProjectState, ReadResult};
use budget::Budgets;

/// Bytes that a result may have.
const LIMIT: u64 = 256 << 20;

/// Results that one report reads.
const MOST_FILES: usize = 1_000;

pub(super) fn run(global: &Global, command: &Report) -> Result<u8, CommandFailure> {
    let budgets = Budgets::read(global, &command.config)?;
    let inputs = read_all(global, &command.files)?;
    let baseline = read_all(global, &command.baseline)?;
    let comparison = compare(command, &budgets, inputs, baseline);
    let fails = comparison.exceeded().next().is_some() || has_failing_findings(command, &budgets, &comparison);
    emit(global, &render(global, &comparison, fails))?;
    Ok(if fails { FOUND } else { CLEAN })
}

/// Reads results. Every file that is wrong is reported, and then nothing is written.
fn read_all(global: &Global, paths: &[impl AsRef<Path>]) -> Result<Vec<ReadResult>, CommandFailure> {
    if paths.len() > MOST_FILES {
        let what = format!("{} files are more than the {MOST_FILES} that one report joins", paths.len());
        return Err(CommandFailure::Because { what, help: Some("join them in several reports".to_owned()) });
    }
    let mut read = Vec::new();
    for path in paths.iter().map(AsRef::as_ref) {
        match read_one(path) {
            Ok(result) => read.push(result),
            Err((what, help)) => terminal::error(global, &what, Some(&help)),
        }
    }
    if read.len() < paths.len() { Err(CommandFailure::Said) } else { Ok(read) }
}

/// Reads a result; else what is wrong, and what to do.
fn read_one(path: &Path) -> Result<ReadResult, (String, String)> {
    let name = path.display();
    let source = read_source(path, LIMIT).map_err(|error| {
        let help = match &error {
            LoadError::Missing(_) => {
                "check the path; write it with `dockopt COMMAND --format json --output FILE`".to_owned()
            }
            LoadError::Folder(_) => "pass the files in it".to_owned(),
            LoadError::Utf16(_) => "save it as UTF-8; `--output FILE` does".to_owned(),
            LoadError::Unreadable(..) => error.help(),
            _ => "pass a JSON result of dockopt".to_owned(),
        };
        (error.to_string(), help)
    })?;
    results::read_result(source.text().as_bytes()).map_err(|error| {
        let place = error.place().map(|(line, column)| format!(":{line}:{column}")).unwrap_or_default();
        (format!("`{name}{place}` {error}"), error.help())
    })
}

/// Joins the results of both sides and compares them.
fn compare(command: &Report, budgets: &Budgets, inputs: Vec<ReadResult>, baseline: Vec<ReadResult>) -> Comparison {
    let (mut notices, mut rewrites) = (Vec::new(), Vec::new());
    let (mut states, mut older) = (Vec::new(), Vec::new());
    for input in inputs {
        notices.extend(input.notices);
        rewrites.extend(input.rewrites);
        states.push(input.after);
        older.extend(input.before);
    }
    let state = results::join(states);
    // What was passed as a baseline goes before what a result compares itself with.
    let older = baseline.into_iter().map(|result| result.after).chain(older);
    let older: Vec<ProjectState> = older.collect();
    let before = (!older.is_empty()).then(|| results::join(older));
    let options = ComparisonOptions { labels: command.label.clone(), ..ComparisonOptions::default() };
    let mut comparison = results::compare(state, before.as_ref(), |build| budgets.of(build), &options);
    comparison.baseline = before.map(|before| BaselineOrigin {
        file: command.baseline.first().map(|file| file.display().to_string()),
        commit: before.commit,
        nearest: None,
    });
    comparison.rewrites = join_rewrites(rewrites);
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

/// Whether a new finding is severe enough for the exit code; without a baseline all are new.
fn has_failing_findings(command: &Report, budgets: &Budgets, comparison: &Comparison) -> bool {
    let least = match command.threshold.fail_on {
        Some(FailOn::Error) => Some(Severity::Error),
        Some(FailOn::Warning) => Some(Severity::Warning),
        Some(FailOn::Info) => Some(Severity::Info),
        Some(FailOn::Style) => Some(Severity::Style),
        Some(FailOn::None) => None,
        None => budgets.least_severity(),
    };
    least.is_some_and(|least| comparison.new_findings.iter().any(|finding| finding.severity() >= least))
}

fn render(global: &Global, comparison: &Comparison, fails: bool) -> String {
    match global.format {
        Format::Json => report::comparison_json(comparison, ".", fails),
        Format::Markdown => {
            let details = "`dockopt report` with `--format text` lists all.";
            let options = MarkdownOptions { limit: GITHUB_LIMIT, marker: None, fails, details };
            report::comparison_markdown(comparison, &options)
        }
        _ => report::comparison(comparison, fails, terminal::stdout(global)),
    }
}
