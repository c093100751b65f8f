//! Files of programs that a web server in front of them answers with: a volume brings them to it.

use super::directives::directives;
use super::proxy::Proxy;
use super::web_server::is_proxy;
use crate::emit::facts::application::Application;
use crate::emit::facts::storage::{ServedFolder, served_folders};
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::emit::server_image::service_name;
use crate::manifest::FileKind;
use crate::stack::passed_hosts;
use crate::text::{Source, path};

/// A folder of a program that a web server answers from.
#[derive(Debug)]
pub(in crate::emit) struct StaticFiles {
    /// The service of the program.
    pub(in crate::emit) program: String,
    /// The folder there.
    pub(in crate::emit) folder: String,
    /// The volume that both services have.
    pub(in crate::emit) volume: String,
    /// The service of the web server.
    pub(in crate::emit) server: String,
    /// Where its configuration looks for the files.
    pub(in crate::emit) target: String,
    /// The place that shows the folder.
    pub(in crate::emit) place: String,
}

/// A folder that a configuration of nginx answers from.
struct Location<'t> {
    /// The beginning of the paths.
    path: &'t str,
    folder: String,
}

/// The files that web servers answer with and that only images of other programs have.
pub(in crate::emit) fn static_files(
    input: &EmitInput,
    applications: &[Application],
    proxy: Option<&Proxy>,
    plan: &mut ComposePlan,
) -> Vec<StaticFiles> {
    let mut all = Vec::new();
    let of_proxy = proxy.map(|proxy| (proxy.name.as_str(), &input.files.files[proxy.file].source, None));
    // Other images may hold the configuration too, and serve nothing with it.
    let of_images = applications.iter().filter(|known| is_proxy(known)).flat_map(|application| {
        let sources = application.code_files(input).map(|file| &file.source);
        let sources = sources.filter(|source| {
            path::name(source.name()).split('.').next_back() == Some("conf") && !passed_hosts(source, None).is_empty()
        });
        sources.map(move |source| (application.name.as_str(), source, Some(application)))
    });
    let servers: Vec<(&str, &Source, Option<&Application>)> = of_proxy.into_iter().chain(of_images).collect();
    for (server, source, image) in servers {
        let mut locations = locations(source.text());
        locations.retain(|location| image.is_none_or(|application| !has_files(application, &location.folder)));
        for application in applications.iter().filter(|application| application.name != server) {
            add_of_program(input, application, (server, &locations), (&mut all, plan));
        }
    }
    all
}

/// Adds the folders of a program that a web server answers from.
fn add_of_program(
    input: &EmitInput,
    application: &Application,
    (server, locations): (&str, &[Location]),
    (all, plan): (&mut Vec<StaticFiles>, &mut ComposePlan),
) {
    let volumes = application.own_volumes();
    let sent = application.storage.iter().map(|(folder, place)| {
        let folder = folder.clone();
        (ServedFolder { folder, place: place.clone(), filled_by: None }, true)
    });
    let folders = served_folders(input, application).into_iter().map(|known| (known, false));
    for (known, is_sent) in folders.chain(sent) {
        // Another program may have files below the same path.
        let is_new = |target: &str| all.iter().all(|other| other.server != server || other.target != target);
        let location = locations.iter().find(|location| answers_from(location, &known, is_sent));
        let Some(location) = location.filter(|location| is_new(&location.folder)) else { continue };
        let volume = volumes.iter().find(|(_, folder)| *folder == known.folder);
        let new = || service_name(&format!("{}-{}", application.name, path::name(&known.folder)));
        let volume = volume.map_or_else(new, |(name, _)| name.clone());
        if !is_sent {
            plan.notes.extend(note_of(input, application, (known.filled_by, &known.folder), &volume));
        }
        all.push(StaticFiles {
            program: application.name.clone(),
            folder: known.folder,
            volume,
            server: server.to_owned(),
            target: location.folder.clone(),
            place: known.place,
        });
    }
}

/// Whether a location answers with the files of a folder: it names that, or its path is the usual one of such files.
fn answers_from(location: &Location, known: &ServedFolder, is_sent: bool) -> bool {
    let is_usual = match location.path.trim_matches('/') {
        "static" => known.filled_by.is_some(),
        "media" | "uploads" => is_sent,
        _ => false,
    };
    location.folder == known.folder || is_usual
}

/// Whether the image of a web server brings files to a folder, above it or below it.
fn has_files(server: &Application, folder: &str) -> bool {
    let build = &server.build;
    let transfers = build.stages().iter().flat_map(|stage| build.transfers(stage));
    let mut targets = transfers.filter_map(|transfer| transfer.destination.as_deref());
    targets.any(|target| {
        let target = target.trim_end_matches('/');
        path::is_within(folder, target) || path::is_within(target, folder)
    })
}

/// What is left to do by hand, so that a volume has the files of today.
fn note_of(
    input: &EmitInput,
    application: &Application,
    (command, folder): (Option<&str>, &str),
    volume: &str,
) -> Option<String> {
    let name = &application.name;
    let Some(command) = command else {
        return Some(format!(
            "the volume `{volume}` keeps `{folder}` of the first image of {name}: remove it with each new image"
        ));
    };
    let dockerfile = application.build.input().file.source().text();
    let mut scripts = application.code_files(input);
    let starts_with_it =
        scripts.any(|file| FileKind::of(&file.below).is_shell() && file.source.text().contains(command));
    match () {
        () if starts_with_it => None,
        () if dockerfile.contains(command) => Some(format!(
            "the volume `{volume}` keeps the files of the first image: run `{command}` when {name} starts, or remove the \
             volume with each new image"
        )),
        () => Some(format!("nothing runs `{command}`, so `{folder}` of {name} stays empty")),
    }
}

/// The folders that the locations of a configuration answer from; a folder of the image of nginx is none.
fn locations(text: &str) -> Vec<Location<'_>> {
    let (mut locations, mut path) = (Vec::new(), "");
    for (name, value) in directives(text) {
        let folder = match name {
            "server" => {
                path = "";
                continue;
            }
            "location" => {
                path = value;
                continue;
            }
            "root" if path.starts_with('/') => path::join(value, path.trim_matches('/')),
            "alias" | "root" => value.to_owned(),
            _ => continue,
        };
        let folder = folder.trim_end_matches('/');
        let is_of_image = path::is_within(folder, "/usr/share/nginx") || path::is_within(folder, "/etc/nginx");
        if folder.starts_with('/') && !is_of_image {
            locations.push(Location { path, folder: folder.to_owned() });
        }
    }
    locations
}
