//! Rules about the name of a base image.

use std::collections::BTreeSet;

use super::Context;
use crate::build::{Lookup, Reference, StageBase};
use crate::dockerfile::{Arguments, File, Instruction, InstructionWord};
use crate::finding::Findings;

super::family! {
    "undeclared-base-arg" => undeclared_base_arg;
    "invalid-base-default" => invalid_base_default;
    "untrusted-registry" => untrusted_registry;
}

fn undeclared_base_arg(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    let scopes = cx.build().scopes();
    let bases = cx.build().stages().iter().filter_map(|stage| cx.build().from_of(stage));
    for word in bases.flat_map(|from| words(file, from)) {
        let mut reported = BTreeSet::new();
        for used in scopes.uses(file, word) {
            if scopes.lookup_global(&used.name) != Lookup::Undefined || !reported.insert(used.name.clone()) {
                continue;
            }
            let near = scopes.nearest_global(&used.name);
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add `ARG {}` before the first FROM", used.name),
            };
            let message = format!("no ARG before the first FROM declares `{}`", used.name);
            let mut finding = cx.finding(used.span, message).help(help);
            let text = file.source().slice(used.span);
            if let (Some(near), 1) = (near, text.matches(used.name.as_str()).count()) {
                let why = "the name is a guess: the closest known one";
                let text = text.replacen(used.name.as_str(), near, 1);
                finding = finding.unsafe_edit(format!("use `{near}`"), why, used.span, text);
            }
            out.push(finding);
        }
    }
}

/// The platform and the image.
fn words(file: &File, from: &Instruction) -> Vec<InstructionWord> {
    let flag = from.flags.iter().find(|flag| file.flag_name(flag) == "platform");
    let platform = flag.filter(|flag| flag.unquoted.is_none()).and_then(|flag| flag.value);
    let Arguments::Words(words) = &from.arguments else { return Vec::new() };
    words.first().copied().into_iter().chain(platform).collect()
}

fn invalid_base_default(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for (index, base) in file.default_bases() {
        let Some(from) = file.from(&file.instructions()[index]) else { continue };
        // Without a variable the build always rejects it.
        if !from.image.text.contains('$') {
            continue;
        }
        let what = if base.is_empty() { "empty".to_owned() } else { format!("`{base}`") };
        let message = format!("without `--build-arg` this is {what}, which is not a valid image name");
        out.push(cx.finding(from.image.span, message).help("give the ARG a valid default"));
    }
}

fn untrusted_registry(cx: &Context, out: &mut Findings) {
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
