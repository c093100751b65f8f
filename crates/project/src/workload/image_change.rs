//! What sets the images of manifests while they are applied: `kubectl set image`, `sed` over a manifest, actions of pipelines. Each
//! counts for what it names: an image, files, an object, a container; only one that names none of them counts for all.

mod actions;
mod commands;
mod editors;
mod model;
mod pattern;

use self::actions::{add_actions, scripts_of_yaml};
use self::commands::{ShellCommand, commands};
pub use self::model::ImageChange;
use self::model::{ImageSign, bare_name, closed};
use self::pattern::{ImagePattern, is_open};
use crate::data;
use crate::text::path;

/// Bytes of a text that is read for commands.
const MOST_BYTES: usize = 1 << 20;

/// Changes of one text.
const CHANGES: usize = 500;

/// Whether a text may set images, by words in it.
pub fn may_change_images(text: &str) -> bool {
    const WORDS: [&str; 5] = ["image", "IMAGE", "latest", "kubectl", "deploy"];
    let is_whole = |word: &str| {
        let is_open = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
        let ends_open = |rest: &str| !word.ends_with(char::is_alphanumeric) || is_open(rest.chars().next());
        text.match_indices(word)
            .any(|(at, _)| is_open(text[..at].chars().next_back()) && ends_open(&text[at + word.len()..]))
    };
    text.len() <= MOST_BYTES
        && WORDS.iter().any(|word| text.contains(word))
        && (text.contains("set image") || data::IMAGE_SETTERS.keys().any(is_whole))
}

/// What a text sets of images; `file`: its name.
pub fn image_changes(file: &str, text: &str) -> Vec<ImageChange> {
    let mut changes = Vec::new();
    if !may_change_images(text) {
        return changes;
    }
    let scripts = if matches!(file.rsplit_once('.'), Some((_, "yaml" | "yml" | "json"))) {
        add_actions(text, &mut changes);
        scripts_of_yaml(text)
    } else {
        vec![text.to_owned()]
    };
    for script in scripts {
        let commands = commands(file, &script);
        let applies = text.contains("kubectl") || text.contains("kustomize") || text.contains("aws ecs");
        for command in &commands {
            add_command(command, &script, applies, &mut changes);
            if changes.len() >= CHANGES {
                return changes;
            }
        }
    }
    changes
}

fn add_command(command: &ShellCommand, script: &str, applies: bool, changes: &mut Vec<ImageChange>) {
    let words = &command.words;
    let set_at = words.windows(2).position(|pair| pair[0] == "set" && pair[1] == "image");
    if let Some(at) = set_at {
        if words[..at].iter().any(|word| word == "edit") {
            changes.extend(words[at + 2..].iter().filter_map(|word| kustomized(word)));
        } else {
            changes.extend(set_image(&words[..at], &words[at + 2..]));
        }
        return;
    }
    let program = path::name(&words[0]);
    match data::IMAGE_SETTERS.row(program).map(|row| row[1]) {
        Some("command") if program == "gke-deploy" => changes.extend(deployed(&words[1..])),
        Some("command") => changes.extend(patched(command, script)),
        Some("editor") => editors::add_changes(program, command, applies, changes),
        _ => {}
    }
}

/// `kustomize edit set image shop/api=registry/shop/api:1`
fn kustomized(word: &str) -> Option<ImageChange> {
    let name = word.split('=').next().unwrap_or(word);
    if word.starts_with('-') {
        return None;
    }
    let image = ImagePattern::of_name(bare_name(name)).map_or(ImageSign::None, ImageSign::Name);
    Some(ImageChange { image, ..ImageChange::default() })
}

/// `kubectl set image deployment/api api=registry/shop/api:1`: those of the containers that it names.
fn set_image(before: &[String], after: &[String]) -> Option<ImageChange> {
    let mut change = ImageChange::default();
    let mut images = Vec::new();
    let mut is_any_container = false;
    let mut plain = None;
    let mut words = before.iter().skip(1).chain(after).peekable();
    while let Some(word) = words.next() {
        if word.starts_with('-') {
            // What stands behind an option is its value, unless it is what the command is about.
            let is_value =
                |next: &&String| !next.contains(['=', '/']) && !next.starts_with('-') && !path::is_yaml(next);
            if !word.contains('=') {
                words.next_if(is_value);
            }
        } else if let Some((container, image)) = word.split_once('=') {
            images.push(image);
            is_any_container |= is_open(container) || container == "*";
            change.containers.push(container.to_owned());
        } else if path::is_yaml(word) {
            change.files.extend(closed(vec![word]));
        } else {
            plain = Some(path::name(word));
        }
    }
    if images.is_empty() || images.iter().any(|image| image.ends_with(":latest")) {
        return None;
    }
    if is_any_container {
        change.containers.clear();
    }
    change.objects.extend(plain.filter(|name| !is_open(name)).map(str::to_owned));
    if change.objects.is_empty() && change.containers.is_empty() && change.files.is_empty() {
        let names = images.iter().find_map(|image| ImagePattern::of_name(bare_name(image)));
        change.image = names.map_or(ImageSign::None, ImageSign::Name);
    }
    Some(change)
}

/// `gke-deploy run --filename=k8s --image=registry/shop/api:1`: the images of that name.
fn deployed(words: &[String]) -> Option<ImageChange> {
    let row = data::IMAGE_SETTERS.row("gke-deploy")?;
    let values = |names: &'static str| -> Vec<&str> {
        let value = |(at, word): (usize, &'_ String)| -> Option<usize> {
            data::words(names).any(|name| word == name).then_some(at + 1)
        };
        let behind = words.iter().enumerate().filter_map(value).filter_map(|at| words.get(at));
        let joined = words.iter().filter_map(|word| word.split_once('='));
        let joined = joined.filter(|(name, _)| data::words(names).any(|known| known == *name));
        behind.map(String::as_str).chain(joined.map(|(_, value)| value)).collect()
    };
    let image = values(row[2]).into_iter().next()?;
    let image = ImagePattern::of_name(bare_name(image)).map_or(ImageSign::None, ImageSign::Name);
    Some(ImageChange { image, files: closed(values(row[4])), ..ImageChange::default() })
}

/// `kubectl patch deployment api -p '{"spec": … "image": …}'`
fn patched(command: &ShellCommand, script: &str) -> Option<ImageChange> {
    let at = command.words.iter().position(|word| word == "patch")?;
    if !names_image(&command.raw) && !command.variables(script).iter().any(|value| names_image(value)) {
        return None;
    }
    let mut words = command.words[at + 1..].iter().take_while(|word| !word.starts_with('-'));
    let first = words.next()?;
    let name = first.split_once('/').map(|(_, name)| name).or_else(|| words.next().map(String::as_str));
    let objects = name.filter(|name| !is_open(name)).map(str::to_owned).into_iter().collect();
    Some(ImageChange { objects, ..ImageChange::default() })
}

/// Whether a patch sets an image: as a key, or as the end of a path.
fn names_image(patch: &str) -> bool {
    let is_key = |(at, _): (usize, &str)| {
        let before = patch[..at].ends_with(['"', '/', '\'', ' ', '{']);
        before && patch[at + "image".len()..].starts_with(['"', ':', '\'', '\\'])
    };
    patch.match_indices("image").any(is_key)
}

#[cfg(test)]
mod tests;
