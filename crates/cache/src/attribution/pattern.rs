//! Texts with holes, for what only the build knew.

/// A text, in which each gap between two parts stands for anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GapPattern(Vec<String>);

impl Default for GapPattern {
    fn default() -> Self {
        Self(vec![String::new()])
    }
}

impl GapPattern {
    /// Of a text without holes.
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self(vec![text.into()])
    }

    /// Adds a text.
    pub(super) fn push(&mut self, text: &str) {
        if let Some(last) = self.0.last_mut() {
            last.push_str(text);
        }
    }

    /// Adds a hole.
    pub(super) fn push_hole(&mut self) {
        self.0.push(String::new());
    }

    /// Adds a text that may not be known.
    pub(super) fn push_known(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.push(text),
            None => self.push_hole(),
        }
    }

    /// The text; `None` with holes.
    pub(super) fn text(&self) -> Option<&str> {
        if let [text] = &*self.0 { Some(text) } else { None }
    }

    /// Whether a text is one of those that it stands for.
    pub(super) fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = &*self.0 else { return self.text() == Some(text) };
        let Some(mut rest) = text.strip_prefix(&**first).and_then(|rest| rest.strip_suffix(&**last)) else {
            return false;
        };
        for part in middle {
            let Some(at) = rest.find(&**part) else { return false };
            rest = &rest[at + part.len()..];
        }
        true
    }
}

/// A text without what builders write differently: white space, quotes, commas, brackets.
pub(super) fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | ',' | '[' | ']')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_match_any_text() {
        let pattern = |text: &str| GapPattern(text.split('*').map(str::to_owned).collect());
        for (of, text, expected) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "a", true),
            ("a*b", "ab", true),
            ("a*b", "a", false),
            ("a*a", "a", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxcyyb", false),
            ("*", "", true),
            ("é*é", "é", false),
        ] {
            assert_eq!(pattern(of).matches(text), expected, "{of} {text}");
        }
        assert_eq!(squeezed("CMD [\"a\", 'b c']"), "CMDabc");
    }
}
