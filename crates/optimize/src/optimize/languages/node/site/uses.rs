//! What another server's image could not do.

use super::blocker::SiteBlocker;
use super::image::WebServer;
use super::served::Site;
use crate::build::{BaseImage, Presence, Stage};
use crate::inputs::Service;
use crate::optimize::languages::node::{container_uses, words};
use crate::optimize::pass_input::PassInput;

/// What another server's image could not do, as the beginning of a sentence; `None` where nothing is known of it.
pub(super) fn reason_against_other_server(
    input: &PassInput,
    stage: &Stage,
    site: &Site,
    server: &WebServer,
) -> Option<SiteBlocker> {
    let mut services = input.services_of(stage);
    let used = container_uses::in_containers(input, stage).map(|what| SiteBlocker::ContainerUse { what });
    used.or_else(|| services.find_map(|service| by_service(service, site, server)))
}

fn by_service(service: &Service, site: &Site, server: &WebServer) -> Option<SiteBlocker> {
    if let Some(user) = &service.user {
        return Some(SiteBlocker::ServiceUser { service: service.name.clone(), user: user.clone() });
    }
    if service.read_only && !service.mounts.iter().any(|path| path == "/tmp") {
        return Some(SiteBlocker::ReadOnlyService { service: service.name.clone() });
    }
    if !site.dead.is_empty() && service.network.is_some() {
        return Some(SiteBlocker::SharedNetwork { service: service.name.clone(), target: site.dead[0].1.clone() });
    }
    let check = service.healthcheck.as_ref()?;
    let image = BaseImage::of(&server.image);
    let lacks = |program: &str| image.presence(program) == Presence::Lacks || program == "npm" || program == "npx";
    let lacking = words::commands(check).into_iter().find(|words| lacks(words::name(&words[0])));
    let (service, image) = (service.name.clone(), server.image.clone());
    lacking.map(|words| SiteBlocker::HealthcheckProgram { service, program: words[0].clone(), image })
}
