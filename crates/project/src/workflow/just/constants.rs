//! Variables of a justfile whose values its text tells.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{Token, TokenKind};

/// Longest value, in bytes: nobody writes longer ones.
const LONGEST: usize = 4 << 10;

/// Variables that stand for each other, one behind the other.
const DEEPEST: usize = 8;

/// Known values by their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Constants {
    values: BTreeMap<String, String>,
}

impl Constants {
    /// Those of assignments, as far as they are strings, joined ones among them.
    pub(super) fn of(assignments: &[(String, Vec<Token>)]) -> Self {
        let mut constants = Self::default();
        let mut seen = BTreeSet::new();
        let twice: BTreeSet<&str> =
            assignments.iter().map(|(name, _)| name.as_str()).filter(|name| !seen.insert(*name)).collect();
        for _ in 0..DEEPEST {
            let before = constants.values.len();
            for (name, tokens) in assignments.iter().filter(|(name, _)| !twice.contains(name.as_str())) {
                if !constants.values.contains_key(name)
                    && let Some(value) = constants.value(tokens, &[])
                {
                    constants.values.insert(name.clone(), value);
                }
            }
            if constants.values.len() == before {
                break;
            }
        }
        constants
    }

    /// The value of an expression; `None` where only a run knows. Names in `hidden` are parameters.
    pub(super) fn value(&self, tokens: &[Token], hidden: &[&str]) -> Option<String> {
        let mut value = String::new();
        let mut is_operand = true;
        for token in tokens {
            match (&token.kind, is_operand) {
                (TokenKind::Text(text), true) => value.push_str(text.as_deref()?),
                (TokenKind::Name(name), true) if !hidden.contains(&name.as_str()) => {
                    value.push_str(self.values.get(name)?);
                }
                (TokenKind::Other(b'+'), false) => {}
                (TokenKind::Other(b'/'), false) => value.push('/'),
                _ => return None,
            }
            is_operand = !is_operand;
            if value.len() > LONGEST {
                return None;
            }
        }
        (!is_operand).then_some(value)
    }
}
