//! A health check in the words of ECS: that of a container, within its ranges, and that of a target group.

use super::node::Node;
use super::probe::{CheckSource, seconds, whole};
use crate::stack::{AnswerReading, CheckQuestion};

/// Seconds between two checks, as ECS takes them.
const INTERVAL: (u64, u64) = (5, 300);
/// Seconds that a check may take.
const TIMEOUT: (u64, u64) = (2, 60);
/// Failures that count.
const RETRIES: (u64, u64) = (1, 10);
/// Seconds in which failures do not count.
const START_PERIOD: (u64, u64) = (0, 300);
/// Seconds that a check of a target group may take.
const TARGET_TIMEOUT: (u64, u64) = (2, 120);
/// Failures that count for a target group.
const THRESHOLD: (u64, u64) = (2, 10);

/// A check in the words of ECS.
#[derive(Clone, Debug, Default)]
pub(super) struct TaskCheck {
    /// `HealthCheck` of the container.
    pub(super) container: Option<Node>,
    /// `HealthCheck…` and `Matcher` of a target group, with its protocol.
    pub(super) target: TargetCheck,
    /// Seconds that a task may take to start.
    pub(super) budget: u64,
    /// What is lost or open.
    pub(super) notes: Vec<String>,
    /// That a task gets more time to start than its check gives it.
    pub(super) budget_note: Option<String>,
    pub(super) reason: String,
    /// Whether there is a check at all that was read.
    pub(super) is_read: bool,
}

/// What a target group asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TargetCheck {
    /// Keys of the target group.
    pub(super) keys: Vec<(String, Node)>,
    /// `HTTP` or `TCP`.
    pub(super) protocol: &'static str,
    /// The port that it asks, where the check asks one.
    pub(super) port: Option<u16>,
    /// What a target group lacks of the check, or takes otherwise.
    pub(super) notes: Vec<String>,
}

impl TaskCheck {
    /// A check as ECS runs it. What has none is asked by its port.
    pub(super) fn of(source: Option<&CheckSource>) -> Self {
        let Some(source) = source else {
            let target = TargetCheck { protocol: "HTTP", ..TargetCheck::default() };
            return Self { target, ..Self::default() };
        };
        let mut check =
            Self { budget: source.budget(), budget_note: source.budget_note(), is_read: true, ..Self::default() };
        let question = if source.holds_secret() { CheckQuestion::Command } else { source.question() };
        check.target = target_check(source, &question);
        check.container = container_check(source, &question, &mut check);
        check
    }
}

/// A figure of a check with the range in which it is taken.
struct Figure {
    name: &'static str,
    unit: &'static str,
    range: (u64, u64),
}

impl Figure {
    /// The figure within the range, and a note where that changes it. `taker`: `ECS takes`.
    fn within(&self, taker: &str, number: f64) -> (u64, Option<String>) {
        let (least, most) = self.range;
        let value = whole(number).clamp(least, most);
        let is_same = whole(number) == value;
        let unit = self.unit;
        let note =
            || format!("{taker} {} from {least} to {most}{unit}: {number}{unit} becomes {value}{unit}", self.name);
        (value, (!is_same).then(note))
    }
}

/// `HealthCheck` of the container: the check as it is written, where its image can run it.
fn container_check(source: &CheckSource, question: &CheckQuestion, check: &mut TaskCheck) -> Option<Node> {
    if matches!(question, CheckQuestion::Constant(_) | CheckQuestion::Process(_)) {
        check.notes.push(
            "its check cannot fail, or only looks for a process, which ECS watches by itself: it is left out"
                .to_owned(),
        );
        return None;
    }
    if source.holds_secret() {
        check.notes.push("its check holds a secret, so it is left out: read it from a variable".to_owned());
        return None;
    }
    if let Some(program) = source.lacking_program() {
        check.notes.push(format!(
            "its check needs `{program}`, which its image lacks: the container has none, and the target group asks alone"
        ));
        return None;
    }
    let form = if source.shell.is_empty() { "CMD" } else { "CMD-SHELL" };
    let words = std::iter::once(form.to_owned()).chain(source.words.iter().cloned()).collect();
    let timing = source.timing;
    let mut within = |what: Figure, number: f64| {
        let (number, note) = what.within("ECS takes", number);
        check.notes.extend(note);
        number
    };
    let numbers = [
        ("Interval", within(Figure { name: "an interval", unit: " s", range: INTERVAL }, timing.interval)),
        ("Timeout", within(Figure { name: "a timeout", unit: " s", range: TIMEOUT }, timing.timeout)),
        ("Retries", within(Figure { name: "retries", unit: "", range: RETRIES }, timing.retries)),
        (
            "StartPeriod",
            within(Figure { name: "a start period", unit: " s", range: START_PERIOD }, timing.start_period),
        ),
    ];
    if whole(timing.start_period) > START_PERIOD.1 {
        check.notes.push(
            "the grace period of its service covers the rest of its start, where a target group asks it".to_owned(),
        );
    }
    check.reason = format!("the check as it is written, with {form}: ECS runs no HEALTHCHECK of an image");
    let mut keys = vec![("Command".to_owned(), Node::Words(words))];
    keys.extend(numbers.into_iter().map(|(key, number)| (key.to_owned(), Node::number(number))));
    Some(Node::Map(keys))
}

/// What a target group asks.
fn target_check(source: &CheckSource, question: &CheckQuestion) -> TargetCheck {
    let timing = source.timing;
    let mut notes = Vec::new();
    let mut within = |what: Figure, number: f64| {
        let (number, note) = what.within("a target group takes", number);
        notes.extend(note);
        number
    };
    let interval = within(Figure { name: "an interval", unit: " s", range: INTERVAL }, timing.interval);
    let timeout = within(Figure { name: "a timeout", unit: " s", range: TARGET_TIMEOUT }, timing.timeout);
    let failures = within(Figure { name: "failures", unit: "", range: THRESHOLD }, timing.retries);
    // Where both are the same by themselves, a second less is no news.
    let is_usual = timing.timeout >= timing.interval && whole(timing.interval) == interval;
    if timeout >= interval && !is_usual {
        let (written, less) = (seconds(timing.timeout), interval - 1);
        notes.push(format!("a target group waits less than its interval: a timeout of {written} becomes {less} s"));
    }
    let timeout = timeout.min(interval - 1);
    let mut keys = vec![
        ("HealthCheckIntervalSeconds".to_owned(), Node::number(interval)),
        ("HealthCheckTimeoutSeconds".to_owned(), Node::number(timeout)),
        ("HealthyThresholdCount".to_owned(), Node::number(THRESHOLD.0)),
        ("UnhealthyThresholdCount".to_owned(), Node::number(failures)),
    ];
    let (protocol, port) = match question {
        CheckQuestion::Page(page) if page.is_own(source.service) && page.is_read() => {
            if !page.headers.is_empty() {
                notes.push("its check sends headers, which a target group cannot".to_owned());
            }
            let code = if page.reading == AnswerReading::NoError { "200-399" } else { "200-299" };
            keys.push(("HealthCheckPath".to_owned(), Node::text(&page.path)));
            keys.push(("HealthCheckProtocol".to_owned(), Node::text(page.scheme.to_ascii_uppercase())));
            keys.push(("Matcher".to_owned(), Node::texts([("HttpCode", code)])));
            (if page.scheme == "https" { "HTTPS" } else { "HTTP" }, Some(page.port))
        }
        CheckQuestion::Grpc { port, .. } => {
            keys.push(("HealthCheckPath".to_owned(), Node::text("/grpc.health.v1.Health/Check")));
            keys.push(("Matcher".to_owned(), Node::texts([("GrpcCode", "0")])));
            keys.push(("ProtocolVersion".to_owned(), Node::text("GRPC")));
            ("HTTP", Some(*port))
        }
        CheckQuestion::Port(port) => ("TCP", Some(*port)),
        _ => ("HTTP", None),
    };
    TargetCheck { keys, protocol, port, notes }
}
