//! See `rules/cmd-ignored.md`.

use super::Context;
use crate::dockerfile::{Arguments, Keyword};
use crate::finding::Findings;

super::rule!("cmd-ignored", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some((at, entrypoint)) = build.last(stage, Keyword::Entrypoint) else { return };
    let Some((index, cmd)) = build.last(stage, Keyword::Cmd) else { return };
    let Arguments::Raw(word) = &entrypoint.arguments else { return };
    // `CMD []` explicitly sets no arguments.
    if matches!(&cmd.arguments, Arguments::Json(words) if words.is_empty()) {
        return;
    }
    let text = build.input().file.str(*word);
    let stage_of = |index| build.stage_of(index).map(|stage| stage.index);
    // The words of CMD are `$0`, `$1`, … of the shell; an ENTRYPOINT in a later stage resets CMD on purpose.
    let parameters = ["$@", "$*", "$0", "$1", "${@", "${*", "${0", "${1"];
    let takes = parameters.iter().any(|parameter| text.contains(parameter)) || text.trim_start().starts_with('[');
    if takes || build.code(at).is_none() || stage_of(index) < stage_of(at) {
        return;
    }
    let finding = cx.finding(cmd.head, "CMD has no effect: an ENTRYPOINT in shell form takes no arguments");
    let finding = finding.label(entrypoint.head, "`/bin/sh -c` runs only this command");
    out.push(finding.help("write ENTRYPOINT in exec form, `[\"program\", \"argument\"]`, or remove CMD"));
}
