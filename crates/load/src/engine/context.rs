//! Docker contexts: named engines in docker's configuration (`contexts/meta/…/meta.json`, `contexts/tls/…`).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::failure::{Failure, FailureKind};
use crate::image::Algorithm;
use crate::image::Digest;
use crate::text::exact_bytes;

/// Bytes of a file of docker's configuration.
const LARGEST: u64 = 4 << 20;

/// The endpoint of a context that is an engine.
const ENGINE: &str = "docker";

/// An engine that a context names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Context {
    /// Its address.
    pub host: String,
    /// TLS, where the context says something of it.
    pub tls: Option<Tls>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClientConfiguration {
    current_context: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    endpoints: BTreeMap<String, ContextTarget>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct ContextTarget {
    host: String,
    #[serde(rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// The context in force (`docker context use`); `None` where none is.
pub(super) fn current(folder: Option<&Path>) -> Result<Option<String>, Failure> {
    let Some(folder) = folder else { return Ok(None) };
    let configuration: Option<ClientConfiguration> = read_json(&folder.join("config.json"))?;
    Ok(configuration.map(|configuration| configuration.current_context).filter(|name| !name.is_empty()))
}

/// A context by name.
pub(super) fn read(folder: Option<&Path>, name: &str) -> Result<Context, Failure> {
    let unknown_context = |why: &str| {
        let help = "`docker context ls` lists the contexts; `docker context use default` selects the default one";
        Failure::new(FailureKind::Setup, format!("the Docker context `{name}` {why}"), help)
    };
    let folder = folder
        .ok_or_else(|| unknown_context("cannot be found: there is no Docker configuration folder"))?
        .join("contexts");
    let id = id(name);
    let meta: Meta = read_json(&folder.join("meta").join(&id).join("meta.json"))?
        .ok_or_else(|| unknown_context("does not exist"))?;
    let target = meta.endpoints.get(ENGINE).filter(|target| !target.host.is_empty());
    let target = target.ok_or_else(|| unknown_context("has no engine address"))?;
    let certificates = folder.join("tls").join(&id).join(ENGINE);
    let certificates = certificates.is_dir().then_some(certificates);
    let tls = (certificates.is_some() || target.skip_tls_verify)
        .then_some(Tls { verify: !target.skip_tls_verify, folder: certificates });
    Ok(Context { host: target.host.clone(), tls })
}

/// What a context's folders are called.
fn id(name: &str) -> String {
    Digest::of(Algorithm::Sha256, name.as_bytes()).hex()
}

/// A file of docker's configuration; `None` where there is none.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, Failure> {
    let wrong = |why: String| {
        Failure::new(
            FailureKind::Setup,
            format!("the Docker configuration `{}` {why}", path.display()),
            "fix or remove the file",
        )
    };
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 <= LARGEST => {}
        Ok(_) => return Err(wrong(format!("is larger than {}", exact_bytes(LARGEST)))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(wrong(format!("cannot be read: {error}"))),
    }
    // What serde says may hold a value of the file.
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| wrong(format!("cannot be parsed: line {}, column {}", error.line(), error.column())))
}

/// TLS with an engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tls {
    /// Whether its certificate is checked.
    pub verify: bool,
    /// Folder of `ca.pem`, `cert.pem` and `key.pem`, each if it is there.
    pub folder: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_read_as_docker_writes_them() {
        let folder = tempfile::tempdir().unwrap();
        let root = Some(folder.path());
        assert_eq!(current(root), Ok(None));
        assert_eq!(current(None), Ok(None));
        std::fs::write(folder.path().join("config.json"), r#"{"auths": {}, "currentContext": "far"}"#).unwrap();
        assert_eq!(current(root), Ok(Some("far".to_owned())));
        assert_eq!(read(root, "far").unwrap_err().what, "the Docker context `far` does not exist");

        let id = id("far");
        let meta = folder.path().join("contexts/meta").join(&id);
        std::fs::create_dir_all(&meta).unwrap();
        let write = |text: &str| std::fs::write(meta.join("meta.json"), text).unwrap();
        write(r#"{"Name":"far","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://a:1","SkipTLSVerify":false}}}"#);
        assert_eq!(read(root, "far"), Ok(Context { host: "tcp://a:1".to_owned(), tls: None }));
        let tls = folder.path().join("contexts/tls").join(&id).join("docker");
        std::fs::create_dir_all(&tls).unwrap();
        assert_eq!(read(root, "far").unwrap().tls, Some(Tls { verify: true, folder: Some(tls) }));
        write(r#"{"Name":"far","Endpoints":{"kubernetes":{}}}"#);
        assert_eq!(read(root, "far").unwrap_err().what, "the Docker context `far` has no engine address");
        write("{");
        assert!(read(root, "far").unwrap_err().what.ends_with("cannot be parsed: line 1, column 1"));
    }
}
