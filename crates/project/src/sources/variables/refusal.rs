//! Code that ends the program where a variable is absent, in a statement of its own.

use super::read::{BEFORE, line_before};
use crate::data;
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::patterns;

/// Lines behind the read in which the variable is looked at, and lines behind that in which the program ends.
const LOOKED: usize = 6;
const ENDED: usize = 2;

/// `if (!process.env.X) throw …`, in one statement; `at` and `behind` are where the read begins and what stands behind it.
pub(super) fn is_refused_at_once(text: &str, at: usize, behind: &str) -> bool {
    let line = line_before(text, at);
    let is_inquiry =
        line.trim_start().starts_with("if (!process.env") || line.trim_start().starts_with("if(!process.env");
    let rest = behind.trim_start().strip_prefix(')').map(|rest| rest.trim_start().trim_start_matches('{').trim_start());
    is_inquiry && rest.is_some_and(ends_program)
}

/// `X = os.environ.get("X")`, then `if X is None: raise …`: at the top of a file, where it runs whenever the program starts.
pub(super) fn is_refused_below(text: &str, at: usize, behind: &str) -> bool {
    let line = line_before(text, at);
    if line.starts_with(char::is_whitespace) {
        return false;
    }
    let Some(name) = assigned_name(line) else { return false };
    let mut lines = behind.lines().skip(1).take(LOOKED + ENDED);
    let asks = |line: &str| {
        let condition = line.trim_start().strip_prefix("if").filter(|rest| rest.starts_with([' ', '(']));
        condition.is_some_and(|condition| is_absent(condition, name))
    };
    let Some(asking) = lines.by_ref().take(LOOKED).find(|line| asks(line)) else { return false };
    // `if X in [` with the values on lines of their own.
    if asking.trim_end().ends_with(['[', '(']) {
        let values: Vec<&str> = lines.by_ref().take_while(|line| !line.trim_start().starts_with([']', ')'])).collect();
        let is_nothing = |line: &&str| {
            patterns::words("compares with nothing")
                .any(|word| word == format!("is {}", line.trim_end_matches(',').trim()))
        };
        return values.iter().any(is_nothing) && lines.take(ENDED).any(|line| ends_program(line.trim_start()));
    }
    let mut places = asking.match_indices(' ').map(|(at, _)| &asking[at + 1..]);
    places.any(ends_program) || lines.take(ENDED).any(|line| ends_program(line.trim_start()))
}

/// Whether the statement cannot work without the value that is read at a place: `process.env.X.split(",")`,
/// `int(os.getenv("X"))`.
pub(super) fn fails_without(kind: FileKind, text: &str, at: usize, behind: &str) -> bool {
    let meaning = "fails without a value";
    let is_reader = |c: char| c.is_ascii_alphanumeric() || "_.$[(\"'`".contains(c);
    let line = line_before(text, at);
    let reader = line.trim_end_matches(is_reader).len();
    let call = &line[reader..];
    let is_argument = || {
        let is_ended = behind.trim_start().trim_start_matches('!').starts_with([')', ',']);
        is_ended && patterns::of(meaning).any(|word| word.is_of(kind) && call.starts_with(word.text))
    };
    let member = behind.trim_start_matches('!').trim_start().strip_prefix('.');
    let has_member = member.is_some_and(|member| member.starts_with(|c: char| c.is_ascii_alphabetic()));
    if data::MODE_VARIABLES.keys().any(|name| text[at..].starts_with(name)) {
        return false;
    }
    let asks_null = matches!(kind.ecosystem(), Some(Ecosystem::Node | Ecosystem::Python));
    asks_null && has_member || is_argument()
}

/// Whether a statement runs only at times: in a function, a branch or a block that catches errors, or behind a condition in
/// its line. The parts of a class and of an object that is written out run when the file is loaded.
pub(super) fn is_in_block(text: &str, at: usize) -> bool {
    let line = line_before(text, at);
    if patterns::words("makes what follows conditional").any(|word| line.contains(word)) {
        return true;
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let start = at - line.len();
    let first = text.floor_char_boundary(start.saturating_sub(4 * BEFORE));
    let mut depth = indent(line);
    for above in text[first..start].lines().rev().filter(|above| !above.trim().is_empty()) {
        if depth == 0 {
            return false;
        }
        if indent(above) < depth {
            depth = indent(above);
            let head = above.trim_start();
            let is_block = head.contains("=>")
                || head.contains("function")
                || head.trim_end().ends_with('{') && head.contains(')') && !head.contains("({")
                || patterns::words("begins a block").any(|word| head.starts_with(word));
            if is_block {
                return true;
            }
        }
    }
    depth > 0 && first > 0
}

/// Whether a function whose value the variable is at a place gives up without it, and the program goes on:
/// `const key = process.env.KEY; if (!key) return null;`.
pub fn is_done_without(text: &str, at: usize) -> bool {
    let Some(name) = assigned_name(line_before(text, at)) else { return false };
    let mut lines = text[at..].lines().skip(1).take(LOOKED);
    let asks = |line: &str| {
        let condition = line.trim_start().strip_prefix("if").filter(|rest| rest.starts_with([' ', '(']))?;
        let condition = condition.trim_start_matches([' ', '(']);
        let rest = ["!", "not "].iter().find_map(|word| condition.strip_prefix(word))?.strip_prefix(name)?;
        let is_name = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "_.".contains(c));
        (!is_name).then(|| rest.contains("return"))
    };
    let gives_up = |line: &str| {
        let value = line.split_once("return").map(|(_, value)| value.trim_matches([' ', ';', '}']));
        value.is_some_and(|value| value.is_empty() || patterns::words("stands for no value").any(|word| word == value))
    };
    while let Some(line) = lines.next() {
        match asks(line) {
            Some(true) => return gives_up(line),
            Some(false) => {
                return lines.next().is_some_and(|next| next.trim_start().starts_with("return") && gives_up(next));
            }
            None => {}
        }
    }
    false
}

/// Whether code behind a read asks whether the variable has a value and ends the program, or gives an error back, where it
/// has none: wherever that stands, so that it may run at times only.
pub fn may_be_refused(text: &str, at: usize) -> bool {
    let before = line_before(text, at);
    let assigned = assigned_name(before);
    let head = before.trim_start();
    let ends = |line: &str| {
        let line = line.trim_start();
        let statements = line.match_indices([' ', '{', '(']).map(|(at, _)| &line[at + 1..]);
        let gives_error = line.contains("return") && line.to_ascii_lowercase().contains("err");
        gives_error || ends_program(line) || statements.into_iter().any(ends_program)
    };
    let mut lines = text[at..].lines().take(LOOKED + ENDED + 1).enumerate();
    let is_condition = |line: &str| ["if ", "if(", "unless "].iter().any(|word| line.trim_start().starts_with(word));
    let asks = |(number, line): &(usize, &str)| {
        if *number == 0 {
            // `if (!process.env.X)`, `value = os.environ.get("X") or sys.exit(1)`
            return is_condition(head) || ends(line);
        }
        let words = || line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        is_condition(line) && words().any(|word| Some(word) == assigned || matches!(word, "ok" | "found" | "exists"))
    };
    let Some((number, asking)) = lines.by_ref().take(LOOKED + 1).find(asks) else { return false };
    let is_at_once = ends(asking) && (number > 0 || is_condition(head) || !asking.contains("return"));
    is_at_once || is_condition(if number == 0 { head } else { asking }) && lines.take(ENDED).any(|(_, line)| ends(line))
}

/// The name to the left of the last `=`: that of `const x: string = `.
fn assigned_name(line: &str) -> Option<&str> {
    let left = line.split_once('=')?.0.trim_end_matches([':', ' ']);
    let left = left.split_once(':').map_or(left, |(name, _)| name);
    let name = left.split_whitespace().last()?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some(name)
}

/// Whether a condition is that a variable has no value, and nothing else but that the program runs in production: `(!x)`,
/// ` not x:`, ` x == "" {`, ` not DEBUG and x is None:`.
fn is_absent(condition: &str, name: &str) -> bool {
    let condition = match condition.split_once(" and ") {
        Some((mode, rest)) if mode.trim().eq_ignore_ascii_case("not debug") => rest,
        _ => condition,
    };
    let head = condition.split(['{', ':']).next().unwrap_or_default();
    let head = head.split(") ").next().unwrap_or_default();
    let words: String = head.trim_matches(['(', ')', ' ', ';']).split_whitespace().collect::<Vec<_>>().join(" ");
    let Some((before, after)) = words.split_once(name) else { return false };
    let (before, after) = (before.trim(), after.trim().trim_matches('"').trim());
    match (before, after) {
        ("!" | "not", "") | ("", "in [" | "in") => true,
        ("", after) if after.starts_with("in ") => after.contains("None"),
        ("", after) => patterns::words("compares with nothing").any(|word| word == after),
        _ => false,
    }
}

fn ends_program(statement: &str) -> bool {
    patterns::words("ends the program").any(|word| statement.starts_with(word))
}
