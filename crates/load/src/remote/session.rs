//! Requests to one registry: TLS or not, who one is, redirects, and when to try again.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::{Response, Uri, header};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body};

use super::challenge::Challenge;
use super::credentials::{CredentialLookup, Credentials, look_up};
use super::options::{Limits, RegistryOptions};
use super::reference::RegistryReference;
use super::transport::{is_no_tls, is_passing, transport_failure};
use super::trust;
use crate::failure::{Failure, FailureKind};

mod answer;
mod token;

pub(super) use self::answer::retry_after;

/// How often a request is sent elsewhere.
const REDIRECTS: usize = 5;

/// The first pause before another attempt; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);

/// What is asked of a registry.
pub(super) struct RegistryRequest<'a> {
    /// Below `/v2/REPOSITORY/`: `manifests/latest`; below `/v2/` where the name has no repository.
    pub path: &'a str,
    /// Media types that are understood; empty for all.
    pub accept: &'a str,
    /// The first byte that is wanted.
    pub from: u64,
    /// What people call it.
    pub what: &'a str,
}

/// Requests to one repository of one registry.
#[derive(Debug)]
pub(super) struct Session {
    pub reference: RegistryReference,
    pub limits: Limits,
    agent: Agent,
    /// Whether the other side may speak plain HTTP: it is on this machine, or the user allows it.
    may_be_plain: bool,
    /// `http` or `https`, once it is known.
    scheme: OnceLock<&'static str>,
    looked: OnceLock<CredentialLookup>,
    options: RegistryOptions,
    /// What is sent along as `Authorization`.
    authorization: Mutex<Option<String>>,
}

impl Session {
    pub(super) fn new(reference: &RegistryReference, options: &RegistryOptions) -> Result<Self, Failure> {
        let host = &reference.registry;
        let setup =
            |what: String| Failure::new(FailureKind::Setup, what, "check the file, and the certificate folders");
        let mut trusted = Vec::new();
        let mut identity = None;
        for path in &options.ca {
            trusted.extend(trust::certificates(path).map_err(setup)?);
        }
        for folder in &options.certificates {
            let (more, certificate) = trust::of_registry(&folder.join(host)).map_err(setup)?;
            trusted.extend(more);
            identity = identity.or(certificate);
        }
        let bare = without_port(host);
        let insecure = options.insecure.iter().any(|registry| registry == host || registry == bare);
        let local = is_local(bare);
        let tls = TlsConfig::builder()
            .root_certs(trust::authorities(&trusted))
            .client_cert(identity)
            .disable_verification(insecure);
        let limits = options.limits;
        Ok(Self {
            reference: reference.clone(),
            limits,
            agent: agent(limits, tls.build(), local),
            may_be_plain: insecure || local,
            scheme: OnceLock::new(),
            looked: OnceLock::new(),
            options: options.clone(),
            authorization: Mutex::new(None),
        })
    }

    /// Asks, with as many attempts as it takes and the limits allow. What comes has the status 200, or 206.
    pub(super) fn get(&self, request: &RegistryRequest<'_>) -> Result<Response<Body>, Failure> {
        let mut introduced = false;
        loop {
            let (attempts, response) = self.patiently(|| self.send(request));
            let response = response.map_err(|error| answer::given_up(self.transport(&error), attempts, None))?;
            match response.status().as_u16() {
                200 | 206 => return Ok(response),
                401 if !introduced => {
                    introduced = true;
                    self.introduce(&response)?;
                }
                _ => {
                    let wait = answer::retry_after(&response);
                    return Err(answer::given_up(self.refusal(request, response), attempts, wait));
                }
            }
        }
    }

    /// Asks again where that may help: how often it was asked, and the last answer.
    fn patiently(
        &self,
        ask: impl Fn() -> Result<Response<Body>, ureq::Error>,
    ) -> (u32, Result<Response<Body>, ureq::Error>) {
        let mut attempts = 1;
        loop {
            let answer = ask();
            let wait = match &answer {
                Ok(response) if matches!(response.status().as_u16(), 429 | 500..=599) => answer::retry_after(response),
                Err(error) if is_passing(error) => None,
                _ => return (attempts, answer),
            };
            let Some(pause) = pause(attempts, wait, self.limits) else { return (attempts, answer) };
            attempts += 1;
            thread::sleep(pause);
        }
    }

    /// What became of a request that got no answer.
    pub(super) fn transport(&self, error: &ureq::Error) -> Failure {
        transport_failure(self.reference.host(), error, self.limits.connect, self.limits.idle)
    }

    /// Asks once, wherever the answer may lie.
    fn send(&self, request: &RegistryRequest<'_>) -> Result<Response<Body>, ureq::Error> {
        let host = self.reference.host();
        let below = match self.reference.repository.as_str() {
            "" => format!("v2/{}", request.path),
            repository => format!("v2/{repository}/{}", request.path),
        };
        let known = self.scheme.get().copied();
        let scheme = known.unwrap_or("https");
        let mut url = format!("{scheme}://{host}/{below}");
        let mut response = self.send_to(&url, request, true);
        if known.is_none() {
            if self.may_be_plain && response.as_ref().is_err_and(is_no_tls) {
                url = format!("http://{host}/{below}");
                response = self.send_to(&url, request, true);
            }
            if response.is_ok() {
                let _ = self.scheme.set(if url.starts_with("https:") { "https" } else { "http" });
            }
        }
        let mut response = response?;
        for _ in 0..REDIRECTS {
            if !response.status().is_redirection() {
                break;
            }
            let Some(next) = answer::location(&url, &response) else { break };
            // What was asked for under TLS is not fetched without.
            if url.starts_with("https:") && !next.starts_with("https:") {
                return Err(ureq::Error::RequireHttpsOnly(origin(&next)));
            }
            let is_same_origin = origin(&next) == origin(&url);
            url = next;
            response = self.send_to(&url, request, is_same_origin && origin(&url).ends_with(&format!("//{host}")))?;
        }
        Ok(response)
    }

    fn send_to(
        &self,
        url: &str,
        request: &RegistryRequest<'_>,
        is_same_origin: bool,
    ) -> Result<Response<Body>, ureq::Error> {
        let mut builder = self.agent.get(url);
        if !request.accept.is_empty() {
            builder = builder.header(header::ACCEPT, request.accept);
        }
        if request.from > 0 {
            builder = builder.header(header::RANGE, format!("bytes={}-", request.from));
        }
        // Whoever else a registry sends us to gets nothing of what it may know.
        if let Some(authorization) = self.authorization()
            && is_same_origin
        {
            builder = builder.header(header::AUTHORIZATION, authorization);
        }
        builder.call()
    }

    fn authorization(&self) -> Option<String> {
        self.authorization.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn looked(&self) -> &CredentialLookup {
        let folder = self.options.configuration.as_deref();
        self.looked.get_or_init(|| look_up(folder, &self.reference.registry, self.limits.idle))
    }

    /// Says who one is, in the way that is asked for.
    fn introduce(&self, response: &Response<Body>) -> Result<(), Failure> {
        let headers = response.headers().get_all(header::WWW_AUTHENTICATE);
        let challenge = Challenge::read(headers.iter().filter_map(|value| value.to_str().ok()));
        let authorization = match (&self.looked().credentials, challenge) {
            (Credentials::Bearer(token), Some(_)) => Some(format!("Bearer {token}")),
            (Credentials::Password { user, password }, Some(Challenge::Basic)) => Some(basic(user, password)),
            (_, Some(Challenge::Bearer { realm, service, scope })) => {
                Some(format!("Bearer {}", self.token(&realm, &service, &scope)?))
            }
            _ => None,
        };
        // Without, the next answer is the same, and told as what it is.
        *self.authorization.lock().unwrap_or_else(PoisonError::into_inner) = authorization;
        Ok(())
    }
}

/// How long to wait after so many attempts, as long as the other side asks or twice as long as before; `None` where that
/// is too long, or asked often enough.
pub(super) fn pause(attempts: u32, requested_pause: Option<Duration>, limits: Limits) -> Option<Duration> {
    let pause = requested_pause.unwrap_or_else(|| (PAUSE * (1 << (attempts - 1).min(6))).min(limits.pause));
    if attempts > limits.retries || pause > limits.pause { None } else { Some(pause) }
}

/// What sends requests; none of the proxies where the registry is on this machine.
pub(super) fn agent(limits: Limits, tls: TlsConfig, local: bool) -> Agent {
    let mut configuration = Agent::config_builder()
        .tls_config(tls)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("dockopt/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(limits.connect))
        .timeout_connect(Some(limits.connect))
        .timeout_send_request(Some(limits.idle))
        .timeout_recv_response(Some(limits.idle))
        .timeout_per_read(Some(limits.idle))
        .timeout_per_write(Some(limits.idle));
    if local {
        configuration = configuration.proxy(None);
    }
    configuration.build().new_agent()
}

/// Name and password as they are sent.
fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Scheme, host and port of an address.
fn origin(url: &str) -> String {
    let uri: Uri = url.parse().unwrap_or_default();
    let host = uri.authority().map(|authority| authority.host().to_ascii_lowercase()).unwrap_or_default();
    let port = uri.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}", uri.scheme_str().unwrap_or_default())
}

pub(super) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((bare, port)) if !port.contains(']') => bare,
        _ => host,
    }
}

/// Whether a host is this machine, which docker asks without TLS.
pub(super) fn is_local(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Session {
    /// What a status other than success means.
    pub(super) fn refusal(&self, request: &RegistryRequest<'_>, response: Response<Body>) -> Failure {
        let status = response.status();
        let host = self.reference.host();
        let reason = Some(answer::reason(response)).filter(|text| !text.is_empty());
        let reason_text = reason.map(|text| format!(" ({text})")).unwrap_or_default();
        let repository = format!("{}/{}", self.reference.registry, self.reference.repository);
        let repository = repository.trim_end_matches('/').to_owned();
        match status.as_u16() {
            401 | 403 => self.denied(&repository, &reason_text),
            404 => Failure::new(
                FailureKind::Missing,
                format!("{} not found in the registry `{host}`{reason_text}", request.what),
                "check the name and tag; a private repository looks the same without access to it",
            ),
            429 => Failure::new(
                FailureKind::Limited,
                format!("the registry `{host}` reports too many requests{reason_text}"),
                "wait, or log in for a higher limit (`docker login`)",
            ),
            300..=399 => Failure::new(
                FailureKind::Broken,
                format!("the registry `{host}` redirects in a loop for {}", request.what),
                "check the registry's name",
            ),
            500..=599 => Failure::new(
                FailureKind::Broken,
                format!("the registry `{host}` returned {status} for {}{reason_text}", request.what),
                "try again later",
            ),
            _ => Failure::new(
                FailureKind::Broken,
                format!("the registry `{host}` returned {status} for {}{reason_text}", request.what),
                "check the names of the registry and the image",
            ),
        }
    }

    /// Who was sent away, and why.
    pub(super) fn denied(&self, repository: &str, reason_text: &str) -> Failure {
        let looked = self.looked();
        let registry = &self.reference.registry;
        let login =
            if registry == "docker.io" { "docker login".to_owned() } else { format!("docker login {registry}") };
        let mut help = format!("log in with `{login}`");
        if let Some(trouble) = &looked.trouble {
            help = format!("{trouble}; {help}");
        }
        let what = match looked.credentials.user_name() {
            None => format!(
                "the registry `{registry}` denies anonymous access to `{repository}`{reason_text}, and no credentials were found"
            ),
            Some(who) => format!("the registry `{registry}` denies {who} access to `{repository}`{reason_text}"),
        };
        Failure::new(FailureKind::Denied, what, help)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_unless_one_is_asked_for() {
        let seconds = Duration::from_secs;
        let limits = Limits { retries: 4, pause: seconds(3), ..Limits::default() };
        for (attempts, requested_pause, expected) in [
            (1, None, Some(PAUSE)),
            (2, None, Some(PAUSE * 2)),
            (3, None, Some(PAUSE * 4)),
            (4, None, Some(seconds(3))),
            (5, None, None),
            (1, Some(seconds(1)), Some(seconds(1))),
            (1, Some(seconds(4)), None),
        ] {
            assert_eq!(
                pause(attempts, requested_pause, limits),
                expected,
                "after {attempts}, {requested_pause:?} asked for"
            );
        }
    }

    #[test]
    fn this_machine_is_distinguished_from_others() {
        for (host, local) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("[::1]", true),
            ("localhost.evil.com", false),
            ("127.0.0.1.evil.com", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_local(host), local, "{host}");
        }
        assert_eq!(without_port("[::1]:5000"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
        assert_eq!(without_port("a.b:5000"), "a.b");
        assert_eq!(origin("https://A.b:5000/x?y"), "https://a.b:5000");
        assert_eq!(origin("https://user:password@a.b/x"), "https://a.b");
    }
}
