//! Makes the images that are compared: the same bytes in each run, half text and half noise in their compressed form.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::tar::{self, BLOCK, Member};

/// A kind of image.
pub struct Kind {
    /// What it is called, and its file.
    pub name: &'static str,
    /// Bytes of all files.
    pub bytes: u64,
    /// Files of all layers.
    pub files: usize,
    /// How many layers.
    pub layers: usize,
    /// Files that the top layer removes.
    pub whiteouts: usize,
}

/// How an image is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `docker save` before engine 25: no digests.
    Legacy,
    /// From engine 25 on: every blob by its digest.
    Plain,
    /// That, with compressed layers.
    Gzip,
}

/// An image on disk.
pub struct Made {
    /// Where.
    pub path: PathBuf,
    /// Members of all layers.
    pub entries: u64,
    /// Bytes of all blobs as stored.
    pub stored: u64,
    /// Bytes of all archives.
    pub archives: u64,
}

/// Small numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// What files are cut from.
struct Pool {
    text: Vec<u8>,
    noise: Vec<u8>,
}

const WORDS: [&str; 40] = [
    "return", "self", "import", "config", "request", "response", "value", "error", "license", "package", "version",
    "function", "const", "static", "async", "await", "buffer", "length", "index", "string", "number", "object",
    "module", "export", "default", "class", "public", "private", "void", "null", "true", "false", "if", "else", "for",
    "while", "match", "struct", "the", "and",
];

impl Pool {
    fn new() -> Self {
        let (mut random, size) = (Random(0x1234_5678_9abc_def1), 8 << 20);
        let mut text = Vec::with_capacity(size + 64);
        while text.len() < size {
            match random.below(12) {
                0 => text.extend(format!("{:x}", random.next() & 0xff_ffff).bytes()),
                1 => text.extend(b"(){}\n    "),
                _ => text.extend(WORDS[random.below(WORDS.len())].bytes()),
            }
            text.push(b" .,_=\n"[random.below(6)]);
        }
        let noise = (0..size / 8).flat_map(|_| random.next().to_le_bytes()).collect();
        Self { text, noise }
    }

    /// Three quarters of all files are text; the first line makes each one its own.
    fn body(&self, file: usize, size: usize) -> Vec<u8> {
        let mut random = Random((file as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        random.next();
        let source = if random.below(4) == 0 { &self.noise } else { &self.text };
        let mut body = format!("file {file}\n").into_bytes();
        while body.len() < size {
            let from = random.below(source.len() - 1);
            let to = source.len().min(from + size - body.len());
            body.extend(&source[from..to]);
        }
        body.truncate(size);
        body
    }
}

fn path(file: usize) -> String {
    let ending = ["py", "js", "so", "h", "json", "txt", "c", "md"][file % 8];
    let root = ["usr/lib/python3", "usr/share", "opt/app/node_modules", "usr/lib/x86_64-linux-gnu"][file / 4_000 % 4];
    format!("{root}/package-{}/module{}/file_{file}.{ending}", file / 60, file / 12 % 5)
}

/// Members of one layer: its share of files, a few that lower layers have, a few whiteouts, and copies.
fn layer(kind: &Kind, number: usize, pool: &Pool) -> Vec<u8> {
    let share = kind.files / kind.layers;
    let (from, to) = (number * share, if number + 1 == kind.layers { kind.files } else { (number + 1) * share });
    let mean = (kind.bytes / kind.files as u64) as usize;
    let mut random = Random(number as u64 + 77);
    let mut out = Vec::new();
    let mut add = |member: &Member| tar::write(member, &mut out);
    let mut folder = String::new();
    for file in from..to {
        let path = path(file);
        let (parent, _) = path.rsplit_once('/').expect("a folder");
        if parent != folder {
            folder = parent.into();
            add(&tar::dir(&folder));
        }
        // From a third of the mean to twice of it; one in fifty is a copy.
        let content = if file % 50 == 49 { file - 20 } else { file };
        let size = mean / 3 + (content.wrapping_mul(2_654_435_761) % (mean * 4 / 3 + 1));
        add(&tar::file(&path, pool.body(content, size)).mode(0o644 + 0o111 * u32::from(file % 16 == 0)));
    }
    if number > 0 && kind.whiteouts == 0 {
        for _ in 0..share / 100 {
            let file = random.below(from);
            add(&tar::file(path(file), pool.body(file + kind.files, mean)));
        }
        (0..share / 200).for_each(|_| add(&tar::gone(&path(random.below(from)))));
    } else if number == 0 {
        let mut status = String::new();
        for package in 0..kind.files.min(200) {
            status.push_str(&format!("Package: package-{package}\nStatus: install ok installed\nVersion: 1.{package}\nArchitecture: amd64\n\n"));
            let list: Vec<String> =
                (package * 60..(package + 1) * 60).map(|file| format!("/{}\n", path(file))).collect();
            add(&tar::file(format!("var/lib/dpkg/info/package-{package}.list"), list.concat().into_bytes()));
        }
        add(&tar::file("var/lib/dpkg/status", status.into_bytes()));
    }
    out.resize(out.len() + 2 * BLOCK, 0);
    out
}

/// A layer of nothing but whiteouts, spread over the files below.
fn removals(kind: &Kind) -> Vec<u8> {
    let step = kind.files / kind.whiteouts;
    tar::archive(&(0..kind.whiteouts).map(|number| tar::gone(&path(number * step))).collect::<Vec<_>>())
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// As builders do, at the default level.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

struct Archive {
    out: BufWriter<File>,
}

impl Archive {
    fn put(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut head = Vec::new();
        tar::write(&tar::file(name, Vec::new()).claims(bytes.len() as u64), &mut head);
        self.out.write_all(&head)?;
        self.out.write_all(bytes)?;
        self.out.write_all(&vec![0; bytes.len().next_multiple_of(BLOCK) - bytes.len()])
    }
}

/// Writes an image, unless it is there.
pub fn make(kind: &Kind, form: Form, folder: &Path) -> io::Result<Made> {
    let path = folder.join(format!("{}.{}.tar", kind.name, name(form)));
    let facts = path.with_extension("facts");
    if let (true, Ok(text)) = (path.exists(), std::fs::read_to_string(&facts)) {
        let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        return Ok(Made { path, entries: numbers[0], stored: numbers[1], archives: numbers[2] });
    }
    let pool = Pool::new();
    let mut writer = Archive { out: BufWriter::with_capacity(1 << 20, File::create(&path)?) };
    let (mut names, mut diff_ids) = (Vec::new(), Vec::new());
    let (mut entries, mut stored, mut archives) = (0, 0, 0);
    let numbers: Vec<usize> = (0..kind.layers + usize::from(kind.whiteouts > 0)).collect();
    // Two at a time: a layer is as large as the image divided by their number.
    for pair in numbers.chunks(2) {
        let one = |&number: &usize| {
            let archive = if number == kind.layers { removals(kind) } else { layer(kind, number, &pool) };
            let blob = if form == Form::Gzip { gzip(&archive) } else { archive.clone() };
            (members(&archive), archive.len() as u64, hex(&archive), blob)
        };
        for (count, length, diff_id, blob) in pair.par_iter().map(one).collect::<Vec<_>>() {
            let name = match form {
                Form::Legacy => format!("{}/layer.tar", hex(format!("{} {diff_id}", names.len()).as_bytes())),
                Form::Plain | Form::Gzip => format!("blobs/sha256/{}", hex(&blob)),
            };
            writer.put(&name, &blob)?;
            names.push((name, blob.len()));
            diff_ids.push(format!("\"sha256:{diff_id}\""));
            (entries, stored, archives) = (entries + count, stored + blob.len() as u64, archives + length);
        }
    }
    documents(&mut writer, form, kind.name, &names, &diff_ids)?;
    writer.out.write_all(&[0; 2 * BLOCK])?;
    writer.out.flush()?;
    std::fs::write(facts, format!("{entries} {stored} {archives}"))?;
    Ok(Made { path, entries, stored, archives })
}

/// What a form is called.
pub const fn name(form: Form) -> &'static str {
    match form {
        Form::Legacy => "legacy",
        Form::Plain => "plain",
        Form::Gzip => "gzip",
    }
}

fn members(archive: &[u8]) -> u64 {
    let (mut at, mut count) = (0, 0);
    while archive[at] != 0 {
        let digits = std::str::from_utf8(&archive[at + 124..at + 135]).expect("octal");
        at += BLOCK + (u64::from_str_radix(digits, 8).expect("octal") as usize).next_multiple_of(BLOCK);
        count += 1;
    }
    count
}

fn documents(
    writer: &mut Archive,
    form: Form,
    tag: &str,
    names: &[(String, usize)],
    diff_ids: &[String],
) -> io::Result<()> {
    let history: Vec<String> =
        (0..names.len()).map(|n| format!("{{\"created_by\":\"RUN step {n} # buildkit\"}}")).collect();
    let config = format!(
        "{{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{{}},\"rootfs\":{{\"type\":\"layers\",\"diff_ids\":[{}]}},\"history\":[{}]}}",
        diff_ids.join(","),
        history.join(",")
    );
    let layers: Vec<String> = names.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let id = hex(config.as_bytes());
    let place = if form == Form::Legacy { format!("{id}.json") } else { format!("blobs/sha256/{id}") };
    writer.put(&place, config.as_bytes())?;
    if form != Form::Legacy {
        let ending = if form == Form::Gzip { "+gzip" } else { "" };
        let blobs: Vec<String> = names.iter().map(|(name, size)| {
            let hex = name.rsplit('/').next().unwrap_or_default();
            format!("{{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar{ending}\",\"digest\":\"sha256:{hex}\",\"size\":{size}}}")
        }).collect();
        let manifest = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:{id}\",\"size\":{}}},\"layers\":[{}]}}",
            config.len(),
            blobs.join(",")
        );
        let digest = hex(manifest.as_bytes());
        writer.put(&format!("blobs/sha256/{digest}"), manifest.as_bytes())?;
        let index = format!(
            "{{\"schemaVersion\":2,\"manifests\":[{{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:{digest}\",\"size\":{}}}]}}",
            manifest.len()
        );
        writer.put("index.json", index.as_bytes())?;
        writer.put("oci-layout", b"{\"imageLayoutVersion\":\"1.0.0\"}")?;
    }
    let manifest =
        format!("[{{\"Config\":\"{place}\",\"RepoTags\":[\"bench:{tag}\"],\"Layers\":[{}]}}]", layers.join(","));
    writer.put("manifest.json", manifest.as_bytes())
}

/// An archive of about this size, like those of the images.
pub fn sample(bytes: usize) -> Vec<u8> {
    let kind = Kind { name: "sample", bytes: bytes as u64, files: bytes / 15_000, layers: 1, whiteouts: 0 };
    layer(&kind, 0, &Pool::new())
}
