//! Changes as a unified diff, byte for byte what `git apply` and `patch -p1` take.

use std::borrow::Cow;

use super::layout::{Layout, Tone, clean, substitute};
use super::page::{Block, Section, path, plain};
use crate::finding::Mask;
use crate::fix::{Change, FixOutcome};
use crate::text::diff::{DiffTag, UnifiedHunkHeader, group_diff_ops};

/// Unchanged lines around a change.
const AROUND: usize = 3;

/// All changes as one unified diff.
///
/// Its head has no line `diff --git`: with it git would take the names from the top of the repository, without it from
/// the folder at hand, as the names are. Secrets are masked: a hunk that shows one can't be applied, `--write` is for
/// that. Without a terminal the bytes of the files are kept as they are; with one, what it would obey is replaced.
pub fn diff(outcome: &FixOutcome, mask: &Mask, layout: Layout) -> Vec<u8> {
    outcome.changes.iter().flat_map(|change| diff_of_file(change, mask, layout)).collect()
}

/// The diff of each file in a section.
pub(super) fn diff_sections(changes: &[Change], mask: &Mask) -> Vec<Block> {
    let section = |change: &Change| {
        let diff = diff_of_file(change, mask, Layout::PLAIN);
        let about = if change.before.is_none() { "a new file" } else { "" };
        let section =
            Section { about: about.into(), ..Section::new(plain("Changes of ").and_text(&path(&change.name))) };
        section.with(Block::Diff(String::from_utf8_lossy(&diff).into_owned())).into()
    };
    changes.iter().map(section).collect()
}

/// One file's part of the diff.
pub fn diff_of_file(change: &Change, mask: &Mask, layout: Layout) -> Vec<u8> {
    let old_text = masked(change.before.as_deref().unwrap_or_default(), mask);
    let new_text = masked(&change.after, mask);
    let (old, new) = (lines(&old_text), lines(&new_text));
    let name = change.name.trim_start_matches("./").trim_start_matches('/');
    let head = |mark: &str, side: &str| format!("{mark} {}", quoted(&format!("{side}/{name}"), layout));
    let before = if change.before.is_some() { head("---", "a") } else { "--- /dev/null".into() };
    let mut out = Vec::new();
    for line in [before, head("+++", "b")] {
        out.extend(layout.paint(Tone::Strong, &line).bytes());
        out.push(b'\n');
    }
    for hunk in group_diff_ops(crate::text::diff::diff(&old, &new), AROUND) {
        out.extend(layout.paint(Tone::Info, &UnifiedHunkHeader::new(&hunk).to_string()).bytes());
        out.push(b'\n');
        for op in &hunk {
            let (olds, news) = (&old[op.old_range()], &new[op.new_range()]);
            if op.tag() == DiffTag::Equal {
                write(&mut out, olds, b' ', Tone::Plain, layout);
            } else {
                write(&mut out, olds, b'-', Tone::Error, layout);
                write(&mut out, news, b'+', Tone::Good, layout);
            }
        }
    }
    out
}

fn write(out: &mut Vec<u8>, lines: &[&[u8]], sign: u8, tone: Tone, layout: Layout) {
    for line in lines {
        let text = line.strip_suffix(b"\n");
        let bare = text.unwrap_or(line);
        if is_shown(layout) {
            let lossy = String::from_utf8_lossy(bare.strip_suffix(b"\r").unwrap_or(bare));
            out.extend(layout.paint(tone, &format!("{}{}", char::from(sign), clean(&lossy))).bytes());
        } else {
            out.push(sign);
            out.extend(bare);
        }
        out.push(b'\n');
        if text.is_none() {
            out.extend(b"\\ No newline at end of file\n");
        }
    }
}

/// Whether people look at it, not a program.
fn is_shown(layout: Layout) -> bool {
    layout.width.is_some() || layout.colour
}

/// The bytes, or the text with its secrets masked.
fn masked<'a>(bytes: &'a [u8], mask: &Mask) -> Cow<'a, [u8]> {
    let text = String::from_utf8_lossy(bytes);
    if mask.hides(&text) { Cow::Owned(mask.apply(&text).into_bytes()) } else { Cow::Borrowed(bytes) }
}

/// The lines with their LF; nothing else ends a line.
fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// A name as git reads it: in quotes where it holds what would end it, or what a terminal would obey.
fn quoted(name: &str, layout: Layout) -> String {
    if is_shown(layout) {
        return clean(name).into_owned();
    }
    let is_plain = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\\') && substitute(c).is_none();
    if name.chars().all(is_plain) {
        return name.to_owned();
    }
    let mut quoted = String::from('"');
    for c in name.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c == ' ' || is_plain(c) => quoted.push(c),
            c => {
                let octal = |byte: &u8| format!("\\{byte:03o}");
                quoted.extend(c.encode_utf8(&mut [0; 4]).as_bytes().iter().map(octal));
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Target;
    use crate::text::FileId;

    fn change(name: &str, before: Option<&[u8]>, after: &[u8]) -> Change {
        let before = before.map(<[u8]>::to_vec);
        Change { target: Target::File(FileId(0)), name: name.into(), before, after: after.to_vec() }
    }

    #[track_caller]
    fn check(changes: Vec<Change>, expected: &[u8]) {
        let outcome = FixOutcome { changes, ..FixOutcome::default() };
        let got = diff(&outcome, &Mask::default(), Layout::PLAIN);
        assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(expected));
        assert_eq!(got, expected);
    }

    #[test]
    fn a_diff_can_be_applied() {
        check(
            vec![
                change("./Dockerfile", Some(b"FROM a\nRUN b"), b"FROM a\nRUN c\n"),
                change(".dockerignore", None, b".git\n"),
            ],
            b"--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,2 +1,2 @@\n FROM a\n-RUN b\n\\ No newline at end of file\n+RUN c\n\
              --- /dev/null\n+++ b/.dockerignore\n@@ -0,0 +1 @@\n+.git\n",
        );
    }

    #[test]
    fn bytes_and_names_are_kept() {
        check(
            vec![change("a b", Some(b"\xff\ra\r\n"), b"\xff\rb\r\n")],
            b"--- \"a/a b\"\n+++ \"b/a b\"\n@@ -1 +1 @@\n-\xff\ra\r\n+\xff\rb\r\n",
        );
        check(
            vec![change("\u{e9}\"\n", Some(b"a"), b"")],
            "--- \"a/\u{e9}\\\"\\012\"\n+++ \"b/\u{e9}\\\"\\012\"\n@@ -1 +0,0 @@\n-a\n\\ No newline at end of file\n"
                .as_bytes(),
        );
    }
}
