//! Routes that one file lists: Django's URLs, Rails' routes, Sinatra, Laravel's health page, routes of Starlette.

use super::handler::answer_of;
use super::mounts::python_file;
use super::source::{Route, RouteAnswer, RouteSource, line_of};
use crate::manifest::Ecosystem;
use crate::sources::code;
use crate::sources::patterns;
use crate::sources::values::literal;
use crate::text::path::below_route;

/// Lines above a route that are looked at for the blocks around it.
const MOST_LINES: usize = 300;

/// The maximum number of functions of a list that are looked for.
const MOST_HANDLERS: usize = 200;

/// The maximum number of lists of URLs that include each other.
const DEEPEST: usize = 4;

/// All routes of lists.
pub(super) fn routes(sources: &[RouteSource]) -> Vec<Route> {
    let mut routes = Vec::new();
    django(sources, &mut routes);
    for (file, source) in sources.iter().enumerate() {
        let text = source.text();
        match source.kind.ecosystem() {
            Some(Ecosystem::Go) if text.contains("middleware.Heartbeat(") => heartbeat(file, text, &mut routes),
            Some(Ecosystem::Node) if text.contains("exposeStatusRoute:") => status_route(file, text, &mut routes),
            Some(Ecosystem::Python) if text.contains("Starlette(") => starlette(file, text, &mut routes),
            Some(Ecosystem::Python) if text.contains("Litestar(") => litestar(sources, source.text(), &mut routes),
            Some(Ecosystem::Ruby) if source.path.ends_with("config/routes.rb") => rails(file, text, &mut routes),
            Some(Ecosystem::Ruby) if text.to_ascii_lowercase().contains("sinatra") => sinatra(file, text, &mut routes),
            Some(Ecosystem::Php) if source.path.ends_with("bootstrap/app.php") => {
                let health = text
                    .split_once("health:")
                    .and_then(|(before, rest)| Some((before.len(), literal(rest.split([',', '\n', ')']).next()?)?)));
                routes.extend(health.map(|(at, path)| plain(file, text, at, path)));
            }
            _ => {}
        }
    }
    routes
}

fn plain(file: usize, text: &str, at: usize, path: &str) -> Route {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    Route { path, file, line: line_of(text, at), answer: RouteAnswer::Always }
}

/// `r.Use(middleware.Heartbeat("/ping"))` of chi, which answers whatever the router is mounted at.
fn heartbeat(file: usize, text: &str, routes: &mut Vec<Route>) {
    for (at, word) in text.match_indices("middleware.Heartbeat(") {
        let path = code::bracketed(&text[at + word.len() - 1..]).and_then(literal);
        routes.extend(path.map(|path| plain(file, text, at, path)));
    }
}

/// `exposeStatusRoute: '/health'` of Fastify's under-pressure; `true` stands for `/status`.
fn status_route(file: usize, text: &str, routes: &mut Vec<Route>) {
    for (at, word) in text.match_indices("exposeStatusRoute:") {
        let value = code::expression(&text[at + word.len()..]);
        let url = value.split_once("url:").map_or(value, |(_, url)| code::expression(url));
        let path = if value == "true" { Some("/status") } else { literal(url) };
        routes.extend(path.map(|path| plain(file, text, at, path)));
    }
}

/// `ROOT_URLCONF = "shop.urls"`, and what that file includes.
fn django(sources: &[RouteSource], routes: &mut Vec<Route>) {
    let root = sources.iter().find_map(|source| {
        let (_, rest) = source.text().split_once("ROOT_URLCONF")?;
        literal(rest.trim_start().strip_prefix('=')?.lines().next()?)
    });
    let Some(file) = root.and_then(|module| python_file(sources, "", module)) else { return };
    let mut listed = Vec::new();
    urls(sources, file, "", 0, &mut listed);
    // Django refuses requests for hosts that its settings do not allow.
    if !allows_this_machine(sources) {
        listed.iter_mut().for_each(Route::restrict);
    }
    routes.extend(listed);
}

/// Whether the settings of Django allow requests to 127.0.0.1: each list of hosts that is set has it, or all; while it
/// debugs, so do those without a list (Django docs, settings: `ALLOWED_HOSTS`).
fn allows_this_machine(sources: &[RouteSource]) -> bool {
    let lists = sources.iter().flat_map(|source| {
        let text = source.raw;
        text.match_indices("ALLOWED_HOSTS").map(move |(at, name)| &text[at + name.len()..])
    });
    let debugs =
        |word: &str| sources.iter().any(|source| source.raw.contains(word) && source.raw.contains("DEBUG = True"));
    let mut lists = lists.filter_map(|rest| rest.trim_start().strip_prefix('=')).peekable();
    let allows = |list: &str| {
        let list = list.split(']').next().unwrap_or(list);
        // While it debugs, an empty list allows this machine.
        let is_empty = list.trim_start().strip_prefix('[').is_some_and(|rest| rest.trim().is_empty());
        ["'*'", "\"*\"", "127.0.0.1"].iter().any(|host| list.contains(host)) || is_empty && debugs("ALLOWED_HOSTS")
    };
    if lists.peek().is_some() { lists.all(allows) } else { debugs("ROOT_URLCONF") }
}

fn urls(sources: &[RouteSource], file: usize, front: &str, depth: usize, routes: &mut Vec<Route>) {
    let text = sources[file].text();
    for (at, _) in text.match_indices("path(").filter(|(at, _)| !text[..*at].ends_with(['.', '_'])) {
        let Some(list) = code::bracketed(&text[at + "path".len()..]) else { continue };
        let arguments = code::arguments(list);
        let [first, view, ..] = arguments[..] else { continue };
        // `re_path(r"^health/$", …)`
        let is_pattern = text[..at].ends_with("re_");
        let Some(part) = literal(first.trim_start_matches('r')) else { continue };
        let part = if is_pattern { part.trim_start_matches('^').trim_end_matches('$') } else { part };
        let path = below_route(front, &format!("/{part}"));
        if let Some(("include", inner)) = code::call(view) {
            let module = code::arguments(inner).first().and_then(|module| literal(module));
            let target = module.and_then(|module| python_file(sources, "", module));
            if let Some(target) = target
                && depth < DEEPEST
            {
                urls(sources, target, &path, depth + 1, routes);
            }
            continue;
        }
        let answer = if asks_for_login(view) { RouteAnswer::MayRefuse } else { view_answer(sources, view) };
        routes.push(Route { path, file, line: line_of(text, at), answer });
    }
}

fn asks_for_login(view: &str) -> bool {
    view.contains("login_required") || view.contains("admin.site")
}

/// Who gets an answer from a view of Django, by the function with its name.
fn view_answer(sources: &[RouteSource], view: &str) -> RouteAnswer {
    let name = view.trim_end_matches(".as_view()").rsplit('.').next().unwrap_or(view);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let defined = sources.iter().filter(|source| is_name && source.kind.ecosystem() == Some(Ecosystem::Python));
    let mut bodies = defined.filter_map(|source| {
        let at =
            source.text().find(&format!("def {name}(")).or_else(|| source.text().find(&format!("class {name}(")))?;
        // Its decorators stand before it.
        let start = source.text()[..at].rfind("\n\n").map_or(0, |blank| blank + 2);
        Some(answer_of(source.text(), start, source.text().len()))
    });
    bodies.next().unwrap_or(RouteAnswer::Always)
}

/// `Route("/health", health)` in the list of a Starlette application.
fn starlette(file: usize, text: &str, routes: &mut Vec<Route>) {
    for (at, _) in text.match_indices("Route(").filter(|(at, _)| !text[..*at].ends_with(char::is_alphanumeric)) {
        let inside_mount = text[..at].rfind("Mount(").is_some_and(|mount| !text[mount..at].contains(")]"));
        let Some(list) = code::bracketed(&text[at + "Route".len()..]) else { continue };
        if inside_mount {
            continue;
        }
        let path = code::arguments(list).first().and_then(|first| literal(first));
        routes.extend(path.map(|path| plain(file, text, at, path)));
    }
}

/// `Litestar(route_handlers=[health])`, with `@get("/health")` before the function; classes and routers are left out.
fn litestar(sources: &[RouteSource], text: &str, routes: &mut Vec<Route>) {
    let Some((_, rest)) = text.split_once("Litestar(") else { return };
    let list = code::bracketed(&text[text.len() - rest.len() - 1..]).unwrap_or_default();
    let arguments = code::arguments(list);
    let value = |name: &str| arguments.iter().find_map(|part| part.strip_prefix(name)?.trim_start().strip_prefix('='));
    let front = value("path").map_or(Some(""), |path| literal(path.trim()));
    let handlers = value("route_handlers").and_then(|list| code::bracketed(list.trim()));
    let asks = ["guards", "middleware", "on_app_init", "before_request"].iter().any(|name| value(name).is_some());
    let (Some(front), Some(handlers)) = (front, handlers) else { return };
    for name in code::arguments(handlers).into_iter().take(MOST_HANDLERS) {
        for (file, source) in sources.iter().enumerate().filter(|(_, source)| source.raw.contains("@get(")) {
            let text = source.text();
            let Some(at) = text.find(&format!("def {name}(")) else { continue };
            let Some(start) = text[..at].rfind("\n@get(").or_else(|| text.starts_with("@get(").then_some(0)) else {
                continue;
            };
            let between = text[start + 1..at].contains("\ndef ") || text[start + 1..at].contains("\nasync def ");
            let decorator = text[start..].find('(').and_then(|open| code::bracketed(&text[start + open..]));
            let path = decorator.and_then(|list| code::arguments(list).first().and_then(|first| literal(first)));
            let Some(path) = path else { continue };
            if between && !text[start + 1..at].ends_with("async ") {
                continue;
            }
            let end = text[at..].find("\n@").map_or(text.len(), |end| at + end);
            let answer = if asks { RouteAnswer::MayRefuse } else { answer_of(text, at, end) };
            let path = below_route(front, &format!("/{}", path.trim_start_matches('/')));
            routes.push(Route { path, file, line: line_of(text, start + 1), answer });
        }
    }
}

/// `get "up" => "rails/health#show"`, also inside of `namespace :api do`.
fn rails(file: usize, text: &str, routes: &mut Vec<Route>) {
    for (at, line) in lines(text) {
        let Some(rest) = line.trim_start().strip_prefix("get ") else { continue };
        let end = rest.find([',', '=', ' ']).unwrap_or(rest.len());
        if let Some(path) = literal(&rest[..end])
            && let Some(front) = blocks_around(text, at, line)
        {
            routes.push(plain(file, text, at, &below_route(&front, &format!("/{}", path.trim_start_matches('/')))));
        }
    }
}

/// `get '/health' do`, also inside of `namespace '/api' do`.
fn sinatra(file: usize, text: &str, routes: &mut Vec<Route>) {
    for (at, line) in lines(text) {
        let Some(rest) = line.trim_start().strip_prefix("get ") else { continue };
        let path = rest.trim_end().strip_suffix("do").and_then(literal);
        if let Some(path) = path
            && let Some(front) = blocks_around(text, at, line)
        {
            let end = text[at..].find("\nend").map_or(text.len(), |end| at + end);
            let path = if front.is_empty() { path.to_owned() } else { below_route(&front, path) };
            routes.push(Route { answer: answer_of(text, at, end), ..plain(file, text, at, &path) });
        }
    }
}

/// The path that the blocks of Ruby around a line put before its route, by their indentation; `None` where one of them may
/// put another thing there.
fn blocks_around(text: &str, at: usize, line: &str) -> Option<String> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut level = indent(line);
    let mut front = String::new();
    for (count, above) in text[..at].lines().rev().filter(|line| !line.trim().is_empty()).enumerate() {
        if level == 0 {
            break;
        }
        if count == MOST_LINES {
            return None;
        }
        if indent(above) >= level {
            continue;
        }
        level = indent(above);
        let mut words = above.trim().split([' ', ',', '(']);
        match words.next().unwrap_or_default() {
            "namespace" => {
                let name = words.find(|word| !word.is_empty())?;
                let name = name.strip_prefix(':').or_else(|| literal(name))?;
                front = below_route(&format!("/{}", name.trim_start_matches('/')), &front);
            }
            word if patterns::words("opens a block without a path").any(|known| known == word) => {}
            _ => return None,
        }
    }
    Some(front)
}

/// The lines of a text with their offsets.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line.trim_end_matches(['\n', '\r']))
    })
}
