//! Rules about what stands around pods and does not fit them: Services, Ingresses, volumes, budgets.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Findings;
use crate::rules::workload_context::WorkloadContext;
use crate::text::listed;
use crate::workload::{Container, Platform, PodService, ServiceRoute, Setting, VolumeClaim, Workload, WorkloadRole};

crate::rules::family! {
    of_workload
    "disruption-budget-missing" => disruption_budget_missing;
    "ingress-service-missing" => ingress_service_missing;
    "selector-finds-no-pod" => selector_finds_no_pod;
    "service-port-unanswered" => service_port_unanswered;
    "volume-on-one-node" => volume_on_one_node;
}

/// The workloads of all manifests of the run.
fn all_workloads<'a>(cx: &WorkloadContext<'a>) -> impl Iterator<Item = &'a Workload> {
    cx.inputs.workloads.files.iter().flat_map(|file| &file.content.workloads)
}

fn label_text(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    format!("`{}`", pairs.join(", "))
}

/// Labels that no pod has.
fn selector_finds_no_pod(cx: &WorkloadContext, out: &mut Findings) {
    for workload in &cx.content().workloads {
        let details = &workload.details;
        let Setting::Known(selector, span) = &details.selector else { continue };
        let has = |(key, value): (&String, &String)| workload.labels.get(key) == Some(value);
        if !details.has_known_labels || selector.is_empty() || selector.iter().all(has) {
            continue;
        }
        let name = workload.name.as_deref().unwrap_or_default();
        let message = format!(
            "the {} `{name}` looks for pods with {}, and its own have {}: the cluster refuses it",
            workload.kind,
            label_text(selector),
            label_text(&workload.labels)
        );
        out.push(
            cx.finding(*span, message)
                .help("write the same labels in `selector.matchLabels` and in `template.metadata.labels`"),
        );
    }
    for service in cx.content().services.iter().filter(|service| !all_workloads(cx).any(|known| service.selects(known)))
    {
        let Some(workload) = meant_workload(cx, service) else { continue };
        let message = format!(
            "no pod has the labels {} of the Service `{}`, those of `{}` are {}: nobody answers its requests",
            label_text(&service.selector),
            service.name,
            workload.name.as_deref().unwrap_or_default(),
            label_text(&workload.labels)
        );
        out.push(cx.finding(service.span, message).help("write labels of the pods in its `selector`"));
    }
}

/// The workload whose pods a Service does not find, and that it is meant for, by its name.
fn meant_workload<'a>(cx: &WorkloadContext<'a>, service: &PodService) -> Option<&'a Workload> {
    // A chart that another program renders may have the pods.
    if !cx.inputs.workloads.templates.is_empty() {
        return None;
    }
    let is_meant = |workload: &&Workload| {
        let is_named = workload.name.as_ref() == Some(&service.name);
        let is_of_container = workload.containers.iter().any(|container| container.name == service.name);
        let shares_key = service.selector.keys().any(|key| workload.labels.contains_key(key));
        let is_near =
            service.namespace.is_none() || workload.namespace.is_none() || service.namespace == workload.namespace;
        is_near && shares_key && workload.details.has_known_labels && (is_named || is_of_container)
    };
    all_workloads(cx).find(is_meant)
}

/// A port behind which no container listens, as far as they say.
fn service_port_unanswered(cx: &WorkloadContext, out: &mut Findings) {
    for service in &cx.content().services {
        let mut selected = all_workloads(cx).filter(|workload| service.selects(workload));
        let (Some(workload), None) = (selected.next(), selected.next()) else { continue };
        let containers: Vec<&Container> = workload.containers.iter().chain(&workload.init_containers).collect();
        // A program of which no port is written may listen on any.
        if workload.containers.iter().any(|container| container.ports.is_empty()) {
            continue;
        }
        let mut known_ports = containers.iter().flat_map(|container| &container.ports);
        let (only, has_more) = (known_ports.next().and_then(|port| port.number.value()), known_ports.next().is_some());
        let targets = service.ports.iter().filter_map(|port| port.target.value());
        let targets: Vec<&str> = targets.map(String::as_str).collect();
        // Of several ports some may be left out; and one that answers shows that the others are meant.
        let may_get = |number: i64| containers.iter().any(|container| container.may_get_number(number));
        let is_other = |target: &&str| target.parse().is_ok_and(|number| only != Some(&number) && !may_get(number));
        let is_elsewhere = !has_more && only.is_some() && targets.iter().all(is_other);
        let is_silent = |target: &&&str| match target.parse::<i64>() {
            Ok(_) => is_elsewhere,
            Err(_) => !has_port_named(&containers, target),
        };
        let Some(target) = targets.iter().find(is_silent) else { continue };
        let ports = containers.iter().flat_map(|container| &container.ports);
        let numbers: BTreeSet<String> = ports.filter_map(|port| Some(port.number.value()?.to_string())).collect();
        let message = format!(
            "the Service `{}` passes requests to the port `{target}` of `{}`, whose containers name {}: nobody answers",
            service.name,
            workload.name.as_deref().unwrap_or_default(),
            listed(&numbers.iter().map(String::as_str).collect::<Vec<_>>())
        );
        out.push(cx.finding(service.span, message).help("write the container's port as `targetPort`"));
    }
}

/// Whether a container gives one of its ports a name.
fn has_port_named(containers: &[&Container], name: &str) -> bool {
    let mut ports = containers.iter().flat_map(|container| &container.ports);
    ports.any(|port| port.name.as_deref() == Some(name) || port.number.value().is_none() && port.name.is_none())
}

/// An Ingress to a Service that no manifest has.
fn ingress_service_missing(cx: &WorkloadContext, out: &mut Findings) {
    let workloads = &cx.inputs.workloads;
    let services: Vec<_> = workloads.files.iter().flat_map(|file| &file.content.named_services).collect();
    if services.is_empty() || !workloads.templates.is_empty() {
        return;
    }
    let mut seen: BTreeSet<(&str, Option<&String>)> = BTreeSet::new();
    for ServiceRoute { service, span, port } in &cx.content().routes {
        let known: Vec<_> = services.iter().filter(|known| known.name == *service).collect();
        if !seen.insert((service, port.value())) {
            continue;
        }
        if known.is_empty() {
            // Of another project, unless one is alike.
            let words: BTreeSet<&str> = service.split('-').collect();
            let is_alike = |name: &str| {
                let others: BTreeSet<&str> = name.split('-').collect();
                others.is_subset(&words) || words.is_subset(&others)
            };
            let is_asked = |name: &str| cx.content().routes.iter().any(|route| route.service == name);
            let mut others = services.iter().filter(|known| is_alike(&known.name) && !is_asked(&known.name));
            let Some(other) = others.next() else { continue };
            let message = format!(
                "no manifest has the Service `{service}`, the one here is `{}`: the Ingress has nothing to pass requests to",
                other.name
            );
            out.push(cx.finding(*span, message).help(format!("write `{}`", other.name)));
            continue;
        }
        let Some(port) = port.value() else { continue };
        let is_open = known.iter().any(|known| known.ports.is_empty() || known.ports.contains(port));
        if is_open {
            continue;
        }
        let ports: BTreeSet<&str> = known.iter().flat_map(|known| &known.ports).map(String::as_str).collect();
        let names = listed(&ports.into_iter().collect::<Vec<_>>());
        let message = format!(
            "the Service `{service}` has no port `{port}`, but {names}: the Ingress has nothing to pass requests to"
        );
        out.push(cx.finding(*span, message).help("name the port of the Service, not that of the container"));
    }
}

/// A rollout that starts a pod next to one that holds its volume.
fn volume_on_one_node(cx: &WorkloadContext, out: &mut Findings) {
    let claims: Vec<&VolumeClaim> = cx.inputs.workloads.files.iter().flat_map(|file| &file.content.claims).collect();
    for workload in cx.content().workloads.iter().filter(|workload| workload.kind == "Deployment") {
        let is_for_one = |name: &str| {
            let mut known = claims.iter().filter(|claim| claim.name == name).peekable();
            let is_once = |mode: &String| mode.starts_with("ReadWriteOnce");
            known.peek().is_some() && known.all(|claim| !claim.modes.is_empty() && claim.modes.iter().all(is_once))
        };
        let Some((name, span)) = workload.details.claims.iter().find(|(name, _)| is_for_one(name)) else { continue };
        let replicas = workload.replicas.value().copied().unwrap_or(1);
        let strategy = &workload.rollout.strategy;
        let keeps_old = strategy.is_absent() || strategy.value().is_some_and(|kind| kind == "RollingUpdate");
        // One that takes the old pod away first is as good as Recreate.
        let takes_away = workload.rollout.max_unavailable.value().is_some_and(|count| count == "1" || count == "100%");
        if !cx.is_rolled_out(workload) || replicas < 2 && (!keeps_old || takes_away) {
            continue;
        }
        let deployment = workload.name.as_deref().unwrap_or_default();
        let (message, help) = if replicas > 1 {
            (
                format!(
                    "`{name}` can be mounted on one node only, and `{deployment}` has {replicas} pods: those on other nodes never start"
                ),
                "write a StatefulSet with `volumeClaimTemplates`, or a volume with ReadWriteMany",
            )
        } else {
            (
                format!(
                    "`{name}` can be mounted on one node only, and the old pod of `{deployment}` holds it: a new pod elsewhere waits for it, and the rollout hangs"
                ),
                "write `strategy: {type: Recreate}`, or a StatefulSet",
            )
        };
        out.push(cx.finding(*span, message).help(help));
    }
}

/// Several pods, all of which a drain of nodes may take at once.
fn disruption_budget_missing(cx: &WorkloadContext, out: &mut Findings) {
    let budgets: Vec<_> = cx.inputs.workloads.files.iter().flat_map(|file| &file.content.budgets).collect();
    let is_alone = |workload: &&Workload| {
        let is_several = workload.replicas.value().is_some_and(|count| *count > 1);
        let answers = workload.containers.iter().any(|container| !container.ports.is_empty());
        let is_meant = workload.platform == Platform::Kubernetes && workload.role == WorkloadRole::Server;
        let is_covered = budgets.iter().any(|budget| budget.may_cover(&workload.labels));
        is_meant && is_several && answers && workload.kind == "Deployment" && cx.is_rolled_out(workload) && !is_covered
    };
    let workloads: Vec<&Workload> = cx.content().workloads.iter().filter(is_alone).collect();
    let (Some(first), true) = (workloads.first(), cx.inputs.workloads.templates.is_empty()) else { return };
    let Some(count) = first.replicas.value() else { return };
    let others = if workloads.len() > 1 { format!(" (as of {} more)", workloads.len() - 1) } else { String::new() };
    let message = format!(
        "no PodDisruptionBudget keeps one of the {count} pods of `{}`{others}: drains of nodes may take all of them at once",
        first.name.as_deref().unwrap_or_default()
    );
    let help = "write a PodDisruptionBudget with `maxUnavailable: 1` and the labels of the pods";
    out.push(cx.finding(first.span, message).help(help));
}
