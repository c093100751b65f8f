//! See `rules/apt-recommends.md`.

use std::cell::LazyCell;

use super::Context;
use super::prompts::sets;
use super::runs;
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};
use crate::text::Span;

super::rule!("apt-recommends", check);

fn check(cx: &Context, out: &mut Findings) {
    let settings = LazyCell::new(|| {
        runs::Mentions::of(cx.build(), |instruction, text| {
            let set = text.contains("apt::install-recommends") && text.contains("apt.conf");
            set || runs::configures_apt(instruction, text)
        })
    });
    for run in runs::shipped(cx) {
        for one in run.invocations() {
            let Some(call) = one.package_call().filter(takes_recommended) else { continue };
            let open = one.args.iter().any(|word| run.may_be_option(word));
            if open || settings.reach(&run) {
                continue;
            }
            let name = format!("{} {}", call.program, call.verb_text);
            let span = Span::new(call.span.start, call.verb_span.end);
            let option = if call.program == "aptitude" { "--without-recommends" } else { "--no-install-recommends" };
            let message = format!("`{name}` also installs what the packages only recommend");
            let finding = cx.finding(run.place(span), message).help(format!("`{name} {option}`"));
            let why = "what the build or the program uses may have come as a recommended package; name it then";
            out.push(match run.behind(call.verb_span, &call.verb_text, option) {
                Some((at, text)) => finding.unsafe_edit("leave recommended packages out", why, at, text),
                None => finding,
            });
        }
    }
}

fn takes_recommended(call: &PackageCall) -> bool {
    let without = ["--no-install-recommends", "--without-recommends", "-R"];
    call.manager == Manager::Apt
        && call.verb == Verb::Install
        && call.verb_text == "install"
        && !call.says("simulates")
        && !call.has(&without)
        && !sets(call, &["-o", "--option"], "apt::install-recommends", &["false", "0", "no", "off"])
}
