//! `dockopt compose env`.

use std::collections::BTreeSet;

use super::args::{ComposeEnv, Global};
use super::exit::{CLEAN, FAILED, FOUND};
use super::output::{CommandFailure, complain, print, print_page};
use super::{progress, terminal};
use crate::compose::project::CutValue;
use crate::inputs::{ComposeInput, Inputs};
use crate::load::GatherRequest;
use crate::report::{self, Format};
use crate::rules::AllRules;
use crate::variables;

pub(super) fn run(global: &Global, command: ComposeEnv) -> Result<u8, CommandFailure> {
    let (paths, compose) = command.project.into_options();
    let inputs = crate::load::gather_composes(&paths, &GatherRequest { compose, ..GatherRequest::new(&AllRules) })?;
    let failed = complain(global, &inputs);
    let left_out = inputs.problems.iter().filter(|problem| !problem.fatal);
    left_out.for_each(|problem| terminal::note(&format!("warning: {}", problem.message)));
    let composes = projects(&inputs);
    let mut is_refused = false;
    for compose in &composes {
        for problem in compose.reading.problems.iter().filter(|problem| problem.is_error) {
            is_refused = true;
            let place = problem.place.map(|place| format!(":{}:{}", place.line, place.column)).unwrap_or_default();
            let message = format!("{}{place}: {}", problem.file, problem.message);
            terminal::error(global, &message, problem.help.as_deref());
        }
    }
    let cut: BTreeSet<String> = composes.iter().flat_map(|compose| cut_values(compose)).collect();
    for value in &cut {
        terminal::note(&format!("warning: {value}"));
    }
    if inputs.composes.is_empty() && !failed {
        terminal::note("no compose file found");
    }
    progress::doing("looking for variables in the sources");
    let input = crate::load::variable_input(&paths, &inputs);
    let report = variables::survey(&input, &composes);
    let is_clean = report.findings.is_empty();
    match global.format {
        Format::Json => print(global, &report::compose_env_json(&report))?,
        Format::Text if composes.is_empty() || global.quiet && is_clean => print(global, "")?,
        _ => print_page(global, &report::compose_env(&report))?,
    }
    Ok(match (failed, is_refused || !is_clean || !cut.is_empty()) {
        (true, _) => FAILED,
        (false, true) => FOUND,
        (false, false) => CLEAN,
    })
}

/// The variables of environment files that lose a part of their value, and where.
fn cut_values(compose: &ComposeInput) -> Vec<String> {
    let Some(project) = &compose.reading.project else { return Vec::new() };
    let shown = |value: &CutValue| {
        let source = project.sources.get(value.place.file.0 as usize)?;
        let line = source.line(value.place.span.start);
        Some(format!(
            "{}:{line}: `{}` loses a part of its value: put it in single quotes, or write `$$` for each `$`",
            source.name(),
            value.name
        ))
    };
    project.cut_values.iter().filter_map(shown).collect()
}

/// The compose files; of an override and the file below it, which are one project, the first.
fn projects(inputs: &Inputs) -> Vec<&ComposeInput> {
    let mut projects: Vec<&ComposeInput> = Vec::new();
    for compose in &inputs.composes {
        if projects.iter().all(|known| known.request.paths() != compose.request.paths()) {
            projects.push(compose);
        }
    }
    projects
}
