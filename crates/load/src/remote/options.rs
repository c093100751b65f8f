//! How registries are reached.

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use super::blob_cache::BlobCache;

/// How registries are reached.
#[derive(Clone, Debug, Default)]
pub struct RegistryOptions {
    /// Files of certificates (PEM) that are trusted besides those of the system.
    pub ca: Vec<PathBuf>,
    /// Registries (`host`, `host:port`) that may be asked without TLS, or without a check of their certificate.
    pub insecure: Vec<String>,
    /// The folder of docker's configuration; `None` where there is none.
    pub configuration: Option<PathBuf>,
    /// Folders with a folder of certificates for each registry: `/etc/docker/certs.d`.
    pub certificates: Vec<PathBuf>,
    /// How long, how much, how often.
    pub limits: Limits,
    /// Where blobs are kept that other processes read too; `None` keeps none.
    pub blobs: Option<BlobCache>,
}

/// How long, how much, how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands, TLS among it.
    pub connect: Duration,
    /// Without a byte from the other side, or from a credential helper.
    pub idle: Duration,
    /// Attempts beyond the first where the other side fails (429, 5xx, connections that break).
    pub retries: u32,
    /// The longest pause before an attempt; where `Retry-After` asks for more, there is none.
    pub pause: Duration,
    /// Bytes of a manifest, an index, a token.
    pub document: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            retries: 3,
            pause: Duration::from_secs(30),
            document: 16 << 20,
        }
    }
}

impl RegistryOptions {
    /// What the process's environment says: docker's configuration, and where this system keeps registries' certificates.
    pub fn of_process() -> Self {
        let mut certificates = if cfg!(windows) {
            non_empty_variable("ProgramData")
                .map(|data| PathBuf::from(data).join("docker").join("certs.d"))
                .into_iter()
                .collect()
        } else {
            vec![PathBuf::from("/etc/docker/certs.d"), PathBuf::from("/etc/containers/certs.d")]
        };
        // Engines without root look there.
        certificates.extend(env::home_dir().map(|home| home.join(".config").join("docker").join("certs.d")));
        Self { configuration: docker_configuration(), certificates, ..Self::default() }
    }
}

/// `DOCKER_CONFIG`, else `.docker` in the user's folder.
pub(crate) fn docker_configuration() -> Option<PathBuf> {
    non_empty_variable("DOCKER_CONFIG").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".docker")))
}

/// A variable that is set and not empty.
pub fn non_empty_variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
