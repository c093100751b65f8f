//! See `rules/zypper-dist-upgrade.md`.

use super::Context;
use crate::finding::Findings;
use crate::shell::Manager;
use crate::text::Span;

super::rule!("zypper-dist-upgrade", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for call in run.invocations().iter().filter_map(|invocation| invocation.call_of(&[Manager::Zypper])) {
            if !matches!(&*call.verb_text, "dist-upgrade" | "dup") {
                continue;
            }
            let span = Span::new(call.span.start, call.verb_span.end);
            let message = "this changes the whole base system to the current state of the repositories";
            out.push(cx.finding(run.place(span), message).help("use a newer base image"));
        }
    }
}
