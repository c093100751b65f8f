//! `dockopt debug`: bulk answers for tests, and what was parsed.

use std::path::Path;

use serde_json::Value;

use super::args::{Debug, Global};
use super::output::{Failure, emit};
use super::{CLEAN, FAILED, terminal};
use crate::load::read_source;

/// Bytes of a file of vectors.
const LIMIT: u64 = 1 << 30;

pub(super) fn run(global: &Global, command: &Debug) -> Result<u8, Failure> {
    match command {
        Debug::Vectors { kind, file } => vectors(global, kind, file),
        Debug::Syntax { file } => {
            let source = read_source(file, crate::load::DOCKERFILE_LIMIT)?;
            let Some(syntax) = syntax(&source) else { return Err(unknown("syntax")) };
            emit(global, &format!("{syntax}\n"))?;
            Ok(CLEAN)
        }
    }
}

/// One answer per case: the same `id`, in the order of the file. A line without an `id` is a header that holds for the
/// cases behind it and has no answer.
fn vectors(global: &Global, kind: &str, file: &Path) -> Result<u8, Failure> {
    let Some(answer) = answerer(kind) else { return Err(unknown(kind)) };
    let source = read_source(file, LIMIT)?;
    let mut header = Value::Null;
    let mut out = String::new();
    let mut failed = false;
    for (index, line) in source.text().lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Value>(line) {
            Ok(case) if case.get("id").is_some() => {
                out.push_str(&answer(&header, &case).to_string());
                out.push('\n');
            }
            Ok(other) => header = other,
            Err(error) => {
                failed = true;
                terminal::error(global, &format!("`{}`:{}: {error}", file.display(), index + 1), None);
            }
        }
    }
    emit(global, &out)?;
    Ok(if failed { FAILED } else { CLEAN })
}

fn unknown(kind: &str) -> Failure {
    let help = Some("known are parse, expand, ignore, lint".to_owned());
    Failure::Because { what: format!("no vectors of the kind `{kind}` are answered"), help }
}

/// Header and case ─► the answer's object.
type Answer = fn(&Value, &Value) -> Value;

fn answerer(_kind: &str) -> Option<Answer> {
    None
}

fn syntax(_source: &crate::text::Source) -> Option<Value> {
    None
}
