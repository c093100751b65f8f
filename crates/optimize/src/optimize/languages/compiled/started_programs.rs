//! Which system programs the container calls, as far as the sources show.

use crate::build::Stage;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, FileKind, FileRole};
use crate::optimize::pass_input::PassInput;

/// The instructions that start programs in a container.
const STARTS: [Keyword; 3] = [Keyword::Entrypoint, Keyword::Cmd, Keyword::Healthcheck];

/// Whether the container's command, its checks, or the sources call a program of the toolchain.
pub(super) fn is_called(input: &PassInput, target: &Stage, program: &str) -> bool {
    let codes = input.codes_of(target, &STARTS);
    if codes.iter().any(|code| code.script.invocations().iter().any(|invocation| invocation.is(program))) {
        return true;
    }
    let calls = [
        format!("Command(\"{program}\""),
        format!("Command::new(\"{program}\")"),
        format!("LookPath(\"{program}\""),
        format!("exec(\"{program} "),
    ];
    let command = format!("\"{program}\"");
    input.evidence.holding(&[format!("\"{program}")]).any(|(path, text)| {
        let kind = FileKind::of(path);
        let in_tests = kind.ecosystem() == Some(Ecosystem::Java) && kind.is_test();
        let tests = in_tests || kind.named_role() == Some(FileRole::Test);
        let called = calls.iter().any(|call| text.contains(call.as_str()));
        let listed = text.contains("ProcessBuilder(") && text.contains(&command);
        let context = text.contains("CommandContext(") && text.contains(&format!(", {command}"));
        !tests && (called || listed || context)
    })
}

/// Whether something that runs in the container names the program: its commands and checks, its scripts, and strings of
/// its sources.
pub(super) fn is_wanted(input: &PassInput, target: &Stage, name: &str) -> bool {
    let word = |text: &str| words(text).any(|word| word == name);
    let instructions = input.last_of(target, &STARTS);
    if instructions.iter().any(|(_, instruction)| word(input.source().slice(instruction.span))) {
        return true;
    }
    let services = &input.evidence.services;
    if services.iter().flat_map(|service| service.healthcheck.iter().chain(&service.command)).any(|text| word(text)) {
        return true;
    }
    if input.evidence.observed.as_ref().is_some_and(|observed| observed.programs.contains(name)) {
        return true;
    }
    let started: Vec<String> =
        input.build.start_files(target).into_iter().map(|start_file| start_file.file.path).collect();
    let quoted = [format!("\"{name}\""), format!("'{name}'"), format!("\"{name} "), format!("/bin/{name}\"")];
    input.evidence.texts.iter().any(|(path, text)| {
        let source = FileKind::of(path).is_compiled();
        (source && quoted.iter().any(|quoted| text.contains(quoted.as_str()))) || (started.contains(path) && word(text))
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))).filter(|word| !word.is_empty())
}
