//! Calls and maps that give the value of a variable by its name.

use std::sync::LazyLock;

use regex::Regex;

use super::read::{
    Absence, BEFORE, MOST, ReadRow, ReadRows, VariableRead, VariableReads, is_variable_name, line_before,
};
use super::refusal::{fails_without, is_in_block, is_refused_at_once, is_refused_below};
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::code::{arguments, bracketed, expression, last_name, split, words};
use crate::sources::patterns;
use crate::sources::values::literal;

/// A call whose first argument is a text in quotes, maybe with a type: the callee, the text.
static CALL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"([\w$][\w$.:]*[!?]?)(?:<[\w$.| \[\]]*>)?\(\s*["'`]([A-Za-z_][A-Za-z0-9_]*)["'`]"#).ok()
});

/// A call of a function of the environment with something else.
static OTHER_CALL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"([\w$][\w$.:]*[!?]?)\(\s*([A-Za-z_$][\w$.]*)\s*[,)]").ok());

/// Adds what the calls and maps of a text read.
pub(super) fn add(kind: FileKind, text: &str, rows: &ReadRows, reads: &mut VariableReads) {
    add_calls(kind, text, rows, reads);
    for row in rows.with("object") {
        for at in words(text, row.pattern).take(MOST) {
            add_object(kind, text, at, row, rows, reads);
        }
    }
    for row in rows.with("whole") {
        if let Some(at) = words(text, row.pattern).next() {
            note(reads, at);
        }
    }
    for row in rows.with("prefix") {
        for at in words(text, row.pattern).take(MOST) {
            add_prefix(text, at, at + row.pattern.len(), reads);
        }
    }
}

fn note(reads: &mut VariableReads, at: usize) {
    reads.unknown = Some(reads.unknown.map_or(at, |known| known.min(at)));
}

fn add_calls(kind: FileKind, text: &str, rows: &ReadRows, reads: &mut VariableReads) {
    let (Some(call), Some(other)) = (&*CALL, &*OTHER_CALL) else { return };
    for captures in call.captures_iter(text).take(4 * MOST) {
        let (Some(callee), Some(name)) = (captures.get(1), captures.get(2)) else { continue };
        let row = rows.with("call").find(|row| ends_as(callee.as_str(), row.pattern));
        let named = callee.as_str().to_ascii_lowercase().contains("env");
        if row.is_none() && !(named && is_variable_name(name.as_str())) {
            continue;
        }
        if rows.with("sets").any(|row| callee.as_str().ends_with(row.pattern)) {
            reads.sets.insert(name.as_str().to_owned());
            continue;
        }
        let Some(open) = text[callee.end()..].find('(').map(|at| callee.end() + at) else { continue };
        let is_strict = || {
            let ends = callee.as_str();
            row.is_none() && rows.with("strict callee").any(|row| ends.contains(row.pattern))
        };
        let fails = row.map_or_else(is_strict, |row| row.fails);
        let absence = absence_of_call(kind, text, open, fails);
        reads.reads.push(VariableRead { at: name.start(), name: name.as_str().to_owned(), absence });
    }
    for captures in other.captures_iter(text).take(4 * MOST) {
        let (Some(callee), Some(argument)) = (captures.get(1), captures.get(2)) else { continue };
        let is_reader =
            rows.with("call").any(|row| row.pattern.contains("env") && ends_as(callee.as_str(), row.pattern));
        if is_reader && !is_helper(text, callee.start(), argument.as_str()) && !is_definition(text, callee.start()) {
            note(reads, callee.start());
        }
    }
}

/// Whether a callee is a function or ends with it: `self.env.str` and `env.str`.
fn ends_as(callee: &str, function: &str) -> bool {
    callee.strip_suffix(function).is_some_and(|rest| rest.is_empty() || rest.ends_with(['.', ':']))
}

/// Whether the name at a place is defined there.
fn is_definition(text: &str, at: usize) -> bool {
    let line = line_before(text, at).trim_end();
    ["def", "func", "function", "fn"].iter().any(|word| line.ends_with(word))
}

/// Whether a name is a parameter of a function that is itself about the environment: those who call it name the variable.
fn is_helper(text: &str, at: usize, argument: &str) -> bool {
    let start = text.floor_char_boundary(at.saturating_sub(BEFORE));
    let is_head = |line: &&str| {
        let bare = line.trim_start();
        let defines = ["def ", "func ", "fn ", "pub fn ", "async def "].iter().any(|word| bare.starts_with(word));
        defines || bare.contains("function ") || bare.contains("=>") || bare.starts_with("public ")
    };
    let Some(head) = text[start..at].lines().rev().find(is_head) else { return false };
    let Some((name, parameters)) = head.split_once('(') else { return false };
    name.to_ascii_lowercase().contains("env") && words(parameters, argument).next().is_some()
}

/// What happens where the variable that the call at this bracket names is absent.
fn absence_of_call(kind: FileKind, text: &str, open: usize, fails: bool) -> Absence {
    let Some(list) = bracketed(&text[open..]) else { return Absence::Continues };
    let arguments = arguments(list);
    let keyword = arguments
        .iter()
        .skip(1)
        .find_map(|part| part.trim_start().strip_prefix("default")?.trim_start().strip_prefix('='));
    let is_keyword = |part: &&&str| {
        let name = part.split('=').next().unwrap_or_default().trim();
        part.contains('=') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !name.is_empty()
    };
    let second = arguments.get(1).filter(|part| !is_keyword(part)).copied();
    let behind = &text[open + list.len() + 2..];
    if let Some(default) = keyword.or(second) {
        // `env.list("X", subcast=str)` has none; Rust's `env!` has a message there.
        if is_nothing(default) {
            return absence_behind(kind, text, open, behind);
        }
        return Absence::Default(constant(default));
    }
    if kind.ecosystem() == Some(Ecosystem::Rust) {
        return absence_in_rust(behind);
    }
    // Prisma reads it only where it makes migrations.
    let is_shadow = kind.language() == "Prisma" && line_before(text, open).contains("shadowDatabaseUrl");
    match absence_behind(kind, text, open, behind) {
        Absence::Continues if fails && !is_shadow && !is_conditional(kind, text, open) => Absence::Fails,
        other => other,
    }
}

/// The default behind a value that Node.js makes a number of: `Number(process.env.PORT) || 3000`.
fn default_of_number(text: &str, at: usize, behind: &str) -> Option<Absence> {
    let reader = |c: char| c.is_ascii_alphanumeric() || "_.$[\"'`?".contains(c);
    let head = line_before(text, at).trim_end_matches(reader).trim_end();
    let is_made = ["Number(", "parseInt(", "parseFloat("].iter().any(|call| head.ends_with(call));
    let rest = is_made.then(|| behind.split_once(')'))??.1.trim_start();
    let default = ["||", "??"].iter().find_map(|mark| rest.strip_prefix(mark))?;
    let default = expression(default.trim_start());
    (!is_no_value(default)).then_some(())?;
    Some(Absence::Default(constant(default)))
}

/// Whether an expression stands for no value, or for an empty one.
fn is_nothing(expression: &str) -> bool {
    is_no_value(expression) || literal(expression) == Some("")
}

fn is_no_value(expression: &str) -> bool {
    patterns::words("stands for no value").any(|word| word == expression.trim())
}

/// `env::var("X")` fails only where its result is unwrapped.
fn absence_in_rust(behind: &str) -> Absence {
    let chain: String = expression(behind).split_whitespace().collect();
    match () {
        () if chain.starts_with(".unwrap_or")
            || chain.contains(".unwrap_or(")
            || chain.contains(".unwrap_or_else(") =>
        {
            Absence::Default(None)
        }
        () if [".unwrap()", ".expect(", "?"].iter().any(|word| chain.starts_with(word)) => Absence::Fails,
        () => Absence::Continues,
    }
}

/// What stands behind the value: `|| "default"`.
fn absence_behind(kind: FileKind, text: &str, at: usize, behind: &str) -> Absence {
    let behind = behind.trim_start_matches(' ');
    let bare = behind.trim_start();
    let is_python = kind.ecosystem() == Some(Ecosystem::Python);
    let marks: &[&str] = if is_python { &["or "] } else { &["||", "??", "or ", "?:"] };
    if let Some(rest) = marks.iter().find_map(|mark| bare.strip_prefix(mark)) {
        let rest = rest.trim_start_matches('=').trim_start();
        return if ["throw", "raise", "abort", "die"].iter().any(|word| rest.starts_with(word)) {
            Absence::Fails
        } else if is_alternative(text, at) {
            // The default is that of the first name.
            Absence::Default(None)
        } else {
            let default = last_part(expression(rest), marks);
            if is_no_value(default) { Absence::Continues } else { Absence::Default(constant(default)) }
        };
    }
    if behind.starts_with('{') && kind.ecosystem() == Some(Ecosystem::Ruby) {
        return Absence::Default(None);
    }
    let is_refused = kind.ecosystem() == Some(Ecosystem::Node) && is_refused_at_once(text, at, behind)
        || is_refused_below(text, at, behind)
        || fails_without(kind, text, at, behind) && !is_conditional(kind, text, at) && !is_in_block(text, at);
    if is_refused { Absence::Fails } else { Absence::Continues }
}

/// What an expression comes to where all parts before it have no value: `"c"` of `b || "c"`.
fn last_part<'t>(expression: &'t str, marks: &[&str]) -> &'t str {
    let last = marks.iter().filter_map(|mark| split(expression, mark).pop()).min_by_key(|part| part.len());
    last.unwrap_or(expression).trim()
}

/// Whether the read of a variable at a place stands for another one that has no value: `B` of `env.A || env.B || "c"`.
fn is_alternative(text: &str, at: usize) -> bool {
    let is_read = |c: char| c.is_ascii_alphanumeric() || "_.$[]\"'`()?:".contains(c);
    let start = text.floor_char_boundary(at.saturating_sub(BEFORE));
    let head = text[start..at].trim_end_matches(is_read).trim_end();
    let other = ["||", "??", " or"].iter().find_map(|mark| head.strip_suffix(mark)).map(str::trim_end);
    other.is_some_and(|other| {
        let read = &other[other.trim_end_matches(is_read).len()..];
        read.to_ascii_lowercase().contains("env")
    })
}

/// Whether the code looks whether the variable whose name stands here is set, and goes on without: `if os.getenv("X"):`,
/// `!!process.env.X`, `process.env.X && …`.
pub fn is_asked_for(text: &str, at: usize) -> bool {
    let before = line_before(text, at);
    let reader = |c: char| c.is_ascii_alphanumeric() || "_.$:[\"'`(".contains(c);
    let head = before.trim_end_matches(reader);
    // What is called belongs to the condition: `if (`, `Boolean(`.
    let called = before[head.len()..].rsplit_once('(').map_or("", |(callee, _)| callee);
    let words = head.trim_end();
    let is_negated =
        words.ends_with('!') && !words.ends_with("!!") || words.ends_with(" not") || words.ends_with("unless");
    if is_negated {
        return false;
    }
    let behind = text[at..].trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_\"'`])".contains(c));
    let behind = behind.lines().next().unwrap_or_default().trim_start();
    let has_choice =
        behind.starts_with("&&") || behind.starts_with('?') && !behind.starts_with("??") && !behind.starts_with("?.");
    let is_compared =
        ["!= \"\"", "!== undefined", ".present?", "is not None"].iter().any(|mark| behind.starts_with(mark));
    let condition = words.rsplit([' ', '(', '{', ';']).next().unwrap_or_default();
    words.ends_with("!!")
        || words.ends_with("&&")
        || matches!(condition, "if" | "elif" | "elsif")
        || called.ends_with("Boolean")
        || called.ends_with("if")
        || words.starts_with("if ") && behind.starts_with(';')
        || has_choice
        || is_compared
}

/// The text of a constant.
fn constant(expression: &str) -> Option<String> {
    let expression = expression.trim();
    // `settings.PORT` is a name.
    let is_number = expression.starts_with(|c: char| c.is_ascii_digit());
    let is_plain = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || is_number && byte == b'.')
    };
    literal(expression).or_else(|| is_plain(expression).then_some(expression)).map(str::to_owned)
}

/// Whether Python code reads it only on a condition.
fn is_conditional(kind: FileKind, text: &str, at: usize) -> bool {
    if kind.ecosystem() != Some(Ecosystem::Python) {
        return false;
    }
    let start = at - line_before(text, at).len();
    let line = &text[start..text.floor_char_boundary((at + BEFORE).min(text.len()))];
    let line = line.lines().next().unwrap_or_default();
    if line.contains(" if ") || is_condition(line.trim_start()) {
        return true;
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut inner = indent(line);
    let first = text.floor_char_boundary(at.saturating_sub(4 * BEFORE));
    for line in text[first..start].lines().rev().filter(|line| !line.trim().is_empty()) {
        if indent(line) < inner {
            inner = indent(line);
            if is_condition(line.trim_start()) {
                return true;
            }
        }
        if inner == 0 {
            break;
        }
    }
    false
}

fn is_condition(line: &str) -> bool {
    let first = line.split([' ', ':']).next().unwrap_or_default();
    ["if", "elif", "else", "try", "except"].contains(&first) || ["for", "while", "match", "case"].contains(&first)
}

fn add_object(kind: FileKind, text: &str, at: usize, row: ReadRow, rows: &ReadRows, reads: &mut VariableReads) {
    let end = at + row.pattern.len();
    let rest = &text[end..];
    let node = kind.ecosystem() == Some(Ecosystem::Node);
    let is_member = text[..at].ends_with('.') && !text[..at].ends_with("...");
    if is_member || is_imported(text, at) {
        return;
    }
    if rest.trim_start_matches("?.").starts_with('[') {
        let open = end + rest.find('[').unwrap_or_default();
        let Some(key) = bracketed(&text[open..]) else { return };
        let behind = &text[open + key.len() + 2..];
        match literal(key) {
            Some(name) => add_read(kind, text, (open + 1, name), behind, row.fails, reads),
            None if is_assigned(behind) || is_helper(text, at, key.trim()) => {}
            None => note(reads, at),
        }
        return;
    }
    if let Some(member) = rest.strip_prefix("?.").or_else(|| rest.strip_prefix('.')) {
        let length = member.find(|c: char| !c.is_ascii_alphanumeric() && !"_$?!".contains(c)).unwrap_or(member.len());
        let method = &member[..length];
        let behind = &member[length..];
        if node && !behind.starts_with('(') {
            let name = method.trim_end_matches(['?', '!']);
            let at = text.len() - member.len();
            add_read(kind, text, (at, name), &member[name.len()..], row.fails, reads);
            return;
        }
        let reads_by_name = rows.with("method").any(|row| row.pattern == method);
        let argument = bracketed(behind).and_then(|list| arguments(list).first().copied()).unwrap_or_default();
        let is_known = literal(argument).is_some() || is_helper(text, at, argument);
        if !reads_by_name || !is_known {
            note(reads, at);
        }
        return;
    }
    add_whole(kind, text, at, rest, reads);
}

/// Whether the name stands in an import.
fn is_imported(text: &str, at: usize) -> bool {
    let line = line_before(text, at);
    ["import ", "from "].iter().any(|word| line.trim_start().starts_with(word))
}

/// Whether a value is assigned to what stands in front.
fn is_assigned(behind: &str) -> bool {
    let behind = behind.trim_start();
    ["=", "||=", "??=", "+="].iter().any(|sign| behind.starts_with(sign))
        && !behind.starts_with("==")
        && !behind.starts_with("=>")
}

fn add_read(
    kind: FileKind,
    text: &str,
    (at, name): (usize, &str),
    behind: &str,
    fails: bool,
    reads: &mut VariableReads,
) {
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return;
    }
    if is_assigned(behind) {
        reads.sets.insert(name.to_owned());
        return;
    }
    let at = at + usize::from(text[at..].starts_with(['"', '\'', '`']));
    let absence = match absence_behind(kind, text, at, behind) {
        Absence::Continues if fails && !is_conditional(kind, text, at) => Absence::Fails,
        Absence::Continues if kind.ecosystem() == Some(Ecosystem::Node) => {
            default_of_number(text, at, behind).unwrap_or(Absence::Continues)
        }
        other => other,
    };
    reads.reads.push(VariableRead { at, name: name.to_owned(), absence });
}

/// The map as a whole: the names before it (`"X" in os.environ`, `const { X } = process.env`), or all of them.
fn add_whole(kind: FileKind, text: &str, at: usize, rest: &str, reads: &mut VariableReads) {
    let start = text.floor_char_boundary(at.saturating_sub(BEFORE));
    let before = text[start..at].trim_end();
    if kind.ecosystem() == Some(Ecosystem::Python) && before.ends_with(" in") {
        let inquiry = before[..before.len() - 3].trim_end().trim_end_matches(" not").trim_end();
        if let Some(inner) = inquiry.strip_suffix(['"', '\'']) {
            let name = inner.rsplit(['"', '\'']).next().unwrap_or_default();
            let at = start + inner.len() - name.len();
            reads.reads.push(VariableRead { at, name: name.to_owned(), absence: Absence::Continues });
            return;
        }
        let name = last_name(inquiry);
        if is_helper(text, at, name) {
            return;
        }
    }
    if let Some(list) = before.strip_suffix('=').map(str::trim_end).and_then(|text| text.strip_suffix('}'))
        && let Some(open) = list.rfind('{')
        && !rest.starts_with(['.', '[', '('])
    {
        let mut offset = start + open + 1;
        for part in list[open + 1..].split(',') {
            let bare = part.trim_start();
            let place = offset + part.len() - bare.len();
            offset += part.len() + 1;
            if bare.starts_with("...") {
                note(reads, at);
                continue;
            }
            let (named, default) = bare.split_once('=').map_or((bare, None), |(name, value)| (name, Some(value)));
            let name = named.split(':').next().unwrap_or_default().trim();
            if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                let absence = default.map_or(Absence::Continues, |value| Absence::Default(constant(value)));
                reads.reads.push(VariableRead { at: place, name: name.to_owned(), absence });
            }
        }
        return;
    }
    note(reads, at);
}

/// `env_prefix="APP_"`, `SetEnvPrefix("APP")`.
fn add_prefix(text: &str, at: usize, end: usize, reads: &mut VariableReads) {
    let rest = text[end..].trim_start().trim_start_matches(['=', ':', '(']).trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let prefix = quote.and_then(|quote| rest[1..].split_once(quote)).map(|(prefix, _)| prefix);
    match prefix {
        Some("") => {}
        Some(prefix) => _ = reads.prefixes.insert(prefix.to_owned()),
        None => note(reads, at),
    }
}
