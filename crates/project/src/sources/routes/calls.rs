//! Routes that calls declare: `@app.get("/health")`, `mux.HandleFunc("GET /health", …)`, `app.MapGet("/health", …)`.

use super::handler::{Guards, answer_of};
use super::holder::receiver;
use super::login::asks_for_login;
use super::order::{covers, is_hidden};
use super::prefixes::RoutePrefixes;
use super::refusal::{answers_with_error, wants_parameters};
use super::source::{MOST_CALLS, Route, RouteAnswer, RouteSource, line_of};
use crate::manifest::Ecosystem;
use crate::sources::code;
use crate::sources::patterns;
use crate::sources::values::literal;
use crate::text::path::below_route;

/// A call that declares a route.
struct RouteCall<'s> {
    at: usize,
    receiver: &'s str,
    path: &'s str,
    /// Whether a function before the handler asks for a login.
    is_guarded: bool,
}

/// All routes that calls declare.
pub(super) fn declared_routes(sources: &[RouteSource], prefixes: &RoutePrefixes) -> Vec<Route> {
    let mut routes = Vec::new();
    for (file, source) in sources.iter().enumerate().filter(|(_, source)| source.shows("answers GET")) {
        let mut calls = calls(source);
        calls.sort_by_key(|call| call.at);
        calls.truncate(MOST_CALLS);
        let text = source.text();
        // Where a route lies is not known then.
        let Some(nests) = nests(source) else { continue };
        let guards = Guards::of(source);
        let covers = covers(source);
        let ends: Vec<usize> = calls.iter().map(|call| call.at).skip(1).chain([text.len()]).collect();
        for (call, end) in calls.iter().zip(ends) {
            let holders = &prefixes.holders;
            let of_chain = || holders.of_chain(file, call.receiver, call.at);
            let known = holders.by_name(file, call.receiver, call.at).or_else(of_chain);
            let Some(holder) = known.or_else(|| holders.field(sources, file, call.receiver)) else { continue };
            let inner: Option<String> = nests
                .iter()
                .filter(|nest| nest.start < call.at && call.at < nest.end)
                .try_fold(String::new(), |front, nest| Some(below_route(&front, nest.path?)));
            let Some(inner) = inner else { continue };
            if is_hidden(&covers, (call.at, call.receiver), &below_route(&inner, call.path)) {
                continue;
            }
            let refuses = wants_parameters(sources, source, call.at, end) || answers_with_error(source, call.at, end);
            let handler = if refuses { RouteAnswer::MayRefuse } else { answer_of(text, call.at, end) };
            for prefix in prefixes.of_holder(holder) {
                let path = below_route(&below_route(&prefix.path, &inner), call.path);
                let is_guarded = prefix.may_refuse || call.is_guarded || guards.stand_before(call.at);
                let answer = if is_guarded { RouteAnswer::MayRefuse } else { handler };
                routes.push(Route { path, file, line: line_of(text, call.at), answer });
            }
        }
    }
    routes
}

fn calls<'s>(source: &'s RouteSource) -> Vec<RouteCall<'s>> {
    let text = source.text();
    let mut calls = Vec::new();
    for pattern in patterns::of("answers GET").filter(|pattern| pattern.is_of(source.kind)) {
        for (at, _) in text.match_indices(pattern.text) {
            let before = text[..at].strip_suffix('.').or_else(|| text[..at].strip_suffix("->"));
            let Some(before) = before else { continue };
            let open = at + pattern.text.len() - 1;
            let Some(list) = code::bracketed(&text[open..]) else { continue };
            let arguments = code::arguments(list);
            let Some(path) = arguments.first().and_then(|first| literal(first.trim_start_matches("path="))) else {
                continue;
            };
            let path = match path.split_once(' ') {
                // The patterns of Go's own multiplexer may begin with a method.
                Some(("GET", path)) => path.trim_start(),
                Some(_) => continue,
                None => path,
            };
            let behind = &text[(open + list.len() + 2).min(text.len())..];
            // Go's patterns that end with a slash stand for all below, which another handler answers.
            let is_subtree = pattern.text == "Handle(" && path.len() > 1 && path.ends_with('/');
            if !(path.starts_with('/') || path.is_empty()) || is_subtree || !takes_get(&arguments, behind) {
                continue;
            }
            let between = arguments.get(1..arguments.len().saturating_sub(1)).unwrap_or_default();
            let is_guarded = source.kind.ecosystem() == Some(Ecosystem::Node)
                && between.iter().any(|function| asks_for_login(function));
            calls.push(RouteCall { at, receiver: receiver(before), path, is_guarded });
        }
    }
    calls
}

/// Whether the methods that a call names, if it names any, hold GET: `methods=["POST"]`, `.Methods("POST")`.
fn takes_get(arguments: &[&str], behind: &str) -> bool {
    let named =
        arguments.iter().find_map(|argument| argument.strip_prefix("methods=").or(argument.strip_prefix("methods =")));
    let chained = behind.split('\n').next().and_then(|line| line.split_once(".Methods(")).map(|(_, rest)| rest);
    [named, chained].into_iter().flatten().all(|methods| {
        let methods = code::bracketed(methods).unwrap_or(methods.split(')').next().unwrap_or(methods));
        methods.contains("GET") || methods.contains("MethodGet")
    })
}

/// Functions around routes in a file that are looked at.
const MOST_NESTS: usize = 200;

/// A function in which routes have a path before them: `r.Route("/api", func(r chi.Router) { … })`.
struct RouteNest<'s> {
    start: usize,
    end: usize,
    /// `None` if it is not known.
    path: Option<&'s str>,
}

/// The functions around routes in a file; `None` if they are too many.
fn nests<'s>(source: &'s RouteSource) -> Option<Vec<RouteNest<'s>>> {
    let text = source.text();
    let starts = patterns::of("nests routes").filter(|pattern| pattern.is_of(source.kind)).flat_map(|pattern| {
        let calls = text.match_indices(pattern.text).filter(|(at, _)| text[..*at].ends_with(['.', '>']));
        calls.map(|(at, call)| at + call.len() - 1)
    });
    let starts: Vec<usize> = starts.take(MOST_NESTS + 1).collect();
    let nest = |start: usize| {
        let end = start + closing(&text[start..]);
        let first = text[start + 1..end].split(',').next().unwrap_or_default();
        RouteNest { start, end, path: literal(first) }
    };
    (starts.len() <= MOST_NESTS).then(|| starts.into_iter().map(nest).collect())
}

/// The offset of the bracket that closes the one at the start of a text; the length of the text if none does.
fn closing(text: &str) -> usize {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), byte) if byte == open || byte == b'\n' && open != b'`' => quote = None,
            (None, b'"' | b'\'' | b'`') => quote = Some(byte),
            (None, b'(' | b'{' | b'[') => depth += 1,
            (None, b')' | b'}' | b']') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len()
}
