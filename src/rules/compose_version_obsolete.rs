//! See `rules/compose-version-obsolete.md`.

use super::{ComposeContext, KeyChange};
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::finding::{Findings, Safety};
use crate::sources::patterns;

super::compose_rule!("compose-version-obsolete", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    if is_for_swarm(cx) {
        return;
    }
    for place in &cx.project().versions {
        let message = "Compose ignores `version`, and warns about it";
        let Some(finding) = cx.finding(Some(*place), message) else { continue };
        let finding = finding.help("remove it: the features that can be used depend on the installed Compose alone");
        out.push(cx.fixed(finding, "remove `version`", Safety::Safe, &[KeyChange::Remove(vec!["version"])]));
    }
}

/// Whether the file is also one of a swarm's stacks, whose command reads `version`: a text or a comment says so, or it has
/// settings that only a swarm uses.
fn is_for_swarm(cx: &ComposeContext) -> bool {
    let mut comments = cx.text().lines().filter_map(|line| line.split_once('#'));
    let is_setting = |key: &str| patterns::words("a setting of swarms").any(|word| word == key);
    cx.compose_use().stack_deployer.is_some()
        || comments.any(|(_, comment)| patterns::shows(comment, "deploys to a swarm"))
        || cx.services().any(|service| {
            let deploy = service.value.get("deploy").and_then(ComposeValue::as_map);
            deploy.into_iter().flat_map(ComposeMap::iter).any(|(key, _)| is_setting(key))
        })
}
