//! Rules about recipes of justfiles and makefiles: what they name and is not there, and what they destroy.

use std::collections::{BTreeMap, BTreeSet};

use crate::data;
use crate::finding::{Finding, Findings};
use crate::rules::WorkflowContext;
use crate::text::{listed, path};
use crate::workflow::{ComposeCall, Job, PipelineKind, StepCommand, WorkflowText};
use crate::yaml::{self, YamlNode};

crate::rules::family! {
    of_workflow
    "recipe-file-missing" => recipe_file_missing;
    "recipe-parameter-unused" => recipe_parameter_unused;
    "recipe-removes-volumes" => recipe_removes_volumes;
    "recipe-service-missing" => recipe_service_missing;
}

/// The services of a project by their names, with their profiles.
type Services = BTreeMap<String, BTreeSet<String>>;

/// A compose file or script that the repository does not have.
fn recipe_file_missing(cx: &WorkflowContext, out: &mut Findings) {
    if !is_recipe(cx) || !cx.repository().is_complete {
        return;
    }
    for call in cx.input.compose_calls.iter() {
        for (file, path) in &call.files {
            let Some(path) = path.as_deref().filter(|path| is_missing(cx, path)) else { continue };
            let message = format!("`{}` is no file of the repository", file.text);
            let Some(finding) = cx.finding(file.place, message) else { continue };
            let others = cx.repository().composes_of(path::parent(path));
            out.push(with_names(finding, "the compose files there are", &others));
        }
    }
    for (_, step) in cx.steps() {
        let Some(script) = &step.script else { continue };
        for command in StepCommand::all(step) {
            let Some((word, path)) = command.script_word().zip(command.script()) else { continue };
            // What lies in folders of its own kind may be installed or fetched.
            if !is_missing(cx, &path) || !cx.repository().has_folder(path::parent(&path)) || is_named_again(cx, &path) {
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

/// A service or profile that no compose file of the project has.
fn recipe_service_missing(cx: &WorkflowContext, out: &mut Findings) {
    if !is_recipe(cx) || !cx.repository().is_complete {
        return;
    }
    let mut known: BTreeMap<Vec<String>, Option<Services>> = BTreeMap::new();
    for call in cx.input.compose_calls.iter() {
        let Some(files) = project_files(cx, call) else { continue };
        let services = known.entry(files.clone()).or_insert_with(|| services_of(cx, &files));
        let Some(services) = services else { continue };
        let file_names = listed(&files.iter().map(|file| path::name(file)).collect::<Vec<_>>());
        for service in call.services.iter().filter(|service| is_name(service)) {
            if services.contains_key(&service.text) {
                continue;
            }
            let message = format!("`{}` is no service of {file_names}", service.text);
            let Some(finding) = cx.finding(service.place, message) else { continue };
            let names: Vec<&str> = services.keys().map(String::as_str).take(12).collect();
            out.push(with_names(finding, "the services are", &names));
        }
        let profiles: BTreeSet<&str> = services.values().flatten().map(String::as_str).collect();
        for profile in call.profiles.iter().filter(|profile| is_name(profile)) {
            if profiles.contains(profile.text.as_str()) || profile.text == "*" {
                continue;
            }
            let message = format!("no service of {file_names} has the profile `{}`", profile.text);
            let Some(finding) = cx.finding(profile.place, message) else { continue };
            let names: Vec<&str> = profiles.iter().copied().take(12).collect();
            out.push(with_names(finding, "the profiles are", &names));
        }
    }
}

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

/// Whether a file is not there, by the listing and by a look at it.
fn is_missing(cx: &WorkflowContext, path: &str) -> bool {
    let repository = cx.repository();
    let is_known = repository.has(path) || repository.texts.contains_key(path);
    let ignored = repository.texts.get(".gitignore").map_or("", |source| source.text());
    let name = path::name(path);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    // What git ignores is there for some people only.
    !is_known && !ignored.lines().any(|line| line.contains(name) || line.contains(stem) && line.contains('*'))
}

/// Whether the pipeline names a file elsewhere than where it runs it: something may make it first.
fn is_named_again(cx: &WorkflowContext, path: &str) -> bool {
    let runs = cx.steps().flat_map(|(_, step)| StepCommand::all(step));
    let runs = runs.filter(|command| command.script().is_some_and(|script| path::name(&script) == path::name(path)));
    cx.source().text().matches(path::name(path)).count() > runs.count()
}

/// The files of a call's project, where all are known.
fn project_files(cx: &WorkflowContext, call: &ComposeCall) -> Option<Vec<String>> {
    let texts = &cx.repository().texts;
    if !call.files.is_empty() {
        let files: Option<Vec<String>> = call.files.iter().map(|(_, path)| path.clone()).collect();
        return files.filter(|files| files.iter().all(|file| texts.contains_key(file)));
    }
    let folder = call.folder.as_deref()?;
    let environment = texts.get(&path::child(folder, ".env")).map_or("", |source| source.text());
    let sets_files = |text: &str| text.contains("COMPOSE_FILE") || text.contains("COMPOSE_PATH");
    if sets_files(cx.source().text()) || sets_files(environment) {
        return None;
    }
    let files: Vec<String> = cx.repository().composes_of(folder).into_iter().map(str::to_owned).collect();
    (!files.is_empty()).then_some(files)
}

/// The services of compose files; `None` where one of them is not all that Compose reads.
fn services_of(cx: &WorkflowContext, files: &[String]) -> Option<Services> {
    let mut services = Services::new();
    for file in files {
        let tree = yaml::read(cx.repository().texts.get(file)?.text());
        let root = tree.root()?;
        let section = root.get("services");
        if !tree.problems().is_empty() || root.get("include").is_some() || root.get("<<").is_some() {
            return None;
        }
        for entry in section.into_iter().flat_map(YamlNode::entries) {
            let name = entry.key.text().filter(|name| *name != "<<" && !name.contains('$'))?;
            let profiles = services.entry(name.to_owned()).or_default();
            for profile in entry.value.get("profiles").into_iter().flat_map(YamlNode::items) {
                profiles.insert(profile.text().filter(|text| !text.contains('$'))?.to_owned());
            }
            // What it extends may give it profiles.
            if entry.value.get("<<").is_some() || entry.value.get("extends").is_some() {
                return None;
            }
        }
    }
    (!services.is_empty()).then_some(services)
}

fn is_name(text: &WorkflowText) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !text.text.is_empty() && text.text.bytes().all(is_part)
}

fn with_names(finding: Finding, what: &str, names: &[&str]) -> Finding {
    if names.is_empty() {
        return finding;
    }
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    finding.help(format!("{what} {}", names.join(", ")))
}
