//! Texts with variables of a shell, whose values are filled in as far as they are known.

/// Variables of one text that are looked at.
const VARIABLES: usize = 200;

/// Bytes of a text that is filled in.
const LONGEST: usize = 8_000;

/// A text with the values of its variables, `$NAME` and `${NAME}`, as far as they are known.
pub(super) fn filled(text: &str, value_of: &dyn Fn(&str) -> Option<String>) -> String {
    if !text.contains('$') || text.len() > LONGEST {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut rest = text;
    for _ in 0..VARIABLES {
        let Some(at) = rest.find('$') else { break };
        out.push_str(&rest[..at]);
        let is_escaped = out.ends_with('\\');
        let (variable, name) = variable_at(&rest[at..]);
        match if is_escaped || name.is_empty() { None } else { value_of(name) } {
            Some(value) if out.len() + value.len() <= LONGEST => out.push_str(&value),
            _ => out.push_str(variable),
        }
        rest = &rest[at + variable.len()..];
    }
    out.push_str(rest);
    out
}

/// The variable that a text begins with, and its name, empty for another expansion.
fn variable_at(text: &str) -> (&str, &str) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(inner) = text.strip_prefix("${") {
        let end = inner.find(|c| !is_name(c)).unwrap_or(inner.len());
        return if inner[end..].starts_with('}') { (&text[..end + 3], &inner[..end]) } else { (&text[..2], "") };
    }
    let name = &text[1..];
    if name.starts_with('$') {
        return (&text[..2], "");
    }
    let end = name.find(|c| !is_name(c)).unwrap_or(name.len());
    (&text[..=end], &name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in() {
        let value = |name: &str| (name == "A").then(|| "b".to_owned());
        for (text, expected) in [
            ("x/$A:${A}", "x/b:b"),
            ("$AB ${A:-c} $$A \\$A ${B}", "$AB ${A:-c} $$A \\$A ${B}"),
            ("$", "$"),
            ("${A", "${A"),
            ("é$A", "éb"),
        ] {
            assert_eq!(filled(text, &value), expected);
        }
    }
}
