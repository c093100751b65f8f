//! Requests to the API of a platform: addresses, the token, waiting, refusals.

use std::io::Read;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use ureq::http::{Response, header};
use ureq::tls::TlsConfig;
use ureq::{Agent, Body};

use super::api::{ApiToken, CommentApi, CommentPlatform, encoded};
use crate::failure::{Failure, FailureKind};
use crate::remote::options::Limits;
use crate::remote::pace::Paced;
use crate::remote::session::{agent, is_local, pause, retry_after, without_port};
use crate::remote::transport::{is_passing, refusal};
use crate::remote::trust;

/// Bytes of an answer.
const LONGEST: u64 = 128 << 20;

/// Characters of a refusal that are shown.
const SHOWN: usize = 300;

/// What is done with a comment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Read,
    Create,
    Update,
    Delete,
}

pub(super) struct Client<'a> {
    api: &'a CommentApi,
    agent: Agent,
}

#[derive(Default, Deserialize)]
struct RefusalJson {
    /// GitLab gives a text, a list or an object.
    #[serde(default, alias = "error")]
    message: serde_json::Value,
}

impl<'a> Client<'a> {
    pub(super) fn new(api: &'a CommentApi) -> Result<Self, Failure> {
        let host = api.address.split_once("://").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
        let is_local = is_local(without_port(host));
        // The token is sent to nobody without TLS, but on this machine.
        if host.is_empty() || host.contains('@') || !(api.address.starts_with("https://") || is_local) {
            let what = "the address of the API does not begin with `https://`".to_owned();
            return Err(Failure::new(FailureKind::Setup, what, "check GITHUB_API_URL or CI_API_V4_URL"));
        }
        let tls = TlsConfig::builder().root_certs(trust::authorities(&[]));
        Ok(Self { api, agent: agent(api.limits, tls.build(), is_local) })
    }

    /// The address of the project, below that of the API.
    pub(super) fn project(&self) -> String {
        match self.api.platform {
            CommentPlatform::Github => {
                let parts: Vec<String> = self.api.project.split('/').map(encoded).collect();
                format!("/repos/{}", parts.join("/"))
            }
            CommentPlatform::Gitlab => format!("/projects/{}", encoded(&self.api.project)),
        }
    }

    /// The comments of a pull request.
    pub(super) fn comments(&self, number: u64) -> String {
        match self.api.platform {
            CommentPlatform::Github => format!("{}/issues/{number}/comments", self.project()),
            CommentPlatform::Gitlab => format!("{}/merge_requests/{number}/notes", self.project()),
        }
    }

    /// One comment.
    pub(super) fn comment(&self, number: u64, id: u64) -> String {
        match self.api.platform {
            CommentPlatform::Github => format!("{}/issues/comments/{id}", self.project()),
            CommentPlatform::Gitlab => format!("{}/{id}", self.comments(number)),
        }
    }

    /// The platform that is asked.
    pub(super) const fn platform(&self) -> CommentPlatform {
        self.api.platform
    }

    /// Whether the token is that of a job of GitLab.
    pub(super) const fn is_job(&self) -> bool {
        matches!(self.api.token, ApiToken::Job(_))
    }

    /// Reads a document.
    pub(super) fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let bytes = self.send(Method::Read, path, None)?;
        serde_json::from_slice(&bytes).map_err(|_| {
            let what = format!("{} answered with something else than its API does", self.name());
            Failure::new(FailureKind::Broken, what, "check GITHUB_API_URL or CI_API_V4_URL")
        })
    }

    /// Sends a request, again where that may help and may not do something twice.
    pub(super) fn send(&self, method: Method, path: &str, text: Option<&str>) -> Result<Vec<u8>, Failure> {
        let mut attempts = 1;
        loop {
            let answer = self.send_once(method, path, text);
            let wait = match &answer {
                Ok(response) if is_limited(response) => rate_pause(response),
                Ok(response) if response.status().is_server_error() && method != Method::Create => {
                    retry_after(response)
                }
                Err(error) if is_passing(error) && method != Method::Create => None,
                _ => return self.contents(answer),
            };
            let Some(pause) = pause(attempts, wait, self.api.limits) else { return self.contents(answer) };
            attempts += 1;
            thread::sleep(pause);
        }
    }

    fn send_once(&self, method: Method, path: &str, text: Option<&str>) -> Result<Response<Body>, ureq::Error> {
        let url = format!("{}{path}", self.api.address.trim_end_matches('/'));
        let (name, value) = match (&self.api.token, self.api.platform) {
            (ApiToken::Job(secret), _) => ("JOB-TOKEN", secret.clone()),
            (ApiToken::Personal(secret), CommentPlatform::Gitlab) => ("PRIVATE-TOKEN", secret.clone()),
            (ApiToken::Personal(secret), CommentPlatform::Github) => ("Authorization", format!("Bearer {secret}")),
        };
        let contents = text.map(|text| serde_json::json!({ "body": text }).to_string()).unwrap_or_default();
        let json = "application/json";
        match (method, self.api.platform) {
            (Method::Read, _) => self.agent.get(url).header(name, value).header(header::ACCEPT, json).call(),
            (Method::Delete, _) => self.agent.delete(url).header(name, value).call(),
            (Method::Create, _) => {
                self.agent.post(url).header(name, value).header(header::CONTENT_TYPE, json).send(contents)
            }
            (Method::Update, CommentPlatform::Github) => {
                self.agent.patch(url).header(name, value).header(header::CONTENT_TYPE, json).send(contents)
            }
            (Method::Update, CommentPlatform::Gitlab) => {
                self.agent.put(url).header(name, value).header(header::CONTENT_TYPE, json).send(contents)
            }
        }
    }

    /// What came, or why nothing did.
    fn contents(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Vec<u8>, Failure> {
        let unreachable = |why: String| {
            let what = format!("{} cannot be reached: {}", self.name(), self.masked(&why));
            Failure::new(FailureKind::Unreachable, what, "check the network and the proxy (HTTPS_PROXY)")
        };
        let mut response = answer.map_err(|error| unreachable(error.to_string()))?;
        if !response.status().is_success() {
            return Err(self.refused(response));
        }
        let mut bytes = Vec::new();
        let reader = Paced::new(response.body_mut().as_reader(), Limits::default().idle);
        reader.take(LONGEST).read_to_end(&mut bytes).map_err(|error| unreachable(error.to_string()))?;
        Ok(bytes)
    }

    fn refused(&self, response: Response<Body>) -> Failure {
        let status = response.status();
        let is_limited = is_limited(&response);
        let reason = match refusal::<RefusalJson>(response).message {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => format!(" ({})", self.masked(&text)),
            other => format!(" ({})", self.masked(&other.to_string())),
        };
        let name = self.name();
        match status.as_u16() {
            _ if is_limited => Failure::new(
                FailureKind::Limited,
                format!("{name} reports too many requests{reason}"),
                "the next run updates the comment",
            ),
            401 => Failure::new(
                FailureKind::Denied,
                format!("{name} does not accept the token{reason}"),
                if self.is_job() { self.permission_help() } else { self.token_help() },
            ),
            403 => Failure::new(
                FailureKind::Denied,
                format!("{name} does not permit the comment{reason}"),
                self.permission_help(),
            ),
            404 => Failure::new(
                FailureKind::Missing,
                format!(
                    "{name} has no such pull request in `{}`, or hides it from the token{reason}",
                    self.api.project
                ),
                if self.is_job() {
                    self.permission_help()
                } else {
                    "check the number and the permissions of the token"
                },
            ),
            code => {
                Failure::new(FailureKind::Broken, format!("{name} answered with {code}{reason}"), "try again later")
            }
        }
    }

    const fn token_help(&self) -> &'static str {
        match self.api.platform {
            CommentPlatform::Github => "check GITHUB_TOKEN",
            CommentPlatform::Gitlab => "check that GITLAB_TOKEN has not expired",
        }
    }

    /// What lets the token comment.
    const fn permission_help(&self) -> &'static str {
        match (&self.api.token, self.api.platform) {
            (_, CommentPlatform::Github) => {
                "give the job the permission `pull-requests: write`; for forks the token is read-only"
            }
            (ApiToken::Job(_), CommentPlatform::Gitlab) => {
                "CI_JOB_TOKEN cannot write notes on most versions of GitLab: add the variable GITLAB_TOKEN, a project access token \
                 with the role Reporter and the scope `api`"
            }
            (ApiToken::Personal(_), CommentPlatform::Gitlab) => {
                "give the token the scope `api` and at least the role Reporter"
            }
        }
    }

    const fn name(&self) -> &'static str {
        match self.api.platform {
            CommentPlatform::Github => "GitHub",
            CommentPlatform::Gitlab => "GitLab",
        }
    }

    /// A text of the other side, without the token.
    fn masked(&self, text: &str) -> String {
        let text = text.replace(self.api.token.secret(), "***");
        text.chars().take(SHOWN).collect()
    }
}

/// Whether too many requests were sent. GitHub also says 403 then.
fn is_limited(response: &Response<Body>) -> bool {
    let head = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    match response.status().as_u16() {
        429 => true,
        403 => head("retry-after").is_some() || head("x-ratelimit-remaining") == Some("0"),
        _ => false,
    }
}

/// How long to wait: `Retry-After`, else until the limit is renewed.
fn rate_pause(response: &Response<Body>) -> Option<Duration> {
    let renewed = || {
        let seconds: u64 = response.headers().get("x-ratelimit-reset")?.to_str().ok()?.parse().ok()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
        Some(Duration::from_secs(seconds.saturating_sub(now)))
    };
    retry_after(response).or_else(renewed)
}
