//! What fixing changes: unified diffs, a summary, JSON.

use similar::{ChangeTag, TextDiff};

use super::json;
use super::layout::{Layout, Tone, clean};
use super::units::count;
use super::wire;
use crate::audit::Report;
use crate::dockerfile::{self, Difference};
use crate::finding::Mask;
use crate::fix::{Change, Outcome};
use crate::text::Source;

/// All changes as one unified diff that `patch -p1` and `git apply` take.
///
/// Secrets are masked: a hunk that shows one can't be applied, `--write` is for that.
/// Without a terminal the bytes of the files are kept as they are; with one, what it would obey is replaced.
pub fn diff(outcome: &Outcome, mask: &Mask, layout: Layout) -> String {
    outcome.changes.iter().map(|change| one(change, mask, layout)).collect()
}

fn one(change: &Change, mask: &Mask, layout: Layout) -> String {
    let before = mask.apply(&String::from_utf8_lossy(change.before.as_deref().unwrap_or_default()));
    let after = mask.apply(&String::from_utf8_lossy(&change.after));
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let name = clean(&change.name);
    let name = name.trim_start_matches("./").trim_start_matches('/');
    let old = if change.before.is_some() { format!("a/{name}") } else { "/dev/null".into() };
    let mut out = format!(
        "{}\n{}\n",
        layout.paint(Tone::Strong, &format!("--- {old}")),
        layout.paint(Tone::Strong, &format!("+++ b/{name}"))
    );
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        out.push_str(&layout.paint(Tone::Info, &hunk.header().to_string()));
        out.push('\n');
        for line in hunk.iter_changes() {
            let (sign, tone) = match line.tag() {
                ChangeTag::Equal => (' ', Tone::Plain),
                ChangeTag::Delete => ('-', Tone::Error),
                ChangeTag::Insert => ('+', Tone::Good),
            };
            let text = line.value().strip_suffix('\n').unwrap_or(line.value());
            let text = if layout.width.is_some() || layout.colour {
                clean(text.strip_suffix('\r').unwrap_or(text)).into_owned()
            } else {
                text.to_owned()
            };
            out.push_str(&layout.paint(tone, &format!("{sign}{text}")));
            out.push('\n');
            if line.missing_newline() {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
    out
}

/// Whether [`diff`] shows stars where the files have something else, so that it can't be applied.
pub fn diff_is_masked(outcome: &Outcome, mask: &Mask) -> bool {
    let hides = |bytes: &[u8]| mask.hides(&String::from_utf8_lossy(bytes));
    let diffs = outcome.changes.iter().map(|change| one(change, &Mask::default(), Layout::PLAIN));
    outcome.changes.iter().any(|change| hides(&change.after)) && diffs.into_iter().any(|diff| mask.hides(&diff))
}

/// One or a few lines that tell what was or would be done.
pub fn fix_summary(outcome: &Outcome, mask: &Mask, written: bool, unsafe_left: usize) -> String {
    let mut out = String::new();
    for refused in &outcome.refused {
        let (rule, file, why) = (refused.rule, clean(&refused.file), mask.apply(&refused.why));
        out.push_str(&format!("{file}: the fixes of `{rule}` are left out: {}\n", clean(&why)));
    }
    for rule in &outcome.contradicting {
        out.push_str(&format!("the fixes of `{rule}` undo another rule's or never end; none is applied\n"));
    }
    let files = count(outcome.changes.len() as u64, "file");
    let mended = count(outcome.applied.len() as u64, "finding");
    let text = match (outcome.changes.is_empty(), written) {
        (true, _) => "nothing to fix".to_owned(),
        (false, true) => format!("fixed {mended} in {files}"),
        (false, false) => format!("would fix {mended} in {files}; `--write` does it"),
    };
    out.push_str(&text);
    if unsafe_left > 0 {
        out.push_str(&format!("; {unsafe_left} more with `--unsafe`"));
    }
    out.push('\n');
    out
}

/// The result of `fix` for programs. `before` tells of the inputs as they were.
pub fn fix_json(before: &Report, outcome: &Outcome, mask: &Mask, written: bool) -> String {
    let mut changes = Vec::new();
    for change in &outcome.changes {
        let diff = one(change, mask, Layout::PLAIN);
        let create = change.before.is_none();
        changes.push(wire::Change { file: &change.name, create, diff, differences: differences(change) });
    }
    let mut applied = Vec::new();
    for done in &outcome.applied {
        let Some(fix) = done.finding.fixes.get(done.fix) else { continue };
        applied.push(wire::Applied {
            rule: done.finding.rule,
            file: &done.file,
            message: mask.apply(&done.finding.message),
            title: mask.apply(&fix.title),
            safety: json::safety(&fix.safety).0,
        });
    }
    let refused = outcome.refused.iter().map(|refused| wire::Refused {
        rule: refused.rule,
        file: &refused.file,
        why: mask.apply(&refused.why),
    });
    json::pretty(&wire::Fixed {
        head: wire::Head::new("dockopt.fix/1", &before.root),
        written,
        changes,
        applied,
        left: outcome.left.len(),
        contradicting: &outcome.contradicting,
        refused: refused.collect(),
        skipped: json::skipped(before),
        problems: json::problems(&before.problems),
    })
}

/// What a change of a Dockerfile changes for the builder.
fn differences(change: &Change) -> Vec<wire::Difference> {
    let parsed = |bytes: &[u8]| Some(dockerfile::parse(&Source::new(change.name.as_str(), bytes.to_vec()).ok()?));
    let before = change.before.as_deref().filter(|_| !change.name.ends_with(".dockerignore")).and_then(parsed);
    let (Some(before), Some(after)) = (before, parsed(&change.after)) else { return Vec::new() };
    let wire = |one: Difference| wire::Difference {
        change: one.kind.word(),
        before_line: one.before,
        after_line: one.after,
        parts: one.parts,
    };
    before.differences(&after).into_iter().map(wire).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Target;
    use crate::text::FileId;

    #[test]
    fn a_diff_can_be_applied() {
        let change = |name: &str, before: Option<&str>, after: &str| Change {
            target: Target::File(FileId(0)),
            name: name.into(),
            before: before.map(|text| text.as_bytes().to_vec()),
            after: after.as_bytes().to_vec(),
        };
        let changes = vec![
            change("./Dockerfile", Some("FROM a\nRUN b"), "FROM a\nRUN c\n"),
            change(".dockerignore", None, ".git\n"),
        ];
        let outcome = Outcome { changes, ..Outcome::default() };
        assert_eq!(
            diff(&outcome, &Mask::default(), Layout::PLAIN),
            "--- a/Dockerfile\n+++ b/Dockerfile\n@@ -1,2 +1,2 @@\n FROM a\n-RUN b\n\\ No newline at end of file\n+RUN c\n\
             --- /dev/null\n+++ b/.dockerignore\n@@ -0,0 +1 @@\n+.git\n"
        );
    }
}
