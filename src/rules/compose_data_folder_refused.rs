//! See `rules/compose-data-folder-refused.md`.

use super::ComposeContext;
use crate::build::Reference;
use crate::compose::project::{ComposeMap, ComposeValue};
use crate::data;
use crate::finding::Findings;
use crate::stack::StackService;

super::compose_rule!("compose-data-folder-refused", check);

/// What an image refuses (`data/refused_folders.tsv`).
struct RefusedFolder {
    folder: &'static str,
    instead: &'static str,
}

fn check(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(image) = cx.chosen_image(service) else { continue };
        let Some(refused) = refused_folder(service, image) else { continue };
        for volume in service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default() {
            let target = volume.get("target").and_then(ComposeValue::as_text).unwrap_or_default();
            if target.trim_end_matches('/') != refused.folder {
                continue;
            }
            let message = format!("`{image}` does not start with a volume at `{}`", refused.folder);
            let Some(finding) = cx.finding(volume.place, message) else { continue };
            let help = format!(
                "mount it at `{}`; data of an older version must be upgraded first, or the older version be kept as the tag",
                refused.instead
            );
            out.push(finding.help(help));
        }
    }
}

fn refused_folder(service: &StackService, image: &str) -> Option<RefusedFolder> {
    let known = service.known.filter(|known| known.is_exact)?;
    let variables = service.value.get("environment").and_then(ComposeValue::as_map);
    let is_set = |name: &str| variables.into_iter().flat_map(ComposeMap::iter).any(|(variable, _)| variable == name);
    let &[_, folder, from, newest, instead, unless, ..] = data::REFUSED_FOLDERS.row(known.name)? else { return None };
    let version = version(image).or_else(|| newest.parse().ok())?;
    (version >= from.parse::<u32>().ok()? && !is_set(unless)).then_some(RefusedFolder { folder, instead })
}

/// The folder that the version of an image keeps its data in, where that differs from the versions before.
pub(super) fn data_folder_of_version(service: &str, image: &str) -> Option<&'static str> {
    let &[_, _, from, newest, instead, ..] = data::REFUSED_FOLDERS.row(service)? else { return None };
    let version = version(image).or_else(|| newest.parse().ok())?;
    (version >= from.parse::<u32>().ok()?).then_some(instead)
}

/// The version of Postgres in a tag: 18 of `18.1-alpine3.22` and of `0.8.1-pg18`; `None` where it has none.
pub(super) fn version(image: &str) -> Option<u32> {
    let tag = Reference::of(image).tag?;
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    tag.split('-').find_map(|part| number(part.strip_prefix("pg")?)).or_else(|| number(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_program() {
        for (image, expected) in [
            ("postgres", None),
            ("postgres:18", Some(18)),
            ("postgres:18.1-alpine3.22", Some(18)),
            ("pgvector/pgvector:pg17", Some(17)),
            ("pgvector/pgvector:0.8.1-pg18-trixie", Some(18)),
            ("postgres:alpine3.22", None),
            ("postgres:latest@sha256:0", None),
        ] {
            assert_eq!(version(image), expected, "{image}");
        }
    }
}
