//! The certificates that the configuration of a web server names, and that no image holds.

use std::collections::BTreeSet;

use super::directives::{directives, ports};
use crate::emit::facts::application::Application;
use crate::emit::input::EmitInput;
use crate::text::path;

/// The certificates of a web server that is built here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::emit) struct Certificates {
    /// The folders that its configuration names, absolute.
    pub(in crate::emit) folders: BTreeSet<String>,
    /// The ports that it listens on.
    pub(in crate::emit) ports: Vec<u16>,
    /// The configuration.
    pub(in crate::emit) place: String,
}

/// The folders below `/etc` with certificates that a configuration names.
pub(super) fn certificate_folders(text: &str) -> BTreeSet<&str> {
    directives(text)
        .filter(|(name, _)| name.starts_with("ssl_") && name.contains("certificate"))
        .map(|(_, value)| path::parent(value))
        .filter(|folder| folder.starts_with("/etc/"))
        .collect()
}

/// The certificates of a web server that is built here, where its Dockerfile neither makes nor brings them.
pub(in crate::emit) fn certificates(input: &EmitInput, application: &Application) -> Option<Certificates> {
    let dockerfile = application.build.input().file.source().text();
    application.code_files(input).find_map(|file| {
        let text = file.source.text();
        if !matches!(path::name(&file.path).rsplit('.').next(), Some("conf" | "template")) || !text.contains("ssl_") {
            return None;
        }
        let folders = certificate_folders(text).into_iter().filter(|folder| {
            let top = folder.split('/').take(3).collect::<Vec<_>>().join("/");
            let is_above = folder.contains("letsencrypt") && dockerfile.contains(&top);
            !(dockerfile.contains(folder) || is_above)
        });
        let folders: BTreeSet<String> = folders.map(str::to_owned).collect();
        let place = file.source.name().to_owned();
        (!folders.is_empty()).then(|| Certificates { folders, ports: ports(text), place })
    })
}
