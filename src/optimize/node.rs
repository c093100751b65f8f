//! Rung 3 for Node projects: dependencies and build in separate stages, and the runtime files in the final stage.

mod caches;
mod client;
mod need;
mod next;
mod output;
mod plan;
mod site;
mod standalone;
mod start;
#[cfg(test)]
mod tests;
mod write;

use super::assumption::Support;
use super::languages::node::{native, stage_pieces, words};
use super::pass::Pass;
use super::pass_input::{PassInput, PassOutput};
use super::production;
use super::rung::Rung;
use crate::build::{StageBase, installed};
use crate::optimize::languages::node::stage_blocker::NodeBlocker;

/// Its passes.
pub(super) const STAGES: &[Pass] = &[
    Pass::new(
        "site-stages",
        Rung::Stages,
        "serves built files with a web server instead of a preview server",
        site::in_stages,
    )
    .assuming("the server answers requests only with the built files", Support::Sources),
    Pass::at_max(
        "next-standalone",
        Rung::Stages,
        "copies only the files that Next.js traced for its server",
        standalone::run,
    )
    .assuming("the server loads only files that Next.js traces", Support::Open),
    Pass::new(
        "client-stages",
        Rung::Stages,
        "builds sites that another program serves in separate stages",
        client::run,
    )
    .assuming("the server needs nothing from the site but the built files", Support::Sources),
    Pass::new(
        "client-production",
        Rung::Stages,
        "omits dev dependencies of the program that serves such a site",
        production::run,
    )
    .assuming("the program loads no dev dependency", Support::Sources),
    Pass::new("node-start", Rung::Stages, "starts Node programs without npm", start::run)
        .assuming("the script starts nothing but this program", Support::Sources),
    Pass::new("node-stages", Rung::Stages, "builds Node projects in a separate stage", stages)
        .assuming("the final image needs nothing from the build stage but the files that are copied", Support::Sources),
    Pass::new("bundler-caches", Rung::Stages, "keeps the caches of bundlers in cache mounts", caches::mount)
        .assuming("no program reads the caches of bundlers at run time", Support::Sources),
];

/// Its passes above all others.
pub(super) const SERVERS: &[Pass] = &[
    Pass::new(
        "static-site",
        Rung::Server,
        "serves built files with a web server, also instead of a development server",
        site::in_any_case,
    )
    .assuming("the server answers requests only with the built files", Support::Open),
    Pass::new(
        "static-site-caches",
        Rung::Server,
        "keeps the caches of bundlers in cache mounts after static-site",
        caches::mount,
    )
    .assuming("no program reads the caches of bundlers at run time", Support::Sources),
];

/// Takes the final stage apart.
fn stages(scene: &PassInput, turn: &mut PassOutput) {
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
