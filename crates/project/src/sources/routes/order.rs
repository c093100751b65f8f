//! Frameworks that ask their routes in the order in which they are declared: what stands behind a mount or a route for all
//! paths never answers.

use super::holder::receiver;
use super::source::{MOST_CALLS, RouteSource};
use crate::manifest::Ecosystem;
use crate::sources::code;
use crate::sources::patterns;
use crate::sources::values::literal;
use crate::text::path;

/// A call that answers all paths below one.
pub(super) struct Cover<'s> {
    at: usize,
    receiver: &'s str,
    /// Without a slash at its end.
    prefix: &'s str,
}

/// The calls of a file that answer all paths below one, where those behind them are not asked then.
pub(super) fn covers<'s>(source: &'s RouteSource) -> Vec<Cover<'s>> {
    let mut covers = Vec::new();
    // Fastify and the routers of Flask and Go's frameworks prefer the more exact path.
    if source.raw.contains("fastify") || source.raw.contains("Flask(") {
        return covers;
    }
    let text = source.text();
    for pattern in patterns::of("answers all below a path").filter(|pattern| pattern.is_of(source.kind)) {
        for (at, _) in text.match_indices(pattern.text).take(MOST_CALLS.saturating_sub(covers.len())) {
            let Some(before) = text[..at].strip_suffix('.') else { continue };
            let Some(list) = code::bracketed(&text[at + pattern.text.len() - 1..]) else { continue };
            let Some(first) = code::arguments(list).first().and_then(|first| literal(first)) else { continue };
            let prefix = if pattern.argument == "mount" { Some(first) } else { wildcard_front(source, first) };
            if let Some(prefix) = prefix {
                covers.push(Cover { at, receiver: receiver(before), prefix: prefix.trim_end_matches('/') });
            }
        }
    }
    covers
}

/// The path before the part that stands for any others: `/app` of `/app/{path:path}` and of `/app/*`.
fn wildcard_front<'p>(source: &RouteSource, path: &'p str) -> Option<&'p str> {
    let at = path.rfind('/').map_or(0, |at| at + 1);
    let last = &path[at..];
    let is_wildcard = match source.kind.ecosystem() {
        Some(Ecosystem::Python) => last.starts_with('{') && last.ends_with(":path}"),
        _ => last.starts_with('*') || last.starts_with("{*"),
    };
    is_wildcard.then(|| &path[..at])
}

/// Whether a call of a holder of routes comes too late for its path.
pub(super) fn is_hidden(covers: &[Cover], (at, holder): (usize, &str), path: &str) -> bool {
    let mut before = covers.iter().filter(|cover| cover.at < at && cover.receiver == holder);
    before.any(|cover| cover.prefix.is_empty() || path::is_within(path, cover.prefix))
}
