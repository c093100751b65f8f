//! What an image says containers start with, as the engine tells it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::api::Engine;
use super::connection::Timeout;
use super::images::escaped;
use crate::failure::Failure;
use crate::image::Config;

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct InspectedConfig {
    created: Option<String>,
    config: Option<InspectedSettings>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct InspectedSettings {
    user: Option<String>,
    env: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    working_dir: Option<String>,
    exposed_ports: Option<BTreeMap<String, Value>>,
    volumes: Option<BTreeMap<String, Value>>,
    labels: Option<BTreeMap<String, String>>,
    stop_signal: Option<String>,
    shell: Option<Vec<String>>,
    healthcheck: Option<Healthcheck>,
    on_build: Option<Vec<String>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Healthcheck {
    test: Option<Vec<String>>,
}

impl Engine {
    /// What containers of an image start with; its history is left empty.
    ///
    /// # Errors
    /// When the engine fails or has no such image.
    pub fn config(&self, reference: &str) -> Result<Config, Failure> {
        let path = self.path(&format!("/images/{}/json", escaped(reference)));
        let config: InspectedConfig = self.connection.json(&path, Timeout::Usual)?;
        let of = config.config.unwrap_or_default();
        let non_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
        let pair = |text: String| match text.split_once('=') {
            Some((key, value)) => (key.to_owned(), value.to_owned()),
            None => (text, String::new()),
        };
        Ok(Config {
            created: config.created,
            user: non_empty(of.user),
            env: of.env.unwrap_or_default().into_iter().map(pair).collect(),
            entrypoint: of.entrypoint,
            cmd: of.cmd,
            working_directory: non_empty(of.working_dir),
            exposed_ports: of.exposed_ports.unwrap_or_default().into_keys().collect(),
            volumes: of.volumes.unwrap_or_default().into_keys().collect(),
            labels: of.labels.unwrap_or_default(),
            stop_signal: non_empty(of.stop_signal),
            shell: of.shell,
            healthcheck: of.healthcheck.and_then(|check| check.test),
            on_build: of.on_build.unwrap_or_default(),
            history: Vec::new(),
        })
    }
}
