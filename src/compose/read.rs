//! Services and their builds.

use super::inline::inline;
use super::mount::Mount;
use crate::text::{Source, Span, path};
use crate::yaml::{self, NodeKind, YamlNode};

/// Dockerfiles inside of one file that are looked at.
const INLINE: usize = 100;

/// Empty lines before all of them together, which stand for the lines of the file.
const LEAD: u32 = 1_000_000;

/// The builds of a compose file.
#[derive(Clone, Debug, Default)]
pub struct Compose {
    /// Services with a build, in order.
    pub services: Vec<Service>,
    /// What is wrong with it.
    pub problems: Vec<ComposeProblem>,
    /// What only the tool itself knows.
    pub unknown: Vec<ComposeProblem>,
}

/// Something wrong, in one sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeProblem {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
}

/// A service that is built.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Where its build is written.
    pub span: Span,
    /// The context as written; `None` where it is the file's folder.
    pub context: Option<String>,
    /// The Dockerfile's path below the context.
    pub dockerfile: Option<String>,
    /// The Dockerfile itself, as Compose hands it to the builder.
    pub inline: Option<Source>,
    /// The stage to build.
    pub target: Option<String>,
    /// Arguments with a value that is written here.
    pub args: Vec<(String, String)>,
    /// Other contexts by their names, as written.
    pub contexts: Vec<(String, String)>,
    /// The user that it runs as, as written.
    pub user: Option<String>,
    /// The signal that stops it, as written.
    pub stop_signal: Option<String>,
    /// Whether its container starts below an init.
    pub has_init: bool,
    /// Whether it gets more rights than other containers: `privileged`, capabilities, devices.
    pub has_rights: bool,
    /// Whether it is started by hand only, and nobody calls it: it has a profile and no port.
    pub is_on_demand: bool,
    /// `volumes`.
    pub mounts: Vec<Mount>,
}

/// Whether a file of this name is one of Compose's.
pub fn is_compose(name: &str) -> bool {
    let name = path::name(name);
    let Some(stem) = name.strip_suffix(".yaml").or_else(|| name.strip_suffix(".yml")) else { return false };
    ["compose", "docker-compose"]
        .iter()
        .any(|word| stem.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_'])))
}

/// Whether a YAML file with any name is one of Compose's: it has services with an image or a build.
pub fn holds_services(source: &Source) -> bool {
    let is_yaml = [".yaml", ".yml"].iter().any(|end| source.name().ends_with(end));
    if !is_yaml || !source.text().contains("services") {
        return false;
    }
    let tree = yaml::read(source.text());
    let services = tree.root().and_then(|root| root.get("services"));
    let is_service = |service: YamlNode| ["image", "build", "extends"].iter().any(|key| service.get(key).is_some());
    services.is_some_and(|services| services.entries().any(|entry| is_service(entry.value)))
}

/// Reads a file. What is wrong with it is a problem, and what stands before it is still there.
pub fn read(source: &Source) -> Compose {
    let tree = yaml::read(source.text());
    let mut compose = Compose::default();
    for problem in tree.problems() {
        compose.problems.push(ComposeProblem { span: problem.span, message: problem.message.clone() });
    }
    let mut inlines = (INLINE, LEAD);
    // A service may take another's build by an alias.
    let mut known = std::collections::BTreeSet::new();
    for services in tree.documents().filter_map(|root| root.get("services")) {
        for entry in services.entries() {
            let (Some(name), Some(build)) = (entry.key.text(), entry.value.get("build")) else { continue };
            let build = build.target().unwrap_or(build);
            let node = build.get("dockerfile_inline").map_or(build, |inline| inline.target().unwrap_or(inline));
            if known.insert(node.span()) && !build.is_null() {
                let service = service(source, name, build, &mut inlines, &mut compose.problems);
                let text = |key: &str| entry.value.get(key).and_then(YamlNode::text).map(str::to_owned);
                let has_init = is_true(entry.value.get("init"));
                let (user, stop_signal) = (text("user"), text("stop_signal"));
                let (has_rights, is_on_demand) = (has_rights(entry.value), is_on_demand(entry.value));
                let volumes = entry.value.get("volumes").map(|node| node.target().unwrap_or(node));
                let mounts = volumes.into_iter().flat_map(YamlNode::items).filter_map(Mount::of).collect();
                let run = Service { user, stop_signal, has_init, has_rights, is_on_demand, mounts, ..service };
                compose.services.push(run);
            }
        }
    }
    compose
}

/// Whether a service asks for rights that only root can use.
fn has_rights(service: YamlNode) -> bool {
    let entries =
        |key: &str| service.get(key).map(|node| node.target().unwrap_or(node)).map(|node| node.items().count());
    // Any user may listen on low ports in a container.
    let is_port =
        |node: YamlNode| node.text().is_some_and(|text| text.trim_start_matches("CAP_") == "NET_BIND_SERVICE");
    let capabilities = service.get("cap_add").map(|node| node.target().unwrap_or(node));
    is_true(service.get("privileged"))
        || entries("devices").is_some_and(|count| count > 0)
        || capabilities.is_some_and(|node| node.items().any(|item| !is_port(item)))
}

/// Whether a service is started by hand only, and nobody calls it: it has a profile and no port.
fn is_on_demand(service: YamlNode) -> bool {
    let has = |key: &str| service.get(key).is_some_and(|node| node.items().next().is_some());
    has("profiles") && !has("ports") && !has("expose") && service.get("restart").is_none()
}

fn service(
    source: &Source,
    name: &str,
    build: YamlNode,
    (count, lead): &mut (usize, u32),
    problems: &mut Vec<ComposeProblem>,
) -> Service {
    let text = |key: &str| build.get(key).and_then(YamlNode::text).filter(|text| !text.is_empty()).map(str::to_owned);
    let mut service = Service {
        name: name.to_owned(),
        span: build.span(),
        context: text("context").or_else(|| build.text().map(str::to_owned)),
        dockerfile: text("dockerfile"),
        inline: None,
        target: text("target").filter(|target| !target.contains('$')),
        args: args(build.get("args")),
        contexts: args(build.get("additional_contexts")),
        user: None,
        stop_signal: None,
        has_init: false,
        has_rights: false,
        is_on_demand: false,
        mounts: Vec::new(),
    };
    let Some(node) = build.get("dockerfile_inline") else { return service };
    let node = node.target().unwrap_or(node);
    if !matches!(node.kind(), Some(NodeKind::Scalar(_))) {
        let message = format!("`dockerfile_inline` of the service `{name}` is not a string");
        problems.push(ComposeProblem { span: node.span(), message });
        return service;
    }
    if service.dockerfile.is_some() {
        let message =
            format!("the service `{name}` has both `dockerfile` and `dockerfile_inline`, which Compose rejects");
        problems.push(ComposeProblem { span: node.span(), message });
    }
    let before = source.line(node.span().start);
    if let (Some(remaining), Some(room)) = (count.checked_sub(1), lead.checked_sub(before)) {
        (*count, *lead) = (remaining, room);
        service.inline = inline(source, node);
    } else {
        let message = format!("there are too many Dockerfiles; the one of the service `{name}` was not checked");
        problems.push(ComposeProblem { span: node.span(), message });
    }
    service
}

/// Whether a switch is on, as YAML writes it.
fn is_true(node: Option<YamlNode>) -> bool {
    node.and_then(YamlNode::text).is_some_and(|text| text.eq_ignore_ascii_case("true"))
}

/// Those whose value is known: not from the environment.
fn args(node: Option<YamlNode>) -> Vec<(String, String)> {
    let Some(node) = node else { return Vec::new() };
    let mut args = Vec::new();
    for entry in node.entries() {
        if let (Some(name), Some(value)) = (entry.key.text(), entry.value.value_text()) {
            args.push((name.to_owned(), value.to_owned()));
        }
    }
    for item in node.items() {
        if let Some((name, value)) = item.text().and_then(|text| text.split_once('=')) {
            args.push((name.to_owned(), value.to_owned()));
        }
    }
    args.retain(|(name, value)| !name.contains('$') && !value.contains('$'));
    args
}
