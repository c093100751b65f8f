//! Stage names, volumes and ports as BuildKit's second stage wants them.

use super::issue::Issue;
use crate::dockerfile::quote::go_quote;
use crate::dockerfile::syntax::{Arguments, File, Instruction};

/// FROM's words.
pub(super) fn check_stage_name(file: &File, instruction: &Instruction, issues: &mut Vec<Issue>) {
    let empty = Vec::new();
    let words = match &instruction.arguments {
        Arguments::Words(words) => words,
        _ => &empty,
    };
    if let [_, sign, name] = words.as_slice()
        && file.str(*sign).eq_ignore_ascii_case("as")
    {
        let written = file.str(*name);
        if !is_stage_name(&go_lower(written)) {
            let message = format!(
                "invalid name for build stage: {}, name can't start with a number or contain symbols",
                go_quote(written)
            );
            issues.push(Issue::new(name.span, message).help("use letters, digits, `-`, `_` and `.`, a letter first"));
        }
        return;
    }
    if words.len() != 1 {
        let span = words.get(1).map_or(instruction.name.span, |_| instruction.rest.span);
        issues.push(
            Issue::new(span, "FROM requires either one or three arguments")
                .help("write `FROM image` or `FROM image AS name`"),
        );
    }
}

/// `^[a-z][a-z0-9-_.]*$`
fn is_stage_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
}

/// Go's lower case, which maps characters one to one.
pub(in crate::dockerfile) fn go_lower(text: &str) -> String {
    text.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect()
}

/// Go's upper case, likewise: a character with none of its own length stays.
pub(super) fn go_upper(text: &str) -> String {
    let upper = |c: char| {
        let mut mapped = c.to_uppercase();
        mapped.next().filter(|_| mapped.next().is_none()).unwrap_or(c)
    };
    text.chars().map(upper).collect()
}

/// VOLUME's elements.
pub(super) fn check_volumes(instruction: &Instruction, issues: &mut Vec<Issue>) {
    let Arguments::Json(elements) = &instruction.arguments else { return };
    for element in elements {
        if element.value.trim().is_empty() {
            issues.push(Issue::new(element.word.span, "VOLUME specified can not be an empty string"));
        }
    }
}
