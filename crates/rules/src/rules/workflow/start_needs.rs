//! What an image needs for its start that its Dockerfile does not bring: a server, a device.

use crate::build::{Build, BuiltProjects};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::{DependencyScope, Ecosystem, Project};
use crate::sources::patterns;

/// Whether an image plainly needs more than its start: its program has the client of a server, or a variable names a device
/// of the host.
pub(super) fn needs_more(build: &Build) -> bool {
    asks_server(build) || opens_device(build)
}

/// Whether the program of an image has a package that talks to a server (`data/client_libraries.tsv`).
fn asks_server(build: &Build) -> bool {
    let projects = build.input().projects.as_deref().map_or(&[][..], Vec::as_slice);
    let has_client = |project: &&Project| {
        let clients = data::CLIENT_LIBRARIES.rows().filter(|row| Ecosystem::of(row[0]) == Some(project.ecosystem));
        let mut sure = clients.filter(|row| !row[2].ends_with('?'));
        sure.any(|row| {
            let is_run = |known: &&crate::manifest::Dependency| known.scope == DependencyScope::Run;
            project.dependencies.iter().filter(is_run).any(|known| known.name == row[1])
        })
    };
    BuiltProjects::of(build, projects).projects.iter().any(has_client)
}

/// Whether a variable of the image names a device that containers have only when they are given it.
fn opens_device(build: &Build) -> bool {
    let Some(last) = build.stages().last() else { return false };
    let file = &build.input().file;
    let is_device = |value: &str| {
        let device = value.trim_matches(['"', '\'']).strip_prefix("/dev/");
        device.is_some_and(|device| {
            let name = device.split('/').next().unwrap_or(device);
            !patterns::words("device of each container").any(|known| known == name)
        })
    };
    build.chain(last).flat_map(|stage| build.instructions(stage)).any(|(_, instruction)| {
        instruction.keyword == Keyword::Env
            && file.variables(instruction).iter().any(|variable| is_device(&variable.value.text))
    })
}
