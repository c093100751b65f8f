//! See `rules/sudo.md`.

use super::Context;
use super::runs::Run;
use crate::build::{Build, Setting, Stage, User};
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Findings, Safety};
use crate::shell::{Invocation, Wrapper};
use crate::text::Span;

super::rule!("sudo", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, _) in build.instructions(stage) {
            let instruction = build.effective(index);
            let runs = matches!(instruction.keyword, Keyword::Run | Keyword::Cmd | Keyword::Entrypoint);
            if let Some(code) = build.code(index).filter(|_| runs) {
                of_code(cx, &Run { build, stage, index, instruction, code }, out);
            }
        }
    }
}

/// One finding for an instruction, at the first sudo; its edit takes all of them, or there is none.
fn of_code(cx: &Context, run: &Run, out: &mut Findings) {
    let root = is_root(run.build, run.stage, run.index, run.instruction);
    let invocations = run.invocations();
    let mut places: Vec<Span> = Vec::new();
    let mut edits: Vec<(Span, String)> = Vec::new();
    for one in &invocations {
        let Some((span, wrapper)) = sudo(one) else { continue };
        // A script given to a shell under sudo is met once for each of its commands.
        if places.contains(&span) {
            continue;
        }
        places.push(span);
        let bare = wrapper.filter(|wrapper| root && wrapper.args.is_empty());
        edits.extend(bare.and_then(|wrapper| removal(run, one, wrapper)).map(|place| (place, String::new())));
    }
    let Some(first) = places.first() else { return };
    let message =
        if root { "the step runs as root anyway" } else { "what needs root is said by `USER root`, not by sudo" };
    let help = "leave `sudo` out; `USER root` before the step and the other user behind it, where one is set";
    let finding = cx.finding(run.place(*first), message).help(help);
    edits.sort_by_key(|(span, _)| span.start);
    out.push(if edits.len() < places.len() { finding } else { finding.edits("leave `sudo` out", Safety::Safe, edits) });
}

/// Where sudo runs it, or is run bare.
fn sudo<'s>(one: &Invocation<'s>) -> Option<(Span, Option<Wrapper<'s>>)> {
    if one.is("sudo") {
        return Some((one.path.span, None));
    }
    let wrapper = one.via.iter().find(|wrapper| wrapper.program == "sudo")?;
    Some((wrapper.span, Some(*wrapper)))
}

/// Whether the step is known to run as root.
fn is_root(build: &Build, stage: &Stage, index: usize, instruction: &Instruction) -> bool {
    // A trigger runs as the user that the image ends with.
    let trigger = build.instruction(index).keyword == Keyword::Onbuild;
    let user = if trigger { build.user(stage) } else { build.user_at(stage, index) };
    matches!(instruction.keyword, Keyword::Run)
        && matches!(
            user,
            Setting::By(_, User::Root) | Setting::Base(User::Root | User::StepsDown) | Setting::Default(User::Root)
        )
}

/// From `sudo` to the program that it runs.
fn removal(run: &Run, one: &Invocation, wrapper: Wrapper) -> Option<Span> {
    let at = one.via.iter().position(|other| other.span == wrapper.span)?;
    let next = one.via.get(at + 1).map_or(one.path.span, |next| next.span);
    let place = run.place(Span::new(wrapper.span.start, next.start));
    let text = run.file().source().slice(place);
    let plain =
        text.strip_prefix("sudo").is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c == ' ' || c == '\t'));
    (plain && !run.code.is_exec()).then_some(place)
}
