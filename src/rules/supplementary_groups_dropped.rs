//! See `rules/supplementary-groups-dropped.md`.

use super::Context;
use crate::build::Build;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::{Invocation, Word};
use crate::text::Span;

super::rule!("supplementary-groups-dropped", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some((index, instruction)) = build.last(stage, Keyword::User) else { return };
    let file = &build.input().file;
    let Some(operand) = file.operand(instruction) else { return };
    let Some((user, group)) = operand.text.split_once(':') else { return };
    let Some(joined) = joined_group(build, index, user).filter(|joined| *joined != group) else { return };
    if user.contains(['$', '"']) || group.is_empty() {
        return;
    }
    let message = format!("USER sets a group, so `{user}` runs without its other groups, such as `{joined}`");
    let finding = cx.finding(operand.span, message).help("remove the group, so that the user keeps all its groups");
    let span = Span::new(operand.span.start + user.len() as u32, operand.span.end);
    let why = "the primary group is then the one in /etc/passwd";
    out.push(if file.source().slice(operand.span) == &*operand.text {
        finding.unsafe_edit("remove the group", why, span, "")
    } else {
        finding
    });
}

/// A group that a step of the chain adds the user to.
fn joined_group(build: &Build, before: usize, user: &str) -> Option<String> {
    let stage = build.stage_of(before)?;
    build.chain(stage).find_map(|stage| {
        let runs = build
            .instructions(stage)
            .filter(|(index, instruction)| *index < before && instruction.keyword == Keyword::Run);
        let codes = runs.filter_map(|(index, _)| build.code(index));
        codes
            .into_iter()
            .find_map(|code| code.script.invocations().iter().find_map(|invocation| joins(invocation, user)))
    })
}

/// `usermod -aG docker app`, `useradd -G docker app`, `adduser app docker`, `gpasswd -a app docker`.
fn joins(invocation: &Invocation, user: &str) -> Option<String> {
    let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();
    let last = words.last().copied();
    match invocation.program? {
        "usermod" | "useradd" if last == Some(user) => {
            let at = words.iter().position(|word| matches!(*word, "-G" | "-aG" | "-Ga" | "--groups"))?;
            let groups = words.get(at + 1)?;
            groups.split(',').next_back().map(str::to_owned)
        }
        "adduser" | "addgroup" => match words.as_slice() {
            [name, group] if *name == user && !group.starts_with('-') => Some((*group).to_owned()),
            _ => None,
        },
        "gpasswd" => match words.as_slice() {
            ["-a" | "--add", name, group] if *name == user => Some((*group).to_owned()),
            _ => None,
        },
        _ => None,
    }
}
