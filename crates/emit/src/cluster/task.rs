//! The task definition of a service: its container with what is known of it, each field with its source.

use super::environment::shows_secret;
use super::fargate::FargateSize;
use super::input::ClusterInput;
use super::node::Node;
use super::parameter::{Parameters, logical_id};
use super::resources::Resources;
use super::service::{ClusterPort, ClusterService, KnownCheck, known_check};
use super::task_check::TaskCheck;
use super::volume::ClusterVolumes;
use crate::build::Build;
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::emit::Choice;

/// Seconds that Fargate gives a container to end, at most.
const LONGEST_STOP: u64 = 120;

type Keys = Vec<(String, Node)>;

/// A task definition, and what belongs to it.
pub(super) struct TaskDefinition {
    /// `Properties` of the task definition.
    pub(super) properties: Keys,
    pub(super) check: TaskCheck,
    /// The parameter of its image.
    pub(super) image: String,
    pub(super) choices: Vec<Choice>,
    pub(super) notes: Vec<(String, String)>,
}

/// Writes the task definition of one service.
pub(super) struct TaskWriter<'w> {
    pub(super) input: &'w ClusterInput<'w>,
    pub(super) cluster: &'w ClusterService<'w>,
    pub(super) parameters: &'w mut Parameters,
    pub(super) choices: Vec<Choice>,
    pub(super) notes: Vec<(String, String)>,
}

impl TaskWriter<'_> {
    fn choose(&mut self, key: &str, reason: impl Into<String>, place: Option<ComposePlace>) {
        let place = self.input.shown_place(place);
        let (service, key) = (self.cluster.service.name.to_owned(), key.to_owned());
        self.choices.push(Choice { service, key, reason: reason.into(), place });
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push((self.cluster.service.name.to_owned(), text.into()));
    }

    fn place(&self, key: &str) -> Option<ComposePlace> {
        let map = self.cluster.service.value.as_map()?;
        map.entry(key).and_then(|entry| entry.key.or(entry.value.place))
    }

    /// The task definition of a service that stays, or of a job.
    pub(super) fn write(mut self, is_job: bool) -> TaskDefinition {
        let id = logical_id(&self.cluster.name);
        let mut container: Keys = vec![("Name".to_owned(), Node::text(&self.cluster.name))];
        let image = self.image(&id, is_job);
        container.push(("Image".to_owned(), Node::Plain(format!("!Ref {image}"))));
        container.push(("Essential".to_owned(), Node::truth(true)));
        container.extend(self.start());
        container.extend(self.variables(&id));
        if !is_job {
            container.extend(self.ports());
        }
        let check = if is_job { TaskCheck::default() } else { self.check() };
        container.extend(check.container.clone().map(|node| ("HealthCheck".to_owned(), node)));
        let volumes = self.volumes(&mut container);
        container.extend(self.end());
        let options = Node::Map(vec![
            ("awslogs-group".to_owned(), Node::Plain("!Ref LogGroup".to_owned())),
            ("awslogs-region".to_owned(), Node::Plain("!Ref AWS::Region".to_owned())),
            ("awslogs-stream-prefix".to_owned(), Node::text(&self.cluster.name)),
        ]);
        let log = Node::map([("LogDriver", Node::text("awslogs")), ("Options", options)]);
        container.push(("LogConfiguration".to_owned(), log));
        self.choose("LogConfiguration", "Fargate shows what a container prints in a log group alone", None);
        let (cpu, memory) = self.size(&id);
        let family = format!("{}-{}", super::name::label(&self.input.project.name), self.cluster.name);
        let mut properties: Keys = vec![
            ("Family".to_owned(), Node::text(family)),
            ("RequiresCompatibilities".to_owned(), Node::Words(vec!["FARGATE".to_owned()])),
            ("NetworkMode".to_owned(), Node::text("awsvpc")),
            ("Cpu".to_owned(), cpu),
            ("Memory".to_owned(), memory),
            ("ExecutionRoleArn".to_owned(), Node::Plain("!Ref ExecutionRoleArn".to_owned())),
        ];
        properties.push(("ContainerDefinitions".to_owned(), Node::List(vec![Node::Map(container)])));
        if !volumes.is_empty() {
            properties.push(("Volumes".to_owned(), Node::List(volumes)));
        }
        for note in self.cluster.unset_notes() {
            self.note(note);
        }
        let left_out = &self.cluster.left_out;
        if !left_out.is_empty() {
            self.note(format!("{} of the compose file is said nowhere in the template", crate::text::joined(left_out)));
        }
        TaskDefinition { properties, check, image, choices: self.choices, notes: self.notes }
    }

    /// The parameter of the image: a job has its own, so that it can run before the services are updated.
    fn image(&mut self, id: &str, is_job: bool) -> String {
        let image = &self.cluster.image;
        let is_shared = !is_job && image.builder != self.cluster.service.name && image.is_built;
        let base = if is_shared { logical_id(&super::name::label(&image.builder)) } else { id.to_owned() };
        let name = format!("{base}Image");
        let default = image.version.as_ref().map(|version| format!("{}{version}", image.name));
        let what = format!("The image {} with its digest: NAME@sha256:…", image.name);
        self.parameters.add(&name, "String", &what, default);
        let reason = format!("a parameter: {}", image.reason);
        self.choose("Image", reason, self.place("image").or(self.place("build")));
        name
    }

    fn start(&mut self) -> Keys {
        let mut keys = Vec::new();
        for (key, target) in [("entrypoint", "EntryPoint"), ("command", "Command")] {
            let words = self.cluster.words(key);
            if shows_secret(&words.join(" ")) {
                self.note(format!(
                    "`{key}` of the compose file holds a secret, so it is not written: read it from a variable"
                ));
                continue;
            }
            if !words.is_empty() {
                keys.push((target.to_owned(), Node::Words(words)));
                self.choose(target, format!("`{key}` of the compose file"), self.place(key));
            }
        }
        if let Some(folder) = self.cluster.service.text("working_dir") {
            keys.push(("WorkingDirectory".to_owned(), Node::text(folder)));
            self.choose("WorkingDirectory", "`working_dir` of the compose file", self.place("working_dir"));
        }
        if let Some(user) = self.cluster.user.numbered() {
            keys.push(("User".to_owned(), Node::text(user)));
            self.choose("User", "the number of its user: by the compose file or its image", self.place("user"));
        }
        keys
    }

    fn variables(&mut self, id: &str) -> Keys {
        let environment = &self.cluster.environment;
        let mut keys = Vec::new();
        let plain = environment.plain.iter();
        let plain: Vec<Node> =
            plain.map(|(name, value, _)| Node::texts([("Name", name.as_str()), ("Value", value.as_str())])).collect();
        if !plain.is_empty() {
            keys.push(("Environment".to_owned(), Node::List(plain)));
        }
        let mut secrets = Vec::new();
        for (name, why, place) in &environment.secret {
            let parameter = format!("{id}{}Arn", logical_id(&name.to_lowercase().replace(['_', '.'], "-")));
            let what = format!("The ARN of the secret or parameter that holds {name}");
            self.parameters.add(&parameter, "String", &what, None);
            let reference = ("ValueFrom".to_owned(), Node::Plain(format!("!Ref {parameter}")));
            secrets.push(Node::Map(vec![("Name".to_owned(), Node::text(name)), reference]));
            self.choose(&format!("Secrets.{name}"), format!("by reference alone: {why}"), *place);
        }
        if !secrets.is_empty() {
            keys.push(("Secrets".to_owned(), Node::List(secrets)));
        }
        for (name, _, place) in &environment.plain {
            self.choose(&format!("Environment.{name}"), environment.reason(name), *place);
        }
        keys
    }

    fn ports(&mut self) -> Keys {
        let ports = &self.cluster.ports;
        if ports.is_empty() {
            return Vec::new();
        }
        let mapping = |port: &ClusterPort| {
            let protocol = if port.is_udp { "udp" } else { "tcp" };
            Node::Map(vec![
                ("Name".to_owned(), Node::text(port_name(port))),
                ("ContainerPort".to_owned(), Node::number(port.number)),
                ("Protocol".to_owned(), Node::text(protocol)),
            ])
        };
        let place = self.place("ports").or(self.place("expose"));
        let node = Node::List(ports.iter().map(mapping).collect());
        self.choose(
            "PortMappings",
            "published or exposed, asked by others or by its check, or EXPOSE of its image",
            place,
        );
        vec![("PortMappings".to_owned(), node)]
    }

    fn check(&mut self) -> TaskCheck {
        let service = self.cluster.service;
        let build = service.image.as_ref().map(Build::new);
        let (check, place) = match known_check(service, build.as_ref()) {
            KnownCheck::Read(source, place) => (TaskCheck::of(Some(&source)), place),
            KnownCheck::Absent(why) => {
                self.note(format!("{why}: a task counts as healthy while its program runs (`dockopt compose emit`)"));
                (TaskCheck::of(None), None)
            }
            KnownCheck::Unread => {
                self.note("its image may have a HEALTHCHECK that no file shows; ECS does not run it: write it into the compose file");
                (TaskCheck::of(None), None)
            }
        };
        for note in check.notes.iter().chain(&check.budget_note) {
            self.note(note);
        }
        if check.container.is_some() {
            self.choose("HealthCheck", check.reason.clone(), place.or(self.place("healthcheck")));
        }
        check
    }

    /// Folders that are empty at first; gives the volumes of the task.
    fn volumes(&mut self, container: &mut Keys) -> Vec<Node> {
        let known = ClusterVolumes::of(self.input, self.cluster.service);
        let (mut volumes, mut mounts) = (Vec::new(), Vec::new());
        for (name, target) in &known.empty {
            volumes.push(Node::texts([("Name", name.as_str())]));
            mounts.push(Node::texts([("SourceVolume", name.as_str()), ("ContainerPath", target.as_str())]));
        }
        if !mounts.is_empty() {
            container.push(("MountPoints".to_owned(), Node::List(mounts)));
            self.choose("MountPoints", "`tmpfs` of the compose file, or a volume without a name", self.place("tmpfs"));
        }
        for claim in &known.claims {
            self.note(format!("it keeps data in the volume `{claim}`: use EFS, or a managed server for a database"));
        }
        for file in &known.files {
            self.note(format!("{} is a file of the host in the compose file: copy it into the image", file.target));
        }
        for (_, key, _) in &known.secrets {
            self.note(format!(
                "the secret `{key}` is a file in the compose file: ECS gives secrets as variables alone"
            ));
        }
        let left_out: Vec<&String> = known.notes.iter().filter(|note| note.contains("of the host")).collect();
        for note in left_out {
            self.note(note.clone());
        }
        if self.cluster.service.value.get("read_only").and_then(ComposeValue::as_bool) == Some(true) {
            container.push(("ReadonlyRootFilesystem".to_owned(), Node::truth(true)));
            self.choose("ReadonlyRootFilesystem", "`read_only` of the compose file", self.place("read_only"));
        }
        volumes
    }

    fn end(&mut self) -> Keys {
        let (grace, is_written) = self.cluster.grace;
        let seconds = grace.clamp(2, LONGEST_STOP);
        if seconds < grace {
            self.note(format!("`stop_grace_period` of {grace} s becomes {LONGEST_STOP} s, as long as Fargate waits"));
        }
        let why = if is_written { "`stop_grace_period` of the compose file" } else { "the 10 s that Compose gives" };
        self.choose("StopTimeout", why, self.place("stop_grace_period"));
        vec![("StopTimeout".to_owned(), Node::number(seconds))]
    }

    /// `Cpu` and `Memory` of the task.
    fn size(&mut self, id: &str) -> (Node, Node) {
        let resources = Resources::of(self.cluster.service);
        if let Some(size) = FargateSize::of(&resources) {
            let place = resources.reasons.first().and_then(|(_, _, place)| *place);
            self.choose("Cpu, Memory", "the smallest size of Fargate that holds the limits of the compose file", place);
            return (Node::text(size.cpu.to_string()), Node::text(size.memory.to_string()));
        }
        let (cpu, memory) = (format!("{id}Cpu"), format!("{id}Memory"));
        self.parameters.add(&cpu, "String", "Units of its task, 1024 for a processor", None);
        self.parameters.add(&memory, "String", "MiB of its task, as Fargate has them for these units", None);
        self.note("no file says what it needs: how much memory and CPU should its task have?");
        self.choose("Cpu, Memory", "parameters, as no file says what it needs", None);
        (Node::Plain(format!("!Ref {cpu}")), Node::Plain(format!("!Ref {memory}")))
    }
}

/// The name of a port in a task.
pub(super) fn port_name(port: &ClusterPort) -> String {
    format!("{}-{}", if port.is_udp { "udp" } else { "tcp" }, port.number)
}
