//! `dockopt compose emit` for programs that take tasks, and for those that plan them: which are added, and how each is asked
//! whether it is ready.

use std::fs;
use std::process::Command;

use crate::compose_emit::{project, written};
use crate::compose_emit_first_start::written_with_notes;
use crate::compose_emit_variables::{has, lacks, service};

/// A worker with a Dockerfile of its own.
fn worker(package: &str, command: &str, source: &str) -> String {
    let dockerfile =
        format!("FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nCMD {command}\n");
    let folder = project(&[
        ("worker/Dockerfile", &dockerfile),
        ("worker/requirements.txt", &format!("{package}\nredis\n")),
        ("worker/shop/__init__.py", ""),
        ("worker/shop/tasks.py", &format!("import os\nurl = os.environ[\"REDIS_URL\"]\n{source}")),
        (".env.example", "REDIS_URL=redis://localhost:6379/0\n"),
    ]);
    service(&written(folder.path()), "worker")
}

#[test]
fn each_worker_is_asked_as_its_library_can_be() {
    let celery = "from celery import Celery\n\napp = Celery('shop')\n";
    let arq = "class WorkerSettings:\n    functions = []\n\nclass CronSettings:\n    cron_jobs = [cron(f)]\n";
    for (package, command, source, check) in [
        ("celery", "celery -A shop.tasks worker", celery, "celery -A shop.tasks inspect ping"),
        // A name of its own is not that of the host.
        ("celery", "celery -A shop.tasks worker -n high@%h", celery, ""),
        ("celery", "celery -A shop.tasks beat", celery, ""),
        ("arq", "arq shop.tasks.WorkerSettings", arq, "[\"CMD\", \"arq\", \"--check\", \"shop.tasks.WorkerSettings\"]"),
        ("arq", "arq shop.tasks.CronSettings", arq, "[\"CMD\", \"arq\", \"--check\", \"shop.tasks.CronSettings\"]"),
        ("rq", "rq worker --url $REDIS_URL", "", "from rq import Worker"),
        ("rq", "rq worker --name first", "", ""),
        ("rq-scheduler", "rqscheduler --url $REDIS_URL", "", ""),
        ("dramatiq", "dramatiq shop.tasks", "@dramatiq.actor\ndef f(): ...\n", ""),
        ("huey", "huey_consumer.py shop.tasks.huey", "huey = RedisHuey('shop')\n", ""),
        ("taskiq", "taskiq scheduler shop.tasks:scheduler", "broker = b()\n\n@broker.task\ndef f(): ...\n", ""),
        ("temporalio", "python -m shop.tasks", "Worker(client, task_queue='a')\n", ""),
    ] {
        let text = worker(package, command, source);
        assert_eq!(text.contains("test:"), !check.is_empty(), "{command}:\n{text}");
        has(&text, &[check]);
        lacks(&text, &["ports:"]);
        if package != "temporalio" {
            has(&text, &["restart: unless-stopped"]);
        }
    }
    // The check of rq reads a variable that the worker has to get.
    let folder = project(&[
        ("worker/Dockerfile", "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nCMD rq worker high\n"),
        ("worker/requirements.txt", "rq\n"),
        ("worker/tasks.py", "def f(): ...\n"),
    ]);
    lacks(&written(folder.path()), &["healthcheck"]);
}

const CELERY: &[(&str, &str)] = &[
    ("requirements.txt", "django==5.2\ncelery==5.5\nredis==6.2\ngunicorn==23\n"),
    ("shop/__init__.py", ""),
    ("shop/settings.py", "import os\nURL = os.environ['REDIS_URL']\n"),
    ("shop/wsgi.py", "from shop import settings\nfrom shop.celery import app\n"),
    ("shop/celery.py", "from celery import Celery\nfrom shop import settings\n\napp = Celery('shop')\n"),
    ("bin/worker.sh", "#!/bin/sh\nset -e\nexec celery -A shop worker\n"),
    (".env.example", "REDIS_URL=redis://localhost:6379/0\n"),
];

fn dockerfile(command: &str) -> String {
    format!(
        "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000\nCMD {command}\n"
    )
}

#[test]
fn a_worker_with_an_image_of_its_own_is_planned_once() {
    let web = dockerfile("[\"gunicorn\", \"-b\", \"0.0.0.0:8000\", \"shop.wsgi\"]");
    let beat = dockerfile("[\"celery\", \"-A\", \"shop\", \"beat\"]");
    for command in ["[\"celery\", \"-A\", \"shop\", \"worker\"]", "[\"./bin/worker.sh\"]"] {
        let worker = dockerfile(command);
        let mut files = CELERY.to_vec();
        files.extend([("Dockerfile", web.as_str()), ("Dockerfile.worker", &worker), ("Dockerfile.beat", &beat)]);
        let text = written(project(&files).path());
        has(&text, &["\n  app:\n", "\n  worker:\n", "\n  beat:\n"]);
        let services = text.matches("    build:").count();
        assert_eq!(services, 3, "{text}");
        has(&service(&text, "worker"), &["dockerfile: Dockerfile.worker", "celery -A shop inspect ping"]);
        lacks(&service(&text, "beat"), &["healthcheck", "ports:"]);
    }
    // Another project's worker does not take its tasks.
    let mut files = CELERY.to_vec();
    let worker = dockerfile("[\"celery\", \"-A\", \"blog\", \"worker\"]");
    let blog = "from celery import Celery\n\napp = Celery('blog')\n";
    let blog_web = dockerfile("[\"gunicorn\", \"blog:app\"]");
    files.extend([
        ("Dockerfile", web.as_str()),
        (".dockerignore", "blog\n"),
        ("blog/Dockerfile", &blog_web),
        ("blog/Dockerfile.worker", &worker),
        ("blog/requirements.txt", "celery==5.5\ngunicorn==23\n"),
        ("blog/blog.py", blog),
    ]);
    let text = written(project(&files).path());
    assert_eq!(text.matches("inspect ping").count(), 2, "{text}");
}

#[test]
fn services_of_a_file_are_asked_only_by_a_check_that_fits_them() {
    let web = dockerfile("[\"gunicorn\", \"-b\", \"0.0.0.0:8000\", \"shop.wsgi\"]");
    let environment = "    environment: {REDIS_URL: \"redis://redis\"}\n";
    let compose = format!(
        "services:\n  redis:\n    image: redis:8\n  web:\n    build: .\n{environment}  worker:\n    build: .\n    command: \
         celery -A shop worker -n high@%h\n{environment}"
    );
    let mut files = CELERY.to_vec();
    files.extend([("Dockerfile", web.as_str()), ("compose.yaml", &compose)]);
    let folder = project(&files);
    let output = Command::new(env!("CARGO_BIN_EXE_dockopt"))
        .args(["compose", "emit", "--write"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let after = fs::read_to_string(folder.path().join("compose.yaml")).unwrap();
    lacks(&after, &["inspect"]);
}

#[test]
fn workers_of_django_are_started_by_its_own_command() {
    let files = |worker: &str| {
        project(&[
            (
                "Dockerfile",
                "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nUSER 1000\nEXPOSE 8000\nCMD [\"gunicorn\", \"-b\", \"0.0.0.0:8000\", \"shop.wsgi\"]\n",
            ),
            ("requirements.txt", &format!("django==5.2\nredis==6.2\npsycopg==3.2\n{worker}\n")),
            ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
            ("shop/__init__.py", ""),
            (
                "shop/settings.py",
                "import os\nDATABASE_URL = os.environ['DATABASE_URL']\nREDIS_URL = os.environ['REDIS_URL']\nHUEY = {'huey_class': 'huey.RedisHuey'}\nQ_CLUSTER = {'name': 'shop'}\n",
            ),
            ("shop/tasks.py", "import dramatiq\n\n@dramatiq.actor\ndef send():\n    pass\n"),
        ])
    };
    for (packages, command) in [
        ("huey==2.5", "run_huey"),
        ("django-q2==1.7", "qcluster"),
        ("dramatiq==1.17\ndjango-dramatiq==0.13", "rundramatiq"),
    ] {
        let text = written(files(packages).path());
        let line = format!("command: [\"python\", \"manage.py\", \"{command}\"]");
        assert!(text.contains(&line), "{line} is not in:\n{text}");
    }
}

/// A program whose entrypoint starts what its argument names.
const ENTRYPOINT: &str = r#"#!/bin/bash
set -e

worker() {
  export QUEUES=${QUEUES:-default}
  exec rq worker $QUEUES
}

create_db() {
  exec flask create-tables
}

case "$1" in
  server) shift; exec gunicorn -b 0.0.0.0:5000 shop:app ;;
  dev_worker | worker)
    shift
    worker
    ;;
  scheduler)
    exec rqscheduler
    ;;
  create_db)
    create_db
    ;;
  tests)
    exec pytest
    ;;
  *)
    exec "$@"
    ;;
esac
"#;

#[test]
fn arguments_of_an_entrypoint_start_workers() {
    let dockerfile = "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 5000 9229 5001\nENTRYPOINT [\"/srv/bin/docker-entrypoint\"]\nCMD [\"server\"]\n";
    let files = |entrypoint: &str| {
        project(&[
            ("Dockerfile", dockerfile),
            ("requirements.txt", "flask\ngunicorn\nrq\npsycopg\n"),
            ("shop.py", "import os\nurl = os.environ['DATABASE_URL']\nredis = os.environ['REDIS_URL']\n"),
            ("bin/docker-entrypoint", entrypoint),
            (".env.example", "DATABASE_URL=postgresql://shop:x@db/shop\nREDIS_URL=redis://localhost:6379/0\n"),
        ])
    };
    let folder = files(ENTRYPOINT);
    let text = written(folder.path());
    has(&service(&text, "worker"), &["command: [\"worker\"]", "condition: service_healthy", "from rq import Worker"]);
    has(&service(&text, "scheduler"), &["command: [\"scheduler\"]", "condition: service_healthy"]);
    lacks(&service(&text, "scheduler"), &["healthcheck", "ports"]);
    // All ports that the image is made to publish, but that of a debugger.
    has(&service(&text, "app"), &["\"5000:5000\"", "\"5001:5001\""]);
    lacks(&text, &["9229", "tests", "dev_worker"]);
    let output = Command::new(env!("CARGO_BIN_EXE_dockopt")).args(["compose", "emit"]).arg(folder.path()).output();
    let output = output.unwrap();
    let all = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(all.contains("docker compose run --rm app create_db"), "{all}");
    // Another subject than the first argument, and arguments that say nothing.
    let other = ENTRYPOINT.replace("case \"$1\"", "case \"$MODE\"");
    lacks(&written(files(&other).path()), &["scheduler"]);
}

#[test]
fn tasks_with_times_have_what_plans_them() {
    let dockerfile = "FROM python:3.13-slim\nWORKDIR /srv\nCOPY . .\nRUN pip install -r requirements.txt\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\", \"--port\", \"8000\"]\n";
    let main = "import os\nfrom fastapi import FastAPI\nimport tasks\napp = FastAPI()\nURL = os.environ['REDIS_URL']\n";
    let of = |tasks: &str, more: &[(&str, &str)]| {
        let known = [
            ("Dockerfile", dockerfile),
            ("requirements.txt", "fastapi\nuvicorn\ncelery\nredis\n"),
            ("main.py", main),
            ("tasks.py", tasks),
            (".env.example", "REDIS_URL=redis://localhost:6379/0\n"),
        ];
        written(project(&[&known[..], more].concat()).path())
    };
    let celery = "from celery import Celery\n\napp = Celery('shop')\n";
    let schedule = format!("{celery}app.conf.beat_schedule = {{'a': {{'task': 'tasks.a', 'schedule': 10}}}}\n");
    let text = of(&schedule, &[]);
    has(&service(&text, "scheduler"), &["\"celery\", \"-A\", \"tasks:app\", \"beat\"", "restart: unless-stopped"]);
    lacks(&service(&text, "scheduler"), &["ports:"]);
    has(&text, &["  worker:\n"]);
    lacks(&of(celery, &[]), &["scheduler"]);
    // One that the file has under another name is it.
    let compose = "services:\n  app: {build: ., environment: {REDIS_URL: 'redis://redis:6379/0'}}\n  beat:\n    build: .\n    command: celery -A tasks:app beat\n    environment: {REDIS_URL: 'redis://redis:6379/0'}\n  worker:\n    build: .\n    command: celery -A tasks:app worker\n    environment: {REDIS_URL: 'redis://redis:6379/0'}\n  redis: {image: 'redis:8'}\n";
    let folder = project(&[
        ("Dockerfile", dockerfile),
        ("requirements.txt", "fastapi\nuvicorn\ncelery\nredis\n"),
        ("main.py", main),
        ("tasks.py", &schedule),
        ("compose.yaml", compose),
    ]);
    let (_, said) = crate::compose_emit::run(folder.path(), &["compose", "emit"]);
    lacks(&said, &["scheduler"]);
}

#[test]
fn the_module_of_a_worker_is_found_where_it_lies() {
    let image = "FROM python:3.13-slim\nWORKDIR /app\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n";
    let written = |files: &[(&str, &str)]| written_with_notes(files).0;
    // The command of the server changes into the folder; the image for workers has none.
    let web = format!(
        "{image}COPY . .\nCMD [\"sh\", \"-c\", \"cd src && gunicorn --bind 0.0.0.0:8000 config.wsgi:application\"]\n"
    );
    let celery = "import os\nfrom celery import Celery\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\napp = Celery('config', broker='redis://redis:6379/0')\n";
    let django = |dockerfile: &str| {
        written(&[
            ("docker/web/Dockerfile", &web),
            ("docker/celery/Dockerfile", dockerfile),
            ("requirements.txt", "django\ncelery\ngunicorn\nredis\n"),
            ("src/manage.py", "import os, sys\n"),
            ("src/config/__init__.py", ""),
            ("src/config/settings.py", "SECRET_KEY = 'x'\n"),
            ("src/config/celery.py", celery),
            (
                "src/config/wsgi.py",
                "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n",
            ),
        ])
    };
    let worker = service(&django(&format!("{image}COPY . .\n")), "worker");
    has(&worker, &["\"config.celery:app\"", "working_dir: /app/src"]);
    let worker = service(&django(&format!("{image}ENV PYTHONPATH=/app/src\nCOPY . .\n")), "worker");
    lacks(&worker, &["working_dir"]);
    // What sources import as `src` is a package; and its worker plans the tasks itself.
    let bot = |command: &str| {
        let celery = format!("{image}COPY src src\nCMD {command}\n");
        written(&[
            ("docker/bot/Dockerfile", &format!("{image}COPY src src\nCMD [\"python\", \"src/bot.py\"]\n")),
            ("docker/celery/Dockerfile", &celery),
            ("requirements.txt", "celery\nredis\n"),
            ("src/__init__.py", ""),
            ("src/bot.py", "from src.celery.tasks import send\nsend.delay()\n"),
            (
                "src/celery/app.py",
                "from celery import Celery\ncelery_app = Celery('tasks', broker='redis://redis:6379/3')\ncelery_app.conf.beat_schedule = {}\n",
            ),
            ("src/celery/tasks.py", "from src.celery.app import celery_app\n@celery_app.task\ndef send():\n    pass\n"),
        ])
    };
    has(&service(&bot("celery -A src.celery.tasks worker"), "scheduler"), &["\"src.celery.app:celery_app\", \"beat\""]);
    for command in
        ["celery -A src.celery.tasks worker --beat", "[\"celery\", \"-A\", \"src.celery.tasks\", \"worker\", \"-B\"]"]
    {
        lacks(&bot(command), &["scheduler:"]);
    }
}
