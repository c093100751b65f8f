//! What the services of a compose file that is there are built from and start.

use crate::build::{WorkerLine, ends_with_scheduler};
use crate::emit::facts::application::absolute;
use crate::emit::facts::start::started_texts;
use crate::emit::input::EmitInput;
use crate::emit::links::Project;
use crate::stack::StackService;

/// The line of a service of a compose file that starts a worker.
pub(in crate::emit) fn worker_line(input: &EmitInput, project: &Project, service: &StackService) -> Option<WorkerLine> {
    find_in_start(input, project, service, WorkerLine::of)
}

/// Whether what a service of a compose file starts, or a script of it, ends with what plans the tasks of workers.
pub(in crate::emit) fn plans_tasks(input: &EmitInput, project: &Project, service: &StackService) -> bool {
    find_in_start(input, project, service, |text| ends_with_scheduler(text).then_some(())).is_some()
}

/// The first answer to the command of a service and the scripts that it starts.
fn find_in_start<T>(
    input: &EmitInput,
    project: &Project,
    service: &StackService,
    ask: impl Fn(&str) -> Option<T>,
) -> Option<T> {
    let command = [service.words("entrypoint"), service.words("command")].concat().join(" ");
    let place = dockerfile_of(service);
    let application = project.applications().find(|known| Some(&known.dockerfile) == place.as_ref());
    let Some(application) = application else {
        return ask(&command);
    };
    let command = if command.is_empty() { application.command.as_str() } else { &command };
    started_texts(input, application, command).iter().find_map(|started| ask(started.text))
}

/// The Dockerfile of a service, absolute.
pub(in crate::emit) fn dockerfile_of(service: &StackService) -> Option<String> {
    let build = service.value.get("build")?;
    let context = build.get("context")?.as_text()?;
    let below = build.get("dockerfile").and_then(|dockerfile| dockerfile.as_text()).unwrap_or("Dockerfile");
    Some(absolute(context, below))
}
