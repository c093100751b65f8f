//! Node projects: dependencies and build in separate stages, the runtime files in the final stage, and servers for sites.

pub(in crate::optimize) mod caches;
pub(in crate::optimize) mod client;
pub(in crate::optimize) mod container_uses;
pub(in crate::optimize) mod native;
mod need;
mod libraries;
pub(in crate::optimize) mod next;
mod output;
mod plan;
pub(in crate::optimize) mod site;
pub(in crate::optimize) mod stage_blocker;
pub(in crate::optimize) mod stage_parts;
pub(in crate::optimize) mod standalone;
pub(in crate::optimize) mod start;
pub(in crate::optimize) mod started_project;
pub(in crate::optimize) mod words;
mod write;
pub(in crate::optimize) mod written_folders;

#[cfg(test)]
mod tests;

use self::stage_blocker::NodeBlocker;
use crate::optimize::pass_input::{PassInput, PassOutput};

/// Takes the final stage apart.
pub(in crate::optimize) fn stages(input: &PassInput, output: &mut PassOutput) {
    let Some(stage) = stage_parts::divisible_stage(input) else { return };
    let Some(Some(parts)) = output.ok_or_skip(stage_parts::read(input, stage)) else { return };
    let Some(Some(plan)) = output.ok_or_skip(plan::plan(input, stage, &parts)) else { return };
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
    let edit = write::NodeWriter::new(input, stage, &parts, &plan).edit();
    output.step(what, why, vec![edit]);
}
