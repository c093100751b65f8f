//! Accounts that RUNs create, and signs that an entrypoint changes its user by itself.

use super::{Build, Stage};
use crate::shell::{Invocation, Word};

/// Programs by which an entrypoint steps down.
const STEP_DOWN: [&str; 10] =
    ["gosu", "su-exec", "setpriv", "runuser", "s6-setuidgid", "chpst", "capsh", "s6-overlay", "supervisor", "PUID"];

/// Whether something in the stages that ship suggests that the entrypoint changes the user.
pub fn steps_down(build: &Build, stage: &Stage) -> bool {
    let text = |stage: &Stage| {
        build.instructions(stage).any(|(_, instruction)| {
            let words = build.input().file.logical(instruction.text);
            STEP_DOWN.iter().any(|program| words.contains(program))
        })
    };
    build.chain(stage).any(text)
}

/// Options without a value, before the name.
const SWITCHES: [&str; 12] = [
    "--system",
    "--create-home",
    "--no-create-home",
    "--user-group",
    "--no-user-group",
    "--no-log-init",
    "--non-unique",
    "--disabled-password",
    "--disabled-login",
    "--quiet",
    "--force-badname",
    "--allow-bad-names",
];

/// The user that `useradd` or `adduser` makes, where the name comes last.
pub fn created_user<'s>(one: &Invocation<'s>) -> Option<&'s str> {
    let (last, before) = one.args.split_last()?;
    let name = last.value()?;
    let words = || one.args.iter().map(Word::text);
    let makes = match one.program? {
        "useradd" => true,
        // `adduser name group` puts somebody into a group.
        "adduser" => {
            words().filter(|word| !word.starts_with('-')).count() == 1 || words().any(|word| word.starts_with('-'))
        }
        _ => false,
    };
    let is_value = before.last().map(Word::text).is_some_and(|option| match option.strip_prefix("--") {
        Some(long) => !long.contains('=') && !SWITCHES.contains(&option),
        None => option.starts_with('-') && option.ends_with(|c| "bcdefgGhkKpsuZ".contains(c)),
    });
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    (makes && plain && !is_value && name != "root").then_some(name)
}
