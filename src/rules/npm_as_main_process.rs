//! See `rules/npm-as-main-process.md`.

use super::Context;
use crate::build::{Base, BaseImage, Build, Presence, Stage};
use crate::data;
use crate::dockerfile::{Arguments, Instruction};
use crate::finding::{Finding, Findings};
use crate::manifest::{Ecosystem, Project};
use crate::shell::Invocation;
use crate::text::Span;

super::rule!("npm-as-main-process", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some(launch) = build.launch(stage).filter(|launch| launch.is_exec() && has_dash(build, stage)) else { return };
    let invocations = launch.script().invocations();
    let [one] = invocations.as_slice() else { return };
    let Some(script) = script(one).filter(|_| one.via.is_empty()) else { return };
    if script.split([':', '-', '_']).any(|part| data::NAME_WORDS.has(part, "brief-script")) {
        return;
    }
    let file = &build.input().file;
    let program = one.program.unwrap_or_default();
    let message = format!("{program} is process 1 and does not hand signals on: the program is killed without warning");
    let finding = cx.finding(launch.place(file, one.span), message);
    let finding = finding.help("start the program itself, as the script does: `[\"node\", \"server.js\"]`");
    out.push(edited(cx, launch.instruction, script, finding));
}

/// The script that npm, yarn or pnpm is to run.
fn script<'s>(one: &Invocation<'s>) -> Option<&'s str> {
    if !matches!(one.program?, "npm" | "yarn" | "pnpm") {
        return None;
    }
    let words: Vec<&str> = one.args.iter().map(|word| word.value()).collect::<Option<_>>()?;
    match words.as_slice() {
        ["start", ..] => Some("start"),
        ["run" | "run-script", name, ..] if !name.starts_with('-') => Some(name),
        _ => None,
    }
}

/// Whether `sh` is Debian's: it stays in front of the script's program. bash and busybox give way to it.
fn has_dash(build: &Build, stage: &Stage) -> bool {
    let Base::Image(reference) = build.root_base(stage) else { return false };
    BaseImage::of(reference).presence("bash") == Presence::Has
}

/// With the script's own command, where the only project of the context says it and it needs no shell.
fn edited(cx: &Context, instruction: &Instruction, script: &str, finding: Finding) -> Finding {
    let Some(words) = command(cx.projects().unwrap_or_default(), script) else { return finding };
    let Arguments::Json(elements) = &instruction.arguments else { return finding };
    let (Some(first), Some(last)) = (elements.first(), elements.last()) else { return finding };
    let taken = if elements.get(1).is_some_and(|word| &*word.value == "start") { 2 } else { 3 };
    if elements.len() != taken {
        return finding;
    }
    let text: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    let why = "variables of npm (`npm_package_…`) and programs of node_modules/.bin are not there";
    let span = Span::new(first.word.span.start, last.word.span.end);
    finding.unsafe_edit("start the program itself", why, span, text.join(", "))
}

fn command<'p>(projects: &'p [Project], script: &str) -> Option<Vec<&'p str>> {
    let mut node = projects.iter().filter(|project| project.ecosystem == Ecosystem::Node);
    let project = node.next().filter(|project| project.root.is_empty())?;
    let named = |name: &str| project.scripts.iter().find(|one| one.name == name);
    if node.next().is_some() || named(&format!("pre{script}")).is_some() || named(&format!("post{script}")).is_some() {
        return None;
    }
    let text = &named(script)?.command;
    let plain = |c: char| c.is_ascii_alphanumeric() || " ./_-=:@".contains(c);
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    (text.chars().all(plain) && words.first() == Some(&"node")).then_some(words)
}
