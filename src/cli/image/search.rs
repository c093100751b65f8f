//! `--image auto`: the engine's images that were built from the Dockerfiles of a run, told by their histories, which the
//! engine has at hand. No image is read for it. A Dockerfile's labels stand in the history too.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use crate::attribution::{HistoryFit, fit};
use crate::build::Build;
use crate::cli::output::CommandFailure;
use crate::engine::{Engine, EngineOptions};
use crate::failure;
use crate::image::History;
use crate::inputs::Inputs;
use crate::report::count;

/// Images whose history is asked for, the newest first.
const IMAGES: usize = 300;
/// When no more of them are asked for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Instructions that have to agree where not all do: `COPY . .` and `WORKDIR /app` stand in many Dockerfiles.
const LEAST: usize = 3;

/// What a search found.
pub(super) struct SearchResult {
    /// The best image of each Dockerfile that has one: its name, and why it was chosen.
    pub(super) images: Vec<(String, String)>,
    /// Notices for Dockerfiles without an image.
    pub(super) notices: Vec<String>,
}

/// Searches the engine for images that were built from the Dockerfiles.
pub(super) fn search(inputs: &Inputs) -> Result<SearchResult, CommandFailure> {
    let failure_of = |error: failure::Failure| CommandFailure::Because {
        what: format!("`--image auto` cannot search the engine's images: {}", error.what),
        help: Some(format!("{}; or pass an image or a file to `--image`", error.help)),
    };
    let builds: Vec<Build<'_>> = inputs.builds.iter().map(Build::new).collect();
    let mut best: Vec<Option<(String, HistoryFit)>> = builds.iter().map(|_| None).collect();
    let engine = Engine::connect(&EngineOptions::of_process()).map_err(failure_of)?;
    let mut images = engine.images().map_err(failure_of)?;
    images.sort_by_key(|image| std::cmp::Reverse(image.created));
    let started = Instant::now();
    let mut looked_at = 0;
    for image in images.iter().take(IMAGES) {
        if started.elapsed() > PATIENCE
            || best.iter().flatten().filter(|(_, fit)| is_complete(fit)).count() == best.len()
        {
            break;
        }
        looked_at += 1;
        // It may have been removed meanwhile.
        let Ok(steps) = engine.history(&image.id, None) else { continue };
        let history: Vec<History> = steps
            .into_iter()
            .map(|step| History {
                created_by: Some(step.created_by),
                comment: Some(step.comment),
                ..History::default()
            })
            .collect();
        let name = image.tags.first().unwrap_or(&image.id);
        for (build, best) in builds.iter().zip(&mut best) {
            let Some(fit) = fit(&history, build).filter(is_sure) else { continue };
            if best.as_ref().is_none_or(|(_, known)| rank(&fit) > rank(known)) {
                *best = Some((format!("docker:{name}"), fit));
            }
        }
    }
    let mut searched = SearchResult { images: Vec::new(), notices: Vec::new() };
    for (build, best) in builds.iter().zip(best) {
        let file = inputs.source(build.input().dockerfile).name();
        match best {
            Some((name, fit)) => {
                let later = match fit.later_steps {
                    0 => String::new(),
                    steps => format!(", but has {} on top", count(steps as u64, "step")),
                };
                let why = format!("history matches {} of {} instructions{later}", fit.agreed, fit.instructions);
                searched.images.push((name, why));
            }
            None => searched.notices.push(format!(
                "none of the {looked_at} images checked in the engine at {} was built from `{file}`, so its costs are not measured",
                engine.endpoint()
            )),
        }
    }
    Ok(searched)
}

/// Whether nothing fits better.
fn is_complete(fit: &HistoryFit) -> bool {
    fit.is_target && fit.agreed == fit.instructions && fit.later_steps == 0
}

/// Whether an image of another project would hardly fit as well.
fn is_sure(fit: &HistoryFit) -> bool {
    fit.agreed > 0 && fit.is_target && (fit.agreed == fit.instructions || (fit.belongs() && fit.agreed >= LEAST))
}

/// What fits better ranks higher: the share that agrees, in millionths; then the image itself before one built on it.
fn rank(fit: &HistoryFit) -> (usize, Reverse<usize>) {
    (fit.agreed.saturating_mul(1_000_000) / fit.instructions.max(1), Reverse(fit.later_steps))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(agreed: usize, instructions: usize, is_target: bool, expected: &str) {
        let fit = fit_of(agreed, instructions, is_target, 0);
        let message = match (is_sure(&fit), is_complete(&fit)) {
            (false, _) => "no",
            (true, false) => "sure",
            (true, true) => "complete",
        };
        assert_eq!(message, expected, "{fit:?}");
    }

    fn fit_of(agreed: usize, instructions: usize, is_target: bool, later_steps: usize) -> HistoryFit {
        HistoryFit { agreed, instructions, stage: "stage-0".to_owned(), is_target, later_steps }
    }

    #[test]
    fn the_image_itself_is_preferred_to_one_that_is_built_on_it() {
        let (exact, derived) = (fit_of(4, 4, true, 0), fit_of(4, 4, true, 3));
        assert!(is_complete(&exact) && !is_complete(&derived) && is_sure(&derived));
        assert!(rank(&exact) > rank(&derived));
        assert!(rank(&derived) > rank(&fit_of(3, 4, true, 0)));
    }

    #[test]
    fn chance_agreement_is_not_a_match() {
        check(2, 2, true, "complete");
        check(2, 4, true, "no");
        check(3, 4, true, "sure");
        check(3, 8, true, "no");
        check(0, 0, true, "no");
        check(4, 4, false, "no");
    }
}
