//! See `rules/compose-mount-hides-packages.md`.

use super::ComposeContext;
use crate::compose::project::ComposeValue;
use crate::finding::{Finding, Findings, Safety};
use crate::text::path;

super::compose_rule!("compose-mount-hides-packages", check);

const WHY: &str = "the volume keeps its packages after a new build, until `docker compose up --renew-anon-volumes`";

fn check(cx: &ComposeContext, out: &mut Findings) {
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
            let Some(folder) = folders.iter().filter(is_below).find(|folder| !is_kept(folder)) else { continue };
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
