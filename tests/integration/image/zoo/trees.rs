//! What layers do to each other: whiteouts, overwriting, changes of type and of metadata, duplicates.

use super::codec::noise;
use super::tar::{dir, file, gone, opaque, special, symlink};
use super::{Engine, Zoo};

/// A folder of 7,000 bytes in three files, one of them deeper.
fn cache() -> Vec<super::Member> {
    vec![
        dir("cache"),
        file("cache/a", noise("a", 1_000)),
        file("cache/b", noise("b", 2_000)),
        dir("cache/deep"),
        file("cache/deep/c", noise("c", 4_000)),
    ]
}

pub(super) fn add(zoo: &mut Zoo) {
    whiteouts(zoo);
    opaques(zoo);
    types(zoo);
    metadata(zoo);
    duplicates(zoo);
    zoo.tree("ordinary", super::ordinary());
}

fn whiteouts(zoo: &mut Zoo) {
    let second = || vec![dir("d"), file("d/x", noise("x", 100)), file("d/y", noise("y", 50))];
    zoo.tree("whiteout-file", vec![second(), vec![dir("d"), gone("d/x")]]);
    zoo.tree("whiteout-at-the-top", vec![vec![file("x", noise("x", 100)), file("y", vec![1])], vec![gone("x")]]);
    zoo.tree("whiteout-directory", vec![cache(), vec![gone("cache")]]);
    zoo.tree("whiteout-nested-directory", vec![cache(), vec![dir("cache"), gone("cache/deep")]]);
    zoo.tree("whiteout-dangling", vec![second(), vec![gone("d/nothing"), gone("nowhere"), file("z", noise("z", 10))]]);
    zoo.tree("whiteout-below-nothing", vec![second(), vec![gone("no/such/folder"), file("z", noise("z", 10))]]);
    zoo.tree("whiteout-in-the-lowest-layer", vec![vec![gone("x"), file("y", noise("y", 10))]]);
    zoo.tree("whiteout-then-recreated", vec![second(), vec![gone("d/x"), file("d/x", noise("new", 30))]]);
    zoo.tree("recreated-then-whiteout", vec![second(), vec![file("d/x", noise("new", 30)), gone("d/x")]])
        .engine(Engine::Refuses);
    zoo.tree("whiteout-then-recreated-later", vec![second(), vec![gone("d/x")], vec![file("d/x", noise("new", 30))]]);
    zoo.tree("whiteout-then-same-again-later", vec![second(), vec![gone("d/x")], vec![file("d/x", noise("x", 100))]]);
    zoo.tree("whiteout-directory-then-file", vec![cache(), vec![gone("cache")], vec![file("cache", noise("f", 9))]]);
    zoo.tree("whiteout-twice", vec![second(), vec![gone("d/x")], vec![gone("d/x")]]);
    zoo.tree(
        "whiteout-of-symlink",
        vec![vec![dir("d"), file("d/x", noise("x", 70)), symlink("l", "d")], vec![gone("l")]],
    );
    zoo.tree(
        "whiteout-of-symlinked-name",
        vec![
            vec![dir("d"), file("d/x", noise("x", 70)), symlink("l", "d/x")],
            vec![gone("l"), file("after", noise("after", 5))],
        ],
    );
    zoo.tree(
        "whiteout-aufs-markers",
        vec![
            second(),
            vec![
                file(".wh..wh.aufs", Vec::new()),
                dir(".wh..wh.orph"),
                dir(".wh..wh.plnk"),
                file(".wh..wh.plnk/1.2", noise("plnk", 20)),
                file("z", noise("z", 10)),
            ],
        ],
    )
    .outcome_only();
    zoo.tree("whiteout-name-alone", vec![second(), vec![file("d/.wh.", Vec::new()), file("z", noise("z", 10))]])
        .outcome_only()
        .engine(Engine::Refuses);
    zoo.tree("whiteout-of-everything", vec![second(), vec![gone("d")]]);
    zoo.tree(
        "whiteouts-through-three-layers",
        vec![
            cache(),
            vec![dir("cache"), gone("cache/a"), file("cache/b", noise("b2", 2_100))],
            vec![gone("cache")],
            vec![dir("cache"), file("cache/a", noise("again", 500))],
        ],
    );
}

fn opaques(zoo: &mut Zoo) {
    zoo.tree("opaque-alone", vec![cache(), vec![dir("cache"), opaque("cache")]]);
    zoo.tree(
        "opaque-before-siblings",
        vec![
            cache(),
            vec![dir("cache"), opaque("cache"), file("cache/a", noise("new", 10)), file("cache/z", noise("z", 20))],
        ],
    );
    zoo.tree(
        "opaque-after-siblings",
        vec![
            cache(),
            vec![dir("cache"), file("cache/a", noise("new", 10)), file("cache/z", noise("z", 20)), opaque("cache")],
        ],
    );
    zoo.tree(
        "opaque-nested",
        vec![
            cache(),
            vec![dir("cache"), dir("cache/deep"), opaque("cache/deep"), file("cache/deep/new", noise("n", 7))],
        ],
    );
    zoo.tree("opaque-of-nothing", vec![cache(), vec![dir("fresh"), opaque("fresh"), file("fresh/x", noise("x", 5))]]);
    zoo.tree(
        "opaque-then-same-again",
        vec![cache(), vec![dir("cache"), opaque("cache"), file("cache/a", noise("a", 1_000))]],
    );
    zoo.tree("opaque-and-whiteout", vec![cache(), vec![dir("cache"), opaque("cache"), gone("cache/a")]]);
    zoo.tree("opaque-at-the-root", vec![cache(), vec![file(".wh..wh..opq", Vec::new()), file("x", noise("x", 5))]])
        .engine(Engine::Differs);
}

fn types(zoo: &mut Zoo) {
    let folder = || vec![dir("p"), file("p/x", noise("x", 20))];
    let plain = || vec![file("p", noise("p", 10))];
    zoo.tree("file-becomes-directory", vec![plain(), vec![dir("p"), file("p/x", noise("x", 5))]]);
    zoo.tree("directory-becomes-file", vec![folder(), plain()]);
    zoo.tree("file-becomes-symlink", vec![plain(), vec![symlink("p", "elsewhere")]]);
    zoo.tree("symlink-becomes-file", vec![vec![symlink("p", "elsewhere")], plain()]);
    zoo.tree(
        "symlink-becomes-directory",
        vec![
            vec![dir("usr"), dir("usr/lib"), file("usr/lib/a", noise("a", 30)), symlink("lib", "usr/lib")],
            vec![dir("lib"), file("lib/b", noise("b", 40))],
        ],
    );
    zoo.tree(
        "symlink-hidden-by-implied-directory",
        vec![
            vec![dir("usr"), dir("usr/lib"), file("usr/lib/a", noise("a", 30)), symlink("lib", "usr/lib")],
            vec![file("lib/b", noise("b", 40))],
        ],
    );
    zoo.tree(
        "directory-becomes-symlink",
        vec![
            vec![dir("lib"), file("lib/b", noise("b", 40)), dir("usr"), dir("usr/lib")],
            vec![symlink("lib", "usr/lib")],
        ],
    );
    zoo.tree("file-becomes-fifo", vec![plain(), vec![special("p", b'6', (0, 0))]]);
    zoo.tree("device-becomes-file", vec![vec![special("p", b'3', (1, 3))], plain()]);
    zoo.tree("directory-without-entry", vec![vec![file("a/b/c", noise("c", 15))], vec![file("a/b/d", noise("d", 16))]]);
    zoo.tree("file-becomes-empty", vec![plain(), vec![file("p", Vec::new())]]);
    zoo.tree("symlink-becomes-other-symlink", vec![vec![symlink("p", "a")], vec![symlink("p", "b")]]);
}

fn metadata(zoo: &mut Zoo) {
    let body = || noise("body", 100_000);
    zoo.tree(
        "chown-then-chmod",
        vec![
            vec![file("f", body())],
            vec![file("f", body()).owned_by(1_000, 1_000)],
            vec![file("f", body()).owned_by(1_000, 1_000).mode(0o600)],
        ],
    );
    zoo.tree("touch", vec![vec![file("f", body())], vec![file("f", body()).mtime(1_700_000_001)]]);
    zoo.tree("set-xattr", vec![vec![file("f", body())], vec![file("f", body()).xattr("user.note", b"seen")]]);
    zoo.tree("copied-unchanged", vec![vec![file("f", body())], vec![file("f", body())]]);
    zoo.tree("same-size-other-content", vec![vec![file("f", body())], vec![file("f", noise("other", 100_000))]]);
    zoo.tree(
        "directory-chmod",
        vec![
            vec![dir("d"), file("d/f", noise("f", 10))],
            vec![dir("d").mode(0o700).owned_by(5, 6)],
            vec![dir("d").mode(0o711)],
        ],
    );
    let status = |number: usize| vec![file("var/lib/dpkg/status", noise(&format!("status {number}"), 5_000 + number))];
    zoo.tree("churn", (0..5).map(status).collect());
    zoo.tree(
        "chown-of-a-tree",
        vec![
            vec![dir("app"), file("app/a", noise("a", 6_000)), dir("app/b"), file("app/b/c", noise("c", 3_000))],
            vec![
                dir("app").owned_by(9, 9),
                file("app/a", noise("a", 6_000)).owned_by(9, 9),
                dir("app/b").owned_by(9, 9),
                file("app/b/c", noise("c", 3_000)).owned_by(9, 9),
            ],
        ],
    );
}

fn duplicates(zoo: &mut Zoo) {
    let big = || noise("big", 10_000);
    zoo.tree("path-twice-in-a-layer", vec![vec![file("f", noise("one", 1_000)), file("f", noise("two", 500))]])
        .engine(Engine::Refuses);
    zoo.tree(
        "path-twice-above-a-lower-one",
        vec![vec![file("f", noise("lower", 300))], vec![file("f", noise("one", 1_000)), file("f", noise("two", 500))]],
    )
    .engine(Engine::Refuses);
    zoo.tree("path-three-times", vec![vec![file("f", big()), file("f", big()), file("./f", big())]])
        .engine(Engine::Refuses);
    zoo.tree(
        "directory-twice-in-a-layer",
        vec![vec![
            dir("d").mode(0o700),
            file("d/x", noise("x", 10)),
            dir("d").mode(0o755),
            file("d/y", noise("y", 10)),
        ]],
    )
    .engine(Engine::Refuses);
    zoo.tree(
        "equal-contents-in-a-layer",
        vec![vec![file("a", big()), file("b", big()), file("c", big()), file("d", noise("d", 10_000))]],
    );
    zoo.tree("equal-contents-across-layers", vec![vec![file("a", big())], vec![dir("x"), file("x/b", big())]]);
    zoo.tree("equal-contents-gone-again", vec![vec![file("a", big())], vec![file("b", big())], vec![gone("a")]]);
    zoo.tree(
        "equal-contents-too-small",
        vec![vec![
            file("a", noise("s", 4_095)),
            file("b", noise("s", 4_095)),
            file("c", noise("t", 4_096)),
            file("d", noise("t", 4_096)),
            file("e", Vec::new()),
            file("f", Vec::new()),
        ]],
    );
}
