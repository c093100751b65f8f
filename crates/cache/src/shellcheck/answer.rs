//! `ShellCheck`'s answer in JSON (`--format=json1`) ─► comments.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::inputs::{ShellcheckComment, ShellcheckLevel};

/// `ShellCheck`'s code for reading a script of ash as one of dash, since it does not know ash (before version 0.10).
const READ_AS_DASH: u16 = 2187;

/// The first and the last code of what a shell other than bash does not have.
const PORTABILITY: (u16, u16) = (3000, 3999);

/// The whole answer; files without a finding do not occur.
#[derive(Deserialize)]
struct Answer {
    comments: Vec<Comment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Comment {
    file: String,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    code: u16,
    level: String,
    message: String,
}

/// Reads an answer: the comments by the names of the files.
///
/// # Errors
/// Why it is no answer of `ShellCheck`.
pub fn read_answers(json: &[u8]) -> Result<BTreeMap<String, Vec<ShellcheckComment>>, String> {
    let answer: Answer = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    let mut answers: BTreeMap<String, Vec<ShellcheckComment>> = BTreeMap::new();
    for comment in answer.comments {
        answers.entry(comment.file).or_default().push(ShellcheckComment {
            line: comment.line,
            column: comment.column,
            end_line: comment.end_line,
            end_column: comment.end_column,
            code: comment.code,
            level: match comment.level.as_str() {
                "error" => ShellcheckLevel::Error,
                "info" => ShellcheckLevel::Info,
                "style" => ShellcheckLevel::Style,
                _ => ShellcheckLevel::Warning,
            },
            message: comment.message,
        });
    }
    Ok(answers)
}

/// Whether `ShellCheck` took the script's ash for dash, so that what it says dash lacks (`comment`) may be there.
pub fn is_of_wrong_shell(comments: &[ShellcheckComment], comment: &ShellcheckComment) -> bool {
    let is_portability = (PORTABILITY.0..=PORTABILITY.1).contains(&comment.code);
    is_portability && comments.iter().any(|comment| comment.code == READ_AS_DASH)
}
