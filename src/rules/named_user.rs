//! See `rules/named-user.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("named-user", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    for stage in build.stages() {
        for (index, instruction) in build.instructions(stage).filter(|(_, i)| i.keyword == Keyword::User) {
            let Some(operand) = file.operand(instruction) else { continue };
            // What only the build knows may be a number.
            let Some(user) = build.expand(stage, index, &operand.text) else { continue };
            let user = user.split(':').next().unwrap_or_default();
            let number = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_digit());
            if number {
                continue;
            }
            let message = format!("`{}` is a name: outside of the image nobody knows its number", operand.text);
            let finding = cx.finding(operand.span, message).help("use the number of the user: `USER 10001`");
            out.push(finding);
        }
    }
}
