//! The lines of a YAML file, indented.

use crate::yaml::NewValue;

/// A YAML file that is being written.
#[derive(Debug, Default)]
pub(super) struct YamlLines {
    text: String,
}

impl YamlLines {
    /// Adds a line as it stands, behind this many spaces.
    pub(super) fn add(&mut self, indent: usize, line: &str) {
        if !line.is_empty() {
            self.text.push_str(&" ".repeat(indent));
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Adds a key with a text, quoted where YAML would read something else.
    pub(super) fn pair(&mut self, indent: usize, key: &str, value: &str) {
        let value = NewValue::scalar(value).block(0, 2, "\n");
        self.add(indent, &format!("{key}:{value}"));
    }

    /// Adds a key with lines: the text of a script, or a list of lines.
    pub(super) fn block(&mut self, indent: usize, key: &str, text: &str) {
        self.add(indent, &format!("{key}: |"));
        for line in text.trim_end().lines() {
            self.add(indent + 2, line);
        }
    }

    /// Adds a command to a list of them.
    pub(super) fn item(&mut self, indent: usize, script: &str) {
        self.add(indent, "- |");
        for line in script.trim_end().lines() {
            self.add(indent + 2, line);
        }
    }

    /// Adds a key with mappings of texts; nothing where there are none.
    pub(super) fn map(&mut self, indent: usize, key: &str, pairs: &[(String, String)]) {
        if pairs.is_empty() {
            return;
        }
        self.add(indent, &format!("{key}:"));
        for (name, value) in pairs {
            self.pair(indent + 2, name, value);
        }
    }

    /// The text.
    pub(super) fn finish(self) -> String {
        self.text
    }
}
