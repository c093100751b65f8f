//! What JSON results are made of; `schemas/` describes their shapes. A field is only ever added; what is unknown is
//! `null`, never 0.

use serde::Serialize;
use serde_json::Value;

/// An object of JSON with its fields in this order: `object! { line: 3, text: "RUN" }`. Attributes of serde may stand
/// before a field.
macro_rules! object {
    ($($(#[$attribute:meta])* $name:ident $(: $value:expr)?),* $(,)?) => {{
        #[allow(non_camel_case_types, clippy::struct_field_names)] // The names are the format's.
        let object = {
            #[derive(serde::Serialize)]
            struct Object<$($name),*> { $($(#[$attribute])* $name: $name),* }
            Object { $($name $(: $value)?),* }
        };
        object
    }};
}
pub(super) use object;

/// Head of every result.
#[derive(Serialize)]
pub(super) struct Head<'a> {
    pub schema: &'static str,
    pub dockopt: &'static str,
    pub root: &'a str,
}

impl<'a> Head<'a> {
    pub(super) const fn new(schema: &'static str, root: &'a str) -> Self {
        Self { schema, dockopt: env!("CARGO_PKG_VERSION"), root }
    }
}

#[derive(Serialize)]
pub(super) struct Impact<'a> {
    pub kind: &'static str,
    /// Bytes are integers, seconds numbers.
    pub saves: Option<Value>,
    pub per: &'static str,
    pub basis: &'static str,
    pub evidence: &'a str,
}

/// In how many of the last commits the first step ran, and a later one that ran more often.
#[derive(Serialize)]
pub(super) struct CommitShare {
    pub reruns: u32,
    pub of: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub later: Option<LaterStep>,
}

#[derive(Serialize)]
pub(super) struct LaterStep {
    pub line: u32,
    pub reruns: u32,
}
