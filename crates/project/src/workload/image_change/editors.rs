//! Programs that change manifests as texts: `sed` and `perl` by substitutions, `yq` and `jq` by the path of a value.

use super::commands::ShellCommand;
use super::model::{ImageChange, ImageSign, closed};
use super::pattern::{ImagePattern, after_variable};
use crate::text::path;

/// Adds what an editor sets of images; `applies`: whether its script applies manifests.
pub(super) fn add_changes(program: &str, command: &ShellCommand, applies: bool, changes: &mut Vec<ImageChange>) {
    let (expressions, operands) = expressions(program, &command.words[1..]);
    let files: Vec<&str> = operands.into_iter().chain(command.input.iter().map(String::as_str)).collect();
    let is_file = |word: &&str| matches!(word.rsplit_once('.'), Some((_, "yaml" | "yml" | "json" | "tf")));
    let named: Vec<&str> = files.iter().copied().filter(is_file).collect();
    let has_other_file = named.is_empty() && files.iter().any(|word| is_other_file(word));
    // Charts are not read, and what is echoed is no manifest.
    let is_other_input = command.input.first().is_some_and(|word| ["helm", "echo", "printf"].contains(&word.as_str()));
    if has_other_file || is_other_input || named.is_empty() && !applies {
        return;
    }
    let folder = command.input.iter().position(|word| word == "find").and_then(|at| command.input.get(at + 1));
    let files = if named.is_empty() { folder.map(String::as_str).into_iter().collect() } else { named };
    let files = closed(files);
    for expression in expressions {
        if ["yq", "jq"].contains(&program) {
            let change = assigned(expression).map(|change| ImageChange { files: files.clone(), ..change });
            changes.extend(change);
            continue;
        }
        for image in substituted(expression) {
            changes.push(ImageChange { image, files: files.clone(), ..ImageChange::default() });
        }
    }
}

/// The expressions of an editor, and the words behind them.
fn expressions<'w>(program: &str, words: &'w [String]) -> (Vec<&'w str>, Vec<&'w str>) {
    let (mut expressions, mut operands) = (Vec::new(), Vec::new());
    let mut words = words.iter().map(String::as_str).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let value = word.strip_prefix("--expression=").or_else(|| word.strip_prefix("-e").filter(|it| !it.is_empty()));
        let names_expression =
            word == "--expression" || word.starts_with('-') && !word.starts_with("--") && word.ends_with('e');
        match value {
            Some(value) if program != "yq" => expressions.push(value),
            _ if names_expression && program != "yq" => expressions.extend(words.next()),
            // `--arg name value`, whose value may be anything.
            _ if word == "--arg" => drop((words.next(), words.next())),
            _ if word.starts_with('-') && word.len() > 1 => {}
            _ => operands.push(word),
        }
    }
    let is_command = |word: &&str| program == "yq" && ["e", "eval", "w"].contains(word);
    operands.retain(|word| !is_command(word));
    if expressions.is_empty() && !operands.is_empty() {
        expressions.push(operands.remove(0));
    }
    (expressions, operands)
}

/// Whether a word is a file that is no manifest.
fn is_other_file(word: &str) -> bool {
    let name = path::name(word);
    name.rsplit_once('.').is_some_and(|(_, ending)| {
        (1..=5).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_lowercase())
    }) && !name.contains(['$', ' ', '|', '('])
}

/// What an assignment of `yq` or `jq` sets.
fn assigned(expression: &str) -> Option<ImageChange> {
    let (_, behind) = expression.split_once(".image")?;
    let is_set = behind.trim_start_matches(['"', ')', ' ', '|']).starts_with('=') && !behind.contains("==");
    if !is_set || behind.trim_end_matches(['"', '\'']).ends_with(":latest") {
        return None;
    }
    let names = expression.split(".name ==").skip(1).filter_map(|rest| rest.split(['"', '\'']).nth(1));
    let containers = names.filter(|name| !name.contains('$')).map(str::to_owned).collect();
    Some(ImageChange { containers, ..ImageChange::default() })
}

/// What the substitutions of an expression take the place of.
fn substituted(expression: &str) -> Vec<ImageSign> {
    let mut signs = Vec::new();
    let mut rest = expression;
    let mut address = None;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c.is_ascii_digit() || "g;,!{}$I".contains(c));
        let mut chars = rest.chars();
        match chars.next() {
            Some('/') => {
                let Some((pattern, behind)) = until(&rest[1..], '/') else { return signs };
                address = Some(pattern);
                rest = behind;
            }
            Some('s') => {
                let Some(mark) = chars.next().filter(char::is_ascii_punctuation) else { return signs };
                let Some((pattern, behind)) = until(chars.as_str(), mark) else { return signs };
                let Some((replacement, behind)) = until(behind, mark) else { return signs };
                signs.extend(sign(pattern, address.take(), replacement));
                rest = behind;
            }
            Some('c') => {
                let behind = chars.as_str();
                signs.extend(address.take().and_then(|address| sign(address, None, behind)));
                return signs;
            }
            _ => return signs,
        }
    }
}

/// What a substitution takes the place of; `None` where it sets no image.
fn sign(pattern: &str, address: Option<&str>, replacement: &str) -> Option<ImageSign> {
    if replacement.is_empty() || replacement.trim_end_matches(['"', '\'']).ends_with("latest") {
        return None;
    }
    let read = ImagePattern::of_expression;
    match (read(pattern), address.and_then(read)) {
        // An address says the line, and the substitution what of it.
        (_, Some(address)) if address.names_image() => Some(ImageSign::Line(address.with_any_end())),
        (Some(pattern), _) => Some(ImageSign::Line(pattern)),
        (None, Some(address)) => Some(ImageSign::Line(address.with_any_end())),
        // Nothing but variables, one of which is an image by its name.
        (None, None) => {
            let upper = pattern.to_ascii_uppercase();
            (pattern.starts_with('$') && after_variable(pattern).is_empty() && upper.contains("IMAGE"))
                .then_some(ImageSign::None)
        }
    }
}

/// A text up to a mark that no backslash hides, and what follows it. What a shell puts in is left alone.
fn until(text: &str, mark: char) -> Option<(&str, &str)> {
    let mut is_hidden = false;
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        if c == mark && !is_hidden && depth == 0 {
            return Some((&text[..at], &text[at + c.len_utf8()..]));
        }
        if text[..at].ends_with('$') && "{(".contains(c) {
            depth += 1;
        } else if depth > 0 && "})".contains(c) {
            depth -= 1;
        }
        is_hidden = c == '\\' && !is_hidden;
    }
    None
}
