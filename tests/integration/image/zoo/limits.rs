//! At the limits, and beyond: names, headers, documents, counts, bombs.

use serde_json::json;

use super::codec::{Codec, noise};
use super::layout::{Blob, Picture, engine25, oci};
use super::tar::{self, archive, dir, file};
use super::{Engine, Zoo};

fn single(picture: &Picture) -> &[Picture] {
    std::slice::from_ref(picture)
}

pub(super) fn add(zoo: &mut Zoo) {
    let name = |length: usize| {
        let mut path = "d".repeat(199);
        while path.len() < length {
            path = format!("{path}/{}", "d".repeat(199.min(length - path.len() - 1).max(1)));
        }
        assert_eq!(path.len(), length);
        path
    };
    zoo.tree("path-of-4096-bytes", vec![vec![file(name(4_096), noise("n", 10))]]).engine(Engine::Refuses);
    zoo.tree("path-of-255-parts", vec![vec![file(format!("{}f", "d/".repeat(254)), noise("n", 10))]]);
    let mut broken = |case: &'static str, tar: Vec<u8>, words: &'static [&'static str]| {
        let picture = Picture::new(case, vec![Blob::of(&tar, Codec::Plain)]);
        zoo.broken(case, engine25(single(&picture)).tar(), words).engine(Engine::Unasked);
    };
    broken("path-of-4097-bytes", archive(&[file(name(4_097), vec![1])]), &["path", "name", "long"]);
    broken(
        "path-of-256-parts",
        archive(&[file(format!("{}f", "d/".repeat(255)), vec![1])]),
        &["path", "parts", "deep"],
    );
    let comment = |length| archive(&[file("f", noise("f", 9)).record("comment", vec![b'c'; length])]);
    broken("pax-header-above-1-mib", comment((1 << 20) + 1), &["header", "long", "large", "limit"]);
    let mut claims = Vec::new();
    tar::entry(b'x', b"x", b"", &mut claims);
    claims[124..136].copy_from_slice(b"77777777777\0");
    let block = tar::checked(claims[..512].to_vec());
    claims[..512].copy_from_slice(&block);
    broken("pax-header-that-claims-8-gib", claims, &["header", "long", "large", "limit", "end"]);
    let mut long = Vec::new();
    tar::entry(b'L', b"././@LongLink", &vec![b'n'; 2 << 20], &mut long);
    tar::write(&file("f", vec![1]), &mut long);
    broken("gnu-long-name-of-2-mib", long, &["header", "long", "large", "limit", "name"]);
    zoo.tree("pax-header-below-1-mib", vec![vec![file("f", noise("f", 9)).record("comment", vec![b'c'; 1_000_000])]]);
    zoo.tree("xattr-of-60-kb", vec![vec![file("f", noise("f", 9)).xattr("user.large", &noise("x", 60_000))]])
        .engine(Engine::Unasked);
    documents(zoo);
    bombs(zoo);
}

fn documents(zoo: &mut Zoo) {
    let layers = vec![vec![file("f", noise("f", 9))]];
    let mut picture = Picture::of("config-of-17-mib", &layers, Codec::Gzip);
    picture.history = Some(json!([{"created_by": "x".repeat(17 << 20)}]));
    zoo.broken("config-above-16-mib", oci(single(&picture)).tar(), &["config", "large", "limit", "mib"]);
    let many: Vec<_> = (0..400).map(|number| vec![file(format!("f{number}"), vec![1])]).collect();
    let picture = Picture::of("four-hundred", &many, Codec::Gzip);
    // Engines stop at 127.
    zoo.archive("layers-four-hundred", &oci(single(&picture)), &[(picture, many)]).engine(Engine::Refuses);
}

/// Small archives that hold much; what would take long lies in the full tier.
fn bombs(zoo: &mut Zoo) {
    let zeros = vec![vec![file("zeros", vec![0; 20 << 20])]];
    for (name, codec) in [("bomb-of-20-mib-gzip", Codec::Gzip), ("bomb-of-20-mib-zstd", Codec::Zstd)] {
        let picture = Picture::of(name, &zeros, codec);
        zoo.archive(name, &oci(single(&picture)), &[(picture, zeros.clone())]).engine(Engine::Refuses);
    }
    let many: Vec<_> =
        [dir("d")].into_iter().chain((0..5_000).map(|number| file(format!("d/{number}"), Vec::new()))).collect();
    zoo.tree("five-thousand-empty-files", vec![many]);
    let deep: Vec<_> = (1..200).map(|depth| dir("d/".repeat(depth).trim_end_matches('/'))).collect();
    zoo.tree("folder-in-folder", vec![deep]);
}
