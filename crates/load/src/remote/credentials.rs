//! Who one is at a registry, as docker's configuration says (`config.json`: `auths`, `credsStore`, `credHelpers`).

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::helper;
use crate::text::exact_bytes;

/// Bytes of docker's configuration.
const LARGEST: u64 = 4 << 20;

/// Under what docker's own registry is kept.
const OWN: &str = "https://index.docker.io/v1/";

/// Who one is at a registry.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) enum Credentials {
    /// Nobody.
    #[default]
    Anonymous,
    /// Name and password.
    Password {
        /// The name.
        user: String,
        /// The password.
        password: String,
    },
    /// A long-lived token that is exchanged for short-lived ones (`docker login` with a browser).
    Identity(String),
    /// A token that is sent as it is.
    Bearer(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Anonymous => "anonymous",
            Self::Password { .. } => "password",
            Self::Identity(_) => "identity token",
            Self::Bearer(_) => "bearer token",
        })
    }
}

impl Credentials {
    /// The account that a registry denied, for a message; `None` without credentials.
    pub(super) fn user_name(&self) -> Option<String> {
        match self {
            Self::Anonymous => None,
            Self::Password { user, .. } => Some(format!("user `{user}` (password from the Docker configuration)")),
            Self::Identity(_) | Self::Bearer(_) => Some("the token from the Docker configuration".to_owned()),
        }
    }
}

/// The credentials found, and why a source of them could not be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CredentialLookup {
    pub credentials: Credentials,
    /// Why a helper or the configuration said nothing, in one sentence.
    pub trouble: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ClientConfiguration {
    auths: BTreeMap<String, CredentialEntry>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct CredentialEntry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: String,
}

/// Looks a registry up, as its name stands in references (`docker.io`, `localhost:5000`), in a folder of configuration.
pub(super) fn look_up(folder: Option<&Path>, registry: &str, limit: Duration) -> CredentialLookup {
    let Some(folder) = folder else { return CredentialLookup::default() };
    let path = folder.join("config.json");
    let configuration = match read(&path) {
        Ok(configuration) => configuration,
        Err(trouble) => {
            let trouble = trouble.map(|why| format!("the Docker configuration `{}` {why}", path.display()));
            return CredentialLookup { credentials: Credentials::Anonymous, trouble };
        }
    };
    let key = if registry == "docker.io" { OWN } else { registry };
    let helper = configuration.cred_helpers.get(key).or_else(|| configuration.cred_helpers.get(registry));
    let mut trouble = None;
    if let Some(name) = helper.or(configuration.creds_store.as_ref()).filter(|name| !name.is_empty()) {
        match ask_helper(name, key, limit) {
            Ok(Some(credentials)) => return CredentialLookup { credentials, trouble: None },
            Ok(None) => {}
            Err(why) => trouble = Some(why),
        }
    }
    let credentials = entry(&configuration.auths, key, registry).map(credentials).unwrap_or_default();
    CredentialLookup { credentials, trouble }
}

/// The configuration; an error without a text where there is none.
fn read(path: &Path) -> Result<ClientConfiguration, Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(None),
        Err(error) => return Err(Some(format!("cannot be read: {error}"))),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| Some(format!("cannot be read: {error}")))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Some(format!("is larger than {}", exact_bytes(LARGEST))));
    }
    // What serde says may hold a value of the file.
    serde_json::from_slice(&bytes)
        .map_err(|error| Some(format!("cannot be parsed: line {}, column {}", error.line(), error.column())))
}

fn ask_helper(name: &str, server: &str, limit: Duration) -> Result<Option<Credentials>, String> {
    let Some(answer) = helper::ask(name, server, limit)? else { return Ok(None) };
    let answer: HelperAnswer = serde_json::from_slice(&answer)
        .map_err(|_| format!("the response of the credential helper `docker-credential-{name}` cannot be parsed"))?;
    Ok(Some(match answer.username.as_str() {
        "" if answer.secret.is_empty() => return Ok(None),
        "<token>" => Credentials::Identity(answer.secret),
        _ => Credentials::Password { user: answer.username, password: answer.secret },
    }))
}

/// The entry of a registry: under its name, or under an address of it.
fn entry<'a>(auths: &'a BTreeMap<String, CredentialEntry>, key: &str, registry: &str) -> Option<&'a CredentialEntry> {
    let host = |address: &'a str| {
        let bare = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://")).unwrap_or(address);
        let host = bare.split('/').next().unwrap_or_default();
        if host == "index.docker.io" { "docker.io" } else { host }
    };
    auths.get(key).or_else(|| auths.iter().find(|(address, _)| host(address) == registry).map(|(_, entry)| entry))
}

fn credentials(entry: &CredentialEntry) -> Credentials {
    let non_empty = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    if let Some(token) = non_empty(&entry.registrytoken) {
        return Credentials::Bearer(token);
    }
    if let Some(token) = non_empty(&entry.identitytoken) {
        return Credentials::Identity(token);
    }
    let decoded = non_empty(&entry.auth).and_then(|auth| STANDARD.decode(auth.trim()).ok());
    let pair = decoded.and_then(|bytes| {
        let text = String::from_utf8(bytes).ok()?;
        let (user, password) = text.split_once(':')?;
        // docker fills up with NUL bytes.
        Some((user.to_owned(), password.trim_matches('\0').to_owned()))
    });
    match pair.or_else(|| Some((non_empty(&entry.username)?, non_empty(&entry.password)?))) {
        Some((user, password)) => Credentials::Password { user, password },
        None => Credentials::Anonymous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(configuration: &str, registry: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("config.json"), configuration).unwrap();
        let looked = look_up(Some(folder.path()), registry, Duration::from_secs(5));
        let got = match looked.credentials {
            Credentials::Anonymous => {
                looked.trouble.map_or("nobody".into(), |why| why.split("` ").nth(1).unwrap().into())
            }
            Credentials::Password { user, password } => format!("{user}:{password}"),
            Credentials::Identity(token) => format!("identity {token}"),
            Credentials::Bearer(token) => format!("bearer {token}"),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn entries_are_found_as_docker_finds_them() {
        let me = r#"{"auth": "bWU6cGE6c3MA"}"#;
        check(&format!(r#"{{"auths": {{"a.b:5000": {me}}}}}"#), "a.b:5000", "me:pa:ss");
        check(&format!(r#"{{"auths": {{"https://a.b/v2/": {me}}}}}"#), "a.b", "me:pa:ss");
        check(&format!(r#"{{"auths": {{"https://index.docker.io/v1/": {me}}}}}"#), "docker.io", "me:pa:ss");
        check(&format!(r#"{{"auths": {{"docker.io": {me}}}}}"#), "docker.io", "me:pa:ss");
        check(&format!(r#"{{"auths": {{"a.b": {me}}}}}"#), "a.b:5000", "nobody");
        check(r#"{"auths": {"a.b": {"username": "me", "password": "x"}}}"#, "a.b", "me:x");
        check(r#"{"auths": {"a.b": {"auth": "bWU6", "identitytoken": "t"}}}"#, "a.b", "identity t");
        check(r#"{"auths": {"a.b": {"registrytoken": "t"}}}"#, "a.b", "bearer t");
        check(r#"{"auths": {"a.b": {}}}"#, "a.b", "nobody");
        check(r#"{"auths": {"a.b": {"auth": "%"}}}"#, "a.b", "nobody");
    }

    #[test]
    fn trouble_is_reported_without_secrets() {
        check("{", "a.b", "cannot be parsed: line 1, column 1");
        check(r#"{"auths": "hunter2"}"#, "a.b", "cannot be parsed: line 1, column 19");
        check(r#"{"credsStore": "../x"}"#, "a.b", "in the Docker configuration is not a valid name");
        check(r#"{"credsStore": "dockopt-none"}"#, "a.b", "cannot be started: No such file or directory (os error 2)");
        assert_eq!(look_up(None, "a.b", Duration::ZERO), CredentialLookup::default());
    }
}
