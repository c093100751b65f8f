//! The variables that a program gets: where its servers are, what it cannot do without, and secrets of its own.

use std::collections::BTreeSet;

use super::switch::switches;
use crate::build::{Lookup, VariableOrigin};
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::input::EmitInput;
use crate::emit::links::backend::Backends;
use crate::emit::links::connection::Connection;
use crate::emit::links::mention::place;
use crate::emit::plan::ComposePlan;
use crate::manifest::{Ecosystem, FileKind};
use crate::secret;
use crate::sources::code::words;
use crate::sources::patterns;
use crate::sources::variables::{Absence, VariableRead};
use crate::text::path;
use crate::variables::{ExampleVariable, committed_variables, example_variables, is_set_by_images};

/// Which variables are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum EnvironmentExtent {
    /// All that the program should get.
    All,
    /// Only those without which it fails.
    Needed,
}

/// What a program connects to, and which of its variables are wanted.
pub(in crate::emit) struct EnvironmentParts<'p> {
    pub(in crate::emit) connections: &'p [Connection],
    /// Variables about servers that are here; some need none.
    pub(in crate::emit) settled: &'p BTreeSet<String>,
    pub(in crate::emit) backends: &'p Backends,
    pub(in crate::emit) extent: EnvironmentExtent,
}

/// Lines of a comment above an example that are read.
const REMARK_LINES: usize = 5;

/// How a program gets a variable.
enum VariableNeed {
    /// The user must set it.
    Required,
    /// It has this value where the user sets none.
    Shown(String),
    /// Compose passes on what is set.
    PassedOn,
    /// Compose passes on what is set, and the example offers it.
    Offered,
}

/// Names and values, with variables of Compose; without a value where Compose passes on what is set.
pub(in crate::emit) fn environment(
    input: &EmitInput,
    application: &Application,
    parts: &EnvironmentParts,
    plan: &mut ComposePlan,
) -> Vec<(String, Option<String>)> {
    let connections = parts.connections.iter();
    let mut entries: Vec<(String, Option<String>)> =
        connections.filter_map(|known| Some((known.variable.clone()?, Some(known.value.clone())))).collect();
    for switch in switches(input, application, parts.connections, parts.backends) {
        if entries.iter().all(|(known, _)| *known != switch.name) {
            plan.choose(&application.name, "environment", switch.reason, Some(switch.place));
            entries.push((switch.name, Some(switch.value)));
        }
    }
    add_port(application, &mut entries, plan);
    add_framework(application, &mut entries, plan);
    let examples = example_variables(input.files);
    add_read(input, application, parts, &examples, &mut entries, plan);
    if parts.extent == EnvironmentExtent::All {
        add_example_secrets(input, application, parts, &examples, &mut entries, plan);
    }
    add_set(input, application, &mut entries, plan);
    entries
}

/// Says where to listen, where the program has to be told: the port that its image exposes.
fn add_port(application: &Application, entries: &mut Vec<(String, Option<String>)>, plan: &mut ComposePlan) {
    let (Some((name, place)), Some(port)) = (&application.port_variable, application.port) else { return };
    if entries.iter().all(|(known, _)| known != name) {
        let reason = format!("it listens where `{name}` says, which has no default, and its image exposes {port}");
        plan.choose(&application.name, "environment", reason, Some(place.clone()));
        entries.push((name.clone(), Some(port.to_string())));
    }
}

/// Adds what frameworks ask for, although no source reads it.
fn add_framework(application: &Application, entries: &mut Vec<(String, Option<String>)>, plan: &mut ComposePlan) {
    for row in data::FRAMEWORK_VARIABLES.rows() {
        let is_there = Ecosystem::of(row[1]).is_some_and(|known| application.has_package(known, row[0]));
        let name = row[2];
        if is_there && entries.iter().all(|(known, _)| known != name) && !is_set(application, name) {
            plan.need(name, &format!("A secret that {} asks for.", row[0]));
            let reason = format!("{} does not start without `{name}`", row[0]);
            plan.choose(&application.name, "environment", reason, None);
            entries.push((name.to_owned(), Some(format!("${{{name}:?set it in .env}}"))));
        }
    }
}

/// Adds what its sources read.
fn add_read(
    input: &EmitInput,
    application: &Application,
    parts: &EnvironmentParts,
    examples: &[ExampleVariable],
    entries: &mut Vec<(String, Option<String>)>,
    plan: &mut ComposePlan,
) {
    for (file, read) in &application.code.reads {
        let name = read.name.as_str();
        let is_known = entries.iter().any(|(known, _)| known == name) || parts.settled.contains(name);
        if is_known || is_set_by_images(name) {
            continue;
        }
        let Some((need, reason)) = need(input, application, (*file, read), parts.extent, examples) else { continue };
        let source = &input.files.files[*file].source;
        let value = match need {
            VariableNeed::Required => {
                plan.need(name, &format!("Read in {}.", source.name()));
                Some(format!("${{{name}:?set it in .env}}"))
            }
            VariableNeed::Shown(value) => Some(format!("${{{name}:-{value}}}")),
            VariableNeed::PassedOn => None,
            VariableNeed::Offered => {
                plan.offer(name, &format!("A secret; {} has one that everybody knows.", source.name()));
                None
            }
        };
        plan.choose(&application.name, "environment", reason, Some(place(source, read.at)));
        entries.push((name.to_owned(), value));
    }
}

/// How a program gets a variable that a file of it reads, and why; `None` where it does without.
fn need(
    input: &EmitInput,
    application: &Application,
    (file, read): (usize, &VariableRead),
    extent: EnvironmentExtent,
    examples: &[ExampleVariable],
) -> Option<(VariableNeed, String)> {
    let name = read.name.as_str();
    let example = nearest_example(input, file, examples, |known| known.name == name);
    let shown = nearest_example(input, file, examples, |known| known.name == name && !known.value.is_empty());
    let shown = shown.map(|example| example.value.as_str());
    let default = match &read.absence {
        Absence::Default(value) => value.as_deref().filter(|value| !value.is_empty()),
        _ => None,
    };
    let is_shell = FileKind::of(&input.files.files[file].below).is_shell();
    let is_own = secret::names_program_secret(name);
    let is_secret = (is_own || secret::names_secret(name)) && !shown.or(default).is_some_and(secret::is_switch);
    let plain = shown.filter(|value| !is_secret && is_plain(value)).map(str::to_owned);
    let remark = example.map(|example| Remark::of(input, example)).unwrap_or_default();
    let passed_on = || {
        let is_free = name != "PORT" && !is_set(application, name);
        let reason = format!("the program reads `{name}`, and the example sets it");
        example.filter(|example| is_free && !example.is_comment).map(|_| (VariableNeed::PassedOn, reason))
    };
    match &read.absence {
        Absence::Fails if remark == Remark::Optional => passed_on(),
        Absence::Continues if remark == Remark::Required && is_secret => {
            Some((VariableNeed::Required, format!("the example says that `{name}` is required")))
        }
        Absence::Fails if is_secret || !is_set(application, name) => {
            let reason = format!("the program fails without `{name}`");
            Some((plain.map_or(VariableNeed::Required, VariableNeed::Shown), reason))
        }
        Absence::Fails => None,
        _ if extent == EnvironmentExtent::Needed => None,
        Absence::Default(value) if is_secret => {
            let is_random = value.is_none() && has_random_default(input, file, read);
            if is_own && is_random {
                let reason = format!("without `{name}` each process and each start draws another secret");
                return Some((VariableNeed::Required, reason));
            }
            let reason = format!("`{name}` is a secret, and the source has one that everybody knows");
            if default.is_none() {
                return passed_on();
            }
            Some((if is_own { VariableNeed::Required } else { VariableNeed::Offered }, reason))
        }
        // A default is a reason not to require it: what the user sets has to arrive.
        Absence::Default(_) => passed_on(),
        Absence::Continues => {
            let mut reads = application.code.reads.iter().filter(|(_, known)| known.name == name);
            let has_default = reads.any(|(_, known)| matches!(known.absence, Absence::Default(_)));
            let (need, reason) = passed_on()?;
            match plain.filter(|value| is_shell && !has_default && !is_of_this_host(value)) {
                Some(value) => {
                    let reason = format!("the start script uses `{name}`, which has no default");
                    Some((VariableNeed::Shown(value), reason))
                }
                None => Some((need, reason)),
            }
        }
    }
}

/// What the comment of an example says of a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Remark {
    #[default]
    None,
    Optional,
    Required,
}

impl Remark {
    /// That of the comment lines right above the variable, and of its line.
    fn of(input: &EmitInput, example: &ExampleVariable) -> Self {
        let text = input.files.files[example.file].source.text();
        let start = text[..example.at].rfind('\n').map_or(0, |at| at + 1);
        let above =
            text[..start].lines().rev().take(REMARK_LINES).take_while(|line| line.trim_start().starts_with('#'));
        let line =
            text[example.at..].lines().next().and_then(|line| line.split_once(" #")).map_or("", |(_, rest)| rest);
        let remark = above.chain([line]).collect::<String>().to_ascii_lowercase();
        match (remark.contains("optional"), remark.contains("required")) {
            (true, false) => Self::Optional,
            (false, true) => Self::Required,
            _ => Self::None,
        }
    }
}

/// Whether a value means a server that the container does not reach by that name.
fn is_of_this_host(value: &str) -> bool {
    value.contains("localhost") || value.contains("127.0.0.1")
}

/// The example of a variable: that of the nearest folder above the file that reads it, else the first.
fn nearest_example<'e>(
    input: &EmitInput,
    file: usize,
    examples: &'e [ExampleVariable],
    is_wanted: impl Fn(&ExampleVariable) -> bool,
) -> Option<&'e ExampleVariable> {
    let known = || examples.iter().filter(|known| is_wanted(known));
    let folder = |example: &ExampleVariable| path::parent(&input.files.files[example.file].path);
    let above = known().filter(|known| path::is_within(&input.files.files[file].path, folder(known)));
    let depth = |known: &&ExampleVariable| (folder(known).len(), !known.is_comment, std::cmp::Reverse(known.file));
    above.max_by_key(depth).or_else(|| known().min_by_key(|known| known.is_comment))
}

/// Whether the default of a variable is drawn when the program starts: `os.environ.get("SECRET_KEY", token_hex(16))`.
fn has_random_default(input: &EmitInput, file: usize, read: &VariableRead) -> bool {
    let behind =
        input.files.files[file].source.text()[read.at..].lines().next().unwrap_or_default().to_ascii_lowercase();
    patterns::words("draws a random value").any(|word| behind.contains(word))
}

/// Adds what a committed `.env` sets and the program reads: without a value, so that Compose passes on what is set there.
fn add_set(
    input: &EmitInput,
    application: &Application,
    entries: &mut Vec<(String, Option<String>)>,
    plan: &mut ComposePlan,
) {
    let Some((at, variables)) = committed_variables(input.files, input.folder) else { return };
    for variable in variables {
        let is_read = application.code.reads.iter().any(|(_, read)| read.name == variable.name);
        if is_read && !is_set_by_images(&variable.name) && entries.iter().all(|(known, _)| *known != variable.name) {
            let place = place(&input.files.files[at].source, variable.at);
            let reason = format!("`{}` is set in the `.env` that everybody has, and read", variable.name);
            plan.choose(&application.name, "environment", reason, Some(place));
            entries.push((variable.name, None));
        }
    }
}

/// Adds the secrets that an example sets and the program names.
fn add_example_secrets(
    input: &EmitInput,
    application: &Application,
    parts: &EnvironmentParts,
    examples: &[ExampleVariable],
    entries: &mut Vec<(String, Option<String>)>,
    plan: &mut ComposePlan,
) {
    if application.server.is_some() {
        return;
    }
    for example in examples {
        let name = example.name.as_str();
        let is_known = entries.iter().any(|(known, value)| {
            known == name || value.as_ref().is_some_and(|value| value.contains(&format!("${{{name}:")))
        });
        let is_secret = secret::names_secret(name) && !example.value.is_empty() && !example.value.contains("://");
        let is_switch = example.is_comment || secret::is_switch(&example.value);
        // What has a default or a rule that lets it out is optional.
        let mut reads = application.code.reads.iter().filter(|(_, read)| read.name == name);
        let is_optional = reads.any(|(_, read)| matches!(read.absence, Absence::Default(_)));
        if is_known || !is_secret || is_switch || is_optional || parts.settled.contains(name) {
            continue;
        }
        let mut files = application.code.files.iter().map(|at| &input.files.files[*at]);
        let code = files.find(|file| {
            FileKind::of(&file.below).has_code()
                && file.is_of_program()
                && words(file.source.text(), name).next().is_some()
        });
        if code.is_none() {
            continue;
        }
        let reason = format!("`{name}` is a secret that the example sets and the program names");
        let place = place(&input.files.files[example.file].source, example.at);
        plan.choose(&application.name, "environment", reason, Some(place));
        // Whether it can do without, the example does not say: Compose passes on what is set.
        entries.push((name.to_owned(), None));
    }
}

/// Whether the image sets it.
fn is_set(application: &Application, name: &str) -> bool {
    let build = &application.build;
    let Some(stage) = build.target() else { return false };
    match build.scopes().lookup(stage.index, name, usize::MAX) {
        Lookup::Defined(known) => matches!(known.origin, VariableOrigin::Env | VariableOrigin::BaseImage),
        _ => false,
    }
}

/// Whether a value may stand in a variable of Compose as it is.
fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "_./:-".contains(c))
}
