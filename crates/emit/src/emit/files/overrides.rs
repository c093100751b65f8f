//! Files on top of a compose file: what holds only in production, and what only developers want.

use std::collections::BTreeMap;

use super::emission::EmittedFile;
use super::watch::{reload_command, watch};
use crate::compose::NewValue;
use crate::emit::facts::application::Application;
use crate::emit::input::EmitInput;
use crate::emit::links::Project;
use crate::emit::plan::{Choice, ComposePlan, PlannedService, ServiceRole};
use crate::stack::known_service;
use crate::text::path;

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
        let whole = path::child(input.folder, path);
        if input.files.files.iter().any(|file| file.path == whole) {
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
        let services = planned.iter().filter(|service| service.role != ServiceRole::Migration);
        let services = services.map(|service| (name(service), production(service))).collect();
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
            let application = project.applications().find(|known| match &service.dockerfile {
                Some(dockerfile) => known.dockerfile == *dockerfile,
                None => Some(&known.context) == service.context.as_ref(),
            });
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

fn mapping(entries: Vec<(String, NewValue)>) -> NewValue {
    NewValue::Mapping(entries)
}

/// Logs and memory with an end.
fn production(service: &PlannedService) -> Vec<(String, NewValue)> {
    let options = vec![entry("max-size", NewValue::raw_text("10m")), entry("max-file", NewValue::raw_text("3"))];
    let logging = vec![entry("driver", NewValue::scalar("json-file")), entry("options", mapping(options))];
    let memory = if service.role == ServiceRole::Backend { "1g" } else { "512m" };
    let memory = NewValue::raw_text(&format!("${{{}:-{memory}}}", variable(&service.name)));
    vec![entry("logging", mapping(logging)), entry("mem_limit", memory)]
}

/// The variable with the limit of a service's memory.
fn variable(service: &str) -> String {
    format!("{}_MEMORY", service.to_ascii_uppercase().replace('-', "_"))
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
        keys.push(entry("command", NewValue::texts(&words)));
    }
    keys.push(entry("restart", NewValue::raw_text("no")));
    keys
}
