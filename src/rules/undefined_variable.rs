//! See `rules/undefined-variable.md`.

use super::Context;
use crate::build::{Undefined, Why};
use crate::dockerfile::{Keyword, Variable};
use crate::finding::Findings;

super::rule!("undefined-variable", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, instruction) in build.instructions(stage) {
            for found in build.undefined(stage, index) {
                let near = build.scopes().nearest(stage.index, &found.name, index).filter(|near| *near != found.name);
                // What the base image may set is a slip only where a known name is close.
                if found.why == Why::NotInStage
                    || (found.why == Why::Perhaps && !near.is_some_and(|near| is_slip(&found.name, near)))
                {
                    continue;
                }
                // That is `env-self-reference`.
                if instruction.keyword == Keyword::Env && is_set_beside(cx, index, &found) {
                    continue;
                }
                let message = if found.guarded {
                    format!("nothing sets `{}`: what stands behind it always counts", found.name)
                } else {
                    format!("nothing sets `{}`: it is empty here", found.name)
                };
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "set it with ARG or ENV above".to_owned(),
                };
                let mut finding = cx.finding(found.span, message).help(help);
                let text = cx.source().slice(found.span);
                if let (Some(near), 1) = (near, text.matches(found.name.as_str()).count()) {
                    let why = "the name is a guess: it is the closest one";
                    let text = text.replacen(found.name.as_str(), near, 1);
                    finding = finding.unsafe_edit(format!("use `{near}`"), why, found.span, text);
                }
                out.push(finding);
            }
        }
    }
}

/// Whether a name is so close to a known one that it hardly is a name of its own: `HOME` and `ROLE` are two.
pub(super) fn is_slip(name: &str, near: &str) -> bool {
    let distance = strsim::osa_distance(name, near);
    distance <= if name.len() >= 8 { 2 } else { 1 }
}

/// Whether another pair of the same ENV sets the variable.
fn is_set_beside(cx: &Context, index: usize, found: &Undefined) -> bool {
    let file = &cx.build().input().file;
    let pairs = file.variables(&file.instructions()[index]);
    let own = |pair: &&Variable| pair.span.start <= found.span.start && found.span.end <= pair.span.end;
    let own = pairs.iter().find(own).map(|pair| &pair.name.text);
    own.is_some_and(|own| *own != found.name) && pairs.iter().any(|pair| pair.name.text == found.name)
}
