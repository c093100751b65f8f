//! See `rules/stage-name-case.md`.

use super::Context;
use crate::dockerfile::Arguments;
use crate::finding::{FileEdit, Findings, Fix, Safety, Target};
use crate::text::Span;

super::rule!("stage-name-case", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        let Some(Arguments::Words(words)) = build.from_of(stage).map(|from| &from.arguments) else { continue };
        let [_, _, name] = words.as_slice() else { continue };
        let written = build.input().file.str(*name);
        let lower = written.to_lowercase();
        if written == lower {
            continue;
        }
        let mut finding =
            cx.finding(name.span, format!("`{written}` has upper-case letters, but `FROM` finds only `{lower}`"));
        finding = finding.help("write the name in lower case, here and where it is used");
        let mut places: Vec<Span> = vec![name.span];
        places.extend(build.edges_to(stage).map(|edge| edge.span));
        places.sort_unstable();
        let wrong = |span: &Span| {
            let text = cx.source().slice(*span);
            text != lower && text.to_lowercase() == lower
        };
        places.retain(wrong);
        let target = Target::File(cx.file());
        let edit = |span: Span| FileEdit { target: target.clone(), span, text: lower.clone() };
        let edits: Vec<FileEdit> = places.into_iter().map(edit).collect();
        if !edits.is_empty() {
            finding.fixes.push(Fix { title: format!("rename it to `{lower}`"), safety: Safety::Safe, edits });
        }
        out.push(finding);
    }
}
