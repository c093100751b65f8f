//! What `context ls` says of a build's context, beside what the engine transfers and copies. Each file has a power of
//! two bytes, so that a sum of sizes names the files that are in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Built, Engine};
use crate::dockopt::Dockopt;
use crate::tier::cases;

/// The n-th has 2ⁿ times [`UNIT`] bytes.
const FILES: [&str; 18] = [
    "README.md",
    "app/main.py",
    "app/util/a.py",
    "app/util/b.pyc",
    "app/tests/test_a.py",
    "docs/guide.md",
    "docs/internal/secret.md",
    "node_modules/x/index.js",
    "web/node_modules/y/other.js",
    "web/src/main.ts",
    "web/dist/bundle.js",
    ".env",
    ".env.example",
    "build/out.bin",
    "notes.txt",
    "a b.txt",
    "Dockerfile",
    ".dockerignore",
];

#[cfg(unix)]
const LINKS: [(&str, &str); 5] =
    [("link", "app/main.py"), ("lib", "app/util"), ("gone", "none"), ("outside", "/etc/hostname"), ("loop", "loop")];

/// Names and modes that are transferred weigh less than most of the files.
const UNIT: u64 = 16;

/// A .dockerignore and instructions, where `@` stands for a folder of the instruction's own.
const CASES: [(&str, &[&str]); 13] = [
    ("", &["COPY . @"]),
    ("**/node_modules\n**/*.pyc\n.env*\n!.env.example\n", &["COPY . @", "COPY web @", "COPY app/*.py app/u* @"]),
    ("*\n!app\n!web/src\napp/tests\n", &["COPY . @", "COPY app @", "COPY web @"]),
    ("**\n!**/*.md\ndocs/internal\n", &["COPY . @", "COPY docs/* @"]),
    ("web/*\n!web/src/**\ndocs/*\n!docs/internal/secret.md\n", &["COPY . @", "COPY web/* @", "COPY docs @"]),
    ("# all but one\n/app/util/../tests\n./docs/\n  build  \n\n!docs/guide.md\n", &["COPY . @"]),
    ("app/*/[!t]*.py\n**/?.pyc\n", &["COPY app @", "COPY app/util/ app/tests/ @"]),
    ("", &["COPY README.md notes.txt @", "COPY [\"a b.txt\", \"@\"]", "COPY [bn]*.* @", "COPY */*.md app/**/a.py @"]),
    ("", &["ADD app/util @", "ADD ./web/../docs/ @", "COPY /web/src/main.ts @x"]),
    ("", &["COPY --exclude=**/*.pyc --exclude=tests app @", "COPY --exclude=dist --exclude=**/*.js web docs/ @"]),
    ("", &["COPY --parents app/./util/*.py web/*/main.ts @", "COPY --parents docs @"]),
    ("", &["COPY link @", "COPY lib @", "COPY lib/a.py @", "COPY li* README.md @"]),
    ("docs\n", &["COPY app/main.py @", "FROM scratch AS unused", "COPY . /", "FROM scratch", "COPY web/src @"]),
];

/// What finds nothing, and whether the engine takes it nevertheless.
const NOTHING: [(&str, &str, bool); 6] = [
    (".env\n", "COPY .env @", false),
    ("", "COPY *.none @", true),
    ("**/*.md\n", "COPY docs/guide.md @", false),
    ("", "COPY gone @", false),
    ("", "COPY gon* @", false),
    ("*\n", "ADD app @", false),
];

#[cfg(unix)]
fn project(ignore: &str, instructions: &[&str]) -> Dockopt {
    let mut dockerfile = "FROM scratch\n".to_owned();
    for (number, instruction) in instructions.iter().enumerate() {
        dockerfile += &format!("{}\n", instruction.replace('@', &format!("/to{number}/")));
    }
    let mut project = Dockopt::new();
    for (power, path) in FILES.iter().enumerate() {
        let text = match *path {
            "Dockerfile" => &dockerfile,
            ".dockerignore" => ignore,
            _ => "",
        };
        // Blank lines mean nothing in both files.
        project = project.file(path, format!("{text}{}", "\n".repeat(((UNIT << power) as usize) - text.len())));
    }
    for (path, to) in LINKS {
        std::os::unix::fs::symlink(to, project.path().join(path)).unwrap();
    }
    project.args(["context", "ls", ".", "--format=json"])
}

#[cfg(unix)]
#[test]
fn context_ls_lists_what_the_engine_copies() {
    let Some(engine) = Engine::find() else { return };
    for (ignore, instructions) in cases(CASES.to_vec(), 4) {
        let listed = project(ignore, instructions).run().code(0);
        let out = tempfile::tempdir().unwrap();
        let built = engine.build(listed.path(), &["--output", &format!("type=local,dest={}", out.path().display())]);
        if instructions.iter().any(|text| text.contains("--parents")) && built.log.contains("unknown flag: --parents") {
            continue; // Engines before front end 1.20.
        }
        assert!(built.ok, "{ignore:?} {instructions:?}: {}", built.log);
        let context = listed.json();
        compare(&context, out.path(), instructions, ignore);
        let sent = &context["context"];
        assert_transferred(&built, sent["bytes"].as_u64().unwrap(), &format!("{ignore:?} {instructions:?}"));
    }
}

#[cfg(unix)]
#[test]
fn a_copy_without_matches_copies_nothing() {
    let Some(engine) = Engine::find() else { return };
    for (ignore, instruction, expected) in cases(NOTHING.to_vec(), 2) {
        let ran = project(ignore, &[instruction]).run();
        let built = engine.build(ran.path(), &[]);
        assert_eq!(
            (built.ok, &ran.json()["copies"][0]["files"]),
            (expected, &Value::from(0)),
            "{instruction}: {}",
            built.log
        );
    }
}

/// Each COPY's files, and those of all of them, against the folders of the result.
#[track_caller]
fn compare(context: &Value, out: &Path, instructions: &[&str], ignore: &str) {
    let mut sent = BTreeSet::new();
    let mut compared = 0;
    for copy in context["copies"].as_array().unwrap() {
        let text = copy["text"].as_str().unwrap();
        let place = format!("{ignore:?} {text}");
        let Some(number) = (0..instructions.len()).find(|number| text.contains(&format!("/to{number}/"))) else {
            continue;
        };
        let Some(sizes) = sizes(&out.join(format!("to{number}"))) else { continue };
        assert_eq!(copy["files"].as_u64(), Some(sizes.len() as u64), "files of {place}");
        assert_eq!(names(copy["bytes"].as_u64().unwrap()), names(sizes.iter().sum()), "{place}");
        sent.extend(names(sizes.iter().sum()));
        compared += 1;
    }
    assert!(compared > 0, "{instructions:?}");
    // For a source with wildcards more is sent than it takes; [`assert_transferred`] has the upper bound.
    let all = names(context["context"]["bytes"].as_u64().unwrap());
    assert!(all.is_superset(&sent), "the context of {ignore:?} {instructions:?}: {all:?}, taken: {sent:?}");
}

/// The files whose sizes make a sum.
fn names(bytes: u64) -> BTreeSet<&'static str> {
    let sum = bytes / UNIT;
    assert!(bytes.is_multiple_of(UNIT) && sum >> FILES.len() == 0, "{bytes} is no sum of the files");
    (0..FILES.len()).filter(|power| sum >> power & 1 == 1).map(|power| FILES[power]).collect()
}

/// The sizes of all files below a folder, 0 for a link; `None` without it.
fn sizes(folder: &Path) -> Option<Vec<u64>> {
    let mut sizes = Vec::new();
    for entry in fs::read_dir(folder).ok()? {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            sizes.extend(self::sizes(&entry.path())?);
        } else {
            sizes.push(if kind.is_symlink() { 0 } else { entry.metadata().unwrap().len() });
        }
    }
    Some(sizes)
}

/// "transferring context: 98.66kB 0.0s done" counts the files' bytes, and about a hundred for the names and modes of each
/// entry; it has four digits.
#[track_caller]
fn assert_transferred(built: &Built, bytes: u64, place: &str) {
    // The same number may be opened twice.
    let opened = built.log.lines().find_map(|line| line.strip_suffix(" [internal] load build context"));
    let start = format!("{} transferring context: ", opened.unwrap_or_default());
    let transferred = built.log.lines().filter_map(|line| units(line.strip_prefix(&start)?.split_whitespace().next()?));
    let Some(transferred) = transferred.max() else { panic!("nothing is transferred: {place}: {}", built.log) };
    let most = bytes + bytes / 1000 + 150 * (FILES.len() as u64 + 20);
    assert!(
        bytes - bytes / 1000 <= transferred && transferred <= most,
        "{bytes} of {place}, transferred {transferred}"
    );
}

/// `98.66kB` in bytes.
fn units(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match &text[digits.len()..] {
        "B" => 1.0,
        "kB" => 1e3,
        "MB" => 1e6,
        _ => return None,
    };
    // Counts of bytes are far below 2⁵³, and never negative.
    #[allow(clippy::cast_sign_loss)]
    Some((digits.parse::<f64>().ok()? * scale) as u64)
}
