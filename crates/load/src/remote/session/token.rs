//! Tokens: a registry names who gives them out (distribution-spec's token authentication; OAuth 2 for identity tokens).

use std::io::Read;

use serde::Deserialize;
use ureq::Body;
use ureq::http::{Response, Uri, header};

use super::{Session, answer, basic, is_local, origin, without_port};
use crate::failure::{Failure, FailureKind};
use crate::remote::credentials::Credentials;
use crate::remote::pace::Paced;
use crate::remote::transport::transport_failure;
use crate::text::exact_bytes;

/// Who asks, for those who count.
const CLIENT: &str = "dockopt";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Token {
    token: String,
    access_token: String,
}

impl Session {
    /// A token that opens the repository for reading.
    pub(super) fn token(&self, realm: &str, service: &str, scope: &str) -> Result<String, Failure> {
        let named = format!("repository:{}:pull", self.reference.repository);
        let scope = if scope.is_empty() { &named } else { scope };
        self.check_realm(realm)?;
        let (attempts, answer) = self.patiently(|| self.ask_token(realm, service, scope));
        let response = answer.map_err(|error| answer::given_up(self.transport_to(realm, &error), attempts, None))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(self.no_token(realm, response, attempts));
        }
        let text = self.document(response, realm)?;
        let token: Token = serde_json::from_slice(&text).unwrap_or_default();
        let token = if token.token.is_empty() { token.access_token } else { token.token };
        // It becomes part of a header.
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let what = format!("the registry's token server `{}` returned no token", origin(realm));
            return Err(Failure::new(FailureKind::Broken, what, "try again later"));
        }
        Ok(token)
    }

    fn ask_token(&self, realm: &str, service: &str, scope: &str) -> Result<Response<Body>, ureq::Error> {
        let credentials = &self.looked().credentials;
        if let Credentials::Identity(token) = credentials {
            return self.agent.post(realm).send_form([
                ("grant_type", "refresh_token"),
                ("service", service),
                ("scope", scope),
                ("client_id", CLIENT),
                ("refresh_token", token),
            ]);
        }
        let mut request = self.agent.get(realm).query("scope", scope);
        if !service.is_empty() {
            request = request.query("service", service);
        }
        if let Credentials::Password { user, password } = credentials {
            request = request.query("account", user).query("client_id", CLIENT);
            request = request.header(header::AUTHORIZATION, basic(user, password));
        }
        request.call()
    }

    /// A password goes out under TLS only, unless all of it stays on this machine or the user allows it.
    fn check_realm(&self, realm: &str) -> Result<(), Failure> {
        let uri: Uri = realm.parse().unwrap_or_default();
        let host = uri.host().unwrap_or_default();
        let plain = uri.scheme_str() == Some("http") && self.may_be_plain;
        let allowed =
            is_local(without_port(host)) || self.options.insecure.iter().any(|registry| without_port(registry) == host);
        if uri.scheme_str() == Some("https") || (plain && allowed) {
            return Ok(());
        }
        let host = self.reference.host();
        let what = format!("the registry `{host}` uses the token server `{}`, which does not use HTTPS", origin(realm));
        Err(Failure::new(FailureKind::Setup, what, "if you trust both hosts, allow them with --insecure-registry"))
    }

    fn transport_to(&self, realm: &str, error: &ureq::Error) -> Failure {
        let origin = origin(realm);
        let host = origin.split("//").nth(1).unwrap_or_default();
        transport_failure(host, error, self.limits.connect, self.limits.idle)
    }

    fn no_token(&self, realm: &str, response: Response<Body>, attempts: u32) -> Failure {
        let status = response.status();
        let wait = answer::retry_after(&response);
        let reason = Some(answer::reason(response)).filter(|text| !text.is_empty());
        let reason_text = reason.map(|text| format!(" ({text})")).unwrap_or_default();
        let repository = format!("{}/{}", self.reference.registry, self.reference.repository);
        match status.as_u16() {
            400 | 401 | 403 => self.denied(&repository, &reason_text),
            429 => {
                let what = format!("the token server `{}` reports too many requests{reason_text}", origin(realm));
                let error =
                    Failure::new(FailureKind::Limited, what, "wait, or log in for a higher limit (`docker login`)");
                answer::given_up(error, attempts, wait)
            }
            _ => {
                let what = format!("the token server `{}` returned {status}{reason_text}", origin(realm));
                Failure::new(FailureKind::Broken, what, "try again later")
            }
        }
    }

    /// All of a small answer.
    pub(in crate::remote) fn document(&self, mut response: Response<Body>, what: &str) -> Result<Vec<u8>, Failure> {
        let limit = self.limits.document;
        let mut bytes = Vec::new();
        let body = Paced::new(response.body_mut().with_config().limit(u64::MAX).reader(), self.limits.idle);
        let host = self.reference.host();
        body.take(limit + 1).read_to_end(&mut bytes).map_err(|error| {
            let what = match error.kind() {
                std::io::ErrorKind::TimedOut => format!("the registry `{host}` is too slow sending {what}: {error}"),
                _ => format!("the registry `{host}` closed the connection while sending {what}: {error}"),
            };
            Failure::new(FailureKind::Broken, what, "try again later")
        })?;
        if bytes.len() as u64 > limit {
            let what = format!("the registry `{host}` sent more than {} for {what}", exact_bytes(limit));
            return Err(Failure::new(
                FailureKind::Broken,
                what,
                "check the registry's name; no valid response is this large",
            ));
        }
        Ok(bytes)
    }
}
