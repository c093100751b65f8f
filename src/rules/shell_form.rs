//! See `rules/shell-form.md`.

use super::Context;
use super::shell_form_command::is_harmful;
use crate::build::Setting;
use crate::dockerfile::{Arguments, Keyword};
use crate::finding::Findings;

super::rule!("shell-form", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, instruction) in build.instructions(stage) {
            let starts = matches!(instruction.keyword, Keyword::Cmd | Keyword::Entrypoint);
            if !starts || matches!(instruction.arguments, Arguments::Json(_)) || is_harmful(build, index) {
                continue;
            }
            if matches!(build.shell(stage, index), Setting::By(..)) {
                continue;
            }
            let name = instruction.keyword.as_str();
            let finding = cx.finding(instruction.head, format!("this {name} is in shell form"));
            out.push(finding.help("use the exec form, `[\"program\", \"argument\"]`"));
        }
    }
}
