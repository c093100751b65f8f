//! Tests of the runner itself with a toy rule: pages that pass, and pages that must fail.

use super::run;
use crate::finding::{FileEdit, Finding, Findings, Fix, Safety, Severity, Target};
use crate::rules::{BuildCheck, Check, Context, Rule};
use crate::text::Span;

pub(super) const PAGE: &str = "---
summary: sudo is called in a RUN
severity: warning
category: security
kind: risk
groups: []
confidence: high
basis: computed
subject: dockerfile
needs: []
wants: []
fix: sometimes
changes: [run]
status: preview
since: 0.1.0
aliases: [DL3004]
---
# sudo-in-run
The user of a RUN is known.
## Bad
```dockerfile
FROM debian:12
# why
RUN sudo apt-get update
RUN sudo -u app make
```
```findings
3:5-3:9 `sudo` é
4:5-4:9 `sudo` é
```
```dockerfile fixed
FROM debian:12
# why
RUN apt-get update
RUN sudo -u app make
```
## Good
```dockerfile
FROM debian:12
RUN apt-get update
```
## When not
```sh
sudo make
```
";

fn sudo(cx: &Context, out: &mut Findings) {
    for (at, word) in cx.source().text().match_indices("sudo ") {
        let at = at as u32;
        let mut finding = cx.finding(Span::new(at, at + 4), "`sudo` é");
        if !cx.source().text()[at as usize..].starts_with("sudo -") {
            let span = Span::new(at, at + word.len() as u32);
            let edits = vec![FileEdit { target: Target::File(cx.file()), span, text: String::new() }];
            finding.fixes.push(Fix { title: "call it directly".into(), safety: Safety::Safe, edits });
        }
        out.push(finding);
    }
}

pub(super) fn rule(page: String, check: BuildCheck) -> &'static Rule {
    Box::leak(Box::new(Rule::new("sudo-in-run", page.leak(), Check::Build(check))))
}

#[test]
fn a_true_page_holds() {
    super::check(rule(PAGE.into(), sudo));
}

/// Changes the page and checks part of the failure; blessing restores the correct page if it can.
#[track_caller]
fn check(old: &str, new: &str, expected: &str, is_blessed: bool) {
    let page = PAGE.replacen(old, new, 1);
    assert_ne!(page, PAGE);
    let outcome = run(rule(page, sudo));
    assert!(outcome.failures.iter().any(|failure| failure.contains(expected)), "{:#?}", outcome.failures);
    assert_eq!(outcome.blessed == PAGE, is_blessed, "{}", outcome.blessed);
}

#[test]
fn a_page_that_lies_fails_and_can_be_blessed() {
    check("3:5-3:9", "3:5-3:8", "sudo-in-run.md:27: expected", true);
    check("4:5-4:9 `sudo` é\n", "", "got\n3:5-3:9", true);
    check("# why\nRUN apt", "RUN apt", "after the fix expected", true);
    check(
        "```dockerfile fixed\nFROM debian:12\n# why\nRUN apt-get update\nRUN sudo -u app make\n```\n",
        "",
        "missing",
        true,
    );
    check("RUN apt-get update\n```\n## When", "RUN sudo -u a b\n```\n## When", "expected no findings", false);
    check("fix: sometimes", "fix: always", "1 findings have a fix and 1 have none", false);
    check("basis: computed", "basis: guessed", "`basis: guessed` is not one of", false);
    check("# sudo-in-run", "# sudo", "title", false);
    check("## Good", "## Fine", "no example under *Good*", false);
    check("dockerfile fixed", "text path=x fixed", "no fix changes `x`", false);
}

#[track_caller]
fn check_rule(check: fn(&Context, &mut Findings), expected: &str) {
    let outcome = run(rule(PAGE.into(), check));
    assert!(outcome.failures.iter().any(|failure| failure.contains(expected)), "{:#?}", outcome.failures);
}

fn edit(cx: &Context, out: &mut Findings, edits: &[(u32, u32, &str)]) {
    let mut finding = cx.finding(Span::new(0, 4), "m");
    let file = Target::File(cx.file());
    let edits = edits.iter().map(|(start, end, text)| FileEdit {
        target: file.clone(),
        span: Span::new(*start, *end),
        text: (*text).into(),
    });
    finding.fixes.push(Fix { title: "t".into(), safety: Safety::Safe, edits: edits.collect() });
    out.push(finding);
}

#[test]
fn a_rule_that_misbehaves_fails() {
    check_rule(|cx, out| out.push(cx.finding(Span::new(0, 999), "m")), "is outside");
    check_rule(|cx, out| out.push(cx.finding(Span::new(0, 1), "Stop.")), "without a full stop");
    check_rule(|cx, out| edit(cx, out, &[(0, 0, "x")]), "do not converge");
    check_rule(|cx, out| edit(cx, out, &[(4, 6, "x"), (0, 2, "y")]), "unsorted, overlapping");
    check_rule(
        |cx, out| {
            if let Some(at) = cx.source().text().find("# why\n") {
                edit(cx, out, &[(at as u32, at as u32 + 6, "")]);
            }
        },
        "the comment `# why` is lost",
    );
    check_rule(
        |cx, out| out.push(Finding { severity: Severity::Error, ..cx.finding(Span::new(0, 1), "m") }),
        "severity is above the page's",
    );
    check_rule(
        |cx, out| {
            if cx.source().text().contains('\r') {
                out.push(cx.finding(Span::new(0, 4), "m"));
            }
        },
        "with CR LF expected",
    );
    check_rule(
        |cx, out| {
            if !cx.source().text().ends_with('\n') {
                out.push(cx.finding(Span::new(0, 4), "m"));
            }
        },
        "with no final newline",
    );
}
