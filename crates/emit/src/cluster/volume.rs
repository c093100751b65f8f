//! What is mounted into a container: small files of configuration, secrets, named volumes, and folders that are empty at first.

use super::environment::shows_secret;
use super::input::ClusterInput;
use super::name::label;
use super::node::Node;
use crate::build::Build;
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::dockerfile::Keyword;
use crate::secret;
use crate::stack::StackService;
use crate::text::path;

/// What is mounted into a container.
#[derive(Clone, Debug, Default)]
pub(super) struct ClusterVolumes {
    /// Files of a `ConfigMap`: the key, the text, the path in the container.
    pub(super) files: Vec<MountedFile>,
    /// `volumes` of the pod, but for that of the `ConfigMap`.
    pub(super) volumes: Vec<Node>,
    /// `volumeMounts` of the container, but for those of the `ConfigMap`.
    pub(super) mounts: Vec<Node>,
    /// Folders that are empty at first: the names of their volumes, and their paths.
    pub(super) empty: Vec<(String, String)>,
    /// Named volumes that it writes to: the claims.
    pub(super) claims: Vec<String>,
    /// Secrets that are mounted as files, with their keys and the files that they are made of.
    pub(super) secrets: Vec<(String, String, Option<String>)>,
    /// What is left out, one clause each.
    pub(super) notes: Vec<String>,
    /// Why, by key, and where that shows.
    pub(super) reasons: Vec<(String, String, Option<ComposePlace>)>,
}

/// A file of a `ConfigMap`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MountedFile {
    pub(super) key: String,
    pub(super) text: String,
    /// Where it is in the container.
    pub(super) target: String,
}

impl ClusterVolumes {
    pub(super) fn of(input: &ClusterInput, service: &StackService) -> Self {
        let mut volumes = Self::default();
        for item in list(service, "volumes") {
            volumes.add(input, item);
        }
        for item in list(service, "tmpfs") {
            let target = item.display();
            volumes.add_empty(target.split(':').next().unwrap_or_default(), "`tmpfs` of the compose file");
        }
        volumes.add_parts(input, service, "configs");
        volumes.add_parts(input, service, "secrets");
        if service.value.get("read_only").and_then(ComposeValue::as_bool) == Some(true) {
            for target in image_volumes(service) {
                volumes.add_empty(&target, "VOLUME of the image, which its read-only root does not hold");
            }
        }
        volumes
    }

    fn add(&mut self, input: &ClusterInput, item: &ComposeValue) {
        let text = |key: &str| item.get(key).map(ComposeValue::display).unwrap_or_default();
        let (source, target) = (text("source"), text("target"));
        let is_read_only = item.get("read_only").and_then(ComposeValue::as_bool) == Some(true);
        match text("type").as_str() {
            "tmpfs" => self.add_empty(&target, "`tmpfs` of the compose file"),
            "volume" if source.is_empty() => {
                self.add_empty(&target, "a volume without a name, which is new for each container");
            }
            "volume" => self.add_claim(&source, &target, is_read_only, item.place),
            "bind" => self.add_bind(input, &source, &target, item.place),
            other => self.notes.push(format!("the volume of type `{other}` at {target} is left out")),
        }
    }

    /// A folder that is empty at first and gone with the pod.
    fn add_empty(&mut self, target: &str, why: &str) {
        if self.mounts_at(target) || target.is_empty() {
            return;
        }
        let name = label(&format!("empty{target}"));
        self.volumes.push(Node::map([("name", Node::text(&name)), ("emptyDir", Node::Map(Vec::new()))]));
        self.mounts.push(Node::texts([("name", name.as_str()), ("mountPath", target)]));
        self.empty.push((name.clone(), target.to_owned()));
        self.reasons.push((format!("volumes.{name}"), why.to_owned(), None));
    }

    /// Whether something is mounted at a path.
    fn mounts_at(&self, target: &str) -> bool {
        self.mounts.iter().any(|mount| mount_path(mount) == Some(target))
    }

    fn add_claim(&mut self, source: &str, target: &str, is_read_only: bool, place: Option<ComposePlace>) {
        let name = label(source);
        let claim = Node::texts([("claimName", name.as_str())]);
        self.volumes.push(Node::map([("name", Node::text(&name)), ("persistentVolumeClaim", claim)]));
        self.add_mount(&name, target, None, is_read_only);
        if !is_read_only {
            self.claims.push(name.clone());
        }
        self.notes.push(format!(
            "it keeps data in the volume `{source}`: make a PersistentVolumeClaim `{name}` first; no file says its size and class"
        ));
        self.reasons.push((format!("volumes.{name}"), format!("the volume `{source}` of the compose file"), place));
    }

    fn add_mount(&mut self, name: &str, target: &str, file: Option<&str>, is_read_only: bool) {
        let mut keys = vec![("name".to_owned(), Node::text(name)), ("mountPath".to_owned(), Node::text(target))];
        keys.extend(file.map(|file| ("subPath".to_owned(), Node::text(file))));
        keys.extend(is_read_only.then(|| ("readOnly".to_owned(), Node::truth(true))));
        self.mounts.push(Node::Map(keys));
    }

    /// A file or a folder of the host.
    fn add_bind(&mut self, input: &ClusterInput, source: &str, target: &str, place: Option<ComposePlace>) {
        let shown = path::relative(source, &input.project.folder).unwrap_or(source).to_owned();
        let is_below = |file: &&String| path::parent(file) == source && path::is_within(target, "/etc");
        let files: Vec<&String> = match input.files.get_key_value(source) {
            Some((file, _)) => vec![file],
            None => input.files.keys().filter(is_below).collect(),
        };
        if files.is_empty() {
            self.notes.push(format!(
                "`{shown}` of the host is mounted at {target} and not written: it belongs into the image, or into a volume of \
                 its own"
            ));
            return;
        }
        for file in files {
            let text = &input.files[file];
            let name = path::name(file);
            let at = if file.as_str() == source { target.to_owned() } else { path::child(target, name) };
            self.add_file(name, text, &at, &shown, place);
        }
    }

    fn add_file(&mut self, name: &str, text: &str, target: &str, shown: &str, place: Option<ComposePlace>) {
        if shows_secret(text) || secret::environment_file_holds_secret(name, text) {
            self.add_secret(&label(name), name, target, Some(shown.to_owned()), place);
            return;
        }
        let plain: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect();
        let is_taken = |key: &str, files: &[MountedFile]| files.iter().any(|file| file.key == key);
        let mut key = plain.clone();
        let mut number = 2;
        while is_taken(&key, &self.files) {
            key = format!("{plain}-{number}");
            number += 1;
        }
        self.reasons.push((
            format!("volumeMounts.{key}"),
            format!("`{shown}` of the host is mounted at {target}"),
            place,
        ));
        self.files.push(MountedFile { key, text: text.to_owned(), target: target.to_owned() });
    }

    fn add_secret(&mut self, name: &str, key: &str, target: &str, file: Option<String>, place: Option<ComposePlace>) {
        let volume = format!("secret-{name}");
        let of_secret = Node::texts([("secretName", name)]);
        self.volumes.push(Node::map([("name", Node::text(&volume)), ("secret", of_secret)]));
        self.add_mount(&volume, target, Some(key), true);
        self.secrets.push((name.to_owned(), key.to_owned(), file));
        let why = "a secret, by reference alone: its value is in no manifest".to_owned();
        self.reasons.push((format!("volumes.{volume}"), why, place));
    }

    /// `configs` and `secrets` of a service.
    fn add_parts(&mut self, input: &ClusterInput, service: &StackService, section: &str) {
        for item in list(service, section) {
            let text = |key: &str| item.get(key).map(ComposeValue::display).filter(|text| !text.is_empty());
            let Some(source) = text("source") else { continue };
            let definition = input.project.model.get(section).and_then(|section| section.get(&source));
            let of_definition = |key: &str| definition.and_then(|known| known.get(key)).map(ComposeValue::display);
            let file = of_definition("file");
            let shown =
                file.as_deref().map(|file| path::relative(file, &input.project.folder).unwrap_or(file).to_owned());
            let target = text("target");
            if section == "secrets" {
                let target = target.unwrap_or_else(|| source.clone());
                let target = if target.starts_with('/') { target } else { format!("/run/secrets/{target}") };
                self.add_secret(&label(&source), &source, &target, shown, item.place);
                continue;
            }
            let target = target.unwrap_or_else(|| format!("/{source}"));
            let content = of_definition("content").or_else(|| input.files.get(file.as_deref()?).cloned());
            match content {
                Some(content) => self.add_file(&source, &content, &target, &source, item.place),
                None => {
                    self.notes.push(format!("the config `{source}` at {target} is left out: its text is not known"));
                }
            }
        }
    }

    /// The mounts of the `ConfigMap` files, one by one: other files of their folders stay.
    pub(super) fn file_mounts(&self) -> Vec<Node> {
        let mount = |file: &MountedFile| {
            Node::map([
                ("name", Node::text("files")),
                ("mountPath", Node::text(&file.target)),
                ("subPath", Node::text(&file.key)),
                ("readOnly", Node::truth(true)),
            ])
        };
        self.files.iter().map(mount).collect()
    }
}

/// Where a mount is in the container.
fn mount_path(mount: &Node) -> Option<&str> {
    let Node::Map(keys) = mount else { return None };
    keys.iter().find_map(|(key, value)| match value {
        Node::Text(text) if key == "mountPath" => Some(text.as_str()),
        _ => None,
    })
}

fn list<'s>(service: &'s StackService, key: &str) -> &'s [ComposeValue] {
    service.value.get(key).and_then(ComposeValue::as_list).unwrap_or_default()
}

/// The folders that VOLUME of the Dockerfile names.
fn image_volumes(service: &StackService) -> Vec<String> {
    let Some(input) = service.image.as_ref() else { return Vec::new() };
    let build = Build::new(input);
    let Some(stage) = build.target() else { return Vec::new() };
    let chain: Vec<_> = build.chain(stage).collect();
    let volumes = chain.iter().flat_map(|stage| {
        let instructions = build.instructions(stage).filter(|(_, known)| known.keyword == Keyword::Volume);
        instructions.flat_map(|(_, known)| {
            input.file.list(known).into_iter().map(|word| word.text.to_string()).collect::<Vec<_>>()
        })
    });
    volumes.filter(|folder| folder.starts_with('/') && !folder.contains('$')).collect()
}
