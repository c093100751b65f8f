//! Rules about scripts that work past what runs: a proxy in a container, a pipeline that deploys in its own way.

use super::action::Action;
use super::deployment::{Deployment, deployments, has_word};
use super::flow::FlowCommand;
use super::rollback::is_of_rollback;
use crate::build::names_developers;
use crate::compose::project::ComposeValue;
use crate::finding::Findings;
use crate::inputs::WorkflowInput;
use crate::rules::WorkflowContext;
use crate::sources::patterns;
use crate::text::path;
use crate::workflow::PipelineKind;

crate::rules::family! {
    of_workflow
    "deployment-script-unused" => deployment_script_unused;
    "proxy-reloaded-outside" => proxy_reloaded_outside;
}

/// Meanings in `data/source_patterns.tsv`.
const PROXY: &str = "word of the name of a proxy";
const DEPLOYMENT: &str = "word of a deployment";
const ROLLBACK: &str = "word of a rollback";

/// The ports that a proxy of web servers has on its machine.
const WEB_PORTS: [&str; 2] = ["80", "443"];

/// A proxy of the machine is reloaded, and the one of the project runs in a container.
fn proxy_reloaded_outside(cx: &WorkflowContext, out: &mut Findings) {
    for Deployment { steps, .. } in deployments(cx) {
        for (command, action) in &steps {
            let Some((proxy, words)) = reloaded_on_machine(command, action) else { continue };
            let Some((service, file)) = proxy_service(cx, proxy) else { continue };
            let message = format!(
                "`{words}` asks the {proxy} of the machine, and the one with the ports of the web runs in the service `{service}` of `{file}`: the command fails, or the wrong one reloads"
            );
            let Some(finding) = cx.finding(command.script.text.place_of(command.span()), message) else { continue };
            out.push(finding.help(format!("write `docker compose exec {service} {words}`")));
            return;
        }
    }
}

/// The proxy that a command reloads outside of a container, and the words of the command.
fn reloaded_on_machine<'a>(command: &FlowCommand<'a>, action: &Action) -> Option<(&'static str, &'a str)> {
    let Action::Reload(None) = action else { return None };
    let invocation = &command.command.invocation;
    let is_inside = ["docker", "docker-compose", "podman", "kubectl"]
        .iter()
        .any(|name| invocation.is(name) || invocation.is_via(name));
    let text = command.script.text.slice(invocation.span.range());
    let proxy = patterns::words(PROXY).find(|word| text.contains(word))?;
    (!is_inside && !text.contains('\n')).then_some((proxy, text))
}

/// The service of a compose file that runs a proxy and has the ports of the web, and the file.
fn proxy_service<'a>(cx: &WorkflowContext<'a, '_>, proxy: &str) -> Option<(&'a str, &'a str)> {
    let composes = cx.inputs.composes.iter().filter(|input| !names_developers(cx.inputs.source(input.file).name()));
    composes.into_iter().find_map(|input| {
        let services = input.reading.project.as_ref()?.services();
        let is_proxy = |service: &ComposeValue| {
            let image = service.get("image").and_then(ComposeValue::as_text).unwrap_or_default();
            path::name(image).contains(proxy) && has_web_ports(service) && service.get("profiles").is_none()
        };
        let mut proxies = services.into_iter().filter(|(_, service)| is_proxy(service));
        proxies.next().map(|(name, _)| (name, cx.inputs.source(input.file).name()))
    })
}

/// Whether a service has a port of the web on its machine.
fn has_web_ports(service: &ComposeValue) -> bool {
    let ports = service.get("ports").and_then(ComposeValue::as_list).unwrap_or_default();
    let is_web = |port: &ComposeValue| {
        let published = port.get("published").and_then(ComposeValue::as_text);
        published.is_some_and(|published| WEB_PORTS.contains(&published))
    };
    ports.iter().any(is_web)
}

/// A script that deploys, next to a pipeline that does it otherwise.
fn deployment_script_unused(cx: &WorkflowContext, out: &mut Findings) {
    let name = path::name(&cx.input.path);
    let is_named = [DEPLOYMENT, ROLLBACK].iter().any(|meaning| has_word(name, meaning));
    if cx.workflow().kind != PipelineKind::Script || !is_named {
        return;
    }
    let mut others = cx.inputs.workflows.iter().filter(|input| input.file != cx.input.file);
    let calls = |input: &WorkflowInput| cx.inputs.source(input.file).text().contains(name);
    if others.any(calls) {
        return;
    }
    let deployments_here = deployments(cx);
    let Some(known) = deployments_here.first() else { return };
    let is_rollback = has_word(name, ROLLBACK);
    let does_the_same = |input: &&WorkflowInput| {
        let other = cx.of_workflow(input);
        let is_back = |deployment: &Deployment| {
            deployment.steps.iter().any(|(command, _)| is_of_rollback(&other, deployment, command))
        };
        let all = if input.workflow.kind.is_pipeline() { deployments(&other) } else { Vec::new() };
        all.iter().any(|deployment| is_back(deployment) == is_rollback)
    };
    let Some(pipeline) = cx.inputs.workflows.iter().find(does_the_same) else { return };
    let what = if is_rollback { "goes back" } else { "deploys" };
    let message = format!(
        "nothing calls this script, and `{}` {what} by commands of its own: what this one does is not what happens",
        pipeline.path
    );
    let Some(finding) = cx.finding(known.job.place, message) else { return };
    out.push(finding.help("call the script in the pipeline, or remove it"));
}
