//! Accounts that RUNs create, and signs that an entrypoint switches to another user itself.

use super::{Build, Stage};
use crate::shell::Invocation;
use crate::sources::patterns;

/// Whether something in the stages that ship suggests that the entrypoint switches the user.
pub fn steps_down(build: &Build, stage: &Stage) -> bool {
    let text = |stage: &Stage| {
        build.instructions(stage).any(|(_, instruction)| {
            let words = build.input().file.logical(instruction.text);
            patterns::shows(words, "hands over to another user")
        })
    };
    let script = |(file, _): (String, crate::shell::Script)| {
        build.context_text(&file).is_some_and(|text| patterns::shows(&text, "hands over to another user"))
    };
    build.chain(stage).any(text) || build.start_scripts(stage).into_iter().any(script)
}

/// Whether a command that creates a user makes a home for it: `useradd` does with an option (shadow, man useradd),
/// `adduser` unless one forbids it (Debian and busybox, man adduser).
pub fn makes_home(invocation: &Invocation) -> bool {
    let has = |long: &str, letter: char| {
        invocation.args.iter().any(|word| {
            let text = word.text();
            text == long || text.starts_with('-') && !text.starts_with("--") && text.contains(letter)
        })
    };
    match invocation.program {
        Some("useradd") => has("--create-home", 'm'),
        // Debian gives system users none.
        Some("adduser") => {
            let is = |name: &str| invocation.args.iter().any(|word| word.text().split('=').next() == Some(name));
            !has("--no-create-home", 'H') && (!is("--system") || is("--home"))
        }
        _ => false,
    }
}

/// The user that `useradd` or `adduser` creates.
pub fn created_user<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    let (flags, operands) = invocation.arguments();
    let makes = match invocation.program? {
        "useradd" => true,
        // `adduser name group` adds a user to a group.
        "adduser" => operands.len() == 1 || !flags.is_empty(),
        _ => false,
    };
    if !makes {
        return None;
    }
    let name = operands.last()?.value()?;
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    (plain && name != "root").then_some(name)
}
