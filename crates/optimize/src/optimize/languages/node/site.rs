//! Passes `site-stages` and `static-site`: a web server serves the built files instead of a preview server. Both do the
//! same rewrite; the first, on a lower level, requires that the container does nothing else.

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
use crate::optimize::assumption::Support;
use crate::optimize::level::Level;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::text;

/// On the lower level: in the place of a server for previews that does nothing else.
pub(in crate::optimize) fn in_stages(input: &PassInput, output: &mut PassOutput) {
    let Some((stage, site)) = read(input, output) else { return };
    let offered = input.options.level.allows(Level::Server);
    let Some(server) = output.ok_or_skip(image::choose(input)) else { return };
    let other = match site.kind {
        ServedKind::Development => Some(SiteBlocker::DevelopmentServer { command: site.command.to_string() }),
        ServedKind::Preview | ServedKind::Files => uses::reason_against_other_server(input, stage, &site, &server),
    };
    match other {
        // The upper level does it.
        Some(_) if offered => {}
        Some(why) => {
            output.skip(SiteBlocker::LowerLevel { why: Box::new(why), saving: saving(input, stage, &server).clone() });
        }
        None => replace(input, output, stage, &site, &server),
    }
}

/// On the upper level: in the place of a server for development too, and whatever else is done in such a container.
pub(in crate::optimize) fn in_any_case(input: &PassInput, output: &mut PassOutput) {
    let mut attempt = PassOutput::default();
    // The lower level has said what stands in the way.
    let Some((stage, site)) = read(input, &mut attempt) else { return };
    let Ok(server) = image::choose(input) else { return };
    if site.kind == ServedKind::Development
        && let Some(service) = input.evidence.services.iter().find(|service| !service.bound.is_empty())
    {
        let why = SiteBlocker::MountsHostFolders { service: service.name.clone() };
        return output.skip(why);
    }
    replace(input, output, stage, &site, &server);
}

/// The last stage and what it serves; what stands in the way is said.
fn read<'s>(input: &'s PassInput, output: &mut PassOutput) -> Option<(&'s Stage, Site)> {
    let build = input.build;
    if !(build.is_ordinary() && build.knows_target()) {
        return None;
    }
    let stage = input.target()?;
    let site = output.ok_or_skip(served::read(input, stage))??;
    Some((stage, site))
}

fn replace(input: &PassInput, output: &mut PassOutput, stage: &Stage, site: &Site, server: &WebServer) {
    let Some(edits) = output.ok_or_skip(write::edits(input, stage, site, server)) else { return };
    let what = format!("serves `{}` with `{}` on port {}", site.folder, server.image, site.port);
    let why = format!("`{}` only serves these files; {}", site.command, server.why);
    output.step(what, why, edits);
    for (assumption, difference) in differences(site) {
        output.assume(assumption, Some((Support::Open, difference)));
    }
}

/// What nginx answers otherwise than the server of the site, with what has to be true so that nobody minds.
fn differences(site: &Site) -> Vec<(&'static str, String)> {
    let command = site.command;
    let mut differences = Vec::new();
    if let Some(others) = site.others {
        differences.push((
            "nobody asks for files by other methods than GET and HEAD",
            format!("nginx answers 405, `{command}` {others}"),
        ));
    }
    if site.redirects_pages {
        differences.push((
            "nobody needs redirects from the names of pages",
            format!(
                "nginx sends the page itself, `{command}` redirects `/about.html` to `/about`, `/index.html` to `/index`, and that to `/`"
            ),
        ));
    }
    if site.fallback && site.hashed.is_some() {
        differences.push((
            "nobody needs the first page in place of a file that is not there",
            format!("nginx answers 404 where the name of a file has a hash, `{command}` sends the first page"),
        ));
    }
    let hashed = if site.hashed.is_some() { ", and to keep those with a hash in the name for a year" } else { "" };
    differences.push((
        "nobody needs other headers for caches",
        format!("nginx tells browsers to ask again for files (`Cache-Control: no-cache`){hashed}"),
    ));
    differences.push((
        "the kernel has IPv6",
        "nginx listens on both protocols and does not start where one is missing (`ipv6.disable=1`)".to_owned(),
    ));
    differences
}

/// `: 70 MB less to pull`; nothing where the sizes are not known.
fn saving(input: &PassInput, stage: &Stage, server: &WebServer) -> String {
    let StageBase::Image(image) = input.build.root_base(stage) else { return String::new() };
    let known = SlimImage::pull_of(image, input.options.level.allows(Level::Slim));
    match known.zip(server.pull).and_then(|(before, after)| before.checked_sub(after)) {
        Some(bytes) => format!(" (at least {} less to pull)", text::bytes(bytes)),
        None => String::new(),
    }
}
