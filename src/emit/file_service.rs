//! What the services of a compose file that is there are built from and start.

use super::application::{Application, absolute};
use super::input::EmitInput;
use super::start::started_texts;
use crate::build::WorkerLine;
use crate::stack::StackService;

/// The line of a service of a compose file that starts a worker.
pub(super) fn worker_line(
    input: &EmitInput,
    applications: &[Application],
    service: &StackService,
) -> Option<WorkerLine> {
    let command = [service.words("entrypoint"), service.words("command")].concat().join(" ");
    let place = dockerfile_of(service);
    let application = applications.iter().find(|known| Some(&known.dockerfile) == place.as_ref());
    let Some(application) = application else {
        return WorkerLine::of(&command);
    };
    let command = if command.is_empty() { application.command.as_str() } else { &command };
    started_texts(input, application, command).iter().find_map(|started| WorkerLine::of(started.text))
}

/// The Dockerfile of a service, absolute.
pub(super) fn dockerfile_of(service: &StackService) -> Option<String> {
    let build = service.value.get("build")?;
    let context = build.get("context")?.as_text()?;
    let below = build.get("dockerfile").and_then(|dockerfile| dockerfile.as_text()).unwrap_or("Dockerfile");
    Some(absolute(context, below))
}
