//! See `rules/variable-of-base.md`.

use super::Context;
use super::undefined_variable::{is_slip, near};
use crate::build::UndefinedReason;
use crate::finding::Findings;

super::rule!("variable-of-base", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut compared = 0;
    for stage in build.stages() {
        for (index, _) in build.instructions(stage) {
            for undefined_variable in build
                .undefined(stage, index)
                .into_iter()
                .filter(|undefined_variable| undefined_variable.why == UndefinedReason::Perhaps)
            {
                // A name close to a known one is a typo, and reported as such.
                let near = near(build, (stage, index), &undefined_variable.name, &mut compared);
                if near.is_some_and(|near| is_slip(&undefined_variable.name, near)) {
                    continue;
                }
                let message = format!(
                    "this file does not set `{}`: it is empty unless the base image sets it",
                    undefined_variable.name
                );
                out.push(
                    cx.finding(undefined_variable.span, message)
                        .help("set it in this file, or add a comment that the base image sets it"),
                );
            }
        }
    }
}
