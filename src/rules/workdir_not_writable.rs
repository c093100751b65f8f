//! See `rules/workdir-not-writable.md`.

use super::Context;
use crate::build::{BaseImage, Build, Setting, Stage, StageBase, User};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::program::{Kind, Program, State};
use crate::shell::{Invocation, Manager, Redirect, RedirectOperator, Script, SeparatorKind, Verb, Word};
use crate::sources::patterns;

super::rule!("workdir-not-writable", check);

/// The number of steps that are checked; a file has one or two.
const MOST: usize = 32;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let launched = build.launch(stage);
    let at_start = launched.as_ref().map(|launch| launch.index);
    let mut candidates = 0;
    for below in build.chain(stage) {
        for (index, instruction) in build.instructions(below) {
            let runs = instruction.keyword == Keyword::Run || at_start == Some(index);
            let Some(code) = build.code(index) else { continue };
            if !runs {
                continue;
            }
            let Some(invocation) = installs(&code.script).or_else(|| makes(cx, &code.script)) else { continue };
            candidates += 1;
            if candidates > MOST {
                return;
            }
            let at = if at_start == Some(index) { usize::MAX } else { index };
            let Some((folder, user)) = foreign(build, below, at) else { continue };
            let program = invocation.program.unwrap_or_default();
            let message =
                format!("`{program}` writes to {folder}, which belongs to root: user `{user}` has no permission");
            let help = format!("change the owner above USER: `RUN chown {user} {folder}`");
            out.push(cx.finding(code.place(&build.input().file, invocation.span), message).help(help));
        }
    }
}

/// The folder and the user at an instruction, if root created the folder and no step changed its owner.
fn foreign(build: &Build, stage: &Stage, at: usize) -> Option<(String, String)> {
    let Setting::By(_, User::Other(user)) = build.user_at(stage, at) else { return None };
    let Setting::By(maker, folder) = build.workdir(stage, at) else { return None };
    let StageBase::Image(reference) = build.root_base(stage) else { return None };
    let by = match build.user_at(build.stage_of(maker)?, maker) {
        Setting::By(_, user) | Setting::Base(user) | Setting::Default(user) => user,
        Setting::Unknown => return None,
    };
    let known = data::SYSTEM_FOLDERS.has(folder.as_str(), "project") && BaseImage::of(reference).source().is_some();
    let source = build.input().file.source();
    let is_repaired = build.chain(stage).any(|stage| {
        build.instructions(stage).any(|(index, instruction)| {
            let text = source.slice(instruction.span);
            let steps = instruction.keyword == Keyword::Run && patterns::shows(text, "may give a folder to a user");
            // A COPY that creates the folder first sets its owner.
            let copies =
                matches!(instruction.keyword, Keyword::Copy | Keyword::Add) && index < maker && text.contains(&folder);
            steps || copies || (instruction.keyword == Keyword::Volume && text.contains(&folder))
        })
    });
    (known && by == User::Root && !is_repaired).then_some((folder, user))
}

/// The commands of a script that stays in its first folder.
fn at_home(script: &Script) -> Option<Vec<Invocation<'_>>> {
    let invocations = script.invocations();
    let leaves = |invocation: &Invocation| {
        let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
        program.state == State::Folder || program.is(Kind::User)
    };
    (!invocations.iter().any(leaves)).then_some(invocations)
}

/// A package manager that certainly writes to the folder in which it is started.
fn installs(script: &Script) -> Option<Invocation<'_>> {
    at_home(script)?.into_iter().find(|invocation| {
        invocation.package_call().is_some_and(|call| {
            let local = matches!(call.manager, Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Composer);
            local
                && call.verb == Verb::Install
                && call.is_from_manifest()
                && !["folder", "global", "simulates"].iter().any(|meaning| call.says(meaning))
        })
    })
}

/// `git clone URL`, `touch file`, `… > file`: commands that create a new entry there.
fn makes<'s>(cx: &Context, script: &'s Script) -> Option<Invocation<'s>> {
    // An existing file may belong to the user.
    let has_chown = || cx.source().text().contains("--chown");
    let here = |word: &Word| word.value().is_some_and(|text| !text.is_empty() && !text.contains(['/', '*']));
    let writes = |redirect: &Redirect| {
        matches!(redirect.operator, RedirectOperator::Write | RedirectOperator::Append | RedirectOperator::Clobber)
            && redirect.target.as_ref().is_some_and(here)
    };
    let plain = |invocation: &&Invocation| {
        let tried = invocation.command.place.after.is_some_and(|after| after.kind == SeparatorKind::Or);
        invocation.via.is_empty() && invocation.command.place.scope == 0 && !tried
    };
    at_home(script).filter(|_| script.compounds.is_empty())?.into_iter().filter(|invocation| plain(&invocation)).find(
        |invocation| {
            let operands = || invocation.args.iter().filter(|word| !word.text().starts_with('-'));
            match invocation.program {
                Some("git") => match invocation.args {
                    [clone, address] if clone.is("clone") => address.text().contains(['/', ':']),
                    [clone, _, folder] if clone.is("clone") => here(folder) && !folder.text().starts_with('-'),
                    _ => false,
                },
                Some("touch") => operands().count() > 0 && invocation.args.iter().all(here) && !has_chown(),
                _ => invocation.command.redirects.iter().any(writes) && !has_chown(),
            }
        },
    )
}
