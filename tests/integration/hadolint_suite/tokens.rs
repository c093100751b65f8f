//! Tokens of Haskell with their columns, as far as hadolint's specs have them.

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Name(String),
    Text(String),
    Number(usize),
    Symbol(String),
}

#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// From 1.
    pub(super) line: usize,
    /// Characters of the line before it.
    pub(super) column: usize,
}

const OPERATOR: &str = "!#$%&*+./<=>?@\\^|-~:";

/// The tokens of a source, without comments.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut depth = 0;
    for (line, written) in logical_lines(text) {
        let chars: Vec<char> = written.chars().collect();
        let mut at = 0;
        while at < chars.len() {
            let column = at;
            let ahead: String = chars[at..].iter().take(2).collect();
            if depth > 0 || ahead == "{-" {
                let step = match ahead.as_str() {
                    "{-" => 1,
                    "-}" => -1,
                    _ => 0,
                };
                depth += step;
                at += if step == 0 { 1 } else { 2 };
                continue;
            }
            let while_in = |from: usize, is: &dyn Fn(char) -> bool| {
                from + chars[from..].iter().take_while(|written| is(**written)).count()
            };
            let is_of_name = |written: char| written.is_alphanumeric() || "_'.".contains(written);
            let c = chars[at];
            let is_name =
                c.is_alphabetic() || c == '_' || c == '?' && chars.get(at + 1).is_some_and(|c| c.is_alphabetic());
            let kind = if c.is_whitespace() {
                at += 1;
                continue;
            } else if c == '"' {
                let Some((text, end)) = string(&chars, at + 1) else { break };
                at = end;
                Kind::Text(text)
            } else if is_name {
                at = while_in(at + 1, &is_of_name);
                Kind::Name(chars[column..at].iter().collect())
            } else if c.is_ascii_digit() {
                at = while_in(at, &|written| written.is_ascii_digit());
                Kind::Number(chars[column..at].iter().collect::<String>().parse().unwrap_or(usize::MAX))
            } else if OPERATOR.contains(c) {
                at = while_in(at, &|written| OPERATOR.contains(written));
                let operator: String = chars[column..at].iter().collect();
                if operator.len() > 1 && operator.bytes().all(|byte| byte == b'-') {
                    break;
                }
                Kind::Symbol(operator)
            } else {
                at += 1;
                Kind::Symbol(c.into())
            };
            tokens.push(Token { kind, line, column });
        }
    }
    tokens
}

/// Lines with their numbers, those that a gap in a string joins as one: the gap is left out.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut in_gap = false;
    for (index, line) in text.lines().enumerate() {
        let continued = line.trim_start().strip_prefix('\\');
        if let (true, Some(rest), Some((_, last))) = (in_gap, continued, lines.last_mut()) {
            last.push_str(rest);
        } else {
            lines.push((index + 1, line.to_owned()));
        }
        let last = &mut lines.last_mut().unwrap().1;
        in_gap = ends_in_gap(last);
        if in_gap {
            last.truncate(last.trim_end().len() - 1);
        }
    }
    lines
}

/// Whether a line ends within a string, with the `\` that opens a gap.
fn ends_in_gap(line: &str) -> bool {
    let line = line.trim_end();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            '\\' if quoted && chars.next().is_none() => return true,
            '-' if !quoted && chars.peek() == Some(&'-') => return false,
            _ => {}
        }
    }
    false
}

/// The text of a string whose first character is at `at`, and where the token ends.
fn string(chars: &[char], mut at: usize) -> Option<(String, usize)> {
    let mut text = String::new();
    loop {
        let c = *chars.get(at)?;
        at += 1;
        match c {
            '"' => return Some((text, at)),
            '\\' => {
                let escape = *chars.get(at)?;
                at += 1;
                match escape {
                    'n' => text.push('\n'),
                    't' => text.push('\t'),
                    'r' => text.push('\r'),
                    '&' => {}
                    '"' | '\\' | '\'' => text.push(escape),
                    '0'..='9' => {
                        let digits: String =
                            chars[at - 1..].iter().take_while(|written| written.is_ascii_digit()).collect();
                        text.push(char::from_u32(digits.parse().ok()?)?);
                        at += digits.len() - 1;
                    }
                    // A gap within one line.
                    ' ' => {
                        while *chars.get(at)? == ' ' {
                            at += 1;
                        }
                        if chars[at] != '\\' {
                            return None;
                        }
                        at += 1;
                    }
                    _ => return None,
                }
            }
            c => text.push(c),
        }
    }
}
