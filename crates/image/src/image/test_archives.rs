//! Archives of images for tests, made of a few words.

use std::io::Write;

use crate::image::digest::{Algorithm, Digest};

/// Names and contents of an archive's files, in its order; a content that begins with `->` is a symbolic link.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

/// A tar archive.
pub(crate) fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, contents) in files {
        let link = contents.strip_prefix(b"->").unwrap_or_default();
        let flag = if link.is_empty() { b'0' } else { b'2' };
        let contents: &[u8] = if link.is_empty() { contents } else { &[] };
        let mut header = [0u8; 512];
        let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
        put(0, name.as_bytes());
        put(100, b"0000644\0");
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        put(124, format!("{:011o}\0", contents.len()).as_bytes());
        put(136, b"00000000000\0");
        put(148, b"        ");
        put(156, &[flag]);
        put(157, link);
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        bytes.extend_from_slice(&header);
        bytes.extend_from_slice(contents);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    bytes
}

/// A layer: files with their names as contents, repeated to some length.
pub(crate) fn layer(names: &[&str]) -> Vec<u8> {
    let files: Files = names.iter().map(|name| ((*name).to_owned(), name.repeat(100).into_bytes())).collect();
    tar(&files)
}

/// Compressed with gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Compressed with zstd.
pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// The digest of bytes.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Digest::of(Algorithm::Sha256, bytes).to_string()
}

/// An image's config.
pub(crate) fn config(architecture: &str, layers: &[Vec<u8>]) -> Vec<u8> {
    let ids: Vec<String> = layers.iter().map(|layer| format!("\"{}\"", digest(layer))).collect();
    let steps: Vec<String> = (0..layers.len()).map(|index| format!("{{\"created_by\":\"step {index}\"}}")).collect();
    format!(
        "{{\"os\":\"linux\",\"architecture\":\"{architecture}\",\"config\":{{\"Env\":[\"A=b\"]}},\
         \"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[{}]}},\"history\":[{},{{\"empty_layer\":true}}]}}",
        ids.join(","),
        steps.join(",")
    )
    .into_bytes()
}

/// An OCI layout in the making.
#[derive(Default)]
pub(crate) struct Layout {
    pub(crate) files: Files,
}

/// Media types.
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const TAR: &str = "application/vnd.oci.image.layer.v1.tar";

impl Layout {
    /// Adds a blob; its descriptor, with more members.
    pub(crate) fn blob(&mut self, kind: &str, bytes: &[u8], more: &str) -> String {
        let digest = digest(bytes);
        let name = format!("blobs/sha256/{}", &digest[7..]);
        if !self.files.iter().any(|(other, _)| *other == name) {
            self.files.push((name, bytes.to_vec()));
        }
        format!("{{\"mediaType\":\"{kind}\",\"digest\":\"{digest}\",\"size\":{}{more}}}", bytes.len())
    }

    /// Adds an image with layers as they are to be stored; the descriptor of its manifest.
    pub(crate) fn image(&mut self, config: &[u8], layers: &[(String, Vec<u8>)], more: &str) -> String {
        let layers: Vec<String> = layers.iter().map(|(kind, layer)| self.blob(kind, layer, "")).collect();
        let config = self.blob(CONFIG, config, "");
        let manifest = format!("{{\"schemaVersion\":2,\"config\":{config},\"layers\":[{}]}}", layers.join(","));
        self.blob(MANIFEST, manifest.as_bytes(), more)
    }

    /// Adds an index; its descriptor.
    pub(crate) fn index(&mut self, manifests: &[String], more: &str) -> String {
        let index = format!("{{\"schemaVersion\":2,\"manifests\":[{}]}}", manifests.join(","));
        self.blob(INDEX, index.as_bytes(), more)
    }

    /// Ends it with its `index.json`.
    pub(crate) fn end(mut self, manifests: &[String]) -> Files {
        let index = format!("{{\"schemaVersion\":2,\"manifests\":[{}]}}", manifests.join(","));
        self.files.push(("oci-layout".to_owned(), b"{\"imageLayoutVersion\":\"1.0.0\"}".to_vec()));
        self.files.push(("index.json".to_owned(), index.into_bytes()));
        self.files
    }
}

/// Two layers, not compressed.
pub(crate) fn layers() -> Vec<Vec<u8>> {
    vec![layer(&["etc/a", "usr/b"]), layer(&["etc/c", "usr/.wh.b"])]
}

/// An OCI layout of one image, its layers compressed in several ways.
pub(crate) fn oci() -> Files {
    let layers = layers();
    let mut layout = Layout::default();
    let stored = [(format!("{TAR}+gzip"), gzip(&layers[0])), (format!("{TAR}+zstd"), zstd(&layers[1]))];
    let name = ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"app:1\"}";
    let image = layout.image(&config("amd64", &layers), &stored, name);
    layout.end(&[image])
}

/// What engines before 25 save: `<id>/layer.tar`, the config last.
pub(crate) fn legacy() -> Files {
    let layers = layers();
    let config = config("amd64", &layers);
    let name = format!("{}.json", &digest(&config)[7..]);
    let id = |index: usize| format!("{index}").repeat(64);
    let mut files = Files::new();
    for (index, layer) in layers.iter().enumerate() {
        files.push((format!("{}/VERSION", id(index)), b"1.0".to_vec()));
        files.push((format!("{}/json", id(index)), b"{\"id\":\"x\"}".to_vec()));
        files.push((format!("{}/layer.tar", id(index)), layer.clone()));
    }
    // An equal layer is a link to the first one.
    files.push((format!("{}/layer.tar", id(2)), format!("->../{}/layer.tar", id(0)).into_bytes()));
    let list = format!(
        "[{{\"Config\":\"{name}\",\"RepoTags\":[\"app:1\",\"app:latest\"],\"Layers\":[\"{0}/layer.tar\",\"{1}/layer.tar\"]}}]",
        id(2),
        id(1)
    );
    files.push((name, config));
    files.push(("manifest.json".to_owned(), list.into_bytes()));
    files.push(("repositories".to_owned(), b"{\"app\":{\"1\":\"x\"}}".to_vec()));
    files
}

/// What engines since 25 save: both layouts in one, plain layers.
pub(crate) fn saved_by_engine() -> Files {
    let layers = layers();
    let mut layout = Layout::default();
    let config = config("amd64", &layers);
    let stored: Vec<(String, Vec<u8>)> = layers.iter().map(|layer| (TAR.to_owned(), layer.clone())).collect();
    let name = ",\"annotations\":{\"io.containerd.image.name\":\"docker.io/library/app:1\",\
                \"org.opencontainers.image.ref.name\":\"1\"}";
    let image = layout.image(&config, &stored, name);
    let mut files = layout.end(&[image]);
    let path = |bytes: &[u8]| format!("\"blobs/sha256/{}\"", &digest(bytes)[7..]);
    let paths: Vec<String> = layers.iter().map(|layer| path(layer)).collect();
    let list = format!("[{{\"Config\":{},\"RepoTags\":[\"app:1\"],\"Layers\":[{}]}}]", path(&config), paths.join(","));
    files.push(("manifest.json".to_owned(), list.into_bytes()));
    files
}
