//! What routes are declared on: applications, routers that are mounted somewhere, groups below a path.

use std::collections::HashMap;

use super::source::{MOST_CALLS, RouteSource};
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::code;
use crate::sources::patterns::{self, WordPattern};
use crate::sources::values::{Evaluator, SourceValue, literal};

/// What routes are declared on.
pub(super) struct RouteHolder<'s> {
    pub(super) file: usize,
    /// The name that it is bound to: `app`, `s.router`.
    pub(super) name: &'s str,
    /// Where it is made.
    pub(super) at: usize,
    /// The call that makes it, without its bracket; empty for what a function is handed.
    pub(super) text: &'static str,
    pub(super) kind: HolderKind<'s>,
    /// The path that it puts before those of its routes; `None` if that is not known.
    pub(super) prefix: Option<String>,
    /// Whether something asks each request for a login, by its own arguments.
    pub(super) may_refuse: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HolderKind<'s> {
    /// An application: what listens.
    Application,
    /// It answers only where it is mounted.
    Router,
    /// Below another one of the same file.
    Group(&'s str),
    /// What a function of the file is handed.
    Parameter,
}

/// All holders of a program.
pub(super) struct RouteHolders<'s> {
    pub(super) all: Vec<RouteHolder<'s>>,
    by_name: HashMap<(usize, &'s str), Vec<usize>>,
}

impl<'s> RouteHolders<'s> {
    pub(super) fn of(sources: &'s [RouteSource<'s>], evaluator: &Evaluator) -> Self {
        let mut all = Vec::new();
        for (file, source) in sources.iter().enumerate() {
            if ["makes an application", "makes a router"].iter().any(|meaning| source.shows(meaning)) {
                add_holders(file, source, evaluator, &mut all);
            }
            if source.shows("answers GET") {
                add_parameters(file, source, &mut all);
            }
        }
        add_made_applications(sources, &mut all);
        let mut by_name: HashMap<(usize, &str), Vec<usize>> = HashMap::new();
        for (index, holder) in all.iter().enumerate() {
            by_name.entry((holder.file, holder.name)).or_default().push(index);
        }
        Self { all, by_name }
    }

    /// The holder that a name stands for at a place of a file: the last one before it, else any of the file.
    pub(super) fn by_name(&self, file: usize, name: &str, at: usize) -> Option<usize> {
        let known = self.by_name.get(&(file, name))?;
        known.iter().copied().rfind(|index| self.all[*index].at <= at).or_else(|| known.first().copied())
    }

    /// The holder that a chain of calls begins with: `Hono(`, the last one that is made before it.
    pub(super) fn of_chain(&self, file: usize, name: &str, at: usize) -> Option<usize> {
        let name = name.strip_suffix('(')?;
        let is_it = |holder: &RouteHolder| holder.file == file && holder.at < at && holder.text.ends_with(name);
        self.all.iter().rposition(is_it)
    }

    /// The holder in a field: `s.router` of one file, made as `router: chi.NewRouter()` in another one of its folder.
    pub(super) fn field(&self, sources: &[RouteSource], file: usize, name: &str) -> Option<usize> {
        let (_, field) = name.rsplit_once('.')?;
        let folder = |file: usize| crate::text::path::parent(sources[file].path);
        let mut fits =
            self.all.iter().enumerate().filter(|(_, holder)| {
                folder(holder.file) == folder(file) && holder.name.rsplit('.').next() == Some(field)
            });
        let (index, _) = fits.next()?;
        fits.next().is_none().then_some(index)
    }

    /// The holders of a file that other files can get: routers and applications, or else what its functions are handed.
    pub(super) fn of_file(&self, file: usize) -> Vec<usize> {
        let of = |is_wanted: &dyn Fn(HolderKind) -> bool| -> Vec<usize> {
            let holders = self.all.iter().enumerate();
            holders
                .filter(|(_, holder)| holder.file == file && is_wanted(holder.kind))
                .map(|(index, _)| index)
                .collect()
        };
        let exported = of(&|kind| matches!(kind, HolderKind::Router | HolderKind::Application));
        if exported.is_empty() { of(&|kind| kind == HolderKind::Parameter) } else { exported }
    }
}

/// The holders that a file makes and binds to names.
fn add_holders<'s>(
    file: usize,
    source: &'s RouteSource<'s>,
    evaluator: &Evaluator,
    holders: &mut Vec<RouteHolder<'s>>,
) {
    let text = source.text();
    let mut new: Vec<RouteHolder> = Vec::new();
    let meanings = ["makes an application", "makes a router", "makes a group of routes"];
    for (meaning, pattern) in meanings.iter().flat_map(|meaning| {
        patterns::of(meaning).filter(|pattern| pattern.is_of(source.kind)).map(move |pattern| (*meaning, pattern))
    }) {
        for (at, _) in text.match_indices(pattern.text) {
            let is_group = meaning == "makes a group of routes";
            let before = &text[..at];
            if before.ends_with(is_name) || is_group && !before.ends_with('.') {
                continue;
            }
            let receiver = name_before(before.strip_suffix('.').unwrap_or(before));
            // A chain of calls has no name: `export default new Hono().get('/a', b)`.
            let chain = match source.kind.ecosystem() {
                Some(Ecosystem::Node) => pattern.text.strip_prefix("new "),
                _ => None,
            };
            let Some(name) = assigned_name(text, at).or(chain) else { continue };
            let Some(open) = text[at..].find('(') else { continue };
            let list = code::bracketed(&text[at + open..]).unwrap_or_default();
            let place = ArgumentPlace { file: source.path, at, evaluator };
            let prefix = match meaning {
                "makes an application" if pattern.argument == "-" => {
                    let behind = text[at + open..].get(list.len() + 2..).unwrap_or_default();
                    // `new Hono().basePath('/api')`
                    match behind.strip_prefix(".basePath").and_then(code::bracketed) {
                        Some(list) => place.first(list),
                        None => Some(String::new()),
                    }
                }
                "makes a group of routes" => place.first(list),
                _ => place.of_argument(list, &pattern),
            };
            let kind = match meaning {
                "makes an application" => HolderKind::Application,
                "makes a router" => HolderKind::Router,
                _ => HolderKind::Group(receiver),
            };
            let may_refuse = list.contains("dependencies=");
            let text = pattern.text.trim_end_matches(['(', '<']);
            new.push(RouteHolder { file, name, at, text, kind, prefix, may_refuse });
        }
    }
    // Two patterns may match one call.
    new.sort_by_key(|holder| (holder.at, holder.kind == HolderKind::Application));
    new.dedup_by(|later, holder| later.name == holder.name && !text[holder.at..later.at].contains('\n'));
    new.truncate(MOST_CALLS);
    holders.extend(new);
}

/// The applications of Python that a function makes and another file binds: `app = create_app()`.
fn add_made_applications<'s>(sources: &'s [RouteSource<'s>], holders: &mut Vec<RouteHolder<'s>>) {
    let is_python = |source: &RouteSource| source.kind.ecosystem() == Some(Ecosystem::Python);
    let makers: Vec<&str> = holders
        .iter()
        .filter(|holder| holder.kind == HolderKind::Application && is_python(&sources[holder.file]))
        .filter_map(|holder| {
            let before = &sources[holder.file].text()[..holder.at];
            let line = before.rsplit('\n').next().unwrap_or_default();
            let (_, function) = before.rsplit_once("\ndef ")?;
            if line.starts_with([' ', '\t']) { function.split('(').next() } else { None }
        })
        .collect();
    for (file, source) in
        sources.iter().enumerate().filter(|(_, source)| is_python(source) && source.shows("answers GET"))
    {
        let text = source.text();
        for at in makers.iter().flat_map(|maker| code::words(text, maker)).take(MOST_CALLS) {
            let is_call = text[at..].find('(').is_some_and(|open| !text[at..at + open].contains([' ', '\n', ',', ')']));
            if let (true, Some(name)) = (is_call, assigned_name(text, at)) {
                let (kind, prefix) = (HolderKind::Application, Some(String::new()));
                holders.push(RouteHolder { file, name, at, text: "", kind, prefix, may_refuse: false });
            }
        }
    }
}

/// What functions of a file are handed and call: by its type, or by the usual name of it.
fn add_parameters<'s>(file: usize, source: &'s RouteSource<'s>, holders: &mut Vec<RouteHolder<'s>>) {
    let text = source.text();
    let add = |name: &'s str, at: usize, kind: HolderKind<'s>, known: &mut Vec<RouteHolder<'s>>| {
        if !known.iter().any(|holder| holder.file == file && holder.name == name) {
            let prefix = Some(String::new());
            known.push(RouteHolder { file, name, at, text: "", kind, prefix, may_refuse: false });
        }
    };
    if source.kind.language() == "Go" && text.contains("http.Handle") {
        add("http", 0, HolderKind::Application, holders);
    }
    for pattern in patterns::of("is handed an application").filter(|pattern| pattern.is_of(source.kind)) {
        for (at, _) in text.match_indices(pattern.text) {
            let name = name_before(text[..at].trim_end());
            let is_parameter =
                text[..at].trim_end().strip_suffix(name).is_some_and(|rest| rest.trim_end().ends_with(['(', ',']));
            if !name.is_empty() && is_parameter {
                add(name, at, HolderKind::Application, holders);
            }
        }
    }
    let usual: &[&'static str] = match source.kind.ecosystem() {
        Some(Ecosystem::Node) => &["app", "fastify", "server", "instance", "router"],
        Some(Ecosystem::Python) => &["app", "application"],
        // `app.UseEndpoints(endpoints => { … })`, `void Map(this WebApplication app)`
        Some(Ecosystem::DotNet) => &["app", "endpoints"],
        _ => &[],
    };
    for name in usual {
        let parameter = code::words(text, name).find(|at| is_parameter(source.kind, text, *at, name));
        if let Some(at) = parameter {
            let kind = if source.kind.ecosystem() == Some(Ecosystem::Node) {
                HolderKind::Parameter
            } else {
                HolderKind::Application
            };
            add(name, at, kind, holders);
        }
    }
}

/// Whether a name at a place is the first parameter of a function.
fn is_parameter(kind: FileKind, text: &str, at: usize, name: &str) -> bool {
    let before = text[text.floor_char_boundary(at.saturating_sub(80))..at].trim_end();
    let after = text[at + name.len()..].trim_start();
    let line = before.rsplit('\n').next().unwrap_or_default();
    if kind.ecosystem() == Some(Ecosystem::Python) {
        return line.trim_start().starts_with("def ") && line.ends_with('(');
    }
    if ["WebApplication", "IEndpointRouteBuilder"].iter().any(|known| before.ends_with(known)) {
        return true;
    }
    let is_arrow = after.starts_with("=>") && !before.ends_with('.');
    let is_listed = before.ends_with('(') && after.starts_with([',', ')', ':']);
    is_arrow
        || is_listed
            && (line.contains("function") || after.split(['\n', '{']).next().is_some_and(|rest| rest.contains("=>")))
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// The name that a text ends with, with the objects that it belongs to: `s.router`.
pub(super) fn name_before(text: &str) -> &str {
    let start = text.char_indices().rev().take_while(|(_, c)| is_name(*c) || *c == '.').last();
    start.map_or("", |(at, _)| text[at..].trim_start_matches('.'))
}

/// What a call behind a text is made on: the name that it ends with, or what the chain of calls before it begins with:
/// `app`, `Hono(` of `new Hono().get('/a', b).get(`.
pub(super) fn receiver(text: &str) -> &str {
    const LONGEST: usize = 20_000;
    const MOST_LINKS: usize = 100;
    let name = name_before(text);
    let mut rest = text;
    if !name.is_empty() || !text.trim_end().ends_with([')', '\n']) && !text.ends_with(char::is_whitespace) {
        return name;
    }
    for _ in 0..MOST_LINKS {
        rest = rest.trim_end();
        let mut is_call = false;
        if rest.ends_with(')') {
            let front = &rest[rest.ceil_char_boundary(rest.len().saturating_sub(LONGEST))..];
            let Some(open) = opening(front) else { return "" };
            rest = &rest[..rest.len() - front.len() + open];
            is_call = true;
        }
        if let Some(generic) = rest.strip_suffix('>').and_then(|rest| rest.rfind('<')) {
            rest = &rest[..generic];
        }
        let start = rest.char_indices().rev().take_while(|(_, c)| is_name(*c)).last().map_or(rest.len(), |(at, _)| at);
        let word = &rest[start..];
        match rest[..start].trim_end().strip_suffix('.') {
            Some(before) if !word.is_empty() => rest = before,
            // With its bracket, as the pattern that makes it.
            _ if is_call => return text[start..].get(..word.len() + 1).unwrap_or(word),
            _ => return word,
        }
    }
    ""
}

/// The bracket that the last one of a text closes.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().rev() {
        match byte {
            b')' | b']' | b'}' => depth += 1,
            b'(' | b'[' | b'{' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The name that the value of a call at a place is bound to: `app = FastAPI(`, `const app: Express = express(`, `r :=
/// gin.Default(`, and the field of an object that is written out.
fn assigned_name(text: &str, at: usize) -> Option<&str> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let mut before = &text[start..at];
    // The module or the object of the call.
    if before.ends_with(").") {
        // `require('express').Router(`
        before = before.rsplit_once("require(")?.0;
    } else if before.ends_with(['.', ':']) {
        before = before.trim_end_matches(|c| is_name(c) || matches!(c, '.' | ':'));
    }
    before = before.trim_end();
    for word in ["new", "await"] {
        before = before.strip_suffix(word).filter(|rest| rest.ends_with([' ', '='])).unwrap_or(before).trim_end();
    }
    let Some(left) = before.strip_suffix('=') else {
        // `router: chi.NewRouter(),`
        let field = before.strip_suffix(':').unwrap_or(&text[start..at]).trim();
        let field = field.strip_suffix(':').unwrap_or(field);
        let is_field = before.ends_with(':') && !field.is_empty() && field.chars().all(is_name);
        return is_field.then(|| {
            let end = start + text[start..].find(field).unwrap_or(0);
            &text[end..end + field.len()]
        });
    };
    if left.ends_with(['=', '!', '<', '>']) {
        return None;
    }
    let left = left.strip_suffix(':').unwrap_or(left).trim_end();
    let left = left.split(": ").next().unwrap_or(left).trim_end().trim_end_matches([':', '?']);
    let name = left.rsplit([' ', '\t', '(']).next().unwrap_or(left);
    (!name.is_empty() && name.chars().all(|c| is_name(c) || c == '.')).then_some(name)
}

/// Where an argument stands, so that its value can be looked up.
pub(super) struct ArgumentPlace<'a, 'e> {
    pub(super) file: &'a str,
    pub(super) at: usize,
    pub(super) evaluator: &'a Evaluator<'e>,
}

impl ArgumentPlace<'_, '_> {
    /// The path that the first argument is.
    pub(super) fn first(&self, list: &str) -> Option<String> {
        self.path(code::arguments(list).first()?)
    }

    /// The path in the argument that a pattern names (`prefix=`, `prefix:`); empty if the argument is not given.
    pub(super) fn of_argument(&self, list: &str, pattern: &WordPattern) -> Option<String> {
        named_argument(list, pattern.argument).map_or(Some(String::new()), |value| self.path(value))
    }

    /// The one path that an expression stands for.
    pub(super) fn path(&self, expression: &str) -> Option<String> {
        if let Some(text) = literal(expression) {
            return Some(text.to_owned());
        }
        let values = self.evaluator.value(self.file, self.at, expression)?;
        let mut texts = values.into_iter();
        match (texts.next(), texts.next()) {
            (Some(SourceValue::Text(text)), None) => Some(text),
            _ => None,
        }
    }
}

/// The value of `prefix="/x"` in a list, or of `prefix: '/x'` in an object of it.
pub(super) fn named_argument<'t>(list: &'t str, name: &str) -> Option<&'t str> {
    let sign = name.chars().next_back().filter(|sign| matches!(sign, '=' | ':'))?;
    let name = &name[..name.len() - 1];
    let value = |part: &'t str| part.trim().strip_prefix(name)?.trim_start().strip_prefix(sign).map(str::trim);
    let arguments = code::arguments(list);
    if sign == '=' {
        return arguments.into_iter().find_map(value);
    }
    let objects = arguments.into_iter().filter(|part| part.starts_with('{')).filter_map(code::bracketed);
    objects.flat_map(code::arguments).find_map(value)
}
