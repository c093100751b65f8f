//! See `rules/created-user-unused.md`.

use super::Context;
use crate::build::{Build, Setting, Stage, User, accounts, service};
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("created-user-unused", check);

/// The most users that are checked; a file usually creates one or two.
const MOST: usize = 32;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    if build.is_fragment() {
        return;
    }
    let root = matches!(
        build.user(stage),
        Setting::By(_, User::Root) | Setting::Base(User::Root) | Setting::Default(User::Root)
    );
    if !root || !service::may_serve(build, stage) || accounts::steps_down(build, stage) {
        return;
    }
    let file = &build.input().file;
    let mut candidates = 0;
    for below in cx.shipped() {
        for (index, _) in build.instructions(below).filter(|(_, instruction)| instruction.keyword == Keyword::Run) {
            let Some(code) = build.code(index) else { continue };
            for invocation in code.script.invocations() {
                let Some(name) = accounts::created_user(&invocation) else { continue };
                candidates += 1;
                if candidates > MOST || is_used(build, stage, name) {
                    continue;
                }
                let message = format!("the user `{name}` is created but never used: the container runs as root");
                let help = format!("end the stage with `USER {name}`");
                out.push(cx.finding(code.place(file, invocation.span), message).help(help));
            }
        }
    }
}

/// Whether anything that a container runs names the user.
fn is_used(build: &Build, stage: &Stage, name: &str) -> bool {
    let file = &build.input().file;
    let kinds = [Keyword::User, Keyword::Cmd, Keyword::Entrypoint, Keyword::Env];
    build.chain(stage).any(|stage| {
        build.instructions(stage).any(|(_, instruction)| {
            kinds.contains(&instruction.keyword) && file.source().slice(instruction.span).contains(name)
        })
    })
}
