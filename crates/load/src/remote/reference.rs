//! Names of images, as docker reads them (github.com/distribution/reference).

use std::fmt;
use std::str::FromStr;

use crate::image::Digest;

/// Where docker looks when a name has no registry.
const DEFAULT: &str = "docker.io";

/// Characters of a repository, its registry without.
const LONGEST: usize = 255;

/// A full name: `docker.io/library/alpine:3.20`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryReference {
    /// Host, with its port where one is given: `docker.io`, `localhost:5000`.
    pub registry: String,
    /// The repository: `library/alpine`.
    pub repository: String,
    /// The tag; `latest` where neither tag nor digest is given.
    pub tag: Option<String>,
    /// The digest; it decides where both are given.
    pub digest: Option<Digest>,
}

/// A text that is no name of an image; why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceError(String);

impl fmt::Display for ReferenceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for ReferenceError {}

impl RegistryReference {
    /// What the registry is asked for: the digest, else the tag.
    pub fn version(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => digest.to_string(),
            (None, Some(tag)) => tag.clone(),
            (None, None) => "latest".to_owned(),
        }
    }

    /// Host and port of the registry's API: docker's own has another one than its name says.
    pub fn host(&self) -> &str {
        if self.registry == DEFAULT { "registry-1.docker.io" } else { &self.registry }
    }

    /// Whether a text names the registry itself, so that it cannot mean anything else: `ghcr.io/a/b`, `localhost:5000/a`.
    pub fn has_registry(text: &str) -> bool {
        registry(text).1 != text
    }

    /// The name as people write it: without docker's own registry and its `library/`.
    pub fn familiar(&self) -> String {
        let full = self.to_string();
        let path = full.strip_prefix("docker.io/").unwrap_or(&full);
        let short = if self.registry == DEFAULT { path.strip_prefix("library/") } else { None };
        short.unwrap_or(path).to_owned()
    }
}

impl fmt::Display for RegistryReference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(out, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(out, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for RegistryReference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let wrong = |why: &str| Err(ReferenceError(format!("`{text}` is not a valid image name: {why}")));
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => match digest.parse() {
                Ok(digest) => (name, Some(digest)),
                Err(_) => return wrong("the text after `@` is not a digest (`sha256:` and 64 hexadecimal digits)"),
            },
            None => (text, None),
        };
        let (registry, rest) = registry(name);
        let (path, tag) = match rest.rsplit_once(':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (rest, None),
        };
        if digest.is_none() && name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
            return wrong("it is an image ID, which registries do not accept");
        }
        if !is_registry(registry) {
            return wrong("the text before the first `/` is not a valid host");
        }
        if tag.is_some_and(|tag| !is_tag(tag)) {
            return wrong(
                "a tag has at most 128 letters, digits, `_`, `.` and `-`, and does not start with `.` or `-`",
            );
        }
        if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return wrong("a repository name must be lowercase");
        }
        let repository =
            if registry == DEFAULT && !path.contains('/') { format!("library/{path}") } else { path.to_owned() };
        if path.is_empty() || repository.len() > LONGEST || !repository.split('/').all(is_component) {
            return wrong("the parts of a repository name are letters and digits, separated by single `.`, `_` or `-`");
        }
        let tag = tag.or_else(|| digest.is_none().then_some("latest")).map(str::to_owned);
        Ok(Self { registry: registry.to_owned(), repository, tag, digest })
    }
}

/// The registry of a name, and the rest of it. What has no dot, no port and is not `localhost` is a folder of docker's own.
fn registry(name: &str) -> (&str, &str) {
    match name.split_once('/') {
        Some(("index.docker.io", rest)) => (DEFAULT, rest),
        Some((host, rest))
            if host.contains(['.', ':', '['])
                || host == "localhost"
                || host.bytes().any(|byte| byte.is_ascii_uppercase()) =>
        {
            (host, rest)
        }
        _ => (DEFAULT, name),
    }
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port = |port: &str| !port.is_empty() && port.parse::<u16>().is_ok();
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    };
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(is_label),
    };
    is_host && port.is_none_or(is_port)
}

fn is_tag(tag: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let bytes = tag.as_bytes();
    bytes.len() <= 128
        && bytes.first().is_some_and(|byte| word(*byte))
        && bytes.iter().all(|&byte| word(byte) || matches!(byte, b'.' | b'-'))
}

/// Letters and digits, with `.`, `_`, `__` or any number of `-` between them.
fn is_component(part: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().is_some_and(|b| alphanumeric(*b)) && bytes.last().is_some_and(|b| alphanumeric(*b));
    let is_separator = |run: &[u8]| matches!(run, b"." | b"_" | b"__") || run.iter().all(|byte| *byte == b'-');
    ends && bytes.split(|byte| alphanumeric(*byte)).all(is_separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let got = match text.parse::<RegistryReference>() {
            Ok(reference) => reference.to_string(),
            Err(error) => error.to_string().rsplit_once(": ").unwrap().1.to_owned(),
        };
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn names_are_read_as_docker_reads_them() {
        check("alpine", "docker.io/library/alpine:latest");
        check("alpine:3.20", "docker.io/library/alpine:3.20");
        check("me/app", "docker.io/me/app:latest");
        check("docker.io/alpine", "docker.io/library/alpine:latest");
        check("index.docker.io/alpine", "docker.io/library/alpine:latest");
        check("localhost/app", "localhost/app:latest");
        check("localhost:5000/app:v1", "localhost:5000/app:v1");
        check("127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c:latest");
        check("[::1]:5000/app", "[::1]:5000/app:latest");
        check("GHCR.io/app", "GHCR.io/app:latest");
        check("ghcr.io/org/a__b-c.d---e", "ghcr.io/org/a__b-c.d---e:latest");
        let digest = format!("sha256:{}", "0a".repeat(32));
        check(&format!("app@{digest}"), &format!("docker.io/library/app@{digest}"));
        check(&format!("r.io/app:v1@{digest}"), &format!("r.io/app:v1@{digest}"));
    }

    #[test]
    fn invalid_names_are_rejected() {
        let parts = "the parts of a repository name are letters and digits, separated by single `.`, `_` or `-`";
        for wrong in ["", "a//b", "a..b", "a___b", "-a", "a-", "/a", "a/", "a b", "localhost:5000/"] {
            check(wrong, parts);
        }
        check("Alpine", "a repository name must be lowercase");
        check("a.b/App", "a repository name must be lowercase");
        check("a:.b", "a tag has at most 128 letters, digits, `_`, `.` and `-`, and does not start with `.` or `-`");
        check("a@sha256:00", "the text after `@` is not a digest (`sha256:` and 64 hexadecimal digits)");
        check("../a", "the text before the first `/` is not a valid host");
        check("-a.b/c", "the text before the first `/` is not a valid host");
        check("a.b:99999/c", "the text before the first `/` is not a valid host");
        check(&"0a".repeat(32), "it is an image ID, which registries do not accept");
    }

    #[test]
    fn a_name_is_shown_short() {
        for (text, short) in
            [("alpine", "alpine:latest"), ("docker.io/me/app:1", "me/app:1"), ("a.b/library/c", "a.b/library/c:latest")]
        {
            assert_eq!(text.parse::<RegistryReference>().unwrap().familiar(), short);
        }
    }
}
