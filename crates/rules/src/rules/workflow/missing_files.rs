//! A rule about compose files and scripts that the repository does not have.

use super::checked_out::{RepositorySteps, calls_of_compose, may_be_written, may_bring_files};
use super::justfile::with_names;
use crate::finding::{Finding, Findings, Severity};
use crate::rules::WorkflowContext;
use crate::text::path;
use crate::workflow::{Job, StepCommand, WorkflowText};

crate::rules::family! {
    of_workflow
    "recipe-file-missing" => recipe_file_missing;
}

/// A compose file or script that the repository does not have.
fn recipe_file_missing(cx: &WorkflowContext, out: &mut Findings) {
    if !cx.repository().is_complete {
        return;
    }
    missing_composes(cx, out);
    let mut steps = RepositorySteps::new(cx);
    for (number, job) in cx.workflow().jobs.iter().enumerate() {
        for (at, step) in job.steps.iter().enumerate() {
            let Some(script) = &step.script else { continue };
            for command in StepCommand::all(step) {
                let Some((word, path)) = command.script_word().zip(command.script()) else { continue };
                if !lacks(cx, &path) || !steps.has(number, at) || comes_later(cx, job, at, &path) {
                    continue;
                }
                let message = format!("`{}` is no file of the repository", word.text());
                let Some(finding) = cx.finding(script.text.place_of(word.span), message) else { continue };
                let same = cx.repository().files.iter().filter(|file| path::name(file) == path::name(&path));
                let same: Vec<&str> = same.map(String::as_str).take(3).collect();
                out.push(with_names(finding, "files of this name are", &same));
            }
        }
    }
}

/// Whether something may make a script before it runs. What lies in folders of its own kind may be installed or fetched.
fn comes_later(cx: &WorkflowContext, job: &Job, step: usize, path: &str) -> bool {
    let is_pipeline = cx.workflow().kind.is_pipeline();
    !cx.repository().has_folder(path::parent(path))
        || may_be_written(cx, job, path::name(path))
        || is_pipeline && may_bring_files(job, step)
}

/// Compose files that `-f` names.
fn missing_composes(cx: &WorkflowContext, out: &mut Findings) {
    for (known, is_placed) in calls_of_compose(cx) {
        let Some(job) = cx.workflow().jobs.get(known.call.job) else { continue };
        for (file, path) in &known.call.files {
            let placed = if is_placed { path.as_deref() } else { None };
            match placed {
                Some(path) if lacks(cx, path) && !may_be_written(cx, job, path::name(path)) => {
                    let message = format!("`{}` is no file of the repository", file.text);
                    let Some(finding) = cx.finding(file.place, message) else { continue };
                    let others = cx.repository().composes_of(path::parent(path));
                    out.push(with_names(finding, "the compose files there are", &others));
                }
                Some(_) => {}
                None => missing_name(cx, job, file).into_iter().for_each(|finding| out.push(finding)),
            }
        }
    }
}

/// A finding about a file of a folder that is not known: no file of the repository has its name, or one that only a variable
/// tells from it.
fn missing_name(cx: &WorkflowContext, job: &Job, file: &WorkflowText) -> Option<Finding> {
    if file.text.starts_with(['/', '~', '$', '{']) || file.text.contains("://") {
        return None;
    }
    let name = path::name(&file.text);
    let (start, end) = match name.find(['$', '{']) {
        Some(at) => (&name[..at], name.rsplit(['}', '$']).next()?.trim_start_matches(is_name_part)),
        None => (name, ""),
    };
    let is_open = name.contains(['$', '{']);
    let is_it = |file: &&String| {
        let known = path::name(file);
        if is_open { known.starts_with(start) && known.ends_with(end) } else { known == name }
    };
    // Without the beginning of a name any file may be meant.
    let is_told = start.contains("compose") && (!is_open || path::is_yaml(end));
    if !is_told || cx.repository().files.iter().any(|file| is_it(&file)) || is_ignored(cx, start) {
        return None;
    }
    if may_be_written(cx, job, start) {
        return None;
    }
    let message = if is_open {
        format!("the repository has no file `{start}…{end}`, whatever the variable in `{name}` holds")
    } else {
        format!("the repository has no file `{name}`")
    };
    let finding = cx.finding(file.place, message)?.lowered(Severity::Warning);
    let composes = cx.repository().composes(3).unwrap_or_default();
    let names: Vec<&str> = composes.iter().map(String::as_str).collect();
    Some(with_names(finding, "the compose files there are", &names))
}

fn is_name_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a file is not there, by the listing and by a look at it.
fn lacks(cx: &WorkflowContext, path: &str) -> bool {
    let repository = cx.repository();
    let is_known = repository.has(path) || repository.texts.contains_key(path);
    let name = path::name(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    // What git ignores is there for some people only.
    let ignored = repository.texts.get(".gitignore").map_or("", |source| source.text());
    !is_known && !ignored.lines().any(|line| line.contains(name) || line.contains(stem) && line.contains('*'))
}

/// Whether git ignores files whose names begin so.
fn is_ignored(cx: &WorkflowContext, start: &str) -> bool {
    let ignored = cx.repository().texts.get(".gitignore").map_or("", |source| source.text());
    ignored.lines().any(|line| line.contains(start.trim_end_matches(['.', '-', '_'])))
}
