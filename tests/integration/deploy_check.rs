//! `deploy check` from the command line: its answers, exit codes and result, and what it refuses.

use serde_json::Value;

use crate::cache_history::{commit, git};
use crate::dockopt::Dockopt;
use crate::fixtures::keeps_schema;

const GOOD: &str = "services:\n  nginx:\n    image: nginx:1.28\n    ports: [\"80:80\"]\n    volumes: [\"./nginx.conf:/etc/nginx/conf.d/default.conf:ro\"]\n  \
    api:\n    build: .\n    stop_grace_period: 30s\n  postgres:\n    image: postgres:17\n";

const DOCKERFILE: &str = "FROM python:3.13-slim\nCOPY app.py /app.py\nEXPOSE 8000\nHEALTHCHECK CMD [\"python\", \"/app.py\", \"check\"]\n\
    CMD [\"python\", \"/app.py\"]\n";

const NGINX: &str = "server {\n    listen 80;\n    resolver 127.0.0.11 valid=1s;\n    location / {\n        set $target api;\n        \
    proxy_pass http://$target:8000;\n    }\n}\n";

fn project(compose: &str, dockerfile: &str, nginx: &str) -> Dockopt {
    Dockopt::new()
        .file("compose.yaml", compose)
        .file("Dockerfile", dockerfile)
        .file("nginx.conf", nginx)
        .file("app.py", "")
}

/// The services with their answers and the rules behind them.
fn answers(result: &Value) -> Vec<String> {
    let services = result["services"].as_array().unwrap().iter();
    let answer = |service: &Value| {
        let reasons = service["reasons"].as_array().unwrap().iter();
        let rules: Vec<&str> = reasons.map(|reason| reason["rule"].as_str().unwrap()).collect();
        format!(
            "{} {} {}",
            service["service"].as_str().unwrap(),
            service["replaceable"].as_str().unwrap(),
            rules.join(" ")
        )
    };
    services.map(answer).collect()
}

#[test]
fn a_service_without_faults_can_be_replaced() {
    let ran = project(GOOD, DOCKERFILE, NGINX).args(["deploy", "check", "--strict", "--format=json"]).run().code(0);
    keeps_schema(include_str!("../../schemas/deploy-check.schema.json"), &ran.json());
    assert_eq!(answers(&ran.json()), ["api yes "]);
    let ran = project(GOOD, DOCKERFILE, NGINX).args(["deploy", "check"]).run().code(0);
    assert!(ran.stdout.contains("api (compose.yaml:6): can be replaced without loss"), "{}", ran.stdout);
}

#[test]
fn each_fault_speaks_against_its_service() {
    let name = |compose: &str, dockerfile: &str, nginx: &str| {
        let ran = project(compose, dockerfile, nginx).args(["deploy", "check", "--format=json"]).run().code(1);
        keeps_schema(include_str!("../../schemas/deploy-check.schema.json"), &ran.json());
        answers(&ran.json()).join("; ")
    };
    let with = |more: &str| GOOD.replace("    build: .\n", &format!("    build: .\n{more}"));
    assert_eq!(name(&with("    ports: [\"8000:8000\"]\n"), DOCKERFILE, NGINX), "api no compose-port-fixed");
    assert_eq!(name(&with("    container_name: api\n"), DOCKERFILE, NGINX), "api no compose-name-fixed");
    assert_eq!(
        name(&with("    command: gunicorn --timeout 60 app:app\n"), DOCKERFILE, NGINX),
        "api no compose-grace-too-short"
    );
    let shell = DOCKERFILE.replace("CMD [\"python\", \"/app.py\"]\n", "CMD python /app.py\n");
    assert_eq!(name(GOOD, &shell, NGINX), "api no shell-form-command");
    // Its own command stands in the place of CMD.
    let command = with("    command: python /app.py\n");
    project(&command, &shell, NGINX).args(["deploy", "check"]).run().code(0);
    let fixed = "upstream api { server api:8000; }\nserver { location / { proxy_pass http://api; } }\n";
    assert_eq!(name(GOOD, DOCKERFILE, fixed), "api no compose-proxy-address-kept");
    let unchecked = DOCKERFILE.replace("HEALTHCHECK CMD [\"python\", \"/app.py\", \"check\"]\n", "");
    assert_eq!(name(GOOD, &unchecked, NGINX), "api no compose-check-missing");
    // All reasons at once.
    let all = with("    ports: [\"8000:8000\"]\n    container_name: api\n");
    assert_eq!(
        name(&all, &unchecked, fixed),
        "api no compose-proxy-address-kept compose-check-missing compose-port-fixed compose-name-fixed"
    );
}

#[test]
fn what_is_not_known_fails_strictly() {
    let compose =
        "services:\n  api:\n    image: registry.example.com/api:1\n    healthcheck:\n      test: [\"CMD\", \"true\"]\n";
    let run = |arguments: &[&str]| {
        let arguments = ["deploy", "check"].iter().chain(arguments).copied();
        Dockopt::new().file("compose.yaml", compose).args(arguments).run()
    };
    let ran = run(&["--format=json"]).code(0);
    assert_eq!(answers(&ran.json()), ["api unknown "]);
    assert!(run(&[]).stdout.contains("not known: its image (`registry.example.com/api:1`) is not built here"));
    run(&["--strict"]).code(1);
}

#[test]
fn services_are_chosen_by_name() {
    let run = |service: &str| {
        let compose = GOOD.replace("  postgres:", "  web:\n    build: .\n    container_name: web\n  postgres:");
        project(&compose, DOCKERFILE, NGINX).args(["deploy", "check", "--format=json", "--service", service]).run()
    };
    assert_eq!(answers(&run("api").code(0).json()), ["api yes "]);
    assert_eq!(answers(&run("web").code(1).json()), ["web no compose-name-fixed"]);
    assert!(run("apj").code(2).stderr.contains("did you mean `api`?"));
    assert!(run("postgres").code(2).stderr.contains("is not replaced"));
}

#[test]
fn a_file_can_be_named_and_none_is_an_error() {
    let other = "services:\n  other:\n    build: .\n    container_name: other\n";
    let ran = project(GOOD, DOCKERFILE, NGINX)
        .file("compose.other.yaml", other)
        .args(["deploy", "check", "compose.other.yaml", "--format=json"])
        .run()
        .code(1);
    assert_eq!(answers(&ran.json()), ["other no compose-name-fixed"]);
    let ran = Dockopt::new().file("Dockerfile", DOCKERFILE).args(["deploy", "check"]).run().code(2);
    assert!(ran.stderr.contains("no compose file found"), "{}", ran.stderr);
    let ran = Dockopt::new().file("compose.yaml", "services: [\n").args(["deploy", "check"]).run();
    assert!(ran.code == 2 || ran.code == 1, "{}{}", ran.stdout, ran.stderr);
}

const REVISION: &str = "\"\"\"Columns.\"\"\"\nfrom alembic import op\nimport sqlalchemy as sa\n\nrevision = \"b2\"\ndown_revision = \"a1\"\n\n\n\
    def upgrade():\n    op.add_column(\"users\", sa.Column(\"nick\", sa.Text(), nullable=True))\n    op.drop_column(\"users\", \"email\")\n\n\n\
    def downgrade():\n    pass\n";

const FIRST: &str = "from alembic import op\nimport sqlalchemy as sa\n\nrevision = \"a1\"\ndown_revision = None\n\n\ndef upgrade():\n    \
    op.create_table(\"users\", sa.Column(\"id\", sa.Integer(), primary_key=True), sa.Column(\"email\", sa.Text()))\n\n\n\
    def downgrade():\n    op.drop_table(\"users\")\n";

#[test]
fn a_migration_that_was_put_away_is_not_run() {
    let with = |file: &str| {
        let project =
            Dockopt::new().file("compose.yaml", GOOD).file("nginx.conf", NGINX).file("Dockerfile", DOCKERFILE);
        let project = project.file("app.py", "").file("alembic/versions/a1_first.py", FIRST).file(file, REVISION);
        answers(&project.args(["deploy", "check", "--format=json"]).run().json())
    };
    assert_eq!(with("alembic/versions/b2_second.py"), ["api no "]);
    assert_eq!(with("alembic/versions/archive/b2_second.py"), ["api yes "]);
}

#[test]
fn the_newest_migration_speaks_against_the_services_that_hold_it() {
    let with = |second: &str| {
        let compose = GOOD
            .replace("build: .", "build: ./backend")
            .replace("  postgres:", "  web:\n    build: ./web\n    stop_grace_period: 30s\n  postgres:");
        Dockopt::new()
            .file("compose.yaml", &compose)
            .file("nginx.conf", NGINX)
            .file("backend/Dockerfile", DOCKERFILE)
            .file("backend/app.py", "")
            .file("backend/alembic/versions/a1_first.py", FIRST)
            .file("backend/alembic/versions/b2_second.py", second)
            .file("web/Dockerfile", DOCKERFILE)
            .file("web/app.py", "")
    };
    let ran = with(REVISION).args(["deploy", "check", "--format=json"]).run().code(1);
    let result = ran.json();
    keeps_schema(include_str!("../../schemas/deploy-check.schema.json"), &result);
    assert_eq!(answers(&result), ["api no ", "web yes "]);
    let step = &result["services"][0]["migrations"][0];
    assert_eq!(
        (step["file"].as_str(), step["line"].as_u64()),
        (Some("backend/alembic/versions/b2_second.py"), Some(11))
    );
    let new = result["migrations"]["new"].as_array().unwrap();
    assert_eq!((new.len(), &new[0]["verdict"], &new[0]["downgrade"]), (1, &"contract".into(), &"empty".into()));
    let ran = with(REVISION).args(["deploy", "check"]).run().code(1);
    for text in [
        "backend/alembic/versions/b2_second.py:11: the migration drops the column",
        "newest migrations: 1 of 2",
        "contract: the old program may fail",
        "no way back: its downgrade does nothing",
        "no script of the project backs up the database before",
    ] {
        assert!(ran.stdout.contains(text), "{text}\n{}", ran.stdout);
    }
    let backed_up = with(REVISION).file("deploy.sh", "#!/bin/sh\nset -eu\npg_dump app > app.sql\n");
    assert!(!backed_up.args(["deploy", "check"]).run().code(1).stdout.contains("backs up"));
    let expand = REVISION.replace("    op.drop_column(\"users\", \"email\")\n", "");
    let ran = with(&expand).args(["deploy", "check", "--strict"]).run().code(0);
    assert!(ran.stdout.contains("expand: the old program works on"), "{}", ran.stdout);
    let unknown = REVISION.replace("op.drop_column(\"users\", \"email\")", "op.execute(open(\"x.sql\").read())");
    let ran = with(&unknown).args(["deploy", "check", "--format=json"]).run().code(0);
    assert_eq!(answers(&ran.json()), ["api unknown ", "web yes "]);
    with(&unknown).args(["deploy", "check", "--strict"]).run().code(1);
}

#[test]
fn migrations_since_a_commit_are_judged() {
    let third = REVISION.replace("b2", "c3").replace("a1", "b2").replace("\"email\"", "\"name\"");
    let project = || {
        let project = project(GOOD, DOCKERFILE, NGINX).file("alembic/versions/a1.py", FIRST);
        git(project.path(), &["init", "-q", "-b", "main"]);
        commit(project.path(), "one", &[]);
        project.file("alembic/versions/b2.py", REVISION).file("alembic/versions/c3.py", &third)
    };
    let run = |since: &str| project().args(["deploy", "check", "--format=json", "--since", since]).run();
    let result = run("main").code(1).json();
    keeps_schema(include_str!("../../schemas/deploy-check.schema.json"), &result);
    let files: Vec<_> =
        result["migrations"]["new"].as_array().unwrap().iter().map(|new| new["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["alembic/versions/b2.py", "alembic/versions/c3.py"]);
    assert_eq!(result["services"][0]["migrations"].as_array().unwrap().len(), 2);
    assert!(run("nowhere").code(2).stderr.contains("nowhere"));
    let outside = Dockopt::new().file("compose.yaml", GOOD).args(["deploy", "check", "--since", "main"]).run().code(2);
    assert!(outside.stderr.contains("is in no git repository"), "{}", outside.stderr);
}

#[test]
fn a_file_on_top_takes_out_what_speaks_against_a_service() {
    let base = "services:\n  api: {build: ., container_name: api, ports: [\"8080:8080\"], healthcheck: {test: [CMD, node, c.js]}}\n";
    let check = |overlay: &str| {
        let dockopt = Dockopt::new()
            .file("Dockerfile", "FROM node:22\nCOPY . .\nCMD [\"node\", \"s.js\"]\n")
            .file("docker-compose.yml", base)
            .file("docker-compose.prod.yml", overlay);
        let json = dockopt.args(["deploy", "check", ".", "--format=json"]).run().json();
        let services = json["services"].as_array().unwrap();
        let of_overlay = services.iter().find(|service| service["file"].as_str().unwrap().ends_with("prod.yml"));
        of_overlay.unwrap().to_string()
    };
    let both = check("services:\n  api: {environment: {A: b}}\n");
    assert!(both.contains("compose-port-fixed") && both.contains("compose-name-fixed"), "{both}");
    let neither = check("services:\n  api: {ports: !reset [], container_name: !reset null}\n");
    assert!(!neither.contains("compose-port-fixed") && !neither.contains("compose-name-fixed"), "{neither}");
}

/// The answers to a small project of files.
pub(super) fn check(files: &[(&str, &str)]) -> Vec<String> {
    let dockopt = files.iter().fold(Dockopt::new(), |dockopt, (name, text)| dockopt.file(name, text));
    // What pipelines say is read in repositories.
    git(dockopt.path(), &["init", "-q", "-b", "main"]);
    answers(&dockopt.args(["deploy", "check", "--format=json"]).run().json())
}

pub(super) const NODE: &str = "FROM node:22-alpine\nCOPY . .\nEXPOSE 3000\nHEALTHCHECK CMD wget -qO- http://localhost:3000/\nCMD [\"node\", \"s.js\"]\n";

#[test]
fn files_that_are_not_deployed_are_left_out() {
    // An overlay that is read alone has no answer.
    let base = ("compose.yml", "services:\n  api: {build: .}\n");
    let overlay = ("deploy/compose.gpu.yml", "services:\n  api:\n    environment: {GPU: '0'}\n");
    assert_eq!(check(&[("Dockerfile", NODE), base, overlay]), ["api yes "]);
    // A file on top of one in another folder has its paths from there.
    let network = ("docker-compose.yml", "networks: {backend: }\n");
    let part = ("parts/compose.api.yml", "services:\n  api:\n    build: ./src/\n    networks: [backend]\n");
    let script = ("deploy.sh", "docker compose -f docker-compose.yml -f parts/compose.api.yml up -d --build\n");
    assert_eq!(check(&[("src/Dockerfile", NODE), network, part, script]), ["api yes "]);
    // The override is for developers where a pipeline names the other file.
    let over = ("docker-compose.override.yml", "services:\n  api: {ports: ['8000:3000']}\n");
    let base = ("docker-compose.yml", "services:\n  api: {build: .}\n");
    let up = |command: &str| {
        format!(
            "on: push\njobs:\n  a:\n    runs-on: self-hosted\n    steps:\n      - uses: actions/checkout@v6\n      - run: {command}\n"
        )
    };
    let named = up("docker compose -f docker-compose.yml up -d");
    assert_eq!(check(&[("Dockerfile", NODE), base, over, (".github/workflows/a.yml", &named)]), ["api yes "]);
    let unnamed = up("docker compose up -d");
    let both = check(&[("Dockerfile", NODE), base, over, (".github/workflows/a.yml", &unnamed)]);
    assert_eq!(both, ["api no compose-port-fixed"]);
    // So is the file that Compose would choose where scripts start the one for production.
    let published = ("docker-compose.yml", "services:\n  api: {build: ., ports: ['8000:3000']}\n");
    let production = ("docker-compose.prod.yml", "services:\n  api: {build: .}\n");
    let script = ("deploy.sh", "docker compose -f docker-compose.prod.yml up -d --build\n");
    assert_eq!(check(&[("Dockerfile", NODE), published, production, script]), ["api yes "]);
    assert_eq!(check(&[("Dockerfile", NODE), published, production]).len(), 2);
    // A file for developers is no deployment, even if it is the only one.
    let ran = Dockopt::new()
        .file("Dockerfile", NODE)
        .file("docker-compose.dev.yml", published.1)
        .args(["deploy", "check"])
        .run()
        .code(2);
    assert!(ran.stderr.contains("no compose file to check") && ran.stderr.contains("is left out"), "{}", ran.stderr);
}

#[test]
fn images_that_other_files_build_are_known() {
    let colour = ("docker-compose.blue.yml", "services:\n  api-blue:\n    image: ghcr.io/o/api:${BLUE_TAG:-latest}\n");
    let built = ("docker-compose.yml", "services:\n  api:\n    image: ghcr.io/o/api:${TAG:-latest}\n    build: .\n");
    assert_eq!(check(&[("Dockerfile", NODE), colour, built]), ["api-blue yes ", "api yes "]);
    let pipeline = "on: push\nenv:\n  IMAGE: ghcr.io/o/api\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n      \
                    - uses: docker/metadata-action@v5\n        with:\n          images: ${{ env.IMAGE }}\n      \
                    - uses: docker/build-push-action@v6\n        with: {push: true}\n";
    let compose = ("compose.yml", "services:\n  api:\n    image: ghcr.io/o/api:1.2\n    expose: ['3000']\n");
    let named = check(&[("Dockerfile", NODE), compose, (".github/workflows/ci.yml", pipeline)]);
    assert_eq!(named, ["api yes "]);
    // Without a repository, what was asked for is the whole.
    let unpacked = Dockopt::new()
        .file("deploy/compose.yml", "services:\n  api:\n    image: sync:1\n    expose: ['3000']\n")
        .file("Makefile", "build:\n\tdocker build -t sync:1 .\n")
        .file("Dockerfile", NODE)
        .args(["deploy", "check", "--format=json"])
        .run();
    assert_eq!(answers(&unpacked.json()), ["api yes "]);
    let missing = Dockopt::new()
        .file("compose.yml", "services:\n  api:\n    build: ./landing\n    expose: ['80']\n")
        .args(["deploy", "check"])
        .run();
    assert!(missing.stdout.contains("its build folder (`landing`) is not there"), "{}", missing.stdout);
    let unset = "services:\n  api:\n    image: '${IMAGE}'\n    ports: ['${HTTP_PORT}:${PORT}']\n";
    let unset = Dockopt::new().file("compose.yml", unset).args(["deploy", "check"]).run();
    let text = &unset.stdout;
    assert!(!text.contains("port 1 ") && text.contains("its image is not built here"), "{text}");
}

#[test]
fn shells_and_long_lists_speak_against_services() {
    let shell = "FROM debian:12-slim\nCOPY . .\nHEALTHCHECK CMD [\"true\"]\nCMD [\"sh\", \"-c\", \"java $JAVA_OPTS -jar app.jar\"]\n";
    let compose = ("compose.yml", "services:\n  api: {build: .}\n  other: {build: ., command: java -jar app.jar}\n");
    assert_eq!(check(&[("Dockerfile", shell), compose]), ["api no shell-as-main-process", "other yes "]);
    let haproxy =
        "backend b\n    server s1 a1:3000\n    server s2 a2:3000\n    server s3 a3:3000\n    server s4 a4:3000\n";
    let compose = "services:\n  lb:\n    image: haproxy:3.0\n    volumes: [./haproxy:/usr/local/etc/haproxy]\n  \
                   a1: {build: .}\n  a2: {build: .}\n  a3: {build: .}\n  a4: {build: .}\n";
    let kept = check(&[("Dockerfile", NODE), ("compose.yml", compose), ("haproxy/haproxy.cfg", haproxy)]);
    assert!(kept.len() == 4 && kept.iter().all(|answer| answer.ends_with("no compose-proxy-address-kept")), "{kept:?}");
}

#[test]
fn a_script_that_stops_first_speaks_against_its_services() {
    let compose = ("compose.yml", "services:\n  api: {build: .}\n");
    let script = |text: &str| {
        check(&[("Dockerfile", NODE), compose, ("deploy.sh", &format!("#!/bin/sh\nset -e\ngit pull\n{text}"))])
    };
    let stopped = script("docker compose build\ndocker compose down\ndocker compose up -d\n");
    assert_eq!(stopped, ["api no stop-before-start"]);
    assert_eq!(script("docker compose build\ndocker compose up -d\n"), ["api yes "]);
}

#[test]
fn the_same_reasons_are_said_once() {
    let compose = "services:\n  api: {build: ., container_name: api}\n";
    let ran = Dockopt::new()
        .file("Dockerfile", NODE)
        .file("docker-compose.yml", compose)
        .file("docker-compose.bundled.yml", compose)
        .args(["deploy", "check"])
        .run()
        .code(1);
    assert_eq!(ran.stdout.matches("fixed container name").count(), 1, "{}", ran.stdout);
    assert!(ran.stdout.contains(", for the reasons of docker-compose"), "{}", ran.stdout);
}

#[test]
fn two_files_take_turns() {
    let file = |color: &str, port: &str| {
        format!("services:\n  app:\n    build: .\n    ports: ['{port}:3000']\n    container_name: app-{color}\n")
    };
    let (blue, green) = (file("blue", "8083"), file("green", "8084"));
    let files = [("docker-compose.blue.yml", blue.as_str()), ("docker-compose.green.yml", green.as_str())];
    assert_eq!(check(&[("Dockerfile", NODE), files[0], files[1]]), ["app yes ", "app yes "]);
    assert_eq!(check(&[("Dockerfile", NODE), files[0]]), ["app no compose-port-fixed compose-name-fixed"]);
}

/// A Dockerfile with a check, so that nothing but the file asked about speaks against a service.
pub(super) const CHECKED: &str = "healthcheck: {test: [CMD, 'true']}";

#[test]
fn overlays_and_tags_with_variables_are_built_here() {
    let base =
        format!("services:\n  api: {{build: .., expose: ['3000'], {CHECKED}}}\n  web: {{build: .., {CHECKED}}}\n");
    let release = "services:\n  api: {image: \"${REPO:-ghcr.io/acme}/api:${TAG:-latest}\"}\n";
    let script = "base=\"$ROOT/deploy/docker-compose.yml\"\nrelease=\"$ROOT/deploy/docker-compose.release.yml\"\n\
                  docker compose -f \"$base\" -f \"$release\" up -d --wait\n";
    let files = [
        ("Dockerfile", NODE),
        ("deploy/docker-compose.yml", base.as_str()),
        ("deploy/docker-compose.release.yml", release),
        ("deploy/update.sh", script),
    ];
    assert_eq!(check(&files), ["api yes ", "web yes "]);
    let tags = "on: push\njobs:\n  b:\n    strategy: {matrix: {component: [api, web]}}\n    steps:\n      \
                - uses: docker/build-push-action@v6\n        with:\n          context: ${{ matrix.component }}\n          \
                tags: ghcr.io/acme/app-${{ matrix.component }}:${{ github.sha }}\n";
    let compose = format!("services:\n  api: {{image: 'ghcr.io/acme/app-api:${{TAG:?}}', {CHECKED}}}\n");
    let named = check(&[("api/Dockerfile", NODE), (".github/workflows/ci.yml", tags), ("compose.yml", &compose)]);
    assert_eq!(named, ["api yes "]);
}

#[test]
fn a_script_speaks_against_all_that_it_stops() {
    let compose = |names: &[&str]| {
        let services: Vec<String> = names.iter().map(|name| format!("  {name}: {{build: ., {CHECKED}}}\n")).collect();
        format!("services:\n{}", services.concat())
    };
    let four = compose(&["a", "b", "c", "d"]);
    let with = |files: &[(&str, &str)]| check(&[files, &[("Dockerfile", NODE)]].concat());
    let script = "docker compose stop a b c d\n./backup.sh\ndocker compose up -d a b c d\n";
    let all = with(&[("docker-compose.yml", &four), ("deploy.sh", script)]);
    assert!(all.len() == 4 && all.iter().all(|answer| answer.ends_with("no stop-before-start")), "{all:?}");
    // A container that is made for one command says nothing of the others.
    let script = "docker compose -f docker-compose.prod.yml stop\ndocker compose -f docker-compose.prod.yml run --rm a npm run db:migrate\n\
                  docker compose -f docker-compose.prod.yml up -d\n";
    let two = compose(&["a", "b"]);
    let stopped = with(&[("docker-compose.prod.yml", &two), ("scripts/deploy.sh", script)]);
    assert_eq!(stopped, ["a no stop-before-start", "b no stop-before-start"]);
    // Only what is stopped, whatever is started then.
    let script = "docker compose stop a\ndocker compose build\ndocker compose up -d a b\n";
    let one = with(&[("docker-compose.yml", &two), ("deploy.sh", script)]);
    assert_eq!(one, ["a no stop-before-start", "b yes "]);
    let script = "docker compose stop b\ndocker compose build\ndocker compose up -d\n";
    let one = with(&[("docker-compose.yml", &two), ("deploy.sh", script)]);
    assert_eq!(one, ["a yes ", "b no stop-before-start"]);
    // One stop, and two starts in turn.
    let script = "docker compose -f docker-compose.prod.yml stop a b\ndocker compose -f docker-compose.prod.yml up -d a\nsleep 10\n\
                  docker compose -f docker-compose.prod.yml up -d b\n";
    let files =
        [("docker-compose.prod.yml", two.as_str()), ("rollback.sh", script), ("docker-compose.micro.yml", &two)];
    let both = with(&files);
    assert_eq!(both, ["a yes ", "b yes ", "a no stop-before-start", "b no stop-before-start"]);
    // A pipeline that names the file on another machine.
    let pipeline = "on: push\njobs:\n  d:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          ssh u@h << 'EOF'\n            \
                    docker compose -f docker-compose.prod.yml down\n            docker compose -f docker-compose.prod.yml up -d\n          EOF\n";
    let files = [
        ("docker-compose.prod.yml", two.as_str()),
        ("docker-compose.micro.yml", &two),
        (".github/workflows/deploy.yml", pipeline),
    ];
    assert_eq!(with(&files), ["a yes ", "b yes ", "a no stop-before-start", "b no stop-before-start"]);
}

#[test]
fn other_targets_of_a_dockerfile_are_no_configuration() {
    let dockerfile = "FROM node:22-alpine AS server\nCOPY . .\nEXPOSE 3000\nCMD [\"node\", \"s.js\"]\nFROM nginx:1.29 AS web\n\
                      COPY nginx.conf /etc/nginx/conf.d/default.conf\n";
    let nginx = "server { location / { proxy_pass http://server:3000; } }\n";
    let compose = format!(
        "services:\n  server: {{build: {{context: ., target: server}}, {CHECKED}}}\n  web: {{build: {{context: ., target: web}}, ports: ['80:80']}}\n"
    );
    let answers = check(&[("Dockerfile", dockerfile), ("nginx.conf", nginx), ("compose.yml", &compose)]);
    assert_eq!(answers, ["server no compose-proxy-address-kept"]);
}

#[test]
fn a_program_beside_its_proxy_is_one_of_the_project() {
    let dockerfile = "FROM php:8.2-fpm-alpine\nRUN apk add --no-cache nginx supervisor\nCOPY nginx.conf /etc/nginx/http.d/default.conf\n\
                      CMD [\"supervisord\", \"-c\", \"/etc/supervisord.conf\"]\n";
    let nginx = "server { listen 80; location ~ php { fastcgi_pass 127.0.0.1:9000; } }\n";
    let compose = format!("services:\n  app: {{build: ., container_name: app, ports: ['80:80'], {CHECKED}}}\n");
    let answers = check(&[("Dockerfile", dockerfile), ("nginx.conf", nginx), ("compose.yml", &compose)]);
    assert_eq!(answers, ["app no compose-name-fixed compose-port-fixed"]);
}

#[test]
fn requests_that_pass_another_proxy_need_no_second_look() {
    let compose = format!(
        "services:\n  caddy:\n    image: caddy:2\n    ports: ['80:80']\n    volumes: ['./Caddyfile:/etc/caddy/Caddyfile:ro']\n  \
         backend: {{build: ./backend, {CHECKED}}}\n  frontend: {{build: .}}\n"
    );
    let caddy = |backend: &str| {
        format!(
            ":80 {{\n  handle /api/* {{\n    reverse_proxy {backend}\n  }}\n  handle {{\n    reverse_proxy frontend:80\n  }}\n}}\n"
        )
    };
    let with = |caddy: &str| {
        check(&[
            ("Caddyfile", caddy),
            ("Dockerfile", "FROM nginx:1.29\nCOPY nginx.conf /etc/nginx/conf.d/default.conf\n"),
            ("nginx.conf", "server { location /api/ { proxy_pass http://backend:3000; } }\n"),
            ("backend/Dockerfile", NODE),
            ("compose.yml", &compose),
        ])
    };
    assert_eq!(with(&caddy("backend:3000")), ["backend yes "]);
    assert_eq!(with(&caddy("frontend:80")), ["backend no compose-proxy-address-kept"]);
}

#[test]
fn what_a_file_on_top_replaces_is_said_once() {
    let base = "services:\n  api: {build: ., container_name: api, expose: ['3000']}\n";
    let overlay = "services:\n  api: {container_name: api-staging}\n";
    let dockerfile = "FROM node:22\nCOPY . .\nCMD [\"node\", \"s.js\"]\n";
    let answers =
        check(&[("Dockerfile", dockerfile), ("docker-compose.yml", base), ("docker-compose.staging.yml", overlay)]);
    assert_eq!(answers, ["api no compose-check-missing compose-name-fixed"; 2]);
}

#[test]
fn php_fpm_needs_time_to_end_its_requests() {
    let compose = format!("services:\n  app: {{build: ., {CHECKED}}}\n");
    let with = |more: &str, pool: &str| {
        let dockerfile = format!("FROM php:8.3-fpm\nCOPY . /var/www/html\n{more}");
        check(&[("Dockerfile", &dockerfile), ("zz.conf", pool), ("compose.yml", &compose)])
    };
    let copied = "COPY zz.conf /usr/local/etc/php-fpm.d/zz.conf\n";
    assert_eq!(with("", ""), ["app unknown "]);
    assert_eq!(with("CMD [\"php-fpm\"]\n", "process_control_timeout = 30s\n"), ["app unknown "]);
    assert_eq!(with(copied, "[global]\n;process_control_timeout = 0\n"), ["app unknown "]);
    assert_eq!(with(copied, "[global]\nprocess_control_timeout = 30s\n"), ["app yes "]);
}

#[test]
fn jobs_that_somebody_starts_are_not_replaced() {
    let compose = format!(
        "services:\n  api: {{build: ., {CHECKED}}}\n  restore: {{build: ., profiles: [recovery], restart: 'no'}}\n  \
         setup: {{build: ., profiles: [setup], restart: no}}\n"
    );
    assert_eq!(check(&[("Dockerfile", NODE), ("compose.yml", &compose)]), ["api yes "]);
}

#[test]
fn files_that_scripts_deploy_are_checked_and_copies_are_not() {
    let files = |script: &'static str| {
        check(&[
            ("Dockerfile", NODE),
            ("docker-compose.yml", "services:\n  web:\n    build: .\n    env_file: [.env.local]\n"),
            (".env.local", "NODE_ENV=development\n"),
            ("scripts/deploy-prod.sh", script),
        ])
    };
    assert!(files("echo\n").is_empty());
    assert_eq!(files("docker compose --env-file .env.production up -d\n"), ["web yes "]);
    let named = "services:\n  web: {build: ., container_name: web}\n";
    let copies = [("tmp/compose.prod.yml", named), ("ops/compose.server_diverged.yml", named)];
    let own = [("Dockerfile", NODE), ("compose.prod.yml", "services:\n  web: {build: .}\n")];
    assert_eq!(check(&[&own[..], &copies].concat()), ["web yes "]);
    // The file that a script starts by default is the one in service.
    let script = "docker compose -f \"${COMPOSE_FILE:-compose.prod.yml}\" up -d\n";
    assert_eq!(check(&[&own[..], &[("compose.yml", named), ("deploy.sh", script)]].concat()), ["web yes "]);
}

#[test]
fn workers_lose_no_requests() {
    let compose = "services:\n  worker: {build: ., container_name: worker, command: celery -A app worker}\n";
    assert_eq!(check(&[("Dockerfile", NODE), ("compose.yml", compose)]), ["worker yes "]);
}

#[test]
fn services_with_one_image_have_one_set_of_migrations() {
    let compose = format!(
        "services:\n  web: {{image: 'shop:latest', build: ./backend, {CHECKED}}}\n  worker: {{image: 'shop:latest', command: celery -A app worker}}\n"
    );
    let files = [
        ("compose.yml", compose.as_str()),
        ("backend/Dockerfile", NODE),
        ("backend/alembic/versions/a1_first.py", FIRST),
        ("backend/alembic/versions/b2_second.py", REVISION),
    ];
    assert_eq!(check(&files), ["web no ", "worker no "]);
    let dockopt = files.iter().fold(Dockopt::new(), |dockopt, (name, text)| dockopt.file(name, text));
    let ran = dockopt.args(["deploy", "check"]).run().code(1);
    assert_eq!(ran.stdout.matches("b2_second.py:11: the migration").count(), 1, "{}", ran.stdout);
    assert!(ran.stdout.contains("the migrations of `web` above: its old containers may fail"), "{}", ran.stdout);
}
