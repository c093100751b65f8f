//! Level 3 for Node projects: dependencies and build in separate stages, and the runtime files in the final stage.

pub(super) mod caches;
pub(super) mod client;
mod need;
mod next;
mod output;
mod plan;
pub(super) mod site;
pub(super) mod standalone;
pub(super) mod start;
#[cfg(test)]
mod tests;
mod write;

use super::languages::node::{native, stage_pieces, words};
use super::pass_input::{PassInput, PassOutput};
use crate::optimize::languages::node::stage_blocker::NodeBlocker;

/// Takes the final stage apart.
pub(super) fn stages(input: &PassInput, output: &mut PassOutput) {
    let Some(stage) = stage_pieces::divisible_stage(input) else { return };
    let Some(Some(pieces)) = output.ok_or_skip(stage_pieces::read(input, stage)) else { return };
    let Some(Some(plan)) = output.ok_or_skip(plan::plan(input, stage, &pieces)) else { return };
    if input.names_stage_by_number() {
        return output.skip(NodeBlocker::NumberedStage);
    }
    let mut what = match &plan.output {
        Some(_) => "builds in a separate stage".to_owned(),
        None => "installs dependencies in a separate stage".to_owned(),
    };
    if matches!(plan.modules, plan::Modules::Separate(_) | plan::Modules::Beside(_)) {
        what.push_str(" and installs the runtime dependencies in another one");
    }
    let why = match plan.output.as_ref().and_then(|output| output.open.as_ref()) {
        Some(open) => format!("{}; the whole folder is copied, because {open}", plan.why),
        None => plan.why.clone(),
    };
    let edit = write::NodeWriter::new(input, stage, &pieces, &plan).edit();
    output.step(what, why, vec![edit]);
}
