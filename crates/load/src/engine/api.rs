//! Finds the engine and agrees with it on a version of the API.

use std::sync::Arc;

use serde::Deserialize;

use super::connection::{Connection, Timeout};
use super::endpoint::{EngineOptions, endpoints};
use crate::failure::{Failure, FailureKind};
use crate::image::Platform;

/// The newest API that is understood: that of engine 28.5. Newer engines speak it too.
const NEWEST: Api = Api(1, 51);

/// What stands for the API where an engine names none: the oldest that engines of today speak.
const OLDEST: Api = Api(1, 24);

/// A version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Api(pub u32, pub u32);

/// An engine that has answered.
#[derive(Clone, Debug)]
pub struct Engine {
    pub(super) connection: Arc<Connection>,
    pub(super) api: Api,
    version: Version,
}

/// What an engine is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// `Docker Engine - Community`, `Podman Engine`; empty where it doesn't say.
    pub name: String,
    /// `28.5.2`.
    pub version: String,
    /// The API that is spoken with it: `1.51`.
    pub api: String,
    /// What it runs on.
    pub platform: Platform,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ApiAnswer {
    platform: ApiName,
    components: Vec<ApiName>,
    version: String,
    api_version: String,
    #[serde(rename = "MinAPIVersion")]
    least_api_version: String,
    os: String,
    arch: String,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ApiName {
    name: String,
}

impl Api {
    fn read(text: &str) -> Option<Self> {
        let (major, minor) = text.trim().split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl std::fmt::Display for Api {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}.{}", self.0, self.1)
    }
}

impl Engine {
    /// Finds the engine that is meant and asks what it is.
    ///
    /// # Errors
    /// When none is there, it may not be asked, or the configuration is wrong.
    pub fn connect(options: &EngineOptions) -> Result<Self, Failure> {
        let mut failures = Vec::new();
        for endpoint in endpoints(options)? {
            let named = !endpoint.said_by.is_empty();
            match Self::ask(Connection::new(endpoint, options)?) {
                Ok(engine) => return Ok(engine),
                Err(error) if named => return Err(error),
                Err(error) => failures.push(error),
            }
        }
        // One that is there and may not be asked is more likely meant than one that is not there.
        if let Some(error) = failures.iter().find(|error| error.kind != FailureKind::Unreachable) {
            return Err(error.clone());
        }
        let tried: Vec<&str> = failures.iter().map(|error| error.what.as_str()).collect();
        let what = format!("cannot connect to a Docker engine ({})", tried.join("; "));
        Err(Failure::new(
            FailureKind::Unreachable,
            what,
            "start one, or select one with DOCKER_HOST or `docker context use`",
        ))
    }

    fn ask(connection: Connection) -> Result<Self, Failure> {
        let answer: ApiAnswer = connection.json("/version", Timeout::First)?;
        let name = &connection.endpoint.name;
        let Some(theirs) = Api::read(&answer.api_version) else {
            let what = format!("the server at `{name}` is not a Docker engine: it reports no API version");
            return Err(Failure::new(FailureKind::Broken, what, "check DOCKER_HOST"));
        };
        let least = Api::read(&answer.least_api_version).unwrap_or(OLDEST);
        if least > NEWEST {
            let what = format!(
                "the engine at `{name}` requires API {least} or later, and dockopt supports API versions up to {NEWEST}"
            );
            return Err(Failure::new(
                FailureKind::Broken,
                what,
                "use a newer dockopt, or read an archive written by `docker save`",
            ));
        }
        let api = theirs.min(NEWEST);
        let component =
            if answer.platform.name.is_empty() { answer.components.into_iter().next() } else { Some(answer.platform) };
        let version = Version {
            name: component.unwrap_or_default().name,
            version: answer.version,
            api: api.to_string(),
            platform: Platform { os: answer.os, architecture: answer.arch, ..Platform::default() },
        };
        Ok(Self { connection: Arc::new(connection), api, version })
    }

    /// Where it is: `unix:///var/run/docker.sock`.
    pub fn endpoint(&self) -> &str {
        &self.connection.endpoint.name
    }

    /// What it is.
    pub const fn version(&self) -> &Version {
        &self.version
    }

    /// A path of the API that is spoken.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("/v{}{rest}", self.api)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(Api::read("1.9") < Api::read("1.51"));
        assert_eq!(Api::read("1.51").map(|api| api.to_string()), Some("1.51".to_owned()));
        for wrong in ["", "1", "1.x", "v1.2"] {
            assert_eq!(Api::read(wrong), None, "{wrong}");
        }
    }
}
