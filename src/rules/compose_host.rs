//! Rules about what a compose file takes of the host, and about its own lines.

use std::collections::BTreeMap;

use super::{ComposeContext, KeyChange};
use crate::build::Reference;
use crate::compose::{project::ComposeMap, project::ComposePlace, project::ComposeValue};
use crate::data;
use crate::finding::{Findings, Safety, Severity};
use crate::sources::patterns;
use crate::stack::StackService;

super::family! {
    of_compose
    "compose-external-name" => compose_external_name;
    "compose-port-clash" => compose_port_clash;
    "compose-host-access" => compose_host_access;
    "compose-version-obsolete" => compose_version_obsolete;
}

fn compose_external_name(cx: &ComposeContext, out: &mut Findings) {
    for (section, entry) in cx.project().model.iter() {
        for (name, part) in entry.value.as_map().into_iter().flat_map(ComposeMap::iter) {
            if part.value.get("external").and_then(ComposeValue::as_bool) != Some(true) {
                continue;
            }
            let Some(texts) = cx.texts(&[section, name, "external", "name"]) else { continue };
            for place in cx.places_of(&[section, name, "external"]) {
                let message = format!("`external.name` of `{name}` is obsolete, and Compose warns about it");
                let help = format!("write `external: true` and `name: {}`", texts.join(" "));
                let Some(finding) = cx.finding(Some(place), message) else { continue };
                out.push(finding.help(help));
            }
        }
    }
}

fn compose_port_clash(cx: &ComposeContext, out: &mut Findings) {
    // By protocol and port: who has it, and on which address.
    let mut by_port: BTreeMap<(String, String), Vec<(&str, String)>> = BTreeMap::new();
    let disabled = |name: &str| cx.stack().service(name).is_some_and(|service| service.value.get("profiles").is_some());
    for service in cx.services().filter(|service| !disabled(service.name)) {
        for port in service.value.get("ports").and_then(ComposeValue::as_list).unwrap_or_default() {
            let text = |key: &str| port.get(key).map(ComposeValue::display).unwrap_or_default();
            let (published, address) = (text("published"), text("host_ip"));
            // A range is one for any of its ports.
            if published.is_empty() || published == "0" || published.contains('-') || is_variable(cx, port.place) {
                continue;
            }
            let owners = by_port.entry((text("protocol"), published.clone())).or_default();
            let clash = owners.iter().find(|(_, other)| is_same_address(other, &address)).cloned();
            owners.push((service.name, address));
            let Some((other, _)) = clash else { continue };
            let whose = if other == service.name { "itself".to_owned() } else { format!("`{other}`") };
            let message = format!("port {published} of the host is published by {whose} too: only one of them starts");
            let Some(finding) = cx.finding(port.place, message) else { continue };
            out.push(finding.help("publish another port of the host"));
        }
    }
}

fn is_variable(cx: &ComposeContext, place: Option<ComposePlace>) -> bool {
    cx.text_at(place).is_some_and(|text| text.contains('$'))
}

fn is_same_address(a: &str, b: &str) -> bool {
    let is_all = |address: &str| ["", "0.0.0.0"].contains(&address);
    a == b || is_all(a) || is_all(b)
}

fn compose_host_access(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        for row in data::HOST_ACCESS.rows() {
            let &[key, value, work, effect, ..] = row else { continue };
            let Some(written) = service.value.get(key) else { continue };
            let items = written.as_list().unwrap_or_else(|| std::slice::from_ref(written));
            for place in items.iter().filter_map(|item| place(item, value, work)) {
                let is_needed = is_made_for(service, work);
                let needs = if is_needed { ", which its work needs" } else { "" };
                let message = format!("`{}` {effect}{needs}", service.name);
                let Some(finding) = cx.finding(Some(place), message) else { continue };
                if is_needed {
                    out.push(finding.lowered(Severity::Info));
                    continue;
                }
                // Who starts a development container may do all this anyway.
                let finding = if cx.is_for_developers(place) { finding.lowered(Severity::Info) } else { finding };
                out.push(finding.help(match work {
                    "socket" => {
                        "let a proxy of the socket pass only the requests that it needs; `:ro` protects the file, not the engine"
                    }
                    "files" => "mount only the folders that it needs, and `:ro` where it only reads",
                    _ => "give it only what it needs: single capabilities, `devices`, or nothing",
                }));
            }
        }
    }
}

/// Where a value of a service is written, if it is the one that gives access; requests go through a socket that is only
/// read too.
fn place(item: &ComposeValue, value: &str, work: &str) -> Option<ComposePlace> {
    let text = |key: &str| item.get(key).and_then(ComposeValue::as_text);
    let is_it = match text("type") {
        Some("bind") => {
            let is_read_only = item.get("read_only").and_then(ComposeValue::as_bool) == Some(true);
            let source = text("source").unwrap_or_default();
            (source == value || source.strip_suffix('/') == Some(value)) && (work == "socket" || !is_read_only)
        }
        Some(_) => false,
        None => item.display() == value,
    };
    if is_it { item.place } else { None }
}

/// Whether the image of a service is made for that.
fn is_made_for(service: &StackService, work: &str) -> bool {
    let Some(image) = service.base_name() else { return false };
    let row = data::HOST_TOOLS.row(Reference::of(&image).short_name());
    row.is_some_and(|row| data::words(row[1]).any(|known| known == work))
}

fn compose_version_obsolete(cx: &ComposeContext, out: &mut Findings) {
    if is_for_swarm(cx) {
        return;
    }
    for place in &cx.project().versions {
        let message = "Compose ignores `version`, and warns about it";
        let Some(finding) = cx.finding(Some(*place), message) else { continue };
        let finding = finding.help("remove it: the features that can be used depend on the installed Compose alone");
        out.push(cx.fixed(finding, "remove `version`", Safety::Safe, &[KeyChange::Remove(vec!["version"])]));
    }
}

/// Whether the file is also one of a swarm's stacks, whose command reads `version`: a text or a comment says so, or it has
/// settings that only a swarm uses.
fn is_for_swarm(cx: &ComposeContext) -> bool {
    let mut comments = cx.text().lines().filter_map(|line| line.split_once('#'));
    let is_setting = |key: &str| patterns::words("a setting of swarms").any(|word| word == key);
    cx.compose_use().stack_deployer.is_some()
        || comments.any(|(_, comment)| patterns::shows(comment, "deploys to a swarm"))
        || cx.services().any(|service| {
            let deploy = service.value.get("deploy").and_then(ComposeValue::as_map);
            deploy.into_iter().flat_map(ComposeMap::iter).any(|(key, _)| is_setting(key))
        })
}
