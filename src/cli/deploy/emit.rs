//! `dockopt deploy emit`.

use std::collections::BTreeMap;
use std::path::Path;

use super::chosen::chosen;
use crate::audit::{self, InputAudit, Report, ServiceReplacement};
use crate::cli::args::{DeployEmit, DeployStrategy, DeployTool, Global};
use crate::cli::compose::{EmissionShow, main_file};
use crate::cli::exit::{CLEAN, FOUND};
use crate::cli::output::{CommandFailure, complain, now, policies, print};
use crate::cli::{progress, terminal};
use crate::compose::OVERRIDE_FILES;
use crate::compose::project::ComposeProject;
use crate::deployment::{DeploymentInput, DeploymentStrategy, OVERRIDE, haproxy_deployment, is_written_override};
use crate::emit::Emission;
use crate::finding::Finding;
use crate::inputs::{ComposeInput, ComposeReading, Inputs, Need, Needs};
use crate::load::{DOCKERFILE_LIMIT, GatherRequest, PipelineSelection, read_bytes};
use crate::report;
use crate::rules::AllRules;
use crate::settings::{Choice, CommandLinePolicy};
use crate::text::path;

/// Rules whose findings the files answer: `HAProxy` has the port and the address, and the name is left out.
const ANSWERED: [&str; 3] = ["compose-port-fixed", "compose-name-fixed", "compose-proxy-address-kept"];

pub(super) fn run(global: &Global, command: &DeployEmit) -> Result<u8, CommandFailure> {
    check_folder(&command.to)?;
    let DeployTool::Haproxy = command.tool;
    let choice = Choice::of(&audit::replacement_selectors(), &[]);
    let line = CommandLinePolicy { choice, ..CommandLinePolicy::default() };
    let request = GatherRequest {
        path: command.path.clone(),
        pipelines: PipelineSelection::All,
        needs: [Need::ContextNames].into_iter().collect::<Needs>(),
        line: line.clone(),
        today: now()?,
        ..GatherRequest::new(&AllRules)
    };
    let mut inputs = crate::load::gather(&request)?;
    let policies = policies(global, &inputs, &line)?;
    complain(global, &inputs);
    let compose = read_main_file(command, &mut inputs)?;
    progress::doing("working out the deployment");
    let audit = InputAudit::new(&inputs);
    let report = audit.lint(&policies);
    let replacements = chosen(replacements(&inputs, &compose, &report), &command.services, &inputs)?;
    let (good, bad): (Vec<_>, Vec<_>) = replacements.into_iter().partition(|known| known.findings.is_empty());
    if !bad.is_empty() && (good.is_empty() || !command.services.is_empty()) {
        print(global, report::deploy_reasons(&report, &bad, terminal::stdout(global)).as_bytes())?;
        return Ok(FOUND);
    }
    let services: Vec<String> = good.into_iter().map(|known| known.service).collect();
    if services.is_empty() {
        let what = "no service of the compose file runs a program of the project".to_owned();
        return Err(CommandFailure::Because { what, help: None });
    }
    let Some(project) = compose.reading.project.clone() else { return Err(CommandFailure::Said) };
    let mut emission = match emission(command, &compose, &project, &services)? {
        Ok(emission) => emission,
        Err(refusals) => {
            for why in &refusals {
                terminal::error(global, why, None);
            }
            return Ok(FOUND);
        }
    };
    let left_out = bad.iter().map(|known| &known.service);
    emission.notes.extend(left_out.map(|service| {
        format!("`{service}` is left out, as it cannot be replaced without loss: `dockopt deploy check` says why")
    }));
    let show = EmissionShow { write: command.write, check: command.check, explain: false };
    let folder = folder_as_named(command, Path::new(&project.folder));
    let count = show.run(global, folder, &mut emission, &audit.into_mask())?;
    Ok(if command.check && count > 0 { FOUND } else { CLEAN })
}

/// The services of a file with what speaks against them, but for what the files answer: the script takes the place of the
/// author's.
fn replacements(inputs: &Inputs, compose: &ComposeInput, report: &Report) -> Vec<ServiceReplacement> {
    let is_of_file = |known: &ServiceReplacement| known.file == inputs.source(compose.file).name();
    let is_of_script =
        |finding: &Finding| inputs.workflows.iter().any(|input| input.parts.contains(&Some(finding.file)));
    let is_open = |finding: &Finding| !ANSWERED.contains(&finding.rule) && !is_of_script(finding);
    let mut replacements = audit::service_replacements(inputs, report);
    replacements.retain(is_of_file);
    for replacement in &mut replacements {
        replacement.findings.retain(|index| is_open(&report.findings[*index]));
        replacement.migration_steps.clear();
    }
    replacements
}

/// The files, or why a service cannot be replaced this way.
fn emission(
    command: &DeployEmit,
    compose: &ComposeInput,
    project: &ComposeProject,
    services: &[String],
) -> Result<Result<Emission, Vec<String>>, CommandFailure> {
    let strategy = match command.strategy {
        DeployStrategy::Rolling => DeploymentStrategy::Rolling,
        DeployStrategy::BlueGreen => DeploymentStrategy::BlueGreen,
        DeployStrategy::Canary => DeploymentStrategy::Canary,
    };
    Ok(haproxy_deployment(&DeploymentInput {
        compose,
        project,
        services,
        strategy,
        folder: &command.to,
        author_files: &author_files(compose, &project.folder),
        existing: &existing(Path::new(&project.folder), &command.to, services)?,
    }))
}

/// The folder as the user named it, so that messages do.
fn folder_as_named<'f>(command: &'f DeployEmit, folder: &'f Path) -> &'f Path {
    let is_same = command.path.canonicalize().ok() == folder.canonicalize().ok();
    if is_same { &command.path } else { folder }
}

/// The folder of the script stands in a shell and in YAML.
fn check_folder(folder: &str) -> Result<(), CommandFailure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    let parts = || folder.split('/');
    if folder.chars().all(is_plain) && parts().all(|part| !part.is_empty() && part != "." && part != "..") {
        return Ok(());
    }
    Err(CommandFailure::Because {
        what: format!("`--to {folder}` is no folder below the project's"),
        help: Some("write a relative path of letters, digits, `-`, `_` and `.`".to_owned()),
    })
}

/// The compose file of the folder, read without what an earlier run wrote on top; so it is in the inputs then.
fn read_main_file(command: &DeployEmit, inputs: &mut Inputs) -> Result<ComposeInput, CommandFailure> {
    let current = crate::load::current_folder();
    let Some(at) = main_file(inputs, &command.path) else {
        return Err(CommandFailure::Because {
            what: format!("no compose file found in `{}`", command.path.display()),
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

/// The files of the author, as seen from the project's folder.
fn author_files(compose: &ComposeInput, folder: &str) -> Vec<String> {
    let paths = compose.request.paths();
    paths.iter().map(|file| path::relative(file, folder).unwrap_or(file).to_owned()).collect()
}

/// The texts of files that may be there.
fn existing(folder: &Path, to: &str, services: &[String]) -> Result<BTreeMap<String, String>, CommandFailure> {
    let mut names: Vec<String> = OVERRIDE_FILES.iter().map(|name| (*name).to_owned()).collect();
    names.extend(["deploy.sh", "edge/servers", "edge/haproxy.cfg"].map(|name| format!("{to}/{name}")));
    names.extend(services.iter().map(|service| format!("{to}/{service}.yaml")));
    let mut texts = BTreeMap::new();
    for name in names {
        let Ok(bytes) = read_bytes(&folder.join(&name), DOCKERFILE_LIMIT) else { continue };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let is_script = name.ends_with("deploy.sh") || name.contains("/edge/");
        if is_script && !text.contains("Written by dockopt") {
            return Err(CommandFailure::Because {
                what: format!("`{name}` is there and was not written by dockopt"),
                help: Some("name another folder with `--to`".to_owned()),
            });
        }
        texts.insert(name, text);
    }
    Ok(texts)
}
