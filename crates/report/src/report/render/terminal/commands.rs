//! Commands that go on from a result, as they are typed.

use crate::report::layout::{Layout, Tone, clean, push, width};
use crate::report::page::NextCommand;

/// Columns before the reason of a command where it stands below.
const INDENT: usize = 11;

/// The commands with their reasons: all beside them, or all below them.
pub(super) fn commands(commands: &[NextCommand], layout: Layout) -> String {
    let widest = commands.iter().map(|command| width(&command.line)).max().unwrap_or(0);
    let is_beside = commands.iter().all(|command| 7 + widest + 3 + width(&command.why) <= layout.columns());
    let mut out = String::new();
    for (index, command) in commands.iter().enumerate() {
        let head = if index == 0 { layout.paint(Tone::Strong, "Next:") } else { "     ".to_owned() };
        if is_beside {
            let gap = " ".repeat(widest - width(&command.line) + 3);
            out.push_str(&format!("{head}  {}{gap}{}\n", clean(&command.line), clean(&command.why)));
        } else {
            out.push_str(&format!("{head}  {}\n", continued(&clean(&command.line), layout)));
            push(&mut out, &command.why, INDENT, layout, Tone::Plain);
        }
    }
    out
}

/// A command on as many lines as it takes, which a shell reads as one. A word is never broken: a command is copied.
fn continued(line: &str, layout: Layout) -> String {
    // With the blank and the backslash at the end of a line.
    let room = layout.columns().saturating_sub(INDENT + 2);
    if width(line) + 7 <= layout.columns() {
        return line.to_owned();
    }
    let mut lines: Vec<String> = Vec::new();
    for word in line.split(' ') {
        match lines.last_mut() {
            Some(last) if width(last) + 1 + width(word) <= room => last.push_str(&format!(" {word}")),
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join(&format!(" \\\n{}", " ".repeat(INDENT)))
}
