//! CMD, ENTRYPOINT and HEALTHCHECK: only the last of each in a stage counts. A rule for each.

use super::{Context, line_edits};
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::family! {
    "multiple-cmd" => |cx, out| check(cx, Keyword::Cmd, "DL4003", out);
    "multiple-entrypoint" => |cx, out| check(cx, Keyword::Entrypoint, "DL4004", out);
    "multiple-healthcheck" => |cx, out| check(cx, Keyword::Healthcheck, "DL3012", out);
}

/// Reports the instructions without effect. `code` is the name under which another linter reports the one that replaces
/// them.
fn check(cx: &Context, keyword: Keyword, code: &str, out: &mut Findings) {
    let build = cx.build();
    let name = keyword.as_str();
    for stage in build.stages() {
        let all: Vec<_> = build.instructions(stage).filter(|(_, i)| i.keyword == keyword).map(|(_, i)| i).collect();
        for pair in all.windows(2) {
            let [lost, next] = pair else { continue };
            let message = format!("this {name} has no effect: line {} replaces it", next.start_line);
            let finding = cx.finding(lost.head, message).help(format!("keep only one {name} per stage"));
            let finding = finding.label(next.name.span, "replaced here").reported_at(code, next.start_line);
            out.push(finding.safe_edit(
                format!("remove the {name} without effect"),
                line_edits::of(cx.source(), lost),
                "",
            ));
        }
    }
}
