//! Rules about versions of actions, and of the languages that they bring.

use super::steps::runs_tests;
use crate::build::{Release, StageBase, ended_releases, releases};
use crate::data;
use crate::finding::{Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::workflow::{Job, Step, WorkflowPlace};

crate::rules::family! {
    of_workflow
    "old-action" => old_action;
    "end-of-life-in-pipeline" => end_of_life_in_pipeline;
    "tests-on-other-version" => tests_on_other_version;
}

/// An old major runs on a Node.js that is going, or asks a service that is shut.
fn old_action(cx: &WorkflowContext, out: &mut Findings) {
    for (_, step) in cx.steps() {
        let Some(action) = &step.action else { continue };
        let Some(row) = data::ACTION_MAJORS.row(&action.name.to_ascii_lowercase()) else { continue };
        let (Some(major), Ok(oldest)) = (action.major(), row[2].parse::<u32>()) else { continue };
        if major >= oldest {
            continue;
        }
        let (name, current) = (&action.name, row[1]);
        let message = match row[3] {
            "-" => format!("`{name}@{}` is no longer maintained: v{current} is current", action.version),
            why => format!("`{name}@{}` is old: {why}, and v{current} is current", action.version),
        };
        let Some(finding) = cx.finding(action.place, message) else { continue };
        let change = WorkflowChange::Replace(action.place, format!("{name}@v{current}"));
        let why = Safety::Unsafe("a new major may have other defaults and inputs".to_owned());
        let finding = finding.help(format!("write `{name}@v{current}`"));
        out.push(cx.fixed(finding, &format!("use v{current}"), why, &[change]));
    }
}

/// A language, or the image of a job or of a service, whose release gets no fixes any more.
fn end_of_life_in_pipeline(cx: &WorkflowContext, out: &mut Findings) {
    let Some(today) = cx.inputs.today else { return };
    for job in &cx.workflow().jobs {
        let of_steps = job.steps.iter().flat_map(|step| images_of_step(job, step));
        let images = job.image.iter().chain(&job.services).map(|image| (vec![image.text.clone()], image.place));
        for (images, place) in of_steps.chain(images) {
            // A matrix that tests old versions tests newer ones, too.
            let ended: Option<Vec<_>> =
                images.iter().map(|image| ended_releases(image, today).first().copied()).collect();
            let Some(release) = ended.and_then(|ended| ended.first().copied()) else { continue };
            let Some(end) = release.end else { continue };
            let message =
                format!("{} reached end of life on {end}: it gets no security fixes any more", release.title());
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help("run a release that is maintained, the one that the image has"));
        }
    }
}

/// Tests that run on another version of a language than the images of the pipeline have.
fn tests_on_other_version(cx: &WorkflowContext, out: &mut Findings) {
    let mut shipped: Option<Vec<&Release>> = None;
    for job in cx.workflow().jobs.iter().filter(|job| job.steps.iter().any(runs_tests)) {
        for (images, place) in job.steps.iter().flat_map(|step| images_of_step(job, step)) {
            let tested: Vec<&Release> = images.iter().filter_map(|image| releases(image).first().copied()).collect();
            let (Some(first), true) = (tested.first(), tested.len() == images.len()) else { continue };
            let shipped = shipped.get_or_insert_with(|| shipped_releases(cx));
            let same: Vec<&&Release> = shipped.iter().filter(|release| release.product == first.product).collect();
            // One of several that are tested, or that are built, is enough.
            let is_shared = same.iter().any(|release| tested.contains(release));
            let (Some(other), false) = (same.first(), is_shared) else { continue };
            let message = format!(
                "the tests run on {}, and the image has {}: what is tested is not what is shipped",
                first.title(),
                other.title()
            );
            let Some(finding) = cx.finding(place, message) else { continue };
            out.push(finding.help(format!("name {} in both", other.title())));
        }
    }
}

/// The releases in the bases of the images that the pipeline builds.
fn shipped_releases(cx: &WorkflowContext) -> Vec<&'static Release> {
    let mut shipped = Vec::new();
    for call in cx.calls() {
        for (_, build) in cx.builds_of(call) {
            for stage in build.stages() {
                if let StageBase::Image(image) = &stage.base {
                    shipped.extend(releases(image));
                }
            }
        }
    }
    shipped
}

/// The images with the versions of a language that a step brings, one for each leg; empty where they are not known.
fn images_of_step(job: &Job, step: &Step) -> Vec<(Vec<String>, WorkflowPlace)> {
    let Some(action) = &step.action else { return Vec::new() };
    let rows = data::LANGUAGE_ACTIONS.rows().filter(|row| row[0].eq_ignore_ascii_case(&action.name));
    let images = |row: data::Row| {
        let input = step.input(row[1])?;
        let versions = job.matrix.texts(&input.value.text)?;
        let images: Option<Vec<String>> = versions.iter().map(|version| image_of(row[2], version)).collect();
        Some((images?, input.value.place))
    };
    rows.filter_map(images).collect()
}

/// The image with a version as an action takes it: `20.x` and `lts/iron` of Node.js.
fn image_of(image: &str, version: &str) -> Option<String> {
    let version = version.trim().trim_start_matches("lts/").trim_end_matches(".x");
    let is_plain = version.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    (is_plain && !version.is_empty()).then(|| format!("{image}:{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_actions_are_those_of_images() {
        for (version, expected) in [
            ("20", Some("node:20")),
            ("20.x", Some("node:20")),
            ("lts/iron", Some("node:iron")),
            ("lts/*", None),
            (">=18", None),
            ("18 - 20", None),
            ("${{ matrix.node }}", None),
            ("", None),
        ] {
            assert_eq!(image_of("node", version).as_deref(), expected, "{version}");
        }
    }
}
