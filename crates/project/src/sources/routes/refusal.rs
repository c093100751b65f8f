//! Handlers that refuse a request which gives them nothing: they answer each with an error, or want a parameter.

use super::source::RouteSource;
use crate::manifest::Ecosystem;
use crate::sources::code;
use crate::sources::patterns;

/// The maximum number of bytes of a handler that are looked at.
const MOST_BYTES: usize = 2_000;

/// Whether the handler of a route that a call at a place declares answers each request with an error; `end`: where the next
/// route begins.
pub(super) fn answers_with_error(source: &RouteSource, at: usize, end: usize) -> bool {
    let text = source.text();
    let body = &text[at..text.floor_char_boundary(end.min(at + MOST_BYTES)).max(at)];
    let is_python = source.kind.ecosystem() == Some(Ecosystem::Python);
    let always = |place: usize| if is_python { always_in_python(body, place) } else { always_in_braces(body, place) };
    let errors = ["answers with an error", "ends a handler with an error"].into_iter().flat_map(patterns::of);
    let mut errors = errors.filter(|pattern| pattern.is_of(source.kind));
    errors.any(|pattern| body.match_indices(pattern.text).any(|(place, _)| always(place)))
}

/// Whether a place of a handler with braces is reached by each request: nothing before it decides or answers.
fn always_in_braces(body: &str, place: usize) -> bool {
    let start = ["=>", "function", "func", ") {"].iter().filter_map(|word| body.find(word)).min();
    let Some(before) = start.filter(|start| *start < place).map(|start| &body[start..place]) else { return false };
    let depth = before.matches('{').count().saturating_sub(before.matches('}').count());
    // `return res.status(404)` is the answer itself.
    let statement = before.rfind([';', '\n', '{', '}']).map_or(0, |end| end + 1);
    let earlier = &before[..statement];
    let decides = ["if", "switch", "try", "return"].iter().any(|word| code::words(earlier, word).next().is_some());
    let is_asked = ["if", "else", "?", "&&"].iter().any(|word| before[statement..].contains(word));
    depth <= 1 && !decides && !is_asked
}

/// Whether a place of a handler of Python is reached by each request: its line stands at the level of the function, and no
/// line before it decides or answers; or it stands in the decorator.
fn always_in_python(body: &str, place: usize) -> bool {
    let Some(function) = code::words(body, "def").next() else { return false };
    if place < function {
        return !body[..place].contains('\n');
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let head = code::bracketed(&body[function + body[function..].find('(').unwrap_or(0)..]).unwrap_or_default();
    let Some(behind) = body[function..].find(head).map(|at| function + at + head.len()) else { return false };
    let Some(first) = body[behind..].find('\n').map(|end| behind + end + 1).filter(|first| *first <= place) else {
        return false;
    };
    let start = body[..place].rfind('\n').map_or(0, |end| end + 1);
    let level = body[first..].lines().find(|line| !line.trim().is_empty()).map_or(0, indent);
    let decides = |line: &str| {
        let first = line.trim_start().split([' ', ':', '(']).next().unwrap_or_default();
        patterns::words_in("Python", "decides or answers").contains(&first)
    };
    let line = body[start..].lines().next().unwrap_or_default();
    let is_end = ["return ", "raise ", "abort("].iter().any(|word| line.trim_start().starts_with(word));
    level > 0 && indent(line) == level && is_end && !body[first..start].lines().any(decides)
}

/// Whether the function below a decorator of FastAPI wants something that a plain request does not give: a parameter without
/// a default, or a body.
pub(super) fn wants_parameters(sources: &[RouteSource], source: &RouteSource, at: usize, end: usize) -> bool {
    if source.kind.ecosystem() != Some(Ecosystem::Python) || !source.raw.contains("fastapi") {
        return false;
    }
    let body = &source.text()[at..end.max(at)];
    let Some(function) = code::words(body, "def").next() else { return false };
    let open = body[function..].find('(').map_or(body.len(), |open| function + open);
    let list = code::bracketed(&body[open..]).unwrap_or_default();
    code::arguments(list).into_iter().any(|parameter| !is_given(sources, parameter))
}

/// Whether FastAPI gives a parameter its value, whatever is asked for.
fn is_given(sources: &[RouteSource], parameter: &str) -> bool {
    let parts = code::split(parameter, "=");
    let (name, annotation) = parts[0].split_once(':').unwrap_or((parts[0], ""));
    let annotation = annotation.trim();
    let is_of_request = |call: &str| {
        let name = call.rsplit('.').next().unwrap_or(call);
        patterns::words_in("Python", "takes a part of the request").contains(&name)
    };
    if let Some(default) = parts.get(1).map(|default| default.trim()) {
        let Some((_, list)) = code::call(default).filter(|(callee, _)| is_of_request(callee)) else { return true };
        let first = code::arguments(list).into_iter().next().unwrap_or("...");
        let has_default = !first.contains('=') || list.contains("default");
        return first != "..." && has_default;
    }
    if matches!(name.trim(), "" | "*" | "/" | "self") {
        return true;
    }
    let kind = annotation.rsplit('.').next().unwrap_or(annotation);
    let is_alias = || {
        let defines = format!("{kind} = Annotated[");
        sources.iter().any(|source| source.raw.contains(&defines))
    };
    annotation.contains("Depends(")
        || patterns::words_in("Python", "is handed to each request").contains(&kind)
        || kind.ends_with("Dep")
        || !kind.is_empty() && is_alias()
}
