//! See `rules/wget-and-curl.md`.

use super::Context;
use crate::finding::Findings;
use crate::shell::{Invocation, SeparatorKind};

super::rule!("wget-and-curl", check);

fn check(cx: &Context, out: &mut Findings) {
    for stage in cx.build().stages() {
        let (mut curl, mut wget) = (false, false);
        for run in cx.build().runs(stage) {
            let invocations = run.invocations();
            let calls: Vec<&Invocation> = invocations
                .iter()
                .filter(|invocation| (invocation.is("curl") || invocation.is("wget")) && !is_fallback(invocation))
                .collect();
            curl |= calls.iter().any(|call| call.is("curl"));
            wget |= calls.iter().any(|call| call.is("wget"));
            let Some(last) = calls.last() else { continue };
            if !(curl && wget) {
                continue;
            }
            let other = if last.is("curl") { "wget" } else { "curl" };
            let message = format!("this stage also downloads with {other}: one of the two programs is enough");
            out.push(
                cx.finding(run.place(last.path.span), message).help("use one program for all downloads of a stage"),
            );
        }
    }
}

/// `curl … || wget …`: uses the one that is installed.
fn is_fallback(invocation: &Invocation) -> bool {
    let or = |separator: Option<crate::shell::Separator>| {
        separator.is_some_and(|separator| separator.kind == SeparatorKind::Or)
    };
    or(invocation.command.place.before) || or(invocation.command.place.after)
}
