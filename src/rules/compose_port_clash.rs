//! See `rules/compose-port-clash.md`.

use std::collections::BTreeMap;

use super::ComposeContext;
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::finding::Findings;

super::compose_rule!("compose-port-clash", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
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
