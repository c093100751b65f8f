//! See `rules/untrusted-registry.md`.

use super::Context;
use crate::build::{Reference, StageBase};
use crate::finding::Findings;

super::rule!("untrusted-registry", check);

fn check(cx: &Context, out: &mut Findings) {
    let Some(trusted) = cx.settings().and_then(|settings| settings.trusted_registries.as_ref()) else { return };
    for edge in cx.build().edges() {
        let StageBase::Image(image) = &edge.to else { continue };
        let registry = registry(image);
        if !trusted.iter().any(|pattern| is_like(pattern, registry)) {
            let message = format!("`{image}` comes from `{registry}`, which is not a trusted registry");
            out.push(cx.finding(edge.span, message).help(format!("trusted registries: {}", trusted.join(", "))));
        }
    }
}

/// Docker Hub, as the builder calls it.
const HUB: &str = "docker.io";

/// The host that an image is pulled from.
fn registry(image: &str) -> &str {
    let name = Reference::of(image).name;
    let host = name.split_once('/').map(|(host, _)| host);
    let host = host.filter(|host| host.contains(['.', ':']) || *host == "localhost").unwrap_or(HUB);
    if ["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"].contains(&host) { HUB } else { host }
}

/// Whether a pattern matches a registry: by name, by a suffix after `*` or a prefix before it.
fn is_like(pattern: &str, registry: &str) -> bool {
    if let Some(end) = pattern.strip_prefix('*') {
        return registry.ends_with(end);
    }
    if let Some(start) = pattern.strip_suffix('*') {
        return registry.starts_with(start);
    }
    pattern == registry || (pattern == "hub.docker.com" && registry == HUB)
}

#[cfg(test)]
mod tests {
    #[test]
    fn registries_are_distinguished() {
        for (image, registry) in [
            ("debian:12", "docker.io"),
            ("org/app", "docker.io"),
            ("localhost/a", "localhost"),
            ("r.example:5000/a:1", "r.example:5000"),
            ("index.docker.io/library/a@sha256:1", "docker.io"),
        ] {
            assert_eq!(super::registry(image), registry);
        }
        for (pattern, registry, like) in [
            ("*", "a.example", true),
            ("*.corp.example", "a.corp.example", true),
            ("*.corp.example", "corp.example", false),
            ("a*", "a.example", true),
            ("hub.docker.com", "docker.io", true),
            ("a.example", "b.a.example", false),
        ] {
            assert_eq!(super::is_like(pattern, registry), like, "{pattern} {registry}");
        }
    }
}
