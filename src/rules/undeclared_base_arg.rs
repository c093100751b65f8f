//! See `rules/undeclared-base-arg.md`.

use std::collections::BTreeSet;

use super::Context;
use crate::build::Lookup;
use crate::dockerfile::{Arguments, File, Instruction, InstructionWord};
use crate::finding::Findings;

super::rule!("undeclared-base-arg", check);

fn check(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    let scopes = cx.build().scopes();
    for stage in cx.build().stages() {
        for word in cx.build().from_of(stage).map(|from| words(file, from)).unwrap_or_default() {
            let mut reported = BTreeSet::new();
            for used in scopes.uses(file, word) {
                if scopes.lookup_global(&used.name) != Lookup::Undefined || !reported.insert(used.name.clone()) {
                    continue;
                }
                let near = scopes.nearest_global(&used.name);
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("add `ARG {}` before the first FROM", used.name),
                };
                let message = format!("no ARG before the first FROM declares `{}`", used.name);
                let mut finding = cx.finding(used.span, message).help(help);
                let text = file.source().slice(used.span);
                if let (Some(near), 1) = (near, text.matches(used.name.as_str()).count()) {
                    let why = "the name is a guess: the closest known one";
                    let text = text.replacen(used.name.as_str(), near, 1);
                    finding = finding.unsafe_edit(format!("use `{near}`"), why, used.span, text);
                }
                out.push(finding);
            }
        }
    }
}

/// The platform and the image.
fn words(file: &File, from: &Instruction) -> Vec<InstructionWord> {
    let flag = from.flags.iter().find(|flag| file.flag_name(flag) == "platform");
    let platform = flag.filter(|flag| flag.unquoted.is_none()).and_then(|flag| flag.value);
    let Arguments::Words(words) = &from.arguments else { return Vec::new() };
    words.first().copied().into_iter().chain(platform).collect()
}
