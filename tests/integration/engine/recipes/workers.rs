//! Checks of workers: they fail without a worker, without its broker, and while one of both hangs.

use std::time::{Duration, Instant};

use super::super::{Container, Engine, Image, PATIENCE, is_full};
use super::{FOLDER, check_of, each, seconds};

/// A worker and what it asks for jobs.
struct Worker {
    /// Its row of services.tsv.
    row: &'static str,
    stage: &'static str,
    broker: Broker,
    command: &'static str,
    /// The module of a worker of Taskiq, which has the hook of this project.
    module: Option<&'static str>,
}

/// What holds the jobs.
#[derive(Clone, Copy)]
struct Broker {
    stage: &'static str,
    command: &'static [&'static str],
}

const REDIS: Broker = Broker { stage: "redis", command: &["redis-server", "--protected-mode", "no"] };
const NATS: Broker =
    Broker { stage: "nats-alpine", command: &["nats-server", "--config", "/etc/nats/nats-server.conf"] };

const fn worker(row: &'static str, broker: Broker, command: &'static str) -> Worker {
    Worker { row, stage: "workers", broker, command, module: None }
}

const WORKERS: [Worker; 6] = [
    Worker {
        module: Some("taskiq_nats_jobs"),
        ..worker(
            "worker taskiq",
            NATS,
            "env TASKIQ_BROKER=taskiq_nats_jobs:broker taskiq worker --workers 2 taskiq_ready:broker taskiq_nats_jobs",
        )
    },
    Worker {
        module: Some("taskiq_redis_jobs"),
        ..worker(
            "worker taskiq",
            REDIS,
            "env TASKIQ_BROKER=taskiq_redis_jobs:broker taskiq worker --workers 2 taskiq_ready:broker taskiq_redis_jobs",
        )
    },
    worker("worker celery", REDIS, "celery -A celery_jobs worker -c 1"),
    worker("worker rq", REDIS, "rq worker --url redis://broker --worker-ttl 10"),
    worker("worker arq", REDIS, "arq app.worker.WorkerSettings"),
    Worker { stage: "sidekiq", ..worker("worker sidekiq", REDIS, "sidekiq -r /app/jobs.rb") },
];

/// A network, removed with its end.
struct Network<'e> {
    engine: &'e Engine,
    name: String,
}

impl Drop for Network<'_> {
    fn drop(&mut self) {
        self.engine.run(&["network", "rm", &self.name]);
    }
}

/// A worker with its check, and its broker.
struct Pair<'e> {
    worker: Container<'e>,
    broker: Container<'e>,
    check: Vec<String>,
    _network: Network<'e>,
}

impl<'e> Pair<'e> {
    fn create(engine: &'e Engine, worker: &Worker) -> Self {
        let name = worker.module.unwrap_or(worker.row).replace(' ', "-");
        let network = Network { engine, name: format!("recipes-{}-{name}", std::process::id()) };
        engine.text(&["network", "create", &network.name]);
        let create = |stage: &str, alias: &str, command: &[&str]| {
            let image = tag(stage);
            let words = ["create", "--network", &network.name, "--network-alias", alias, &image];
            Container { engine, id: engine.text(&[&words, command].concat()) }
        };
        let broker = create(worker.broker.stage, "broker", worker.broker.command);
        let command = format!("until {}; do sleep 1; done", worker.command);
        let container = create(worker.stage, "worker", &["sh", "-c", &command]);
        if worker.module.is_some() {
            engine.text(&["cp", "data/hooks/taskiq_ready.py", &format!("{}:/app/", container.id)]);
        }
        engine.text(&["start", &broker.id, &container.id]);
        Self { worker: container, broker, check: check_of(worker.row), _network: network }
    }

    fn succeeds(&self) -> bool {
        let words = ["exec", &self.worker.id, "timeout", "15"].into_iter();
        let words: Vec<&str> = words.chain(self.check.iter().map(String::as_str)).collect();
        self.worker.engine.run(&words).status.success()
    }

    /// Runs the check until it ends as expected.
    fn becomes(&self, expected: bool, when: &str) -> String {
        let start = Instant::now();
        while self.succeeds() != expected {
            assert!(start.elapsed() < PATIENCE, "the check does not notice it: {when}");
            std::thread::sleep(Duration::from_millis(500));
        }
        seconds(start)
    }

    fn row(&self, worker: &Worker) -> String {
        assert!(!self.succeeds(), "the check succeeds without a worker");
        touch_start(&self.worker);
        for _ in 0..3 {
            std::thread::sleep(Duration::from_secs(2));
            assert!(!self.succeeds(), "the check succeeds without a broker");
        }
        touch_start(&self.broker);
        let ready = self.becomes(true, "the broker runs");
        signal(&self.broker, "USR1");
        let hangs = self.becomes(false, "the broker hangs");
        signal(&self.broker, "WINCH");
        let again = self.becomes(true, "the broker goes on");
        let (stopped, mut killed) = if let Some(module) = worker.module {
            self.worker.engine.text(&["exec", &self.worker.id, "python", "kick.py", module]);
            (self.becomes(false, "a job blocks one of two processes"), String::new())
        } else {
            signal(&self.worker, "USR1");
            (self.becomes(false, "the worker hangs"), "-".to_owned())
        };
        if killed.is_empty() {
            self.becomes(true, "the job is done");
            signal(&self.broker, "USR2");
            killed = self.becomes(false, "the broker was killed");
        }
        format!("{ready} | {hangs} | {again} | {stopped} | {killed}")
    }
}

fn touch_start(container: &Container) {
    container.engine.text(&["exec", &container.id, "touch", "/start"]);
}

fn signal(container: &Container, name: &str) {
    container.engine.text(&["kill", "--signal", name, &container.id]);
}

fn tag(stage: &str) -> String {
    format!("recipes-{stage}:workers-{}", std::process::id())
}

#[test]
fn checks_of_workers_follow_worker_and_broker() {
    let Some(engine) = Engine::find() else { return };
    if !is_full() {
        return;
    }
    let mut images = Vec::new();
    for stage in ["workers", "sidekiq", REDIS.stage, NATS.stage] {
        let argument = format!("STAGE={stage}");
        let words = ["--network=host", "--build-arg", &argument, "--tag", &tag(stage)];
        let built = engine.build(FOLDER.as_ref(), &words);
        assert!(built.ok, "{}", built.log);
        images.push(Image { engine: &engine, tag: tag(stage) });
    }
    let name = |worker: Worker| (format!("{} with {}", worker.row, worker.broker.stage), worker);
    let workers = WORKERS.into_iter().map(name).collect();
    let columns = "ready | broker hangs | it goes on | worker hangs | broker killed";
    each(columns, workers, |worker| Pair::create(&engine, worker).row(worker));
}
