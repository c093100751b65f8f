//! Pass `healthcheck`: adds a HEALTHCHECK that requests a known route with a program of the image, and fixes one that
//! can never succeed.

use super::port;
use super::root_reason::FOR_DEVELOPERS;
use super::rule_findings::findings;
use crate::build::{Asker, Stage, StageBase, service};
use crate::dockerfile::Keyword;
use crate::endpoint::{
    EndpointInput, NGINX_ROOT, RouteOrigin, is_health_path, is_nginx, is_settings, known_port, loaded_files,
    ready_route, speaks_http, start_seconds,
};
use crate::finding::{FileEdit, Safety};
use crate::inputs::Service;
use crate::optimize::json_words::json_list;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::reached_sources::LazyReach;
use crate::optimize::reason::reasons;
use crate::sources::routes::SourceFile;
use crate::text::{Span, path};

/// Times that fit a web service: a check costs some tens of milliseconds.
const TIMES: [&str; 2] = ["--interval=30s --timeout=5s", "--retries=3"];

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    if build.last(target, Keyword::Healthcheck).is_some() {
        return repair_healthcheck(input, output);
    }
    let inherits = matches!(build.root_base(target), StageBase::Image(reference)
        if build.input().base_images.get(reference).is_some_and(|config| config.healthcheck.is_some()));
    if inherits {
        return;
    }
    let (port, path, why) = match known_endpoint(input, target) {
        Some(Ok(known)) => known,
        Some(Err(reason)) => return output.skip(reason),
        None => return,
    };
    if service::is_for_developers(build, target) {
        return output.skip(HealthReason::ForDevelopers);
    }
    // A command that names the port listens there too.
    let names_port = |command: &str| {
        let mut numbers = command.split(|c: char| !c.is_ascii_digit());
        numbers.any(|number| number.parse() == Ok(port))
    };
    let starts_other = |service: &&Service| {
        service.command.as_deref().is_some_and(|command| !names_port(command))
            && service.healthcheck.is_none()
            && !input.repeats_command(target, service)
    };
    if let Some(service) = input.evidence.services.iter().find(starts_other) {
        return output.skip(HealthReason::OtherCommand { service: service.name.clone(), port });
    }
    let Some(check) = probe(input, target, port, &path) else { return output.skip(HealthReason::NoProgram) };
    let at = closing(input, target);
    let newline = input.newline();
    let [before, behind] = TIMES;
    let lines = build.start_lines(target);
    let runs_with = |ecosystem, package: &str| {
        input.projects().iter().any(|project| project.ecosystem == ecosystem && project.runs_with(package))
    };
    let seconds = start_seconds(&lines, runs_with);
    let text = format!("HEALTHCHECK {before} --start-period={seconds}s {behind} \\{newline}    CMD {check}{newline}");
    output.step(
        format!("adds a HEALTHCHECK that requests {path} on port {port}"),
        why,
        vec![input.insert_lines(at, &text)],
    );
}

/// A check that calls what the image lacks, or imports what is not installed.
fn repair_healthcheck(input: &PassInput, output: &mut PassOutput) {
    let mut replaced = false;
    for rule in ["healthcheck-program-missing", "healthcheck-always-healthy"] {
        for finding in findings(input, rule) {
            let Some(fix) = finding.fixes.iter().find(|fix| fix.safety == Safety::Safe) else {
                let edit = if replaced { None } else { replacement(input) };
                match edit {
                    Some(edit) => {
                        output.step(
                            "requests the same address with a program of the image",
                            finding.message,
                            vec![edit],
                        );
                    }
                    None if replaced => {}
                    None => output.refuse("keeps the HEALTHCHECK", finding.message),
                }
                replaced |= !output.edits.is_empty();
                continue;
            };
            output.step("fixes the HEALTHCHECK", finding.message, fix.edits.clone());
        }
    }
}

/// The author's check with its times, and the address that it asks for, by a program that the image has.
fn replacement(input: &PassInput) -> Option<FileEdit> {
    let target = input.build.target()?;
    let (_, instruction) = input.build.last(target, Keyword::Healthcheck)?;
    let (port, path) = address(input.source().slice(instruction.span))?;
    let check = probe(input, target, port, &path)?;
    Some(input.edit(Span::new(instruction.rest.span.start, instruction.span.end), format!("CMD {check}")))
}

/// The one address of this machine that a check asks: port and path.
fn address(text: &str) -> Option<(u16, String)> {
    let mut only_address = None;
    for host in ["http://localhost", "http://127.0.0.1"] {
        for (at, _) in text.match_indices(host) {
            let rest = &text[at + host.len()..];
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:".contains(c);
            let address = &rest[..rest.find(|c| !plain(c)).unwrap_or(rest.len())];
            let (port, path) = match address.strip_prefix(':') {
                Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
                None => ("80", address),
            };
            let candidate = (port.parse().ok()?, if path.is_empty() { "/".to_owned() } else { path.to_owned() });
            if only_address.replace(candidate.clone()).is_some_and(|other| other != candidate) {
                return None;
            }
        }
    }
    only_address
}

/// Port and path that answer, and who says so.
fn known_endpoint(input: &PassInput, target: &Stage) -> Option<Result<(u16, String, String), HealthReason>> {
    if let Some(observed) = &input.evidence.observed
        && let Some((port, path)) = observed.answers.iter().min_by_key(|(_, path)| (!is_health_path(path), path.len()))
    {
        return Some(Ok((*port, path.clone(), "a container of the original image answers there".to_owned())));
    }
    let reach = LazyReach::new(input);
    let endpoint = endpoint(input, target, &reach);
    let build = input.build;
    // Images of nginx start it by themselves.
    if build.launch(target).is_none() && !(is_nginx(build, target) && has_first_page(input, target)) {
        return None;
    }
    let known = known_port(&endpoint)?;
    if known.is_assumed {
        return None;
    }
    let port = known.port;
    let Some(route) = ready_route(&endpoint) else {
        return speaks_http(&endpoint).then_some(Err(HealthReason::NoRoute { port }));
    };
    if route.needs_others {
        return Some(Err(HealthReason::NeedsOthers { path: route.path }));
    }
    let why = match route.origin {
        RouteOrigin::Source(file, _) => format!("`{}` declares the route", endpoint.files[file].path),
        RouteOrigin::Package(name) => format!("`{name}` declares the route"),
        RouteOrigin::Server => "the server that a container starts answers there".to_owned(),
    };
    Some(Ok((port, route.path, why)))
}

/// What is known of the server of a stage.
pub(super) fn endpoint<'a, 'e>(
    input: &PassInput<'a>,
    target: &'e Stage,
    reach: &LazyReach<'_, 'a>,
) -> EndpointInput<'e, 'a>
where
    'a: 'e,
{
    let texts = input.evidence.texts.iter().filter(|(path, _)| reach.is_in_image(path) && reach.may_run(path));
    let files = texts.map(|(path, text)| SourceFile { path, text }).collect();
    let (files, is_start_known) = loaded_files(files, |path| reach.loads(path));
    let settings = input.evidence.texts.iter().filter(|(path, _)| reach.is_in_image(path) && is_settings(path));
    let settings = settings.map(|(path, text)| SourceFile { path, text }).collect();
    let projects = input.projects().iter().collect();
    let build = input.build;
    let sets_host = false;
    EndpointInput { build, stage: target, files, is_start_known, settings, projects, sets_host }
}

/// Whether a COPY brings a first page to the folder that nginx serves: what another stage built, or a folder with one.
fn has_first_page(input: &PassInput, target: &Stage) -> bool {
    const PAGE: &str = "index.html";
    let has = |place: &str| input.context().is_some_and(|context| context.find(place).is_some());
    input.build.transfers(target).iter().any(|transfer| {
        let is_root = transfer.destination.as_deref().is_some_and(|folder| folder.trim_end_matches('/') == NGINX_ROOT);
        let mut sources = transfer.sources.iter().filter_map(|source| source.text.as_deref());
        is_root
            && (transfer.from.is_some()
                || sources
                    .any(|source| path::name(source) == PAGE || has(&path::child(&path::normalize(source), PAGE))))
    })
}

/// The command that asks, as HEALTHCHECK CMD takes it.
fn probe(input: &PassInput, target: &Stage, port: u16, path: &str) -> Option<String> {
    let url = format!("http://127.0.0.1:{port}{path}");
    let projects = input.projects();
    let project = projects.iter().find(|project| project.root.is_empty()).or(projects.first());
    let ecosystem = project.map(|project| project.ecosystem);
    let asker = Asker::of_image(input.build, target, Some(&url), ecosystem)?;
    let words = if port::varies(input, target, port) {
        asker.request_at_variable(port, path, asker.usual_limit())
    } else {
        asker.request(&url, asker.usual_limit())
    };
    Some(json_list(&words))
}

/// Where the closing ENTRYPOINT and CMD of a stage begin; its end where it has none of its own.
pub(super) fn closing(input: &PassInput, target: &Stage) -> u32 {
    let mut first = None;
    for (index, instruction) in input.build.instructions(target) {
        match instruction.keyword {
            Keyword::Entrypoint | Keyword::Cmd => first = first.or(Some(index)),
            Keyword::Label | Keyword::Stopsignal | Keyword::Expose | Keyword::Healthcheck => {}
            _ => first = None,
        }
    }
    let last = input.build.instructions(target).last().map_or(target.start, |(index, _)| index);
    first.map_or_else(|| input.instruction_span(last).end, |index| input.instruction_span(index).start)
}

reasons! {
    /// Why no HEALTHCHECK is added.
    pub(super) HealthReason {
        ForDevelopers: "{}", FOR_DEVELOPERS;
        OtherCommand { service: String, port: u16 }:
            "service `{service}` runs another command in the same image, which may not answer on port {port}";
        NoProgram: "the image has no program that can send the request, and none is added only for that";
        NoRoute { port: u16 }: "no route on port {port} is known that answers anybody";
        NeedsOthers { path: String }:
            "`{path}` answers only while other services do: `dockopt compose emit` writes a check that starts \
             after them";
    }
}
