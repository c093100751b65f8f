//! Archives that are cut off, changed, or that lie.

use super::codec::{Codec, digest, gzip, noise, pack};
use super::layout::{Blob, Picture, engine25, legacy, oci};
use super::tar::{self, Member, archive, file};
use super::{Case, Engine, Zoo, ordinary};

/// What each error says of data that are not whole.
const CUT: &[&str] = &["end", "truncat", "cut", "early", "short"];
const WRONG: &[&str] = &["corrupt", "damage", "checksum", "crc", "invalid", "digest", "broken", "wrong", "header"];

fn single(picture: &Picture) -> &[Picture] {
    std::slice::from_ref(picture)
}

/// An OCI archive whose blobs are changed while digests and sizes still tell what they should be.
fn spoilt(
    zoo: &mut Zoo,
    name: &'static str,
    codec: Codec,
    honest: bool,
    spoil: impl Fn(&mut Vec<u8>),
    words: &'static [&'static str],
) {
    let mut picture = Picture::of(name, &ordinary(), codec);
    let blob = &mut picture.layers[0];
    spoil(&mut blob.bytes);
    if honest {
        // As a build that wrote rubbish would: only the format tells.
        (blob.digest, blob.size) = (digest(&blob.bytes), blob.bytes.len() as u64);
    }
    zoo.broken(name, oci(single(&picture)).tar(), words);
}

pub(super) fn add(zoo: &mut Zoo) {
    cut(zoo);
    compressed(zoo);
    lies(zoo);
    layers(zoo);
}

/// The archive itself ends early.
fn cut(zoo: &mut Zoo) {
    let picture = Picture::of("cut", &ordinary(), Codec::Gzip);
    let whole = engine25(single(&picture)).tar();
    let at = |part: usize| whole[..whole.len() * part / 100].to_vec();
    zoo.broken("cut-in-the-first-header", whole[..300].to_vec(), &["end", "truncat", "cut", "early", "short", "image"]);
    zoo.broken("cut-in-a-layer", at(20), &["end", "truncat", "cut", "early", "short"]);
    zoo.broken("cut-in-the-middle", at(50), CUT);
    zoo.broken("cut-near-the-end", at(80), CUT);
    let legacy = legacy(single(&Picture::of("cut", &ordinary(), Codec::Plain))).tar();
    zoo.broken("cut-legacy-in-a-layer", legacy[..legacy.len() / 2].to_vec(), CUT);
    let outer = gzip(&whole);
    zoo.broken("cut-whole-gzip", outer[..outer.len() / 2].to_vec(), CUT);
    zoo.broken("cut-whole-gzip-in-its-trailer", outer[..outer.len() - 4].to_vec(), CUT);
    zoo.broken(
        "cut-whole-gzip-in-its-header",
        outer[..6].to_vec(),
        &["end", "truncat", "cut", "early", "short", "image", "archive"],
    );
    let mut flipped = outer.clone();
    let length = flipped.len();
    flipped[length - 6] ^= 0x40;
    zoo.broken("whole-gzip-with-wrong-checksum", flipped, WRONG);
    for (name, codec) in
        [("cut-whole-zstd", Codec::Zstd), ("cut-whole-bzip2", Codec::Bzip2), ("cut-whole-xz", Codec::Xz)]
    {
        let outer = pack(codec, &whole);
        zoo.broken(name, outer[..outer.len() * 2 / 3].to_vec(), CUT);
    }
    let mut torn = whole.clone();
    let header = whole.windows(10).position(|window| window == b"index.json").unwrap();
    torn[header + 150] ^= 1;
    zoo.broken("archive-with-a-torn-header", torn, WRONG);
}

/// Blobs that can't be decompressed.
fn compressed(zoo: &mut Zoo) {
    let half = |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2);
    let flip = |bytes: &mut Vec<u8>| {
        let middle = bytes.len() / 2;
        bytes[middle..middle + 8].iter_mut().for_each(|byte| *byte ^= 0x5a);
    };
    let near_the_end = |back: usize| {
        move |bytes: &mut Vec<u8>| {
            let at = bytes.len() - back;
            bytes[at] ^= 0xff;
        }
    };
    spoilt(zoo, "layer-gzip-cut", Codec::Gzip, true, half, CUT);
    spoilt(zoo, "layer-gzip-cut-in-its-trailer", Codec::Gzip, true, |bytes| bytes.truncate(bytes.len() - 5), CUT);
    spoilt(zoo, "layer-gzip-flipped", Codec::Gzip, true, flip, WRONG);
    spoilt(zoo, "layer-gzip-wrong-crc", Codec::Gzip, true, near_the_end(8), WRONG);
    spoilt(zoo, "layer-gzip-wrong-length", Codec::Gzip, true, near_the_end(2), WRONG);
    spoilt(zoo, "layer-gzip-header-only", Codec::Gzip, true, |bytes| bytes.truncate(10), CUT);
    spoilt(zoo, "layer-zstd-cut", Codec::Zstd, true, half, CUT);
    spoilt(zoo, "layer-zstd-flipped", Codec::Zstd, true, flip, WRONG);
    spoilt(zoo, "layer-zstd-wrong-checksum", Codec::Zstd, true, near_the_end(1), WRONG);
    spoilt(zoo, "layer-bzip2-cut", Codec::Bzip2, true, half, CUT);
    spoilt(zoo, "layer-bzip2-flipped", Codec::Bzip2, true, flip, WRONG);
    spoilt(zoo, "layer-xz-cut", Codec::Xz, true, half, CUT);
    spoilt(zoo, "layer-xz-flipped", Codec::Xz, true, flip, WRONG);
    spoilt(zoo, "layer-is-a-text", Codec::Plain, true, |bytes| *bytes = b"no archive at all\n".repeat(60), WRONG);
    spoilt(
        zoo,
        "layer-is-a-short-text",
        Codec::Plain,
        true,
        |bytes| *bytes = b"not found\n".to_vec(),
        &["end", "truncat", "cut", "early", "short", "corrupt", "header", "archive"],
    );
}

/// Digests and sizes that are not the blobs'.
fn lies(zoo: &mut Zoo) {
    spoilt(
        zoo,
        "digest-of-another-blob",
        Codec::Gzip,
        false,
        |bytes| *bytes = gzip(&archive(&[file("evil", vec![1])])),
        &["digest", "size", "bytes"],
    );
    spoilt(zoo, "digest-of-a-flipped-plain-blob", Codec::Plain, false, |bytes| bytes[8_000] ^= 1, &["digest"]);
    spoilt(
        zoo,
        "blob-cut-below-its-size",
        Codec::Gzip,
        false,
        |bytes| bytes.truncate(bytes.len() - 100),
        &["size", "bytes", "end", "early", "truncat"],
    );
    let lying = |name: &'static str, size: fn(u64) -> u64| {
        let mut picture = Picture::of(name, &ordinary(), Codec::Gzip);
        picture.layers[1].size = size(picture.layers[1].size);
        oci(single(&picture)).tar()
    };
    zoo.broken("descriptor-size-too-large", lying("larger", |size| size + 1_000), &["size", "bytes"]);
    zoo.broken("descriptor-size-too-small", lying("smaller", |size| size - 10), &["size", "bytes"]);
    zoo.broken("descriptor-size-of-eight-exbibytes", lying("huge", |_| 1 << 62), &["size", "bytes", "large"]);
    let mut picture = Picture::of("diff-id", &ordinary(), Codec::Gzip);
    picture.layers[1].diff_id = digest(b"another archive");
    zoo.broken("diff-id-of-another-archive", oci(single(&picture)).tar(), &["diff"]).full = true;
    let mut picture = Picture::of("missing", &ordinary(), Codec::Gzip);
    picture.layers[1].is_there = false;
    zoo.broken(
        "blob-missing",
        oci(single(&picture)).tar(),
        &["missing", "not in", "not there", "lacks", "no `", "no blob"],
    );
    let picture = Picture::of("config", &ordinary(), Codec::Gzip);
    let mut files = oci(single(&picture));
    files.remove(&format!("blobs/{}", digest(&picture.config()).replace(':', "/")));
    zoo.broken("config-missing", files.tar(), &["missing", "not in", "not there", "lacks", "no `", "config"]);
    let mut files = oci(single(&picture));
    files.remove(&format!("blobs/{}", digest(&picture.manifest()).replace(':', "/")));
    zoo.broken("manifest-missing", files.tar(), &["missing", "not in", "not there", "lacks", "no `", "manifest"]);
    let mut files = oci(single(&picture));
    *files.bytes(&format!("blobs/{}", digest(&picture.config()).replace(':', "/"))) = b"{}".to_vec();
    zoo.broken("config-of-another-digest", files.tar(), &["digest", "size", "bytes"]);
}

/// A layer whose archive is written by hand, in an OCI archive with the right digest.
fn layer<'z>(zoo: &'z mut Zoo, name: &'static str, tar: &[u8], words: &'static [&'static str]) -> &'z mut Case {
    let picture = Picture::new(name, vec![Blob::of(tar, Codec::Plain)]);
    zoo.broken(name, engine25(single(&picture)).tar(), words)
}

/// Archives of layers that are cut or lie.
fn layers(zoo: &mut Zoo) {
    let members = || vec![file("f", noise("f", 3_000)), file("g", noise("g", 900))];
    let whole = archive(&members());
    layer(zoo, "layer-tar-cut-in-contents", &whole[..2_000], CUT);
    layer(zoo, "layer-tar-cut-in-a-header", &whole[..512 + 3_072 + 200], CUT);
    let claims = |size: u64| {
        let mut tar = Vec::new();
        tar::write(&file("f", noise("f", 3_000)).claims(size), &mut tar);
        tar::write(&file("g", noise("g", 900)), &mut tar);
        tar.resize(tar.len() + 1_024, 0);
        tar
    };
    layer(zoo, "header-size-too-large", &claims(1 << 32), CUT);
    layer(zoo, "header-size-too-small", &claims(100), WRONG);
    let gnu = |member: Member| archive(&[member.dialect(tar::Dialect::Gnu), file("g", vec![1])]);
    layer(
        zoo,
        "header-size-of-eight-exbibytes",
        &gnu(file("f", Vec::new()).claims((1 << 63) - 1)),
        &["end", "truncat", "cut", "early", "short", "size", "large", "limit"],
    );
    let mut negative = whole.clone();
    negative[124..136].fill(0xff);
    let block = tar::checked(negative[..512].to_vec());
    negative[..512].copy_from_slice(&block);
    layer(zoo, "header-size-negative", &negative, &["size", "negative", "invalid", "header", "corrupt"]);
    let mut torn = whole.clone();
    torn[512 + 3_072 + 5] ^= 0x10;
    layer(zoo, "header-with-wrong-checksum", &torn, WRONG);
    let mut digits = whole.clone();
    digits[124..136].copy_from_slice(b"0000000zz00\0");
    let block = tar::checked(digits[..512].to_vec());
    digits[..512].copy_from_slice(&block);
    layer(zoo, "header-size-without-digits", &digits, &["size", "number", "invalid", "header", "corrupt", "octal"]);
    let pax = |records: &[u8]| {
        let mut tar = Vec::new();
        tar::entry(b'x', b"x", records, &mut tar);
        tar::write(&file("f", noise("f", 100)), &mut tar);
        tar.resize(tar.len() + 1_024, 0);
        tar
    };
    layer(zoo, "pax-record-too-long", &pax(b"999 path=x\n"), &["pax", "record", "header"]);
    layer(zoo, "pax-record-without-a-length", &pax(b"path=x\n"), &["pax", "record", "header"]);
    layer(zoo, "pax-record-of-length-zero", &pax(b"0 path=x\n"), &["pax", "record", "header"]);
    layer(zoo, "pax-size-without-digits", &pax(b"13 size=many\n"), &["pax", "size", "record", "extended header"]);
    layer(zoo, "pax-size-negative", &pax(b"11 size=-5\n"), &["pax", "size", "record"]);
    layer(
        zoo,
        "pax-sparse-map-beyond-its-size",
        &pax(&tar::pax(&[
            ("GNU.sparse.size".into(), b"10".to_vec()),
            ("GNU.sparse.numblocks".into(), b"1".to_vec()),
            ("GNU.sparse.map".into(), b"5,4000".to_vec()),
        ])),
        &["sparse", "map"],
    )
    .engine(Engine::Refuses);
    let mut lonely = Vec::new();
    tar::entry(b'x', b"x", &tar::pax(&[("path".into(), b"nothing".to_vec())]), &mut lonely);
    layer(zoo, "pax-header-at-the-end", &lonely, &["pax", "end", "early", "header", "truncat"]).outcome_only();
}
