//! A check by curl or wget as a request by a program that the image has.

use super::{Asker, Build, Code, Stage};
use crate::dockerfile::{Arguments, Instruction};
use crate::shell::program::options::ProgramOptions;
use crate::shell::{Invocation, Redirect, Script, Separator, SeparatorKind, Word};
use crate::text::Span;

/// The command of a HEALTHCHECK, and its equivalent in the language of the stage's base image, if the whole check is one
/// simple request by curl or wget.
pub fn check_in_own_language(
    build: &Build,
    stage: &Stage,
    instruction: &Instruction,
    code: &Code,
) -> Option<(Span, String)> {
    let (span, text, is_equal) = translated_check(build, stage, instruction, code)?;
    is_equal.then_some((span, text))
}

/// The command of a HEALTHCHECK, the same request by a program of the image, and whether it succeeds and fails alike.
pub fn translated_check(
    build: &Build,
    stage: &Stage,
    instruction: &Instruction,
    code: &Code,
) -> Option<(Span, String, bool)> {
    let Arguments::Healthcheck(_, command) = &instruction.arguments else { return None };
    let span = match &**command {
        Arguments::Raw(word) => word.span,
        Arguments::Json(words) => whole_array(build, words.first()?.word.span.to(words.last()?.word.span)),
        _ => return None,
    };
    let CheckTranslation { words, is_equal, .. } = translate_check(build, stage, &code.script)?;
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

/// A request in the words of another program.
#[derive(Clone, Debug)]
pub struct CheckTranslation {
    /// The program and its arguments.
    pub words: Vec<String>,
    /// The address in them.
    pub url: String,
    /// Whether it succeeds and fails as the check would.
    pub is_equal: bool,
}

/// The check by a program of the image; `None` unless the whole check is one plain GET of one address. It has no time
/// limit if the check had none: the engine's `--timeout` ends it.
pub fn translate_check(build: &Build, stage: &Stage, script: &Script) -> Option<CheckTranslation> {
    let invocations = script.invocations();
    let (request, rest) = invocations.split_first()?;
    if !is_whole(script, request, rest) {
        return None;
    }
    let ProbeRequest { url, seconds, fails } = url(request)?;
    let asker = Asker::of_image(build, stage, Some(&url), None)?;
    // The wget of busybox tries one address of `localhost`.
    let is_first_only = matches!(asker, Asker::Wget | Asker::Bash);
    let url = if is_first_only { url.replace("://localhost", "://127.0.0.1") } else { url };
    let is_equal = fails && matches!(asker, Asker::Python | Asker::Node);
    Some(CheckTranslation { words: asker.request(&url, seconds), url, is_equal })
}

/// Whether the script is only the request, with an optional `|| exit` or `|| exit 1`: every other exit code counts as
/// unhealthy, too.
fn is_whole(script: &Script, request: &Invocation, rest: &[Invocation]) -> bool {
    let first = request.command;
    let alone = script.problems.is_empty()
        && script.compounds.is_empty()
        && script.comments.is_empty()
        && request.via.is_empty()
        && first.assignments.is_empty()
        && first.redirects.iter().all(is_discard);
    let in_list = |invocation: &Invocation| {
        invocation.command.place.scope == 0
            && invocation.command.place.pipe_len == 1
            && !invocation.command.place.negated
    };
    let kind = |separator: Option<Separator>| separator.map(|separator| separator.kind);
    let is_exit = |invocation: &Invocation| {
        invocation.is("exit")
            && invocation.via.is_empty()
            && invocation.command.redirects.is_empty()
            && (invocation.args.is_empty() || matches!(invocation.args, [code] if code.is("1")))
    };
    let ends = match rest {
        [] => kind(first.place.after).is_none(),
        [tail] => {
            is_exit(tail)
                && in_list(tail)
                && kind(tail.command.place.before) == Some(SeparatorKind::Or)
                && kind(tail.command.place.after).is_none()
        }
        _ => false,
    };
    alone && in_list(request) && kind(first.place.before).is_none() && ends && script.commands.len() == rest.len() + 1
}

/// The address, and the time limit of curl or wget.
struct ProbeRequest {
    url: String,
    seconds: Option<u32>,
    /// Whether it fails for an error status.
    fails: bool,
}

/// `> /dev/null`, `2>&1`.
fn is_discard(redirect: &Redirect) -> bool {
    redirect.target.as_ref().is_some_and(|target| target.is("/dev/null") || target.is("1") || target.is("2"))
}

/// The request, if its options only make the program quiet or let it fail.
fn url(request: &Invocation) -> Option<ProbeRequest> {
    let program = request.program.filter(|program| matches!(*program, "curl" | "wget"))?;
    let mut url = None;
    let mut seconds = None;
    // Without `-f` curl succeeds whatever the status is.
    let mut fails = !request.is("curl");
    let mut words = request.args.iter().peekable();
    while let Some(word) = words.next() {
        let text = word.value()?;
        fails |= text == "--fail" || (text.starts_with('-') && !text.starts_with("--") && text.contains('f'));
        match text {
            "-m" | "--max-time" if request.is("curl") => {
                seconds = Some(words.next()?.value()?.parse().ok().filter(|seconds| *seconds > 0)?);
            }
            "-o" | "--output" | "-O" if words.peek().is_some_and(|next| next.is("/dev/null") || next.is("-")) => {
                words.next();
            }
            _ if is_quiet(program, text) || text == "/dev/null" => {}
            _ if is_plain_url(word) && url.is_none() => {
                let scheme = if text.contains("://") { "" } else { "http://" };
                url = Some(format!("{scheme}{text}"));
            }
            _ => return None,
        }
    }
    url.map(|url| ProbeRequest { url, seconds, fails })
}

/// Whether options do not change the result of the check, including wget's `-O -`.
fn is_quiet(program: &str, text: &str) -> bool {
    let options = ProgramOptions::of(program);
    if options.has(text, "probe") {
        return true;
    }
    let output = || text.strip_suffix("O-").or_else(|| text.strip_suffix('O')).unwrap_or(text);
    let text = if program == "wget" { output() } else { text };
    let letters = text.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
    letters.is_some_and(|letters| letters.chars().all(|letter| options.has(&format!("-{letter}"), "probe")))
}

/// An address that needs no quoting in any of the languages.
fn is_plain_url(word: &Word) -> bool {
    let text = word.text();
    let plain = |c: char| c.is_ascii_alphanumeric() || ":/.-_?=&%".contains(c);
    let rest = text.strip_prefix("http://").unwrap_or(text);
    let authority = rest.split('/').next().unwrap_or(rest);
    let (host, port) = authority.split_once(':').unwrap_or((authority, "80"));
    text.chars().all(plain)
        && matches!(host, "localhost" | "127.0.0.1")
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}
