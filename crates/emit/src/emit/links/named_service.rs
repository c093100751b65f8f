//! Programs that name each other: a server that passes requests on, a job that calls one, settings with the address of another
//! one.

use super::connection::Connection;
use super::mention::UrlParts;
use super::proxy_variables::settled;
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::check::{application_check, inherited_check};
use crate::emit::facts::example::place;
use crate::emit::facts::spring_config::program_settings;
use crate::emit::input::EmitInput;
use crate::manifest::FileKind;
use crate::sources::values::without_comments;
use crate::sources::variables::Absence;
use crate::stack::passed_hosts;

/// Another program that a program needs.
#[derive(Clone, Debug)]
pub(in crate::emit) struct NamedProgram {
    /// Its index.
    pub(in crate::emit) at: usize,
    pub(in crate::emit) place: String,
    /// Whether something asks it whether it is ready.
    pub(in crate::emit) is_checked: bool,
    /// Whether the program passes requests on to it.
    pub(in crate::emit) is_passed: bool,
}

/// Whether a program without a port does its work once and ends, as its name says.
pub(in crate::emit) fn is_job(application: &Application) -> bool {
    let mut words = application.name.split('-');
    application.port.is_none() && !application.is_worker && words.any(|word| data::NAME_WORDS.has(word, "job"))
}

/// The programs that each program needs, in no circle: those that it passes requests to before those that its settings name.
pub(in crate::emit) fn named_programs(
    input: &EmitInput,
    applications: &[Application],
    [in_images, in_sources]: [&[Vec<Connection>]; 2],
) -> Vec<Vec<NamedProgram>> {
    let mut named: Vec<Vec<NamedProgram>> = vec![Vec::new(); applications.len()];
    let is_checked: Vec<bool> = applications
        .iter()
        .map(|known| inherited_check(input, known).is_some() || application_check(input, known).is_ok())
        .collect();
    let calls: Vec<Vec<(String, String)>> =
        applications.iter().map(|known| called_programs(input, known, applications)).collect();
    let calls_back = |at: usize, name: &str| {
        let other = applications.iter().position(|known| known.name == name);
        other.is_some_and(|other| calls[other].iter().any(|(known, _)| *known == applications[at].name))
    };
    // Of two that name each other nobody knows which has to be there first.
    let called = |at: usize| {
        let of_program = calls[at].iter().filter(move |(name, _)| !calls_back(at, name));
        of_program.cloned().collect::<Vec<_>>()
    };
    for (at, application) in applications.iter().enumerate() {
        let is_passed = !is_job(application);
        let of_variables = |connections: &[Connection]| -> Vec<(String, String)> {
            connections.iter().filter_map(|known| Some((known.backend.clone(), known.place.clone()?))).collect()
        };
        let passed = passed_programs(input, application, applications).into_iter().chain(of_variables(&in_images[at]));
        for (name, place) in passed {
            add(&mut named, at, (&name, place, is_passed), applications, &is_checked);
        }
        for (name, place) in of_variables(&in_sources[at]).into_iter().chain(called(at)) {
            add(&mut named, at, (&name, place, false), applications, &is_checked);
        }
    }
    for (at, application) in applications.iter().enumerate().filter(|(_, known)| known.server.is_none()) {
        for (name, place) in programs_in_settings(input, application, applications) {
            // Who is asked by nobody is not waited for.
            if applications.iter().zip(&is_checked).any(|(known, is_checked)| *is_checked && known.name == name) {
                add(&mut named, at, (&name, place, false), applications, &is_checked);
            }
        }
    }
    named
}

/// Adds what a program needs, unless that one needs the program itself.
fn add(
    named: &mut [Vec<NamedProgram>],
    from: usize,
    (name, place, is_passed): (&str, String, bool),
    applications: &[Application],
    is_checked: &[bool],
) {
    let Some(at) = applications.iter().position(|known| known.name == name) else { return };
    let mut reached = vec![at];
    let mut next = 0;
    while let Some(open) = reached.get(next).copied() {
        next += 1;
        for known in &named[open] {
            if !reached.contains(&known.at) {
                reached.push(known.at);
            }
        }
    }
    if !reached.contains(&from) && named[from].iter().all(|known| known.at != at) {
        named[from].push(NamedProgram { at, place, is_checked: is_checked[at], is_passed });
    }
}

/// The other programs that the files of one pass requests to, and where: `proxy_pass http://api:8000`; in a job any URL.
fn passed_programs(input: &EmitInput, application: &Application, others: &[Application]) -> Vec<(String, String)> {
    let mut named: Vec<(String, String)> = Vec::new();
    let files = application.code_files(input);
    let is_named = |text: &str| others.iter().any(|other| text.contains(other.name.as_str()));
    let files = files.filter(|file| file.is_of_program() && is_named(file.source.text()));
    for file in files {
        let configuration = settled(&file.source);
        let passed: Vec<&str> = passed_hosts(&configuration, None).iter().map(|known| known.host).collect();
        for other in others.iter().filter(|other| other.name != application.name) {
            let text = file.source.text();
            let line = if passed.contains(&other.name.as_str()) {
                text.find(other.name.as_str())
            } else if is_job(application) {
                called(text, &other.name)
            } else {
                None
            };
            if let Some(at) = line
                && named.iter().all(|(name, _)| *name != other.name)
            {
                named.push((other.name.clone(), place(&file.source, at)));
            }
        }
    }
    named
}

/// The other programs whose URLs stand in the sources of one: `http://customers:8000`.
fn called_programs(input: &EmitInput, application: &Application, others: &[Application]) -> Vec<(String, String)> {
    let mut named: Vec<(String, String)> = Vec::new();
    let files =
        application.code_files(input).filter(|file| FileKind::of(&file.below).has_code() && file.is_of_program());
    for file in files {
        if !file.source.text().contains("http") {
            continue;
        }
        let text = without_comments(&file.below, file.source.text());
        for other in others.iter().filter(|other| other.name != application.name && other.port.is_some()) {
            let is_new = named.iter().all(|(name, _)| *name != other.name);
            let is_asked = |at: &usize| !may_be_asker(&text, *at);
            if is_new && let Some(at) = called(&text, &other.name).filter(is_asked) {
                named.push((other.name.clone(), place(&file.source, at)));
            }
        }
    }
    named
}

/// Whether the line of an address says who may ask, and not who is asked: `allow_origins=["http://web:3000"]`.
fn may_be_asker(text: &str, at: usize) -> bool {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next().unwrap_or_default().to_ascii_lowercase();
    ["origin", "cors", "allowed", "trusted"].iter().any(|word| line.contains(word))
}

/// Where a text has a URL with a host.
fn called(text: &str, host: &str) -> Option<usize> {
    let address = format!("://{host}");
    let mut offsets = text.match_indices(&address).map(|(at, part)| at + part.len());
    let end =
        |end: &usize| text[*end..].is_empty() || text[*end..].starts_with([':', '/', '"', '\'', ',', ' ', '\n', '}']);
    offsets.find(end)
}

/// The other programs whose addresses stand in the settings of one, or are defaults of its variables: a config server.
fn programs_in_settings(input: &EmitInput, application: &Application, others: &[Application]) -> Vec<(String, String)> {
    let mut named: Vec<(String, String)> = Vec::new();
    let settings = program_settings(input, application);
    let of_settings = settings.iter().map(|(file, known)| (*file, known.at, known.text.as_str()));
    let of_variables = application.code.reads.iter().filter_map(|(file, read)| match &read.absence {
        Absence::Default(Some(value)) if UrlParts::of(value).is_some() => Some((*file, read.at, value.as_str())),
        _ => None,
    });
    let is_other = |other: &&Application| other.name != application.name && other.server.is_none() && !other.is_worker;
    for (file, at, text) in of_settings.chain(of_variables).filter(|(.., text)| text.contains("://")) {
        for other in others.iter().filter(is_other) {
            if called(text, &other.name).is_some() && named.iter().all(|(name, _)| *name != other.name) {
                named.push((other.name.clone(), place(&input.files.files[file].source, at)));
            }
        }
    }
    named
}
