//! See `rules/remote-source-in-run.md`.

use super::Context;
use crate::build::toolchain;
use crate::finding::Findings;
use crate::shell::{Invocation, Word};

super::rule!("remote-source-in-run", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        for (index, _, invocations) in toolchain::runs(build, stage) {
            let Some(code) = build.code(index) else { continue };
            for (at, invocation) in invocations.iter().enumerate() {
                let next = invocations.get(at + 1);
                let (message, help) = if clones(invocation) {
                    (
                        "`git clone` stays cached even if the repository changes; ADD checks for changes",
                        "use `ADD https://….git#ref folder`",
                    )
                } else if next.is_some_and(|next| unpacks(invocation, next)) {
                    (
                        "this download stays cached even if the archive changes; ADD checks for changes and can unpack it",
                        "use `ADD --unpack https://… folder`, with `--checksum`",
                    )
                } else {
                    continue;
                };
                let span = code.place(&build.input().file, invocation.span);
                out.push(cx.finding(span, message).help(help));
            }
        }
    }
}

fn literal_url(invocation: &Invocation) -> bool {
    invocation
        .args
        .iter()
        .filter_map(Word::value)
        .any(|text| text.starts_with("https://") || text.starts_with("http://"))
}

/// A clone of a public repository without submodules.
fn clones(invocation: &Invocation) -> bool {
    let first = invocation.args.first().is_some_and(|word| word.is("clone"));
    let submodules = invocation.args.iter().any(|word| word.text().starts_with("--recurs"));
    invocation.is("git") && first && !submodules && literal_url(invocation)
}

/// `curl URL | tar -x`.
fn unpacks(invocation: &Invocation, next: &Invocation) -> bool {
    let fetches = (invocation.is("curl") || invocation.is("wget")) && literal_url(invocation);
    let header =
        invocation.args.iter().any(|word| matches!(word.text(), "-H" | "--header" | "-u" | "--user" | "--cert"));
    let piped = invocation.command.place.pipe_len == 2
        && invocation.command.place.pipe_index == 0
        && next.command.place.pipe_index == 1;
    let extracts = next.args.iter().take(1).any(|word| word.text().contains('x') || word.is("--extract"));
    let strips = next.args.iter().any(|word| word.text().starts_with("--strip"));
    fetches && !header && piped && next.is("tar") && extracts && !strips
}
