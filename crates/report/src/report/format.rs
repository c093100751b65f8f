//! The formats that a result is written in: their names, and one writer for each. A writer takes a [`ReportRun`] and gives
//! the whole text; it decides nothing, and neutralises what its readers would obey.

mod checkstyle;
mod csv;
pub(super) mod escape;
mod github;
mod gitlab;
mod hadolint;
mod item;
mod jsonl;
mod junit;
mod markdown;
mod oneline;
mod path;
mod run;
mod sarif;
#[cfg(test)]
mod tests;

pub use self::escape::without_commands;
pub use self::github::write_comparison as comparison_github;
pub use self::path::PathBase;
pub use self::run::ReportRun;
pub use self::sarif::{comparison_sarif, image_sarif};

/// Writes a result. The same result gives the same text.
pub type FormatWriter = fn(&ReportRun) -> String;

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people; each command has its own.
    Text,
    /// One object; each command has its own.
    Json,
    /// One object per line.
    Jsonl,
    /// SARIF 2.1.0.
    Sarif,
    /// Workflow commands of GitHub, shown as annotations.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// Checkstyle's XML.
    Checkstyle,
    /// `JUnit`'s XML: a suite per file.
    Junit,
    /// `file:line:column: severity rule: message`.
    Oneline,
    /// The array that hadolint writes.
    HadolintJson,
    /// One document for a browser, with everything in it.
    Html,
    /// A table in Markdown; `report` writes the comment on a pull request.
    Markdown,
    /// A table for spreadsheets.
    Csv,
    /// The packages of an image: a software bill of materials, `CycloneDX` 1.6 as JSON.
    Cyclonedx,
}

impl Format {
    /// All that there is for findings, in the order of the help.
    pub const ALL: &[Self] = &[
        Self::Text,
        Self::Json,
        Self::Jsonl,
        Self::Sarif,
        Self::Github,
        Self::Gitlab,
        Self::Checkstyle,
        Self::Junit,
        Self::Oneline,
        Self::HadolintJson,
        Self::Markdown,
        Self::Html,
        Self::Csv,
    ];

    /// Those of some commands alone, whatever they find.
    pub const OF_COMMANDS: &[Self] = &[Self::Cyclonedx];

    /// The format that is typed so.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().chain(Self::OF_COMMANDS).copied().find(|format| format.name() == name)
    }

    /// As it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Sarif => "sarif",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Checkstyle => "checkstyle",
            Self::Junit => "junit",
            Self::Oneline => "oneline",
            Self::HadolintJson => "hadolint-json",
            Self::Markdown => "markdown",
            Self::Csv => "csv",
            Self::Cyclonedx => "cyclonedx",
            Self::Html => "html",
        }
    }

    /// The writer of findings, whatever command found them; none for [`Format::Json`], whose shape is the command's, for
    /// those that a page is written in, and for [`Format::OF_COMMANDS`].
    pub const fn writer(self) -> Option<FormatWriter> {
        match self {
            Self::Text | Self::Json | Self::Html | Self::Cyclonedx => None,
            Self::Jsonl => Some(jsonl::write),
            Self::Sarif => Some(sarif::write),
            Self::Github => Some(github::write),
            Self::Gitlab => Some(gitlab::write),
            Self::Checkstyle => Some(checkstyle::write),
            Self::Junit => Some(junit::write),
            Self::Oneline => Some(oneline::write),
            Self::HadolintJson => Some(hadolint::write),
            Self::Markdown => Some(markdown::write),
            Self::Csv => Some(csv::write),
        }
    }

    /// Whether the format has a place for what was skipped and for notices. Of the others they are said beside it.
    pub const fn tells_skips(self) -> bool {
        !matches!(self, Self::Gitlab | Self::Checkstyle | Self::Oneline | Self::HadolintJson | Self::Csv)
    }
}
