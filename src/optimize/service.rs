//! What compose files say about the containers that run an image. Where a value could be a secret, only its name is
//! kept.

use std::collections::BTreeSet;

use crate::compose::{Mount, outside_braces};
use crate::text::Source;
use crate::yaml::{self, NodeKind, YamlNode};

/// Services of one file that are read.
const SERVICES: usize = 1_000;

/// A compose service, as far as it decides what the image must keep.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The compose file, as the user would type it.
    pub file: String,
    /// The stage that is built for it; `None` where it is the last, or not written here.
    pub target: Option<String>,
    /// `entrypoint`, as one shell text; `None` where the image's holds.
    pub entrypoint: Option<String>,
    /// `command`, as one shell text; `None` where the image's holds.
    pub command: Option<String>,
    /// Names of the variables that it gives.
    pub environment: BTreeSet<String>,
    /// Those of `environment` whose value is written there and looks like no secret: `PORT` with `8000`.
    pub values: Vec<(String, String)>,
    /// `env_file`, as written.
    pub env_files: Vec<String>,
    /// Container paths of its mounts.
    pub mounts: Vec<String>,
    /// Those of the mounts that a container can't write to.
    pub read_only_mounts: BTreeSet<String>,
    /// Those of the mounts that are folders or files of the host: host path as written, container path.
    pub bound: Vec<(String, String)>,
    /// Container ports that it publishes or exposes.
    pub ports: Vec<u16>,
    /// The test of its healthcheck, as one shell text.
    pub healthcheck: Option<String>,
    /// `user`.
    pub user: Option<String>,
    /// `working_dir`.
    pub workdir: Option<String>,
    /// `network_mode`.
    pub network: Option<String>,
    /// Whether its root file system can't be written.
    pub read_only: bool,
}

/// A service of a compose file, and how its image comes about.
#[derive(Clone, Debug, Default)]
pub struct ListedService {
    /// What it says.
    pub service: Service,
    /// Where its `build` is written; `None` where it has none.
    pub build: Option<crate::text::Span>,
    /// `image`.
    pub image: Option<String>,
}

/// The services of a compose file in order. What can't be read is left out.
pub fn services(source: &Source) -> Vec<ListedService> {
    let tree = yaml::read(source.text());
    let all = tree.documents().filter_map(|root| root.get("services"));
    let mut listed = Vec::new();
    for services in all {
        for entry in services.entries().take(SERVICES) {
            let Some(name) = entry.key.text() else { continue };
            let keys = Keys { service: entry.value, base: extended(services, entry.value, name) };
            listed.push(keys.listed(source.name(), name));
        }
    }
    listed.truncate(SERVICES);
    listed
}

/// The service of the same file that this one extends.
fn extended<'t>(services: YamlNode<'t>, service: YamlNode<'t>, name: &str) -> Option<YamlNode<'t>> {
    let extends = service.get("extends")?;
    if extends.get("file").is_some() {
        return None;
    }
    let base = extends.text().or_else(|| extends.get("service")?.text())?;
    if base == name { None } else { services.get(base) }
}

/// A service's keys, those of the one that it extends behind them.
struct Keys<'t> {
    service: YamlNode<'t>,
    base: Option<YamlNode<'t>>,
}

impl<'t> Keys<'t> {
    /// Both values of a key, the extended service's first.
    fn values_of_key(&self, key: &str) -> impl Iterator<Item = YamlNode<'t>> {
        [self.base.and_then(|base| base.get(key)), self.service.get(key)].into_iter().flatten()
    }

    /// The value that holds.
    fn get(&self, key: &str) -> Option<YamlNode<'t>> {
        self.values_of_key(key).last().filter(|node| !node.is_null())
    }

    fn text(&self, key: &str) -> Option<String> {
        self.get(key)?.text().map(str::to_owned)
    }

    fn listed(&self, file: &str, name: &str) -> ListedService {
        let build = self.get("build").map(|build| build.target().unwrap_or(build));
        let mut service = Service {
            name: name.to_owned(),
            file: file.to_owned(),
            target: build.and_then(|build| build.get("target")?.text()).map(str::to_owned),
            entrypoint: self.get("entrypoint").and_then(shell_text),
            command: self.get("command").and_then(shell_text),
            healthcheck: self.get("healthcheck").and_then(healthcheck),
            user: self.text("user"),
            workdir: self.text("working_dir"),
            network: self.text("network_mode"),
            read_only: self.get("read_only").and_then(YamlNode::as_bool) == Some(true),
            ..Service::default()
        };
        for node in self.values_of_key("environment") {
            environment(node, &mut service);
        }
        for node in self.values_of_key("env_file") {
            let path_of = |item: YamlNode| item.text().or_else(|| item.get("path")?.text()).map(str::to_owned);
            service.env_files.extend(path_of(node).into_iter().chain(node.items().filter_map(path_of)));
        }
        for item in self.values_of_key("volumes").flat_map(YamlNode::items) {
            mount(item, &mut service);
        }
        for item in self.values_of_key("tmpfs") {
            let paths = item.text().into_iter().chain(item.items().filter_map(YamlNode::text));
            service.mounts.extend(paths.map(|path| path.split(':').next().unwrap_or(path).to_owned()));
        }
        for item in ["ports", "expose"].into_iter().flat_map(|key| self.values_of_key(key)).flat_map(YamlNode::items) {
            let text = item.text().or_else(|| item.get("target")?.text());
            service.ports.extend(text.into_iter().flat_map(ports));
        }
        service.ports.sort_unstable();
        service.ports.dedup();
        ListedService { service, build: build.map(YamlNode::span), image: self.text("image") }
    }
}

fn environment(node: YamlNode, service: &mut Service) {
    let mut take = |name: &str, value: Option<&str>| {
        service.environment.insert(name.to_owned());
        let plain = value.filter(|value| !value.contains('$') && !crate::secret::holds_secret(value));
        if let Some(value) = plain
            && !crate::secret::names_secret(name)
        {
            service.values.retain(|(known, _)| known != name);
            service.values.push((name.to_owned(), value.to_owned()));
        }
    };
    for entry in node.entries() {
        if let Some(name) = entry.key.text().filter(|name| *name != "<<") {
            take(name, entry.value.value_text());
        } else {
            for merged in entry.value.entries().chain(entry.value.items().flat_map(YamlNode::entries)) {
                if let Some(name) = merged.key.text().filter(|name| *name != "<<") {
                    take(name, merged.value.text());
                }
            }
        }
    }
    for item in node.items().filter_map(YamlNode::text) {
        let (name, value) = item.split_once('=').map_or((item, None), |(name, value)| (name, Some(value)));
        take(name, value);
    }
}

fn mount(item: YamlNode, service: &mut Service) {
    let Some(mount) = Mount::of(item) else { return };
    service.mounts.push(mount.target.clone());
    if mount.is_read_only {
        service.read_only_mounts.insert(mount.target.clone());
    }
    if let Some(source) = mount.source
        && mount.is_bound
    {
        service.bound.push((source, mount.target));
    }
}

/// The container's ports of `8000`, `80:8000`, `127.0.0.1::8000/tcp`, `3000-3002:3000-3002`, `${PORT:-8000}:8000`.
fn ports(text: &str) -> Vec<u16> {
    let parts = outside_braces(text);
    let last = parts.last().copied().unwrap_or_default();
    let last = match last.strip_prefix("${") {
        Some(inside) => inside.trim_end_matches('}').split_once('-').map_or("", |(_, default)| default),
        None => last.split('/').next().unwrap_or_default(),
    };
    match last.split_once('-') {
        Some((from, to)) => match (from.parse::<u16>(), to.parse::<u16>()) {
            (Ok(from), Ok(to)) if to.checked_sub(from).is_some_and(|width| width < 100) => (from..=to).collect(),
            _ => Vec::new(),
        },
        None => last.parse().into_iter().collect(),
    }
}

/// `command` and its like as one shell text, as Compose hands it on (`$$` is `$`).
fn shell_text(node: YamlNode) -> Option<String> {
    if let Some(text) = node.text() {
        return Some(text.replace("$$", "$").trim().to_owned()).filter(|text| !text.is_empty());
    }
    let words: Vec<String> = node.items().filter_map(YamlNode::text).map(quoted).collect();
    (node.kind() == Some(NodeKind::Sequence) && !words.is_empty()).then(|| words.join(" "))
}

fn quoted(word: &str) -> String {
    let word = word.replace("$$", "$");
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

fn healthcheck(node: YamlNode) -> Option<String> {
    if node.get("disable").and_then(YamlNode::as_bool) == Some(true) {
        return None;
    }
    let test = node.get("test")?;
    if let Some(text) = test.text() {
        return Some(text.replace("$$", "$"));
    }
    let words: Vec<&str> = test.items().filter_map(YamlNode::text).collect();
    match words.split_first()? {
        (&"CMD-SHELL", rest) => rest.first().map(|text| text.replace("$$", "$")),
        (&"CMD", rest) => Some(rest.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(yaml: &str) -> ListedService {
        services(&Source::of("compose.yaml", yaml)).remove(0)
    }

    #[test]
    fn short_and_long_forms_say_the_same() {
        let short = first(
            "services:\n  web:\n    build: .\n    command: uvicorn app:app --port 8000\n    environment: [PORT=8000, TOKEN=abc, HOME_URL]\n    \
             env_file: .env\n    volumes: ['./src:/app/src:ro', 'data:/data', /cache]\n    ports: ['${P:-80}:8000', '9000-9001:9000-9001/tcp']\n",
        );
        let long = first(
            "services:\n  web:\n    build: {context: .}\n    command: [uvicorn, 'app:app', --port, '8000']\n    environment:\n      PORT: 8000\n      \
             TOKEN: abc\n      HOME_URL:\n    env_file: [{path: .env}]\n    volumes:\n      - {type: bind, source: ./src, target: /app/src, read_only: true}\n      \
             - {type: volume, source: data, target: /data}\n      - {type: tmpfs, target: /cache}\n    ports: [{target: 8000}, 9000, 9001]\n",
        );
        assert_eq!(short.service, long.service);
        let service = short.service;
        assert_eq!(service.command.as_deref(), Some("uvicorn app:app --port 8000"));
        assert_eq!(service.values, [("PORT".to_owned(), "8000".to_owned())]);
        assert_eq!(service.environment.len(), 3);
        assert_eq!(service.mounts, ["/app/src", "/data", "/cache"]);
        assert_eq!(service.bound, [("./src".to_owned(), "/app/src".to_owned())]);
        assert_eq!((service.ports, service.env_files), (vec![8000, 9000, 9001], vec![".env".to_owned()]));
    }

    #[test]
    fn merge_keys_and_extended_services_count() {
        let text = "x-base: &base\n  user: '1000'\n  environment: &env\n    A: 1\nservices:\n  web:\n    <<: *base\n    build: .\n    environment:\n      \
                    <<: *env\n      B: 2\n  worker:\n    extends: web\n    command: celery -A app worker\n    environment: {C: 3}\n";
        let all = services(&Source::of("compose.yaml", text));
        let names = |at: usize| all[at].service.environment.iter().cloned().collect::<String>();
        assert_eq!((names(0), names(1)), ("AB".to_owned(), "ABC".to_owned()));
        assert_eq!(all[1].service.user.as_deref(), Some("1000"));
        assert_eq!(all[0].build, all[1].build);
    }

    #[test]
    fn tests_of_healthchecks_are_shell_texts() {
        let of =
            |test: &str| first(&format!("services:\n  a:\n    healthcheck:\n      test: {test}\n")).service.healthcheck;
        assert_eq!(of("curl -f http://localhost || exit 1").as_deref(), Some("curl -f http://localhost || exit 1"));
        assert_eq!(of("[CMD, pg_isready, -U, 'a b']").as_deref(), Some("pg_isready -U 'a b'"));
        assert_eq!(of("[CMD-SHELL, 'echo $$X']").as_deref(), Some("echo $X"));
        assert_eq!(of("[NONE]"), None);
    }

    #[test]
    fn odd_files_have_no_result() {
        for text in [
            "",
            "services:",
            "services: [a]",
            "services:\n  a: 5",
            "services:\n  a: {extends: a, ports: {x: 1}}",
            "a: *b",
        ] {
            assert!(
                services(&Source::of("compose.yaml", text)).iter().all(|service| service.build.is_none()),
                "{text}"
            );
        }
    }
}
