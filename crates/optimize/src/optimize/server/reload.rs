//! Pass `production-form`: starts the server of a framework without its reloader.

use crate::build::{Build, Code};
use crate::dockerfile::{Arguments, Keyword};
use crate::manifest::FileKind;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::{Invocation, Word};
use crate::text::Span;

/// Takes away what reloads, and what watches.
pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let build = input.build;
    let Some(target) = input.target() else { return };
    for keyword in [Keyword::Entrypoint, Keyword::Cmd] {
        let Some((index, instruction)) = build.last(target, keyword) else { continue };
        let Some(code) = build.code(index).filter(|code| code.script.problems.is_empty()) else { continue };
        for invocation in code.script.invocations() {
            let Some((spans, replaced)) = changes(&invocation) else { continue };
            let bound = input.evidence.services.iter().any(|service| !service.bound.is_empty());
            if bound {
                return output.skip("compose mounts host folders to show changes at once");
            }
            let mut edits = Vec::new();
            for word in spans {
                let Some(span) = removal(build, code, instruction.arguments.clone(), word) else { return };
                edits.push(input.edit(span, ""));
            }
            for (word, text) in replaced {
                let span = code.place(input.file(), word.span);
                let quoted = input.source().slice(span).starts_with('"');
                edits.push(input.edit(span, if quoted { format!("\"{text}\"") } else { text.to_owned() }));
            }
            output.step(
                "starts without a reloader",
                "sources in an image do not change, and the reloader is an additional process",
                edits,
            );
        }
    }
}

type Changes<'s> = (Vec<&'s Word>, Vec<(&'s Word, &'static str)>);

/// Words that go, and words that become others.
fn changes<'s>(invocation: &Invocation<'s>) -> Option<Changes<'s>> {
    let all = std::iter::once(invocation.path).chain(invocation.args);
    let has = |text: &str| all.clone().any(|word| word.is(text));
    let find_word = |text: &str| all.clone().find(|word| word.is(text));
    let gone: Vec<&Word> = if has("uvicorn") || has("gunicorn") || has("hypercorn") {
        find_word("--reload").into_iter().collect()
    } else if has("flask") && has("run") {
        ["--debug", "--reload"].into_iter().filter_map(find_word).collect()
    } else {
        Vec::new()
    };
    let other: Vec<(&Word, &'static str)> = if invocation.is("fastapi") {
        find_word("dev").map(|word| (word, "run")).into_iter().collect()
    } else if invocation.is("nodemon")
        && invocation.args.first().is_some_and(|word| FileKind::of(word.text()).language() == "JavaScript")
    {
        vec![(invocation.path, "node")]
    } else {
        Vec::new()
    };
    (!gone.is_empty() || !other.is_empty()).then_some((gone, other))
}

/// A word with what separates it from the one before.
fn removal(build: &Build, code: &Code, arguments: Arguments, word: &Word) -> Option<Span> {
    let file = &build.input().file;
    let span = code.place(file, word.span);
    if let Arguments::Json(elements) = arguments {
        let at = elements.iter().position(|element| element.word.span == span)?;
        let before = elements.get(at.checked_sub(1)?)?;
        return Some(Span::new(before.word.span.end, span.end));
    }
    let text = file.source().slice(Span::new(0, span.start));
    let blanks = text.len() - text.trim_end_matches(' ').len();
    Some(Span::new(span.start - blanks as u32, span.end))
}
