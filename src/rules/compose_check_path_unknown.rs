//! See `rules/compose-check-path-unknown.md`.

use super::ComposeContext;
use crate::finding::Findings;
use crate::stack::StackService;

super::compose_rule!("compose-check-path-unknown", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let (Some(check), Some(path)) = (service.check.written(), unnamed_path(cx, service)) else { continue };
        let message = format!("the check of `{}` asks for `/{path}`, which no source file of it names", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        out.push(finding.help("ask for a path that the program answers, or add a route for it"));
    }
}

/// A path that the check of a service asks for and that no source file of its program names.
pub(super) fn unnamed_path<'a>(cx: &ComposeContext<'a>, service: &StackService) -> Option<&'a str> {
    if service.known.is_some() || service.check.written().is_none() {
        return None;
    }
    cx.checked_sources(service)?.unnamed_paths.first().map(String::as_str)
}
