//! See `rules/duplicate-label.md`.

use std::collections::HashMap;

use super::{Context, line_edits};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::text::Span;

super::rule!("duplicate-label", check);

fn check(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for stage in cx.build().stages() {
        let mut later: HashMap<String, Span> = HashMap::new();
        let labels: Vec<_> = cx.build().instructions(stage).filter(|(_, i)| i.keyword == Keyword::Label).collect();
        for (index, instruction) in labels.into_iter().rev() {
            let pairs = file.variables(instruction);
            for pair in pairs.iter().rev() {
                let Some(key) = cx.build().expand(stage, index, &pair.name.text) else { continue };
                let Some(next) = later.insert(key.clone(), pair.span) else { continue };
                let message = format!("this value of `{key}` is overwritten in line {}", cx.source().line(next.start));
                let finding = cx.finding(pair.span, message).help("keep one of them").label(next, "set again");
                out.push(match pairs.len() {
                    1 => finding.safe_edit("remove it", line_edits::of(cx.source(), instruction), ""),
                    _ => finding,
                });
            }
        }
    }
}
