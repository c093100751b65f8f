//! See `rules/scattered-labels.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("scattered-labels", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        let all: Vec<_> = build.instructions(stage).map(|(_, instruction)| instruction).collect();
        for pair in all.windows(2) {
            let [first, next] = pair else { continue };
            if first.keyword == Keyword::Label && next.keyword == Keyword::Label {
                let finding = cx.finding(next.head, "this LABEL could be part of the one above");
                out.push(finding.help("write all pairs in one LABEL, one per line"));
            }
        }
    }
}
