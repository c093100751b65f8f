//! Deployments of small projects.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{DeploymentInput, DeploymentStrategy, haproxy_deployment, swarm_deployment};
use crate::compose::project::{ProjectFile, ProjectFiles, ProjectRequest};
use crate::emit::Emission;
use crate::inputs::{ComposeInput, ComposeReading, ComposeUse, ProxyConfiguration};
use crate::text::{FileId, Source};

const ROOT: &str = "/repository";

/// A project of one compose file, in which the service `web` is nginx with this configuration.
fn compose(text: &str, nginx: &str) -> ComposeInput {
    let path = format!("{ROOT}/compose.yaml");
    let request =
        ProjectRequest { files: vec!["compose.yaml".into()], folder: ROOT.into(), ..ProjectRequest::default() };
    let mut known = ProjectFiles::default();
    known.insert(&path, ProjectFile::Text(Source::of("compose.yaml", text)));
    known.insert(&format!("{ROOT}/.env"), ProjectFile::Missing);
    let files = BTreeMap::from([(path, FileId(0))]);
    let reading = ComposeReading::of(&request, &known, &files, "compose.yaml");
    let proxy = ProxyConfiguration { proxy: "nginx", source: Source::of("nginx.conf", nginx) };
    ComposeInput {
        file: FileId(0),
        request,
        known: Arc::new(known),
        files: Arc::new(files),
        parts: Vec::new(),
        dockerfiles: Arc::default(),
        proxies: Arc::new(BTreeMap::from([("web".to_owned(), vec![proxy])])),
        missing_dockerfiles: Arc::default(),
        missing_paths: Arc::default(),
        committed_files: Arc::default(),
        checked_sources: Arc::default(),
        compose_use: ComposeUse::default(),
        reading,
    }
}

/// A tool for which files are written.
type Writer = fn(&DeploymentInput) -> Result<Emission, Vec<String>>;

fn emitted(
    text: &str,
    nginx: &str,
    services: &[&str],
    existing: &[(&str, &str)],
) -> Result<BTreeMap<String, String>, Vec<String>> {
    emitted_for(
        |input| haproxy_deployment(input).map(|deployment| deployment.emission),
        text,
        nginx,
        services,
        existing,
    )
}

/// What is written for services of a project on top of files that are there.
fn emitted_for(
    write: Writer,
    text: &str,
    nginx: &str,
    services: &[&str],
    existing: &[(&str, &str)],
) -> Result<BTreeMap<String, String>, Vec<String>> {
    let compose = compose(text, nginx);
    let project = compose.reading.project.clone().expect("the project is read");
    let services: Vec<String> = services.iter().map(|name| (*name).to_owned()).collect();
    let existing: BTreeMap<String, String> =
        existing.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let emission = write(&DeploymentInput {
        compose: &compose,
        project: &project,
        services: &services,
        strategy: DeploymentStrategy::Rolling,
        folder: "deploy",
        author_files: &["compose.yaml".to_owned()],
        existing: &existing,
    })?;
    Ok(emission.files.into_iter().map(|file| (file.path, file.text)).collect())
}

const CHECK: &str =
    "    healthcheck: {test: [CMD, 'true'], interval: 2s, timeout: 1s, retries: 3, start_period: 40s}\n";

fn project(rest: &str) -> String {
    format!(
        "name: shop\nservices:\n  api:\n    build: ./api\n{CHECK}{rest}  web:\n    image: nginx:1.30\n    depends_on: [api]\n"
    )
}

const PASS: &str = "server { location / { proxy_pass http://api:8000; } }";

#[test]
fn callers_find_haproxy_under_a_fixed_address() {
    let files = emitted(&project(""), PASS, &["api"], &[]).unwrap();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let expected = [
        "compose.override.yaml",
        "deploy/api.yaml",
        "deploy/deploy.sh",
        "deploy/edge/haproxy.cfg",
        "deploy/edge/servers",
    ];
    assert_eq!(names, expected);
    let text = &files["compose.override.yaml"];
    let subnet = text.split("subnet: ").nth(1).and_then(|rest| rest.split(".0/24").next()).unwrap();
    for part in [
        format!("ipv4_address: {subnet}.2"),
        format!("ip_range: {subnet}.128/25"),
        format!("extra_hosts: [\"api={subnet}.2\"]"),
        "file: deploy/api.yaml".to_owned(),
    ] {
        assert!(text.contains(&part), "{part}\n{text}");
    }
    assert!(!text.contains("!reset") && !text.contains("ports:"), "{text}");
    let configuration = &files["deploy/edge/haproxy.cfg"];
    assert!(configuration.contains("server api-1 api:8000 weight 100 check"), "{configuration}");
    assert!(configuration.contains("server api-2 none.invalid:8000 weight 0 check"), "{configuration}");
    // 40 s of start period, 3 × (2 + 1) s until it is unhealthy, and 10 s.
    assert!(files["deploy/deploy.sh"].contains("\napi api 8000 1 59 60 built'\n"));
}

#[test]
fn a_second_run_writes_nothing() {
    let files = emitted(&project(""), PASS, &["api"], &[]).unwrap();
    let existing: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_eq!(emitted(&project(""), PASS, &["api"], &existing).unwrap(), BTreeMap::new());
}

/// Another network, where the host has the first one already.
#[test]
fn a_network_that_was_chosen_by_hand_stays() {
    let first = emitted(&project(""), PASS, &["api"], &[]).unwrap();
    let text = &first["compose.override.yaml"];
    let subnet = text.split("subnet: ").nth(1).and_then(|rest| rest.split(".0/24").next()).unwrap();
    let changed = text.replace(&format!("{subnet}.0/24"), "172.30.9.0/24");
    let again = emitted(&project(""), PASS, &["api"], &[("compose.override.yaml", &changed)]).unwrap();
    assert_eq!(again["compose.override.yaml"], text.replace(subnet, "172.30.9"));
}

#[test]
fn what_is_in_service_is_kept() {
    let configuration = &emitted(&project(""), PASS, &["api"], &[]).unwrap()["deploy/edge/haproxy.cfg"];
    let switched = configuration
        .replace("api-1 api:8000 weight 100", "api-1 none.invalid:8000 weight 0")
        .replace("api-2 none.invalid:8000 weight 0", "api-2 shop-api-2:8000 weight 100");
    let state = "# in service: shop-api-2\nservices:\n  api:\n    image: 'shop-api:deployed-1'\n";
    let existing = [("deploy/edge/haproxy.cfg", switched.as_str()), ("deploy/api.yaml", state)];
    let files = emitted(&project(""), PASS, &["api"], &existing).unwrap();
    assert!(!files.contains_key("deploy/edge/haproxy.cfg") && !files.contains_key("deploy/api.yaml"), "{files:?}");
}

#[test]
fn haproxy_takes_the_port_of_the_host() {
    let rest = "    container_name: api\n    ports: ['127.0.0.1:8080:8000']\n    deploy: {replicas: 2}\n";
    let text = format!("name: shop\nservices:\n  api:\n    build: ./api\n{CHECK}{rest}");
    let files = emitted(&text, "", &["api"], &[]).unwrap();
    let text = &files["compose.override.yaml"];
    assert!(text.contains("ports: [\"127.0.0.1:8080:8000\"]") && text.contains("ports: !reset []"), "{text}");
    assert!(text.contains("container_name: !reset null") && !text.contains("front"), "{text}");
    assert_eq!(files["deploy/edge/haproxy.cfg"].matches("    server api-").count(), 4);
}

#[test]
fn services_of_the_same_port_have_an_address_each() {
    let rest = format!("  admin:\n    build: ./admin\n{CHECK}");
    let pass = "location / { proxy_pass http://api:8000; } location /a { proxy_pass http://admin:8000; }";
    let files = emitted(&project(&rest), pass, &["admin", "api"], &[]).unwrap();
    let (text, configuration) = (&files["compose.override.yaml"], &files["deploy/edge/haproxy.cfg"]);
    assert!(text.contains("front-2:") && text.contains("\"admin=10.") && text.contains("\"api=10."), "{text}");
    let binds: Vec<&str> = configuration.lines().filter(|line| line.contains("bind ")).collect();
    assert!(binds.len() == 2 && binds[0] != binds[1] && binds.iter().all(|bind| bind.ends_with(":8000")), "{binds:?}");
}

/// Those that a proxy names, that others ask and that are published; how requests come to each.
#[test]
fn each_port_has_servers_of_its_own() {
    let ports =
        "    ports: ['9000:9000', '9100:9100']\n    expose: [1, 2]\n    environment: {OTHER: 'http://web:99'}\n";
    let text = format!(
        "{}    environment: {{METRICS_URL: 'http://api:9000/metrics', QUEUE_HOST: 'api:7000'}}\n",
        project(ports)
    );
    let files = emitted(&text, PASS, &["api"], &[]).unwrap();
    let configuration = &files["deploy/edge/haproxy.cfg"];
    let modes: Vec<(&str, &str)> = configuration
        .split("\nbackend ")
        .skip(1)
        .map(|backend| (backend.lines().next().unwrap(), backend.lines().nth(1).unwrap().trim()))
        .collect();
    let expected =
        [("api", "mode http"), ("api:7000", "mode tcp"), ("api:9000", "mode http"), ("api:9100", "mode tcp")];
    assert_eq!(modes, expected, "{configuration}");
    assert!(configuration.contains("server api:9000-2 none.invalid:9000 weight 0 check"), "{configuration}");
    assert!(files["compose.override.yaml"].contains("ports: [\"9000:9000\", \"9100:9100\"]"), "{files:?}");
    assert!(files["deploy/deploy.sh"].contains("\napi api 8000,7000,9000,9100 1 "));
}

/// One port is enough to need an address of its own.
#[test]
fn services_that_share_one_of_several_ports_have_an_address_each() {
    let rest = format!("    ports: ['9100:9100']\n  admin:\n    build: ./admin\n{CHECK}    ports: ['9200:9100']\n");
    let pass = "location / { proxy_pass http://api:8000; } location /a { proxy_pass http://admin:7000; }";
    let files = emitted(&project(&rest), pass, &["admin", "api"], &[]).unwrap();
    let (text, configuration) = (&files["compose.override.yaml"], &files["deploy/edge/haproxy.cfg"]);
    assert!(text.contains("ports: [\"9200:20001\", \"9100:20003\"]") && text.contains("front-2:"), "{text}");
    for bind in ["bind :7000", "bind :8000", "bind :20001", "bind :20003"] {
        assert!(configuration.contains(bind), "{bind}\n{configuration}");
    }
    assert_eq!(configuration.matches(".2:9100\n").count(), 2, "{configuration}");
}

#[test]
fn services_of_one_image_are_one_deployment() {
    let rest = "    image: shop-backend\n  worker:\n    image: shop-backend\n    command: celery worker\n    expose: [8000]\n    depends_on: [api]\n";
    let files = emitted(&project(rest), PASS, &["worker", "api"], &[]).unwrap();
    let script = &files["deploy/deploy.sh"];
    assert!(script.contains("\napi api 8000 1 59 60 built\nworker api - 1 "), "{script}");
    assert!(files["deploy/api.yaml"].contains("  api: {}\n  worker: {}\n"));
}

#[test]
fn other_protocols_are_passed_on_unread() {
    for pass in ["location / { grpc_pass grpc://api:9000; }", "location / { proxy_pass https://api:9000; }"] {
        let configuration = &emitted(&project(""), pass, &["api"], &[]).unwrap()["deploy/edge/haproxy.cfg"];
        assert!(configuration.contains("mode tcp") && !configuration.contains("mode http\n"), "{configuration}");
    }
}

#[test]
fn what_cannot_be_stood_in_for_is_refused() {
    let refused = |rest: &str, pass: &str| {
        let text = format!("name: shop\nservices:\n  api:\n    build: ./api\n{rest}");
        emitted(&text, pass, &["api"], &[]).unwrap_err().join("\n")
    };
    assert!(refused("    ports: ['8000:8000']\n", "").contains("no healthcheck"));
    assert!(refused(&format!("{CHECK}    network_mode: host\n"), PASS).contains("network_mode"));
    let network = format!("{CHECK}    networks: {{default: {{ipv4_address: 10.1.1.1}}}}\n");
    assert!(refused(&network, PASS).contains("fixed address"));
    assert!(refused(&format!("{CHECK}    expose: [1, 2]\n"), "").contains("several ports (1, 2)"));
    assert!(refused(&format!("{CHECK}    ports: ['9:9/udp']\n"), PASS).contains("port 9 of UDP"));
}

#[test]
fn the_file_of_the_author_on_top_is_added_to() {
    let author = "# mine\nservices:\n  web:\n    environment: {A: b}\n";
    let files = emitted(&project(""), PASS, &["api"], &[("docker-compose.override.yml", author)]).unwrap();
    let text = &files["docker-compose.override.yml"];
    assert!(text.starts_with(author.trim_end()) && text.contains("extra_hosts:") && text.contains("  edge:"), "{text}");
    let again = emitted(&project(""), PASS, &["api"], &[("docker-compose.override.yml", text)]).unwrap();
    assert!(!again.contains_key("docker-compose.override.yml"));
    let text = "services:\n  web:\n    extra_hosts: ['x=1.1.1.1']\n";
    let refusal = emitted(&project(""), PASS, &["api"], &[("compose.override.yaml", text)]).unwrap_err();
    assert!(refusal[0].contains("`extra_hosts` of `web`"), "{refusal:?}");
}

/// A port that the engine chooses is that of `HAProxy`, too.
#[test]
fn ports_without_a_number_go_to_haproxy() {
    let ports = "    ports: ['8000', '127.0.0.1::8000']\n";
    let files = emitted(&project(ports), "", &["api"], &[]).unwrap();
    let text = &files["compose.override.yaml"];
    assert!(text.contains("ports: [\"8000\", \"127.0.0.1::8000\"]") && text.contains("ports: !reset []"), "{text}");
}

/// The whole project, with what Swarm does in place of what Compose does; variables stay as they are written.
#[test]
fn a_stack_is_the_whole_project() {
    let rest = "    container_name: api\n    restart: on-failure\n    environment: {KEY: '${KEY:-no}', PRICE: 5$$}\n    \
                ports: ['127.0.0.1:9000:9000', '80:8000']\n    volumes: ['./data:/data:ro', 'files:/files']\n    \
                depends_on: {db: {condition: service_healthy}}\n  db:\n    image: postgres:18\n    privileged: true\n  \
                worker:\n    build: ./api\n";
    let text = format!("{}volumes: {{files: {{}}}}\n", project(rest));
    let files = emitted_for(swarm_deployment, &text, "", &["api"], &[]).unwrap();
    let stack = &files["deploy/stack.yaml"];
    for part in [
        "image: \"shop-api:${TAG:-latest}\"",
        "KEY: \"${KEY:-no}\"",
        "PRICE: \"5$$\"",
        "ports: [{target: 8000, published: 80}]",
        "source: \"../data\"",
        "condition: on-failure",
        // 40 s of start period, 3 × (2 + 1) s until it is unhealthy, and 10 s.
        "order: start-first\n        failure_action: rollback\n        monitor: 59s",
    ] {
        assert!(stack.contains(part), "{part}\n{stack}");
    }
    assert_eq!(stack.matches("shop-api:").count(), 2, "{stack}");
    assert_eq!(stack.matches("update_config").count(), 1, "{stack}");
    for part in ["depends_on", "container_name", "build:", "privileged", "restart:", "9000"] {
        assert!(!stack.contains(part), "{part}\n{stack}");
    }
    let again = [("deploy/stack.yaml", stack.as_str())];
    assert_eq!(emitted_for(swarm_deployment, &text, "", &["api"], &again).unwrap(), BTreeMap::new());
}

/// What the author says of Swarm stays; a port of the node is one container's.
#[test]
fn settings_of_swarm_stay_in_a_stack() {
    let rest = "    deploy: {endpoint_mode: dnsrr, replicas: 2, update_config: {parallelism: 2}}\n  site:\n    image: nginx:1.30\n    \
                ports: [{target: 80, published: '8080', mode: host}]\n    deploy: {labels: {}, resources: {limits: {cpus: '0.5'}}}\n";
    let files = emitted_for(swarm_deployment, &project(rest), "", &["api"], &[]).unwrap();
    let stack = &files["deploy/stack.yaml"];
    for part in
        ["endpoint_mode: \"dnsrr\"", "replicas: 2", "{target: 80, published: 8080, mode: host}", "order: start-first"]
    {
        assert!(stack.contains(part), "{part}\n{stack}");
    }
    let lines: Vec<&str> = stack.lines().collect();
    let depth = |line: &str| line.len() - line.trim_start().len();
    for pair in lines.windows(2).filter(|pair| pair[0].ends_with(':') && !pair[1].is_empty()) {
        assert!(depth(pair[1]) > depth(pair[0]), "nothing below `{}`\n{stack}", pair[0]);
    }
    let rest = "    ports: [{target: 8000, published: '8000', mode: host}]\n";
    let files = emitted_for(swarm_deployment, &project(rest), "", &["api"], &[]).unwrap();
    assert!(!files["deploy/stack.yaml"].contains("start-first"), "{files:?}");
}
