//! See `rules/undefined-variable.md`.

use super::Context;
use crate::build::Why;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("undefined-variable", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, instruction) in build.instructions(stage) {
            for found in build.undefined(stage, index) {
                let near = build.scopes().nearest(stage.index, &found.name, index);
                // What the base image may set is a slip only where a known name is close.
                if found.why == Why::NotInStage || (found.why == Why::Perhaps && near.is_none()) {
                    continue;
                }
                let message = format!("nothing sets `{}`: it is empty here", found.name);
                let same = instruction.keyword == Keyword::Env && sets(cx, index, &found.name);
                let help = match near {
                    _ if same => "an ENV sees only what earlier instructions set: split it".to_owned(),
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "set it with ARG or ENV above".to_owned(),
                };
                let mut finding = cx.finding(found.span, message).help(help);
                let text = cx.source().slice(found.span);
                if let (Some(near), 1, false) = (near, text.matches(found.name.as_str()).count(), same) {
                    let why = "the name is a guess: it is the closest one";
                    let text = text.replacen(found.name.as_str(), near, 1);
                    finding = finding.unsafe_edit(format!("use `{near}`"), why, found.span, text);
                }
                out.push(finding);
            }
        }
    }
}

/// Whether the instruction itself sets the variable.
fn sets(cx: &Context, index: usize, name: &str) -> bool {
    let file = &cx.build().input().file;
    file.variables(&file.instructions()[index]).iter().any(|pair| pair.name.text == name)
}
