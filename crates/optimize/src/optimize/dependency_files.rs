//! Pass `dependency-files-first`, which runs on several levels.

use crate::arrange::arrange;
use crate::optimize::pass_input::{PassInput, PassOutput};

/// The same over what has become of the file since. Its refusals have been said.
pub(super) fn run_again(input: &PassInput, output: &mut PassOutput) {
    run(input, output);
    output.refusals.clear();
}

pub(super) fn run(input: &PassInput, output: &mut PassOutput) {
    for stage in input.build.needed_stages() {
        let (arranged, obstacles) = arrange(input.build, stage);
        if let Some(arranged) = arranged {
            let mut commands = arranged.commands;
            commands.dedup();
            let list: Vec<String> = commands.iter().map(|command| format!("`{command}`")).collect();
            let why = if arranged.files.is_empty() {
                "it reads no sources".to_owned()
            } else {
                let files: Vec<&str> = arranged.files.iter().map(String::as_str).collect();
                format!("it reads only {}", files.join(", "))
            };
            let edits = arranged.edits.into_iter().map(|edit| input.edit(edit.span, edit.text)).collect();
            output.step(format!("runs {} before the sources are copied", list.join(" and ")), why, edits);
        }
        for obstacle in obstacles {
            output.refuse(format!("keeps `{}` after the COPY of the sources", obstacle.command), obstacle.reason);
        }
    }
}
