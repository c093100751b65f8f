//! Both doors read every form alike.

mod hostile;

use std::fmt::Write;

use crate::image::error::{Error, ImageErrorKind};
use crate::image::layer::Contents;
use crate::image::options::{ImageOptions, Read, Verify};
use crate::image::seek_reader::read_archive;
use crate::image::stream_reader::read_forward;
use crate::image::test_archives::{
    CONFIG, Files, INDEX, Layout, MANIFEST, TAR, config, digest, gzip, layer, layers, legacy, oci, saved_by_engine,
    tar, zstd,
};

/// What was read, as text.
fn describe_result(read: &Result<Read, Error>) -> String {
    let read = match read {
        Ok(read) => read,
        Err(error) => return format!("{:?}: {error}\n{}", error.trouble, error.help.as_deref().unwrap_or_default()),
    };
    let mut text = String::new();
    for image in &read.images {
        let names = [std::slice::from_ref(&image.reference), &image.names[..]].concat().join(" ");
        writeln!(text, "{names} {} {:?} {:?}", image.platform, image.manifest, image.id).unwrap();
        for layer in &image.layers {
            let (digest, id, kind) = (&layer.digest, &layer.diff_id, &layer.media_type);
            writeln!(text, " layer {digest:?} {id:?} {kind:?} {}", layer.compression.name()).unwrap();
            writeln!(text, "  {} {:?} {:?} {:?}", layer.blob_bytes, layer.tar_bytes, layer.history, layer.contents)
                .unwrap();
            for entry in &layer.entries {
                writeln!(text, "  {:?} {} {}", entry.kind, image.paths.text(entry.path), entry.size).unwrap();
            }
        }
        image.notices.iter().for_each(|notice| writeln!(text, " ! {notice}").unwrap());
    }
    writeln!(text, "{:?} {:?} {:?}", read.attestations, read.others, read.notices).unwrap();
    read.damaged.iter().for_each(|error| writeln!(text, "{:?}: {error}", error.trouble).unwrap());
    text
}

/// Reads by both doors, in several orders; they must agree.
#[track_caller]
fn read_both_ways(files: &Files, options: &ImageOptions<'_>) -> Result<Read, Error> {
    let archive = tar(files);
    let read = read_archive(&archive, options);
    let expected = describe_result(&read);
    assert_eq!(describe_result(&read_forward(archive.as_slice(), options)), expected, "forward");
    assert_eq!(describe_result(&read_archive(&gzip(&archive), options)), expected, "compressed");
    assert_eq!(describe_result(&read_forward(zstd(&archive).as_slice(), options)), expected, "compressed, forward");
    let mut turned = files.clone();
    turned.reverse();
    assert_eq!(describe_result(&read_archive(&tar(&turned), options)), expected, "turned");
    assert_eq!(describe_result(&read_forward(tar(&turned).as_slice(), options)), expected, "turned, forward");
    read
}

#[track_caller]
fn whole(files: &Files) -> Read {
    let read = read_both_ways(files, &ImageOptions::default()).unwrap();
    assert_eq!(read.damaged, []);
    read
}

/// The one trouble of an archive, and what is said of it.
#[track_caller]
fn trouble(files: &Files, options: &ImageOptions<'_>) -> (ImageErrorKind, String) {
    match read_both_ways(files, options) {
        Ok(read) => {
            let error = read.damaged.first().unwrap_or_else(|| panic!("nothing is wrong"));
            (error.trouble, error.to_string())
        }
        Err(error) => (error.trouble, error.to_string()),
    }
}

#[track_caller]
fn check_trouble(files: &Files, expected: ImageErrorKind, says: &str) {
    let (kind, text) = trouble(files, &ImageOptions::default());
    assert_eq!(kind, expected, "{text}");
    assert!(text.contains(says), "{text}");
}

/// Replaces the contents of a file.
fn with(mut files: Files, name: &str, contents: &[u8]) -> Files {
    files.retain(|(other, _)| other != name);
    files.push((name.to_owned(), contents.to_vec()));
    files
}

fn edited(files: &Files, name: &str, from: &str, to: &str) -> Files {
    let (_, contents) = files.iter().find(|(other, _)| other == name).unwrap();
    let text = String::from_utf8(contents.clone()).unwrap();
    assert!(text.contains(from), "{text}");
    with(files.clone(), name, text.replace(from, to).as_bytes())
}

#[test]
fn every_form_is_the_same_image() {
    let mut shapes = Vec::new();
    for files in [oci(), legacy(), saved_by_engine()] {
        for verify in [Verify::None, Verify::Blob, Verify::Full] {
            let read = read_both_ways(&files, &ImageOptions { verify, ..ImageOptions::default() }).unwrap();
            assert_eq!(read.damaged, []);
            let image = &read.images[0];
            assert_eq!((image.reference.as_str(), image.platform.to_string().as_str()), ("app:1", "linux/amd64"));
            assert_eq!(image.notices, [""; 0]);
            let paths = |index: usize| -> Vec<String> {
                image.layers[index].entries.iter().map(|entry| image.paths.text(entry.path)).collect()
            };
            let ids: Vec<String> =
                image.layers.iter().map(|layer| layer.diff_id.as_ref().unwrap().to_string()).collect();
            let steps: Vec<Option<usize>> = image.layers.iter().map(|layer| layer.history).collect();
            assert_eq!(steps, [Some(0), Some(1)]);
            shapes.push((paths(0), paths(1), ids));
        }
    }
    shapes.dedup();
    assert_eq!(shapes.len(), 1, "{shapes:?}");
    let expected = layers().iter().map(|layer| digest(layer)).collect::<Vec<_>>();
    assert_eq!(shapes[0], (vec!["etc/a".into(), "usr/b".into()], vec!["etc/c".into(), "usr/b".into()], expected));
    assert_eq!(whole(&legacy()).images[0].names, ["app:latest"]);
}

#[test]
fn names_in_a_docker_archive_may_be_anything() {
    // As kaniko, crane and podman write them.
    let layers = layers();
    let config = config("amd64", &layers);
    for (name, first) in [
        (digest(&config), ("x.tar.gz", gzip(&layers[0]))),
        (format!("{}.json", &digest(&config)[7..]), (&*format!("{}.tar", &digest(&layers[0])[7..]), layers[0].clone())),
    ] {
        let list = format!("[{{\"Config\":\"{name}\",\"RepoTags\":null,\"Layers\":[\"./{}\",\"y.tar\"]}}]", first.0);
        let files = vec![
            (format!("./{}", first.0), first.1),
            ("y.tar".to_owned(), layers[1].clone()),
            (name, config.clone()),
            ("./manifest.json".to_owned(), list.into_bytes()),
        ];
        let read = whole(&files);
        assert_eq!(read.images[0].reference, digest(&config));
        assert_eq!(read.images[0].layers.len(), 2);
    }
}

#[test]
fn a_folder_of_skopeo_is_read() {
    let layers = layers();
    let config = config("arm64", &layers);
    let blob = |bytes: &[u8]| (digest(bytes)[7..].to_owned(), bytes.to_vec());
    let kind = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    let described = |kind: &str, bytes: &[u8]| {
        format!("{{\"mediaType\":\"{kind}\",\"digest\":\"{}\",\"size\":{}}}", digest(bytes), bytes.len())
    };
    let stored: Vec<Vec<u8>> = layers.iter().map(|layer| gzip(layer)).collect();
    let manifest = format!(
        "{{\"schemaVersion\":2,\"config\":{},\"layers\":[{},{}]}}",
        described(CONFIG, &config),
        described(kind, &stored[0]),
        described(kind, &stored[1])
    );
    let files = vec![
        blob(&config),
        blob(&stored[0]),
        blob(&stored[1]),
        ("manifest.json".to_owned(), manifest.clone().into_bytes()),
        ("version".to_owned(), b"Directory Transport Version: 1.1\n".to_vec()),
    ];
    let read = whole(&files);
    assert_eq!(read.images[0].manifest.as_ref().unwrap().to_string(), digest(manifest.as_bytes()));
    assert_eq!(read.images[0].layers[1].entries.len(), 2);
}

/// An index of two platforms, with statements about the first.
fn platforms() -> Files {
    let mut layout = Layout::default();
    let mut manifests = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let layers = vec![layer(&["etc/a"]), layer(&[architecture])];
        let stored: Vec<(String, Vec<u8>)> = layers.iter().map(|layer| (format!("{TAR}+gzip"), gzip(layer))).collect();
        let platform = format!(",\"platform\":{{\"os\":\"linux\",\"architecture\":\"{architecture}\"}}");
        manifests.push(layout.image(&config(architecture, &layers), &stored, &platform));
    }
    let subject = manifests[0].split('"').find(|part| part.starts_with("sha256:")).unwrap().to_owned();
    let provenance = ",\"annotations\":{\"in-toto.io/predicate-type\":\"https://slsa.dev/provenance/v1\"}";
    let statement = layout.blob("application/vnd.in-toto+json", b"{\"predicate\":{}}", provenance);
    let empty = layout.blob(CONFIG, b"{}", "");
    let manifest = format!("{{\"schemaVersion\":2,\"config\":{empty},\"layers\":[{statement}]}}");
    let about = format!(
        ",\"annotations\":{{\"vnd.docker.reference.type\":\"attestation-manifest\",\
         \"vnd.docker.reference.digest\":\"{subject}\"}},\"platform\":{{\"os\":\"unknown\",\"architecture\":\"unknown\"}}"
    );
    manifests.push(layout.blob(MANIFEST, manifest.as_bytes(), &about));
    let index = layout.index(&manifests, "");
    let index = layout.index(&[index], ",\"annotations\":{\"io.containerd.image.name\":\"docker.io/me/app:2\"}");
    layout.end(&[index])
}

#[test]
fn one_platform_is_chosen() {
    let read = whole(&platforms());
    assert_eq!((read.images.len(), read.images[0].reference.as_str()), (1, "me/app:2"));
    assert_eq!(read.images[0].platform.architecture, "amd64");
    assert_eq!(read.others.len(), 1);
    assert_eq!(read.attestations.len(), 1);
    assert_eq!(read.attestations[0].subject, read.images[0].manifest);
    assert_eq!(read.attestations[0].statements[0].bytes.as_deref(), Some(&b"{\"predicate\":{}}"[..]));
    let arm = "linux/arm64".parse().unwrap();
    let read = read_both_ways(&platforms(), &ImageOptions { platform: Some(&arm), ..ImageOptions::default() }).unwrap();
    assert_eq!((read.images[0].platform.architecture.as_str(), read.attestations.len()), ("arm64", 0));
    let read = read_both_ways(&platforms(), &ImageOptions { all_platforms: true, ..ImageOptions::default() }).unwrap();
    assert_eq!(read.images.len(), 2);
    assert_eq!(read.damaged, []);
    let power = "linux/ppc64le".parse().unwrap();
    for (platform, host) in [(Some(&power), &arm), (None, &power)] {
        let error =
            read_both_ways(&platforms(), &ImageOptions { platform, host, ..ImageOptions::default() }).unwrap_err();
        assert_eq!(error.trouble, ImageErrorKind::Choice);
        assert!(error.help.unwrap().contains("linux/amd64, linux/arm64"));
    }
    // One platform serves whatever the host is, unless another is asked for.
    assert!(read_both_ways(&saved_by_engine(), &ImageOptions { host: &power, ..ImageOptions::default() }).is_ok());
    assert!(
        read_both_ways(&saved_by_engine(), &ImageOptions { platform: Some(&power), ..ImageOptions::default() })
            .is_err()
    );
}

#[test]
fn unpulled_layers_are_not_missing() {
    let files = platforms();
    let read = read_both_ways(&files, &ImageOptions::default()).unwrap();
    let gone = read.images[0].manifest.as_ref().unwrap().hex();
    let rest: Files = files.into_iter().filter(|(name, _)| !name.contains(&gone)).collect();
    let read = read_both_ways(&rest, &ImageOptions::default()).unwrap();
    assert_eq!((read.images[0].platform.architecture.as_str(), read.damaged.len()), ("arm64", 0));
    assert_eq!(read.notices.len(), 1);
    let amd = "linux/amd64".parse().unwrap();
    assert_eq!(
        trouble(&rest, &ImageOptions { platform: Some(&amd), ..ImageOptions::default() }).0,
        ImageErrorKind::Missing
    );
}

#[test]
fn an_image_is_chosen_by_name_or_digest() {
    let mut layout = Layout::default();
    let mut manifests = Vec::new();
    for name in ["one:1", "two:latest"] {
        let layers = vec![layer(&[name])];
        let stored = [(TAR.to_owned(), layers[0].clone())];
        let name = format!(",\"annotations\":{{\"org.opencontainers.image.ref.name\":\"{name}\"}}");
        manifests.push(layout.image(&config("amd64", &layers), &stored, &name));
    }
    let files = layout.end(&manifests);
    let read = whole(&files);
    assert_eq!(read.images.len(), 2);
    let (manifest, id) = (read.images[1].manifest.as_ref().unwrap(), read.images[1].id.as_ref().unwrap());
    for reference in
        ["two", "two:latest", "docker.io/library/two", &manifest.to_string(), &manifest.short(), &id.short()]
    {
        let read =
            read_both_ways(&files, &ImageOptions { reference: Some(reference), ..ImageOptions::default() }).unwrap();
        assert_eq!((read.images.len(), read.images[0].reference.as_str()), (1, "two:latest"), "{reference}");
    }
    let error =
        read_both_ways(&files, &ImageOptions { reference: Some("three"), ..ImageOptions::default() }).unwrap_err();
    assert_eq!((error.trouble, error.help.as_deref()), (ImageErrorKind::Choice, Some("it contains one:1, two:latest")));
}

#[test]
fn sizes_can_be_requested_alone() {
    for files in [oci(), legacy(), saved_by_engine()] {
        let read = read_both_ways(&files, &ImageOptions { contents: false, ..ImageOptions::default() }).unwrap();
        let full = whole(&files);
        for (layer, full) in read.images[0].layers.iter().zip(&full.images[0].layers) {
            assert_eq!((&layer.contents, layer.blob_bytes), (&Contents::NotAsked, full.blob_bytes));
            assert!(layer.entries.is_empty());
        }
    }
}
