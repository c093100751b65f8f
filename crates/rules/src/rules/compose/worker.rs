//! Rules about programs that take messages or start tasks by the clock, and are replaced by newer ones.

use super::replaced::{replaced, start_words};
use crate::build::starts_scheduler;
use crate::finding::Findings;
use crate::inputs::EarlyAck;
use crate::rules::ComposeContext;

crate::rules::family! {
    of_compose
    "compose-worker-acks-early" => compose_worker_acks_early;
    "compose-scheduler-doubled" => compose_scheduler_doubled;
}

/// What a broker has forgotten is lost with the container that worked on it.
fn compose_worker_acks_early(cx: &ComposeContext, out: &mut Findings) {
    for service in replaced(cx) {
        let Some(early_ack) = cx.checked_sources(service).and_then(|sources| sources.early_ack.as_ref()) else {
            continue;
        };
        let name = service.name;
        let (message, help) = match early_ack {
            // Celery ends the tasks that it has begun, as long as it is given the time.
            EarlyAck::Celery if service.value.get("stop_grace_period").is_some() => continue,
            EarlyAck::Celery => (
                format!(
                    "`{name}` is killed 10 s after it is told to stop: a task that takes longer is lost, as Celery has acknowledged it"
                ),
                "set `task_acks_late = True`, or `stop_grace_period` to more than the longest task takes",
            ),
            EarlyAck::Source { word, file } => (
                format!(
                    "`{name}` acknowledges messages before their work is done (`{word}` in `{file}`): those that it has are lost"
                ),
                "acknowledge each message when its work is done",
            ),
        };
        let Some(finding) = cx.finding(service.place, message) else { continue };
        out.push(finding.help(help));
    }
}

/// Two that start tasks by the clock start each task twice.
fn compose_scheduler_doubled(cx: &ComposeContext, out: &mut Findings) {
    for service in replaced(cx) {
        let commands = start_words(service);
        if !commands.iter().any(|words| starts_scheduler(&words.join(" "))) {
            continue;
        }
        let message = format!(
            "`{}` starts tasks by the clock: while an old and a new container run, each task is started twice",
            service.name
        );
        let Some(finding) = cx.finding(service.place, message) else { continue };
        out.push(finding.help("stop the old one before the new one starts, as `docker compose up -d` does"));
    }
}
