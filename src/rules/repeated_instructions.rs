//! Rules about instructions without effect: those that a later one overrides, a CMD that nothing reads, none at all.

use super::{Context, line_edits};
use crate::build::{BaseImage, StageBase, toolchain};
use crate::dockerfile::{Arguments, Keyword};
use crate::finding::Findings;

super::family! {
    "multiple-cmd" => |cx, out| check(cx, Keyword::Cmd, "DL4003", out);
    "multiple-entrypoint" => |cx, out| check(cx, Keyword::Entrypoint, "DL4004", out);
    "multiple-healthcheck" => |cx, out| check(cx, Keyword::Healthcheck, "DL3012", out);
    "cmd-ignored" => cmd_ignored;
    "missing-command" => missing_command;
    "onbuild-in-final" => onbuild_in_final;
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

fn cmd_ignored(cx: &Context, out: &mut Findings) {
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

fn missing_command(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let is_set = |keyword| build.last(stage, keyword).is_some();
    if is_set(Keyword::Cmd) || is_set(Keyword::Entrypoint) {
        return;
    }
    let empty = match build.root_base(stage) {
        StageBase::Scratch => "the image starts nothing, as `scratch` has neither".to_owned(),
        StageBase::Image(name) if BaseImage::of(name).has_entrypoint() == Some(false) => {
            format!("the image starts what `{name}` starts")
        }
        _ => return,
    };
    let Some(from) = build.from_of(stage) else { return };
    let finding = cx.finding(from.head, format!("no CMD and no ENTRYPOINT: {empty}"));
    out.push(finding.help("add CMD or ENTRYPOINT"));
}

fn onbuild_in_final(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    if !toolchain::is_application(build, target) {
        return;
    }
    for (_, instruction) in build.instructions_of(target, Keyword::Onbuild) {
        let message = "ONBUILD does nothing in this image; it runs in images that are based on it";
        out.push(cx.finding(instruction.head, message).help("write the instruction without ONBUILD, or remove it"));
    }
}
