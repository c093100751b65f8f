//! Rules about versions of actions.

use crate::data;
use crate::finding::{Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};

crate::rules::family! {
    of_workflow
    "old-docker-action" => old_docker_action;
}

/// An old major runs on a Node.js that is going, or asks a cache service that is shut.
fn old_docker_action(cx: &WorkflowContext, out: &mut Findings) {
    for (_, step) in cx.steps() {
        let Some(action) = &step.action else { continue };
        let Some(row) = data::DOCKER_ACTIONS.row(&action.name.to_ascii_lowercase()) else { continue };
        let (Some(major), Ok(oldest)) = (action.major(), row[2].parse::<u32>()) else { continue };
        if major >= oldest {
            continue;
        }
        let (name, current) = (&action.name, row[1]);
        let message = format!("`{name}@{}` is no longer maintained: v{current} is current", action.version);
        let Some(finding) = cx.finding(action.place, message) else { continue };
        let change = WorkflowChange::Replace(action.place, format!("{name}@v{current}"));
        let why = Safety::Unsafe("a new major may have other defaults and inputs".to_owned());
        let finding = finding.help(format!("write `{name}@v{current}`"));
        out.push(cx.fixed(finding, &format!("use v{current}"), why, &[change]));
    }
}
