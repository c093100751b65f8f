//! See `rules/download-without-retry.md`.

use super::Context;
use super::download::{Download, Tool};
use crate::finding::Findings;

super::rule!("download-without-retry", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let Some(download) = Download::of(&invocation).filter(|download| download.tool == Tool::Curl) else {
                continue;
            };
            let careful = ["--retry", "-K", "--config"];
            let fetches = download.addresses().next().is_some() && !download.asks_only() && !download.is_local();
            if !fetches || download.has(&careful) || invocation.args.iter().any(|word| run.may_be_option(word)) {
                continue;
            }
            let finding = cx
                .finding(
                    run.place(invocation.path.span),
                    "a single network error fails the build: curl does not retry by default",
                )
                .help("add `--retry 5`");
            let name = invocation.path.value().unwrap_or_default();
            let exec = run.code.is_exec() && invocation.via.is_empty();
            out.push(match run.insertion_after(invocation.path.span, name, "--retry 5") {
                Some((at, text)) if !exec => finding.safe_edit("retry after a failure", at, text),
                _ => finding,
            });
        }
    }
}
