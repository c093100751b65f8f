//! `dockopt compose emit` where the compose file, or another one, has what it would add under another name.

use crate::dockopt::{Dockopt, Ran};

fn emit(project: Dockopt) -> Ran {
    project.args(["compose", "emit", "--write"]).run().code(0)
}

/// A program of Celery with a web server; its tasks are planned.
fn shop() -> Dockopt {
    Dockopt::new()
        .file("api/Dockerfile", "FROM python:3.13\nWORKDIR /code\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"gunicorn\", \"shop.app\"]\n")
        .file("api/requirements.txt", "celery\nredis\ngunicorn\n")
        .file("api/shop/app.py", "def application(environ, start): pass\n")
        .file("api/shop/tasks.py", "import os\nfrom celery import Celery\napp = Celery(\"shop\", broker=os.environ[\"REDIS_URL\"])\napp.conf.beat_schedule = {\"a\": {\"task\": \"shop.tasks.a\", \"schedule\": 1}}\n@app.task\ndef a(): pass\n")
        .file("api/bin/beat.sh", "#!/bin/sh\nset -e\nexec celery -A shop.tasks beat\n")
}

#[test]
fn a_scheduler_behind_a_script_and_a_cache_of_another_name_are_there() {
    let variables = "environment: {REDIS_URL: \"redis://cache:6379/0\"}";
    let compose = format!(
        "services:\n  api:\n    build: api\n    {variables}\n  worker:\n    build: api\n    command: celery -A shop.tasks worker\n    {variables}\n  \
         clock:\n    build: api\n    command: ./bin/beat.sh\n    {variables}\n  cache:\n    image: valkey/valkey:8\n"
    );
    let ran = emit(shop().file("compose.yaml", compose));
    let file = ran.read("compose.yaml");
    assert!(!file.contains("scheduler:") && !file.contains("image: redis"), "{file}");
}

/// A job that starts what its image does, and a program that another compose file of the repository starts.
#[test]
fn jobs_and_services_of_other_files_are_there() {
    let node = "FROM node:22\nCOPY a.js /\nCMD [\"node\", \"/a.js\"]\n";
    let server = "require(\"http\").createServer((a, b) => b.end()).listen(80)\n";
    let compose = "services:\n  web: {build: web}\n  seed:\n    build: seed-data\n    profiles: [seed]\n    restart: \"no\"\n    depends_on: [web]\n";
    let project = Dockopt::new()
        .file("compose.yaml", compose)
        .file("compose-load.yaml", "services:\n  load: {build: load-gen}\n");
    let project = ["web", "seed-data", "load-gen"].into_iter().fold(project, |project, folder| {
        project
            .file(&format!("{folder}/Dockerfile"), node)
            .file(&format!("{folder}/a.js"), format!("{server}// {folder}\n"))
    });
    let ran = emit(project);
    let file = ran.read("compose.yaml");
    assert!(!file.contains("load-gen") && !file.contains("  seed-data:"), "{file}");
    assert!(
        ran.stderr.contains("`load-gen` was not added: `load` of compose-load.yaml is built from its Dockerfile"),
        "{}",
        ran.stderr
    );
}
