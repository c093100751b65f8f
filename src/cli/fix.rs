//! `dockopt fix`.

mod outcome;
mod stdin;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use self::outcome::{fixed, more_unsafe, print_changes, shows_diff};
use super::args::{FixArgs, Global};
use super::changes::place;
use super::exit::{CLEAN, FAILED, FOUND};
use super::output::{CommandFailure, complain, describe_inputs, line, policies, today};
use super::pipelines::gather_pipelines;
use super::{changes, progress, terminal};
use crate::audit::{InputAudit, Report};
use crate::finding::Mask;
use crate::fix::FixOutcome;
use crate::inputs::Inputs;
use crate::load::{FactSelection, GatherRequest, PipelineSelection, is_pipeline_file};
use crate::report::{self, Format, Layout};
use crate::rules::Subject;
use crate::text::{FileId, Source};

/// Which files are fixed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FixScope {
    /// All that can be.
    All,
    /// Compose files alone.
    Composes,
    /// Pipelines, and what their fixes change with them.
    Pipelines,
}

pub(super) fn run(global: &Global, command: &FixArgs, scope: FixScope) -> Result<u8, CommandFailure> {
    let line = line(&command.choice, None, false)?;
    let reads_stdin = command.paths.iter().any(|path| path == Path::new(stdin::STDIN));
    if reads_stdin || command.stdin_filename.is_some() {
        return stdin::run(global, command, line);
    }
    let mut failed = false;
    let mut work = FixSession { report: Report { root: root(command), ..Report::default() }, ..FixSession::default() };
    // All is worked out before the first file is touched.
    for path in &command.paths {
        let request = GatherRequest { line: line.clone(), ..request(path, command)? };
        let mut inputs = gather_scope(scope, path, &request)?;
        // A fix that rests on history is not safe.
        if command.mode.r#unsafe {
            super::cache::history::add_step_histories(&mut inputs);
            crate::load::add_changes(&mut inputs);
        }
        let mut policies = policies(global, &inputs, &line)?;
        if scope == FixScope::Pipelines || is_pipeline_file(path) {
            policies = policies.only(Subject::Workflow);
        }
        describe_inputs(global, &inputs, &policies);
        failed |= complain(global, &inputs);
        let audit = InputAudit::new(&inputs);
        work.masks.join(audit.mask());
        progress::doing("working out the fixes");
        let report = audit.problems(&policies);
        let outcome = fixed(&inputs, &policies, command);
        let more = more_unsafe(&mut inputs, &policies, command, &outcome);
        work.join(&inputs, report, outcome, more);
    }
    let FixSession { report, mut outcome, masks, builds, more_unsafe, seen } = work;
    if command.mode.write {
        super::write::remove_left_beside(seen.iter().map(PathBuf::as_path));
        changes::write_all(&outcome.changes)?;
    }
    print_changes(global, command, &report, &mut outcome, &masks, more_unsafe)?;
    if global.format == Format::Text {
        terminal::note(&report::problems(&report, Layout::PLAIN));
        if builds == 0 && !failed {
            terminal::note(match scope {
                FixScope::All => "no Dockerfile found",
                FixScope::Composes => "no compose file found",
                FixScope::Pipelines => "no pipeline found",
            });
        }
        // Of what could not be read nobody knows whether there is something to fix.
        if !failed || !outcome.changes.is_empty() {
            terminal::note(&report::fix_summary(&outcome, &masks, command.mode.write, more_unsafe));
        }
        if shows_diff(command) {
            changes::warn_of_diff(&outcome, &masks);
        }
    }
    let refused = report.problems.iter().any(|problem| problem.error);
    Ok(match (failed, refused || (command.mode.check && !outcome.changes.is_empty())) {
        (true, _) => FAILED,
        (false, true) => FOUND,
        (false, false) => CLEAN,
    })
}

/// What one of the paths asks for.
fn request(path: &Path, command: &FixArgs) -> Result<GatherRequest, CommandFailure> {
    let mut request = command.build.request(path.to_owned(), today(&command.choice)?);
    request.wants = FactSelection::Rules;
    request.configuration = command.config.configuration();
    request.compose = command.compose.clone();
    request.pipelines = PipelineSelection::All;
    request.exclude.clone_from(&command.exclude.exclude);
    Ok(request)
}

/// The files at a path that are fixed.
fn gather_scope(scope: FixScope, path: &PathBuf, request: &GatherRequest) -> Result<Inputs, CommandFailure> {
    let paths = std::slice::from_ref(path);
    Ok(match scope {
        FixScope::All if is_pipeline_file(path) => gather_pipelines(paths, request)?,
        FixScope::All => crate::load::gather(request)?,
        FixScope::Composes => crate::load::gather_composes(paths, request)?,
        FixScope::Pipelines => gather_pipelines(paths, request)?,
    })
}

/// What several paths come to. A file that two of them name counts once.
#[derive(Default)]
struct FixSession {
    report: Report,
    outcome: FixOutcome,
    masks: Mask,
    /// Dockerfiles, compose files and pipelines.
    builds: usize,
    /// Findings that `--unsafe` would fix beyond those.
    more_unsafe: usize,
    /// Files that were looked at, whatever they were called.
    seen: BTreeSet<PathBuf>,
}

impl FixSession {
    fn join(&mut self, inputs: &Inputs, report: Report, fix_outcome: FixOutcome, more_unsafe: usize) {
        let new = |name: &str| !self.seen.contains(&place(name));
        if inputs.sources.iter().any(|source| new(source.name())) {
            self.more_unsafe += more_unsafe;
        }
        self.builds += inputs.builds.iter().filter(|build| new(inputs.source(build.dockerfile).name())).count();
        self.builds += inputs.workflows.iter().filter(|workflow| new(inputs.source(workflow.file).name())).count();
        self.builds += inputs.composes.iter().filter(|compose| new(inputs.source(compose.file).name())).count();
        let name = |file: FileId| inputs.sources.get(file.0 as usize).map(Source::name);
        let all = &mut self.outcome;
        all.applied.extend(fix_outcome.applied.into_iter().filter(|applied| new(&applied.file)));
        all.refused.extend(fix_outcome.refused.into_iter().filter(|refused| new(&refused.file)));
        all.remaining.extend(fix_outcome.remaining.into_iter().filter(|finding| name(finding.file).is_none_or(new)));
        self.report.problems.extend(report.problems.into_iter().filter(|problem| new(&problem.file)));
        let changes: Vec<_> = fix_outcome.changes.into_iter().filter(|change| new(&change.name)).collect();
        self.seen.extend(inputs.sources.iter().map(|source| place(source.name())));
        self.seen.extend(changes.iter().map(|change| place(&change.name)));
        all.changes.extend(changes);
        for rule in fix_outcome.contradicting {
            if !all.contradicting.contains(&rule) {
                all.contradicting.push(rule);
            }
        }
        self.report.sources.extend(report.sources);
        for skip in report.skipped {
            if !self.report.skipped.iter().any(|known| known.what == skip.what) {
                self.report.skipped.push(skip);
            }
        }
    }
}

/// What the result calls the paths together.
fn root(command: &FixArgs) -> String {
    match &command.paths[..] {
        [path] => path.display().to_string(),
        _ => ".".to_owned(),
    }
}
