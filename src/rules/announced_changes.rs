//! What edits did to a file, against what the pages of their rules announce (`changes:`).

use std::collections::BTreeSet;
use std::fmt;

use crate::dockerfile::{self, Difference};
use crate::text::Source;

/// What an edited file may not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContractBreach {
    /// The builder refuses it for what was no error before; its message.
    Refused(String),
    /// It differs in what nobody announced.
    Unannounced {
        /// The word that would announce it: `run`, `+user`.
        word: String,
        /// The line of the text before, else of the text afterwards.
        line: u32,
        /// Which parts of the instruction, or what became of the comment.
        parts: Vec<&'static str>,
    },
}

/// What is wrong with an edited Dockerfile, and the announced words that came true in it.
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
