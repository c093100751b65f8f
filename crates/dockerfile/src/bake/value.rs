//! A target of a bake file as it is written.

use std::collections::BTreeMap;

use crate::text::Span;

/// Keys that say how a Dockerfile is built.
pub(super) const KEYS: [&str; 7] =
    ["inherits", "context", "contexts", "dockerfile", "dockerfile-inline", "target", "args"];

/// What is written under a key.
#[derive(Clone, Debug)]
pub(super) enum BakeValue {
    /// A text, and where it begins: itself, or the expression where the text is not written as it reads.
    Text(String, u32),
    List(Vec<String>),
    Pairs(Vec<(String, String)>),
    /// What only bake knows.
    Other(Span),
}

/// A target as written.
#[derive(Clone, Debug)]
pub(super) struct BakeTarget {
    pub(super) name: String,
    pub(super) values: BTreeMap<String, BakeValue>,
}
