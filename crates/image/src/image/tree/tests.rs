use super::{ImageTree, WasteKind};
use crate::image::test_layers::sketch;
use crate::image::{EntryId, Totals, TreeChange, losses};

/// Checks the four kinds of waste of a sketch, in the order of [`WasteKind::ALL`], and what is left.
#[track_caller]
fn check(text: &str, waste: [u64; 4], merged: u64) {
    let image = sketch(text);
    let tree = ImageTree::new(&image);
    let totals = Totals::new(&image, &tree);
    assert_eq!(WasteKind::ALL.map(|kind| totals.waste.of(kind)), waste, "{text}");
    assert_eq!(totals.merged_bytes, merged, "{text}");
    assert_eq!(totals.stored_file_bytes, totals.merged_bytes + totals.waste.sum(), "{text}");
    assert_eq!(losses(&image, &tree, 0).iter().map(|loss| loss.bytes).sum::<u64>(), totals.waste.sum(), "{text}");
    assert_eq!(tree.bytes(crate::image::PathId::ROOT), merged, "{text}");
}

#[track_caller]
fn notices(text: &str, expected: &[&str]) {
    let image = sketch(text);
    let tree = ImageTree::new(&image);
    let sentences: Vec<String> = tree.notices().iter().map(|notice| notice.sentence(&image)).collect();
    assert_eq!(sentences, expected, "{text}");
}

#[test]
fn waste_has_four_kinds() {
    // A directory goes with all that is in it.
    let folder = "40755 0:0 0 d/\n100644 0:0 3000 d/a\n40755 0:0 0 d/e/\n100644 0:0 4000 d/e/b\n100644 0:0 5 k\n\n";
    check(&format!("{folder}0 0:0 0 .wh.d"), [7000, 0, 0, 0], 5);
    check(&format!("{folder}40755 0:0 0 d/\n0 0:0 0 d/.wh..wh..opq"), [7000, 0, 0, 0], 5);
    // A sibling in the layer of the opaque marker stays, wherever it stands.
    check(&format!("{folder}100644 0:0 9 d/a\n0 0:0 0 d/.wh..wh..opq\n100644 0:0 9 d/z"), [7000, 0, 0, 0], 23);
    let big = "100644 0:0 100000 a = x\n\n";
    check(&format!("{big}100644 9:9 100000 a = x\n\n100600 9:9 100000 a = x"), [0, 0, 200_000, 0], 100_000);
    check(&format!("{big}100644 0:0 100000 a = y"), [0, 100_000, 0, 0], 100_000);
    check("100644 0:0 50 a\n100644 0:0 0 b => a\n\n0 0:0 0 .wh.a", [0; 4], 50);
    check("100644 0:0 50 a\n100644 0:0 0 b => a\n\n0 0:0 0 .wh.a\n\n0 0:0 0 .wh.b", [50, 0, 0, 0], 0);
    check("100644 0:0 10 a\n\n40755 0:0 0 a/\n100644 0:0 3 a/b", [0, 10, 0, 0], 3);
    check("40755 0:0 0 a/\n100644 0:0 20 a/b\n\n100644 0:0 3 a", [0, 20, 0, 0], 3);
    check("100644 0:0 1000 a = x\n100644 0:0 500 a = y", [0, 0, 0, 1000], 500);
    // A whiteout in the layer that makes the path again, before it or after it.
    check("100644 0:0 100 a = x\n\n0 0:0 0 .wh.a\n100644 0:0 50 a = y", [100, 0, 0, 0], 50);
    check("100644 0:0 100 a = x\n\n100644 0:0 50 a = y\n0 0:0 0 .wh.a", [100, 0, 0, 0], 50);
    check("", [0; 4], 0);
}

#[test]
fn a_path_that_comes_twice_is_judged_by_its_last_member() {
    check("100644 0:0 9 a = x\n\n100644 0:0 8 a = y\n100600 0:0 9 a = x", [0, 0, 9, 8], 9);
    check("40755 0:0 0 d/\n100644 0:0 9 d/x\n100644 0:0 5 d", [0, 0, 0, 9], 5);
    check("100644 0:0 9 d\n40755 0:0 0 d/\n100644 0:0 5 d/x", [0, 0, 0, 9], 5);
    // The first file lives on under its further name.
    check("100644 0:0 9 a = x\n100644 0:0 0 b => a\n100644 0:0 5 a = y", [0; 4], 14);
}

#[test]
fn hard_links_share_their_fate() {
    check("100644 0:0 50 a\n100644 0:0 0 b => a\n100644 0:0 0 c => b\n\n100644 0:0 7 a = z", [0; 4], 57);
    check("100644 0:0 0 b => a\n100644 0:0 50 a\n\n0 0:0 0 .wh.a", [0; 4], 50);
    check("100644 0:0 50 a\n\n100644 0:0 0 b => a\n0 0:0 0 .wh.a", [0; 4], 50);
    check("100644 0:0 50 a = x\n100644 0:0 0 b => a\n\n100600 0:0 50 a = x\n100600 0:0 0 b => a", [0, 0, 50, 0], 50);
    notices("100644 0:0 0 b => a\n100644 0:0 50 a", &["has a hard link before its file; engines reject it: `b`"]);
    notices(
        "100644 0:0 5 a\n\n100644 0:0 0 b => a",
        &["has a hard link to a file of an earlier layer; engines reject it: `b`"],
    );
    notices(
        "100644 0:0 0 b => a\n100644 0:0 0 a => b\n100644 0:0 0 c => c",
        &["has a hard link to a missing file; engines reject it: `c` and 2 more"],
    );
}

#[test]
fn odd_layers_are_reported() {
    notices("0 0:0 0 .wh.a\n0 0:0 0 d/.wh.b", &["deletes a path that is not in an earlier layer: `a` and 1 more"]);
    notices("100644 0:0 5 a\n100644 0:0 5 a/b", &["has a member under a file; ignoring the file: `a/b`"]);
    let link = "40755 0:0 0 usr/\n40755 0:0 0 usr/lib/\n100644 0:0 5 usr/lib/x\n120777 0:0 0 lib -> usr/lib\n";
    let hides = "replaces a symbolic link to a directory by a directory; that hides 1 files: `lib`";
    notices(&format!("{link}\n100644 0:0 5 lib/y"), &[hides]);
    notices(&format!("{link}\n40755 0:0 0 lib/"), &[hides]);
    notices(
        &format!("{link}100644 0:0 5 lib/y"),
        &["has a member under a symbolic link; engines write it to the link's target: `lib/y`"],
    );
    notices("100644 0:0 5 a\n120777 0:0 0 l -> a\n\n40755 0:0 0 l/", &[]);
}

#[test]
fn layers_tell_what_they_change() {
    let image = sketch(
        "40755 0:0 0 d/\n100644 0:0 10 d/a\n100644 0:0 20 d/b\n100644 0:0 30 c\n\n\
         40755 0:0 0 d/\n100644 0:0 11 d/a\n0 0:0 0 d/.wh.b\n100644 0:0 5 n\n\n\
         40700 0:0 0 d/\n0 0:0 0 .wh.c\n100644 0:0 31 c",
    );
    let tree = ImageTree::new(&image);
    let text = |layer| {
        let changes = tree.layer(layer);
        [changes.added, changes.changed, changes.removed].map(|count| (count.entries, count.files, count.bytes))
    };
    assert_eq!(text(0), [(4, 3, 60), (0, 0, 0), (0, 0, 0)]);
    assert_eq!(text(1), [(1, 1, 5), (1, 1, 11), (1, 1, 20)]);
    assert_eq!(text(2), [(0, 0, 0), (2, 1, 31), (0, 0, 0)]);
    assert_eq!(tree.change(EntryId { layer: 1, index: 0 }), TreeChange::Same);
    assert_eq!(tree.change(EntryId { layer: 1, index: 2 }), TreeChange::Removes);
    let gone: Vec<String> = tree.lost_by(&image, 1).map(|id| image.paths.text(image.entry(id).path)).collect();
    assert_eq!(gone, ["d", "d/a", "d/b"]);
    assert_eq!(ImageTree::of_layers(&image, 1).bytes(image.paths.find(b"d").unwrap()), 30);
    assert_eq!(tree.bytes(image.paths.find(b"d").unwrap()), 11);
}
