//! What a step's name says. BuildKit writes `[stage n/m] INSTRUCTION`, with a platform and, for several targets, a
//! target before the stage; the builder's own steps have `[internal]` or no brackets.

use std::collections::BTreeSet;

use crate::dockerfile::Keyword;

/// What a step is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StepKind {
    /// An instruction of the Dockerfile.
    Instruction(Keyword),
    /// The transfer of the build context, or of a named one.
    Context,
    /// The builder's own: reading the Dockerfile, asking for metadata, logging in.
    #[default]
    Internal,
    /// What an instruction names is fetched: a URL, a repository, an inline document.
    Source,
    /// An image or other result is written.
    Export,
    /// A cache is written.
    CacheExport,
    /// A cache is read.
    CacheImport,
}

/// The parts of a step's name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepLabel {
    /// What it is.
    pub kind: StepKind,
    /// The target of bake, the service of compose.
    pub target: Option<String>,
    /// The platform.
    pub platform: Option<String>,
    /// The stage's name; `stage-N` for one without. `None` if the build has one stage only.
    pub stage: Option<String>,
    /// Its number in the stage, and the number of the stage's steps.
    pub number: Option<(u32, u32)>,
    /// The text behind the brackets.
    pub text: String,
}

impl StepLabel {
    /// Whether it is an instruction of the Dockerfile.
    pub fn is_instruction(&self) -> bool {
        matches!(self.kind, StepKind::Instruction(_))
    }
}

/// The targets that the names of a build's steps speak of.
pub(super) fn targets<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    names.filter_map(target_of).collect()
}

/// The words in brackets and the text behind them.
fn split(name: &str) -> (Vec<&str>, &str) {
    let brackets = name.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    match brackets {
        Some((inside, text)) => (inside.split_whitespace().collect(), text),
        None => (Vec::new(), name),
    }
}

/// The target that a name of the builder's own step has: `[api internal] …`, `[api] exporting to image`.
fn target_of(name: &str) -> Option<String> {
    match split(name) {
        (words, _) if words.len() == 2 && is_internal_word(words[1]) => Some(words[0].to_owned()),
        (words, text) if words.len() == 1 && !words[0].contains('/') => {
            matches!(bare_kind(text), StepKind::Export | StepKind::CacheExport).then(|| words[0].to_owned())
        }
        _ => None,
    }
}

fn is_internal_word(word: &str) -> bool {
    word == "internal" || word == "auth"
}

/// `n/m`.
fn number(word: &str) -> Option<(u32, u32)> {
    let (number, of) = word.split_once('/')?;
    Some((number.parse().ok()?, of.parse().ok()?))
}

/// Reads a name. `targets`: the names that stand for targets.
pub(super) fn label(name: &str, targets: &BTreeSet<String>) -> StepLabel {
    let (mut words, text) = split(name);
    let mut label = StepLabel { text: text.to_owned(), ..StepLabel::default() };
    if words.first().is_some_and(|word| targets.contains(*word)) {
        label.target = Some(words.remove(0).to_owned());
    }
    let last = words.last().copied();
    if let Some(number) = last.and_then(number) {
        words.pop();
        label.number = Some(number);
        label.platform = words.iter().find(|word| word.contains('/')).map(|word| (*word).to_owned());
        label.stage = words.iter().rfind(|word| !word.contains('/')).map(|word| (*word).to_owned());
        label.kind = StepKind::Instruction(keyword(text));
    } else if words.first() == Some(&"context") || last.is_some_and(is_internal_word) {
        let is_context = text == "load build context" || text.starts_with("load from client");
        label.kind = if is_context { StepKind::Context } else { StepKind::Internal };
    } else {
        label.platform = last.filter(|word| word.contains('/')).map(str::to_owned);
        label.kind = bare_kind(text);
    }
    label
}

/// The kind of a step without a number.
fn bare_kind(text: &str) -> StepKind {
    if text.starts_with("exporting cache") {
        StepKind::CacheExport
    } else if text.starts_with("exporting ") {
        StepKind::Export
    } else if text.starts_with("importing cache") {
        StepKind::CacheImport
    } else if keyword(text) == Keyword::From {
        StepKind::Instruction(Keyword::From)
    } else if text.contains("://") || text.starts_with("git@") || text == "preparing inline document" {
        StepKind::Source
    } else {
        StepKind::Internal
    }
}

/// The instruction that a text begins with. `LINK` and `ONBUILD` stand before the instruction that they are about.
fn keyword(text: &str) -> Keyword {
    let mut words = text.split_whitespace();
    let is_before = |word: &&str| *word == "LINK" || *word == "ONBUILD";
    let first = words.next().unwrap_or_default();
    let word = if is_before(&first) { words.next().unwrap_or_default() } else { first };
    Keyword::of(word)
}
