//! Which instruction of one file is which of another.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::dockerfile::syntax::{File, Instruction, Keyword};

/// Index in the first and in the second file; one of them is missing where an instruction comes or goes.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// Cells of the table that finds what two files have in common.
const CELLS: usize = 4_000_000;

/// Instructions that are held against each other, and words of each that are looked at.
const LIKENESSES: usize = 10_000;
const WORDS: usize = 200;

/// What two instructions have in common of 1000, from where on they count as one that changes; and what equal ones count:
/// one that moves past several that change does not make all of them new.
const SIMILAR: usize = 500;
const EQUAL: usize = 1500;

/// The instructions of both files in order. What is the same stays together; between that, those of one keyword belong
/// together in the order of both, those that say most of the same.
pub(super) fn pairs(before: &File, after: &File) -> Vec<Pair> {
    let mut known = HashMap::new();
    let old = numbers(before, &mut known);
    let new = numbers(after, &mut known);
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let (old_between, new_between) = (&old[head..old_end], &new[head..new_end]);
    let common = if old_between.len().saturating_mul(new_between.len()) > LIKENESSES {
        common(old_between, new_between, |_, _| 0)
    } else {
        let old_words: Vec<_> = (head..old_end).map(|index| words(before, index)).collect();
        let new_words: Vec<_> = (head..new_end).map(|index| words(after, index)).collect();
        let keyword = |file: &File, index: usize| file.instructions[head + index].keyword;
        common(old_between, new_between, |a, b| {
            if keyword(before, a) != keyword(after, b) {
                return 0;
            }
            let likeness = likeness(&old_words[a], &new_words[b]);
            if likeness < SIMILAR { 0 } else { likeness }
        })
    };
    let mut pairs: Vec<Pair> = (0..head).map(|index| (Some(index), Some(index))).collect();
    let mut at = (head, head);
    for (a, b) in common.into_iter().map(|(a, b)| (head + a, head + b)).chain([(old_end, new_end)]) {
        gap(before, after, (at.0..a, at.1..b), &mut pairs);
        if a < old_end {
            pairs.push((Some(a), Some(b)));
        }
        at = (a + 1, b + 1);
    }
    pairs.extend((0..tail).map(|index| (Some(old_end + index), Some(new_end + index))));
    pairs
}

/// Each instruction as a number; equal ones have the same.
fn numbers(file: &File, known: &mut HashMap<String, usize>) -> Vec<usize> {
    let mut numbers = Vec::with_capacity(file.instructions.len());
    for instruction in &file.instructions {
        let next = known.len();
        numbers.push(*known.entry(key(file, instruction)).or_insert(next));
    }
    numbers
}

/// What an instruction says, spelling of the keyword aside.
fn key(file: &File, instruction: &Instruction) -> String {
    let mut key = format!("{:?}", instruction.keyword);
    let mut node = Some(file.node(instruction));
    while let Some(current) = node {
        key.push_str(&format!("{:?}", (&current.args, &current.flags, current.json, &current.heredocs)));
        node = current.sub.map(|sub| *sub);
        if let Some(sub) = &node {
            key.push_str(&sub.value.to_ascii_lowercase());
        }
    }
    key
}

/// What both have in common in the same order, so that it counts most: equal ones, and similar ones as `likeness` says.
/// Beyond [`CELLS`] those at the same place.
fn common(old: &[usize], new: &[usize], likeness: impl Fn(usize, usize) -> usize) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    if (old.len() + 1).saturating_mul(width) > CELLS {
        let both = old.iter().zip(new).enumerate();
        return both.filter(|(_, (a, b))| a == b).map(|(index, _)| (index, index)).collect();
    }
    let weight = |a: usize, b: usize| if old[a] == new[b] { EQUAL } else { likeness(a, b) };
    let mut sums = vec![0_usize; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let both = weight(i, j);
            let apart = sums[(i + 1) * width + j].max(sums[i * width + j + 1]);
            sums[i * width + j] = if both == 0 { apart } else { apart.max(both + sums[(i + 1) * width + j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut common = Vec::new();
    while i < old.len() && j < new.len() {
        let (here, down, right) = (sums[i * width + j], sums[(i + 1) * width + j], sums[i * width + j + 1]);
        let both = weight(i, j);
        if both > 0 && here == both + sums[(i + 1) * width + j + 1] {
            common.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if down >= right {
            i += 1;
        } else {
            j += 1;
        }
    }
    common
}

/// Between two common instructions: those of one keyword are the same instruction, in order; where one file has more
/// of them, those that say most of the same.
fn gap(before: &File, after: &File, (old, new): (Range<usize>, Range<usize>), pairs: &mut Vec<Pair>) {
    let mut kinds: HashMap<Keyword, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for index in old.clone() {
        kinds.entry(before.instructions[index].keyword).or_default().0.push(index);
    }
    for index in new.clone() {
        kinds.entry(after.instructions[index].keyword).or_default().1.push(index);
    }
    let mut partners = vec![None; new.len()];
    let mut gone: HashSet<usize> = old.clone().collect();
    for (was, is) in kinds.into_values() {
        for (old, partner) in most_similar_pairs(before, after, &was, &is) {
            partners[partner - new.start] = Some(old);
            gone.remove(&old);
        }
    }
    let gone = old.filter(|index| gone.contains(index));
    // What goes stands before what stays behind it.
    let mut next = vec![usize::MAX; new.len()];
    let mut least = usize::MAX;
    for (slot, partner) in next.iter_mut().zip(&partners).rev() {
        least = least.min(partner.unwrap_or(usize::MAX));
        *slot = least;
    }
    let mut gone = gone.peekable();
    for ((index, partner), next) in new.zip(partners).zip(next) {
        while let Some(gone) = gone.next_if(|gone| *gone < next) {
            pairs.push((Some(gone), None));
        }
        pairs.push((partner, Some(index)));
    }
    pairs.extend(gone.map(|gone| (Some(gone), None)));
}

/// Partners for all of the shorter list, in the order of both.
fn most_similar_pairs(before: &File, after: &File, old: &[usize], new: &[usize]) -> Vec<(usize, usize)> {
    let spare = old.len().abs_diff(new.len());
    let width = spare + 1;
    if spare == 0 || old.len().min(new.len()).saturating_mul(width) > LIKENESSES {
        return old.iter().copied().zip(new.iter().copied()).collect();
    }
    let old_words: Vec<_> = old.iter().map(|&index| words(before, index)).collect();
    let new_words: Vec<_> = new.iter().map(|&index| words(after, index)).collect();
    let short = old.len().min(new.len());
    // The partners of the `row`th when `skipped` of the longer list were left out before it.
    let old_is_short = old.len() < new.len();
    let places = |row: usize, skipped: usize| {
        if old_is_short { (row, row + skipped) } else { (row + skipped, row) }
    };
    let mut best = vec![0_usize; (short + 1) * width];
    let score = |best: &[usize], row: usize, skipped: usize| {
        let (a, b) = places(row, skipped);
        likeness(&old_words[a], &new_words[b]) + best[(row + 1) * width + skipped]
    };
    for row in (0..short).rev() {
        for skipped in (0..width).rev() {
            let here = score(&best, row, skipped);
            let later = if skipped < spare { best[row * width + skipped + 1] } else { 0 };
            best[row * width + skipped] = here.max(later);
        }
    }
    let mut skipped = 0;
    let mut pairs = Vec::new();
    for row in 0..short {
        while skipped < spare && best[row * width + skipped] > score(&best, row, skipped) {
            skipped += 1;
        }
        let (a, b) = places(row, skipped);
        pairs.push((old[a], new[b]));
    }
    pairs
}

/// What an instruction says and the comments above it, as words.
fn words(file: &File, index: usize) -> HashSet<String> {
    let instruction = &file.instructions[index];
    let comments = instruction.comments.iter().map(|&comment| file.logical(comment).to_owned());
    let node = file.node(instruction);
    let args = node.args.iter().chain(node.sub.iter().flat_map(|trigger| &trigger.args));
    let words = args.flat_map(|arg| arg.split_whitespace()).map(str::to_owned);
    comments.chain(words).take(WORDS).collect()
}

/// How much of both is the same, of 1000.
fn likeness(a: &HashSet<String>, b: &HashSet<String>) -> usize {
    2000 * a.intersection(b).count() / (a.len() + b.len()).max(1)
}
