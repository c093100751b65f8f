//! `dockopt compose`.

use super::args::{ComposeCheck, ComposeCommand, Global};
use super::fix::{self, FixScope};
use super::output::{CommandFailure, base, code, complain, line, policies, today, write_run};
use super::{baseline, terminal};
use crate::load::GatherRequest;
use crate::report::{self, Format, ReportRun};

pub(super) fn run(global: &Global, command: ComposeCommand) -> Result<u8, CommandFailure> {
    match command {
        ComposeCommand::Check(command) => check(global, &command),
        ComposeCommand::Fix(command) => fix::run(global, &command.into_fix(), FixScope::Composes),
    }
}

fn check(global: &Global, command: &ComposeCheck) -> Result<u8, CommandFailure> {
    let line = line(&command.choice, Some(&command.threshold), false)?;
    let request = GatherRequest {
        configuration: command.config.configuration(),
        line: line.clone(),
        today: today(&command.choice)?,
        ..GatherRequest::default()
    };
    let inputs = crate::load::gather_composes(&command.paths, &request)?;
    let policies = policies(global, &inputs, &line)?;
    let failed = complain(global, &inputs);
    if failed && inputs.sources.is_empty() && global.format == Format::Text {
        return Err(CommandFailure::Said);
    }
    if inputs.composes.is_empty() && !failed {
        terminal::note("no compose file found");
    }
    let mut report = crate::audit::lint(&inputs, &policies);
    baseline::apply(&command.known, "lint", &policies.rules(&inputs), &mut report)?;
    let code = code(&report, failed);
    let run = ReportRun { command: "lint", report: &report, exit: code, base: &base() };
    write_run(global, &run, |layout| report::lint(&report, layout), || report::lint_json(&report))?;
    Ok(code)
}
