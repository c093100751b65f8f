//! `deploy plan` from the command line, without an engine: images are archives.

use serde_json::{Value, json};

use crate::cache_history::{commit, git};
use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;
use crate::image::zoo::codec::Codec;
use crate::image::zoo::layout::{Picture, engine25};
use crate::image::zoo::tar::{Member, file};

const COMPOSE: &str = "name: shop\nservices:\n  nginx:\n    image: nginx:1.28\n    ports: [\"8080:80\"]\n    volumes: \
    [\"./nginx.conf:/etc/nginx/conf.d/default.conf:ro\"]\n  api:\n    build: .\n    image: shop/api\n    stop_grace_period: 30s\n    \
    environment: {TOKEN_NAME: plain}\n    healthcheck:\n      test: [\"CMD\", \"curl\", \"-f\", \"http://localhost:8000/health\"]\n      \
    interval: 5s\n";

const DOCKERFILE: &str = "FROM python:3.13-slim\nCOPY . /app\nEXPOSE 8000\nCMD [\"python\", \"/app/app.py\"]\n";

const NGINX: &str = "server {\n    listen 80;\n    resolver 127.0.0.11 valid=1s;\n    location / {\n        set $target api;\n        \
    proxy_pass http://$target:8000;\n    }\n}\n";

/// A migration that adds a column.
const EXPAND: &str = "from alembic import op\nimport sqlalchemy as sa\n\nrevision = \"b2\"\ndown_revision = \"a1\"\n\n\n\
    def upgrade():\n    op.add_column(\"users\", sa.Column(\"nick\", sa.Text(), nullable=True))\n\n\n\
    def downgrade():\n    op.drop_column(\"users\", \"nick\")\n";

const FIRST: &str = "from alembic import op\nimport sqlalchemy as sa\n\nrevision = \"a1\"\ndown_revision = None\n\n\ndef upgrade():\n    \
    op.create_table(\"users\", sa.Column(\"id\", sa.Integer(), primary_key=True), sa.Column(\"email\", sa.Text()))\n\n\n\
    def downgrade():\n    op.drop_table(\"users\")\n";

fn contract() -> String {
    EXPAND.replace(
        "op.add_column(\"users\", sa.Column(\"nick\", sa.Text(), nullable=True))",
        "op.drop_column(\"users\", \"email\")",
    )
}

/// An archive of an image with some migrations, by the ends of their names.
fn archive(platform: &'static str, migrations: &[(&str, &str)], labels: &Value) -> Vec<u8> {
    let mut members: Vec<Member> = vec![file("app/app.py", b"print()".to_vec())];
    for (name, text) in migrations {
        members.push(file(format!("app/migrations/versions/{name}.py"), text.as_bytes().to_vec()));
    }
    let mut picture = Picture::of("api", &[vec![file("etc/os-release", b"ID=debian".to_vec())], members], Codec::Plain);
    picture.platform = (platform, "");
    picture.settings = json!({"Env": ["PATH=/bin"], "Cmd": ["python", "/app/app.py"], "Labels": labels});
    engine25(&[picture]).tar()
}

/// The project with an old and a new archive. `second`: the migration that comes.
fn project(second: Option<&str>) -> Dockopt {
    let mut migrations = vec![("a1_users", FIRST)];
    let old = archive("amd64", &migrations, &json!({}));
    migrations.extend(second.map(|text| ("b2_nick", text)));
    let new = archive("amd64", &migrations, &json!({"org.opencontainers.image.version": "2.0"}));
    let project = Dockopt::new()
        .file("compose.yaml", COMPOSE)
        .file("Dockerfile", DOCKERFILE)
        .file("nginx.conf", NGINX)
        .file("app.py", "import os\nprint(os.environ[\"TOKEN_NAME\"])\n")
        .file("pyproject.toml", "[project]\nname = \"api\"\nversion = \"1\"\ndependencies = [\"alembic\"]\n")
        .file("alembic.ini", "[alembic]\nscript_location = migrations\n")
        .file("migrations/versions/a1_users.py", FIRST)
        .file("old.tar", old)
        .file("new.tar", new);
    match second {
        Some(text) => project.file("migrations/versions/b2_nick.py", text),
        None => project,
    }
}

fn run(project: Dockopt, arguments: &[&str]) -> Ran {
    let emitted = project.args(["deploy", "emit", "--for", "haproxy", "--write"]).run().code(0);
    let plan = ["deploy", "plan", "--from", "old.tar", "--to", "new.tar"];
    plan_in(&emitted, &plan.iter().chain(arguments).copied().collect::<Vec<_>>())
}

fn plan_in(ran: &Ran, arguments: &[&str]) -> Ran {
    let command = ran.next().args(arguments.iter().copied()).env("DOCKER_HOST", "unix:///nowhere.sock");
    command.env("SOURCE_DATE_EPOCH", "1795132800").run()
}

fn questions(plan: &Value) -> Vec<&str> {
    plan["questions"].as_array().unwrap().iter().map(|question| question["text"].as_str().unwrap()).collect()
}

#[test]
fn the_way_back_follows_from_the_migrations_in_both_images() {
    let result = |second: Option<&str>, code: i32| {
        let ran = run(project(second), &["--format=json"]).code(code);
        keeps_schema(include_str!("../../schemas/deploy-plan.schema.json"), &ran.json());
        ran.json()
    };
    let none = result(None, 0);
    assert_eq!(none["rollback"]["is_possible"], true, "{none:#}");
    assert_eq!(none["facts"]["migrations"]["new"], json!([]));
    let commands = |plan: &Value| {
        let steps = plan["steps"].as_array().unwrap().iter();
        steps.filter_map(|step| step["command"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let call = |plan: &Value| commands(plan).into_iter().find(|command| command.starts_with("sh ")).unwrap();
    assert_eq!(call(&none), "sh deploy/deploy.sh --image zoo/api:latest --strategy rolling api");
    assert!(commands(&none).contains(&"docker load --input new.tar".to_owned()), "{:?}", commands(&none));
    let expand = result(Some(EXPAND), 0);
    assert_eq!(expand["rollback"]["is_possible"], true);
    assert!(call(&expand).contains("--migrate 'alembic upgrade head'"), "{}", call(&expand));
    assert_eq!(expand["facts"]["migrations"]["basis"], "the files of both images");
    let contract = result(Some(&contract()), 1);
    assert_eq!(contract["rollback"]["is_possible"], false);
    assert_eq!((&contract["is_blocked"], &contract["risk"]["level"]), (&json!(true), &json!("high")));
    assert!(questions(&contract).contains(&"Which command backs up the database?"));
}

#[test]
fn the_same_facts_give_the_same_bytes() {
    let ran = run(project(Some(EXPAND)), &["--format=json"]).code(0);
    let again = plan_in(&ran, &["deploy", "plan", "--from", "old.tar", "--to", "new.tar", "--format=json"]);
    assert_eq!(ran.stdout, again.stdout);
    std::fs::write(ran.path().join("plan.json"), &ran.stdout).unwrap();
    let from_facts = plan_in(&ran, &["deploy", "plan", "--facts", "plan.json", "--format=json"]).code(0);
    assert_eq!(from_facts.stdout, ran.stdout);
    std::fs::write(ran.path().join("facts.json"), ran.json()["facts"].to_string()).unwrap();
    assert_eq!(plan_in(&ran, &["deploy", "plan", "--facts", "facts.json", "--format=json"]).code(0).stdout, ran.stdout);
    for (document, message) in [
        ("{\"schema\": \"x\"}", "has no facts"),
        ("{", "has no facts"),
        ("{\"schema\": \"dockopt.deploy-plan/1\"}", "has no facts"),
    ] {
        std::fs::write(ran.path().join("bad.json"), document).unwrap();
        let bad = plan_in(&ran, &["deploy", "plan", "--facts", "bad.json"]).code(2);
        assert!(bad.stderr.contains(message), "{}", bad.stderr);
    }
}

#[test]
fn answers_close_questions() {
    let ran = run(project(None), &["--format=json"]).code(0);
    let open = ran.json();
    let answers = [
        "--at=2026-12-01T22:00Z",
        "--approver=Ada",
        "--monitor=Grafana, for an hour",
        "--smoke=python -m app.check",
        "--notify=true",
    ];
    let plan = ["deploy", "plan", "--from", "old.tar", "--to", "new.tar", "--format=json"];
    let closed = plan_in(&ran, &plan.iter().chain(&answers).copied().collect::<Vec<_>>()).code(0).json();
    assert_eq!(questions(&open).len(), questions(&closed).len() + answers.len(), "{:?}", questions(&closed));
    // Without an engine nobody knows what the host has.
    assert!(questions(&closed).iter().any(|text| text.starts_with("How much of the new image does the host have")));
}

#[test]
fn what_is_on_record_gives_the_times() {
    let line = |version: u64, start: &str| {
        format!(
            "{{\"version\":{version},\"time\":\"2026-11-20T10:00:00Z\",\"service\":\"api\",\"command\":\"deploy\",\"strategy\":\"rolling\",\
             \"from\":\"a\",\"to\":\"b\",\"containers\":\"c\",\"seconds\":30.5,\"steps\":{{\"settle\":1.2,\"image\":0.4,\"start\":{start},\
             \"switch\":11.0,\"remove\":2.0}},\"exit\":0,\"result\":\"b is in service\"}}\n"
        )
    };
    let text = line(2, "10.0") + &line(2, "12.0") + &line(9, "1") + "{\"version\":2,\"ti";
    let ran = run(project(None).file("deploy/record.jsonl", text), &["--format=json"]).code(0);
    let plan = ran.json();
    let steps = plan["steps"].as_array().unwrap();
    let start = steps.iter().find(|step| step["phases"] == json!(["start"])).unwrap();
    assert_eq!((&start["seconds"]["at_least"], &start["seconds"]["at_most"]), (&json!(6.0), &json!(17.8)), "{start:#}");
    assert!(start["seconds"]["basis"].as_str().unwrap().contains("10.0 s to 12.0 s"), "{start:#}");
    for problem in ["record.jsonl:3: ", "record.jsonl:4: "] {
        assert!(ran.stderr.contains(problem), "{}", ran.stderr);
    }
    let missing = ["deploy", "plan", "--from", "old.tar", "--to", "new.tar", "--record", "gone.jsonl"];
    assert!(plan_in(&ran, &missing).code(2).stderr.contains("gone.jsonl"));
}

#[test]
fn bad_images_are_named() {
    let ran = run(project(None), &[]).code(0);
    let plan = |from: &str, to: &str| plan_in(&ran, &["deploy", "plan", "--from", from, "--to", to]);
    for (from, to, named) in [("old.tar", "gone.tar", "gone.tar"), ("gone.tar", "new.tar", "gone.tar")] {
        let failed = plan(from, to).code(2);
        assert!(failed.stderr.contains(named), "{}", failed.stderr);
    }
    std::fs::write(ran.path().join("arm.tar"), archive("arm64", &[("a1_users", FIRST)], &json!({}))).unwrap();
    let other = plan("old.tar", "arm.tar").code(1);
    assert!(other.stdout.contains("[!] not so  it is of the platform of the one in service"), "{}", other.stdout);
    // No engine answers: what runs is a question, and so is what the new image changes.
    let unknown = plan_in(&ran, &["deploy", "plan", "--to", "new.tar"]).code(0);
    assert!(unknown.stdout.contains("Which image is in service?"), "{}", unknown.stdout);
    assert!(unknown.stdout.contains("Which migrations does the new version bring"), "{}", unknown.stdout);
}

#[test]
fn a_service_is_named_where_the_image_does_not_tell() {
    let compose = COMPOSE.replace(
        "  api:",
        "  worker:\n    build: ./worker\n    stop_grace_period: 30s\n    healthcheck: {test: [CMD, \"true\"]}\n  api:",
    );
    let two =
        || project(None).file("compose.yaml", &compose).file("worker/Dockerfile", DOCKERFILE).file("worker/app.py", "");
    let unknown = run(two(), &[]).code(2);
    assert!(unknown.stderr.contains("which services run `new.tar` is not known"), "{}", unknown.stderr);
    let plan = run(two(), &["--service=worker", "--format=json"]).code(0).json();
    assert_eq!(plan["facts"]["services"][0]["name"], "worker");
    assert!(run(two(), &["--service=nginx"]).code(2).stderr.contains("`nginx` is not among the services"));
}

#[test]
fn every_format_has_the_commands_and_the_questions() {
    let ran = run(project(Some(EXPAND)), &[]).code(0);
    for format in ["text", "markdown", "html"] {
        let text = plan_in(&ran, &["deploy", "plan", "--from", "old.tar", "--to", "new.tar", "--format", format])
            .code(0)
            .stdout;
        for part in
            ["sh deploy/deploy.sh --image zoo/api:latest", "When does it begin?", "Checklist", "Rollback", "Timeline"]
        {
            assert!(text.contains(part), "{format} without {part}: {text}");
        }
    }
}

/// What plans in the field have.
const HEADINGS: &str = include_str!("../vectors/deploy-headings.tsv");

/// Whether a plan has what a heading of the vectors points to.
fn has(plan: &Value, page: &str, place: &str) -> bool {
    let (section, name) = place.split_once(": ").unwrap();
    let any = |list: &Value, key: &str| {
        list.as_array().unwrap().iter().any(|item| item[key].as_str().unwrap().contains(name))
    };
    match section {
        "heading" => page.contains(name),
        "question" => any(&plan["questions"], "text"),
        "checklist" => any(&plan["checklist"], "text"),
        "steps" => any(&plan["steps"], "title"),
        "rollback" => !["null", "\"\"", "[]"].contains(&plan["rollback"][name].to_string().as_str()),
        facts => any(&plan[facts], "name"),
    }
}

/// A project of which all is known that files can say.
fn known_project() -> Ran {
    let contract = contract();
    let labels = |revision: &str, version: &str| json!({"org.opencontainers.image.revision": revision, "org.opencontainers.image.version": version});
    let compose = COMPOSE
        .replace("    ports: [\"8080:80\"]\n", "")
        .replace("    build: .\n", "    build: .\n    mem_limit: 256m\n    ports: [\"127.0.0.1:8000:8000\"]\n");
    let emitted = project(None).file("compose.yaml", compose);
    let emitted = emitted.args(["deploy", "emit", "--for", "haproxy", "--write"]).run().code(0);
    let folder = emitted.path().to_owned();
    git(&folder, &["init", "-q", "-b", "main"]);
    let revision = |message: &str| {
        commit(&folder, message, &[]);
        git(&folder, &["rev-parse", "HEAD"]).trim().to_owned()
    };
    let first = revision("one");
    std::fs::write(folder.join("migrations/versions/b2_nick.py"), &contract).unwrap();
    std::fs::write(folder.join("app.py"), "import os\nprint(os.environ[\"TOKEN_NAME\"], os.environ[\"LEVEL\"])\n")
        .unwrap();
    let second = revision("two");
    let migrations = [("a1_users", FIRST), ("b2_nick", contract.as_str())];
    std::fs::write(folder.join("old.tar"), archive("amd64", &migrations[..1], &labels(&first, "1.0"))).unwrap();
    std::fs::write(folder.join("new.tar"), archive("amd64", &migrations, &labels(&second, "2.0"))).unwrap();
    let line = "{\"version\":2,\"time\":\"2026-11-20T10:00:00Z\",\"service\":\"api\",\"command\":\"deploy\",\"strategy\":\"rolling\",\
        \"from\":\"a\",\"to\":\"b\",\"containers\":\"c\",\"seconds\":30.5,\"steps\":{\"settle\":1.2,\"image\":0.4,\"migrate\":2.5,\"start\":9.5,\
        \"switch\":11.0,\"remove\":2.0},\"watched\":[{\"percent\":100,\"requests\":900,\"errors\":1,\"milliseconds\":14}],\"exit\":0,\"result\":\"b\"}\n";
    std::fs::write(folder.join("deploy/record.jsonl"), line).unwrap();
    emitted
}

#[test]
fn every_heading_of_the_field_is_filled_or_a_question() {
    let ran = known_project();
    let plan = |format: &str| {
        let arguments =
            ["deploy", "plan", "--from", "old.tar", "--to", "new.tar", "--at", "2026-12-01T22:00Z", "--format", format];
        plan_in(&ran, &arguments).code(1)
    };
    let (result, page) = (plan("json").json(), plan("markdown").stdout);
    keeps_schema(include_str!("../../schemas/deploy-plan.schema.json"), &result);
    let (mut filled, mut all) = (0, 0);
    for line in HEADINGS.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        if columns[1] != "plan" {
            continue;
        }
        assert!(has(&result, &page, columns[2]), "{line}: {result:#}");
        all += 1;
        filled += usize::from(!columns[2].starts_with("question: "));
    }
    assert!(filled * 4 >= all * 3, "{filled} of {all}");
    let commits = &result["facts"]["commits"]["commits"];
    assert_eq!((commits.as_array().unwrap().len(), &commits[0][1]), (1, &json!("two")));
    assert_eq!(result["facts"]["variables"]["new"], json!(["LEVEL"]));
    assert!(result["facts"]["migrations"]["basis"].as_str().unwrap().starts_with("the commit "));
}
