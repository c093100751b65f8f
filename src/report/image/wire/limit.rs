//! The shape of limits.

use serde::Serialize;

use super::Origin;

/// A limit, and what it was held against.
#[derive(Serialize)]
#[allow(clippy::struct_field_names)] // The names are the format's.
pub(in crate::report::image) struct Limit<'a> {
    /// The key of dockopt.toml, or the rule of dive.
    pub measure: &'static str,
    /// The category, the package, the glob.
    pub name: Option<String>,
    pub limit: Number,
    pub value: Option<Number>,
    /// `bytes`, `count`, `ratio`.
    pub unit: &'static str,
    /// `null` where it can't be judged.
    pub kept: Option<bool>,
    /// Why it can't.
    pub unknown: Option<&'static str>,
    /// `file:line`; `null` for the command line.
    pub written: Option<String>,
    pub causes: Vec<Cause<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(in crate::report::image) enum Number {
    Whole(u64),
    Share(f64),
}

#[derive(Serialize)]
pub(in crate::report::image) struct Cause<'a> {
    pub what: String,
    pub bytes: Option<u64>,
    pub layer: Option<usize>,
    pub origin: Option<Origin<'a>>,
}
