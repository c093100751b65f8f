//! What the services of a compose file that is there are built from and start.

use super::application::{Application, absolute};
use super::input::EmitInput;
use super::start::started_texts;
use super::worker_program::starts_worker;
use crate::stack::StackService;

/// Whether a service of a compose file starts a worker; `None` where nothing shows what it starts.
pub(super) fn is_worker(input: &EmitInput, applications: &[Application], service: &StackService) -> Option<bool> {
    let command = [service.words("entrypoint"), service.words("command")].concat().join(" ");
    let place = dockerfile_of(service);
    let application = applications.iter().find(|known| Some(&known.dockerfile) == place.as_ref());
    let Some(application) = application else {
        return (!command.is_empty()).then(|| starts_worker(&command));
    };
    let command = if command.is_empty() { application.command.as_str() } else { &command };
    if command.is_empty() {
        return None;
    }
    Some(started_texts(input, application, command).iter().any(|started| starts_worker(started.text)))
}

/// The Dockerfile of a service, absolute.
pub(super) fn dockerfile_of(service: &StackService) -> Option<String> {
    let build = service.value.get("build")?;
    let context = build.get("context")?.as_text()?;
    let below = build.get("dockerfile").and_then(|dockerfile| dockerfile.as_text()).unwrap_or("Dockerfile");
    Some(absolute(context, below))
}
