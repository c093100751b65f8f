//! The characters of Go's regular expressions: classes, groups and escapes. Reads them; knows no steps.

/// The expression does not compile; the builder then says `syntax error in pattern` when it first tries the pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PatternSyntaxError;

/// What was read, and the text behind it.
pub(crate) type Read<'t, T> = Result<(T, &'t str), PatternSyntaxError>;

/// A member of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClassItem {
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

impl ClassItem {
    pub(crate) fn matches(self, character: char) -> bool {
        match self {
            Self::Range(low, high) => low <= character && character <= high,
            Self::Group(Group::Ascii(bits), negated) => {
                (character.is_ascii() && bits >> u32::from(character) & 1 == 1) != negated
            }
            Self::Group(Group::Category(letter), negated) => in_category(letter, character) != negated,
        }
    }
}

/// Membership in a one-letter general category. Exact for N, Z and ASCII; beyond, marks and symbols are told from
/// letters by `char`'s own tables, as no path pattern in sight names them.
fn in_category(letter: char, character: char) -> bool {
    let separator = matches!(
        character,
        ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    );
    match letter {
        'N' => character.is_numeric(),
        'Z' => separator,
        'L' => character.is_alphabetic() && !character.is_numeric(),
        'C' => character.is_control(),
        'P' => {
            matches!(character, '!'..='#' | '%'..='*' | ','..='/' | ':' | ';' | '?' | '@' | '['..=']' | '_' | '{' | '}' | '\u{2010}'..='\u{2027}')
        }
        'S' => matches!(character, '$' | '+' | '<'..='>' | '^' | '`' | '|' | '~'),
        _ => !character.is_ascii() && !character.is_alphanumeric() && !character.is_control() && !separator,
    }
}

/// Reads a class, with its brackets. `groups_end` is how far from the expression's end the last `:]` stands.
pub(crate) fn class(text: &str, groups_end: usize) -> Read<'_, Set> {
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
            return Err(PatternSyntaxError);
        }
        items.push(ClassItem::Range(low, high));
    }
    let slash_only = negated && items == [ClassItem::Range('/', '/')];
    let set = if slash_only { Set::NotSlash } else { Set::Class { negated, items: items.into() } };
    Ok((set, &rest[1..]))
}

fn class_char(text: &str) -> Read<'_, char> {
    match text.chars().next() {
        None => Err(PatternSyntaxError),
        Some('\\') => escape(text),
        Some(other) => Ok((other, &text[other.len_utf8()..])),
    }
}

/// `[:name:]` or `[:^name:]` inside a class.
fn posix_group(text: &str) -> Result<Option<(ClassItem, &str)>, PatternSyntaxError> {
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
        _ => return Err(PatternSyntaxError),
    };
    Ok(Some((ClassItem::Group(ascii(within), negated), after)))
}

/// `\d`, `\pL` and their like, in or outside a class.
pub(crate) fn named_escape(text: &str) -> Result<Option<(ClassItem, &str)>, PatternSyntaxError> {
    let mut chars = text.chars();
    if chars.next() != Some('\\') {
        return Ok(None);
    }
    let Some(kind) = chars.next() else { return Ok(None) };
    let group = match kind.to_ascii_lowercase() {
        'd' => ascii(|b| b.is_ascii_digit()),
        's' => ascii(|b| matches!(b, b'\t' | b'\n' | 0x0c | b'\r' | b' ')),
        'w' => ascii(is_word),
        'p' => {
            let (name, after) = category(chars.as_str())?;
            let (others, name) = name.strip_prefix('^').map_or((false, name), |name| (true, name));
            // Scripts and two-letter categories would need tables of their own; no path pattern in sight names them.
            let letter = match name {
                "C" | "L" | "M" | "N" | "P" | "S" | "Z" => char::from(name.as_bytes()[0]),
                _ => return Err(PatternSyntaxError),
            };
            return Ok(Some((ClassItem::Group(Group::Category(letter), (kind == 'P') != others), after)));
        }
        _ => return Ok(None),
    };
    Ok(Some((ClassItem::Group(group, kind.is_ascii_uppercase()), chars.as_str())))
}

/// The name behind `\p`: one letter, or what stands in braces.
fn category(text: &str) -> Read<'_, &str> {
    if let Some(inner) = text.strip_prefix('{') {
        return inner.split_once('}').ok_or(PatternSyntaxError);
    }
    let width = text.chars().next().ok_or(PatternSyntaxError)?.len_utf8();
    Ok(text.split_at(width))
}

fn ascii(within: fn(u8) -> bool) -> Group {
    Group::Ascii((0..128).filter(|byte| within(*byte)).fold(0, |bits, byte| bits | 1 << byte))
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// An escape that stands for one character.
pub(crate) fn escape(text: &str) -> Read<'_, char> {
    let mut chars = text[1..].chars();
    let Some(kind) = chars.next() else { return Err(PatternSyntaxError) };
    let character = match kind {
        'a' => '\x07',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        'x' if chars.as_str().starts_with('{') => {
            let (digits, after) = chars.as_str()[1..].split_once('}').ok_or(PatternSyntaxError)?;
            let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let value = if is_hex { u32::from_str_radix(digits, 16).ok().and_then(char::from_u32) } else { None };
            return Ok((value.ok_or(PatternSyntaxError)?, after));
        }
        'x' => {
            let high = chars.next().and_then(|digit| digit.to_digit(16)).ok_or(PatternSyntaxError)?;
            let low = chars.next().and_then(|digit| digit.to_digit(16)).ok_or(PatternSyntaxError)?;
            char::from_u32(high * 16 + low).ok_or(PatternSyntaxError)?
        }
        '0'..='7' => return octal(text),
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => other,
        _ => return Err(PatternSyntaxError),
    };
    Ok((character, chars.as_str()))
}

/// `\0`, `\12`, `\123`; `\1` alone would be a back reference, which Go has not.
fn octal(text: &str) -> Read<'_, char> {
    let digits = text.as_bytes()[1..].iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
    if digits == 1 && !text[1..].starts_with('0') {
        return Err(PatternSyntaxError);
    }
    let (number, after) = text[1..].split_at(digits);
    let value = u32::from_str_radix(number, 8).ok().and_then(char::from_u32).ok_or(PatternSyntaxError)?;
    Ok((value, after))
}

/// A set of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    Only(char),
    NotSlash,
    NotNewline,
    Class { negated: bool, items: Box<[ClassItem]> },
}

impl Set {
    pub(crate) fn matches(&self, character: char) -> bool {
        match self {
            Self::Only(expected) => *expected == character,
            Self::NotSlash => character != '/',
            Self::NotNewline => character != '\n',
            Self::Class { negated, items } => items.iter().any(|item| item.matches(character)) != *negated,
        }
    }
}
