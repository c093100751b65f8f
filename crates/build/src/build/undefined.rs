//! Variables that an instruction uses but nothing sets: the words that the builder expands, and the unset variables in
//! them.

use std::collections::{BTreeMap, BTreeSet};

use super::image::variables;
use super::{Build, Lookup, Stage, StageBase, VariableOrigin, VariableValue};
use crate::dockerfile::expand::{Lex, Operator, process_word, uses};
use crate::dockerfile::{Argument, Instruction, Keyword};
use crate::text::Span;

/// A use of a variable that is not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndefinedVariable {
    /// The variable.
    pub name: String,
    /// The use: `$NAME`, `${NAME:-x}`; the whole word if quotes of JSON or of a flag hide its position.
    pub span: Span,
    /// Why it is not set.
    pub why: UndefinedReason,
    /// Whether the use handles a missing value (`:-`, `:+`, …).
    pub guarded: bool,
    /// Whether the base image may set it: its variables are not known.
    pub may_be_in_base: bool,
}

/// Why a variable is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UndefinedReason {
    /// Nothing sets it.
    Nowhere,
    /// An ARG before the first FROM sets it, or the builder: a stage sees it after its own `ARG NAME`.
    NotInStage,
    /// Nothing in the file sets it; the base image may.
    Perhaps,
}

enum VariableLookup<'a> {
    Set(&'a VariableValue),
    Unset,
    Unknown,
}

impl Build<'_> {
    /// The uses of unset variables in the instruction with index `at` of a stage, each variable once in a word.
    pub fn undefined(&self, stage: &Stage, at: usize) -> Vec<UndefinedVariable> {
        let mut undefined = Vec::new();
        let instruction = self.instruction(at);
        if !self.input().file.source().slice(instruction.span).contains('$') {
            return undefined;
        }
        for (argument, lex) in self.expanded(instruction) {
            if !argument.text.contains('$') {
                continue;
            }
            let mut seen = BTreeSet::new();
            for used in uses(&argument.text, lex) {
                if self.is_set_before(instruction, used.name, argument.span) {
                    continue;
                }
                let lookup = self.find_variable(stage, used.name, at);
                let global = self.global_origin(used.name);
                let why = match lookup {
                    VariableLookup::Set(_) => continue,
                    _ if global.is_some() => UndefinedReason::NotInStage,
                    VariableLookup::Unset => UndefinedReason::Nowhere,
                    VariableLookup::Unknown => UndefinedReason::Perhaps,
                };
                // No image sets the builder's own variables.
                let may_be_in_base =
                    matches!(lookup, VariableLookup::Unknown) && global != Some(VariableOrigin::Platform);
                if seen.insert(used.name) {
                    let span = self.place(&argument, used.span);
                    let guarded =
                        matches!(used.operator, Operator::Default | Operator::Alternative | Operator::Required);
                    let name = used.name.to_owned();
                    undefined.push(UndefinedVariable { name, span, why, guarded, may_be_in_base });
                }
            }
        }
        undefined
    }

    /// Whether an ARG sets a variable before one of its own words: BuildKit defines several arguments in order.
    fn is_set_before(&self, instruction: &Instruction, name: &str, word: Span) -> bool {
        let args = if instruction.keyword == Keyword::Arg { self.input().file.args(instruction) } else { Vec::new() };
        args.iter().any(|arg| arg.name.text == name && arg.name.span.end < word.start && arg.default.is_some())
    }

    /// The text of a word of the instruction with index `at` of a stage, with unset variables empty as for the builder,
    /// including those that a known base image does not set. `None` if it is known only during the build.
    pub fn expand(&self, stage: &Stage, at: usize, text: &str) -> Option<String> {
        // A trigger sees the variables of the build in which it runs.
        if self.is_trigger(at) && text.contains('$') {
            return None;
        }
        let lex = Lex::new(self.input().file.escape());
        let mut values = BTreeMap::new();
        for used in uses(text, lex) {
            match self.find_variable(stage, used.name, at) {
                VariableLookup::Set(VariableValue::Known(value)) => {
                    _ = values.insert(used.name.to_owned(), value.to_string());
                }
                VariableLookup::Set(VariableValue::Unset) if used.operator != Operator::Plain => {}
                VariableLookup::Unset => {}
                VariableLookup::Set(_) | VariableLookup::Unknown => return None,
            }
        }
        process_word(text, &values, lex).ok().map(|expanded| expanded.text)
    }

    fn find_variable(&self, stage: &Stage, name: &str, at: usize) -> VariableLookup<'_> {
        match self.scopes().lookup(stage.index, name, at) {
            Lookup::Defined(definition) => VariableLookup::Set(&definition.value),
            Lookup::Undefined => VariableLookup::Unset,
            // Every image has it.
            Lookup::Unknown if name == "PATH" => VariableLookup::Set(&VariableValue::Unknown),
            Lookup::Unknown => match self.root_base(stage) {
                StageBase::Image(reference) => match variables(reference) {
                    Some(names) if names.contains(&name) => VariableLookup::Set(&VariableValue::Unknown),
                    Some(_) => VariableLookup::Unset,
                    None => VariableLookup::Unknown,
                },
                _ => VariableLookup::Unknown,
            },
        }
    }

    /// The words that the builder expands, each with the way it is parsed.
    fn expanded<'b>(&'b self, instruction: &'b Instruction) -> Vec<(Argument<'b>, Lex)> {
        let file = &self.input().file;
        let mut words: Vec<Argument> = Vec::new();
        let mut bodies = Vec::new();
        match instruction.keyword {
            Keyword::Env | Keyword::Label => {
                for pair in file.variables(instruction) {
                    words.extend([pair.name, pair.value]);
                }
            }
            Keyword::Arg => words.extend(file.args(instruction).into_iter().filter_map(|arg| arg.default)),
            Keyword::Copy | Keyword::Add => {
                let Some(parts) = file.transfer(instruction) else { return Vec::new() };
                words.extend([parts.chown, parts.chmod, parts.checksum].into_iter().flatten());
                words.extend(parts.sources);
                words.push(parts.destination);
                let heredocs = parts.heredocs.iter().filter_map(|source| source.heredoc);
                bodies.extend(heredocs.filter(|heredoc| heredoc.expand).map(|heredoc| heredoc.body));
            }
            Keyword::Workdir | Keyword::User | Keyword::Stopsignal => words.extend(file.operand(instruction)),
            Keyword::Volume => words.extend(file.list(instruction)),
            Keyword::Run => {
                for mount in file.mounts(instruction) {
                    for field in mount.fields {
                        if let Some(value) = field.value {
                            words.push(Argument { text: value.into(), span: field.span });
                        }
                    }
                }
            }
            _ => {}
        }
        let bodies = bodies
            .into_iter()
            .map(|body| (Argument { text: file.source().slice(body).into(), span: body }, Lex::heredoc_body()));
        let lex = Lex::new(file.escape());
        words.into_iter().map(|word| (word, lex)).chain(bodies).collect()
    }

    /// Whether an ARG before the first FROM sets it, or the builder.
    /// How a variable is set above the first FROM: by an ARG, or by the builder.
    fn global_origin(&self, name: &str) -> Option<VariableOrigin> {
        match self.scopes().lookup_global(name) {
            Lookup::Defined(definition) => Some(definition.origin)
                .filter(|origin| matches!(origin, VariableOrigin::GlobalArg | VariableOrigin::Platform)),
            _ => None,
        }
    }

    fn place(&self, argument: &Argument, used: Span) -> Span {
        let source = self.input().file.source().slice(argument.span);
        let text = &argument.text[used.range()];
        match (source == argument.text, source.find(text)) {
            (true, _) => used.shifted(argument.span.start),
            (false, Some(at)) => Span::new(at as u32, (at + text.len()) as u32).shifted(argument.span.start),
            (false, None) => argument.span,
        }
    }
}
