//! Healthchecks with a program that the image has.

use super::application::Application;
use super::endpoint::{endpoint_input, place_of_line};
use crate::build::{Asker, BaseImage, Build, Presence, StageBase, installs};
use crate::compose::escaped_texts;
use crate::data;
use crate::dockerfile::{Arguments, Keyword};
use crate::emit::input::EmitInput;
use crate::endpoint::{self, RouteOrigin, is_nginx, ready_route, speaks_http};
use crate::manifest::Ecosystem;
use crate::shell::program::{Kind, Program};
use crate::yaml::NewValue;

/// A check of a program.
pub(in crate::emit) struct ApplicationCheck {
    /// The words of `test`, before `$` is doubled.
    pub(in crate::emit) test: Vec<String>,
    /// Seconds between two checks.
    pub(in crate::emit) seconds: u32,
    /// Seconds at the start in which failed checks do not count.
    pub(in crate::emit) start_seconds: u32,
    pub(in crate::emit) reason: String,
    pub(in crate::emit) place: Option<String>,
}

/// Seconds that a start may take.
pub(in crate::emit) const START_SECONDS: u32 = 30;

/// A healthcheck with these words of `test`, in which each `$` reaches the container, with the seconds between two checks
/// and those at the start in which failed ones do not count.
pub(in crate::emit) fn healthcheck(test: &[String], (seconds, start_seconds): (u32, u32)) -> NewValue {
    let entry = |key: &str, value: String| (key.to_owned(), NewValue::Inline(value));
    let mut entries = vec![("test".to_owned(), escaped_texts(test))];
    entries.push(entry("interval", format!("{seconds}s")));
    // A check that asks through a broker may wait for the answer.
    entries.push(entry("timeout", format!("{}s", if seconds > 10 { 10 } else { 5 })));
    entries.push(entry("retries", "3".to_owned()));
    entries.push(entry("start_period", format!("{start_seconds}s")));
    NewValue::Mapping(entries)
}

/// A healthcheck whose words are those of a compose file.
pub(in crate::emit) fn healthcheck_with<'t>(
    test: &[String],
    timing: impl Iterator<Item = (&'t str, &'t str)>,
) -> NewValue {
    let timing = timing.map(|(key, value)| (key.to_owned(), NewValue::Inline(value.to_owned())));
    let test = ("test".to_owned(), NewValue::raw_texts(test));
    NewValue::Mapping(std::iter::once(test).chain(timing).collect())
}

/// Why a program needs no check here: its Dockerfile has one with which nothing is wrong.
pub(in crate::emit) fn inherited_check(input: &EmitInput, application: &Application) -> Option<String> {
    let build = &application.build;
    let (_, instruction) = build.last(build.target()?, Keyword::Healthcheck)?;
    let is_none = matches!(&instruction.arguments, Arguments::Raw(word) if application.build.input().file.str(*word).eq_ignore_ascii_case("none"));
    if is_none || input.faulty_checks.contains(&build.input().dockerfile) || !is_there(application, build) {
        return None;
    }
    let name = input.inputs.source(application.build.input().dockerfile).name();
    Some(format!("none is written: {name} has one, with which nothing is wrong"))
}

/// Whether the HEALTHCHECK of a Dockerfile calls nothing that its base image lacks, and loads only modules that are known to be
/// there.
fn is_there(application: &Application, build: &Build) -> bool {
    let Some(stage) = build.target() else { return false };
    let Some((index, instruction)) = build.last(stage, Keyword::Healthcheck) else { return false };
    let Some(code) = build.code(index) else { return false };
    let base = match build.root_base(stage) {
        StageBase::Image(reference) => BaseImage::of(reference),
        _ => return false,
    };
    let text = build.input().file.source().slice(instruction.span);
    let calls = code.script.invocations();
    let programs = calls.iter().all(|invocation| {
        invocation.program.is_some_and(|program| {
            Program::of(program).is(Kind::Builtin)
                || base.presence(program) != Presence::Lacks
                || installs(build, stage, program)
        })
    });
    let modules = imported_modules(text);
    let is_known = |module: &&str| {
        data::PYTHON_MODULES.row(module).is_some_and(|row| row[1] == "-")
            || application.has_package(Ecosystem::Python, module)
    };
    programs && modules.iter().all(is_known)
}

/// The modules that a text of Python imports.
fn imported_modules(text: &str) -> Vec<&str> {
    let parts = text.split("import ").skip(1);
    let names = parts.flat_map(|part| part.split([';', '"', '\'', '\n']).next().unwrap_or_default().split(','));
    names.map(|name| name.trim().split([' ', '.']).next().unwrap_or_default()).filter(|name| !name.is_empty()).collect()
}

/// The check of the server of a program.
///
/// # Errors
/// Why there is none, in a sentence without a full stop.
pub(in crate::emit) fn application_check(
    input: &EmitInput,
    application: &Application,
) -> Result<ApplicationCheck, String> {
    let why_none = if application.answers_requests {
        "the port of its server is not known"
    } else {
        "nothing says that it answers requests"
    };
    let port = application.port.ok_or(why_none)?;
    let build = &application.build;
    let stage = build.target().ok_or("its Dockerfile has no stage")?;
    let endpoint = endpoint_input(input, application, build, stage);
    let route = ready_route(&endpoint).map(|route| {
        let (place, subject) = match route.origin {
            RouteOrigin::Source(file, line) => {
                (place_of_line(input, application, &endpoint, (file, line)), "its source")
            }
            RouteOrigin::Package(_) => (None, "a package of it"),
            RouteOrigin::Server => (None, "its server"),
        };
        (route.path, place.unwrap_or_else(|| application.place.clone()), subject)
    });
    let path = route.as_ref().map(|(path, ..)| path);
    let url = path.map(|path| format!("http://127.0.0.1:{port}{path}"));
    let speaks_http = url.is_some() || speaks_http(&endpoint);
    let top = format!("http://127.0.0.1:{port}/");
    let wanted = url.as_deref().or(speaks_http.then_some(top.as_str()));
    let asker = Asker::of_image(build, stage, wanted, ecosystem(application))
        .ok_or("its image has no program that could ask the server")?;
    let of_nginx =
        if url.is_none() && is_nginx(endpoint.build, endpoint.stage) { asker.request_to_nginx(port) } else { None };
    let is_of_nginx = of_nginx.is_some();
    let words = match &url {
        _ if is_of_nginx => of_nginx.unwrap_or_default(),
        Some(url) => asker.request(url, asker.usual_limit()),
        None if speaks_http => asker.request_any(port),
        None => asker.connect(port),
    };
    let test = std::iter::once("CMD".to_owned()).chain(words).collect();
    let seconds = if matches!(asker, Asker::Python | Asker::Node | Asker::Ruby) { 10 } else { 5 };
    let reason = match &route {
        Some((path, _, subject)) => format!("{subject} answers `{path}`"),
        None if is_of_nginx => "it asks nginx itself, whatever the servers behind it answer".to_owned(),
        None if speaks_http => {
            "no path for checks is known that does not depend on another one: any answer below 500 will do".to_owned()
        }
        None => format!("nothing says that it answers requests of HTTP: it asks whether port {port} is open"),
    };
    let place = route.map(|(_, place, _)| place);
    let start_seconds = start_seconds(application);
    Ok(ApplicationCheck { test, seconds, start_seconds, reason, place })
}

/// Seconds that a program may need until it answers (`data/slow_starts.tsv`).
fn start_seconds(application: &Application) -> u32 {
    let mut lines = application.build.target().map(|stage| application.build.start_lines(stage)).unwrap_or_default();
    lines.extend(application.start.as_ref().map(|start| start.words.clone()));
    endpoint::start_seconds(&lines, |ecosystem, package| application.has_package(ecosystem, package))
}

/// The ecosystem of the project that a program is made from.
fn ecosystem(application: &Application) -> Option<Ecosystem> {
    let first = application.projects().find(|project| project.root.is_empty()).or(application.projects().next());
    first.map(|project| project.ecosystem)
}
