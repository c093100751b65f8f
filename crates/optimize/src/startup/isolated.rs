//! A project that can be started beside everything else on an engine: nothing of the user's is written to, and all of it
//! carries a label by which it is found and removed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::delay::ServiceProgramWords;

/// A copy of a project, as `docker compose` takes it.
#[derive(Clone, Debug)]
pub struct IsolatedProject {
    /// Its one compose file.
    pub model: Value,
    /// What differs from the project in a way that may matter; each in a sentence.
    pub notes: Vec<String>,
    /// The image of each service.
    pub images: BTreeMap<String, ServiceImage>,
    /// Volumes that are made before it is started, each with a copy of a folder of the host.
    pub copies: Vec<FolderCopy>,
}

/// A folder of the host that services get a copy of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderCopy {
    /// The folder.
    pub source: String,
    /// The volume.
    pub volume: String,
    /// A service that mounts it.
    pub service: String,
}

/// What is at a path of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostPath {
    /// Nothing.
    Missing,
    /// A folder that can be copied.
    Folder,
    /// A folder that is too large to be copied, or cannot be read.
    LargeFolder,
    /// A file, or something else: a socket, a device.
    Other,
}

/// The image that a service runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceImage {
    /// Its name.
    pub name: String,
    /// Whether it is built, under a name of the copy.
    pub is_built: bool,
    /// Its platform, where the service names one.
    pub platform: Option<String>,
}

/// Keys of a service that name things on the host or of others, or send something elsewhere.
const SERVICE_KEYS: [&str; 6] = ["container_name", "labels", "logging", "profiles", "develop", "label_file"];

/// Keys of a build that write outside of the engine's images.
const BUILD_KEYS: [&str; 3] = ["tags", "cache_to", "platforms"];

/// Keys of a service that may join a container that is not of the project.
const JOINED: [&str; 4] = ["network_mode", "ipc", "pid", "cgroup"];

/// Makes the copy. `model`: the project as `docker compose config` prints it; `label`: what all that is created carries;
/// `tag`: the name of an image that is built, by its purpose; `host`: what is at an absolute path of the host.
pub fn isolated_project(
    mut model: Value,
    label: (&str, &str),
    tag: impl Fn(&str) -> String,
    host: impl Fn(&str) -> HostPath,
) -> IsolatedProject {
    let (mut notes, mut copies) = (Vec::new(), Vec::new());
    let labels = json!({ label.0: label.1 });
    if let Some(root) = model.as_object_mut() {
        root.retain(|key, _| key != "name" && !key.starts_with("x-"));
    }
    for (section, noun) in [("networks", "network"), ("volumes", "volume")] {
        for (name, value) in entries(&mut model, section) {
            resource(noun, name, value, &labels, &mut notes);
        }
    }
    let mut images: BTreeMap<String, ServiceImage> = BTreeMap::new();
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    for (index, (name, service)) in entries(&mut model, "services").enumerate() {
        let Some(service) = service.as_object_mut() else { continue };
        keep_alias(service);
        service.retain(|key, _| !SERVICE_KEYS.contains(&key.as_str()));
        service.insert("labels".to_owned(), labels.clone());
        if let Some(links) = service.remove("external_links") {
            let count = links.as_array().map_or(0, Vec::len);
            if count > 0 {
                notes.push(format!("`{name}` has links to containers outside of the project, which are left out"));
            }
        }
        joined(name, service, &mut notes);
        ports(service);
        mounts(name, service, label.1, &host, &mut copies, &mut notes);
        let platform = service.get("platform").and_then(Value::as_str).map(str::to_owned);
        let image = service.get("image").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(build) = service.get_mut("build").and_then(Value::as_object_mut) {
            build.retain(|key, _| !BUILD_KEYS.contains(&key.as_str()));
            let built = tag(&format!("{index}-{}", name.chars().take(100).collect::<String>()));
            if !image.is_empty() {
                renamed.insert(image, built.clone());
            }
            service.insert("image".to_owned(), built.clone().into());
            service.remove("pull_policy");
            images.insert(name.clone(), ServiceImage { name: built, is_built: true, platform });
        } else {
            if image.is_empty() {
                // Something else than an engine provides it.
                continue;
            }
            service.insert("pull_policy".to_owned(), "never".into());
            images.insert(name.clone(), ServiceImage { name: image.replace("$$", "$"), is_built: false, platform });
        }
    }
    // What another service builds is run under its new name.
    for (name, service) in entries(&mut model, "services") {
        let Some(image) = images.get_mut(name).filter(|image| !image.is_built) else { continue };
        if let Some(built) = renamed.get(&image.name) {
            service["image"] = built.clone().into();
            *image = ServiceImage { name: built.clone(), is_built: true, platform: image.platform.take() };
        }
    }
    add_copied_volumes(&mut model, &copies);
    IsolatedProject { model, notes, images, copies }
}

/// Names the volumes that hold the copies of folders: dockopt creates them.
fn add_copied_volumes(model: &mut Value, copies: &[FolderCopy]) {
    let external = copies.iter().map(|copy| (copy.volume.clone(), json!({"external": true, "name": copy.volume})));
    let external: Map<String, Value> = external.collect();
    if !external.is_empty()
        && let Some(root) = model.as_object_mut()
    {
        let volumes = root.entry("volumes").or_insert_with(|| json!({}));
        volumes.as_object_mut().into_iter().for_each(|volumes| volumes.extend(external.clone()));
    }
}

fn entries<'m>(model: &'m mut Value, section: &str) -> impl Iterator<Item = (&'m String, &'m mut Value)> {
    model.get_mut(section).and_then(Value::as_object_mut).into_iter().flat_map(|map| {
        map.iter_mut().map(|(name, value)| {
            if value.is_null() {
                *value = json!({});
            }
            (name, value)
        })
    })
}

/// A network or volume of the copy: new, empty, of the engine's usual kind.
fn resource(noun: &str, name: &str, value: &mut Value, labels: &Value, notes: &mut Vec<String>) {
    let Some(map) = value.as_object_mut() else { return };
    if map.remove("external").is_some_and(|external| external != Value::Bool(false)) {
        notes.push(format!("the external {noun} `{name}` is replaced by an empty one"));
        map.clear();
    }
    map.remove("name");
    let driver = map.get("driver").and_then(Value::as_str).unwrap_or("local");
    let has_options = map.get("driver_opts").and_then(Value::as_object).is_some_and(|options| !options.is_empty());
    if noun == "volume" && (driver != "local" || has_options) {
        notes.push(format!("the volume `{name}` of another place is replaced by an empty one of the engine"));
        map.remove("driver");
        map.remove("driver_opts");
    }
    map.insert("labels".to_owned(), labels.clone());
}

/// Other services may reach a container by its name: it is an alias from now on.
fn keep_alias(service: &mut Map<String, Value>) {
    let Some(name) = service.get("container_name").cloned() else { return };
    let networks = service.get_mut("networks").and_then(Value::as_object_mut);
    for network in networks.into_iter().flat_map(Map::values_mut) {
        if network.is_null() {
            *network = json!({});
        }
        match network.get_mut("aliases").and_then(Value::as_array_mut) {
            Some(aliases) => aliases.push(name.clone()),
            None => network["aliases"] = json!([name]),
        }
    }
}

/// Leaves out what is shared with containers that are not of the project.
fn joined(name: &str, service: &mut Map<String, Value>, notes: &mut Vec<String>) {
    let is_foreign = |value: &Value| value.as_str().is_some_and(|text| text.starts_with("container:"));
    for key in JOINED {
        if service.get(key).is_some_and(is_foreign) {
            service.remove(key);
            notes.push(format!("`{key}` of `{name}` names a container outside of the project and is left out"));
        }
    }
    if let Some(volumes) = service.get_mut("volumes_from").and_then(Value::as_array_mut) {
        let count = volumes.len();
        volumes.retain(|value| !is_foreign(value));
        if volumes.len() < count {
            notes.push(format!(
                "`volumes_from` of `{name}` names a container outside of the project, which is left out"
            ));
        }
    }
}

/// Ports that the engine chooses, on an address that nobody else reaches.
fn ports(service: &mut Map<String, Value>) {
    let Some(ports) = service.get_mut("ports").and_then(Value::as_array_mut) else { return };
    let mut seen = BTreeSet::new();
    ports.retain_mut(|port| {
        let Some(map) = port.as_object_mut() else { return false };
        map.remove("published");
        map.insert("host_ip".to_owned(), "127.0.0.1".into());
        let part = |key: &str| map.get(key).map(Value::to_string).unwrap_or_default();
        seen.insert((part("target"), part("protocol")))
    });
}

/// Files and folders of the host are mounted so that they cannot be written to: a writable folder is copied, a file is
/// read-only, a missing one is an empty folder.
fn mounts(
    name: &str,
    service: &mut Map<String, Value>,
    nonce: &str,
    host: &impl Fn(&str) -> HostPath,
    copies: &mut Vec<FolderCopy>,
    notes: &mut Vec<String>,
) {
    let Some(volumes) = service.get_mut("volumes").and_then(Value::as_array_mut) else { return };
    for volume in volumes.iter_mut().filter_map(Value::as_object_mut) {
        if volume.get("type").and_then(Value::as_str) != Some("bind") {
            continue;
        }
        let source = volume.get("source").and_then(Value::as_str).unwrap_or_default().replace("$$", "$");
        let is_writable = volume.get("read_only").and_then(Value::as_bool) != Some(true);
        match host(&source) {
            HostPath::Missing => {
                // The engine would create it.
                volume.retain(|key, _| key == "target");
                volume.insert("type".to_owned(), "volume".into());
                notes.push(format!(
                    "`{source}`, which `{name}` mounts, does not exist: an empty folder takes its place"
                ));
            }
            HostPath::Folder if is_writable => {
                let known = copies.iter().find(|copy| copy.source == source).map(|copy| copy.volume.clone());
                let copy = known.unwrap_or_else(|| {
                    let volume = format!("dockopt-{nonce}-{}", copies.len());
                    copies.push(FolderCopy {
                        source: source.clone(),
                        volume: volume.clone(),
                        service: name.to_owned(),
                    });
                    notes.push(format!("`{name}` writes to a copy of `{source}`"));
                    volume
                });
                volume.retain(|key, _| key == "target");
                volume.insert("type".to_owned(), "volume".into());
                volume.insert("source".to_owned(), copy.into());
            }
            HostPath::LargeFolder | HostPath::Other if is_writable => {
                volume.insert("read_only".to_owned(), true.into());
                notes.push(format!("`{name}` can read `{source}` and cannot write to it"));
            }
            HostPath::Folder | HostPath::LargeFolder | HostPath::Other => {}
        }
    }
}

/// What a service of a model runs; the words of its image are added by who knows them.
pub fn service_words(model: &Value, service: &str) -> ServiceProgramWords {
    let words = |key: &str| {
        let list = model.get("services")?.get(service)?.get(key)?.as_array()?;
        Some(list.iter().filter_map(Value::as_str).map(|word| word.replace("$$", "$")).collect())
    };
    ServiceProgramWords { entrypoint: words("entrypoint"), command: words("command"), ..ServiceProgramWords::default() }
}

/// Sets what a service of a model runs.
pub fn set_service_words(model: &mut Value, service: &str, words: &[String]) {
    let Some(service) = model.get_mut("services").and_then(|services| services.get_mut(service)) else { return };
    let words: Vec<String> = words.iter().map(|word| word.replace('$', "$$")).collect();
    let (entrypoint, command) = words.split_at(words.len().min(1));
    service["entrypoint"] = entrypoint.into();
    service["command"] = command.into();
}
