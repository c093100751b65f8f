//! Where the server of a service listens, by its command, its variables and its image.

use super::program::words;
use crate::build::{
    Build, Listening, LoopbackServer, Reference, is_command, names_developers,
    serves_developers as line_serves_developers,
};
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::data;
use crate::inputs::{BuildInput, BuildOptions};
use crate::shell::{Invocation, Word};
use crate::text::Source;

/// The single known server that a service starts, with its address as far as it is known.
pub(super) fn listening(service: &ComposeValue, image: &BuildInput) -> Option<Listening> {
    let started = as_started(service, image)?;
    let build = Build::new(&started);
    build.listening(build.target()?)
}

/// The server that a service starts and that only its own container reaches.
pub(super) fn loopback_server(service: &ComposeValue, image: &BuildInput) -> Option<LoopbackServer> {
    let started = as_started(service, image)?;
    let build = Build::new(&started);
    build.loopback_server(build.target()?)
}

/// Whether the server that a service starts listens on `::1` and on 127.0.0.1 (`data/dual_stack_servers.tsv`).
pub(super) fn is_dual_stack(service: &ComposeValue, image: Option<&BuildInput>, image_name: Option<&str>) -> bool {
    let rows = |kind: &'static str| data::DUAL_STACK_SERVERS.rows().filter(move |row| row[1] == kind);
    if let Some(name) = image_name {
        let name = Reference::of(name).short_name();
        return rows("image").any(|row| Reference::of(row[0]).short_name() == name);
    }
    let Some(started) = image.and_then(|image| as_started(service, image)) else { return false };
    let build = Build::new(&started);
    let Some(launch) = build.target().and_then(|target| build.launch(target)) else { return false };
    let names_address = |text: &str, words: &'static str| data::words(words).any(|word| text.contains(word));
    launch.script().invocations().iter().any(|invocation| {
        let line: Vec<&str> = invocation.command.words.iter().map(Word::text).collect();
        let has_address = |words: &'static str| line.iter().any(|word| names_address(word, words));
        rows("program").any(|row| is_command(&line, row[0]) && !has_address(row[2]))
            && !variables(service).any(|(_, value)| names_address(&value, "0.0.0.0 127.0.0.1 preferIPv4Stack=true"))
    })
}

/// What somebody has to do before the server of a service is ready (`data/manual_starts.tsv`).
pub(super) fn manual_start(service: &ComposeValue, image: Option<&BuildInput>) -> Option<&'static str> {
    let started = as_started(service, image?)?;
    let build = Build::new(&started);
    let launch = build.launch(build.target()?)?;
    launch.script().invocations().iter().find_map(|invocation| {
        let line: Vec<&str> = invocation.command.words.iter().map(Word::text).collect();
        let is_ready = |words: &'static str| data::words(words).any(|word| line.contains(&word));
        let row = data::MANUAL_STARTS.rows().find(|row| is_command(&line, row[0]) && !is_ready(row[1]))?;
        Some(row[2])
    })
}

/// Whether a service starts a program that serves files or pages (`data/file_servers.tsv`).
pub(super) fn serves_pages(service: &ComposeValue, image: Option<&BuildInput>) -> bool {
    let Some(started) = image.and_then(|image| as_started(service, image)) else { return false };
    let build = Build::new(&started);
    let Some(launch) = build.target().and_then(|target| build.launch(target)) else { return false };
    launch.script().invocations().iter().any(|invocation| {
        let line: Vec<&str> = invocation.command.words.iter().map(Word::text).collect();
        data::FILE_SERVERS.keys().any(|server| is_command(&line, server))
    })
}

/// Whether a service starts a server for developers: `manage.py runserver`, `npm run dev`.
pub(super) fn serves_developers(service: &ComposeValue, image: Option<&BuildInput>) -> bool {
    let Some(started) = image.and_then(|image| as_started(service, image)) else { return false };
    let build = Build::new(&started);
    let Some(target) = build.target() else { return false };
    let Some(launch) = build.launch(target) else { return false };
    let is_script = |invocation: &Invocation| {
        let runs_scripts = matches!(invocation.program, Some("npm" | "yarn" | "pnpm" | "bun"));
        let mut words = invocation.args.iter().filter_map(Word::value).filter(|word| *word != "run");
        runs_scripts && words.find(|word| !word.starts_with('-')).is_some_and(names_developers)
    };
    build.development_server(target).is_some()
        || launch.script().invocations().iter().any(|invocation| {
            let line: Vec<String> = invocation.command.words.iter().map(|word| word.text().to_owned()).collect();
            is_script(invocation) || line_serves_developers(&line)
        })
}

/// The variables that a service sets.
fn variables(service: &ComposeValue) -> impl Iterator<Item = (&str, String)> {
    let map = service.get("environment").and_then(ComposeValue::as_map);
    map.into_iter().flat_map(ComposeMap::iter).map(|(name, entry)| (name, entry.value.display()))
}

/// The image with what the service sets instead of it, as a build.
pub(super) fn as_started(service: &ComposeValue, image: &BuildInput) -> Option<BuildInput> {
    let build = Build::new(image);
    let target = build.target()?;
    // A continued line would take in what is added.
    let written = image.file.source().text().trim_end().trim_end_matches('\\');
    let mut text = format!("{written}\n");
    if target.index + 1 != build.stages().len() {
        text.push_str(&format!("FROM {}\n", target.name.as_ref()?));
    }
    for (name, value) in variables(service) {
        let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.:/".contains(c));
        if !name.is_empty() && is_plain(name) && is_plain(&value) {
            text.push_str(&format!("ENV {name}=\"{value}\"\n"));
        }
    }
    let (entrypoint, command) = (words(service, "entrypoint"), words(service, "command"));
    if !entrypoint.is_empty() {
        text.push_str(&format!("ENTRYPOINT {}\n", serde_json::to_string(&entrypoint).ok()?));
    }
    // An entry point of the service leaves nothing of the image's command.
    if !entrypoint.is_empty() || !command.is_empty() {
        text.push_str(&format!("CMD {}\n", serde_json::to_string(&command).ok()?));
    }
    Some(BuildInput::new(&Source::of("Dockerfile", &text), BuildOptions::default()))
}

#[allow(clippy::redundant_closure_for_method_calls)] // A path to the method has one lifetime, and the question any.
#[cfg(test)]
mod tests {
    use crate::compose::project::{ProjectFile, ProjectFiles, ProjectRequest, Reading, project};
    use crate::stack::{Stack, StackService};
    use crate::text::Source;

    #[track_caller]
    fn port(dockerfile: &str, service: &str) -> Option<u16> {
        ask(dockerfile, service, |service| {
            service.listening().and_then(|listening| listening.port).map(|(port, _)| port)
        })
    }

    fn ask<T>(dockerfile: &str, service: &str, question: impl Fn(&StackService) -> T) -> T {
        let text = format!("services:\n  api:\n    build: .\n{service}");
        let request =
            ProjectRequest { files: vec!["compose.yaml".into()], folder: "/p".into(), ..ProjectRequest::default() };
        let mut known = ProjectFiles::default();
        known.insert("/p/compose.yaml", ProjectFile::Text(Source::of("compose.yaml", &text)));
        let project = loop {
            match project(&request, &known) {
                Reading::Needs(needs) => needs.iter().for_each(|need| match need {
                    crate::compose::project::ProjectNeed::File(path) => known.insert(path, ProjectFile::Missing),
                    crate::compose::project::ProjectNeed::Link(path) => known.insert_link(path, path.clone()),
                }),
                Reading::Read(project) => break project,
                Reading::Refused { error, .. } => panic!("{error:?}"),
            }
        };
        let dockerfiles = [("api".to_owned(), Source::of("Dockerfile", dockerfile))].into();
        let stack = Stack::new(&project, &dockerfiles);
        question(&stack.services[0])
    }

    #[test]
    fn servers_on_both_addresses_are_known() {
        let is_dual = |dockerfile: &str, service: &str| ask(dockerfile, service, |service| service.is_dual_stack());
        let serve = "FROM node:22-alpine\nCMD [\"serve\", \"-s\", \"dist\"]\n";
        assert!(is_dual(serve, ""));
        assert!(!is_dual(serve, "    command: serve -l tcp://0.0.0.0:3000\n"));
        assert!(is_dual("FROM eclipse-temurin:21-jre-alpine\nENTRYPOINT [\"java\", \"-jar\", \"a.jar\"]\n", ""));
        assert!(!is_dual("FROM python:3.13-alpine\nCMD uvicorn main:app --host 0.0.0.0\n", ""));
        let web = "FROM mcr.microsoft.com/dotnet/aspnet:9.0-alpine\nENTRYPOINT [\"dotnet\", \"a.dll\"]\n";
        assert!(is_dual(web, ""));
        assert!(!is_dual(web, "    environment: {ASPNETCORE_URLS: 'http://0.0.0.0:80'}\n"));
        assert!(ask(serve, "", |service| service.serves_pages()));
        assert!(!ask(web, "", |service| service.serves_pages()));
    }

    #[test]
    fn services_of_developers_are_known() {
        let is_of_developers =
            |dockerfile: &str, service: &str| ask(dockerfile, service, |service| service.is_for_developers());
        let node = "FROM node:22-alpine\nCMD [\"npm\", \"run\", \"dev\"]\n";
        let mounted = "    volumes: ['./:/app']\n";
        assert!(is_of_developers(node, mounted));
        assert!(!is_of_developers(node, ""));
        assert!(!is_of_developers(node, "    command: npm run start\n    volumes: ['./:/app']\n"));
        let start = |command: &str| format!("    command: {command}\n{mounted}");
        for command in ["python manage.py runserver 0.0.0.0:8000", "sh -c 'npm install && yarn dev'", "npx vite --host"]
        {
            assert!(is_of_developers(node, &start(command)), "{command}");
        }
        assert!(is_of_developers(node, "    command: node a.js\n    environment: {NODE_ENV: development}\n"));
        assert!(!is_of_developers(node, "    command: node a.js\n    environment: {NODE_ENV: production}\n"));
        assert!(!is_of_developers(node, &start("gunicorn app:app")));
    }

    #[test]
    fn the_service_counts_before_its_image() {
        let dockerfile = "FROM python:3.13-slim\nCMD [\"uvicorn\", \"main:app\", \"--port\", \"8000\"]\n";
        assert_eq!(port(dockerfile, ""), Some(8000));
        assert_eq!(port(dockerfile, "    command: uvicorn main:app --port 9000\n"), Some(9000));
        assert_eq!(
            port(dockerfile, "    entrypoint: [uvicorn, 'main:app']\n    environment: {UVICORN_PORT: 7000}\n"),
            Some(7000)
        );
        assert_eq!(port(dockerfile, "    entrypoint: ./start.sh\n"), None);
        // Without a line end, and a target that is not the last stage.
        assert_eq!(port(dockerfile.trim_end(), "    environment: {A: b}\n"), Some(8000));
        let stages = "FROM python:3.13-slim AS dev\nCMD uvicorn main:app --port 8001\nFROM dev\nCMD uvicorn main:app --port 8002\n";
        assert_eq!(port(stages, ""), Some(8002));
        assert_eq!(port(stages, "    command: ['uvicorn', 'x', '--port', '1234']\n"), Some(1234));
    }
}
