//! See `rules/empty-continuation.md`.

use std::collections::BTreeMap;

use super::Context;
use crate::dockerfile::LineKind;
use crate::finding::{FileEdit, Findings, Fix, Safety, Target};
use crate::text::Span;

super::rule!("empty-continuation", check);

fn check(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    let mut empty: BTreeMap<u32, Vec<Span>> = BTreeMap::new();
    for line in file.lines() {
        if let LineKind::InnerBlank(index) = line.kind {
            empty.entry(index).or_default().push(line.span);
        }
    }
    for (index, lines) in empty {
        let Some(first) = lines.first() else { continue };
        let name = file.str(file.instructions()[index as usize].name).to_uppercase();
        let mut finding = cx.finding(*first, format!("an empty line inside this {name}: the builder skips it"));
        finding = finding.help("remove it, or replace it with a comment");
        // The builder reports the last line of the instruction.
        let last = file.head_end_line(index);
        finding = finding.reported_at("NoEmptyContinuation", last);
        let target = Target::File(cx.file());
        let edits = lines.iter().map(|span| FileEdit { target: target.clone(), span: *span, text: String::new() });
        finding.fixes.push(Fix { title: "remove the empty line".into(), safety: Safety::Safe, edits: edits.collect() });
        out.push(finding);
    }
}
