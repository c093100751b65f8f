//! Rules about instructions that could be fewer.

use crate::build::{BaseImage, Run, StageBase};
use crate::dockerfile::{Arguments, Keyword};
use crate::finding::Findings;
use crate::rules::Context;
use crate::rules::shared::script_end;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, RedirectOperator, SeparatorKind, Verb, Word};
use crate::text::Span;

crate::rules::family! {
    "long-run-chain" => long_run_chain;
    "consecutive-runs" => consecutive_runs;
    "file-written-by-run" => file_written_by_run;
    "sh-relinked" => sh_relinked;
    "pointless-command" => pointless_command;
    "multiple-cmd" => |cx, out| check(cx, Keyword::Cmd, "DL4003", out);
    "multiple-entrypoint" => |cx, out| check(cx, Keyword::Entrypoint, "DL4004", out);
    "multiple-healthcheck" => |cx, out| check(cx, Keyword::Healthcheck, "DL3012", out);
    "cmd-ignored" => cmd_ignored;
    "missing-command" => missing_command;
    "onbuild-in-final" => onbuild_in_final;
}

/// The number of commands from which a list is hard to read.
const LONG: usize = 8;

fn long_run_chain(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for (_, index, instruction) in build.needed_of(Keyword::Run) {
        let Some(code) = build.code(index) else { continue };
        if !instruction.heredocs.is_empty() {
            continue;
        }
        let is_joined = |place: &crate::shell::CommandPlace| {
            place.scope == 0 && place.after.is_some_and(|after| after.kind == SeparatorKind::And)
        };
        let commands = code.script.commands.iter().map(|command| &command.place);
        let compounds = code.script.compounds.iter().map(|compound| &compound.place);
        let count = commands.chain(compounds).filter(|place| is_joined(place)).count() + 1;
        if count < LONG {
            continue;
        }
        let message = format!("{count} commands are joined by `&&`, which is hard to read");
        out.push(
            cx.finding(instruction.head, message)
                .help("write a heredoc: `RUN <<EOF`, `set -e`, one command per line, `EOF`"),
        );
    }
}

fn consecutive_runs(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages().iter().filter(|stage| build.ships(stage)) {
        let mut last: Option<Run> = None;
        for run in build.runs(stage).filter(|run| !run.is_trigger()) {
            if let Some(before) = last.replace(run).filter(|before| joins(before, &run)) {
                let finding = cx.finding(run.instruction.name.span, "this RUN can be merged with the RUN above");
                out.push(
                    finding
                        .label(before.instruction.name.span, "with this RUN")
                        .help("join them with `&&` into one step and one layer"),
                );
            }
        }
    }
}

fn joins(before: &Run, run: &Run) -> bool {
    let plain = |run: &Run| {
        run.instruction.heredocs.is_empty() && !run.code.is_exec() && run.instruction.keyword == Keyword::Run
    };
    let flags = |run: &Run| -> Vec<String> {
        run.instruction.flags.iter().map(|flag| run.file().flag(flag).to_owned()).collect()
    };
    // If a RUN already joins several commands, the author chose where the step ends.
    let is_single = |run: &Run| run.code.script.commands.len() <= 1;
    before.index + 1 == run.index
        && plain(before)
        && plain(run)
        && flags(before) == flags(run)
        && (is_single(before) && is_single(run)
            || installs(before).is_some_and(|manager| installs(run) == Some(manager)))
}

/// The system package manager that a RUN installs packages with.
fn installs(run: &Run) -> Option<Manager> {
    let calls = run.invocations().into_iter().filter_map(|invocation| invocation.package_call());
    let mut managers =
        calls.filter(|call| call.verb == Verb::Install && call.manager.is_system()).map(|call| call.manager);
    managers.next()
}

fn file_written_by_run(cx: &Context, out: &mut Findings) {
    let is_plain = |run: &Run| !run.is_trigger() && run.code.script.commands.len() == 1;
    for run in cx.build().needed_runs().filter(is_plain) {
        let invocations = run.invocations();
        let [invocation] = invocations.as_slice() else { continue };
        let Some(path) = file_written_by_echo(invocation) else { continue };
        let message = format!("this RUN only writes constant text to `{path}`: COPY with a heredoc needs no shell");
        let span = run.place(invocation.command.span);
        out.push(cx.finding(span, message).help(format!("use `COPY <<EOF {path}`")));
    }
}

/// The file that `echo text > file` writes, if the text is the same in every shell.
fn file_written_by_echo<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    let constant = invocation
        .args
        .iter()
        .all(|word| !word.is_dynamic() && !word.is_pattern() && !word.text().contains(['\\', '%']));
    let options = invocation.args.first().is_some_and(|word| word.text().starts_with('-'));
    let writes = match invocation.program? {
        "echo" | "printf" => !invocation.args.is_empty() && !options,
        _ => false,
    };
    let [redirect] = invocation.command.redirects.as_slice() else { return None };
    let whole = matches!(redirect.operator, RedirectOperator::Write | RedirectOperator::Clobber);
    let out = matches!(redirect.descriptor, None | Some(1));
    let target = redirect.target.as_ref().and_then(Word::value).filter(|path| path.starts_with('/'))?;
    let device = target.starts_with("/dev/") || target.starts_with("/proc/") || target.starts_with("/sys/");
    (constant && writes && whole && out && !device && invocation.via.is_empty()).then_some(target)
}

fn sh_relinked(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        let invocations = run.invocations();
        for invocation in invocations.iter().filter(|invocation| invocation.is("ln")) {
            let operands: Vec<&Word> = invocation.args.iter().filter(|word| !word.text().starts_with('-')).collect();
            let Some(link) = operands.last().filter(|word| operands.len() > 1 && is_sh(word)) else { continue };
            let finding = cx
                .finding(
                    run.place(invocation.span.to(link.span)),
                    "this changes the shell of every script in the image that uses sh",
                )
                .help("use `SHELL [\"/bin/bash\", \"-c\"]`, which changes only the shell of RUN");
            let bash =
                operands.first().is_some_and(|word| matches!(word.text(), "bash" | "/bin/bash" | "/usr/bin/bash"));
            out.push(match whole(&run, &invocations) {
                Some(place) if bash => {
                    let why = "scripts that use sh but need bash then fail";
                    finding.unsafe_edit("set the shell of RUN", why, place, "SHELL [\"/bin/bash\", \"-c\"]")
                }
                _ => finding,
            });
        }
    }
}

fn is_sh(word: &Word) -> bool {
    word.is("/bin/sh") || word.is("/usr/bin/sh")
}

/// The instruction, if it does nothing else.
fn whole(run: &Run, all: &[Invocation]) -> Option<Span> {
    let is_link = |invocation: &Invocation| {
        invocation.is("ln") || matches!(invocation.program, Some("rm" | "mv")) && invocation.args.iter().any(is_sh)
    };
    let alone = all.iter().all(is_link) && all.iter().filter(|invocation| invocation.is("ln")).count() == 1;
    (alone && !run.is_trigger()).then_some(run.instruction.span)
}

fn pointless_command(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        let invocations = run.invocations();
        for (at, invocation) in invocations.iter().enumerate() {
            let Some(program) = invocation.program.filter(|program| Program::of(program).is(Kind::Live)) else {
                continue;
            };
            let direct = invocation.via.iter().all(|wrapper| matches!(wrapper.program, "sudo" | "time"));
            if !direct || has_reason(&run, &invocations, at) {
                continue;
            }
            let message =
                format!("`{program}` has no effect on the image: each step has its own processes and no terminal");
            out.push(
                cx.finding(run.place(invocation.path.span), message)
                    .help("remove it; start services when the container starts"),
            );
        }
    }
}

/// A daemon that is started, used and stopped in the same step; a process of the script itself; a mount that the step
/// is allowed to make.
fn has_reason(run: &Run, all: &[Invocation], at: usize) -> bool {
    let background = |invocation: &Invocation| {
        invocation.command.place.after.is_some_and(|after| after.kind == SeparatorKind::Background)
    };
    match all[at].program {
        Some("service") => all.iter().any(|invocation| !invocation.is("service")),
        Some("kill") => all.iter().any(background) || all.len() > 1 && all[at].args.iter().any(Word::is_dynamic),
        Some("mount") => run.file().flag_argument(run.instruction, "security").is_some(),
        _ => false,
    }
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
            out.push(match script_end::removable_lines(&build.input().file, lost) {
                Some(lines) => finding.safe_edit(format!("remove the {name} without effect"), lines, ""),
                None => finding,
            });
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
    let Some(target) = cx.application() else { return };
    for (_, instruction) in build.instructions_of(target, Keyword::Onbuild) {
        let message = "ONBUILD does nothing in this image; it runs in images that are based on it";
        out.push(cx.finding(instruction.head, message).help("write the instruction without ONBUILD, or remove it"));
    }
}
