//! Puts values in the place of variables, operator by operator. Knows no syntax: the walk tells it what it finds.

use std::collections::BTreeSet;
use std::ops::Range;

use super::glob::{Budget, Direction, Glob};
use super::lex::{Lex, Variables};
use super::scan::{ExpansionVisitor, VariableReference, scan};
use super::split::{RawWord, Splitter};
use super::{ExpandError, ExpandErrorKind, replace};

/// Bytes that an expansion may write, and characters that its patterns may compare, beyond the word's own length.
const BUDGET: usize = 16 << 20;

/// The state of one expansion. All text goes to `out`; an operand's text is cut off again where a value stands for it.
pub(super) struct Evaluate<'e> {
    word: &'e str,
    lex: Lex,
    variables: &'e dyn Variables,
    pub(super) out: String,
    /// The split form, when asked for.
    pub(super) splitter: Option<Splitter>,
    pub(super) matched: BTreeSet<&'e str>,
    pub(super) unmatched: BTreeSet<&'e str>,
    open: Vec<OpenExpansion>,
    /// Where the quoted piece outside all operands began: in `out`, and in the word.
    quote: Option<(usize, usize)>,
    budget: Budget,
}

struct OpenExpansion {
    /// Where its text began in `out`.
    start: usize,
    /// Where the operand, or the replacement, began in `out`.
    operand: usize,
    /// The pattern, taken out of `out`.
    pattern: String,
    /// The variable has no value and such stay as they are.
    is_kept: bool,
}

type ScanResult = Result<(), ExpandErrorKind>;

impl<'e> Evaluate<'e> {
    pub(super) fn new(word: &'e str, lex: Lex, variables: &'e dyn Variables, split: bool) -> Self {
        Self {
            word,
            lex,
            variables,
            out: String::with_capacity(word.len()),
            splitter: split.then(Splitter::default),
            matched: BTreeSet::new(),
            unmatched: BTreeSet::new(),
            open: Vec::new(),
            quote: None,
            budget: Budget::new(BUDGET.saturating_add(word.len().saturating_mul(4))),
        }
    }

    fn push(&mut self, text: &str) -> ScanResult {
        self.budget.spend(text.len())?;
        self.out.push_str(text);
        Ok(())
    }

    fn value(&mut self, reference: &VariableReference) -> Option<&'e str> {
        let name = &self.word[reference.name.clone()];
        let value = self.variables.get(name);
        let names = if value.is_some() { &mut self.matched } else { &mut self.unmatched };
        names.insert(name);
        value
    }

    /// Hands the text from `start` in `out` to the split form, unless it is part of an operand or a quoted piece.
    fn split(&mut self, start: usize, from: &Range<usize>, raw: bool) {
        if !self.open.is_empty() || self.quote.is_some() {
            return;
        }
        let Some(splitter) = &mut self.splitter else { return };
        let text = &self.out[start..];
        if raw {
            splitter.add_raw(text, from);
        } else {
            splitter.add(text, from, *text == self.word[from.clone()]);
        }
    }

    fn substitute(&mut self, reference: &VariableReference, open: &OpenExpansion, value: Option<&str>) -> ScanResult {
        let missing = value.is_none_or(|value| reference.colon && value.is_empty());
        let text = value.unwrap_or_default();
        match (reference.operator, reference.colon) {
            (Some('-'), _) if missing => return Ok(()),
            (Some('+'), _) if !missing => return Ok(()),
            (Some('+'), _) => self.out.truncate(open.start),
            (Some('?'), _) if missing => {
                let name = self.word[reference.name.clone()].to_owned();
                let message = match (&self.out[open.operand..], value) {
                    ("", None) => "is not allowed to be unset".to_owned(),
                    ("", Some(_)) => "is not allowed to be empty".to_owned(),
                    (message, _) => message.to_owned(),
                };
                return Err(ExpandErrorKind::Required { name, message });
            }
            (Some('-' | '?'), _) => return self.set_from(open.start, text),
            (Some(side @ ('#' | '%')), false) => return self.trim(side, open.start, text),
            (Some('/'), false) => {
                let replacement = self.out.split_off(open.operand);
                self.out.truncate(open.start);
                let glob = Glob::new(&open.pattern, true)?;
                return replace::replace(&mut self.out, &glob, text, &replacement, reference.all, &mut self.budget);
            }
            _ => return Err(ExpandErrorKind::UnsupportedModifier(reference.modifier())),
        }
        Ok(())
    }

    fn set_from(&mut self, start: usize, value: &str) -> ScanResult {
        self.out.truncate(start);
        self.push(value)
    }

    /// `${name#pattern}` and its kin. What makes it greedy is the pattern's first character *after* expansion.
    fn trim(&mut self, side: char, start: usize, value: &str) -> ScanResult {
        let operand = self.out.split_off(start);
        let (pattern, greedy) = match operand.strip_prefix(side) {
            Some(rest) => (rest, true),
            None => (operand.as_str(), false),
        };
        let direction = if side == '#' { Direction::Start } else { Direction::End };
        let rest = replace::trimmed(pattern, value, greedy, direction, &mut self.budget)?;
        self.push(rest)
    }
}

impl ExpansionVisitor for Evaluate<'_> {
    fn text(&mut self, at: Range<usize>, raw: bool) -> ScanResult {
        let start = self.out.len();
        let word = self.word;
        self.push(&word[at.clone()])?;
        self.split(start, &at, raw);
        Ok(())
    }

    fn quote_opened(&mut self, at: usize) {
        if self.open.is_empty() {
            self.quote = Some((self.out.len(), at));
        }
    }

    fn quote_closed(&mut self, end: usize) {
        if !self.open.is_empty() {
            return;
        }
        if let Some((start, from)) = self.quote.take() {
            self.split(start, &(from..end), true);
        }
    }

    fn variable(&mut self, reference: &VariableReference) -> ScanResult {
        let start = self.out.len();
        let text = &self.word[reference.span.clone()];
        match self.value(reference) {
            Some(value) => self.push(value)?,
            None if self.lex.skip_unset_env => self.push(text)?,
            None => {}
        }
        self.split(start, &reference.span, false);
        Ok(())
    }

    fn open_operand(&mut self, reference: &VariableReference) -> ScanResult {
        if let Some(splitter) = &mut self.splitter {
            splitter.lose();
        }
        let start = self.out.len();
        let name = &self.word[reference.name.clone()];
        let is_kept = self.lex.skip_unset_env && self.variables.get(name).is_none();
        if is_kept {
            self.push("${")?;
            self.push(name)?;
            self.push(&reference.modifier())?;
        }
        self.open.push(OpenExpansion { start, operand: self.out.len(), pattern: String::new(), is_kept });
        Ok(())
    }

    fn pattern_ended(&mut self) -> ScanResult {
        let Some(open) = self.open.last_mut() else { return Ok(()) };
        if open.is_kept {
            return self.push("/");
        }
        open.pattern = self.out.split_off(open.operand);
        Ok(())
    }

    fn closed(&mut self, reference: &VariableReference) -> ScanResult {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let value = self.value(reference);
        if open.is_kept {
            self.push("}")?;
        } else {
            self.substitute(reference, &open, value)?;
        }
        self.split(open.start, &reference.span, false);
        Ok(())
    }
}

/// A word with its variables' values in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpandedWord {
    /// The text.
    pub text: String,
    /// Variables that have a value.
    pub matched: BTreeSet<String>,
    /// Variables that have none, those with a default in the word among them.
    pub unmatched: BTreeSet<String>,
}

pub(super) struct EvaluatedWord {
    pub(super) expanded: ExpandedWord,
    pub(super) words: Vec<RawWord>,
}

/// Expands a word.
pub(super) fn run(word: &str, lex: Lex, variables: &dyn Variables, split: bool) -> Result<EvaluatedWord, ExpandError> {
    let mut state = Evaluate::new(word, lex, variables, split);
    if let Err((at, kind)) = scan(word, lex, &mut state) {
        return Err(ExpandError { word: word.into(), at: at as u32, kind });
    }
    let owned = |names: &BTreeSet<&str>| names.iter().map(|&name| name.to_owned()).collect();
    Ok(EvaluatedWord {
        expanded: ExpandedWord { matched: owned(&state.matched), unmatched: owned(&state.unmatched), text: state.out },
        words: state.splitter.map(Splitter::finish).unwrap_or_default(),
    })
}
