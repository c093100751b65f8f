//! What is damaged, missing or lies is told, by both doors alike, and never a panic.

use super::*;
use crate::text::path;

/// An OCI layout with one member of its manifest changed; digests fit again.
fn forged(from: &str, to: &str) -> Files {
    let files = oci();
    let is_manifest = |text: &str| text.contains("\"layers\":[");
    let (old, manifest) = files
        .iter()
        .find(|(name, text)| name.starts_with("blobs") && is_manifest(&String::from_utf8_lossy(text)))
        .unwrap();
    let text = String::from_utf8(manifest.clone()).unwrap();
    assert!(text.contains(from), "{text}");
    let text = text.replacen(from, to, 1).into_bytes();
    let (name, index) = (format!("blobs/sha256/{}", &digest(&text)[7..]), &files.last().unwrap().1);
    let index = String::from_utf8(index.clone()).unwrap().replace(&old[13..], &name[13..]);
    let size = |bytes: &[u8]| format!("\"size\":{}", bytes.len());
    let index = index.replace(&size(manifest), &size(&text));
    let mut files: Files = files.iter().filter(|(name, _)| name != old).cloned().collect();
    files.push((name, text));
    with(files, "index.json", index.as_bytes())
}

fn blob_of(files: &Files, start: &[u8]) -> String {
    files.iter().find(|(name, bytes)| name.starts_with("blobs") && bytes.starts_with(start)).unwrap().0.clone()
}

fn without(files: &Files, name: &str) -> Files {
    files.iter().filter(|(other, _)| other != name).cloned().collect()
}

#[test]
fn missing_files_are_named() {
    let layer = blob_of(&oci(), &[0x1f, 0x8b]);
    let hex = path::name(&layer);
    check_trouble(&without(&oci(), &layer), ImageErrorKind::Missing, hex);
    let read = read_both_ways(&without(&oci(), &layer), &ImageOptions::default()).unwrap();
    assert!(matches!(read.images[0].layers[0].contents, Contents::Damaged(_)));
    assert_eq!(read.images[0].layers[1].entries.len(), 2, "the other layer is read");
    check_trouble(&without(&oci(), &blob_of(&oci(), b"{\"os\"")), ImageErrorKind::Missing, "config");
    check_trouble(&without(&oci(), &blob_of(&oci(), b"{\"schema")), ImageErrorKind::Missing, "manifest");
    check_trouble(&without(&oci(), "index.json"), ImageErrorKind::Missing, "index.json");
    check_trouble(&without(&legacy(), "manifest.json"), ImageErrorKind::Unsupported, "repositories");
    check_trouble(&vec![("etc/passwd".into(), b"x".to_vec())], ImageErrorKind::NotAnImage, "not an image");
    check_trouble(&Files::new(), ImageErrorKind::NotAnImage, "");
    let legacy = with(legacy(), &format!("{}/layer.tar", "2".repeat(64)), b"->../x/layer.tar");
    check_trouble(&legacy, ImageErrorKind::Missing, "layer.tar");
}

#[test]
fn contradictions_are_named() {
    let wrong = "0".repeat(64);
    let layer = blob_of(&oci(), &[0x1f, 0x8b]);
    let other = with(oci(), &layer, &gzip(&super::layer(&["x"])));
    check_trouble(&other, ImageErrorKind::Mismatch, "expected");
    assert!(
        read_both_ways(&other, &ImageOptions { verify: Verify::None, ..ImageOptions::default() })
            .unwrap()
            .damaged
            .is_empty()
    );
    let config = blob_of(&oci(), b"{\"os\"");
    check_trouble(&edited(&oci(), &config, "A=b", "A=c"), ImageErrorKind::Mismatch, "digest");
    let manifest = blob_of(&oci(), b"{\"schema");
    check_trouble(&edited(&oci(), &manifest, "{\"schema", " {\"schema"), ImageErrorKind::Mismatch, "size");
    let files = oci();
    let gz = &files.iter().find(|(name, _)| *name == layer).unwrap().1;
    let size = format!("\"size\":{}", gz.len());
    check_trouble(&forged(&size, "\"size\":7"), ImageErrorKind::Mismatch, "expected 7 bytes");
    check_trouble(&forged(&digest(gz)[7..], &wrong), ImageErrorKind::Missing, &wrong);
    // Diff IDs of compressed layers are compared on demand only.
    let layers = layers();
    let mut layout = Layout::default();
    let text = String::from_utf8(super::config("amd64", &layers)).unwrap().replace(&digest(&layers[0])[7..], &wrong);
    let stored = [(format!("{TAR}+gzip"), gzip(&layers[0])), (TAR.to_owned(), layers[1].clone())];
    let image = layout.image(text.as_bytes(), &stored, "");
    let files = layout.end(&[image]);
    assert_eq!(read_both_ways(&files, &ImageOptions::default()).unwrap().damaged, []);
    let (kind, says) = trouble(&files, &ImageOptions { verify: Verify::Full, ..ImageOptions::default() });
    assert_eq!(kind, ImageErrorKind::Mismatch);
    assert!(says.contains("diff ID"), "{says}");
    // Of plain layers they are told for nothing.
    let plain = edited(&saved_by_engine(), &blob_of(&saved_by_engine(), b"{\"os\""), &digest(&layers[0])[7..], &wrong);
    let read = read_both_ways(&plain, &ImageOptions::default()).unwrap();
    assert!(read.damaged.iter().any(|error| error.message.contains("diff ID")), "{:?}", read.damaged);
}

#[test]
fn invalid_documents_are_named() {
    for name in ["index.json", &blob_of(&oci(), b"{\"schema"), &blob_of(&oci(), b"{\"os\"")] {
        for text in ["", "[]", "{", "{\"manifests\":3,\"layers\":3,\"history\":3}", "{} {}", "\u{0}\u{0}"] {
            assert!(
                !describe_result(&read_both_ways(&with(oci(), name, text.as_bytes()), &ImageOptions::default()))
                    .contains("panic")
            );
        }
        let deep = [b"{\"manifests\":".to_vec(), b"[".repeat(100_000), b"]".repeat(100_000), b"}".to_vec()].concat();
        check_trouble(
            &with(oci(), name, &deep),
            if name == "index.json" { ImageErrorKind::Damaged } else { ImageErrorKind::Mismatch },
            "",
        );
    }
    for list in
        ["[{}]", "[{\"Config\":\"../x\"}]", "[{\"Config\":\"\"}]", "[{\"Config\":\"x\",\"Layers\":[\"../../y\"]}]"]
    {
        let files = vec![("manifest.json".to_owned(), list.as_bytes().to_vec()), ("x".to_owned(), b"{}".to_vec())];
        let (kind, _) = trouble(&files, &ImageOptions::default());
        assert!(matches!(kind, ImageErrorKind::Damaged | ImageErrorKind::Missing | ImageErrorKind::Mismatch), "{list}");
    }
    for list in ["[]", "[null]", "{}", "{\"schemaVersion\":1}", "{\"config\":{\"digest\":\"sha256:../../x\"}}"] {
        let files = vec![("manifest.json".to_owned(), list.as_bytes().to_vec())];
        assert!(read_both_ways(&files, &ImageOptions::default()).is_err(), "{list}");
    }
    let huge = [b"[".to_vec(), b" ".repeat(17 << 20), b"]".to_vec()].concat();
    let files = vec![("manifest.json".to_owned(), huge)];
    check_trouble(&files, ImageErrorKind::TooLarge, "manifest.json");
}

#[test]
fn a_config_without_diff_ids_is_not_a_config_of_layers() {
    // The engine refuses it as well: "invalid image JSON, no RootFS key".
    let config = blob_of(&saved_by_engine(), b"{\"os\"");
    let bare = with(saved_by_engine(), &config, b"{\"os\":\"linux\",\"architecture\":\"amd64\"}");
    let read = read_both_ways(&bare, &ImageOptions { verify: Verify::None, ..ImageOptions::default() }).unwrap();
    assert!(read.damaged.iter().any(|error| error.message.contains("0 diff IDs")), "{:?}", read.damaged);
}

#[test]
fn indexes_may_not_go_round() {
    // Possible only with digests that are not compared.
    let digest = format!("sha256:{}", "1".repeat(64));
    let descriptor = format!("{{\"mediaType\":\"{INDEX}\",\"digest\":\"{digest}\",\"size\":1}}");
    let index = format!("{{\"manifests\":[{descriptor},{descriptor}]}}").into_bytes();
    let files = vec![(format!("blobs/sha256/{}", &digest[7..]), index.clone()), ("index.json".to_owned(), index)];
    for verify in [Verify::None, Verify::Blob] {
        assert!(read_both_ways(&files, &ImageOptions { verify, ..ImageOptions::default() }).is_err());
    }
    let many = format!("{{\"manifests\":[{}]}}", vec!["{\"digest\":\"x\"}"; 1001].join(","));
    check_trouble(&vec![("index.json".to_owned(), many.into_bytes())], ImageErrorKind::TooLarge, "1000");
    let none = vec![("index.json".to_owned(), b"{\"manifests\":[{\"digest\":\"sha256:../../x\"}]}".to_vec())];
    check_trouble(&none, ImageErrorKind::Damaged, "not a supported digest");
}

#[test]
fn a_list_serves_where_the_index_is_broken() {
    let read = read_both_ways(&with(saved_by_engine(), "index.json", b"{"), &ImageOptions::default()).unwrap();
    assert_eq!((read.images[0].layers.len(), read.damaged.len()), (2, 1));
    let read = read_both_ways(&with(saved_by_engine(), "index.json", b"{\"manifests\":[]}"), &ImageOptions::default())
        .unwrap();
    assert_eq!((read.images[0].layers.len(), read.damaged.len()), (2, 0));
    let read = read_both_ways(
        &without(&saved_by_engine(), &blob_of(&saved_by_engine(), b"{\"schema")),
        &ImageOptions::default(),
    )
    .unwrap();
    assert_eq!((read.images[0].layers.len(), read.damaged.len()), (2, 1));
    let archive = edited(&saved_by_engine(), "manifest.json", "\"Layers\":[", "\"Layers\":[\"x\",");
    assert_eq!(read_both_ways(&archive, &ImageOptions::default()).unwrap().images[0].notices.len(), 1);
}

#[test]
fn foreign_layers_are_not_damage() {
    let gz = blob_of(&oci(), &[0x1f, 0x8b]);
    let foreign = forged(
        "oci.image.layer.v1.tar+gzip\"",
        "oci.image.layer.nondistributable.v1.tar+gzip\",\"urls\":[\"https://x\"]",
    );
    assert_eq!(whole(&foreign).images[0].layers[0].entries.len(), 2, "it is there");
    let read = whole(&without(&foreign, &gz));
    assert_eq!(read.images[0].layers[0].contents, Contents::Elsewhere(vec!["https://x".to_owned()]));
    assert!(read.images[0].layers[0].blob_bytes > 0);
}

#[test]
fn odd_media_types_are_noticed() {
    let read = whole(&forged("layer.v1.tar+gzip", "layer.v1.tar+zstd"));
    assert!(
        read.images[0].notices[0].contains("says zstd, but it is compressed with gzip"),
        "{:?}",
        read.images[0].notices
    );
    let read = whole(&forged("application/vnd.oci.image.layer.v1.tar+gzip", "x/y"));
    assert!(read.images[0].notices[0].contains("`x/y`"));
    let files = forged("application/vnd.oci.image.config.v1+json", "application/vnd.cncf.helm.config.v1+json");
    let error = read_both_ways(&files, &ImageOptions::default()).unwrap_err();
    assert_eq!(error.trouble, ImageErrorKind::NotAnImage);
}

#[test]
fn histories_are_paired_from_the_top() {
    let layers = layers();
    let text = String::from_utf8(super::config("amd64", &layers)).unwrap();
    for (from, to, expected) in [
        ("{\"created_by\":\"step 0\"},", "", [None, Some(0)]),
        ("{\"created_by\":\"step 0\"}", "{},{},{}", [Some(2), Some(3)]),
    ] {
        let mut layout = Layout::default();
        let stored: Vec<(String, Vec<u8>)> = layers.iter().map(|layer| (TAR.to_owned(), layer.clone())).collect();
        let image = layout.image(text.replace(from, to).as_bytes(), &stored, "");
        let read = whole(&layout.end(&[image]));
        let steps: Vec<Option<usize>> = read.images[0].layers.iter().map(|layer| layer.history).collect();
        assert_eq!((steps.as_slice(), read.images[0].notices.len()), (&expected[..], 1));
    }
}

#[test]
fn names_that_are_there_twice_are_noticed() {
    let mut files = legacy();
    files.push(files[0].clone());
    assert_eq!(whole(&files).notices.len(), 1);
}

#[test]
fn no_cut_goes_unnoticed() {
    for files in [oci(), legacy(), saved_by_engine(), platforms()] {
        let archive = tar(&files);
        let options = ImageOptions { verify: Verify::Full, ..ImageOptions::default() };
        let complete = describe_result(&read_archive(&archive, &options));
        for end in (0..archive.len()).step_by(512).chain((0..archive.len()).step_by(997)) {
            let cut = archive[..end].to_vec();
            let by_position = read_archive(&cut, &options);
            let forward = read_forward(cut.as_slice(), &options);
            assert_eq!(describe_result(&forward), describe_result(&by_position), "cut at {end} of {}", archive.len());
            let clean = by_position.as_ref().is_ok_and(|read| read.damaged.is_empty());
            assert!(
                !clean || describe_result(&by_position) == complete,
                "cut at {end}: {}",
                describe_result(&by_position)
            );
        }
        for end in (0..gzip(&archive).len()).step_by(101) {
            let cut = gzip(&archive)[..end].to_vec();
            assert!(read_forward(cut.as_slice(), &options).map_or(true, |read| !read.damaged.is_empty()), "{end}");
        }
    }
}

#[test]
fn a_run_can_be_stopped() {
    let cancelled = std::sync::atomic::AtomicBool::new(true);
    let options = ImageOptions { cancelled: &cancelled, ..ImageOptions::default() };
    assert_eq!(read_both_ways(&oci(), &options).unwrap_err().trouble, ImageErrorKind::Cancelled);
}
