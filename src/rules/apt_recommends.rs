//! See `rules/apt-recommends.md`.

use super::mentions::{Mentions, configures_apt};
use std::cell::LazyCell;

use super::Context;
use super::prompts::sets;
use crate::build::{PackageSize, Run, StageBase};
use crate::finding::{Finding, Findings, Impact, ImpactKind};
use crate::shell::{Manager, PackageCall, Verb};
use crate::text::Span;

super::rule!("apt-recommends", check);

fn check(cx: &Context, out: &mut Findings) {
    let settings = LazyCell::new(|| {
        Mentions::of(cx.build(), |instruction, text| {
            let set = text.contains("apt::install-recommends") && text.contains("apt.conf");
            set || configures_apt(instruction, text)
        })
    });
    let mut installed: Vec<&str> = Vec::new();
    for run in cx.build().shipped_runs() {
        for invocation in run.invocations() {
            let Some(call) = invocation.package_call().filter(|call| call.manager == Manager::Apt) else { continue };
            let before = installed.len();
            installed.extend(call.packages.iter().map(|package| package.name.text));
            if !takes_recommended(&call) {
                continue;
            }
            let open = invocation.args.iter().any(|word| run.may_be_option(word));
            if open || settings.mentioned_until(&run) {
                continue;
            }
            let name = format!("{} {}", call.program, call.verb_text);
            let span = Span::new(call.span.start, call.verb_span.end);
            let option = if call.program == "aptitude" { "--without-recommends" } else { "--no-install-recommends" };
            let message = format!("`{name}` also installs recommended packages");
            let finding = cx.finding(run.place(span), message).help(format!("use `{name} {option}`"));
            let finding = priced(&run, &call, &installed[..before], finding);
            let why = "the build or the program may need a recommended package; install that one by name";
            out.push(match run.insertion_after(call.verb_span, &call.verb_text, option) {
                Some((at, text)) => finding.unsafe_edit("do not install recommended packages", why, at, text),
                None => finding,
            });
        }
    }
}

/// Adds the price: at least the size of the packages that are only recommended.
fn priced(run: &Run, call: &PackageCall, installed: &[&str], finding: Finding) -> Finding {
    let names: Vec<&str> = call.packages.iter().map(|package| package.name.text).collect();
    let size = match run.build.root_base(run.stage) {
        StageBase::Image(image) if !call.has_unknown_packages() => PackageSize::recommended(&names, installed, image),
        _ => None,
    };
    let Some((size, bytes)) = size else { return finding };
    let evidence = format!(
        "packages that only recommendations of `{}` install on Debian {}, looked up on {}",
        size.package, size.suite, size.date
    );
    finding.costs(Impact::typical(ImpactKind::DiskBytes, bytes, evidence))
}

fn takes_recommended(call: &PackageCall) -> bool {
    let without = ["--no-install-recommends", "--without-recommends", "-R"];
    call.verb == Verb::Install
        && call.verb_text == "install"
        && !call.says("simulates")
        && !call.has(&without)
        && !sets(call, &["-o", "--option"], "apt::install-recommends", &["false", "0", "no", "off"])
}
