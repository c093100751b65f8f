//! Routes of methods in classes: Spring's mappings, controllers of Nest and ASP.NET Core.

use std::cell::OnceCell;

use super::handler::{Guards, answer_of};
use super::holder::named_argument;
use super::refusal::answers_with_error;
use super::source::{MOST_CALLS, Route, RouteAnswer, RouteSource, line_of};
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
    let of_all: OnceCell<bool> = OnceCell::new();
    // What stands before all routes of Nest is set up where it starts.
    let starts_nest = |source: &RouteSource| source.raw.contains("NestFactory");
    let refuses = sources.iter().any(|source| starts_nest(source) && !Guards::of(source).is_empty());
    let guards_all = || *of_all.get_or_init(|| sources.iter().any(guards_all_methods));
    for (file, source) in sources.iter().enumerate() {
        let text = source.text();
        let of_class = match source.kind.ecosystem() {
            Some(Ecosystem::Node) if text.contains("@Controller(") => {
                let Some(nest) = &nest else { continue };
                let below = methods(text, &["@Controller"], &["@Get"], Some(""));
                below.into_iter().map(|(at, path)| (at, nest.full(&path))).collect()
            }
            Some(Ecosystem::Java) if text.contains("Mapping(") || text.contains("@GetMapping") => {
                methods(text, &["@RequestMapping"], &["@GetMapping", "@RequestMapping"], spring.as_deref())
            }
            Some(Ecosystem::Java) if text.contains("@GET") => jax_rs(text, &resource_prefix(sources)),
            Some(Ecosystem::DotNet) if text.contains("[HttpGet") => controllers(text),
            _ => continue,
        };
        let is_guarded = |at: usize| {
            source.kind.ecosystem() == Some(Ecosystem::Node) && (refuses || is_guarded(&guards_all, text, at))
        };
        routes.extend(of_class.into_iter().map(|(at, path)| {
            let end = text[at + 1..].find("\n    @").map_or(text.len(), |end| at + 1 + end);
            let may_refuse = is_guarded(at) || answers_with_error(source, at, end);
            let answer = if may_refuse { RouteAnswer::MayRefuse } else { answer_of(text, at, end) };
            Route { path, file, line: line_of(text, at), answer }
        }));
    }
    routes
}

/// Whether a source gives Nest a guard for all methods that does not only count requests.
fn guards_all_methods(source: &RouteSource) -> bool {
    let places = ["APP_GUARD,", "useGlobalGuards("].iter().flat_map(|word| source.text().match_indices(word));
    let mut named = places.map(|(at, _)| source.text()[at..].lines().take(3).collect::<String>());
    named.any(|text| !text.contains("Throttl"))
}

/// Whether a guard of Nest stands before a method: its own, that of its class, or one of all that does not only count.
fn is_guarded(guards_all: &dyn Fn() -> bool, text: &str, at: usize) -> bool {
    // The decorators of the method, on both sides of the one that names the path.
    let start = text[..at].rfind(['}', ';', '{']).map_or(0, |end| end + 1);
    let end = text[at..].find('{').map_or(text.len(), |end| at + end);
    let method = &text[start..end];
    let class = text[..at].rfind("class ").map_or("", |class| &text[text[..class].rfind("\n}").unwrap_or(0)..class]);
    let is_open =
        ["Public(", "SkipAuth", "AllowAnonymous"].iter().any(|word| method.contains(word) || class.contains(word));
    !is_open && (method.contains("@UseGuards(") || class.contains("@UseGuards(") || guards_all())
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
    for (at, list) in classes.iter().flat_map(|word| annotations(text, word)) {
        // A controller of Nest may have a version of its own.
        let path = if list.contains("version:") { None } else { first_path(list) };
        // The mapping of a class stands before it, that of a method within one.
        let Some(class) = class_at(at) else { continue };
        let behind = text[at..class].get(text[at..class].find(list).unwrap_or(0) + list.len()..).unwrap_or_default();
        let is_of_class = !behind.contains([';', '{']);
        if is_of_class && let Some(known) = prefixes.iter_mut().find(|(at, _)| *at == class) {
            known.1 = path;
        }
    }
    let mut paths = Vec::new();
    for (at, list) in gets.iter().flat_map(|word| annotations(text, word)) {
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

/// The places of an annotation, with what stands in its brackets; empty where it has none.
fn annotations<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = (usize, &'t str)> + use<'t> {
    code::words(text, name).map(|at| {
        let rest = &text[at + name.len()..];
        (at, if rest.starts_with('(') { code::bracketed(rest).unwrap_or_default() } else { "" })
    })
}

/// Methods of JAX-RS: `@GET` with a `@Path` of its own, in a class with one.
fn jax_rs(text: &str, front: &str) -> Vec<(usize, String)> {
    // The annotations before a class or method: from the end of what stands before to its own brace.
    const LONGEST: usize = 2_000;
    let head = |at: usize| {
        let first = text.floor_char_boundary(at.saturating_sub(LONGEST));
        let last = text.floor_char_boundary(at + LONGEST);
        // The braces of `@Produces({…})` are none of them.
        let closes = |(end, _): &(usize, &str)| {
            !text[end + 1..].trim_start().starts_with([')', ',']) && !text[..*end].trim_end().ends_with('(')
        };
        let start = text[first..at]
            .rmatch_indices(['{', '}', ';'])
            .map(|(end, mark)| (first + end, mark))
            .find(closes)
            .map_or(first, |(end, _)| end + 1);
        let behind = text[at..last].match_indices(['{', ';']).map(|(end, mark)| (at + end, mark));
        let end = behind.into_iter().find(closes).map_or(last, |(end, _)| end);
        &text[start..end]
    };
    let path = |head: &str| {
        let (_, list) = annotations(head, "@Path").next()?;
        literal(list.trim()).map(slashed)
    };
    let asks = |head: &str| ["@RolesAllowed", "@Authenticated"].iter().any(|word| head.contains(word));
    let mut paths = Vec::new();
    for at in code::words(text, "@GET").take(MOST_CALLS) {
        let Some(class) = text[..at].rfind("class ").map(&head) else { continue };
        let method = head(at);
        if asks(class) || asks(method) {
            continue;
        }
        let Some(of_class) = path(class) else { continue };
        if let Some(of_method) = path(method).or_else(|| (!method.contains("@Path")).then(String::new)) {
            paths.push((at, below_route(&below_route(front, &of_class), &of_method)));
        }
    }
    paths
}

/// What stands before all paths of JAX-RS: the path of the application, by its class or its settings.
fn resource_prefix(sources: &[RouteSource]) -> String {
    let of_class = |source: &RouteSource| {
        let (_, list) = annotations(source.text(), "@ApplicationPath").next()?;
        literal(list.trim()).map(slashed)
    };
    let of_settings = |source: &RouteSource| {
        let keys = ["quarkus.http.root-path", "quarkus.rest.path", "quarkus.resteasy.path"];
        let mut lines = source.raw.lines().filter_map(|line| line.split_once('='));
        lines.find(|(key, _)| keys.contains(&key.trim())).map(|(_, value)| slashed(value.trim()))
    };
    let java = || sources.iter().filter(|source| source.kind.ecosystem() == Some(Ecosystem::Java));
    let settings = || sources.iter().filter(|source| source.path.ends_with("application.properties"));
    java().find_map(of_class).or_else(|| settings().find_map(of_settings)).unwrap_or_default()
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
    // A microservice answers no requests of HTTP.
    let has = |word: &str| node().any(|source| source.raw.contains(word));
    if has(".createMicroservice(") && !has("NestFactory.create(") || has("RouterModule.register(") {
        return None;
    }
    let version = nest_version(sources)?;
    for source in node() {
        if let Some((_, rest)) = source.text().split_once(".setGlobalPrefix(") {
            // The bracket of the call was taken with its name.
            let list = code::bracketed(&source.text()[source.text().len() - rest.len() - 1..])?;
            let arguments = code::arguments(list);
            let path = slashed(literal(arguments.first()?)?);
            let path = below_route(&path, &version);
            let Some(options) = arguments.get(1) else { return Some(NestPrefix { path, ..NestPrefix::default() }) };
            let listed = named_argument(options, "exclude:")?;
            let literals = string_literals(source.path, listed).into_iter();
            let excluded = literals.map(|literal| literal.text.trim_matches('/').to_owned()).collect();
            return Some(NestPrefix { path, excluded });
        }
    }
    Some(NestPrefix { path: version, ..NestPrefix::default() })
}

/// The version that Nest puts before each path of a controller without one of its own: `/v1`; `None` if it is not known.
fn nest_version(sources: &[RouteSource]) -> Option<String> {
    let node = || sources.iter().filter(|source| source.kind.ecosystem() == Some(Ecosystem::Node));
    let mut calls = node().filter_map(|source| source.text().split_once(".enableVersioning("));
    let Some((_, rest)) = calls.next() else { return Some(String::new()) };
    let options = rest.split(')').next()?;
    let is_own = |source: &RouteSource| ["@Version(", "VERSION_NEUTRAL"].iter().any(|word| source.raw.contains(word));
    if !options.contains("VersioningType.URI") || options.contains("prefix") || node().any(is_own) {
        return None;
    }
    let (_, version) = options.split_once("defaultVersion:")?;
    let version = literal(version.split([',', '}', '\n']).next()?.trim())?;
    Some(format!("/v{version}"))
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
    for (at, _) in text.match_indices("[HttpGet").take(MOST_CALLS) {
        let Some(class) = text[..at].rfind(" class ") else { continue };
        let name = text[class + " class ".len()..].split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        // From the end of the class before it.
        let head = &text[..class];
        let head = &head[head.rfind("\n}").or_else(|| head.rfind(';')).unwrap_or(0)..];
        let argument = |rest: &str| {
            rest.strip_prefix('(')
                .map_or(Some(String::new()), |rest| literal(rest.split([')', ',']).next()?).map(str::to_owned))
        };
        let front = head.rfind("[Route").map(|route| argument(&head[route + "[Route".len()..]));
        let Some(path) = argument(&text[at + "[HttpGet".len()..]) else { continue };
        // Without a path of its own, a method of a controller without one is no route.
        let front = match front {
            Some(Some(front)) => front,
            None if !path.is_empty() => String::new(),
            _ => continue,
        };
        let start = text[..at].rfind(['}', ';', '{']).map_or(0, |end| end + 1);
        let end = text[at..].find('{').map_or(text.len(), |end| at + end);
        let method = &text[start..end];
        if (head.contains("[Authorize") || method.contains("[Authorize")) && !method.contains("[AllowAnonymous") {
            continue;
        }
        // Paths of ASP.NET Core are the same in both cases.
        let name = name.strip_suffix("Controller").unwrap_or(name).to_ascii_lowercase();
        let front = front.replace("[controller]", &name);
        let front = if path.starts_with('/') { String::new() } else { slashed(&front) };
        paths.push((at, below_route(&front, &slashed(&path))));
    }
    paths
}
