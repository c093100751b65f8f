//! Files on top of a compose file: what holds only in production, and what only developers want.

use std::collections::BTreeMap;

use super::emission::EmittedFile;
use super::production::{production, workloads};
use super::watch::{reload_command, watch};
use crate::compose::escaped_texts;
use crate::emit::facts::application::Application;
use crate::emit::input::EmitInput;
use crate::emit::links::Project;
use crate::emit::plan::{Choice, ComposePlan, PlannedService, ServiceRole};
use crate::stack::known_service;
use crate::yaml::{NewValue, YamlEditor};

/// The file for production.
const PRODUCTION: &str = "compose.prod.yaml";
/// The file for developers.
const DEVELOPMENT: &str = "compose.dev.yaml";

/// The keys of services, in their order.
type Services = Vec<(String, Vec<(String, NewValue)>)>;

/// The files that are asked for, as far as they are not there. `names`: how the compose file calls planned services.
pub(in crate::emit) fn override_files(
    input: &EmitInput,
    plan: &mut ComposePlan,
    project: &Project,
    names: &BTreeMap<String, String>,
) -> Vec<EmittedFile> {
    let mut files = Vec::new();
    let mut add = |path: &str, services: Services, notes: &mut Vec<String>| {
        if input.file(path).is_some() {
            notes.push(format!("{path} is there and is kept"));
            return false;
        }
        let text = text(path, services);
        files.push(EmittedFile { path: path.to_owned(), text });
        true
    };
    let planned = plan.services.clone();
    let name = |service: &PlannedService| names.get(&service.name).unwrap_or(&service.name).clone();
    if input.overrides.production {
        let services = production_services(input, plan, &name);
        let variable = |service: &str| format!("{}_MEMORY", service.to_ascii_uppercase().replace('-', "_"));
        let is_new = add(PRODUCTION, services, &mut plan.notes);
        let first = planned.first().map(|service| variable(&service.name)).unwrap_or_default();
        if is_new {
            plan.notes.push(format!(
                "the limits of memory in {PRODUCTION} are a guess: set `{first}` and the others to what `docker stats` shows, and \
                 some more"
            ));
        }
    }
    if input.overrides.development || input.overrides.watch {
        let mut services: Services = Vec::new();
        for service in &planned {
            let application = application_of(project, service);
            let mut keys = development(service, application);
            if let (true, Some(application)) = (input.overrides.watch, application)
                && service.role != ServiceRole::Migration
            {
                let is_reloaded = keys.iter().any(|(key, _)| key == "command");
                match watch(input, application, is_reloaded) {
                    Ok((value, choices)) => {
                        keys.push(("develop".to_owned(), value));
                        let of_service = choices.into_iter().map(|(reason, place)| Choice {
                            service: service.name.clone(),
                            key: "develop".to_owned(),
                            reason,
                            place,
                        });
                        plan.choices.extend(of_service);
                    }
                    Err(why) => plan.notes.push(format!("{} is not watched: {why}", service.name)),
                }
            }
            if !keys.is_empty() {
                services.push((name(service), keys));
            }
        }
        add(DEVELOPMENT, services, &mut plan.notes);
    }
    files
}

/// What the services have only in production.
fn production_services(
    input: &EmitInput,
    plan: &mut ComposePlan,
    name: &dyn Fn(&PlannedService) -> String,
) -> Services {
    let workloads = workloads(input);
    let planned = plan.services.clone();
    let services = planned.iter().filter(|service| service.role != ServiceRole::Migration);
    let services = services.map(|service| {
        let is_restarted = is_restarted(input, service, &name(service));
        let (mut keys, choices) = production(service, (&workloads, is_restarted));
        let is_set = |key: &str| is_set(input, &name(service), key);
        // Compose refuses two values of a limit, and what the author set stays.
        keys.retain(|(key, _)| !is_set(key) && (key == "logging" || !is_set("deploy")));
        plan.choices.extend(choices.into_iter().filter(|choice| keys.iter().any(|(key, _)| *key == choice.key)));
        (name(service), keys)
    });
    let services = services.filter(|(_, keys): &(String, _)| !keys.is_empty());
    services.collect()
}

/// The program that a service runs.
fn application_of<'p, 'i>(project: &'p Project<'i>, service: &PlannedService) -> Option<&'p Application<'i>> {
    project.applications().find(|known| match &service.dockerfile {
        Some(dockerfile) => known.dockerfile == *dockerfile,
        None => Some(&known.context) == service.context.as_ref(),
    })
}

/// Whether the compose file that is there sets a key of a service.
fn is_set(input: &EmitInput, name: &str, key: &str) -> bool {
    let source = input.existing.map(|existing| input.inputs.source(existing.file));
    source.is_some_and(|source| YamlEditor::new(source).has(&["services", name, key]))
}

/// Whether the compose file says what happens when a service ends.
fn is_restarted(input: &EmitInput, service: &PlannedService, name: &str) -> bool {
    match input.existing {
        Some(existing) => YamlEditor::new(input.inputs.source(existing.file)).has(&["services", name, "restart"]),
        None => service.key("restart").is_some() || service.key("profiles").is_some(),
    }
}

fn text(path: &str, services: Services) -> String {
    let mut text = format!("# docker compose -f compose.yaml -f {path} up\nservices:\n");
    for (at, (name, keys)) in services.into_iter().enumerate() {
        if at > 0 {
            text.push('\n');
        }
        text.push_str(&format!("  {name}:{}\n", NewValue::Mapping(keys).block(2, 2, "\n")));
    }
    text
}

fn entry(key: &str, value: NewValue) -> (String, NewValue) {
    (key.to_owned(), value)
}

/// Ports on this machine, a command that starts again when a source changes, and no restarts.
fn development(service: &PlannedService, application: Option<&Application>) -> Vec<(String, NewValue)> {
    let mut keys = Vec::new();
    if service.role == ServiceRole::Migration {
        return keys;
    }
    let port = match service.role {
        ServiceRole::Backend => service.image.as_deref().and_then(|image| known_service(image)?.ports().next()),
        ServiceRole::Application if service.key("ports").is_none() => application.and_then(|known| known.port),
        _ => None,
    };
    if let Some(port) = port {
        keys.push(entry("ports", NewValue::raw_texts(&[format!("127.0.0.1:{port}:{port}")])));
    }
    if let (ServiceRole::Application, Some(words)) = (service.role, application.and_then(reload_command)) {
        keys.push(entry("command", escaped_texts(&words)));
    }
    keys.push(entry("restart", NewValue::raw_text("no")));
    keys
}
