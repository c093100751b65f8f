//! What a team wants, as written: text of dockopt.toml, .hadolint.yaml and of comments in a Dockerfile ─► settings with
//! spans, and problems. Knows rules by the names that it is given ([`RuleNames`]) and no file but those handed in.

mod amount;
mod budget;
mod dive;
mod document;
mod dockopt;
mod entry;
mod facts;
mod hadolint;
mod rule_names;
mod label;
mod origin;
mod pattern;
mod pragma;
mod problem;
mod reader;
mod resolve;
mod skip;
#[cfg(test)]
mod tests;
mod value;

pub use self::amount::{bytes as bytes_of, ratio as ratio_of};
pub use self::budget::{Bound, Budget, BudgetSection, Limit, Measure, growth_of, image_repository};
pub use self::dive::dive;
pub use self::dockopt::extends;
pub use self::document::{Choice, Document, FailOn, Groups, OptionValue, RuleOption, Section, SettingsLayer};
pub use self::facts::{CommandLinePolicy, FactNeeds, RuleBase, RuleFacts};
pub use self::label::LabelType;
pub use self::origin::{SettingOrigin, origins};
pub use self::pattern::SettingsPattern;
pub use self::pragma::{Pragmas, compose_pragmas, pragmas};
pub use self::problem::SettingsProblem;
pub use self::reader::{SettingsReader, documents, setting_origins};
pub use self::resolve::{ResolvedSettings, resolve};
pub use self::rule_names::{OptionKind, RuleNames, closest};
pub use self::skip::{NewSkip, SkippedPass, add_skips};

use crate::inputs::SettingsFormat;
use crate::text::{FileId, Source};

/// Reads a file of settings. `inherited` are the groups of the files that it extends.
pub fn read(file: FileId, source: &Source, format: SettingsFormat, known: &RuleNames, inherited: &Groups) -> Document {
    match format {
        SettingsFormat::Dockopt => dockopt::read(file, source, known, inherited),
        SettingsFormat::Hadolint => hadolint::read(source, known),
    }
}
