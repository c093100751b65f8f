//! Checks for every fix: it converges, gives the result on the page, fixes the finding, breaks nothing and keeps
//! comments.

use super::parse::{Example, FixedFile};
use super::{Bless, Runner, edited, inputs, variants};
use crate::finding::{Finding, Target};
use crate::fix::{Change, FixLevel, FixOutcome, fix};
use crate::text::path::is_compose;
use crate::text::{FileId, Source};

pub(super) fn check(runner: &mut Runner, example: &Example, sources: &[Source], findings: &[Finding]) {
    for finding in findings {
        sorted(runner, example, finding);
    }
    edited::singly(runner, example, sources, findings);
    let mut safe = None;
    for level in [FixLevel::Safe, FixLevel::Unsafe] {
        let risky = level == FixLevel::Unsafe;
        let outcome = fix(sources, level, |now: &[Source]| inputs::findings(runner.rule, now, &example.listing));
        // The second run is skipped if it gives the same result.
        if safe.as_ref() == Some(&outcome.changes) {
            unwanted(runner, example);
            continue;
        }
        if !outcome.contradicting.is_empty() {
            runner.fail(example.line, "the fixes do not converge");
        }
        check_fixed(runner, example, level, (findings, &outcome.remaining));
        for change in &outcome.changes {
            expected(runner, example, change, risky);
            edited::check(runner, example, change, "the fixes together");
        }
        for fixed in example.fixed.iter().filter(|fixed| fixed.risky == risky) {
            if !outcome.changes.iter().any(|change| change.name == fixed.path) {
                runner.fail(fixed.fence.line, format_args!("no fix changes `{}`", fixed.path));
            }
        }
        crlf(runner, example, level, &outcome);
        rewritten(runner, example, level, &outcome, "the last line ends with a continuation", |text| {
            inputs::dangling(text).unwrap_or_else(|| text.to_owned())
        });
        rewritten(runner, example, level, &outcome, "the last line has no line ending", variants::open);
        safe = Some(outcome.changes);
    }
}

/// Rejects a fence for unsafe fixes if they give the same result as the safe ones.
fn unwanted(runner: &mut Runner, example: &Example) {
    for fixed in example.fixed.iter().filter(|fixed| fixed.risky) {
        let what = "the unsafe fixes give the same result as the safe ones";
        runner.fail(fixed.fence.line, format_args!("{what}: the fence for `{}` is redundant", fixed.path));
    }
}

/// The remaining findings must be those without a fix of that level, or the rest of partly fixed ones with another
/// message.
fn check_fixed(
    runner: &mut Runner,
    example: &Example,
    level: FixLevel,
    (findings, remaining): (&[Finding], &[Finding]),
) {
    let allowed = |finding: &&Finding| finding.fixes.iter().any(|fix| level.allows(fix));
    let unfixable = findings.iter().filter(|finding| !allowed(finding)).count();
    let is_rest =
        |finding: &&Finding| findings.iter().all(|other| other.message != finding.message) && !finding.fixes.is_empty();
    let remaining = remaining.iter().filter(|finding| !is_rest(finding)).count();
    if remaining != unfixable {
        runner.fail(example.line, format_args!("{remaining} findings are left after the fixes, not {unfixable}"));
    }
}

/// Edits of a fix must be sorted by position and must not overlap.
fn sorted(runner: &mut Runner, example: &Example, finding: &Finding) {
    for fix in &finding.fixes {
        let places: Vec<_> = fix.edits.iter().map(|edit| (&edit.target, edit.span)).collect();
        let apart = places.windows(2).all(|pair| {
            let ((file, a), (other, b)) = (pair[0], pair[1]);
            file < other || (file == other && a.end <= b.start && a != b)
        });
        if !apart || places.is_empty() {
            runner.fail(example.line, format_args!("edits of `{}` are unsorted, overlapping or missing", fix.title));
        }
        if fix.title.is_empty() || fix.title.ends_with('.') {
            runner
                .fail(example.line, format_args!("a title must be an imperative without a full stop: `{}`", fix.title));
        }
    }
}

/// The fixed file must match the page.
fn expected(runner: &mut Runner, example: &Example, change: &Change, risky: bool) {
    let after = String::from_utf8_lossy(&change.after).into_owned();
    let is_expected = |fixed: &&FixedFile| fixed.risky == risky && fixed.path == change.name;
    let Some(fixed) = example.fixed.iter().find(is_expected) else {
        let word = if risky { "fixed unsafe" } else { "fixed" };
        let info = match change.name.as_str() {
            "Dockerfile" => format!("dockerfile {word}"),
            name if is_compose(name) || matches!(name.rsplit_once('.'), Some((_, "yml"))) => {
                format!("yaml path={name} {word}")
            }
            name => format!("text path={name} {word}"),
        };
        runner.fail(example.line, format_args!("a fence `{info}` is missing"));
        let fences = example.fixed.iter().map(|fixed| fixed.fence).chain(example.findings);
        if let Some(last) = fences.max_by_key(|fence| fence.at) {
            let at = last.at + last.body.len() + "```\n".len();
            runner.blesses.push(Bless { at, len: 0, text: format!("```{info}\n{after}```\n") });
        }
        return;
    };
    if fixed.fence.body != after {
        let line = fixed.fence.line;
        runner.fail(line, format_args!("after the fix expected\n{}got\n{after}", fixed.fence.body));
        let (at, len) = (fixed.fence.at, fixed.fence.body.len());
        runner.blesses.push(Bless { at, len, text: after });
    }
}

/// In a file with CR LF the same fixes must give the same text.
fn crlf(runner: &mut Runner, example: &Example, level: FixLevel, outcome: &FixOutcome) {
    let is_subject = |name: &str| inputs::is_dockerfile(name) || is_compose(name) || inputs::is_pipeline(name);
    for change in outcome.changes.iter().filter(|change| is_subject(&change.name)) {
        let Target::File(FileId(_)) = change.target else { continue };
        let sources = variants::sources(example, variants::crlf);
        let other = fix(&sources, level, |now: &[Source]| inputs::findings(runner.rule, now, &example.listing));
        let same = other.changes.iter().find(|other| other.target == change.target);
        let text = same.map(|same| String::from_utf8_lossy(&same.after).replace("\r\n", "\n"));
        if text.as_deref() != Some(&*String::from_utf8_lossy(&change.after)) {
            runner.fail(example.line, format_args!("with CR LF the fixed `{}` differs: {text:?}", change.name));
        }
    }
}

/// In a variant of the file the same fixes must give the same instructions, or leave those of the file.
fn rewritten(
    runner: &mut Runner,
    example: &Example,
    level: FixLevel,
    outcome: &FixOutcome,
    place: &str,
    rewrite: impl Fn(&str) -> String,
) {
    let sources = variants::sources(example, rewrite);
    let other = fix(&sources, level, |now: &[Source]| inputs::findings(runner.rule, now, &example.listing));
    let text = |change: &Change| String::from_utf8_lossy(&change.after).into_owned();
    for change in other.changes.iter().filter(|change| inputs::is_dockerfile(&change.name)) {
        let plain = outcome.changes.iter().find(|plain| plain.target == change.target).map(text).unwrap_or_default();
        let now = inputs::instructions(&text(change));
        if now != inputs::instructions(&plain) {
            let name = &change.name;
            runner.fail(example.line, format_args!("if {place}, the fixed `{name}` differs: {now:?}"));
        }
        edited::check(runner, example, change, &format!("if {place}, the fixes"));
    }
}
