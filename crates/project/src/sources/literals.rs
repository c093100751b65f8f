//! The strings that a source file writes out.

use super::values::without_comments;

/// The maximum length of a string that is looked at, in bytes.
const LONGEST: usize = 500;

/// How much of what stands before a string is kept, in bytes.
const BEFORE: usize = 80;

/// A string of a source file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StringLiteral {
    /// The offset of its first character, behind the quote.
    pub at: usize,
    /// What stands between the quotes, escapes as they are.
    pub text: String,
    /// The last characters before its quote on its line, without white space at the end: `host=`.
    pub before: String,
}

/// The strings of one line without variables in them; `path` tells the language, and so what a comment is.
pub fn string_literals(path: &str, text: &str) -> Vec<StringLiteral> {
    let text = without_comments(path, text);
    let mut literals = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        add_literals(line, start, &mut literals);
        start += line.len();
    }
    literals
}

fn add_literals(line: &str, start: usize, literals: &mut Vec<StringLiteral>) {
    let bytes = line.as_bytes();
    let mut at = 0;
    while let Some(offset) = memchr::memchr3(b'"', b'\'', b'`', &bytes[at..]) {
        let open = at + offset;
        let Some(length) = closing(&bytes[open + 1..], bytes[open]) else {
            // An apostrophe, or a string of several lines.
            at = open + 1;
            continue;
        };
        let inside = &line[open + 1..open + 1 + length];
        if (1..=LONGEST).contains(&length) && !inside.contains("${") && !inside.contains("#{") {
            literals.push(StringLiteral {
                at: start + open + 1,
                text: inside.to_owned(),
                before: tail(&line[..open]).trim_end().to_owned(),
            });
        }
        at = open + length + 2;
    }
}

/// The end of a text.
fn tail(text: &str) -> &str {
    let start = (text.len().saturating_sub(BEFORE)..=text.len()).find(|at| text.is_char_boundary(*at));
    &text[start.unwrap_or(0)..]
}

/// How far the closing quote is away.
fn closing(bytes: &[u8], quote: u8) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            byte if *byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_and_comments_are_not() {
        let texts = |path, text| -> Vec<(String, String)> {
            string_literals(path, text).into_iter().map(|known| (known.before, known.text)).collect()
        };
        let pair = |before: &str, text: &str| (before.to_owned(), text.to_owned());
        assert_eq!(
            texts("a.py", "# \"no\"\nr = Redis(host=\"redis\", db='0')\n"),
            [pair("r = Redis(host=", "redis"), pair("r = Redis(host=\"redis\", db=", "0")]
        );
        assert_eq!(texts("a.js", "// 'no'\nurl: `a${b}`, it: 'x\\'y'"), [pair("url: `a${b}`, it:", "x\\'y")]);
        assert_eq!(texts("a.go", "it's \"\" \"é\""), [pair("it's \"\"", "é")]);
    }

    #[test]
    fn the_place_of_a_string_is_right_in_any_text() {
        let text = "é = 'ü'\r\n  x(\"y\")";
        for literal in string_literals("a.rb", text) {
            assert!(text[literal.at..].starts_with(&literal.text));
        }
    }
}
