//! Routes of axum, actix-web and Rocket: what one expression after the other puts below a path, from the one that is served.

use std::collections::HashMap;

use super::handler::answer_of;
use super::source::{MOST_CALLS, Route, RouteAnswer, RouteSource, line_of};
use crate::manifest::Ecosystem;
use crate::sources::code;
use crate::sources::patterns;
use crate::sources::values::literal;
use crate::text::path::below_route;

/// The maximum number of routers that a route is below.
const DEEPEST: usize = 8;

/// All routes of programs in Rust.
pub(super) fn routes(sources: &[RouteSource]) -> Vec<Route> {
    let rust = |source: &RouteSource| source.kind.ecosystem() == Some(Ecosystem::Rust);
    let mut functions: HashMap<&str, Vec<(usize, usize)>> = HashMap::new();
    for (file, source) in sources.iter().enumerate().filter(|(_, source)| rust(source)) {
        let text = source.text();
        for at in code::words(text, "fn").map(|at| at + "fn ".len()).filter(|at| text.is_char_boundary(*at)) {
            let name = text[at..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            functions.entry(name).or_default().push((file, at));
        }
    }
    let mut reader = RustRoutes { sources, functions, routes: Vec::new(), steps: MOST_CALLS };
    for (file, source) in sources.iter().enumerate().filter(|(_, source)| rust(source)) {
        let text = source.text();
        for (at, word) in text.match_indices("axum::serve(") {
            let list = code::bracketed(&text[at + word.len() - 1..]).unwrap_or_default();
            let Some(served) = code::arguments(list).get(1).copied() else { continue };
            reader.read(RustPlace { file, at }, served, &Front::default(), 0);
        }
        for (at, word) in text.match_indices(".serve(") {
            // Before axum 0.7: `axum::Server::bind(&address).serve(app.into_make_service())`
            let list = code::bracketed(&text[at + word.len() - 1..]).unwrap_or_default();
            if text[..at].rfind("Server::bind(").is_some_and(|bind| !text[bind..at].contains(';')) {
                reader.read(RustPlace { file, at }, list, &Front::default(), 0);
            }
        }
        for at in ["App::new()", "rocket::build()"].iter().flat_map(|word| text.match_indices(word)).map(|(at, _)| at) {
            reader.read(RustPlace { file, at }, &text[at..], &Front::default(), 0);
        }
    }
    reader.routes
}

/// Where an expression stands.
#[derive(Clone, Copy)]
struct RustPlace {
    file: usize,
    at: usize,
}

/// What stands before a route: its path, and whether something may refuse.
#[derive(Clone, Default)]
struct Front {
    path: String,
    may_refuse: bool,
}

impl Front {
    fn below(&self, path: &str) -> Self {
        Self { path: below_route(&self.path, path), may_refuse: self.may_refuse }
    }
}

struct RustRoutes<'r, 's> {
    sources: &'r [RouteSource<'s>],
    /// Where functions are defined, by their names: file and offset of the name.
    functions: HashMap<&'r str, Vec<(usize, usize)>>,
    routes: Vec<Route>,
    /// Calls that may still be looked at.
    steps: usize,
}

impl<'r> RustRoutes<'r, '_> {
    /// Adds the routes of an expression at a place: a chain of calls, a variable, a function that returns one.
    fn read(&mut self, place: RustPlace, expression: &'r str, front: &Front, depth: usize) {
        let expression = expression.trim_start().trim_start_matches(['&', '*']).trim_start();
        let end = expression.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').unwrap_or(expression.len());
        let (head, rest) = expression.split_at(end);
        if depth == DEEPEST || head.is_empty() || self.steps == 0 {
            return;
        }
        self.steps -= 1;
        let list = if rest.starts_with('(') { code::bracketed(rest) } else { None };
        let behind = list.map_or(rest, |list| &rest[list.len() + 2..]);
        let first = || list.and_then(|list| literal(code::arguments(list).first()?));
        let new_front = match head {
            "App::new" | "actix_web::App::new" | "rocket::build" => Some(front.clone()),
            _ if head.ends_with("Router::new") || head.ends_with("Router::default") => Some(front.clone()),
            "web::scope" | "scope" => match first() {
                Some(path) => Some(front.below(path)),
                None => return,
            },
            "web::resource" | "resource" => {
                if let Some(path) = first()
                    && calls(behind).iter().any(|call| call.list.contains("get()") || call.name == "to")
                {
                    self.add(place, path, list.unwrap_or_default(), behind, front);
                }
                return;
            }
            _ => None,
        };
        let start = self.routes.len();
        let is_new = new_front.is_some();
        let front = new_front.unwrap_or_else(|| front.clone());
        if !is_new {
            match list {
                Some(_) => self.read_function(place, head, &front, depth),
                None => self.read_name(place, head, &front, depth),
            }
        }
        self.read_calls(place, behind, &front, (start, depth));
    }

    /// The calls behind the start of a chain.
    fn read_calls(&mut self, place: RustPlace, behind: &'r str, front: &Front, (start, depth): (usize, usize)) {
        for call in calls(behind) {
            let arguments = code::arguments(call.list);
            let path = arguments.first().and_then(|first| literal(first));
            match (call.name, &arguments[..]) {
                ("route", [_, handlers, ..]) if answers_get(handlers) => {
                    if let Some(path) = path {
                        self.add(place, path, handlers, "", front);
                    }
                }
                ("nest" | "nest_service", [_, inner]) => {
                    if let Some(path) = path {
                        self.read(place, inner, &front.below(path), depth + 1);
                    }
                }
                ("merge" | "service" | "configure", [inner]) => self.read(place, inner, front, depth + 1),
                ("mount", [_, list]) => {
                    let names = list.split_once("routes![").and_then(|(_, rest)| rest.split(']').next());
                    for name in names.into_iter().flat_map(|names| names.split(',')) {
                        if let Some(path) = path {
                            self.read(place, name, &front.below(path), depth + 1);
                        }
                    }
                }
                // It stands around what was added before it.
                ("layer" | "route_layer" | "wrap", [layer, ..]) if may_refuse(layer) => {
                    self.routes[start..].iter_mut().for_each(Route::restrict);
                }
                _ => {}
            }
        }
    }

    /// A variable of the same function, or a handler with its path in an attribute: `#[get("/health")]`.
    fn read_name(&mut self, place: RustPlace, name: &'r str, front: &Front, depth: usize) {
        let text = self.sources[place.file].text();
        let bound = |at: &usize| {
            let before = text[..*at].trim_end();
            let line = before.rsplit(['\n', ';', '{']).next().unwrap_or(before).trim();
            matches!(line, "let" | "let mut") || line.is_empty()
        };
        let mut places: Vec<usize> = code::words(text, name).take_while(|at| *at < place.at).filter(bound).collect();
        while let Some(at) = places.pop() {
            let rest = text[at + name.len()..].trim_start();
            let value = match rest.strip_prefix(':') {
                Some(typed) => typed.split_once('=').map(|(_, value)| value),
                None => rest.strip_prefix('=').filter(|value| !value.starts_with(['=', '>'])),
            };
            if let Some(value) = value {
                return self.read(RustPlace { at, ..place }, value, front, depth + 1);
            }
        }
        self.read_function(place, name, front, depth);
    }

    /// What a function returns, puts into the settings that it is handed, or answers by its attribute.
    fn read_function(&mut self, place: RustPlace, path: &'r str, front: &Front, depth: usize) {
        let (module, name) = path.rsplit_once("::").unwrap_or(("", path));
        let module =
            module.rsplit("::").next().filter(|part| !matches!(*part, "" | "self" | "super" | "crate" | "Self"));
        let Some((file, at)) = self.function(place.file, module, name) else { return };
        let text = self.sources[file].text();
        if let Some(path) = attribute_path(&text[..at]) {
            let line = text[..at].rfind("#[").unwrap_or(at);
            let body = body(&text[at..]).map_or("", |body| body);
            self.push(file, line, &front.below(path), answer_of(body, 0, body.len()), &text[at..]);
            return;
        }
        let Some(body) = body(&text[at..]) else { return };
        let start = at + text[at..].find(body).unwrap_or_default();
        let inside = RustPlace { file, at: start + body.len() };
        // `fn config(cfg: &mut web::ServiceConfig) { cfg.service(…); }`
        let head = &text[at..start];
        if let Some((parameter, _)) = head.split_once("ServiceConfig").and_then(|(list, _)| list.rsplit_once(':')) {
            let parameter =
                parameter.rsplit(['(', ',']).next().unwrap_or_default().split(':').next().unwrap_or_default().trim();
            for at in code::words(body, parameter).take(MOST_CALLS) {
                self.read_calls(inside, &body[at + parameter.len()..], front, (self.routes.len(), depth));
            }
            return;
        }
        self.read(inside, last_expression(body), front, depth + 1);
    }

    /// Where a function is defined: in the same file, or in that of the module.
    fn function(&self, file: usize, module: Option<&str>, name: &str) -> Option<(usize, usize)> {
        let known = self.functions.get(name)?;
        let is_module = |path: &str| module.is_none_or(|module| path.split(['/', '.']).any(|part| part == module));
        let here = known.iter().find(|(other, _)| module.is_none() && *other == file);
        here.or_else(|| known.iter().find(|(file, _)| is_module(self.sources[*file].path))).copied()
    }

    /// A route whose handler is named: what the handler asks for says who gets an answer.
    fn add(&mut self, place: RustPlace, path: &str, handlers: &'r str, behind: &'r str, front: &Front) {
        if self.routes.len() >= MOST_CALLS {
            return;
        }
        let text = self.sources[place.file].text();
        let written = format!("\"{path}\"");
        let at = text[..place.at].rfind(&written).or_else(|| text.find(&written)).unwrap_or(place.at);
        let named = [handlers, behind].into_iter().find_map(|part| {
            let (_, rest) = part
                .split_once("get(")
                .filter(|(_, rest)| !rest.starts_with(')'))
                .or_else(|| part.split_once(".to("))?;
            rest.split([')', ',']).next()
        });
        let (module, name) = named.map_or((None, ""), |named| match named.trim().rsplit_once("::") {
            Some((module, name)) => (module.rsplit("::").next(), name),
            None => (None, named.trim()),
        });
        let handler = if name.is_empty() { None } else { self.function(place.file, module, name) };
        let (answer, head) = match handler {
            Some((file, at)) => {
                let text = &self.sources[file].text()[at..];
                let body = body(text).unwrap_or_default();
                (answer_of(body, 0, body.len()), text)
            }
            None => (RouteAnswer::Always, ""),
        };
        // axum answers the first route of a nested router at the path that it is nested at, and there alone.
        let is_top = path == "/" && !front.path.is_empty() && !handlers.contains("web::");
        let front = if is_top { front.clone() } else { front.below(path) };
        self.push(place.file, at, &front, answer, head);
    }

    /// `head`: the function from its name on; what it is handed may ask for a login.
    fn push(&mut self, file: usize, at: usize, front: &Front, answer: RouteAnswer, head: &str) {
        let signature = head.split('{').next().unwrap_or_default();
        let refuses = front.may_refuse || may_refuse(signature) || takes_more(signature);
        let answer = if refuses { RouteAnswer::MayRefuse } else { answer };
        let path = if front.path.is_empty() { "/".to_owned() } else { front.path.clone() };
        self.routes.push(Route { path, file, line: line_of(self.sources[file].text(), at), answer });
    }
}

/// Whether a layer, or what a handler takes, may ask for a login.
fn may_refuse(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["auth", "jwt", "claims", "session"].iter().any(|word| lower.contains(word))
}

/// Whether a handler takes what a request has to bring: a type of the program, which may refuse it.
fn takes_more(signature: &str) -> bool {
    let open = signature.find('(').and_then(|at| code::bracketed(&signature[at..])).unwrap_or_default();
    let is_known = |part: &str| {
        let kind = part.rsplit_once(": ").map_or("", |(_, kind)| kind).trim_start_matches(['&', '*']);
        let name = kind.split(['<', ' ']).next().unwrap_or_default().rsplit("::").next().unwrap_or_default();
        // `&'static str`, `i32`, `impl Trait`
        !name.starts_with(char::is_uppercase) || patterns::words_in("Rust", "is handed to each request").contains(&name)
    };
    !code::arguments(open).into_iter().all(is_known)
}

/// Whether the handlers of a route hold one for GET: `get(f)`, `post(a).get(b)`, `web::get().to(f)`.
fn answers_get(handlers: &str) -> bool {
    ["get", "any"].iter().any(|name| code::words(handlers, name).any(|at| handlers[at + name.len()..].starts_with('(')))
}

/// A call of a chain.
struct ChainCall<'t> {
    name: &'t str,
    list: &'t str,
}

/// The calls of a chain from its first dot on.
fn calls(mut rest: &str) -> Vec<ChainCall<'_>> {
    let mut all = Vec::new();
    while let Some(behind) = rest.trim_start().trim_start_matches('?').trim_start().strip_prefix('.') {
        let behind = behind.trim_start();
        let end = behind.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(behind.len());
        let (name, mut after) = behind.split_at(end);
        if let Some(generic) = after.strip_prefix("::<") {
            let Some((_, list)) = generic.split_once(">(") else { break };
            after = &after[after.len() - list.len() - 1..];
        }
        rest = after;
        if let (true, Some(list)) = (after.starts_with('('), code::bracketed(after)) {
            all.push(ChainCall { name, list });
            rest = &after[list.len() + 2..];
        } else if name != "await" {
            break;
        }
        if all.len() == MOST_CALLS {
            break;
        }
    }
    all
}

/// The path of the attribute before a function that answers GET: `#[get("/health")]`.
fn attribute_path(before: &str) -> Option<&str> {
    let start = before.rfind(['}', ';']).map_or(0, |at| at + 1);
    let (_, rest) =
        before[start..].rsplit_once("get(\"").filter(|(front, _)| front.ends_with("#[") || front.ends_with("::"))?;
    rest.split('"').next()
}

/// The body of the function at the start of a text, without its braces. Quotes of lifetimes are none of strings.
fn body(text: &str) -> Option<&str> {
    const LONGEST: usize = 40_000;
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let open = text.find('{')?;
    let (mut depth, mut is_string) = (0_usize, false);
    for (at, byte) in text.bytes().enumerate().skip(open) {
        match byte {
            b'"' if text.as_bytes()[at - 1] != b'\\' => is_string = !is_string,
            b'{' if !is_string => depth += 1,
            b'}' if !is_string => {
                depth -= 1;
                if depth == 0 {
                    return Some(&text[open + 1..at]);
                }
            }
            _ => {}
        }
    }
    None
}

/// What a function returns: behind its last statement, or in `Ok(…)`.
fn last_expression(body: &str) -> &str {
    let mut depth = 0_usize;
    let mut start = 0;
    let mut is_string = false;
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            b'"' => is_string = !is_string,
            _ if is_string => {}
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b';' if depth == 0 && !body[at + 1..].trim().is_empty() => start = at + 1,
            _ => {}
        }
    }
    let last = body[start..].trim().trim_start_matches("return ").trim_end_matches(';');
    last.strip_prefix("Ok(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(last)
}
