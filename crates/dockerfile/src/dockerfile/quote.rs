//! Text in quotes as the builder prints it in its messages (Go's `%q`). Knows nothing of Dockerfiles.

use std::fmt::Write as _;

/// `text` in double quotes with Go's escapes: `strconv.Quote`, which `%q` prints.
///
/// A byte that was no UTF-8 has become U+FFFD when it arrives here and is printed as that character, where Go prints
/// `\xff`.
pub fn go_quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            '\0'..='\x1f' | '\x7f' => push_code(&mut out, 'x', 2, c),
            _ if is_print(c) => out.push(c),
            '\u{80}'..='\u{ffff}' => push_code(&mut out, 'u', 4, c),
            _ => push_code(&mut out, 'U', 8, c),
        }
    }
    out.push('"');
    out
}

fn push_code(out: &mut String, letter: char, width: usize, c: char) {
    // Writing to a String can't fail.
    let _ = write!(out, "\\{letter}{:0width$x}", c as u32);
}

/// Go's `strconv.IsPrint` outside ASCII: no control, format, private, unassigned or space character.
///
/// Rust keeps the same table for `escape_debug`, which escapes combining marks only at the start of a text.
fn is_print(c: char) -> bool {
    let mut buffer = [b' '; 5];
    let length = c.encode_utf8(&mut buffer[1..]).len();
    let Ok(text) = std::str::from_utf8(&buffer[..=length]) else { return false };
    text.escape_debug().nth(1) == Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(go_quote(text), expected);
    }

    #[test]
    fn printable_text_stays() {
        check("", r#""""#);
        check("a'b é日👽", "\"a'b é日👽\"");
        check("a\u{301}\u{fffd}", "\"a\u{301}\u{fffd}\"");
        check("\u{301}", "\"\u{301}\"");
    }

    #[test]
    fn the_rest_is_escaped() {
        check(r#"say "hi" \n"#, r#""say \"hi\" \\n""#);
        check("\x07\x08\x0c\n\r\t\x0b", r#""\a\b\f\n\r\t\v""#);
        check("\0\x1b\x7f", r#""\x00\x1b\x7f""#);
        check("\u{85}\u{a0}\u{ad}\u{200b}\u{feff}\u{e000}", r#""\u0085\u00a0\u00ad\u200b\ufeff\ue000""#);
        check("\u{1f1}\u{e0001}\u{10ffff}", "\"\u{1f1}\\U000e0001\\U0010ffff\"");
    }
}
