//! How a repository uses a compose file and the images in it, as the texts around the file say.

use std::collections::BTreeSet;

use crate::data;
use crate::recipe;
use crate::sources::patterns;
use crate::text::path;

/// What the texts around a compose file say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ComposeUse {
    /// The text that deploys the file to a swarm.
    pub stack_deployer: Option<String>,
    /// The text that starts the file's services and lets a proxy read its configuration again.
    pub proxy_reloader: Option<String>,
    /// The images that the texts build, without tags.
    pub built_images: BTreeSet<String>,
}

/// Whether a script replaces containers and has a proxy look their names up again.
fn reloads_proxy(text: &str) -> bool {
    let is_code = |line: &&str| !line.trim_start().starts_with('#');
    let has = |words: &str| text.lines().filter(is_code).any(|line| line.contains(words));
    let starts = has(" up ") || has("docker run");
    starts && data::PROXY_RELOADS.rows().any(|row| has(row[0]))
}

impl ComposeUse {
    /// Reads texts by their names; `file`: the name of the compose file.
    pub fn of<'t>(file: &str, texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let mut compose_use = Self::default();
        for (name, text) in texts {
            let deploys = |line: &str| patterns::shows(line, "deploys to a swarm") && line.contains(path::name(file));
            if compose_use.stack_deployer.is_none() && text.lines().any(deploys) {
                compose_use.stack_deployer = Some(name.to_owned());
            }
            if compose_use.proxy_reloader.is_none() && reloads_proxy(text) {
                compose_use.proxy_reloader = Some(name.to_owned());
            }
            compose_use.built_images.extend(recipe::built_image_names(text));
        }
        compose_use
    }
}
