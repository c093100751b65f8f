//! Sources that stand in shell scripts: texts behind `<<`, and those of `python -c`.

use crate::data;
use crate::text::path;

/// A source in a script.
pub(super) struct EmbeddedSource<'t> {
    /// Where it begins.
    pub(super) at: usize,
    pub(super) text: &'t str,
    /// A name of a file of its language.
    pub(super) name: &'static str,
}

/// The sources of a script.
pub(super) fn sources(text: &str) -> Vec<EmbeddedSource<'_>> {
    let mut sources = Vec::new();
    let mut start = 0;
    let mut end_of_heredoc = 0;
    for line in text.split_inclusive('\n') {
        let next = start + line.len();
        if start >= end_of_heredoc
            && !line.trim_start().starts_with('#')
            && let Some((command, at, name)) = named_language(line)
        {
            let source = heredoc(text, line, next).or_else(|| argument(text, line, (start, command, at)));
            if let Some((at, body)) = source {
                end_of_heredoc = at + body.len();
                sources.push(EmbeddedSource { at, text: body, name });
            }
        }
        start = next;
    }
    sources
}

/// The interpreter that a line starts: its name, the offset behind it, and a name of a file that it reads.
fn named_language(line: &str) -> Option<(&str, usize, &'static str)> {
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || "._-/".contains(c));
    line.split(is_end).find_map(|word| {
        let program = path::name(word);
        let row = data::SCRIPT_INTERPRETERS.row(program)?;
        Some((program, word.as_ptr() as usize - line.as_ptr() as usize + word.len(), row[1]))
    })
}

/// The text behind `<<END` of a line, up to the line `END`.
fn heredoc<'t>(text: &'t str, line: &str, next: usize) -> Option<(usize, &'t str)> {
    let (_, rest) = line.split_once("<<").filter(|(_, rest)| !rest.starts_with('<'))?;
    let rest = rest.trim_start_matches('-').trim_start();
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let mark = rest.trim_start_matches(['"', '\'', '\\']).split(is_end).next().filter(|mark| !mark.is_empty())?;
    let body = &text[next..];
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        if line.trim() == mark {
            return Some((next, &body[..at]));
        }
        at += line.len();
    }
    None
}

/// The text in quotes behind the option that takes a source: `-c "…"`, and behind `runner` of Rails.
fn argument<'t>(text: &'t str, line: &str, (start, program, at): (usize, &str, usize)) -> Option<(usize, &'t str)> {
    let option = data::SCRIPT_INTERPRETERS.row(program)?[2];
    let behind = line[at..].find(&format!(" {option} ")).map(|offset| at + offset + option.len() + 2)?;
    let from = start + behind + (line[behind..].len() - line[behind..].trim_start().len());
    let quote = text[from..].chars().next().filter(|c| ['"', '\''].contains(c))?;
    let body = &text[from + 1..];
    let mut before = ' ';
    let end = body.find(|c: char| {
        let ends = c == quote && before != '\\';
        before = c;
        ends
    })?;
    Some((from + 1, &body[..end]))
}

#[cfg(test)]
mod tests {
    use super::sources;

    #[test]
    fn sources_in_scripts_are_found() {
        let of = |text: &str| -> Vec<String> {
            sources(text).iter().map(|source| format!("{} {}", source.name, source.text.trim())).collect()
        };
        assert_eq!(of("#!/bin/sh\npython manage.py shell << 'EOF'\nimport os\nEOF\nexec x\n"), ["source.py import os"]);
        assert_eq!(of("python3 -c \"import os;\nprint(1)\"\n"), ["source.py import os;\nprint(1)"]);
        assert_eq!(of("node -e 'process.env.A' && x"), ["source.js process.env.A"]);
        assert_eq!(of("echo \"файл\" | python3 -c \"import os\"\n"), ["source.py import os"]);
        assert_eq!(of("bin/rails runner \"puts ENV['A']\"\n"), ["source.rb puts ENV['A']"]);
        for text in ["cat <<EOF\nimport os\nEOF\n", "# python -c 'x'\n", "python <<EOF\nno end", "python -c 'no end"] {
            assert!(of(text).is_empty(), "{text}");
        }
    }
}
