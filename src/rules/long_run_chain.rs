//! See `rules/long-run-chain.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::SeparatorKind;

super::rule!("long-run-chain", check);

/// The number of commands from which a list is hard to read.
const LONG: usize = 8;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        for (index, instruction) in
            build.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Run)
        {
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
}
