//! A rule about services and profiles that no compose file of the project has.

use std::collections::{BTreeMap, BTreeSet};

use super::checked_out::{calls_of_compose, is_read_by_default, may_be_written};
use super::justfile::{is_name, with_names};
use crate::finding::{Finding, Findings, Severity};
use crate::inputs::FileCall;
use crate::rules::WorkflowContext;
use crate::text::{listed, path};
use crate::workflow::{PipelineKind, WorkflowText};
use crate::yaml::{self, YamlNode};

crate::rules::family! {
    of_workflow
    "recipe-service-missing" => recipe_service_missing;
}

/// Compose files of one repository that are looked into for a command whose folder is not known.
const COMPOSES: usize = 30;

/// Names of services that a help has.
const NAMED: usize = 12;

/// What the compose files of a project define.
#[derive(Default)]
struct Services {
    names: BTreeSet<String>,
    /// Their profiles; `None` where another file may add some.
    profiles: Option<BTreeSet<String>>,
}

/// The compose files that a call reads.
struct ProjectFiles {
    files: Vec<String>,
    /// Whether it reads these, and not others of the repository or of another machine.
    is_sure: bool,
}

/// A service or profile that no compose file of the project has.
fn recipe_service_missing(cx: &WorkflowContext, out: &mut Findings) {
    if sets_files(cx.source().text()) {
        return;
    }
    let mut known: BTreeMap<Vec<String>, Option<Services>> = BTreeMap::new();
    for (call, is_placed) in calls_of_compose(cx) {
        let Some(ProjectFiles { files, is_sure }) = project_files(cx, &call, is_placed) else { continue };
        let services = known.entry(files.clone()).or_insert_with(|| services_of(cx, &files));
        let Some(services) = services else { continue };
        let file_names = listed(&files.iter().map(|file| path::name(file)).collect::<Vec<_>>());
        let judged = |finding: Finding| if is_sure { finding } else { finding.lowered(Severity::Warning) };
        for service in call.call.services.iter().filter(|service| is_name(service)) {
            if services.names.contains(&service.text) {
                continue;
            }
            let message = format!("`{}` is no service of {file_names}", service.text);
            let finding = missing(cx, service, message, "the services are", &services.names);
            finding.map(judged).into_iter().for_each(|finding| out.push(finding));
        }
        let Some(profiles) = &services.profiles else { continue };
        for profile in call.call.profiles.iter().filter(|profile| is_name(profile)) {
            if profiles.contains(&profile.text) || profile.text == "*" {
                continue;
            }
            let message = format!("no service of {file_names} has the profile `{}`", profile.text);
            let finding = missing(cx, profile, message, "the profiles are", profiles);
            finding.map(judged).into_iter().for_each(|finding| out.push(finding));
        }
    }
}

fn missing(
    cx: &WorkflowContext,
    name: &WorkflowText,
    message: String,
    what: &str,
    names: &BTreeSet<String>,
) -> Option<Finding> {
    let finding = cx.finding(name.place, message)?;
    let names: Vec<&str> = names.iter().map(String::as_str).take(NAMED).collect();
    Some(with_names(finding, what, &names))
}

/// Whether a text says which files Compose reads.
fn sets_files(text: &str) -> bool {
    text.contains("COMPOSE_FILE") || text.contains("COMPOSE_PATH")
}

/// The files of a call's project, where all are known.
fn project_files(cx: &WorkflowContext, known: &FileCall, is_placed: bool) -> Option<ProjectFiles> {
    let texts = &cx.repository().texts;
    let call = &known.call;
    let is_read = |files: &[String]| !files.is_empty() && files.iter().all(|file| texts.contains_key(file));
    if is_placed {
        if !call.files.is_empty() {
            let files: Option<Vec<String>> = call.files.iter().map(|(_, path)| path.clone()).collect();
            return files.filter(|files| is_read(files)).map(|files| ProjectFiles { files, is_sure: true });
        }
        let folder = call.folder.as_deref()?;
        let environment = texts.get(&path::child(folder, ".env")).map_or("", |source| source.text());
        let files = cx.repository().composes_of(folder).into_iter().filter(|file| is_read_by_default(file));
        let files: Vec<String> = files.map(str::to_owned).collect();
        let is_chosen = !sets_files(environment) && !files.iter().any(|file| is_written(cx, file));
        return (is_chosen && is_read(&files)).then_some(ProjectFiles { files, is_sure: true });
    }
    // A name says which project is meant, whatever the folder has.
    if call.project.is_some() {
        return None;
    }
    if !call.files.is_empty() {
        let files = named_files(cx, known.files.as_ref()?)?;
        return is_read(&files).then_some(ProjectFiles { files, is_sure: false });
    }
    let mut files = cx.repository().composes(COMPOSES)?;
    files.retain(|file| is_read_by_default(file));
    let above = cx.repository().composes_above(path::parent(&cx.input.path));
    let is_near = files.iter().all(|file| above.contains(&file.as_str()));
    let is_sure = is_near && !known.is_remote && cx.workflow().kind == PipelineKind::Script;
    is_read(&files).then_some(ProjectFiles { files, is_sure })
}

/// The files of the repository that names of unknown folders mean; `None` where a name has none or several.
fn named_files(cx: &WorkflowContext, names: &[String]) -> Option<Vec<String>> {
    let only = |name: &String| {
        let mut files = cx.repository().files.iter().filter(|file| path::ends_with(file, name));
        let first = files.next()?;
        files.next().is_none().then(|| first.clone())
    };
    names.iter().map(only).collect()
}

/// Whether the pipeline may write a compose file before it is read.
fn is_written(cx: &WorkflowContext, file: &str) -> bool {
    let name = path::name(file);
    cx.workflow().kind.is_pipeline() && cx.workflow().jobs.iter().any(|job| may_be_written(cx, job, name))
}

/// The services of compose files; `None` where one of them is not all that Compose reads.
fn services_of(cx: &WorkflowContext, files: &[String]) -> Option<Services> {
    let mut services = Services { names: BTreeSet::new(), profiles: Some(BTreeSet::new()) };
    for file in files {
        let tree = yaml::read(cx.repository().texts.get(file)?.text());
        let root = tree.root()?;
        if !tree.problems().is_empty() || root.get("include").is_some() || root.get("<<").is_some() {
            return None;
        }
        for entry in root.get("services").into_iter().flat_map(YamlNode::entries) {
            let name = entry.key.text().filter(|name| *name != "<<" && !name.contains('$'))?;
            services.names.insert(name.to_owned());
            let profiles = profiles_of(entry.value);
            services.profiles = services.profiles.zip(profiles).map(|(known, more)| &known | &more);
        }
    }
    (!services.names.is_empty()).then_some(services)
}

/// The profiles of a service; `None` where another service or a run gives it some.
fn profiles_of(service: YamlNode) -> Option<BTreeSet<String>> {
    if service.get("<<").is_some() || service.get("extends").is_some() {
        return None;
    }
    let profiles = service.get("profiles").into_iter().flat_map(YamlNode::items);
    profiles.map(|profile| profile.text().filter(|text| !text.contains('$')).map(str::to_owned)).collect()
}
