//! Manifests for Kubernetes: a file for each service with its `ConfigMaps`, Service, Deployment and disruption budget, a file for
//! each job, and the steps with which they come into service.

use super::depends::{ClusterTool, translations};
use super::input::{ClusterInput, header};
use super::node::Node;
use super::note::merged_notes;
use super::pod::Pod;
use super::selection::ClusterSelection;
use super::service::{ClusterPort, ClusterService};
use super::steps::{Workload, kubernetes_steps};
use crate::emit::{Choice, Emission, EmittedFile};

/// Seconds that a new pod must stay ready before it counts.
const MIN_READY: u64 = 5;
/// Seconds that a rollout gets at least: what Kubernetes gives by itself.
const PROGRESS: u64 = 600;
/// Seconds that a rollout gets beyond the start of a pod.
const PROGRESS_MARGIN: u64 = 60;
/// Tries of a job.
const BACKOFF: u64 = 2;
/// Seconds after which a job that has ended is taken away: a day.
const JOB_AGE: u64 = 86_400;

/// Writes the manifests; those that are there as they should be are left out.
///
/// # Errors
/// Why they cannot be written, one sentence each.
pub fn kubernetes_manifests(input: &ClusterInput) -> Result<Emission, Vec<String>> {
    let stack = crate::stack::Stack::new(input.project, &input.compose.dockerfiles);
    let selection = ClusterSelection::of(input, &stack)?;
    let mut emission = Emission { notes: selection.notes.clone(), ..Emission::default() };
    let mut notes = Vec::new();
    let mut workloads = Vec::new();
    for (service, is_job) in selection.in_order() {
        let name = selection.labels.get(service.name).map_or(service.name, String::as_str);
        let cluster = ClusterService::of(input, (&stack, &selection.addresses), service, name, "kubernetes");
        let path = format!("{}/kubernetes/{name}.yaml", input.folder);
        let existing = input.existing.get(&path);
        let pod = Pod::of(input, &cluster, is_job, existing);
        let mut writer =
            ManifestWriter { input, cluster: &cluster, documents: Vec::new(), choices: Vec::new(), notes: Vec::new() };
        let deadline = writer.write(&pod, is_job);
        let documents: Vec<String> = writer.documents.iter().map(Node::document).collect();
        let text = format!("{}{}", header("kubernetes"), documents.join("---\n"));
        emission.choices.extend(pod.choices);
        emission.choices.extend(writer.choices);
        notes.extend(pod.notes);
        notes.extend(writer.notes);
        workloads.push(Workload {
            service: service.name.to_owned(),
            name: name.to_owned(),
            path: path.clone(),
            is_job,
            deadline,
            has_map: !pod.maps.is_empty(),
            image: cluster.image.clone(),
            secret: pod.secret,
            secret_files: pod.secret_files,
        });
        emission.files.push(EmittedFile { path, text });
    }
    emission.dependencies = translations(&stack, &selection.written(ClusterTool::Kubernetes, input));
    emission.notes.extend(merged_notes(notes));
    emission.steps = kubernetes_steps(&workloads);
    emission.files.retain(|file| input.existing.get(&file.path) != Some(&file.text));
    Ok(emission)
}

/// Writes the manifests of one service.
struct ManifestWriter<'w> {
    input: &'w ClusterInput<'w>,
    cluster: &'w ClusterService<'w>,
    documents: Vec<Node>,
    choices: Vec<Choice>,
    notes: Vec<(String, String)>,
}

impl ManifestWriter<'_> {
    fn choose(&mut self, key: &str, reason: impl Into<String>) {
        let (service, key) = (self.cluster.service.name.to_owned(), key.to_owned());
        let place = self.input.shown_place(self.cluster.service.place);
        self.choices.push(Choice { service, key, reason: reason.into(), place });
    }

    fn note(&mut self, text: impl AsRef<str>) {
        self.notes.push((self.cluster.service.name.to_owned(), text.as_ref().to_owned()));
    }

    /// Labels that select the pods of a service.
    fn selector(&self) -> Node {
        Node::texts([("app.kubernetes.io/name", self.cluster.name.as_str())])
    }

    fn metadata(&self, name: &str) -> Node {
        let mut labels = vec![("app.kubernetes.io/name".to_owned(), Node::text(&self.cluster.name))];
        let project = super::name::label(&self.input.project.name);
        labels.push(("app.kubernetes.io/part-of".to_owned(), Node::text(project)));
        Node::map([("name", Node::text(name)), ("labels", Node::Map(labels))])
    }

    fn document(&mut self, version: &str, kind: &str, name: &str, rest: Vec<(String, Node)>) {
        let mut keys = vec![
            ("apiVersion".to_owned(), Node::text(version)),
            ("kind".to_owned(), Node::text(kind)),
            ("metadata".to_owned(), self.metadata(name)),
        ];
        keys.extend(rest);
        self.documents.push(Node::Map(keys));
    }

    /// Writes all documents, and gives the seconds that a rollout gets.
    fn write(&mut self, pod: &Pod, is_job: bool) -> u64 {
        let name = self.cluster.name.clone();
        for (map, data) in &pod.maps {
            self.document(
                "v1",
                "ConfigMap",
                map,
                vec![("immutable".to_owned(), Node::truth(true)), ("data".to_owned(), data.clone())],
            );
        }
        if is_job {
            self.job(&name, pod);
            return PROGRESS;
        }
        if !self.cluster.ports.is_empty() {
            self.service(&name);
        }
        let deadline = pod.budget.map_or(PROGRESS, |budget| (budget + PROGRESS_MARGIN).max(PROGRESS));
        self.deployment(&name, pod, deadline);
        if self.cluster.replicas >= 2 {
            let spec = Node::map([
                ("maxUnavailable", Node::number(1_u64)),
                ("selector", Node::map([("matchLabels", self.selector())])),
            ]);
            self.document("policy/v1", "PodDisruptionBudget", &name, vec![("spec".to_owned(), spec)]);
            self.choose(
                "PodDisruptionBudget",
                format!("{} replicas: a node is emptied one pod at a time", self.cluster.replicas),
            );
        } else {
            self.note("it has one replica: while its node is emptied, nobody answers");
        }
        deadline
    }

    fn service(&mut self, name: &str) {
        let is_several = self.cluster.ports.len() > 1;
        let port = |port: &ClusterPort| {
            let mut keys = Vec::new();
            let protocol = if port.is_udp { "udp" } else { "tcp" };
            if is_several {
                keys.push(("name".to_owned(), Node::text(format!("{protocol}-{}", port.number))));
            }
            keys.push(("port".to_owned(), Node::number(port.number)));
            keys.push(("targetPort".to_owned(), Node::number(port.number)));
            if port.is_udp {
                keys.push(("protocol".to_owned(), Node::Plain("UDP".to_owned())));
            }
            Node::Map(keys)
        };
        let ports = Node::List(self.cluster.ports.iter().map(port).collect());
        let spec = Node::map([("selector", self.selector()), ("ports", ports)]);
        self.document("v1", "Service", name, vec![("spec".to_owned(), spec)]);
        self.choose("Service", "others find it under its name and the port of its container, as with Compose");
        if name != self.cluster.service.name {
            self.note(format!(
                "its Service is called `{name}`: addresses of others that say `{}` must say so, too",
                self.cluster.service.name
            ));
        }
        if !self.cluster.published.is_empty() {
            let ports = self.cluster.published.join(", ");
            self.note(format!(
                "the host's {ports} leads to it in the compose file; who may reach it from outside is open: an Ingress or a Service \
                 of type LoadBalancer"
            ));
        }
    }

    fn deployment(&mut self, name: &str, pod: &Pod, deadline: u64) {
        let spec = Node::map([
            ("replicas", Node::number(self.cluster.replicas)),
            ("minReadySeconds", Node::number(MIN_READY)),
            ("progressDeadlineSeconds", Node::number(deadline)),
            ("strategy", self.strategy(pod)),
            ("selector", Node::map([("matchLabels", self.selector())])),
            ("template", self.template(pod)),
        ]);
        self.document("apps/v1", "Deployment", name, vec![("spec".to_owned(), spec)]);
        self.choose("replicas", "`deploy.replicas` or `scale` of the compose file, else 1");
        self.choose(
            "progressDeadlineSeconds",
            match pod.budget {
                Some(budget) => format!("more than the {budget} s that a pod may take to start"),
                None => "what Kubernetes gives by itself: nothing says how long a pod may take to start".to_owned(),
            },
        );
        self.choose("minReadySeconds", "a pod that fails at once does not count as one that replaces another");
    }

    /// How pods are replaced.
    fn strategy(&mut self, pod: &Pod) -> Node {
        if pod.claims.is_empty() {
            self.choose("strategy", "a new pod is ready before an old one ends, so that no request is lost");
            let rolling = Node::map([("maxUnavailable", Node::number(0_u64)), ("maxSurge", Node::number(1_u64))]);
            return Node::map([("type", Node::text("RollingUpdate")), ("rollingUpdate", rolling)]);
        }
        let claims = pod.claims.join(", ");
        self.choose("strategy", format!("two pods cannot write to the volume {claims} of one node (ReadWriteOnce)"));
        self.note(format!(
            "downtime: each rollout ends the old pod before the new one starts, as both would write to {claims}; with a volume that \
             several nodes write to (ReadWriteMany) it can roll"
        ));
        Node::map([("type", Node::text("Recreate"))])
    }

    fn template(&self, pod: &Pod) -> Node {
        let metadata = Node::map([("labels", self.selector())]);
        Node::map([("metadata", metadata), ("spec", Node::Map(pod.spec.clone()))])
    }

    fn job(&mut self, name: &str, pod: &Pod) {
        let spec = Node::map([
            ("backoffLimit", Node::number(BACKOFF)),
            ("ttlSecondsAfterFinished", Node::number(JOB_AGE)),
            ("template", self.template(pod)),
        ]);
        self.document("batch/v1", "Job", name, vec![("spec".to_owned(), spec)]);
        self.choose("Job", "it ends by itself: it runs before the services that wait for it");
        self.choose("backoffLimit", format!("{BACKOFF} more tries, for a database that is not there yet"));
        self.choose("ttlSecondsAfterFinished", "its logs stay for a day");
    }
}
