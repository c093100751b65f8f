//! Task definitions and services of ECS, and target groups: as JSON, and as resources of `CloudFormation`.

use super::around::WorkloadDetails;
use super::kubernetes::{hidden_values, numbers, written_secrets};
use super::model::{
    Container, ContainerPort, Platform, Rollout, TargetGroup, TargetLink, TaskCheck, TaskService, Workload,
    WorkloadFile, WorkloadRole,
};
use super::value::{ManifestContent, ManifestValue, Setting};
use crate::text::Span;

/// What names a part of a template.
pub(super) struct PartName<'n> {
    pub(super) name: &'n str,
    pub(super) span: Span,
}

/// Adds what a document says, if it is a task definition or a template of `CloudFormation`.
pub(super) fn add_document(document: &ManifestValue, file: &mut WorkloadFile) {
    let resources = document.get("Resources");
    if resources.entries().iter().any(|entry| !entry.value.get("Type").is_null()) {
        for entry in resources.entries() {
            add_resource(entry.key.as_str(), entry.span, &entry.value, file);
        }
        return;
    }
    // Elastic Beanstalk's file of the same form.
    if !document.get("AWSEBDockerrunVersion").is_null() {
        return;
    }
    // As `aws ecs describe-task-definition` prints it.
    let inner = document.get("taskDefinition");
    let task = if matches!(inner.content, ManifestContent::Map(_)) { inner } else { document };
    let family = task.get("family");
    let name = PartName { name: family.constant().unwrap_or_default(), span: family.span };
    let containers = task.get("containerDefinitions");
    file.hidden.extend(hidden(containers));
    file.workloads.extend(self::task(task, containers, &name));
}

fn add_resource(name: &str, span: Span, resource: &ManifestValue, file: &mut WorkloadFile) {
    let part = PartName { name, span };
    let properties = || resource.get("Properties").clone().with_small_keys();
    match resource.get("Type").text() {
        Some("AWS::ECS::TaskDefinition") => {
            let properties = properties();
            file.hidden.extend(hidden(properties.get("containerDefinitions")));
            file.workloads.extend(task(&properties, properties.get("containerDefinitions"), &part));
        }
        Some("AWS::ECS::Service") => file.task_services.push(service(&properties(), &part)),
        Some("AWS::ElasticLoadBalancingV2::TargetGroup") => {
            let properties = properties();
            file.target_groups.push(TargetGroup {
                name: name.to_owned(),
                span,
                path: properties.get("healthCheckPath").text_setting(),
                check_port: properties.get("healthCheckPort").text_setting(),
                protocol: match properties.get("healthCheckProtocol").text_setting() {
                    Setting::Absent => properties.get("protocol").text_setting(),
                    protocol => protocol,
                },
            });
        }
        _ => {}
    }
}

/// A task definition; `None` of something else, and of one for Windows.
pub(super) fn task(value: &ManifestValue, containers: &ManifestValue, part: &PartName) -> Option<Workload> {
    let system = value.at("runtimePlatform.operatingSystemFamily").text().unwrap_or_default();
    let is_whole = |item: &&ManifestValue| matches!(item.content, ManifestContent::Map(_));
    let containers: Vec<Container> = containers.items().iter().filter(is_whole).map(container).collect();
    if containers.is_empty() || system.starts_with("WINDOWS") {
        return None;
    }
    Some(Workload {
        platform: Platform::Ecs,
        kind: "task definition",
        role: WorkloadRole::Server,
        name: Some(part.name.to_owned()).filter(|name| !name.is_empty()),
        span: if part.span.is_empty() { containers[0].span } else { part.span },
        namespace: None,
        labels: std::collections::BTreeMap::new(),
        replicas: Setting::Absent,
        rollout: Rollout::default(),
        grace_seconds: Setting::Absent,
        host_folders: Vec::new(),
        details: WorkloadDetails::default(),
        init_containers: Vec::new(),
        containers,
    })
}

/// The secret values of the variables of containers.
pub(super) fn hidden(containers: &ManifestValue) -> Vec<String> {
    containers.items().iter().flat_map(|container| hidden_values(container.get("environment"))).collect()
}

fn container(value: &ManifestValue) -> Container {
    let name = value.get("name");
    let port = |mapping: &ManifestValue| ContainerPort {
        name: mapping.get("name").constant().map(str::to_owned),
        number: mapping.get("containerPort").number_setting(),
    };
    Container {
        name: name.constant().unwrap_or_default().to_owned(),
        span: if name.is_null() { value.span } else { name.span },
        image: value.get("image").text_setting(),
        command: value.get("entryPoint").words_setting(),
        arguments: value.get("command").words_setting(),
        ports: value.get("portMappings").items().iter().map(port).collect(),
        numbers: numbers(value.get("environment"), "value"),
        has_open_variables: ["environment", "environmentFiles"].iter().any(|key| value.get(key).is_unknown())
            || !value.get("environmentFiles").items().is_empty(),
        check: value.get("healthCheck").setting(|check| Some(self::check(check))),
        is_privileged: value.get("privileged").switch_setting(),
        secrets: written_secrets(value.get("environment")),
        ..Container::default()
    }
}

fn check(value: &ManifestValue) -> TaskCheck {
    TaskCheck {
        words: value.get("command").words_setting(),
        interval: value.get("interval").number_setting(),
        timeout: value.get("timeout").number_setting(),
        retries: value.get("retries").number_setting(),
        start_period: value.get("startPeriod").number_setting(),
    }
}

fn service(value: &ManifestValue, part: &PartName) -> TaskService {
    let links = value.get("loadBalancers").items().iter().map(|link| TargetLink {
        group: link.get("targetGroupArn").reference().map(str::to_owned),
        container: link.get("containerName").text_setting(),
        port: link.get("containerPort").number_setting(),
    });
    TaskService {
        name: part.name.to_owned(),
        span: part.span,
        task: value.get("taskDefinition").reference().map(str::to_owned),
        replicas: value.get("desiredCount").number_setting(),
        minimum_percent: value.at("deploymentConfiguration.minimumHealthyPercent").number_setting(),
        links: links.collect(),
    }
}
