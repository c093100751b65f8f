//! Variables that a program reads only when it calls a function, and not when it starts.

use crate::data;
use crate::manifest::{Ecosystem, FileKind};
use crate::text::path;

/// Whether what stands at a place of a source runs only when a function is called that nothing calls at the start: not one
/// whose name says that it prepares the program, nor one in a file with settings.
pub(super) fn is_read_late(place: &str, text: &str, at: usize) -> bool {
    let kind = FileKind::of(place);
    let is_of_language = matches!(kind.ecosystem(), Some(Ecosystem::Python | Ecosystem::Ruby | Ecosystem::Node));
    let is_of_settings = |part: &str| ["config", "setting", "initializer"].iter().any(|word| part.starts_with(word));
    let stem = path::name(place).split('.').next().unwrap_or_default();
    if !is_of_language || words(stem).any(prepares) || path::parent(place).split('/').any(is_of_settings) {
        return false;
    }
    let names = functions_around(text, at);
    let is_called_at_start = |name: &str| {
        let mut lines = text.lines().filter(|line| !line.starts_with([' ', '\t']) && !is_head(line));
        lines.any(|line| line.contains(&format!("{name}(")) || line.trim() == name)
    };
    let is_called = |name: &&str| name.is_empty() || words(name).any(prepares) || is_called_at_start(name);
    !names.is_empty() && !names.iter().any(is_called)
}

/// Whether a word of a name says that the function, or the file, prepares the program.
fn prepares(word: &str) -> bool {
    data::NAME_WORDS.has(&word.to_ascii_lowercase(), "start")
}

/// The words of a name: `load`, `settings` of `loadSettings` and `load_settings`.
fn words(name: &str) -> impl Iterator<Item = &str> {
    let mut ends: Vec<usize> = Vec::new();
    let mut was_small = false;
    for (at, c) in name.char_indices() {
        if !c.is_ascii_alphanumeric() || was_small && c.is_ascii_uppercase() {
            ends.push(at);
        }
        was_small = c.is_ascii_lowercase();
    }
    ends.push(name.len());
    let mut start = 0;
    ends.into_iter().filter_map(move |end| {
        let word = name[start..end].trim_matches(|c: char| !c.is_ascii_alphanumeric());
        start = end;
        (!word.is_empty()).then_some(word)
    })
}

/// The names of the functions that a place lies in, by the indents of the lines above it.
fn functions_around(text: &str, at: usize) -> Vec<&str> {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let mut depth = indent(&text[start..]);
    let mut names = Vec::new();
    for line in text[..start].lines().rev() {
        if depth == 0 {
            break;
        }
        if !line.trim().is_empty() && indent(line) < depth {
            depth = indent(line);
            names.extend(is_head(line).then(|| function_name(line)));
        }
    }
    names
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Whether a line begins a function.
fn is_head(line: &str) -> bool {
    let line = line.trim();
    let is_block = ["if", "for", "while", "switch", "catch"]
        .iter()
        .any(|word| line.trim_start_matches("} ").strip_prefix(word).is_some_and(|rest| rest.starts_with([' ', '('])));
    let begins = |word: &str| line.strip_prefix("async ").unwrap_or(line).starts_with(word);
    begins("def ")
        || line.contains("function ")
        || !is_block && line.ends_with('{') && (line.contains("=>") || line.contains('(') && line.contains(')'))
}

/// The name in the head of a function: the last word before its parameters, or before `=`.
fn function_name(head: &str) -> &str {
    let line = head.trim();
    let front = match line.find("=>") {
        Some(arrow) => line[..arrow].split('=').next().unwrap_or_default(),
        None => line.split('(').next().unwrap_or(line),
    };
    let front = front.split(['(', ':']).next().unwrap_or(front).trim_end();
    front.rsplit(|c: char| c.is_whitespace() || c == '.').next().unwrap_or(front)
}

#[cfg(test)]
mod tests {
    use super::is_read_late;

    #[test]
    fn reads_in_functions_are_told_apart() {
        for (place, text, is_late) in [
            ("lib/google.rb", "class Google\n  def self.check(url)\n    ENV.fetch(\"KEY\")\n  end\nend\n", true),
            ("lib/google.rb", "class Google\n  TOKEN = ENV.fetch(\"KEY\")\nend\n", false),
            ("config/initializers/a.rb", "def key\n  ENV.fetch(\"KEY\")\nend\n", false),
            ("app/mail.py", "def send(to):\n    if to:\n        return os.environ[\"KEY\"]\n", true),
            ("app/mail.py", "def send(to):\n    return os.environ[\"KEY\"]\n\nsend(None)\n", false),
            ("app/mail.py", "def create_app():\n    return os.environ[\"KEY\"]\n", false),
            ("app/mail.py", "class Mail:\n    def __init__(self):\n        self.key = os.environ[\"KEY\"]\n", false),
            ("app/mail.py", "if x:\n    key = os.environ[\"KEY\"]\n", false),
            ("src/a.ts", "export async function pay(id: string) {\n  const key = env(\"KEY\");\n}\n", true),
            ("src/a.ts", "const pay = async (id) => {\n  const key = env(\"KEY\");\n};\n", true),
            ("src/a.ts", "const options = {\n  key: env(\"KEY\"),\n};\n", false),
            ("src/a.ts", "class A {\n  constructor() {\n    this.key = env(\"KEY\");\n  }\n}\n", false),
            ("src/a.ts", "(async () => {\n  const key = env(\"KEY\");\n})();\n", false),
            ("src/a.ts", "x({\n  useFactory: (c) => {\n    return env(\"KEY\");\n  },\n});\n", false),
            ("src/a.ts", "app.get('/x', (req, res) => {\n  const key = env(\"KEY\");\n});\n", true),
            ("src/loadKey.ts", "function pay() {\n  return env(\"KEY\");\n}\n", false),
        ] {
            let at = text.find("\"KEY\"").unwrap();
            assert_eq!(is_read_late(place, text, at), is_late, "{place}: {text}");
        }
    }
}
