//! The route that says that a program is ready.

use super::EndpointInput;
use super::port::has_package;
use crate::data;
use crate::manifest::Ecosystem;
use crate::sources::routes::{RouteAnswer, routes};

/// A route that a check can ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyRoute {
    /// Its path.
    pub path: String,
    /// What shows it: a file and its line, or a file.
    pub file: Option<(usize, usize)>,
    /// Whether it answers only while other services do.
    pub needs_others: bool,
}

/// The route that says best whether a program is ready, of those that answer whoever asks: one whose path says so
/// (`data/health_paths.tsv`), rather one that asks no other service, and else the top of the application.
pub fn ready_route(input: &EndpointInput) -> Option<ReadyRoute> {
    let known = routes(&input.files);
    let ranked = known.iter().filter(|route| route.answer != RouteAnswer::MayRefuse).filter_map(|route| {
        let rank = rank(&route.path).or((route.path == "/").then_some(usize::MAX))?;
        Some(((rank == usize::MAX, route.answer, rank), route))
    });
    let best = ranked.min_by_key(|(rank, _)| *rank).map(|(_, route)| ReadyRoute {
        path: route.path.clone(),
        file: Some((route.file, route.line)),
        needs_others: route.answer == RouteAnswer::WithOthers,
    });
    let actuator = || {
        let starter = "org.springframework.boot:spring-boot-starter-actuator";
        let has = has_package(&input.projects, Ecosystem::Java, starter);
        has.then(|| ReadyRoute { path: "/actuator/health".to_owned(), file: None, needs_others: false })
    };
    best.or_else(actuator)
}

/// Whether a path is one of those that say whether a program works.
pub fn is_health_path(path: &str) -> bool {
    rank(path).is_some()
}

/// The place of a path among those that say whether a program works, the better ones first: of the whole path, or of its last
/// part below others.
fn rank(path: &str) -> Option<usize> {
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    let place = |path: &str| data::HEALTH_PATHS.keys().position(|known| known.trim_end_matches('/') == path);
    let last = || path.rfind('/').filter(|at| *at > 0).and_then(|at| place(&path[at..]));
    place(path).or_else(|| Some(last()? + data::HEALTH_PATHS.keys().count()))
}
