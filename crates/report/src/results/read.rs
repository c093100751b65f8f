//! Reads JSON results, each by its schema. A kind of result is a row of [`KINDS`] and a function.

mod cache;
mod compose;
mod finding;
mod image;
mod measure;
mod result;
mod rewrite;

use std::fmt;

use serde::Deserialize;

use super::state::{BuildState, ProjectState};
use crate::text::json_reason;

pub(super) use self::result::number;
pub use self::result::{ReadResult, ReportDetails, Rewrite};

/// Why a text is not a result that can be joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadResultError {
    /// It is not JSON: the line and column, and why.
    Syntax(usize, usize, String),
    /// It is JSON, but names no schema of dockopt; what it names.
    Foreign(Option<String>),
    /// A result of dockopt that a report has no place for; its schema.
    Unused(String),
    /// A version that cannot be read: the schema, the version, the one that is read.
    Version(String, String, u32),
    /// The schema and the fields do not go together: the line and column, and why.
    Shape(String, usize, usize, String),
}

/// A kind of result.
struct ResultKind {
    /// The schema without its version.
    schema: &'static str,
    /// The version that is read.
    version: u32,
    /// What a user types to get it.
    command: &'static str,
    read: fn(&[u8]) -> Result<ReadResult, serde_json::Error>,
}

/// Characters of a foreign schema that are named.
const LONGEST_SCHEMA: usize = 100;

/// Everything that a report is made of.
const KINDS: &[ResultKind] = &[
    ResultKind { schema: "dockopt.audit", version: 1, command: "audit", read: finding::audit },
    ResultKind { schema: "dockopt.lint", version: 1, command: "lint", read: finding::lint },
    ResultKind { schema: "dockopt.image", version: 1, command: "image", read: image::image },
    ResultKind { schema: "dockopt.image-diff", version: 1, command: "image diff", read: image::image_diff },
    ResultKind { schema: "dockopt.measure", version: 1, command: "measure", read: measure::measure },
    ResultKind { schema: "dockopt.cache-predict", version: 1, command: "cache predict", read: cache::prediction },
    ResultKind { schema: "dockopt.cache-explain", version: 1, command: "cache explain", read: cache::explanation },
    ResultKind { schema: "dockopt.cache-history", version: 1, command: "cache history", read: cache::history },
    ResultKind { schema: "dockopt.compose-graph", version: 1, command: "compose graph", read: compose::graph },
    ResultKind { schema: "dockopt.compose-verify", version: 1, command: "compose verify", read: compose::starts },
    ResultKind { schema: "dockopt.compose-env", version: 1, command: "compose env", read: compose::variables },
    ResultKind { schema: "dockopt.deploy-check", version: 1, command: "deploy check", read: finding::deploy_check },
    ResultKind { schema: "dockopt.optimize", version: 1, command: "optimize", read: rewrite::optimize },
    ResultKind { schema: "dockopt.proof", version: 1, command: "optimize --verify", read: rewrite::proof },
    ResultKind { schema: "dockopt.report", version: 1, command: "report", read: report },
];

/// The commands whose results can be read.
pub fn result_kinds() -> Vec<&'static str> {
    KINDS.iter().map(|kind| kind.command).collect()
}

#[derive(Deserialize)]
struct ResultHead {
    schema: Option<serde_json::Value>,
}

/// A result of `report` itself: the state of an earlier run.
#[derive(Deserialize)]
struct ReportJson {
    state: ProjectState,
}

fn report(text: &[u8]) -> Result<ReadResult, serde_json::Error> {
    let mut read: ReportJson = result::document(text)?;
    read.state.builds.iter_mut().for_each(BuildState::drop_impossible);
    Ok(ReadResult { after: read.state, ..ReadResult::default() })
}

/// Reads a result.
///
/// # Errors
/// It is not JSON, not a result, of another version, or its fields are not those of its schema.
pub fn read_result(text: &[u8]) -> Result<ReadResult, ReadResultError> {
    let head: ResultHead = serde_json::from_slice(text).map_err(|error| {
        if error.is_data() {
            return ReadResultError::Foreign(None);
        }
        ReadResultError::Syntax(error.line(), error.column(), json_reason(&error))
    })?;
    // A list would be read as the fields of the head in their order.
    if text.trim_ascii_start().first() == Some(&b'[') {
        return Err(ReadResultError::Foreign(None));
    }
    let schema = head.schema.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    let Some((name, version)) = schema.split_once('/').filter(|(name, _)| name.starts_with("dockopt.")) else {
        return Err(ReadResultError::Foreign(head.schema.map(|schema| schema.to_string())));
    };
    let Some(kind) = KINDS.iter().find(|kind| kind.schema == name) else {
        return Err(ReadResultError::Unused(name.to_owned()));
    };
    if version != kind.version.to_string() {
        return Err(ReadResultError::Version(name.to_owned(), version.to_owned(), kind.version));
    }
    (kind.read)(text)
        .map_err(|error| ReadResultError::Shape(name.to_owned(), error.line(), error.column(), json_reason(&error)))
}

impl ReadResultError {
    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Syntax(..) => {
                "pass the whole output of one command with `--format json`, each in its own file".into()
            }
            Self::Foreign(_) | Self::Unused(_) => {
                format!("a report joins the results of {}, written with `--format json`", result_kinds().join(", "))
            }
            Self::Version(_, version, read) if version.parse::<u32>().is_ok_and(|version| version > *read) => {
                "update dockopt, or write the result with this version".into()
            }
            Self::Version(..) | Self::Shape(..) => "write the result again with this version of dockopt".into(),
        }
    }

    /// Line and column, if they are known.
    pub const fn place(&self) -> Option<(usize, usize)> {
        match self {
            Self::Syntax(line, column, _) | Self::Shape(_, line, column, _) => Some((*line, *column)),
            Self::Foreign(_) | Self::Unused(_) | Self::Version(..) => None,
        }
    }
}

impl fmt::Display for ReadResultError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(_, _, why) => write!(out, "is not valid JSON: {why}"),
            Self::Foreign(None) => write!(out, "is not a JSON result of dockopt: it has no `schema`"),
            Self::Foreign(Some(schema)) => {
                let schema: String = schema.chars().take(LONGEST_SCHEMA).collect();
                write!(out, "is not a JSON result of dockopt: its `schema` is `{schema}`")
            }
            Self::Unused(schema) => write!(out, "is a result of the kind `{schema}`, which a report does not use"),
            Self::Version(schema, version, read) => {
                write!(out, "has version `{version}` of `{schema}`; this dockopt reads version {read}")
            }
            Self::Shape(schema, _, _, why) => write!(out, "does not have the fields of `{schema}`: {why}"),
        }
    }
}

impl std::error::Error for ReadResultError {}
