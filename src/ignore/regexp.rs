//! Go's regexp syntax, as far as an ignore pattern can reach it. The builder rewrites a pattern into a regular
//! expression character by character; classes and escapes pass through, so their meaning is the expression's: `\d`
//! is a digit, `[*]` is not a star. Reads an expression into [`Step`]s; matching is not done here.

use crate::ignore::steps::{Assertion, Set, Step};

/// The expression does not compile; the builder then says `syntax error in pattern` when it first tries the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Uncompilable;

type Read<'t, T> = Result<(T, &'t str), Uncompilable>;

/// The expression that the builder makes of a pattern.
pub(crate) fn rewrite(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    out.push('^');
    // The scanner that reads the pattern drops a byte order mark at its start.
    let mut rest = pattern.strip_prefix('\u{feff}').unwrap_or(pattern).chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '*' if rest.next_if_eq(&'*').is_some() => {
                rest.next_if_eq(&'/');
                out.push_str(if rest.peek().is_some() { "(.*/)?" } else { ".*" });
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            // The builder means to escape `{`, `|` and `}` as well, but its table ends at `?`.
            '.' | '+' | '(' | ')' | '$' => out.extend(['\\', next]),
            '\\' => {
                out.push('\\');
                out.extend(rest.next());
            }
            other => out.push(other),
        }
    }
    out.push('$');
    out
}

/// Reads an expression made by [`rewrite`]: its alternatives, of which only the first begins with `^` and only the last
/// ends in `$`.
pub(crate) fn compile(expression: &str) -> Result<Vec<Vec<Step>>, Uncompilable> {
    let mut alternatives = Vec::new();
    let mut steps = Vec::new();
    let mut rest = expression;
    // Go refuses a repetition of what is repeated already.
    let mut repeated = false;
    // No group `[:…:]` is looked for where none can end any more.
    let groups_end = expression.rfind(":]").map_or(0, |at| expression.len() - at);
    while let Some(first) = rest.chars().next() {
        if let Some((counts, after)) = counts(rest)? {
            let last = steps.pop().filter(|_| !repeated).ok_or(Uncompilable)?;
            repeat(&mut steps, last, counts)?;
            (repeated, rest) = (true, after);
            continue;
        }
        if let Some(after) = rest.strip_prefix("(.*/)?") {
            push(&mut steps, Step::Directories);
            (repeated, rest) = (true, after);
            continue;
        }
        repeated = false;
        if let Some(after) = rest.strip_prefix("\\Q") {
            let (literal, after) = after.split_once("\\E").unwrap_or((after, ""));
            steps.extend(literal.chars().map(|one| Step::One(Set::Only(one))));
            rest = after;
            continue;
        }
        let (step, after) = match first {
            '|' => {
                alternatives.push(std::mem::take(&mut steps));
                rest = &rest[1..];
                continue;
            }
            '^' => (Step::Assert(Assertion::Start), &rest[1..]),
            '$' => (Step::Assert(Assertion::End), &rest[1..]),
            '\\' => escape_step(rest)?,
            _ => {
                let (set, after) = match first {
                    '.' => (Set::NotNewline, &rest[1..]),
                    '[' => class(rest, groups_end)?,
                    other => (Set::Only(other), &rest[other.len_utf8()..]),
                };
                repeated = after.starts_with('*');
                if repeated { (Step::Many(set), &after[1..]) } else { (Step::One(set), after) }
            }
        };
        push(&mut steps, step);
        rest = after;
    }
    alternatives.push(steps);
    Ok(alternatives)
}

/// Adds a step, unless it repeats one that already takes everything that it could.
fn push(steps: &mut Vec<Step>, step: Step) {
    if matches!(step, Step::Directories | Step::Many(Set::NotSlash | Set::NotNewline)) && steps.last() == Some(&step) {
        return;
    }
    steps.push(step);
}

/// The most steps that repetitions may make of one pattern; Go's own bound lies higher, at what no one writes.
const STEPS_MAX: usize = 20_000;

/// Least and most, without bound if `None`.
type Counts = (usize, Option<usize>);

/// Reads `{2}`, `{2,}` or `{2,5}`; anything else in braces is literal.
fn counts(text: &str) -> Result<Option<(Counts, &str)>, Uncompilable> {
    let Some(inner) = text.strip_prefix('{') else { return Ok(None) };
    let end = inner.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b',').count();
    let (inner, after) = inner.split_at(end);
    let Some(after) = after.strip_prefix('}') else { return Ok(None) };
    let number = |digits: &str| {
        let plain = !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        // What does not fit is over Go's limit as well.
        plain.then(|| digits.parse().unwrap_or(usize::MAX))
    };
    let found = match inner.split_once(',') {
        None => number(inner).map(|count| (count, Some(count))),
        Some((least, "")) => number(least).map(|least| (least, None)),
        Some((least, most)) => number(least).zip(number(most)).map(|(least, most)| (least, Some(most))),
    };
    match found {
        Some((least, most)) if least > 1000 || most.is_some_and(|most| most > 1000 || most < least) => {
            Err(Uncompilable)
        }
        Some(counts) => Ok(Some((counts, after))),
        None => Ok(None),
    }
}

fn repeat(steps: &mut Vec<Step>, step: Step, (least, most): Counts) -> Result<(), Uncompilable> {
    let Step::One(set) = step else {
        // Conditions and steps that repeat by themselves are the same once as often.
        if least > 0 || most != Some(0) && !matches!(step, Step::Assert(_)) {
            steps.push(step);
        }
        return Ok(());
    };
    if steps.len() + most.unwrap_or(least) > STEPS_MAX {
        return Err(Uncompilable);
    }
    steps.extend(std::iter::repeat_n(Step::One(set.clone()), least));
    match most {
        Some(most) => steps.extend(std::iter::repeat_n(Step::Maybe(set), most - least)),
        None => steps.push(Step::Many(set)),
    }
    Ok(())
}

/// An escape outside a class.
fn escape_step(text: &str) -> Read<'_, Step> {
    let assertion = match text.as_bytes().get(1) {
        Some(b'A') => Some(Assertion::Start),
        Some(b'z') => Some(Assertion::End),
        Some(b'b') => Some(Assertion::WordBoundary),
        Some(b'B') => Some(Assertion::NoWordBoundary),
        _ => None,
    };
    if let Some(assertion) = assertion {
        return Ok((Step::Assert(assertion), &text[2..]));
    }
    if let Some((item, after)) = named_escape(text)? {
        return Ok((Step::One(Set::Class { negated: false, items: Box::new([item]) }), after));
    }
    let (one, after) = escape(text)?;
    Ok((Step::One(Set::Only(one)), after))
}

/// A member of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// From and to, both included.
    Range(char, char),
    /// `\d`, `\S`, `[:alpha:]`, `\pL` …, and whether it stands for all others.
    Group(Group, bool),
}

/// A named group of characters. All but the last are ASCII only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// `[:…:]` and `\d \s \w`: one bit per character.
    Ascii(u128),
    /// `\pL` and the like: a general category by its letter.
    Category(char),
}

impl Item {
    pub(crate) fn takes(self, one: char) -> bool {
        match self {
            Self::Range(low, high) => low <= one && one <= high,
            Self::Group(Group::Ascii(bits), negated) => (one.is_ascii() && bits >> u32::from(one) & 1 == 1) != negated,
            Self::Group(Group::Category(letter), negated) => in_category(letter, one) != negated,
        }
    }
}

/// Membership in a one-letter general category. Exact for N, Z and ASCII; beyond, marks and symbols are told from
/// letters by `char`'s own tables, as no path pattern in sight names them.
fn in_category(letter: char, one: char) -> bool {
    let separator = matches!(
        one,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    );
    match letter {
        'N' => one.is_numeric(),
        'Z' => separator,
        'L' => one.is_alphabetic() && !one.is_numeric(),
        'C' => one.is_control(),
        'P' => {
            matches!(one, '!'..='#' | '%'..='*' | ','..='/' | ':' | ';' | '?' | '@' | '['..=']' | '_' | '{' | '}' | '\u{2010}'..='\u{2027}')
        }
        'S' => matches!(one, '$' | '+' | '<'..='>' | '^' | '`' | '|' | '~'),
        _ => !one.is_ascii() && !one.is_alphanumeric() && !one.is_control() && !separator,
    }
}

/// Reads a class, with its brackets. `groups_end` is how far from the expression's end the last `:]` stands.
fn class(text: &str, groups_end: usize) -> Read<'_, Set> {
    let mut rest = &text[1..];
    let negated = rest.starts_with('^');
    rest = &rest[usize::from(negated)..];
    let mut items = Vec::new();
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        if rest.len() > groups_end
            && let Some((item, after)) = posix_group(rest)?
        {
            items.push(item);
            rest = after;
            continue;
        }
        if let Some((item, after)) = named_escape(rest)? {
            items.push(item);
            rest = after;
            continue;
        }
        let (low, after) = class_char(rest)?;
        rest = after;
        let mut high = low;
        if rest.len() >= 2 && rest.starts_with('-') && !rest[1..].starts_with(']') {
            (high, rest) = class_char(&rest[1..])?;
        }
        if high < low {
            return Err(Uncompilable);
        }
        items.push(Item::Range(low, high));
    }
    let slash_only = negated && items == [Item::Range('/', '/')];
    let set = if slash_only { Set::NotSlash } else { Set::Class { negated, items: items.into() } };
    Ok((set, &rest[1..]))
}

fn class_char(text: &str) -> Read<'_, char> {
    match text.chars().next() {
        None => Err(Uncompilable),
        Some('\\') => escape(text),
        Some(other) => Ok((other, &text[other.len_utf8()..])),
    }
}

/// `[:name:]` or `[:^name:]` inside a class.
fn posix_group(text: &str) -> Result<Option<(Item, &str)>, Uncompilable> {
    let Some((name, after)) = text.strip_prefix("[:").and_then(|inner| inner.split_once(":]")) else {
        return Ok(None);
    };
    let (negated, name) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
    let within: fn(u8) -> bool = match name {
        "alnum" => |b| b.is_ascii_alphanumeric(),
        "alpha" => |b| b.is_ascii_alphabetic(),
        "ascii" => |_| true,
        "blank" => |b| matches!(b, b' ' | b'\t'),
        "cntrl" => |b| b.is_ascii_control(),
        "digit" => |b| b.is_ascii_digit(),
        "graph" => |b| b.is_ascii_graphic(),
        "lower" => |b| b.is_ascii_lowercase(),
        "print" => |b| matches!(b, b' '..=b'~'),
        "punct" => |b| b.is_ascii_punctuation(),
        "space" => |b| matches!(b, b'\t'..=b'\r' | b' '),
        "upper" => |b| b.is_ascii_uppercase(),
        "word" => is_word,
        "xdigit" => |b| b.is_ascii_hexdigit(),
        _ => return Err(Uncompilable),
    };
    Ok(Some((Item::Group(ascii(within), negated), after)))
}

/// `\d`, `\pL` and their like, in or outside a class.
fn named_escape(text: &str) -> Result<Option<(Item, &str)>, Uncompilable> {
    let mut chars = text.chars();
    if chars.next() != Some('\\') {
        return Ok(None);
    }
    let Some(kind) = chars.next() else { return Ok(None) };
    let group = match kind.to_ascii_lowercase() {
        'd' => ascii(|b| b.is_ascii_digit()),
        's' => ascii(|b| matches!(b, b'\t' | b'\n' | 0x0c | b'\r' | b' ')),
        'w' => ascii(is_word),
        'p' => match chars.next() {
            Some(letter @ ('C' | 'L' | 'M' | 'N' | 'P' | 'S' | 'Z')) => Group::Category(letter),
            _ => return Err(Uncompilable),
        },
        _ => return Ok(None),
    };
    Ok(Some((Item::Group(group, kind.is_ascii_uppercase()), chars.as_str())))
}

fn ascii(within: fn(u8) -> bool) -> Group {
    Group::Ascii((0..128).filter(|byte| within(*byte)).fold(0, |bits, byte| bits | 1 << byte))
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// An escape that stands for one character.
fn escape(text: &str) -> Read<'_, char> {
    let mut chars = text[1..].chars();
    let Some(kind) = chars.next() else { return Err(Uncompilable) };
    let one = match kind {
        'a' => '\x07',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'x' => {
            let high = chars.next().and_then(|digit| digit.to_digit(16)).ok_or(Uncompilable)?;
            let low = chars.next().and_then(|digit| digit.to_digit(16)).ok_or(Uncompilable)?;
            char::from_u32(high * 16 + low).ok_or(Uncompilable)?
        }
        '0'..='7' => return octal(text),
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => other,
        _ => return Err(Uncompilable),
    };
    Ok((one, chars.as_str()))
}

/// `\0`, `\12`, `\123`; `\1` alone would be a back reference, which Go has not.
fn octal(text: &str) -> Read<'_, char> {
    let digits = text.as_bytes()[1..].iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    if digits == 1 && !text[1..].starts_with('0') {
        return Err(Uncompilable);
    }
    let (number, after) = text[1..].split_at(digits);
    let value = u32::from_str_radix(number, 8).ok().and_then(char::from_u32).ok_or(Uncompilable)?;
    Ok((value, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, expression: &str, compiles: bool) {
        assert_eq!(rewrite(pattern), expression, "{pattern:?}");
        assert_eq!(compile(expression).is_ok(), compiles, "{expression:?}");
    }

    #[test]
    fn patterns_are_rewritten_as_the_builder_does() {
        check("docs/*.md", "^docs/[^/]*\\.md$", true);
        check("**/a?/**", "^(.*/)?a[^/]/.*$", true);
        check("***", "^(.*/)?[^/]*$", true);
        check("[*]", "^[[^/]*]$", true);
        check("[a.b]+", "^[a\\.b]\\+$", true);
        check("{a|b}*", "^{a|b}[^/]*$", true);
        check("\u{feff}a?", "^a[^/]$", true);
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for pattern in [
            "docs\\img",
            "[b-a]",
            "a\\é",
            "x\\1",
            "\\xg0",
            "\\pages",
            "[[:nope:]]",
            "[\\i]",
            "a\\E",
            "\\C",
            "*{2}",
            "**{2}a",
            "a?|{2}",
            "a{2}{2}?",
            "?{1001}",
            "?{3,2}",
        ] {
            assert!(compile(&rewrite(pattern)).is_err(), "{pattern:?}");
        }
        for pattern in [
            "x\\12",
            "\\0",
            "\\x41",
            "\\pL",
            "[[:alpha:]]",
            "\\Qa.b",
            "\\d\\W",
            "[\\d-]",
            "[--a]",
            "[a\\-z]",
            "?{1000}",
            "?{,2}",
            "?{02}",
            "?{2,3}",
            "a?{",
            "a?|",
        ] {
            assert!(compile(&rewrite(pattern)).is_ok(), "{pattern:?}");
        }
    }
}
