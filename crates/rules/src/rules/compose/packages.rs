//! Rules about the packages of an image that a mount hides or keeps.

use crate::build::Build;
use crate::compose::project::ComposeValue;
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings, Safety};
use crate::rules::ComposeContext;
use crate::rules::compose::images::text;
use crate::stack::StackService;
use crate::text::path;

crate::rules::family! {
    of_compose
    "compose-mount-hides-packages" => compose_mount_hides_packages;
    "compose-volume-keeps-packages" => compose_volume_keeps_packages;
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

const WHY_ANONYMOUS: &str = "the volume with the packages of now is no longer used; `docker compose up --renew-anon-volumes` fills the new one again";

fn compose_volume_keeps_packages(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services().filter(|service| service.is_built && !service.may_install()) {
        let volumes = service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
        let mut named = volumes.iter().filter_map(named_volume).peekable();
        if named.peek().is_none() {
            continue;
        }
        let folders = service.package_folders();
        for (volume, name, target) in named {
            let is_kept = |folder: &&String| path::is_within(folder, target) && uses_folder(service, folder);
            let Some(folder) = folders.iter().find(is_kept) else { continue };
            // Another mount lies between.
            let is_nearer = |other: &&str| path::is_within(folder, other) && other.len() > target.len();
            if volumes.iter().filter_map(|volume| text(volume, "target")).any(|other| is_nearer(&other)) {
                continue;
            }
            let message = format!(
                "the volume `{name}` keeps the packages of its first start: a new image of `{}` does not change `{folder}`",
                service.name
            );
            let Some(finding) = cx.finding(volume.place, message) else { continue };
            let help = if path::is_within(target, folder) {
                format!(
                    "leave out the name (`- {target}`) and start with `docker compose up --build --renew-anon-volumes`, or remove the volume after each change of the packages"
                )
            } else {
                format!("mount the folder with the data alone, or add an anonymous volume (`- {folder}`)")
            };
            out.push(without_name(cx, finding.help(help), volume, (target, folder)));
        }
    }
}

/// A volume with a name: it, its name and where it is mounted.
fn named_volume(volume: &ComposeValue) -> Option<(&ComposeValue, &str, &str)> {
    let name = text(volume, "source").filter(|name| !name.is_empty())?;
    if text(volume, "type") == Some("volume") { Some((volume, name, text(volume, "target")?)) } else { None }
}

/// The finding with an anonymous volume in place of one with a name, where that is written in the short form.
fn without_name(
    cx: &ComposeContext,
    finding: Finding,
    volume: &ComposeValue,
    (target, folder): (&str, &str),
) -> Finding {
    let Some(written) = cx.text_at(volume.place) else { return finding };
    let quote = written.chars().next().filter(|c| ['"', '\''].contains(c)).map(String::from).unwrap_or_default();
    let parts: Vec<&str> = written.trim_matches(['"', '\'']).split(':').collect();
    let is_short = parts.len() == 2 && parts[1] == target && !written.contains(['\n', '{', '$']);
    if !is_short || !path::is_within(target, folder) {
        return finding;
    }
    let text = format!("{quote}{target}{quote}");
    cx.replaced(finding, "use an anonymous volume", Safety::Unsafe(WHY_ANONYMOUS.to_owned()), volume.place, &text)
}
