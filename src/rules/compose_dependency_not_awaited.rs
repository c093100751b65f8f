//! See `rules/compose-dependency-not-awaited.md`.

use super::compose_readiness::{awaited, condition, listed};
use super::{ComposeContext, KeyChange};
use crate::finding::{Findings, Safety};
use crate::stack::{COMPLETED, Dependency, HEALTHY, STARTED};

super::compose_rule!("compose-dependency-not-awaited", check);

const WHY: &str = "the service starts later, and not at all where a check or a job fails";

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let short: Vec<&Dependency> = service
            .dependencies
            .iter()
            .filter(|dependency| dependency.place.is_some() && dependency.condition_place.is_none())
            .collect();
        let with = |wanted: &str| -> Vec<&str> {
            let early = short.iter().filter(|dependency| condition(cx.stack(), dependency.name) == wanted);
            early.map(|dependency| dependency.name).collect()
        };
        let (unready, running) = (with(HEALTHY), with(COMPLETED));
        let first = short.iter().find(|dependency| condition(cx.stack(), dependency.name) != STARTED);
        let Some(first) = first else { continue };
        let mut what = Vec::new();
        for (names, end) in [(&unready, "ready"), (&running, "done")] {
            if !names.is_empty() {
                let verb = if names.len() == 1 { "is" } else { "are" };
                what.push(format!("{} {verb} {end}", listed(names)));
            }
        }
        let message = format!(
            "`{}` starts before {}: {}",
            service.name,
            what.join(" and before "),
            if first.is_implied {
                "Compose waits for the start only where `depends_on` does not name it"
            } else {
                "the short form of `depends_on` waits for the start only"
            }
        );
        let Some(finding) = cx.finding(first.place, message) else { continue };
        let conditions: Vec<&str> = [(&unready, HEALTHY), (&running, COMPLETED)]
            .into_iter()
            .filter(|(names, _)| !names.is_empty())
            .map(|(_, condition)| condition)
            .collect();
        let help = format!("write `condition: {}`", conditions.join("` and `condition: "));
        let changes: Vec<KeyChange> = awaited(cx, service, None);
        let safety = Safety::Unsafe(WHY.to_owned());
        out.push(cx.fixed(finding.help(help), "wait until they are ready", safety, &changes));
    }
}
