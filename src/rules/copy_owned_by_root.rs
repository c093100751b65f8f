//! See `rules/copy-owned-by-root.md`.

use super::Context;
use crate::build::{BaseImage, Setting, StageBase, User};
use crate::finding::Findings;
use crate::text::Span;

super::rule!("copy-owned-by-root", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    for stage in cx.shipped() {
        // Windows does not support `--chown`.
        if matches!(build.root_base(stage), StageBase::Image(reference) if BaseImage::of(reference).is_windows()) {
            continue;
        }
        for transfer in build.transfers(stage) {
            let Setting::By(by, User::Other(user)) = build.user_at(stage, transfer.index) else { continue };
            let owned = file.transfer(transfer.instruction).is_none_or(|copy| copy.chown.is_some());
            if owned {
                continue;
            }
            let message = format!("these files are owned by root, although USER is `{user}`");
            let finding = cx.finding(transfer.instruction.head, message);
            let finding = finding.label(build.instruction(by).head, "USER does not affect COPY and ADD");
            let written = file.operand(build.instruction(by)).map(|operand| operand.text.into_owned()).unwrap_or(user);
            let why = "the program can then change its own files";
            let at = Span::at(transfer.instruction.name.span.end);
            let finding = finding
                .help("add `--chown` if the program must change them; otherwise ignore this, or copy before USER");
            out.push(if written.contains([' ', '"', '\'']) {
                finding
            } else {
                finding.unsafe_edit("make the user the owner", why, at, format!(" --chown={written}"))
            });
        }
    }
}
