//! See `rules/compose-database-published.md`.

use super::ComposeContext;
use crate::compose::project::ComposeValue;
use crate::data;
use crate::finding::{Finding, Findings, Safety};
use crate::stack::{KnownService, StackService, known_service};

super::compose_rule!("compose-database-published", check);

const WHY: &str = "other machines cannot reach the port any more";

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        for port in service.value.get("ports").and_then(ComposeValue::as_list).unwrap_or_default() {
            let text = |key: &str| port.get(key).map(ComposeValue::display);
            let is_open = text("host_ip").is_none_or(|address| ["", "0.0.0.0", "::"].contains(&address.as_str()));
            let (Some(target), Some(published)) = (text("target"), text("published")) else { continue };
            if !is_open || !is_private(service, &target) {
                continue;
            }
            let message = format!("`{}` publishes port {published} on all addresses of the host", service.name);
            let Some(finding) = cx.finding(port.place, message) else { continue };
            let finding = finding.help(
                "services reach it without `ports`; for tools on the host write `127.0.0.1:` before the port: Docker's rules come \
                 before those of the host's firewall",
            );
            // Only the short form is one text.
            let short = cx.text_at(port.place).and_then(|text| local(text, &published));
            // Compose joins the ports of files: equal ones are one, but with two addresses the second cannot be bound.
            let is_shared = cx.twins(service).any(|twin| publishes(twin, &published));
            let noted = |note: String| Finding { notes: vec![note], ..finding.clone() };
            out.push(match short {
                Some(_) if let Some((variable, address)) = told_address(service.value, &published) => noted(format!(
                    "not fixed, because `{variable}` names `{address}`, which clients of other machines reach"
                )),
                Some(text) if !is_shared => {
                    let safety = Safety::Unsafe(WHY.to_owned());
                    cx.replaced(finding, "publish it on 127.0.0.1", safety, port.place, &text)
                }
                Some(_) => noted("another compose file publishes it too: change both, as they are joined".to_owned()),
                None => finding,
            });
        }
    }
}

fn publishes(service: &ComposeValue, port: &str) -> bool {
    let ports = service.get("ports").and_then(ComposeValue::as_list).unwrap_or_default();
    ports.iter().any(|other| other.get("published").is_some_and(|published| published.display() == port))
}

/// The variable of a service that tells clients an address of the host for a port, and that address:
/// `EXTERNAL://host.docker.internal:9092`. A name without a dot (a service, `localhost`), the
/// container and this host alone are no such address.
fn told_address(service: &ComposeValue, port: &str) -> Option<(String, String)> {
    let variables = service.get("environment").and_then(ComposeValue::as_map)?;
    variables.iter().find_map(|(name, entry)| {
        let value = entry.value.display();
        let mut listeners = value.split(',').filter_map(|listener| listener.split_once("://"));
        let address = listeners.find_map(|(_, address)| {
            let (host, listened) = address.rsplit_once(':')?;
            let is_here = host == "0.0.0.0" || host.starts_with("127.");
            (listened == port && host.contains('.') && !is_here).then_some(address)
        })?;
        Some((name.to_owned(), address.to_owned()))
    })
}

/// Whether a port is that of a database: the image is known, or nothing else has such a port.
fn is_private(service: &StackService, port: &str) -> bool {
    let Ok(port) = port.parse::<u16>() else { return false };
    let serves = |known: KnownService| known.is_private() && known.ports().any(|known| known == port);
    match service.known {
        Some(known) => serves(known),
        None if service.is_built => false,
        None => data::BACKENDS.with("by-port").filter_map(known_service).any(serves),
    }
}

/// `"5432:5432"` with the address in front; `None` of other forms.
fn local(text: &str, published: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| ['"', '\''].contains(c));
    let inside = match quote {
        Some(quote) => text.strip_prefix(quote)?.strip_suffix(quote)?,
        None => text,
    };
    let quote = quote.unwrap_or('"');
    // A variable of Compose that holds the port alone.
    let variable = inside.strip_prefix("${").and_then(|rest| rest.split_once("}:"));
    let is_variable = variable.is_some_and(|(_, target)| !target.contains([':', '$']));
    (inside.starts_with(&format!("{published}:")) || is_variable).then(|| format!("{quote}127.0.0.1:{inside}{quote}"))
}
