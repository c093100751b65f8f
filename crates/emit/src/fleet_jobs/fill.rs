//! Files from templates: a line `#@name@` becomes a comment, a line `@name@` the lines of a block, `@name@` in a line a value.

/// Columns of a comment.
const COLUMNS: usize = 120;

/// The values of a template.
#[derive(Debug, Default)]
pub(super) struct TemplateValues {
    pairs: Vec<(&'static str, String)>,
}

impl TemplateValues {
    /// Adds a value.
    pub(super) fn add(&mut self, name: &'static str, value: impl Into<String>) -> &mut Self {
        self.pairs.push((name, value.into()));
        self
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The text of a template with them.
    pub(super) fn fill(&self, template: &str) -> String {
        let mut text = String::new();
        for line in template.lines() {
            let content = line.trim_start();
            let indent = &line[..line.len() - content.len()];
            let name = |content: &str| Some(content.strip_prefix('@')?.strip_suffix('@')?.to_owned());
            if let Some(reason) = content.strip_prefix('#').and_then(name).and_then(|name| self.get(&name)) {
                text.push_str(&comment(indent, reason));
            } else if let Some(block) = name(content).and_then(|name| self.get(&name)) {
                text.push_str(&indented(indent, block));
            } else {
                let mut line = line.to_owned();
                for (name, value) in &self.pairs {
                    line = line.replace(&format!("@{name}@"), value);
                }
                text.push_str(&line);
                text.push('\n');
            }
        }
        text
    }
}

/// Lines behind the blanks of another; those without text stay empty.
pub(super) fn indented(indent: &str, block: &str) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{indent}{line}\n") };
    block.lines().map(line).collect()
}

/// A sentence as lines of a comment.
fn comment(indent: &str, reason: &str) -> String {
    let mut lines = String::new();
    let mut line = format!("{indent}#");
    for word in reason.split_whitespace() {
        if line.len() + word.len() >= COLUMNS {
            lines.push_str(&line);
            lines.push('\n');
            line = format!("{indent}#");
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blocks_and_values_are_filled_in() {
        let mut values = TemplateValues::default();
        values.add("why", "a b").add("block", "x\n\ny\n").add("none", "").add("n", "3");
        let text = values.fill("a:\n  #@why@\n  n: @n@/@n@\n  @block@\n  @none@\nb: c@d.e\n");
        assert_eq!(text, "a:\n  # a b\n  n: 3/3\n  x\n\n  y\nb: c@d.e\n");
        assert!(comment("    ", &"word ".repeat(60)).lines().all(|line| line.len() <= COLUMNS + 1));
    }
}
