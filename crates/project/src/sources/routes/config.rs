//! What the configurations of Next.js, Nuxt and `SvelteKit` do to all their paths: a path before them, and answers that
//! send whoever asks to another place.

use super::source::RouteSource;
use crate::data;
use crate::sources::code;
use crate::sources::object_literals::{self, Literal};
use crate::text::path;

/// The path before all routes that files stand for; `None` if it is not known.
pub(super) fn base_path(sources: &[RouteSource]) -> Option<String> {
    let mut base: Option<String> = None;
    for row in data::BASE_PATHS.rows() {
        let &[start, object, key, ..] = row else { continue };
        for source in sources.iter().filter(|source| path::name(source.path).starts_with(start)) {
            let value = match object_literals::literal(inner(source.text(), object)?, key) {
                Literal::Missing => "",
                Literal::Text(value) => value.trim_end_matches('/'),
                Literal::Open => return None,
            };
            // Of two programs one may have it.
            if base.as_deref().is_some_and(|known| known != value) {
                return None;
            }
            base = Some(value.to_owned());
        }
    }
    Some(base.unwrap_or_default())
}

/// What stands in the object of a name; nothing where it is not there, `None` where it is no plain object.
fn inner<'t>(text: &'t str, object: &'t str) -> Option<&'t str> {
    if object == "-" {
        return Some(text);
    }
    let Some(at) = code::words(text, object).next() else { return Some("") };
    let rest = text[at + object.len()..].trim_start().strip_prefix(':')?.trim_start();
    if rest.starts_with('{') { code::bracketed(rest) } else { None }
}

/// Whether the configuration of Next.js answers a path with another place, which may be on another host: a source of
/// `redirects` or `rewrites`, apart from those for other hosts' names.
pub(super) fn is_sent_elsewhere(sources: &[RouteSource], route: &str) -> bool {
    let configurations = sources.iter().filter(|source| path::name(source.path).starts_with("next.config."));
    configurations.into_iter().any(|source| {
        let text = source.text();
        ["redirects", "rewrites"].iter().any(|name| {
            let bodies = code::words(text, name).filter_map(|at| {
                let open = text[at..].find('{').map(|open| at + open)?;
                code::bracketed(&text[open..])
            });
            bodies.into_iter().any(|body| holds_source(body, route, *name == "redirects"))
        })
    })
}

/// Whether a list of redirects has a path as its source, also by a pattern for all where it counts before pages.
fn holds_source(body: &str, route: &str, is_before_pages: bool) -> bool {
    code::words(body, "source").any(|at| {
        let start = body[..at].rfind('{').unwrap_or(0);
        let entry = code::bracketed(&body[start..]).unwrap_or(&body[at..]);
        let Literal::Text(source) = object_literals::literal(entry, "source") else { return true };
        let is_all = is_before_pages && (source.starts_with("/:") || source.starts_with("/(")) && source.contains('*');
        !entry.contains("has:") && (source == route || is_all)
    })
}
