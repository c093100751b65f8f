//! Compares two images: their contents, and what their containers do.

mod imports;

pub(super) use self::imports::Sources;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::session::Session;
use super::trial::{ContainerTrial, TrialRequest};
use crate::engine::Engine;
use crate::failure::{Failure, FailureKind};
use crate::image::{self, Read};
use crate::proof::{
    self, Check, DeclaredConfig, ImageSide, Observation, compare_answers, compare_starts, failure_class, ran_no_tests,
};

/// Between two looks at whether it shall end.
const LOOK: Duration = Duration::from_millis(50);

/// The original, as it was seen once.
#[derive(Debug)]
pub(super) struct Original<'s> {
    pub side: ImageSide,
    pub trial: ContainerTrial<'s>,
    /// What its own modules are, by name, and whether they can be imported.
    pub imported: BTreeMap<String, String>,
    /// What the user's own commands ended with, and said last.
    pub runs: Vec<(Option<i64>, String)>,
}

impl Session {
    /// Reads an image of the engine with its contents; gives up soon where somebody wants it to end.
    pub(super) fn side(&self, image: &str) -> Result<ImageSide, Failure> {
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
        reader.join().unwrap_or_else(|_| Err(unread(image, "reading it stopped unexpectedly")))
    }

    /// Looks at the original, of which a container was started: its contents, its imports, the user's own tests.
    pub(super) fn original<'s>(
        &'s self,
        image: &str,
        (trial, wanted): (ContainerTrial<'s>, &TrialRequest),
        declared: &DeclaredConfig,
        sources: &Sources,
    ) -> Result<Original<'s>, Failure> {
        let side = self.side(image)?;
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
        declared: &DeclaredConfig,
        (wanted, sources): (&TrialRequest, &Sources),
        all: bool,
    ) -> Result<Vec<Check>, Failure> {
        let side = self.side(image)?;
        let mut checks = proof::compare(&original.side, &side, declared);
        if !all && checks.iter().any(|check| check.outcome == proof::CheckOutcome::Failed) {
            return Ok(checks);
        }
        let trial = self.trial(image, wanted, Some(&original.trial.answers))?;
        let start = original.trial.start(wanted);
        let works = start.fault().is_none();
        checks.push(compare_starts(&start, &trial.start(wanted)));
        checks.push(healthy(&original.trial, &trial));
        checks.push(compare_answers(
            &original.trial.answers,
            &trial.answers,
            (wanted.questions_from(), declared.serves_files),
        ));
        if !original.trial.deadly.is_empty() {
            let questions = original.trial.deadly.join(", ");
            checks.push(Check::skipped("probe", format!("not asked: at {questions} the original ends")));
        }
        checks.push(if declared.traces_files {
            Check::skipped("imports", "not checked: Next.js bundles or traces the imports of its server")
        } else {
            imports::check(&original.imported, &self.imported(image, &side, declared, sources, wanted)?)
        });
        checks.push(if works {
            self.writes(&original.trial, &trial)?
        } else {
            Check::skipped("writes", "not checked: the original does not run")
        });
        checks.extend(tests(wanted, &original.runs, &self.own_tests(image, wanted)?));
        Ok(checks)
    }

    fn own_tests(&self, image: &str, wanted: &TrialRequest) -> Result<Vec<(Option<i64>, String)>, Failure> {
        let run = |text: &String| {
            let words = ["/bin/sh", "-c", text].map(str::to_owned);
            self.run_once(image, &words, wanted)
        };
        wanted.runs.iter().map(run).collect()
    }
}

fn read(engine: &Engine, name: &str, stop: &AtomicBool) -> Result<ImageSide, Failure> {
    let saved = engine.save(name, None)?;
    let options = image::ImageOptions {
        linkage: true,
        verify: image::Verify::None,
        cancelled: stop,
        ..image::ImageOptions::default()
    };
    let read: Read = image::read_forward(saved, &options).map_err(|error| unread(name, &error.to_string()))?;
    let first = read.images.into_iter().next();
    first.map(ImageSide::new).ok_or_else(|| unread(name, "the engine returned no image"))
}

fn unread(image: &str, why: &str) -> Failure {
    let what = format!("the image `{image}` cannot be read: {why}");
    Failure::new(FailureKind::Broken, what, "check whether the engine still runs, then try again")
}

fn healthy(before: &ContainerTrial<'_>, after: &ContainerTrial<'_>) -> Check {
    let last_line =
        |text: &str| text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing").trim().to_owned();
    match (&before.health, &after.health) {
        (None, None) => Check::skipped("health", "no running container has a HEALTHCHECK"),
        (Some(_), None) => Check::skipped("health", "the rewrite has no HEALTHCHECK"),
        (Some((false, was)), Some((true, _))) => {
            let message =
                format!("the HEALTHCHECK of the rewrite succeeds; in the original it fails: {}", last_line(was));
            Check::of("health", Ok(message))
        }
        (_, Some((true, _))) => Check::of("health", Ok("the HEALTHCHECK of the rewrite succeeds".to_owned())),
        (Some((false, was)), Some((false, is))) => Check::skipped(
            "health",
            format!("the HEALTHCHECK fails in both: {} (original), {} (rewrite)", last_line(was), last_line(is)),
        ),
        (_, Some((false, is))) => {
            Check::of("health", Err(format!("the HEALTHCHECK of the rewrite fails: {}", last_line(is))))
        }
    }
}

/// The user's own tests: what worked before works after.
fn tests(wanted: &TrialRequest, before: &[(Option<i64>, String)], after: &[(Option<i64>, String)]) -> Option<Check> {
    if wanted.runs.is_empty() {
        return None;
    }
    let mut seen = Observation::default();
    for ((command, was), is) in wanted.runs.iter().zip(before).zip(after) {
        let outcome = |(code, output): &(Option<i64>, String)| match code {
            Some(0) => "succeeds".to_owned(),
            Some(code) => format!("exits with {code}: {}", failure_class(output)),
            None => format!("does not end: {}", failure_class(output)),
        };
        let same = was.0 == is.0 && (was.0 == Some(0) || failure_class(&was.1) == failure_class(&is.1));
        if same && (was.0 != Some(0) || ran_no_tests(&was.1)) {
            let outcome = if was.0 == Some(0) { "runs no test".to_owned() } else { outcome(was) };
            seen.doubt(format!("`{command}` {outcome}, and the same in the rewrite"));
        } else if same || is.0 == Some(0) {
            seen.explain(format!("`{command}` {} in the rewrite, {} in the original", outcome(is), outcome(was)));
        } else {
            seen.fail(format!("`{command}` {} in the rewrite, {} in the original", outcome(is), outcome(was)));
        }
    }
    Some(seen.check("tests"))
}
