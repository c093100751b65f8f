//! `dockopt deploy`.

mod cluster;
mod emit;
mod plan;
mod project;
mod report;
mod verify;

use std::path::Path;

use self::project::{chosen, gather_request};
use super::args::{DeployCheck, DeployCommand, Global};
use super::exit::{CLEAN, FAILED, FOUND};
use super::output::{CommandFailure, base, complain, line, policies, today, write_run};
use super::{baseline, progress, terminal, version};
use crate::audit::{self, InputAudit, Replaceability, ServiceReplacement};
use crate::inputs::Inputs;
use crate::load::{GatherRequest, ManifestSelection, MigrationBase, folder_of, read_input};
use crate::report::{self as pages, DeployCheckResult, Format, ReportRun};
use crate::settings::CommandLinePolicy;
use crate::text::FileId;

pub(super) fn run(global: &Global, command: DeployCommand) -> Result<u8, CommandFailure> {
    match command {
        DeployCommand::Check(command) => check(global, command),
        DeployCommand::Emit(command) => emit::run(global, &command),
        DeployCommand::Plan(command) => plan::run(global, &command),
        DeployCommand::Report(command) => report::run(global, &command),
        DeployCommand::Verify(command) => verify::run(global, command),
    }
}

fn check(global: &Global, mut command: DeployCheck) -> Result<u8, CommandFailure> {
    if command.choice.select.is_empty() {
        command.choice.select = audit::replacement_selectors();
    }
    let line = line(&command.choice, None, false)?;
    let is_file = command.path.is_file();
    if is_file {
        read_input(&command.path)?;
    }
    let request = request(&command, line.clone(), is_file)?;
    let mut inputs = crate::load::gather(&request)?;
    let has_composes = !inputs.composes.is_empty();
    let is_manifest = is_file && keep_manifest(&mut inputs, &command.path);
    if is_file && !is_manifest {
        keep_compose(&mut inputs, &command.path);
    } else {
        keep_deployed(&mut inputs);
    }
    let policies = policies(global, &inputs, &line)?;
    let failed = complain(global, &inputs);
    if failed && inputs.sources.is_empty() && global.format == Format::Text {
        return Err(CommandFailure::Said);
    }
    let has_manifests = !inputs.workloads.files.is_empty() || !inputs.workloads.templates.is_empty();
    if inputs.composes.is_empty() && !has_manifests {
        return Err(if failed { CommandFailure::Said } else { no_compose_file(&command.path, has_composes) });
    }
    progress::doing("reading migrations");
    let known = command.since.as_deref().map_or(MigrationBase::Newest, MigrationBase::Commit);
    crate::load::add_migrations(&mut inputs, &command.path, known)?;
    crate::load::add_migration_findings(&mut inputs, command.with.is_some());
    version::warn_of_old_data(request.today);
    progress::doing("checking");
    let mut report = InputAudit::new(&inputs).lint(&policies);
    baseline::apply(&command.known, "lint", &policies.rules(&inputs), &mut report)?;
    let mut replacements = chosen(audit::service_replacements(&inputs, &report), &command.services, &inputs)?;
    if is_manifest {
        replacements.clear();
    }
    if replacements.is_empty() && !failed && !has_manifests {
        terminal::note("no service of the compose files runs a program of the project");
    }
    let is_broken =
        report.problems.iter().any(|problem| problem.error) || audit::has_workload_finding(&inputs, &report);
    let code = code(&replacements, failed, is_broken, command.strict);
    let run = ReportRun { command: "lint", report: &report, exit: code, base: &base() };
    let result = DeployCheckResult {
        report: &report,
        replacements: &replacements,
        migrations: inputs.migrations.as_deref(),
        has_backup: audit::has_database_backup(&inputs),
    };
    let page = |medium| pages::deploy_check(&run, &result, medium);
    write_run(global, &run, page, || pages::deploy_check_json(&result))?;
    Ok(code)
}

/// What is gathered: for a file, what its folder has.
fn request(command: &DeployCheck, line: CommandLinePolicy, is_file: bool) -> Result<GatherRequest, CommandFailure> {
    Ok(GatherRequest {
        configuration: command.config.configuration(),
        line,
        exclude: command.exclude.exclude.clone(),
        today: today(&command.choice)?,
        workloads: ManifestSelection::All,
        ..gather_request(if is_file { folder_of(&command.path) } else { &command.path })
    })
}

/// Leaves out the compose files that nobody deploys, and says which.
fn keep_deployed(inputs: &mut Inputs) {
    crate::load::read_chains(inputs);
    for note in audit::keep_deployed(inputs) {
        terminal::note(&note);
    }
}

/// Leaves the manifest that was named; whether it is one.
fn keep_manifest(inputs: &mut Inputs, path: &Path) -> bool {
    let wanted = path.canonicalize().ok();
    let sources = &inputs.sources;
    let is_wanted = |file: FileId| Path::new(sources[file.0 as usize].name()).canonicalize().ok() == wanted;
    let is_manifest = inputs.workloads.files.iter().any(|manifest| is_wanted(manifest.file));
    if is_manifest {
        inputs.workloads.files.retain(|manifest| is_wanted(manifest.file));
    }
    is_manifest
}

/// Leaves the compose file that was named, and no manifest.
fn keep_compose(inputs: &mut Inputs, path: &Path) {
    let wanted = path.canonicalize().ok();
    let sources = &inputs.sources;
    let is_wanted = |name: &str| Path::new(name).canonicalize().ok() == wanted;
    inputs.composes.retain(|compose| is_wanted(sources[compose.file.0 as usize].name()));
    inputs.workloads.files.clear();
}

/// `has_some`: there are such files, which are left out.
fn no_compose_file(path: &Path, has_some: bool) -> CommandFailure {
    let what = if has_some { "to check" } else { "found" };
    CommandFailure::Because {
        what: format!("no compose file {what} in `{}`, and no manifest", path.display()),
        help: Some("pass the folder of a compose file or of manifests, or the file".to_owned()),
    }
}

fn code(replacements: &[ServiceReplacement], failed: bool, is_broken: bool, is_strict: bool) -> u8 {
    let worst = replacements.iter().map(ServiceReplacement::replaceability).max();
    match worst {
        _ if failed => FAILED,
        _ if is_broken => FOUND,
        Some(Replaceability::No) => FOUND,
        Some(Replaceability::Unknown) if is_strict => FOUND,
        _ => CLEAN,
    }
}
