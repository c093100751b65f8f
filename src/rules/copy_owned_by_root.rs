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
        // Windows knows no `--chown`.
        if matches!(build.root_base(stage), StageBase::Image(reference) if BaseImage::of(reference).is_windows()) {
            continue;
        }
        for transfer in build.transfers(stage) {
            let Setting::By(by, User::Other(user)) = build.user_at(stage, transfer.index) else { continue };
            let owned = file.transfer(transfer.instruction).is_none_or(|copy| copy.chown.is_some());
            if owned {
                continue;
            }
            let message = format!("behind USER `{user}` the files are root's all the same");
            let finding = cx.finding(transfer.instruction.head, message);
            let finding = finding.label(build.instruction(by).head, "USER has no say in COPY");
            let written = file.operand(build.instruction(by)).map(|operand| operand.text.into_owned()).unwrap_or(user);
            let why = "the program may change its own files then";
            let at = Span::at(transfer.instruction.name.span.end);
            let finding =
                finding.help("`--chown`, if the program has to change them; else leave it, or copy above USER");
            out.push(if written.contains([' ', '"', '\'']) {
                finding
            } else {
                finding.unsafe_edit("give them to the user", why, at, format!(" --chown={written}"))
            });
        }
    }
}
