//! Rules about versions of actions, and of the languages that they bring.

use super::steps::runs_tests;
use crate::build::{Release, StageBase, ended_releases, releases};
use crate::data;
use crate::finding::{Findings, Safety};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::text::joined;
use crate::workflow::{ActionUse, Job, Step, WorkflowPlace};

crate::rules::family! {
    of_workflow
    "old-action" => old_action;
    "end-of-life-in-pipeline" => end_of_life_in_pipeline;
    "tests-on-other-version" => tests_on_other_version;
}

/// An old major runs on a Node.js that is going, or asks a service that is shut.
fn old_action(cx: &WorkflowContext, out: &mut Findings) {
    let mut old: Vec<OldAction> = Vec::new();
    for action in cx.steps().filter_map(|(_, step)| step.action.as_ref()) {
        let Some(row) = data::ACTION_MAJORS.row(&action.name.to_ascii_lowercase()) else { continue };
        let (Some(major), Ok(oldest)) = (action.major(), row[2].parse::<u32>()) else { continue };
        if major < oldest {
            old.push(OldAction { action, current: row[1], why: row[3] });
        }
    }
    // What fails is said of each; what is only old, once for the file.
    let (failing, aged): (Vec<_>, Vec<_>) = old.into_iter().partition(|old| old.why.contains(SHUT_DOWN));
    let groups = failing.into_iter().map(|old| vec![old]).chain([aged]);
    for group in groups {
        let Some(first) = group.first() else { continue };
        let names = names_of(&group);
        let message = match names.len() {
            1 => first.message(),
            count => format!("{count} actions are of old versions: {}", short_list(names)),
        };
        let Some(finding) = cx.finding(first.action.place, message) else { continue };
        let change = |old: &OldAction| {
            WorkflowChange::Replace(old.action.place, format!("{}@v{}", old.action.name, old.current))
        };
        let changes: Vec<WorkflowChange> = group.iter().map(change).collect();
        let why = Safety::Unsafe("a new major may have other defaults and inputs".to_owned());
        let (help, title) = match changes.len() {
            1 => (format!("write `{}@v{}`", first.action.name, first.current), format!("use v{}", first.current)),
            _ => ("write the versions that are current".to_owned(), "use the versions that are current".to_owned()),
        };
        out.push(cx.fixed(finding.help(help), &title, why, &changes));
    }
}

/// Words of the reason for which an action fails, and is not only old.
const SHUT_DOWN: &str = "shut down";

/// Actions that a message has room for.
const NAMED: usize = 4;

/// An action of an old version.
struct OldAction<'a> {
    action: &'a ActionUse,
    /// The newest major.
    current: &'static str,
    why: &'static str,
}

impl OldAction<'_> {
    fn message(&self) -> String {
        let (name, version, current) = (&self.action.name, &self.action.version, self.current);
        match self.why {
            "-" => format!("`{name}@{version}` is no longer maintained: v{current} is current"),
            why => format!("`{name}@{version}` is old: {why}, and v{current} is current"),
        }
    }
}

/// The actions with their versions and those that are current, each once.
fn names_of(group: &[OldAction]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for OldAction { action, current, .. } in group {
        let name = format!("`{}@{}` (v{current} is current)", action.name, action.version);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn short_list(mut names: Vec<String>) -> String {
    if names.len() > NAMED {
        let more = names.len() + 1 - NAMED;
        names.truncate(NAMED - 1);
        names.push(format!("{more} more"));
    }
    joined(&names)
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
