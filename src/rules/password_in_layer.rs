//! See `rules/password-in-layer.md`.

use super::Context;
use crate::finding::Findings;
use crate::shell::Invocation;
use crate::text::Span;

super::rule!("password-in-layer", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        // A password passed as a secret is deliberate.
        let secret = run.file().mounts(run.instruction).iter().any(|mount| mount.kind() == "secret");
        if secret {
            continue;
        }
        for invocation in &run.invocations() {
            let Some(span) = sets_password(invocation) else { continue };
            let (message, help) = if is_empty(run.file().source().slice(run.place(span))) {
                ("the account has an empty password", "leave `-p` out: the account is then locked")
            } else {
                (
                    "the password (or its hash) is stored in the image and is the same in every container",
                    "give the account no password, or set it when the container starts",
                )
            };
            out.push(cx.finding(run.place(span), message).help(help));
        }
    }
}

/// Whether an option ends with an empty string.
fn is_empty(option: &str) -> bool {
    option.ends_with("''") || option.ends_with("\"\"")
}

fn sets_password(invocation: &Invocation) -> Option<Span> {
    let has = |names: &[&str]| invocation.args.iter().any(|word| names.contains(&word.text()));
    match invocation.program? {
        "chpasswd" if !has(&["--help", "-h"]) => Some(invocation.span),
        "passwd" if invocation.command.place.pipe_index > 0 || has(&["--stdin", "-d", "--delete"]) => {
            Some(invocation.span)
        }
        "passwd" if !invocation.command.redirects.is_empty() && !has(&["-l", "--lock", "-S", "-u"]) => {
            let reads = invocation.command.redirects.iter().any(|redirect| redirect.body.is_some());
            reads.then_some(invocation.span)
        }
        "useradd" | "usermod" => {
            let (flags, _) = invocation.arguments();
            let flag = flags.into_iter().find(|flag| matches!(&*flag.name, "-p" | "--password"))?;
            let value = flag.value?;
            // These values are not hashes: they lock the account.
            let locked = matches!(value.text, "*" | "!" | "!!" | "x" | "!*");
            (!locked).then_some(flag.span)
        }
        _ => None,
    }
}
