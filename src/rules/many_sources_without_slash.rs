//! See `rules/many-sources-without-slash.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("many-sources-without-slash", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, instruction) in build.effective_instructions(stage).filter(|(_, i)| i.keyword == Keyword::Copy) {
            let Some(parts) = build.input().file.transfer(instruction) else { continue };
            if parts.sources.len() + parts.heredocs.len() < 2 {
                continue;
            }
            let written = &parts.destination;
            // The value of a variable may end with a slash.
            let Some(folder) = build.expand(stage, index, &written.text) else { continue };
            if folder.ends_with('/') || folder == "." {
                continue;
            }
            let finding = cx.finding_at(
                index,
                written.span,
                format!("`{}` is a folder, but does not end with a slash", written.text),
            );
            let finding = finding.help("end the destination with `/`");
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
            let plain = !written.text.is_empty() && written.text.bytes().all(plain);
            out.push(if plain && cx.source().slice(written.span) == written.text {
                finding.safe_edit("add the slash", written.span, format!("{}/", written.text))
            } else {
                finding
            });
        }
    }
}
