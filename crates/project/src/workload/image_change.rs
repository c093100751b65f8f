//! What sets the images of manifests while they are applied: `kubectl set image`, `sed` over a manifest, actions of pipelines. Each
//! counts for what it names: an image, files, an object, a container; only one that names none of them counts for all.

mod actions;
mod commands;
mod editors;
mod pattern;

use self::actions::{add_actions, scripts_of_yaml};
use self::commands::{ShellCommand, commands};
use self::pattern::{ImagePattern, is_open};
use super::model::{Container, Platform, Workload};
use crate::data;
use crate::text::path;

/// Bytes of a text that is read for commands.
const MOST_BYTES: usize = 1 << 20;

/// Changes of one text.
const CHANGES: usize = 500;

/// Something that sets images, as far as it says which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageChange {
    /// What the image must be like.
    image: ImageSign,
    /// The files and folders that it changes; all where there are none.
    files: Vec<String>,
    /// The names of Deployments and their likes; all where there are none.
    objects: Vec<String>,
    /// The names of containers; all where there are none.
    containers: Vec<String>,
    /// The only platform that it is for.
    platform: Option<Platform>,
}

/// What a change says of the image that it replaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum ImageSign {
    /// Nothing.
    #[default]
    None,
    /// Its name without a tag.
    Name(ImagePattern),
    /// The line that it stands in.
    Line(ImagePattern),
}

impl ImageChange {
    /// Whether it says nothing of what it changes.
    pub fn is_open(&self) -> bool {
        let names_image = match &self.image {
            ImageSign::None => false,
            ImageSign::Name(_) => true,
            ImageSign::Line(pattern) => pattern.names_image(),
        };
        !names_image && self.files.is_empty() && self.objects.is_empty() && self.containers.is_empty()
    }

    /// Whether it sets the image of a container; `place`: the path of its manifest from the top.
    pub fn covers(&self, place: &str, workload: &Workload, container: &Container, image: &str) -> bool {
        let names = |known: &[String], name: Option<&str>| {
            known.is_empty() || name.is_some_and(|name| known.iter().any(|known| known == name))
        };
        let is_image = match &self.image {
            ImageSign::None => true,
            ImageSign::Name(pattern) => pattern.is(bare_name(image)),
            ImageSign::Line(pattern) => pattern.takes_image(image),
        };
        is_image
            && self.platform.is_none_or(|platform| platform == workload.platform)
            && names(&self.objects, workload.name.as_deref())
            && names(&self.containers, Some(&container.name))
            && (self.files.is_empty() || self.files.iter().any(|file| is_meant(place, file)))
    }
}

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
            plain = Some(word.rsplit('/').next().unwrap_or(word));
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

/// Those of some paths that no variable decides.
fn closed(paths: Vec<&str>) -> Vec<String> {
    let plain = |path: &str| {
        // What stands behind the last variable is still known.
        let rest = path.rsplit_once(['}', ')']).map_or(path, |(_, rest)| rest);
        let rest = if rest.contains('$') { rest.split_once('/').map_or("", |(_, rest)| rest) } else { rest };
        rest.trim_start_matches(['/', '.']).to_owned()
    };
    let paths: Vec<String> = paths.into_iter().map(plain).collect();
    if paths.iter().any(String::is_empty) { Vec::new() } else { paths }
}

/// Whether a manifest is a file that a command names, or lies in a folder that it names.
fn is_meant(place: &str, named: &str) -> bool {
    let place = format!("/{place}");
    let named = path::normalize(named);
    let named = named.trim_start_matches("../");
    match named.split_once('*') {
        Some((folder, ending)) => {
            let ending = ending.rsplit('*').next().unwrap_or_default();
            let (folder, start) = folder.rsplit_once('/').unwrap_or(("", folder));
            let is_below = folder.is_empty() || place.contains(&format!("/{folder}/"));
            is_below && place.ends_with(ending) && place.contains(&format!("/{start}"))
        }
        None => place.ends_with(&format!("/{named}")) || place.contains(&format!("/{named}/")),
    }
}

/// The name of an image without its tag and digest.
fn bare_name(image: &str) -> &str {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

#[cfg(test)]
mod tests;
