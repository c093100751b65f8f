//! Where requests are sent: a port of the copy behind which the service is reached.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use regex::Regex;
use ureq::Agent;
use ureq::tls::TlsConfig;

use super::request::DeploymentRequest;
use crate::deployment::DeploymentGroup;
use crate::engine::ContainerState;
use crate::failure::{Failure, FailureKind};
use crate::measure::session::Session;
use crate::text::Source;

/// The header by which `HAProxy` of the copy tells which container answered.
pub(super) const SERVER: &str = "x-dockopt-server";

/// For an answer while the place is looked for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Between two rounds.
const LOOK: Duration = Duration::from_secs(1);

/// How long a place answers without a fault before it counts. `HAProxy` calls a server ready that it has not asked yet, and then
/// no more for as long as its first checks fail.
const STEADY: Duration = Duration::from_secs(5);

/// Between two questions of that time.
const STEADY_LOOK: Duration = Duration::from_millis(50);

/// Where requests go.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) is_encrypted: bool,
    pub(super) host: String,
    pub(super) path: String,
    /// A path that takes seconds.
    pub(super) slow: Option<String>,
    /// A path that opens a socket of the web.
    pub(super) websocket: Option<String>,
}

impl Target {
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.is_encrypted { "https" } else { "http" }, self.address)
    }

    /// How well a place suits; `None` where it does not.
    fn fitness(&self, wants_server: bool) -> Option<u8> {
        let answer = client(PATIENCE, false).get(self.url(&self.path)).header("Host", &self.host).call().ok()?;
        if wants_server && answer.headers().get(SERVER).is_none() {
            return None;
        }
        match answer.status().as_u16() {
            200..=299 => Some(2),
            300..=399 => Some(1),
            400..=499 => Some(0),
            _ => None,
        }
    }
}

/// A client. Certificates of a copy are for other names.
pub(super) fn client(patience: Duration, keeps_connections: bool) -> Agent {
    let configuration = Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .max_idle_connections(usize::from(keeps_connections))
        .tls_config(TlsConfig::builder().disable_verification(true).build())
        .timeout_global(Some(patience));
    configuration.build().new_agent()
}

/// The addresses under which the host reaches containers, those of ports that are published first.
pub(super) fn entries(states: &[ContainerState], port: Option<u16>) -> Vec<SocketAddr> {
    let published = states.iter().flat_map(|state| state.ports.values());
    let published = published.map(|port| SocketAddr::from(([127, 0, 0, 1], *port)));
    // Containers of this host are reached by their addresses, too.
    let addresses = states.iter().flat_map(|state| state.addresses.values());
    let inner = addresses.filter_map(|address| Some(SocketAddr::new(address.parse().ok()?, port?)));
    published.chain(inner).collect()
}

/// Paths to try: those that are asked for, else those of the healthcheck and of the proxies in front, and `/`.
pub(super) fn paths(request: &DeploymentRequest, group: &DeploymentGroup) -> Vec<String> {
    if !request.paths.is_empty() {
        return request.paths.clone();
    }
    let mut ends = check_paths(request, group);
    ends.push("/".to_owned());
    let mut paths = Vec::new();
    for prefix in proxy_prefixes(request, group) {
        let prefix = prefix.trim_end_matches('/').to_owned();
        paths.extend(ends.iter().map(|end| format!("{prefix}{end}")));
    }
    paths.extend(ends);
    let mut seen = std::collections::BTreeSet::new();
    paths.retain(|path| seen.insert(path.clone()));
    paths
}

/// The paths in the healthchecks of a group.
fn check_paths(request: &DeploymentRequest, group: &DeploymentGroup) -> Vec<String> {
    let services = group.routed.iter().map(|(service, ..)| service);
    let paths = services.flat_map(|service| {
        let test = request.model["services"][service]["healthcheck"]["test"].to_string();
        crate::deployment::check_paths(Some(&test), request.compose.dockerfiles.get(service).map(Source::text))
    });
    paths.collect()
}

/// What paths begin with that proxies pass on.
fn proxy_prefixes(request: &DeploymentRequest, group: &DeploymentGroup) -> Vec<String> {
    let Ok(location) = Regex::new(r"(?m)^\s*location\s+(?:=\s*|\^~\s*)?(/[\w./-]*)") else { return Vec::new() };
    let proxies = group.callers.iter().filter_map(|caller| request.compose.proxies.get(caller)).flatten();
    let texts: Vec<&str> = proxies.map(|proxy| proxy.source.text()).collect();
    let prefixes = texts.iter().flat_map(|text| location.captures_iter(text)).map(|captures| captures[1].to_owned());
    prefixes.collect()
}

impl Session {
    /// Whether a place answers whenever it is asked, for some seconds.
    fn answers_steadily(&self, target: &Target, wants_server: bool) -> bool {
        let start = Instant::now();
        while start.elapsed() < STEADY {
            if self.is_stopped() || target.fitness(wants_server).is_none() {
                return false;
            }
            std::thread::sleep(STEADY_LOOK);
        }
        true
    }

    /// Looks for a place where a service answers steadily. `wants_server`: the answer has to name the container.
    pub(super) fn find_target(
        &self,
        request: &DeploymentRequest,
        entries: &dyn Fn() -> Result<Vec<SocketAddr>, Failure>,
        paths: &[String],
        wants_server: bool,
    ) -> Result<Target, Failure> {
        let start = Instant::now();
        loop {
            let mut best: Option<(u8, Target)> = None;
            for address in entries()? {
                for (path, is_encrypted) in paths.iter().flat_map(|path| [(path, false), (path, true)]) {
                    if self.is_stopped() {
                        return Err(Failure::interrupted());
                    }
                    let target = Target {
                        address,
                        is_encrypted,
                        host: request.host.clone().unwrap_or_else(|| "localhost".to_owned()),
                        path: path.clone(),
                        slow: request.slow_path.clone(),
                        websocket: if is_encrypted { None } else { request.websocket_path.clone() },
                    };
                    let Some(fitness) = target.fitness(wants_server) else { continue };
                    // A port of the host is the way of the users, through the proxy.
                    let fitness = if address.ip().is_loopback() { fitness + 3 } else { fitness };
                    if best.as_ref().is_none_or(|(known, _)| *known < fitness) {
                        best = Some((fitness, target));
                    }
                }
            }
            if let Some((_, target)) = best
                && self.answers_steadily(&target, wants_server)
            {
                return Ok(target);
            }
            if start.elapsed() > request.limit {
                let what = format!("no answer of the service came on {}", paths.join(", "));
                return Err(Failure::new(
                    FailureKind::Setup,
                    what,
                    "name a path that it answers with `--path`, and the name of the site with `--host`",
                ));
            }
            std::thread::sleep(LOOK);
        }
    }
}
