//! Pass `quiet-installs`.

use crate::dockerfile::Keyword;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::{Manager, Verb};
use crate::text::Span;

pub(in crate::optimize) fn run(scene: &PassInput, turn: &mut PassOutput) {
    let build = scene.build;
    let mut edits = Vec::new();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        for (index, instruction) in build.instructions_of(stage, Keyword::Run) {
            let Some(code) = build.code(index).filter(|code| code.is_ordinary() && !code.is_exec()) else { continue };
            for call in code.script.invocations().iter().filter_map(crate::shell::Invocation::package_call) {
                let installs = call.manager == Manager::Npm && call.verb == Verb::Install && call.is_from_manifest();
                let at = code.place(scene.file(), call.verb_span);
                let exact = scene.source().slice(at) == call.verb_text;
                if !installs || !exact || !instruction.heredocs.is_empty() {
                    continue;
                }
                let mut text = String::new();
                for message in ["audit", "fund"] {
                    if !call.has(&[&format!("--{message}"), &format!("--no-{message}")]) {
                        text = format!("{text} --no-{message}");
                    }
                }
                if !text.is_empty() {
                    edits.push(scene.edit(Span::at(at.end), text));
                }
            }
        }
    }
    if !edits.is_empty() {
        let why = "no one reads these messages in a build log, and the audit sends a request to the registry";
        turn.step("turns off audit and funding messages", why, edits);
    }
}
