//! The command of a server whose image starts nothing by itself: its compose file has to.

use super::application::Application;
use super::entrypoint::hands_over;
use super::runner::in_environment;
use super::server_start::ServerCommand;
use super::worker::task_object;
use crate::build::{Build, Stage};
use crate::data;
use crate::dockerfile::Keyword;
use crate::emit::input::EmitInput;
use crate::manifest::Ecosystem;
use crate::text::path;

/// Whether the image of a program starts nothing by itself: it has neither ENTRYPOINT nor CMD, or an ENTRYPOINT that runs the
/// command which it gets, and no CMD.
pub(in crate::emit) fn starts_nothing(input: &EmitInput, application: &Application) -> bool {
    let build = &application.build;
    let Some(stage) = build.target() else { return false };
    build.launch(stage).is_none() || lacks_command(build, stage) && hands_over(input, application)
}

fn lacks_command(build: &Build, stage: &Stage) -> bool {
    build.last(stage, Keyword::Cmd).is_none()
}

/// The command of the server that the sources of a program make.
pub(in crate::emit) fn server_command(input: &EmitInput, application: &Application) -> Option<ServerCommand> {
    data::SERVER_COMMANDS.rows().find_map(|row| {
        let ecosystem = Ecosystem::of(row[0])?;
        if !data::words(row[1]).all(|package| application.has_package(ecosystem, package)) {
            return None;
        }
        let object = match row[2] {
            "-" => None,
            sign if sign.contains("wsgi") && has_asgi_workers(input, application) => return None,
            sign => Some(task_object(input, application, sign)?),
        };
        let filled = |word: &str| match &object {
            Some(object) => word.replace("{module}", &object.module).replace("{name}", &object.name),
            None => word.to_owned(),
        };
        let words = in_environment(application, row[3].split(' ').map(filled).collect());
        let packages = row[1].replace(' ', " and ");
        Some(ServerCommand {
            words,
            port: row[4].parse().ok(),
            reason: format!("its image starts nothing by itself, and it has the packages {packages}"),
            place: object.map(|object| object.place),
        })
    })
}

/// Whether the settings of Gunicorn name workers that speak ASGI.
fn has_asgi_workers(input: &EmitInput, application: &Application) -> bool {
    let mut files = application.code_files(input);
    files.any(|file| path::name(&file.path) == "gunicorn.conf.py" && file.source.text().contains("UvicornWorker"))
}
