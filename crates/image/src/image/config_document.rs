//! An image's config as it is written (OCI image-spec, config.md; docker's HEALTHCHECK, SHELL and ONBUILD besides).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::image::config::{Config, History, Platform};
use crate::image::digest::Digest;
use crate::image::document::{or_default, parse};
use crate::image::error::{Error, ImageErrorKind};

/// Steps of a history at most.
const STEPS: usize = 100_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConfigJson {
    created: Option<String>,
    #[serde(deserialize_with = "or_default")]
    os: String,
    #[serde(deserialize_with = "or_default")]
    architecture: String,
    #[serde(deserialize_with = "or_default")]
    variant: String,
    #[serde(rename = "os.version", deserialize_with = "or_default")]
    os_version: String,
    #[serde(deserialize_with = "or_default")]
    config: SettingsJson,
    #[serde(deserialize_with = "or_default")]
    rootfs: Rootfs,
    #[serde(deserialize_with = "or_default")]
    history: Vec<HistoryRecord>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct SettingsJson {
    user: Option<String>,
    #[serde(deserialize_with = "or_default")]
    env: Vec<String>,
    entrypoint: Option<Words>,
    cmd: Option<Words>,
    working_dir: Option<String>,
    #[serde(deserialize_with = "or_default")]
    exposed_ports: BTreeMap<String, Value>,
    #[serde(deserialize_with = "or_default")]
    volumes: BTreeMap<String, Value>,
    #[serde(deserialize_with = "or_default")]
    labels: BTreeMap<String, String>,
    stop_signal: Option<String>,
    shell: Option<Words>,
    #[serde(deserialize_with = "or_default")]
    healthcheck: Healthcheck,
    #[serde(deserialize_with = "or_default")]
    on_build: Vec<String>,
}

/// Docker reads one word where a list belongs.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Words {
    Many(Vec<String>),
    One(String),
}

impl Words {
    fn list(self) -> Vec<String> {
        match self {
            Self::Many(words) => words,
            Self::One(word) => vec![word],
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Healthcheck {
    #[serde(deserialize_with = "or_default")]
    test: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rootfs {
    #[serde(deserialize_with = "or_default")]
    diff_ids: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HistoryRecord {
    created: Option<String>,
    created_by: Option<String>,
    comment: Option<String>,
    #[serde(deserialize_with = "or_default")]
    empty_layer: bool,
}

/// What a config document says.
#[derive(Debug, Default)]
pub(super) struct ConfigDocument {
    pub(super) config: Config,
    pub(super) platform: Platform,
    /// The lowest first; what is no digest is `None`.
    pub(super) diff_ids: Vec<Option<Digest>>,
}

/// Reads a config.
pub(super) fn read(name: &str, bytes: &[u8]) -> Result<ConfigDocument, Error> {
    let written: ConfigJson = parse(name, bytes)?;
    if written.history.len() > STEPS {
        let message = format!("a history of {} steps, more than {STEPS}", written.history.len());
        return Err(Error::new(ImageErrorKind::TooLarge, message).at(name));
    }
    let some = |text: Option<String>| text.filter(|text| !text.is_empty());
    let settings = written.config;
    let pair = |text: String| match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), value.to_owned()),
        None => (text, String::new()),
    };
    let step = |step: HistoryRecord| History {
        created: step.created,
        created_by: step.created_by,
        comment: some(step.comment),
        empty_layer: step.empty_layer,
    };
    let config = Config {
        created: some(written.created),
        user: some(settings.user),
        env: settings.env.into_iter().map(pair).collect(),
        entrypoint: settings.entrypoint.map(Words::list),
        cmd: settings.cmd.map(Words::list),
        working_directory: some(settings.working_dir),
        exposed_ports: settings.exposed_ports.into_keys().collect(),
        volumes: settings.volumes.into_keys().collect(),
        labels: settings.labels,
        stop_signal: some(settings.stop_signal),
        shell: settings.shell.map(Words::list),
        healthcheck: Some(settings.healthcheck.test).filter(|test| !test.is_empty()),
        on_build: settings.on_build,
        history: written.history.into_iter().map(step).collect(),
    };
    let ConfigJson { os, architecture, variant, os_version, .. } = written;
    Ok(ConfigDocument {
        config,
        platform: Platform { os, architecture, variant, os_version },
        diff_ids: written.rootfs.diff_ids.iter().map(|text| text.parse().ok()).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configs_are_read() {
        let text = br#"{"created":"2026-01-01T00:00:00Z","os":"linux","architecture":"amd64","os.version":null,
            "config":{"User":"","Env":["A=b=c","D"],"Cmd":["x"],"Entrypoint":null,"ExposedPorts":{"80/tcp":{}},
            "Volumes":null,"Labels":{"a":"b"},"Healthcheck":{"Test":["NONE"],"Interval":5},"OnBuild":null,"Shell":"sh"},
            "rootfs":{"type":"layers","diff_ids":["sha256:../../x"]},
            "history":[{"created_by":"x"},{"empty_layer":true,"comment":""}],"container_config":{"Cmd":null}}"#;
        let ConfigDocument { config, platform, diff_ids } = read("c", text).unwrap();
        assert_eq!(platform.to_string(), "linux/amd64");
        assert_eq!(diff_ids, [None]);
        assert_eq!(config.user, None);
        assert_eq!(config.env, [("A".into(), "b=c".into()), ("D".into(), String::new())]);
        assert_eq!((config.entrypoint, config.cmd), (None, Some(vec!["x".to_owned()])));
        assert_eq!(config.healthcheck, Some(vec!["NONE".to_owned()]));
        assert_eq!(config.shell, Some(vec!["sh".to_owned()]));
        assert_eq!(config.exposed_ports, ["80/tcp"]);
        assert_eq!(config.history.len(), 2);
        assert_eq!(config.history[1].comment, None);
        assert!(config.history[1].empty_layer);
    }

    #[test]
    fn invalid_configs_are_errors() {
        for text in ["", "[", "[]x", "{\"history\":1}", "{\"config\":{\"Env\":\"A=b\"}}"] {
            assert_eq!(read("c", text.as_bytes()).unwrap_err().trouble, ImageErrorKind::Damaged, "{text}");
        }
        assert!(read("c", b"{}").is_ok());
        assert!(read("c", &[b"[".repeat(100_000), b"]".repeat(100_000)].concat()).is_err());
    }
}
