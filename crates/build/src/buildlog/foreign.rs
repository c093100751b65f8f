//! Files that are no build logs, though people have them at hand, and what to give instead.

use std::fmt;

use crate::dockerfile::Keyword;

/// Lines that are looked at.
const LINES: usize = 40;

/// Bytes of a line that are looked at.
const BYTES: usize = 400;

/// Why a file is no build log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotABuildLog {
    /// What it is: the rest of a sentence that begins with the file's name.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for NotABuildLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}; {}", self.what, self.help)
    }
}

impl std::error::Error for NotABuildLog {}

/// How a log is made, with all details.
const RAWJSON: &str = "build with `docker build --progress=rawjson . 2> build.log` and give that file";

/// How a log is made.
const PLAIN: &str = "build with `docker build --progress=plain . 2> build.log` and give that file";

impl NotABuildLog {
    fn new(what: &str, help: &str) -> Self {
        Self { what: what.to_owned(), help: help.to_owned() }
    }

    pub(super) fn oversize() -> Self {
        Self::new("is a compressed file of more than 64 MiB, too large for a build record", RAWJSON)
    }

    pub(super) fn other_archive() -> Self {
        let help = "export a record with `docker buildx history export REF -o build.dockerbuild`";
        Self::new("is an archive without a build record", help)
    }

    pub(super) fn damaged_archive(error: &str) -> Self {
        let what = format!("is a damaged archive: {error}");
        Self::new(&what, "export the record again with `docker buildx history export`")
    }

    pub(super) fn cache_records() -> Self {
        Self::new("lists records of the build cache, not the steps of a build", PLAIN)
    }

    pub(super) fn other_result(command: &str) -> Self {
        let help = "give a build log, or the file that `dockopt measure --format json` writes";
        Self::new(&format!("is a result of `dockopt {command}`: it has no times of steps"), help)
    }

    pub(super) fn newer_measurement(version: &str) -> Self {
        let what = format!(
            "is a measurement of another version of dockopt (dockopt.measure/{version}); this version reads dockopt.measure/1"
        );
        Self::new(&what, "measure again with this version, or update dockopt")
    }

    pub(super) fn damaged_measurement(error: &str) -> Self {
        Self::new(
            &format!("is a damaged measurement: {error}"),
            "measure again: `dockopt measure --format json -o measured.json`",
        )
    }

    pub(super) fn failed_measurement() -> Self {
        let what = "is a measurement without a build that ran";
        Self::new(what, "measure again: `dockopt measure --format json -o measured.json`")
    }

    pub(super) fn cut_document() -> Self {
        Self::new("ends in the middle of a JSON document", "give the whole file")
    }

    pub(super) fn document() -> Self {
        Self::new("is a JSON document without build steps", RAWJSON)
    }
}

/// The first lines of a file.
#[derive(Debug, Default)]
pub(super) struct Sample {
    lines: Vec<String>,
    is_utf16: bool,
    has_zeros: bool,
}

impl Sample {
    /// Takes a line.
    pub(super) fn line(&mut self, line: &[u8]) {
        if self.lines.len() >= LINES {
            return;
        }
        if self.lines.is_empty() {
            self.is_utf16 |= line.starts_with(b"\xff\xfe") || line.starts_with(b"\xfe\xff");
        }
        let line = &line[..line.len().min(BYTES)];
        self.has_zeros |= line.contains(&0);
        let text = String::from_utf8_lossy(line).trim().trim_start_matches('\u{feff}').to_owned();
        if !text.is_empty() {
            self.lines.push(text);
        }
    }

    /// Whether it is `buildx history inspect` as text.
    pub(super) fn is_inspection(&self) -> bool {
        self.lines.iter().any(|line| line.starts_with("Build Steps:"))
            && self.lines.iter().any(|line| line.starts_with("Ref:"))
    }

    /// The lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// Says what the file is.
    pub(super) fn recognize(&self) -> NotABuildLog {
        let is_deprecation = |line: &&str| {
            line.starts_with("DEPRECATED: ") || line.starts_with("BuildKit is ") || *line == "environment-variable."
        };
        let lines: Vec<&str> = self.lines().filter(|line| !is_deprecation(line)).collect();
        let is_id = |line: &&str| line.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64);
        let starts = |start: &str| lines.iter().any(|line| line.starts_with(start));
        let [first, ..] = lines[..] else {
            let help = "build without --quiet, and keep standard error too: `docker build --progress=plain . 2>&1`";
            return NotABuildLog::new("is empty: the build was quiet, or only its standard output was kept", help);
        };
        if self.is_utf16 {
            let help = "save it as UTF-8: `docker build . 2>&1 | Out-File -Encoding utf8 build.log`";
            return NotABuildLog::new("is UTF-16 text, as PowerShell writes it", help);
        }
        if self.has_zeros {
            return NotABuildLog::new("is a binary file", PLAIN);
        }
        if lines.iter().all(is_id) {
            return NotABuildLog::new("is the output of a quiet build: only the image's ID", PLAIN);
        }
        if first.starts_with("ID") && (first.contains("RECLAIMABLE") || starts("Reclaimable:")) {
            return NotABuildLog::cache_records();
        }
        if first.starts_with("TYPE") && first.contains("CREATED") || first.starts_with("BUILD ID") {
            let help = "give the log of one of them: `docker buildx history logs REF --progress rawjson`";
            return NotABuildLog::new("lists builds without their steps", help);
        }
        if starts("Check complete") || first.contains("WARNING: ") && starts("Dockerfile:") {
            return NotABuildLog::new("is the output of `docker build --check`; nothing was built", PLAIN);
        }
        let is_instruction = |line: &&str| {
            let keyword = Keyword::of(line.split_whitespace().next().unwrap_or_default());
            matches!(keyword, Keyword::From | Keyword::Run | Keyword::Copy)
        };
        if lines.iter().filter(|line| is_instruction(line)).count() >= 2 {
            return NotABuildLog::new("is a Dockerfile", "give it with --file, and a build log as the argument");
        }
        NotABuildLog::new("is no build log that dockopt knows", PLAIN)
    }
}
