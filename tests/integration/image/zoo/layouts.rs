//! Archives and folders of every program that writes images.

use serde_json::json;

use super::codec::{Codec, digest, noise, pack};
use super::layout::{Blob, Files, Picture, Thing, describe, engine25, legacy, oci, platforms, podman, skopeo};
use super::tar::{Member, archive, file};
use super::{Case, Engine, Expected, Input, Zoo, expected, ordinary};

fn plain(name: &str) -> Picture {
    Picture::of(name, &ordinary(), Codec::Plain)
}

fn gzipped(name: &str) -> Picture {
    Picture::of(name, &ordinary(), Codec::Gzip)
}

fn single(picture: &Picture) -> &[Picture] {
    std::slice::from_ref(picture)
}

/// The ordinary image in some archive.
fn usual<'z>(zoo: &'z mut Zoo, name: &'static str, files: &Files, picture: Picture) -> &'z mut Case {
    zoo.archive(name, files, &[(picture, ordinary())])
}

fn folder(zoo: &mut Zoo, name: &'static str, files: Files, picture: &Picture) {
    let images = vec![expected(picture, &ordinary())];
    zoo.case(name, Input::Folder(files), false, images).engine(Engine::Unasked);
}

pub(super) fn add(zoo: &mut Zoo) {
    programs(zoo);
    folders(zoo);
    whole(zoo);
    orders(zoo);
    several(zoo);
    shared(zoo);
}

fn programs(zoo: &mut Zoo) {
    let picture = plain("legacy");
    usual(zoo, "save-legacy", &legacy(single(&picture)), picture);
    let picture = plain("25");
    usual(zoo, "save-25", &engine25(single(&picture)), picture);
    let picture = plain("podman");
    usual(zoo, "podman-docker-archive", &podman(&picture), picture);
    let picture = gzipped("podman-oci");
    usual(zoo, "oci-archive", &oci(single(&picture)), picture).engine(Engine::Refuses);
    let picture = plain("25-only-oci");
    let mut files = engine25(single(&picture));
    files.remove("manifest.json");
    usual(zoo, "save-25-without-manifest-json", &files, picture).engine(Engine::Refuses);
    let picture = plain("25-only-docker");
    let mut files = engine25(single(&picture));
    files.remove("index.json");
    files.remove("oci-layout");
    usual(zoo, "save-25-without-index", &files, picture);
    let picture = gzipped("nameless");
    let mut nameless = picture.clone();
    nameless.name = None;
    usual(zoo, "save-25-without-a-name", &engine25(single(&nameless)), nameless);
    let mut nameless = plain("nameless-legacy");
    nameless.name = None;
    usual(zoo, "save-legacy-without-a-name", &legacy(single(&nameless)), nameless);
}

fn folders(zoo: &mut Zoo) {
    let picture = gzipped("folder");
    folder(zoo, "folder-oci", oci(single(&picture)), &picture);
    folder(zoo, "folder-of-unpacked-save-25", engine25(single(&picture)), &picture);
    folder(zoo, "folder-of-unpacked-legacy-save", legacy(single(&picture)), &picture);
    folder(zoo, "folder-of-skopeo", skopeo(&picture), &picture);
    zoo.case(
        "folder-without-an-image",
        Input::Folder(Files(vec![("a".into(), Thing::File(vec![1]))])),
        true,
        Vec::new(),
    )
    .says(&["image"])
    .engine(Engine::Unasked);
}

/// Archives that are compressed as a whole.
fn whole(zoo: &mut Zoo) {
    let codecs = [
        ("whole-gzip", Codec::Gzip),
        ("whole-gzip-of-several-members", Codec::GzipMembers),
        ("whole-zstd", Codec::Zstd),
        ("whole-zstd-after-a-skipped-frame", Codec::ZstdSkip),
        ("whole-bzip2", Codec::Bzip2),
        ("whole-xz", Codec::Xz),
    ];
    for (name, codec) in codecs {
        let picture = plain(name);
        let bytes = pack(codec, &engine25(single(&picture)).tar());
        zoo.case(name, Input::Archive(bytes), false, vec![expected(&picture, &ordinary())]);
    }
    let picture = gzipped("whole-gzip-oci");
    let bytes = pack(Codec::Gzip, &oci(single(&picture)).tar());
    zoo.case("whole-gzip-oci", Input::Archive(bytes), false, vec![expected(&picture, &ordinary())])
        .engine(Engine::Refuses);
    let picture = gzipped("whole-zstd-legacy");
    let bytes = pack(Codec::Zstd, &legacy(single(&picture)).tar());
    zoo.case("whole-zstd-legacy", Input::Archive(bytes), false, vec![expected(&picture, &ordinary())]);
}

/// Parts in other orders, names written otherwise.
fn orders(zoo: &mut Zoo) {
    let picture = gzipped("documents-first");
    let mut files = engine25(single(&picture));
    files.0.reverse();
    usual(zoo, "documents-first", &files, picture);
    let picture = plain("legacy-reversed");
    let mut files = legacy(single(&picture));
    files.0.reverse();
    usual(zoo, "save-legacy-documents-first", &files, picture);
    let picture = gzipped("dotted");
    let mut files = oci(single(&picture));
    files.0.iter_mut().for_each(|(name, _)| *name = format!("./{name}"));
    usual(zoo, "names-begin-with-a-dot", &files, picture).engine(Engine::Refuses);
    let picture = plain("dotted-docker");
    let mut files = legacy(single(&picture));
    files.0.iter_mut().for_each(|(name, _)| *name = format!("./{name}"));
    usual(zoo, "names-begin-with-a-dot-legacy", &files, picture);
    let picture = gzipped("without-layout");
    let mut files = oci(single(&picture));
    files.remove("oci-layout");
    usual(zoo, "oci-without-oci-layout", &files, picture).engine(Engine::Refuses);
}

fn expect_all(images: &[(Picture, Vec<Vec<Member>>)]) -> Vec<Expected> {
    images.iter().map(|(picture, layers)| expected(picture, layers)).collect()
}

/// More than one image.
fn several(zoo: &mut Zoo) {
    let small = vec![vec![file("only", noise("only", 123))]];
    let pair = |name: &str, codec| {
        let second = Picture::of(&format!("{name}-two"), &small, codec);
        vec![(Picture::of(&format!("{name}-one"), &ordinary(), codec), ordinary()), (second, small.clone())]
    };
    let pictures = |pair: &[(Picture, Vec<Vec<Member>>)]| pair.iter().map(|(p, _)| p.clone()).collect::<Vec<_>>();
    let images = pair("two-legacy", Codec::Plain);
    zoo.archive("two-images-legacy", &legacy(&pictures(&images)), &images).engine(Engine::Unasked);
    let images = pair("two-25", Codec::Gzip);
    zoo.archive("two-images-25", &engine25(&pictures(&images)), &images).engine(Engine::Unasked);
    let images = pair("two-oci", Codec::Gzip);
    zoo.archive("two-images-oci", &oci(&pictures(&images)), &images).engine(Engine::Refuses);

    let fat = |architecture, variant| {
        let layers = vec![vec![file("bin/arch", noise(&format!("{architecture}{variant}"), 2_000))]];
        let mut picture = Picture::of("multi", &layers, Codec::Gzip);
        picture.platform = (architecture, variant);
        (picture, layers)
    };
    let images = vec![fat("arm64", ""), fat("amd64", ""), fat("arm", "v7")];
    let files = platforms(&pictures(&images), &[]);
    let mut case = |name, platform: Option<&'static str>, chosen: &[(Picture, Vec<Vec<Member>>)], files: &Files| {
        let case = zoo.case(name, Input::Archive(files.tar()), false, expect_all(chosen)).engine(Engine::Refuses);
        case.platform = platform;
    };
    case("platforms-the-host's", None, &images[1..2], &files);
    case("platforms-arm-v7", Some("linux/arm/v7"), &images[2..], &files);
    case("platforms-all", Some("all"), &images, &files);
    let attestation = attestation(&images[1].0);
    case("platforms-with-attestations", None, &images[1..2], &platforms(&pictures(&images), &attestation));
    case("platform-one-with-attestation", None, &images[1..2], &platforms(&pictures(&images[1..2]), &attestation));
    let mut nested = platforms(&pictures(&images), &[]);
    let inner = nested.bytes("index.json").clone();
    nested.remove("index.json");
    nested.remove("oci-layout");
    super::layout::indexed(&mut nested, &[describe("application/vnd.oci.image.index.v1+json", &inner)]);
    nested.blob(inner);
    case("index-in-index-in-index", None, &images[1..2], &nested);
    let artefact = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "artifactType": "application/vnd.example.sbom",
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest(b"{}"), "size": 2}, "layers": []});
    let bytes = serde_json::to_vec(&artefact).unwrap();
    let mut descriptor = describe("application/vnd.oci.image.manifest.v1+json", &bytes);
    descriptor["artifactType"] = json!("application/vnd.example.sbom");
    case("index-with-an-artefact", None, &images[1..2], &platforms(&pictures(&images[1..2]), &[(descriptor, bytes)]));
    zoo.case("platform-that-is-not-there", Input::Archive(files.tar()), true, Vec::new())
        .platform("linux/s390x")
        .says(&["platform"]);
}

/// What BuildKit puts beside an image: a manifest of statements.
fn attestation(about: &Picture) -> Vec<(serde_json::Value, Vec<u8>)> {
    let statement = br#"{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://slsa.dev/provenance/v0.2","subject":[],"predicate":{}}"#;
    let config = br#"{"architecture":"unknown","os":"unknown","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#;
    let mut layer = describe("application/vnd.in-toto+json", statement);
    layer["annotations"] = json!({"in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2"});
    let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": describe("application/vnd.oci.image.config.v1+json", config), "layers": [layer]});
    let manifest = serde_json::to_vec(&manifest).unwrap();
    let mut descriptor = describe("application/vnd.oci.image.manifest.v1+json", &manifest);
    descriptor["platform"] = json!({"architecture": "unknown", "os": "unknown"});
    descriptor["annotations"] = json!({
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": digest(&about.manifest()),
    });
    let bare = |bytes: &[u8]| (json!(null), bytes.to_vec());
    vec![(descriptor, manifest), bare(statement), bare(config)]
}

/// Layers that are there once and used twice, links, few layers.
fn shared(zoo: &mut Zoo) {
    let layer = vec![file("f", noise("f", 5_000))];
    let layers = vec![layer.clone(), vec![file("g", noise("g", 70))], layer.clone()];
    for (name, codec) in [("shared-blob", Codec::Plain), ("shared-blob-gzip", Codec::Gzip)] {
        let picture = Picture::of(name, &layers, codec);
        zoo.archive(name, &engine25(single(&picture)), &[(picture, layers.clone())]);
    }
    let picture = Picture::of("symlinked", &layers, Codec::Plain);
    let mut files = legacy(single(&picture));
    let places: Vec<usize> =
        files.0.iter().enumerate().filter(|(_, (n, _))| n.ends_with("layer.tar")).map(|(at, _)| at).collect();
    let first = files.0[places[0]].0.clone();
    files.0[places[2]].1 = Thing::Link(format!("../{first}"));
    zoo.archive("save-legacy-symlinked-layer", &files, &[(picture, layers.clone())]);

    let empty = || Blob::of(&[0; 1_024], Codec::Plain);
    let picture = Picture::new("empty-layers", vec![Blob::of(&archive(&layer), Codec::Plain), empty(), empty()]);
    zoo.archive("empty-layers", &engine25(single(&picture)), &[(picture, vec![layer.clone(), vec![], vec![]])]);
    let picture =
        Picture::new("empty-layers-gzip", vec![Blob::of(&archive(&layer), Codec::Gzip), Blob::of(&[], Codec::Gzip)]);
    zoo.archive("empty-layer-of-an-empty-gzip", &engine25(single(&picture)), &[(picture, vec![layer.clone(), vec![]])]);
    let picture = Picture::new("zero-layers", Vec::new());
    zoo.archive("zero-layers", &engine25(single(&picture)), &[(picture, Vec::new())]);
    let picture = Picture::new("zero-layers-oci", Vec::new());
    zoo.archive("zero-layers-oci", &oci(single(&picture)), &[(picture, Vec::new())]).engine(Engine::Refuses);
    let forty: Vec<Vec<Member>> =
        (0..40).map(|n| vec![file(format!("layer-{n}"), noise(&format!("l{n}"), 100 + n))]).collect();
    let picture = Picture::of("forty", &forty, Codec::Gzip);
    zoo.archive("forty-layers", &engine25(single(&picture)), &[(picture, forty)]);
}
