//! Routes of servers without a framework, which compare the path of a request with texts: `if (req.url === "/health")` of
//! Node.js, Deno and Bun, `if self.path == "/health":` of Python's `http.server`.

use super::handler::{answer_of, refuses};
use super::source::{MOST_CALLS, Route, RouteAnswer, RouteSource, line_of};
use crate::manifest::Ecosystem;
use crate::sources::patterns;
use crate::sources::values::literal;

/// The maximum number of bytes before a comparison that are looked at for what stands around it.
const MOST_BYTES_BEFORE: usize = 8_000;

/// The maximum number of bytes behind a comparison that belong to what answers.
const MOST_BYTES_OF_BODY: usize = 300;

/// The same for bytes behind it that belong to its condition.
const MOST_BYTES_BEHIND: usize = 200;

/// All routes that are comparisons.
pub(super) fn routes(sources: &[RouteSource]) -> Vec<Route> {
    let handles = |source: &RouteSource| patterns::shows(source.text(), "handles each request itself");
    // With a framework, what is compared is seldom a route.
    if sources.iter().any(|source| source.shows("makes an application")) {
        return Vec::new();
    }
    let sources = sources.iter().enumerate().filter(|(_, source)| source.shows("handles each request itself"));
    sources.filter(|(_, source)| handles(source)).flat_map(|(file, source)| compared(file, source)).collect()
}

fn compared(file: usize, source: &RouteSource) -> Vec<Route> {
    let text = source.text();
    let quotes = text.match_indices(['"', '\'']).map(|(at, _)| at);
    let places = quotes.filter(|at| text[at + 1..].starts_with('/')).take(MOST_CALLS);
    let places: Vec<usize> = places.filter(|at| is_asked(source, *at)).collect();
    let Some(&first) = places.first() else { return Vec::new() };
    // Whoever refuses all requests does it before their paths are compared.
    let refuses_all = refuses(&text[..first]);
    let ends = places.iter().skip(1).copied().chain([text.len()]);
    let routes = places.iter().zip(ends).filter_map(|(&at, end)| {
        let length = text[at + 1..end].find(&text[at..=at])?;
        let path = literal(&text[at..at + length + 2])?.to_owned();
        let body = &text[at..text.floor_char_boundary(end.min(at + MOST_BYTES_OF_BODY))];
        let shows = |meaning| patterns::shows_in(source.kind, body, meaning);
        if !shows("answers a request") || shows("answers with an error") {
            return None;
        }
        let answer = if refuses_all { RouteAnswer::MayRefuse } else { answer_of(text, at, end) };
        Some(Route { path, file, line: line_of(text, at), answer })
    });
    routes.collect()
}

/// Whether the text that starts at a place is what the path of a GET request is compared with.
fn is_asked(source: &RouteSource, at: usize) -> bool {
    let text = source.text();
    let before = &text[text.ceil_char_boundary(at.saturating_sub(MOST_BYTES_BEFORE))..at];
    let is_subject = |subject: &str| {
        let subject = subject.trim_end().trim_end_matches([')', '?']);
        patterns::of("is the path of a request").any(|pattern| {
            let front = subject.strip_suffix(pattern.text);
            pattern.is_of(source.kind) && front.is_some_and(|front| !front.ends_with(|c: char| c.is_alphanumeric()))
        })
    };
    let condition = before.trim_end();
    let compares = condition.strip_suffix("==").is_some_and(|subject| is_subject(subject.trim_end_matches('=')));
    let is_case = condition.ends_with("case") && {
        let subject = condition.rfind("switch").and_then(|start| condition[start..].split('{').next());
        subject.is_some_and(is_subject)
    };
    let behind = &text[at..text.floor_char_boundary(at + MOST_BYTES_BEHIND)];
    (compares || is_case) && asks_by_get(source, before, behind.lines().next().unwrap_or_default())
}

/// Whether what stands around a comparison allows GET.
fn asks_by_get(source: &RouteSource, before: &str, rest_of_line: &str) -> bool {
    if source.kind.ecosystem() == Some(Ecosystem::Python) {
        let (_, function) = before.rsplit_once("def ").unwrap_or_default();
        return function.starts_with("do_GET") || function.starts_with("do_HEAD");
    }
    let line = [before.lines().next_back().unwrap_or_default(), rest_of_line];
    !line.iter().any(|part| part.contains("method")) || line.iter().any(|part| part.contains("GET"))
}
