//! See `rules/compose-data-volume-missing.md`.

use super::ComposeContext;
use super::compose_data_folder_refused::{data_folder_of_version, version};
use crate::build::names_developers;
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::data;
use crate::finding::Findings;
use crate::stack::StackService;
use crate::text::path;

super::compose_rule!("compose-data-volume-missing", check);

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(image) = cx.chosen_image(service) else { continue };
        let Some(known) = service.known.filter(|known| known.is_exact) else { continue };
        let Some(&[_, declared, ..]) = data::DATA_FOLDERS.row(known.name) else { continue };
        let folder = data_folder_of_version(known.name, image).unwrap_or(declared);
        let volumes = service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
        let target = |volume: &ComposeValue| {
            let target = volume.get("target").and_then(ComposeValue::as_text)?;
            Some(target.trim_end_matches('/').to_owned())
        };
        let targets: Vec<String> = volumes.iter().filter_map(target).collect();
        if service.is_job || is_elsewhere(service) || is_for_tests(cx, service) {
            continue;
        }
        let holds = |target: &String| path::is_within(target, folder);
        if targets.iter().any(holds) || cx.twins(service).any(has_volumes) {
            continue;
        }
        let above = volumes.iter().find(|volume| target(volume).is_some_and(|target| path::is_within(folder, &target)));
        let (place, message) = match above {
            // Without the version it is not known which folder the image declares.
            Some(_) if known.name != "mysql" && known.name != "mariadb" && version(image).is_none() => continue,
            Some(volume) => (
                volume.place,
                format!(
                    "`{image}` keeps its data in a volume of its own at `{folder}`, below this one, which stays empty"
                ),
            ),
            None => (
                service.value.get("image").and_then(|value| value.place),
                format!(
                    "`{}` has no volume for `{folder}`: after `docker compose down` it starts with an empty database",
                    service.name
                ),
            ),
        };
        let Some(finding) = cx.finding(place, message) else { continue };
        let help = match above {
            Some(_) => format!("mount it at `{folder}`"),
            None => format!("mount a named volume at `{folder}`, or `tmpfs` where the data may be lost"),
        };
        out.push(finding.help(help));
    }
}

fn has_volumes(service: &ComposeValue) -> bool {
    service.get("volumes").and_then(ComposeValue::as_list).is_some_and(|volumes| !volumes.is_empty())
}

/// Whether the service keeps its data in another folder, in that of another service, or in memory.
fn is_elsewhere(service: &StackService) -> bool {
    let variables = service.value.get("environment").and_then(ComposeValue::as_map);
    let mut names = variables.into_iter().flat_map(ComposeMap::iter).map(|(name, _)| name);
    let line = [service.words("entrypoint"), service.words("command")].concat().join(" ").to_ascii_lowercase();
    let moves = |word: &str| line.contains(word);
    names.any(|name| name == "PGDATA")
        || ["volumes_from", "tmpfs", "entrypoint"].iter().any(|key| !service.words(key).is_empty())
        || moves("datadir")
        || moves("dbpath")
        || moves("data_directory")
        || moves("--config")
}

/// Whether a name says that the data are for development, tests, a pipeline or examples.
fn is_for_tests(cx: &ComposeContext, service: &StackService) -> bool {
    let mut names = vec![service.name, cx.name()];
    names.extend(service.profiles());
    let is_pipeline = |name: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "ci");
    names.into_iter().any(|name| names_developers(name) || is_pipeline(name))
}
