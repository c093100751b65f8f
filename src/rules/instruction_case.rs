//! See `rules/instruction-case.md`.

use super::Context;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::Findings;

super::rule!("instruction-case", check);

fn check(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    // Instructions before the first FROM are not counted.
    let first = cx.build().stages().first().map_or(usize::MAX, |stage| stage.start);
    let is_known = |instruction: &&Instruction| instruction.keyword != Keyword::Unknown;
    let all: Vec<&Instruction> = file.instructions().iter().skip(first).filter(is_known).collect();
    let (mut small, mut capital) = (0, 0);
    for instruction in &all {
        let name = file.str(instruction.name);
        if name == name.to_lowercase() {
            small += 1;
        } else if name == name.to_uppercase() {
            capital += 1;
        }
    }
    for instruction in all {
        let name = file.str(instruction.name);
        let (right, most) = if small > capital {
            (name.to_lowercase(), "in lower case")
        } else {
            (name.to_uppercase(), "in upper case")
        };
        if name != right {
            let finding = cx
                .finding(instruction.name.span, format!("`{name}` differs from the rest of the file, which is {most}"));
            out.push(finding.safe_edit(format!("write `{right}`"), instruction.name.span, right));
        }
    }
}
