//! The pod of a service in Kubernetes: its container with what is known of it, each field with its source.

use std::collections::BTreeMap;

use super::environment::shows_secret;
use super::input::ClusterInput;
use super::node::Node;
use super::probe::{ProbePlan, escaped};
use super::resources::Resources;
use super::security::ContainerSecurity;
use super::service::{ClusterService, KnownCheck, known_check};
use super::volume::ClusterVolumes;
use crate::build::Build;
use crate::compose::project::{ComposeMap, ComposePlace, ComposeValue};
use crate::deployment::fingerprint;
use crate::emit::Choice;

/// Seconds in which a pod that ends still gets requests: its address is taken away while it is told to end.
pub(super) const DRAIN: u64 = 5;

type Keys = Vec<(String, Node)>;

/// A pod, and what belongs to it.
#[derive(Debug)]
pub(super) struct Pod {
    /// `spec` of the pod.
    pub(super) spec: Keys,
    /// The `ConfigMaps` that it reads: names, and keys with texts.
    pub(super) maps: Vec<(String, Node)>,
    /// The Secret of its variables, with the names in it.
    pub(super) secret: Option<(String, Vec<String>)>,
    /// Secrets that are mounted: names, keys, files of the host.
    pub(super) secret_files: Vec<(String, String, Option<String>)>,
    /// Claims that it writes to.
    pub(super) claims: Vec<String>,
    /// Seconds that it may take to start.
    pub(super) budget: Option<u64>,
    pub(super) choices: Vec<Choice>,
    /// What is open: services, and clauses.
    pub(super) notes: Vec<(String, String)>,
}

/// Writes the pod of one service.
struct PodWriter<'w> {
    input: &'w ClusterInput<'w>,
    cluster: &'w ClusterService<'w>,
    pod: Pod,
}

impl Pod {
    /// The pod of a service that stays, or of a job; `file`: that of the manifest, as it is there.
    pub(super) fn of(input: &ClusterInput, cluster: &ClusterService, is_job: bool, file: Option<&String>) -> Self {
        let (spec, maps, choices, notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (secret, secret_files, claims) = (None, Vec::new(), Vec::new());
        let pod = Self { spec, maps, secret, secret_files, claims, budget: None, choices, notes };
        let mut writer = PodWriter { input, cluster, pod };
        writer.write(is_job, file);
        writer.pod
    }
}

impl PodWriter<'_> {
    fn choose(&mut self, key: &str, reason: impl Into<String>, place: Option<ComposePlace>) {
        let place = self.input.shown_place(place);
        let (service, key) = (self.cluster.service.name.to_owned(), key.to_owned());
        self.pod.choices.push(Choice { service, key, reason: reason.into(), place });
    }

    fn note(&mut self, text: impl AsRef<str>) {
        self.pod.notes.push((self.cluster.service.name.to_owned(), text.as_ref().to_owned()));
    }

    /// The place of a key of the service.
    fn place(&self, key: &str) -> Option<ComposePlace> {
        let map = self.cluster.service.value.as_map()?;
        map.entry(key).and_then(|entry| entry.key.or(entry.value.place))
    }

    fn write(&mut self, is_job: bool, file: Option<&String>) {
        let mut container = self.start(file);
        container.extend(self.variables());
        if !is_job {
            container.extend(self.ports());
        }
        let resources = Resources::of(self.cluster.service);
        for (key, reason, place) in &resources.reasons {
            self.choose(key, reason.clone(), *place);
        }
        match resources.node() {
            Some(node) => container.push(("resources".to_owned(), node)),
            None => self.note("no file says what it needs: how much memory and CPU should it request?"),
        }
        let plan = if is_job { ProbePlan::default() } else { self.probes() };
        self.pod.budget = plan.budget;
        for (key, probe) in
            [("startupProbe", &plan.startup), ("readinessProbe", &plan.readiness), ("livenessProbe", &plan.liveness)]
        {
            container.extend(probe.as_ref().map(|probe| (key.to_owned(), probe.node())));
        }
        if !is_job && !self.cluster.ports.is_empty() {
            container.push(("lifecycle".to_owned(), self.drain()));
        }
        let security = self.security();
        container.push(("securityContext".to_owned(), Node::Map(security.keys)));
        let volumes = self.volumes(&mut container);
        self.pod_keys(is_job, container, volumes, security.opens_low_ports);
        for note in self.cluster.unset_notes() {
            self.note(note);
        }
        let left_out = &self.cluster.left_out;
        if !left_out.is_empty() {
            self.note(format!(
                "{} of the compose file is said nowhere in the manifests",
                crate::text::joined(left_out)
            ));
        }
    }

    /// Name, image, and what is started in it.
    fn start(&mut self, file: Option<&String>) -> Keys {
        let cluster = self.cluster;
        let image = cluster.image.text(file);
        let mut keys = vec![
            ("name".to_owned(), Node::text(&cluster.name)),
            ("image".to_owned(), Node::text(&image)),
            ("imagePullPolicy".to_owned(), Node::Plain("IfNotPresent".to_owned())),
        ];
        let is_kept = image.contains("@sha256:") && !image.ends_with(super::image::PLACEHOLDER);
        let reason = if is_kept { "the digest that is in the file" } else { cluster.image.reason.as_str() };
        self.choose("image", reason, self.place("image").or(self.place("build")));
        for (key, target) in [("entrypoint", "command"), ("command", "args")] {
            let words = cluster.words(key);
            if shows_secret(&words.join(" ")) {
                self.note(format!(
                    "`{key}` of the compose file holds a secret, so it is not written: read it from a variable"
                ));
                continue;
            }
            if !words.is_empty() {
                let words = words.iter().map(|word| escaped(word)).collect();
                keys.push((target.to_owned(), Node::Words(words)));
                self.choose(target, format!("`{key}` of the compose file"), self.place(key));
            }
        }
        if let Some(folder) = cluster.service.text("working_dir") {
            keys.push(("workingDir".to_owned(), Node::text(folder)));
            self.choose("workingDir", "`working_dir` of the compose file", self.place("working_dir"));
        }
        keys
    }

    /// Plain variables by a `ConfigMap`, secrets by reference.
    fn variables(&mut self) -> Keys {
        let cluster = self.cluster;
        let environment = &cluster.environment;
        let mut keys = Vec::new();
        if !environment.plain.is_empty() {
            let texts = environment.plain.iter().map(|(name, value, _)| (name.as_str(), value.as_str()));
            let name = self.add_map("config", Node::texts(texts));
            let reference = Node::map([("configMapRef", Node::texts([("name", name.as_str())]))]);
            keys.push(("envFrom".to_owned(), Node::List(vec![reference])));
            for (name, _, place) in &environment.plain {
                self.choose(&format!("ConfigMap.{name}"), environment.reason(name), *place);
            }
        }
        if !environment.secret.is_empty() {
            let secret = format!("{}-secrets", cluster.name);
            let names: Vec<String> = environment.secret.iter().map(|(name, ..)| name.clone()).collect();
            let variable = |name: &String| {
                let of_key = Node::texts([("name", secret.as_str()), ("key", name.as_str())]);
                Node::map([("name", Node::text(name)), ("valueFrom", Node::map([("secretKeyRef", of_key)]))])
            };
            keys.push(("env".to_owned(), Node::List(names.iter().map(variable).collect())));
            for (name, why, place) in &environment.secret {
                self.choose(&format!("env.{name}"), format!("by reference alone: {why}"), *place);
            }
            self.pod.secret = Some((secret, names));
        }
        for name in &environment.refused {
            self.note(format!("the variable `{name}` is left out: no ConfigMap takes such a name"));
        }
        keys
    }

    /// Adds a `ConfigMap` whose name changes with what is in it, so that a rollback finds the one of before.
    fn add_map(&mut self, kind: &str, data: Node) -> String {
        let hash = fingerprint(&data.document());
        let name = format!("{}-{kind}-{hash:08x}", self.cluster.name);
        self.pod.maps.push((name.clone(), data));
        name
    }

    fn ports(&mut self) -> Keys {
        let cluster = self.cluster;
        if cluster.ports.is_empty() {
            return Vec::new();
        }
        let port = |port: &super::service::ClusterPort| {
            let mut keys = vec![("containerPort".to_owned(), Node::number(port.number))];
            if port.is_udp {
                keys.push(("protocol".to_owned(), Node::Plain("UDP".to_owned())));
            }
            Node::Map(keys)
        };
        let place = self.place("ports").or(self.place("expose"));
        self.choose(
            "ports",
            "published or exposed, named by others, asked by its check, or EXPOSE of its image",
            place,
        );
        vec![("ports".to_owned(), Node::List(cluster.ports.iter().map(port).collect()))]
    }

    fn probes(&mut self) -> ProbePlan {
        let service = self.cluster.service;
        let build = service.image.as_ref().map(Build::new);
        match known_check(service, build.as_ref()) {
            KnownCheck::Read(source, place) => {
                let plan = source.probes();
                for (key, reason) in &plan.reasons {
                    let place = place.or(self.place("healthcheck"));
                    self.choose(key, reason.clone(), place);
                }
                for note in &plan.notes {
                    self.note(note);
                }
                plan
            }
            KnownCheck::Absent(why) => {
                let effect = "a pod gets requests as soon as its program runs: write a check (`dockopt compose emit`)";
                self.note(format!("{why}, so it has no probe; {effect}"));
                ProbePlan::default()
            }
            KnownCheck::Unread => {
                self.note(
                    "its image may have a HEALTHCHECK that no file shows; Kubernetes does not run it: write it into the compose file",
                );
                ProbePlan::default()
            }
        }
    }

    /// What a pod does before it is told to end.
    fn drain(&mut self) -> Node {
        let has = if self.cluster.has_program("sleep") {
            "`exec: {command: [sleep, \"5\"]}` does the same on older clusters"
        } else {
            "its image lacks `sleep`, so older clusters cannot do it"
        };
        let why = format!(
            "{DRAIN} s in which it still gets requests, as its address is taken away while it is told to end; `sleep` is stable \
             from 1.34 on (on by default since 1.30); {has}"
        );
        self.choose("lifecycle.preStop", why, None);
        let sleep = Node::map([("sleep", Node::map([("seconds", Node::number(DRAIN))]))]);
        Node::map([("preStop", sleep)])
    }

    fn security(&mut self) -> ContainerSecurity {
        let numbers: Vec<u16> = self.cluster.ports.iter().map(|port| port.number).collect();
        let security = ContainerSecurity::of(self.cluster.service, &self.cluster.user, &numbers);
        for (key, reason) in &security.reasons {
            let place = key.contains("readOnly").then(|| self.place("read_only")).flatten();
            self.choose(
                key,
                reason.clone(),
                place.or_else(|| key.contains("runAs").then(|| self.place("user")).flatten()),
            );
        }
        for note in &security.notes {
            self.note(note);
        }
        security
    }

    /// The mounts of the container; gives the volumes of the pod.
    fn volumes(&mut self, container: &mut Keys) -> Vec<Node> {
        let known = ClusterVolumes::of(self.input, self.cluster.service);
        let mut volumes = known.volumes.clone();
        let mut mounts = known.mounts.clone();
        if !known.files.is_empty() {
            let lines = known.files.iter().map(|file| (file.key.clone(), Node::Lines(file.text.clone())));
            let name = self.add_map("files", Node::Map(lines.collect()));
            let of_map = Node::texts([("name", name.as_str())]);
            volumes.push(Node::map([("name", Node::text("files")), ("configMap", of_map)]));
            mounts.extend(known.file_mounts());
        }
        if !mounts.is_empty() {
            container.push(("volumeMounts".to_owned(), Node::List(mounts)));
        }
        for (key, reason, place) in &known.reasons {
            self.choose(key, reason.clone(), *place);
        }
        for note in &known.notes {
            self.note(note);
        }
        self.pod.secret_files = known.secrets;
        self.pod.claims = known.claims;
        volumes
    }

    fn pod_keys(&mut self, is_job: bool, container: Keys, volumes: Vec<Node>, opens_low_ports: bool) {
        let (grace, is_written) = self.cluster.grace;
        let mut keys: Keys = Vec::new();
        let mut set = |key: &str, value: Node| keys.push((key.to_owned(), value));
        set("automountServiceAccountToken", Node::truth(false));
        set("enableServiceLinks", Node::truth(false));
        if is_job {
            set("restartPolicy", Node::text("Never"));
        } else {
            set("terminationGracePeriodSeconds", Node::number(DRAIN + grace));
        }
        if opens_low_ports {
            let sysctl = Node::texts([("name", "net.ipv4.ip_unprivileged_port_start"), ("value", "0")]);
            set("securityContext", Node::map([("sysctls", Node::List(vec![sysctl]))]));
        }
        let aliases = host_aliases(self.cluster.service.value);
        if !aliases.is_empty() {
            set("hostAliases", Node::List(aliases));
        }
        set("containers", Node::List(vec![Node::Map(container)]));
        if !volumes.is_empty() {
            set("volumes", Node::List(volumes));
        }
        self.pod.spec = keys;
        self.choose(
            "enableServiceLinks",
            "Compose sets no variables such as `API_PORT`, which programs may read",
            None,
        );
        self.choose("automountServiceAccountToken", "nothing shows that it asks the cluster itself", None);
        if !is_job {
            let basis = if is_written { "`stop_grace_period`" } else { "the 10 s that Compose gives" };
            let why = format!("{DRAIN} s of preStop, and {grace} s: {basis}");
            self.choose("terminationGracePeriodSeconds", why, self.place("stop_grace_period"));
        }
        if opens_low_ports {
            let why = "it is not root and listens on a port below 1024, as Docker lets everybody";
            self.choose("securityContext.sysctls", why, None);
        }
    }
}

/// `extra_hosts` with fixed addresses.
fn host_aliases(service: &ComposeValue) -> Vec<Node> {
    let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let map = service.get("extra_hosts").and_then(ComposeValue::as_map);
    let items = service.get("extra_hosts").and_then(ComposeValue::as_list).unwrap_or_default();
    let listed = items.iter().filter_map(|item| {
        let text = item.display();
        let (name, address) = text.split_once(['=', ':'])?;
        Some((name.to_owned(), address.to_owned()))
    });
    let mapped = map.into_iter().flat_map(ComposeMap::iter).flat_map(|(name, entry)| {
        let addresses = entry
            .value
            .as_list()
            .map_or_else(|| vec![entry.value.display()], |list| list.iter().map(ComposeValue::display).collect());
        addresses.into_iter().map(move |address| (name.to_owned(), address))
    });
    for (name, address) in listed.chain(mapped) {
        let is_number = |c: char| c.is_ascii_hexdigit() || ".:".contains(c);
        if address.contains(['.', ':']) && address.chars().all(is_number) {
            names.entry(address).or_default().push(name);
        }
    }
    let alias = |(address, names): (String, Vec<String>)| {
        Node::map([("ip", Node::text(address)), ("hostnames", Node::Words(names))])
    };
    names.into_iter().map(alias).collect()
}
