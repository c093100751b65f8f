//! See `rules/compose-migration-repeated.md`.

use std::collections::BTreeMap;

use super::ComposeContext;
use super::compose_readiness::listed;
use crate::data;
use crate::finding::Findings;
use crate::stack::StackService;

super::compose_rule!("compose-migration-repeated", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    let mut by_command: BTreeMap<&str, Vec<&StackService>> = BTreeMap::new();
    for service in cx.services() {
        let words = [service.words("entrypoint"), service.words("command")].concat().join(" ");
        for command in data::MIGRATIONS.keys().filter(|command| words.contains(command)) {
            by_command.entry(command).or_default().push(service);
        }
    }
    for (command, services) in by_command.into_iter().filter(|(_, services)| services.len() > 1) {
        let names: Vec<&str> = services.iter().map(|service| service.name).collect();
        for service in &services[1..] {
            let message = format!("{} each run `{command}` when they start, at the same time", listed(&names));
            let value = ["command", "entrypoint"].iter().find_map(|key| service.value.get(key));
            let place = value.and_then(|value| value.place.or_else(|| value.as_list()?.first()?.place));
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help(
                "run it in a service of its own with `restart: on-failure`, and let the others wait for it with \
                 `condition: service_completed_successfully`",
            ));
        }
    }
}
