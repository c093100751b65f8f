//! The compose file on top of the author's: `HAProxy`, who asks it, and where the version in service is written.

use super::haproxy;
use super::input::{DeploymentInput, HEADER, OVERRIDE, is_written_override};
use super::plan::{Caller, DeploymentPlan};
use super::script::IMAGE;
use crate::compose::OVERRIDE_FILES;
use crate::emit::EmittedFile;
use crate::text::{Source, apply, path};
use crate::yaml::{NewValue, YamlEditor};

/// Keys with their values.
type Keys = Vec<(String, NewValue)>;

/// The file, and whether it is the author's own with keys that are added.
///
/// # Errors
/// Why the author's file cannot be added to.
pub(super) fn override_file(input: &DeploymentInput, plan: &DeploymentPlan) -> Result<(EmittedFile, bool), String> {
    let (services, networks) = keys(input, plan);
    let find = |name: &str| Some((name.to_owned(), input.existing.get(name)?));
    let existing = OVERRIDE_FILES.into_iter().find_map(find);
    let (name, text, is_merged) = match existing {
        Some((name, text)) if !is_written_override(text) => {
            (name.clone(), merged(&name, text, services, networks)?, true)
        }
        _ => (OVERRIDE.to_owned(), whole(services, networks), false),
    };
    Ok((EmittedFile { path: name, text }, is_merged))
}

fn whole(services: Keys, networks: Keys) -> String {
    let mut text = format!("{HEADER}\nservices:\n");
    let blocks = services.into_iter().map(|(name, keys)| format!("  {name}:{}\n", keys.block(2, 2, "\n")));
    text.push_str(&blocks.collect::<Vec<_>>().join("\n"));
    if !networks.is_empty() {
        text.push_str(&format!("\nnetworks:{}\n", NewValue::Mapping(networks).block(0, 2, "\n")));
    }
    text
}

/// The author's file with the keys. Where `HAProxy` is there already, nothing is added.
fn merged(name: &str, text: &str, services: Keys, networks: Keys) -> Result<String, String> {
    let mut source = Source::of(name, text);
    let is_there = services.first().is_some_and(|(edge, _)| YamlEditor::new(&source).has(&["services", edge]));
    if is_there {
        return Ok(text.to_owned());
    }
    let failure = |why: String| format!("`{name}` cannot be added to: {why}");
    for (section, entries) in [("services", services), ("networks", networks)] {
        for (key, value) in entries {
            let editor = YamlEditor::new(&source);
            let edits = if !editor.has(&[section]) {
                vec![editor.set(&[section], &NewValue::Mapping(vec![(key, value)])).map_err(failure)?]
            } else if !editor.has(&[section, &key]) {
                vec![editor.set(&[section, &key], &value).map_err(failure)?]
            } else {
                let NewValue::Mapping(keys) = &value else { continue };
                if let Some((below, _)) = keys.iter().find(|(below, _)| editor.has(&[section, &key, below])) {
                    return Err(failure(format!("it sets `{below}` of `{key}`")));
                }
                let add = |(below, value): &(String, NewValue)| editor.set(&[section, &key, below], value);
                keys.iter().map(add).collect::<Result<Vec<_>, _>>().map_err(failure)?
            };
            for edit in edits {
                let bytes = apply(&source, &[edit]).map_err(|error| failure(error.to_string()))?;
                source = Source::of(name, &String::from_utf8_lossy(&bytes));
            }
        }
    }
    Ok(source.text().to_owned())
}

/// The keys of services and networks; those of `HAProxy` first.
fn keys(input: &DeploymentInput, plan: &DeploymentPlan) -> (Keys, Keys) {
    let mut services: Keys = Vec::new();
    if plan.routed().next().is_some() {
        services.push((plan.edge.clone(), edge(input, plan)));
    }
    for service in &plan.services {
        let file = path::child(input.folder, &format!("{}.yaml", service.group));
        let extends = [entry("file", NewValue::scalar(&file)), entry("service", NewValue::scalar(&service.name))];
        let mut keys = vec![entry("extends", NewValue::Mapping(extends.into()))];
        if service.has_container_name {
            keys.push(entry("container_name", NewValue::Inline("!reset null".to_owned())));
        }
        if service.is_published() {
            keys.push(entry("ports", NewValue::Inline("!reset []".to_owned())));
        }
        if let Some(caller) = plan.callers.iter().find(|caller| caller.name == service.name) {
            keys.extend(caller_keys(plan, caller));
        }
        services.push((service.name.clone(), NewValue::Mapping(keys)));
    }
    for caller in &plan.callers {
        if !plan.services.iter().any(|service| service.name == caller.name) {
            services.push((caller.name.clone(), NewValue::Mapping(caller_keys(plan, caller))));
        }
    }
    let networks = plan.subnets.iter().enumerate().map(|(number, subnet)| {
        // Others get their addresses from the upper half, so that the address of HAProxy stays free.
        let config = format!("[{{subnet: {subnet}.0/24, ip_range: {subnet}.128/25}}]");
        let ipam = NewValue::Mapping(vec![entry("config", NewValue::Inline(config))]);
        (DeploymentPlan::network_name(number), NewValue::Mapping(vec![entry("ipam", ipam)]))
    });
    (services, networks.collect())
}

fn edge(input: &DeploymentInput, plan: &DeploymentPlan) -> NewValue {
    let mut networks: Keys = Vec::new();
    for name in plan.routed().flat_map(|(service, _)| &service.networks) {
        if !networks.iter().any(|(known, _)| known == name) {
            networks.push(entry(name, NewValue::Inline("{}".to_owned())));
        }
    }
    for number in 0..plan.subnets.len() {
        let address = format!("{{ipv4_address: {}}}", plan.address(number));
        networks.push(entry(&DeploymentPlan::network_name(number), NewValue::Inline(address)));
    }
    let folder = format!("./{}:/usr/local/etc/haproxy:ro", path::child(input.folder, "edge"));
    let mut keys = vec![
        entry("image", NewValue::scalar(IMAGE)),
        entry("restart", NewValue::Inline("unless-stopped".to_owned())),
        entry("volumes", NewValue::raw_texts(&[folder])),
        entry("networks", NewValue::Mapping(networks)),
    ];
    let published = |(service, port): (&super::plan::ReplacedService, &super::port::RequestPort)| {
        let inside = haproxy::host_port(plan, &service.name, port.number);
        let pair = |outside: &String| match outside.as_str() {
            "" => inside.to_string(),
            outside => format!("{outside}:{inside}"),
        };
        port.published.iter().map(pair).collect::<Vec<_>>()
    };
    let ports: Vec<String> = plan.routed().flat_map(published).collect();
    if !ports.is_empty() {
        keys.push(entry("ports", NewValue::raw_texts(&ports)));
    }
    NewValue::Mapping(keys)
}

/// What makes a service ask `HAProxy`: a name in its `/etc/hosts`, or a link for one that asks the engine's name server.
fn caller_keys(plan: &DeploymentPlan, caller: &Caller) -> Keys {
    let targets: Vec<&super::plan::ReplacedService> =
        caller.targets.iter().filter_map(|number| plan.services.get(*number)).collect();
    let mut networks: Keys =
        caller.networks.iter().map(|name| entry(name, NewValue::Inline("{}".to_owned()))).collect();
    let mut numbers: Vec<usize> = targets.iter().map(|service| service.network).collect();
    numbers.sort_unstable();
    numbers.dedup();
    networks.extend(
        numbers.iter().map(|number| entry(&DeploymentPlan::network_name(*number), NewValue::Inline("{}".to_owned()))),
    );
    let addresses: Vec<String> =
        targets.iter().map(|service| format!("{}={}", service.name, plan.address(service.network))).collect();
    let mut keys =
        vec![entry("networks", NewValue::Mapping(networks)), entry("extra_hosts", NewValue::raw_texts(&addresses))];
    if caller.asks_name_server {
        let links: Vec<String> = targets.iter().map(|service| format!("{}:{}", plan.edge, service.name)).collect();
        keys.push(entry("links", NewValue::raw_texts(&links)));
    }
    keys
}

/// What is in service before the first deployment: what the author's files say.
pub(super) fn first_version(plan: &DeploymentPlan, group: &str) -> String {
    let services = plan.services.iter().filter(|service| service.group == group);
    let lines = services.map(|service| format!("  {}: {{}}\n", service.name)).collect::<Vec<_>>().concat();
    format!("# Rewritten by deploy.sh: the image and the containers in service.\nservices:\n{lines}")
}

fn entry(key: &str, value: NewValue) -> (String, NewValue) {
    (key.to_owned(), value)
}
