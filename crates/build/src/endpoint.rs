//! Where a container of a build answers: the port that its program listens on, and the route that says that it is ready.
//! `optimize` and `compose emit` both ask here, so that they give the same answer. Each answer has its evidence; without
//! evidence there is none.

mod delay;
mod port;
mod route;
mod silence;
mod start;
mod tls;

use std::collections::BTreeSet;

use crate::build::{Build, Stage};
use crate::manifest::{Ecosystem, FileKind, Project};
use crate::sources::routes::SourceFile;
use crate::sources::variables::is_spring;
use crate::text::path;

pub use self::delay::start_seconds;
pub use self::port::{KnownPort, NGINX_ROOT, is_nginx, known_port, port_variable};
pub use self::route::{
    ReadyRoute, RouteOrigin, answers_requests, is_health_path, listens_at_host_name, ready_route, speaks_http,
};
pub use self::start::bundler_server;

/// What the questions are asked about.
#[derive(Clone, Debug)]
pub struct EndpointInput<'e, 'i> {
    /// The build of the image.
    pub build: &'e Build<'i>,
    /// The stage that becomes the image.
    pub stage: &'e Stage,
    /// The sources of the program in it.
    pub files: Vec<SourceFile<'e>>,
    /// Whether they are what its start loads; else the sources may be those of several programs.
    pub is_start_known: bool,
    /// Its settings in the form of Spring's, and the configurations of Vite, Next.js, Nuxt and `SvelteKit`.
    pub settings: Vec<SourceFile<'e>>,
    /// The projects whose packages it runs with.
    pub projects: Vec<&'e Project>,
    /// Whether whoever starts the container says to listen at all addresses.
    pub sets_host: bool,
}

/// The files that a program loads, where its start is known, else all; `loads`: whether it loads a file, as far as imports
/// are followed. Of a package that is started by its name, only its beginning is known to be loaded. Also whether the start
/// is known.
pub fn loaded_files(files: Vec<SourceFile<'_>>, loads: impl Fn(&str) -> Option<bool>) -> (Vec<SourceFile<'_>>, bool) {
    let language = |file: &SourceFile| FileKind::of(file.path).ecosystem();
    let is_start = |file: &&SourceFile| path::name(file.path) != "__init__.py" && loads(file.path) == Some(true);
    let started: BTreeSet<Ecosystem> = files.iter().filter(is_start).filter_map(language).collect();
    if !files.iter().any(|file| is_start(&file)) {
        return (files, false);
    }
    // Sources of another language belong to another program.
    let is_of_program = |file: &SourceFile| match loads(file.path) {
        Some(is_loaded) => is_loaded,
        None => language(file).is_none_or(|language| started.contains(&language)),
    };
    (files.into_iter().filter(is_of_program).collect(), true)
}

/// Whether a file has settings of a server: those of Spring, apart from those of tests, and the configurations of Vite,
/// Next.js, Nuxt and `SvelteKit`.
pub fn is_settings(place: &str) -> bool {
    is_spring(path::name(place)) && FileKind::of(place).role().is_of_program() || is_configuration(place)
}

/// Whether a file is the configuration of Vite or of a framework whose files stand for routes.
fn is_configuration(place: &str) -> bool {
    let starts = ["vite.config.", "next.config.", "nuxt.config.", "svelte.config."];
    starts.iter().any(|start| path::name(place).starts_with(start))
}

impl EndpointInput<'_, '_> {
    /// The value of a variable that a compose file sets to a number, or ENV sets. Several values are no number.
    fn variable(&self, name: &str) -> Option<String> {
        let numbers = &self.build.input().options.run.numbers;
        let mut values: Vec<&str> =
            numbers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect();
        values.sort_unstable();
        values.dedup();
        if values.is_empty() { self.build.env_value(self.stage, name)?.text() } else { Some(values.join(" ")) }
    }
}

#[cfg(test)]
mod tests;
