use std::io::Read;

use crate::image::limits::Limits;
use crate::image::tar::test_blocks::{END, archive, header, link, member, padded, pax};
use crate::image::tar::{End, MemberKind, MemberWalk, TarError};

/// The members in lines, and how the archive ends.
fn walked(archive: &[u8]) -> String {
    let limits = Limits::default();
    let mut walk = MemberWalk::new(archive, &limits);
    let mut lines = Vec::new();
    loop {
        match walk.advance() {
            Ok(Some(member)) => {
                let member = member.clone();
                let mut contents = Vec::new();
                if let Err(error) = walk.read_to_end(&mut contents) {
                    lines.push(error.to_string());
                    break;
                }
                assert_eq!(contents.len() as u64, member.stored);
                let text = String::from_utf8_lossy(&contents);
                let name = String::from_utf8_lossy(&member.name);
                let mut line = format!("{:?} {name}", member.kind);
                if !member.link.is_empty() {
                    line += &format!(" -> {}", String::from_utf8_lossy(&member.link));
                }
                if member.size != member.stored {
                    line += &format!(" of {}", member.size);
                }
                if let Some(map) = &member.sparse {
                    line += &format!(" {map:?}");
                }
                lines.push(if contents.is_empty() { line } else { format!("{line} = {}", text.trim_end()) });
            }
            Ok(None) => {
                lines.extend(walk.end().filter(|end| *end != End::Marked).map(|end| format!("{end:?}")));
                break;
            }
            Err(error) => {
                lines.push(error.to_string());
                break;
            }
        }
    }
    lines.join("\n")
}

#[track_caller]
fn check(parts: &[Vec<u8>], expected: &str) {
    assert_eq!(walked(&archive(parts)), expected);
}

#[test]
fn kinds_are_recognized_by_their_flags() {
    check(
        &[
            member("a", b'0', b"one"),
            member("v7", 0, b"two"),
            header("d/", 0, 0, &[]),
            header("e", b'5', 0, &[]),
            link("h", b'1', "a"),
            link("s", b'2', "../x"),
            header("c", b'3', 0, &[(329, b"0000001\0"), (337, b"0000003\0")]),
            header("b", b'4', 0, &[]),
            header("p", b'6', 0, &[]),
            member("7", b'7', b"contiguous"),
        ],
        "File a = one\nFile v7 = two\nDirectory d/\nDirectory e\nHardlink h -> a\nSymlink s -> ../x\nCharacterDevice c\n\
         BlockDevice b\nFifo p\nOther(55) 7 = contiguous",
    );
}

#[test]
fn relative_names_are_resolved() {
    let long = "n".repeat(150);
    let full = "f".repeat(100);
    let gnu =
        |name: &str, flag, text: &[u8]| [header(name, flag, text.len(), &[(257, b"ustar  \0")]), padded(text)].concat();
    check(
        &[
            header("x", b'0', 0, &[(345, b"pre/fix")]),
            // The prefix of Schily's tar is shorter.
            header("y", b'0', 0, &[(345, b"star"), (476, b"00000000001 "), (508, b"tar\0")]),
            // Times of GNU are no prefix; what old Go wrote over them is.
            header("z", b'0', 0, &[(257, b"ustar  \0"), (345, b"00000000001\0"), (357, b"00000000002\0")]),
            header("go", b'0', 0, &[(257, b"ustar  \0"), (345, b"old/prefix")]),
            header(&full, b'0', 0, &[]),
            gnu("././@LongLink", b'L', format!("{long}\0").as_bytes()),
            gnu("././@LongLink", b'K', b"target\0junk"),
            link("short", b'2', "t"),
            pax(b'x', &[("path", "pax/ä"), ("linkpath", "to"), ("size", "2")]),
            header("short", b'0', 0, &[]),
            padded(b"hi"),
            pax(b'x', &[("path", "")]),
            header("kept", b'0', 0, &[]),
            pax(b'g', &[("path", "global")]),
            header("own", b'0', 0, &[]),
        ],
        &format!(
            "File pre/fix/x\nFile star/y\nFile z\nFile old/prefix/go\nFile {full}\nSymlink {long} -> target\nFile pax/ä -> to = hi\n\
             File kept\nGlobal(true) \nFile own"
        ),
    );
}

#[test]
fn numbers_may_be_large_or_negative() {
    let limits = Limits::default();
    let uid = [0x80, 0, 0, 0, 0, 0x20, 0, 0];
    let mtime = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe];
    let archive = archive(&[header("a", b'0', 0, &[(108, &uid), (136, &mtime)])]);
    let mut walk = MemberWalk::new(archive.as_slice(), &limits);
    let member = walk.advance().unwrap().unwrap();
    assert_eq!((member.uid, member.gid, member.mtime, member.mode), (0x20_0000, 2, -2, 0o644));
    // Old tars summed signed bytes.
    let mut block = header("\u{e4}", b'0', 0, &[]);
    block[148..156].fill(b' ');
    let sum: i64 = block.iter().map(|&byte| i64::from(byte.cast_signed())).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    assert_eq!(walked(&block), "File ä\nUnmarked");
}

#[test]
fn sparse_files_of_all_forms() {
    let data = b"0123456789".repeat(60);
    let old = |fields: &[(usize, &[u8])]| {
        let all = [&[(257, &b"ustar  \0"[..]), (483, b"10000000000\0")], fields].concat();
        header("old", b'S', 600, &all)
    };
    let (first, second) = (b"00000000000\x0000000000400\0", b"00000001000\x0000000000530\0");
    let text = String::from_utf8_lossy(&data).into_owned();
    check(
        &[old(&[(386, first), (410, second)]), padded(&data)],
        &format!("File old of 1073741824 [(0, 256), (512, 344)] = {text}"),
    );
    // The rest of the map in a block of its own.
    let mut further = vec![0; 512];
    further[..24].copy_from_slice(second);
    check(
        &[old(&[(386, first), (482, b"\x01")]), further, padded(&data)],
        &format!("File old of 1073741824 [(0, 256), (512, 344)] = {text}"),
    );
    let records = [("GNU.sparse.size", "1000"), ("GNU.sparse.numblocks", "2")];
    let map = [("GNU.sparse.offset", "0"), ("GNU.sparse.numbytes", "256")];
    let rest = [("GNU.sparse.offset", "656"), ("GNU.sparse.numbytes", "344")];
    let expected = format!("of 1000 [(0, 256), (656, 344)] = {text}");
    check(
        &[pax(b'x', &[&records[..], &map, &rest].concat()), member("00", b'0', &data)],
        &format!("File 00 {expected}"),
    );
    let fields = [("GNU.sparse.map", "0,256,656,344"), ("GNU.sparse.name", "real")];
    check(&[pax(b'x', &[&records[..], &fields].concat()), member("01", b'0', &data)], &format!("File real {expected}"));
    let ten = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "1000")];
    let text = padded(b"2\n0\n256\n656\n344\n");
    let stored = [text, data.clone()].concat();
    check(&[pax(b'x', &ten), member("10", b'0', &stored)], &format!("File 10 {expected}"));
}

#[test]
fn a_hard_link_may_have_contents() {
    check(
        &[member("a", b'0', b"x"), member("h", b'1', &[7; 700]), member("b", b'0', b"y")],
        "File a = x\nHardlink h\nFile b = y",
    );
    // Most that give a size have none.
    check(&[header("h", b'1', 700, &[]), member("b", b'0', b"y")], "Hardlink h\nFile b = y");
}

#[test]
fn archives_end_as_for_go() {
    let member_bytes = member("a", b'0', b"x");
    assert_eq!(walked(&[]), "Unmarked");
    assert_eq!(walked(&END), "");
    assert_eq!(walked(&member_bytes), "File a = x\nUnmarked");
    assert_eq!(walked(&member_bytes[..513]), "File a = x\nUnpadded");
    assert_eq!(walked(&[&member_bytes[..], &END[..512]].concat()), "File a = x\nUnmarked");
    assert_eq!(walked(&[&member_bytes[..], &END, &member_bytes].concat()), "File a = x");
    assert_eq!(
        walked(&[&member_bytes[..], &END[..512], &member_bytes].concat()),
        "File a = x\na single block of zeros in the archive (byte 1536 of the archive)"
    );
}

#[test]
fn problems_are_named() {
    let member_bytes = member("a", b'0', b"x");
    for (archive, expected) in [
        (member_bytes[..300].to_vec(), "the archive ends early, at byte 300"),
        (member_bytes[..512].to_vec(), "the archive ends early, at byte 512"),
        (b"{}".repeat(256), "a tar header is missing (byte 0 of the archive)"),
        (
            header("a", b'0', 0, &[(124, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")]),
            "a tar header's size is not a number (byte 0 of the archive)",
        ),
        (header("a", b'0', 0, &[(100, b"09")]), "a tar header's mode is not a number (byte 0 of the archive)"),
        (header("x", b'x', 2 << 20, &[]), "an extended header is longer than 1 MiB (byte 0 of the archive)"),
        (member("x", b'x', b"12 path"), "invalid record in an extended header (byte 0 of the archive)"),
        (
            [pax(b'x', &[("path", &"p".repeat(5000))]), member_bytes.clone()].concat(),
            "a path is longer than 4 KiB (byte 5632 of the archive)",
        ),
        (
            [pax(b'x', &[("path", &"p/".repeat(300))]), member_bytes.clone()].concat(),
            "a path has more than 255 parts (byte 1536 of the archive)",
        ),
        (
            [pax(b'x', &[("GNU.sparse.map", "0,5"), ("GNU.sparse.numblocks", "1")]), member_bytes.clone()].concat(),
            "invalid sparse map (byte 1024 of the archive)",
        ),
        (header("a", b'S', 0, &[]), "a sparse file in a format other than GNU (byte 0 of the archive)"),
    ] {
        assert!(walked(&archive).ends_with(expected), "{}", walked(&archive));
    }
    let limits = Limits { entries: 1, ..Limits::default() };
    let unended = [member_bytes.clone(), member_bytes].concat();
    let mut walk = MemberWalk::new(unended.as_slice(), &limits);
    assert!(walk.advance().is_ok());
    assert!(matches!(walk.advance(), Err(TarError::Limit(1024, _))));
}

#[test]
fn damaged_archives_never_panic() {
    let data = b"0123456789".repeat(60);
    let sparse = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "1000")];
    let whole = archive(&[
        pax(b'x', &[("path", "pax/ä"), ("SCHILY.xattr.user.a", "b"), ("mtime", "1.5")]),
        member("a", b'0', b"one"),
        member("l", b'L', b"long\0"),
        header("s", b'S', 600, &[(257, b"ustar  \0"), (483, b"10000000000\0"), (386, b"00000000000\x0000000001130\0")]),
        padded(&data),
        pax(b'x', &sparse),
        member("10", b'0', &[padded(b"2\n0\n256\n656\n344\n"), data].concat()),
        member("h", b'1', b"x"),
    ]);
    assert!(walked(&whole).ends_with("Hardlink h"), "{}", walked(&whole));
    for end in 0..whole.len() {
        walked(&whole[..end]);
    }
    for at in (0..whole.len()).step_by(3) {
        for bit in [0, 7] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            walked(&flipped);
            // The same with a checksum that hides it.
            let start = at / 512 * 512;
            let block = crate::image::tar::test_blocks::with_checksum(flipped[start..start + 512].to_vec());
            flipped[start..start + 512].copy_from_slice(&block);
            walked(&flipped);
        }
    }
}

#[test]
fn header_only_kinds_are_recognized() {
    assert!(MemberKind::Directory.is_header_only() && !MemberKind::Other(b'7').is_header_only());
}
