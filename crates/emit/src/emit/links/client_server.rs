//! What the packages of programs ask of the server that they talk to (`data/client_servers.tsv`): another version, or another
//! command.

use crate::build::is_like;
use crate::data;
use crate::emit::facts::application::Application;
use crate::manifest::Ecosystem;

/// What a package asks of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emit) struct ClientServer {
    /// The image that it talks to, where that is another one.
    pub(in crate::emit) image: Option<&'static str>,
    /// Whether that image gets no more fixes.
    pub(in crate::emit) is_ended: bool,
    /// The command that the server then has.
    pub(in crate::emit) command: Vec<String>,
    /// Why, a clause.
    pub(in crate::emit) reason: String,
}

/// What the programs ask of a server with this image, the first that asks for something.
pub(in crate::emit) fn client_server(applications: &[Application], image: &str) -> Option<ClientServer> {
    data::CLIENT_SERVERS.rows().find_map(|row| {
        let &[ecosystem, package, below, with, images, other, ended, command, reason, ..] = row else { return None };
        let ecosystem = Ecosystem::of(ecosystem)?;
        if !data::words(images).any(|pattern| is_like(pattern, image)) {
            return None;
        }
        let asks = |application: &&Application| {
            let mut projects = application.projects().filter(|project| {
                project.ecosystem == ecosystem
                    && project.runs_with(package)
                    && (with == "-" || !project.runs_with(with))
            });
            let below: Option<u64> = below.parse().ok();
            projects.any(|project| {
                below.is_none_or(|below| project.major_version(package).is_some_and(|version| version < below))
            })
        };
        let application = applications.iter().find(asks)?;
        let set = |text: &'static str| (text != "-").then_some(text);
        Some(ClientServer {
            image: set(other),
            is_ended: ended == "yes",
            command: set(command).map(|command| command.split(' ').map(str::to_owned).collect()).unwrap_or_default(),
            reason: format!("`{package}` of {} {reason}", application.name),
        })
    })
}
