//! Requests to one engine, and what it means when they fail.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::Response;
use ureq::tls::{ClientCert, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::context::Tls;
use super::dial::{Dial, NoResolver, ProgramMessages};
use super::endpoint::{Address, Endpoint, EngineOptions};
use crate::failure::{Failure, FailureKind};
use crate::remote::{Paced, authorities, certificates, client_certificate, refusal};
use crate::text::exact_bytes;

/// Bytes of an answer that is no image.
const ANSWER: u64 = 64 << 20;

/// The longest silence that trickling answers are judged by.
const MOST_IDLE: Duration = Duration::from_secs(30);

/// Characters of an error's text that are shown.
const SHOWN: usize = 500;

/// Requests to one engine.
#[derive(Debug)]
pub(super) struct Connection {
    pub endpoint: Endpoint,
    agent: Agent,
    /// The URL before the path: `http://docker`.
    base: String,
    messages: ProgramMessages,
    connect: Duration,
    idle: Duration,
}

#[derive(Default, Deserialize)]
struct ErrorMessage {
    #[serde(alias = "cause")]
    message: String,
}

/// How long an answer may take.
#[derive(Clone, Copy)]
pub(super) enum Timeout {
    /// For the version handshake.
    First,
    /// For an answer that the engine has in memory.
    Usual,
    /// For writing an image to the engine's disk.
    Image,
    /// The given time between two bytes: the caller knows how long a container may be silent.
    Of(Duration),
}

/// The HTTP method of a request, with its body.
pub(super) enum Method<'a> {
    Get,
    Post(Option<&'a serde_json::Value>),
    /// Bytes of a tar archive.
    Put(&'a [u8]),
    Delete,
}

impl Connection {
    /// Opens no connection yet.
    pub(super) fn new(endpoint: Endpoint, options: &EngineOptions) -> Result<Self, Failure> {
        let messages = ProgramMessages::new(Mutex::new(Vec::new()));
        let mut configuration = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("dockopt/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(options.connect))
            .timeout_connect(Some(options.connect))
            .timeout_per_write(Some(options.idle));
        let (agent, base) = match &endpoint.way {
            Address::Tcp(host, tls) => {
                if let Some(tls) = tls {
                    configuration = configuration.tls_config(self::tls(tls)?);
                }
                let scheme = if tls.is_some() { "https" } else { "http" };
                (configuration.build().new_agent(), format!("{scheme}://{host}"))
            }
            way => {
                let (way, ssh, messages) = (way.clone(), options.ssh.clone(), Arc::clone(&messages));
                let dial = Dial { way, ssh, connect: options.connect, messages };
                (Agent::with_parts(configuration.build(), dial, NoResolver), "http://docker".to_owned())
            }
        };
        Ok(Self { endpoint, agent, base, messages, connect: options.connect, idle: options.idle })
    }

    /// Sends a GET request.
    pub(super) fn get(&self, path: &str, patience: Timeout) -> Result<Response<Body>, Failure> {
        self.ask(&Method::Get, path, patience)
    }

    /// Sends a request; 2xx and 304 (already in that state) are `Ok`.
    pub(super) fn ask(&self, method: &Method, path: &str, patience: Timeout) -> Result<Response<Body>, Failure> {
        let limit = Some(self.limit(patience));
        let address = format!("{}{path}", self.base);
        let response = match method {
            Method::Get => {
                self.agent.get(address).config().timeout_per_read(limit).timeout_recv_response(limit).build().call()
            }
            Method::Delete => {
                self.agent.delete(address).config().timeout_per_read(limit).timeout_recv_response(limit).build().call()
            }
            Method::Post(body) => {
                let request = self.agent.post(address).config();
                let request = request.timeout_per_read(limit).timeout_recv_response(limit).build();
                match body {
                    Some(body) => request.content_type("application/json").send(body.to_string()),
                    None => request.send_empty(),
                }
            }
            Method::Put(bytes) => {
                let request = self.agent.put(address).config();
                let request = request.timeout_per_read(limit).timeout_recv_response(limit).build();
                request.content_type("application/x-tar").send(*bytes)
            }
        };
        let response = response.map_err(|error| self.failed(&error, patience))?;
        let is_done = response.status().is_success() || response.status() == 304;
        if is_done { Ok(response) } else { Err(self.refused(response, path)) }
    }

    /// Sends a GET request and parses the JSON response.
    pub(super) fn json<T: DeserializeOwned>(&self, path: &str, patience: Timeout) -> Result<T, Failure> {
        self.value(&Method::Get, path, patience)
    }

    /// Sends a request and parses the JSON response.
    pub(super) fn value<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        patience: Timeout,
    ) -> Result<T, Failure> {
        let mut response = self.ask(method, path, patience)?;
        let mut bytes = Vec::new();
        let body = response.body_mut().with_config().limit(u64::MAX).reader();
        let body = Paced::new(body, self.limit(patience).min(MOST_IDLE));
        body.take(ANSWER + 1).read_to_end(&mut bytes).map_err(|error| self.broken(&error, patience))?;
        let name = &self.endpoint.name;
        if bytes.len() as u64 > ANSWER {
            let what = format!("the engine at `{name}` sent a response larger than {}", exact_bytes(ANSWER));
            return Err(Failure::new(
                FailureKind::Broken,
                what,
                "check DOCKER_HOST; no Docker engine sends a response this large",
            ));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            let what = format!(
                "the server at `{name}` is not a Docker engine: the response to {path} cannot be parsed ({error})"
            );
            Failure::new(FailureKind::Broken, what, "check DOCKER_HOST")
        })
    }

    fn limit(&self, patience: Timeout) -> Duration {
        match patience {
            Timeout::First => self.connect,
            Timeout::Usual => self.idle,
            Timeout::Image => self.idle * 5,
            Timeout::Of(limit) => limit,
        }
    }

    /// The engine in a message: `the Docker engine at …`.
    fn display_name(&self) -> String {
        let said_by = if self.endpoint.said_by.is_empty() { "" } else { &format!(" ({})", self.endpoint.said_by) };
        format!("the Docker engine at `{}`{said_by}", self.endpoint.name)
    }

    /// The last lines that ssh wrote to stderr.
    fn last_message(&self) -> String {
        // ssh may end before its output has been read.
        std::thread::sleep(Duration::from_millis(50));
        let messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&messages);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.join("; ").chars().take(SHOWN).collect()
    }

    /// The failure of a request that got no response.
    fn failed(&self, error: &ureq::Error, patience: Timeout) -> Failure {
        let called = self.display_name();
        let absent = |why: String| {
            Failure::new(FailureKind::Unreachable, why, "start it, or select another one with DOCKER_HOST")
        };
        let is_ssh = matches!(self.endpoint.way, Address::Ssh(_));
        match error {
            ureq::Error::Timeout(_) => {
                absent(format!("{called} did not respond within {} s", self.limit(patience).as_secs()))
            }
            ureq::Error::HostNotFound => {
                absent(format!("{called} cannot be reached: the host name cannot be resolved"))
            }
            ureq::Error::Io(why) if is_ssh && why.kind() == io::ErrorKind::NotFound => Failure::new(
                FailureKind::Setup,
                format!("{called} requires ssh, which is not installed"),
                "install ssh",
            ),
            _ if is_ssh => {
                let message = self.last_message();
                let why = if message.is_empty() { error.to_string() } else { message };
                let what = format!("{called} cannot be reached over ssh: {why}");
                Failure::new(
                    FailureKind::Unreachable,
                    what,
                    "check that `ssh HOST docker version` works without prompts",
                )
            }
            ureq::Error::Io(why) => match why.kind() {
                io::ErrorKind::PermissionDenied => Failure::new(
                    FailureKind::Denied,
                    format!("permission denied when connecting to {called}"),
                    "run as root, or as a member of the socket's group (usually `docker`)",
                ),
                io::ErrorKind::NotFound => absent(format!("{called} is not running: the socket does not exist")),
                io::ErrorKind::ConnectionRefused => absent(format!("{called} is not running: connection refused")),
                _ => match why.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
                    Some(tls) => self.no_tls(tls),
                    None => Failure::new(
                        FailureKind::Broken,
                        format!("the connection to {called} was closed unexpectedly: {why}"),
                        "check the engine's log",
                    ),
                },
            },
            ureq::Error::Rustls(tls) => self.no_tls(tls),
            _ => Failure::new(
                FailureKind::Broken,
                format!("the server at `{}` is not a Docker engine: {error}", self.endpoint.name),
                "check DOCKER_HOST; an engine that uses TLS needs DOCKER_TLS_VERIFY=1",
            ),
        }
    }

    fn no_tls(&self, error: &rustls::Error) -> Failure {
        let what = format!("TLS handshake with {} failed: {error}", self.display_name());
        Failure::new(FailureKind::Denied, what, "check ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH")
    }

    /// The failure that an error status stands for.
    fn refused(&self, response: Response<Body>, path: &str) -> Failure {
        let status = response.status();
        let ErrorMessage { message } = refusal(response);
        let message: String = message.chars().take(SHOWN).collect();
        let reason = if message.is_empty() { status.to_string() } else { message };
        let called = self.display_name();
        match status.as_u16() {
            404 if !path.contains("/images/") => Failure::new(
                FailureKind::Missing,
                format!("{called} does not have the requested object: {reason}"),
                "check whether another process removed it",
            ),
            400 | 409 => Failure::new(
                FailureKind::Refused,
                format!("{called} rejected the request: {reason}"),
                "fix what the message names, then retry",
            ),
            404 => Failure::new(
                FailureKind::Missing,
                format!("{called} has no such image: {reason}"),
                "`docker images` lists the available images",
            ),
            401 | 403 => Failure::new(
                FailureKind::Denied,
                format!("{called} denied access: {reason}"),
                "ask the engine's administrator for access",
            ),
            _ => Failure::new(
                FailureKind::Broken,
                format!("{called} returned an error: {reason}"),
                "check the engine's log",
            ),
        }
    }

    /// The failure of a response that ends too early.
    pub(super) fn broken(&self, error: &io::Error, patience: Timeout) -> Failure {
        let why = match error.get_ref().and_then(|cause| cause.downcast_ref::<ureq::Error>()) {
            Some(ureq::Error::Timeout(_)) => format!("no data for {} s", self.limit(patience).as_secs()),
            Some(cause) => cause.to_string(),
            None => error.to_string(),
        };
        let what = format!("{} stopped in the middle of a response: {why}", self.display_name());
        Failure::new(FailureKind::Broken, what, "check that it is still running, then retry")
    }

    /// The failure that the engine reports in the middle of a response.
    pub(super) fn gave_up(&self, message: &str) -> Failure {
        let message: String = message.chars().take(SHOWN).collect();
        let what = format!("{} failed in the middle of a response: {message}", self.display_name());
        Failure::new(FailureKind::Broken, what, "check the engine's log")
    }
}

/// TLS as docker does it: `ca.pem` is whom one trusts, `cert.pem` and `key.pem` who one is.
fn tls(tls: &Tls) -> Result<TlsConfig, Failure> {
    let setup =
        |what: String| Failure::new(FailureKind::Setup, what, "check ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH");
    let file = |name: &str| tls.folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.exists());
    let roots = match file("ca.pem") {
        Some(path) => RootCerts::Specific(Arc::new(certificates(&path).map_err(setup)?)),
        None => authorities(&[]),
    };
    let certificate: Option<ClientCert> = match (file("cert.pem"), file("key.pem")) {
        (Some(certificate), Some(key)) => Some(client_certificate(&certificate, &key).map_err(setup)?),
        _ => None,
    };
    Ok(TlsConfig::builder().root_certs(roots).client_cert(certificate).disable_verification(!tls.verify).build())
}
