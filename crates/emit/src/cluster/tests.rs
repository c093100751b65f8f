//! Small projects as files of a cluster.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use super::node::Node;
use super::probe::ProbePlan;
use super::service::{KnownCheck, known_check};
use super::task_check::TaskCheck;
use super::{ClusterInput, ecs_template, kubernetes_manifests};
use crate::build::Build;
use crate::compose::project::{ProjectFile, ProjectFiles, ProjectRequest};
use crate::emit::Emission;
use crate::inputs::{ComposeInput, ComposeReading, ComposeUse};
use crate::stack::Stack;
use crate::text::{FileId, Source};

const ROOT: &str = "/shop";

fn compose(text: &str, dockerfiles: &[(&str, &str)]) -> ComposeInput {
    let path = format!("{ROOT}/compose.yaml");
    let request =
        ProjectRequest { files: vec!["compose.yaml".into()], folder: ROOT.into(), ..ProjectRequest::default() };
    let mut known = ProjectFiles::default();
    known.insert(&path, ProjectFile::Text(Source::of("compose.yaml", text)));
    known.insert(&format!("{ROOT}/.env"), ProjectFile::Missing);
    known.insert(&format!("{ROOT}/api.env"), ProjectFile::Text(Source::of("api.env", "FROM_FILE=quiet-value\n")));
    let files = BTreeMap::from([(path, FileId(0))]);
    let reading = ComposeReading::of(&request, &known, &files, "compose.yaml");
    let dockerfiles = dockerfiles.iter().map(|(name, text)| ((*name).to_owned(), Source::of("Dockerfile", text)));
    ComposeInput {
        file: FileId(0),
        request,
        known: Arc::new(known),
        files: Arc::new(files),
        parts: Vec::new(),
        dockerfiles: Arc::new(dockerfiles.collect()),
        proxies: Arc::default(),
        missing_dockerfiles: Arc::default(),
        missing_paths: Arc::default(),
        committed_files: Arc::default(),
        checked_sources: Arc::default(),
        compose_use: ComposeUse::default(),
        reading,
    }
}

/// A tool for which files are written.
type Writer = fn(&ClusterInput) -> Result<Emission, Vec<String>>;

fn emitted(
    write: Writer,
    text: &str,
    dockerfiles: &[(&str, &str)],
    existing: &BTreeMap<String, String>,
) -> Result<Emission, Vec<String>> {
    let compose = compose(text, dockerfiles);
    let project = compose.reading.project.clone().expect("the project is read");
    let is_own = |value: &crate::compose::project::ComposeValue| value.get("build").is_some();
    let jobs = ["migrate", "seed"];
    let services: Vec<String> = project
        .services()
        .filter(|(name, value)| is_own(value) && !jobs.contains(name))
        .map(|(name, _)| name.to_owned())
        .collect();
    let files = BTreeMap::from([(format!("{ROOT}/app.conf"), "[app]\ndebug = no\n".to_owned())]);
    write(&ClusterInput {
        compose: &compose,
        project: &project,
        services: &services,
        folder: "deploy",
        files: &files,
        existing,
    })
}

fn texts(emission: &Emission) -> BTreeMap<String, String> {
    emission.files.iter().map(|file| (file.path.clone(), file.text.clone())).collect()
}

fn kubernetes(text: &str, dockerfile: &str) -> Emission {
    emitted(kubernetes_manifests, text, &[("api", dockerfile)], &BTreeMap::new()).unwrap()
}

/// The lines of a tree on one line.
fn shown(node: Option<&Node>) -> String {
    let Some(node) = node else { return "-".to_owned() };
    let document = node.document();
    document.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// The cells that a row of the vectors comes to.
fn cells(compose_keys: &str, dockerfile: &str) -> String {
    let text = format!("services:\n  api:\n    build: ./api\n    {compose_keys}\n");
    let compose = compose(&text, &[("api", &dockerfile.replace("\\n", "\n"))]);
    let project = compose.reading.project.clone().unwrap_or_else(|| panic!("not read: {text}"));
    let stack = Stack::new(&project, &compose.dockerfiles);
    let service = stack.service("api").unwrap();
    let build = service.image.as_ref().map(Build::new);
    let (plan, check) = match known_check(service, build.as_ref()) {
        KnownCheck::Read(source, _) => (source.probes(), TaskCheck::of(Some(&source))),
        KnownCheck::Absent(why) => {
            (ProbePlan { notes: vec![why.to_owned()], ..ProbePlan::default() }, TaskCheck::of(None))
        }
        KnownCheck::Unread => (ProbePlan::default(), TaskCheck::of(None)),
    };
    let mut out = String::new();
    for probe in [&plan.readiness, &plan.startup, &plan.liveness] {
        let _ = write!(out, "\t{}", shown(probe.as_ref().map(super::probe::Probe::node).as_ref()));
    }
    let _ = write!(out, "\t{}", shown(check.container.as_ref()));
    let target = Node::Map(check.target.keys.clone());
    let target =
        if target.is_empty() { "-".to_owned() } else { format!("{} {}", check.target.protocol, shown(Some(&target))) };
    let mut notes = plan.notes;
    notes.extend(check.notes.into_iter().chain(check.budget_note).chain(check.target.notes));
    let mut seen = BTreeSet::new();
    notes.retain(|note| seen.insert(note.clone()));
    let notes = if notes.is_empty() { "-".to_owned() } else { notes.join("; ") };
    let _ = write!(out, "\t{target}\t{notes}");
    out
}

#[test]
fn checks_become_what_the_vectors_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/cluster-probes.tsv");
    let text = std::fs::read_to_string(&path).unwrap();
    let mut out = String::new();
    for (number, line) in text.lines().enumerate() {
        let cell: Vec<&str> = line.split('\t').collect();
        if line.starts_with('#') || number <= 2 && line.starts_with("case\t") {
            let _ = writeln!(out, "{line}");
            continue;
        }
        let _ = writeln!(out, "{}\t{}\t{}{}", cell[0], cell[1], cell[2], cells(cell[1], cell[2]));
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, out).unwrap();
        return;
    }
    for (line, expected) in out.lines().zip(text.lines()) {
        assert_eq!(line, expected);
    }
}

const SHOP: &str = "name: shop
services:
  api:
    build: ./api
    env_file: [api.env]
    environment: {LEVEL: info, API_TOKEN: 'zq8Lk3VbN5tYw2Xr', URL: 'postgres://a:b@db/x', PRICE: '5$$(x)'}
    ports: ['80:8000']
    read_only: true
    tmpfs: [/tmp]
    stop_grace_period: 20s
    volumes: ['./app.conf:/etc/app.conf:ro']
    deploy: {replicas: 2, resources: {limits: {memory: 512M}, reservations: {memory: 256M, cpus: '0.25'}}}
    healthcheck: {test: [CMD, curl, -f, 'http://localhost:8000/health'], interval: 10s, timeout: 3s, retries: 3, start_period: 30s}
    depends_on: {db: {condition: service_healthy}, migrate: {condition: service_completed_successfully}}
  migrate:
    build: ./api
    command: alembic upgrade head
    depends_on: {db: {condition: service_healthy}}
  db:
    image: postgres:18
    volumes: ['data:/var/lib/postgresql']
volumes: {data: {}}
";

const FILE: &str =
    "FROM python:3.13\nRUN useradd -u 1001 app\nEXPOSE 8000\nUSER app\nCMD [\"uvicorn\", \"main:app\"]\n";

#[test]
fn manifests_have_what_is_known_and_nothing_else() {
    let emission = kubernetes(SHOP, FILE);
    let files = texts(&emission);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["deploy/kubernetes/api.yaml", "deploy/kubernetes/migrate.yaml"]);
    let api = &files["deploy/kubernetes/api.yaml"];
    for part in [
        "kind: PodDisruptionBudget",
        "terminationGracePeriodSeconds: 25",
        "runAsUser: 1001",
        "readOnlyRootFilesystem: true",
        "drop: [\"ALL\"]",
        "maxUnavailable: 0",
        "emptyDir: {}",
        "mountPath: /etc/app.conf",
        "[app]\n    debug = no",
        "secretKeyRef:",
        "key: FROM_FILE",
        "LEVEL: info",
        "PRICE: \"5$(x)\"",
        "limits:\n              memory: \"512Mi\"",
        "shop-api@sha256:0000",
    ] {
        assert!(api.contains(part), "{part}\n{api}");
    }
    for part in ["quiet-value", "zq8Lk3VbN5tYw2Xr", "postgres://", ":latest", "livenessProbe", "kind: Ingress", "5432"]
    {
        assert!(!api.contains(part), "{part}\n{api}");
    }
    let job = &files["deploy/kubernetes/migrate.yaml"];
    assert!(job.contains("kind: Job") && job.contains("shop-api@sha256:") && job.contains("backoffLimit: 2"), "{job}");
    let outcomes: Vec<(&str, &str, &str)> = emission
        .dependencies
        .iter()
        .map(|known| (known.service.as_str(), known.target.as_str(), known.outcome.as_str()))
        .collect();
    assert_eq!(outcomes, [("api", "db", "nothing"), ("api", "migrate", "Job `migrate`"), ("migrate", "db", "nothing")]);
    let commands: Vec<&String> = emission.steps.iter().flat_map(|step| &step.commands).collect();
    let place = |text: &str| commands.iter().position(|command| command.contains(text)).unwrap();
    assert!(place("kubectl wait --for=condition=complete") < place("kubectl apply -f deploy/kubernetes/api.yaml"));
    assert!(place("rollout status") < place("rollout undo"));
}

#[test]
fn a_service_that_ends_is_a_job_or_is_told_of() {
    let text = |keys: &str| format!("name: shop\nservices:\n  api:\n    build: ./api\n    {keys}\n");
    let kind = |keys: &str| {
        let emission = emitted(kubernetes_manifests, &text(keys), &[("api", FILE)], &BTreeMap::new()).unwrap();
        let file = texts(&emission)["deploy/kubernetes/api.yaml"].clone();
        (file.contains("kind: Job"), emission.notes.iter().any(|note| note.contains("starts it again each time")))
    };
    assert_eq!(kind("restart: on-failure\n    command: [migrate]"), (true, false));
    assert_eq!(kind("restart: 'no'\n    command: [./manage.py, migrate]"), (true, false));
    assert_eq!(kind("restart: on-failure:3\n    command: [work]"), (false, true));
    assert_eq!(kind("restart: on-failure\n    command: [work]\n    ports: ['80:80']"), (false, false));
    assert_eq!(kind("restart: always\n    command: [migrate]"), (false, false));
    assert_eq!(kind("command: [work]"), (false, false));
}

#[test]
fn a_second_run_writes_nothing_and_keeps_digests() {
    let mut existing = texts(&kubernetes(SHOP, FILE));
    let digest = "a".repeat(64);
    for text in existing.values_mut() {
        *text = text.replace(&"0".repeat(64), &digest);
    }
    for write in [kubernetes_manifests, ecs_template] as [Writer; 2] {
        let first = emitted(write, SHOP, &[("api", FILE)], &existing).unwrap();
        existing.extend(texts(&first));
        let second = emitted(write, SHOP, &[("api", FILE)], &existing).unwrap();
        assert_eq!(second.files, []);
    }
}

#[test]
fn a_volume_that_only_one_pod_writes_to_means_downtime() {
    let text = "name: shop\nservices:\n  api:\n    build: ./api\n    volumes: ['files:/files']\nvolumes: {files: {}}\n";
    let emission = kubernetes(text, "FROM python:3.13\n");
    let file = &texts(&emission)["deploy/kubernetes/api.yaml"];
    assert!(file.contains("type: Recreate") && file.contains("claimName: files"), "{file}");
    assert!(emission.notes.iter().any(|note| note.contains("downtime")), "{:?}", emission.notes);
}

#[test]
fn names_that_no_cluster_takes_are_changed_or_refused() {
    let text = "name: shop\nservices:\n  My_API:\n    build: ./api\n    expose: [80]\n";
    let emission = emitted(kubernetes_manifests, text, &[], &BTreeMap::new()).unwrap();
    assert!(texts(&emission).contains_key("deploy/kubernetes/my-api.yaml"));
    assert!(emission.notes.iter().any(|note| note.contains("`My_API` must say so")), "{:?}", emission.notes);
    let text = "name: shop\nservices:\n  a_b:\n    build: ./a\n  a-b:\n    build: ./b\n";
    for write in [kubernetes_manifests, ecs_template] as [Writer; 2] {
        let refusals = emitted(write, text, &[], &BTreeMap::new()).unwrap_err();
        assert!(refusals[0].contains("all come to the name `a-b`"), "{refusals:?}");
    }
}

#[test]
fn windows_is_left_out() {
    let text = "name: shop\nservices:\n  api:\n    build: ./api\n";
    let file = "FROM mcr.microsoft.com/windows/servercore:ltsc2022\n";
    let refusals = emitted(kubernetes_manifests, text, &[("api", file)], &BTreeMap::new()).unwrap_err();
    assert!(refusals[0].contains("Windows"), "{refusals:?}");
}

#[test]
fn forty_services_are_a_file_each_and_too_many_parameters_are_refused() {
    let service = |number: usize| {
        let variables = "A_TOKEN: zq8Lk3VbN5tYw2Xr, B_TOKEN: zq8Lk3VbN5tYw2Xr";
        format!("  s{number}:\n    build: ./s{number}\n    environment: {{{variables}}}\n")
    };
    let text = format!("name: shop\nservices:\n{}", (0..40).map(service).collect::<String>());
    let emission = emitted(kubernetes_manifests, &text, &[], &BTreeMap::new()).unwrap();
    assert_eq!(emission.files.len(), 40);
    let refusals = emitted(ecs_template, &text, &[], &BTreeMap::new()).unwrap_err();
    assert!(refusals[0].contains("parameters"), "{refusals:?}");
}

#[test]
fn a_template_rolls_back_by_itself() {
    let emission = emitted(ecs_template, SHOP, &[("api", FILE)], &BTreeMap::new()).unwrap();
    let text = &texts(&emission)["deploy/ecs/template.yaml"];
    for part in [
        "MinimumHealthyPercent: 100\n        MaximumPercent: 200",
        "Rollback: true",
        "HealthCheckPath: /health",
        "HttpCode: \"200-399\"",
        "Key: deregistration_delay.timeout_seconds\n          Value: \"20\"",
        "HealthCheckGracePeriodSeconds: 60",
        "Cpu: \"256\"\n      Memory: \"512\"",
        "Command: [\"CMD\", \"curl\", \"-f\", \"http://localhost:8000/health\"]",
        "ValueFrom: !Ref ApiApiTokenArn",
        "User: \"1001\"",
        "StopTimeout: 20",
        "MigrateTask:",
        "Image: !Ref MigrateImage",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    for part in ["quiet-value", "zq8Lk3VbN5tYw2Xr", "postgres://", "latest", "MigrateService"] {
        assert!(!text.contains(part), "{part}\n{text}");
    }
    let commands: Vec<&String> = emission.steps.iter().flat_map(|step| &step.commands).collect();
    for part in ["aws ecs run-task", "aws ecs wait tasks-stopped", "exitCode"] {
        assert!(commands.iter().any(|command| command.contains(part)), "{part} {commands:?}");
    }
}

#[test]
fn what_is_not_set_is_said() {
    let text = "name: shop\nservices:\n  api:\n    build: ./api\n    command: [serve, --zone, '${ZONE}']\n    environment:\n      \
                REGION: ${REGION}\n      HOST: 'http://${BACKEND}:80'\n      LEVEL: ${LEVEL:-info}\n      TOKEN: ${TOKEN}\n";
    let listed = text.replace("      REGION: ${REGION}\n      HOST: '", "      - REGION=${REGION}\n      - 'HOST=");
    let listed = listed.replace("      LEVEL: ${", "      - LEVEL=${").replace("      TOKEN: ${", "      - TOKEN=${");
    for text in [text, &listed] {
        for (write, key) in [(kubernetes_manifests as Writer, "ConfigMap"), (ecs_template, "Environment")] {
            let emission = emitted(write, text, &[("api", FILE)], &BTreeMap::new()).unwrap();
            let notes = emission.notes.join("\n");
            for part in [
                "`api`: the variable `REGION`: `REGION` is not set, and so empty there",
                "`api`: the variable `HOST`: `BACKEND` is not set",
                "`api`: `command` of the compose file: `ZONE` is not set",
            ] {
                assert!(notes.contains(part), "{part}\n{notes}");
            }
            assert!(!notes.contains("`LEVEL`") && !notes.contains("`TOKEN`"), "{notes}");
            let reason = |name: &str| {
                let known = emission.choices.iter().find(|choice| choice.key == format!("{key}.{name}"));
                known.map_or_else(|| panic!("no {key}.{name}"), |choice| choice.reason.clone())
            };
            assert!(reason("REGION").ends_with("; `REGION` is not set, and so empty there"), "{}", reason("REGION"));
            assert!(reason("LEVEL").ends_with("that is no secret"), "{}", reason("LEVEL"));
        }
    }
}

#[test]
fn what_is_left_out_is_called_what_it_is() {
    let text = "name: shop\nservices:\n  api:\n    build: ./api\n    depends_on: [tools, db]\n  tools:\n    build: ./tools\n    \
                profiles: [debug]\n    depends_on: [db]\n  db:\n    image: postgres:18\n";
    let all = text.replace("    profiles: [debug]\n", "");
    let run = |text: &str| {
        let compose = compose(text, &[]);
        let project = compose.reading.project.clone().expect("the project is read");
        let (files, existing) = (BTreeMap::new(), BTreeMap::new());
        let services = ["api".to_owned()];
        let input = ClusterInput {
            compose: &compose,
            project: &project,
            services: &services,
            folder: "deploy",
            files: &files,
            existing: &existing,
        };
        let emission = kubernetes_manifests(&input).unwrap();
        let reasons = emission.dependencies.iter().map(|known| known.reason.clone());
        reasons.chain(emission.notes).collect::<Vec<_>>().join("\n")
    };
    let reasons = run(&all);
    assert!(reasons.contains("`tools` is not written: it is not asked for, or ends by itself"), "{reasons}");
    let reasons = run(&text.replace("[tools, db]", "[db]"));
    assert!(!reasons.contains("`tools` is not written: it is no application"), "{reasons}");
}

#[test]
fn a_check_of_several_requests_names_no_page() {
    let template = |check: &str| {
        let text = format!("name: shop\nservices:\n  api:\n    build: ./api\n    ports: ['80:8000']\n    {check}\n");
        let emission = emitted(ecs_template, &text, &[("api", "FROM python:3.13\n")], &BTreeMap::new()).unwrap();
        emission.notes.join("\n")
    };
    let several = template("healthcheck: {test: 'nc -z localhost 8000 && curl -f http://localhost:8000/and'}");
    assert!(several.contains("as its check is not one request for a page"), "{several}");
    assert!(template("restart: always").contains("as no check names a page"));
    let once = template("healthcheck: {test: 'curl -f http://localhost:8000/', retries: 1, interval: 250ms}");
    for part in [
        "a target group takes failures from 2 to 10: 1 becomes 2",
        "ECS takes an interval from 5 to 300 s: 0.25 s becomes 5 s",
        "it gets 10 s instead",
    ] {
        assert!(once.contains(part), "{part}\n{once}");
    }
}
