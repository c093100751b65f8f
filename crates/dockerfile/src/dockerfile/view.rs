//! Instructions by meaning: what FROM names, what COPY takes, how RUN runs. Reads nothing anew; expands no variable and
//! knows no stage.

mod command;
mod script;
mod transfer;

use std::borrow::Cow;

pub use self::command::{CommandForm, Healthcheck, Mount, MountField, RunArguments};
pub use self::script::{Script, ScriptKind};
pub use self::transfer::{HeredocSource, Transfer};

use super::syntax::{Arguments, File, Flag, Instruction, InstructionWord, Keyword};
use crate::text::Span;

/// A text with its place: a word, a JSON element, a flag's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument<'a> {
    /// As BuildKit takes it; variables, and quotes outside of JSON and flags, are still in it.
    pub text: Cow<'a, str>,
    /// Where it stands in the source, JSON quotes included.
    pub span: Span,
}

/// FROM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FromInstruction<'a> {
    /// The image or stage, variables as written.
    pub image: Argument<'a>,
    /// `--platform`.
    pub platform: Option<Argument<'a>>,
    /// `AS` as written.
    pub sign: Option<Argument<'a>>,
    /// The stage's name as written; stages are told apart without regard to case.
    pub name: Option<Argument<'a>>,
}

/// `NAME` or `NAME=default` of ARG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arg<'a> {
    /// The variable.
    pub name: Argument<'a>,
    /// The default, quotes kept.
    pub default: Option<Argument<'a>>,
    /// Both.
    pub span: Span,
}

/// A pair of ENV or LABEL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable<'a> {
    /// The name, quotes kept.
    pub name: Argument<'a>,
    /// The value, quotes kept.
    pub value: Argument<'a>,
    /// `ENV name value`.
    pub legacy: bool,
    /// Both.
    pub span: Span,
}

impl File {
    /// FROM's parts; `None` for another instruction or one without image.
    pub fn from<'a>(&'a self, instruction: &'a Instruction) -> Option<FromInstruction<'a>> {
        let Arguments::Words(words) = &instruction.arguments else { return None };
        if instruction.keyword != Keyword::From {
            return None;
        }
        let mut words = words.iter().map(|&word| self.argument_of(word));
        let image = words.next()?;
        let (sign, name) = match (words.next(), words.next(), words.next()) {
            (Some(sign), Some(name), None) if sign.text.eq_ignore_ascii_case("as") => (Some(sign), Some(name)),
            _ => (None, None),
        };
        Some(FromInstruction { image, platform: self.flag_argument(instruction, "platform"), sign, name })
    }

    /// ARG's variables.
    pub fn args<'a>(&'a self, instruction: &'a Instruction) -> Vec<Arg<'a>> {
        let Arguments::Words(words) = &instruction.arguments else { return Vec::new() };
        if instruction.keyword != Keyword::Arg {
            return Vec::new();
        }
        words.iter().map(|&word| self.arg(word)).collect()
    }

    fn arg(&self, word: InstructionWord) -> Arg<'_> {
        let text = self.str(word);
        let Some(at) = text.find('=') else {
            return Arg { name: self.argument_of(word), default: None, span: word.span };
        };
        let middle = word.text.start + at as u32;
        let name = self.argument_at(Span::new(word.text.start, middle));
        Arg { name, default: Some(self.argument_at(Span::new(middle + 1, word.text.end))), span: word.span }
    }

    /// The pairs of ENV or LABEL.
    pub fn variables<'a>(&'a self, instruction: &'a Instruction) -> Vec<Variable<'a>> {
        let Arguments::Pairs(pairs) = &instruction.arguments else { return Vec::new() };
        let variable = |pair: &super::syntax::Pair| Variable {
            name: self.argument_of(pair.key),
            value: self.argument_of(pair.value),
            legacy: pair.legacy,
            span: pair.key.span.to(pair.value.span),
        };
        pairs.iter().map(variable).collect()
    }

    /// The one argument of USER, WORKDIR, STOPSIGNAL and MAINTAINER.
    pub fn operand<'a>(&'a self, instruction: &'a Instruction) -> Option<Argument<'a>> {
        let Arguments::Raw(word) = &instruction.arguments else { return None };
        let is_single =
            matches!(instruction.keyword, Keyword::User | Keyword::Workdir | Keyword::Stopsignal | Keyword::Maintainer);
        is_single.then(|| self.argument_of(*word))
    }

    /// The list of EXPOSE (ports) or VOLUME (paths), of COPY and ADD (sources and destination), of FROM.
    pub fn list<'a>(&'a self, instruction: &'a Instruction) -> Vec<Argument<'a>> {
        match &instruction.arguments {
            Arguments::Words(words) => words.iter().map(|&word| self.argument_of(word)).collect(),
            Arguments::Json(elements) => elements.iter().map(Argument::of_element).collect(),
            _ => Vec::new(),
        }
    }

    /// ONBUILD's trigger.
    pub fn trigger<'a>(&self, instruction: &'a Instruction) -> Option<&'a Instruction> {
        match &instruction.arguments {
            Arguments::Trigger(trigger) => Some(trigger),
            _ => None,
        }
    }

    /// A word as an argument.
    pub fn argument_of(&self, word: InstructionWord) -> Argument<'_> {
        Argument { text: Cow::Borrowed(self.str(word)), span: word.span }
    }

    /// A stretch of logical text as an argument.
    pub fn argument_at(&self, text: Span) -> Argument<'_> {
        Argument { text: Cow::Borrowed(self.logical(text)), span: self.locate(text) }
    }

    /// The value of a flag; BuildKit refuses a repeated one, so the first counts.
    pub fn flag_argument<'a>(&'a self, instruction: &'a Instruction, name: &str) -> Option<Argument<'a>> {
        self.flag_arguments(instruction, name).next()
    }

    /// Each value of a flag that may be repeated.
    pub fn flag_arguments<'a>(
        &'a self,
        instruction: &'a Instruction,
        name: &str,
    ) -> impl Iterator<Item = Argument<'a>> {
        instruction.flags.iter().filter(move |flag| self.flag_name(flag) == name).filter_map(|flag| {
            let span = flag.value.map_or(flag.word.span, |value| value.span);
            Some(Argument { text: Cow::Borrowed(self.flag_value(flag)?), span })
        })
    }

    /// A flag that is given with or without `=true` or `=false`; `None` when it is not there.
    pub fn flag_bool(&self, instruction: &Instruction, name: &str) -> Option<bool> {
        let flag: &Flag = instruction.flags.iter().find(|flag| self.flag_name(flag) == name)?;
        Some(self.flag_value(flag).is_none_or(|value| !value.eq_ignore_ascii_case("false")))
    }
}

impl<'a> Argument<'a> {
    /// An element of a JSON array.
    pub(super) fn of_element(element: &'a super::syntax::Element) -> Self {
        Self { text: Cow::Borrowed(&element.value), span: element.word.span }
    }
}

#[cfg(test)]
mod tests;
