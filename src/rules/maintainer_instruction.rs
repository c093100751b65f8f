//! See `rules/maintainer-instruction.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("maintainer-instruction", check);

fn check(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for instruction in file.instructions().iter().filter(|instruction| instruction.keyword == Keyword::Maintainer) {
        let finding =
            cx.finding(instruction.head, "MAINTAINER is deprecated; use the label `org.opencontainers.image.authors`");
        let finding = finding.help("write `LABEL org.opencontainers.image.authors=\"…\"`");
        let Some(operand) = file.operand(instruction) else {
            out.push(finding.without("DL4000"));
            continue;
        };
        let name = operand.text.trim_matches('"');
        // A label is not allowed before the first FROM either.
        let inside = cx.build().stages().first().is_some_and(|first| instruction.span.start >= first.base_span.start);
        let plain = !name.contains(['"', '\\', '$', '`', '\n']) && !name.is_empty();
        out.push(if inside && plain && file.source().slice(operand.span) == operand.text {
            let text = format!("LABEL org.opencontainers.image.authors=\"{name}\"");
            finding.safe_edit("replace MAINTAINER with a label", instruction.head, text)
        } else {
            finding
        });
    }
}
