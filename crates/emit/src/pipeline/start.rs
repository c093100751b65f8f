//! How an image is started before it gets a tag: with what it needs of the compose file, or by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::image::RepositoryImage;
use super::input::PipelineInput;
use super::plan::{ImageStart, PipelinePlan};
use crate::build::Build;
use crate::compose::project::{ComposeMap, ComposeValue, GapKind};
use crate::dockerfile::Keyword;
use crate::emit::ENVIRONMENT_FILES;
use crate::manifest::FileKind;
use crate::stack::{CheckTiming, ServiceCheck, StackService};
use crate::text::{joined, path, quoted_names};

/// Seconds that a start gets where no check says more.
const SHORTEST: u64 = 60;

/// How an image of the repository is started.
pub(super) fn image_start(
    input: &PipelineInput,
    all_services: &[StackService],
    image: &RepositoryImage,
    plan: &mut PipelinePlan,
) -> ImageStart {
    let mut start = ImageStart { seconds: SHORTEST, ..ImageStart::default() };
    let key = format!("{}: Start", image.name);
    let services: Vec<&StackService> =
        all_services.iter().filter(|service| is_of_image(input, image, service)).collect();
    if !services.is_empty() {
        let timing = services.iter().map(|service| CheckTiming::of(service));
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few minutes, and not negative")]
        let seconds = timing.map(|timing| (timing.start_period + timing.notice()).min(3_600.0).ceil() as u64).max();
        start.seconds = seconds.unwrap_or_default().max(SHORTEST);
        start.services = services.iter().map(|service| service.name.to_owned()).collect();
        let hides = |service: &&&StackService| hides_image(input, image, service);
        start.unmounted = services.iter().filter(hides).map(|service| service.name.to_owned()).collect();
        if !start.unmounted.is_empty() {
            let why = format!(
                "without the volumes of {}: sources of the machine would hide those of the image",
                joined(&quoted_names(&start.unmounted))
            );
            plan.choose("images", &format!("{}: UNMOUNTED", image.name), why, None);
        }
        let why = format!(
            "as {} of the compose file, with what {} there",
            joined(&quoted_names(&start.services)),
            if services.len() == 1 { "it needs" } else { "they need" }
        );
        plan.choose("images", &key, why, None);
        let is_checked =
            |service: &&&StackService| matches!(service.check, ServiceCheck::Written(_) | ServiceCheck::OfImage);
        if services.iter().filter(is_checked).count() == 0 {
            plan.unchecked.push(image.name.clone());
        }
        return start;
    }
    let build = Build::new(&input.inputs.builds[image.build]);
    let mut stages = build.target().into_iter().flat_map(|stage| build.chain(stage));
    let has_check = stages.any(|stage| build.last(stage, Keyword::Healthcheck).is_some());
    plan.choose("images", &key, "by itself, as no service of a compose file runs it", None);
    if !has_check {
        plan.unchecked.push(image.name.clone());
    }
    start
}

/// Whether a service mounts sources of the build context over what the image has.
fn hides_image(input: &PipelineInput, image: &RepositoryImage, service: &StackService) -> bool {
    let context = path::join(input.folder, &image.context);
    let volumes = service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
    volumes.iter().any(|volume| {
        let text = |key: &str| volume.get(key).map(ComposeValue::display).unwrap_or_default();
        let source = text("source");
        // A folder of sources, and not a file of settings.
        let is_folder = !path::name(&source).contains('.');
        text("type") == "bind"
            && is_folder
            && path::covers(&context, &source)
            && (source == context || has_sources(input, &source))
    })
}

fn has_sources(input: &PipelineInput, folder: &str) -> bool {
    let Some(folder) = path::relative(folder, input.folder) else { return false };
    input.files.iter().any(|file| path::is_below(file, folder) && FileKind::of(file).has_code())
}

/// Whether a service runs what the image is built from.
fn is_of_image(input: &PipelineInput, image: &RepositoryImage, service: &StackService) -> bool {
    let Some(build) = service.value.get("build") else { return false };
    let text = |key: &str| build.get(key).map(ComposeValue::display);
    let context = path::normalize(&text("context").unwrap_or_default());
    let file = path::join(&context, &text("dockerfile").unwrap_or_else(|| "Dockerfile".to_owned()));
    let here = |place: &str| path::normalize(&path::child(input.folder, place.trim_start_matches("./")));
    let folder = if image.context == "." { path::normalize(input.folder) } else { here(&image.context) };
    let args = build.get("args").and_then(ComposeValue::as_map);
    let args = args.into_iter().flat_map(ComposeMap::iter).filter(|(_, entry)| !entry.value.is_null());
    let args: BTreeMap<String, String> = args.map(|(name, entry)| (name.to_owned(), entry.value.display())).collect();
    let has_same_args = image.arguments.iter().all(|(name, value)| args.get(name) == Some(value));
    let is_same_file = context == folder && path::normalize(&file) == here(&image.dockerfile);
    is_same_file && text("target") == image.target && has_same_args
}

/// Variables of services that nobody has set and that have no default, each once: a start needs some value.
pub(super) fn unset_variables(input: &PipelineInput, plan: &PipelinePlan) -> Vec<String> {
    let project = input.compose.and_then(|compose| compose.reading.project.as_ref());
    let (Some(project), Some(compose)) = (project, plan.compose.first()) else { return Vec::new() };
    let example = (input.text_of)(&path::child(path::parent(compose), ENVIRONMENT_FILES[1])).unwrap_or_default();
    let is_shown = |name: &str| {
        let mut lines = example.lines().filter_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix('='));
        lines.any(|value| !value.trim().is_empty())
    };
    let gaps = project.gaps.iter().filter(|gap| gap.kind == GapKind::Variable);
    let required = gaps.filter_map(|gap| project.text(gap.error.place)).flat_map(required_names);
    let unset = project.unset.iter().map(|variable| variable.name.clone());
    let all: BTreeSet<String> = required.chain(unset).filter(|name| !is_shown(name)).collect();
    let texts: Vec<String> = plan.compose.iter().filter_map(|file| (input.text_of)(file)).collect();
    all.into_iter().filter(|name| texts.iter().all(|text| is_of_environment(text, name))).collect()
}

/// Whether a text names a variable nowhere but in the environment of services: a port or a tag takes not any value.
fn is_of_environment(text: &str, name: &str) -> bool {
    let lines: Vec<&str> = text.lines().collect();
    let width = |line: &str| line.len() - line.trim_start().len();
    let names = |line: &str| {
        line.split("${").skip(1).any(|rest| {
            rest.strip_prefix(name)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
        })
    };
    let mut places = lines.iter().enumerate().filter(|(_, line)| names(line));
    places.all(|(at, line)| {
        let above = lines[..at].iter().rev().find(|other| !other.trim().is_empty() && width(other) < width(line));
        above.is_some_and(|above| above.trim_start().starts_with("environment:"))
    })
}

/// Environment files of services that git does not have: Compose starts nothing without them.
pub(super) fn missing_environment_files(input: &PipelineInput, plan: &PipelinePlan) -> Vec<String> {
    let project = input.compose.and_then(|compose| compose.reading.project.as_ref());
    let (Some(project), Some(first)) = (project, plan.compose.first()) else { return Vec::new() };
    let mut files = BTreeSet::new();
    for gap in project.gaps.iter().filter(|gap| gap.kind == GapKind::EnvironmentFile) {
        let Some(text) = project.text(gap.error.place) else { continue };
        let name = text.trim().trim_matches(['"', '\'']);
        let place = path::join(path::parent(first), name);
        if !name.is_empty() && !name.contains(['$', '\n']) && !place.starts_with("..") {
            files.insert(place);
        }
    }
    files.into_iter().collect()
}

/// The names in a text that must have a value: `X` of `${X:?why}`.
fn required_names(text: &str) -> Vec<String> {
    let name = |rest: &str| {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let must = rest[end..].trim_start_matches(':').starts_with('?');
        (must && end > 0).then(|| rest[..end].to_owned())
    };
    text.split("${").skip(1).filter_map(name).collect()
}
