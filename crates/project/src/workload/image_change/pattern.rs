//! What a command says of an image: the parts of a text that are fixed, in their order, between those that a variable or a regular
//! expression decides.

/// Words of a line that name no image.
const LINE_WORDS: [&str; 3] = ["image", "latest", "name"];

/// Fixed parts of a text, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ImagePattern {
    parts: Vec<String>,
    /// Whether something else may stand before the first one.
    starts_open: bool,
    /// Whether something else may stand behind the last one.
    ends_open: bool,
}

/// Whether a variable decides a word, or a part of it.
pub(super) fn is_open(word: &str) -> bool {
    word.contains('$')
}

impl ImagePattern {
    /// A name with variables; `None` where nothing of it is fixed.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let mut builder = PatternBuilder::default();
        let mut rest = name;
        while let Some(c) = rest.chars().next() {
            if c == '$' {
                rest = after_variable(rest);
                builder.open();
            } else {
                builder.part.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
        let starts_open = name.starts_with('$');
        Some(builder.finish(starts_open)).filter(Self::says_something)
    }

    /// The pattern of a substitution by regular expression; `None` where nothing of it is fixed.
    pub(super) fn of_expression(expression: &str) -> Option<Self> {
        let mut builder = PatternBuilder::default();
        let mut rest = expression;
        while let Some(c) = rest.chars().next() {
            let mut behind = &rest[c.len_utf8()..];
            match c {
                '$' if !behind.is_empty() => {
                    behind = after_variable(rest);
                    builder.open();
                }
                '\\' => {
                    let Some(escaped) = behind.chars().next() else { break };
                    behind = &behind[escaped.len_utf8()..];
                    if escaped.is_ascii_alphanumeric() || "(){}+?|<>".contains(escaped) {
                        builder.open();
                    } else {
                        builder.part.push(escaped);
                    }
                }
                '[' => {
                    let end = behind.get(1..).and_then(|rest| rest.find(']').map(|at| at + 2));
                    // A class such as `[[:space:]]` ends with two of them.
                    behind = end.map_or("", |end| behind[end..].trim_start_matches(']'));
                    builder.open();
                }
                '*' | '+' | '?' => {
                    builder.part.pop();
                    builder.open();
                }
                '.' if behind.starts_with(['*', '+', '?']) => builder.open(),
                '^' | '$' => {}
                '(' | ')' | '{' | '}' | '|' => builder.open(),
                c => builder.part.push(c),
            }
            rest = behind;
        }
        Some(builder.finish(true)).filter(Self::says_something)
    }

    /// The same, with whatever follows.
    pub(super) fn with_any_end(self) -> Self {
        Self { ends_open: true, ..self }
    }

    fn says_something(&self) -> bool {
        self.parts.iter().any(|part| part.contains(|c: char| c.is_ascii_alphanumeric()))
    }

    /// Whether it says more of an image than that it is one.
    pub(super) fn names_image(&self) -> bool {
        let words = self.parts.iter().flat_map(|part| part.split(|c: char| !c.is_ascii_alphanumeric()));
        words.filter(|word| !word.is_empty()).any(|word| !LINE_WORDS.contains(&word))
    }

    /// Whether a whole text is like it.
    pub(super) fn is(&self, text: &str) -> bool {
        let Some((start, end)) = self.found_in(text) else { return false };
        (start == 0 || self.starts_open) && (end == text.len() || self.ends_open)
    }

    /// Whether a substitution of it puts something else in the place of an image's tag, wherever the image stands in its line.
    pub(super) fn takes_image(&self, image: &str) -> bool {
        let of_yaml = ["", "\"", "'"].map(|quote| (format!("- image: {quote}{image}{quote}"), quote.len()));
        let of_json = (format!("\"image\": \"{image}\""), 1);
        of_yaml.iter().chain([&of_json]).any(|(line, quote)| {
            self.found_in(line).is_some_and(|(_, end)| self.ends_open || end + quote >= line.len())
        })
    }

    /// Where the first part starts and the last one ends, which is taken as late as it may be.
    fn found_in(&self, text: &str) -> Option<(usize, usize)> {
        let (last, others) = self.parts.split_last()?;
        let (mut start, mut end) = (None, 0);
        for part in others {
            let at = end + text[end..].find(part.as_str())?;
            start.get_or_insert(at);
            end = at + part.len();
        }
        let at = end + text[end..].rfind(last.as_str())?;
        Some((start.unwrap_or(at), at + last.len()))
    }
}

#[derive(Default)]
struct PatternBuilder {
    parts: Vec<String>,
    part: String,
    is_open: bool,
}

impl PatternBuilder {
    /// Ends a part: something else follows.
    fn open(&mut self) {
        if !self.part.is_empty() {
            self.parts.push(std::mem::take(&mut self.part));
        }
        self.is_open = true;
    }

    fn finish(mut self, starts_open: bool) -> ImagePattern {
        let ends_open = self.part.is_empty() && self.is_open;
        if !self.part.is_empty() {
            self.parts.push(self.part);
        }
        ImagePattern { parts: self.parts, starts_open, ends_open }
    }
}

/// What stands behind the variable that a text begins with.
pub(super) fn after_variable(text: &str) -> &str {
    let rest = &text[1..];
    for (open, close) in [('{', '}'), ('(', ')')] {
        if rest.starts_with(open) {
            return rest.find(close).map_or("", |end| &rest[end + 1..]);
        }
    }
    rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_')
}
