//! Rung 3 for Node projects: dependencies and build in stages of their own, and what runs in the last one.

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

/// Its passes.
pub(super) const STAGES: &[Pass] = &[
    Pass::new("site-stages", Rung::Stages, "serve what a bundler built by a web server", site::in_stages)
        .assuming("answers requests with what the bundler wrote alone", Support::Sources),
    Pass::at_max("next-standalone", Rung::Stages, "take what Next.js traced for its server alone", standalone::run)
        .assuming("loads no files but those that Next.js traces", Support::Open),
    Pass::new(
        "client-stages",
        Rung::Stages,
        "build sites that another program serves in stages of their own",
        client::run,
    )
    .assuming("needs nothing of the site but what its bundler writes", Support::Sources),
    Pass::new(
        "client-production",
        Rung::Stages,
        "leaves development dependencies out of what serves such a site",
        production::run,
    )
    .assuming("loads no development dependency", Support::Sources),
    Pass::new("node-start", Rung::Stages, "start Node programs without npm", start::run)
        .assuming("starts nothing but the script's one program", Support::Sources),
    Pass::new("node-stages", Rung::Stages, "build Node projects in a stage of their own", stages)
        .assuming("needs nothing of the build stage but what is copied from it", Support::Sources),
    Pass::new("bundler-caches", Rung::Stages, "keeps what bundlers have compiled in a cache mount", caches::mount)
        .assuming("reads nothing that bundlers keep for their next run", Support::Sources),
];

/// Its passes above all others.
pub(super) const SERVERS: &[Pass] = &[
    Pass::new("static-site", Rung::Server, "serve built files by a web server in any case", site::in_any_case)
        .assuming("answers requests with what the bundler wrote alone", Support::Open),
    Pass::new("static-site-caches", Rung::Server, "the same cache mounts for it", caches::mount)
        .assuming("reads nothing that bundlers keep for their next run", Support::Sources),
];

/// Takes the final stage apart.
fn stages(scene: &PassInput, turn: &mut PassOutput) {
    const WHAT: &str = "build in a stage of its own";
    let build = scene.build;
    let Some(stage) = scene.target().filter(|_| build.is_ordinary() && build.knows_target()) else { return };
    if !stage_pieces::stands_alone(build, stage) || installed::changes_manifest(build, stage) {
        return;
    }
    let pieces = match stage_pieces::read(scene, stage) {
        Ok(Some(pieces)) => pieces,
        Ok(None) => return,
        Err(why) => return turn.refuse(WHAT, why),
    };
    let plan = match plan::plan(scene, stage, &pieces) {
        Ok(Some(plan)) => plan,
        Ok(None) => return,
        Err(why) => return turn.refuse(WHAT, why),
    };
    let numbered = build.edges().iter().any(|edge| {
        let text = scene.source().slice(edge.span);
        matches!(edge.to, StageBase::Stage(_)) && text.trim_matches('"').parse::<usize>().is_ok()
    });
    if numbered {
        return turn.refuse(WHAT, "stages are named by numbers that would change");
    }
    let mut what = match &plan.output {
        Some(_) => "builds in a stage of its own".to_owned(),
        None => "installs dependencies in a stage of its own".to_owned(),
    };
    if matches!(plan.modules, plan::Modules::Separate(_) | plan::Modules::Beside(_)) {
        what.push_str(", and installs what runs in another one beside it");
    }
    let why = match plan.output.as_ref().and_then(|output| output.open.as_ref()) {
        Some(open) => format!("{}; the whole folder is taken, as {open}", plan.why),
        None => plan.why.clone(),
    };
    let edit = write::NodeWriter::new(scene, stage, &pieces, &plan).edit();
    turn.step(what, why, vec![edit]);
}
