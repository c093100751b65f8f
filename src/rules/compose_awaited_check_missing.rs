//! See `rules/compose-awaited-check-missing.md`.

use super::compose_readiness::with_known_check;
use super::{ComposeContext, KeyChange};
use crate::compose::NewValue;
use crate::finding::{Findings, Safety};
use crate::stack::{COMPLETED, HEALTHY, ServiceCheck};

super::compose_rule!("compose-awaited-check-missing", check);

const WHY: &str = "the service does not start where the other one fails";

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
            if target.is_job {
                let path = vec!["services", service.name, "depends_on", target.name, "condition"];
                let change = KeyChange::Set(path, NewValue::Inline(COMPLETED.to_owned()));
                let finding =
                    finding.help("it does its work and ends: write `condition: service_completed_successfully`");
                out.push(cx.fixed(finding, "wait for its end", Safety::Unsafe(WHY.to_owned()), &[change]));
                continue;
            }
            let finding = finding.help("add a `healthcheck` to it, or wait with `condition: service_started`");
            out.push(match target.check {
                ServiceCheck::Missing => with_known_check(cx, target, finding),
                _ => finding,
            });
        }
    }
}
