//! The request that a check sends to its own container, whatever program sends it.

use crate::data;
use crate::inputs::local_urls;
use crate::shell::{Invocation, Script, Word};

/// A request of a check to its own container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRequest {
    /// Whether it asks over TLS.
    pub is_https: bool,
    /// The port.
    pub port: u16,
    /// The path, without what is behind `?`.
    pub path: String,
}

/// The request of a check; `None` where it sends none, several, one with a body, or one that is not known. `text`: the command
/// line, or its words one after the other.
pub fn check_request(text: &str, script: &Script) -> Option<CheckRequest> {
    let lower = text.to_lowercase();
    if data::CHECK_WORK.keys().any(|words| lower.contains(&words.to_lowercase())) {
        return None;
    }
    let mut requests = Vec::new();
    let mut count = 0;
    for url in local_urls(text) {
        count += 1;
        requests.push(request(url.is_https, url.port?, url.path)?);
    }
    // Another host is another service.
    if text.matches("://").count() != count {
        return None;
    }
    if requests.is_empty() {
        for url in script.invocations().iter().filter_map(short_url) {
            let known = local_urls(&url).next()?;
            requests.push(request(known.is_https, known.port?, known.path)?);
        }
    }
    let first = requests.first()?.clone();
    requests.iter().all(|request| *request == first).then_some(first)
}

/// The address without a scheme that curl or wget is given, with one: `localhost:8080/health`; none where it is given none of
/// its own container.
fn short_url(invocation: &Invocation) -> Option<String> {
    let program = invocation.program?;
    if !["curl", "wget"].contains(&program) {
        return None;
    }
    let is_local = |word: &&str| ["localhost", "127.0.0.1", "0.0.0.0"].iter().any(|host| word.starts_with(host));
    let word = invocation.args.iter().map(Word::text).find(is_local)?;
    Some(format!("http://{word}"))
}

fn request(is_https: bool, port: u16, path: &str) -> Option<CheckRequest> {
    let path = if path.is_empty() { "/" } else { path };
    let is_plain = |c: char| c.is_ascii_graphic() && !"${}<>*&".contains(c);
    path.chars().all(is_plain).then(|| CheckRequest { is_https, port, path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::parse;

    #[test]
    fn requests_are_found_whatever_sends_them() {
        let request = |text: &str| {
            check_request(text, &parse(text)).map(|request| (request.is_https, request.port, request.path))
        };
        for (text, expected) in [
            ("curl -f http://localhost:8000/health || exit 1", Some((false, 8000, "/health"))),
            ("curl -fk https://127.0.0.1/", Some((true, 443, "/"))),
            ("curl -f localhost:3000/ready?x=1", Some((false, 3000, "/ready"))),
            ("wget -qO- 127.0.0.1:80 >/dev/null", Some((false, 80, "/"))),
            (
                "python -c \"import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health')\"",
                Some((false, 8000, "/health")),
            ),
            ("nc -z localhost 8000 && curl -f http://localhost:8000/a", Some((false, 8000, "/a"))),
            ("curl -f http://localhost:8000/a && curl -f http://localhost:8000/b", None),
            ("curl -f http://localhost:$PORT/a", None),
            ("curl -f http://db:8000/a", None),
            ("curl -X POST http://localhost:8000/a", None),
            ("nc -z localhost 8000", None),
            ("pg_isready -h localhost", None),
        ] {
            let expected = expected.map(|(is_https, port, path): (bool, u16, &str)| (is_https, port, path.to_owned()));
            assert_eq!(request(text), expected, "{text}");
        }
    }
}
