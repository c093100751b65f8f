//! Which paths a program answers GET requests on, by its sources: paths of the application itself, of routers below the
//! paths that they are mounted at, and of frameworks that name paths by files, annotations or one list. What a path begins
//! with is followed over files; where it is not known, the route is left out. The calls are in
//! `data/source_patterns.tsv`.

mod annotations;
mod calls;
mod files;
mod handler;
mod holder;
mod lists;
mod mounts;
mod prefixes;
mod source;

use self::calls::declared_routes;
use self::prefixes::RoutePrefixes;
use self::source::RouteSource;
pub use self::source::{Route, RouteAnswer, SourceFile};
use super::patterns;

/// The routes of a program, by file and line.
pub fn routes(files: &[SourceFile]) -> Vec<Route> {
    let sources: Vec<RouteSource> = files.iter().map(RouteSource::new).collect();
    let prefixes = RoutePrefixes::of(&sources);
    let mut routes = declared_routes(&sources, &prefixes);
    routes.extend(annotations::routes(&sources));
    routes.extend(files::routes(&sources));
    routes.extend(lists::routes(&sources));
    routes.retain(|route| is_plain(&route.path));
    // A redirect to TLS or a list of hosts may stand in any file: settings of Django, environments of Rails.
    let refuses = |source: &RouteSource| patterns::shows(&source.raw.to_ascii_lowercase(), "may refuse each request");
    if !routes.is_empty() && sources.iter().any(refuses) {
        routes.iter_mut().for_each(Route::restrict);
    }
    routes.sort_by(|a, b| (a.file, a.line, &a.path).cmp(&(b.file, b.line, &b.path)));
    routes.dedup();
    routes
}

/// Whether a path has no parameters.
fn is_plain(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte))
}

#[cfg(test)]
mod tests;
