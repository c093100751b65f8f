//! Routes of Ktor: functions with blocks inside each other, from `routing { … }` on.

use std::cell::Cell;

use super::handler::answer_of;
use super::source::{MOST_CALLS, Route, RouteAnswer, RouteSource, line_of};
use crate::sources::code;
use crate::sources::values::literal;
use crate::text::path::below_route;

/// The maximum number of functions that a route is inside of.
const DEEPEST: usize = 6;

/// Places whose blocks are looked for.
const PLACES: usize = 1_000;

/// All routes of programs of Ktor.
pub(super) fn routes(sources: &[RouteSource]) -> Vec<Route> {
    let mut routes = Vec::new();
    let kotlin: Vec<(usize, &str)> = sources
        .iter()
        .enumerate()
        .filter(|(_, source)| source.kind.language() == "Kotlin" && source.raw.contains("io.ktor"))
        .map(|(file, source)| (file, source.text()))
        .collect();
    let budget = Cell::new(PLACES);
    for (file, text) in &kotlin {
        for at in code::words(text, "get").take(MOST_CALLS) {
            let rest = &text[at + "get".len()..];
            let (path, behind) = match code::bracketed(rest) {
                Some(list) if rest.starts_with('(') => (literal(list.trim()), &rest[list.len() + 2..]),
                _ => (Some(""), rest),
            };
            let (Some(path), true) = (path, behind.trim_start().starts_with('{')) else { continue };
            let is_method = text[..at].trim_end().ends_with(['.', ':']);
            if is_method {
                continue;
            }
            let Some(front) = front(&kotlin, text, (at, 0), &budget) else { continue };
            let body = code::bracketed(behind.trim_start()).unwrap_or_default();
            let answer = if front.may_refuse { RouteAnswer::MayRefuse } else { answer_of(body, 0, body.len()) };
            let path = below_route(&front.path, &slashed(path));
            let path = if path.is_empty() { "/".to_owned() } else { path };
            routes.push(Route { path, file: *file, line: line_of(text, at), answer });
        }
    }
    routes
}

fn slashed(path: &str) -> String {
    if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// What stands before a route.
struct KtorFront {
    path: String,
    may_refuse: bool,
}

/// What the blocks around a place put before its routes; `None` where they are not part of `routing`, or not known.
fn front(kotlin: &[(usize, &str)], text: &str, (at, depth): (usize, usize), budget: &Cell<usize>) -> Option<KtorFront> {
    budget.set(budget.get().checked_sub(1)?);
    let mut known = KtorFront { path: String::new(), may_refuse: false };
    let mut end = at;
    while let Some(open) = opening(&text[..end]) {
        let head = text[..open].trim_end();
        let line = head.rsplit(['\n', '{', '}', ';']).next().unwrap_or_default().trim();
        let list = || line.split_once('(').map(|(_, list)| list.strip_suffix(')').unwrap_or(list));
        if line.contains("fun ") {
            // `fun Route.health() { … }` is called somewhere.
            let name = line.split_once("fun ")?.1.split('(').next()?.rsplit('.').next()?.trim();
            let calls = kotlin.iter().flat_map(|(_, text)| code::words(text, name).map(move |at| (*text, at)));
            let called = calls.filter(|(text, at)| {
                !text[..*at].trim_end().ends_with(['.', '"']) && text[at + name.len()..].starts_with('(')
            });
            let outer = called.take(DEEPEST).find_map(|(text, at)| {
                if depth == DEEPEST { None } else { front(kotlin, text, (at, depth + 1), budget) }
            })?;
            return Some(KtorFront {
                path: below_route(&outer.path, &known.path),
                may_refuse: outer.may_refuse || known.may_refuse,
            });
        }
        match line.split(['(', ' ']).next().unwrap_or_default() {
            "routing" => return Some(known),
            "route" => known.path = below_route(&slashed(literal(list()?.trim())?), &known.path),
            "authenticate" => known.may_refuse = true,
            _ => {}
        }
        end = open;
    }
    None
}

/// The last brace of a text that it does not close.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().rev() {
        match byte {
            b'}' => depth += 1,
            b'{' if depth == 0 => return Some(at),
            b'{' => depth -= 1,
            _ => {}
        }
    }
    None
}
