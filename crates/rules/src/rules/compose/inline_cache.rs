//! The rule about builds that write their cache into the image.

use crate::build::{Build, Stage};
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::finding::Findings;
use crate::rules::ComposeContext;

crate::rules::family! {
    of_compose
    "compose-cache-without-stages" => compose_cache_without_stages;
}

/// An inline cache has the layers of the image, and none of the stages that only made files for it.
fn compose_cache_without_stages(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let (Some(place), Some(input)) = (inline_cache(service.value), &service.image) else { continue };
        let build = Build::new(input);
        let Some(target) = build.target() else { continue };
        let shipped: Vec<usize> = build.chain(target).map(|stage| stage.index).collect();
        let is_lost = |stage: &&Stage| !shipped.contains(&stage.index) && build.own_runs(stage).next().is_some();
        let Some(lost) = build.needed_stages().find(is_lost) else { continue };
        let name = lost.name.as_ref().map_or_else(|| lost.index.to_string(), ToString::to_string);
        let message = format!(
            "the inline cache of `{}` has the layers of its image alone: on another machine all steps of the stage `{name}` run again",
            service.name
        );
        let Some(finding) = cx.finding(Some(place), message) else { continue };
        let help = "write the cache to a registry: `cache_to: [\"type=registry,ref=NAME:cache,mode=max\"]`, and read it from there";
        out.push(finding.help(help));
    }
}

/// Where a service asks for an inline cache.
fn inline_cache(service: &ComposeValue) -> Option<ComposePlace> {
    let build = service.get("build")?;
    let caches = build.get("cache_to").and_then(ComposeValue::as_list).unwrap_or_default();
    let is_of = |cache: &&ComposeValue, word: &str| cache.as_text().is_some_and(|text| text.contains(word));
    // Another one may keep the other stages.
    if caches.iter().any(|cache| is_of(&cache, "mode=max")) {
        return None;
    }
    if let Some(cache) = caches.iter().find(|cache| is_of(cache, "type=inline")) {
        return cache.place;
    }
    let argument = build.get("args")?.get("BUILDKIT_INLINE_CACHE")?;
    let value = argument.display();
    if matches!(value.as_str(), "1" | "true") { argument.place } else { None }
}
