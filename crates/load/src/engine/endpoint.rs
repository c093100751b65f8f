//! Which engine is meant: `DOCKER_HOST`, a docker context, else the usual places.

use std::path::PathBuf;
use std::time::Duration;

use super::context::{self, Tls};
use crate::failure::{Failure, FailureKind};
use crate::remote::{docker_configuration, non_empty_variable};

/// Which engine is meant, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// `DOCKER_HOST`.
    pub host: Option<String>,
    /// `DOCKER_CONTEXT`.
    pub context: Option<String>,
    /// `DOCKER_TLS`: TLS, whoever answers.
    pub tls: bool,
    /// `DOCKER_TLS_VERIFY`: TLS, and the engine's certificate is checked.
    pub tls_verify: bool,
    /// `DOCKER_CERT_PATH`: folder of `ca.pem`, `cert.pem`, `key.pem`; docker's configuration where `None`.
    pub certificates: Option<PathBuf>,
    /// The folder of docker's configuration; `None` where there is none.
    pub configuration: Option<PathBuf>,
    /// Sockets and pipes to try, in order, where nobody says which engine is meant.
    pub usual: Vec<String>,
    /// The program that reaches `ssh://` engines.
    pub ssh: PathBuf,
    /// Until the engine answers its first question.
    pub connect: Duration,
    /// Without a byte from it. What it writes an image to first takes five times as long at most.
    pub idle: Duration,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            host: None,
            context: None,
            tls: false,
            tls_verify: false,
            certificates: None,
            configuration: None,
            usual: Vec::new(),
            ssh: PathBuf::from("ssh"),
            connect: Duration::from_secs(10),
            idle: Duration::from_mins(2),
        }
    }
}

impl EngineOptions {
    /// What the process's environment says.
    pub fn of_process() -> Self {
        let usual = if cfg!(windows) {
            vec!["npipe:////./pipe/docker_engine".to_owned(), "npipe:////./pipe/podman-machine-default".to_owned()]
        } else {
            let runtime = non_empty_variable("XDG_RUNTIME_DIR");
            let socket = std::env::home_dir().map(|home| format!("unix://{}/.docker/run/docker.sock", home.display()));
            let mut usual = vec!["unix:///var/run/docker.sock".to_owned()];
            usual.extend(runtime.iter().map(|folder| format!("unix://{folder}/docker.sock")));
            usual.extend(socket);
            usual.extend(runtime.iter().map(|folder| format!("unix://{folder}/podman/podman.sock")));
            usual.push("unix:///run/podman/podman.sock".to_owned());
            usual
        };
        Self {
            host: non_empty_variable("DOCKER_HOST"),
            context: non_empty_variable("DOCKER_CONTEXT"),
            tls: non_empty_variable("DOCKER_TLS").is_some(),
            tls_verify: non_empty_variable("DOCKER_TLS_VERIFY").is_some(),
            certificates: non_empty_variable("DOCKER_CERT_PATH").map(PathBuf::from),
            configuration: docker_configuration(),
            usual,
            ..Self::default()
        }
    }
}

/// How an engine is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// A Unix socket.
    Socket(PathBuf),
    /// A named pipe of Windows.
    Pipe(PathBuf),
    /// Host and port.
    Tcp(String, Option<Tls>),
    /// Another machine's engine, through its shell.
    Ssh(Ssh),
}

/// Whom to ask for on another machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ssh {
    /// The user; ssh's own choice where `None`.
    pub user: Option<String>,
    /// The machine.
    pub host: String,
    /// The port; ssh's own choice where `None`.
    pub port: Option<u16>,
    /// The engine's socket there; its own choice where `None`.
    pub socket: Option<String>,
}

/// An engine that may be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// As docker writes it: `unix:///var/run/docker.sock`.
    pub name: String,
    /// Who says so: `DOCKER_HOST`; empty for the usual places.
    pub said_by: String,
    /// How it is reached.
    pub way: Address,
}

/// The engines that may be meant, in order; one, where somebody says which.
pub(super) fn endpoints(options: &EngineOptions) -> Result<Vec<Endpoint>, Failure> {
    let folder = || options.certificates.clone().or_else(|| options.configuration.clone());
    let tls = (options.tls || options.tls_verify).then(|| Tls { verify: options.tls_verify, folder: folder() });
    if let Some(host) = &options.host {
        return Ok(vec![endpoint(host, "DOCKER_HOST", tls)?]);
    }
    let chosen = match &options.context {
        Some(name) => Some((name.clone(), format!("DOCKER_CONTEXT, context `{name}`"))),
        None => context::current(options.configuration.as_deref())?.map(|name| {
            let said_by = format!("Docker context `{name}`");
            (name, said_by)
        }),
    };
    if let Some((name, said_by)) = chosen.filter(|(name, _)| name != "default") {
        let context = context::read(options.configuration.as_deref(), &name)?;
        return Ok(vec![endpoint(&context.host, &said_by, context.tls.or(tls))?]);
    }
    options.usual.iter().map(|name| endpoint(name, "", tls.clone())).collect()
}

fn endpoint(name: &str, said_by: &str, tls: Option<Tls>) -> Result<Endpoint, Failure> {
    let wrong = |why: &str| {
        let what = format!("`{name}` ({said_by}) is not a valid engine address: {why}");
        Failure::new(
            FailureKind::Setup,
            what,
            "use unix:///path, tcp://host:port, ssh://user@host or npipe:////./pipe/name",
        )
    };
    let (scheme, rest) = name.split_once("://").ok_or_else(|| wrong("`://` is missing"))?;
    if rest.is_empty() {
        return Err(wrong("there is nothing after `://`"));
    }
    let way = match scheme {
        "unix" => Address::Socket(PathBuf::from(rest)),
        "npipe" => Address::Pipe(PathBuf::from(rest.replace('/', "\\"))),
        "tcp" | "http" | "https" => {
            let tls = tls.or_else(|| (scheme == "https").then_some(Tls { verify: true, folder: None }));
            let host = rest.split('/').next().unwrap_or_default();
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']' | '%');
            if host.is_empty() || !host.chars().all(plain) {
                return Err(wrong("the host is missing or invalid"));
            }
            let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            let port = if tls.is_some() { 2376 } else { 2375 };
            Address::Tcp(if has_port { host.to_owned() } else { format!("{host}:{port}") }, tls)
        }
        "ssh" => Address::Ssh(ssh(rest).ok_or_else(|| wrong("the form is ssh://[user@]host[:port][/socket]"))?),
        _ => return Err(wrong("the scheme is not supported")),
    };
    Ok(Endpoint { name: name.to_owned(), said_by: said_by.to_owned(), way })
}

/// `[user@]host[:port][/socket]`.
fn ssh(text: &str) -> Option<Ssh> {
    let (machine, socket) = match text.find('/') {
        Some(at) => (&text[..at], Some(text[at..].to_owned()).filter(|socket| socket != "/")),
        None => (text, None),
    };
    let (user, machine) = match machine.rsplit_once('@') {
        // A password has no place here: other programs see the arguments.
        Some((user, _)) if user.contains(':') => return None,
        Some((user, machine)) => (Some(user.to_owned()), machine),
        None => (None, machine),
    };
    let (host, port) = match machine.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port.parse().ok()?)),
        _ => (machine, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    // What begins with a dash would be an option.
    let is_word = |word: &str| !word.is_empty() && !word.starts_with('-') && !word.contains(char::is_whitespace);
    (is_word(&host) && user.as_deref().is_none_or(is_word)).then_some(Ssh { user, host, port, socket })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &str, expected: &str) {
        let options = EngineOptions { host: Some(host.to_owned()), ..EngineOptions::default() };
        let got = match endpoints(&options) {
            Ok(endpoints) => format!("{:?}", endpoints[0].way),
            Err(error) => error.what.rsplit_once(": ").unwrap().1.to_owned(),
        };
        assert_eq!(got, expected, "{host}");
    }

    #[test]
    fn addresses_of_engines_are_read() {
        check("unix:///run/x.sock", r#"Socket("/run/x.sock")"#);
        check(
            "npipe:////./pipe/docker_engine",
            r#"Pipe("\\\\\\\\.\\\\pipe\\\\docker_engine")"#.replace("\\\\", "\\").as_str(),
        );
        check("tcp://a.b", r#"Tcp("a.b:2375", None)"#);
        check("tcp://[::1]:99", r#"Tcp("[::1]:99", None)"#);
        check("https://a.b", r#"Tcp("a.b:2376", Some(Tls { verify: true, folder: None }))"#);
        check("ssh://me@a.b:22", r#"Ssh(Ssh { user: Some("me"), host: "a.b", port: Some(22), socket: None })"#);
        check("ssh://a/run/x", r#"Ssh(Ssh { user: None, host: "a", port: None, socket: Some("/run/x") })"#);
        for wrong in ["ssh://-oProxyCommand=x", "ssh://-x@a", "ssh://me:password@a", "ssh://a:b", "ssh://a b"] {
            check(wrong, "the form is ssh://[user@]host[:port][/socket]");
        }
        check("x", "`://` is missing");
        check("unix://", "there is nothing after `://`");
        check("tcp:///", "the host is missing or invalid");
        check("tcp://a b", "the host is missing or invalid");
        check("fd://3", "the scheme is not supported");
    }

    #[test]
    fn the_environment_overrides_contexts() {
        let host = Some("unix:///x".to_owned());
        let usual = vec!["unix:///y".to_owned(), "unix:///z".to_owned()];
        let options = EngineOptions { host, context: Some("none".into()), usual, ..EngineOptions::default() };
        assert_eq!(endpoints(&options).unwrap()[0].said_by, "DOCKER_HOST");
        let unknown = endpoints(&EngineOptions { host: None, ..options.clone() }).unwrap_err();
        assert_eq!(unknown.kind, FailureKind::Setup);
        let usual = endpoints(&EngineOptions { host: None, context: Some("default".into()), ..options }).unwrap();
        assert_eq!(usual.len(), 2);
    }
}
