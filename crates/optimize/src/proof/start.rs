//! Whether the containers of the original and the rewrite behave alike after the start, and whether the original works:
//! two that fail in the same way prove nothing.

use std::collections::BTreeSet;

use super::check::{Check, Observation};
use super::failure::{denials, failure_class};

/// Ports from here on are chosen by chance.
const EPHEMERAL: u16 = 32768;

/// How a container is after it was waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettledState {
    /// It listens on these ports.
    Listens(Vec<u16>),
    /// It runs and listens on no port that others reach.
    Runs,
    /// It ended.
    Ended {
        /// With this code.
        code: i64,
        /// Whether for want of memory.
        out_of_memory: bool,
    },
    /// It could not be started; why.
    NotStarted(String),
}

/// A container that was started, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// How it is.
    pub stood: SettledState,
    /// What it said.
    pub log: String,
    /// Ports that its image exposes.
    pub exposed: BTreeSet<u16>,
    /// Whether a server is known to be started in it, or a port is asked for.
    pub serves: bool,
    /// Seconds for which a port was waited for.
    pub seconds: u64,
    /// Whether it wrote something that lasts.
    pub wrote: bool,
    /// Variables that it asks for and has not.
    pub unset: Vec<String>,
}

impl Start {
    fn describe(&self) -> String {
        match &self.stood {
            SettledState::Listens(ports) => {
                format!("listens on {}", ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", "))
            }
            SettledState::Runs => "runs without listening on a port".to_owned(),
            SettledState::Ended { out_of_memory: true, .. } => "is killed because it runs out of memory".to_owned(),
            SettledState::Ended { code, .. } => {
                let class = failure_class(&self.log);
                let unset = match self.unset.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().as_slice() {
                    [] if class.is_empty() => "without output".to_owned(),
                    [] => return format!("exits with {code}: {class}"),
                    [name] => format!("({name} is not set)"),
                    several => format!("({} are not set)", several.join(", ")),
                };
                // What it says may be about something else than a variable.
                let mut words = class.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let is_said = words.any(|word| self.unset.iter().any(|name| word.eq_ignore_ascii_case(name)));
                if is_said || class.is_empty() {
                    format!("exits with {code} {unset}")
                } else {
                    format!("exits with {code}: {class} {unset}")
                }
            }
            SettledState::NotStarted(why) => format!("does not start: {why}"),
        }
    }

    /// Why it shows no program that works; `None` where it shows one.
    pub fn fault(&self) -> Option<String> {
        match &self.stood {
            SettledState::Listens(_) => None,
            SettledState::Runs if self.exposed.is_empty() && !self.serves => None,
            SettledState::Runs => {
                let last = self.log.lines().rev().map(str::trim).find(|line| !line.is_empty());
                let last_output = last.map(|_| format!(", its last output: {}", failure_class(&self.log)));
                Some(format!("opens no port in {} s{}", self.seconds, last_output.unwrap_or_default()))
            }
            SettledState::Ended { code: 0, out_of_memory: false } if self.wrote || !self.log.trim().is_empty() => None,
            SettledState::Ended { code: 0, out_of_memory: false } => Some("exits at once and writes nothing".into()),
            SettledState::Ended { .. } | SettledState::NotStarted(_) => Some(self.describe()),
        }
    }
}

/// Whether both are alike after they were started.
pub fn compare_starts(before: &Start, after: &Start) -> Check {
    let mut seen = Observation::default();
    let (first, other) = (before.describe(), after.describe());
    if is_worse(before, after) {
        seen.fail(format!("the rewrite {other}, the original {first}"));
    } else if let Some(fault) = before.fault() {
        let same = before.stood == after.stood;
        let rest = if same { ", and the rewrite does the same".to_owned() } else { format!("; the rewrite {other}") };
        seen.doubt(format!("the original {fault}{rest}"));
    } else if matches!(before.stood, SettledState::Listens(_)) {
        seen.explain(format!("both start; the rewrite {other}"));
    } else {
        seen.explain(format!("the original {first}, and the rewrite does the same"));
    }
    let known = denials(&before.log);
    for line in denials(&after.log).into_iter().filter(|line| !known.contains(line)) {
        seen.fail(format!("the rewrite prints: {line}"));
    }
    seen.check("start")
}

fn is_worse(before: &Start, after: &Start) -> bool {
    match (&before.stood, &after.stood) {
        (SettledState::Listens(old), SettledState::Listens(new)) => {
            let mut gone = old.iter().filter(|port| **port < EPHEMERAL && !new.contains(port));
            let declared = !after.exposed.is_empty() && old.iter().all(|port| !after.exposed.contains(port));
            gone.next().is_some() && !declared
        }
        (SettledState::Ended { code: old, .. }, SettledState::Ended { code: new, .. }) => {
            old != new || (*old != 0 && failure_class(&before.log) != failure_class(&after.log))
        }
        (SettledState::NotStarted(_), SettledState::NotStarted(_))
        | (SettledState::Runs, SettledState::Runs | SettledState::Listens(_)) => false,
        (SettledState::NotStarted(_) | SettledState::Ended { .. }, SettledState::Runs | SettledState::Listens(_)) => {
            matches!(before.stood, SettledState::Ended { code: 0, .. })
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::CheckOutcome;

    fn start(stood: SettledState, log: &str) -> Start {
        let log = log.to_owned();
        Start { stood, log, exposed: BTreeSet::new(), serves: false, seconds: 60, wrote: false, unset: Vec::new() }
    }

    fn classify_exit(code: i64, log: &str) -> Start {
        start(SettledState::Ended { code, out_of_memory: false }, log)
    }

    #[track_caller]
    fn check(before: &Start, after: &Start, outcome: CheckOutcome, detail: &str) {
        let check = compare_starts(before, after);
        assert_eq!(check.outcome, outcome, "{check:?}");
        assert!(check.details[0].contains(detail), "{check:?}");
    }

    #[test]
    fn equal_failures_are_not_a_proof() {
        use CheckOutcome::Unproved;
        let mut unset = classify_exit(1, "KeyError: 'SECRET_KEY'");
        unset.unset = vec!["SECRET_KEY".to_owned()];
        check(
            &unset,
            &unset,
            Unproved,
            "the original exits with 1 (`SECRET_KEY` is not set), and the rewrite does the same",
        );
        // What it says is about something else.
        let mut rotten = classify_exit(1, "ModuleNotFoundError: No module named 'psycopg'\n");
        rotten.unset = vec!["DATABASE_URL".to_owned()];
        let why = "exits with 1: ModuleNotFoundError: No module named 'psycopg' (`DATABASE_URL` is not set)";
        check(&rotten, &rotten, Unproved, why);
        let missing = start(SettledState::NotStarted("no command specified".to_owned()), "");
        check(&missing, &missing, Unproved, "does not start: no command specified");
        let killed = start(SettledState::Ended { code: 137, out_of_memory: true }, "");
        check(&killed, &killed, Unproved, "is killed because it runs out of memory");
        let silent = classify_exit(0, "\n");
        check(&silent, &silent, Unproved, "exits at once and writes nothing");
        let mut closed =
            start(SettledState::Runs, "[nodemon] app crashed - waiting for file changes before starting...\n");
        closed.exposed.insert(3000);
        check(&closed, &closed, Unproved, "opens no port in 60 s, its last output: [nodemon] app crashed");
        check(
            &classify_exit(1, "x"),
            &start(SettledState::Listens(vec![80]), ""),
            Unproved,
            "the rewrite listens on 80",
        );
    }

    #[test]
    fn programs_that_work_are_compared() {
        use CheckOutcome::{Failed, Passed};
        let listens = |port| start(SettledState::Listens(vec![port]), "");
        check(&listens(80), &listens(80), Passed, "both start");
        check(&listens(80), &listens(8080), Failed, "the rewrite listens on 8080, the original listens on 80");
        let declared = Start { exposed: [8080].into(), ..listens(8080) };
        check(&listens(80), &declared, Passed, "both start");
        check(&listens(40000), &listens(50000), Passed, "both start");
        check(&classify_exit(0, "3 rows\n"), &classify_exit(0, "3 rows\n"), Passed, "exits with 0: # rows");
        check(&start(SettledState::Runs, ""), &start(SettledState::Runs, ""), Passed, "runs");
        check(&start(SettledState::Runs, ""), &classify_exit(0, ""), Failed, "exits with 0 without output");
        check(&classify_exit(0, ""), &listens(80), Failed, "listens on 80");
        check(&classify_exit(1, "KeyError: 'A'"), &classify_exit(1, "KeyError: 'B'"), Failed, "KeyError: 'B'");
        check(
            &listens(80),
            &start(SettledState::Listens(vec![80]), "open '/x': EACCES"),
            Failed,
            "the rewrite prints: open",
        );
    }
}
