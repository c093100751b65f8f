//! Types that a label's value may have to be of.

/// What a label's value has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelType {
    /// Any text but an empty one.
    Text,
    /// An absolute URL.
    Url,
    /// A time of RFC 3339.
    Rfc3339,
    /// A semantic version.
    Semver,
    /// A commit's hash.
    Hash,
    /// An SPDX license expression.
    Spdx,
    /// An email address.
    Email,
}

impl LabelType {
    /// All types.
    pub const ALL: [Self; 7] =
        [Self::Text, Self::Url, Self::Rfc3339, Self::Semver, Self::Hash, Self::Spdx, Self::Email];

    /// As written in settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Url => "url",
            Self::Rfc3339 => "rfc3339",
            Self::Semver => "semver",
            Self::Hash => "hash",
            Self::Spdx => "spdx",
            Self::Email => "email",
        }
    }
}
