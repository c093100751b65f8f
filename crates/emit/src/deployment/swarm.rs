//! A stack file for Swarm: the whole project, as `docker stack deploy` reads it. New containers are started before old ones
//! are stopped, watched until they can be known to be unhealthy, and rolled back by Swarm itself.

use std::collections::BTreeMap;

use serde_json::Value;

use super::input::DeploymentInput;
use super::plan::image_parts;
use crate::compose::project::{ComposeData, ComposeMap, ComposePlace, ComposeValue};
use crate::data;
use crate::emit::{Emission, EmittedFile};
use crate::stack::{CheckTiming, Stack, StackService};
use crate::text::{listed, path};
use crate::yaml::NewValue;

/// Seconds that a new container without a healthcheck is watched.
const SHORTEST_MONITOR: u64 = 30;

type Keys = Vec<(String, NewValue)>;

/// Writes the stack file; nothing where it is there as it should be.
///
/// # Errors
/// Why the project cannot be a stack, one sentence each.
pub fn swarm_deployment(input: &DeploymentInput) -> Result<Emission, Vec<String>> {
    let stack = Stack::new(input.project, &input.compose.dockerfiles);
    let mut writer = StackWriter { input, stack: &stack, notes: Vec::new(), images: BTreeMap::new() };
    let refusals: Vec<String> = stack
        .services
        .iter()
        .filter(|service| service.text("network_mode").is_some_and(|mode| mode != "none"))
        .map(|service| format!("`{}` has a `network_mode`, which Swarm does not have", service.name))
        .collect();
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let services: Keys =
        stack.services.iter().map(|service| (service.name.to_owned(), writer.service(service))).collect();
    let file = format!("{}/stack.yaml", input.folder);
    let mut text = format!(
        "# Written by `dockopt deploy emit --for swarm`: it may be written again.\n#   docker stack deploy -c {file} {}\n\
         services:\n",
        input.project.name
    );
    let blocks = services.into_iter().map(|(name, keys)| format!("  {name}:{}\n", keys.block(2, 2, "\n")));
    text.push_str(&blocks.collect::<Vec<_>>().join("\n"));
    for section in ["networks", "volumes", "secrets", "configs"] {
        let keys = writer.section(section);
        if !keys.is_empty() {
            text.push_str(&format!("\n{section}:{}\n", NewValue::Mapping(keys).block(0, 2, "\n")));
        }
    }
    let mut notes = writer.notes;
    for (image, build) in &writer.images {
        notes.push(format!("Swarm builds nothing: build and push `{image}` before ({build})"));
    }
    let waits = stack.services.iter().any(|service| !service.dependencies.is_empty());
    if waits {
        notes.push(
            "Swarm starts all services at once, `depends_on` is left out: programs have to wait for each other by \
             themselves, or end and be started again"
                .to_owned(),
        );
    }
    let files = vec![EmittedFile { path: file, text }];
    let files = files.into_iter().filter(|file| input.existing.get(&file.path) != Some(&file.text)).collect();
    Ok(Emission { files, notes, ..Emission::default() })
}

struct StackWriter<'i> {
    input: &'i DeploymentInput<'i>,
    stack: &'i Stack<'i>,
    notes: Vec<String>,
    /// The images that are built, with what builds them.
    images: BTreeMap<String, String>,
}

impl StackWriter<'_> {
    fn service(&mut self, service: &StackService) -> NewValue {
        let mut keys: Keys = vec![entry("image", self.image(service))];
        let files: Vec<ComposePlace> = list(service.value, "env_file").iter().filter_map(|file| file.place).collect();
        let paths = list(service.value, "env_file").iter().filter_map(|file| file.get("path")?.as_text());
        let paths: Vec<String> = paths.map(|path| self.path(path)).collect();
        if !paths.is_empty() {
            keys.push(entry("env_file", NewValue::raw_texts(&paths)));
        }
        let map = service.value.as_map().into_iter().flat_map(ComposeMap::iter);
        let mut left_out = Vec::new();
        for (key, known) in map {
            if !data::STACK_KEYS.has(key, "kept") {
                if !data::STACK_KEYS.has(key, "replaced") {
                    left_out.push(format!("`{key}`"));
                }
                continue;
            }
            if known.value.is_null() {
                continue;
            }
            let value = match key {
                "environment" => self.environment(&known.value, &files),
                "volumes" => self.volumes(&known.value),
                "ports" => self.ports(service.name, &known.value),
                "networks" => network_keys(&known.value),
                _ => self.value(&known.value),
            };
            if !matches!(&value, NewValue::Mapping(keys) if keys.is_empty()) {
                keys.push(entry(key, value));
            }
        }
        if !left_out.is_empty() {
            let names = listed(&left_out.iter().map(String::as_str).collect::<Vec<_>>());
            self.notes.push(format!("`{}`: Swarm has no {names}, which is left out", service.name));
        }
        keys.push(entry("deploy", self.deploy(service)));
        NewValue::Mapping(keys)
    }

    /// The image; services that are built from the same are one image.
    fn image(&mut self, service: &StackService) -> NewValue {
        let value = service.value.get("image");
        if let (Some(value), false) = (value, service.is_built) {
            return self.value(value);
        }
        let parts = image_parts(service);
        let first = self.stack.services.iter().find(|other| other.is_built && image_parts(other) == parts);
        let first = first.map_or(service.name, |other| other.name).to_owned();
        let build = format!("docker compose build {first}");
        let Some(value) = value else {
            let name = format!("{}-{first}", self.input.project.name);
            let tag = format!("docker tag {name} {name}:TAG");
            self.images.insert(format!("{name}:${{TAG}}"), format!("`{build} && {tag}`"));
            return NewValue::raw_text(&format!("{name}:${{TAG:-latest}}"));
        };
        self.images.insert(value.display(), format!("`{build} --push`"));
        self.value(value)
    }

    /// Without what environment files set.
    fn environment(&self, value: &ComposeValue, files: &[ComposePlace]) -> NewValue {
        let map = value.as_map().into_iter().flat_map(ComposeMap::iter);
        let written = map.filter(|(_, known)| known.key.is_none_or(|place| !files.contains(&place)));
        NewValue::Mapping(written.map(|(name, known)| (name.to_owned(), self.assigned(name, &known.value))).collect())
    }

    /// The value of a variable, with the variables of the file as they are written.
    fn assigned(&self, name: &str, value: &ComposeValue) -> NewValue {
        match self.written(value) {
            Some(raw) => NewValue::raw_text(raw.strip_prefix(&format!("{name}=")).unwrap_or(&raw)),
            None => self.value(value),
        }
    }

    /// A text as it is written, where it has variables: their values may be secrets.
    fn written(&self, value: &ComposeValue) -> Option<String> {
        let (ComposeData::Text(_), Some(place)) = (&value.data, value.place) else { return None };
        let source = self.input.project.sources.get(place.file.0 as usize)?;
        let raw = source.text().get(place.span.start as usize..place.span.end as usize)?;
        let inner = raw.trim_matches(['"', '\'']);
        let is_plain = raw.contains('$') && !raw.contains(['\n', '\\']);
        is_plain.then(|| inner.to_owned())
    }

    fn value(&self, value: &ComposeValue) -> NewValue {
        if let Some(raw) = self.written(value) {
            return NewValue::raw_text(&raw);
        }
        match &value.data {
            ComposeData::Map(map) if map.is_empty() => NewValue::Inline("{}".to_owned()),
            ComposeData::Map(map) => {
                NewValue::Mapping(map.iter().map(|(key, known)| (key.to_owned(), self.value(&known.value))).collect())
            }
            ComposeData::List(items) => NewValue::Inline(format!(
                "[{}]",
                items.iter().map(|item| self.flow(item)).collect::<Vec<_>>().join(", ")
            )),
            ComposeData::Text(_) | ComposeData::Time(_) => NewValue::raw_text(&value.display().replace('$', "$$")),
            ComposeData::Null => NewValue::Inline(String::new()),
            _ => NewValue::Inline(value.display()),
        }
    }

    /// On one line.
    fn flow(&self, value: &ComposeValue) -> String {
        match &value.data {
            ComposeData::Map(map) => {
                let entries = map.iter().map(|(key, known)| format!("{key}: {}", self.flow(&known.value)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
            }
            _ => self.value(value).block(0, 0, "").trim_start().to_owned(),
        }
    }

    /// A path of the host, as seen from the stack file.
    fn path(&self, full: &str) -> String {
        let up = vec![".."; self.input.folder.split('/').count()].join("/");
        match path::relative(full, &self.input.project.folder) {
            Some(below) if !below.is_empty() => format!("{up}/{below}"),
            Some(_) => up,
            None => full.trim_start_matches("./").to_owned(),
        }
    }

    fn volumes(&self, value: &ComposeValue) -> NewValue {
        let items = value.as_list().unwrap_or_default().iter().map(|item| {
            let text = |key: &str| item.get(key).map(ComposeValue::display).unwrap_or_default();
            let source = if text("type") == "bind" { self.path(&text("source")) } else { text("source") };
            let mut parts = vec![format!("type: {}", text("type"))];
            parts.extend((!source.is_empty()).then(|| format!("source: {}", Value::from(source))));
            parts.push(format!("target: {}", Value::from(text("target"))));
            parts.extend((text("read_only") == "true").then(|| "read_only: true".to_owned()));
            format!("{{{}}}", parts.join(", "))
        });
        NewValue::Inline(format!("[{}]", items.collect::<Vec<_>>().join(", ")))
    }

    /// Ports of all nodes: Swarm publishes on no single address.
    fn ports(&mut self, name: &str, value: &ComposeValue) -> NewValue {
        let mut items = Vec::new();
        for item in value.as_list().unwrap_or_default() {
            let text = |key: &str| item.get(key).map(ComposeValue::display).unwrap_or_default();
            let (target, published, address) = (text("target"), text("published"), text("host_ip"));
            if !address.is_empty() && !["0.0.0.0", "::"].contains(&address.as_str()) {
                self.notes.push(format!(
                    "`{name}`: the port {published} of {address} is left out, as Swarm would publish it on all addresses"
                ));
                continue;
            }
            let published = if published.is_empty() { String::new() } else { format!(", published: {published}") };
            let protocol = if text("protocol") == "udp" { ", protocol: udp" } else { "" };
            let mode = if text("mode") == "host" { ", mode: host" } else { "" };
            items.push(format!("{{target: {target}{published}{protocol}{mode}}}"));
        }
        if items.is_empty() {
            return NewValue::Mapping(Vec::new());
        }
        NewValue::Inline(format!("[{}]", items.join(", ")))
    }

    /// How Swarm replaces the containers of a service.
    fn deploy(&mut self, service: &StackService) -> NewValue {
        let written = service.value.get("deploy").and_then(ComposeValue::as_map);
        let mut keys: Keys = Vec::new();
        let is_replaced = self.input.services.iter().any(|name| name == service.name);
        // Only one container of a node can have it.
        let takes_port = list(service.value, "ports").iter().any(|port| {
            port.get("mode").is_some_and(|mode| mode.display() == "host") && port.get("published").is_some()
        });
        if is_replaced && takes_port {
            self.notes.push(format!(
                "`{}` is stopped before its successor starts, which loses requests: it takes a port of the node (`mode: host`)",
                service.name
            ));
        }
        let is_replaced = is_replaced && !takes_port;
        for (key, known) in written.into_iter().flat_map(ComposeMap::iter) {
            let is_ours = is_replaced && ["update_config", "rollback_config"].contains(&key);
            if !is_ours && key != "restart_policy" {
                keys.push(entry(key, self.value(&known.value)));
            }
        }
        let restart = service.text("restart").unwrap_or(if service.is_job { "no" } else { "any" });
        let condition = match restart {
            "no" | "false" if service.is_job => "on-failure",
            "no" | "false" => "none",
            restart if restart.starts_with("on-failure") => "on-failure",
            _ => "any",
        };
        let policy = written.and_then(|map| map.get("restart_policy")).map(|policy| self.value(policy));
        let condition = vec![entry("condition", NewValue::Inline(condition.to_owned()))];
        keys.push(entry("restart_policy", policy.unwrap_or(NewValue::Mapping(condition))));
        if is_replaced {
            let inline = |text: &str| NewValue::Inline(text.to_owned());
            let update = vec![
                entry("order", inline("start-first")),
                entry("failure_action", inline("rollback")),
                entry("monitor", NewValue::Inline(format!("{}s", monitor_seconds(service)))),
            ];
            keys.push(entry("update_config", NewValue::Mapping(update)));
            keys.push(entry("rollback_config", NewValue::Mapping(vec![entry("order", inline("start-first"))])));
        }
        NewValue::Mapping(keys)
    }

    /// Networks, volumes, secrets or configs of the project.
    fn section(&mut self, section: &str) -> Keys {
        let Some(map) = self.input.project.model.get(section).and_then(ComposeValue::as_map) else { return Vec::new() };
        let project = &self.input.project.name;
        let mut keys = Vec::new();
        for (name, known) in map.iter() {
            let is_external = known.value.get("external").and_then(ComposeValue::as_bool) == Some(true);
            let full = known.value.get("name").map(ComposeValue::display).unwrap_or_default();
            let mut inner: Keys = Vec::new();
            let file = known.value.get("file").map(ComposeValue::display);
            match (section, file) {
                _ if is_external => inner.push(entry("external", NewValue::Inline("true".to_owned()))),
                (_, Some(file)) => inner.push(entry("file", NewValue::raw_text(&self.path(&file)))),
                ("secrets" | "configs", None) => {
                    inner.push(entry("external", NewValue::Inline("true".to_owned())));
                    let noun = section.trim_end_matches('s');
                    self.notes.push(format!(
                        "the {noun} `{name}` comes from no file: make it with `docker {noun} create {name} -`"
                    ));
                }
                _ => {}
            }
            if !full.is_empty() && full != format!("{project}_{name}") {
                inner.push(entry("name", NewValue::scalar(&full)));
            }
            let value = if inner.is_empty() { NewValue::Inline("{}".to_owned()) } else { NewValue::Mapping(inner) };
            keys.push((name.to_owned(), value));
        }
        keys
    }
}

/// The networks of a service with its other names there.
fn network_keys(value: &ComposeValue) -> NewValue {
    let map = value.as_map().into_iter().flat_map(ComposeMap::iter);
    let network = |(name, known): (&str, &crate::compose::project::ComposeEntry)| {
        let aliases = list(&known.value, "aliases").iter().map(ComposeValue::display).collect::<Vec<_>>();
        let aliases = (!aliases.is_empty()).then(|| entry("aliases", NewValue::raw_texts(&aliases)));
        let value = aliases.map_or(NewValue::Inline("{}".to_owned()), |aliases| NewValue::Mapping(vec![aliases]));
        (name.to_owned(), value)
    };
    NewValue::Mapping(map.map(network).collect())
}

/// Seconds after which a container that does not get healthy is known to be unhealthy.
fn monitor_seconds(service: &StackService) -> u64 {
    let timing = CheckTiming::of(service);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few minutes, and not negative")]
    let seconds = (timing.start_period + timing.notice()).min(86_400.0).ceil() as u64;
    (seconds + 10).max(SHORTEST_MONITOR)
}

fn list<'v>(value: &'v ComposeValue, key: &str) -> &'v [ComposeValue] {
    value.get(key).and_then(ComposeValue::as_list).unwrap_or_default()
}

fn entry(key: &str, value: NewValue) -> (String, NewValue) {
    (key.to_owned(), value)
}
