//! `dockopt deploy report`.

use std::path::{Path, PathBuf};

use super::emit::deployed_services;
use super::project::{ReplaceableProject, ServiceSelection};
use crate::cli::args::{DeployReport, Global};
use crate::cli::exit::CLEAN;
use crate::cli::history::{LIMIT, masked_lines};
use crate::cli::output::{CommandFailure, print, print_page};
use crate::cli::terminal;
use crate::finding::Mask;
use crate::load::{LoadError, read_source};
use crate::release::{
    DeploymentRecord, DeploymentRecords, DeploymentReport, PlanBounds, ReportInput, ServiceFacts, read_plan_bounds,
    service_facts,
};
use crate::report::{self, Format};
use crate::settings::closest;
use crate::text::path;

pub(super) fn run(global: &Global, command: &DeployReport) -> Result<u8, CommandFailure> {
    let file = &command.record;
    let mut records = read_records(file)?;
    if records.records.is_empty() {
        for (line, what) in &records.problems {
            terminal::note(&format!("warning: {}:{line}: {what}", file.display()));
        }
        return Err(CommandFailure::Because {
            what: format!("`{}` has no records of deployments", file.display()),
            help: Some(
                "the script that `dockopt deploy emit --for haproxy` writes adds one with each deployment".to_owned(),
            ),
        });
    }
    let bounds = command.plan.as_deref().map(read_plan).transpose()?;
    let services = match project_folder(command) {
        Some(folder) => match read_project(global, &folder, &mut records.records) {
            // The report is about the record: a project that nobody named may be of another kind.
            Err(CommandFailure::Because { what, .. }) if command.project.is_none() => {
                terminal::note(&format!("warning: the hand-over says nothing of the compose file: {what}"));
                None
            }
            read => read?,
        },
        None => None,
    };
    let input = ReportInput {
        records: &records,
        service: command.service.as_deref(),
        last: command.last as usize,
        bounds: bounds.as_ref(),
        services: services.as_deref(),
    };
    let report = DeploymentReport::of(&input).ok_or_else(|| unknown_service(&records, command))?;
    let name = file.display().to_string();
    match global.format {
        Format::Json => print(global, &report::deploy_report_json(&report, &name))?,
        _ => print_page(global, &report::deploy_report(&report, &name))?,
    }
    Ok(CLEAN)
}

/// The record of a file, without secrets.
fn read_records(file: &Path) -> Result<DeploymentRecords, CommandFailure> {
    let source = read_source(file, LIMIT).map_err(|error| match error {
        LoadError::Missing(_) => CommandFailure::Because {
            what: error.to_string(),
            help: Some("pass the `record.jsonl` that `deploy.sh` writes into its folder".to_owned()),
        },
        error => error.into(),
    })?;
    Ok(DeploymentRecords::read(&masked_lines(source.text())))
}

/// What a plan says about phases, and about a rollback.
fn read_plan(file: &Path) -> Result<PlanBounds, CommandFailure> {
    let source = read_source(file, LIMIT)?;
    read_plan_bounds(&masked_lines(source.text())).map_err(|why| CommandFailure::Because {
        what: format!("`{}` is no plan: {why}", file.display()),
        help: Some("write one with `dockopt deploy plan --format json`".to_owned()),
    })
}

/// The folder that is named, else the one above the folder of the record, where it has a compose file.
fn project_folder(command: &DeployReport) -> Option<PathBuf> {
    if command.project.is_some() {
        return command.project.clone();
    }
    let folder = command.record.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let above = match folder.parent() {
        Some(above) if !above.as_os_str().is_empty() => above.to_owned(),
        Some(_) if folder != Path::new(".") => PathBuf::from("."),
        _ if folder.join("deploy.sh").is_file() => folder.join(".."),
        _ => return None,
    };
    let entries = std::fs::read_dir(&above).ok()?;
    let mut names = entries.flatten().map(|entry| entry.file_name());
    names.any(|name| name.to_str().is_some_and(path::is_compose)).then_some(above)
}

/// What the project says about its services; its secrets are hidden in the records.
fn read_project(
    global: &Global,
    folder: &Path,
    records: &mut [DeploymentRecord],
) -> Result<Option<Vec<ServiceFacts>>, CommandFailure> {
    let wanted = ServiceSelection { services: &[], needs_replaceable: true, is_quiet: true };
    let Some(known) = ReplaceableProject::read(global, folder, &wanted)? else { return Ok(None) };
    for record in records {
        hide(&known.mask, record);
    }
    let services = match deployed_services(&known) {
        Ok(services) => services,
        Err(refusals) => {
            for why in refusals {
                terminal::note(&format!("warning: the compose file tells nothing about the services: {why}"));
            }
            return Ok(None);
        }
    };
    let mut facts = service_facts(&known.compose, &known.project, &services);
    for facts in &mut facts {
        let check = facts.check.as_mut().and_then(|check| check.command.as_mut());
        for text in facts.addresses.iter_mut().chain(&mut facts.check_path).chain(check) {
            *text = known.mask.apply(text);
        }
    }
    Ok(Some(facts))
}

/// Hides what a project says is a secret in the texts of a record.
fn hide(mask: &Mask, record: &mut DeploymentRecord) {
    let texts = [&mut record.from, &mut record.to, &mut record.result];
    let more = [&mut record.image, &mut record.probe, &mut record.command, &mut record.strategy];
    for text in texts.into_iter().chain(more.into_iter().flatten()) {
        *text = mask.apply(text);
    }
}

fn unknown_service(records: &DeploymentRecords, command: &DeployReport) -> CommandFailure {
    let service = command.service.as_deref().unwrap_or_default();
    let mut names: Vec<&str> = records.records.iter().map(|record| record.service.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    CommandFailure::Because {
        what: format!("`{}` has no deployment of `{service}`", command.record.display()),
        help: closest(service, &names).map(|near| format!("did you mean `{near}`?")),
    }
}
