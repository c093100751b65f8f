//! The ports that EXPOSE names.

use std::ops::RangeInclusive;

use super::{Build, Stage};
use crate::dockerfile::Keyword;
use crate::text::Span;

/// TCP ports that a word of EXPOSE names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExposedPorts {
    /// The word.
    pub span: Span,
    /// Its ports.
    pub ports: RangeInclusive<u16>,
    /// Whether the word is the number of one port and nothing else.
    pub is_plain: bool,
}

impl ExposedPorts {
    /// The port, if it is one.
    pub fn only(&self) -> Option<u16> {
        (self.ports.start() == self.ports.end()).then_some(*self.ports.start())
    }
}

impl Build<'_> {
    /// The TCP ports that the nearest stage of a chain exposes, in their order; words that only the build knows are left out.
    pub fn exposed_ports(&self, stage: &Stage) -> Vec<ExposedPorts> {
        let of_stage = |stage: &Stage| self.exposed_words(stage).into_iter().flatten().collect::<Vec<_>>();
        self.chain(stage).map(of_stage).find(|ports| !ports.is_empty()).unwrap_or_default()
    }

    /// The TCP ports that a stage and the stages it is based on expose; `None` if one is not known.
    pub fn all_exposed_ports(&self, stage: &Stage) -> Option<Vec<ExposedPorts>> {
        self.chain(stage).flat_map(|stage| self.exposed_words(stage)).collect()
    }

    /// The words of a stage's own EXPOSE, without those of other protocols; `None` for one that is not known.
    fn exposed_words(&self, stage: &Stage) -> Vec<Option<ExposedPorts>> {
        let file = &self.input().file;
        let mut all: Vec<Option<ExposedPorts>> = Vec::new();
        for (index, instruction) in self.instructions(stage).filter(|(_, known)| known.keyword == Keyword::Expose) {
            for word in file.list(instruction) {
                let Some(text) = self.scopes().expand(stage.index, index, &word.text) else {
                    all.push(None);
                    continue;
                };
                let (ports, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
                if !protocol.eq_ignore_ascii_case("tcp") {
                    continue;
                }
                let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
                let number = |text: &str| text.parse::<u16>().ok().filter(|port| *port > 0);
                let exposed = number(first).zip(number(last)).map(|(first_port, last_port)| ExposedPorts {
                    span: word.span,
                    is_plain: file.source().slice(word.span) == first,
                    ports: first_port..=last_port,
                });
                all.push(exposed);
            }
        }
        all
    }
}
