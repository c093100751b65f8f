//! The certificates that the configuration of a web server names, and that no image holds.

use std::collections::BTreeSet;

use super::directives::{directives, ports};
use super::web_server::may_serve;
use crate::emit::facts::application::Application;
use crate::emit::input::EmitInput;
use crate::text::path;

/// The certificates of a web server that is built here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::emit) struct Certificates {
    /// The folders that its configuration names, absolute.
    pub(in crate::emit) folders: BTreeSet<String>,
    /// The files in other folders, which have to come in another way.
    pub(in crate::emit) files: Vec<String>,
    /// The ports that it listens on.
    pub(in crate::emit) ports: Vec<u16>,
    /// The configuration.
    pub(in crate::emit) place: String,
}

/// Folders of the system that a volume would hide.
const SYSTEM: [&str; 5] = ["/etc/ssl", "/etc/ssl/certs", "/etc/ssl/private", "/etc/nginx", "/etc/pki/tls"];

/// The folders below `/etc` with certificates that a configuration names, apart from those that hold files of the system.
pub(super) fn certificate_folders(text: &str) -> BTreeSet<&str> {
    certificate_files(text)
        .map(path::parent)
        .filter(|folder| folder.starts_with("/etc/") && !SYSTEM.contains(folder))
        .collect()
}

/// The certificates that lie in other folders.
fn certificates_elsewhere(text: &str) -> BTreeSet<&str> {
    let folders = certificate_folders(text);
    certificate_files(text).filter(|file| file.starts_with('/') && !folders.contains(path::parent(file))).collect()
}

fn certificate_files(text: &str) -> impl Iterator<Item = &str> {
    let named = directives(text).filter(|(name, _)| name.starts_with("ssl_") && name.contains("certificate"));
    named.map(|(_, value)| value)
}

/// The certificates of a web server that is built here, where its Dockerfile neither makes nor brings them.
pub(in crate::emit) fn certificates(input: &EmitInput, application: &Application) -> Option<Certificates> {
    // Others have such a file with the whole folder, and read it never.
    if !may_serve(application) {
        return None;
    }
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
        let elsewhere = certificates_elsewhere(text).into_iter().filter(|file| !dockerfile.contains(*file));
        let files: Vec<String> = elsewhere.map(str::to_owned).collect();
        let place = file.source.name().to_owned();
        (!folders.is_empty() || !files.is_empty()).then(|| Certificates { folders, files, ports: ports(text), place })
    })
}
