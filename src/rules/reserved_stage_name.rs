//! See `rules/reserved-stage-name.md`.

use super::Context;
use crate::finding::Findings;

super::rule!("reserved-stage-name", check);

fn check(cx: &Context, out: &mut Findings) {
    for stage in cx.build().stages() {
        let (Some(name), Some(span)) = (&stage.name, stage.name_span) else { continue };
        let what = match name.as_str() {
            "scratch" => "the empty image",
            "context" => "the build context",
            _ => continue,
        };
        let finding = cx.finding(span, format!("stage name `{name}` is reserved by the builder for {what}"));
        out.push(finding.help("rename the stage"));
    }
}
