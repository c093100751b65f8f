//! The programs as services of a project that is written nowhere, so that what is known of services holds for them.

use std::collections::{BTreeMap, BTreeSet};

use super::application::{Application, PortVariable, absolute, names_workers};
use super::built_server::built_server;
use super::endpoint::{endpoint_input, place_of_line};
use super::entrypoint::starts_nothing;
use super::left_out::serves_by_itself;
use super::main_program::source_command;
use super::migrating_command::migrating_command;
use super::server_command::{binary_command, server_command};
use super::spring_config::add_served_settings;
use super::start::{address_variable, loopback_variable, start_texts};
use super::storage::storage_folders;
use super::unbuilt_program::unbuilt_programs;
use super::worker_program::worker_program;
use crate::build::{Build, Reference, StageBase, ends_with_scheduler, ends_with_worker, serves_developers};
use crate::compose::written_project;
use crate::data;
use crate::emit::facts::example::{example_of, place};
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::endpoint::{KnownPort, answers_requests, is_nginx, known_port, listens_at_host_name, port_variable};
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::variables::variable_reads;
use crate::stack::Stack;
use crate::text::Source;
use crate::variables::{ServiceCode, service_code};

/// Reads the code of the programs.
pub(in crate::emit) fn read_code(input: &EmitInput, applications: &mut [Application]) {
    let mut text = String::from("services:\n");
    let mut dockerfiles: BTreeMap<String, Source> = BTreeMap::new();
    for (at, application) in applications.iter().enumerate() {
        let source = input.inputs.source(application.build.input().dockerfile);
        let quoted = |text: &str| serde_json::Value::from(text.replace('$', "$$")).to_string();
        let (context, dockerfile) = (quoted(&application.context), quoted(&absolute(input.current, source.name())));
        // Services stand in the order of their names.
        let name = format!("a{at:05}");
        let volumes = application
            .source_folder
            .as_deref()
            .map(|folder| format!(", volumes: [{{type: bind, source: {context}, target: {}}}]", quoted(folder)));
        let volumes = volumes.unwrap_or_default();
        let target = application.target.as_deref().map(|target| format!(", target: {}", quoted(target)));
        let target = target.unwrap_or_default();
        text.push_str(&format!(
            "  {name}: {{build: {{context: {context}, dockerfile: {dockerfile}{target}}}{volumes}}}\n"
        ));
        dockerfiles.insert(name, source.clone());
    }
    let codes = written_project(&Source::of("compose.yaml", &text), input.folder).map(|project| {
        let stack = Stack::new(&project, &dockerfiles);
        service_code(&project, &stack, input.files)
    });
    let mut codes = codes.unwrap_or_default();
    codes.resize_with(applications.len(), ServiceCode::default);
    for (application, code) in applications.iter_mut().zip(codes) {
        application.code = code;
        leave_out_build_reads(input, application);
        let scripts: Vec<&str> = start_texts(input, application).iter().skip(1).map(|start| start.text).collect();
        let (is_worker, is_scheduler) = started_by_scripts(&scripts);
        if (is_worker || is_scheduler) && !application.is_worker {
            (application.is_worker, application.is_scheduler, application.port) = (is_worker, is_scheduler, None);
        }
        let started: BTreeSet<usize> =
            start_texts(input, application).iter().map(|start| start.text.as_ptr() as usize).collect();
        // The script of a server that is built here may have another name in its image.
        if started.len() == 1 && built_server(input, application).is_some() {
            continue;
        }
        // A script that nothing starts reads nothing.
        application.code.reads.retain(|(file, _)| {
            let file = &input.files.files[*file];
            !FileKind::of(&file.below).is_shell() || started.contains(&(file.source.text().as_ptr() as usize))
        });
    }
    for application in applications.iter_mut() {
        add_task_reads(input, application);
    }
    add_served_settings(input, applications);
}

/// Adds what the file of a Celery application reads: workers load it, whether or not the web server does.
fn add_task_reads(input: &EmitInput, application: &mut Application) {
    if !application.has_package(Ecosystem::Python, "celery") {
        return;
    }
    let known: BTreeSet<usize> = application.code.reads.iter().map(|(file, _)| *file).collect();
    let files = application.code.files.iter().filter(|at| !known.contains(at)).map(|at| (*at, &input.files.files[*at]));
    let reads = files
        .filter(|(_, file)| {
            let is_python = FileKind::of(&file.below).is_source_of(Ecosystem::Python);
            is_python && file.is_of_program() && file.source.text().contains("Celery(")
        })
        .flat_map(|(at, file)| {
            variable_reads(&file.below, file.source.text()).reads.into_iter().map(move |read| (at, read))
        });
    let reads: Vec<_> = reads.collect();
    application.code.reads.extend(reads);
}

/// Leaves out what only the build of a site reads, which nginx serves in the image.
fn leave_out_build_reads(input: &EmitInput, application: &mut Application) {
    let build = &application.build;
    let is_of_nginx = build.target().is_some_and(|stage| is_nginx(build, stage));
    // A program may run in the same container.
    let starts_source = || {
        start_texts(input, application).iter().any(|start| {
            let kind = FileKind::of(&start.place);
            kind.has_code() && !kind.is_shell()
        })
    };
    if is_of_nginx && !starts_source() {
        let is_read_by_server = |file: usize| {
            let kind = FileKind::of(&input.files.files[file].below);
            kind.is_shell() || !kind.has_code() && kind.language() != "Prisma"
        };
        application.code.reads.retain(|(file, _)| is_read_by_server(*file));
    }
}

/// Whether what scripts start last is a worker, or plans the tasks of one.
fn started_by_scripts(scripts: &[&str]) -> (bool, bool) {
    let is_worker = scripts.iter().any(|text| ends_with_worker(text));
    (is_worker, !is_worker && scripts.iter().any(|text| ends_with_scheduler(text)))
}

/// Finds the images that migrate a database and end.
fn mark_migrations(input: &EmitInput, applications: &mut [Application]) {
    for application in applications.iter_mut() {
        application.migrates = migrating_command(input, application);
        // A tool that reads files of SQL loads no source of the program, whatever lies in its build context.
        let row = application.migrates.as_deref().and_then(|command| data::MIGRATIONS.row(command));
        if row.is_some_and(|row| row[1] == "files") {
            let is_shell = |file: usize| FileKind::of(&input.files.files[file].below).is_shell();
            application.code.reads.retain(|(file, _)| is_shell(*file));
        }
    }
}

/// Adds what the code of the programs says, once it is read; leaves out images that hold none of it and serve nothing.
pub(in crate::emit) fn complete_with_code(
    input: &EmitInput,
    applications: &mut Vec<Application>,
    plan: &mut ComposePlan,
) {
    mark_migrations(input, applications);
    add_ports(input, applications);
    for application in applications.iter_mut() {
        application.server = built_server(input, application);
        application.storage = storage_folders(input, application);
        let listens_at_host_name = application
            .build
            .target()
            .is_some_and(|stage| listens_at_host_name(&endpoint_input(input, application, &application.build, stage)));
        application.host_variable =
            if listens_at_host_name { Some("HOSTNAME".to_owned()) } else { address_variable(input, application) };
        if application.host_variable.is_none() {
            application.host_variable = loopback_variable(input, application).map(str::to_owned);
        }
    }
    add_commands(input, applications, plan);
    applications.retain(|application| {
        let mut files = application.code_files(input);
        let holds_code = files.any(|file| FileKind::of(&file.below).has_code());
        if !holds_code && application.migrates.is_none() && copies_sources(&application.build) {
            plan.notes.push(sourceless_note(input, application));
            return false;
        }
        let is_program = holds_code
            || starts_client(input, application)
            || application.port.is_some()
            || application.server.is_some()
            || application.migrates.is_some()
            || application.build.input().projects.iter().any(|projects| !projects.is_empty());
        if !is_program {
            let name = input.inputs.source(application.build.input().dockerfile).name();
            plan.notes.push(format!("{name} is left out: its image holds no program of this repository"));
        }
        is_program
    });
    plan.notes.extend(unbuilt_programs(input, applications));
}

/// Adds where the programs listen, as far as that is known, and which of the others run a worker themselves.
fn add_ports(input: &EmitInput, applications: &mut [Application]) {
    let may_listen = |known: &Application| {
        known.port.is_none() && !known.is_worker && !known.is_scheduler && known.migrates.is_none()
    };
    for application in applications.iter_mut().filter(|known| may_listen(known)) {
        let Some(stage) = application.build.target() else { continue };
        let endpoint = endpoint_input(input, application, &application.build, stage);
        let known = known_port(&endpoint);
        let answers_requests = known.is_none() && answers_requests(&endpoint);
        let may_be_told = known.as_ref().is_none_or(|known| known.is_exposed);
        let variable = if may_be_told { port_variable(&endpoint) } else { None };
        let variable =
            variable.and_then(|(name, place)| Some((name, place_of_line(input, application, &endpoint, place)?)));
        let variable = variable.map(|(name, place)| {
            let why = match &known {
                Some(known) => format!("its image exposes {}", known.port),
                None => "nothing says a port".to_owned(),
            };
            let reason = format!("it listens where `{name}` says, which has no default, and {why}");
            PortVariable { name, place, reason }
        });
        (application.port_variable, application.answers_requests) = (variable, answers_requests);
        if let Some(KnownPort { port, reason, .. }) = known {
            application.port = Some(port);
            application.reason.push_str(&reason);
        } else if let Some((port, variable)) = port_of_start(input, application) {
            (application.port, application.port_variable) = (Some(port), Some(variable));
        }
    }
    let is_silent = |known: &Application| may_listen(known) && known.port_variable.is_none() && !known.answers_requests;
    for application in applications.iter_mut().filter(|known| is_silent(known)) {
        application.is_worker = worker_program(input, application).is_some();
    }
}

/// Whether an image of a server starts a script of the repository, which talks to that server: `psql` in one of `postgres`.
fn starts_client(input: &EmitInput, application: &Application) -> bool {
    let build = &application.build;
    let is_of_server = build.target().is_some_and(|stage| serves_by_itself(build, stage));
    is_of_server && start_texts(input, application).len() > 1
}

fn sourceless_note(input: &EmitInput, application: &Application) -> String {
    let name = input.inputs.source(application.build.input().dockerfile).name();
    let folder = &application.context_text;
    format!("{name} is left out: its build context `{folder}` holds no source of a program")
}

/// Whether an image that runs sources is made of its whole build context.
fn copies_sources(build: &Build) -> bool {
    let Some(StageBase::Image(image)) = build.target().map(|stage| build.root_base(stage)) else { return false };
    data::SOURCE_IMAGES.contains(Reference::of(image).short_name())
        && build.needed_transfers().any(|(_, transfer)| transfer.is_of_whole_context())
}

/// Gives servers whose image starts nothing by itself their command; leaves out those of which none is known, and those whose
/// program another image starts.
fn add_commands(input: &EmitInput, applications: &mut Vec<Application>, plan: &mut ComposePlan) {
    let idle: Vec<bool> = applications
        .iter()
        .map(|known| known.server.is_none() && !known.is_worker && !known.is_scheduler && starts_nothing(input, known))
        .collect();
    let started: BTreeSet<usize> = applications
        .iter()
        .zip(&idle)
        .filter(|(_, idle)| !**idle)
        .flat_map(|(known, _)| known.code.files.clone())
        .filter(|file| FileKind::of(&input.files.files[*file].below).has_code())
        .collect();
    mark_worker_images(&idle, applications);
    let mut at = 0;
    applications.retain_mut(|application| {
        let is_idle = idle[at];
        at += 1;
        if !is_idle || application.is_worker {
            return true;
        }
        let is_other = application.code.files.iter().any(|file| started.contains(file));
        let server = || {
            let command = server_command(input, application).or_else(|| binary_command(application));
            command.or_else(|| source_command(input, application))
        };
        let command = if is_other { None } else { server() };
        if let Some(command) = command {
            if serves_developers(&command.words) {
                let name = input.inputs.source(application.build.input().dockerfile).name();
                plan.notes.push(format!(
                    "`{}`, which starts the image of {name}, is a server for development: nothing here installs another",
                    command.words.join(" ")
                ));
            }
            application.port = command.port;
            application.command = format!("{} {}", application.command, command.words.join(" "));
            application.start = Some(command);
            return true;
        }
        // An ENTRYPOINT is a program, whatever it starts, and so is the server of a base image.
        let build = &application.build;
        let is_program =
            build.target().is_some_and(|stage| build.launch(stage).is_some() || serves_by_itself(build, stage));
        if !is_program {
            let name = input.inputs.source(application.build.input().dockerfile).name();
            plan.notes.push(format!("{name} is left out: its image starts no program"));
        }
        is_program
    });
}

/// Takes the image that starts nothing, is called after what takes tasks, and shares its sources with another program, for
/// that of workers: `celery/Dockerfile` beside `django/Dockerfile`.
fn mark_worker_images(idle: &[bool], applications: &mut [Application]) {
    let shares_sources = |at: usize, applications: &[Application]| {
        let mut others = applications.iter().filter(|known| !is_for_workers(known));
        others.any(|known| known.shares_code(&applications[at]))
    };
    for at in (0..applications.len()).filter(|at| idle[*at]) {
        if is_for_workers(&applications[at]) && shares_sources(at, applications) {
            applications[at].is_worker = true;
        }
    }
}

/// Whether the place of its Dockerfile is called after what takes tasks.
fn is_for_workers(application: &Application) -> bool {
    names_workers(&application.build.input().place)
}

/// Commands of a script that are looked at.
const MOST_COMMANDS: usize = 1_000;

/// The port that an example gives the variable which a start command listens on: `runserver 0.0.0.0:${API_PORT}`.
fn port_of_start(input: &EmitInput, application: &Application) -> Option<(u16, PortVariable)> {
    let of_example = |name: &str| {
        let example = example_of(input, application, |known| known.name == name)?;
        Some((example.value.parse::<u16>().ok()?, place(&input.files.files[example.file].source, example.at)))
    };
    // What waits for another server, or connects to one, names ports too.
    let is_of_server = |command: &str| data::SERVER_PORTS.keys().any(|server| command.contains(server));
    let starts = start_texts(input, application);
    let commands = starts.iter().filter(|start| !FileKind::of(&start.place).has_code()).flat_map(|start| {
        let commands = start.text.split(['\n', ';', '|', '&']).filter(|command| !command.trim_start().starts_with('#'));
        commands.take(MOST_COMMANDS)
    });
    commands.filter(|command| is_of_server(command)).find_map(|command| {
        command.match_indices('$').find_map(|(at, _)| {
            let before = command[..at].trim_end_matches(['"', '\'']).trim_end_matches(' ');
            let is_address =
                before.ends_with(':') && before.trim_end_matches(':').ends_with(|c: char| " 0123456789]*".contains(c));
            let is_port = is_address || ["--port", "--port=", "-p"].iter().any(|word| before.ends_with(word));
            let rest = command[at + 1..].trim_start_matches('{');
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            let (port, place) = of_example(&rest[..end]).filter(|(port, _)| is_port && *port > 0)?;
            let name = rest[..end].to_owned();
            let reason = format!("it listens where `{name}` says, and the example sets that");
            Some((port, PortVariable { name, place, reason }))
        })
    })
}
