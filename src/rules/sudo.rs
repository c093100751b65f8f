//! See `rules/sudo.md`.

use super::Context;
use crate::build::{Build, Run, Setting, Stage, User};
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Findings, Safety};
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Word, Wrapper};
use crate::text::Span;

super::rule!("sudo", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, _) in build.instructions(stage) {
            let instruction = build.effective(index);
            let runs = matches!(instruction.keyword, Keyword::Run | Keyword::Cmd | Keyword::Entrypoint);
            if let Some(code) = build.code(index)
                && runs
            {
                of_code(cx, &Run { build, stage, index, instruction, code }, out);
            }
        }
    }
}

/// A single finding for an instruction, at the first sudo; its fix removes all of them, or there is none.
fn of_code(cx: &Context, run: &Run, out: &mut Findings) {
    let root = is_root(run.build, run.stage, run.index, run.instruction);
    let invocations = run.invocations();
    let mut places: Vec<(Span, Option<String>)> = Vec::new();
    let mut edits: Vec<(Span, String)> = Vec::new();
    for invocation in &invocations {
        let Some((span, wrapper)) = sudo(invocation) else { continue };
        // A script that a shell under sudo runs is visited once for each of its commands.
        if places.iter().any(|(place, _)| *place == span) {
            continue;
        }
        places.push((span, wrapper.and_then(|wrapper| other_user(wrapper.args))));
        let bare = wrapper.filter(|wrapper| root && wrapper.args.is_empty());
        edits.extend(bare.and_then(|wrapper| removal(run, invocation, wrapper)).map(|place| (place, String::new())));
    }
    // A sudo to root takes precedence over a sudo to another user.
    let Some((first, user)) = places.iter().find(|(_, user)| user.is_none()).or(places.first()) else { return };
    let (message, help) = match user {
        Some(user) if root => stepping_down(user),
        Some(user) => (
            format!("sudo is not needed to run a step as `{user}`: USER does that"),
            format!("remove `sudo`; set `USER {user}` before the step and the previous user after it"),
        ),
        None => {
            let root_anyway = "sudo is not needed: the step already runs as root";
            let message =
                if root { root_anyway } else { "sudo is not needed to run a step as root: `USER root` does that" };
            let help = "remove `sudo`; if another user is set, use `USER root` before the step and that user after it";
            (message.to_owned(), help.to_owned())
        }
    };
    let finding = cx.finding(run.place(*first), message).help(help);
    edits.sort_by_key(|(span, _)| span.start);
    out.push(if edits.len() < places.len() { finding } else { finding.edits("remove `sudo`", Safety::Safe, edits) });
}

fn stepping_down(user: &str) -> (String, String) {
    (
        format!("sudo only switches from root to `{user}` here, which needs neither the package nor its configuration"),
        format!(
            "set `USER {user}` before the step and `USER root` after it, or replace sudo with `runuser -u {user} --` \
             (util-linux)"
        ),
    )
}

/// The user other than root that the options of sudo name, as written.
fn other_user(args: &[Word]) -> Option<String> {
    let options = ProgramOptions::of("sudo");
    let mut args = args.iter();
    while let Some(word) = args.next() {
        let text = word.text();
        if let Some(user) = text.strip_prefix("--user=") {
            return not_root(user);
        }
        let letters = text.strip_prefix('-').filter(|rest| !rest.starts_with('-')).unwrap_or_default();
        // The letters up to the first that takes a value: `-u`, `-Hu`, `-uapp`.
        let at = letters.char_indices().find(|(_, letter)| options.takes_value(&format!("-{letter}")));
        match at {
            Some((at, letter)) => {
                let rest = &letters[at + letter.len_utf8()..];
                let value = if rest.is_empty() { args.next()?.text() } else { rest };
                if letter == 'u' {
                    return not_root(value);
                }
            }
            None if options.takes_value(text) => {
                let value = args.next()?.text();
                if text == "--user" {
                    return not_root(value);
                }
            }
            None => {}
        }
    }
    None
}

/// A user by name, or by `#` and the number.
fn not_root(user: &str) -> Option<String> {
    let user = user.trim_matches(['"', '\'']);
    let user = user.strip_prefix("\\#").or_else(|| user.strip_prefix('#')).unwrap_or(user);
    (!matches!(user, "" | "root" | "0")).then(|| user.to_owned())
}

/// Where sudo runs it, or is run alone.
fn sudo<'s>(invocation: &Invocation<'s>) -> Option<(Span, Option<Wrapper<'s>>)> {
    if invocation.is("sudo") {
        return Some((invocation.path.span, None));
    }
    let wrapper = invocation.via.iter().find(|wrapper| wrapper.program == "sudo")?;
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
fn removal(run: &Run, invocation: &Invocation, wrapper: Wrapper) -> Option<Span> {
    let at = invocation.via.iter().position(|other| other.span == wrapper.span)?;
    let next = invocation.via.get(at + 1).map_or(invocation.path.span, |next| next.span);
    let place = run.place(Span::new(wrapper.span.start, next.start));
    let text = run.file().source().slice(place);
    let plain =
        text.strip_prefix("sudo").is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c == ' ' || c == '\t'));
    (plain && !run.code.is_exec()).then_some(place)
}
