//! Compares two images: what is in them, and what containers of them do.

mod imports;

pub(super) use self::imports::Sources;
mod writes;

pub(super) use self::writes::counts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::session::Session;
use super::trial::{Stood, Trial, Wanted};
use crate::engine::Engine;
use crate::failure::{Failure, FailureKind};
use crate::image::{self, Read};
use crate::proof::{self, Check, Declared, Seen, Side, compare_answers, denials, failure_class};

/// Between two looks at whether it shall end.
const LOOK: Duration = Duration::from_millis(50);

/// The original, as it was seen once.
#[derive(Debug)]
pub(super) struct Original<'s> {
    pub side: Side,
    pub trial: Trial<'s>,
    /// What its own modules are, by name, and whether they can be imported.
    pub imported: BTreeMap<String, String>,
    /// What the user's own commands ended with, and said last.
    pub runs: Vec<(Option<i64>, String)>,
}

impl Session {
    /// Reads an image of the engine with its contents; gives up soon where somebody wants it to end.
    pub(super) fn side(&self, image: &str) -> Result<Side, Failure> {
        let stop = Arc::new(AtomicBool::new(false));
        let (engine, name, stopped) = (self.engine.clone(), image.to_owned(), Arc::clone(&stop));
        // An engine packs a large image for a while before the first byte comes: nothing else lets go of it meanwhile.
        let reader = std::thread::spawn(move || read(&engine, &name, &stopped));
        while !reader.is_finished() {
            if self.is_stopped() {
                stop.store(true, Ordering::Relaxed);
                return Err(Failure::interrupted());
            }
            std::thread::sleep(LOOK);
        }
        reader.join().unwrap_or_else(|_| Err(unread(image, "its reader broke off")))
    }

    /// Looks at the original: its contents, a container of it, its imports.
    pub(super) fn original(
        &self,
        image: &str,
        wanted: &Wanted,
        declared: &Declared,
        sources: &Sources,
    ) -> Result<Original<'_>, Failure> {
        let side = self.side(image)?;
        let trial = self.trial(image, wanted, None)?;
        let imported = self.imported(image, &side, declared, sources, wanted)?;
        let runs = self.own_tests(image, wanted)?;
        Ok(Original { side, trial, imported, runs })
    }

    /// All checks of a rewrite against the original; those that need a run come last, and only where nothing is wrong yet
    /// or `all` are asked for.
    pub(super) fn equivalence(
        &self,
        original: &Original<'_>,
        image: &str,
        declared: &Declared,
        (wanted, sources): (&Wanted, &Sources),
        all: bool,
    ) -> Result<Vec<Check>, Failure> {
        let side = self.side(image)?;
        let mut checks = proof::compare(&original.side, &side, declared);
        if !all && checks.iter().any(|check| check.outcome == proof::Outcome::Failed) {
            return Ok(checks);
        }
        let trial = self.trial(image, wanted, Some(&original.trial.answers))?;
        checks.push(started(&original.trial, &trial));
        checks.extend(healthy(&original.trial, &trial));
        checks.push(compare_answers(&original.trial.answers, &trial.answers, declared.serves_files));
        checks.push(imports::check(&original.imported, &self.imported(image, &side, declared, sources, wanted)?));
        checks.push(self.writes(&original.trial, &trial)?);
        checks.extend(tests(wanted, &original.runs, &self.own_tests(image, wanted)?));
        Ok(checks)
    }

    fn own_tests(&self, image: &str, wanted: &Wanted) -> Result<Vec<(Option<i64>, String)>, Failure> {
        let run = |text: &String| {
            let words = ["/bin/sh", "-c", text].map(str::to_owned);
            self.run_once(image, &words, wanted)
        };
        wanted.runs.iter().map(run).collect()
    }
}

fn read(engine: &Engine, name: &str, stop: &AtomicBool) -> Result<Side, Failure> {
    let saved = engine.save(name, None)?;
    let options =
        image::Options { linkage: true, verify: image::Verify::None, cancelled: stop, ..image::Options::default() };
    let read: Read = image::read_forward(saved, &options).map_err(|error| unread(name, &error.to_string()))?;
    let first = read.images.into_iter().next();
    first.map(Side::new).ok_or_else(|| unread(name, "the engine gave none"))
}

fn unread(image: &str, why: &str) -> Failure {
    let what = format!("the image `{image}` could not be read: {why}");
    Failure::new(FailureKind::Broken, what, "see whether the engine still runs, and try again")
}

/// Whether both stand alike after they were started.
fn started(before: &Trial<'_>, after: &Trial<'_>) -> Check {
    let mut seen = Seen::default();
    let told = |trial: &Trial<'_>| match &trial.stood {
        Stood::Listens(ports) => {
            format!("listens on {}", ports.iter().map(u16::to_string).collect::<Vec<_>>().join(", "))
        }
        Stood::Runs => "runs and listens on no port".to_owned(),
        Stood::Ended(code) => format!("ends with {code}: {}", failure_class(&trial.log)),
        Stood::NotStarted(why) => format!("does not start: {why}"),
    };
    let (one, other) = (told(before), told(after));
    match (&before.stood, &after.stood) {
        (Stood::Listens(old), Stood::Listens(new)) => {
            let gone: BTreeSet<u16> = old.iter().filter(|port| !new.contains(port)).copied().collect();
            let exposed = |config: &crate::image::Config| {
                config
                    .exposed_ports
                    .iter()
                    .filter_map(|port| port.split('/').next()?.parse().ok())
                    .collect::<BTreeSet<u16>>()
            };
            // Ports above are chosen by chance.
            let fixed: Vec<&u16> = gone.iter().filter(|port| **port < 32768).collect();
            let declared =
                !exposed(&after.config).is_empty() && gone.iter().all(|port| !exposed(&after.config).contains(port));
            if fixed.is_empty() {
                seen.explain(format!("both start; the original {one}"));
            } else if declared {
                seen.explain(format!("the rewrite {other}, the original {one}: its EXPOSE says so"));
            } else {
                seen.fail(format!("the rewrite {other}, the original {one}"));
            }
        }
        (Stood::Ended(old), Stood::Ended(new)) if old == new => {
            let (was, is) = (failure_class(&before.log), failure_class(&after.log));
            if *old == 0 || was == is {
                seen.explain(format!("both {one}"));
            } else {
                seen.fail(format!("the rewrite {other}, the original {one}"));
            }
        }
        (Stood::NotStarted(_), Stood::NotStarted(_)) | (Stood::Runs, Stood::Runs) => {
            seen.explain(format!("the original {one}, and so does the rewrite"));
        }
        (Stood::NotStarted(_) | Stood::Ended(_) | Stood::Runs, Stood::Listens(_))
            if !matches!(before.stood, Stood::Ended(0)) =>
        {
            seen.explain(format!("the original {one}; the rewrite {other}"));
        }
        _ => seen.fail(format!("the rewrite {other}, the original {one}")),
    }
    let known = denials(&before.log);
    for line in denials(&after.log).into_iter().filter(|line| !known.contains(line)) {
        seen.fail(format!("the rewrite says: {line}"));
    }
    seen.check("start")
}

fn healthy(before: &Trial<'_>, after: &Trial<'_>) -> Option<Check> {
    let mut seen = Seen::default();
    let said =
        |text: &str| text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing").trim().to_owned();
    match (&before.health, after.health.as_ref()?) {
        (_, (true, _)) => seen.explain("the HEALTHCHECK of the rewrite succeeds"),
        (Some((false, was)), (false, is)) => {
            seen.explain(format!("the HEALTHCHECK fails in both: {} and {}", said(was), said(is)));
        }
        (_, (false, is)) => seen.fail(format!("the HEALTHCHECK of the rewrite fails: {}", said(is))),
    }
    if let (Some((false, was)), (true, _)) = (&before.health, after.health.as_ref()?) {
        seen.explain(format!("that of the original fails: {}", said(was)));
    }
    Some(seen.check("health"))
}

/// The user's own tests: what worked before works after.
fn tests(wanted: &Wanted, before: &[(Option<i64>, String)], after: &[(Option<i64>, String)]) -> Option<Check> {
    if wanted.runs.is_empty() {
        return None;
    }
    let mut seen = Seen::default();
    for ((command, was), is) in wanted.runs.iter().zip(before).zip(after) {
        let told = |(code, said): &(Option<i64>, String)| match code {
            Some(0) => "succeeds".to_owned(),
            Some(code) => format!("ends with {code}: {}", failure_class(said)),
            None => format!("does not end: {}", failure_class(said)),
        };
        let same = was.0 == is.0 && (was.0 == Some(0) || failure_class(&was.1) == failure_class(&is.1));
        if same || is.0 == Some(0) {
            seen.explain(format!("`{command}` {} in the rewrite, {} in the original", told(is), told(was)));
        } else {
            seen.fail(format!("`{command}` {} in the rewrite, {} in the original", told(is), told(was)));
        }
    }
    Some(seen.check("tests"))
}
