//! Limits are held where they are set; a million members, made while they are read (`DOCKOPT_FULL=1`; a hundredth
//! otherwise).

use std::io::{self, Read, Write};
use std::time::Instant;

use dockopt::image::{ImageErrorKind, ImageOptions, ImageTree, Limits, Totals, Verify, read_archive, read_forward};
use serde_json::json;

use super::agreement::Bytes;
use super::zoo::tar::{self, BLOCK, dir, file};
use super::zoo::{Input, Zoo};
use crate::dockopt::Dockopt;

fn archive(name: &str) -> &'static [u8] {
    let case = Zoo::all().0.iter().find(|case| case.name == name).unwrap();
    match &case.input {
        Input::Archive(bytes) => bytes,
        Input::Folder(_) => panic!("{name} is a folder"),
    }
}

/// Both doors' answers under other limits: what is damaged, and what is odd.
fn under(name: &str, change: impl Fn(&mut Limits)) -> Vec<(Vec<ImageErrorKind>, String)> {
    let bytes = archive(name);
    let mut limits = Limits::default();
    change(&mut limits);
    let options = ImageOptions { limits, ..ImageOptions::default() };
    let results = [read_archive(&Bytes(bytes), &options), read_forward(bytes, &options)];
    let tell = |result: Result<dockopt::image::Read, dockopt::image::Error>| match result {
        Err(error) => (vec![error.trouble], String::new()),
        Ok(read) => {
            let notices = read.images.iter().flat_map(|image| &image.notices).chain(&read.notices);
            let notices: Vec<&str> = notices.map(String::as_str).collect();
            (read.damaged.iter().map(|error| error.trouble).collect(), notices.join("\n"))
        }
    };
    results.into_iter().map(tell).collect()
}

#[test]
fn exceeded_limits_are_an_error() {
    let check = |name: &str, change: fn(&mut Limits)| {
        for (troubles, _) in under(name, change) {
            assert!(troubles.contains(&ImageErrorKind::TooLarge), "{name}: {troubles:?}");
        }
    };
    check("bomb-of-20-mib-gzip", |limits| limits.inflated_bytes = 1 << 20);
    check("bomb-of-20-mib-zstd", |limits| limits.inflated_bytes = 1 << 20);
    check("whole-gzip", |limits| limits.inflated_bytes = 10_000);
    check("five-thousand-empty-files", |limits| limits.entries = 1_000);
    check("gnu-long-name", |limits| limits.header_bytes = 100);
    check("ustar-prefix", |limits| limits.path_bytes = 150);
    check("folder-in-folder", |limits| limits.path_parts = 100);
    check("ordinary", |limits| limits.document_bytes = 100);
    check("sparse-gnu-old-extended", |limits| limits.header_bytes = 512);
}

#[test]
fn a_high_ratio_is_reported() {
    for name in ["bomb-of-20-mib-gzip", "bomb-of-20-mib-zstd"] {
        for (troubles, notices) in under(name, |limits| (limits.ratio, limits.ratio_from) = (100, 1 << 20)) {
            assert!(troubles.is_empty(), "{name}: {troubles:?}");
            assert!(notices.to_lowercase().contains("compress") || notices.contains("times"), "{name}: `{notices}`");
        }
    }
}

/// Members that are made when they are asked for.
struct Members {
    next: usize,
    count: usize,
    ready: Vec<u8>,
}

const FOLDER: usize = 1_000;

impl Read for Members {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && self.next < self.count {
            for number in self.next..self.count.min(self.next + 64) {
                if number % FOLDER == 0 {
                    tar::write(&dir(format!("folder-{}", number / FOLDER)), &mut self.ready);
                } else {
                    let path = format!("folder-{}/file-{number}", number / FOLDER);
                    tar::write(&file(path, vec![b'x'; number % 3]), &mut self.ready);
                }
            }
            self.next += 64;
        }
        let length = self.ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&self.ready[..length]);
        self.ready.drain(..length);
        Ok(length)
    }
}

#[test]
fn a_million_members_are_read() {
    let count = if crate::tier::is_full() { 1_000_000 } else { 10_000 };
    let blocks = (0..count).map(|number| 1 + usize::from(number % FOLDER != 0 && number % 3 != 0)).sum::<usize>();
    let layer_bytes = (blocks * BLOCK + 2 * BLOCK) as u64;
    let config = json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", "0".repeat(64))]}});
    let (mut before, mut after) = (Vec::new(), vec![0; 2 * BLOCK]);
    tar::write(&file("c.json", config.to_string().into_bytes()), &mut before);
    tar::write(
        &file("manifest.json", json!([{"Config": "c.json", "Layers": ["l/layer.tar"]}]).to_string().into_bytes()),
        &mut before,
    );
    tar::write(&file("l/layer.tar", Vec::new()).claims(layer_bytes), &mut before);
    after.resize(4 * BLOCK, 0);
    let source = before.as_slice().chain(Members { next: 0, count, ready: Vec::new() }).chain(after.as_slice());
    let options = ImageOptions { verify: Verify::None, ..ImageOptions::default() };
    let start = Instant::now();
    let read = read_forward(source, &options).unwrap();
    assert_eq!(read.damaged, []);
    let image = &read.images[0];
    let totals = Totals::new(image, &ImageTree::new(image));
    let folders = count.div_ceil(FOLDER);
    assert_eq!((totals.merged_entries, totals.merged_files), (count as u64, (count - folders) as u64));
    let bytes: usize = (0..count).filter(|number| number % FOLDER != 0).map(|number| number % 3).sum();
    assert_eq!(totals.merged_bytes, bytes as u64);
    writeln!(io::stdout(), "{count} members in {:.1} s", start.elapsed().as_secs_f64()).unwrap();
}

#[test]
fn a_bomb_names_the_option_that_lets_it_in() {
    for name in ["bomb-of-20-mib-gzip", "bomb-of-20-mib-zstd"] {
        for (limit, printed) in
            [("1MiB", "1 MiB"), ("1MB", "1 MB"), ("1m", "1 MB"), ("500k", "500 kB"), ("1.5mib", "1.5 MiB")]
        {
            let ran = Dockopt::new().file("a.tar", archive(name)).args(["image", "a.tar", "--max-bytes", limit]).run();
            let said = format!("{}{}", ran.stdout, ran.stderr);
            for expected in ["`--max-bytes SIZE`", &format!("larger than {printed} uncompressed")] {
                assert!(said.contains(expected), "{name} {limit}: {said}");
            }
        }
    }
}

/// A layer has one number wherever it is named: people count from 1.
#[test]
fn no_layer_has_number_zero() {
    for case in &Zoo::all().0 {
        let Input::Archive(bytes) = &case.input else { continue };
        if bytes.len() > 200_000 {
            continue;
        }
        let Ok(read) = read_archive(&Bytes(bytes), &ImageOptions::default()) else { continue };
        let notices = read.images.iter().flat_map(|image| &image.notices).chain(&read.notices);
        let said = format!("{:?} {:?}", notices.collect::<Vec<_>>(), read.damaged);
        assert!(!said.contains("layer 0"), "{}: {said}", case.name);
    }
}
