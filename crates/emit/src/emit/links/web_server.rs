//! Which programs have a web server in their images.

use crate::build::{Reference, StageBase};
use crate::data;
use crate::emit::facts::application::Application;

/// Whether the image of a program is that of a server which passes requests on.
pub(super) fn is_proxy(application: &Application) -> bool {
    let build = &application.build;
    let Some(StageBase::Image(image)) = build.target().map(|stage| build.root_base(stage)) else { return false };
    data::PROXY_IMAGES.contains(Reference::of(image).short_name())
}

/// Whether the image of a program has a web server, also one that it installs.
pub(super) fn may_serve(application: &Application) -> bool {
    is_proxy(application) || application.build.input().file.source().text().contains("nginx")
}
