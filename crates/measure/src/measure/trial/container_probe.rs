//! Questions to a container that runs.

use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ureq::Agent;

use super::{ContainerTrial, TrialRequest};
use crate::failure::Failure;
use crate::measure::session::Session;
use crate::proof::{Answers, Probe, ProbeAnswer};

/// For one answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Bytes of a body that are read.
const BODY: u64 = 2 << 20;

/// How often a question without a good answer is asked again.
const AGAIN: usize = 2;

impl ContainerTrial<'_> {
    /// Asks what is wanted, or what the other side was asked.
    pub(super) fn ask(
        &mut self,
        session: &Session,
        wanted: &TrialRequest,
        questions: Option<&Answers>,
    ) -> Result<(), Failure> {
        let address = self.stand.address();
        let named: Vec<String> = match questions {
            Some(requested) => requested.keys().cloned().collect(),
            None => self.questions(wanted),
        };
        let named: Vec<String> = named.into_iter().filter(|question| !self.deadly.contains(question)).collect();
        for question in named {
            if session.is_stopped() {
                return Err(Failure::interrupted());
            }
            let answer = match Probe::read(&question) {
                Probe::Command(text) => {
                    let ended = self.exec(session, &["/bin/sh", "-c", &text])?;
                    ProbeAnswer { status: ended.map(|(code, _)| code), ..ProbeAnswer::default() }
                }
                Probe::Http(port, path) => {
                    // Another server may listen elsewhere.
                    let port =
                        port.filter(|port| self.ports().contains(port)).or_else(|| self.ports().first().copied());
                    match (address, port) {
                        (Some(ip), Some(port)) => ask_with_retries(ip, port, &path),
                        _ => ProbeAnswer::default(),
                    }
                }
            };
            if answer.status.is_none() && self.silence.is_none() {
                self.silence = Some(question.clone());
            }
            self.answers.insert(question, answer);
        }
        Ok(())
    }

    /// The questions by name, in full: `8000/health`.
    fn questions(&self, wanted: &TrialRequest) -> Vec<String> {
        let on_all = |path: &str| self.ports().iter().map(|port| format!("{port}{path}")).collect::<Vec<_>>();
        let mut all = Vec::new();
        for probe in &wanted.probes {
            match probe {
                Probe::Http(Some(port), path) => all.push(format!("{port}{path}")),
                Probe::Http(None, path) => all.extend(on_all(path)),
                Probe::Command(text) => all.push(text.clone()),
            }
        }
        if all.is_empty() {
            all.extend(wanted.paths.iter().flat_map(|path| on_all(path)));
        }
        all
    }
}

/// Asks for a path; what fails is asked for again.
fn ask_with_retries(ip: IpAddr, port: u16, path: &str) -> ProbeAnswer {
    let mut answer = ProbeAnswer::default();
    for turn in 0..=AGAIN {
        if turn > 0 {
            std::thread::sleep(Duration::from_secs(1));
        }
        answer = ask_once(ip, port, path).unwrap_or_default();
        if answer.status.is_some_and(|status| status < 500) {
            break;
        }
    }
    answer
}

fn ask_once(ip: IpAddr, port: u16, path: &str) -> Option<ProbeAnswer> {
    let configuration = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .timeout_global(Some(PATIENCE))
        .build();
    let url = format!("http://{}{path}", SocketAddr::new(ip, port));
    let mut response = configuration.new_agent().get(url).header("Host", format!("localhost:{port}")).call().ok()?;
    let status = i64::from(response.status().as_u16());
    let kind =
        response.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let mut body = Vec::new();
    // A stream that never ends is cut by the time-out: what came counts.
    let _ = response.body_mut().as_reader().take(BODY).read_to_end(&mut body);
    Some(ProbeAnswer::new(status, &kind, &body))
}
