//! Passes `site-stages` and `static-site`: a web server serves the built files instead of a preview server. Both do the
//! same rewrite; the first, on a lower rung, requires that the container does nothing else.

mod blocker;
mod hashed;
mod image;
mod nginx;
mod served;
mod uses;
mod vite;
mod write;
#[cfg(test)]
mod tests;

use self::blocker::SiteBlocker;
use self::image::WebServer;
use self::served::{ServedKind, Site};
use crate::build::{SlimImage, Stage, StageBase};
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::rung::Rung;
use crate::text;

/// On the lower rung: in the place of a server for previews that does nothing else.
pub(in crate::optimize) fn in_stages(scene: &PassInput, turn: &mut PassOutput) {
    let Some((stage, site)) = read(scene, turn) else { return };
    let offered = scene.options.level.allows(Rung::Server);
    let Some(server) = turn.ok_or_skip(image::choose(scene)) else { return };
    let other = match site.kind {
        ServedKind::Development => Some(SiteBlocker::DevelopmentServer { command: site.command.to_string() }),
        ServedKind::Preview | ServedKind::Files => uses::reason_against_other_server(scene, stage, &site, &server),
    };
    match other {
        // The upper rung does it.
        Some(_) if offered => {}
        Some(why) => {
            turn.skip(SiteBlocker::LowerRung { why: Box::new(why), saving: saving(scene, stage, &server).clone() });
        }
        None => replace(scene, turn, stage, &site, &server),
    }
}

/// On the upper rung: in the place of a server for development too, and whatever else is done in such a container.
pub(in crate::optimize) fn in_any_case(scene: &PassInput, turn: &mut PassOutput) {
    let mut attempt = PassOutput::default();
    // The lower rung has said what stands in the way.
    let Some((stage, site)) = read(scene, &mut attempt) else { return };
    let Ok(server) = image::choose(scene) else { return };
    if site.kind == ServedKind::Development
        && let Some(service) = scene.evidence.services.iter().find(|service| !service.bound.is_empty())
    {
        let why = SiteBlocker::MountsHostFolders { service: service.name.clone() };
        return turn.skip(why);
    }
    replace(scene, turn, stage, &site, &server);
}

/// The last stage and what it serves; what stands in the way is said.
fn read<'s>(scene: &'s PassInput, turn: &mut PassOutput) -> Option<(&'s Stage, Site)> {
    let build = scene.build;
    if !(build.is_ordinary() && build.knows_target()) {
        return None;
    }
    let stage = scene.target()?;
    let site = turn.ok_or_skip(served::read(scene, stage))??;
    Some((stage, site))
}

fn replace(scene: &PassInput, turn: &mut PassOutput, stage: &Stage, site: &Site, server: &WebServer) {
    let Some(edits) = turn.ok_or_skip(write::edits(scene, stage, site, server)) else { return };
    let what = format!("serves `{}` with `{}` on port {}", site.folder, server.image, site.port);
    let why = format!("`{}` only serves these files; {}", site.command, server.why);
    turn.step(what, why, edits);
}

/// `: 70 MB less to pull`; nothing where the sizes are not known.
fn saving(scene: &PassInput, stage: &Stage, server: &WebServer) -> String {
    let StageBase::Image(image) = scene.build.root_base(stage) else { return String::new() };
    let known = SlimImage::pull_of(image, scene.options.level.allows(Rung::Slim));
    match known.zip(server.pull).and_then(|(before, after)| before.checked_sub(after)) {
        Some(bytes) => format!(" (at least {} less to pull)", text::bytes(bytes)),
        None => String::new(),
    }
}
