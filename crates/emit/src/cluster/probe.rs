//! A health check as probes: what asks, and how often. Kubernetes runs no HEALTHCHECK of an image, and a check of Docker restarts
//! no container: it becomes a readiness probe, and a startup probe that gives it time.

use super::environment::shows_secret;
use super::node::Node;
use crate::build::Programs;
use crate::data;
use crate::shell::Script;
use crate::stack::{AnswerReading, CheckQuestion, CheckTiming, PageRequest};

/// The longest time between two requests of a page, in seconds: one costs little, and traffic waits for it.
const PAGE_PERIOD: u64 = 10;
/// The longest time that an answer may take, in seconds.
const LONGEST_TIMEOUT: u64 = 5;
/// Seconds between two questions while a container starts, at most.
const START_PERIOD: u64 = 5;
/// Startup of a runtime that is slow where the check gives it no time: tries, and seconds between them.
const SLOW_START: (u64, u64) = (30, 2);
/// The shortest time that a container gets to start: one that fails in it is started again, which Docker does not do.
const SHORTEST_START: u64 = 10;
/// Seconds that a program with an interpreter gets for its answer at least: it takes a good part of one second to start.
const INTERPRETER_TIMEOUT: u64 = 5;
/// The shortest time between two liveness probes.
const LIVENESS_PERIOD: u64 = 10;

/// How a probe asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ProbeAction {
    /// `httpGet`
    Page(PageRequest),
    /// `exec`
    Exec(Vec<String>),
    /// `tcpSocket`
    Port(u16),
    /// `grpc`
    Grpc(u16, String),
}

/// A probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Probe {
    pub(super) action: ProbeAction,
    /// Seconds between two questions.
    pub(super) period: u64,
    /// Seconds that an answer may take.
    pub(super) timeout: u64,
    /// Failures in a row that count.
    pub(super) failures: u64,
}

/// A check as it is run.
pub(super) struct CheckSource<'c> {
    /// The name of its service, which means the container itself in it.
    pub(super) service: &'c str,
    /// The program and its arguments, or the text for a shell alone.
    pub(super) words: Vec<String>,
    /// The words of the shell that runs it; none where it is run as it is.
    pub(super) shell: Vec<String>,
    /// Its commands.
    pub(super) script: Script,
    /// How it is timed.
    pub(super) timing: CheckTiming,
    /// Whether what it asks needs long to start: a virtual machine of Java.
    pub(super) is_slow: bool,
    /// The programs of the image, where it is known.
    pub(super) programs: Option<Programs<'c, 'c>>,
}

/// What a check becomes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ProbePlan {
    pub(super) readiness: Option<Probe>,
    pub(super) startup: Option<Probe>,
    pub(super) liveness: Option<Probe>,
    /// Why, by the keys of the container.
    pub(super) reasons: Vec<(&'static str, String)>,
    /// What is lost or open, one clause each.
    pub(super) notes: Vec<String>,
    /// Seconds that a container may take to start; none where nothing asks it.
    pub(super) budget: Option<u64>,
}

impl CheckSource<'_> {
    /// What it asks.
    pub(super) fn question(&self) -> CheckQuestion {
        CheckQuestion::of(&self.script, self.shell.is_empty())
    }

    /// The words of an exec probe, in the form of the check.
    pub(super) fn command(&self) -> Vec<String> {
        self.shell.iter().chain(&self.words).cloned().collect()
    }

    /// Whether its words hold a secret, which no file of a cluster may show.
    pub(super) fn holds_secret(&self) -> bool {
        shows_secret(&self.words.join(" "))
    }

    /// The first program that it needs and the image lacks.
    pub(super) fn lacking_program(&self) -> Option<String> {
        let programs = self.programs.as_ref()?;
        let shell = self.shell.first().map(|shell| crate::text::path::name(shell).to_owned());
        if let Some(shell) = shell.filter(|shell| programs.lacks(shell)) {
            return Some(shell);
        }
        let invocations = self.script.invocations();
        let program = invocations.first()?.program?;
        programs.lacks(program).then(|| program.to_owned())
    }

    /// Seconds that a container may take to start, as its check allows: those in which failures do not count, and those until
    /// as many as count.
    pub(super) fn budget(&self) -> u64 {
        let seconds = whole(self.patience()).max(SHORTEST_START);
        let (tries, period) = SLOW_START;
        if self.is_slow && self.timing.start_period <= 0.0 { seconds.max(tries * period) } else { seconds }
    }

    /// Seconds until the engine calls a container unhealthy that never answers.
    fn patience(&self) -> f64 {
        let timing = self.timing;
        timing.start_period + timing.interval * timing.retries
    }

    /// That a container gets more time to start than its check gives it.
    pub(super) fn budget_note(&self) -> Option<String> {
        let patience = self.patience();
        (whole(patience) < SHORTEST_START).then(|| {
            let limit = seconds((patience * 1000.0).round() / 1000.0);
            format!(
                "its check gives it {limit} to start, behind which a cluster starts it again: it gets {} s instead",
                self.budget()
            )
        })
    }

    /// The program that takes a source, and needs a part of a second to start.
    fn interpreter(&self) -> Option<&str> {
        let invocations = self.script.invocations();
        invocations.iter().filter_map(|call| call.program).find(|name| data::SCRIPT_INTERPRETERS.row(name).is_some())
    }

    /// The probes of Kubernetes.
    pub(super) fn probes(&self) -> ProbePlan {
        let mut plan = ProbePlan::default();
        let question = self.question();
        if matches!(question, CheckQuestion::Constant(_) | CheckQuestion::Process(_)) {
            plan.notes.push(match question {
                CheckQuestion::Constant(end) => {
                    format!("its check ends with `{end}` and cannot fail, so it becomes no probe: ask what it does")
                }
                _ => "its check only looks for a process, which a cluster watches by itself: it becomes no probe"
                    .to_owned(),
            });
            return plan;
        }
        if self.holds_secret() {
            plan.notes.push("its check holds a secret, so it becomes no probe: read it from a variable".to_owned());
            return plan;
        }
        let Some(action) = self.action(&question, &mut plan) else { return plan };
        let probe = self.probe(action, question == CheckQuestion::FileAge);
        self.note_times(&probe, &mut plan);
        plan.startup = Some(self.startup(&probe, &mut plan));
        plan.budget = plan.startup.as_ref().map(|startup| startup.period * startup.failures);
        if question == CheckQuestion::FileAge {
            let why =
                "the check looks at how old a file is that its own loop touches, and at nothing outside of the process";
            plan.reasons.push(("livenessProbe", why.to_owned()));
            plan.liveness = Some(probe);
        } else {
            self.explain_readiness(&probe, &mut plan);
            plan.readiness = Some(probe);
        }
        plan
    }

    /// How the probes ask; `None`, with a note, where nothing in the container can.
    fn action(&self, question: &CheckQuestion, plan: &mut ProbePlan) -> Option<ProbeAction> {
        match question {
            CheckQuestion::Page(page) if self.is_simple(page, plan) => return Some(ProbeAction::Page(page.clone())),
            CheckQuestion::Port(port) => {
                plan.notes.push("its check only opens a connection: a server that hangs counts as ready".to_owned());
                return Some(ProbeAction::Port(*port));
            }
            CheckQuestion::Grpc { port, service } => return Some(ProbeAction::Grpc(*port, service.clone())),
            _ => {}
        }
        let command = self.command();
        if let Some(program) = self.lacking_program() {
            plan.notes.push(format!("its check needs `{program}`, which its image lacks, so it becomes no probe"));
            return None;
        }
        Some(ProbeAction::Exec(command.iter().map(|word| escaped(word)).collect()))
    }

    /// Whether the kubelet can ask for a page as the check does.
    fn is_simple(&self, page: &PageRequest, plan: &mut ProbePlan) -> bool {
        if !page.is_own(self.service) {
            plan.notes.push(format!(
                "its check asks `{}`, another server: it is not ready while that one is away",
                page.host
            ));
            return false;
        }
        let is_read = page.reading == AnswerReading::Body;
        if is_read || !page.is_read() {
            let what = if is_read { "looks into the answer" } else { "sends more than a GET" };
            let why = format!("the check {what}, which only a program in the container can");
            plan.reasons.push(("readinessProbe.exec", why));
            return false;
        }
        if page.reading == AnswerReading::Any {
            plan.notes.push(
                "its check passes for any answer (curl without `-f`): the probe fails for an error status".to_owned(),
            );
        }
        if page.method == "HEAD" {
            plan.notes.push("its check sends HEAD, the probe sends GET".to_owned());
        }
        if page.scheme == "https" {
            plan.notes.push("the probe does not verify the certificate".to_owned());
        }
        true
    }

    /// The probe that asks all the time.
    fn probe(&self, action: ProbeAction, is_liveness: bool) -> Probe {
        let timing = self.timing;
        let interval = whole(timing.interval).max(1);
        let period = match action {
            ProbeAction::Exec(_) if is_liveness => interval.max(LIVENESS_PERIOD),
            ProbeAction::Exec(_) => interval,
            _ => interval.min(PAGE_PERIOD),
        };
        let retries = whole(timing.retries).max(1);
        let written = whole(timing.timeout).clamp(1, LONGEST_TIMEOUT);
        let is_interpreter = matches!(action, ProbeAction::Exec(_)) && self.interpreter().is_some();
        Probe {
            action,
            period,
            timeout: if is_interpreter && written < 2 { INTERPRETER_TIMEOUT } else { written },
            failures: if is_liveness { retries.max(3) } else { retries },
        }
    }

    /// Says what a probe is given other than its check.
    fn note_times(&self, probe: &Probe, plan: &mut ProbePlan) {
        let timing = self.timing;
        if timing.interval < 1.0 {
            plan.notes.push(format!(
                "Kubernetes counts whole seconds: an interval of {} becomes 1 s",
                seconds(timing.interval)
            ));
        }
        if timing.timeout < 1.0 && probe.timeout == 1 {
            plan.notes
                .push(format!("Kubernetes counts whole seconds: a timeout of {} becomes 1 s", seconds(timing.timeout)));
        }
        if whole(timing.timeout) < probe.timeout
            && let Some(program) = self.interpreter()
        {
            plan.notes.push(format!(
                "its check starts `{program}` and has {}: the probe gives it {} s, as it fails under load else",
                seconds(timing.timeout),
                probe.timeout
            ));
        }
        plan.notes.extend(self.budget_note());
    }

    /// The probe that asks until the first answer, and holds the others off until then.
    fn startup(&self, probe: &Probe, plan: &mut ProbePlan) -> Probe {
        let timing = self.timing;
        let is_typical = self.is_slow && timing.start_period <= 0.0 && self.budget() == SLOW_START.0 * SLOW_START.1;
        let period = if is_typical { SLOW_START.1 } else { whole(timing.interval).clamp(1, START_PERIOD) };
        let failures = self.budget().div_ceil(period).max(1);
        let why = if is_typical {
            "30 × 2 s, as is typical of Java: the check has no start_period".to_owned()
        } else {
            let floor =
                if self.budget_note().is_some() { format!(", {SHORTEST_START} s at least,") } else { String::new() };
            format!(
                "start_period {} + interval {} × retries {} = {}{floor} in which it may start; an answer counts at once",
                seconds(timing.start_period),
                seconds(timing.interval),
                timing.retries,
                seconds((self.patience() * 1000.0).round() / 1000.0),
            )
        };
        plan.reasons.push(("startupProbe", why));
        Probe { period, failures, ..probe.clone() }
    }

    fn explain_readiness(&self, probe: &Probe, plan: &mut ProbePlan) {
        let what = match &probe.action {
            ProbeAction::Page(page) => format!("the check asks for {} on port {}", page.path, page.port),
            ProbeAction::Exec(_) if self.shell.is_empty() => "the words of the check, run without a shell".to_owned(),
            ProbeAction::Exec(_) => format!("the line of the check, run by `{}`", self.shell.join(" ")),
            ProbeAction::Port(port) => format!("the check connects to port {port}"),
            ProbeAction::Grpc(port, _) => format!("the check asks the health service of gRPC on port {port}"),
        };
        plan.reasons.push(("readinessProbe", format!("{what}; readiness, as a check of Docker restarts nothing")));
        let timing = self.timing;
        let basis = match probe.action {
            ProbeAction::Exec(_) => format!("interval {}", seconds(timing.interval)),
            _ => format!("interval {}, at most {PAGE_PERIOD} s as a request costs little", seconds(timing.interval)),
        };
        plan.reasons.push(("readinessProbe.periodSeconds", basis));
        let least = if whole(timing.timeout) < probe.timeout {
            format!("at least {}", probe.timeout)
        } else {
            format!("at most {LONGEST_TIMEOUT}")
        };
        let limit = format!("timeout {}, {least} s; without it Kubernetes waits one second", seconds(timing.timeout));
        plan.reasons.push(("readinessProbe.timeoutSeconds", limit));
        plan.reasons.push(("readinessProbe.failureThreshold", format!("retries {}", timing.retries)));
        plan.reasons
            .push(("livenessProbe", "none: no check is known that asks nothing but the process itself".to_owned()));
    }
}

impl Probe {
    pub(super) fn node(&self) -> Node {
        let action = match &self.action {
            ProbeAction::Page(page) => ("httpGet", page_node(page)),
            ProbeAction::Exec(words) => ("exec", Node::map([("command", Node::Words(words.clone()))])),
            ProbeAction::Port(port) => ("tcpSocket", Node::map([("port", Node::number(*port))])),
            ProbeAction::Grpc(port, service) => {
                let mut keys = vec![("port".to_owned(), Node::number(*port))];
                if !service.is_empty() {
                    keys.push(("service".to_owned(), Node::text(service)));
                }
                ("grpc", Node::Map(keys))
            }
        };
        Node::map([
            action,
            ("periodSeconds", Node::number(self.period)),
            ("timeoutSeconds", Node::number(self.timeout)),
            ("failureThreshold", Node::number(self.failures)),
        ])
    }
}

fn page_node(page: &PageRequest) -> Node {
    let mut keys = vec![("path".to_owned(), Node::text(&page.path)), ("port".to_owned(), Node::number(page.port))];
    if page.scheme == "https" {
        keys.push(("scheme".to_owned(), Node::Plain("HTTPS".to_owned())));
    }
    if !page.headers.is_empty() {
        let header =
            |(name, value): &(String, String)| Node::texts([("name", name.as_str()), ("value", value.as_str())]);
        keys.push(("httpHeaders".to_owned(), Node::List(page.headers.iter().map(header).collect())));
    }
    Node::Map(keys)
}

/// A word as Kubernetes takes it: it puts variables in for `$(NAME)`, and takes `$$` for one `$`. Nothing else is changed.
pub(super) fn escaped(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let run = rest[at..].len() - rest[at..].trim_start_matches('$').len();
        let behind = &rest[at + run..];
        let count = if run > 1 || behind.starts_with('(') { 2 * run } else { run };
        out.push_str(&"$".repeat(count));
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Whole seconds, rounded up.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds that people write, within a day")]
pub(super) fn whole(seconds: f64) -> u64 {
    seconds.clamp(0.0, 86_400.0).ceil() as u64
}

/// Seconds as people write them.
pub(super) fn seconds(seconds: f64) -> String {
    format!("{seconds} s")
}
