//! See `rules/compose-check-always-healthy.md`.

use super::ComposeContext;
use super::compose_readiness::{constant_end, with_known_test};
use crate::finding::Findings;

super::compose_rule!("compose-check-always-healthy", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(check) = service.check.written() else { continue };
        let Some(end) = constant_end(check) else { continue };
        let message = format!("the check of `{}` ends with `{end}`, so it always reports healthy", service.name);
        let Some(finding) = cx.finding(check.place, message) else { continue };
        let finding = finding.help("test what the service does for others, or remove the check");
        out.push(with_known_test(cx, service, finding));
    }
}
