use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::{Container, Overlay, ProbeAction, Setting, WorkloadFile, may_have_workloads, read};
use crate::text::Source;

fn file(name: &str, text: &str) -> WorkloadFile {
    read(name, &Source::of(name, text))
}

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  selector: {matchLabels: {app: api}}\n  \
    template:\n    metadata: {labels: {app: api}}\n    spec:\n      containers:\n        - name: api\n          image: shop/api:1\n          \
    ports: [{name: http, containerPort: 8000}]\n          readinessProbe:\n            httpGet: {path: /health, port: http}\n";

fn first(file: &WorkloadFile) -> &Container {
    &file.workloads[0].containers[0]
}

/// The path and the port of the readiness probe.
fn asks(container: &Container) -> Option<(Setting<String>, Setting<i64>)> {
    let ProbeAction::Http(http) = &container.readiness.value()?.action else { return None };
    Some((http.path.clone(), http.port.clone()))
}

#[test]
fn documents_and_lists_are_read() {
    let list = "apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Service, metadata: {name: api}, spec: {selector: {app: api}}}\n";
    let all = file("all.yaml", &format!("{DEPLOYMENT}---\n{list}---\n# nothing\n---\nkind: x\n"));
    assert_eq!((all.workloads.len(), all.services.len()), (1, 1));
    assert!(all.services[0].selects(&all.workloads[0]));
    let (path, port) = asks(first(&all)).unwrap();
    assert_eq!((path.value().map(String::as_str), port.value()), (Some("/health"), Some(&8000)));
    let span = path.span().unwrap();
    assert_eq!(&format!("{DEPLOYMENT}---\n{list}")[span.range()], "/health");
}

#[test]
fn anchors_and_merge_keys_are_followed() {
    let text = DEPLOYMENT.replace(
        "          readinessProbe:\n            httpGet: {path: /health, port: http}\n",
        "          readinessProbe: &probe\n            httpGet: {path: /health, port: http}\n          livenessProbe:\n            <<: *probe\n            failureThreshold: 9\n",
    );
    let all = file("a.yaml", &text);
    let liveness = first(&all).liveness.value().unwrap();
    assert_eq!(liveness.failures.value(), Some(&9));
    assert_eq!(Some(&liveness.action), first(&all).readiness.value().map(|probe| &probe.action));
}

#[test]
fn what_is_no_workload_is_left_alone() {
    for text in [
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {a: b}}\n",
        "apiVersion: example.com/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{name: a, image: b}]}}}\n",
        "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n",
        "kind: Deployment\n",
        "apiVersion: null\nkind: null\n",
        "- a\n- b\n",
        "",
        "just text",
    ] {
        assert!(file("a.yaml", text).is_empty(), "{text}");
    }
    // A part that is put on top, and what only nodes with Windows run.
    assert!(file("a.yaml", &DEPLOYMENT.replace("          image: shop/api:1\n", "")).is_empty());
    assert!(file("a.yaml", &DEPLOYMENT.replace("  selector: {matchLabels: {app: api}}\n", "")).is_empty());
    let windows = "    spec:\n      nodeSelector: {kubernetes.io/os: windows}\n";
    assert!(file("a.yaml", &DEPLOYMENT.replace("    spec:\n", windows)).is_empty());
}

#[test]
fn what_stands_around_pods_is_read() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{name: http, port: 80}]}\n---\n\
                apiVersion: networking.k8s.io/v1\nkind: Ingress\nspec:\n  defaultBackend: {service: {name: a, port: {number: 80}}}\n  \
                rules: [{http: {paths: [{backend: {service: {name: b, port: {name: web}}}}]}}]\n---\n\
                apiVersion: policy/v1\nkind: PodDisruptionBudget\nspec: {selector: {matchExpressions: [{key: a}]}}\n---\n\
                apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: d}\nspec: {accessModes: [ReadWriteOnce]}\n";
    let file = file("a.yaml", text);
    assert!(file.services.is_empty());
    assert_eq!(
        (file.named_services[0].name.as_str(), &file.named_services[0].ports[..]),
        ("a", &["http".to_owned(), "80".to_owned()][..])
    );
    let routes: Vec<_> =
        file.routes.iter().map(|route| (route.service.as_str(), route.port.value().map(String::as_str))).collect();
    assert_eq!(routes, [("b", Some("web")), ("a", Some("80"))]);
    assert_eq!(file.budgets[0].selector, None);
    assert_eq!((file.claims[0].name.as_str(), &file.claims[0].modes[..]), ("d", &["ReadWriteOnce".to_owned()][..]));
}

#[test]
fn templates_are_said_and_not_read() {
    for (name, text) in [
        ("chart/templates/a.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}\n"),
        ("a.yaml", "apiVersion: apps/v1\n{{- if .Values.on }}\nkind: Deployment\n{{- end }}\n"),
        ("a.yaml", "{% x %}\napiVersion: v1\nkind: Pod\nname: {{ a }}-{{ b }}: c: d\n"),
    ] {
        assert!(file(name, text).is_template, "{text}");
    }
    // A value of another tool is no template.
    let open = file("a.yaml", &DEPLOYMENT.replace("shop/api:1", "\"{{image}}\""));
    assert_eq!(first(&open).image, Setting::Unknown);
}

#[test]
fn unknown_values_are_unknown() {
    for (old, new) in [("shop/api:1", "${IMAGE}"), ("shop/api:1", "$(IMAGE)"), ("shop/api:1", "IMAGE_<TAG>")] {
        assert_eq!(first(&file("a.yaml", &DEPLOYMENT.replace(old, new))).image, Setting::Unknown, "{new}");
    }
    let absent = file("a.yaml", &DEPLOYMENT.replace("port: http}", "port: web}"));
    assert_eq!(asks(first(&absent)).unwrap().1, Setting::Unknown);
    let null = file("a.yaml", &DEPLOYMENT.replace("{path: /health, port: http}", "null"));
    assert_eq!(first(&null).readiness.value().unwrap().action, ProbeAction::Unknown);
    let other = file("a.yaml", &DEPLOYMENT.replace("port: http}", "port: http, host: db}"));
    assert_eq!(first(&other).readiness.value().unwrap().action, ProbeAction::Unknown);
}

#[test]
fn kustomize_takes_away_what_it_changes() {
    let text = "resources: [../base/api.yaml]\nimages: [{name: shop/api, newTag: '2'}]\npatches:\n  - path: probe.yaml\n  - patch: |-\n      - op: replace\n        path: /spec/template/spec/containers/0/livenessProbe/httpGet/path\n        value: /live\n";
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {template: {spec: {containers: [{name: api, readinessProbe: {periodSeconds: 5}}]}}}\n";
    let near = |name: &str| (name == "prod/probe.yaml").then(|| Source::of(name, patch));
    let overlay = Overlay::read("prod/kustomization.yaml", &Source::of("prod/kustomization.yaml", text), &near);
    assert_eq!(
        (overlay.resources.as_slice(), overlay.patches.as_slice()),
        (&["base/api.yaml".to_owned()][..], &["prod/probe.yaml".to_owned()][..])
    );
    let mut base = file("base/api.yaml", DEPLOYMENT);
    overlay.apply(&mut base, false);
    let container = first(&base);
    assert_eq!(
        (&container.image, &container.readiness, &container.liveness),
        (&Setting::Unknown, &Setting::Unknown, &Setting::Unknown)
    );
    assert_eq!((container.startup.is_absent(), container.ports.len()), (true, 1));
}

/// What a kustomization leaves of a Deployment `api` with the containers `api` and `proxy`: their replicas, images and readiness.
fn patched(kustomization: &str) -> String {
    let none = |_: &str| None;
    let overlay =
        Overlay::read("prod/kustomization.yaml", &Source::of("prod/kustomization.yaml", kustomization), &none);
    let proxy = format!("{DEPLOYMENT}        - name: proxy\n          image: envoy:1\n");
    let mut base = file("base/api.yaml", &proxy.replace("spec:\n  selector", "spec:\n  replicas: 2\n  selector"));
    overlay.apply(&mut base, overlay.renames);
    let known = |is_known: bool| if is_known { "known" } else { "open" };
    let workload = &base.workloads[0];
    let containers = workload.containers.iter().map(|container| known(container.image.value().is_some()));
    let all: Vec<&str> = [known(workload.replicas.value().is_some())].into_iter().chain(containers).collect();
    all.join(" ")
}

#[test]
fn patches_are_for_their_target_alone() {
    let json = |target: &str| {
        format!(
            "patches:\n  - target: {target}\n    patch: |-\n      - {{op: replace, path: /spec/replicas, value: 3}}\n"
        )
    };
    assert_eq!(patched(&json("{kind: Deployment, name: api}")), "open known known");
    assert_eq!(patched(&json("{kind: Deployment}")), "open known known");
    assert_eq!(patched(&json("{name: 'ap.*'}")), "open known known");
    assert_eq!(patched(&json("{kind: Deployment, name: web}")), "known known known");
    assert_eq!(patched(&json("{kind: StatefulSet, name: api}")), "known known known");
    assert_eq!(patched(&format!("namePrefix: shop-\n{}", json("{name: shop-api}"))), "open known known");
    let merge = |name: &str, container: &str| {
        format!(
            "patches:\n  - patch: |-\n      apiVersion: apps/v1\n      kind: Deployment\n      metadata: {{name: {name}}}\n      \
             spec: {{template: {{spec: {{containers: [{{name: {container}, image: x}}]}}}}}}\n"
        )
    };
    assert_eq!(patched(&merge("api", "api")), "known open known");
    assert_eq!(patched(&merge("api", "proxy")), "known known open");
    assert_eq!(patched(&merge("web", "api")), "known known known");
    // What is not read may be anything, for its target.
    let unread = |target: &str| format!("patches:\n  - path: away.yaml\n    target: {target}\n");
    assert_eq!(patched(&unread("{kind: Deployment}")), "open open open");
    assert_eq!(patched(&unread("{name: web}")), "known known known");
    assert_eq!(patched("replicas: [{name: api, count: 3}]\n"), "open known known");
    assert_eq!(patched("replicas: [{name: web, count: 3}]\n"), "known known known");
    let replacement = "replacements:\n  - source: {kind: ConfigMap, name: a}\n    targets:\n      - select: {kind: Deployment}\n        \
        fieldPaths: [spec.replicas]\n";
    assert_eq!(patched(replacement), "open known known");
}

#[test]
fn services_select_in_their_namespace() {
    let service = |namespace: &str, ports: &str| {
        format!(
            "---\napiVersion: v1\nkind: Service\nmetadata: {{name: api{namespace}}}\nspec: {{selector: {{app: api}}, ports: [{ports}]}}\n"
        )
    };
    let deployment = DEPLOYMENT.replace("metadata: {name: api}", "metadata: {name: api, namespace: shop}");
    let selects = |deployment: &str, namespace: &str| {
        let all = file("all.yaml", &format!("{deployment}{}", service(namespace, "")));
        all.services[0].selects(&all.workloads[0])
    };
    assert!(selects(&deployment, ", namespace: shop") && selects(&deployment, ""));
    assert!(selects(DEPLOYMENT, ", namespace: shop") && !selects(&deployment, ", namespace: other"));
    let is_for_metrics = |ports: &str| file("all.yaml", &service("", ports)).services[0].is_for_metrics();
    assert!(is_for_metrics("{port: 9100}") && is_for_metrics("{name: http-metrics, port: 8080}"));
    assert!(is_for_metrics("{port: 80, targetPort: metrics}"));
    assert!(!is_for_metrics("{port: 80}") && !is_for_metrics("{port: 9100}, {port: 80}") && !is_for_metrics(""));
    assert!(!is_for_metrics("{name: web, port: 9090}"));
}

#[test]
fn task_definitions_are_read_with_nulls() {
    let text = "{\"family\": \"api\", \"containerDefinitions\": [{\"name\": \"api\", \"image\": \"shop/api:1\", \"healthCheck\": null,\n\
        \t\"portMappings\": null, \"command\": null, \"environment\": [{\"name\": \"PORT\", \"value\": \"80\"}]}, null], \"volumes\": null}";
    let all = file("task-definition.json", text);
    let container = first(&all);
    assert_eq!((all.workloads[0].name.as_deref(), container.check.is_absent()), (Some("api"), true));
    assert!(container.numbers == [80] && container.may_get_number(80) && !container.may_get_number(81));
    let windows = text.replace(
        "\"family\"",
        "\"runtimePlatform\": {\"operatingSystemFamily\": \"WINDOWS_SERVER_2022_CORE\"}, \"family\"",
    );
    assert!(file("task-definition.json", &windows).is_empty());
}

#[test]
fn references_of_cloudformation_are_unknown() {
    let text = "Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      ContainerDefinitions:\n        - Name: api\n          Image: !Sub '${R}:1'\n          HealthCheck: {Command: [CMD-SHELL, exit 1], Interval: {Ref: Interval}, Retries: 20}\n  \
        Group:\n    Type: AWS::ElasticLoadBalancingV2::TargetGroup\n    Properties: {HealthCheckPath: /a}\n  \
        Service:\n    Type: AWS::ECS::Service\n    Properties:\n      TaskDefinition: !Ref Task\n      LoadBalancers: [{TargetGroupArn: !Ref Group, ContainerName: api, ContainerPort: 80}]\n";
    let all = file("template.yaml", text);
    let check = first(&all).check.value().unwrap();
    assert_eq!(
        (&first(&all).image, &check.interval, check.retries.value()),
        (&Setting::Unknown, &Setting::Unknown, Some(&20))
    );
    let service = &all.task_services[0];
    assert_eq!((service.task.as_deref(), service.links[0].group.as_deref()), (Some("Task"), Some("Group")));
    assert_eq!(all.target_groups[0].path.value().map(String::as_str), Some("/a"));
}

const TERRAFORM: &str = "resource \"aws_ecs_task_definition\" \"api\" {\n  family = \"api\"\n  container_definitions = jsonencode([{\n    name = \"api\"\n    \
    image = \"${var.image}:1\"\n    portMappings = [{ containerPort = 8000 }]\n    healthCheck = { command = [\"CMD\", \"true\"], retries = var.retries, interval = 3 }\n  }])\n}\n";

#[test]
fn expressions_of_terraform_are_unknown() {
    let all = file("main.tf", TERRAFORM);
    let check = first(&all).check.value().unwrap();
    assert_eq!(
        (&first(&all).image, &check.retries, check.interval.value()),
        (&Setting::Unknown, &Setting::Unknown, Some(&3))
    );
    assert!(first(&all).may_have_port(8000) && !first(&all).may_have_port(80));
    for other in [
        "templatefile(\"a.json\", {})",
        "jsonencode(local.containers)",
        "jsonencode([for c in var.all : c])",
        "var.containers",
    ] {
        let at = TERRAFORM.find("jsonencode").unwrap();
        let text = format!("{}{other}\n}}\n", &TERRAFORM[..at]);
        assert!(file("main.tf", &text).is_empty(), "{other}");
    }
    let heredoc = "resource \"aws_ecs_task_definition\" \"api\" {\n  container_definitions = <<EOF\n[{\"name\": \"api\", \"image\": \"${var.image}\", \"portMappings\": [{\"containerPort\": 80}]}]\nEOF\n}\n";
    assert!(first(&file("main.tf", heredoc)).may_have_port(80));
    let group = "resource \"aws_lb_target_group\" \"api\" {\n  dynamic \"health_check\" {\n    for_each = var.a\n    content { path = \"/x\" }\n  }\n}\n";
    assert_eq!(file("main.tf", group).target_groups[0].path, Setting::Unknown);
    assert!(file("main.tf", "resource {").problem.is_some());
}

#[test]
fn hostile_texts_take_bounded_time() {
    let deep = |open: &str, close: &str| {
        format!("apiVersion: apps/v1\nkind: Deployment\nspec: {}{}\n", open.repeat(100_000), close.repeat(100_000))
    };
    let mut large = String::new();
    while large.len() < 5 << 20 {
        write!(large, "---\n{DEPLOYMENT}").unwrap();
    }
    let line = |n: u32| format!("a{n}: &a{n} [{}]", vec![format!("*a{}", n - 1); 9].join(", "));
    let bomb = (1..12).map(line).collect::<Vec<_>>().join("\n");
    let bomb = format!("apiVersion: v1\nkind: Pod\na0: &a0 x\n{bomb}\n");
    let brackets =
        format!("resource \"aws_ecs_service\" \"a\" {{\n a = {}1{}\n}}\n", "[".repeat(100_000), "]".repeat(100_000));
    for (name, text) in [
        ("a.yaml", deep("[", "]")),
        ("a.yaml", deep("{a: ", "}")),
        ("a.yaml", bomb),
        ("a.yaml", large),
        ("a.json", format!("{{\"containerDefinitions\": {}", "[".repeat(100_000))),
        ("main.tf", brackets),
        ("main.tf", TERRAFORM.repeat(2_000)),
    ] {
        let start = Instant::now();
        assert!(may_have_workloads(name, &text) || name == "a.yaml");
        drop(file(name, &text));
        assert!(start.elapsed() < Duration::from_mins(1), "{name} {} bytes: {:?}", text.len(), start.elapsed());
    }
}

#[test]
fn secrets_are_kept_from_reports() {
    let text = DEPLOYMENT.replace(
        "          ports:",
        "          env: [{name: DB_PASSWORD, value: tr0ub4dor-3}, {name: PORT, value: \"80\"}]\n          ports:",
    );
    let secret = "---\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {token: abcdefgh}\n";
    let all = file("a.yaml", &format!("{text}{secret}"));
    assert_eq!(all.hidden, ["tr0ub4dor-3", "abcdefgh"]);
    assert!(file("a.yaml", secret).is_empty());
}

#[test]
fn files_of_elastic_beanstalk_are_left_alone() {
    let text = "{\"AWSEBDockerrunVersion\": 2, \"containerDefinitions\": [{\"name\": \"a\", \"image\": \"b\"}]}";
    assert!(file("Dockerrun.aws.json", text).is_empty());
}
