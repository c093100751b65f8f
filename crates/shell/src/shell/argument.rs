//! Arguments: options with their values, told from operands by what is known of the program.

use std::borrow::Cow;

use super::Word;
use super::program::options::ProgramOptions;
use crate::text::Span;

/// An option as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag<'s> {
    /// With its dashes; letters of a cluster one by one: `-qy` gives `-q` and `-y`.
    pub name: Cow<'s, str>,
    /// Its value, from the same or the next word.
    pub value: Option<ArgumentValue<'s>>,
    /// The word that holds it, to the end of its value.
    pub span: Span,
}

/// A piece of a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgumentValue<'s> {
    /// As [`Word::text`].
    pub text: &'s str,
    /// Where it stands; the whole word where quotes or escapes leave no exact place.
    pub span: Span,
    /// Whether an expansion lies in it.
    pub dynamic: bool,
}

impl<'s> ArgumentValue<'s> {
    /// The bytes `start..end` of a word's text.
    pub(super) fn of(word: &'s Word, start: usize, end: usize) -> Self {
        let dynamic = word.is_dynamic_within(start, end);
        Self { text: &word.text()[start..end], span: word.part(start, end), dynamic }
    }

    pub(super) fn whole(word: &'s Word) -> Self {
        Self { text: word.text(), span: word.span, dynamic: word.is_dynamic() }
    }
}

/// Options and operands among the words behind a program.
pub fn arguments<'s>(program: &str, args: &'s [Word]) -> (Vec<Flag<'s>>, Vec<&'s Word>) {
    read(args, ProgramOptions::of(program))
}

/// Options and operands among the words behind a program's command, which has options of its own.
pub fn arguments_of_command<'s>(program: &str, command: &str, args: &'s [Word]) -> (Vec<Flag<'s>>, Vec<&'s Word>) {
    read(args, ProgramOptions::of(program).of_command(command))
}

fn read<'s>(args: &'s [Word], options: &'static ProgramOptions) -> (Vec<Flag<'s>>, Vec<&'s Word>) {
    let (mut flags, mut operands) = (Vec::new(), Vec::new());
    for argument in Arguments::new(args, options) {
        match argument {
            Argument::Flag(flag) => flags.push(flag),
            Argument::Operand(at) => operands.push(&args[at]),
        }
    }
    (flags, operands)
}

#[derive(Debug)]
pub(super) enum Argument<'s> {
    Flag(Flag<'s>),
    /// Index of the word.
    Operand(usize),
}

/// Reads arguments one by one.
pub(super) struct Arguments<'s> {
    words: &'s [Word],
    options: &'static ProgramOptions,
    next: usize,
    /// Offset of the next letter in a cluster of letters.
    letter: usize,
    only_operands: bool,
}

impl<'s> Arguments<'s> {
    pub(super) fn new(words: &'s [Word], options: &'static ProgramOptions) -> Self {
        Self { words, options, next: 0, letter: 0, only_operands: false }
    }

    /// From now on reads other options: a verb's own.
    pub(super) fn set_options(&mut self, options: &'static ProgramOptions) {
        self.options = options;
    }

    fn next_value(&mut self, name: Cow<'s, str>, span: Span) -> Flag<'s> {
        let word = self.words.get(self.next);
        self.next += usize::from(word.is_some());
        let end = word.map_or(span, |word| word.span);
        Flag { name, value: word.map(ArgumentValue::whole), span: span.to(end) }
    }

    fn long(&mut self, word: &'s Word) -> Flag<'s> {
        let text = word.text();
        let name_len = text.find('=').unwrap_or(text.len());
        let name = &text[..name_len];
        self.next += 1;
        if name_len < text.len() {
            let value = Some(ArgumentValue::of(word, name_len + 1, text.len()));
            return Flag { name: name.into(), value, span: word.span };
        }
        if self.options.takes_value(name) {
            return self.next_value(name.into(), word.span);
        }
        Flag { name: name.into(), value: None, span: word.span }
    }

    fn letter(&mut self, word: &'s Word) -> Flag<'s> {
        let text = word.text();
        let start = self.letter.max(1);
        let letter = text[start..].chars().next().unwrap_or('-');
        let after = start + letter.len_utf8();
        let name = letter_name(letter);
        if self.options.takes_value(&name) {
            self.letter = 0;
            self.next += 1;
            let from = if text[after..].starts_with('=') { after + 1 } else { after };
            if from < text.len() {
                let value = Some(ArgumentValue::of(word, from, text.len()));
                return Flag { name, value, span: word.span };
            }
            return self.next_value(name, word.span);
        }
        // `-q=2`: a value that nobody need know of.
        let ends = after >= text.len() || text[after..].starts_with('=');
        let value = text[after..].starts_with('=').then(|| ArgumentValue::of(word, after + 1, text.len()));
        self.letter = if ends { 0 } else { after };
        self.next += usize::from(ends);
        Flag { name, value, span: word.span }
    }
}

/// `-a` of `a`; of ASCII without an allocation.
fn letter_name(letter: char) -> Cow<'static, str> {
    static NAMES: [u8; 256] = {
        let mut names = [b'-'; 256];
        let mut at = 0;
        while at < 128 {
            names[2 * at + 1] = at as u8;
            at += 1;
        }
        names
    };
    let at = 2 * letter as usize;
    let known = NAMES.get(at..at + 2).and_then(|name| std::str::from_utf8(name).ok());
    known.map_or_else(|| format!("-{letter}").into(), Cow::Borrowed)
}

impl<'s> Iterator for Arguments<'s> {
    type Item = Argument<'s>;

    fn next(&mut self) -> Option<Argument<'s>> {
        let words = self.words;
        let mut word = words.get(self.next)?;
        if self.letter > 0 {
            return Some(Argument::Flag(self.letter(word)));
        }
        if word.is("--") && !self.only_operands {
            self.only_operands = true;
            self.next += 1;
            word = words.get(self.next)?;
        }
        let text = word.text();
        if self.only_operands || text.len() < 2 || !text.starts_with('-') {
            self.next += 1;
            return Some(Argument::Operand(self.next - 1));
        }
        let name = text.split('=').next().unwrap_or(text);
        if text.starts_with("--") || self.options.is_whole() || self.options.takes_value(name) {
            return Some(Argument::Flag(self.long(word)));
        }
        Some(Argument::Flag(self.letter(word)))
    }
}
