//! `dockopt compose`.

mod emit;
mod recipes;
mod verify;

pub(super) use self::emit::{EmissionShow, main_file};

use super::args::{ComposeCheck, ComposeCommand, ComposeGraph, Global, GraphStyleArgument};
use super::exit;
use super::exit::{CLEAN, FAILED, FOUND};
use super::fix::{self, FixScope};
use super::output::{CommandFailure, base, complain, line, policies, print, print_page, today, write_run};
use super::{baseline, progress, terminal, version};
use crate::audit::InputAudit;
use crate::load::GatherRequest;
use crate::report::{self, Format, GraphLanguage, ReportRun};
use crate::rules::AllRules;
use crate::stack::{Stack, StartGraph, lone_start_interval};

pub(super) fn run(global: &Global, command: ComposeCommand) -> Result<u8, CommandFailure> {
    match command {
        ComposeCommand::Check(command) => check(global, command),
        ComposeCommand::Fix(command) => fix::run(global, &command.into_fix(), FixScope::Composes),
        ComposeCommand::Graph(command) => graph(global, command),
        ComposeCommand::Emit(command) => emit::run(global, &command),
        ComposeCommand::Verify(command) => verify::run(global, &command),
        ComposeCommand::Env(command) => super::compose_env::run(global, command),
    }
}

fn graph(global: &Global, command: ComposeGraph) -> Result<u8, CommandFailure> {
    let (paths, compose) = command.project.into_options();
    let inputs = crate::load::gather_composes(&paths, &GatherRequest { compose, ..GatherRequest::new(&AllRules) })?;
    let failed = complain(global, &inputs);
    let left_out = inputs.problems.iter().filter(|problem| !problem.fatal);
    left_out.for_each(|problem| terminal::note(&format!("warning: {}", problem.message)));
    progress::doing("working out the start order");
    let (mut graphs, mut is_refused) = (Vec::new(), false);
    let mut drawn: Vec<Vec<String>> = Vec::new();
    for compose in &inputs.composes {
        // An override and the file below it are one project.
        if drawn.contains(&compose.request.paths()) {
            continue;
        }
        drawn.push(compose.request.paths());
        let name = inputs.source(compose.file).name();
        for problem in compose.reading.problems.iter().filter(|problem| problem.is_error) {
            is_refused = true;
            let place = problem.place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
            let message = format!("{}{place}: {}", problem.file, problem.message);
            terminal::error(global, &message, problem.help.as_deref());
        }
        let Some(project) = &compose.reading.project else { continue };
        let stack = Stack::new(project, &compose.dockerfiles);
        for service in stack.services.iter().filter(|service| lone_start_interval(service.value).is_some()) {
            is_refused = true;
            let message =
                format!("{name}: Compose refuses `{}`: `start_interval` without `start_period`", service.name);
            terminal::error(global, &message, Some("add `start_period` to its healthcheck"));
        }
        if stack.services.iter().any(|service| stack.waits_for(service, service.name, &[])) {
            terminal::note(&format!("{name}: there is no start order as long as services wait in a circle"));
            continue;
        }
        graphs.push((name.to_owned(), StartGraph::of(&stack, &compose.reading.inactive)));
    }
    if inputs.composes.is_empty() && !failed {
        terminal::note("no compose file found");
    }
    let source = |language: GraphLanguage| {
        let sources = graphs.iter().map(|(_, graph)| report::compose_graph_source(graph, language));
        sources.collect::<Vec<_>>().join("\n")
    };
    match (global.format, command.style) {
        (Format::Json, _) => print(global, &report::compose_graph_json(&graphs))?,
        (_, GraphStyleArgument::Levels) => print_page(global, &report::compose_graph(&graphs))?,
        (_, GraphStyleArgument::Mermaid) => print(global, &source(GraphLanguage::Mermaid))?,
        (_, GraphStyleArgument::Dot) => print(global, &source(GraphLanguage::Dot))?,
    }
    Ok(match (failed, is_refused) {
        (true, _) => FAILED,
        (false, true) => FOUND,
        (false, false) => CLEAN,
    })
}

fn check(global: &Global, command: ComposeCheck) -> Result<u8, CommandFailure> {
    let (paths, compose) = command.project.into_options();
    let line = line(&command.choice, Some(&command.threshold), false)?;
    let request = GatherRequest {
        configuration: command.config.configuration(),
        line: line.clone(),
        exclude: command.exclude.exclude.clone(),
        compose,
        today: today(&command.choice)?,
        ..GatherRequest::new(&AllRules)
    };
    let inputs = crate::load::gather_composes(&paths, &request)?;
    let policies = policies(global, &inputs, &line)?;
    let failed = complain(global, &inputs);
    if failed && inputs.sources.is_empty() && global.format == Format::Text {
        return Err(CommandFailure::Said);
    }
    if inputs.composes.is_empty() && !failed {
        terminal::note("no compose file found");
    }
    version::warn_of_old_data(request.today);
    progress::doing("checking");
    let mut report = InputAudit::new(&inputs).lint(&policies);
    baseline::apply(&command.known, "lint", &policies.rules(&inputs), &mut report)?;
    let code = command.threshold.code(exit::code(&report, failed));
    let run = ReportRun { command: "lint", report: &report, exit: code, base: &base() };
    write_run(global, &run, |medium| report::lint(&run, medium), || report::lint_json(&report))?;
    Ok(code)
}
