//! A template of `CloudFormation` for ECS on Fargate: task definitions, services that roll back by themselves, target groups for
//! what the host's ports lead to, and tasks for jobs. What only the account knows is a parameter.

use super::depends::{ClusterTool, translations};
use super::ecs_steps::{EcsJob, EcsService, ecs_steps};
use super::input::{ClusterInput, header};
use super::node::Node;
use super::note::merged_notes;
use super::parameter::{MOST_PARAMETERS, Parameters, logical_id};
use super::selection::ClusterSelection;
use super::service::{ClusterPort, ClusterService};
use super::task::{TaskDefinition, TaskWriter, port_name};
use crate::emit::{Choice, Emission, EmittedFile};
use crate::stack::Stack;

/// Seconds that running requests get to end where nothing is written: a minute, as proxies wait for an answer.
const DRAIN: u64 = 60;
/// Seconds that they get at most: what a target group gives by itself.
const LONGEST_DRAIN: u64 = 300;

type Keys = Vec<(String, Node)>;

/// Writes the template; nothing where it is there as it should be.
///
/// # Errors
/// Why it cannot be written, one sentence each.
pub fn ecs_template(input: &ClusterInput) -> Result<Emission, Vec<String>> {
    let stack = Stack::new(input.project, &input.compose.dockerfiles);
    let selection = ClusterSelection::of(input, &stack)?;
    let mut writer = TemplateWriter {
        input,
        parameters: Parameters::default(),
        resources: Vec::new(),
        emission: Emission { notes: selection.notes.clone(), ..Emission::default() },
        notes: Vec::new(),
        services: Vec::new(),
        jobs: Vec::new(),
    };
    writer.add_account();
    for (service, is_job) in selection.in_order() {
        let name = selection.labels.get(service.name).map_or(service.name, String::as_str);
        let cluster = ClusterService::of(input, (&stack, &selection.addresses), service, name, "ecs");
        writer.add(&cluster, is_job);
    }
    let count = writer.parameters.count();
    if count > MOST_PARAMETERS {
        return Err(vec![format!(
            "the template would have {count} parameters, of which CloudFormation takes {MOST_PARAMETERS}: write it for fewer services \
             (`--service`)"
        )]);
    }
    let path = format!("{}/ecs/template.yaml", input.folder);
    let text = writer.text();
    let mut emission = writer.emission;
    emission.dependencies = translations(&stack, &selection.written(ClusterTool::Ecs, input));
    emission.notes.extend(merged_notes(writer.notes));
    let project = super::name::label(&input.project.name);
    emission.steps = ecs_steps(&project, &path, &writer.parameters.needed, &writer.jobs, &writer.services);
    if input.existing.get(&path) != Some(&text) {
        emission.files.push(EmittedFile { path, text });
    }
    Ok(emission)
}

/// Writes the template.
struct TemplateWriter<'w> {
    input: &'w ClusterInput<'w>,
    parameters: Parameters,
    resources: Keys,
    emission: Emission,
    notes: Vec<(String, String)>,
    services: Vec<EcsService>,
    jobs: Vec<EcsJob>,
}

impl TemplateWriter<'_> {
    /// What of the account every service needs.
    fn add_account(&mut self) {
        let mut add = |name: &str, kind: &str, what: &str| self.parameters.add(name, kind, what, None);
        add("Cluster", "String", "The ECS cluster");
        add("Subnets", "List<AWS::EC2::Subnet::Id>", "Subnets of the tasks");
        add("SecurityGroups", "List<AWS::EC2::SecurityGroup::Id>", "What may reach the tasks, and what they may reach");
        add("ExecutionRoleArn", "String", "The role that pulls images, reads secrets and writes logs");
        add("LogGroup", "String", "The log group of all containers");
        add(
            "Namespace",
            "String",
            "The namespace of Service Connect, in which services find each other by their names",
        );
    }

    fn choose(&mut self, cluster: &ClusterService, key: &str, reason: impl Into<String>) {
        let (service, key) = (cluster.service.name.to_owned(), key.to_owned());
        let place = self.input.shown_place(cluster.service.place);
        self.emission.choices.push(Choice { service, key, reason: reason.into(), place });
    }

    fn note(&mut self, cluster: &ClusterService, text: impl Into<String>) {
        self.notes.push((cluster.service.name.to_owned(), text.into()));
    }

    fn resource(&mut self, id: &str, kind: &str, depends_on: Option<String>, properties: Keys) {
        let mut keys = vec![("Type".to_owned(), Node::text(kind))];
        keys.extend(depends_on.map(|other| ("DependsOn".to_owned(), Node::text(other))));
        keys.push(("Properties".to_owned(), Node::Map(properties)));
        self.resources.push((id.to_owned(), Node::Map(keys)));
    }

    fn add(&mut self, cluster: &ClusterService, is_job: bool) {
        let writer = TaskWriter {
            input: self.input,
            cluster,
            parameters: &mut self.parameters,
            choices: Vec::new(),
            notes: Vec::new(),
        };
        let task = writer.write(is_job);
        self.emission.choices.extend(task.choices.clone());
        self.notes.extend(task.notes.clone());
        let id = logical_id(&cluster.name);
        self.resource(&format!("{id}Task"), "AWS::ECS::TaskDefinition", None, task.properties.clone());
        if is_job {
            let (name, container) = (cluster.service.name.to_owned(), cluster.name.clone());
            self.jobs.push(EcsJob { name, container, task: format!("{id}Task"), image: task.image });
            self.choose(cluster, "TaskDefinition", "it ends by itself: it is run before the services that wait for it");
            return;
        }
        let target = self.target(cluster, &task, &id);
        self.service(cluster, &task, &id, target.as_ref());
        self.services.push(EcsService { id: format!("{id}Service"), count: format!("{id}Count"), image: task.image });
    }

    /// The target group and the rule of a service that a port of the host leads to: the keys of `LoadBalancers`, and the resource
    /// that must be there first.
    fn target(&mut self, cluster: &ClusterService, task: &TaskDefinition, id: &str) -> Option<(Node, Option<String>)> {
        if cluster.published.is_empty() {
            return None;
        }
        let check = &task.check.target;
        let is_there = |port: &u16| cluster.ports.iter().any(|known| known.number == *port && !known.is_udp);
        let port = check
            .port
            .filter(is_there)
            .or_else(|| cluster.ports.iter().find(|port| !port.is_udp).map(|port| port.number))?;
        self.parameters.add("Vpc", "AWS::EC2::VPC::Id", "The network of the target groups", None);
        let seconds = if cluster.grace.1 { cluster.grace.0.clamp(1, LONGEST_DRAIN) } else { DRAIN };
        let attribute = Node::map([
            ("Key", Node::text("deregistration_delay.timeout_seconds")),
            ("Value", Node::text(seconds.to_string())),
        ]);
        let mut keys: Keys = vec![
            ("VpcId".to_owned(), Node::Plain("!Ref Vpc".to_owned())),
            ("TargetType".to_owned(), Node::text("ip")),
            ("Protocol".to_owned(), Node::text(check.protocol)),
            ("Port".to_owned(), Node::number(port)),
        ];
        keys.extend(check.keys.clone());
        if check.protocol == "HTTP" && !check.keys.iter().any(|(key, _)| key == "Matcher") {
            keys.push(("Matcher".to_owned(), Node::texts([("HttpCode", "200-399")])));
            let why =
                if task.check.is_read { "its check is not one request for a page" } else { "no check names a page" };
            let text = format!("its target group asks for `/`, as {why}: which page says that it is ready?");
            self.note(cluster, text);
        }
        for note in &check.notes {
            self.note(cluster, note.clone());
        }
        keys.push(("TargetGroupAttributes".to_owned(), Node::List(vec![attribute])));
        self.resource(&format!("{id}TargetGroup"), "AWS::ElasticLoadBalancingV2::TargetGroup", None, keys);
        self.choose(
            cluster,
            "TargetGroup",
            "a port of the host leads to it; path, codes and times are those of its check",
        );
        self.choose(
            cluster,
            "deregistration_delay",
            format!("{seconds} s for requests that run: `stop_grace_period`, else a minute"),
        );
        let rule = self.rule(cluster, check.protocol, id);
        let balancer = Node::map([
            ("ContainerName", Node::text(&cluster.name)),
            ("ContainerPort", Node::number(port)),
            ("TargetGroupArn", Node::Plain(format!("!Ref {id}TargetGroup"))),
        ]);
        Some((balancer, rule))
    }

    /// The rule that leads requests to a target group; none for connections, which a listener of its own passes on.
    fn rule(&mut self, cluster: &ClusterService, protocol: &str, id: &str) -> Option<String> {
        if protocol == "TCP" {
            self.note(cluster, format!("its check only connects: pass connections to `{id}TargetGroup` by a listener of a network load balancer"));
            return None;
        }
        self.parameters.add("ListenerArn", "String", "The listener of the application load balancer", None);
        self.parameters.add(&format!("{id}Host"), "String", "The host under which it is asked", None);
        self.parameters.add(&format!("{id}Priority"), "Number", "The place of its rule in the listener", None);
        let forward = Node::map([
            ("Type", Node::text("forward")),
            ("TargetGroupArn", Node::Plain(format!("!Ref {id}TargetGroup"))),
        ]);
        let hosts = Node::map([("Values", Node::List(vec![Node::Plain(format!("!Ref {id}Host"))]))]);
        let condition = Node::map([("Field", Node::text("host-header")), ("HostHeaderConfig", hosts)]);
        let keys = vec![
            ("ListenerArn".to_owned(), Node::Plain("!Ref ListenerArn".to_owned())),
            ("Priority".to_owned(), Node::Plain(format!("!Ref {id}Priority"))),
            ("Conditions".to_owned(), Node::List(vec![condition])),
            ("Actions".to_owned(), Node::List(vec![forward])),
        ];
        let rule = format!("{id}Rule");
        self.resource(&rule, "AWS::ElasticLoadBalancingV2::ListenerRule", None, keys);
        Some(rule)
    }

    fn service(
        &mut self,
        cluster: &ClusterService,
        task: &TaskDefinition,
        id: &str,
        target: Option<&(Node, Option<String>)>,
    ) {
        let count = format!("{id}Count");
        self.parameters.add(&count, "Number", "How many tasks it has", Some(cluster.replicas.to_string()));
        let breaker = Node::map([("Enable", Node::truth(true)), ("Rollback", Node::truth(true))]);
        let configuration = Node::map([
            ("MinimumHealthyPercent", Node::number(100_u64)),
            ("MaximumPercent", Node::number(200_u64)),
            ("DeploymentCircuitBreaker", breaker),
        ]);
        let network = Node::map([
            ("Subnets", Node::Plain("!Ref Subnets".to_owned())),
            ("SecurityGroups", Node::Plain("!Ref SecurityGroups".to_owned())),
        ]);
        let mut keys: Keys = vec![
            ("Cluster".to_owned(), Node::Plain("!Ref Cluster".to_owned())),
            ("TaskDefinition".to_owned(), Node::Plain(format!("!Ref {id}Task"))),
            ("DesiredCount".to_owned(), Node::Plain(format!("!Ref {count}"))),
            ("LaunchType".to_owned(), Node::text("FARGATE")),
            ("DeploymentConfiguration".to_owned(), configuration),
            ("NetworkConfiguration".to_owned(), Node::map([("AwsvpcConfiguration", network)])),
            ("ServiceConnectConfiguration".to_owned(), connect(cluster)),
        ];
        self.choose(
            cluster,
            "DeploymentConfiguration",
            "new tasks are healthy before old ones end; a rollout that fails is rolled back",
        );
        self.choose(
            cluster,
            "ServiceConnectConfiguration",
            "others find it under its name and the port of its container, as with Compose",
        );
        if let Some((balancer, _)) = target {
            keys.push(("LoadBalancers".to_owned(), Node::List(vec![balancer.clone()])));
            let budget = task.check.budget;
            if budget > 0 {
                keys.push(("HealthCheckGracePeriodSeconds".to_owned(), Node::number(budget)));
                let why = format!("{budget} s in which it may start: start_period + interval × retries of its check");
                self.choose(cluster, "HealthCheckGracePeriodSeconds", why);
            }
        }
        let rule = target.and_then(|(_, rule)| rule.clone());
        self.resource(&format!("{id}Service"), "AWS::ECS::Service", rule, keys);
        if cluster.name != cluster.service.name && !cluster.ports.is_empty() {
            let text = format!(
                "it is found as `{}`: addresses of others that say `{}` must say so, too",
                cluster.name, cluster.service.name
            );
            self.note(cluster, text);
        }
        if cluster.replicas < 2 {
            self.note(cluster, "it has one task: while that is replaced after a failure, nobody answers");
        }
    }

    fn text(&self) -> String {
        let document = Node::map([
            ("AWSTemplateFormatVersion", Node::Plain("\"2010-09-09\"".to_owned())),
            ("Description", Node::text(format!("The services of {}", self.input.project.name))),
            ("Parameters", self.parameters.node()),
            ("Resources", Node::Map(self.resources.clone())),
        ]);
        format!("{}{}", header("ecs"), document.document())
    }
}

/// How a service finds others, and is found by them.
fn connect(cluster: &ClusterService) -> Node {
    let mut keys = vec![
        ("Enabled".to_owned(), Node::truth(true)),
        ("Namespace".to_owned(), Node::Plain("!Ref Namespace".to_owned())),
    ];
    let client = |port: &ClusterPort| {
        let alias = Node::map([("Port", Node::number(port.number)), ("DnsName", Node::text(&cluster.name))]);
        Node::map([
            ("PortName", Node::text(port_name(port))),
            ("DiscoveryName", Node::text(format!("{}-{}", cluster.name, port.number))),
            ("ClientAliases", Node::List(vec![alias])),
        ])
    };
    let services: Vec<Node> = cluster.ports.iter().filter(|port| !port.is_udp).map(client).collect();
    if !services.is_empty() {
        keys.push(("Services".to_owned(), Node::List(services)));
    }
    Node::Map(keys)
}
