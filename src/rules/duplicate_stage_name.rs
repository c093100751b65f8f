//! See `rules/duplicate-stage-name.md`.

use std::collections::HashMap;

use super::Context;
use crate::finding::Findings;

super::rule!("duplicate-stage-name", check);

fn check(cx: &Context, out: &mut Findings) {
    let mut first = HashMap::new();
    for stage in cx.build().stages() {
        let (Some(name), Some(span)) = (&stage.name, stage.name_span) else { continue };
        if let Some(earlier) = first.insert(name, span) {
            let message = format!("the stage name `{name}` is already used: from here on it refers to this stage");
            let finding = cx.finding(span, message).help("give each stage a unique name");
            out.push(finding.label(earlier, "first used here"));
        }
    }
}
