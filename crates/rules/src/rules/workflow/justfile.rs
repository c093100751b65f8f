//! Rules about recipes of justfiles and makefiles: what they leave out, and what they destroy.

use super::deploy::{deploying_jobs, has_word};
use crate::data;
use crate::finding::{Finding, Findings};
use crate::rules::WorkflowContext;
use crate::workflow::{ComposeCall, Job, PipelineKind, StepCommand, WorkflowText};

crate::rules::family! {
    of_workflow
    "default-recipe-deploys" => default_recipe_deploys;
    "recipe-parameter-unused" => recipe_parameter_unused;
    "recipe-removes-volumes" => recipe_removes_volumes;
}

/// Meaning in `data/source_patterns.tsv`.
const DEPLOYMENT: &str = "word of a deployment";

/// A parameter that the recipe takes and does not use.
fn recipe_parameter_unused(cx: &WorkflowContext, out: &mut Findings) {
    if cx.workflow().kind != PipelineKind::Just {
        return;
    }
    for job in &cx.workflow().jobs {
        let parameters = job.recipe.iter().flat_map(|recipe| &recipe.parameters);
        for parameter in parameters.filter(|parameter| !parameter.is_used && !parameter.name.starts_with('_')) {
            let message = format!("the recipe `{}` does not use its parameter `{}`", job.id, parameter.name);
            let Some(finding) = cx.finding(parameter.place, message) else { continue };
            out.push(
                finding.help(format!(
                    "write `{{{{{}}}}}` where its value is meant, or remove the parameter",
                    parameter.name
                )),
            );
        }
    }
}

/// What `just` and `make` run where no recipe is named.
fn default_recipe_deploys(cx: &WorkflowContext, out: &mut Findings) {
    let program = match cx.workflow().kind {
        PipelineKind::Just => "just",
        PipelineKind::Make => "make",
        _ => return,
    };
    let Some((number, job)) = cx.workflow().jobs.iter().enumerate().min_by_key(|(_, job)| job.place) else { return };
    let attributes =
        || cx.workflow().jobs.iter().filter_map(|job| job.recipe.as_ref()).flat_map(|known| &known.attributes);
    let is_asked = job.recipe.as_ref().is_some_and(|recipe| recipe.attributes.iter().any(|name| name == "confirm"));
    let needs_words = job.recipe.as_ref().is_some_and(|recipe| !recipe.parameters.is_empty());
    let is_chosen = cx.source().text().contains(".DEFAULT_GOAL") || attributes().any(|name| name == "default");
    let is_remote = cx.input.remote_scripts.iter().any(|remote| remote.job == number);
    if is_asked || needs_words || is_chosen || !is_first_target(cx, job) || !deploying_jobs(cx)[number] {
        return;
    }
    if !is_remote && !has_word(&job.id, DEPLOYMENT) {
        return;
    }
    let message = format!("a bare `{program}` deploys: the first recipe is `{}`", job.id);
    let Some(finding) = cx.finding(job.place, message) else { return };
    out.push(finding.help(if program == "just" {
        "begin the file with `default:` and `@just --list` below it"
    } else {
        "begin the file with a target that prints the others, or write `.DEFAULT_GOAL := help`"
    }));
}

/// Whether no other target, and no other file, comes before a recipe.
fn is_first_target(cx: &WorkflowContext, job: &Job) -> bool {
    let before = cx.source().text().get(..job.place.span.start as usize).unwrap_or_default();
    let opens = |line: &str| {
        let is_rule = line.split_once(':').is_some_and(|(_, rest)| !rest.starts_with(['=', ':']));
        let is_special = line.starts_with(['.', '#', ' ', '\t', '[']) || line.contains('=');
        let names_file = ["include", "-include", "import", "mod"].contains(&line.split(' ').next().unwrap_or_default());
        names_file || is_rule && !is_special
    };
    job.place.file == 0 && !before.lines().any(opens)
}

/// `down -v` in a recipe that does not say so.
fn recipe_removes_volumes(cx: &WorkflowContext, out: &mut Findings) {
    if !is_recipe(cx) {
        return;
    }
    for call in cx.input.compose_calls.iter().filter(|call| call.command == "down") {
        let removed = call.options.iter().find(|(name, _)| matches!(&**name, "-v" | "--volumes"));
        let Some(&(_, place)) = removed else { continue };
        let Some(job) = cx.workflow().jobs.get(call.job) else { continue };
        if says_so(cx, job, call) || has_no_volumes(cx, call) {
            continue;
        }
        let message =
            format!("the recipe `{}` removes the volumes with all data, and its name does not say so", job.id);
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help("remove `-v` here, and write a recipe such as `reset` that has it, with a comment"));
    }
}

/// Whether the compose files of a call are known, and none of them names a volume.
fn has_no_volumes(cx: &WorkflowContext, call: &ComposeCall) -> bool {
    let repository = cx.repository();
    let files: Option<Vec<String>> = if call.files.is_empty() {
        let folder = call.folder.as_deref();
        folder.map(|folder| repository.composes_of(folder).into_iter().map(str::to_owned).collect())
    } else {
        call.files.iter().map(|(_, path)| path.clone()).collect()
    };
    let texts = |files: &Vec<String>| files.iter().map(|file| repository.texts.get(file)).collect::<Option<Vec<_>>>();
    let Some(texts) = files.as_ref().and_then(texts).filter(|texts| !texts.is_empty()) else { return false };
    texts
        .iter()
        .all(|source| !source.text().lines().any(|line| line.starts_with("volumes:") || line.starts_with("include:")))
}

fn is_recipe(cx: &WorkflowContext) -> bool {
    matches!(cx.workflow().kind, PipelineKind::Just | PipelineKind::Make)
}

/// Whether a recipe says that data goes, or works with data that it made itself.
fn says_so(cx: &WorkflowContext, job: &Job, call: &ComposeCall) -> bool {
    let has_word = |text: &str| {
        let text = text.to_ascii_lowercase();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric());
        words.into_iter().any(|word| data::RESET_WORDS.keys().any(|known| word.starts_with(known)))
    };
    let recipe = job.recipe.as_ref();
    let is_confirmed = recipe.is_some_and(|recipe| recipe.attributes.iter().any(|name| name == "confirm"));
    let comment = recipe.map_or("", |recipe| recipe.comment.as_str());
    let starts = |other: &&ComposeCall| matches!(&*other.command, "up" | "run" | "start" | "create");
    let calls = cx.input.compose_calls.iter().filter(|other| other.job == call.job);
    let is_own = calls.into_iter().filter(starts).any(|other| other.place.span.start < call.place.span.start);
    let messages = job.steps.iter().flat_map(|step| {
        StepCommand::all(step)
            .into_iter()
            .filter(|command| matches!(command.invocation.program, Some("echo" | "printf")))
    });
    is_confirmed
        || is_own
        || has_word(&job.id)
        || has_word(comment)
        || call.files.iter().any(|(file, _)| has_word(&file.text))
        || messages.into_iter().any(|message| message.invocation.args.iter().any(|word| has_word(word.text())))
}

/// Whether a text is one name, which no run changes.
pub(super) fn is_name(text: &WorkflowText) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !text.text.is_empty() && text.text.bytes().all(is_part)
}

/// The finding with a help that names what there is.
pub(super) fn with_names(finding: Finding, what: &str, names: &[&str]) -> Finding {
    if names.is_empty() {
        return finding;
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    finding.help(format!("{what} {}", names.join(", ")))
}
