//! Pass `quiet-installs`: it comes along where another pass changes an install. By itself it is not worth a change
//! of the file, unless it is asked for by its name.

use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::{Invocation, Manager, Verb};
use crate::text::Span;

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let is_asked = input.options.only.contains("quiet-installs");
    let mut edits = Vec::new();
    for run in input.build.needed_runs().filter(|run| !run.is_trigger()) {
        if !run.code.is_ordinary() || run.code.is_exec() || !run.instruction.heredocs.is_empty() {
            continue;
        }
        for call in run.invocations().iter().filter_map(Invocation::package_call) {
            // Of what is installed for all, npm asks nothing.
            let installs = call.manager == Manager::Npm && call.verb == Verb::Install && !call.has(&["-g", "--global"]);
            let at = run.place(call.verb_span);
            let is_left = !is_asked && input.is_as_written(run.instruction);
            if !installs || input.source().slice(at) != call.verb_text || is_left {
                continue;
            }
            let lacks = |message: &&str| !call.has(&[&format!("--{message}"), &format!("--no-{message}")]);
            let words: Vec<&str> = ["audit", "fund"].into_iter().filter(|word| lacks(word)).collect();
            if !words.is_empty() {
                edits.push(input.edit(Span::at(at.end), format!(" --no-{}", words.join(" --no-"))));
            }
        }
    }
    if !edits.is_empty() {
        let why = "no one reads these messages in a build log, and the audit sends a request to the registry";
        output.step("turns off audit and funding messages", why, edits);
    }
}
