//! Who gets an answer from a route, by the words of its handler and of what is asked before it.

use super::login::asks_for_login;
use super::middleware::may_refuse;
use super::source::{RouteAnswer, RouteSource};
use crate::manifest::Ecosystem;
use crate::sources::code;
use crate::sources::patterns;
use crate::sources::values::literal;

/// Lines of a handler that are looked at.
const LINES: usize = 14;

/// Who gets an answer from the route that a call at a place declares; `end`: where the next one begins.
pub(super) fn answer_of(text: &str, at: usize, end: usize) -> RouteAnswer {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let body = &text[start..end.max(at)];
    // The decorators of the next function belong to that.
    let lines = body.lines().take(LINES).enumerate();
    let lines = lines.take_while(|(number, line)| *number < 2 || !line.trim_start().starts_with('@'));
    let body: String = lines.flat_map(|(_, line)| [line, "\n"]).collect();
    // A parameter of FastAPI asks no database.
    let body = body.replace(" Query(", " (").to_ascii_lowercase();
    // A connection to a database is tested so, not who asks: `sequelize.authenticate()`.
    let body = body.replace(".authenticate()", "");
    match () {
        () if patterns::shows(&body, "may refuse") => RouteAnswer::MayRefuse,
        () if patterns::shows(&body, "asks another service") => RouteAnswer::WithOthers,
        () => RouteAnswer::Always,
    }
}

/// What a file asks before each request.
pub(super) struct Guards {
    /// The places from which on requests are asked.
    places: Vec<usize>,
}

/// Words by which what is asked before each request refuses.
const REFUSES: [&str; 4] = ["401", "403", "unauthorized", "forbidden"];

/// Whether a text has such a word.
pub(super) fn refuses(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    REFUSES.iter().any(|word| lower.contains(word))
}

impl Guards {
    pub(super) fn of(source: &RouteSource) -> Self {
        let text = source.text();
        let places = match source.kind.ecosystem() {
            Some(Ecosystem::Python) if refuses_before(text) => vec![0],
            Some(Ecosystem::Node) if refuses_by_hook(text) => vec![0],
            Some(Ecosystem::Node) => guards_of_calls(text),
            _ => Vec::new(),
        };
        Self { places }
    }

    /// Whether the file has none.
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether one stands before a place of the file.
    pub(super) fn stand_before(&self, at: usize) -> bool {
        self.places.iter().any(|place| *place <= at)
    }
}

/// What Express, Koa and Hono are told to ask before each request, in the order of the calls.
fn guards_of_calls(text: &str) -> Vec<usize> {
    let is_all = |path: &str| matches!(literal(path), Some("*" | "/*" | "/"));
    let uses = text.match_indices(".use(").filter(|(at, _)| {
        let arguments = code::bracketed(&text[at + ".use".len()..]).map(code::arguments);
        arguments.is_some_and(|arguments| match arguments[..] {
            [path, ref functions @ ..] if is_all(path) => functions.iter().any(|function| may_refuse(text, function)),
            // Below a path of its own.
            [path, _, ..] if literal(path).is_some() || path.starts_with('[') => false,
            ref functions => functions.iter().any(|function| may_refuse(text, function)),
        })
    });
    uses.map(|(at, _)| at).collect()
}

/// Whether a hook of Fastify refuses requests.
fn refuses_by_hook(text: &str) -> bool {
    text.match_indices(".addHook(").any(|(at, word)| {
        let list = code::bracketed(&text[at + word.len() - 1..]).unwrap_or_default().to_ascii_lowercase();
        let is_before = ["onrequest", "prehandler", "prevalidation"].iter().any(|name| list.contains(name));
        is_before && REFUSES.iter().chain(&["auth", "jwt"]).any(|word| list.contains(word))
    })
}

/// Whether something that a Python application asks before each request refuses some: a function behind
/// `@app.before_request` or `@app.middleware("http")`, or a class that is added as middleware.
fn refuses_before(text: &str) -> bool {
    let mut functions = ["before_request", ".middleware("].into_iter().flat_map(|word| text.match_indices(word));
    let by_function = functions.any(|(at, _)| {
        let line = text[at..].split('\n').next().unwrap_or_default();
        // `app.before_request(check)`: the function stands elsewhere.
        let name = line.split_once('(').and_then(|(_, rest)| rest.split(')').next()).unwrap_or_default();
        let named = definition(text, name, "def ");
        refuses(named.unwrap_or_else(|| block(&text[at..], 1)))
    });
    let mut classes = text.match_indices("add_middleware(");
    by_function
        || classes.any(|(at, word)| {
            let list = code::bracketed(&text[at + word.len() - 1..]).unwrap_or_default();
            let name = list.split(',').next().unwrap_or_default().trim();
            definition(text, name, "class ").map_or_else(|| asks_for_login(name), refuses)
        })
}

/// The text of a function or class of a name.
fn definition<'t>(text: &'t str, name: &str, word: &str) -> Option<&'t str> {
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let at = text.find(&format!("{word}{name}(")).filter(|_| is_name)?;
    Some(block(&text[at..], 0))
}

/// The lines of a definition: up to the next one that starts at the margin. `heads`: the lines at the margin between the
/// start of the text and its body, such as that of `def` below a decorator.
fn block(text: &str, heads: usize) -> &str {
    const LONGEST: usize = 4_000;
    let text = &text[..text.floor_char_boundary(LONGEST)];
    let margins = text
        .match_indices('\n')
        .filter(|(at, _)| text[at + 1..].starts_with(|c: char| !c.is_whitespace() && c != ')' && c != '#'));
    let end = margins.map(|(at, _)| at).nth(heads);
    &text[..end.unwrap_or(text.len())]
}
