//! See `rules/wget-progress.md`.

use std::collections::BTreeMap;

use super::Context;
use super::download::{Download, Tool};
use crate::build::{Reference, Run, StageBase};
use crate::finding::Findings;
use crate::shell::{Invocation, Manager, RedirectOperator, Verb};

super::rule!("wget-progress", check);

fn check(cx: &Context, out: &mut Findings) {
    let mut busybox: BTreeMap<usize, bool> = BTreeMap::new();
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let Some(download) = Download::of(&invocation).filter(|download| download.tool == Tool::Wget) else {
                continue;
            };
            if download.asks_only() || is_quiet(&download) || is_redirected(&invocation) {
                continue;
            }
            if *busybox.entry(run.stage.index).or_insert_with(|| is_busybox(&run)) {
                continue;
            }
            let finding = cx
                .finding(
                    run.place(invocation.path.span),
                    "wget's progress bar fills the build log with a line per 50 kB",
                )
                .help("use `wget -nv` (errors stay visible) or `wget -q`");
            let name = invocation.path.value().unwrap_or_default();
            out.push(match run.insertion_after(invocation.path.span, name, "-nv") {
                Some((at, text)) => finding.safe_edit("turn off the progress bar", at, text),
                None => finding,
            });
        }
    }
}

fn is_quiet(download: &Download) -> bool {
    let not_verbose =
        |flag: &crate::shell::Flag| &*flag.name == "-n" && flag.value.is_some_and(|v| v.text.starts_with('v'));
    download.says("quiet") || download.flags.iter().any(not_verbose)
}

fn is_redirected(invocation: &Invocation) -> bool {
    invocation.command.redirects.iter().any(|redirect| match redirect.operator {
        RedirectOperator::WriteBoth | RedirectOperator::AppendBoth => true,
        RedirectOperator::Write | RedirectOperator::Append => redirect.descriptor == Some(2),
        _ => false,
    })
}

/// The wget of busybox has no such progress bar in a log, and no `-nv`, unless GNU wget is installed.
fn is_busybox(run: &Run) -> bool {
    let alpine = match run.build.root_base(run.stage) {
        StageBase::Image(text) => {
            let reference = Reference::of(text);
            let tagged = reference.tag.is_some_and(|tag| tag.contains("alpine"));
            tagged || matches!(reference.short_name(), "alpine" | "busybox")
        }
        _ => false,
    };
    let installs = |invocation: &Invocation| {
        invocation.package_call().is_some_and(|call| {
            call.manager == Manager::Apk
                && call.verb == Verb::Install
                && call.packages.iter().any(|p| p.name.text == "wget")
        })
    };
    alpine && !run.build.runs(run.stage).any(|run| run.invocations().iter().any(installs))
}
