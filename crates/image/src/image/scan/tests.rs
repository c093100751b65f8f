use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::atomic::AtomicU64;

use crate::image::digest::Algorithm;
use crate::image::entry::EntryKind;
use crate::image::fault::FaultKind;
use crate::image::layer::{Compression, Contents};
use crate::image::limits::Limits;
use crate::image::scan::{ScanError, ScanOptions, ScannedLayer, scan};
use crate::image::tar::test_blocks::{archive, header, link, member, padded, pax};

fn scanned_with(blob: &[u8], limits: &Limits) -> Result<ScannedLayer, ScanError> {
    let inflated = AtomicU64::new(0);
    let options = ScanOptions {
        bytes: Some(blob.len() as u64),
        digest: Some(Algorithm::Sha256),
        diff_id: true,
        contents: true,
        linkage: false,
        limits,
        inflated: &inflated,
        progress: &|_| (),
    };
    scan(&mut &blob[..], &options)
}

fn scanned(blob: &[u8]) -> Result<ScannedLayer, ScanError> {
    scanned_with(blob, &Limits::default())
}

fn gzip(contents: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(contents).unwrap();
    encoder.finish().unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    crate::image::Digest::new(Algorithm::Sha256, &sha2::Sha256::digest(bytes)).unwrap().to_string()
}

/// Entries and notices in lines.
fn format_entries(scanned: &ScannedLayer) -> String {
    let (layer, paths) = (&scanned.layer, &scanned.paths);
    let mut text = String::new();
    for (index, entry) in layer.entries.iter().enumerate() {
        let index = index as u32;
        write!(text, "{:?} {} {}", entry.kind, entry.size, paths.text(entry.path)).unwrap();
        if entry.link != entry.path {
            write!(text, " => {}", paths.text(entry.link)).unwrap();
        }
        if let Some(target) = layer.targets.get(&index) {
            write!(text, " -> {}", String::from_utf8_lossy(target)).unwrap();
        }
        if let Some(size) = layer.apparent.get(&index) {
            write!(text, " of {size}").unwrap();
        }
        for (name, value) in layer.xattrs.get(&index).into_iter().flatten() {
            write!(text, " {}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value)).unwrap();
        }
        text.push('\n');
    }
    text + &scanned.notices.join("\n")
}

#[track_caller]
fn check(parts: &[Vec<u8>], expected: &str) {
    assert_eq!(format_entries(&scanned(&archive(parts)).unwrap()), expected);
}

#[test]
fn members_become_entries() {
    check(
        &[
            header("./", b'5', 0, &[]),
            header("./usr//lib/", b'5', 0, &[]),
            member("/usr/lib/a", b'0', b"one"),
            link("usr/lib/b", b'1', "./usr/lib/a"),
            link("usr/lib/c", b'2', "../x"),
            pax(b'x', &[("SCHILY.xattr.security.capability", "cap"), ("SCHILY.xattr.a", "1")]),
            member("usr/lib/a", b'0', b"two!"),
            header("dev/null", b'3', 0, &[]),
            header("run/p", b'6', 0, &[]),
        ],
        "Directory 0 \nDirectory 0 usr/lib\nFile 3 usr/lib/a\nHardlink 0 usr/lib/b => usr/lib/a\nSymlink 0 usr/lib/c -> ../x\n\
         File 4 usr/lib/a a=1 security.capability=cap\nCharacterDevice 0 dev/null\nFifo 0 run/p\n",
    );
}

#[test]
fn markers_are_not_files() {
    check(
        &[
            member(".wh.gone", b'0', b""),
            member("etc/.wh..wh..opq", b'0', b""),
            link("etc/.wh.x", b'1', ".wh..wh.aufs"),
            member(".wh..wh.aufs", b'0', b""),
            header(".wh..wh.plnk", b'5', 0, &[]),
            member(".wh..wh.plnk/1.2", b'0', b"x"),
            member("kept/.wh.", b'0', b""),
        ],
        "Whiteout 0 gone\nOpaque 0 etc\nWhiteout 0 etc/x\na whiteout has no name: `kept/.wh.`",
    );
}

/// What eStargz adds is unpacked as any file, and can be deleted by a later layer.
#[test]
fn files_of_lazy_pulls_are_files() {
    check(
        &[
            member(".no.prefetch.landmark", b'0', b"\x0f"),
            member("stargz.index.json", b'0', b"{}"),
            member(".wh..prefetch.landmark", b'0', b""),
        ],
        "File 1 .no.prefetch.landmark\nFile 2 stargz.index.json\nWhiteout 0 .prefetch.landmark\n",
    );
}

#[test]
fn oddities_are_reported() {
    check(
        &[
            member("../../up", b'0', b"x"),
            member("a/../../b", b'0', b"x"),
            link("early", b'1', "late"),
            member("late", b'0', b"x"),
            member("c", b'7', b"xy"),
            member("v", b'V', b""),
            pax(b'g', &[("comment", "fine")]),
            pax(b'g', &[("mtime", "1")]),
            pax(b'x', &[("uid", "-1")]),
            member("o", b'0', b"x"),
            member(".", b'0', b"x"),
        ],
        "File 1 up\nFile 1 b\nHardlink 0 early => late\nFile 1 late\nFile 2 c\nFile 1 o\n\
         2 names leave the image with `..`; reading them relative to the root; the first is `../../up`\n\
         a member has the name of the root but is not a directory; ignoring it: `.`\n\
         a member has a type flag that engines reject; reading it as a file: `c`\n\
         a member is not a file; ignoring it: `v`\n\
         an owner or group is not a 32-bit number: `o`\n\
         a global header sets file properties; engines ignore it",
    );
    let bytes = member("a", b'0', b"x");
    assert_eq!(format_entries(&scanned(&bytes).unwrap()), "File 1 a\nthe archive has no end marker");
    let followed = [archive(&[bytes]), b"more".to_vec()].concat();
    assert_eq!(
        format_entries(&scanned(&followed).unwrap()),
        "File 1 a\nthe archive is followed by extra bytes, which engines ignore"
    );
}

#[test]
fn sparse_files_store_less_than_they_have() {
    let fields = |real: &'static [u8]| {
        let map = &b"00000000000\x0000000000003\0"[..];
        header("s", b'S', 3, &[(257, &b"ustar  \0"[..]), (483, real), (386, map)])
    };
    let small =
        scanned(&archive(&[fields(b"00000000006\0"), padded(b"abc"), member("f", b'0', b"abc\0\0\0")])).unwrap();
    assert_eq!(format_entries(&small), "File 3 s of 6\nFile 6 f\n");
    assert_eq!(small.layer.entries[0].content, small.layer.entries[1].content);
    let large = scanned(&archive(&[fields(b"\x80\0\0\0\0\0\0\x02\0\0\0\0"), padded(b"abc")])).unwrap();
    assert_eq!(format_entries(&large), "File 3 s of 8589934592\n");
    assert_ne!(large.layer.entries[0].content, small.layer.entries[0].content);
}

/// A layer of many files, some larger than a chunk.
fn large() -> Vec<u8> {
    let contents: Vec<u8> =
        (0..60_000u32).flat_map(|number| (number.wrapping_mul(2_654_435_761) >> 20).to_le_bytes()).collect();
    let files = (0..300).map(|number| {
        let bytes = if number % 100 == 0 { &contents[number..] } else { &contents[number..number * 9] };
        member(&format!("dir{}/file{number}", number / 10), b'0', if number == 0 { &[] } else { bytes })
    });
    archive(&files.collect::<Vec<_>>())
}

#[test]
fn digests_and_places_are_reported() {
    let tar = large();
    let blob = gzip(&tar);
    let plain = scanned(&tar).unwrap();
    let packed = scanned(&blob).unwrap();
    assert_eq!(format_entries(&plain), format_entries(&packed));
    assert_eq!(plain.blob.as_ref().unwrap().to_string(), sha256(&tar));
    assert_eq!(plain.diff_id, plain.blob);
    assert_eq!(packed.blob.as_ref().unwrap().to_string(), sha256(&blob));
    assert_eq!(packed.diff_id, plain.diff_id);
    let sizes = |scanned: &ScannedLayer| (scanned.layer.compression, scanned.layer.blob_bytes, scanned.layer.tar_bytes);
    assert_eq!(sizes(&packed), (Compression::Gzip, blob.len() as u64, Some(tar.len() as u64)));
    for (left, other) in plain.layer.entries.iter().zip(&packed.layer.entries) {
        assert_eq!(left.compressed, 512 + left.size.next_multiple_of(512));
        assert_eq!(left.content, other.content);
    }
    let sum: u64 = packed.layer.entries.iter().map(|entry| entry.compressed).sum();
    assert!((blob.len() as u64 - 200..=blob.len() as u64).contains(&sum), "{sum} of {}", blob.len());
    let content = twox_hash::XxHash3_128::oneshot(b"");
    assert_eq!(plain.layer.entries[0].content, content);
    // Of digests that nobody asks for there are none.
    let inflated = AtomicU64::new(0);
    let limits = Limits::default();
    let options = ScanOptions {
        bytes: Some(blob.len() as u64),
        digest: None,
        diff_id: false,
        contents: false,
        linkage: false,
        limits: &limits,
        inflated: &inflated,
        progress: &|_| (),
    };
    let bare = scan(&mut &blob[..], &options).unwrap();
    assert_eq!((bare.blob, bare.diff_id, bare.layer.entries[50].content), (None, None, 0));
    let options = ScanOptions { digest: Some(Algorithm::Sha512), ..options };
    assert_eq!(scan(&mut &blob[..], &options).unwrap().blob.unwrap().algorithm(), Algorithm::Sha512);
}

#[test]
fn one_thread_is_enough() {
    let blob = gzip(&large());
    for threads in [1, 4] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let all = pool.install(|| {
            use rayon::prelude::*;
            (0..6).into_par_iter().map(|_| scanned(&blob).unwrap().diff_id).collect::<Vec<_>>()
        });
        assert!(all.windows(2).all(|pair| pair[0].is_some() && pair[0] == pair[1]));
    }
}

#[test]
fn a_damaged_layer_is_read_as_far_as_it_goes() {
    let tar = large();
    let blob = gzip(&tar);
    let count = scanned(&tar).unwrap().layer.entries.len();
    let cut = scanned(&blob[..blob.len() / 2]).unwrap_err();
    assert_eq!(cut.fault.kind, FaultKind::Truncated);
    assert_eq!(cut.fault.offset, blob.len() as u64 / 2);
    let read = cut.partial.layer.entries.len();
    assert!(read > count / 4 && read < count, "{read} of {count}");
    assert!(matches!(&cut.partial.layer.contents, Contents::Damaged(why) if why.contains("ends early")));
    assert_eq!(cut.partial.blob.as_ref().unwrap().to_string(), sha256(&blob[..blob.len() / 2]));
    assert_eq!((cut.partial.diff_id, cut.partial.layer.tar_bytes), (None, None));
    // The archive in a sound blob.
    let short = scanned(&gzip(&tar[..tar.len() / 2])).unwrap_err();
    assert_eq!((short.fault.kind, short.fault.tar_offset), (FaultKind::Truncated, Some(tar.len() as u64 / 2)));
    assert!(short.partial.blob.is_some() && short.partial.diff_id.is_some());
    // A wrong checksum at the end.
    let mut wrong = blob.clone();
    let place = wrong.len() - 6;
    wrong[place] ^= 1;
    let wrong = scanned(&wrong).unwrap_err();
    assert_eq!((wrong.fault.kind, wrong.partial.layer.entries.len()), (FaultKind::Corrupt, count));
    let bomb = scanned_with(&blob, &Limits { inflated_bytes: 1 << 18, ..Limits::default() }).unwrap_err();
    assert_eq!(bomb.fault.kind, FaultKind::Limit);
    let many = scanned_with(&tar, &Limits { entries: 10, ..Limits::default() }).unwrap_err();
    assert_eq!((many.fault.kind, many.partial.layer.entries.len()), (FaultKind::Limit, 10));
    let long = scanned_with(&tar, &Limits { text_bytes: 100, ..Limits::default() }).unwrap_err();
    assert_eq!(long.fault.kind, FaultKind::Limit);
    let deep = archive(&[member("a/b/c/d/e/f", b'0', b""), member("g", b'0', b"")]);
    let deep = scanned_with(&deep, &Limits { entries: 3, ..Limits::default() }).unwrap_err();
    assert_eq!(deep.fault.what, "more than 6 paths");
    let ratio = Limits { ratio_from: 1 << 20, ..Limits::default() };
    let zeros = gzip(&archive(&[member("z", b'0', &vec![0; 2 << 20])]));
    let noticed = scanned_with(&zeros, &ratio).unwrap();
    assert!(noticed.notices[0].contains("times as many"), "{:?}", noticed.notices);
}

#[test]
fn changed_layers_never_panic() {
    let tar = archive(&[
        pax(b'x', &[("SCHILY.xattr.a", "1"), ("path", "x/y/z")]),
        member("a", b'0', b"one"),
        link("h", b'1', "a"),
        link("s", b'2', "t"),
        member("d/.wh.x", b'0', b""),
    ]);
    for blob in [tar.clone(), gzip(&tar)] {
        // Every byte of the small one; the tar walk has a test of its own for every byte.
        let step = blob.len() / 300 * 2 + 1;
        for end in (0..blob.len()).step_by(step) {
            if let Err(error) = scanned(&blob[..end]) {
                assert!(!error.to_string().is_empty());
            }
        }
        for at in (0..blob.len()).step_by(step) {
            let mut flipped = blob.clone();
            flipped[at] ^= 0x81;
            let (Ok(read) | Err(ScanError { partial: read, .. })) = scanned(&flipped).map(Box::new);
            assert!(read.layer.entries.iter().all(|entry| entry.path.index() < read.paths.len()));
            assert!(
                read.layer.entries.iter().filter(|entry| entry.kind == EntryKind::File).all(|entry| entry.size < 5000)
            );
        }
    }
}
