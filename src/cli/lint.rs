//! `dockopt lint`.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::args::{Global, Lint};
use super::exit;
use super::exit::{CLEAN, FAILED, FOUND};
use super::output::{
    CommandFailure, CommandOutput, base, complain, describe_inputs, line, output_of_run, page_text, policies, print,
    print_page, today,
};
use super::watch::named_files;
use super::{baseline, changes, progress, settings, version};
use crate::audit::InputAudit;
use crate::fix::Change;
use crate::inputs::{InputProblem, Inputs};
use crate::load::{
    DOCKERFILE_LIMIT, FactSelection, GatherRequest, LoadError, PipelineSelection, is_pipeline_file, read_source,
    read_stdin, with_contexts,
};
use crate::report::{self, Format, ReportRun};
use crate::rules::Policies;
use crate::text::Source;

pub(super) fn run(global: &Global, command: &Lint) -> Result<u8, CommandFailure> {
    if command.check.watch {
        return watch(global, command);
    }
    let gathered = gather(global, command)?;
    let Gathered { request, inputs, policies, failed } = &gathered;
    if command.check.show_settings {
        return settings::show(global, inputs, &command.check.choice, &command.check.threshold, *failed);
    }
    if let Some(reason) = &command.add_ignores {
        gathered.expect_any(global)?;
        return add_ignores(global, inputs, policies, (reason, request), *failed);
    }
    check(global, command, &gathered)?.write(global)
}

/// Runs again and again.
fn watch(global: &Global, command: &Lint) -> Result<u8, CommandFailure> {
    let mut named = named_files(&command.check);
    named.extend(command.files.iter().cloned());
    if named.is_empty() {
        named.push("Dockerfile".into());
    }
    super::watch::watch(global, &named, || check(global, command, &gather(global, command)?))
}

/// What is checked, and under which settings.
struct Gathered {
    request: GatherRequest,
    inputs: Inputs,
    policies: Policies,
    /// Whether something could not be read.
    failed: bool,
}

impl Gathered {
    /// Fails where nothing could be read. Whoever parses the output gets one that parses, with what could not be read in it.
    fn expect_any(&self, global: &Global) -> Result<(), CommandFailure> {
        let is_empty = self.failed && self.inputs.sources.is_empty() && global.format == Format::Text;
        if is_empty { Err(CommandFailure::Said) } else { Ok(()) }
    }
}

fn gather(global: &Global, command: &Lint) -> Result<Gathered, CommandFailure> {
    let line = line(&command.check.choice, Some(&command.check.threshold), command.check.shellcheck.on)?;
    let mut request = command.check.build.request(PathBuf::from("."), today(&command.check.choice)?);
    request.exclude.clone_from(&command.check.exclude.exclude);
    // Editors and hooks wait for it: only the files and their ignore files are opened, and the contexts behind findings.
    request.wants = FactSelection::Nothing;
    request.folders = command.files.iter().filter(|path| path.is_dir()).cloned().collect();
    request.configuration = command.check.config.configuration();
    let (pipelines, files): (Vec<_>, Vec<_>) = command.files.iter().cloned().partition(|path| is_pipeline_file(path));
    let (texts, problems) = texts(command, files, &request)?;
    request.pipelines = PipelineSelection::Named(pipelines);
    request.line = line;
    request.shellcheck = true;
    let mut inputs = crate::load::gather_texts(texts, &request);
    inputs.problems.extend(problems);
    let policies = policies(global, &inputs, &request.line)?;
    describe_inputs(global, &inputs, &policies);
    let failed = complain(global, &inputs);
    Ok(Gathered { request, inputs, policies, failed })
}

fn check(global: &Global, command: &Lint, gathered: &Gathered) -> Result<CommandOutput, CommandFailure> {
    gathered.expect_any(global)?;
    let Gathered { request, inputs, policies, failed } = gathered;
    version::warn_of_old_data(request.today);
    progress::doing("checking");
    let mut report =
        InputAudit::new(inputs).lint_confirmed(policies, Some(&|inputs, files| with_contexts(inputs, files, request)));
    baseline::apply(&command.check.known, "lint", &policies.rules(inputs), &mut report)?;
    let code = command.check.threshold.code(exit::code(&report, *failed));
    if command.statistics {
        let result = match global.format {
            Format::Json => report::statistics_json(&report),
            _ => page_text(global, &report::statistics(&report)),
        };
        return Ok(CommandOutput { result, remarks: String::new(), code });
    }
    let run = ReportRun { command: "lint", report: &report, exit: code, base: &base() };
    Ok(output_of_run(global, &run, |medium| report::lint(&run, medium), || report::lint_json(&report)))
}

/// Writes the comments that hide today's findings.
fn add_ignores(
    global: &Global,
    inputs: &Inputs,
    policies: &Policies,
    (reason, request): (&str, &GatherRequest),
    failed: bool,
) -> Result<u8, CommandFailure> {
    if reason.trim().is_empty() || reason.contains(['\n', '\r']) {
        let what = "the reason given to `--add-ignores` is empty or has more than one line".to_owned();
        return Err(CommandFailure::Because { what, help: Some("write the reason as one line of text".to_owned()) });
    }
    let is_file = |change: &Change| Path::new(&change.name).is_file();
    let added = crate::audit::add_ignores(inputs, policies, reason.trim(), &|inputs, files| {
        with_contexts(inputs, files, request)
    });
    if let Some(change) = added.changes.iter().find(|change| !is_file(change)) {
        let what = format!("`{}` cannot be changed in place", change.name);
        return Err(CommandFailure::Because { what, help: Some("pass the file's name".to_owned()) });
    }
    changes::write_all(&added.changes)?;
    match global.format {
        Format::Json => print(global, &report::added_ignores_json(&added))?,
        _ => print_page(global, &report::added_ignores(&added))?,
    }
    Ok(match (failed, added.refused || !added.remaining_rules.is_empty()) {
        (true, _) => FAILED,
        (false, true) => FOUND,
        (false, false) => CLEAN,
    })
}

/// A path with what was read there.
type ReadFile = (Option<PathBuf>, Result<Source, LoadError>);

/// Each text with its path, none for what came without a name; and what of the folders was not read.
fn texts(
    command: &Lint,
    files: Vec<PathBuf>,
    request: &GatherRequest,
) -> Result<(Vec<ReadFile>, Vec<InputProblem>), CommandFailure> {
    let (mut paths, problems) = match &command.check.build.file {
        Some(file) => (vec![file.clone()], Vec::new()),
        None => crate::load::files_to_lint(files, request),
    };
    if paths.is_empty() && command.files.is_empty() {
        paths.push("Dockerfile".into());
    }
    let dash = Path::new("-");
    let stdin = paths.iter().filter(|path| *path == dash).count();
    if stdin > 1 || (command.stdin_filename.is_some() && stdin == 0) {
        let what = match stdin {
            0 => "`--stdin-filename` is set, but standard input is not read",
            _ => "standard input can be read only once",
        };
        let help = Some("pass `-` only once".to_owned());
        return Err(CommandFailure::Because { what: what.to_owned(), help });
    }
    let name = command.stdin_filename.as_deref().map_or("-".into(), Path::to_string_lossy);
    let read = |path: &PathBuf| {
        if path == dash {
            (command.stdin_filename.clone(), read_stdin(&name, DOCKERFILE_LIMIT))
        } else {
            (Some(path.clone()), read_source(path, DOCKERFILE_LIMIT))
        }
    };
    Ok((paths.par_iter().map(read).collect(), problems))
}
