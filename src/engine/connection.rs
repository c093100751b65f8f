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
use crate::remote::{authorities, certificates, client_certificate, refusal};

/// Bytes of an answer that is no image.
const ANSWER: u64 = 64 << 20;

/// Characters of an error's text that are shown.
const SHOWN: usize = 500;

/// Requests to one engine.
#[derive(Debug)]
pub(super) struct Connection {
    pub endpoint: Endpoint,
    agent: Agent,
    /// What stands before the path: `http://docker`.
    base: String,
    said: ProgramMessages,
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
    /// As long as it takes to say who one is.
    First,
    /// As long as an answer from memory takes.
    Usual,
    /// As long as it takes to write an image to the engine's own disk.
    Image,
    /// So long between two bytes: what a container does takes as long as it takes.
    Of(Duration),
}

/// What is done with a path of the API.
pub(super) enum Method<'a> {
    Get,
    Post(Option<&'a serde_json::Value>),
    /// Bytes of a tar archive.
    Put(&'a [u8]),
    Delete,
}

impl Connection {
    /// Opens nothing yet.
    pub(super) fn new(endpoint: Endpoint, options: &EngineOptions) -> Result<Self, Failure> {
        let said = ProgramMessages::new(Mutex::new(Vec::new()));
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
                let (way, ssh, said) = (way.clone(), options.ssh.clone(), Arc::clone(&said));
                let dial = Dial { way, ssh, connect: options.connect, said };
                (Agent::with_parts(configuration.build(), dial, NoResolver), "http://docker".to_owned())
            }
        };
        Ok(Self { endpoint, agent, base, said, connect: options.connect, idle: options.idle })
    }

    /// Asks; what comes has the status 200.
    pub(super) fn get(&self, path: &str, patience: Timeout) -> Result<Response<Body>, Failure> {
        self.ask(&Method::Get, path, patience)
    }

    /// Asks; what comes is no refusal. That something is so already is none.
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

    /// Asks for a value.
    pub(super) fn json<T: DeserializeOwned>(&self, path: &str, patience: Timeout) -> Result<T, Failure> {
        self.value(&Method::Get, path, patience)
    }

    /// Asks for a value, in whatever way.
    pub(super) fn value<T: DeserializeOwned>(
        &self,
        method: &Method,
        path: &str,
        patience: Timeout,
    ) -> Result<T, Failure> {
        let mut response = self.ask(method, path, patience)?;
        let mut bytes = Vec::new();
        let body = response.body_mut().with_config().limit(u64::MAX).reader();
        body.take(ANSWER + 1).read_to_end(&mut bytes).map_err(|error| self.broken(&error, patience))?;
        let name = &self.endpoint.name;
        if bytes.len() as u64 > ANSWER {
            let what = format!("the engine at `{name}` answers with more than {} MiB", ANSWER >> 20);
            return Err(Failure::new(FailureKind::Broken, what, "no honest answer is as long"));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            let what = format!("what answers at `{name}` is no Docker engine: {path} is not understood ({error})");
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

    /// What to call it in a message: `the Docker engine at …`.
    fn display_name(&self) -> String {
        let said_by = if self.endpoint.said_by.is_empty() { "" } else { &format!(" ({})", self.endpoint.said_by) };
        format!("the Docker engine at `{}`{said_by}", self.endpoint.name)
    }

    /// What the program at the other end said last.
    fn last_message(&self) -> String {
        // It ends before its words have come through.
        std::thread::sleep(Duration::from_millis(50));
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&said);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines.join("; ").chars().take(SHOWN).collect()
    }

    /// What became of a request without an answer.
    fn failed(&self, error: &ureq::Error, patience: Timeout) -> Failure {
        let called = self.display_name();
        let absent =
            |why: String| Failure::new(FailureKind::Unreachable, why, "start it, or name another one with DOCKER_HOST");
        let is_ssh = matches!(self.endpoint.way, Address::Ssh(_));
        match error {
            ureq::Error::Timeout(_) => {
                absent(format!("{called} does not answer within {} s", self.limit(patience).as_secs()))
            }
            ureq::Error::HostNotFound => absent(format!("{called} is not found: the host has no address")),
            ureq::Error::Io(why) if is_ssh && why.kind() == io::ErrorKind::NotFound => Failure::new(
                FailureKind::Setup,
                format!("{called} is reached with ssh, which is not installed"),
                "install ssh",
            ),
            _ if is_ssh => {
                let said = self.last_message();
                let why = if said.is_empty() { error.to_string() } else { said };
                let what = format!("{called} cannot be reached through ssh: {why}");
                Failure::new(
                    FailureKind::Unreachable,
                    what,
                    "try `ssh HOST docker version`; it must work without questions",
                )
            }
            ureq::Error::Io(why) => match why.kind() {
                io::ErrorKind::PermissionDenied => Failure::new(
                    FailureKind::Denied,
                    format!("{called} may not be asked: permission denied"),
                    "run as a member of the socket's group (usually `docker`), or as root",
                ),
                io::ErrorKind::NotFound => absent(format!("{called} is not there")),
                io::ErrorKind::ConnectionRefused => absent(format!("{called} does not run: nothing listens there")),
                _ => match why.get_ref().and_then(|own| own.downcast_ref::<rustls::Error>()) {
                    Some(tls) => self.no_tls(tls),
                    None => Failure::new(
                        FailureKind::Broken,
                        format!("{called} broke off: {why}"),
                        "look into the engine's log",
                    ),
                },
            },
            ureq::Error::Rustls(tls) => self.no_tls(tls),
            _ => Failure::new(
                FailureKind::Broken,
                format!("what answers at `{}` is no Docker engine: {error}", self.endpoint.name),
                "check DOCKER_HOST; an engine with TLS needs DOCKER_TLS_VERIFY=1",
            ),
        }
    }

    fn no_tls(&self, error: &rustls::Error) -> Failure {
        let what = format!("no TLS with {}: {error}", self.display_name());
        Failure::new(FailureKind::Denied, what, "check DOCKER_CERT_PATH: ca.pem, cert.pem, key.pem")
    }

    /// What a refusal means.
    fn refused(&self, response: Response<Body>, path: &str) -> Failure {
        let status = response.status();
        let ErrorMessage { message } = refusal(response);
        let message: String = message.chars().take(SHOWN).collect();
        let said = if message.is_empty() { status.to_string() } else { message };
        let called = self.display_name();
        match status.as_u16() {
            404 if !path.contains("/images/") => Failure::new(
                FailureKind::Missing,
                format!("{called} does not know it: {said}"),
                "see whether somebody else removed it",
            ),
            400 | 409 => Failure::new(
                FailureKind::Refused,
                format!("{called} does not do it: {said}"),
                "do what it says, and try again",
            ),
            404 => Failure::new(
                FailureKind::Missing,
                format!("{called} has no such image: {said}"),
                "`docker images` shows those that it has",
            ),
            401 | 403 => Failure::new(FailureKind::Denied, format!("{called} refuses: {said}"), "ask who runs it"),
            _ => Failure::new(FailureKind::Broken, format!("{called} fails: {said}"), "look into the engine's log"),
        }
    }

    /// What it means when an answer breaks off.
    pub(super) fn broken(&self, error: &io::Error, patience: Timeout) -> Failure {
        let why = match error.get_ref().and_then(|own| own.downcast_ref::<ureq::Error>()) {
            Some(ureq::Error::Timeout(_)) => format!("nothing comes for {} s", self.limit(patience).as_secs()),
            Some(own) => own.to_string(),
            None => error.to_string(),
        };
        let what = format!("{} broke off in the middle of an answer: {why}", self.display_name());
        Failure::new(FailureKind::Broken, what, "see whether it still runs, and try again")
    }

    /// What the engine says in the middle of an answer.
    pub(super) fn gave_up(&self, message: &str) -> Failure {
        let message: String = message.chars().take(SHOWN).collect();
        let what = format!("{} gave up in the middle of an answer: {message}", self.display_name());
        Failure::new(FailureKind::Broken, what, "look into the engine's log")
    }
}

/// TLS as docker does it: `ca.pem` is whom one trusts, `cert.pem` and `key.pem` who one is.
fn tls(tls: &Tls) -> Result<TlsConfig, Failure> {
    let setup =
        |what: String| Failure::new(FailureKind::Setup, what, "check DOCKER_CERT_PATH: ca.pem, cert.pem, key.pem");
    let file = |name: &str| tls.folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.exists());
    let roots = match file("ca.pem") {
        Some(path) => RootCerts::Specific(Arc::new(certificates(&path).map_err(setup)?)),
        None => authorities(&[]),
    };
    let shown: Option<ClientCert> = match (file("cert.pem"), file("key.pem")) {
        (Some(certificate), Some(key)) => Some(client_certificate(&certificate, &key).map_err(setup)?),
        _ => None,
    };
    Ok(TlsConfig::builder().root_certs(roots).client_cert(shown).disable_verification(!tls.verify).build())
}
