//! Healthchecks with a program that the image has.

use super::application::Application;
use super::endpoint::endpoint_input;
use super::input::EmitInput;
use crate::build::{Asker, BaseImage, Build, Presence, Programs, Stage, StageBase};
use crate::compose::NewValue;
use crate::data;
use crate::dockerfile::{Arguments, Keyword};
use crate::endpoint::ready_route;
use crate::manifest::Ecosystem;
use crate::shell::PackageCall;
use crate::shell::program::{Kind, Program};

/// A check of a program.
pub(super) struct ApplicationCheck {
    /// The words of `test`, before `$` is doubled.
    pub(super) test: Vec<String>,
    /// Seconds between two checks.
    pub(super) seconds: u32,
    pub(super) reason: String,
    pub(super) place: Option<String>,
}

/// A healthcheck with these words of `test`, in which each `$` reaches the container.
pub(super) fn healthcheck(test: &[String], seconds: u32) -> NewValue {
    let entry = |key: &str, value: String| (key.to_owned(), NewValue::Inline(value));
    let mut entries = vec![("test".to_owned(), NewValue::texts(test))];
    entries.push(entry("interval", format!("{seconds}s")));
    // A check that asks through a broker may wait for the answer.
    entries.push(entry("timeout", format!("{}s", if seconds > 10 { 10 } else { 5 })));
    entries.push(entry("retries", "3".to_owned()));
    entries.push(entry("start_period", "30s".to_owned()));
    NewValue::Mapping(entries)
}

/// A healthcheck whose words are those of a compose file.
pub(super) fn healthcheck_with<'t>(test: &[String], timing: impl Iterator<Item = (&'t str, &'t str)>) -> NewValue {
    let timing = timing.map(|(key, value)| (key.to_owned(), NewValue::Inline(value.to_owned())));
    let test = ("test".to_owned(), NewValue::raw_texts(test));
    NewValue::Mapping(std::iter::once(test).chain(timing).collect())
}

/// Why a program needs no check here: its Dockerfile has one with which nothing is wrong.
pub(super) fn inherited_check(input: &EmitInput, application: &Application) -> Option<String> {
    let build = Build::new(application.input);
    let (_, instruction) = build.last(build.target()?, Keyword::Healthcheck)?;
    let is_none = matches!(&instruction.arguments, Arguments::Raw(word) if application.input.file.str(*word).eq_ignore_ascii_case("none"));
    if is_none || application.has_faulty_check || !is_there(application, &build) {
        return None;
    }
    let name = input.inputs.source(application.input.dockerfile).name();
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

/// Whether a step of the image names a program as a package.
fn installs(build: &Build, stage: &Stage, program: &str) -> bool {
    build.chain(stage).any(|stage| {
        build.instructions_of(stage, Keyword::Run).any(|(index, _)| {
            let names = |call: &PackageCall| call.packages.iter().any(|package| package.name.text == program);
            build.code(index).is_some_and(|code| code.has_package_call(names))
        })
    })
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
pub(super) fn application_check(input: &EmitInput, application: &Application) -> Result<ApplicationCheck, String> {
    let port = application.port.ok_or("the port of its server is not known")?;
    let build = Build::new(application.input);
    let stage = build.target().ok_or("its Dockerfile has no stage")?;
    let endpoint = endpoint_input(input, application, &build, stage);
    let route = ready_route(&endpoint).map(|route| {
        let place = route.file.map(|(file, line)| (endpoint.files[file].path, line));
        let source = place.and_then(|(below, line)| {
            let mut files = application.code.files.iter().map(|at| &input.files.files[*at]);
            let file = files.find(|file| file.below == below)?;
            Some(format!("{}:{line}", file.source.name()))
        });
        (route.path, source.unwrap_or_else(|| application.place.clone()))
    });
    // A site answers at its top.
    let route = route.or_else(|| application.server.as_ref().map(|_| ("/".to_owned(), application.place.clone())));
    let asker = asker(application, &build, stage, route.is_some())
        .ok_or("its image has no program that could ask the server")?;
    let (path, place) = route.map_or((None, None), |(path, place)| (Some(path), Some(place)));
    let test = std::iter::once("CMD".to_owned()).chain(test(asker, port, path.as_deref())).collect();
    let seconds = if matches!(asker, Asker::Python | Asker::Node | Asker::Ruby) { 10 } else { 5 };
    let reason = match &path {
        Some(path) => format!("its source answers `{path}`"),
        None => format!(
            "no path for checks is known that does not depend on another one: it asks whether port {port} answers"
        ),
    };
    Ok(ApplicationCheck { test, seconds, reason, place })
}

/// The program that asks: the interpreter of the server, which stays in a smaller image, else what the base image has.
fn asker(application: &Application, build: &Build, stage: &Stage, has_path: bool) -> Option<Asker> {
    let programs = Programs::of(build, stage);
    let base = match build.root_base(stage) {
        StageBase::Image(reference) => Some(BaseImage::of(reference)),
        _ => None,
    };
    let has = |program: &str| base.is_some_and(|base| base.presence(program) == Presence::Has);
    let server = build.listening(stage).and_then(|known| data::SERVER_PORTS.row(known.server)).map(|row| row[0]);
    let is_of = |ecosystem: Ecosystem| {
        let first = application.projects().find(|project| project.root.is_empty()).or(application.projects().next());
        server.is_some() && first.is_some_and(|project| project.ecosystem == ecosystem)
    };
    let interpreters = [
        (Asker::Python, "python", Ecosystem::Python),
        (Asker::Node, "node", Ecosystem::Node),
        (Asker::Ruby, "ruby", Ecosystem::Ruby),
    ];
    let interpreter = interpreters
        .into_iter()
        .find(|(_, program, ecosystem)| (has(program) || is_of(*ecosystem)) && !programs.lacks(program));
    if let Some((asker, ..)) = interpreter {
        return Some(asker);
    }
    // All images of Alpine have busybox, and only later ones curl.
    let is_alpine = matches!(build.root_base(stage), StageBase::Image(name) if name.contains("alpine")) || has("apk");
    let others = match (has_path, is_alpine) {
        (true, false) => [(Asker::Curl, "curl"), (Asker::Wget, "wget"), (Asker::Bash, "bash")],
        (true, true) => [(Asker::Wget, "wget"), (Asker::Curl, "curl"), (Asker::Bash, "bash")],
        (false, _) => [(Asker::Bash, "bash"), (Asker::Netcat, "nc"), (Asker::Wget, "wget")],
    };
    let is_in_busybox = |asker: Asker| is_alpine && matches!(asker, Asker::Wget | Asker::Netcat);
    let is_there = |(asker, program): &(Asker, &str)| {
        let is_lacking = base.is_some_and(|base| base.presence(program) == Presence::Lacks);
        has(program) || is_in_busybox(*asker) && !is_lacking || installs(build, stage, program)
    };
    others.into_iter().find(is_there).map(|(asker, _)| asker)
}

/// The words of a check: a row of `data/services.tsv` with another address, or the port alone.
fn test(asker: Asker, port: u16, path: Option<&str>) -> Vec<String> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let any = format!("http://127.0.0.1:{port}/");
    let Some(path) = path else {
        return match asker {
            Asker::Python => words(&[
                "python",
                "-c",
                &format!("import socket;socket.create_connection(('127.0.0.1',{port}),2).close()"),
            ]),
            Asker::Node => words(&[
                "node",
                "-e",
                &format!("fetch('{any}').then(r=>process.exit(r.status<500?0:1),()=>process.exit(1))"),
            ]),
            Asker::Ruby => words(&["ruby", "-rsocket", "-e", &format!("TCPSocket.new('127.0.0.1',{port}).close")]),
            Asker::Netcat => words(&["nc", "-z", "127.0.0.1", &port.to_string()]),
            Asker::Curl | Asker::Wget => words(&["wget", "-qO", "/dev/null", &any]),
            Asker::Bash | Asker::Bun => words(&["bash", "-c", &format!("exec 3<>/dev/tcp/127.0.0.1/{port}")]),
        };
    };
    let limit = (asker == Asker::Python).then_some(3);
    asker.request(&format!("http://127.0.0.1:{port}{path}"), limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_table_become_those_of_the_program() {
        for asker in [Asker::Python, Asker::Node, Asker::Ruby, Asker::Curl, Asker::Wget, Asker::Bash] {
            let words = test(asker, 9001, Some("/ready")).join(" ");
            assert!(words.contains("/ready") && words.contains("9001"), "{words}");
            assert!(!words.contains("healthz") && !words.contains("8080") && !words.contains("3000"), "{words}");
            assert!(test(asker, 9001, None).join(" ").contains("9001"));
        }
    }
}
