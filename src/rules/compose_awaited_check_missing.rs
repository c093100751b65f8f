//! See `rules/compose-awaited-check-missing.md`.

use super::ComposeContext;
use super::compose_readiness::with_known_check;
use crate::finding::Findings;
use crate::stack::{HEALTHY, ServiceCheck};

super::compose_rule!("compose-awaited-check-missing", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        for dependency in service.dependencies.iter().filter(|dependency| dependency.condition == HEALTHY) {
            let Some(target) = cx.stack().service(dependency.name).filter(|target| target.check.is_absent()) else {
                continue;
            };
            let what = match target.check {
                ServiceCheck::Off(_) => "whose healthcheck is turned off",
                _ => "which has no healthcheck",
            };
            let message =
                format!("`{}` waits for the health of `{}`, {what}: it never starts", service.name, target.name);
            let Some(finding) = cx.finding(dependency.condition_place, message) else { continue };
            let finding = finding.help("add a `healthcheck` to it, or wait with `condition: service_started`");
            out.push(match target.check {
                ServiceCheck::Missing => with_known_check(cx, target, finding),
                _ => finding,
            });
        }
    }
}
