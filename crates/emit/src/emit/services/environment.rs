//! The variables that a program gets: where its servers are, what it cannot do without, and secrets of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::switch::switches;
use super::variable_need::{EnvironmentExtent, ReadVariable, VariableNeed, is_plain, is_set};
use crate::build::serves_developers;
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::example::{example_of, nearest_example, place};
use crate::emit::facts::start::{StartText, start_texts};
use crate::emit::input::EmitInput;
use crate::emit::links::backend::Backends;
use crate::emit::links::connection::Connection;
use crate::emit::plan::ComposePlan;
use crate::manifest::{Ecosystem, FileKind};
use crate::secret;
use crate::sources::code::words;
use crate::sources::variables::{Absence, VariableRead};
use crate::stack::known_service;
use crate::variables::{ExampleVariable, committed_variables, is_of_family, is_set_by_images};

/// The maximum number of names that a source asks settings for.
const MOST_NAMES: usize = 500;

/// What a program connects to, and which of its variables are wanted.
pub(in crate::emit) struct EnvironmentParts<'p> {
    pub(in crate::emit) connections: &'p [Connection],
    /// Variables about servers that are here; some need none.
    pub(in crate::emit) settled: &'p BTreeSet<String>,
    pub(in crate::emit) backends: &'p Backends,
    pub(in crate::emit) extent: EnvironmentExtent,
}

/// Names and values, with variables of Compose; without a value where Compose passes on what is set.
pub(in crate::emit) fn environment(
    input: &EmitInput,
    application: &Application,
    parts: &EnvironmentParts,
    plan: &mut ComposePlan,
) -> Vec<(String, Option<String>)> {
    let mut entries: Vec<(String, Option<String>)> = Vec::new();
    for known in parts.connections {
        if let Some(variable) = &known.variable
            && entries.iter().all(|(name, _)| name != variable)
        {
            entries.push((variable.clone(), Some(known.value.clone())));
        }
    }
    let mut planner = EnvironmentPlanner { input, application, parts, plan, entries };
    planner.add_switches();
    planner.add_port();
    planner.add_host();
    planner.add_framework();
    planner.add_read();
    if parts.extent == EnvironmentExtent::All {
        planner.add_example_secrets();
        planner.add_named();
        planner.note_built_in();
    }
    planner.add_set();
    planner.entries
}

/// Plans the variables of a program, each once: what is there stays.
struct EnvironmentPlanner<'p, 'i, 'a> {
    input: &'p EmitInput<'i>,
    application: &'p Application<'a>,
    parts: &'p EnvironmentParts<'p>,
    plan: &'p mut ComposePlan,
    entries: Vec<(String, Option<String>)>,
}

impl EnvironmentPlanner<'_, '_, '_> {
    /// Whether it is there, or has no effect when the program starts.
    fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(known, _)| known == name) || is_built_in(self.input, self.application, name)
    }

    /// Says that a command which makes a user stops what follows it once that user is there.
    fn note_second_start(&mut self, command: &str, starts: &[StartText]) {
        let is_chain = |text: &str| text.split_once(command).is_some_and(|(_, rest)| rest.contains("&&"));
        let Some(start) = starts.iter().find(|start| command != "-" && is_chain(start.text)) else { return };
        let note = format!(
            "{} runs `{command}` at each start, which fails once the user is there ({}): what follows it does not run then",
            self.application.name, start.place
        );
        if !self.plan.notes.contains(&note) {
            self.plan.notes.push(note);
        }
    }

    /// Says which variables that an example sets went into the pages when the image was built, without a build argument.
    fn note_built_in(&mut self) {
        let application = self.application;
        let source = application.build.input().file.source();
        let names: BTreeSet<&str> = application.code.reads.iter().map(|(_, read)| read.name.as_str()).collect();
        for name in names.into_iter().filter(|name| is_built_in(self.input, application, name)) {
            let is_value = |known: &ExampleVariable| known.name == name && !known.is_comment && !known.value.is_empty();
            if example_of(self.input, application, is_value).is_some() && words(source.text(), name).next().is_none() {
                self.plan.notes.push(format!(
                    "`{name}` goes into the pages when the image of {} is built: without an `ARG {name}` in {} none of its values gets there",
                    application.name,
                    source.name()
                ));
            }
        }
    }

    /// Adds a variable and the reason for it.
    fn add(&mut self, name: &str, value: Option<String>, reason: impl Into<String>, place: Option<String>) {
        self.plan.choose(&self.application.name, "environment", reason, place);
        self.entries.push((name.to_owned(), value));
    }

    /// Where an example sets a variable, for people.
    fn place_of(&self, example: &ExampleVariable) -> String {
        place(&self.input.files.files[example.file].source, example.at)
    }

    /// Switches off what no server here speaks.
    fn add_switches(&mut self) {
        for switch in switches(self.input, self.application, self.parts.connections, self.parts.backends) {
            if !self.has(&switch.name) {
                self.add(&switch.name, Some(switch.value), switch.reason, Some(switch.place));
            }
        }
    }

    /// Says where to listen, where the program has to be told: the port that its image exposes.
    fn add_port(&mut self) {
        let (Some(variable), Some(port)) = (&self.application.port_variable, self.application.port) else { return };
        if !self.has(&variable.name) {
            self.add(&variable.name, Some(port.to_string()), &variable.reason, Some(variable.place.clone()));
        }
    }

    /// Says to listen at all addresses, where a server would only do so at that of its container's name: checks ask at
    /// 127.0.0.1.
    fn add_host(&mut self) {
        let Some(name) = self.application.host_variable.as_deref().filter(|name| !self.has(name)) else { return };
        let reason = match name {
            "HOSTNAME" => {
                "the standalone server of Next.js listens where it says, else only at the address of its name"
            }
            _ => "its command listens where it says: at all addresses, or nobody reaches it",
        };
        self.add(name, Some("0.0.0.0".to_owned()), reason, None);
    }

    /// Adds what frameworks ask for, although no source reads it.
    fn add_framework(&mut self) {
        let (input, application) = (self.input, self.application);
        let starts = start_texts(input, application);
        for row in data::FRAMEWORK_VARIABLES.rows() {
            let (name, command) = (row[2], row[3]);
            let is_there = Ecosystem::of(row[1]).is_some_and(|known| application.has_package(known, row[0]))
                && (command == "-" || starts.iter().any(|start| runs_always(start.text, command, name)));
            if !is_there || self.has(name) || is_set(application, name) {
                continue;
            }
            self.note_second_start(command, &starts);
            let subject = if command == "-" { row[0] } else { command };
            let is_secret = secret::names_secret(name);
            let mut shown = input.examples.iter().filter(|known| known.name == name && is_plain(&known.value));
            let value = match shown.next() {
                Some(example) if !is_secret => format!("${{{name}:-{}}}", example.value),
                _ => {
                    let kind = if is_secret || command == "-" { "A secret" } else { "A value" };
                    self.plan.need(name, &format!("{kind} that {subject} asks for."));
                    format!("${{{name}:?set it in .env}}")
                }
            };
            self.add(name, Some(value), format!("{subject} does not start without `{name}`"), None);
        }
    }

    /// Adds what its sources read.
    fn add_read(&mut self) {
        let (input, application, parts) = (self.input, self.application, self.parts);
        let mut open: Vec<&str> = Vec::new();
        for (file, read) in &application.code.reads {
            let name = read.name.as_str();
            if self.has(name) || parts.settled.contains(name) {
                continue;
            }
            // A family is known by its beginning alone: what an example sets of it is the program's own (`GITHUB_CLIENT_ID`).
            let is_shown = |known: &ExampleVariable| known.name == name && !known.is_comment;
            let is_own = || is_of_family(name) && nearest_example(input, *file, is_shown).is_some();
            if is_set_by_images(name) && !is_own() {
                continue;
            }
            let variable = ReadVariable::of(input, application, (*file, read));
            let Some((need, reason)) = variable.need(parts.extent) else { continue };
            let source = &input.files.files[*file].source;
            let value = match need {
                VariableNeed::Required => {
                    self.plan.need(name, &format!("Read in {}.", source.name()));
                    Some(format!("${{{name}:?set it in .env}}"))
                }
                VariableNeed::Shown(value) => Some(format!("${{{name}:-{value}}}")),
                VariableNeed::PassedOn => None,
                VariableNeed::Offered(remark) => {
                    open.push(name);
                    self.plan.offer(name, &remark.replace("{file}", source.name()));
                    None
                }
            };
            self.add(name, value, reason, Some(place(source, read.at)));
        }
        self.note_open(&open);
    }

    /// Says which variables of a program nothing has a value for: it may start, and fail at its work.
    fn note_open(&mut self, names: &[&str]) {
        let Some(first) = names.first() else { return };
        let more = names.len() - 1;
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        let what = format!("`{first}`{rest} only from `.env`: .env.example says where they are read");
        let name = &self.application.name;
        let names_of = |note: &str| {
            let names = note.strip_suffix(what.as_str())?;
            names.strip_suffix(" gets ").or_else(|| names.strip_suffix(" get ")).map(str::to_owned)
        };
        let mut known = self.plan.notes.iter_mut().filter_map(|note| Some((names_of(note)?, note)));
        match known.next() {
            Some((names, note)) if names.split(", ").all(|known| known != name) => {
                *note = format!("{names}, {name} get {what}");
            }
            Some(_) => {}
            None => self.plan.notes.push(format!("{name} gets {what}")),
        }
    }

    /// Adds what a committed `.env` sets and the program reads: without a value, so that Compose passes on what is set
    /// there.
    fn add_set(&mut self) {
        let Some((at, variables)) = committed_variables(self.input.files, self.input.folder) else { return };
        for variable in variables {
            let is_read = self.application.code.reads.iter().any(|(_, read)| read.name == variable.name);
            if is_read && !is_set_by_images(&variable.name) && !self.has(&variable.name) {
                let place = place(&self.input.files.files[at].source, variable.at);
                let reason = format!("`{}` is set in the `.env` that everybody has, and read", variable.name);
                self.add(&variable.name, None, reason, Some(place));
            }
        }
    }

    /// Adds the secrets that an example sets and the program names.
    fn add_example_secrets(&mut self) {
        let (input, application) = (self.input, self.application);
        if application.server.is_some() {
            return;
        }
        for example in input.examples {
            let name = example.name.as_str();
            let is_known = self.entries.iter().any(|(known, value)| {
                known == name || value.as_ref().is_some_and(|value| value.contains(&format!("${{{name}:")))
            });
            let is_secret = secret::names_secret(name) && !example.value.is_empty() && !example.value.contains("://");
            let is_switch = example.is_comment || secret::is_switch(&example.value);
            // What has a default or a rule that lets it out is optional.
            let mut reads = application.code.reads.iter().filter(|(_, read)| read.name == name);
            let is_optional = reads.any(|(_, read)| matches!(read.absence, Absence::Default(_)));
            if is_known || !is_secret || is_switch || is_optional || self.parts.settled.contains(name) {
                continue;
            }
            let names_it = application.code_files(input).any(|file| {
                FileKind::of(&file.below).has_code()
                    && file.is_of_program()
                    && words(file.source.text(), name).next().is_some()
            });
            if names_it {
                let reason = format!("`{name}` is a secret that the example sets and the program names");
                // Whether it can do without, the example does not say: Compose passes on what is set.
                self.add(name, None, reason, Some(self.place_of(example)));
            }
        }
    }

    /// Adds what an example sets and a source asks some settings for by its name: `_env["TOKEN_LIFETIME"]`,
    /// `config("LEVEL")`.
    fn add_named(&mut self) {
        let (input, application, parts) = (self.input, self.application, self.parts);
        if application.server.is_some() || input.examples.is_empty() {
            return;
        }
        for (name, file) in asked_names(input, application) {
            let is_known = self.has(&name) || application.code.reads.iter().any(|(_, read)| read.name == name);
            let is_of_others =
                data::MODE_VARIABLES.contains(&name) || is_set_by_images(&name) || secret::names_secret(&name);
            if is_known || is_of_others || is_set(application, &name) {
                continue;
            }
            let is_value = |known: &ExampleVariable| known.name == name && !known.is_comment && !known.value.is_empty();
            let Some(example) = nearest_example(input, file, is_value) else { continue };
            // Of what is about a server that is here, or about places, the example tells the port of that server alone.
            let words: Vec<&str> = name.split('_').collect();
            let is_of_place = words.iter().any(|word| data::CONNECTION_WORDS.contains(word));
            let is_free = !is_of_place && !parts.settled.contains(&name) && !secret::is_switch(&example.value);
            let is_port = words.last() == Some(&"PORT") && words.len() > 1;
            if is_free || is_port && is_port_of_server(parts.backends, &example.value) {
                let value = is_plain(&example.value).then(|| format!("${{{name}:-{}}}", example.value));
                let reason = format!("a source asks for `{name}`, and the example sets it");
                self.add(&name, value, reason, Some(self.place_of(example)));
            }
        }
    }
}

/// Whether a bundler put a variable into the pages when the image was built.
fn is_built_in(input: &EmitInput, application: &Application, name: &str) -> bool {
    let Some((bundler, reads)) = secret::bundler(name) else { return false };
    let starts = || application.build.target().map(|stage| application.build.start_lines(stage)).unwrap_or_default();
    let mut dependencies = application.projects().flat_map(|project| &project.dependencies);
    let is_read_so = |(file, read): &(usize, VariableRead)| {
        let line = input.files.files[*file].source.text()[..read.at].rsplit('\n').next().unwrap_or_default();
        read.name != name || line.contains(reads)
    };
    dependencies.any(|known| known.name == bundler)
        && application.code.reads.iter().all(is_read_so)
        && !starts().iter().any(|words| serves_developers(words))
}

/// Whether a text runs a command that asks for a variable, whatever happens: no script looks at that before, no option
/// stands for it, and a failure is not passed over.
fn runs_always(text: &str, command: &str, name: &str) -> bool {
    let option = name.rsplit('_').next().unwrap_or_default().to_ascii_lowercase();
    let mut lines = text.lines().filter(|line| line.contains(command) && !line.trim_start().starts_with('#'));
    !text.contains(name)
        && lines.any(|line| {
            line.contains("input")
                && !line.contains("||")
                && !line.contains(&format!("--{option}"))
                && !line.contains("if ")
        })
}

/// The names that the sources of a program ask some settings for, each with the file.
fn asked_names(input: &EmitInput, application: &Application) -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for at in &application.code.files {
        let file = &input.files.files[*at];
        if FileKind::of(&file.below).has_code() && file.is_of_program() {
            let text = file.source.text();
            let quotes = text.match_indices(['"', '\'']).filter(|(at, _)| text[..*at].ends_with(['[', '(']));
            for name in quotes.filter_map(|(at, _)| asked_name(text, at)).take(MOST_NAMES) {
                names.entry(name.to_owned()).or_insert(*at);
            }
        }
    }
    names
}

/// The name in quotes at a place, behind the name of some settings.
fn asked_name(text: &str, at: usize) -> Option<&str> {
    let last_word = |text: &str| {
        let front = text.trim_end_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        (front.len(), text[front.len()..].to_ascii_lowercase())
    };
    let before = &text[..at - 1];
    let (start, mut subject) = last_word(before);
    if ["get", "str", "int", "bool"].contains(&&*subject) {
        subject = last_word(before[..start].strip_suffix('.')?).1;
    }
    let is_settings = ["env", "environ", "config", "settings", "vars"].iter().any(|word| subject.ends_with(word));
    let rest = &text[at + 1..];
    let name = &rest[..rest.find(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))?];
    (is_settings && name.len() > 2 && rest[name.len()..].starts_with(&text[at..=at])).then_some(name)
}

/// Whether a value is the port of one of the servers.
fn is_port_of_server(backends: &Backends, value: &str) -> bool {
    let known = backends.all.iter().filter_map(|backend| known_service(&backend.image));
    known.flat_map(|known| known.ports().collect::<Vec<_>>()).any(|port| port.to_string() == value)
}
