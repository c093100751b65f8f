//! See `rules/lost-arg.md`.

use std::collections::BTreeMap;

use super::{Context, line_edits};
use crate::build::UndefinedReason;
use crate::finding::Findings;
use crate::text::Span;

super::rule!("lost-arg", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    if build.is_fragment() {
        return;
    }
    let line_end = line_edits::line_end(cx.source());
    for stage in build.stages() {
        // One line fixes all uses of a name in a stage.
        let mut places: BTreeMap<String, u32> = BTreeMap::new();
        for (index, instruction) in build.instructions(stage) {
            for undefined_variable in build
                .undefined(stage, index)
                .into_iter()
                .filter(|undefined_variable| undefined_variable.why == UndefinedReason::NotInStage)
            {
                let at = *places
                    .entry(undefined_variable.name.clone())
                    .or_insert_with(|| line_edits::above(cx.source(), instruction));
                let (unless, why) = if undefined_variable.may_be_in_base {
                    let why =
                        "the variable was empty here, or had the value of the base image, and now has that of the ARG";
                    (" unless its base image sets it", why)
                } else {
                    ("", "the variable was empty here and now has its value")
                };
                let message = format!(
                    "`{}` is empty here{unless}, because this stage does not declare `ARG {0}`",
                    undefined_variable.name
                );
                let help = format!("add `ARG {}` to the stage, above this line", undefined_variable.name);
                let text = format!("ARG {}{line_end}", undefined_variable.name);
                let title = format!("declare `{}`", undefined_variable.name);
                out.push(cx.finding(undefined_variable.span, message).help(help).unsafe_edit(
                    title,
                    why,
                    Span::at(at),
                    text,
                ));
            }
        }
    }
}
