//! Tests of the runner's checks for edits, with toy rules whose edits are wrong.

use super::run;
use super::toy::{PAGE, rule};
use crate::finding::Findings;
use crate::rules::Context;
use crate::text::Span;

/// Runs the toy page with a rule that replaces its `sudo ` by another text.
#[track_caller]
fn check(changes: &str, check: fn(&Context, &mut Findings), expected: &str) {
    let page = PAGE.replace("changes: [run]", &format!("changes: [{changes}]"));
    let outcome = run(rule(page, check));
    assert!(outcome.failures.iter().any(|failure| failure.contains(expected)), "{:#?}", outcome.failures);
}

fn replace(cx: &Context, out: &mut Findings, old: &str, new: &str) {
    if let Some(at) = cx.source().text().find(old) {
        let span = Span::new(at as u32, (at + old.len()) as u32);
        out.push(cx.finding(span, "`sudo` é").safe_edit("call it directly", span, new));
    }
}

#[test]
fn edits_that_do_more_than_the_page_announces_fail() {
    check("run", |cx, out| replace(cx, out, "RUN sudo apt", "USER root\nRUN apt"), "line 3 by `+user`: add it");
    check("run", |cx, out| replace(cx, out, "RUN sudo apt-get update\n", ""), "line 3 by `-run`");
    check("+user", |cx, out| replace(cx, out, "sudo apt", "apt"), "line 3 by `run` (arguments)");
    check("run", |cx, out| replace(cx, out, "debian:12\n# why", "debian:13\n# why"), "line 1 by `from` (arguments)");
    check("run, +user", |cx, out| replace(cx, out, "# why\nRUN sudo", "# why\nUSER a\nRUN"), "`comment` (moved)");
    check("run, +cmd", |cx, out| replace(cx, out, "sudo apt", "apt"), "lists `+cmd`, but no example's fix");
}

#[test]
fn edits_that_break_the_file_fail() {
    check("run", |cx, out| replace(cx, out, "RUN sudo apt-get update", "RUN --x=1 a"), "BuildKit rejects the result");
    check("run", |cx, out| replace(cx, out, "# why\nRUN sudo apt", "RUN apt"), "the comment `# why` is lost");
    check("run", |cx, out| replace(cx, out, "sudo", "asudo"), "does not reduce the number of findings");
}
