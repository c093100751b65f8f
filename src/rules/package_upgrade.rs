//! See `rules/package-upgrade.md`.

use super::Context;
use crate::build::{Reference, Run, StageBase};
use crate::data;
use crate::finding::Findings;
use crate::shell::{Manager, PackageCall, Verb};
use crate::text::Span;

super::rule!("package-upgrade", check);

fn check(cx: &Context, out: &mut Findings) {
    // A stage based on an upgraded stage has little left to upgrade.
    let mut upgraded = false;
    for run in cx.build().shipped_runs() {
        if upgraded || is_explained(&run) {
            continue;
        }
        // With a base pinned by digest, this is how patches are applied.
        let pinned = |base: &StageBase| matches!(base, StageBase::Image(text) if Reference::of(text).digest.is_some());
        if pinned(cx.build().root_base(run.stage)) {
            continue;
        }
        for invocation in run.invocations() {
            let Some(call) = invocation.package_call().filter(upgrades_all) else { continue };
            let span = Span::new(call.span.start, call.verb_span.end);
            let name = format!("{} {}", call.program, call.verb_text);
            let message = format!(
                "`{name}` stores every upgraded package a second time, and its result depends on the day of the build"
            );
            out.push(cx.finding(run.place(span), message).help("use a newer base image (`docker build --pull`)"));
            upgraded = true;
        }
    }
}

/// Whether a comment right above says that the upgrade is for its patches.
fn is_explained(run: &Run) -> bool {
    let comments = run.instruction.comments.iter().map(|comment| run.file().logical(*comment).to_ascii_lowercase());
    comments.into_iter().any(|comment| {
        comment.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| data::NAME_WORDS.has(word, "security-patch"))
    })
}

fn upgrades_all(call: &PackageCall) -> bool {
    // `zypper dup` has its own rule.
    let is_meant = match call.manager {
        Manager::Zypper => matches!(&*call.verb_text, "update" | "up"),
        Manager::Pacman => false,
        manager => manager.is_system(),
    };
    is_meant
        && call.verb == Verb::Upgrade
        && call.packages.is_empty()
        && !["part", "simulates", "downloads"].iter().any(|meaning| call.says(meaning))
}
