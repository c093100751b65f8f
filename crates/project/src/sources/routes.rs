//! Which paths a program answers GET requests on, by its sources: paths of the application itself, of routers below the
//! paths that they are mounted at, of frameworks that name paths by files, annotations or one list, and of servers without
//! a framework that compare them. What a path begins with is followed over files; where it is not known, the route is left
//! out. The calls are in `data/source_patterns.tsv`.

mod annotations;
mod calls;
mod comparisons;
mod config;
mod files;
mod handler;
mod holder;
mod ktor;
mod lists;
mod login;
mod middleware;
mod mounts;
mod order;
mod prefixes;
mod refusal;
mod rust;
mod security;
mod source;

use self::calls::declared_routes;
use self::prefixes::RoutePrefixes;
use self::security::OpenPaths;
use self::source::RouteSource;
pub use self::source::{Route, RouteAnswer, SourceFile};
use super::patterns;
use crate::manifest::Ecosystem;

/// The routes of a program, by file and line.
pub fn routes(files: &[SourceFile]) -> Vec<Route> {
    let sources: Vec<RouteSource> = files.iter().map(RouteSource::new).collect();
    let prefixes = RoutePrefixes::of(&sources);
    let mut routes = declared_routes(&sources, &prefixes);
    let mut methods = annotations::routes(&sources);
    if let Some(open) = OpenPaths::of(&sources) {
        let is_java = |route: &Route| sources[route.file].kind.ecosystem() == Some(Ecosystem::Java);
        methods.iter_mut().filter(|route| is_java(route) && !open.holds(&route.path)).for_each(Route::restrict);
    }
    routes.extend(methods);
    routes.extend(files::routes(&sources));
    routes.extend(comparisons::routes(&sources));
    routes.extend(ktor::routes(&sources));
    routes.extend(lists::routes(&sources));
    routes.extend(rust::routes(&sources));
    routes.retain(|route| is_plain(&route.path));
    // A redirect to TLS or a list of hosts may stand in any file: settings of Django, environments of Rails.
    let refuses = |source: &RouteSource| {
        let of_language = patterns::of("may refuse each request").filter(|pattern| pattern.is_of(source.kind));
        let lower = source.raw.to_ascii_lowercase();
        of_language.into_iter().any(|pattern| lower.contains(pattern.text))
    };
    if !routes.is_empty() && sources.iter().any(refuses) {
        routes.iter_mut().for_each(Route::restrict);
    }
    routes.sort_by(|a, b| (a.file, a.line, &a.path).cmp(&(b.file, b.line, &b.path)));
    routes.dedup();
    routes
}

/// The path that the configuration of a framework puts before all routes that files stand for; `None` if it is not known.
pub fn base_path(files: &[SourceFile]) -> Option<String> {
    let sources: Vec<RouteSource> = files.iter().map(RouteSource::new).collect();
    config::base_path(&sources)
}

/// Whether Spring Security, as the sources set it up, asks for a login before a path; `None` where they do not.
pub fn asks_for_login(files: &[SourceFile], path: &str) -> Option<bool> {
    let sources: Vec<RouteSource> = files.iter().map(RouteSource::new).collect();
    OpenPaths::of(&sources).map(|open| !open.holds(path))
}

/// Whether a path has no parameters.
fn is_plain(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte))
}

#[cfg(test)]
mod tests;
