//! A rule about names of images that are built here and belong to others.

use crate::build::{Reference, is_official};
use crate::finding::Findings;
use crate::rules::ComposeContext;

crate::rules::family! {
    of_compose
    "compose-image-name-taken" => check;
}

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services().filter(|service| service.is_built) {
        let Some(name) = service.text("image").filter(|name| is_official(Reference::of(name).short_name())) else {
            continue;
        };
        let place = service.value.get("image").and_then(|image| image.place).or(service.place);
        let message = format!(
            "the build of `{}` takes the name of the official image `{name}`: what is started or built from `{name}` on this host gets it from then on",
            service.name
        );
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help("give the image a name of the project, or leave out `image:`"));
    }
}
