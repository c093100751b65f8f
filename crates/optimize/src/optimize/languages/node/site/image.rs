//! Which image's web server takes the place of another server.

use super::blocker::SiteBlocker;
use std::collections::BTreeSet;

use crate::build::{Reference, StageBase};
use crate::data;
use crate::inputs::Date;
use crate::optimize::pass_input::{PassInput, refuse_if};

/// A web server's image.
pub(super) struct WebServer {
    /// Its reference.
    pub(super) image: String,
    /// Who names it, as the end of a sentence.
    pub(super) why: String,
    /// Its compressed bytes.
    pub(super) pull: Option<u64>,
}

/// The image that the user or the project names, else a release that its publisher supports today.
pub(super) fn choose(input: &PassInput) -> Result<WebServer, SiteBlocker> {
    if let Some(image) = &input.options.server {
        refuse_if(!is_known(image), SiteBlocker::NotNginx { image: image.clone() })?;
        return Ok(WebServer { image: image.clone(), why: "the image is set by `--server`".to_owned(), pull: None });
    }
    if let Some(image) = image_of_project(input) {
        let why = format!("files of the project name `{image}`");
        return Ok(WebServer { image, why, pull: None });
    }
    let today = input.inputs.today;
    let lives = |until: &str| Date::parse(until).zip(today).is_none_or(|(until, today)| today <= until);
    let row = data::WEB_SERVERS.rows().find(|row| lives(row[1]));
    let Some(&[image, until, pull, _, date, _]) = row else { return Err(SiteBlocker::NoSupportedRelease) };
    let why = format!("`{image}` is supported until {until} (web_servers.tsv, {date}); `--server` sets another one");
    Ok(WebServer { image: image.to_owned(), why, pull: pull.parse().ok() })
}

/// The image that the project's Dockerfiles and compose files name, its newest first.
fn image_of_project(input: &PassInput) -> Option<String> {
    let stages = input.build.stages().iter().filter_map(|stage| match &stage.base {
        StageBase::Image(image) => Some(image),
        _ => None,
    });
    let all: BTreeSet<&String> =
        stages.chain(input.evidence.named_images.iter().flat_map(|images| images.iter())).collect();
    let fits = |image: &&&String| {
        let tag = Reference::of(image).tag.unwrap_or_default();
        let channel = data::TAG_WORDS.has(tag.split('-').next().unwrap_or_default(), "channel");
        is_known(image) && (tag.starts_with(|c: char| c.is_ascii_digit()) || channel && tag != "latest")
    };
    all.iter().rfind(fits).map(|image| (*image).clone())
}

/// Whether it is an image of nginx.
fn is_known(image: &str) -> bool {
    let reference = Reference::of(image);
    !image.contains('$') && (reference.short_name() == "nginx" || reference.last_name() == "nginx-unprivileged")
}
