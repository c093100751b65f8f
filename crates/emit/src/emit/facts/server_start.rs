//! What a command that starts a server is, and which projects have one (`data/server_commands.tsv`).

use crate::build::{Build, Programs, Stage};
use crate::data;
use crate::manifest::{Ecosystem, Project};

/// The command of a server (`data/server_commands.tsv`).
#[derive(Clone, Debug)]
pub(in crate::emit) struct ServerCommand {
    pub(in crate::emit) words: Vec<String>,
    /// The folder of the image that it is started in, where that is another than the program's.
    pub(in crate::emit) folder: Option<String>,
    pub(in crate::emit) port: Option<u16>,
    pub(in crate::emit) reason: String,
    pub(in crate::emit) place: Option<String>,
}

/// Whether projects have the packages of a server that a command of the table starts.
pub(in crate::emit) fn may_be_started<'p>(mut projects: impl Iterator<Item = &'p Project>) -> bool {
    projects.any(|project| {
        let has = |name: &str| project.dependencies.iter().any(|known| known.name.eq_ignore_ascii_case(name));
        let mut rows = data::SERVER_COMMANDS.rows();
        rows.any(|row| Ecosystem::of(row[0]) == Some(project.ecosystem) && data::words(row[1]).all(has))
    })
}

/// Whether an image has what runs sources of Python as they are.
pub(in crate::emit) fn may_run_source(build: &Build, stage: &Stage) -> bool {
    Programs::of(build, stage).may_interpret(Ecosystem::Python)
}
