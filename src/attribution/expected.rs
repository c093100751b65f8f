//! What the history of an image has when a Dockerfile's stage made it: its instructions in the words of BuildKit, and how
//! well an entry agrees with one. Measured with BuildKit of engine 28.5, the same engine's old builder and buildah 1.28
//! (`tests/vectors/attribution.jsonl`).

use super::Confidence;
use super::entry::Entry;
use super::pattern::{Pattern, squeezed};
use super::wording::{Wording, wording};
use crate::build::{Base, Build, Stage};
use crate::dockerfile::{Instruction, Keyword};

/// Instructions of a stage and those that it stands on, in the order in which they are carried out.
pub(super) struct Expected {
    /// The stage.
    pub(super) stage: usize,
    /// The instructions.
    pub(super) steps: Vec<Step>,
    /// Index of the FROM at the bottom.
    pub(super) from: usize,
    /// Whether nothing lies below it.
    pub(super) is_scratch: bool,
}

/// An instruction as it is expected.
pub(super) struct Step {
    /// Its index in the file; of a trigger that of the ONBUILD.
    pub(super) index: usize,
    /// Whether it is the trigger of an ONBUILD.
    pub(super) is_trigger: bool,
    /// Its keyword.
    pub(super) keyword: Keyword,
    /// Whether a history without it is as good: BuildKit has no entry for ONBUILD.
    pub(super) is_optional: bool,
    /// How builders write it.
    wording: Wording,
}

/// Instructions that are looked at; no real stage has as many.
const MOST: usize = 2_000;

impl Expected {
    /// Of a stage; `None` when it is longer than any real one.
    pub(super) fn of(build: &Build<'_>, stage: &Stage) -> Option<Self> {
        let mut chain: Vec<&Stage> = build.chain(stage).take(MOST + 1).collect();
        chain.reverse();
        let root = *chain.first()?;
        let count: usize = chain.iter().map(|stage| stage.instructions.len()).sum();
        if chain.len() > MOST || count > MOST {
            return None;
        }
        let mut steps: Vec<Step> = Vec::new();
        let mut triggers: Vec<(usize, &Instruction)> = Vec::new();
        for stage in chain {
            for (index, trigger) in std::mem::take(&mut triggers) {
                if steps.len() < MOST {
                    steps.push(step(build, stage, stage.from, (index, trigger, true)));
                }
            }
            for (index, instruction) in build.instructions(stage) {
                steps.push(step(build, stage, index, (index, instruction, false)));
                triggers.extend(build.input().file.trigger(instruction).map(|trigger| (index, trigger)));
            }
        }
        let is_scratch = root.base == Base::Scratch;
        Some(Self { stage: stage.index, steps, from: root.from, is_scratch })
    }
}

fn step(
    build: &Build<'_>,
    stage: &Stage,
    at: usize,
    (index, instruction, is_trigger): (usize, &Instruction, bool),
) -> Step {
    Step {
        index,
        is_trigger,
        keyword: instruction.keyword,
        is_optional: instruction.keyword == Keyword::Onbuild,
        wording: wording(build, stage, at, instruction),
    }
}

impl Step {
    /// How well an entry agrees; `None` when it is another kind of instruction.
    pub(super) fn agreement(&self, entry: &Entry) -> Option<Confidence> {
        if entry.keyword? != self.keyword {
            return None;
        }
        Some(match &self.wording {
            Wording::Run(run) => run.agreement(entry),
            Wording::Other(other) => {
                if other.exact.text().is_some_and(|text| text == entry.text) {
                    return Some(Confidence::Exact);
                }
                let is_like = other.exact.matches(&entry.text)
                    || other.looser.iter().any(|pattern| pattern.matches(&entry.text))
                    || other.squeezed.contains(&entry.squeezed)
                    || other.has_ports(&entry.text)
                    || (entry.is_nop && other.goes_to(&entry.text));
                if is_like { Confidence::Text } else { Confidence::Kind }
            }
        })
    }
}

impl Step {
    /// How much of an entry of the same kind stands in the instruction too, from 0 to 8.
    pub(super) fn likeness(&self, entry: &Entry) -> i32 {
        let own = match &self.wording {
            Wording::Run(run) => &run.squeezed,
            Wording::Other(other) => other.squeezed.last().unwrap_or(&entry.squeezed),
        };
        let theirs = entry.squeezed_command();
        let same = |(a, b): &(u8, u8)| a == b;
        let front = own.bytes().zip(theirs.bytes()).take_while(same).count();
        let back = own.bytes().rev().zip(theirs.bytes().rev()).take_while(same).count();
        let longest = own.len().max(theirs.len()).max(1);
        i32::try_from(8 * (front + back).min(longest) / longest).unwrap_or(0)
    }
}

/// How builders write a RUN.
pub(super) struct Run {
    /// The shell with its options; `None` in exec form.
    pub(super) shell: Option<String>,
    /// What it runs.
    pub(super) command: String,
    /// That without blanks and the like.
    pub(super) squeezed: String,
    /// As older builders shorten heredocs: `<<EOF (first line...)`.
    pub(super) summary: Option<Pattern>,
}

impl Run {
    fn agreement(&self, entry: &Entry) -> Confidence {
        if let Some(head) = entry.text.strip_suffix(&*self.command) {
            let shell = self.shell.as_deref().unwrap_or_default();
            if head.trim_end() == shell || head.is_empty() {
                return Confidence::Exact;
            }
            if head.ends_with(char::is_whitespace) {
                return Confidence::Text;
            }
        }
        let is_like = !self.squeezed.is_empty() && entry.squeezed.ends_with(&self.squeezed)
            || self.summary.as_ref().is_some_and(|summary| summary.matches(&entry.text));
        if is_like { Confidence::Text } else { Confidence::Kind }
    }
}

/// How builders write the other instructions.
#[derive(Default)]
pub(super) struct Other {
    /// As BuildKit writes it.
    pub(super) exact: Pattern,
    /// Further wordings.
    pub(super) looser: Vec<Pattern>,
    /// Wordings without blanks, quotes and the like.
    pub(super) squeezed: Vec<String>,
    /// Where COPY and ADD go to: the old builder writes what they take as a hash.
    pub(super) destinations: Vec<Pattern>,
    /// Ports of EXPOSE, sorted; the order in the history is any.
    pub(super) ports: Vec<String>,
}

impl Other {
    /// `file:c0ffee in /app/`
    fn goes_to(&self, text: &str) -> bool {
        let Some((_, destination)) = text.rsplit_once(" in ") else { return false };
        self.destinations.iter().any(|pattern| pattern.matches(destination.trim_end()))
    }

    fn has_ports(&self, text: &str) -> bool {
        !self.ports.is_empty() && ports(text) == self.ports
    }
}

/// The ports in `[8000/tcp 53/udp]`, `8000 53/udp` and `map[8000/tcp:{}]`, sorted.
pub(super) fn ports(text: &str) -> Vec<String> {
    let bare = text.strip_prefix("map").unwrap_or(text).replace(":{}", "");
    let mut ports: Vec<String> = bare
        .split(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | ','))
        .filter(|port| !port.is_empty())
        .map(|port| if port.contains('/') { port.to_lowercase() } else { format!("{port}/tcp") })
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// A command as [`Run`] compares it.
pub(super) fn run(shell: Option<String>, command: String, summary: Option<Pattern>) -> Run {
    Run { shell, squeezed: squeezed(&command), command, summary }
}
