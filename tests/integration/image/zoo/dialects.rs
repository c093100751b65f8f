//! Every way to write a tar archive.

use super::codec::{Codec, noise};
use super::layout::{Blob, Picture, engine25};
use super::model::Model;
use super::tar::{self, Dialect, Form, Member, archive, dir, file, hardlink, sparse, symlink};
use super::{Case, Engine, Expected, Input, Zoo};

/// A path of this many bytes.
fn long(length: usize) -> String {
    let mut path = "directory-of-thirty-characters/".repeat(length / 31 + 1);
    path.truncate(length - 1);
    if path.ends_with('/') {
        path.pop();
        path.push('x');
    }
    path.push('f');
    path
}

/// An archive whose one layer is written by hand.
#[allow(clippy::needless_pass_by_value)] // Each archive is written for one call.
fn raw<'z>(zoo: &'z mut Zoo, name: &'static str, tar: Vec<u8>, means: Vec<Member>) -> &'z mut Case {
    let picture = Picture::new(name, vec![Blob::of(&tar, Codec::Plain)]);
    let input = Input::Archive(engine25(std::slice::from_ref(&picture)).tar());
    let expected = Expected {
        model: Some(Model::of(&[means])),
        pull_bytes: Some(tar.len() as u64),
        layers: 1,
        platform: picture.platform,
    };
    zoo.case(name, input, false, vec![expected])
}

pub(super) fn add(zoo: &mut Zoo) {
    headers(zoo);
    extended(zoo);
    sparse_files(zoo);
    names(zoo);
    ends(zoo);
}

fn all(dialect: Dialect, members: Vec<Member>) -> Vec<Vec<Member>> {
    vec![members.into_iter().map(|member| member.dialect(dialect)).collect()]
}

fn headers(zoo: &mut Zoo) {
    let few = || vec![dir("d"), file("d/f", noise("f", 1_000)), symlink("d/l", "f"), hardlink("d/h", "d/f")];
    zoo.tree("dialect-v7", all(Dialect::V7, few()));
    zoo.tree("dialect-gnu", all(Dialect::Gnu, few()));
    zoo.tree("dialect-ustar", all(Dialect::Ustar, few()));
    zoo.tree(
        "ustar-prefix",
        all(Dialect::Ustar, vec![file(long(200), noise("f", 700)), file(long(101), noise("g", 70))]),
    );
    zoo.tree(
        "name-of-100-bytes",
        all(Dialect::Ustar, vec![file("n".repeat(100), vec![1]), symlink("l", "t".repeat(100))]),
    );
    zoo.tree("gnu-long-name", all(Dialect::Gnu, vec![file(long(300), noise("f", 700)), file("after", vec![1])]));
    zoo.tree(
        "gnu-long-link",
        all(
            Dialect::Gnu,
            vec![file(long(300), noise("f", 700)), symlink("s", long(250)), hardlink(long(301), long(300))],
        ),
    );
    zoo.tree(
        "gnu-base-256",
        all(
            Dialect::Gnu,
            vec![
                file("owner", vec![1]).owned_by(3_000_000_000, 2_500_000),
                file("before-1970", vec![2]).mtime(-86_400),
                file("far-future", vec![3]).mtime(1 << 34),
            ],
        ),
    )
    // It writes no time before 1970, and its disk none after 2446.
    .engine(Engine::Differs);
    zoo.tree(
        "type-nul-and-contiguous",
        vec![vec![
            file("old", noise("o", 20)).flag(0).dialect(Dialect::V7),
            file("contiguous", noise("c", 20)).flag(b'7'),
        ]],
    )
    .engine(Engine::Refuses);
    zoo.tree(
        "directory-by-its-slash",
        vec![vec![file("d/", Vec::new()).flag(0).dialect(Dialect::V7).mode(0o755), file("d/f", vec![1])]],
    );
    zoo.tree(
        "mixed-dialects",
        vec![vec![
            dir("d"),
            file(long(180), noise("u", 30)).dialect(Dialect::Ustar),
            file(long(280), noise("p", 40)),
            file(long(281), noise("g", 50)).dialect(Dialect::Gnu),
            file("d/v7", noise("v", 60)).dialect(Dialect::V7),
        ]],
    );
    zoo.tree("unknown-type", vec![vec![file("odd", noise("o", 600)).flag(b'V'), file("after", noise("a", 20))]])
        .outcome_only()
        .engine(Engine::Unasked);
}

fn extended(zoo: &mut Zoo) {
    zoo.tree(
        "pax-path-and-link",
        vec![vec![file(long(600), noise("f", 700)), symlink("s", long(500)), hardlink(long(601), long(600))]],
    );
    zoo.tree(
        "pax-large-numbers",
        vec![vec![file("f", noise("f", 10)).owned_by(4_000_000_000, 4_294_967_294).mtime(-5)]],
    )
    .engine(Engine::Differs);
    zoo.tree(
        "pax-fractional-times",
        vec![vec![
            file("f", noise("f", 10))
                .record("mtime", "1700000000.123456789")
                .record("atime", "1.5")
                .record("ctime", "2.25"),
            file("g", noise("g", 10)).record("mtime", "1700000000."),
        ]],
    );
    zoo.tree(
        "pax-unknown-records",
        vec![vec![
            file("f", noise("f", 10))
                .record("VENDOR.thing", "x")
                .record("comment", "a\nb=c")
                .record("charset", "BINARY"),
            file("g", noise("g", 10)).record("LIBARCHIVE.creationtime", "12").record("hdrcharset", "BINARY"),
        ]],
    );
    let mut tar = Vec::new();
    tar::write(&file("f", noise("f", 900)).claims(0).record("size", "900"), &mut tar);
    tar::write(&file("g", noise("g", 20)), &mut tar);
    tar.resize(tar.len() + 1_024, 0);
    raw(zoo, "pax-size-counts", tar, vec![file("f", noise("f", 900)), file("g", noise("g", 20))]);
    let mut tar = Vec::new();
    tar::entry(b'g', b"pax_global_header", &tar::pax(&[("comment".into(), vec![b'c'; 40])]), &mut tar);
    tar::write(&file("f", noise("f", 900)), &mut tar);
    tar.resize(tar.len() + 1_024, 0);
    raw(zoo, "pax-global-comment", tar, vec![file("f", noise("f", 900))]);
    let mut tar = Vec::new();
    tar::entry(b'g', b"global", &tar::pax(&[("uid".into(), b"77".to_vec()), ("gid".into(), b"78".to_vec())]), &mut tar);
    tar::write(&file("f", noise("f", 900)), &mut tar);
    tar::write(&file("g", noise("g", 9)).record("uid", "5"), &mut tar);
    tar.resize(tar.len() + 1_024, 0);
    let means = vec![file("f", noise("f", 900)).owned_by(77, 78), file("g", noise("g", 9)).owned_by(5, 78)];
    // Go's reader hands global records out and applies none of them; POSIX says that they count.
    raw(zoo, "pax-global-owner", tar, means).outcome_only();
    odd_records(zoo);
}

/// Records that readers take differently.
fn odd_records(zoo: &mut Zoo) {
    zoo.tree(
        "pax-path-not-utf8",
        vec![vec![file(b"caf\xe9", noise("f", 10)).record("path", b"caf\xe9"), file("x", vec![1])]],
    );
    let mut tar = Vec::new();
    tar::entry(b'x', b"x", &tar::pax(&[("path".into(), b"from-pax".to_vec())]), &mut tar);
    tar::entry(b'L', b"././@LongLink", b"from-gnu\0", &mut tar);
    tar::write(&file("from-header", noise("f", 9)).dialect(Dialect::Gnu), &mut tar);
    tar.resize(tar.len() + 1_024, 0);
    raw(zoo, "pax-and-gnu-names-at-once", tar, vec![file("from-pax", noise("f", 9))])
        .outcome_only()
        .engine(Engine::Unasked);
    zoo.tree(
        "pax-record-empties-a-value",
        vec![vec![file("f", noise("f", 10)).record("uname", "").record("path", "")]],
    )
    .outcome_only()
    .engine(Engine::Unasked);
}

fn sparse_files(zoo: &mut Zoo) {
    let pieces = [(0, 1_000), (10_000, 500), (1_000_000, 24)];
    let many: Vec<(u64, u64)> = (0..60).map(|number| (number * 8_192, 100)).collect();
    let small = |form| {
        vec![vec![sparse("holes", form, 1_048_576, &pieces, noise("holes", 1_524)), file("after", noise("a", 10))]]
    };
    zoo.tree("sparse-gnu-old", small(Form::Old)).engine(Engine::Refuses);
    zoo.tree(
        "sparse-gnu-old-extended",
        vec![vec![sparse("holes", Form::Old, 500_000, &many, noise("many", 6_000)), file("after", noise("a", 10))]],
    )
    .engine(Engine::Refuses);
    zoo.tree("sparse-pax-0.0", small(Form::Pairs));
    zoo.tree("sparse-pax-0.1", small(Form::Record));
    zoo.tree("sparse-pax-1.0", small(Form::Data));
    zoo.tree(
        "sparse-pax-1.0-many-pieces",
        vec![vec![sparse("holes", Form::Data, 500_000, &many, noise("many", 6_000)), file("after", noise("a", 10))]],
    );
    let huge = 8 << 30;
    zoo.tree(
        "sparse-of-8-gib",
        vec![vec![
            sparse("disk", Form::Data, huge, &[(0, 4_096), (huge - 512, 512)], noise("disk", 4_608)),
            file("after", noise("a", 10)),
        ]],
    )
    // It would hash eight gigabytes of holes.
    .engine(Engine::Unasked);
    zoo.tree(
        "sparse-of-8-gib-gnu",
        vec![vec![
            sparse("disk", Form::Old, huge, &[(0, 4_096), (huge, 0)], noise("disk", 4_096)),
            file("after", noise("a", 10)),
        ]],
    )
    .engine(Engine::Refuses);
    zoo.tree(
        "sparse-nothing-but-hole",
        vec![vec![sparse("hole", Form::Data, 1 << 20, &[(1 << 20, 0)], Vec::new()), file("after", noise("a", 10))]],
    );
    zoo.tree(
        "sparse-overwritten",
        vec![
            vec![sparse("holes", Form::Data, 1_048_576, &pieces, noise("holes", 1_524))],
            vec![file("holes", noise("full", 100))],
        ],
    );
}

fn names(zoo: &mut Zoo) {
    zoo.tree(
        "names-not-utf8",
        vec![vec![file(b"caf\xe9", noise("f", 10)), dir(b"\xff\xfe"), file(b"\xff\xfe/x", noise("x", 5))]],
    );
    zoo.tree(
        "names-of-other-scripts",
        vec![vec![
            file("日本語/ファイル", noise("j", 10)),
            file("e\u{301}", noise("d", 10)),
            file("\u{e9}", noise("c", 10)),
            file("\u{1f433}", noise("w", 10)),
        ]],
    );
    zoo.tree(
        "names-with-control-characters",
        vec![vec![
            file("new\nline", noise("n", 10)),
            file("tab\there", noise("t", 10)),
            file("\u{1b}[31mred\u{1b}[0m", noise("r", 10)),
            file("\u{1b}]0;title\u{7}", noise("o", 10)),
            file("del\u{7f}", noise("d", 10)),
            file("c1\u{9b}2J", noise("c", 10)),
        ]],
    );
    zoo.tree(
        "names-with-bidi-characters",
        vec![vec![
            file("\u{202e}gpj.exe", noise("r", 10)),
            file("a\u{2066}b\u{2069}c", noise("i", 10)),
            file("zero\u{200b}width", noise("z", 10)),
        ]],
    );
    zoo.tree(
        "names-of-markup",
        vec![vec![
            file("<img src=x onerror=alert(1)>", noise("h", 10)),
            file("a|b`c`*d*_e_[f](g)", noise("m", 10)),
            file("${HOME}$(id)", noise("s", 10)),
            file("\"quoted\\", noise("q", 10)),
            file(" leading and trailing ", noise("l", 10)),
        ]],
    );
    zoo.tree(
        "names-with-dots-and-slashes",
        vec![vec![
            dir("."),
            dir("./d"),
            file("./d//./f", noise("f", 10)),
            file(".//hidden/./.file", noise("h", 10)),
            file("d/...", noise("3", 10)),
        ]],
    );
    zoo.tree("names-absolute", vec![vec![dir("/d"), file("/d/f", noise("f", 10)), hardlink("/d/g", "/d/f")]]);
    climbing(zoo);
}

/// Names that lead elsewhere, and the longest ones.
fn climbing(zoo: &mut Zoo) {
    zoo.tree(
        "names-climbing-inside",
        vec![vec![dir("a"), file("a/../b", noise("b", 10)), file("a/x/../../c", noise("c", 10))]],
    )
    .outcome_only()
    .engine(Engine::Unasked);
    zoo.tree("names-climbing-out", vec![vec![file("../../../etc/evil", noise("e", 10)), file("good", noise("g", 10))]])
        .outcome_only()
        .says(&["..", "outside"])
        .engine(Engine::Refuses);
    zoo.tree(
        "hardlink-climbing-out",
        vec![vec![file("good", noise("g", 10)), hardlink("evil", "../../../etc/passwd")]],
    )
    .outcome_only()
    .engine(Engine::Refuses);
    zoo.tree("names-whiteout-climbing-out", vec![vec![file("../.wh.x", Vec::new()), file("good", noise("g", 10))]])
        .outcome_only()
        .engine(Engine::Refuses);
    zoo.tree("name-empty", vec![vec![file("", Vec::new()), file("good", noise("g", 10))]])
        .outcome_only()
        .engine(Engine::Unasked);
    zoo.tree("name-of-255-bytes", vec![vec![file("n".repeat(255), noise("n", 10))]]);
    zoo.tree("path-of-4000-bytes", vec![vec![file(long(4_000), noise("l", 10))]]).engine(Engine::Unasked);
    zoo.tree("path-of-250-parts", vec![vec![file(format!("{}f", "d/".repeat(249)), noise("d", 10))]]);
}

fn ends(zoo: &mut Zoo) {
    let members = || vec![file("f", noise("f", 900)), file("g", noise("g", 512))];
    let whole = archive(&members());
    let bare = whole.len() - 1_024;
    raw(zoo, "end-without-empty-blocks", whole[..bare].to_vec(), members());
    raw(zoo, "end-with-one-empty-block", whole[..bare + 512].to_vec(), members());
    raw(zoo, "end-with-padding-to-10-kib", [whole.clone(), vec![0; 9_000]].concat(), members());
    raw(zoo, "end-with-garbage-after-it", [whole.clone(), noise("garbage", 700)].concat(), members());
    raw(zoo, "end-with-an-archive-after-it", [whole.clone(), archive(&[file("h", vec![1])])].concat(), members());
    raw(zoo, "layer-of-two-empty-blocks", vec![0; 1_024], Vec::new());
    raw(zoo, "layer-without-a-byte", Vec::new(), Vec::new());
}
