//! See `rules/compose-host-access.md`.

use super::ComposeContext;
use crate::build::Reference;
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::data;
use crate::finding::{Findings, Severity};
use crate::stack::StackService;

super::compose_rule!("compose-host-access", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
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
