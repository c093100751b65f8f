//! A compiled expression as a line of steps, and its match against a path: all possible places are followed at once,
//! so the time is bounded by steps × characters whatever the pattern.

use crate::ignore::class::{Set, is_word};

/// One part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PatternStep {
    /// Exactly one character.
    One(Set),
    /// One character or none.
    Maybe(Set),
    /// Any number of characters.
    Many(Set),
    /// `(.*/)?`: nothing, or anything without a line feed up to a slash.
    Directories,
    /// No character, but a condition.
    Assert(Assertion),
}

/// A condition on the place between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assertion {
    Start,
    End,
    WordBoundary,
    NoWordBoundary,
}

/// So few steps that their places fit one word.
const FEW: usize = 64;

/// Whether the steps, from the first on, can be gone through somewhere in `text`. An expression that wants the whole text
/// has [`Assertion::Start`] first and [`Assertion::End`] last.
pub(crate) fn fits(steps: &[PatternStep], text: &str) -> bool {
    if steps.len() < FEW {
        run(steps, text, (0u64, 0u64))
    } else {
        run(steps, text, (Sparse::new(steps), Sparse::new(steps)))
    }
}

/// The places that can be reached; place `n` is before step `n`.
trait Places {
    /// Whether it was not there.
    fn add(&mut self, place: usize) -> bool;
    fn take(&mut self) -> Option<usize>;
}

impl Places for u64 {
    fn add(&mut self, place: usize) -> bool {
        let bit = 1 << place;
        let new = *self & bit == 0;
        *self |= bit;
        new
    }

    fn take(&mut self) -> Option<usize> {
        let place = (*self != 0).then(|| self.trailing_zeros() as usize)?;
        *self &= *self - 1;
        Some(place)
    }
}

struct Sparse {
    list: Vec<usize>,
    is_member: Vec<bool>,
}

impl Sparse {
    fn new(steps: &[PatternStep]) -> Self {
        Self { list: Vec::new(), is_member: vec![false; steps.len() + 1] }
    }
}

impl Places for Sparse {
    fn add(&mut self, place: usize) -> bool {
        let new = !std::mem::replace(&mut self.is_member[place], true);
        if new {
            self.list.push(place);
        }
        new
    }

    fn take(&mut self) -> Option<usize> {
        let place = self.list.pop()?;
        self.is_member[place] = false;
        Some(place)
    }
}

fn run<P: Places>(steps: &[PatternStep], text: &str, (mut now, mut next): (P, P)) -> bool {
    let mut before = None;
    let mut rest = text.chars();
    let mut after = rest.next();
    let anywhere = steps.first() != Some(&PatternStep::Assert(Assertion::Start));
    if enter(steps, &mut now, 0, before, after) {
        return true;
    }
    while let Some(character) = after {
        after = rest.next();
        before = Some(character);
        let mut alive = false;
        while let Some(place) = now.take() {
            alive = true;
            let onward = match &steps[place] {
                PatternStep::One(set) | PatternStep::Maybe(set) => set.matches(character).then_some(place + 1),
                PatternStep::Many(set) => set.matches(character).then_some(place),
                PatternStep::Directories => {
                    if character != '\n' {
                        next.add(place);
                    }
                    (character == '/').then_some(place + 1)
                }
                PatternStep::Assert(_) => None,
            };
            if onward.is_some_and(|place| enter(steps, &mut next, place, before, after)) {
                return true;
            }
        }
        if anywhere && enter(steps, &mut next, 0, before, after) {
            return true;
        }
        if !alive {
            return false;
        }
        std::mem::swap(&mut now, &mut next);
    }
    false
}

/// Adds a place and those behind it that need no character; true when the end is among them.
fn enter<P: Places>(
    steps: &[PatternStep],
    places: &mut P,
    mut place: usize,
    before: Option<char>,
    after: Option<char>,
) -> bool {
    loop {
        let Some(step) = steps.get(place) else { return true };
        let optional = match step {
            PatternStep::One(_) => false,
            PatternStep::Maybe(_) | PatternStep::Many(_) | PatternStep::Directories => true,
            PatternStep::Assert(assertion) => holds(*assertion, before, after),
        };
        // A place inside `(.*/)?` was added without its way around, so only other steps may cut the walk short.
        let is_repeated = !places.add(place) && !matches!(step, PatternStep::Directories);
        if is_repeated || !optional {
            return false;
        }
        place += 1;
    }
}

fn holds(assertion: Assertion, before: Option<char>, after: Option<char>) -> bool {
    let word =
        |character: Option<char>| character.and_then(|character| u8::try_from(character).ok()).is_some_and(is_word);
    match assertion {
        Assertion::Start => before.is_none(),
        Assertion::End => after.is_none(),
        Assertion::WordBoundary => word(before) != word(after),
        Assertion::NoWordBoundary => word(before) == word(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ignore::regexp::{compile, rewrite};

    fn check(pattern: &str, path: &str, expected: bool) {
        let alternatives = compile(&rewrite(pattern)).unwrap();
        assert_eq!(alternatives.iter().any(|steps| fits(steps, path)), expected, "{pattern:?} on {path:?}");
        let sparse = |steps: &Vec<PatternStep>| run(steps, path, (Sparse::new(steps), Sparse::new(steps)));
        assert_eq!(alternatives.iter().any(sparse), expected, "{pattern:?} on {path:?}, many places");
    }

    #[test]
    fn expressions_match_as_in_go() {
        check("docs/*.md", "docs/a.md", true);
        check("docs/*.md", "docs/a/b.md", false);
        check("a/**/b", "a/b", true);
        check("a/**/b", "a/x/y/b", true);
        check("a/**/b", "axb", false);
        check("do**cs", "do/x/cs", true);
        check("do**cs", "doxcs", false);
        check("[*]", "/^]", true);
        check("[*]", "*", false);
        check("[?]a", "^]a", true);
        check("?", "é", true);
        check("\\d\\S*", "1x", true);
        check("\\Qab", "ab$c", true);
        check("\\Qab", "ab", false);
        check("a\\b-?", "a-b", true);
        check("a^b*", "a^b", false);
        check("[^a]b", "/b", true);
        check("**/*a", "x\n/ba", false);
        check("*.js|*.ts", "a.jsx", true);
        check("*.js|*.ts", "b/a.ts", true);
        check("*.js|*.ts", "b/a.js", false);
        check("*.{js,ts}", "a.js", false);
        check("?{2,3}", "abc", true);
        check("?{2,3}", "abcd", false);
        check("?b{0}c{2,}", "accc", true);
        check("?b{0}c{2,}", "ac", false);
        check("[[:upper:]]*", "Xy", true);
        check("[[:^upper:]]*", "Xy", false);
    }

    #[test]
    fn time_is_bounded_by_the_product_of_the_lengths() {
        let path = "a".repeat(4000);
        check(&format!("{}b", "*a".repeat(2000)), &path, false);
        check(&format!("{}b", "**/*a".repeat(500)), &path, false);
        check(&format!("{}b", "*?".repeat(20)), &path, false);
    }
}
