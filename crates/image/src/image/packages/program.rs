//! Programs that carry the list of what they were built from: Go's build information, and cargo-auditable's.

use std::fmt;
use std::sync::LazyLock;

use flate2::{Decompress, FlushDecompress, Status};
use memchr::memmem;
use serde::Deserialize;

use super::fact::{JsonBool, JsonText, PackageFactKind, ProgramFact, word};
use super::result::{BundledModule, Ecosystem};
use super::stream::StreamSearch;

/// What Go puts around a program's list of modules (cmd/go/internal/modload/build.go, `infoStart`, `infoEnd`).
static GO_START: [u8; 16] = *b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
const GO_END: [u8; 16] = *b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";

/// How Go's list begins, and a zlib stream of the usual levels: cargo-auditable's is one of them.
static FINDERS: LazyLock<[memmem::Finder<'static>; 3]> = LazyLock::new(|| {
    [memmem::Finder::new(&GO_START), memmem::Finder::new(b"\x78\x9c"), memmem::Finder::new(b"\x78\xda")]
});

/// How the JSON of cargo-auditable begins.
const RUST_START: &[u8] = b"{\"packages\":[";

/// The longest list that is read, in bytes.
const LONGEST: usize = 8 << 20;

/// The most modules that one program may have.
const PARTS: usize = 20_000;

/// Finds the lists while a program streams by.
#[derive(Debug, Default)]
pub(super) struct Lists {
    state: ProgramState,
    fact: Option<ProgramFact>,
    trial: ListProbe,
}

#[derive(Debug, Default)]
enum ProgramState {
    #[default]
    Start,
    Search,
    /// After Go's mark: what came since.
    Go(Vec<u8>),
    /// In a compressed list.
    Rust(Inflater, Vec<u8>),
    Done,
}

/// A decompressor that can be shown.
struct Inflater(Decompress);

impl fmt::Debug for Inflater {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Inflater")
    }
}

/// Tries whether a compressed list begins at a place; one decompressor serves for all of them.
#[derive(Debug, Default)]
struct ListProbe(Option<Inflater>);

impl ListProbe {
    fn begins(&mut self, bytes: &[u8]) -> bool {
        // After the header of two bytes a compressed block.
        if !bytes.get(2).is_some_and(|first| matches!(first & 6, 2 | 4)) {
            return false;
        }
        let inflater = &mut self.0.get_or_insert_with(|| Inflater(Decompress::new(true))).0;
        inflater.reset(true);
        let mut text = [0; RUST_START.len()];
        let _ = inflater.decompress(bytes, &mut text, FlushDecompress::None);
        text == RUST_START
    }
}

impl StreamSearch for Lists {
    // Enough for a dynamic block's tables and the first words.
    const AHEAD: usize = 512;

    fn look(&mut self, window: &[u8], last: bool) -> usize {
        match &mut self.state {
            ProgramState::Start if window.len() < 4 && !last => 0,
            ProgramState::Start => {
                self.state = if window.starts_with(b"\x7fELF") { ProgramState::Search } else { ProgramState::Done };
                self.look(window, last)
            }
            ProgramState::Search => self.search(window, last),
            ProgramState::Go(text) => {
                text.extend_from_slice(window);
                let from = text.len().saturating_sub(window.len() + GO_END.len());
                if let Some(end) = memmem::find(&text[from..], &GO_END) {
                    self.fact = go(&text[..from + end]);
                    self.state = if self.fact.is_some() { ProgramState::Done } else { ProgramState::Search };
                } else if text.len() > LONGEST {
                    self.state = ProgramState::Search;
                }
                window.len()
            }
            ProgramState::Rust(inflater, text) => {
                let used = inflate(&mut inflater.0, window, text);
                if used.is_none_or(|used| used == 0) {
                    self.fact = rust(text);
                    self.state = ProgramState::Done;
                }
                used.unwrap_or(window.len())
            }
            ProgramState::Done => window.len(),
        }
    }

    fn is_done(&self) -> bool {
        matches!(self.state, ProgramState::Done)
    }
}

impl Lists {
    /// Looks for either list's beginning before `until`.
    fn search(&mut self, window: &[u8], last: bool) -> usize {
        let until = if last { window.len() } else { window.len().saturating_sub(Self::AHEAD) };
        let go = FINDERS[0].find(window).filter(|&at| at < until);
        for finder in &FINDERS[1..] {
            let mut all = finder.find_iter(window).take_while(|&at| at < go.unwrap_or(until));
            if let Some(at) = all.find(|&at| self.trial.begins(&window[at..])) {
                self.state = ProgramState::Rust(Inflater(Decompress::new(true)), Vec::new());
                return at + self.look(&window[at..], last);
            }
        }
        if let Some(at) = go {
            self.state = ProgramState::Go(Vec::new());
            let at = at + GO_START.len();
            return at + self.look(&window[at..], last);
        }
        until
    }

    /// What the program tells.
    pub(super) fn into_facts(self) -> Option<PackageFactKind> {
        let unfinished = match &self.state {
            ProgramState::Rust(_, text) => rust(text),
            _ => None,
        };
        self.fact.or(unfinished).map(|program| PackageFactKind::Program(Box::new(program)))
    }
}

/// Decompresses some more; how much was used, `None` at the end of the stream.
pub(super) fn inflate(inflater: &mut Decompress, bytes: &[u8], text: &mut Vec<u8>) -> Option<usize> {
    let mut buffer = vec![0; 16 << 10];
    let mut used = 0;
    loop {
        let (before_in, before_out) = (inflater.total_in(), inflater.total_out());
        let status = inflater.decompress(&bytes[used..], &mut buffer, FlushDecompress::None);
        let (read, written) = (inflater.total_in() - before_in, inflater.total_out() - before_out);
        used += read as usize;
        text.extend_from_slice(&buffer[..written as usize]);
        match status {
            Ok(Status::Ok) if text.len() <= LONGEST && read + written > 0 => {}
            Ok(Status::Ok | Status::BufError) if text.len() <= LONGEST => return Some(used),
            _ => return None,
        }
    }
}

/// Lines of a word, a tab, and fields: `path`, `mod`, `dep`, `=>` (what the one before was replaced by).
fn go(text: &[u8]) -> Option<ProgramFact> {
    let (mut path, mut module, mut parts) = (None, None, Vec::new());
    for line in text.split(|&byte| byte == b'\n') {
        let mut fields = line.split(|&byte| byte == b'\t');
        let (kind, name, version) =
            (fields.next()?, fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
        let part = || BundledModule { name: word(name), version: word(version) };
        match kind {
            b"path" => path = Some(word(name)),
            b"mod" => module = Some(part()),
            b"dep" if parts.len() < PARTS => parts.push(part()),
            b"=>" => {
                if let Some(last) = parts.last_mut() {
                    *last = part();
                }
            }
            _ => {}
        }
    }
    parts.sort();
    let module = module.unwrap_or(BundledModule { name: "".into(), version: "".into() });
    let name = path.unwrap_or(module.name);
    let version = module.version;
    (!name.is_empty()).then(|| ProgramFact { ecosystem: Ecosystem::Go, name, version, parts: parts.into() })
}

/// The list of cargo-auditable: all packages, one of them marked as the root.
fn rust(text: &[u8]) -> Option<ProgramFact> {
    #[derive(Deserialize)]
    struct List {
        packages: Vec<ProgramModules>,
    }
    #[derive(Deserialize)]
    struct ProgramModules {
        name: JsonText,
        version: JsonText,
        #[serde(default)]
        kind: JsonText,
        #[serde(default)]
        root: JsonBool,
    }
    let list: List = serde_json::from_slice(text).ok()?;
    let part = |program_modules: ProgramModules| BundledModule {
        name: program_modules.name.0,
        version: program_modules.version.0,
    };
    let (root, rest): (Vec<_>, Vec<_>) = list.packages.into_iter().partition(|package| package.root.0);
    let root = part(root.into_iter().next()?);
    // What only build scripts need is not in the program.
    let rest = rest.into_iter().filter(|dependency| &*dependency.kind.0 != "build");
    let mut parts: Vec<BundledModule> = rest.take(PARTS).map(part).collect();
    parts.sort();
    Some(ProgramFact { ecosystem: Ecosystem::Rust, name: root.name, version: root.version, parts: parts.into() })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::image::packages::stream::Stream;

    fn read_in_pieces(program: &[u8], piece: usize) -> Option<ProgramFact> {
        let mut stream = Stream::new(Lists::default());
        program.chunks(piece).for_each(|piece| stream.take(piece));
        match stream.finish().into_facts() {
            Some(PackageFactKind::Program(program)) => Some(*program),
            _ => None,
        }
    }

    fn program(inside: &[u8]) -> Vec<u8> {
        let noise: Vec<u8> = (0..70_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        [b"\x7fELF", &noise[..], inside, &noise].concat()
    }

    #[track_caller]
    fn check(inside: &[u8], expected: &str) {
        for piece in [1, 7, 4096, 1 << 20] {
            let fact = read_in_pieces(&program(inside), piece).unwrap();
            let parts: Vec<String> = fact.parts.iter().map(|part| format!("{} {}", part.name, part.version)).collect();
            assert_eq!(format!("{} {}: {}", fact.name, fact.version, parts.join(", ")), expected, "{piece}");
        }
    }

    #[test]
    fn go_is_read_across_pieces() {
        let text = b"path\tx.org/cmd/a\nmod\tx.org\tv1.2.3\th1:\ndep\tz.org\tv0.1.0\th1:\n=>\ty.org\tv0.2.0\th1:\nbuild\tCGO_ENABLED=0\n";
        check(&[&GO_START[..], text, &GO_END].concat(), "x.org/cmd/a v1.2.3: y.org v0.2.0");
    }

    #[test]
    fn rust_is_read_across_pieces() {
        let text = br#"{"packages":[{"name":"serde","version":"1.0.1","source":"crates.io"},
            {"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"},{"name":"app","version":"0.1.0","root":true}]}"#;
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(7));
        encoder.write_all(text).unwrap();
        check(&encoder.finish().unwrap(), "app 0.1.0: serde 1.0.1");
    }

    #[test]
    fn lies_do_no_harm() {
        assert_eq!(read_in_pieces(&program(&GO_START), 4096), None);
        assert_eq!(read_in_pieces(&program(&[&GO_START[..], b"nothing", &GO_END].concat()), 4096), None);
        assert_eq!(read_in_pieces(b"\x7fE", 1), None);
        assert_eq!(read_in_pieces(b"#!/bin/sh\n", 3), None);
    }
}
