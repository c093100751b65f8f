//! `dockopt audit`.

mod offers;
mod rewrites;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::args::{Audit, Global};
use super::exit;
use super::output::{
    CommandFailure, CommandOutput, base, complain, describe_inputs, line, output_of_run, policies, today,
};
use super::watch::named_files;
use super::{baseline, progress, settings, version};
use crate::audit::InputAudit;
use crate::build::Build;
use crate::buildlog::LogForm;
use crate::inputs::{Inputs, Needs, TimedSteps};
use crate::load::git::Repository;
use crate::load::{
    FactSelection, GatherRequest, ManifestSelection, PipelineSelection, build_log_name, is_pipeline_file,
    read_build_log, untimed_steps,
};
use crate::report::{self, AuditView, ReportRun};
use crate::rules::Policies;
use crate::settings::{CommandLinePolicy, RuleBase};

pub(super) fn run(global: &Global, command: &Audit) -> Result<u8, CommandFailure> {
    if command.check.watch {
        return watch(global, command);
    }
    if command.check.show_settings {
        let request = GatherRequest { wants: FactSelection::Nothing, needs: Needs::NONE, ..request(command)? };
        let inputs = crate::load::gather(&request)?;
        let failed = complain(global, &inputs);
        return settings::show(global, &inputs, &command.check.choice, &command.check.threshold, failed);
    }
    check(global, command)?.write(global)
}

/// Runs again and again.
fn watch(global: &Global, command: &Audit) -> Result<u8, CommandFailure> {
    let mut named = named_files(&command.check);
    named.push(command.path.clone());
    named.extend(command.log.clone());
    named.extend(command.image.as_ref().map(PathBuf::from).filter(|image| image.exists()));
    if !command.no_history
        && let Ok(Some(repository)) = Repository::discover(&command.path)
    {
        named.extend(["HEAD", "logs/HEAD"].map(|name| repository.git_dir().join(name)));
    }
    super::watch::watch(global, &named, || check(global, command))
}

/// What is to be gathered.
fn request(command: &Audit) -> Result<GatherRequest, CommandFailure> {
    let line = line(&command.check.choice, Some(&command.check.threshold), command.check.shellcheck.on)?;
    let line = CommandLinePolicy { base: RuleBase::Audit, ..line };
    let mut request = command.check.build.request(command.path.clone(), today(&command.check.choice)?);
    request.wants = FactSelection::Columns;
    request.configuration = command.check.config.configuration();
    request.pipelines = PipelineSelection::All;
    request.workloads = ManifestSelection::All;
    request.line = line;
    request.exclude.clone_from(&command.check.exclude.exclude);
    request.shellcheck = true;
    // Of a rewrite, what it saves is told.
    request.needs = super::optimize::needs();
    Ok(request)
}

fn gather(global: &Global, command: &Audit, request: &GatherRequest) -> Result<Inputs, CommandFailure> {
    let mut inputs = if is_pipeline_file(&command.path) {
        super::pipelines::gather_pipelines(std::slice::from_ref(&command.path), request)?
    } else {
        crate::load::gather(request)?
    };
    if let Some(name) = &command.image {
        super::image::measure(global, name, &mut inputs)?;
    }
    if !command.no_history {
        progress::doing("reading the git history");
        super::cache::history::add_step_histories(&mut inputs);
        crate::load::add_changes(&mut inputs);
    }
    if let Some(log) = &command.log {
        add_times(log, &mut inputs)?;
    }
    Ok(inputs)
}

fn check(global: &Global, command: &Audit) -> Result<CommandOutput, CommandFailure> {
    let request = request(command)?;
    let inputs = gather(global, command, &request)?;
    let policies = policies(global, &inputs, &request.line)?;
    describe_inputs(global, &inputs, &policies);
    let failed = complain(global, &inputs);
    if failed && inputs.sources.is_empty() {
        return Err(CommandFailure::Said);
    }
    version::warn_of_old_data(request.today);
    progress::doing("checking");
    let audit = InputAudit::new(&inputs);
    let mut report = audit.audit_with(&policies, &|known| rewrites::find(&inputs, known));
    baseline::apply(&command.check.known, "audit", &policies.rules(&inputs), &mut report)?;
    let code = command.check.threshold.code(exit::code(&report, failed));
    let run = ReportRun { command: "audit", report: &report, exit: code, base: &base() };
    let page = |medium| {
        // `fix` runs the rules of `lint`.
        let fix_line = CommandLinePolicy { base: RuleBase::Default, ..request.line.clone() };
        let fix_policies = Policies::read(&inputs, &fix_line).0;
        progress::doing("working out what a rewrite saves");
        let (offer, fixes) = rayon::join(
            || offers::best_offer(&inputs, &policies, &report),
            || offers::fix_counts(&audit, &fix_policies),
        );
        let options = command.check.build.typed();
        let (all, has_image) = (command.all, command.image.is_some());
        let view = AuditView { all, options: &options, has_image, offer: offer.as_ref(), fixes };
        report::audit(&run, &view, medium)
    };
    Ok(output_of_run(global, &run, page, || report::audit_json(&report)))
}

/// Takes the seconds of the steps from a build log, or from the result of `measure`.
fn add_times(path: &Path, inputs: &mut Inputs) -> Result<(), CommandFailure> {
    let log = read_build_log(path)?;
    let name = build_log_name(path);
    let is_measurement = log.builds.iter().all(|build| build.form == LogForm::Measurement);
    let source = format!("{} `{name}`", if is_measurement { "measurement" } else { "build log" });
    let mut timed = BTreeMap::new();
    for input in &inputs.builds {
        let seconds = Build::new(input).logged_seconds(&log);
        if !seconds.is_empty() {
            timed.insert(input.dockerfile, TimedSteps { source: source.clone(), seconds });
        }
    }
    if timed.is_empty() {
        inputs.notices.push(untimed_steps(path));
    }
    inputs.timed = timed;
    Ok(())
}
