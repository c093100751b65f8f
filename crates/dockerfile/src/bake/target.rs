//! Targets with what they inherit ─► builds.

use std::collections::{BTreeMap, BTreeSet};

use super::value::{BakeTarget, BakeValue};
use super::{hcl, json};
use crate::compose::{Compose, ComposeProblem, Service, indent};
use crate::text::{Embedding, Source, Span, path};

/// Targets of one file that are looked at.
const TARGETS: usize = 1_000;

/// Dockerfiles inside of one file that are looked at.
const INLINE: usize = 100;

/// Targets that one takes over, one through the other.
const DEEPEST: usize = 16;

/// Targets that are taken over in all.
const STEPS: usize = 20_000;

/// Whether bake finds a file of this name by itself.
pub fn is_bake(name: &str) -> bool {
    let name = path::name(name);
    ["docker-bake.hcl", "docker-bake.json", "docker-bake.override.hcl", "docker-bake.override.json"].contains(&name)
}

/// Reads a file. What is wrong with it, and what only bake knows, is a problem.
pub fn read(source: &Source) -> Compose {
    let json = source.name().rsplit('.').next() == Some("json");
    let (mut targets, problems) = if json { json::read(source) } else { hcl::read(source) };
    targets.truncate(TARGETS);
    let mut bake = Compose { services: Vec::new(), problems, unknown: Vec::new() };
    let all: BTreeMap<&str, &BakeTarget> = targets.iter().map(|target| (target.name.as_str(), target)).collect();
    let inherited: BTreeSet<&str> = targets.iter().flat_map(|target| list(target.values.get("inherits"))).collect();
    let (mut inlines, mut steps) = (INLINE, STEPS);
    for target in &targets {
        // What others take over and what begins with `_` is a base, unless it says what to build itself.
        let build_keys = ["context", "dockerfile", "dockerfile-inline", "target"];
        let is_base = target.name.starts_with('_') || inherited.contains(&*target.name);
        if is_base && !build_keys.iter().any(|key| target.values.contains_key(*key)) {
            continue;
        }
        let mut values = BTreeMap::new();
        merge(&all, target, (DEEPEST, &mut steps), &mut values);
        bake.services.push(build(source, target, &values, &mut inlines, &mut bake.unknown));
    }
    bake
}

fn list(value: Option<&BakeValue>) -> Vec<&str> {
    match value {
        Some(BakeValue::List(list)) => list.iter().map(String::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The target's own values over those of the later over those of the earlier ones that it takes over.
fn merge<'t>(
    all: &BTreeMap<&str, &'t BakeTarget>,
    target: &'t BakeTarget,
    (remaining, steps): (usize, &mut usize),
    out: &mut BTreeMap<&'t str, BakeValue>,
) {
    for base in list(target.values.get("inherits")) {
        let Some(base) = all.get(base) else { continue };
        if !(remaining > 0 && *steps > 0) {
            continue;
        }
        *steps -= 1;
        merge(all, base, (remaining - 1, steps), out);
    }
    for (key, value) in &target.values {
        match (out.get_mut(key.as_str()), value) {
            (Some(BakeValue::Pairs(known)), BakeValue::Pairs(pairs)) => {
                known.retain(|(name, _)| pairs.iter().all(|(other, _)| other != name));
                known.extend(pairs.iter().cloned());
            }
            _ => {
                out.insert(key, value.clone());
            }
        }
    }
}

fn build(
    source: &Source,
    target: &BakeTarget,
    values: &BTreeMap<&str, BakeValue>,
    inlines: &mut usize,
    others: &mut Vec<ComposeProblem>,
) -> Service {
    let text = |key: &str| match values.get(key) {
        Some(BakeValue::Text(text, _)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    };
    for (key, value) in values {
        if let BakeValue::Other(span) = value {
            let message = format!("`{key}` of the target `{}` is computed by bake, so it was not checked", target.name);
            others.push(ComposeProblem { span: *span, message });
        }
    }
    let is_unknown = |key: &str| matches!(values.get(key), Some(BakeValue::Other(_)));
    // A `$` is what the readers of paths take for something that only the builder knows.
    let context =
        if is_unknown("context") || is_unknown("dockerfile") { Some("${…}".to_owned()) } else { text("context") };
    let inline = match values.get("dockerfile-inline") {
        Some(BakeValue::Text(text, at)) => inlines.checked_sub(1).and_then(|remaining| {
            *inlines = remaining;
            inline(source, text, *at)
        }),
        _ => None,
    };
    let pairs = |key: &str| match values.get(key) {
        Some(BakeValue::Pairs(pairs)) => pairs.clone(),
        _ => Vec::new(),
    };
    let (args, contexts) = (pairs("args"), pairs("contexts"));
    let dockerfile = text("dockerfile");
    Service {
        name: target.name.clone(),
        context,
        dockerfile,
        inline,
        target: text("target"),
        args,
        contexts,
        ..Service::default()
    }
}

fn inline(host: &Source, text: &str, at: u32) -> Option<Source> {
    let text = text.replace("\r\n", "\n");
    let indent = indent(host, host.line(at), &text);
    let span = Span::at(at);
    let embedding = Embedding { host: host.clone(), span, indent, doubled: false, writable: false, open: Vec::new() };
    Source::embedded(&text, embedding).ok()
}
