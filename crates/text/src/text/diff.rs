//! Where two texts differ, by lines or words. The parts become numbers first, so that the algorithm is compiled once for all
//! who compare.

use std::hash::Hash;

use hashbrown::HashMap;
use similar::{Algorithm, DiffableStr, capture_diff_slices, diff_ratio};

pub use similar::udiff::UnifiedHunkHeader;
pub use similar::{DiffOp, DiffTag, group_diff_ops};

/// The operations that lead from one list to the other.
pub fn diff<T: Hash + Eq>(old: &[T], new: &[T]) -> Vec<DiffOp> {
    let (old, new) = numbers(old, new);
    diff_numbers(&old, &new)
}

/// A number for each part of two lists, the same for equal parts.
pub fn numbers<T: Hash + Eq>(old: &[T], new: &[T]) -> (Vec<u32>, Vec<u32>) {
    let mut numbers = HashMap::new();
    let mut number = |part| {
        let next = numbers.len() as u32;
        *numbers.entry(part).or_insert(next)
    };
    let old = old.iter().map(&mut number).collect();
    (old, new.iter().map(&mut number).collect())
}

fn diff_numbers(old: &[u32], new: &[u32]) -> Vec<DiffOp> {
    capture_diff_slices(Algorithm::Myers, old, new)
}

/// The lines of a text with their ends; a carriage return alone ends one, too.
pub fn lines(text: &str) -> Vec<&str> {
    text.tokenize_lines()
}

/// The part of their lines that two texts have in common, from 0 to 1.
pub fn common_lines(old: &str, new: &str) -> f32 {
    common_part(&old.tokenize_lines(), &new.tokenize_lines())
}

/// The part of their words and of the space between them that two texts have in common, from 0 to 1.
pub fn common_words(old: &str, new: &str) -> f32 {
    common_part(&old.tokenize_words(), &new.tokenize_words())
}

fn common_part(old: &[&str], new: &[&str]) -> f32 {
    diff_ratio(&diff(old, new), old.len(), new.len())
}

#[cfg(test)]
mod tests {
    use similar::TextDiff;

    use super::*;

    #[test]
    fn results_are_those_of_the_library() {
        let texts = ["", "a\n", "a\nb\nc\n", "a\nc\nd", "b\na\nb\n\nc\r\nd", "RUN apt-get  update\nRUN x\n"];
        for old in texts {
            for new in texts {
                let lines_of_library = TextDiff::from_lines(old, new);
                assert_eq!(diff(&lines(old), &lines(new)), lines_of_library.ops(), "{old:?} {new:?}");
                assert!((common_lines(old, new) - lines_of_library.ratio()).abs() < f32::EPSILON);
                assert!((common_words(old, new) - TextDiff::from_words(old, new).ratio()).abs() < f32::EPSILON);
            }
        }
    }
}
