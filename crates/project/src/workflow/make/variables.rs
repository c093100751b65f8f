//! Variables of makefiles, and the parts of a recipe's line.

use std::collections::BTreeMap;

use crate::text::Span;
use crate::workflow::script::ScriptPart;

/// Longest value, in bytes.
const LONGEST: usize = 4 << 10;

/// Variables that stand for each other, one behind the other.
const DEEPEST: usize = 8;

/// Variables by their names.
#[derive(Default)]
pub(super) struct MakeVariables {
    /// As written; `None` where it is not known which value holds.
    written: BTreeMap<String, Option<String>>,
    values: BTreeMap<String, String>,
    /// Whether a file that was not read may set any.
    pub is_open: bool,
}

impl MakeVariables {
    /// Adds a line; whether it is an assignment.
    pub(super) fn add(&mut self, line: &str, is_conditional: bool) -> bool {
        let mut words = line;
        for word in ["export ", "override ", "private "] {
            words = words.strip_prefix(word).map_or(words, str::trim_start);
        }
        if matches!(words, "export" | "unexport") || line.starts_with("unexport ") {
            return true;
        }
        let Some((name, operator, value)) = assignment(words) else {
            // `export NAME`.
            return line.starts_with("export ") && !line.contains(':');
        };
        let is_plain = matches!(operator, "" | ":" | "::" | ":::") && !is_conditional && !value.contains('\n');
        let value = is_plain.then(|| value.split(" #").next().unwrap_or_default().trim().to_owned());
        let known = self.written.entry(name.to_owned()).or_insert_with(|| value.clone());
        if *known != value {
            *known = None;
        }
        true
    }

    /// Forgets the variable that a rule sets for its target; whether it sets one.
    pub(super) fn forget_assigned(&mut self, text: &str) -> bool {
        match assignment(text.trim()) {
            Some((name, ..)) => {
                self.written.insert(name.to_owned(), None);
                true
            }
            None => false,
        }
    }

    /// Works out the values.
    pub(super) fn settle(&mut self) {
        if self.is_open {
            return;
        }
        for _ in 0..DEEPEST {
            let before = self.values.len();
            for (name, written) in &self.written {
                let Some(written) = written else { continue };
                if self.values.contains_key(name) {
                    continue;
                }
                let mut value = Vec::new();
                parts(written, 0, self, &mut LONGEST.clone(), &mut value);
                let known = value.iter().map(|part| match part {
                    ScriptPart::Written(text, _) => Some(*text),
                    ScriptPart::Value(value, _) => Some(value.as_str()),
                    ScriptPart::Unknown(..) => None,
                });
                if let Some(value) = known.collect::<Option<String>>().filter(|value| value.len() <= LONGEST) {
                    self.values.insert(name.clone(), value);
                }
            }
            if self.values.len() == before {
                break;
            }
        }
    }

    /// The value of a variable.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

/// `NAME := value`: the name, what stands before `=`, and the value.
fn assignment(line: &str) -> Option<(&str, &str, &str)> {
    let (left, value) = line.split_once('=')?;
    let name = left.trim_end_matches([':', '?', '+', '!']).trim_end();
    let operator = left[name.len()..].trim();
    let is_name = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || ":#=$".contains(c));
    is_name.then_some((name, operator, value.trim()))
}

/// Adds the parts of a text that starts at `from`: values of variables, what only make knows, and the rest.
pub(super) fn parts<'p>(
    text: &'p str,
    from: usize,
    variables: &MakeVariables,
    budget: &mut usize,
    out: &mut Vec<ScriptPart<'p>>,
) {
    let mut at = 0;
    while let Some(len) = text[at..].find('$') {
        let start = at + len;
        out.push(ScriptPart::Written(&text[at..start], (from + at) as u32));
        let len = reference_len(&text[start..]);
        let reference = &text[start..start + len];
        let span = Span::new((from + start) as u32, (from + start + len) as u32);
        let name = if len > 3 { reference.get(2..len - 1) } else { None };
        let value = name.and_then(|name| variables.value(name)).filter(|value| value.len() <= *budget);
        out.push(match value {
            _ if reference == "$$" => ScriptPart::Value("$".to_owned(), span),
            Some(value) => {
                *budget -= value.len();
                ScriptPart::Value(value.to_owned(), span)
            }
            None => ScriptPart::Unknown(reference, span.start),
        });
        at = start + len;
    }
    out.push(ScriptPart::Written(&text[at..], (from + at) as u32));
}

/// The length of `$X`, `$(X)`, `${X}` at the beginning of a text; of `$` where it is alone.
fn reference_len(text: &str) -> usize {
    let (open, close) = match text.as_bytes().get(1) {
        Some(b'(') => (b'(', b')'),
        Some(b'{') => (b'{', b'}'),
        _ => return text.chars().take(2).map(char::len_utf8).sum(),
    };
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate().take(LONGEST) {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return at + 1;
            }
        }
    }
    text.len()
}
