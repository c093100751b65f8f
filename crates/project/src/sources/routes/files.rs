//! Routes that the names of files declare: of Next.js, Nuxt and `SvelteKit`.

use super::config::{base_path, is_sent_elsewhere};
use super::handler::answer_of;
use super::source::{Route, RouteAnswer, RouteSource};
use crate::manifest::Ecosystem;
use crate::sources::patterns;
use crate::text::path;

/// All routes that files stand for.
pub(super) fn routes(sources: &[RouteSource]) -> Vec<Route> {
    let Some(base) = base_path(sources) else { return Vec::new() };
    let mut routes = Vec::new();
    let stem = |source: &RouteSource| path::name(source.kind.source_stem(Ecosystem::Node)).to_owned();
    let is_next = sources.iter().any(|source| source.path.contains("next.config.") || source.shows("is of Next.js"));
    let has_middleware = sources.iter().any(|source| ["middleware", "proxy"].contains(&&*stem(source)));
    for (file, source) in sources.iter().enumerate().filter(|(_, source)| source.kind.is_source_of(Ecosystem::Node)) {
        let Some(below) = path_of(source, is_next, has_middleware) else { continue };
        let is_page = below == "/";
        let refuses = is_page && patterns::shows(source.text(), "refuses the first page");
        let answer = match answer_of(source.text(), 0, source.text().len()) {
            _ if refuses || is_next && is_sent_elsewhere(sources, &below) => RouteAnswer::MayRefuse,
            RouteAnswer::WithOthers if is_page && asks_in_browsers(source) => RouteAnswer::Always,
            answer => answer,
        };
        let path = match (base.as_str(), is_page) {
            ("", _) => below,
            (base, true) => base.to_owned(),
            (base, false) => path::below_route(base, &below),
        };
        routes.push(Route { path, file, line: 1, answer });
    }
    routes.extend(first_page(sources, &base));
    routes
}

/// Whether what the page of Next.js asks is asked by browsers: its file is for them, or nothing of a page of the folder `pages`
/// runs for each request (Next.js docs: use client; getServerSideProps, getInitialProps).
fn asks_in_browsers(source: &RouteSource) -> bool {
    let first = source.text().trim_start().trim_start_matches(['"', '\'']);
    let runs_first = ["getServerSideProps", "getInitialProps"].iter().any(|name| source.text().contains(name));
    let name = path::name(source.kind.source_stem(Ecosystem::Node));
    first.starts_with("use client") || name == "index" && !runs_first
}

/// The first page of Nuxt and `SvelteKit`, where nothing of the server stands before it.
fn first_page(sources: &[RouteSource], base: &str) -> Option<Route> {
    let has = |test: &dyn Fn(&str) -> bool| sources.iter().any(|source| test(source.path));
    let stem = |path: &str| path::name(path).split(".ts").next().unwrap_or_default().to_owned();
    let is_first = |source: &RouteSource| {
        let folder = path::parent(source.path);
        match path::name(source.path) {
            "index.vue" => {
                path::name(folder) == "pages"
                    && has(&|path| path::name(path).starts_with("nuxt.config."))
                    && !has(&|path| path.split('/').any(|part| part == "middleware"))
            }
            "+page.svelte" => {
                let before = ["+page", "+page.server", "+layout", "+layout.server", "hooks.server"];
                path::ends_with(folder, "src/routes")
                    && !has(&|path| before.contains(&&*stem(path)) && !path.ends_with(".svelte"))
            }
            _ => false,
        }
    };
    let file = sources.iter().position(is_first)?;
    let path = if base.is_empty() { "/".to_owned() } else { base.to_owned() };
    let refuses = patterns::shows(sources[file].text(), "refuses the first page");
    let answer = if refuses { RouteAnswer::MayRefuse } else { RouteAnswer::Always };
    Some(Route { path, file, line: 1, answer })
}

/// The path that a file answers, by its folders and name. A folder `pages` is that of Next.js only where it is used.
fn path_of(source: &RouteSource, is_next: bool, has_middleware: bool) -> Option<String> {
    let stem = source.kind.source_stem(Ecosystem::Node);
    let (folder, name) = path::split(stem);
    let parts: Vec<&str> = folder.split('/').collect();
    let below = |root: &[&str]| {
        let at = parts.windows(root.len()).position(|window| window == root)?;
        Some(parts[at + root.len()..].to_vec())
    };
    let gets = || source.text().contains("function GET") || source.text().contains("const GET");
    let parts = match name {
        // Next.js: app/api/health/route.ts
        "route" if gets() => below(&["app"])?,
        // Next.js: the first page, app/page.tsx or pages/index.tsx. A middleware may ask for a login.
        "page" | "index" if !has_middleware && (is_next || name == "page") && is_first_page(&parts, name) => Vec::new(),
        // SvelteKit: src/routes/health/+server.ts
        "+server" if gets() => below(&["src", "routes"])?,
        // Next.js: pages/api/health.ts
        _ if below(&["pages", "api"]).is_some() && source.text().contains("export default") => {
            let mut parts = vec!["api"];
            parts.extend(below(&["pages", "api"])?);
            parts.extend(Some(name).filter(|name| *name != "index"));
            parts
        }
        // Nuxt: server/api/health.get.ts, server/routes/health.ts
        _ if source.text().contains("EventHandler(") => {
            let name = name.strip_suffix(".get").unwrap_or(name);
            let mut parts = match below(&["server", "api"]) {
                Some(parts) => std::iter::once("api").chain(parts).collect(),
                None => below(&["server", "routes"])?,
            };
            parts.extend(Some(name).filter(|name| *name != "index" && !name.contains('.')));
            parts
        }
        _ => return None,
    };
    // `(group)` is no part of the path.
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.starts_with('(')).collect();
    Some(format!("/{}", parts.join("/")))
}

/// Whether a file is the first page of Next.js: `page` of the folder `app` itself, or `index` of `pages`.
fn is_first_page(parts: &[&str], name: &str) -> bool {
    let folders = parts.iter().rev().skip_while(|part| part.starts_with('('));
    let root = if name == "page" { "app" } else { "pages" };
    folders.copied().next() == Some(root)
}
