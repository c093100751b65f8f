//! Where routers are mounted: `app.include_router(health.router, prefix="/api")`, `app.use('/api', require('./routes'))`.

use super::handler::Guards;
use super::holder::{ArgumentPlace, RouteHolders, name_before, receiver};
use super::login::{asks_for_login, node_import};
use super::order::{covers, is_hidden};
use super::source::{MOST_CALLS, RouteSource};
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::code;
use crate::sources::patterns;
use crate::sources::values::{Evaluator, literal};
use crate::text::path;
use crate::text::path::below_route;

/// A router that is put below a path of another one.
#[derive(Clone, Debug)]
pub(super) struct Mount<'s> {
    pub(super) file: usize,
    pub(super) at: usize,
    /// The name of what it is put below.
    pub(super) parent: &'s str,
    /// The expression that stands for it.
    child: &'s str,
    /// The path; `None` if it is not known.
    pub(super) prefix: Option<String>,
    /// Whether something before it may refuse.
    pub(super) may_refuse: bool,
    /// Whether what is mounted is a function, which is handed what it declares routes on.
    pub(super) takes_function: bool,
}

/// All mounts of a program.
pub(super) fn mounts<'s>(sources: &'s [RouteSource<'s>], evaluator: &Evaluator) -> Vec<Mount<'s>> {
    let mut mounts = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        let is_go = source.kind.language() == "Go" && source.raw.contains(".Handle(");
        if !is_go && !source.shows("mounts a router") {
            continue;
        }
        let text = source.text();
        let guards = Guards::of(source);
        let covers = covers(source);
        for pattern in patterns::of("mounts a router").filter(|pattern| pattern.is_of(source.kind)) {
            for (at, _) in text.match_indices(pattern.text).take(MOST_CALLS.saturating_sub(mounts.len())) {
                let Some(before) = text[..at].strip_suffix('.') else { continue };
                let parent = receiver(before);
                let Some(list) = code::bracketed(&text[at + pattern.text.len() - 1..]) else { continue };
                let arguments = code::arguments(list);
                if parent.is_empty() || arguments.is_empty() {
                    continue;
                }
                let place = ArgumentPlace { file: source.path, at, evaluator };
                // `app.use(mount('/health', health))` of koa-mount
                let inner = match (code::call(arguments[0]), source.raw.contains("koa-mount")) {
                    (Some(("mount", inner)), true) => Some(code::arguments(inner)),
                    _ => None,
                };
                let arguments = inner.filter(|inner| inner.len() == 2).unwrap_or(arguments);
                let is_named = pattern.argument != "-";
                // A path comes first, where there is one: a name may stand for it.
                let has_path = !is_named && arguments.len() > 1 && !is_middleware(arguments[0]);
                let prefix = match (is_named, has_path) {
                    (true, _) => place.of_argument(list, &pattern),
                    (_, true) => place.path(arguments[0]),
                    _ => Some(String::new()),
                };
                // Where a router is mounted behind what answers instead of it, its routes are as good as unknown.
                let prefix = prefix.filter(|prefix| !is_hidden(&covers, (at, parent), &below_route(prefix, "")));
                let children = if is_named { &arguments[..1] } else { &arguments[usize::from(has_path)..] };
                let asks_first = children.iter().any(|child| asks_for_login(child));
                let takes_function = pattern.argument == "prefix:";
                mounts.extend(children.iter().map(|child| Mount {
                    file,
                    at,
                    parent,
                    child,
                    prefix: prefix.clone(),
                    may_refuse: asks_first || list.contains("dependencies=") || guards.stand_before(at),
                    takes_function,
                }));
            }
        }
        if is_go {
            mounts.extend(handlers_of_go(file, text));
        }
    }
    mounts
}

/// `mux.Handle("/api/", http.StripPrefix("/api", api))`: one multiplexer behind another.
fn handlers_of_go(file: usize, text: &str) -> Vec<Mount<'_>> {
    let mut mounts = Vec::new();
    for (at, _) in text.match_indices(".Handle(") {
        let Some(list) = code::bracketed(&text[at + ".Handle".len()..]) else { continue };
        let arguments = code::arguments(list);
        let [_, handler] = arguments[..] else { continue };
        let strip = handler.strip_prefix("http.StripPrefix").and_then(code::bracketed).map(code::arguments);
        let (prefix, child) = match strip.as_deref() {
            Some([prefix, child]) => (literal(prefix).map(str::to_owned), *child),
            _ => (Some(String::new()), handler),
        };
        let parent = name_before(&text[..at]);
        mounts.push(Mount { file, at, parent, child, prefix, may_refuse: false, takes_function: false });
    }
    mounts
}

/// Whether an argument of `use` is a function that is asked before others, and no path: `cors()`, `express.json()`.
fn is_middleware(argument: &str) -> bool {
    literal(argument).is_none()
        && (code::call(argument).is_some() || asks_for_login(argument) || argument.contains("=>"))
}

impl Mount<'_> {
    /// The holders that the expression stands for.
    pub(super) fn children(&self, sources: &[RouteSource], holders: &RouteHolders) -> Vec<usize> {
        let child = self.child.trim().trim_end_matches(".routes()").trim_start_matches("await ");
        let kind = sources[self.file].kind;
        if !self.takes_function
            && let Some(known) = holders.by_name(self.file, child, self.at)
        {
            return vec![known];
        }
        match kind.ecosystem() {
            Some(Ecosystem::Python) => python_children(self.file, child, sources, holders),
            Some(Ecosystem::Node) => node_children(self.file, child, sources, holders),
            _ => Vec::new(),
        }
    }

    /// Whether what is mounted comes from a package, and mounts no function of the program: `app.register(cors)`.
    pub(super) fn is_of_package(&self, sources: &[RouteSource]) -> bool {
        let source = &sources[self.file];
        // `@app/routes` may be a folder of the program (`paths` of tsconfig.json), or a package of its workspace.
        let is_package = |specifier: &str| {
            let is_plain = !specifier.contains('/') && !specifier.starts_with(['.', '@', '~', '#']);
            let is_source = || sources.iter().any(|source| path::name(path::parent(source.path)) == specifier);
            specifier.starts_with("@fastify/") || is_plain && !is_source()
        };
        let module = || module_of(source.text(), self.child.trim().trim_start_matches("await "));
        source.kind.ecosystem() == Some(Ecosystem::Node) && module().is_some_and(|(module, _)| is_package(&module))
    }
}

/// `health.router`, `health_router`.
fn python_children(file: usize, child: &str, sources: &[RouteSource], holders: &RouteHolders) -> Vec<usize> {
    let (first, rest) = child.split_once('.').unwrap_or((child, ""));
    let text = sources[file].text();
    let Some(import) = python_import(text, first) else { return Vec::new() };
    let name = rest.rsplit('.').next().unwrap_or_default();
    let named = |module: &str, name: &str| {
        let file = python_file(sources, sources[file].path, module)?;
        let known = holders.by_name(file, name, usize::MAX);
        // A package hands on what a module of it has.
        known.or_else(|| {
            let hands_on = python_import(sources[file].text(), name)?;
            let inner = python_file(sources, sources[file].path, &hands_on.module)?;
            holders.by_name(inner, hands_on.name.as_deref().unwrap_or(name), usize::MAX)
        })
    };
    let child = match (&import.name, name) {
        // `from app.health import router as health_router`
        (Some(known), "") => named(&import.module, known),
        // `from app.routers import health`, with `health.router`
        (Some(known), name) => named(&child_module(&import.module, known), name),
        // `import app.health`, with `app.health.router`
        (None, name) => {
            let module = child.rsplit_once('.').map_or(child, |(module, _)| module);
            named(if import.module.ends_with(module) { &import.module } else { module }, name)
        }
    };
    child.into_iter().collect()
}

fn child_module(module: &str, name: &str) -> String {
    if module.is_empty() || module.ends_with('.') { format!("{module}{name}") } else { format!("{module}.{name}") }
}

/// How a name is imported in Python.
struct PythonName {
    /// The module as written, with its dots.
    module: String,
    /// The name in it; `None` if the module itself is bound.
    name: Option<String>,
}

fn python_import(text: &str, name: &str) -> Option<PythonName> {
    let mut rest = text;
    while let Some(at) = rest.find("import ") {
        let line_start = rest[..at].rfind('\n').map_or(0, |end| end + 1);
        let before = rest[line_start..at].trim();
        let behind = &rest[at + "import ".len()..];
        let (list, end) = if behind.starts_with('(') {
            let inner = code::bracketed(behind)?;
            (inner, inner.len() + 2)
        } else {
            let end = behind.find('\n').unwrap_or(behind.len());
            (&behind[..end], end)
        };
        for part in list.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
            let (known, alias) = part.split_once(" as ").unwrap_or((part, part));
            let (known, alias) = (known.trim(), alias.trim());
            if let Some(module) = before.strip_prefix("from ") {
                if alias == name {
                    return Some(PythonName { module: module.trim().to_owned(), name: Some(known.to_owned()) });
                }
            } else if before.is_empty() && (alias == name || known.split('.').next() == Some(name)) {
                return Some(PythonName { module: known.to_owned(), name: None });
            }
        }
        rest = &behind[end.min(behind.len())..];
    }
    None
}

/// The file of a module, as a file names it.
pub(super) fn python_file(sources: &[RouteSource], from: &str, module: &str) -> Option<usize> {
    let dots = module.bytes().take_while(|byte| *byte == b'.').count();
    let parts = module[dots..].replace('.', "/");
    let files = [format!("{parts}.py"), format!("{parts}/__init__.py")];
    if dots > 0 {
        let folder = (1..dots).fold(path::parent(from), |folder, _| path::parent(folder));
        let files = files.map(|file| path::join(folder, file.trim_start_matches('/')));
        return sources.iter().position(|source| files.iter().any(|file| source.path == file));
    }
    let mut fits =
        sources.iter().enumerate().filter(|(_, source)| files.iter().any(|file| path::ends_with(source.path, file)));
    fits.next().map(|(index, _)| index)
}

/// The module that an expression stands for, and the name in it: of `require('./routes/health')`, of `health` that is imported.
fn module_of(text: &str, child: &str) -> Option<(String, Option<String>)> {
    let required = |text: &str| {
        let (_, rest) = text.split_once("require(").or_else(|| text.split_once("import("))?;
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
        rest[1..].split(quote).next().map(str::to_owned)
    };
    let by_name = || node_import(text, child.split(['.', '(']).next().unwrap_or(child));
    required(child).map(|specifier| (specifier, None)).or_else(by_name)
}

/// `healthRouter`, `require('./routes/health')`, `routes.health`.
fn node_children(file: usize, child: &str, sources: &[RouteSource], holders: &RouteHolders) -> Vec<usize> {
    let Some((specifier, name)) = module_of(sources[file].text(), child) else { return Vec::new() };
    let Some(target) = node_file(sources, sources[file].path, &specifier) else { return Vec::new() };
    let named = name.and_then(|name| holders.by_name(target, &name, usize::MAX));
    named.map_or_else(|| holders.of_file(target), |known| vec![known])
}

/// The file that a module of Node stands for.
fn node_file(sources: &[RouteSource], from: &str, specifier: &str) -> Option<usize> {
    let stem = |path: &str| {
        let stem = FileKind::of(path).source_stem(Ecosystem::Node).to_owned();
        stem.strip_suffix("/index").map_or(stem.clone(), str::to_owned)
    };
    let wanted = if specifier.starts_with('.') {
        stem(&path::join(path::parent(from), specifier))
    } else {
        // `@/routes/health`, `src/routes/health`
        let below = specifier.trim_start_matches(['@', '~', '#']).trim_start_matches('/');
        let mut fits = sources
            .iter()
            .enumerate()
            .filter(|(_, source)| below.contains('/') && path::ends_with(&stem(source.path), &stem(below)));
        return fits.next().map(|(index, _)| index);
    };
    sources.iter().position(|source| source.kind.has_code() && stem(source.path) == wanted)
}
