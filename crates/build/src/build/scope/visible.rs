//! The variables that are visible at a place, to find the closest match for a mistyped name.

use super::{LONGEST_CHAIN, Parent, Scopes};

/// The number of names that are compared.
const COMPARED: usize = 1_000;

/// BuildKit suggests names within this edit distance.
const FARTHEST: usize = 2;

impl Scopes {
    /// The variable of the instruction with index `at` of `stage` that `name` was probably meant to be.
    pub fn nearest(&self, stage: usize, name: &str, at: usize) -> Option<&str> {
        let (mut stage, mut at) = (stage, at);
        // Every image has it.
        let mut known: Vec<&str> = vec!["PATH"];
        for _ in 0..LONGEST_CHAIN {
            let scope = &self.stages[stage];
            let close = scope.names.0.keys().filter(|known| is_close(name, known));
            let visible = close.filter(|name| scope.names.before(name, at).is_some()).map(AsRef::as_ref);
            known.extend(visible.take(COMPARED));
            match scope.parent {
                Parent::Stage(parent) if known.len() < COMPARED => (stage, at) = (parent, usize::MAX),
                _ => break,
            }
        }
        nearest(name, known)
    }

    /// The ARG before the first FROM, or variable of the builder, that `name` was probably meant to be.
    pub fn nearest_global(&self, name: &str) -> Option<&str> {
        nearest(name, self.global.0.keys().map(AsRef::as_ref).collect())
    }
}

/// Whether two names are close by their lengths.
fn is_close(name: &str, known: &str) -> bool {
    known.len().abs_diff(name.len()) <= FARTHEST
}

/// Whether `${name}` reads a variable: an ARG may have any name.
fn is_usable(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn nearest<'a>(name: &str, known: Vec<&'a str>) -> Option<&'a str> {
    // Longer than any real name: computing the distance would be expensive.
    if name.len() > 100 {
        return None;
    }
    let scored = known.into_iter().filter(|known| is_close(name, known) && is_usable(known)).take(COMPARED);
    let best = scored.map(|known| (strsim::levenshtein(name, known), known)).min();
    best.filter(|(distance, _)| *distance <= FARTHEST).map(|(_, known)| known)
}
