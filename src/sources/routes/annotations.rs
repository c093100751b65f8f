//! Routes of methods in classes: Spring's mappings, controllers of Nest and ASP.NET Core.

use super::handler::answer_of;
use super::holder::named_argument;
use super::source::{Route, RouteSource, line_of};
use crate::manifest::Ecosystem;
use crate::sources::code;
use crate::sources::literals::string_literals;
use crate::sources::values::literal;
use crate::text::path::below_route;

/// All routes of methods.
pub(super) fn routes(sources: &[RouteSource]) -> Vec<Route> {
    let mut routes = Vec::new();
    let nest = nest_prefix(sources);
    let spring = spring_prefix(sources);
    for (file, source) in sources.iter().enumerate() {
        let text = source.text();
        let of_class = match source.kind.ecosystem() {
            Some(Ecosystem::Node) if text.contains("@Controller(") => {
                let Some(nest) = &nest else { continue };
                let below = methods(text, &["@Controller("], &["@Get("], Some(""));
                below.into_iter().map(|(at, path)| (at, nest.full(&path))).collect()
            }
            Some(Ecosystem::Java) if text.contains("Mapping(") || text.contains("@GetMapping") => {
                methods(text, &["@RequestMapping("], &["@GetMapping(", "@RequestMapping("], spring.as_deref())
            }
            Some(Ecosystem::DotNet) if text.contains("[HttpGet") => controllers(text),
            _ => continue,
        };
        routes.extend(of_class.into_iter().map(|(at, path)| Route {
            path,
            file,
            line: line_of(text, at),
            answer: answer_of(text, at, text[at + 1..].find("\n    @").map_or(text.len(), |end| at + 1 + end)),
        }));
    }
    routes
}

/// The methods of the classes of a file that answer GET, with their paths.
fn methods(text: &str, classes: &[&str], gets: &[&str], front: Option<&str>) -> Vec<(usize, String)> {
    let Some(front) = front else { return Vec::new() };
    let class_at = |at: usize| text[at..].find("class ").map(|class| at + class);
    let mut prefixes: Vec<(usize, Option<String>)> = Vec::new();
    // A class without a mapping of its own has methods at the top.
    for (at, _) in text.match_indices("class ") {
        let is_class = text[..at].ends_with([' ', '\n', '\t']) || at == 0;
        if is_class {
            prefixes.push((at, Some(String::new())));
        }
    }
    for (at, word) in classes.iter().flat_map(|word| text.match_indices(word)) {
        let list = code::bracketed(&text[at + word.len() - 1..]).unwrap_or_default();
        let path = first_path(list);
        // The mapping of a class stands before it, that of a method within one.
        let Some(class) = class_at(at) else { continue };
        let is_of_class = !text[at..class].contains(';') && !text[at..class].contains('{');
        if is_of_class && let Some(known) = prefixes.iter_mut().find(|(at, _)| *at == class) {
            known.1 = path;
        }
    }
    let mut paths = Vec::new();
    for (at, word) in gets.iter().flat_map(|word| text.match_indices(word)) {
        let list = code::bracketed(&text[at + word.len() - 1..]).unwrap_or_default();
        let is_get = !list.contains("method") || list.contains("GET");
        let class = prefixes.iter().rev().find(|(class, _)| *class < at);
        let Some((class, Some(prefix))) = class else { continue };
        // Of the class itself, as it stands before the next one.
        let is_inside = text[*class..at].contains('{');
        if let (true, true, Some(path)) = (is_get, is_inside, first_path(list)) {
            paths.push((at, below_route(&below_route(&slashed(front), &slashed(prefix)), &slashed(&path))));
        }
    }
    paths
}

/// The path that an annotation names: `"/health"`, `value = "/health"`, `path = ["/health"]`; an empty one for none, `None`
/// where it is no text.
fn first_path(list: &str) -> Option<String> {
    let arguments = code::arguments(list);
    let named = arguments.iter().find_map(|part| {
        let (name, value) = part.split_once('=').or_else(|| part.split_once(':'))?;
        matches!(name.trim().trim_start_matches('{').trim(), "value" | "path").then_some(value.trim())
    });
    let first = arguments.first().copied().filter(|part| !part.contains('=') && !part.starts_with('{'));
    match named.or(first) {
        None => Some(String::new()),
        Some(text) => {
            let inner = text.trim_start_matches(['{', '[']).trim_end_matches(['}', ']']).trim();
            literal(inner.split(',').next().unwrap_or(inner)).map(str::to_owned)
        }
    }
}

fn slashed(path: &str) -> String {
    if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

/// The path that Nest puts before all but some.
#[derive(Default)]
struct NestPrefix {
    path: String,
    /// Those that it does not stand before, without slashes at their ends; `health/*` for all below.
    excluded: Vec<String>,
}

impl NestPrefix {
    /// The path with the prefix, if that stands before it.
    fn full(&self, path: &str) -> String {
        let bare = path.trim_matches('/');
        let is_excluded = self.excluded.iter().any(|excluded| match excluded.split_once(['(', '*', '{']) {
            Some((front, _)) => bare.starts_with(front),
            None => bare == excluded,
        });
        if is_excluded { slashed(path) } else { below_route(&self.path, &slashed(path)) }
    }
}

/// The path that Nest puts before all; `None` if it is not known.
fn nest_prefix(sources: &[RouteSource]) -> Option<NestPrefix> {
    let node = || sources.iter().filter(|source| source.kind.ecosystem() == Some(Ecosystem::Node));
    // A version may stand in front of each path. A microservice answers no requests of HTTP.
    let has = |word: &str| node().any(|source| source.raw.contains(word));
    if has(".enableVersioning(") || has(".createMicroservice(") && !has("NestFactory.create(") {
        return None;
    }
    for source in node() {
        if let Some((_, rest)) = source.text().split_once(".setGlobalPrefix(") {
            // The bracket of the call was taken with its name.
            let list = code::bracketed(&source.text()[source.text().len() - rest.len() - 1..])?;
            let arguments = code::arguments(list);
            let path = slashed(literal(arguments.first()?)?);
            let Some(options) = arguments.get(1) else { return Some(NestPrefix { path, ..NestPrefix::default() }) };
            let listed = named_argument(options, "exclude:")?;
            let literals = string_literals(source.path, listed).into_iter();
            let excluded = literals.map(|literal| literal.text.trim_matches('/').to_owned()).collect();
            return Some(NestPrefix { path, excluded });
        }
    }
    Some(NestPrefix::default())
}

/// The path that Spring's settings put before all; `None` if it is not known.
fn spring_prefix(sources: &[RouteSource]) -> Option<String> {
    let is_settings =
        |source: &&RouteSource| crate::sources::variables::is_spring(crate::text::path::name(source.path));
    for source in sources.iter().filter(is_settings) {
        for line in source.text().lines() {
            let (key, value) = line.split_once(['=', ':']).unwrap_or((line, ""));
            let key = key.trim();
            if matches!(key, "server.servlet.context-path" | "spring.webflux.base-path" | "context-path" | "base-path")
            {
                let value = value.trim().trim_matches(['"', '\'']);
                return (!value.contains('$')).then(|| slashed(value));
            }
        }
    }
    Some(String::new())
}

/// Methods of controllers in C#: `[Route("api/[controller]")]` and `[HttpGet("health")]`.
fn controllers(text: &str) -> Vec<(usize, String)> {
    let mut paths = Vec::new();
    for (at, _) in text.match_indices("[HttpGet") {
        let Some(class) = text[..at].rfind(" class ") else { continue };
        let name = text[class + " class ".len()..].split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        let head = &text[..class];
        let route = head.rfind("[Route(").filter(|route| !head[*route..].contains('}'));
        let argument = |at: usize, word: &str| {
            let rest = &text[at + word.len()..];
            rest.strip_prefix('(').map_or(Some(""), |rest| literal(rest.split([')', ',']).next()?))
        };
        let front = route.map_or(Some(""), |route| argument(route, "[Route"));
        let (Some(front), Some(path)) = (front, argument(at, "[HttpGet")) else { continue };
        let front = front.replace("[controller]", name.strip_suffix("Controller").unwrap_or(name));
        let is_whole = path.starts_with('/');
        let front = if is_whole { String::new() } else { slashed(&front) };
        paths.push((at, below_route(&front, &slashed(path))));
    }
    paths
}
