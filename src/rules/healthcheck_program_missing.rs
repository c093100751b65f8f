//! See `rules/healthcheck-program-missing.md`.

pub(super) mod module;
pub(super) mod probe;
pub(super) mod route;

use self::probe::{Translation, translate};
use super::Context;
use crate::build::{Build, Code, Programs, Stage};
use crate::dockerfile::{Arguments, Instruction, Keyword};
use crate::finding::{Finding, Findings};
use crate::shell::{Invocation, Wrapper};
use crate::text::Span;

super::rule!("healthcheck-program-missing", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Some((index, instruction)) = build.last(stage, Keyword::Healthcheck) else { return };
    let Some(code) = build.code(index) else { return };
    let image = Programs::of(build, stage);
    if !code.is_exec() && image.lacks("sh") {
        let message = format!("the healthcheck needs `/bin/sh`, which {} lacks", image.image_name());
        out.push(
            cx.finding(instruction.head, message).help("use the exec form with a program that the image contains"),
        );
        return;
    }
    let file = &build.input().file;
    let never = |what: &str| format!("{what}, so it always fails");
    for invocation in code.script.invocations() {
        if let Some(wrapper) = lacking_wrapper(&image, code, &invocation) {
            let message =
                never(&format!("the healthcheck calls `{}`, which {} lacks", wrapper.program, image.image_name()));
            out.push(cx.finding(code.place(file, wrapper.span), message).help(help(wrapper.program)));
            return;
        }
        let Some(program) = invocation.program else { continue };
        if !route::needs(&code.script, &invocation) {
            continue;
        }
        if image.lacks(program) {
            let message = never(&format!("the healthcheck calls `{program}`, which {} lacks", image.image_name()));
            let finding = cx.finding(code.place(file, invocation.path.span), message).help(help(program));
            out.push(edited(build, stage, instruction, code, finding));
            // The rest of the check is never reached.
            return;
        }
        if let Some((module, word)) = module::missing((build, cx.projects().unwrap_or_default()), stage, &invocation) {
            let message = never(&format!("the healthcheck imports `{module}`, which is not installed"));
            out.push(cx.finding(code.place(file, word), message).help(module::help(program)));
            return;
        }
    }
}

/// The program that starts another one and is not in the image: `bash` in `bash -c '…'`. Programs that are nested deeper
/// are not checked.
fn lacking_wrapper<'s>(image: &Programs, code: &'s Code, invocation: &Invocation<'s>) -> Option<Wrapper<'s>> {
    let command = code.script.commands.get(invocation.outer as usize)?;
    let first = invocation.via.first()?;
    (image.lacks(first.program) && route::needs_command(&code.script, command)).then_some(*first)
}

fn help(program: &str) -> String {
    match program {
        "curl" | "wget" => {
            format!("probe with a program that the image has (its language can open a URL), or install `{program}`")
        }
        _ => format!("probe with a program that the image has, or install `{program}` in the final stage"),
    }
}

/// Adds an edit that uses the language of the image, if the whole check is one simple request.
fn edited(build: &Build, stage: &Stage, instruction: &Instruction, code: &Code, finding: Finding) -> Finding {
    let Some((span, text, is_equal)) = translated(build, stage, instruction, code) else { return finding };
    if is_equal {
        return finding.safe_edit("request the same URL with the image's own language", span, text);
    }
    let why = "a container that fails the new check becomes unhealthy";
    finding.unsafe_edit("request the same URL with a program of the image", why, span, text)
}

/// The command of a HEALTHCHECK, and its equivalent in the language of the stage's base image, if the whole check is one
/// simple request by curl or wget.
pub(crate) fn in_own_language(
    build: &Build,
    stage: &Stage,
    instruction: &Instruction,
    code: &Code,
) -> Option<(Span, String)> {
    let (span, text, is_equal) = translated(build, stage, instruction, code)?;
    is_equal.then_some((span, text))
}

/// The command of a HEALTHCHECK, the same request by a program of the image, and whether it succeeds and fails alike.
fn translated(build: &Build, stage: &Stage, instruction: &Instruction, code: &Code) -> Option<(Span, String, bool)> {
    let Arguments::Healthcheck(_, command) = &instruction.arguments else { return None };
    let span = match &**command {
        Arguments::Raw(word) => word.span,
        Arguments::Json(words) => whole_array(build, words.first()?.word.span.to(words.last()?.word.span)),
        _ => return None,
    };
    let Translation { words, is_equal, .. } = translate(build, stage, &code.script)?;
    let words: Option<Vec<String>> = words.iter().map(|word| serde_json::to_string(word).ok()).collect();
    let source = build.input().file.source();
    // A comment or continuation in the command would be lost.
    let is_whole = !source.slice(span).contains('\n') && source.is_exact(span);
    is_whole.then_some((span, format!("[{}]", words?.join(", ")), is_equal))
}

/// From the elements of an array to its brackets.
fn whole_array(build: &Build, inner: Span) -> Span {
    let text = build.input().file.source().text();
    let start = text[..inner.start as usize].rfind('[').unwrap_or(inner.start as usize);
    let end = text[inner.end as usize..].find(']').map_or(inner.end as usize, |at| inner.end as usize + at + 1);
    Span::new(start as u32, end as u32)
}
