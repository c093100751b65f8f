//! Rules about what `docker compose up` refuses although the file is one that Compose reads: builds without a stage or a
//! file, checks without a time, mounts of files that are not there.

use crate::build::Build;
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::finding::{Finding, Findings};
use crate::inputs::PathUse;
use crate::rules::ComposeContext;
use crate::rules::compose::images::text;
use crate::settings::closest;
use crate::stack::{StackService, lone_start_interval};
use crate::text::{listed, path};

crate::rules::family! {
    of_compose
    "compose-build-file-missing" => compose_build_file_missing;
    "compose-mounted-file-missing" => compose_mounted_file_missing;
    "compose-start-interval-alone" => compose_start_interval_alone;
    "compose-target-missing" => compose_target_missing;
}

fn compose_build_file_missing(cx: &ComposeContext, out: &mut Findings) {
    missing_contexts(cx, out);
    for service in cx.services() {
        let Some(missing) = cx.missing_dockerfile(service) else { continue };
        let Some(build) = service.value.get("build") else { continue };
        let written =
            ["dockerfile", "context"].into_iter().filter_map(|key| build.get(key)).find(|it| it.place.is_some());
        let place = written.and_then(|value| value.place).or(build.place);
        // A variable of Compose may have another value where the project runs.
        let places = ["dockerfile", "context"].map(|key| build.get(key).and_then(|value| value.place));
        let is_variable = places.into_iter().any(|place| has_variable(cx, place));
        let has_other = cx.twins(service).any(|twin| {
            let text = |value: &ComposeValue| Some(value.get("build")?.get("dockerfile")?.as_text()?.to_owned());
            twin.get("build").is_some() && text(twin) != text(service.value)
        });
        if is_variable || has_other {
            continue;
        }
        let message = format!("`{}` is not there, so that `{}` cannot be built", missing.path, service.name);
        let Some(finding) = cx.finding(place, message) else { continue };
        let last = path::name(&missing.path);
        let others: Vec<&str> = missing.others.iter().map(String::as_str).collect();
        let near = match others[..] {
            [one] => Some(one.to_owned()),
            _ => closest(last, &others),
        };
        out.push(match near {
            Some(near) => finding.help(format!("its folder has `{near}`")),
            None => finding.help("write the path as seen from the context, or add the file"),
        });
    }
}

/// Contexts of builds that are not there.
fn missing_contexts(cx: &ComposeContext, out: &mut Findings) {
    for (named, missing) in cx.missing_paths().filter(|(named, _)| named.path_use == PathUse::Context) {
        let place = named.value.place.or_else(|| cx.stack().service(named.owner)?.value.get("build")?.place);
        if has_variable(cx, place) {
            continue;
        }
        let message = format!("the folder `{}` is not there, so that `{}` cannot be built", missing.path, named.owner);
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help("write the path as seen from the folder of the compose file, or add the folder"));
    }
}

fn has_variable(cx: &ComposeContext, place: Option<ComposePlace>) -> bool {
    cx.text_at(place).is_some_and(|text| text.contains('$'))
}

fn compose_mounted_file_missing(cx: &ComposeContext, out: &mut Findings) {
    for (named, missing) in cx.missing_paths() {
        let place = named.value.place;
        let shown = &missing.path;
        let message = match named.path_use {
            PathUse::Context | PathUse::EnvironmentFile => continue,
            _ if has_variable(cx, place) => continue,
            PathUse::Resource => format!("`{shown}` is not there: services that use `{}` do not start", named.owner),
            PathUse::MountedFile if makes_folder(named.value) => format!(
                "`{shown}` is not there: Docker makes an empty folder of it, and `{}` finds that at `{}`",
                named.owner,
                text(named.value, "target").unwrap_or_default()
            ),
            PathUse::MountedFile => format!("`{shown}` is not there: `{}` does not start", named.owner),
        };
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help("add the file, or write its path as seen from the folder of the compose file"));
    }
}

/// Whether the engine makes a folder at the path of the host where nothing is.
fn makes_folder(volume: &ComposeValue) -> bool {
    let makes = volume.get("bind").and_then(|bind| bind.get("create_host_path")).and_then(ComposeValue::as_bool);
    makes == Some(true)
}

fn compose_start_interval_alone(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(interval) = lone_start_interval(service.value) else { continue };
        // Another file may say it.
        let has_period = |twin: &ComposeValue| twin.get("healthcheck").and_then(|it| it.get("start_period")).is_some();
        if cx.twins(service).any(has_period) {
            continue;
        }
        let message =
            format!("Compose refuses to start `{}`: `start_interval` stands without `start_period`", service.name);
        let Some(finding) = cx.finding(interval.place, message) else { continue };
        out.push(finding.help("add `start_period`, the longest time that the start takes, or remove `start_interval`"));
    }
}

fn compose_target_missing(cx: &ComposeContext, out: &mut Findings) {
    let built = cx.services().filter(|service| service.is_built);
    for finding in built.filter_map(|service| missing_target(cx, service)) {
        out.push(finding);
    }
}

fn missing_target(cx: &ComposeContext, service: &StackService) -> Option<Finding> {
    let build_value = service.value.get("build")?;
    let target = text(build_value, "target").filter(|target| !target.is_empty())?;
    let place = build_value.get("target")?.place;
    let build = Build::new(service.image.as_ref()?);
    let is_unset = place.is_some_and(|place| cx.project().unset_starts().contains(&place.start()));
    if build.knows_target() || build.stages().is_empty() || is_unset || is_put_on_other(cx, service) {
        return None;
    }
    let file = match text(build_value, "dockerfile_inline") {
        Some(_) => "its Dockerfile".to_owned(),
        None => format!("`{}`", text(build_value, "dockerfile").unwrap_or("Dockerfile")),
    };
    let message = format!("{file} has no stage `{target}`: `{}` cannot be built", service.name);
    let finding = cx.finding(place, message)?;
    let names: Vec<&str> = build.stages().iter().filter_map(|stage| stage.name.as_deref()).collect();
    Some(match (build.nearest_stage(target), &names[..]) {
        (Some(near), _) => finding.help(format!("did you mean `{near}`?")),
        (None, []) => finding.help("remove `target`: no stage has a name"),
        (None, names) => finding.help(format!("name one of its stages: {}", listed(names))),
    })
}

/// Whether the file is one that is put on top of others, which build the service from something else.
fn is_put_on_other(cx: &ComposeContext, service: &StackService) -> bool {
    let texts = |value: &ComposeValue| {
        let build = value.get("build");
        let text = |key| build.and_then(|build| text(build, key)).unwrap_or_default().to_owned();
        ["context", "dockerfile", "dockerfile_inline"].map(text)
    };
    let is_other = |twin: &ComposeValue| twin.get("build").is_some() && texts(twin) != texts(service.value);
    !crate::compose::is_main_file(cx.name()) && cx.twins(service).any(is_other)
}
