//! Rung 3 for Node projects: dependencies and build in separate stages, and the runtime files in the final stage.

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
use crate::build::{StageBase, installed};
use crate::optimize::languages::node::stage_blocker::NodeBlocker;

/// Takes the final stage apart.
pub(super) fn stages(scene: &PassInput, turn: &mut PassOutput) {
    let build = scene.build;
    let Some(stage) = scene.target() else { return };
    if !(build.is_ordinary() && build.knows_target()) {
        return;
    }
    if !stage_pieces::stands_alone(build, stage) || installed::changes_manifest(build, stage) {
        return;
    }
    let pieces = match stage_pieces::read(scene, stage) {
        Ok(Some(pieces)) => pieces,
        Ok(None) => return,
        Err(why) => return turn.skip(why),
    };
    let plan = match plan::plan(scene, stage, &pieces) {
        Ok(Some(plan)) => plan,
        Ok(None) => return,
        Err(why) => return turn.skip(why),
    };
    let numbered = build.edges().iter().any(|edge| {
        let text = scene.source().slice(edge.span);
        matches!(edge.to, StageBase::Stage(_)) && text.trim_matches('"').parse::<usize>().is_ok()
    });
    if numbered {
        return turn.skip(NodeBlocker::NumberedStage);
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
    let edit = write::NodeWriter::new(scene, stage, &pieces, &plan).edit();
    turn.step(what, why, vec![edit]);
}
