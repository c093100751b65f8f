//! What to look at while a deployment runs and behind it, and by what its end is known to be good.

use super::command::{compose, service_names, stack_service};
use super::facts::{DeploymentFacts, DeploymentTool, EarlierDeployment};
use super::plan::PlanFact;
use crate::shell::quoted_word;

pub(super) fn watch(facts: &DeploymentFacts) -> Vec<PlanFact> {
    let mut watch = match facts.tool {
        DeploymentTool::Haproxy => of_compose(facts),
        DeploymentTool::Swarm => of_swarm(facts),
    };
    watch.extend(requests(facts).into_iter().map(|(name, url)| {
        let command = format!("curl -fsS -o /dev/null -w '%{{http_code}} %{{time_total}}\\n' {url}");
        PlanFact::command(
            &format!("answers of {name}"),
            "200 to 399",
            command,
            "its health check, and the port that it publishes",
        )
    }));
    watch.extend(baselines(facts));
    watch
}

fn of_compose(facts: &DeploymentFacts) -> Vec<PlanFact> {
    let (compose, services) = (compose(facts), service_names(facts));
    vec![
        PlanFact::command(
            "health",
            "each container stays `healthy`",
            format!("{compose} ps {services}"),
            "the health checks",
        ),
        PlanFact::command(
            "log",
            "no errors that the old version has not",
            format!("{compose} logs --since 5m {services}"),
            "the containers of the services",
        ),
        PlanFact::command(
            "memory and CPU",
            "about that of the old containers",
            format!("docker stats --no-stream $({compose} ps -q {services})"),
            "the containers of the services",
        ),
    ]
}

fn of_swarm(facts: &DeploymentFacts) -> Vec<PlanFact> {
    let mut watch = Vec::new();
    for service in &facts.services {
        let name = stack_service(facts, service);
        let tasks = format!("docker service ps {name}");
        watch.push(PlanFact::command(
            &format!("tasks of {}", service.name),
            "each stays `Running`",
            tasks,
            "the stack",
        ));
        let log = format!("docker service logs --since 5m {name}");
        watch.push(PlanFact::command(&format!("log of {}", service.name), "no new errors", log, "the stack"));
    }
    watch
}

/// Services with an address on the host that their health checks' path is asked at.
pub(super) fn requests(facts: &DeploymentFacts) -> Vec<(String, String)> {
    let of_service = |service: &super::facts::ServiceFacts| {
        let (address, path) = (service.published.first()?, service.check_path.as_ref()?);
        Some((service.name.clone(), quoted_word(&format!("http://{address}{path}"))))
    };
    facts.services.iter().filter_map(of_service).collect()
}

/// What the last good deployment saw.
fn baselines(facts: &DeploymentFacts) -> Vec<PlanFact> {
    let Some(last) = last_good(facts) else { return Vec::new() };
    let basis = format!("the record of the deployment of {}", last.time);
    let mut baselines = Vec::new();
    if let Some((requests, errors)) = last.requests {
        let text = format!("{errors} of {requests} requests failed while the script watched");
        baselines.push(PlanFact::new("baseline of errors", text, &basis));
    }
    if let Some(milliseconds) = last.milliseconds {
        baselines.push(PlanFact::new("baseline of times", format!("{milliseconds} ms an answer"), basis));
    }
    baselines
}

/// The last deployment that ended well.
pub(super) fn last_good(facts: &DeploymentFacts) -> Option<&EarlierDeployment> {
    facts.earlier.iter().rev().find(|earlier| earlier.exit == 0)
}

pub(super) fn success(facts: &DeploymentFacts) -> Vec<PlanFact> {
    let mut success = Vec::new();
    if facts.tool == DeploymentTool::Haproxy {
        success.push(PlanFact::new(
            "the script",
            "ends with 0, and says which image is in service",
            "the emitted script",
        ));
    }
    for service in &facts.services {
        let image = facts.to.as_ref().map_or("the new image", |image| image.reference.as_str());
        let state = if service.check.is_some() { "healthy" } else { "running" };
        let text = format!("{} of {} {state}, of {image}", service.count, service.count);
        success.push(PlanFact::new(&service.name, text, "the compose file"));
    }
    success.extend(requests(facts).into_iter().map(|(name, url)| {
        PlanFact::new(format!("requests to {name}"), format!("{url} answers with 200 to 399"), "its health check")
    }));
    let is_slower = |last: &EarlierDeployment| {
        Some(PlanFact::new(
            "times",
            format!("answers are not much slower than {} ms", last.milliseconds?),
            format!("the record of the deployment of {}", last.time),
        ))
    };
    success.extend(last_good(facts).and_then(is_slower));
    success
}
