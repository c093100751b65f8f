//! See `rules/apt-prompt.md`.

use super::Context;
use super::question::{self, Question, count, sets};
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};

super::rule!("apt-prompt", check);

fn check(cx: &Context, out: &mut Findings) {
    question::check(cx, out, &Question { asks, answered, setting: "apt::get::assume-yes" });
}

fn asks(call: &PackageCall) -> bool {
    call.manager == Manager::Apt && matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Remove)
}

fn answered(call: &PackageCall) -> bool {
    let asks_nothing = [
        "-y",
        "--yes",
        "--assume-yes",
        "--assume-no",
        "--force-yes",
        "-s",
        "--simulate",
        "--just-print",
        "--dry-run",
        "--recon",
        "--no-act",
        "--print-uris",
        "--help",
        "-h",
    ];
    let quiet = ["-q", "--quiet"];
    let level = |flag: &crate::shell::Flag| {
        quiet.contains(&&*flag.name)
            && flag.value.is_some_and(|value| value.text.parse().is_ok_and(|level: u8| level > 1))
    };
    call.has(&asks_nothing)
        || count(call, &quiet) > 1
        || call.flags.iter().any(level)
        || sets(call, &["-o", "--option"], "apt::get::assume-yes", &["true", "1", "yes", "on"])
}
