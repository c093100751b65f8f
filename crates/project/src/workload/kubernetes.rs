//! Objects of Kubernetes that start containers or pass requests to them; all others are left alone.

use std::collections::BTreeMap;

use super::around::{DisruptionBudget, NamedService, ServiceRoute, VolumeClaim, WorkloadDetails};
use super::model::{
    Container, ContainerPort, HttpProbe, Platform, PodService, PreStop, Probe, ProbeAction, Rollout, ServicePort,
    Workload, WorkloadFile, WorkloadRole,
};
use super::value::{ManifestContent, ManifestValue, Setting};
use crate::data;
use crate::secret;
use crate::text::Span;

/// Lists in lists that are followed.
const LISTS: usize = 4;

/// Adds what an object says.
pub(super) fn add_object(object: &ManifestValue, file: &mut WorkloadFile) {
    add_below(object, file, LISTS);
}

fn add_below(object: &ManifestValue, file: &mut WorkloadFile, lists: usize) {
    let (Some(kind), Some(version)) = (object.get("kind").constant(), object.get("apiVersion").constant()) else {
        return;
    };
    let group = version.split_once('/').map_or("v1", |(group, _)| group);
    if kind == "List" && group == "v1" {
        if let Some(left) = lists.checked_sub(1) {
            for item in object.get("items").items() {
                add_below(item, file, left);
            }
        }
        return;
    }
    match (kind, group) {
        ("Secret", "v1") => {
            let all = ["data", "stringData"].into_iter().flat_map(|key| object.get(key).entries());
            file.hidden.extend(all.filter_map(|entry| entry.value.text()).map(str::to_owned));
        }
        ("Service", "v1") => {
            file.services.extend(service(object));
            file.named_services.extend(named_service(object));
        }
        ("Ingress", "networking.k8s.io") => file.routes.extend(routes(object)),
        ("PersistentVolumeClaim", "v1") => file.claims.extend(claim(object)),
        ("PodDisruptionBudget", "policy") => {
            file.budgets.push(DisruptionBudget { selector: budget_selector(object) });
        }
        ("HorizontalPodAutoscaler", "autoscaling") => {
            file.scaled.extend(object.at("spec.scaleTargetRef.name").text().map(str::to_owned));
        }
        _ => {
            let pod = data::WORKLOAD_KINDS
                .row(kind)
                .map_or(object, |row| if row[2] == "-" { object } else { object.at(row[2]) });
            let lists = ["containers", "initContainers"].into_iter().flat_map(|key| pod.get("spec").get(key).items());
            file.hidden.extend(lists.flat_map(|container| hidden_values(container.get("env"))));
            file.workloads.extend(workload(object, kind, group));
        }
    }
}

fn service(object: &ManifestValue) -> Option<PodService> {
    let name = object.at("metadata.name");
    let selector = labels(object.at("spec.selector"))?;
    let service = PodService {
        name: name.text()?.to_owned(),
        span: name.span,
        namespace: namespace(object),
        selector,
        ports: object.at("spec.ports").items().iter().map(service_port).collect(),
    };
    Some(service).filter(|it| !it.selector.is_empty())
}

fn named_service(object: &ManifestValue) -> Option<NamedService> {
    let ports = object.at("spec.ports").items().iter();
    let words = ports.flat_map(|port| ["name", "port"].into_iter().filter_map(|key| port.get(key).constant()));
    Some(NamedService {
        name: object.at("metadata.name").constant()?.to_owned(),
        ports: words.map(str::to_owned).collect(),
    })
}

/// The Services behind an Ingress.
fn routes(object: &ManifestValue) -> Vec<ServiceRoute> {
    let spec = object.get("spec");
    let paths = spec.get("rules").items().iter().flat_map(|rule| rule.at("http.paths").items());
    let backends = paths.map(|path| path.get("backend")).chain([spec.get("defaultBackend")]);
    let route = |backend: &ManifestValue| {
        let service = backend.get("service");
        let (name, port) = (service.get("name"), service.get("port"));
        let number = port.get("number");
        let port = if number.is_null() { port.get("name") } else { number };
        Some(ServiceRoute { service: name.constant()?.to_owned(), span: name.span, port: port.text_setting() })
    };
    backends.filter_map(route).collect()
}

fn claim(object: &ManifestValue) -> Option<VolumeClaim> {
    let modes = object.at("spec.accessModes").items().iter();
    let modes: Option<Vec<String>> = modes.map(|mode| mode.constant().map(str::to_owned)).collect();
    Some(VolumeClaim { name: object.at("metadata.name").constant()?.to_owned(), modes: modes.unwrap_or_default() })
}

/// The labels of a budget's pods; `None` where an expression chooses them.
fn budget_selector(object: &ManifestValue) -> Option<BTreeMap<String, String>> {
    let selector = object.at("spec.selector");
    if selector.get("matchExpressions").is_null() { labels(selector.get("matchLabels")) } else { None }
}

/// What a workload says beyond its containers.
fn details(object: &ManifestValue, pod: &ManifestValue) -> WorkloadDetails {
    let selector = object.at("spec.selector");
    let is_plain = selector.get("matchExpressions").is_null();
    let claim = |volume: &ManifestValue| {
        let name = volume.at("persistentVolumeClaim.claimName");
        Some((name.constant()?.to_owned(), name.span))
    };
    let deadline = object.at("spec.jobTemplate.spec.activeDeadlineSeconds");
    let deadline = if deadline.is_null() { pod.at("spec.activeDeadlineSeconds") } else { deadline };
    WorkloadDetails {
        selector: selector.get("matchLabels").setting(|value| if is_plain { labels(value) } else { None }),
        has_known_labels: labels(pod.at("metadata.labels")).is_some(),
        claims: pod.at("spec.volumes").items().iter().filter_map(claim).collect(),
        concurrency: object.at("spec.concurrencyPolicy").text_setting(),
        deadline: deadline.number_setting(),
    }
}

/// The namespace that an object names.
fn namespace(object: &ManifestValue) -> Option<String> {
    object.at("metadata.namespace").constant().map(str::to_owned)
}

fn service_port(port: &ManifestValue) -> ServicePort {
    let values = ["name", "port", "targetPort"].into_iter().filter_map(|key| port.get(key).text());
    let (numbers, names) = values.map(str::to_owned).partition(|text: &String| text.parse::<u16>().is_ok());
    let target = port.get("targetPort");
    let target = if target.is_null() { port.get("port") } else { target };
    ServicePort { names, numbers, target: target.text_setting() }
}

/// Labels; `None` where one of them is not known.
fn labels(map: &ManifestValue) -> Option<BTreeMap<String, String>> {
    if map.is_unknown() {
        return None;
    }
    map.entries().iter().map(|entry| Some((entry.key.clone(), entry.value.constant()?.to_owned()))).collect()
}

fn workload(object: &ManifestValue, kind: &str, group: &str) -> Option<Workload> {
    let row = data::WORKLOAD_KINDS.row(kind)?;
    if !data::words(row[1]).any(|known| known == group) {
        return None;
    }
    let pod = if row[2] == "-" { object } else { object.at(row[2]) };
    let spec = pod.get("spec");
    let name = object.at("metadata.name");
    let containers = containers(spec, "containers");
    // What has no image, or no selector where one is required, is a part that is put on top of the whole.
    let is_part = containers.is_empty()
        || containers.iter().any(|container| container.image.is_absent())
        || group == "apps" && object.at("spec.selector").is_null();
    if is_part || is_for_windows(spec) {
        return None;
    }
    let strategy = if kind == "Deployment" { object.at("spec.strategy") } else { object.at("spec.updateStrategy") };
    let rollout = Rollout {
        strategy: strategy.get("type").text_setting(),
        max_unavailable: strategy.at("rollingUpdate.maxUnavailable").text_setting(),
        max_surge: strategy.at("rollingUpdate.maxSurge").text_setting(),
    };
    Some(Workload {
        platform: Platform::Kubernetes,
        kind: row[0],
        role: match row[3] {
            "server" => WorkloadRole::Server,
            "job" => WorkloadRole::Job,
            _ => WorkloadRole::Single,
        },
        name: name.constant().map(str::to_owned),
        span: if name.is_null() { object.get("kind").span } else { name.span },
        namespace: namespace(object),
        labels: labels(pod.at("metadata.labels")).unwrap_or_default(),
        replicas: object.at("spec.replicas").number_setting(),
        rollout,
        grace_seconds: spec.get("terminationGracePeriodSeconds").number_setting(),
        host_folders: spec.get("volumes").items().iter().filter_map(host_folder).collect(),
        details: details(object, pod),
        init_containers: self::containers(spec, "initContainers"),
        containers,
    })
}

/// Whether only nodes with Windows run a pod.
fn is_for_windows(spec: &ManifestValue) -> bool {
    spec.at("os.name").text() == Some("windows")
        || spec.get("nodeSelector").get("kubernetes.io/os").text() == Some("windows")
}

fn containers(spec: &ManifestValue, key: &str) -> Vec<Container> {
    let security = spec.get("securityContext");
    let list = spec.get(key).items().iter();
    list.filter(|item| matches!(item.content, ManifestContent::Map(_))).map(|item| container(item, security)).collect()
}

fn container(value: &ManifestValue, pod_security: &ManifestValue) -> Container {
    let name = value.get("name");
    let security = value.get("securityContext");
    let ports: Vec<ContainerPort> = value.get("ports").items().iter().map(port).collect();
    let probe = |key: &str| value.get(key).setting(|probe| Some(self::probe(probe, &ports)));
    let of_either = |key: &str| {
        let inner = security.get(key);
        if inner.is_null() { pod_security.get(key) } else { inner }
    };
    Container {
        name: name.text().unwrap_or_default().to_owned(),
        span: if name.is_null() { value.span } else { name.span },
        image: value.get("image").text_setting(),
        command: value.get("command").words_setting(),
        arguments: value.get("args").words_setting(),
        numbers: numbers(value.get("env"), "value"),
        has_open_variables: !value.get("envFrom").is_null() || value.get("env").is_unknown(),
        pull_policy: value.get("imagePullPolicy").text_setting(),
        is_local: value.get("imagePullPolicy").text() == Some("Never"),
        readiness: probe("readinessProbe"),
        liveness: probe("livenessProbe"),
        startup: probe("startupProbe"),
        check: Setting::Absent,
        pre_stop: value.at("lifecycle.preStop").setting(|value| Some(pre_stop(value))),
        user: of_either("runAsUser").number_setting(),
        refuses_root: of_either("runAsNonRoot").switch_setting(),
        has_security: if security.is_null() { pod_security } else { security }
            .setting(|value| Some(!value.entries().is_empty())),
        is_privileged: security.get("privileged").switch_setting(),
        has_resources: value.get("resources").setting(|value| Some(!value.entries().is_empty())),
        secrets: written_secrets(value.get("env")),
        ports,
    }
}

/// The folder of the machine that a volume is.
fn host_folder(volume: &ManifestValue) -> Option<(String, Span)> {
    let path = volume.at("hostPath.path");
    Some((path.constant()?.to_owned(), path.span))
}

/// The variables whose written values are secrets.
pub(super) fn written_secrets(variables: &ManifestValue) -> Vec<(String, Span)> {
    let secret = |variable: &ManifestValue| {
        let (name, value) = (variable.get("name").text()?, variable.get("value"));
        let is_secret = !secret::written_in(name, value.constant()?).is_empty();
        is_secret.then(|| (name.to_owned(), value.span))
    };
    variables.items().iter().filter_map(secret).collect()
}

/// The values of variables that look like secrets.
pub(super) fn hidden_values(variables: &ManifestValue) -> Vec<String> {
    let pairs = variables.items().iter().filter_map(|it| Some((it.get("name").text()?, it.get("value").text()?)));
    pairs.filter_map(|(name, value)| secret::hidden_of(name, value)).collect()
}

/// The numbers among the values of variables; `key`: under which a value stands.
pub(super) fn numbers(variables: &ManifestValue, key: &str) -> Vec<i64> {
    variables.items().iter().filter_map(|variable| variable.get(key).text()?.parse().ok()).collect()
}

fn port(value: &ManifestValue) -> ContainerPort {
    let name = value.get("name").constant().map(str::to_owned);
    ContainerPort { name, number: value.get("containerPort").number_setting() }
}

fn probe(value: &ManifestValue, ports: &[ContainerPort]) -> Probe {
    Probe {
        action: action(value, ports),
        delay: value.get("initialDelaySeconds").number_setting(),
        period: value.get("periodSeconds").number_setting(),
        timeout: value.get("timeoutSeconds").number_setting(),
        failures: value.get("failureThreshold").number_setting(),
    }
}

fn action(value: &ManifestValue, ports: &[ContainerPort]) -> ProbeAction {
    let [http, tcp, grpc, exec] = ["httpGet", "tcpSocket", "grpc", "exec"].map(|key| value.get(key));
    if [http, tcp, grpc, exec].iter().filter(|action| !action.is_null()).count() != 1 {
        return ProbeAction::Unknown;
    }
    let host = |action: &ManifestValue| !action.get("host").is_null();
    if !http.is_null() && !host(http) {
        let path = match http.get("path").text_setting() {
            Setting::Absent => Setting::Known("/".to_owned(), http.span),
            path => path,
        };
        let scheme = http.get("scheme");
        if scheme.is_unknown() || http.is_unknown() {
            return ProbeAction::Unknown;
        }
        let is_https = scheme.text().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
        return ProbeAction::Http(HttpProbe { path, port: port_number(http.get("port"), ports), is_https });
    }
    if !tcp.is_null() && !host(tcp) {
        return ProbeAction::Tcp(port_number(tcp.get("port"), ports));
    }
    if !grpc.is_null() {
        return ProbeAction::Grpc(port_number(grpc.get("port"), ports));
    }
    if exec.is_null() { ProbeAction::Unknown } else { ProbeAction::Exec(exec.get("command").words_setting()) }
}

/// A port by its number, or by the name that the container gives it.
fn port_number(value: &ManifestValue, ports: &[ContainerPort]) -> Setting<i64> {
    let name = value.constant().unwrap_or_default();
    let port = ports.iter().find(|port| port.name.as_deref() == Some(name) && !name.is_empty());
    value.setting(|value| match port {
        Some(port) => port.number.value().copied(),
        None => value.constant()?.parse().ok(),
    })
}

fn pre_stop(value: &ManifestValue) -> PreStop {
    let seconds = value.at("sleep.seconds").text().and_then(|text| text.parse().ok());
    let command = value.at("exec.command");
    let words: Vec<&str> = command.items().iter().filter_map(ManifestValue::text).collect();
    let line = words.join(" ");
    let of_sleep = || line.split("sleep ").nth(1)?.split([' ', ';', '&', '"', '\'']).next()?.parse().ok();
    PreStop { seconds: seconds.or_else(of_sleep) }
}
