//! Programs that take tasks: what starts them, and how they are asked whether they do.

use super::application::{Application, names_workers};
use super::built_binary::built_binaries;
use super::entrypoint::{EntrypointArgument, EntrypointRole, entrypoint_arguments, starts_nothing};
use super::runner::in_environment;
use super::start::start_texts;
use super::task_object::{TaskObject, task_object};
use super::taskiq_hook::{BROKER, HOOK, through_hook};
use super::worker_program::{WorkerProgram, worker_program};
use crate::build::{WorkerLine, ends_with_scheduler};
use crate::data;
use crate::dockerfile::Keyword;
use crate::emit::facts::example::place;
use crate::emit::input::EmitInput;
use crate::emit::server_image::service_name;
use crate::manifest::{Ecosystem, FileKind};
use crate::text::path;
use crate::variables::VariableFile;

/// A program that takes tasks.
#[derive(Clone, Debug)]
pub(in crate::emit) struct Worker {
    pub(in crate::emit) name: String,
    /// Its command; nothing where its image starts it.
    pub(in crate::emit) command: Vec<String>,
    /// The folder of the image that it runs in, where that is another than the program's.
    pub(in crate::emit) folder: Option<String>,
    /// Variables that it gets besides those of its program.
    pub(in crate::emit) variables: Vec<(String, String)>,
    /// A file that is put into its container.
    pub(in crate::emit) config: Option<WorkerFile>,
    /// The words of `test`, and the seconds between two checks.
    pub(in crate::emit) check: Option<(Vec<String>, u32)>,
    pub(in crate::emit) check_reason: String,
    pub(in crate::emit) reason: String,
    pub(in crate::emit) place: Option<String>,
}

/// A file of a worker.
#[derive(Clone, Debug)]
pub(in crate::emit) struct WorkerFile {
    pub(in crate::emit) name: String,
    /// Its path below the project's folder.
    pub(in crate::emit) path: String,
    /// Its path in the container.
    pub(in crate::emit) target: String,
    pub(in crate::emit) text: String,
    pub(in crate::emit) reason: String,
}

/// Why a worker has no check.
const RENAMED: &str = "none: it has a name of its own, under which its check would not find it";

/// The workers that run with the image of a program, and what plans their tasks.
pub(in crate::emit) fn workers(input: &EmitInput, application: &Application) -> Vec<Worker> {
    let by_argument = workers_by_argument(input, application);
    if !by_argument.is_empty() {
        return by_argument;
    }
    let mut workers = Vec::new();
    let line = worker_line(input, application);
    let starts_itself = starts_worker(input, application);
    let of_source = if starts_itself && line.is_none() { worker_program(input, application) } else { None };
    for row in data::WORKER_PROGRAMS.rows() {
        let is_other = line.as_ref().is_some_and(|line| line.row != row)
            || of_source.as_ref().is_some_and(|known| known.package != row[1]);
        if is_other {
            continue;
        }
        let Some(ecosystem) = Ecosystem::of(row[0]) else { continue };
        if !application.has_package(ecosystem, row[1]) {
            continue;
        }
        let object = if data::words(row[2]).any(|sign| ["-", "none"].contains(&sign)) {
            None
        } else {
            task_object(input, application, row[2])
        };
        if object.is_none() && row[2] != "-" && !starts_itself {
            continue;
        }
        let mut planned = worker(input, application, row, (object.as_ref(), line.as_ref()));
        if of_source.as_ref().is_some_and(WorkerProgram::is_renamed) {
            planned.check = None;
            RENAMED.clone_into(&mut planned.check_reason);
        }
        workers.push(planned);
        break;
    }
    if workers.is_empty() {
        workers.extend(named_workers(input, application));
    }
    if workers.is_empty() && !starts_itself {
        workers.extend(compiled_workers(input, application));
    }
    if workers.is_empty() && starts_itself {
        workers.push(plain(Vec::new(), application.reason.clone(), Some(application.place.clone())));
    }
    workers.extend(scheduler(input, application));
    workers
}

/// The workers that were compiled for the image of a program, which its container does not start: `/usr/local/bin/worker`
/// behind `CMD ["api"]`.
fn compiled_workers(input: &EmitInput, application: &Application) -> Vec<Worker> {
    let build = &application.build;
    let Some(stage) = build.target() else { return Vec::new() };
    // Words behind an ENTRYPOINT are arguments of that.
    if build.launch(stage).is_none() || build.instructions_of(stage, Keyword::Entrypoint).next().is_some() {
        return Vec::new();
    }
    let is_started = |binary: &str| {
        let mut sources = application.code_files(input);
        starts_binary(application, binary) || sources.any(|file| file.source.text().contains(&format!("{binary}\"")))
    };
    let binaries = built_binaries(build, stage).into_iter();
    let binaries: Vec<String> =
        binaries.filter(|binary| names_workers(path::name(binary)) && !is_started(binary)).collect();
    let is_single = binaries.len() == 1;
    let worker = |binary: String| {
        let reason = format!("`{binary}` is compiled for its image, and nothing starts it");
        let name = if is_single { "worker".to_owned() } else { service_name(path::name(&binary)) };
        Worker { name, ..plain(vec![binary], reason, Some(application.place.clone())) }
    };
    binaries.into_iter().map(worker).collect()
}

/// Whether a container of a program starts a binary.
pub(in crate::emit) fn starts_binary(application: &Application, binary: &str) -> bool {
    let build = &application.build;
    let lines = build.target().map(|stage| build.start_lines(stage)).unwrap_or_default();
    lines.iter().flatten().any(|word| path::name(word) == path::name(binary))
}

/// Whether the image of a program starts a worker by itself.
fn starts_worker(input: &EmitInput, application: &Application) -> bool {
    application.is_worker && !starts_nothing(input, application)
}

/// What plans the tasks to which a source gives times, where nothing starts it (`data/task_schedulers.tsv`).
fn scheduler(input: &EmitInput, application: &Application) -> Option<Worker> {
    if starts_worker(input, application) {
        return None;
    }
    data::TASK_SCHEDULERS.rows().find_map(|row| {
        let ecosystem = Ecosystem::of(row[0]).filter(|known| application.has_package(*known, row[1]))?;
        let mut files = application.code_files(input);
        let (file, at) = files.find_map(|file| {
            let is_source = FileKind::of(&file.below).is_source_of(ecosystem) && file.is_of_program();
            let at = file.source.text().find(row[2])?;
            is_source.then_some((file, at))
        })?;
        let object = task_object(input, application, row[3])?;
        let filled = |word: &str| word.replace("{module}", &object.module).replace("{name}", &object.name);
        let place = place(&file.source, at);
        let reason = format!("`{}` gives tasks their times, and nothing starts what plans them", row[2]);
        let words: Vec<String> = row[4].split(' ').map(filled).collect();
        let words = if ecosystem == Ecosystem::Python { in_environment(application, words) } else { words };
        let mut scheduler = plain(words, reason, Some(place));
        scheduler.folder = object.folder;
        name_scheduler(&mut scheduler);
        Some(scheduler)
    })
}

/// Whether what a program starts plans tasks: `celery worker -B` does so too.
pub(in crate::emit) fn plans_tasks(input: &EmitInput, application: &Application) -> bool {
    let plans = |text: &str| {
        ends_with_scheduler(text) || [" beat", " -B", "\"-B\"", "--beat"].iter().any(|word| text.contains(word))
    };
    start_texts(input, application).iter().any(|start| plans(start.text))
}

/// The name of the service that plans tasks.
pub(in crate::emit) const SCHEDULER: &str = "scheduler";

fn name_scheduler(scheduler: &mut Worker) {
    SCHEDULER.clone_into(&mut scheduler.name);
    scheduler.check = None;
    "none: it only plans tasks, and nothing asks it whether it does".clone_into(&mut scheduler.check_reason);
}

/// The workers that the entrypoint of a program starts when it gets another argument.
fn workers_by_argument(input: &EmitInput, application: &Application) -> Vec<Worker> {
    if application.is_worker || application.is_scheduler {
        return Vec::new();
    }
    let arguments = entrypoint_arguments(input, application);
    let with = |role: EntrypointRole| arguments.iter().find(|argument| argument.role == role);
    let worker = with(EntrypointRole::Worker).map(|argument| worker_by_argument(input, application, argument));
    let scheduler = with(EntrypointRole::Scheduler).map(|argument| {
        let mut scheduler = worker_by_argument(input, application, argument);
        name_scheduler(&mut scheduler);
        scheduler
    });
    worker.into_iter().chain(scheduler).collect()
}

fn worker_by_argument(input: &EmitInput, application: &Application, argument: &EntrypointArgument) -> Worker {
    let line = WorkerLine::of(&argument.text);
    let mut planned = match &line {
        Some(line) => worker(input, application, line.row, (None, Some(line))),
        None => plain(Vec::new(), String::new(), None),
    };
    planned.command = vec![argument.name.clone()];
    planned.reason = format!("the entrypoint of {} takes the argument `{}`", application.name, argument.name);
    planned.place = Some(argument.place.clone());
    planned
}

/// The line that starts a worker in the image of a program for workers.
fn worker_line(input: &EmitInput, application: &Application) -> Option<WorkerLine> {
    if !application.is_worker {
        return None;
    }
    start_texts(input, application).iter().find_map(|start| WorkerLine::of(start.text))
}

/// Leaves out the workers that have an image of their own.
pub(in crate::emit) fn keep_planned_once(workers: &mut Vec<(usize, Worker)>, applications: &[Application]) {
    let shares_code =
        |left: &Application, right: &Application| left.context == right.context || left.shares_code(right);
    let is_for_workers = |known: &Application| {
        known.is_worker || known.name.split('-').any(|word| word.trim_end_matches('s') == "worker")
    };
    let worker_programs: Vec<&Application> = applications.iter().filter(|known| is_for_workers(known)).collect();
    // One that shares its code with another program is for that one.
    let is_paired =
        |worker: &Application| applications.iter().any(|known| !is_for_workers(known) && shares_code(known, worker));
    let is_scheduler = |worker: &Worker| worker.name == SCHEDULER;
    let has_own_scheduler = workers.iter().any(|(at, worker)| is_scheduler(worker) && applications[*at].is_worker);
    workers.retain(|(at, worker)| {
        let application = &applications[*at];
        is_for_workers(application)
            || is_scheduler(worker) && !has_own_scheduler
            || !worker_programs
                .iter()
                .any(|worker| shares_code(application, worker) || worker.is_worker && !is_paired(worker))
    });
}

/// A worker without a check.
fn plain(command: Vec<String>, reason: String, place: Option<String>) -> Worker {
    Worker {
        name: "worker".to_owned(),
        command,
        folder: None,
        variables: Vec::new(),
        config: None,
        check: None,
        check_reason: "none: no check is known that asks this worker itself".to_owned(),
        reason,
        place,
    }
}

fn worker(
    input: &EmitInput,
    application: &Application,
    row: data::Row,
    (object, line): (Option<&TaskObject>, Option<&WorkerLine>),
) -> Worker {
    let starts_itself = starts_worker(input, application);
    let (package, command, check) = (row[1], row[3], row[4]);
    let seconds = row[5].parse().unwrap_or(30);
    let template = row[3].split(' ').find(|word| word.contains('{')).unwrap_or("{}");
    let started = line.and_then(WorkerLine::object);
    let filled = |text: &str| match (started, object) {
        (Some(started), _) if text.contains(template) => text.replace(template, started),
        (_, Some(object)) => text.replace("{module}", &object.module).replace("{name}", &object.name),
        _ => text.to_owned(),
    };
    let started_in = |words: Vec<String>| if row[0] == "python" { in_environment(application, words) } else { words };
    let words = started_in(command.split(' ').map(filled).collect());
    let reason = format!("`{package}` is a package of {}", application.name);
    let place = object.map(|object| object.place.clone());
    let mut worker = plain(if starts_itself { Vec::new() } else { words }, reason, place);
    if !starts_itself && started.is_none() {
        worker.folder = object.and_then(|object| object.folder.clone());
    }
    let is_named = started.is_some() || object.is_some() || !check.contains("{module}");
    // A check that reads a variable needs a program that does so too.
    let reads = |name: &str| application.code.reads.iter().any(|(_, read)| read.name == name);
    let has_variable = check
        .split_once("os.environ['")
        .and_then(|(_, rest)| rest.split_once('\''))
        .is_none_or(|(name, _)| reads(name));
    if line.is_some_and(WorkerLine::is_renamed) {
        RENAMED.clone_into(&mut worker.check_reason);
    } else if check != "-" && is_named && has_variable {
        let words: Vec<String> = serde_json::from_str(check).unwrap_or_default();
        let words = started_in(words);
        // Only a shell knows variables.
        let has_variable = words.iter().any(|word| word.contains('$'));
        let test = if has_variable {
            let quoted: Vec<String> = words.iter().map(|word| filled(word)).collect();
            vec!["CMD-SHELL".to_owned(), quoted.join(" ")]
        } else {
            std::iter::once("CMD".to_owned()).chain(words.iter().map(|word| filled(word))).collect()
        };
        worker.check = Some((test, seconds));
        worker.check_reason = format!("{package} asks this worker through its broker");
    } else if package == "taskiq" {
        add_taskiq_hook(application, (starts_itself, object), &mut worker);
    }
    worker
}

/// Starts a worker through the hook: the one that its image starts, else that of an object of a source.
fn add_taskiq_hook(
    application: &Application,
    (starts_itself, object): (bool, Option<&TaskObject>),
    worker: &mut Worker,
) {
    let build = &application.build;
    let lines = build.target().map(|stage| build.start_lines(stage)).unwrap_or_default();
    let known = match (starts_itself, object) {
        (true, _) => lines.iter().find_map(|words| through_hook(words)),
        (false, Some(object)) => {
            let words = ["taskiq", "worker", "taskiq_ready:broker", object.module.as_str()];
            Some((words.map(str::to_owned).to_vec(), format!("{}:{}", object.module, object.name)))
        }
        (false, None) => None,
    };
    let Some((command, broker)) = known else { return };
    worker.command = command;
    worker.variables.push((BROKER.to_owned(), broker));
    worker.config = Some(WorkerFile {
        name: "taskiq-ready".to_owned(),
        path: "taskiq_ready.py".to_owned(),
        target: path::child(&application.folder(), "taskiq_ready.py"),
        text: HOOK.to_owned(),
        reason: "TaskIQ has no check: the hook touches a file as long as the worker is ready".to_owned(),
    });
    let check = data::SERVICES.row("worker taskiq").map_or("[]", |row| row[2]);
    let words: Vec<String> = serde_json::from_str(check).unwrap_or_default();
    worker.check = Some((std::iter::once("CMD".to_owned()).chain(words).collect(), 10));
    let reason = "the file of its hook is touched only while its event loop runs and its broker answers";
    reason.clone_into(&mut worker.check_reason);
}

/// Workers that a `Procfile` or a script of the manifest names.
fn named_workers(input: &EmitInput, application: &Application) -> Vec<Worker> {
    let mut workers = procfile_workers(input, application);
    workers.extend(
        rails_worker(input, application)
            .filter(|worker| workers.iter().all(|known| !known.command.ends_with(&worker.command))),
    );
    let scripts =
        application.projects().filter(|project| project.ecosystem == Ecosystem::Node && project.root.is_empty());
    let mut names = scripts.flat_map(|project| &project.scripts).map(|script| script.name.as_str());
    let name = names.find(|name| ["worker", "start:worker", "worker:start"].contains(name));
    let is_started = |name: &str| {
        let is_name = |word: &str| word == name || word == "worker";
        let separates = |c: char| !c.is_ascii_alphanumeric() && !"-_:".contains(c);
        start_texts(input, application).iter().any(|start| start.text.split(separates).any(is_name))
    };
    if let (Some(name), true) = (name.filter(|name| !is_started(name)), workers.is_empty()) {
        let words = ["npm", "run", name].map(str::to_owned).to_vec();
        workers.push(plain(words, format!("package.json has the script `{name}`"), None));
    }
    workers
}

/// The workers of the `Procfile` of a program, or of the one for its developers.
fn procfile_workers(input: &EmitInput, application: &Application) -> Vec<Worker> {
    let roots = application.projects().map(|project| path::child(&application.context, &project.root));
    let folders: Vec<String> = std::iter::once(application.context.clone()).chain(roots).collect();
    let file = ["Procfile", "Procfile.dev"].iter().find_map(|name| {
        let is_wanted = |file: &&VariableFile| {
            path::name(&file.path) == *name
                && folders.iter().any(|folder| path::parent(&file.path) == folder.trim_end_matches('/'))
        };
        input.files.files.iter().find(is_wanted)
    });
    let lines = file.into_iter().flat_map(|file| file.source.text().lines().enumerate().map(move |line| (file, line)));
    let workers = lines.filter_map(|(file, (at, line))| {
        let (name, command) = line.split_once(':')?;
        let is_worker = name.contains("worker") || ["job", "jobs", "queue", "sidekiq"].contains(&name);
        let is_plain = !name.starts_with('#') && !command.contains(['|', '&', ';', '$', '"', '\'', '=']);
        let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        let words = if words.first().is_some_and(|word| word == "rake") {
            ["bundle", "exec"].map(str::to_owned).into_iter().chain(words).collect()
        } else {
            in_environment(application, words)
        };
        let (kind, place) = (path::name(&file.path), format!("{}:{}", file.source.name(), at + 1));
        let mut worker = plain(words, format!("`{name}` of the {kind}"), Some(place));
        worker.name = service_name(name);
        (is_worker && is_plain && !worker.command.is_empty()).then_some(worker)
    });
    workers.collect()
}

/// What runs the jobs of Rails that Solid Queue keeps, where the program has some and its web server does not run them.
fn rails_worker(input: &EmitInput, application: &Application) -> Option<Worker> {
    if !application.has_package(Ecosystem::Ruby, "solid_queue") {
        return None;
    }
    let mut files = application.code_files(input);
    let job = files.find(|file| {
        path::parent(&file.below).ends_with("app/jobs") && path::name(&file.below) != "application_job.rb"
    })?;
    let has_program = application.code_files(input).any(|file| path::ends_with(&file.path, "bin/jobs"));
    let is_run_by_server = application.code_files(input).any(|file| {
        path::ends_with(&file.path, "config/puma.rb")
            && file.source.text().lines().any(|line| line.trim() == "plugin :solid_queue")
    });
    let reason = "Solid Queue keeps the jobs of Rails, and nothing else runs them".to_owned();
    let place = Some(job.source.name().to_owned());
    (has_program && !is_run_by_server).then(|| plain(vec!["bin/jobs".to_owned()], reason, place))
}
