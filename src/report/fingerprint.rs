//! Names a finding so that it is known again when other lines move: a hash of the rule, the path, the text of its
//! instruction and its place among equal ones.

use std::collections::{BTreeMap, HashMap};

use crate::audit::Report;
use crate::finding::Finding;
use crate::text::{FileId, Source, Span};

/// The fingerprints of a report's findings, in their order: 16 hexadecimal digits each.
pub(super) fn fingerprints(report: &Report) -> Vec<String> {
    let mut seen: BTreeMap<u64, u64> = BTreeMap::new();
    // The text of an instruction of megabytes may be that of thousands of findings.
    let mut texts: HashMap<(&str, FileId, u32), (u32, Fnv)> = HashMap::new();
    let mut prints = Vec::new();
    for finding in &report.findings {
        let source = report.sources.get(finding.file.0 as usize);
        let span = source.map(|source| instruction(source, finding)).unwrap_or_default();
        let begin = || {
            let mut hash = Fnv::new();
            hash.field(finding.rule);
            hash.field(&path(source.map_or("", |source| source.name()), &report.root));
            (span.start, hash)
        };
        let known = texts.entry((finding.rule, finding.file, span.start)).or_insert_with(begin);
        let (from, mut hash) = if known.0 > span.end { begin() } else { *known };
        // Both ends are ends of lines: no word goes across.
        for word in source.map_or("", |source| source.slice(Span::new(from, span.end))).split_whitespace() {
            hash.field(word);
        }
        *known = (span.end, hash);
        let ordinal = seen.entry(hash.0).or_default();
        *ordinal += 1;
        hash.field(&ordinal.to_string());
        prints.push(format!("{:016x}", hash.0));
    }
    prints
}

/// The path below the root with `/` between its parts: the same on every machine.
fn path(name: &str, root: &str) -> String {
    let below = name.strip_prefix(root).map(|rest| rest.trim_start_matches(['/', '\\']));
    let below = below.filter(|below| !below.is_empty() && !root.is_empty()).unwrap_or(name);
    below.strip_prefix("./").unwrap_or(below).replace('\\', "/")
}

/// From the instruction's first line to the end of the line where the finding ends.
fn instruction(source: &Source, finding: &Finding) -> Span {
    let len = source.text().len() as u32;
    let start = finding.span.start.min(len);
    let end = finding.span.end.clamp(start, len);
    let own = source.line(start);
    let first = finding.instruction_line.filter(|line| (1..=own).contains(line)).unwrap_or(own);
    let last = source.line(if end > start { end - 1 } else { end });
    Span::new(source.line_span(first).start, source.line_span(last).end)
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    fn prints(root: &str, name: &str, text: &str, places: &[&str]) -> Vec<String> {
        let mut findings = Vec::new();
        for place in places {
            for (at, _) in text.match_indices(place) {
                findings.push(Finding {
                    rule: "r",
                    severity: Severity::Info,
                    file: FileId(0),
                    span: Span::new(at as u32, (at + place.len()) as u32),
                    labels: Vec::new(),
                    instruction_line: None,
                    stage: None,
                    message: "m".into(),
                    help: None,
                    notes: Vec::new(),
                    impact: Vec::new(),
                    fixes: Vec::new(),
                });
            }
        }
        let sources = vec![Source::of(name, text)];
        fingerprints(&Report { root: root.into(), sources, findings, ..Report::default() })
    }

    #[test]
    fn a_finding_is_known_again() {
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
}
