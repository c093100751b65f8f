//! Which types take all that others take, so that a column may change to them while the old program runs.

/// Whether a column of one type may become one of the other: strings of more characters, and nothing else. A program that
/// reads numbers of a fixed size does not read larger ones.
pub(super) fn is_wider(from: &str, to: &str) -> bool {
    if from == to {
        return true;
    }
    let (Some(from), Some(to)) = (longest(from), longest(to)) else { return false };
    from <= to
}

/// The most characters of a string type.
fn longest(type_text: &str) -> Option<u64> {
    let (name, length) = match type_text.split_once('(') {
        Some((name, rest)) => (name, Some(rest.strip_suffix(')')?)),
        None => (type_text, None),
    };
    match (name, length) {
        ("text" | "varchar" | "charactervarying", None) => Some(u64::MAX),
        ("varchar" | "charactervarying", Some(length)) => length.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_wider;

    #[test]
    fn only_strings_widen() {
        for (from, to, expected) in [
            ("varchar(50)", "varchar(80)", true),
            ("varchar(50)", "text", true),
            ("charactervarying(50)", "varchar", true),
            ("varchar(50)", "varchar(40)", false),
            ("text", "varchar(40)", false),
            ("integer", "bigint", false),
            ("integer", "integer", true),
            ("char(3)", "text", false),
            ("varchar(x)", "text", false),
        ] {
            assert_eq!(is_wider(from, to), expected, "{from} {to}");
        }
    }
}
