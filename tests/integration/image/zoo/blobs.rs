//! Compressed layers of every kind, told by their first bytes.

use serde_json::json;

use super::codec::{Codec, estargz, noise, with_index};
use super::layout::{Blob, Files, Picture, crane, engine25, legacy, oci};
use super::tar::{archive, file};
use super::{Case, Engine, Zoo, ordinary};

const CODECS: [(&str, Codec); 12] = [
    ("layers-plain", Codec::Plain),
    ("layers-gzip", Codec::Gzip),
    ("layers-gzip-of-several-members", Codec::GzipMembers),
    ("layers-gzip-with-all-fields", Codec::GzipFields),
    ("layers-zstd", Codec::Zstd),
    ("layers-zstd-of-several-frames", Codec::ZstdFrames),
    ("layers-zstd-after-a-skipped-frame", Codec::ZstdSkip),
    ("layers-zstd-chunked", Codec::ZstdChunked),
    ("layers-bzip2", Codec::Bzip2),
    ("layers-bzip2-of-several-streams", Codec::BzipStreams),
    ("layers-xz", Codec::Xz),
    ("layers-xz-of-several-streams", Codec::XzStreams),
];

/// The ordinary image in an OCI archive, its blobs changed.
fn with<'z>(zoo: &'z mut Zoo, name: &'static str, codec: Codec, change: impl Fn(&mut Blob)) -> &'z mut Case {
    let mut picture = Picture::of(name, &ordinary(), codec);
    picture.layers.iter_mut().for_each(change);
    let files = oci(std::slice::from_ref(&picture));
    zoo.archive(name, &files, &[(picture, ordinary())]).engine(Engine::Refuses)
}

pub(super) fn add(zoo: &mut Zoo) {
    for (name, codec) in CODECS {
        // In the archive of a current engine, as that is what `docker load` takes.
        let picture = Picture::of(name, &ordinary(), codec);
        zoo.archive(name, &engine25(std::slice::from_ref(&picture)), &[(picture, ordinary())]);
    }
    let mixed = [Codec::Zstd, Codec::Plain, Codec::Xz];
    let blobs = ordinary().iter().zip(mixed).map(|(layer, codec)| Blob::of(&archive(layer), codec)).collect();
    let picture = Picture::new("layers-mixed", blobs);
    zoo.archive("layers-mixed", &oci(std::slice::from_ref(&picture)), &[(picture, ordinary())]).engine(Engine::Refuses);
    let lazy: Vec<_> = ordinary().iter().map(|layer| with_index(layer)).collect();
    let (blobs, _): (Vec<_>, Vec<_>) =
        lazy.iter().map(|layer| estargz(layer)).map(|(blob, tar)| (Blob::packed(blob, &tar, Codec::Gzip), tar)).unzip();
    let picture = Picture::new("layers-estargz", blobs);
    zoo.archive("layers-estargz", &engine25(std::slice::from_ref(&picture)), &[(picture, lazy)]);
    let picture = Picture::of("layers-gzip-in-legacy-archive", &ordinary(), Codec::Gzip);
    zoo.archive("layers-gzip-in-legacy-archive", &legacy(std::slice::from_ref(&picture)), &[(picture, ordinary())]);
    let picture = Picture::of("layers-gzip-of-kaniko", &ordinary(), Codec::Gzip);
    zoo.archive("layers-gzip-of-kaniko", &crane(&picture), &[(picture, ordinary())]);
    media_types(zoo);
    foreign(zoo);
}

fn media_types(zoo: &mut Zoo) {
    let oci = "application/vnd.oci.image.layer.v1.tar";
    let docker = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    with(zoo, "media-type-says-plain-is-gzip", Codec::Gzip, |blob| blob.media = oci.into());
    with(zoo, "media-type-says-gzip-is-plain", Codec::Plain, |blob| blob.media = format!("{oci}+gzip"));
    with(zoo, "media-type-says-gzip-is-zstd", Codec::Zstd, |blob| blob.media = docker.into());
    with(zoo, "media-type-of-docker", Codec::Gzip, |blob| blob.media = docker.into());
    with(zoo, "media-type-unknown", Codec::Gzip, |blob| blob.media = "application/x-something".into());
    with(zoo, "media-type-empty", Codec::Gzip, |blob| blob.media = String::new());
    with(zoo, "media-type-nondistributable-but-there", Codec::Gzip, |blob| {
        blob.media = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip".into();
    });
}

/// A layer that is kept elsewhere: its size counts, what is in it nobody knows.
fn foreign(zoo: &mut Zoo) {
    for (name, media) in [
        ("foreign-layer", "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"),
        ("foreign-layer-of-oci", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
    ] {
        let mut picture = Picture::of(name, &ordinary(), Codec::Gzip);
        let mut away = Blob::of(&archive(&[file("windows/system32", noise("w", 40_000))]), Codec::Gzip);
        away.media = media.into();
        away.urls = vec!["https://example.com/layer".to_owned()];
        away.is_there = false;
        picture.layers.insert(0, away);
        let files: Files = oci(std::slice::from_ref(&picture));
        let case = zoo.archive(name, &files, &[(picture, ordinary())]).engine(Engine::Refuses);
        case.says(&["foreign", "elsewhere", "not in the archive", "kept"]);
    }
    // A descriptor may name places where a blob can be had besides; here it is there.
    with(zoo, "urls-though-it-is-there", Codec::Gzip, |blob| blob.urls = vec!["https://example.com/l".to_owned()]);
    let picture = Picture::of("annotated", &ordinary(), Codec::Gzip);
    let mut files = oci(std::slice::from_ref(&picture));
    files.json("blobs/unrelated.json", &json!({"any": "thing"}));
    zoo.archive("unrelated-files-beside-blobs", &files, &[(picture, ordinary())]).engine(Engine::Refuses);
}
