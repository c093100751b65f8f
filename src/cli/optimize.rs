//! `dockopt optimize`.

mod skips;
mod verify;

use std::path::Path;

use rayon::prelude::*;

use super::args::{Global, Optimize};
use super::exit::{CLEAN, FAILED, FOUND};
use super::output::{CommandFailure, complain, describe_contexts, medium, print, print_page};
use super::{changes, progress, terminal};
use crate::audit::{InputAudit, Report};
use crate::finding::Mask;
use crate::fix::FixOutcome;
use crate::inputs::{Inputs, Need, Needs};
use crate::load::{EvidenceReader, build_log_name, read_build_log};
use crate::optimize::{Optimizer, Options, plan, unwritable};
use crate::report::{self, Format, Layout, Medium, Rewrite, RewriteHistory};
use crate::rules::Policies;
use crate::settings::CommandLinePolicy;

/// What was asked for in place of a file.
const STDIN: &str = "-";

pub(super) fn run(global: &Global, command: &Optimize) -> Result<u8, CommandFailure> {
    if command.path == Path::new(STDIN) {
        let what = "cannot optimize standard input: it has no build context".to_owned();
        return Err(CommandFailure::Because { what, help: Some("pass a folder: `dockopt optimize .`".to_owned()) });
    }
    let options = options(command)?;
    let mut inputs = gather(command)?;
    skips::check(&mut inputs);
    let inputs = inputs;
    let failed = complain(global, &inputs);
    describe_contexts(&inputs);
    if inputs.unsettled || (failed && command.proving.verify) {
        return Ok(FAILED);
    }
    let options = skips::options(&inputs, &options);
    if command.proving.verify {
        return verify::run(global, command, &inputs, &options);
    }
    progress::doing("working out the rewrite");
    let mut rewrites = rewrites(&inputs, &options);
    let has_plan = command.plan || medium(global) != Medium::Terminal;
    if has_plan && !command.no_history {
        add_histories(&inputs, &mut rewrites, command.log.as_deref())?;
    }
    let mut outcome = changes::merged(rewrites.iter().flat_map(|rewrite| rewrite.optimized.changes()), &inputs);
    if command.write {
        changes::write_all(&outcome.changes)?;
    } else if let Some(folder) = &command.to {
        changes::write_below(folder, &command.path, &outcome.changes)?;
    }
    let policies = Policies::read(&inputs, &CommandLinePolicy::default()).0;
    let audit = InputAudit::new(&inputs);
    let report = audit.problems(&policies);
    show(global, command, (&audit, &report), &rewrites, &mut outcome)?;
    let refused = report.problems.iter().any(|problem| problem.error);
    Ok(match (failed, refused || (command.check && !outcome.changes.is_empty())) {
        (true, _) => FAILED,
        (false, true) => FOUND,
        (false, false) => CLEAN,
    })
}

/// What a rewrite looks at.
pub(super) fn needs() -> Needs {
    [Need::ContextNames, Need::ContextBytes, Need::ContextTexts, Need::Projects].into_iter().collect()
}

/// The options of each build where the command line has none.
pub(super) fn default_options(inputs: &Inputs) -> Vec<Options> {
    skips::options(inputs, &Options::new(&crate::rules::AllRules))
}

/// The builds under the path, with all that a rewrite looks at.
fn gather(command: &Optimize) -> Result<Inputs, CommandFailure> {
    let mut request = command.build.request(command.path.clone(), None);
    request.needs = needs();
    request.configuration = command.config.configuration();
    request.exclude.clone_from(&command.exclude.exclude);
    Ok(crate::load::gather(&request)?)
}

/// Each build as far as the options allow.
fn rewrites(inputs: &Inputs, options: &[Options]) -> Vec<Rewrite> {
    let (reader, optimizer) = (EvidenceReader::new(inputs), Optimizer::new(inputs));
    let rewrite_of = |index: usize| {
        let build = &inputs.builds[index];
        let evidence = reader.evidence(index);
        Rewrite {
            dockerfile: inputs.source(build.dockerfile).name().to_owned(),
            plan: plan(inputs, index, &evidence),
            refused: unwritable(build),
            optimized: optimizer.optimize(index, &evidence, &options[index]),
            history: None,
        }
    };
    // Of a single one, the parts are done in parallel.
    if inputs.builds.len() == 1 {
        return vec![rewrite_of(0)];
    }
    (0..inputs.builds.len()).into_par_iter().map(rewrite_of).collect()
}

/// Adds what the levels save by git history, in seconds where a log has them.
fn add_histories(inputs: &Inputs, rewrites: &mut [Rewrite], log: Option<&Path>) -> Result<(), CommandFailure> {
    let timed = log.map(read_build_log).transpose()?;
    super::cache::history::add_rewrite_histories(inputs, rewrites, timed.as_ref());
    let has_seconds = |rewrite: &Rewrite| rewrite.history.as_ref().is_some_and(RewriteHistory::has_seconds);
    if let Some(log) = log
        && !rewrites.iter().any(has_seconds)
    {
        terminal::note(&format!(
            "`{}` gives no seconds: it has no time of a step that both the Dockerfile and the rewrite run, or there is no git \
             history",
            build_log_name(log)
        ));
    }
    Ok(())
}

fn show(
    global: &Global,
    command: &Optimize,
    (audit, report): (&InputAudit, &Report),
    rewrites: &[Rewrite],
    outcome: &mut FixOutcome,
) -> Result<(), CommandFailure> {
    let mask = audit.mask();
    let written = command.write || command.to.is_some();
    if global.format == Format::Json {
        return print(global, &report::optimize_json(report, rewrites, &outcome.changes, command.level, mask, written));
    }
    terminal::note(&report::problems(report, Layout::PLAIN));
    let plan = || report::plan(rewrites, command.level, mask, global.verbose);
    if global.format != Format::Text {
        let changes = &changes::with_names_here(outcome).changes;
        return print_page(global, &report::rewrite(plan(), rewrites, changes, mask, written));
    }
    if command.plan {
        return print_page(global, &plan());
    }
    if !written && (!command.check || command.diff) {
        print(global, &changes::diff(global, outcome, mask))?;
        changes::warn_of_diff(outcome, mask);
    }
    terminal::note(&summary(audit.inputs(), rewrites, outcome, mask, written));
    Ok(())
}

fn summary(inputs: &Inputs, rewrites: &[Rewrite], outcome: &FixOutcome, mask: &Mask, written: bool) -> String {
    if rewrites.is_empty() && !inputs.problems.iter().any(|problem| problem.fatal) {
        return "no Dockerfile found".to_owned();
    }
    report::rewrite_summary(rewrites, outcome.changes.len(), mask, written)
}

fn options(command: &Optimize) -> Result<Options, CommandFailure> {
    for name in command.only.iter().chain(&command.skip) {
        if let Some(help) = skips::unknown(name) {
            return Err(CommandFailure::Because { what: format!("unknown pass `{name}`"), help: Some(help) });
        }
    }
    Ok(Options {
        level: command.level,
        only: command.only.iter().cloned().collect(),
        skip: command.skip.iter().cloned().collect(),
        server: command.server.clone(),
        ..Options::new(&crate::rules::AllRules)
    })
}
