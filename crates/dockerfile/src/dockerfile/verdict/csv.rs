//! A flag's value as one CSV record (Go's `encoding/csv`): `--mount`, `--device`. Knows no key.

use std::ops::Range;

/// A field: where it stands with its quotes, and its text.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dockerfile) struct Field {
    /// Byte range in the value.
    pub(in crate::dockerfile) range: Range<usize>,
    /// Without quotes.
    pub(in crate::dockerfile) text: String,
}

/// Splits a record into its fields.
///
/// # Errors
/// Go's message.
pub(in crate::dockerfile) fn split_fields(value: &str) -> Result<Vec<Field>, String> {
    if value.is_empty() {
        return Err("EOF".to_owned());
    }
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let (text, end) = if value[at..].starts_with('"') { quoted(value, at)? } else { plain(value, at)? };
        fields.push(Field { range: at..end, text });
        if end == value.len() {
            return Ok(fields);
        }
        at = end + 1;
    }
}

fn plain(value: &str, at: usize) -> Result<(String, usize), String> {
    let end = value[at..].find(',').map_or(value.len(), |comma| at + comma);
    match value[at..end].find('"') {
        Some(quote) => Err(error(at + quote, "bare \" in non-quoted-field")),
        None => Ok((value[at..end].to_owned(), end)),
    }
}

fn quoted(value: &str, start: usize) -> Result<(String, usize), String> {
    const BROKEN: &str = "extraneous or missing \" in quoted-field";
    let mut text = String::new();
    let mut at = start + 1;
    loop {
        let Some(quote) = value[at..].find('"') else { return Err(error(at, BROKEN)) };
        text.push_str(&value[at..at + quote]);
        at += quote + 1;
        match value.as_bytes().get(at) {
            None | Some(b',') => return Ok((text, at)),
            Some(b'"') => {
                text.push('"');
                at += 1;
            }
            Some(_) => return Err(error(at - 1, BROKEN)),
        }
    }
}

fn error(at: usize, what: &str) -> String {
    format!("parse error on line 1, column {}: {what}", at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, expected: Result<&[&str], &str>) {
        let texts = split_fields(value).map(|fields| fields.into_iter().map(|field| field.text).collect::<Vec<_>>());
        let expected = expected.map(|texts| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        assert_eq!(texts, expected.map_err(str::to_owned), "{value}");
    }

    #[test]
    fn fields_may_be_quoted() {
        check("type=cache,target=/c", Ok(&["type=cache", "target=/c"]));
        check("a,\"b,\"\"c\",", Ok(&["a", "b,\"c", ""]));
    }

    #[test]
    fn messages_are_gos() {
        check("", Err("EOF"));
        check("a\"b", Err("parse error on line 1, column 2: bare \" in non-quoted-field"));
        check("\"a\"b", Err("parse error on line 1, column 3: extraneous or missing \" in quoted-field"));
        check("\"a", Err("parse error on line 1, column 2: extraneous or missing \" in quoted-field"));
        check("a,\"b\"\"c", Err("parse error on line 1, column 7: extraneous or missing \" in quoted-field"));
    }
}
