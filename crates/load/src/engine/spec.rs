//! What a container is to be.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// A container to be made. What is empty or `None` is as its image says.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// Name or ID of its image.
    pub image: String,
    /// Its name; one of the engine's where `None`.
    pub name: Option<String>,
    /// In place of the image's `ENTRYPOINT`; an empty one takes it away.
    pub entrypoint: Option<Vec<String>>,
    /// In place of the image's `CMD`.
    pub command: Option<Vec<String>>,
    /// `KEY=value`.
    pub environment: Vec<String>,
    /// In place of the image's `USER`.
    pub user: Option<String>,
    /// In place of the image's `WORKDIR`.
    pub working_directory: Option<String>,
    /// Labels, that of the run among them.
    pub labels: BTreeMap<String, String>,
    /// `none`, or a network's name or ID; the engine's own choice where `None`.
    pub network: Option<String>,
    /// Names that other containers of the network reach it by.
    pub aliases: Vec<String>,
    /// Its TCP ports that are reached from this machine: the engine chooses the port of 127.0.0.1.
    pub ports: Vec<u16>,
    /// Folders in memory, with options: `/tmp`, `/run:mode=1777`.
    pub tmpfs: Vec<String>,
    /// Whether its own files are read-only.
    pub read_only: bool,
    /// Whether it sees the processes of the engine's machine, and can signal them.
    pub sees_host_processes: bool,
    /// Whether the image's health check is left out.
    pub no_healthcheck: bool,
    /// Bytes of memory; as many as there are where `None`.
    pub memory: Option<u64>,
}

impl Spec {
    /// As the API takes it.
    pub(super) fn document(&self) -> Value {
        let mut all = Map::new();
        all.insert("Image".to_owned(), self.image.as_str().into());
        let texts = [("User", &self.user), ("WorkingDir", &self.working_directory)];
        all.extend(texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text.as_deref()?.into()))));
        let lists = [("Entrypoint", &self.entrypoint), ("Cmd", &self.command)];
        all.extend(lists.into_iter().filter_map(|(key, list)| Some((key.to_owned(), list.as_deref()?.into()))));
        all.insert("Env".to_owned(), self.environment.as_slice().into());
        all.insert("Labels".to_owned(), json!(self.labels));
        if self.no_healthcheck {
            all.insert("Healthcheck".to_owned(), json!({"Test": ["NONE"]}));
        }
        let ports = || self.ports.iter().map(|port| format!("{port}/tcp"));
        let exposed: Map<String, Value> = ports().map(|port| (port, json!({}))).collect();
        all.insert("ExposedPorts".to_owned(), exposed.into());
        all.insert("HostConfig".to_owned(), self.host(ports()));
        if let Some(network) = self.network.as_ref()
            && !self.aliases.is_empty()
        {
            let endpoint = json!({network: {"Aliases": self.aliases}});
            all.insert("NetworkingConfig".to_owned(), json!({"EndpointsConfig": endpoint}));
        }
        all.into()
    }

    fn host(&self, ports: impl Iterator<Item = String>) -> Value {
        let bindings: Map<String, Value> =
            ports.map(|port| (port, json!([{"HostIp": "127.0.0.1", "HostPort": ""}]))).collect();
        let tmpfs: Map<String, Value> = self
            .tmpfs
            .iter()
            .map(|text| {
                let (path, options) = text.split_once(':').unwrap_or((text, ""));
                (path.to_owned(), options.into())
            })
            .collect();
        json!({
            "PortBindings": bindings,
            "Tmpfs": tmpfs,
            "PidMode": if self.sees_host_processes { "host" } else { "" },
            "ReadonlyRootfs": self.read_only,
            "NetworkMode": self.network.as_deref().unwrap_or_default(),
            "Memory": self.memory.unwrap_or_default(),
        })
    }
}
