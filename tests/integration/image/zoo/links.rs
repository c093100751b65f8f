//! Hard links, symbolic links, devices, attributes, modes.

use super::codec::noise;
use super::tar::{dir, file, gone, hardlink, special, symlink};
use super::{Engine, Zoo};

pub(super) fn add(zoo: &mut Zoo) {
    hard(zoo);
    symbolic(zoo);
    special_files(zoo);
}

fn hard(zoo: &mut Zoo) {
    let body = || noise("body", 50_000);
    let pair = || vec![file("a", body()), hardlink("b", "a")];
    zoo.tree("hardlink", vec![pair()]);
    zoo.tree("hardlink-one-name-removed", vec![pair(), vec![gone("a")]]);
    zoo.tree("hardlink-second-name-removed", vec![pair(), vec![gone("b")]]);
    zoo.tree("hardlink-both-names-removed", vec![pair(), vec![gone("a"), gone("b")]]);
    zoo.tree("hardlink-names-removed-one-by-one", vec![pair(), vec![gone("a")], vec![gone("b")]]);
    zoo.tree(
        "hardlink-folder-removed",
        vec![vec![dir("d"), file("d/a", body()), hardlink("d/b", "d/a"), hardlink("keep", "d/a")], vec![gone("d")]],
    );
    zoo.tree("hardlink-one-name-overwritten", vec![pair(), vec![file("a", noise("new", 60))]]);
    zoo.tree(
        "hardlink-group-chowned",
        vec![pair(), vec![file("a", body()).owned_by(7, 7), hardlink("b", "a").owned_by(7, 7)]],
    );
    zoo.tree(
        "hardlink-chain",
        vec![vec![file("a", body()), hardlink("b", "a"), hardlink("c", "b"), hardlink("d", "/c")]],
    );
    zoo.tree("hardlink-to-lower-layer", vec![vec![file("a", body())], vec![hardlink("b", "a")]])
        .engine(Engine::Refuses);
    zoo.tree(
        "hardlink-to-lower-layer-then-removed",
        vec![vec![file("a", body())], vec![hardlink("b", "a")], vec![gone("a")]],
    )
    .engine(Engine::Refuses);
    zoo.tree("hardlink-forward", vec![vec![hardlink("b", "a"), file("a", body())]]).engine(Engine::Refuses);
    zoo.tree("hardlink-to-nothing", vec![vec![hardlink("b", "nothing"), file("a", noise("a", 10))]])
        .outcome_only()
        .says(&["link"])
        .engine(Engine::Refuses);
    zoo.tree("hardlink-to-itself", vec![vec![hardlink("b", "b"), file("a", noise("a", 10))]])
        .outcome_only()
        .engine(Engine::Refuses);
    zoo.tree("hardlink-loop", vec![vec![hardlink("b", "c"), hardlink("c", "b"), file("a", noise("a", 10))]])
        .outcome_only()
        .engine(Engine::Refuses);
    zoo.tree("hardlink-to-symlink", vec![vec![file("a", body()), symlink("s", "a"), hardlink("t", "s")]])
        .outcome_only()
        .engine(Engine::Unasked);
    zoo.tree("hardlink-to-directory", vec![vec![dir("d"), hardlink("e", "d")]]).outcome_only().engine(Engine::Unasked);
    zoo.tree(
        "hardlink-across-directories",
        vec![vec![dir("x"), dir("x/y"), file("x/y/one", body()), dir("z"), hardlink("z/two", "./x/y/one")]],
    );
    zoo.tree("hardlink-with-size-in-its-header", vec![vec![file("a", body()), hardlink("b", "a").claims(50_000)]])
        .outcome_only()
        .engine(Engine::Unasked);
    let contents = || noise("same", 8_000);
    zoo.tree("hardlink-is-no-duplicate", vec![vec![file("a", contents()), hardlink("b", "a"), file("c", contents())]]);
    zoo.tree("hardlink-then-the-same-names-again", vec![pair(), vec![file("b", noise("nb", 40)), hardlink("a", "b")]]);
}

fn symbolic(zoo: &mut Zoo) {
    zoo.tree(
        "symlinks",
        vec![vec![
            dir("d"),
            file("d/f", noise("f", 10)),
            symlink("absolute", "/d/f"),
            symlink("relative", "d/../d/f"),
            symlink("dangling", "no/such/thing"),
            symlink("outside", "../../../../etc/passwd"),
            symlink("self", "self"),
            symlink("loop1", "loop2"),
            symlink("loop2", "loop1"),
            symlink("d/up", ".."),
        ]],
    );
    zoo.tree("symlink-with-long-target", vec![vec![symlink("l", "t/".repeat(200)), symlink("m", "x".repeat(100))]]);
    zoo.tree(
        "symlink-chain-of-folders",
        vec![
            vec![dir("real"), file("real/f", noise("f", 33)), symlink("one", "real"), symlink("two", "one")],
            vec![gone("one")],
        ],
    );
    zoo.tree("symlink-target-not-utf8", vec![vec![symlink("l", b"to/\xff\xfe"), file("x", vec![1])]]);
}

fn special_files(zoo: &mut Zoo) {
    zoo.tree(
        "devices-and-fifos",
        vec![vec![
            dir("d"),
            special("d/null", b'3', (1, 3)).mode(0o666),
            special("d/sda", b'4', (8, 0)).mode(0o660).owned_by(0, 6),
            special("d/pipe", b'6', (0, 0)),
            special("d/far", b'3', (511, 262_000)),
        ]],
    );
    zoo.tree("device-removed", vec![vec![dir("d"), special("d/null", b'3', (1, 3))], vec![gone("d/null")]]);
    zoo.tree("device-of-the-overlay", vec![vec![dir("d"), special("d/odd", b'3', (0, 0)), file("d/x", vec![1])]])
        .outcome_only();
    zoo.tree(
        "capability",
        vec![vec![
            file("ping", noise("ping", 2_000))
                .mode(0o755)
                .xattr("security.capability", &[1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        ]],
    );
    zoo.tree(
        "xattrs",
        vec![vec![
            file("f", noise("f", 10))
                .xattr("user.a", b"1")
                .record("SCHILY.xattr.user.taken-back", "")
                .xattr("user.binary", &[0, 255, b'\n', b'=']),
            dir("d").xattr("user.folder", b"yes"),
        ]],
    );
    zoo.tree(
        "modes",
        vec![vec![
            file("suid", noise("s", 10)).mode(0o4755),
            file("sgid", noise("g", 10)).mode(0o2755),
            dir("sticky").mode(0o1777),
            file("open", noise("o", 10)).mode(0o666),
            file("none", noise("n", 10)).mode(0),
        ]],
    );
    zoo.tree(
        "owners",
        vec![vec![
            file("nobody", vec![1]).owned_by(65_534, 65_534),
            file("largest-octal", vec![1]).owned_by(0o777_7777, 0o777_7777),
            file("beyond-octal", vec![1]).owned_by(2_097_152, 3_000_000_000),
        ]],
    );
    zoo.tree("mode-with-type-bits", vec![vec![file("f", vec![1]).mode(0o100_644), dir("d").mode(0o40_755)]]);
}
