//! A rule about pipelines that install other versions than the lock file has.

use super::checked_out::RepositorySteps;
use crate::data::{self, Row};
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::shell::Word;
use crate::text::path;
use crate::workflow::{Job, PipelineKind, Step, StepCommand};

crate::rules::family! {
    of_workflow
    "install-changes-lock" => install_changes_lock;
}

/// Installs of one job that are looked at.
const INSTALLS: usize = 50;

/// An install that resolves versions again where the lock file does not match, and tests those.
fn install_changes_lock(cx: &WorkflowContext, out: &mut Findings) {
    if !matches!(cx.workflow().kind, PipelineKind::Github | PipelineKind::Gitlab) {
        return;
    }
    let mut steps = RepositorySteps::new(cx);
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        let mut left = INSTALLS;
        for (at, step) in job.steps.iter().enumerate() {
            let Some(script) = &step.script else { continue };
            for command in StepCommand::all(step) {
                let Some(row) = row_of(&command) else { continue };
                if left == 0 || is_set(job, step, row) {
                    continue;
                }
                left -= 1;
                let &[program, verb, lock, _, _, instead, ..] = row else { continue };
                let mut is_there = || {
                    let file = command.path(lock);
                    steps.has(number, at) && file.is_some_and(|file| cx.repository().has(&file))
                };
                if !names_lock(job, lock) && !is_there() {
                    continue;
                }
                let message = format!(
                    "`{program} {verb}` writes `{lock}` again where it does not match: what is tested is not what the file lists"
                );
                let Some(finding) = cx.finding(script.text.place_of(command.invocation.span), message) else {
                    continue;
                };
                out.push(finding.help(format!("write `{instead}`, which fails there")));
            }
        }
    }
}

/// The row of an install that names no package and has no option which keeps the lock file.
fn row_of(command: &StepCommand) -> Option<Row> {
    let invocation = &command.invocation;
    let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();
    let row = data::LOCK_INSTALLS.rows().find(|row| invocation.is(row[0]) && words.first() == Some(&row[1]))?;
    let is_kept = |word: &&str| row[3].split(',').any(|option| option == word.split('=').next().unwrap_or(word));
    // What stands behind an option may be its value: then it is no package.
    let names_package = words.get(1).is_some_and(|word| !word.starts_with('-'));
    (!names_package && !words.iter().any(is_kept) && invocation.command.assignments.is_empty()).then_some(row)
}

/// Whether a variable, or a command for the settings of the program, says that the lock file stays.
fn is_set(job: &Job, step: &Step, row: Row) -> bool {
    let names = || job.variables.iter().chain(&step.variables).map(|(name, _)| name);
    let is_of_row = |name: &String| row[4].split(',').any(|start| start != "-" && name.starts_with(start));
    let settings = format!("{} config", row[0]);
    let mut scripts = job.steps.iter().filter_map(|step| step.script.as_ref());
    names().any(is_of_row) || scripts.any(|script| script.text.text.contains(&settings))
}

/// Whether a step of the job names the lock file, as the key of a cache does.
fn names_lock(job: &Job, lock: &str) -> bool {
    let inputs = job.steps.iter().filter(|step| step.action.is_some()).flat_map(|step| &step.inputs);
    let is_named = |text: &str| text.split(['\'', '"', ' ', ',', '\n', ')', '(']).any(|word| path::name(word) == lock);
    inputs.into_iter().any(|input| is_named(&input.value.text))
}
