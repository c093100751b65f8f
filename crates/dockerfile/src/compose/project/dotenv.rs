//! Environment files as compose-go's `dotenv` package reads them: `export`, quotes, lines inside of quotes, escapes,
//! comments behind values, variables in values.

use std::collections::BTreeMap;

use super::cut_value::loses_part;
use super::interpolate::{TemplateError, substitute};
use crate::text::Span;

/// A value that loses a part: its variable, where that is written, and the value as it is written.
pub(super) struct CutText {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) text: String,
}

/// What is wrong with an environment file.
#[derive(Debug)]
pub(super) struct DotenvError {
    /// Where.
    pub(super) span: Span,
    /// What.
    pub(super) fault: DotenvFault,
}

/// A kind of mistake.
#[derive(Debug)]
pub(super) enum DotenvFault {
    /// In words.
    Text(String),
    /// The variables of a value.
    Value(TemplateError, String),
}

/// Reads a file into `variables`. `lookup` counts more in values than those that the file has set so far;
/// `room`: the bytes that values may still have, counted down.
pub(super) fn dotenv(
    text: &str,
    variables: &mut BTreeMap<String, String>,
    lookup: &dyn Fn(&str) -> Option<String>,
    room: &mut usize,
) -> Result<(), DotenvError> {
    dotenv_with_cuts(text, variables, lookup, (room, &mut Vec::new()))
}

/// As [`dotenv`]; `cut`: also takes the values that lose a part.
pub(super) fn dotenv_with_cuts(
    text: &str,
    variables: &mut BTreeMap<String, String>,
    lookup: &dyn Fn(&str) -> Option<String>,
    (room, cut): (&mut usize, &mut Vec<CutText>),
) -> Result<(), DotenvError> {
    let mark = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = DotenvReader { text, at: mark, variables, lookup, room, name: (String::new(), 0), cut };
    while reader.statement()? {}
    Ok(())
}

/// Reads a file whose values are not looked into (`format: raw`), as `docker run --env-file` does.
pub(super) fn raw(
    text: &str,
    variables: &mut BTreeMap<String, String>,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<(), DotenvError> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim_end_matches('\n').trim_end_matches('\r');
        let line = if start == 0 { line.trim_start_matches('\u{feff}') } else { line };
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let error = |message: String| DotenvError {
            span: Span::new(start as u32, (start + line.len()) as u32),
            fault: DotenvFault::Text(message),
        };
        let (name, value) = line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value)));
        if name.is_empty() {
            return Err(error("no variable name before `=`".to_owned()));
        }
        if name.contains(char::is_whitespace) {
            return Err(error(format!("the variable `{name}` contains white space")));
        }
        match value {
            Some(value) => _ = variables.insert(name.to_owned(), value.to_owned()),
            None => {
                if let Some(value) = lookup(name) {
                    variables.insert(name.to_owned(), value);
                }
            }
        }
    }
    Ok(())
}

struct DotenvReader<'r> {
    text: &'r str,
    at: usize,
    variables: &'r mut BTreeMap<String, String>,
    lookup: &'r dyn Fn(&str) -> Option<String>,
    room: &'r mut usize,
    /// The variable that is read, and where it is written.
    name: (String, usize),
    cut: &'r mut Vec<CutText>,
}

impl DotenvReader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn error(&self, from: usize, fault: DotenvFault) -> DotenvError {
        let end = self.text[from..].find('\n').map_or(self.text.len(), |end| from + end);
        DotenvError { span: Span::new(from as u32, end as u32), fault }
    }

    /// Reads the next variable; `false` at the end.
    fn statement(&mut self) -> Result<bool, DotenvError> {
        loop {
            self.at = self.text.len() - self.rest().trim_start().len();
            if !self.rest().starts_with('#') {
                break;
            }
            self.at = self.rest().find('\n').map_or(self.text.len(), |end| self.at + end);
        }
        if self.rest().is_empty() {
            return Ok(false);
        }
        let start = self.at;
        let (name, is_alone) = self.name()?;
        if name.contains(' ') {
            return Err(self.error(start, DotenvFault::Text(format!("the name `{name}` contains a space"))));
        }
        if is_alone {
            if let Some(value) = (self.lookup)(&name) {
                self.variables.insert(name, value);
            }
            return Ok(true);
        }
        let key = self.text[start..].find(&name).map_or(start, |length| start + length);
        self.name = (name.clone(), key);
        let value = self.value()?;
        self.variables.insert(name, value);
        Ok(true)
    }

    /// The name and whether nothing follows it.
    fn name(&mut self) -> Result<(String, bool), DotenvError> {
        if let Some(rest) = self.rest().strip_prefix("export")
            && rest.starts_with([' ', '\t', '\n', '\u{c}', '\r'])
        {
            let rest = rest.trim_start_matches(is_space);
            self.at = self.text.len() - rest.len();
        }
        for (offset, c) in self.rest().char_indices() {
            match c {
                '=' | ':' | '\n' => {
                    let name = self.rest()[..offset].trim_end().to_owned();
                    self.at += offset + 1;
                    self.at = self.text.len() - self.rest().trim_start_matches(is_space).len();
                    return Ok((name, c == '\n'));
                }
                '_' | '.' | '-' | '[' | ']' => {}
                c if is_space(c) || c.is_alphabetic() || c.is_numeric() => {}
                c => {
                    let fault = DotenvFault::Text(format!("`{c}` is no character of a variable's name"));
                    return Err(self.error(self.at + offset, fault));
                }
            }
        }
        // As in compose-go: a name must be followed by a line end; otherwise the text is read again as a value.
        self.at = self.text.len() - self.rest().trim_start_matches(is_space).len();
        Ok((String::new(), false))
    }

    fn value(&mut self) -> Result<String, DotenvError> {
        let start = self.at;
        if let Some(quote @ ('"' | '\'')) = self.rest().chars().next() {
            return self.quoted(quote);
        }
        let line = self.rest().split('\n').next().unwrap_or_default().to_owned();
        self.at = (self.at + line.len() + 1).min(self.text.len());
        let value = line.split(" #").next().unwrap_or_default().trim_end();
        self.expand(value, start)
    }

    fn quoted(&mut self, quote: char) -> Result<String, DotenvError> {
        let start = self.at;
        let (mut out, mut is_escaped) = (String::new(), false);
        for (offset, c) in self.text[start..].char_indices().skip(1) {
            if c == quote && !is_escaped {
                self.at = start + offset + 1;
                return if quote == '"' { self.expand(&escapes(&out), start) } else { Ok(out) };
            }
            if c != quote && !is_escaped && c == '\\' {
                is_escaped = true;
                continue;
            }
            if c != quote && is_escaped {
                out.push('\\');
            }
            is_escaped = false;
            out.push(c);
        }
        Err(self.error(start, DotenvFault::Text("the quote is not closed".to_owned())))
    }

    fn expand(&mut self, value: &str, start: usize) -> Result<String, DotenvError> {
        let lookup = |name: &str| (self.lookup)(name).or_else(|| self.variables.get(name).cloned());
        let mut room = *self.room;
        let expanded = substitute(value, &lookup, &mut |_| {}, &mut room);
        *self.room = room;
        let (name, key) = &self.name;
        if value.contains('$') && loses_part(name, value, &|name| lookup(name).is_none()) {
            let span = Span::new(*key as u32, (*key + name.len()) as u32);
            let is_quoted = self.text[start..].starts_with('"');
            let text = if is_quoted { self.text[start..self.at].trim_matches('"') } else { value }.to_owned();
            self.cut.push(CutText { name: name.clone(), span, text });
        }
        expanded.map_err(|error| self.error(start, DotenvFault::Value(error, value.to_owned())))
    }
}

/// White space other than a line end.
fn is_space(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// The escapes of a text in double quotes; `\$` becomes `$$`, which variables leave alone.
fn escapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let next = rest.chars().next();
        let plain = match next {
            Some('a') => "\u{7}",
            Some('b') => "\u{8}",
            Some('f') => "\u{c}",
            Some('n') => "\n",
            Some('r') => "\r",
            Some('t') => "\t",
            Some('v') => "\u{b}",
            Some('\\') => "\\",
            Some('"') => "\"",
            Some('$') => "$$",
            Some('0') => {
                let digits = rest[1..].bytes().take(3).take_while(u8::is_ascii_digit).count();
                // Three octal digits are a byte; of anything else compose-go drops the zero.
                let byte = (digits == 3).then(|| u32::from_str_radix(&rest[1..4], 8).ok()).flatten();
                if let Some(c) = byte.filter(|byte| *byte < 256).and_then(char::from_u32) {
                    out.push(c);
                } else {
                    out.push('\\');
                    out.push_str(&rest[1..=digits]);
                }
                rest = &rest[1 + digits..];
                continue;
            }
            // `\c`, and backslashes that do not start an escape.
            _ => {
                out.push('\\');
                continue;
            }
        };
        out.push_str(plain);
        rest = &rest[1..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<(String, String)>, String> {
        let mut variables = BTreeMap::new();
        let lookup = |name: &str| (name == "Z").then(|| "z".to_owned());
        dotenv(text, &mut variables, &lookup, &mut 1_000_000).map_err(|error| format!("{error:?}"))?;
        Ok(variables.into_iter().collect())
    }

    #[test]
    fn environment_files_are_read() {
        let text = "# x\nA=1\nexport B = 'two # 2'\nC=\"three\" # 3\nD=four # 4\nE=\nF=$A${Z}\nZ\nnone\nG: yaml\nH=\"a\\nb\\$A $A\"\nI='l1\nl2'\n";
        let expected = [
            ("A", "1"),
            ("B", "two # 2"),
            ("C", "three"),
            ("D", "four"),
            ("E", ""),
            ("F", "1z"),
            ("G", "yaml"),
            ("H", "a\nb$A 1"),
            ("I", "l1\nl2"),
            ("Z", "z"),
        ];
        assert_eq!(of(text), Ok(expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into()));
        for text in ["A='x", "A B=1\n", "A+=1\n", "A=${", "A=${B:?must}\n"] {
            assert!(of(text).is_err(), "{text}");
        }
    }
}
