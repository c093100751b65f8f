//! The hook that says whether a worker of `TaskIQ`, which has no check of its own, is ready.

use super::application::Application;
use super::worker::{TaskObject, Worker, WorkerFile};
use crate::data;
use crate::text::path;

/// The hook.
const HOOK: &str = include_str!("../../../data/hooks/taskiq_ready.py");

/// The variable by which it finds the broker of the program.
pub(in crate::emit) const BROKER: &str = "TASKIQ_BROKER";

/// Starts a worker through the hook: the one that its image starts, else that of an object of a source.
pub(super) fn add_taskiq_hook(application: &Application, object: Option<&TaskObject>, worker: &mut Worker) {
    let build = &application.build;
    let lines = build.target().map(|stage| build.start_lines(stage)).unwrap_or_default();
    let known = match (application.is_worker, object) {
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

/// The words of a command with the hook's broker, and the broker that it had.
pub(in crate::emit) fn through_hook(texts: &[String]) -> Option<(Vec<String>, String)> {
    let mut words: Vec<String> = match texts {
        [text] if !text.contains(['"', '\'', '&', ';', '|', '>', '<']) => {
            text.split_whitespace().map(str::to_owned).collect()
        }
        texts => texts.to_vec(),
    };
    let starts = words
        .iter()
        .position(|word| word == "taskiq")
        .filter(|at| words.get(at + 1).is_some_and(|word| word == "worker"))?;
    let at = starts + 2 + words[starts + 2..].iter().position(|word| !word.starts_with('-') && word.contains(':'))?;
    let broker = std::mem::replace(&mut words[at], "taskiq_ready:broker".to_owned());
    Some((words, broker))
}

#[cfg(test)]
mod tests {
    use super::through_hook;

    #[test]
    fn the_broker_of_a_command_gives_way() {
        let of = |texts: &[&str]| through_hook(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let (words, broker) = of(&["uv run taskiq worker --workers 2 app.tkq:broker app.tasks"]).unwrap();
        assert_eq!(words.join(" "), "uv run taskiq worker --workers 2 taskiq_ready:broker app.tasks");
        assert_eq!(broker, "app.tkq:broker");
        for texts in [
            &["celery -A app worker"][..],
            &["taskiq", "scheduler", "a:b"],
            &["taskiq worker a"],
            &["a && taskiq worker a:b"],
        ] {
            assert_eq!(of(texts), None, "{texts:?}");
        }
    }
}
