//! What of a text a reader would obey, taken away: one function per kind of reader.

use std::borrow::Cow;
use std::io;

use crate::finding::Mask;
use crate::report::layout::{clean, substitute};

/// JSON in which no character moves a terminal's cursor or turns the direction of reading: those are escaped, and a
/// parser gives them back. Takes JSON, gives JSON.
pub(in crate::report) fn json(text: String) -> String {
    // A job of GitHub obeys this anywhere in a line; outside of strings JSON has no such character.
    let text = if text.contains(COMMAND) { text.replace(COMMAND, "#\\u0023[") } else { text };
    // Outside of strings JSON is plain ASCII; inside them serde has escaped what lies below U+0020.
    let is_escaped = |c: char| c >= '\u{7f}' && substitute(c).is_some();
    if !text.contains(is_escaped) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 64);
    for c in text.chars() {
        if is_escaped(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// How commands of the older kind begin, anywhere in a line of a job's log (`ActionCommand.TryParse` of GitHub's runner).
const COMMAND: &str = "##[";

/// A text of which a job of GitHub obeys no line: a character without a width goes before what it would take for a
/// command (`::error …` at the start of a line, `##[error]…` anywhere).
pub fn without_commands(text: &str) -> Cow<'_, str> {
    let is_command = |line: &str| line.trim_start().starts_with("::");
    if !text.contains(COMMAND) && !text.split(['\n', '\r']).any(is_command) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 64);
    for line in text.split_inclusive(['\n', '\r']) {
        let line = line.replace(COMMAND, "##\u{200b}[");
        let start = line.len() - line.trim_start().len();
        if is_command(&line) {
            out.push_str(&line[..start]);
            out.push('\u{200b}');
            out.push_str(&line[start..]);
        } else {
            out.push_str(&line);
        }
    }
    Cow::Owned(out)
}

/// Text for XML 1.0, in an attribute or between tags: nothing of it is markup, no character is illegal.
pub(super) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            // Also where no tag is near: `]]>` must not stand in a text.
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // A parser makes blanks of them in an attribute.
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(substitute(c).unwrap_or(c)),
        }
    }
    out
}

/// The message of a workflow command; lines stay lines.
pub(super) fn github_message(text: &str) -> String {
    let mut out = String::new();
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push_str("%0A");
        }
        out.push_str(&clean(line).replace('%', "%25").replace('\r', "%0D"));
    }
    out
}

/// A property of a workflow command.
pub(super) fn github_property(text: &str) -> String {
    github_message(&clean(text)).replace(':', "%3A").replace(',', "%2C")
}

/// Writes a row of a CSV file (RFC 4180) of cells that are escaped already.
pub(in crate::report) fn write_row(out: &mut dyn io::Write, cells: &[String]) -> io::Result<()> {
    out.write_all(cells.join(",").as_bytes())?;
    out.write_all(b"\r\n")
}

/// A cell of a CSV file, always in quotes. What a spreadsheet would take for a formula begins with an apostrophe, also
/// behind a semicolon, which separates cells where the comma is the decimal mark.
pub(in crate::report) fn csv(text: &str) -> String {
    let mut out = String::from('"');
    let mut first = true;
    for c in clean(text).chars() {
        let starts_formula = matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
        if first && starts_formula {
            out.push('\'');
        }
        first = c == ';' || (first && (c.is_whitespace() || matches!(c, '"' | '␍')));
        if c == '"' {
            out.push('"');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// Text in a Markdown table: what stands between backquotes is code, the rest is words; nothing of it is a tag, a link,
/// a picture, a cell's end, or calls somebody.
pub(in crate::report) fn markdown(text: &str) -> String {
    let text = masked(text);
    let mut out = String::new();
    let mut parts = text.split('`').peekable();
    let mut code = false;
    while let Some(part) = parts.next() {
        // A backquote without a partner opens nothing.
        if code && parts.peek().is_some() {
            out.push_str(&markdown_code(part));
        } else {
            if code {
                out.push_str("&#96;");
            }
            out.push_str(&words(part));
        }
        code = !code;
    }
    out
}

/// A text for a document: nothing in it turns the direction of reading, and it has no token. References hide one from the mask of
/// the whole result.
pub(in crate::report) fn masked(text: &str) -> String {
    let masked = Mask::without_tokens(text);
    clean(masked.as_deref().unwrap_or(text)).into()
}

/// As [`clean`], for lines that may be copied from a document: a tab stays one.
fn clean_with_tabs(line: &str) -> String {
    line.split('\t').map(clean).collect::<Vec<_>>().join("\t")
}

/// As [`masked`], for lines that may be copied.
pub(in crate::report) fn masked_with_tabs(line: &str) -> String {
    let masked = Mask::without_tokens(line);
    clean_with_tabs(masked.as_deref().unwrap_or(line))
}

/// Code in a Markdown table.
pub(in crate::report) fn markdown_code(text: &str) -> String {
    let mut out = String::from("<code>");
    let mut before = ' ';
    for c in masked(text).chars() {
        // Addresses become links in code too, as this is no code span: in those a reference would be shown as it is.
        let is_address = c == ':' || (c == '.' && before.eq_ignore_ascii_case(&'w'));
        out.push_str(&if is_address { format!("&#{};", c as u32).into() } else { reference(c) });
        before = c;
    }
    out + "</code>"
}

/// Lines as a block of code with its language. The fence is longer than any run of backquotes in the lines; control
/// characters are replaced, line ends are kept.
pub(in crate::report) fn markdown_fence(language: &str, text: &str) -> String {
    let text = Mask::without_tokens(text).map_or(Cow::Borrowed(text), Cow::Owned);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut out = format!("{fence}{language}\n");
    for line in text.lines() {
        out.push_str(&clean_with_tabs(line));
        out.push('\n');
    }
    out + &fence + "\n"
}

/// A character that Markdown gives a meaning to, as a reference, which has none.
fn reference(c: char) -> Cow<'static, str> {
    if "\\`*_[]<>#!|~&@$".contains(c) { format!("&#{};", c as u32).into() } else { String::from(c).into() }
}

/// Outside of code, sites look for mentions, references and addresses in the text that is shown: a blank without width
/// breaks them.
fn words(text: &str) -> String {
    const BREAK: &str = "&#8203;";
    let mut out = String::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        let breaks_before = c == '.' && before.eq_ignore_ascii_case(&'w');
        if breaks_before {
            out.push_str(BREAK);
        }
        out.push_str(&reference(c));
        let breaks_after = match c {
            '@' => true,
            '#' | '!' | '$' | '~' | '&' | '%' => rest.starts_with(|next: char| next.is_alphanumeric()),
            ':' => rest.starts_with(|next: char| !next.is_whitespace()),
            _ => false,
        };
        if breaks_after {
            out.push_str(BREAK);
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "a\u{1b}[2J\u{7f}\u{9b}31m\u{202e}\u{2028}b";

    #[test]
    fn json_gives_back_what_it_escapes() {
        let text = format!("é {HOSTILE}\u{e0041}");
        let written = json(serde_json::to_string(&text).unwrap());
        assert!(written.chars().all(|c| substitute(c).is_none()), "{written}");
        assert!(written.contains("\\u007f\\u009b31m\\u202e\\u2028b\\udb40\\udc41"), "{written}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }

    #[test]
    fn xml_has_no_markup_and_no_illegal_character() {
        assert_eq!(xml("<a b=\"c\">&'\n]]>"), "&lt;a b=&quot;c&quot;&gt;&amp;&apos;&#10;]]&gt;");
        assert_eq!(xml("\0\u{b}\u{fffe}\u{ffff}"), "␀␋\u{fffd}\u{fffd}");
        assert!(xml(HOSTILE).chars().all(|c| substitute(c).is_none()));
    }

    #[test]
    fn no_line_is_a_workflow_command() {
        for (text, expected) in [
            ("a::b ## [c]", "a::b ## [c]"),
            ("::error::x\n  ::add-mask::y\r::z", "\u{200b}::error::x\n  \u{200b}::add-mask::y\r\u{200b}::z"),
            ("a ##[error]b\n", "a ##\u{200b}[error]b\n"),
        ] {
            assert_eq!(without_commands(text), expected);
        }
        let value = serde_json::json!({ "a": "##[error]x #### ##[" });
        let text = json(value.to_string());
        assert!(!text.contains("##["), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn workflow_commands_end_where_they_should() {
        assert_eq!(github_message("100%\n::error::x\r"), "100%25%0A::error::x␍");
        assert_eq!(github_property("a,line=9::b\n::error::%"), "a%2Cline=9%3A%3Ab %3A%3Aerror%3A%3A%25");
        assert!(github_message(HOSTILE).chars().all(|c| substitute(c).is_none()));
    }

    #[test]
    fn spreadsheets_see_no_formula() {
        for (text, cell) in [
            ("=1+1", "\"'=1+1\""),
            (" \t@SUM(A1)", "\"  '@SUM(A1)\""),
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
            ("a; =1", "\"a; '=1\""),
            ("\"=1", "\"\"\"'=1\""),
            ("\r\n-2", "\"␍ '-2\""),
            ("plain", "\"plain\""),
        ] {
            assert_eq!(csv(text), cell, "{text:?}");
        }
    }

    #[test]
    fn a_fence_is_not_closed_by_what_it_holds() {
        assert_eq!(markdown_fence("diff", "+a\n"), "```diff\n+a\n```\n");
        let text = markdown_fence("diff", "+```\n+````x\u{1b}[2J\n");
        assert_eq!(text, "`````diff\n+```\n+````x␛[2J\n`````\n");
    }

    #[test]
    fn markdown_is_text_only() {
        for (text, escaped) in [
            ("`a|b` is <b>", "<code>a&#124;b</code> is &#60;b&#62;"),
            ("a ` b", "a &#96; b"),
            ("![x](http://y) @me", "&#33;&#91;x&#93;(http:&#8203;//y) &#64;&#8203;me"),
            ("see www.x.y #12", "see www&#8203;.x.y &#35;&#8203;12"),
            ("</details>", "&#60;/details&#62;"),
            ("`</code>@me`", "<code>&#60;/code&#62;&#64;me</code>"),
            ("help: this", "help: this"),
        ] {
            assert_eq!(markdown(text), escaped, "{text}");
        }
    }
}
