//! See `rules/variable-of-base.md`.

use super::Context;
use super::undefined_variable::is_slip;
use crate::build::UndefinedReason;
use crate::finding::Findings;

super::rule!("variable-of-base", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, _) in build.instructions(stage) {
            for found in build.undefined(stage, index).into_iter().filter(|found| found.why == UndefinedReason::Perhaps)
            {
                // What is close to a known name is a slip, and reported as one.
                let near = build.scopes().nearest(stage.index, &found.name, index);
                if near.is_some_and(|near| is_slip(&found.name, near)) {
                    continue;
                }
                let message = format!("nothing here sets `{}`: it is empty unless the base image does", found.name);
                out.push(cx.finding(found.span, message).help("set it in this file, or note that the base does"));
            }
        }
    }
}
