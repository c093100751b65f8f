//! A compose project with the services of it that can be replaced.

use std::path::Path;
use std::sync::Arc;

use crate::audit::{self, InputAudit, Report, ServiceReplacement};
use crate::cli::args::Global;
use crate::cli::compose::main_file;
use crate::cli::exit::FOUND;
use crate::cli::output::{CommandFailure, base, complain, now, policies, print_page};
use crate::cli::progress;
use crate::compose::project::ComposeProject;
use crate::deployment::{OVERRIDE, is_written_override};
use crate::finding::{Finding, Mask};
use crate::inputs::{ComposeInput, ComposeReading, Inputs, Need, Needs};
use crate::load::{DOCKERFILE_LIMIT, GatherRequest, PipelineSelection, read_bytes};
use crate::report::{self, ReportRun};
use crate::rules::AllRules;
use crate::settings::{Choice, CommandLinePolicy, closest};
use crate::text::path;

/// Rules whose findings the files answer: `HAProxy` has the port and the address, and the name is left out.
const ANSWERED: [&str; 3] = ["compose-port-fixed", "compose-name-fixed", "compose-proxy-address-kept"];

/// Services that are asked for.
pub(super) struct ServiceSelection<'s> {
    /// Their names; all where there are none.
    pub(super) services: &'s [String],
    /// Whether those that cannot be replaced without loss are left out.
    pub(super) needs_replaceable: bool,
    /// Whether nothing is printed where there are none.
    pub(super) is_quiet: bool,
}

/// A compose project with the services of it that can be replaced.
pub(super) struct ReplaceableProject {
    pub(super) compose: ComposeInput,
    pub(super) project: Arc<ComposeProject>,
    pub(super) services: Vec<String>,
    /// Services that cannot be replaced without loss.
    pub(super) left_out: Vec<String>,
    pub(super) inputs: Inputs,
    pub(super) mask: Mask,
}

impl ReplaceableProject {
    /// Reads the project of a folder; `None` where no service can be replaced, and the reasons are printed.
    pub(super) fn read(
        global: &Global,
        folder: &Path,
        wanted: &ServiceSelection,
    ) -> Result<Option<Self>, CommandFailure> {
        let choice = Choice::of(&audit::replacement_selectors(), &[]);
        let line = CommandLinePolicy { choice, ..CommandLinePolicy::default() };
        let request = GatherRequest { line: line.clone(), today: now()?, ..gather_request(folder) };
        let mut inputs = crate::load::gather(&request)?;
        let policies = policies(global, &inputs, &line)?;
        let failed = complain(global, &inputs);
        if failed && main_file(&inputs, folder).is_none() {
            return Err(CommandFailure::Said);
        }
        let compose = read_main_file(folder, &mut inputs)?;
        progress::doing("working out the deployment");
        let audit = InputAudit::new(&inputs);
        let report = audit.lint(&policies);
        let replacements = chosen(replacements(&inputs, &report), wanted.services, &inputs)?;
        let is_good = |known: &ServiceReplacement| !wanted.needs_replaceable || known.findings.is_empty();
        let (good, bad): (Vec<_>, Vec<_>) = replacements.into_iter().partition(is_good);
        if !bad.is_empty() && (good.is_empty() || !wanted.services.is_empty()) {
            let run = ReportRun { command: "deploy check", report: &report, exit: FOUND, base: &base() };
            if !wanted.is_quiet {
                print_page(global, &report::deploy_reasons(&run, &bad))?;
            }
            return Ok(None);
        }
        let services: Vec<String> = good.into_iter().map(|known| known.service).collect();
        if services.is_empty() {
            let what = "no service of the compose file runs a program of the project".to_owned();
            return Err(CommandFailure::Because { what, help: None });
        }
        let Some(project) = compose.reading.project.clone() else { return Err(CommandFailure::Said) };
        let left_out = bad.into_iter().map(|known| known.service).collect();
        let mask = audit.into_mask();
        Ok(Some(Self { compose, project, services, left_out, inputs, mask }))
    }
}

impl ReplaceableProject {
    /// What happens to the services that cannot be replaced.
    pub(super) fn notes(&self, what: &str) -> Vec<String> {
        let note = |service: &String| {
            format!("`{service}` {what}, as it cannot be replaced without loss: `dockopt deploy check` says why")
        };
        self.left_out.iter().map(note).collect()
    }
}

/// What is read of a folder for deployments.
pub(super) fn gather_request(folder: &Path) -> GatherRequest {
    GatherRequest {
        path: folder.to_owned(),
        pipelines: PipelineSelection::All,
        needs: [Need::ContextNames].into_iter().collect::<Needs>(),
        ..GatherRequest::new(&AllRules)
    }
}

/// The services of the project, in whichever of its files they are, with what speaks against them, but for what the written files
/// answer: the script takes the place of the author's.
fn replacements(inputs: &Inputs, report: &Report) -> Vec<ServiceReplacement> {
    let is_of_script =
        |finding: &Finding| inputs.workflows.iter().any(|input| input.parts.contains(&Some(finding.file)));
    let is_open = |finding: &Finding| !ANSWERED.contains(&finding.rule) && !is_of_script(finding);
    let mut replacements = audit::service_replacements(inputs, report);
    for replacement in &mut replacements {
        replacement.findings.retain(|index| is_open(&report.findings[*index]));
        replacement.migration_steps.clear();
    }
    replacements
}

/// The compose file of the folder, read without what an earlier run wrote on top; so it is in the inputs then.
fn read_main_file(folder: &Path, inputs: &mut Inputs) -> Result<ComposeInput, CommandFailure> {
    let current = crate::load::current_folder();
    let Some(at) = main_file(inputs, folder) else {
        return Err(CommandFailure::Because {
            what: format!("no compose file found in `{}`", folder.display()),
            help: Some("pass the folder of a compose file".to_owned()),
        });
    };
    let is_written = |file: &String| {
        path::name(file) == OVERRIDE
            && read_bytes(Path::new(&crate::load::absolute_path(&current, Path::new(file))), DOCKERFILE_LIMIT)
                .is_ok_and(|bytes| is_written_override(&String::from_utf8_lossy(&bytes)))
    };
    let mut compose = inputs.composes[at].clone();
    let count = compose.request.files.len();
    compose.request.files.retain(|file| !is_written(file));
    if compose.request.files.len() < count {
        let name = inputs.source(compose.file).name();
        compose.reading = ComposeReading::of(&compose.request, &compose.known, &compose.files, name);
    }
    // What is written on top of it is checked with it, and not by itself.
    inputs.composes = vec![compose.clone()];
    Ok(compose)
}

/// The services that are asked for.
pub(super) fn chosen(
    replacements: Vec<ServiceReplacement>,
    services: &[String],
    inputs: &Inputs,
) -> Result<Vec<ServiceReplacement>, CommandFailure> {
    for service in services {
        if replacements.iter().any(|replacement| replacement.service == *service) {
            continue;
        }
        let projects = inputs.composes.iter().filter_map(|compose| compose.reading.project.as_ref());
        let mut all = projects.flat_map(|project| project.services());
        if all.any(|(name, _)| name == service) {
            return Err(CommandFailure::Because {
                what: format!("`{service}` is not replaced: it runs a server of others, or ends by itself"),
                help: None,
            });
        }
        let names: Vec<&str> = replacements.iter().map(|replacement| replacement.service.as_str()).collect();
        return Err(CommandFailure::Because {
            what: format!("no service is called `{service}`"),
            help: closest(service, &names).map(|near| format!("did you mean `{near}`?")),
        });
    }
    let is_chosen = |replacement: &ServiceReplacement| services.is_empty() || services.contains(&replacement.service);
    Ok(replacements.into_iter().filter(is_chosen).collect())
}
