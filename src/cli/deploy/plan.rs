//! `dockopt deploy plan`: gathers the facts, and prints the plan that follows from them.

mod images;
mod migrations;
mod records;
mod running;
mod sources;

use std::path::Path;

use self::images::{difference_facts, image_facts, pull_facts};
use self::migrations::migration_facts;
use self::records::earlier_deployments;
use self::running::{RunningProject, containers_in_service};
use self::sources::{commit_facts, variable_facts};
use super::emit::{author_files, check_folder, deployed_services, emission};
use super::project::{ReplaceableProject, ServiceSelection};

use crate::analysis::{AnalysisOptions, Difference, ImageAnalysis};
use crate::build::Reference;
use crate::cli::args::{DeployPlan, DeployStrategy, DeployTool, Global, ImageLimits};
use crate::cli::exit::{CLEAN, FOUND};
use crate::cli::image::analyse_named;
use crate::cli::output::{CommandFailure, now, print, print_page};
use crate::cli::{progress, terminal};
use crate::engine::{Engine, EngineOptions};
use crate::finding::Mask;
use crate::load::read_source;
use crate::release::{
    DeploymentFacts, DeploymentTool, FACTS_SCHEMA, PLAN_SCHEMA, PlanAnswers, ReleasePlan, ScriptFacts, ServiceGroup,
    service_groups,
};
use crate::report::{self, Format};
use crate::text::{json_reason, listed};

/// Bytes of a document of facts that are read.
const LIMIT: u64 = 16 << 20;

pub(super) fn run(global: &Global, command: &DeployPlan) -> Result<u8, CommandFailure> {
    let facts = match &command.facts {
        Some(file) => with_answers(read_facts(file)?, command),
        None => match gather(global, command)? {
            Some(facts) => facts,
            None => return Ok(FOUND),
        },
    };
    let facts = hide_secrets(&facts)?;
    let plan = ReleasePlan::of(&facts);
    match global.format {
        Format::Json => print(global, &report::deploy_plan_json(&facts, &plan))?,
        _ => print_page(global, &report::deploy_plan(&facts, &plan))?,
    }
    Ok(if plan.is_blocked() { FOUND } else { CLEAN })
}

/// Facts that were gathered before: alone, or in a plan.
fn read_facts(file: &Path) -> Result<DeploymentFacts, CommandFailure> {
    let because = |what: String| CommandFailure::Because {
        what: format!("`{}` has no facts: {what}", file.display()),
        help: Some("write them with `dockopt deploy plan … --format json`".to_owned()),
    };
    let source = read_source(file, LIMIT)?;
    let json_failure = |error: serde_json::Error| because(json_reason(&error));
    let mut document: serde_json::Value = serde_json::from_str(source.text()).map_err(json_failure)?;
    if document["schema"] == PLAN_SCHEMA {
        document = document["facts"].take();
    }
    let facts: DeploymentFacts = serde_json::from_value(document).map_err(json_failure)?;
    match facts.schema.as_str() {
        FACTS_SCHEMA => Ok(facts),
        other => Err(because(format!("its schema is `{other}`, not `{FACTS_SCHEMA}`"))),
    }
}

/// Facts with what the command line says.
fn with_answers(mut facts: DeploymentFacts, command: &DeployPlan) -> DeploymentFacts {
    let answers = &command.answers;
    let add = |known: &mut Option<String>, answer: &Option<String>| {
        if answer.is_some() {
            known.clone_from(answer);
        }
    };
    add(&mut facts.begin, &answers.at);
    add(&mut facts.answers.backup, &answers.backup);
    add(&mut facts.answers.smoke, &answers.smoke);
    add(&mut facts.answers.notify, &answers.notify);
    add(&mut facts.answers.monitor, &answers.monitor);
    add(&mut facts.answers.approver, &answers.approver);
    facts.answers.has_passed |= answers.passed;
    if let Some(migrations) = &mut facts.migrations {
        add(&mut migrations.command, &answers.migrate);
    }
    facts
}

/// Facts without the secrets in their texts.
fn hide_secrets(facts: &DeploymentFacts) -> Result<DeploymentFacts, CommandFailure> {
    let because = |error: serde_json::Error| CommandFailure::Because { what: json_reason(&error), help: None };
    let text = serde_json::to_string(facts).map_err(because)?;
    let Some(masked) = Mask::json(&text) else { return Ok(facts.clone()) };
    terminal::note("note: secrets are masked: a command that has one is not to be run as it is shown");
    serde_json::from_str(&masked).map_err(because)
}

/// The facts; `None` where no service can be replaced, and the reasons are printed.
fn gather(global: &Global, command: &DeployPlan) -> Result<Option<DeploymentFacts>, CommandFailure> {
    check_folder(&command.folder)?;
    // A service of the image brings the others with it.
    let wanted = ServiceSelection { services: &[], needs_replaceable: true, is_quiet: false };
    let Some(mut known) = ReplaceableProject::read(global, &command.path, &wanted)? else { return Ok(None) };
    let to = command.to.as_deref().unwrap_or_default();
    let groups = match deployed_services(&known) {
        Ok(services) => service_groups(&known.compose, &known.project, &services),
        Err(refusals) => {
            for why in &refusals {
                terminal::error(global, why, None);
            }
            return Ok(None);
        }
    };
    let mut group = choose_group(groups, to, command.service.as_deref(), &known.project.name)?;
    progress::doing("asking the engine");
    let engine = Engine::connect(&EngineOptions::of_process());
    let in_service = in_service(command, &known, &group);
    let running = engine.as_ref().ok();
    let running =
        running.map(|engine| RunningProject::read(engine, &known.project.name, &in_service, &mut group.services));
    let running = running.transpose()?;
    let mut mask = known.mask.clone();
    let from = image_in_service(command, running.as_ref());
    let from = from.map(|name| read_image(global, command, &name, &mut mask)).transpose()?;
    let new = read_image(global, command, to, &mut mask)?;
    let difference = from.as_ref().map(|(_, old)| Difference::new(old, &new.1, true));
    let images = (from.as_ref().map(|(_, image)| image), &new.1);
    let script = script_facts(command, &known)?;
    let mut facts = DeploymentFacts {
        schema: FACTS_SCHEMA.to_owned(),
        date: now()?.map(|date| date.to_string()).unwrap_or_default(),
        project: known.project.name.clone(),
        files: author_files(&known.compose, &known.project.folder),
        tool: match command.tool {
            DeployTool::Haproxy => DeploymentTool::Haproxy,
            DeployTool::Swarm => DeploymentTool::Swarm,
        },
        strategy: super::emit::strategy(command.strategy).name().to_owned(),
        left_out: known.notes("is not deployed"),
        script,
        from: from.as_ref().map(|(name, image)| image_facts(name, image)),
        to: Some(image_facts(&new.0, &new.1)),
        difference: difference.as_ref().map(difference_facts),
        pull: engine.as_ref().ok().and_then(|engine| pull_facts(engine, to, &new.1)),
        earlier: earlier_deployments(command, &known, &group)?,
        is_deploying: running.as_ref().map(|running| running.is_deploying),
        unwell: running.map(|running| running.unwell).unwrap_or_default(),
        answers: PlanAnswers::default(),
        ..DeploymentFacts::default()
    };
    facts.engine = engine.as_ref().ok().map(|engine| engine.endpoint().to_owned());
    facts.commits = commit_facts(&command.path, &facts);
    facts.variables = variable_facts(command, &known, &group, &facts);
    facts.pipelines = pipelines(&known);
    facts.migrations = migration_facts(command, &mut known, &group, &facts, images)?;
    complete_checks(&mut group, &new.1);
    facts.services = group.services;
    Ok(Some(with_answers(facts, command)))
}

/// The services that run an image: those whose image has its name, or the one that is asked for.
fn choose_group(
    groups: Vec<ServiceGroup>,
    to: &str,
    service: Option<&str>,
    project: &str,
) -> Result<ServiceGroup, CommandFailure> {
    let names = |group: &ServiceGroup| group.services.iter().map(|service| service.name.clone()).collect::<Vec<_>>();
    let all: Vec<String> = groups.iter().map(|group| names(group).join(" and ")).collect();
    let count = groups.len();
    let has_service =
        |group: &ServiceGroup| service.is_some_and(|service| names(group).iter().any(|name| name == service));
    let has_image = |group: &ServiceGroup| {
        let built = group.services.first().map(|service| format!("{project}-{}", service.name));
        let image = group.image.clone().or(built);
        service.is_none() && image.is_some_and(|image| Reference::of(&image).name == Reference::of(to).name)
    };
    let mut groups = groups;
    let at = groups.iter().position(|group| has_service(group) || has_image(group));
    match at {
        Some(at) => Ok(groups.swap_remove(at)),
        None if service.is_none() && count == 1 => Ok(groups.swap_remove(0)),
        None => {
            let all: Vec<&str> = all.iter().map(String::as_str).collect();
            let what = match service {
                Some(service) => {
                    format!("`{service}` is not among the services that can be replaced: {}", listed(&all))
                }
                None => format!("which services run `{to}` is not known: {}", listed(&all)),
            };
            Err(CommandFailure::Because { what, help: Some("name one of them with `--service`".to_owned()) })
        }
    }
}

/// The image that is in service by name; `None` where it is to be asked of an engine that has none.
fn image_in_service(command: &DeployPlan, running: Option<&RunningProject>) -> Option<String> {
    match command.from.as_str() {
        "running" => running.and_then(|running| running.image.clone()),
        name => Some(name.to_owned()),
    }
}

/// The containers that get requests, as the script wrote them down; none before its first run.
fn in_service(command: &DeployPlan, known: &ReplaceableProject, group: &ServiceGroup) -> Vec<String> {
    let first = group.services.first().map(|service| service.name.as_str()).unwrap_or_default();
    let file = Path::new(&known.project.folder).join(&command.folder).join(format!("{first}.yaml"));
    read_source(&file, LIMIT).map(|source| containers_in_service(source.text())).unwrap_or_default()
}

/// An image with its name.
fn read_image(
    global: &Global,
    command: &DeployPlan,
    name: &str,
    mask: &mut Mask,
) -> Result<(String, ImageAnalysis), CommandFailure> {
    let options = AnalysisOptions { no_duplicates: true, ..AnalysisOptions::default() };
    let (image, notices) = analyse_named(global, (&command.choice, &ImageLimits::default()), name, &options, mask)?;
    for notice in &notices {
        terminal::note(notice);
    }
    Ok((name.to_owned(), image))
}

/// What `deploy emit` wrote: whether it is there, and as it would be written now.
fn script_facts(command: &DeployPlan, known: &ReplaceableProject) -> Result<Option<ScriptFacts>, CommandFailure> {
    let name = match command.tool {
        DeployTool::Haproxy => "deploy.sh",
        DeployTool::Swarm => "stack.yaml",
    };
    let path = format!("{}/{name}", command.folder);
    if !Path::new(&known.project.folder).join(&path).is_file() {
        return Ok(None);
    }
    let mut is_current = false;
    // Which strategy is the script's own is of no matter: the plan names one.
    for strategy in [DeployStrategy::Rolling, DeployStrategy::BlueGreen, DeployStrategy::Canary] {
        let emission = emission((command.tool, strategy), &command.folder, known)?;
        is_current |= emission.is_ok_and(|emission| emission.files.is_empty());
    }
    Ok(Some(ScriptFacts { path, is_current }))
}

/// The pipelines of the repository, as they are read for `deploy check`.
fn pipelines(known: &ReplaceableProject) -> Vec<String> {
    let inputs = known.inputs.workflows.iter();
    let names = inputs.map(|input| known.inputs.source(input.file).name().to_owned());
    let mut names: Vec<String> = names.filter(|name| crate::text::path::is_yaml(name)).collect();
    names.sort();
    names.dedup();
    names
}

/// Where the image has the check, its command is there.
fn complete_checks(group: &mut ServiceGroup, image: &ImageAnalysis) {
    let words = image.image.config.healthcheck.as_deref().unwrap_or_default();
    let command = match words {
        [first, rest @ ..] if first == "CMD" || first == "CMD-SHELL" => Some(rest.join(" ")),
        _ => None,
    };
    for service in &mut group.services {
        if let Some(check) = &mut service.check
            && check.command.is_none()
        {
            check.command.clone_from(&command);
        }
        if let Some(check) = &mut service.check {
            check.passes_always = check.command.as_deref().is_some_and(crate::rules::check_never_fails);
        }
    }
}
