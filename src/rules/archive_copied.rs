//! See `rules/archive-copied.md`.

use super::{Context, written_paths};
use crate::build::toolchain;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Word};
use crate::text::path;

super::rule!("archive-copied", check);

/// The most archives that are checked; no real file has more.
const MOST: usize = 100;

/// Whether a command verifies a file by its checksum or signature.
fn verifies(invocation: &Invocation) -> bool {
    invocation.program.is_some_and(|program| Program::of(program).is(Kind::Verifies))
}

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut checked = 0;
    for stage in build.needed_stages() {
        let runs: Vec<_> = toolchain::runs(build, stage).collect();
        // ADD would unpack the archive without verification, which is worse.
        if runs.iter().any(|(_, _, all)| all.iter().any(verifies)) {
            continue;
        }
        for transfer in build.transfers(stage) {
            if transfer.instruction.keyword != Keyword::Copy || transfer.from.is_some() {
                continue;
            }
            for source in &transfer.sources {
                let text = source.text.as_deref().unwrap_or_default();
                let name = path::name(text);
                if text.ends_with('/')
                    || !written_paths::is_archive(name)
                    || name.strip_suffix(".zst").is_some()
                    || name.contains(['*', '?', '['])
                {
                    continue;
                }
                checked += 1;
                if checked > MOST {
                    return;
                }
                // COPY may give it another name.
                let target = transfer.destination.as_deref().and_then(|path| path.rsplit('/').next());
                let target = target.filter(|target| !matches!(*target, "" | "." | "..") && transfer.sources.len() == 1);
                let mut below = runs.iter().filter(|(index, ..)| *index > transfer.index);
                let unpacked = below.find_map(|(index, _, all)| {
                    let names = || target.into_iter().chain([name]);
                    let unpacks = |invocation: &Invocation| names().find(|name| unpacks(invocation, name));
                    all.iter().find_map(|invocation| Some((unpacks(invocation)?, *index, invocation.span)))
                });
                let Some((name, index, span)) = unpacked else { continue };
                let message =
                    format!("`{name}` is copied and then unpacked: ADD does both and leaves no archive in the layer");
                let finding = cx.finding(transfer.instruction.head, message);
                let finding =
                    finding.help("use ADD with the folder that `tar` unpacks to, and remove the `tar` command");
                let label = build.code(index).map(|code| code.place(&build.input().file, span));
                out.push(label.into_iter().fold(finding, |finding, span| finding.label(span, "unpacked here")));
            }
        }
    }
}

/// Whether a command is tar and unpacks a file with that name.
fn unpacks(invocation: &Invocation, name: &str) -> bool {
    if !invocation.is("tar") && !invocation.is("bsdtar") {
        return false;
    }
    let extracts = |word: &Word| {
        let text = word.text();
        let letters = text.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        matches!(text, "--extract" | "--get") || letters.is_some_and(|letters| letters.contains('x'))
    };
    let old = invocation.args.first().is_some_and(|word| !word.text().starts_with('-') && word.text().contains('x'));
    let names_archive = |word: &Word| word.text().rsplit(['/', '=']).next() == Some(name);
    (old || invocation.args.iter().any(extracts)) && invocation.args.iter().any(names_archive)
}
