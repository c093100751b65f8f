//! Compares what edits did to a file with what the pages of their rules announce (`changes:`).

use std::collections::BTreeSet;
use std::fmt;

use crate::dockerfile::{self, Difference};
use crate::text::Source;

/// Why an edited file is not acceptable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContractBreach {
    /// The builder refuses the file, and did not before; its message.
    Refused(String),
    /// A part of the file changed that no rule announces.
    Unannounced {
        /// The word that would announce it: `run`, `+user`.
        word: String,
        /// The line in the old text, or else in the new text.
        line: u32,
        /// The parts of the instruction that changed, or what happened to the comment.
        parts: Vec<&'static str>,
    },
}

/// What is wrong with an edited Dockerfile, and which announced changes it contains.
pub fn dockerfile_breaches(
    before: &Source,
    after: &Source,
    announced: &[&'static str],
) -> (Vec<ContractBreach>, BTreeSet<&'static str>) {
    let (old, new) = (dockerfile::parse(before), dockerfile::parse(after));
    let mut breaches: Vec<ContractBreach> = old.worse(&new).map(ContractBreach::Refused).into_iter().collect();
    let mut used = BTreeSet::new();
    for difference in old.differences(&new) {
        match announced.iter().find(|word| difference.kind.is_announced_by(word)) {
            Some(word) => drop(used.insert(*word)),
            None => breaches.push(ContractBreach::of(difference)),
        }
    }
    (breaches, used)
}

impl ContractBreach {
    fn of(difference: Difference) -> Self {
        let line = difference.before.or(difference.after).unwrap_or(1);
        Self::Unannounced { word: difference.kind.word(), line, parts: difference.parts }
    }
}

impl fmt::Display for ContractBreach {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(message) => write!(out, "the builder would refuse the file: {message}"),
            Self::Unannounced { word, line, .. } => {
                write!(out, "line {line} would change in a way that no rule announces (`{word}`)")
            }
        }
    }
}
