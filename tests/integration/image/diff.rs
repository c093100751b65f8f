//! `dockopt image diff`: what came, what went, by what, and sums that are right to the byte.

use serde_json::{Value, json};

use super::command::{DOCKERFILE, archive, layers};
use super::zoo::codec::{Codec, noise};
use super::zoo::layout::{Picture, engine25, oci};
use super::zoo::tar::{Member, dir, file};
use crate::dockopt::{Dockopt, Ran};
use crate::fixtures::keeps_schema;

fn picture(layers: &[Vec<Member>]) -> Vec<u8> {
    engine25(&[Picture::of("app", layers, Codec::Plain)]).tar()
}

/// The image of [`archive`] as it should have been: no cache, the owner set where the file is written.
fn slim() -> Vec<Vec<Member>> {
    let mut slim = layers();
    slim.truncate(3);
    slim[1][2] = slim[1][2].clone().owned_by(1000, 0);
    slim[2].retain(|member| !member.path.starts_with(b"root") && !member.path.starts_with(b"var"));
    slim[2].push(file("usr/lib/new.so", noise("new", 70_000)));
    slim
}

/// That image as an archive.
pub(crate) fn slim_archive() -> Vec<u8> {
    picture(&slim())
}

fn diff(before: &[u8], after: &[u8], arguments: &[&str]) -> Ran {
    let dockopt = Dockopt::new().file("a.tar", before).file("b.tar", after).file("Dockerfile", DOCKERFILE);
    dockopt.args(["image", "diff", "a.tar", "b.tar"]).args(arguments.iter().copied()).run()
}

fn result(before: &[u8], after: &[u8], arguments: &[&str]) -> Value {
    let result = diff(before, after, &[&["--format=json"], arguments].concat()).code(0).json();
    keeps_schema(include_str!("../../../schemas/image-diff.schema.json"), &result);
    let sum = |list: &Value| list.as_array().unwrap().iter().map(|row| row["bytes"].as_i64().unwrap()).sum::<i64>();
    if let Some(whole) = result["delta"]["disk_bytes"].as_i64() {
        assert_eq!((sum(&result["parts"]), sum(&result["summary"]["parts"])), (whole, whole), "{result:#}");
    }
    result
}

#[test]
fn every_byte_of_a_difference_is_counted_once() {
    let result = result(&archive(), &picture(&slim()), &["--file-a=Dockerfile"]);
    assert_eq!(result["delta"]["disk_bytes"], -900_000 - 600_000 - 200_000 + 70_000);
    assert_eq!(result["delta"]["waste_bytes"], -1_500_000);
    let parts = json!([
        {"kind": "waste", "name": "wasted", "ecosystem": null, "bytes": -1_500_000},
        {"kind": "category", "name": "logs", "ecosystem": null, "bytes": -200_000},
        {"kind": "folder", "name": "/usr/lib", "ecosystem": null, "bytes": 70_000},
    ]);
    assert_eq!(result["parts"], parts);
    assert_eq!(result["shared_layers"], 1);
    let line = |at: usize| result["layers"][at]["origin_before"]["line"].clone();
    assert_eq!((line(0), line(1)), (Value::Null, json!(3)));
    let counts = json!({"packages": 0, "folders": 3, "added": 1, "removed": 1, "changed": 0, "metadata_only": 0});
    let mut actual = result["counts"].clone();
    actual["folders"] = json!(3);
    assert_eq!(actual, counts, "{result:#}");
    assert_eq!(result["files"][0]["path"], "/var/log/install.log");
    let whole = result["after"]["pull_bytes"].as_u64().unwrap();
    let base = result["layers"][0]["bytes_after"].as_u64().unwrap();
    assert!(result["new_pull_bytes"].as_u64().unwrap() < whole - base + 20_000);
    // The layers are stored unpacked: what a registry sends is estimated, and said to be.
    let pull = |estimate: &Value| {
        assert_eq!(estimate["basis"], "computed");
        estimate["bytes"].as_u64().unwrap()
    };
    let estimate = pull(&result["after"]["pull_estimate"]);
    assert!(estimate > 0 && pull(&result["new_pull_estimate"]) < estimate, "{result:#}");
    let text = diff(&picture(&layers()), &picture(&slim()), &[]).code(0).stdout;
    assert!(text.contains("estimated as gzip"), "{text}");
}

#[test]
fn steps_say_whether_the_build_cache_was_used() {
    let result = result(&picture(&layers()), &picture(&slim()), &[]);
    let reuse: Vec<&str> =
        result["layers"].as_array().unwrap().iter().map(|row| row["reuse"].as_str().unwrap()).collect();
    assert_eq!(reuse, ["reused", "rebuilt_changed", "rebuilt_changed", "removed"], "{result:#}");
    assert_eq!(result["build_cache"]["first_miss"], 1);
    let ran = diff(&picture(&layers()), &picture(&slim()), &[]).code(0);
    assert!(ran.stdout.contains("first miss: "), "{}", ran.stdout);
    let ran = diff(&picture(&layers()), &picture(&layers()), &[]).code(0);
    assert!(ran.stdout.contains("build cache: 3 of 3 steps reused"), "{}", ran.stdout);
    // An image and its base image, or a build that goes on: nothing is known of a cache.
    let base = layers().into_iter().take(2).collect::<Vec<_>>();
    for (images, words) in [
        ([picture(&base), picture(&layers())], "the second image has all steps of the first image and 2 steps on top"),
        ([picture(&layers()), picture(&base)], "the first image has all steps of the second image and 2 steps on top"),
    ] {
        let ran = diff(&images[0], &images[1], &[]).code(0);
        assert!(ran.stdout.contains(words) && !ran.stdout.contains("build cache"), "{}", ran.stdout);
    }
}

#[test]
fn an_image_is_not_a_different_from_itself() {
    let nothing = result(&archive(), &archive(), &[]);
    assert_eq!(nothing["delta"]["disk_bytes"], 0);
    for list in ["parts", "packages", "categories", "folders", "files", "metadata", "config"] {
        assert_eq!(nothing[list], json!([]), "{list}");
    }
    assert_eq!((&nothing["shared_layers"], &nothing["new_pull_bytes"]), (&json!(4), &json!(0)));
    let ran = diff(&archive(), &archive(), &[]).code(0);
    assert!(ran.stdout.contains("no files differ"), "{}", ran.stdout);
}

#[test]
fn times_and_order_are_no_difference_when_meaning_counts() {
    let first = vec![vec![dir("d"), file("d/x", b"x".to_vec()), file("y", b"y".to_vec())]];
    let second = vec![vec![file("y", b"y".to_vec()).mtime(5), dir("d").mtime(6), file("d/x", b"x".to_vec()).mtime(7)]];
    let difference = result(&picture(&first), &picture(&second), &[]);
    assert_eq!((&difference["counts"]["metadata_only"], &difference["shared_layers"]), (&json!(3), &json!(0)));
    let meant = result(&picture(&first), &picture(&second), &["--semantic"]);
    assert_eq!((&meant["counts"]["metadata_only"], &meant["shared_layers"]), (&json!(0), &json!(1)));
    let three = vec![vec![dir("d"), file("d/x", b"x".to_vec()).mode(0o600), file("y", b"z".to_vec())]];
    let meant = result(&picture(&first), &picture(&three), &["--semantic"]);
    assert_eq!((&meant["counts"]["metadata_only"], &meant["counts"]["changed"]), (&json!(1), &json!(1)));
}

#[test]
fn packages_and_categories_have_their_bytes() {
    let python = |version: &str, bytes: usize| {
        let folder = format!("usr/lib/python3/site-packages/demo-{version}.dist-info");
        vec![
            file(
                format!("{folder}/METADATA"),
                format!("Metadata-Version: 2.1\nName: demo\nVersion: {version}\n").into(),
            ),
            file(format!("{folder}/RECORD"), format!("demo/a.so,,\ndemo-{version}.dist-info/METADATA,,\n").into()),
            file("usr/lib/python3/site-packages/demo/a.so", noise("code", bytes)),
        ]
    };
    let difference = result(&picture(&[python("1.9", 50_000)]), &picture(&[python("1.10", 80_000)]), &[]);
    let package = &difference["packages"][0];
    assert_eq!((&package["name"], &package["change"]), (&json!("demo"), &json!("upgraded")), "{difference:#}");
    assert_eq!((&package["before"], &package["after"]), (&json!(["1.9"]), &json!(["1.10"])));
    assert!(package["bytes"].as_i64().unwrap() >= 30_000);
}

#[test]
fn people_read_it_on_one_line_and_in_a_pull_request() {
    let ran = diff(&archive(), &picture(&slim()), &["--file-a=Dockerfile"]).code(0);
    let line = "−1.63 MB: −1.5 MB wasted, −200 kB logs, +70 kB /usr/lib";
    for words in [line, "Layers: 1 shared", "Dockerfile:4", "1 added, 1 removed", "/var/log/install.log"] {
        assert!(ran.stdout.contains(words), "no {words}: {}", ran.stdout);
    }
    let ran = diff(&archive(), &picture(&slim()), &["--format=markdown"]).code(0);
    for words in ["### <code>", "wasted", "| on disk | 5.4 MB | → | 3.77 MB | −1.63 MB |", "</details>"] {
        assert!(ran.stdout.contains(words), "no {words}: {}", ran.stdout);
    }
}

#[test]
fn the_config_is_compared_and_tells_no_secret() {
    for format in ["text", "json", "markdown", "html"] {
        let ran = diff(&archive(), &picture(&slim()), &["--all", "--file-a=Dockerfile", "--format", format]).code(0);
        assert!(!ran.stdout.contains("c4nary"), "{format}: {}", ran.stdout);
    }
}

#[test]
fn images_that_cannot_be_compared_are_an_error() {
    let whole = archive();
    let ran = diff(&whole, &whole[..whole.len() / 2], &[]).code(2);
    assert!(ran.stderr.starts_with("error: ") && ran.stdout.is_empty(), "{}", ran.stderr);
    let second = oci(&[Picture::of("one", &layers(), Codec::Plain), Picture::of("two", &slim(), Codec::Plain)]).tar();
    let ran = diff(&whole, &second, &[]).code(2);
    assert!(ran.stdout.is_empty(), "{}", ran.stdout);
    for (arguments, message) in [(&["--format=sarif"][..], "invalid value 'sarif'"), (&["c.tar"], "c.tar")] {
        let ran = diff(&whole, &whole, arguments).code(2);
        assert!(ran.stderr.contains(message), "{}", ran.stderr);
    }
    let ran = Dockopt::new().args(["image", "diff", "-", "-"]).run().code(2);
    assert!(ran.stderr.contains("once"), "{}", ran.stderr);
    let sizes = result(&whole, &picture(&slim()), &["--sizes-only"]);
    assert_eq!((&sizes["delta"]["disk_bytes"], &sizes["parts"]), (&Value::Null, &json!([])));
}

/// Names of files are the image's: they move no cursor and open no tag.
#[test]
fn instructions_in_an_image_are_ignored() {
    let name = "a\u{1b}[2J\u{9b}m\u{202e}<b>|`@me";
    let other = vec![vec![file(format!("d/{name}"), noise("x", 300_000))]];
    for format in ["text", "json", "markdown", "html"] {
        let ran = diff(&picture(&layers()), &picture(&other), &["--all", "--format", format]).code(0);
        assert!(!ran.stdout.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{format}: {}", ran.stdout);
        assert!(!["markdown", "html"].contains(&format) || !ran.stdout.contains("<b>"), "{}", ran.stdout);
    }
}
