//! `dockopt ci`.

mod emit;

use std::sync::Arc;

use super::args::{CiCheck, CiCommand, Global};
use super::exit;
use super::fix::{self, FixScope};
use super::output::{CommandFailure, base, complain, line, policies, today, write_run};
use super::pipelines::{gather_pipelines, read_run_times};
use super::{baseline, progress, terminal, version};
use crate::audit::InputAudit;
use crate::load::{ExternalLinter, GatherRequest};
use crate::report::{self, Format, ReportRun};
use crate::rules::AllRules;

pub(super) fn run(global: &Global, command: CiCommand) -> Result<u8, CommandFailure> {
    match command {
        CiCommand::Check(command) => check(global, &command),
        CiCommand::Emit(command) => emit::run(global, &command),
        CiCommand::Fix(command) => fix::run(global, &command.into_fix(), FixScope::Pipelines),
    }
}

fn check(global: &Global, command: &CiCheck) -> Result<u8, CommandFailure> {
    let line = line(&command.choice, Some(&command.threshold), false)?;
    let request = GatherRequest {
        configuration: command.config.configuration(),
        line: line.clone(),
        exclude: command.exclude.exclude.clone(),
        today: today(&command.choice)?,
        ..GatherRequest::new(&AllRules)
    };
    let mut inputs = gather_pipelines(&command.paths, &request)?;
    if let Some(file) = &command.runs {
        inputs.run_times = Some(Arc::new(read_run_times(file)?));
    }
    command.image.iter().try_for_each(|name| super::image::measure(global, name, &mut inputs))?;
    progress::doing("reading the git history");
    super::cache::history::add_step_histories(&mut inputs);
    progress::doing("asking other linters");
    let linters: Vec<ExternalLinter> = command.with.iter().map(|linter| ExternalLinter::from(*linter)).collect();
    crate::load::add_external_findings(&mut inputs, &linters);
    crate::load::add_changes(&mut inputs);
    let policies = policies(global, &inputs, &line)?;
    let failed = complain(global, &inputs);
    if failed && inputs.sources.is_empty() && global.format == Format::Text {
        return Err(CommandFailure::Said);
    }
    if inputs.workflows.is_empty() && !failed {
        terminal::note("no pipeline found");
    }
    version::warn_of_old_data(request.today);
    progress::doing("checking");
    let mut report = InputAudit::new(&inputs).check_workflows(&policies);
    baseline::apply(&command.known, "lint", &policies.rules(&inputs), &mut report)?;
    let code = command.threshold.code(exit::code(&report, failed));
    let run = ReportRun { command: "lint", report: &report, exit: code, base: &base() };
    write_run(global, &run, |medium| report::lint(&run, medium), || report::lint_json(&report))?;
    Ok(code)
}
