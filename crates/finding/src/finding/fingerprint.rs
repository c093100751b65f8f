//! Names a finding so that it is known again when other lines move: a hash of the rule, the path, the text of its
//! instruction and its place among equal ones. How the text is laid out makes no difference.

use std::collections::{BTreeMap, HashMap};

use super::Finding;
use crate::text::{FileId, Source, Span};

/// The fingerprints of findings, in their order: 16 hexadecimal digits each, no two alike.
pub fn fingerprints(findings: &[Finding], sources: &[Source], root: &str) -> Vec<String> {
    let mut ordinals = Ordinals::default();
    let start = |finding: &Finding, name: &str| {
        let mut hash = Fnv::new();
        hash.field(finding.rule);
        hash.field(&path(name, root));
        hash
    };
    hashes(findings, sources, start).into_iter().map(|hash| ordinals.unique(hash)).collect()
}

/// The fingerprints of findings without their files and their places among equal ones: those of equal findings are
/// equal, whatever file they are in.
pub fn text_fingerprints(findings: &[Finding], sources: &[Source]) -> Vec<String> {
    let start = |finding: &Finding, _: &str| {
        let mut hash = Fnv::new();
        hash.field(finding.rule);
        hash
    };
    hashes(findings, sources, start).into_iter().map(Fnv::digits).collect()
}

/// As [`fingerprints`], for what is wrong with inputs: their files, codes and lines, which are empty where none is known.
/// Messages may be reworded.
pub fn problem_fingerprints<'a>(problems: impl Iterator<Item = [&'a str; 3]>, root: &str) -> Vec<String> {
    let mut ordinals = Ordinals::default();
    let print = |[file, code, line]: [&str; 3]| {
        let mut hash = Fnv::new();
        hash.field("");
        hash.field(&path(file, root));
        hash.field(code);
        hash.field(line.trim());
        ordinals.unique(hash)
    };
    problems.map(print).collect()
}

/// How often a hash came before.
#[derive(Default)]
struct Ordinals(BTreeMap<u64, u64>);

impl Ordinals {
    fn unique(&mut self, mut hash: Fnv) -> String {
        let ordinal = self.0.entry(hash.0).or_default();
        *ordinal += 1;
        hash.field(&ordinal.to_string());
        hash.digits()
    }
}

/// A hash per finding: what `start` gives for it and its file's name, then the words of its text.
fn hashes(findings: &[Finding], sources: &[Source], start: impl Fn(&Finding, &str) -> Fnv) -> Vec<Fnv> {
    // The text of an instruction of megabytes may be that of thousands of findings.
    let mut texts: HashMap<(&str, FileId, u32), Words> = HashMap::new();
    let mut hashes = Vec::new();
    for finding in findings {
        let source = sources.get(finding.file.0 as usize);
        let span = source.map(|source| instruction(source, finding)).unwrap_or_default();
        let begin = || Words::new(span.start, start(finding, source.map_or("", Source::name)));
        let known = texts.entry((finding.rule, finding.file, span.start)).or_insert_with(begin);
        if known.at > span.end {
            *known = begin();
        }
        if let Some(source) = source {
            // Up to the last blank the words are those of every finding that ends there or later.
            let line = source.line_span(source.line(span.end)).start;
            if line > known.at {
                known.read(source.slice(Span::new(known.at, line)));
                known.in_line = false;
            }
            known.read_blank(source.slice(Span::new(known.at, span.end)));
            let mut rest = *known;
            rest.read(source.slice(Span::new(known.at, span.end)));
            hashes.push(rest.hash);
        } else {
            hashes.push(known.hash);
        }
    }
    hashes
}

/// The words of an instruction's lines so far, without what only lays it out: blanks, line continuations and comments;
/// the keyword in capitals. Knows lines by themselves: pieces that end at blanks have the words that they have in the
/// whole.
#[derive(Clone, Copy)]
struct Words {
    /// Where the next piece begins.
    at: u32,
    /// Whether that is inside a line that counts. A finding may be about a comment, which is its first line then.
    in_line: bool,
    /// Whether the keyword is still to come.
    keyword: bool,
    hash: Fnv,
}

impl Words {
    const fn new(at: u32, hash: Fnv) -> Self {
        Self { at, in_line: true, keyword: true, hash }
    }

    fn read(&mut self, text: &str) {
        for line in text.split_inclusive('\n') {
            if std::mem::take(&mut self.in_line) || !is_comment(line) {
                self.take(line);
            }
        }
        self.at += text.len() as u32;
    }

    /// Reads a piece of one line up to its last blank.
    fn read_blank(&mut self, text: &str) {
        let Some((at, blank)) = text.char_indices().rfind(|(_, char)| char.is_whitespace()) else { return };
        if self.in_line || !is_comment(text) {
            let read = at + blank.len_utf8();
            self.take(&text[..read]);
            self.at += read as u32;
            self.in_line = true;
        }
    }

    fn take(&mut self, line: &str) {
        for word in line.split_whitespace().filter(|word| !matches!(*word, "\\" | "`")) {
            if std::mem::take(&mut self.keyword) {
                self.hash.field(&word.to_ascii_uppercase());
            } else {
                self.hash.field(word);
            }
        }
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// The path below the root with `/` between its parts: the same on every machine.
fn path(name: &str, root: &str) -> String {
    let below = name.strip_prefix(root).map(|rest| rest.trim_start_matches(['/', '\\']));
    let below = below.filter(|below| !below.is_empty() && !root.is_empty()).unwrap_or(name);
    below.strip_prefix("./").unwrap_or(below).replace('\\', "/")
}

/// From the instruction's first line to the end of the finding.
fn instruction(source: &Source, finding: &Finding) -> Span {
    let len = source.text().len() as u32;
    let start = finding.span.start.min(len);
    let end = finding.span.end.clamp(start, len);
    let line_number = source.line(start);
    let first = finding.instruction_line.filter(|line| (1..=line_number).contains(line)).unwrap_or(line_number);
    let boundary = |at: u32| source.text().ceil_char_boundary(at as usize) as u32;
    Span::new(source.line_span(first).start, boundary(end))
}

/// FNV-1a with 64 bits. Not for secrets: a name, no seal.
#[derive(Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn field(&mut self, text: &str) {
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn digits(self) -> String {
        format!("{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use dockopt_testing::Random;

    fn findings(text: &str, places: &[&str]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for place in places {
            for (at, _) in text.match_indices(place) {
                findings.push(Finding {
                    rule: "r",
                    codes: Vec::new(),
                    severity: Severity::Info,
                    file: FileId(0),
                    span: Span::new(at as u32, (at + place.len()) as u32),
                    labels: Vec::new(),
                    instruction_line: Some(
                        text[..text[..at].rfind("RUN").unwrap_or(at)].matches('\n').count() as u32 + 1,
                    ),
                    stage: None,
                    message: "m".into(),
                    help: None,
                    notes: Vec::new(),
                    hidden_by: None,
                    impact: Vec::new(),
                    fixes: Vec::new(),
                });
            }
        }
        findings
    }

    fn prints(root: &str, name: &str, text: &str, places: &[&str]) -> Vec<String> {
        fingerprints(&findings(text, places), &[Source::of(name, text)], root)
    }

    #[test]
    fn a_problem_is_recognized_by_its_code_and_line() {
        let print = |problem| problem_fingerprints(std::iter::once(problem), ".").remove(0);
        let known = print(["a/Dockerfile", "dockerfile-syntax", "  RUNN b"]);
        assert_eq!(known, print(["a/Dockerfile", "dockerfile-syntax", "RUNN b"]));
        for other in [["b/Dockerfile", "dockerfile-syntax", "RUNN b"], ["a/Dockerfile", "build-graph", "RUNN b"]] {
            assert_ne!(known, print(other));
        }
        let twice = [["a", "dockerfile-syntax", "X"]; 2];
        let prints = problem_fingerprints(twice.into_iter(), ".");
        assert_ne!(prints[0], prints[1]);
    }

    #[test]
    fn a_finding_keeps_its_fingerprint() {
        let before = prints(".", "Dockerfile", "FROM a\nRUN x\nRUN x\n", &["RUN x"]);
        assert_eq!(
            before,
            prints(".", "./Dockerfile", "# new\nFROM a\nENV b=c\nRUN   x\nRUN x\n", &["RUN   x", "RUN x"])
        );
        assert_eq!(before, prints("/srv/me", "/srv/me/Dockerfile", "RUN x\r\nRUN x", &["RUN x"]));
        assert_ne!(before[0], before[1]);
        assert_ne!(before[0], prints(".", "web/Dockerfile", "RUN x", &["RUN x"])[0]);
        assert_ne!(before[0], prints(".", "Dockerfile", "RUN y", &["RUN y"])[0]);
        // The value is written into users' baselines: it must never change.
        assert_eq!(before[0], "4621609182f0a3b2");
    }

    #[test]
    fn the_layout_of_an_instruction_makes_no_difference() {
        let of = |text: &str| text_fingerprints(&findings(text, &["b c", "d e"]), &[Source::of("f", text)]);
        let fingerprints = of("RUN a && b c && d e\n");
        assert_ne!(fingerprints[0], fingerprints[1]);
        assert_eq!(fingerprints, of("RUN a \\\n  # why\n  && b c \\\r\n\n  && d e && f\n"));
        assert_ne!(fingerprints, of("RUN x && b c && d e\n"));
        let twice =
            text_fingerprints(&findings("RUN b c\nRUN b c\n", &["b c"]), &[Source::of("g", "RUN b c\nRUN b c\n")]);
        assert_eq!(twice[0], twice[1]);
    }
    #[test]
    fn pieces_have_the_words_of_the_whole() {
        const PIECES: [&str; 10] = ["b", "c#", " ", "#", "\\", "\n", "\r\n", "`", "é\u{a0}", "\n  # d"];
        let mut random = Random::new(7);
        for _ in 0..300 {
            let text: String = (0..40).map(|_| PIECES[random.below(PIECES.len())]).collect();
            let mut all = findings(&text, &["b", "c"]);
            for finding in &mut all {
                finding.instruction_line = Some(1);
            }
            all.sort_by_key(|finding| finding.span.end);
            let source = [Source::of("f", &text)];
            let alone: Vec<String> =
                all.iter().flat_map(|finding| text_fingerprints(std::slice::from_ref(finding), &source)).collect();
            let words = |finding: &Finding| {
                let lines = text[..finding.span.end as usize].split('\n').enumerate();
                let counts = lines.filter(|(index, line)| *index == 0 || !is_comment(line)).map(|(_, line)| line);
                let words = counts.flat_map(str::split_whitespace).filter(|word| !matches!(*word, "\\" | "`"));
                let mut hash = Fnv::new();
                hash.field("r");
                words.enumerate().for_each(|(index, word)| match index {
                    0 => hash.field(&word.to_ascii_uppercase()),
                    _ => hash.field(word),
                });
                hash.digits()
            };
            assert_eq!(alone, all.iter().map(words).collect::<Vec<_>>(), "{text:?}");
            assert_eq!(text_fingerprints(&all, &source), alone, "{text:?}");
        }
    }
}
