//! See `rules/apk-virtual-missing.md`.

use super::Context;
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};
use crate::text::Span;

super::rule!("apk-virtual-missing", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        let invocations = run.invocations();
        let calls: Vec<PackageCall> = invocations
            .iter()
            .filter_map(crate::shell::package_call)
            .filter(|call| call.manager == Manager::Apk)
            .collect();
        for (at, call) in calls.iter().enumerate() {
            if call.verb != Verb::Install || call.has(&["-t", "--virtual"]) {
                continue;
            }
            let added = |name: &str| call.packages.iter().any(|package| package.name.text == name);
            let removed = calls[at..].iter().filter(|later| later.verb == Verb::Remove);
            let count = removed.flat_map(|later| &later.packages).filter(|package| added(package.name.text)).count();
            if count < 2 {
                continue;
            }
            let span = Span::new(call.span.start, call.verb_span.end);
            let message = format!("{count} of these packages are removed by name later");
            out.push(
                cx.finding(run.place(span), message).help("use `apk add --virtual .build …` and `apk del .build`"),
            );
        }
    }
}
