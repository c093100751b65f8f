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
        if text.trim().is_empty() {
            return self.add(indent, &format!("{key}: \"\""));
        }
        self.add(indent, &format!("{key}: |"));
        for line in text.trim_end().lines() {
            self.add(indent + 2, line);
        }
    }

    /// Adds a key with a script: on one line where YAML reads that as it stands.
    pub(super) fn script(&mut self, indent: usize, key: &str, script: &str) {
        let script = script.trim_end();
        if is_plain(script) { self.add(indent, &format!("{key}: {script}")) } else { self.block(indent, key, script) }
    }

    /// Adds a script to a list of them.
    pub(super) fn item(&mut self, indent: usize, script: &str) {
        let script = script.trim_end();
        if is_plain(script) {
            return self.add(indent, &format!("- {script}"));
        }
        self.add(indent, "- |");
        for line in script.lines() {
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

/// Whether a script is a plain scalar of YAML.
fn is_plain(script: &str) -> bool {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || " ._/=,-+~:".contains(c);
    let is_one = !script.contains(": ") && !script.ends_with(':');
    is_one && script.starts_with(|c: char| c.is_ascii_alphabetic() || c == '.') && script.chars().all(is_safe)
}

/// The lines of a script behind this many spaces.
pub(super) fn indented(script: &str, indent: usize) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{:indent$}{line}\n", "") };
    script.trim_end().lines().map(line).collect()
}

/// Texts as a list in brackets.
pub(super) fn list(texts: &[String]) -> String {
    NewValue::raw_texts(texts).block(0, 2, "\n").trim_start().to_owned()
}
