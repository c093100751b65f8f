//! What an image's config says (OCI image-spec, config.md).

use std::collections::BTreeMap;

/// What an image runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    /// `linux`, `windows`.
    pub os: String,
    /// `amd64`, `arm64`, … as Go names them.
    pub architecture: String,
    /// `v7`; empty where there is none.
    pub variant: String,
    /// Of Windows; empty where there is none.
    pub os_version: String,
}

/// What containers of an image start with, and how it came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// When it was made, as written (RFC 3339).
    pub created: Option<String>,
    /// `USER`.
    pub user: Option<String>,
    /// `ENV`, in order; a text without `=` has an empty value.
    pub env: Vec<(String, String)>,
    /// `ENTRYPOINT`.
    pub entrypoint: Option<Vec<String>>,
    /// `CMD`.
    pub cmd: Option<Vec<String>>,
    /// `WORKDIR`.
    pub working_directory: Option<String>,
    /// `EXPOSE`: `8000/tcp`.
    pub exposed_ports: Vec<String>,
    /// `VOLUME`.
    pub volumes: Vec<String>,
    /// `LABEL`.
    pub labels: BTreeMap<String, String>,
    /// `STOPSIGNAL`.
    pub stop_signal: Option<String>,
    /// `SHELL`.
    pub shell: Option<Vec<String>>,
    /// `HEALTHCHECK`, its words (`["CMD", "curl", …]`, `["NONE"]`); `None` where there is none.
    pub healthcheck: Option<Vec<String>>,
    /// `ONBUILD`.
    pub on_build: Vec<String>,
    /// How each layer, and each setting, was made; the lowest first.
    pub history: Vec<History>,
}

/// One step of an image's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// When, as written (RFC 3339).
    pub created: Option<String>,
    /// The instruction, as the builder writes it; imported layers have none.
    pub created_by: Option<String>,
    /// A remark: `buildkit.dockerfile.v0`, `Imported from -`.
    pub comment: Option<String>,
    /// Whether it made no layer.
    pub empty_layer: bool,
}
