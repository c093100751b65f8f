//! See `rules/named-user.md`.

use super::Context;
use crate::dockerfile::{File, Keyword};
use crate::finding::Findings;

super::rule!("named-user", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    let args: Vec<(usize, String)> = args(file);
    for stage in build.stages() {
        for (index, instruction) in build.instructions(stage).filter(|(_, i)| i.keyword == Keyword::User) {
            let Some(operand) = file.operand(instruction) else { continue };
            // The value of a variable may be a number.
            let Some(user) = build.expand(stage, index, &operand.text) else { continue };
            let user = user.split(':').next().unwrap_or_default();
            let number = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_digit());
            if number {
                continue;
            }
            let message = format!("USER `{}` is a name; Kubernetes and bind mounts need its numeric UID", operand.text);
            let finding = cx.finding(operand.span, message).help("use the numeric UID: `USER 10001`");
            // The other linter does not report an ARG, whatever its default.
            let has_build_arg = |name: &str| {
                operand.text.contains(&format!("${name}")) || operand.text.contains(&format!("${{{name}}}"))
            };
            let has_build_arg = args.iter().any(|(at, name)| *at < index && has_build_arg(name));
            out.push(if has_build_arg { finding.without("DL3066") } else { finding });
        }
    }
}

/// The ARGs of the file with their instructions.
fn args(file: &File) -> Vec<(usize, String)> {
    let mut args = Vec::new();
    for (index, instruction) in file.instructions().iter().enumerate() {
        args.extend(file.args(instruction).into_iter().map(|arg| (index, arg.name.text.into_owned())));
    }
    args
}
