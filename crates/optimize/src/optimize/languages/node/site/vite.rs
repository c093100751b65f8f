//! What Vite's configuration says of its servers.

use super::blocker::SiteBlocker;
use crate::manifest::{Ecosystem, FileKind, Project};
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::sources::comments::blank_comments;
use crate::sources::object_literals::{Literal, literal, members, quoted, value, vite_port};
use crate::text::path;

/// What holds for its server.
#[derive(Debug)]
pub(super) struct ViteSettings {
    /// The port.
    pub(super) port: Option<u16>,
    /// The folder that is served, below the project's; `None` where nobody names one.
    pub(super) folder: Option<String>,
    /// Whether paths without a file get the first page.
    pub(super) fallback: bool,
    /// The folder of the site's address.
    pub(super) base: Option<String>,
    /// Beginnings of paths that are handed on, and to where.
    pub(super) dead: Vec<(String, String)>,
}

impl Default for ViteSettings {
    fn default() -> Self {
        Self { port: None, folder: None, fallback: true, base: None, dead: Vec::new() }
    }
}

/// What options and configuration file say; an error where they do more than to serve files.
pub(super) fn read(
    input: &PassInput,
    project: &Project,
    args: &[String],
    development: bool,
) -> Result<ViteSettings, SiteBlocker> {
    let option = |names: &[&str]| {
        args.iter().enumerate().find_map(|(at, word)| {
            let joined_value = |name: &&str| word.strip_prefix(*name).and_then(|rest| rest.strip_prefix('='));
            let next = || args.get(at + 1).map(String::as_str);
            if names.contains(&word.as_str()) { next() } else { names.iter().find_map(joined_value) }
        })
    };
    let text = blank_comments(configuration(input, project, option(&["--config", "-c"]))?);
    let text = text.as_str();
    let setting_blocker = |key: &str| SiteBlocker::ViteSetting { key: key.to_string() };
    refuse_if(text.contains("mergeConfig") || text.contains("configurePreviewServer"), SiteBlocker::ViteImports)?;
    for key in ["headers", "https"] {
        refuse_if(value(text, key) != Ok(None), SiteBlocker::ViteServerSetting { key: key.to_string() })?;
    }
    refuse_if(!matches!(literal(text, "root"), Literal::Missing | Literal::Text("." | "./")), setting_blocker("root"))?;
    let fallback = match literal(text, "appType") {
        Literal::Missing | Literal::Text("spa") => true,
        Literal::Text("mpa") => false,
        _ => return Err(SiteBlocker::ViteAppType),
    };
    let base = match option(&["--base"]) {
        Some(base) => Some(base),
        None => match literal(text, "base") {
            Literal::Missing => None,
            Literal::Text(base) => Some(base),
            Literal::Open => return Err(setting_blocker("base")),
        },
    };
    let folder = match (option(&["--outDir"]), literal(text, "outDir")) {
        (Some(folder), _) | (None, Literal::Text(folder)) => folder.to_owned(),
        (None, Literal::Missing) => "dist".to_owned(),
        (None, Literal::Open) => return Err(setting_blocker("outDir")),
    };
    let server = if development { "server" } else { "preview" };
    Ok(ViteSettings {
        port: vite_port(text, server).map_err(|_| SiteBlocker::VitePort { server: server.to_owned() })?,
        folder: Some(folder),
        fallback,
        base: folder_of(base)?,
        dead: proxies(text)?,
    })
}

/// The text of the configuration file; empty where there is none.
fn configuration<'a>(input: &PassInput<'a>, project: &Project, named: Option<&str>) -> Result<&'a str, SiteBlocker> {
    let candidates: Vec<String> = match named {
        Some(name) => vec![name.to_owned()],
        None => FileKind::endings_of(Ecosystem::Node).map(|ending| format!("vite.config{ending}")).collect(),
    };
    for name in candidates {
        let path = path::join(&project.root, &name);
        if let Some(text) = input.evidence.texts.get(&path) {
            return Ok(text);
        }
        if named.is_some() || input.context().is_none_or(|context| context.find(&path).is_some()) {
            return Err(SiteBlocker::UnreadFile { path: path.clone() });
        }
    }
    Ok("")
}

/// The folder of an address with slashes at both ends; `None` for the root.
fn folder_of(base: Option<&str>) -> Result<Option<String>, SiteBlocker> {
    let Some(base) = base.filter(|base| !matches!(*base, "" | "/" | "./")) else { return Ok(None) };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
    if !base.starts_with('/') || base.contains("..") || base.contains("//") || !base.chars().all(plain) {
        return Err(SiteBlocker::ViteBase { base: base.to_string() });
    }
    Ok(Some(format!("/{}/", base.trim_matches('/'))))
}

/// What its servers hand on: allowed is what leads back into the container, where nothing listens.
fn proxies(text: &str) -> Result<Vec<(String, String)>, SiteBlocker> {
    let more = || SiteBlocker::ViteProxy;
    let Some(object) = value(text, "proxy").map_err(|_| more())? else { return Ok(Vec::new()) };
    let mut targets = Vec::new();
    for (path, target) in members(object).ok_or_else(more)? {
        let target = if target.starts_with('{') {
            members(target).ok_or_else(more)?.into_iter().find(|(key, _)| *key == "target").map(|(_, to)| to)
        } else {
            Some(target)
        };
        let whole = |text: &&str| text.len() + 2 == target.map_or(0, str::len);
        let target = target.and_then(quoted).filter(whole).ok_or_else(more)?;
        let host = target.split_once("://").map_or(target, |(_, rest)| rest);
        let is_host = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"]
            .iter()
            .any(|name| host.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/'])));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.');
        if !is_host || !path.starts_with('/') || path.len() < 2 || !path.chars().all(plain) {
            return Err(SiteBlocker::ViteProxyTo { path: path.to_string(), target: target.to_string() });
        }
        targets.push((path.to_owned(), target.to_owned()));
    }
    Ok(targets)
}
