//! See `rules/compose-check-path-unknown.md`.

use super::ComposeContext;
use crate::finding::Findings;

super::compose_rule!("compose-check-path-unknown", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services().filter(|service| service.known.is_none()) {
        let (Some(check), Some(sources)) = (service.check.written(), cx.checked_sources(service)) else { continue };
        let Some(path) = sources.unnamed_paths.first() else { continue };
        let message = format!("the check of `{}` asks for `/{path}`, which no source file of it names", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        out.push(finding.help("ask for a path that the program answers, or add a route for it"));
    }
}
