//! Containers that a platform starts, as manifests describe them.

use std::collections::BTreeMap;

use super::around::{DisruptionBudget, NamedService, ServiceRoute, VolumeClaim, WorkloadDetails};
use super::value::Setting;
use crate::data;
use crate::text::Span;

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkloadFile {
    /// What starts containers.
    pub workloads: Vec<Workload>,
    /// What passes requests to pods.
    pub services: Vec<PodService>,
    /// All Services, also those that find no pods by labels.
    pub named_services: Vec<NamedService>,
    /// The Services that an Ingress passes requests to.
    pub routes: Vec<ServiceRoute>,
    /// How many pods may be taken away at once.
    pub budgets: Vec<DisruptionBudget>,
    /// Volumes that pods ask for by name.
    pub claims: Vec<VolumeClaim>,
    /// What passes requests to tasks of ECS.
    pub target_groups: Vec<TargetGroup>,
    /// Services of ECS.
    pub task_services: Vec<TaskService>,
    /// Names of Deployments and their likes whose replicas something else counts.
    pub scaled: Vec<String>,
    /// Values in it that no report shows.
    pub hidden: Vec<String>,
    /// Whether it is a template, which only its program can read.
    pub is_template: bool,
    /// Why the text cannot be read, and where.
    pub problem: Option<(Span, String)>,
}

impl WorkloadFile {
    /// Whether it says anything of containers.
    pub fn is_empty(&self) -> bool {
        *self == Self { hidden: self.hidden.clone(), ..Self::default() }
    }
}

/// The platform of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Kubernetes.
    Kubernetes,
    /// Amazon's ECS.
    Ecs,
}

/// What becomes of the containers of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadRole {
    /// A rollout replaces them.
    Server,
    /// They end by themselves.
    Job,
    /// Nothing replaces them.
    Single,
}

/// Something that starts containers: a Deployment, a task definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// The platform.
    pub platform: Platform,
    /// Its kind, as its platform calls it: `Deployment`.
    pub kind: &'static str,
    /// What becomes of its containers.
    pub role: WorkloadRole,
    /// Its name, or what a template calls it.
    pub name: Option<String>,
    /// Where it is named.
    pub span: Span,
    /// The namespace that it says it is in.
    pub namespace: Option<String>,
    /// The labels of its pods, as far as they are known.
    pub labels: BTreeMap<String, String>,
    /// How many there are of its pods.
    pub replicas: Setting<i64>,
    /// How new pods replace old ones.
    pub rollout: Rollout,
    /// Seconds from the signal to stop until a container is killed.
    pub grace_seconds: Setting<i64>,
    /// Folders and files of the machine that its pods see, with their places.
    pub host_folders: Vec<(String, Span)>,
    /// What it says beyond its containers.
    pub details: WorkloadDetails,
    /// The containers that run before all others.
    pub init_containers: Vec<Container>,
    /// The containers.
    pub containers: Vec<Container>,
}

/// How new pods replace old ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollout {
    /// `strategy.type`.
    pub strategy: Setting<String>,
    /// `strategy.rollingUpdate.maxUnavailable`, a number or a share in percent.
    pub max_unavailable: Setting<String>,
    /// `strategy.rollingUpdate.maxSurge`.
    pub max_surge: Setting<String>,
}

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// Where it is named.
    pub span: Span,
    /// Its image.
    pub image: Setting<String>,
    /// What takes the place of its entry point.
    pub command: Setting<Vec<String>>,
    /// Its arguments.
    pub arguments: Setting<Vec<String>>,
    /// The ports that it names.
    pub ports: Vec<ContainerPort>,
    /// Numbers among the values of its variables.
    pub numbers: Vec<i64>,
    /// Whether it gets variables that are not written with it.
    pub has_open_variables: bool,
    /// Whether its image is never fetched, but is on the machine already.
    pub is_local: bool,
    /// When its image is fetched: `IfNotPresent`.
    pub pull_policy: Setting<String>,
    /// What says whether it gets requests.
    pub readiness: Setting<Probe>,
    /// What says whether it is started again.
    pub liveness: Setting<Probe>,
    /// What holds both of them off.
    pub startup: Setting<Probe>,
    /// The check of ECS.
    pub check: Setting<TaskCheck>,
    /// What runs before it is told to stop.
    pub pre_stop: Setting<PreStop>,
    /// The number of its user, by itself or by its pod.
    pub user: Setting<i64>,
    /// Whether the kubelet refuses root.
    pub refuses_root: Setting<bool>,
    /// Whether it, or its pod, says what it may do.
    pub has_security: Setting<bool>,
    /// Whether it has all rights of its machine.
    pub is_privileged: Setting<bool>,
    /// Whether it says how much memory and processor time it needs, or may take.
    pub has_resources: Setting<bool>,
    /// The variables whose written values are secrets, with the places of these.
    pub secrets: Vec<(String, Span)>,
}

/// A port of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerPort {
    /// Its name.
    pub name: Option<String>,
    /// Its number.
    pub number: Setting<i64>,
}

/// What is run before a container is told to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreStop {
    /// Seconds that it waits, where that is all that it does.
    pub seconds: Option<i64>,
}

/// A probe of Kubernetes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What it does.
    pub action: ProbeAction,
    /// Seconds before the first one.
    pub delay: Setting<i64>,
    /// Seconds between two.
    pub period: Setting<i64>,
    /// Seconds that one may take.
    pub timeout: Setting<i64>,
    /// Failures in a row that count.
    pub failures: Setting<i64>,
}

impl Container {
    /// Whether it is told a number: by a variable, or by a word of its command; also where it may be.
    pub fn may_get_number(&self, number: i64) -> bool {
        let text = number.to_string();
        let words = [&self.command, &self.arguments].into_iter().filter_map(Setting::value).flatten();
        let has_open_words = [&self.command, &self.arguments].contains(&&Setting::Unknown);
        self.has_open_variables
            || has_open_words
            || self.numbers.contains(&number)
            || words.into_iter().any(|word| word.contains(&text))
    }

    /// Whether one of its ports has a number, or one of them is not known.
    pub fn may_have_port(&self, number: i64) -> bool {
        self.ports.iter().any(|port| port.number.value().is_none_or(|known| *known == number))
    }

    /// Its probes with their keys.
    pub fn probes(&self) -> impl Iterator<Item = (&'static str, &Probe, Span)> {
        let all =
            [("readinessProbe", &self.readiness), ("livenessProbe", &self.liveness), ("startupProbe", &self.startup)];
        all.into_iter().filter_map(|(key, probe)| match probe {
            Setting::Known(probe, span) => Some((key, probe, *span)),
            _ => None,
        })
    }
}

impl Probe {
    /// Seconds that failures in a row may take: `None` where a figure is not known.
    pub fn patience(&self) -> Option<i64> {
        Some(self.period.value_or(PERIOD)?.saturating_mul(self.failures.value_or(FAILURES)?))
    }

    /// Seconds from the start of a container until failures count: `None` where a figure is not known.
    pub fn budget(&self) -> Option<i64> {
        Some(self.delay.value_or(0)?.saturating_add(self.patience()?))
    }
}

/// Seconds between two probes (Kubernetes docs: configure probes).
pub const PERIOD: i64 = 10;

/// Seconds that a probe may take (Kubernetes docs: configure probes).
pub const TIMEOUT: i64 = 1;

/// Failures in a row that count (Kubernetes docs: configure probes).
pub const FAILURES: i64 = 3;

/// What a probe does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeAction {
    /// A request.
    Http(HttpProbe),
    /// Opens a port.
    Tcp(Setting<i64>),
    /// Asks by the protocol of gRPC.
    Grpc(Setting<i64>),
    /// Runs a program, without a shell.
    Exec(Setting<Vec<String>>),
    /// Something that is not known.
    Unknown,
}

/// A request of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpProbe {
    /// The path, with what is behind `?`.
    pub path: Setting<String>,
    /// The port, names looked up.
    pub port: Setting<i64>,
    /// Whether it speaks TLS.
    pub is_https: bool,
}

/// A check of ECS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskCheck {
    /// The words: `CMD-SHELL` and a line, or `CMD` and words.
    pub words: Setting<Vec<String>>,
    /// Seconds between two.
    pub interval: Setting<i64>,
    /// Seconds that one may take.
    pub timeout: Setting<i64>,
    /// Failures in a row that count.
    pub retries: Setting<i64>,
    /// Seconds in which failures do not count.
    pub start_period: Setting<i64>,
}

/// A Service of Kubernetes that has a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodService {
    /// Its name.
    pub name: String,
    /// Where it is named.
    pub span: Span,
    /// The namespace that it says it is in.
    pub namespace: Option<String>,
    /// The labels of its pods.
    pub selector: BTreeMap<String, String>,
    /// Its ports.
    pub ports: Vec<ServicePort>,
}

/// A port of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServicePort {
    /// What it, and the port of the container behind it, are called.
    pub names: Vec<String>,
    /// Their numbers.
    pub numbers: Vec<String>,
    /// The port of the container behind it, by number or name.
    pub target: Setting<String>,
}

impl ServicePort {
    /// Whether metrics are fetched from it: by its name, and by its number where it has none.
    fn is_for_metrics(&self) -> bool {
        let words = self.names.iter().flat_map(|name| name.split('-'));
        let is_so = |word: &str| data::METRICS_PORTS.contains(word);
        if self.names.is_empty() {
            self.numbers.iter().any(|number| is_so(number))
        } else {
            words.into_iter().any(is_so)
        }
    }
}

impl PodService {
    /// Whether it passes requests to the pods of a workload: by their labels, in the namespace of both where both name one.
    pub fn selects(&self, workload: &Workload) -> bool {
        let labels = &workload.labels;
        let is_near = self
            .namespace
            .as_ref()
            .zip(workload.namespace.as_ref())
            .is_none_or(|(of_service, of_pods)| of_service == of_pods);
        let is_selected = self.selector.iter().all(|(key, value)| labels.get(key) == Some(value));
        is_near && !self.selector.is_empty() && is_selected
    }

    /// Whether nobody but a collector of metrics sends requests to it: by each of its ports, or by its own name.
    pub fn is_for_metrics(&self) -> bool {
        let is_exporter = self.name.split('-').any(|word| word == "exporter");
        is_exporter || !self.ports.is_empty() && self.ports.iter().all(ServicePort::is_for_metrics)
    }
}

/// What passes requests to containers of ECS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    /// What the template calls it.
    pub name: String,
    /// Where it is named.
    pub span: Span,
    /// The path of its check.
    pub path: Setting<String>,
    /// The port of its check; absent for that of the container.
    pub check_port: Setting<String>,
    /// The protocol of its check.
    pub protocol: Setting<String>,
}

/// A service of ECS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskService {
    /// What the template calls it.
    pub name: String,
    /// Where it is named.
    pub span: Span,
    /// What the template calls its task definition.
    pub task: Option<String>,
    /// How many tasks there are.
    pub replicas: Setting<i64>,
    /// The share in percent that stays in a deployment.
    pub minimum_percent: Setting<i64>,
    /// Where requests come from.
    pub links: Vec<TargetLink>,
}

/// The container that a target group passes requests to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetLink {
    /// What the template calls the target group.
    pub group: Option<String>,
    /// The container's name.
    pub container: Setting<String>,
    /// The container's port.
    pub port: Setting<i64>,
}
