//! Rules about images in a compose file.

use std::collections::BTreeSet;

use super::ComposeContext;
use super::base_version::{FloatingReason, floats, is_public};
use super::end_of_life::{EndOfLife, without_digest};
use crate::build::{Build, EdgeKind, Reference};
use crate::compose::{project::ComposeMap, project::ComposeValue};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings, Safety};
use crate::settings::closest;
use crate::sources::patterns;
use crate::stack::StackService;
use crate::text::path;

super::family! {
    of_compose
    "compose-image-unpinned" => compose_image_unpinned;
    "compose-end-of-life-image" => compose_end_of_life_image;
    "compose-build-file-missing" => compose_build_file_missing;
    "compose-mount-hides-packages" => compose_mount_hides_packages;
}

fn compose_image_unpinned(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(image) = cx.chosen_image(service) else { continue };
        let place = service.value.get("image").and_then(|value| value.place);
        let what = match floats(image, EdgeKind::From) {
            Some(FloatingReason::Untagged) => format!("`{image}` has no tag"),
            Some(FloatingReason::Latest | FloatingReason::Channel) => format!("`{image}` names no version"),
            None => continue,
        };
        let name = Reference::of(image).short_name();
        if !is_public(image) || cx.compose_use().built_images.contains(name) {
            continue;
        }
        // Somebody wants the newest one at each start.
        if service.text("pull_policy").is_some_and(|policy| !["missing", "if_not_present", "never"].contains(&policy)) {
            continue;
        }
        let environment = service.value.get("environment").and_then(ComposeValue::as_map);
        let upgrades = |name: &str| patterns::words("upgrades its data by itself").any(|word| word == name);
        if environment.into_iter().flat_map(ComposeMap::iter).any(|(name, _)| upgrades(name)) {
            continue;
        }
        let message = format!("{what}: the next pull may bring another version");
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help("write the version that is in use as the tag"));
    }
}

fn compose_end_of_life_image(cx: &ComposeContext, out: &mut Findings) {
    let Some(today) = cx.today() else { return };
    for service in cx.services() {
        let Some(image) = cx.chosen_image(service) else { continue };
        let Some(ended) = EndOfLife::of(image, today) else { continue };
        let place = service.value.get("image").and_then(|value| value.place);
        let image = without_digest(image);
        let message = format!("`{image}` no longer receives security fixes: {}", ended.reasons());
        let Some(finding) = cx.finding(place, message) else { continue };
        let help = ended.help(today, &BTreeSet::new());
        let keeps_data = service.known.is_some_and(|known| known.is_private());
        let upgrade = if keeps_data { "; upgrade its data as its documentation says" } else { "" };
        out.push(finding.help(format!("{help}{upgrade}")));
    }
}

fn compose_build_file_missing(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(missing) = cx.missing_dockerfile(service) else { continue };
        let Some(build) = service.value.get("build") else { continue };
        let written =
            ["dockerfile", "context"].into_iter().filter_map(|key| build.get(key)).find(|it| it.place.is_some());
        let place = written.and_then(|value| value.place).or(build.place);
        // A variable of Compose may have another value where the project runs.
        let is_variable = ["dockerfile", "context"]
            .iter()
            .any(|key| cx.text_at(build.get(key).and_then(|value| value.place)).is_some_and(|text| text.contains('$')));
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

const WHY: &str = "the volume keeps its packages after a new build, until `docker compose up --renew-anon-volumes`";

fn compose_mount_hides_packages(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services().filter(|service| service.is_built && !service.may_install()) {
        let volumes = service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
        let binds = volumes.iter().filter(|volume| text(volume, "type") == Some("bind"));
        let mut binds = binds.filter_map(|volume| Some((volume, text(volume, "target")?))).peekable();
        if binds.peek().is_none() {
            continue;
        }
        let folders = service.package_folders();
        for (bind, target) in binds {
            let is_below = |folder: &&String| path::is_within(folder, target) && folder.as_str() != target;
            let is_kept = |folder: &str| {
                let targets = volumes.iter().filter_map(|volume| text(volume, "target"));
                targets.into_iter().any(|other| {
                    path::is_within(folder, other) && path::is_within(other, target) && other.len() > target.len()
                })
            };
            let mut hidden = folders.iter().filter(is_below).filter(|folder| !is_kept(folder));
            let Some(folder) = hidden.find(|folder| uses_folder(service, folder)) else { continue };
            let message = format!(
                "the mount on `{target}` hides `{folder}`, which the image of `{}` installs: the folder of the host needs its own",
                service.name
            );
            let Some(finding) = cx.finding(bind.place, message) else { continue };
            let finding = finding.help(format!("add a volume for it (`- {folder}`), or mount only the sources"));
            out.push(with_volume(cx, finding, bind, folder));
        }
    }
}

/// Whether the program of a service may use a folder of packages. A virtual environment is used only where the command or a
/// variable names it, or the command runs through the tool that made it.
fn uses_folder(service: &StackService, folder: &str) -> bool {
    let name = path::name(folder);
    if !name.ends_with("venv") {
        return true;
    }
    let mut text = [service.words("entrypoint"), service.words("command")].concat().join(" ");
    if let Some(input) = &service.image {
        let build = Build::new(input);
        let starts = [Keyword::Env, Keyword::Cmd, Keyword::Entrypoint];
        let all = build.all_instructions().map(|(_, _, instruction)| instruction);
        for instruction in all.filter(|instruction| starts.contains(&instruction.keyword)) {
            text.push(' ');
            text.push_str(input.file.logical(instruction.text));
        }
    }
    // A script may do anything.
    [name, " run ", "run\"", ".sh"].iter().any(|word| text.contains(word)) || text.trim().is_empty()
}

fn text<'v>(volume: &'v ComposeValue, key: &str) -> Option<&'v str> {
    volume.get(key).and_then(ComposeValue::as_text)
}

/// The finding with a volume for the folder behind the mount, where both can be written in the short form.
fn with_volume(cx: &ComposeContext, finding: Finding, bind: &ComposeValue, folder: &str) -> Finding {
    let Some(written) = cx.text_at(bind.place) else { return finding };
    let is_short = written.trim_matches(['"', '\'']).split(':').count() >= 2 && !written.contains(['\n', '{']);
    let Some(before) = cx.line_before(bind.place) else { return finding };
    let joined = match before.trim_start() {
        "- " if is_short => format!("{written}\n{before}{folder}"),
        list if list.contains('[') && is_short => format!("{written}, {folder}"),
        _ => return finding,
    };
    cx.replaced(finding, "keep the packages of the image", Safety::Unsafe(WHY.to_owned()), bind.place, &joined)
}
