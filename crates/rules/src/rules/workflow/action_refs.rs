//! A rule about actions that a workflow takes from a branch.

use std::collections::BTreeSet;

use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::sources::patterns;

crate::rules::family! {
    of_workflow
    "action-from-branch" => action_from_branch;
}

/// Meanings in `data/source_patterns.tsv`.
const BRANCH: &str = "name of a branch that is worked on";
const DOCUMENTED: &str = "action whose documentation names a branch";

/// `uses: owner/action@main`: each run takes what the branch has by then.
fn action_from_branch(cx: &WorkflowContext, out: &mut Findings) {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for (_, step) in cx.steps() {
        let Some(action) = step.action.as_ref().filter(|action| action.place.file == 0) else { continue };
        let name = action.name.to_ascii_lowercase();
        let is_branch = patterns::words(BRANCH).any(|branch| branch == action.version);
        let is_documented = patterns::words(DOCUMENTED).any(|known| known == name);
        if !is_branch || is_documented || !seen.insert(name) {
            continue;
        }
        let message = format!(
            "`{}` is taken from the branch `{}`: each run gets what was pushed there last",
            action.name, action.version
        );
        let Some(finding) = cx.finding(action.place, message) else { continue };
        out.push(finding.help("name a release that the action has, or better its commit"));
    }
}
