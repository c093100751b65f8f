//! Manifests, configs and indexes that are odd, or wrong.

use serde_json::{Value, json};

use super::codec::{Codec, digest};
use super::layout::{Files, Picture, describe, engine25, indexed, legacy, oci};
use super::{Case, Engine, Zoo, ordinary};

fn plain(name: &str) -> Picture {
    Picture::of(name, &ordinary(), Codec::Plain)
}

fn single(picture: &Picture) -> &[Picture] {
    std::slice::from_ref(picture)
}

pub(super) fn add(zoo: &mut Zoo) {
    histories(zoo);
    docker(zoo);
    indexes(zoo);
    nothing(zoo);
}

fn with<'z>(zoo: &'z mut Zoo, name: &'static str, history: Value) -> &'z mut Case {
    let mut picture = plain(name);
    picture.history = Some(history);
    let files = engine25(single(&picture));
    zoo.archive(name, &files, &[(picture, ordinary())])
}

fn histories(zoo: &mut Zoo) {
    let step = |number: usize| json!({"created_by": format!("RUN {number}")});
    let empty = json!({"created_by": "ENV A=b", "empty_layer": true});
    with(zoo, "history-too-short", json!([step(1)])).says(&["history"]);
    with(zoo, "history-too-long", json!([step(1), step(2), step(3), step(4), step(5)]))
        .says(&["history"])
        .engine(Engine::Refuses);
    with(zoo, "history-missing", json!([]));
    with(zoo, "history-null", Value::Null);
    with(
        zoo,
        "history-of-an-import",
        json!([{"created": "2026-01-01T00:00:00Z", "comment": "Imported from -"}, step(2), step(3)]),
    );
    with(zoo, "history-with-empty-layers", json!([step(1), empty, step(2), empty, empty, step(3)]));
    with(
        zoo,
        "history-with-secrets-and-controls",
        json!([step(1), {"created_by": "|1 TOKEN=hunter2 /bin/sh -c \u{1b}[2J"}, step(3)]),
    );
}

fn docker(zoo: &mut Zoo) {
    let picture = plain("repositories");
    let mut files = legacy(single(&picture));
    files.remove("manifest.json");
    zoo.broken("repositories-only", files.tar(), &["manifest.json", "repositories", "docker save"]);
    let replaced = |value: &[u8]| {
        let picture = plain("replaced");
        let mut files = legacy(single(&picture));
        *files.bytes("manifest.json") = value.to_vec();
        files.tar()
    };
    zoo.broken("manifest-json-of-no-image", replaced(b"[]"), &["image", "manifest"]);
    zoo.broken("manifest-json-null", replaced(b"null"), &["manifest"]);
    zoo.broken("manifest-json-cut", replaced(br#"[{"Config":"x.json","Lay"#), &["manifest.json"]);
    zoo.broken("manifest-json-of-the-wrong-type", replaced(br#"{"Config":1,"Layers":"no"}"#), &["manifest"]);
    zoo.broken(
        "manifest-json-climbs-out",
        replaced(br#"[{"Config":"../../etc/passwd","Layers":["../../../etc/shadow"]}]"#),
        &["passwd", "config", ".."],
    );
    let nested = [b"[".repeat(100_000), b"]".repeat(100_000)].concat();
    zoo.broken("manifest-json-nested-deeply", replaced(&nested), &["manifest.json"]);
    let picture = plain("differs");
    let mut files = engine25(single(&picture));
    let mut manifest: Value = serde_json::from_slice(files.bytes("manifest.json")).unwrap();
    manifest[0]["Layers"].as_array_mut().unwrap().pop();
    *files.bytes("manifest.json") = serde_json::to_vec(&manifest).unwrap();
    zoo.archive("manifest-json-differs-from-index", &files, &[(picture, ordinary())])
        .says(&["manifest.json", "differ"])
        .engine(Engine::Refuses);
    let picture = plain("more-diff-ids");
    let mut files = legacy(single(&picture));
    let mut manifest: Value = serde_json::from_slice(files.bytes("manifest.json")).unwrap();
    manifest[0]["Layers"].as_array_mut().unwrap().pop();
    *files.bytes("manifest.json") = serde_json::to_vec(&manifest).unwrap();
    zoo.broken("more-diff-ids-than-layers", files.tar(), &["layers", "diff"]);
    let mut files = legacy(single(&picture));
    let config = config_name(&files);
    *files.bytes(&config) = br#"{"rootfs": "#.to_vec();
    zoo.broken("config-cut", files.tar(), &[".json", "config"]);
    let mut files = legacy(single(&picture));
    files.remove(&config_name(&files));
    zoo.broken("config-missing-legacy", files.tar(), &[".json", "config"]);
    let mut files = legacy(single(&picture));
    let layer = files.0.iter().find(|(name, _)| name.ends_with("layer.tar")).unwrap().0.clone();
    files.remove(&layer);
    zoo.broken("layer-missing-legacy", files.tar(), &["layer.tar"]);
}

fn config_name(files: &Files) -> String {
    let is_config = |name: &str| name.len() == 69 && name.strip_suffix(".json").is_some();
    files.0.iter().map(|(name, _)| name).find(|name| is_config(name)).unwrap().clone()
}

fn indexes(zoo: &mut Zoo) {
    let index = "application/vnd.oci.image.index.v1+json";
    let manifest = "application/vnd.oci.image.manifest.v1+json";
    let picture = Picture::of("indexes", &ordinary(), Codec::Gzip);
    let with = |descriptors: &[Value]| {
        let mut files = oci(single(&picture));
        files.remove("index.json");
        files.remove("oci-layout");
        indexed(&mut files, descriptors);
        files
    };
    let nowhere = digest(b"nowhere");
    zoo.broken(
        "index-names-a-missing-manifest",
        with(&[json!({"mediaType": manifest, "digest": nowhere, "size": 3})]).tar(),
        &["missing", "not there", "no `", "not in", "lacks"],
    );
    zoo.broken("index-of-no-image", with(&[]).tar(), &["image", "index"]);
    // Nothing can hold its own digest: the blob that stands under the name is another one.
    let own_digest = digest(b"cycle");
    let cycle = serde_json::to_vec(&json!({"schemaVersion": 2, "mediaType": index, "manifests": [{"mediaType": index, "digest": own_digest, "size": 100}]})).unwrap();
    let mut files = with(&[json!({"mediaType": index, "digest": own_digest, "size": cycle.len()})]);
    files.blob_as(&own_digest, cycle);
    zoo.broken("index-names-itself", files.tar(), &["cycle", "itself", "nest", "deep", "digest", "size"]);
    let mut files = Files::default();
    let mut inner = describe(manifest, &picture.manifest());
    for _ in 0..200 {
        let bytes = serde_json::to_vec(&json!({"schemaVersion": 2, "mediaType": index, "manifests": [inner]})).unwrap();
        inner = describe(index, &bytes);
        files.blob(bytes);
    }
    let Files(rest) = with(&[inner]);
    files.0.extend(rest);
    zoo.broken("index-in-index-two-hundred-times", files.tar(), &["nest", "deep", "indexes in each other"]);
    zoo.broken(
        "index-with-a-climbing-digest",
        with(&[json!({"mediaType": manifest, "digest": "sha256:../../../etc/passwd", "size": 3})]).tar(),
        &["digest"],
    );
    zoo.broken(
        "index-with-an-unknown-algorithm",
        with(&[json!({"mediaType": manifest, "digest": "md5:d41d8cd98f00b204e9800998ecf8427e", "size": 3})]).tar(),
        &["digest", "md5"],
    );
    let negative = json!({"mediaType": manifest, "digest": digest(&picture.manifest()), "size": -1});
    zoo.broken("index-with-a-negative-size", with(&[negative]).tar(), &["index.json", "size"]);
    let mut files = with(&[]);
    *files.bytes("index.json") = b"\xff\xfe not json".to_vec();
    zoo.broken("index-is-no-json", files.tar(), &["index.json"]);
    let mut files = oci(single(&picture));
    let old = serde_json::to_vec(&json!({"schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": [], "history": []}))
        .unwrap();
    files.remove("index.json");
    files.remove("oci-layout");
    indexed(&mut files, &[describe("application/vnd.docker.distribution.manifest.v1+json", &old)]);
    files.blob(old);
    zoo.broken("manifest-of-schema-1", files.tar(), &["schema", "manifest", "old", "image"]);
}

/// What is no image at all.
fn nothing(zoo: &mut Zoo) {
    zoo.broken("no-byte-at-all", Vec::new(), &["empty", "image", "archive"]);
    zoo.broken("a-text", b"FROM scratch\nCOPY . .\n".to_vec(), &["image", "archive"]);
    zoo.broken("a-long-text", b"FROM scratch\nCOPY . .\n".repeat(1_000), &["image", "archive"]);
    zoo.broken("an-archive-of-nothing", vec![0; 10_240], &["image", "manifest", "empty"]);
    let sources = super::tar::archive(&[super::tar::file("src/main.rs", b"fn main() {}".to_vec())]);
    zoo.broken("an-archive-of-sources", sources.clone(), &["image", "manifest"]);
    zoo.broken("a-compressed-archive-of-sources", super::codec::gzip(&sources), &["image", "manifest"]);
    zoo.broken(
        "gzip-in-gzip-in-gzip",
        super::codec::gzip(&super::codec::gzip(&super::codec::gzip(&sources))),
        &["image", "archive", "compress"],
    );
    zoo.broken("a-program", [b"\x7fELF\x02\x01\x01".to_vec(), vec![7; 5_000]].concat(), &["image", "archive"]);
    zoo.broken("a-zip", [b"PK\x03\x04".to_vec(), vec![9; 5_000]].concat(), &["image", "archive"]);
}
