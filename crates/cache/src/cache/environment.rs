//! The ordered environment of a stage, as it enters the cache key of each RUN: a variable that is set again moves to the
//! end (BuildKit's `EnvList`). Values that only the base image knows are stood in for by a text that no value has, so
//! that equal stand-ins are equal values as long as the base is the same.

use crate::dockerfile::expand::{Lex, Operator, Variables, process_word, uses};

/// Begins a stand-in.
const MARK: char = '\u{1}';

/// The longest value that is kept; `ENV A=$A$A` doubles with each line.
const MAX_VALUE: usize = 64 * 1024;

/// Variables that are kept one by one; no real build has as many. Further ones are only told apart as a whole.
const MAX_VARIABLES: usize = 1_000;

/// A variable of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EnvironmentVariable {
    pub(super) name: String,
    pub(super) value: String,
    /// Index of the instruction that set it last; `None` for the base image.
    pub(super) instruction: Option<usize>,
}

/// The environment at an instruction.
#[derive(Clone, Debug, Default)]
pub(super) struct OrderedEnvironment {
    variables: Vec<EnvironmentVariable>,
    /// Whether the base image may set variables that are not in the list, because its config is unknown.
    is_base_unknown: bool,
    /// Over all variables beyond those that are kept; 0 without any.
    overflow: u128,
}

impl OrderedEnvironment {
    /// Of a base image with these variables; `None` if its config is not known.
    pub(super) fn of_base<'v>(variables: Option<impl IntoIterator<Item = (&'v str, &'v str)>>) -> Self {
        let Some(variables) = variables else {
            return Self { is_base_unknown: true, ..Self::default() };
        };
        let mut environment = Self::default();
        for (name, value) in variables {
            environment.set(name, value.to_owned(), None);
        }
        environment
    }

    pub(super) fn variables(&self) -> &[EnvironmentVariable] {
        &self.variables
    }

    pub(super) fn set(&mut self, name: &str, mut value: String, instruction: Option<usize>) {
        if value.len() > MAX_VALUE {
            value = format!("{MARK}{:032x}", super::context::hash_of(&[value.as_bytes()]));
        }
        if let Some(index) = self.variables.iter().position(|variable| variable.name == name) {
            self.variables.remove(index);
        }
        if self.variables.len() == MAX_VARIABLES {
            let parts = [&self.overflow.to_be_bytes()[..], name.as_bytes(), value.as_bytes()];
            self.overflow = super::context::hash_of(&parts);
            return;
        }
        self.variables.push(EnvironmentVariable { name: name.to_owned(), value, instruction });
    }

    /// A number over the variables that are not kept; 0 without any.
    pub(super) fn overflow(&self) -> u128 {
        self.overflow
    }

    /// A number over all variables in their order.
    pub(super) fn digest(&self) -> u128 {
        let overflow = self.overflow.to_be_bytes();
        let pairs = self.variables.iter().flat_map(|variable| [variable.name.as_bytes(), variable.value.as_bytes()]);
        super::context::hash_of(&pairs.chain([&overflow[..]]).collect::<Vec<_>>())
    }

    fn value(&self, name: &str) -> Option<&str> {
        let variable = self.variables.iter().rev().find(|variable| variable.name == name)?;
        Some(&variable.value)
    }

    /// A word with the values of its variables. What the builder would reject stays as it is written.
    pub(super) fn expand(&self, text: &str, lex: Lex) -> String {
        if !text.contains(['$', '"', '\'', lex.escape]) {
            return text.to_owned();
        }
        let mut stand_ins = Vec::new();
        if self.is_base_unknown {
            for used in uses(text, lex).iter().filter(|used| self.value(used.name).is_none()) {
                if used.operator != Operator::Plain {
                    // Whether the base sets it decides what comes out.
                    return format!("{MARK}{}{MARK}", self.expand_known(text, lex, &stand_ins));
                }
                stand_ins.push((used.name.to_owned(), stand_in(used.name)));
            }
        }
        self.expand_known(text, lex, &stand_ins)
    }

    fn expand_known(&self, text: &str, lex: Lex, stand_ins: &[(String, String)]) -> String {
        let values = Values { environment: self, stand_ins };
        process_word(text, &values, lex).map_or_else(|_| text.to_owned(), |expanded| expanded.text)
    }

    /// A step's text as the builder prints it: known variables have their values, the others stay.
    pub(super) fn display(&self, text: &str, lex: Lex) -> String {
        if self.is_base_unknown && uses(text, lex).iter().any(|used| Printed(self).get(used.name).is_none()) {
            // The base image may have the value; as it is not known, the text stays.
            let lex = Lex { skip_unset_env: true, ..lex };
            return process_word(text, &Printed(self), lex).map_or_else(|_| text.to_owned(), |expanded| expanded.text);
        }
        process_word(text, &Printed(self), lex).map_or_else(|_| text.to_owned(), |expanded| expanded.text)
    }
}

struct Values<'e> {
    environment: &'e OrderedEnvironment,
    stand_ins: &'e [(String, String)],
}

impl Variables for Values<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let stand_in = || self.stand_ins.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str());
        self.environment.value(name).or_else(stand_in)
    }
}

/// The values that the builder's output has.
struct Printed<'e>(&'e OrderedEnvironment);

impl Variables for Printed<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.value(name).filter(|value| !value.contains(MARK))
    }
}

/// Stands in for the value of a variable that only the builder or the base image knows.
pub(super) fn stand_in(name: &str) -> String {
    format!("{MARK}{name}{MARK}")
}

/// Whether a value stands in for one that only the base image knows.
pub fn is_stand_in(value: &str) -> bool {
    value.contains(MARK)
}
