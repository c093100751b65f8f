//! One logical line ─► an [`Instruction`]: keyword, flags, arguments as the keyword asks, heredoc openers. Lines,
//! bodies and comments are the parser's matter.

use super::flags::{RawFlag, split_flags};
use super::heredoc::openers;
use super::joined_text::JoinedText;
use super::json::{Array, read_array};
use super::line::{Cx, LineText};
use super::quote::go_quote;
use super::syntax::{Arguments, Element, Flag, Heredoc, Instruction, Keyword, Pair, SyntaxProblem};
use super::whitespace::{is_blank, is_latin_space};
use super::words::{split_blanks, split_quoted};

/// Triggers within triggers that the tree keeps. BuildKit refuses the second.
const MAX_TRIGGERS: usize = 64;

/// What [`read_instruction`] gives.
pub(super) struct ReadInstruction {
    pub(super) openers: Vec<Heredoc>,
    pub(super) extra: JoinedText,
    pub(super) problems: Vec<SyntaxProblem>,
    pub(super) error: Option<String>,
}

/// Reads a logical line, given from its first character that is no white space. Lines, spans of lines, bodies and
/// comments are left empty.
pub(super) fn read_instruction(mut cx: Cx<'_>, line: &str, at: u32, instruction: &mut Instruction) -> ReadInstruction {
    let line = LineText { str: line, at };
    read_level(&mut cx, line, 0, instruction);
    let mut heredocs = Vec::new();
    let may_open = can_open_heredocs(instruction) && has_double_less(line.str);
    if may_open {
        let (line_heredocs, error) = openers(&cx, line);
        heredocs = line_heredocs;
        if let Some(message) = error {
            cx.refuse(line.span(), &message, "quote the heredoc's name");
        }
    }
    super::trap::check_line(&mut cx, line, instruction, &heredocs, may_open);
    ReadInstruction { openers: heredocs, extra: cx.extra, problems: cx.problems, error: cx.error }
}

/// The first such byte; faster than a search in texts as short as words.
fn position(text: &str, byte: u8) -> Option<usize> {
    text.bytes().position(|other| other == byte)
}

/// Whether `<<` stands somewhere. A search for a single byte needs no preparation.
fn has_double_less(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'<', bytes).any(|at| bytes.get(at + 1) == Some(&b'<'))
}

/// Whether BuildKit looks for heredocs: RUN, COPY, ADD and ONBUILD directly around one, not in JSON form.
pub(super) fn can_open_heredocs(instruction: &Instruction) -> bool {
    let instruction = match &instruction.arguments {
        Arguments::Trigger(trigger) => trigger,
        _ => instruction,
    };
    matches!(instruction.keyword, Keyword::Run | Keyword::Copy | Keyword::Add)
        && !matches!(instruction.arguments, Arguments::Json(_))
}

fn read_level(cx: &mut Cx<'_>, line: LineText<'_>, depth: usize, instruction: &mut Instruction) {
    let text = line.trim();
    let bytes = text.str.as_bytes();
    let name_end = bytes.iter().position(|&byte| is_blank(byte)).unwrap_or(bytes.len());
    let name = text.slice(0..name_end);
    instruction.keyword = Keyword::of(name.str);
    instruction.name = cx.word(name);
    instruction.text = text.span();
    let blanks = bytes[name_end..].iter().take_while(|&&byte| is_blank(byte)).count();
    let after = text.slice(name_end + blanks..text.str.len());
    let mut dashes = None;
    let (flags, rest_at) = split_flags(after.str, cx.escape, &mut dashes);
    instruction.flags = flags.into_iter().map(|flag| read_flag(cx, after, flag)).collect();
    if let Some(range) = dashes {
        super::trap::bare_dashes(cx, after.slice(range).span());
    }
    if after.str.is_char_boundary(rest_at) {
        let rest = after.slice(rest_at..after.str.len()).trim();
        finish_level(cx, instruction, rest, depth);
    } else {
        let (text, at) = cx.cut(after, rest_at..after.str.len());
        finish_level(cx, instruction, LineText { str: &text, at }.trim(), depth);
    }
    if depth > 0 {
        instruction.span = cx.locate(instruction.text);
        instruction.head = instruction.span;
    }
}

fn finish_level(cx: &mut Cx<'_>, instruction: &mut Instruction, rest: LineText<'_>, depth: usize) {
    instruction.rest = cx.word(rest);
    instruction.arguments = match instruction.keyword {
        _ if rest.str.is_empty() => Arguments::None,
        Keyword::Onbuild if depth < MAX_TRIGGERS => {
            let mut trigger = Box::<Instruction>::default();
            read_level(cx, rest, depth + 1, &mut trigger);
            Arguments::Trigger(trigger)
        }
        keyword => read_arguments(cx, keyword, rest),
    };
}

fn read_flag(cx: &Cx<'_>, text: LineText<'_>, flag: RawFlag) -> Flag {
    let end = text.str.ceil_char_boundary(flag.bytes.end);
    let written = text.slice(flag.bytes.start..end);
    let equals = position(written.str, b'=');
    let name = written.slice(2..equals.unwrap_or(written.str.len()));
    Flag {
        word: cx.word(written),
        name: cx.word(name),
        value: equals.map(|at| cx.word(written.slice(at + 1..written.str.len()))),
        unquoted: flag.unquoted,
    }
}

fn read_arguments(cx: &mut Cx<'_>, keyword: Keyword, rest: LineText<'_>) -> Arguments {
    match keyword {
        Keyword::Cmd | Keyword::Entrypoint | Keyword::Run | Keyword::Shell => {
            read_json(cx, rest).unwrap_or_else(|| Arguments::Raw(cx.word(rest)))
        }
        Keyword::Add | Keyword::Copy | Keyword::Volume => read_json(cx, rest).unwrap_or_else(|| blank_words(cx, rest)),
        Keyword::From | Keyword::Expose => blank_words(cx, rest),
        Keyword::Maintainer
        | Keyword::Stopsignal
        | Keyword::User
        | Keyword::Workdir
        // Too many triggers within triggers.
        | Keyword::Onbuild => Arguments::Raw(cx.word(rest)),
        Keyword::Arg => {
            let mut words = Vec::new();
            split_quoted(rest.str, cx.escape, |range| words.push(cx.word(rest.slice(range))));
            Arguments::Words(words)
        }
        Keyword::Env | Keyword::Label => read_pairs(cx, keyword, rest),
        Keyword::Healthcheck => read_healthcheck(cx, rest),
        Keyword::Unknown => Arguments::None,
    }
}

fn blank_words(cx: &Cx<'_>, rest: LineText<'_>) -> Arguments {
    let mut words = Vec::new();
    split_blanks(rest.str, |range| words.push(cx.word(rest.slice(range))));
    Arguments::Words(words)
}

fn read_json(cx: &mut Cx<'_>, rest: LineText<'_>) -> Option<Arguments> {
    let strings = match read_array(rest.str) {
        Array::No => return None,
        Array::Strings(strings) => strings,
        Array::Other(range) => {
            let message = "when using JSON array syntax, arrays must be comprised of strings only";
            cx.refuse(rest.slice(range).span(), message, "put the element in double quotes");
            return None;
        }
    };
    let mut elements = Vec::with_capacity(strings.len());
    for (range, value) in strings {
        elements.push(Element { value: value.into(), word: cx.word(rest.slice(range)) });
    }
    Some(Arguments::Json(elements))
}

fn read_pairs(cx: &mut Cx<'_>, keyword: Keyword, rest: LineText<'_>) -> Arguments {
    let mut words = Vec::new();
    split_quoted(rest.str, cx.escape, |range| words.push(range));
    let Some(first) = words.first() else { return Arguments::None };
    if position(&rest.str[first.clone()], b'=').is_none() {
        return read_legacy_pair(cx, keyword, rest);
    }
    let mut pairs = Vec::with_capacity(words.len());
    for range in words {
        let word = rest.slice(range);
        let Some(equals) = position(word.str, b'=') else {
            let message =
                format!("Syntax error - can't find = in {}. Must be of the form: name=value", go_quote(word.str));
            cx.refuse(word.span(), &message, "put a value with spaces in double quotes");
            continue;
        };
        let key = cx.word(word.slice(0..equals));
        let value = cx.word(word.slice(equals + 1..word.str.len()));
        pairs.push(Pair { key, value, legacy: false });
    }
    Arguments::Pairs(pairs)
}

/// `ENV key value`: split once at blanks.
fn read_legacy_pair(cx: &mut Cx<'_>, keyword: Keyword, rest: LineText<'_>) -> Arguments {
    let bytes = rest.str.as_bytes();
    let Some(key_end) = bytes.iter().position(|&byte| is_blank(byte)) else {
        let name = if keyword == Keyword::Env { "ENV" } else { "LABEL" };
        cx.refuse(rest.span(), &format!("{name} must have two arguments"), "write `name=value`");
        return Arguments::Pairs(Vec::new());
    };
    let blanks = bytes[key_end..].iter().take_while(|&&byte| is_blank(byte)).count();
    let key = cx.word(rest.slice(0..key_end));
    let value = cx.word(rest.slice(key_end + blanks..rest.str.len()));
    Arguments::Pairs(vec![Pair { key, value, legacy: true }])
}

/// The first word and the command behind it; split byte by byte, so that a character may be cut.
fn read_healthcheck(cx: &mut Cx<'_>, rest: LineText<'_>) -> Arguments {
    let bytes = rest.str.as_bytes();
    let kind_end = bytes.iter().position(|&byte| is_latin_space(byte)).unwrap_or(bytes.len());
    let blanks = bytes[kind_end..].iter().take_while(|&&byte| is_latin_space(byte)).count();
    let command_at = kind_end + blanks;
    let kind = if rest.str.is_char_boundary(kind_end) {
        cx.word(rest.slice(0..kind_end))
    } else {
        let (text, at) = cx.cut(rest, 0..kind_end);
        cx.word(LineText { str: &text, at })
    };
    if kind_end == 0 {
        return Arguments::None;
    }
    let command = if rest.str.is_char_boundary(command_at) {
        read_command(cx, rest.slice(command_at..rest.str.len()))
    } else {
        let (text, at) = cx.cut(rest, command_at..bytes.len());
        read_command(cx, LineText { str: &text, at })
    };
    Arguments::Healthcheck(kind, Box::new(command))
}

fn read_command(cx: &mut Cx<'_>, text: LineText<'_>) -> Arguments {
    if text.str.is_empty() {
        return Arguments::None;
    }
    read_json(cx, text).unwrap_or_else(|| Arguments::Raw(cx.word(text)))
}
