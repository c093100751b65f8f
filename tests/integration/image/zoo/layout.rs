//! Puts layers together to images, and images to archives, as each program does.

use serde_json::{Value, json};

use super::codec::{Codec, digest, pack};
use super::tar::{self, Member, archive};

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// A blob, and what manifest and config say of it.
#[derive(Clone, Debug)]
pub(crate) struct Blob {
    pub(crate) bytes: Vec<u8>,
    pub(crate) digest: String,
    pub(crate) size: u64,
    pub(crate) diff_id: String,
    pub(crate) media: String,
    pub(crate) urls: Vec<String>,
    /// Whether it lies in the archive.
    pub(crate) is_there: bool,
}

impl Blob {
    pub(crate) fn of(tar: &[u8], codec: Codec) -> Self {
        Self::packed(pack(codec, tar), tar, codec)
    }

    pub(crate) fn packed(bytes: Vec<u8>, tar: &[u8], codec: Codec) -> Self {
        let ending = match codec {
            Codec::Plain => "",
            Codec::Gzip | Codec::GzipMembers | Codec::GzipFields => "+gzip",
            Codec::Zstd | Codec::ZstdFrames | Codec::ZstdSkip | Codec::ZstdChunked => "+zstd",
            Codec::Bzip2 | Codec::BzipStreams => "+bzip2",
            Codec::Xz | Codec::XzStreams => "+xz",
        };
        Self {
            digest: digest(&bytes),
            size: bytes.len() as u64,
            diff_id: digest(tar),
            media: format!("{LAYER}{ending}"),
            urls: Vec::new(),
            is_there: true,
            bytes,
        }
    }

    fn descriptor(&self) -> Value {
        let mut descriptor = json!({"mediaType": self.media, "digest": self.digest, "size": self.size});
        if !self.urls.is_empty() {
            descriptor["urls"] = json!(self.urls);
        }
        descriptor
    }
}

/// An image to be.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    pub(crate) layers: Vec<Blob>,
    pub(crate) name: Option<String>,
    pub(crate) platform: (&'static str, &'static str),
    /// Steps; `None`: one for each layer.
    pub(crate) history: Option<Value>,
    /// The `config` of the config.
    pub(crate) settings: Value,
}

impl Picture {
    pub(crate) fn new(name: &str, layers: Vec<Blob>) -> Self {
        Self {
            layers,
            name: Some(format!("zoo/{name}:latest")),
            platform: ("amd64", ""),
            history: None,
            settings: json!({"Env": ["PATH=/usr/bin:/bin"], "Cmd": ["/bin/x"]}),
        }
    }

    pub(crate) fn of(name: &str, layers: &[Vec<Member>], codec: Codec) -> Self {
        Self::new(name, layers.iter().map(|members| Blob::of(&archive(members), codec)).collect())
    }

    pub(crate) fn config(&self) -> Vec<u8> {
        let diff_ids: Vec<&str> = self.layers.iter().map(|blob| blob.diff_id.as_str()).collect();
        let step =
            |number| json!({"created": "2026-01-02T03:04:05Z", "created_by": format!("RUN step {number} # buildkit")});
        let history = self.history.clone().unwrap_or_else(|| (0..diff_ids.len()).map(step).collect());
        let mut config = json!({
            "architecture": self.platform.0, "os": "linux", "created": "2026-01-02T03:04:05Z",
            "config": self.settings,
            "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history,
        });
        if !self.platform.1.is_empty() {
            config["variant"] = json!(self.platform.1);
        }
        serde_json::to_vec(&config).unwrap()
    }

    pub(crate) fn manifest(&self) -> Vec<u8> {
        let config = self.config();
        let layers: Vec<Value> = self.layers.iter().map(Blob::descriptor).collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest(&config), "size": config.len()}, "layers": layers,
        });
        serde_json::to_vec(&manifest).unwrap()
    }

    /// The manifest's place in an index.
    pub(crate) fn descriptor(&self, with_platform: bool) -> Value {
        let mut descriptor = describe(MANIFEST, &self.manifest());
        if with_platform {
            descriptor["platform"] = json!({"architecture": self.platform.0, "os": "linux"});
            if !self.platform.1.is_empty() {
                descriptor["platform"]["variant"] = json!(self.platform.1);
            }
        } else if let Some(name) = &self.name {
            descriptor["annotations"] = json!({"io.containerd.image.name": format!("docker.io/{name}"), "org.opencontainers.image.ref.name": "latest"});
        }
        descriptor
    }

    fn blobs(&self, files: &mut Files) {
        self.layers
            .iter()
            .filter(|blob| blob.is_there)
            .for_each(|blob| files.blob_as(&blob.digest, blob.bytes.clone()));
        files.blob(self.config());
        files.blob(self.manifest());
    }
}

pub(crate) fn describe(media: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media, "digest": digest(bytes), "size": bytes.len()})
}

/// What lies in a folder.
#[derive(Clone, Debug)]
pub(crate) enum Thing {
    File(Vec<u8>),
    Link(String),
    Folder,
}

/// A folder to be, or the archive of one; in the archive's order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files(pub(crate) Vec<(String, Thing)>);

impl Files {
    pub(crate) fn put(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        let name = name.into();
        if self.0.iter().all(|(other, _)| *other != name) {
            self.0.push((name, Thing::File(bytes.into())));
        }
    }

    pub(crate) fn json(&mut self, name: &str, value: &Value) {
        self.put(name, serde_json::to_vec(value).unwrap());
    }

    pub(crate) fn blob(&mut self, bytes: Vec<u8>) {
        self.blob_as(&digest(&bytes), bytes);
    }

    pub(crate) fn blob_as(&mut self, digest: &str, bytes: Vec<u8>) {
        self.put(format!("blobs/{}", digest.replace(':', "/")), bytes);
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(other, _)| other != name);
    }

    /// What a file holds.
    pub(crate) fn bytes(&mut self, name: &str) -> &mut Vec<u8> {
        let slot = self.0.iter_mut().find(|(other, _)| other == name);
        match slot {
            Some((_, Thing::File(bytes))) => bytes,
            _ => panic!("no {name}"),
        }
    }

    pub(crate) fn tar(&self) -> Vec<u8> {
        let member = |(name, thing): &(String, Thing)| match thing {
            Thing::File(bytes) => tar::file(name, bytes.clone()),
            Thing::Link(to) => tar::symlink(name, to),
            Thing::Folder => tar::dir(name),
        };
        archive(&self.0.iter().map(member).collect::<Vec<_>>())
    }
}

fn oci_layout(files: &mut Files) {
    files.json("oci-layout", &json!({"imageLayoutVersion": "1.0.0"}));
}

/// An index with these manifests as `index.json`.
pub(crate) fn indexed(files: &mut Files, manifests: &[Value]) {
    oci_layout(files);
    files.json("index.json", &json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}));
}

/// An OCI image layout (skopeo, buildx `--output type=oci`, `podman save --format oci-archive`).
pub(crate) fn oci(pictures: &[Picture]) -> Files {
    let mut files = Files::default();
    for picture in pictures {
        picture.blobs(&mut files);
    }
    let manifests: Vec<Value> = pictures.iter().map(|picture| picture.descriptor(false)).collect();
    indexed(&mut files, &manifests);
    files
}

/// One index of several platforms below `index.json`; what has no descriptor is a blob only.
pub(crate) fn platforms(pictures: &[Picture], more: &[(Value, Vec<u8>)]) -> Files {
    let mut files = Files::default();
    for picture in pictures {
        picture.blobs(&mut files);
    }
    let mut manifests: Vec<Value> = pictures.iter().map(|picture| picture.descriptor(true)).collect();
    for (descriptor, bytes) in more {
        manifests.extend(Some(descriptor.clone()).filter(|descriptor| !descriptor.is_null()));
        files.blob(bytes.clone());
    }
    let index = serde_json::to_vec(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests})).unwrap();
    indexed(&mut files, &[describe(INDEX, &index)]);
    files.blob(index);
    files
}

/// `docker save` of engines from 25 on: both forms at once.
pub(crate) fn engine25(pictures: &[Picture]) -> Files {
    let mut files = Files::default();
    files.0.push(("blobs".into(), Thing::Folder));
    files.0.push(("blobs/sha256".into(), Thing::Folder));
    let Files(more) = oci(pictures);
    files.0.extend(more);
    let path = |digest: &str| format!("blobs/{}", digest.replace(':', "/"));
    let mut entries = Vec::new();
    for picture in pictures {
        let layers: Vec<String> = picture.layers.iter().map(|blob| path(&blob.digest)).collect();
        let mut sources = json!({});
        for blob in &picture.layers {
            sources[&blob.diff_id] = json!({"mediaType": blob.media, "size": blob.size, "digest": blob.digest});
        }
        let names: Vec<&str> = picture.name.iter().map(String::as_str).collect();
        entries.push(json!({
            "Config": path(&digest(&picture.config())), "RepoTags": names, "Layers": layers, "LayerSources": sources,
        }));
    }
    files.json("manifest.json", &Value::Array(entries));
    files
}

/// `docker save` of engines before 25: a folder for each layer.
pub(crate) fn legacy(pictures: &[Picture]) -> Files {
    let mut files = Files::default();
    let mut entries = Vec::new();
    let mut repositories = json!({});
    for picture in pictures {
        let mut layers: Vec<String> = Vec::new();
        let mut ids: Vec<String> = Vec::new();
        for blob in &picture.layers {
            let chain = digest(format!("{} {}", ids.join(" "), blob.diff_id).as_bytes());
            let id = chain.trim_start_matches("sha256:").to_owned();
            files.0.push((id.clone(), Thing::Folder));
            files.put(format!("{id}/VERSION"), "1.0");
            files.json(&format!("{id}/json"), &json!({"id": id, "os": "linux", "parent": ids.last()}));
            if blob.is_there {
                files.put(format!("{id}/layer.tar"), blob.bytes.clone());
            }
            layers.push(format!("{id}/layer.tar"));
            ids.push(id);
        }
        let config = format!("{}.json", digest(&picture.config()).trim_start_matches("sha256:"));
        files.put(config.clone(), picture.config());
        if let Some((name, tag)) = picture.name.as_deref().and_then(|name| name.split_once(':')) {
            repositories[name][tag] = json!(ids.last());
        }
        let names = picture.name.as_ref().map(|name| vec![name]);
        entries.push(json!({"Config": config, "RepoTags": names, "Layers": layers}));
    }
    files.json("manifest.json", &Value::Array(entries));
    files.json("repositories", &repositories);
    files
}

/// `podman save`: layers by their digests, and links for the old form.
pub(crate) fn podman(picture: &Picture) -> Files {
    let mut files = Files::default();
    let mut layers = Vec::new();
    for blob in &picture.layers {
        let hex = blob.diff_id.trim_start_matches("sha256:");
        files.put(format!("{hex}.tar"), blob.bytes.clone());
        layers.push(format!("{hex}.tar"));
        files.0.push((hex.to_owned(), Thing::Folder));
        files.0.push((format!("{hex}/layer.tar"), Thing::Link(format!("../{hex}.tar"))));
        files.put(format!("{hex}/VERSION"), "1.0");
        files.json(&format!("{hex}/json"), &json!({"id": hex}));
    }
    let config = format!("{}.json", digest(&picture.config()).trim_start_matches("sha256:"));
    files.put(config.clone(), picture.config());
    files.json("repositories", &json!({}));
    files.json(
        "manifest.json",
        &json!([{"Config": config, "RepoTags": picture.name.iter().collect::<Vec<_>>(), "Layers": layers}]),
    );
    files
}

/// kaniko, crane, ko: the config by its digest, layers compressed.
pub(crate) fn crane(picture: &Picture) -> Files {
    let mut files = Files::default();
    let config = picture.config();
    let name = digest(&config);
    files.put(name.clone(), config);
    let mut layers = Vec::new();
    for blob in &picture.layers {
        let file = format!("{}.tar.gz", blob.digest.trim_start_matches("sha256:"));
        files.put(file.clone(), blob.bytes.clone());
        layers.push(file);
    }
    files.json(
        "manifest.json",
        &json!([{"Config": name, "RepoTags": picture.name.iter().collect::<Vec<_>>(), "Layers": layers}]),
    );
    files
}

/// `skopeo copy … dir:`, all in one folder.
pub(crate) fn skopeo(picture: &Picture) -> Files {
    let mut files = Files::default();
    files.put("version", "Directory Transport Version: 1.1\n");
    for bytes in picture.layers.iter().map(|blob| blob.bytes.clone()).chain([picture.config()]) {
        files.put(digest(&bytes).trim_start_matches("sha256:"), bytes);
    }
    files.put("manifest.json", picture.manifest());
    files
}
