//! Traps inside a logical line: exec form that is none, words that fall apart, flags, heredocs that are not seen.

use crate::dockerfile::expand::heredoc_words;
use crate::dockerfile::json::{Array, read_array};
use crate::dockerfile::line::{Cx, LineText};
use crate::dockerfile::syntax::{Arguments, Heredoc, Instruction, InstructionWord, Keyword, ProblemKind};
use crate::dockerfile::whitespace::is_blank;
use crate::text::Span;

/// Looks at one instruction with its trigger.
pub(in crate::dockerfile) fn check_line(
    cx: &mut Cx<'_>,
    line: LineText<'_>,
    instruction: &Instruction,
    heredocs: &[Heredoc],
    may_open: bool,
) {
    let mut inner = instruction;
    for _ in 0..2 {
        check_flags(cx, line, inner);
        check_form(cx, line, inner);
        check_words(cx, line, inner);
        let Arguments::Trigger(trigger) = &inner.arguments else { break };
        inner = trigger;
    }
    if heredocs.is_empty() && may_open {
        check_lost_heredoc(cx, line);
    }
}

/// A bare `--` before the arguments.
pub(in crate::dockerfile) fn bare_dashes(cx: &mut Cx<'_>, at: Span) {
    cx.problem(ProblemKind::BareDashes, at, "BuildKit drops `--` here".to_owned(), "remove it");
}

/// The text of a word of this line; `None` for one that was cut and lies elsewhere.
fn text(line: LineText<'_>, word: InstructionWord) -> Option<&str> {
    let start = word.text.start.checked_sub(line.at)? as usize;
    line.str.get(start..start + word.text.len() as usize)
}

fn check_flags(cx: &mut Cx<'_>, line: LineText<'_>, instruction: &Instruction) {
    for flag in instruction.flags.iter().filter(|flag| flag.unquoted.is_some()) {
        if text(line, flag.word).is_some_and(|word| !word.is_ascii()) {
            let value = flag.unquoted.as_deref().unwrap_or_default();
            let message = format!("BuildKit reads the bytes of this flag as Latin-1, so it becomes `{value}`");
            cx.problem(ProblemKind::FlagBeyondAscii, flag.word.text, message, "use only ASCII in flags");
        }
    }
}

fn check_form(cx: &mut Cx<'_>, line: LineText<'_>, instruction: &Instruction) {
    let word = match (&instruction.arguments, instruction.keyword) {
        (Arguments::Raw(word), Keyword::Run | Keyword::Cmd | Keyword::Entrypoint) => *word,
        (Arguments::Healthcheck(_, command), _) => match &**command {
            Arguments::Raw(word) => *word,
            _ => return,
        },
        (Arguments::Words(_), Keyword::Copy | Keyword::Add | Keyword::Volume) => instruction.rest,
        _ => return,
    };
    let Some(written) = text(line, word) else { return };
    let is_list = matches!(instruction.arguments, Arguments::Words(_));
    // An array of something else is refused outright.
    if !is_json_like(written, is_list) || matches!(read_array(written), Array::Other(_)) {
        return;
    }
    let message = if is_list {
        format!("this is not a valid JSON array ({}), so BuildKit splits it at whitespace", why_no_json(written))
    } else {
        format!("this is not a valid JSON array ({}), so it runs in a shell", why_no_json(written))
    };
    cx.problem(ProblemKind::ExecForm, word.text, message, "write `[\"…\", \"…\"]` with double quotes");
}

/// Whether a text that is no JSON array is meant as one: `[` directly before a word, or before a quoted word and a
/// comma. `[ -f x ]` and `[[ … ]]` are the shell's; `[a-z]*` is a pattern.
fn is_json_like(text: &str, is_list: bool) -> bool {
    let Some(inside) = text.strip_prefix('[') else { return false };
    let is_quote = |c: char| matches!(c, '"' | '\'' | '\u{201c}' | '\u{201d}');
    let first = inside.trim_start();
    let Some(quote) = first.chars().next() else { return false };
    if is_quote(quote) {
        if first.len() == inside.len() {
            return true;
        }
        let close = if quote == '\u{201c}' { '\u{201d}' } else { quote };
        let after = first[quote.len_utf8()..].split_once(close).map(|(_, after)| after.trim_start());
        return after.is_some_and(|after| after.starts_with(','));
    }
    let word = first.split([',', ']', ' ', '\t']).next().unwrap_or_default();
    let is_word = !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b));
    !is_list && first.len() == inside.len() && is_word && text.contains(',') && text.trim_end().ends_with(']')
}

fn why_no_json(text: &str) -> &'static str {
    let end = text.trim_end();
    let before_end = end.strip_suffix(']').map(str::trim_end);
    if text.contains(['\u{201c}', '\u{201d}']) {
        "typographic quotes"
    } else if before_end.is_some_and(|inside| inside.ends_with(',')) {
        "a comma before `]`"
    } else if before_end.is_none() && text.contains(']') {
        "text after `]`"
    } else if before_end.is_none() {
        "`]` is missing"
    } else if text.contains('\'') && !text.contains('"') {
        "single quotes"
    } else if text.contains('\\') {
        "an invalid JSON escape"
    } else {
        "the elements must be in double quotes and separated by commas"
    }
}

/// `COPY "a b" c` and `COPY a\ b c`: BuildKit splits at every blank.
fn check_words(cx: &mut Cx<'_>, line: LineText<'_>, instruction: &Instruction) {
    let Arguments::Words(words) = &instruction.arguments else { return };
    if !matches!(instruction.keyword, Keyword::Copy | Keyword::Add | Keyword::Volume) || words.len() < 2 {
        return;
    }
    if text(line, instruction.rest).is_none_or(|rest| rest.starts_with('[')) {
        return;
    }
    for (index, &word) in words.iter().enumerate() {
        let Some(written) = text(line, word) else { return };
        let Some(quote) = written.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            let escapes = written.bytes().rev().take_while(|&byte| byte == cx.escape).count();
            if escapes % 2 == 1 && index + 1 < words.len() {
                let message = "a space separates words here, even after an escape character".to_owned();
                cx.problem(ProblemKind::SplitWord, word.text, message, "use the JSON form: `[\"a b\", \"c\"]`");
                return;
            }
            continue;
        };
        if written[1..].contains(quote) {
            continue;
        }
        let close = words[index + 1..].iter().find(|&&next| text(line, next).is_some_and(|text| text.ends_with(quote)));
        if let Some(close) = close {
            let whole = Span::new(word.text.start, close.text.end);
            let message = "a space separates words here, even inside quotes".to_owned();
            cx.problem(ProblemKind::SplitWord, whole, message, "use the JSON form: `[\"a b\", \"c\"]`");
            return;
        }
    }
}

/// Something that looks like a heredoc in a line that can't be lexed. That its body follows is for the lines to tell.
fn check_lost_heredoc(cx: &mut Cx<'_>, line: LineText<'_>) {
    let Err(error) = heredoc_words(line.str) else { return };
    let Some((range, _)) = opener_like(line.str) else { return };
    let message = format!("BuildKit finds no heredoc in this line: {}", error.kind);
    let help = "BuildKit lexes the whole line, including comments; close the quote, or move it into the heredoc";
    cx.problem(ProblemKind::HeredocLost, line.slice(range).span(), message, help);
}

/// The first `<<NAME` behind a blank, and its name.
pub(super) fn opener_like(line: &str) -> Option<(std::ops::Range<usize>, &str)> {
    let bytes = line.as_bytes();
    for at in memchr::memmem::find_iter(bytes, b"<<") {
        let is_start = at > 0 && (is_blank(bytes[at - 1]) || bytes[at - 1].is_ascii_digit());
        let mut start = at + 2;
        start += usize::from(bytes.get(start) == Some(&b'-'));
        let quote = bytes.get(start).copied().filter(|byte| matches!(byte, b'"' | b'\''));
        start += usize::from(quote.is_some());
        let name = line.get(start..).unwrap_or_default();
        let len = name.bytes().take_while(|&byte| byte.is_ascii_alphanumeric() || byte == b'_').count();
        if is_start && len > 0 && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            let end = start + len + usize::from(quote.is_some() && bytes.get(start + len).copied() == quote);
            return Some((at..end, &name[..len]));
        }
    }
    None
}
