//! The names of services.

use std::collections::{BTreeMap, BTreeSet};

use super::mention::UrlParts;
use super::proxy::{Proxy, addresses};
use super::proxy_variables::settled;
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::example::nearest_example;
use crate::emit::facts::spring_config::program_settings;
use crate::emit::facts::worker::{SCHEDULER, Worker};
use crate::emit::input::EmitInput;
use crate::emit::server_image::{is_service_host, service_name};
use crate::manifest::{Ecosystem, FileKind};
use crate::stack::{known_service, passed_hosts};
use crate::text::path;

/// Names the programs: as the proxy and addresses in sources call what listens on their port, else by their folders.
pub(in crate::emit) fn name_applications(input: &EmitInput, applications: &mut [Application], proxy: Option<&Proxy>) {
    let mut hosts: BTreeMap<u16, BTreeSet<String>> = BTreeMap::new();
    for (host, port) in proxy.into_iter().flat_map(|proxy| &proxy.addresses) {
        hosts.entry(*port).or_default().insert(host.clone());
    }
    for (host, port) in applications.iter().flat_map(|known| named_addresses(input, known)) {
        hosts.entry(port).or_default().insert(host);
    }
    let mut used: BTreeSet<String> = proxy.map(|proxy| proxy.name.clone()).into_iter().collect();
    let of_port = |port: u16, applications: &[Application]| {
        let is_single = applications.iter().filter(|known| known.port == Some(port)).count() == 1;
        hosts.get(&port).filter(|names| names.len() == 1 && is_single).and_then(|names| names.first().cloned())
    };
    let names: Vec<String> = applications
        .iter()
        .map(|application| {
            let by_address = application.port.and_then(|port| of_port(port, applications));
            let same_target = applications.iter().filter(|known| known.target == application.target).count();
            by_address.unwrap_or_else(|| match &application.target {
                Some(target) if same_target > 1 => {
                    service_name(&format!("{}-{target}", name_of_folder(input, application)))
                }
                _ => name_by_place(input, application),
            })
        })
        .collect();
    for (application, name) in applications.iter_mut().zip(names) {
        application.name = unused_name(&name, &mut used);
    }
    name_as_written(input, applications);
    name_as_asked(applications, &hosts);
    add_named_ports(applications, &hosts);
    choose_ports(input, applications);
}

/// Names programs with `_` as addresses in sources do: `user_service:50051`.
fn name_as_written(input: &EmitInput, applications: &mut [Application]) {
    let is_written = |name: &str, applications: &[Application]| {
        let start = format!("{name}:");
        let is_address = |text: &str| {
            text.match_indices(&start).any(|(at, _)| {
                let is_whole = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || "_-.".contains(c));
                is_whole && text[at + start.len()..].starts_with(|c: char| c.is_ascii_digit())
            })
        };
        let mut files = applications.iter().flat_map(|known| known.code_files(input));
        files.any(|file| file.is_of_program() && is_address(file.source.text()))
    };
    for at in 0..applications.len() {
        let name = &applications[at].name;
        let written = name.replace('-', "_");
        let is_used = applications.iter().any(|known| known.name == written);
        if !is_used && !is_written(name, applications) && is_written(&written, applications) {
            applications[at].name = written;
        }
    }
}

/// Names the only program of which no port is known as the only host that no program has.
fn name_as_asked(applications: &mut [Application], hosts: &BTreeMap<u16, BTreeSet<String>>) {
    let names: BTreeSet<&str> = applications.iter().map(|known| known.name.as_str()).collect();
    let all = hosts.iter().flat_map(|(port, names)| names.iter().map(|name| (name.clone(), *port)));
    let open: Vec<(String, u16)> =
        all.filter(|(host, _)| !names.contains(host.as_str()) && known_service(host).is_none()).collect();
    let [(host, port)] = open.as_slice() else { return };
    let is_server = |known: &&mut Application| {
        let is_job = known.words_of_name().any(|word| data::NAME_WORDS.has(word, "job"));
        known.port.is_none() && !known.is_worker && !known.is_scheduler && known.server.is_none() && !is_job
    };
    let mut candidates = applications.iter_mut().filter(is_server);
    if let (Some(application), None) = (candidates.next(), candidates.next()) {
        (application.name, application.port) = (host.clone(), Some(*port));
    }
}

/// Gives programs that listen where a variable says, and of which nothing says a port, the one of the example, else the usual
/// one.
fn choose_ports(input: &EmitInput, applications: &mut [Application]) {
    for application in applications.iter_mut().filter(|known| known.port.is_none() && !known.is_worker) {
        let Some(variable) = &application.port_variable else { continue };
        let mut reads = application.code.reads.iter().filter(|(_, read)| read.name == variable.name);
        let example = reads.next().and_then(|(file, _)| {
            nearest_example(input, *file, |known| known.name == variable.name && !known.value.is_empty())
        });
        let port = example.and_then(|example| example.value.parse().ok()).filter(|port| *port > 0);
        application.port = Some(port.unwrap_or_else(|| usual_port(application)));
    }
}

/// The port that programs of a language usually listen on.
fn usual_port(application: &Application) -> u16 {
    match application.projects().next().map(|project| project.ecosystem) {
        Some(Ecosystem::Node | Ecosystem::Ruby) => 3000,
        Some(Ecosystem::Python) => 8000,
        _ => 8080,
    }
}

/// Gives programs the port under which a proxy or settings name them, where nothing else says one.
fn add_named_ports(applications: &mut [Application], hosts: &BTreeMap<u16, BTreeSet<String>>) {
    for application in applications.iter_mut().filter(|known| known.port.is_none()) {
        let mut ports = hosts.iter().filter(|(_, names)| names.contains(&application.name)).map(|(port, _)| *port);
        if !application.is_worker && !application.is_scheduler && application.server.is_none() {
            application.port = match (ports.next(), ports.next()) {
                (Some(port), None) => Some(port),
                _ => None,
            };
        }
    }
}

/// The addresses of other programs in configurations of nginx and in the settings of a program.
fn named_addresses(input: &EmitInput, application: &Application) -> Vec<(String, u16)> {
    let files = application.code_files(input);
    let files = files.filter(|file| file.is_of_program() && file.source.text().contains("_pass "));
    let configurations = files.map(|file| settled(&file.source)).filter(|known| !passed_hosts(known, None).is_empty());
    let mut named: Vec<(String, u16)> = configurations.flat_map(|known| addresses(known.text())).collect();
    for (_, setting) in program_settings(input, application) {
        let url = setting.text.find("http://").and_then(|at| UrlParts::of(&setting.text[at..]));
        named.extend(url.and_then(|url| Some((url.host, url.port?))));
    }
    // What has the name of a known server is not built here.
    named.retain(|(host, _)| is_service_host(host) && known_service(host).is_none());
    named
}

/// The name of the stage that is built, where it is one of several programs; else by the Dockerfile's own
/// (`Dockerfile.worker`), that of its folder, or what the program does.
fn name_by_place(input: &EmitInput, application: &Application) -> String {
    if let Some(target) = &application.target {
        return service_name(target);
    }
    name_of_folder(input, application)
}

/// The name by the Dockerfile's own or that of its folder, whatever stage of it is built.
fn name_of_folder(input: &EmitInput, application: &Application) -> String {
    let file = path::name(application.dockerfile_text.as_deref().unwrap_or("Dockerfile"));
    let suffix = file
        .strip_prefix("Dockerfile.")
        .or_else(|| file.strip_suffix(".Dockerfile"))
        .or_else(|| file.strip_suffix(".dockerfile"));
    let is_topic = |word: &&str| !["prod", "production"].contains(word);
    if let Some(name) = suffix.filter(is_topic).map(service_name).filter(|name| !name.is_empty()) {
        return name;
    }
    let folder = match &application.dockerfile_text {
        Some(text) if text.contains('/') => path::name(path::parent(text)),
        _ if application.context != input.folder => path::name(&application.context),
        _ => "",
    };
    // A folder for Dockerfiles, or one for each base image, says nothing of the program.
    let is_base = |name: &str| data::OFFICIAL_IMAGES.contains(name) && known_service(name).is_none();
    let says_nothing = |name: &str| {
        name.is_empty() || name.contains("docker") || FileKind::of(name).folder_role().is_some() || is_base(name)
    };
    match service_name(folder) {
        name if !says_nothing(&name) => name,
        _ if application.is_worker => "worker".to_owned(),
        _ => "app".to_owned(),
    }
}

/// Names workers apart, after their program where there are several, and from all other services; `others`: the names of
/// servers and of the proxy.
pub(in crate::emit) fn name_workers(
    workers: &mut [(usize, Worker)],
    applications: &[Application],
    others: impl IntoIterator<Item = String>,
) {
    let mut used: BTreeSet<String> = applications.iter().map(|known| known.name.clone()).chain(others).collect();
    let mut of_name: BTreeMap<String, usize> = BTreeMap::new();
    for (_, worker) in workers.iter() {
        *of_name.entry(worker.name.clone()).or_insert(0) += 1;
    }
    let mut replaced: BTreeSet<usize> = BTreeSet::new();
    for (at, worker) in workers {
        let application = &applications[*at];
        let stands_for_program = application.is_worker && worker.name != SCHEDULER;
        let name = match () {
            () if stands_for_program => application.name.clone(),
            () if of_name[&worker.name] == 1 => worker.name.clone(),
            () => service_name(&format!("{}-{}", application.name, worker.name)),
        };
        // The program has no other service that would have its name.
        worker.name = if stands_for_program && replaced.insert(*at) { name } else { unused_name(&name, &mut used) };
    }
}

/// A name that no service has yet, with a number where another has it already.
fn unused_name(name: &str, used: &mut BTreeSet<String>) -> String {
    let mut unique = name.to_owned();
    let mut count = 2;
    while !used.insert(unique.clone()) {
        unique = format!("{name}-{count}");
        count += 1;
    }
    unique
}
