//! The command of a server whose image starts nothing by itself: its compose file has to.

use std::sync::Arc;

use super::application::Application;
use super::built_binary::built_binary;
use super::runner::in_environment;
use super::server_start::ServerCommand;
use super::task_object::{TaskObject, task_object};
use crate::data;
use crate::emit::input::EmitInput;
use crate::manifest::{Ecosystem, Install, Tool};
use crate::text::path;

/// The command of the server that the sources of a program make.
pub(in crate::emit) fn server_command(input: &EmitInput, application: &Application) -> Option<ServerCommand> {
    data::SERVER_COMMANDS.rows().find_map(|row| {
        let ecosystem = Ecosystem::of(row[0])?;
        let is_there = |package: &str| application.has_package(ecosystem, package) && installs(application, package);
        if !data::words(row[1]).all(is_there) {
            return None;
        }
        let object = match row[2] {
            "-" => None,
            sign if sign.contains("wsgi") && has_asgi_workers(input, application) => return None,
            name if !name.contains(' ') => Some(program_file(input, application, name)?),
            sign => Some(task_object(input, application, sign)?),
        };
        let filled = |word: &str| match &object {
            Some(object) => word.replace("{module}", &object.module).replace("{name}", &object.name),
            None => word.to_owned(),
        };
        let words = in_environment(application, row[3].split(' ').map(filled).collect());
        let packages = row[1].replace(' ', " and ");
        let is_single = !row[1].contains(' ');
        let has = if is_single { "it has the package" } else { "it has the packages" };
        Some(ServerCommand {
            words,
            port: row[4].parse().ok(),
            reason: format!("its image starts nothing by itself, and {has} {packages}"),
            folder: object.as_ref().and_then(|object| object.folder.clone()),
            place: object.map(|object| object.place),
        })
    })
}

/// The command that starts the only program which was compiled for an image.
pub(in crate::emit) fn binary_command(application: &Application) -> Option<ServerCommand> {
    let binary = built_binary(&application.build)?;
    let name = path::name(&binary);
    let is_beside = path::parent(&binary) == application.folder();
    let word = if is_beside { format!("./{name}") } else { binary.clone() };
    Some(ServerCommand {
        words: vec![word],
        folder: None,
        port: application.port,
        reason: format!(
            "its image starts nothing by itself, and `{name}` is the only program that was compiled for it"
        ),
        place: Some(application.place.clone()),
    })
}

/// Whether an image gets a package, as far as requirements files of pip tell: those that its Dockerfile names.
fn installs(application: &Application, package: &str) -> bool {
    let files = &application.named_packages.requirements;
    let all: Vec<_> = application.projects().flat_map(|project| &project.installs).collect();
    let is_named = |install: &&&Arc<Install>| {
        install.tool == Tool::Pip
            && files.iter().any(|file| path::ends_with(&install.manifest, file.trim_start_matches('/')))
    };
    let mut named = all.iter().filter(is_named).peekable();
    let is_by_name = application.named_packages.has(Ecosystem::Python, package);
    is_by_name || named.peek().is_none() || named.any(|install| install.names.contains(package))
}

/// The file of a name that lies in the image, by its path from the working folder.
fn program_file(input: &EmitInput, application: &Application, name: &str) -> Option<TaskObject> {
    let folder = application.folder();
    let mut files = application.code_files(input).filter(|file| path::name(&file.path) == name && file.is_of_program());
    files.find_map(|file| {
        let place = application.place_in_image(file)?;
        let module = path::relative(&place, &folder).map_or_else(|| place.clone(), str::to_owned);
        Some(TaskObject { module, name: name.to_owned(), place: file.source.name().to_owned(), folder: None })
    })
}

/// Whether the settings of Gunicorn name workers that speak ASGI.
fn has_asgi_workers(input: &EmitInput, application: &Application) -> bool {
    let mut files = application.code_files(input);
    files.any(|file| path::name(&file.path) == "gunicorn.conf.py" && file.source.text().contains("UvicornWorker"))
}
