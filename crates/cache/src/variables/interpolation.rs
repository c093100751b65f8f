//! `$NAME` and `${NAME…}` in compose files and files of variables (compose-spec, interpolation).

use std::collections::BTreeSet;

use crate::text::Span;

/// A variable in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interpolation {
    /// Its name.
    pub(super) name: String,
    /// The offset of the `$`.
    pub(super) at: usize,
    /// What happens without it.
    pub(super) kind: InterpolationKind,
}

/// What Compose does without a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InterpolationKind {
    /// It refuses the file: `${NAME:?}`.
    Required,
    /// It warns, and puts nothing in its place: `${NAME}`.
    Plain,
    /// Something else stands for it, or it stands in the default of another variable.
    Optional,
    /// It is for the container: `$$NAME`.
    Container,
}

/// The variables of a text outside of its comments.
pub(super) fn interpolations(text: &str, comments: &[Span]) -> Vec<Interpolation> {
    let mut all = Vec::new();
    let mut comments = comments.iter().peekable();
    let mut at = 0;
    // Where the outermost braces end.
    let mut closed = 0;
    while let Some(length) = text[at..].find('$') {
        let dollar = at + length;
        while comments.next_if(|comment| (comment.end as usize) <= dollar).is_some() {}
        at = dollar + 1;
        if let Some(comment) = comments.peek()
            && (comment.start as usize) <= dollar
        {
            at = (comment.end as usize).max(at);
            continue;
        }
        let is_doubled = text[at..].starts_with('$');
        at += usize::from(is_doubled);
        let is_open = text[at..].starts_with('{');
        let start = at + usize::from(is_open);
        let rest = &text[start..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        if end == 0 || rest.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let behind = &rest[end..];
        let kind = match behind.trim_start_matches(':').chars().next() {
            _ if is_doubled => InterpolationKind::Container,
            _ if dollar < closed => InterpolationKind::Optional,
            Some('?') if is_open => InterpolationKind::Required,
            Some('-' | '+') if is_open => InterpolationKind::Optional,
            _ => InterpolationKind::Plain,
        };
        if is_open && dollar >= closed {
            let line = behind.find('\n').unwrap_or(behind.len());
            closed = start + end + behind[..line].find('}').map_or(0, |close| nested_end(&behind[..line], close));
        }
        all.push(Interpolation { name: rest[..end].to_owned(), at: dollar, kind });
        at = start + end;
    }
    all
}

/// The variables that the text of a compose file has no other value for; `comments`: where its comments are.
pub fn wanted_variables(text: &str, comments: &[Span]) -> BTreeSet<String> {
    let is_wanted =
        |variable: &Interpolation| matches!(variable.kind, InterpolationKind::Required | InterpolationKind::Plain);
    interpolations(text, comments).into_iter().filter(is_wanted).map(|variable| variable.name).collect()
}

/// Where the braces close that are open before a text whose first closing brace this is.
fn nested_end(text: &str, first: usize) -> usize {
    let mut depth = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_with_what_happens_without_them() {
        use InterpolationKind::{Container, Optional, Plain, Required};
        let text = "a: $A1 ${B1} ${C1:-x} ${D1:?no} ${E1-${F1}} $$G1 $${H1} ${I1:+y} $1 $(J1) ${K1?} # ${L1}\nb: ${M1:-{}} $N1\n";
        let comments = crate::yaml::read(text).comments().to_vec();
        let read: Vec<(String, InterpolationKind)> =
            interpolations(text, &comments).into_iter().map(|variable| (variable.name, variable.kind)).collect();
        let expected = [
            ("A1", Plain),
            ("B1", Plain),
            ("C1", Optional),
            ("D1", Required),
            ("E1", Optional),
            ("F1", Optional),
            ("G1", Container),
            ("H1", Container),
            ("I1", Optional),
            ("K1", Required),
            ("M1", Optional),
            ("N1", Plain),
        ];
        assert_eq!(read, expected.map(|(name, kind)| (name.to_owned(), kind)));
        assert_eq!(interpolations(&"${A1:-".repeat(50_000), &[]).len(), 50_000);
    }
}
