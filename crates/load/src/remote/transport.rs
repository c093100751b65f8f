//! What it means when a request gets no answer, or a refusal.

use std::io::{self, Read};
use std::time::Duration;

use serde::de::DeserializeOwned;
use ureq::Body;
use ureq::http::Response;

use super::pace::Paced;
use crate::failure::{Failure, FailureKind};

/// Bytes of a refusal that are read.
const REFUSAL: u64 = 64 << 10;

/// How long a refusal may take: nothing depends on its words.
const PATIENCE: Duration = Duration::from_secs(5);

/// The body of an error response; the default value if it cannot be parsed.
pub(crate) fn refusal<T: DeserializeOwned + Default>(mut response: Response<Body>) -> T {
    let mut bytes = Vec::new();
    // What comes of it is shown; a connection that breaks here changes nothing.
    let _ = Paced::new(response.body_mut().as_reader(), PATIENCE).take(REFUSAL).read_to_end(&mut bytes);
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// The failure of a request that got no response.
pub(super) fn transport_failure(host: &str, error: &ureq::Error, connect: Duration, idle: Duration) -> Failure {
    let unreachable = |what: String, help: &str| Failure::new(FailureKind::Unreachable, what, help);
    match error {
        ureq::Error::HostNotFound => unreachable(
            format!("the registry `{host}` cannot be reached: the host name cannot be resolved"),
            "check its name, the network and the proxy (HTTPS_PROXY)",
        ),
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => unreachable(
            format!("the registry `{host}` did not respond within {}", seconds(connect)),
            "check its name, the network and the proxy (HTTPS_PROXY)",
        ),
        ureq::Error::Timeout(ureq::Timeout::RecvResponse) => unreachable(
            format!("the registry `{host}` did not answer within {}", seconds(idle)),
            "try again later, or read a saved archive of the image",
        ),
        ureq::Error::Timeout(_) => unreachable(
            format!("the registry `{host}` sent no data for {}", seconds(idle)),
            "try again later, or read a saved archive of the image",
        ),
        ureq::Error::RequireHttpsOnly(origin) => Failure::new(
            FailureKind::Broken,
            format!("the registry `{host}` redirects from HTTPS to `{origin}`, which is not encrypted"),
            "ask the registry's administrator; dockopt does not follow such redirects",
        ),
        ureq::Error::ConnectProxyFailed(why) => unreachable(
            format!("the proxy refused to connect to `{host}`: {}", why.trim()),
            "check HTTPS_PROXY and NO_PROXY",
        ),
        _ => match tls(error) {
            Some(rustls::Error::InvalidCertificate(why)) => unreachable(
                format!("the certificate of the registry `{host}` is not trusted: {why:?}"),
                "pass the CA certificate with --registry-ca FILE, or allow it with --insecure-registry HOST",
            ),
            Some(why) => unreachable(
                format!("TLS handshake with the registry `{host}` failed: {why}"),
                "if it uses plain HTTP, allow that with --insecure-registry HOST",
            ),
            None => match io_error(error) {
                Some(why) if is_break(why) => Failure::new(
                    FailureKind::Broken,
                    format!("the connection to the registry `{host}` was closed unexpectedly: {why}"),
                    "try again later",
                ),
                Some(why) => unreachable(
                    format!("the registry `{host}` cannot be reached: {why}"),
                    "check its name and port, the network and the proxy (HTTPS_PROXY)",
                ),
                None => Failure::new(
                    FailureKind::Broken,
                    format!("the server at `{host}` does not respond like a registry: {error}"),
                    "check the name of the registry",
                ),
            },
        },
    }
}

/// Whether another attempt may help: the connection was made, and then closed.
pub(super) fn is_passing(error: &ureq::Error) -> bool {
    tls(error).is_none() && io_error(error).is_some_and(is_break)
}

/// Whether the other side doesn't speak TLS.
pub(super) fn is_no_tls(error: &ureq::Error) -> bool {
    match tls(error) {
        Some(rustls::Error::InvalidCertificate(_)) => false,
        Some(_) => true,
        None => io_error(error).is_some_and(is_break),
    }
}

/// Whether an open connection was closed; all other errors are of connections that were never made.
fn is_break(why: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(why.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

fn io_error(error: &ureq::Error) -> Option<&io::Error> {
    match error {
        ureq::Error::Io(why) => Some(why),
        _ => None,
    }
}

fn tls(error: &ureq::Error) -> Option<&rustls::Error> {
    match error {
        ureq::Error::Rustls(why) => Some(why),
        ureq::Error::Io(why) => why.get_ref()?.downcast_ref(),
        _ => None,
    }
}

/// A span of time for people.
pub(super) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 { format!("{} ms", time.as_millis()) } else { format!("{} s", seconds.round()) }
}
