//! Which instruction of one file is which of another.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use crate::dockerfile::syntax::{File, Instruction, Keyword};

/// Index in the first and in the second file; one of them is missing where an instruction comes or goes.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// Cells of the table that finds what two files have in common.
const CELLS: usize = 4_000_000;

/// The instructions of both files in order. What is the same stays together; between that, those of one keyword belong
/// together in the order of both.
pub(super) fn pairs(before: &File, after: &File) -> Vec<Pair> {
    let mut known = HashMap::new();
    let old = numbers(before, &mut known);
    let new = numbers(after, &mut known);
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let common = common(&old[head..old_end], &new[head..new_end]);
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
    while let Some(one) = node {
        key.push_str(&format!("{:?}", (&one.args, &one.flags, one.json, &one.heredocs)));
        node = one.sub.map(|sub| *sub);
        if let Some(sub) = &node {
            key.push_str(&sub.value.to_ascii_lowercase());
        }
    }
    key
}

/// The longest common subsequence; beyond [`CELLS`] those at the same place.
fn common(old: &[usize], new: &[usize]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    if (old.len() + 1).saturating_mul(width) > CELLS {
        let both = old.iter().zip(new).enumerate();
        return both.filter(|(_, (a, b))| a == b).map(|(index, _)| (index, index)).collect();
    }
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    for (i, a) in old.iter().enumerate().rev() {
        for (j, b) in new.iter().enumerate().rev() {
            lengths[i * width + j] = if a == b {
                lengths[(i + 1) * width + j + 1] + 1
            } else {
                lengths[(i + 1) * width + j].max(lengths[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut common = Vec::new();
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            common.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[(i + 1) * width + j] >= lengths[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    common
}

/// Between two common instructions: those of one keyword are the same instruction, in order.
fn gap(before: &File, after: &File, (old, new): (Range<usize>, Range<usize>), pairs: &mut Vec<Pair>) {
    let mut waiting: HashMap<Keyword, VecDeque<usize>> = HashMap::new();
    for index in new.clone() {
        waiting.entry(after.instructions[index].keyword).or_default().push_back(index);
    }
    let mut taken = vec![None; new.len()];
    let mut gone = Vec::new();
    for index in old {
        match waiting.get_mut(&before.instructions[index].keyword).and_then(VecDeque::pop_front) {
            Some(partner) => taken[partner - new.start] = Some(index),
            None => gone.push(index),
        }
    }
    // What goes stands before what stays behind it.
    let mut next = vec![usize::MAX; new.len()];
    let mut least = usize::MAX;
    for (slot, partner) in next.iter_mut().zip(&taken).rev() {
        least = least.min(partner.unwrap_or(usize::MAX));
        *slot = least;
    }
    let mut gone = gone.into_iter().peekable();
    for ((index, partner), next) in new.zip(taken).zip(next) {
        while let Some(gone) = gone.next_if(|gone| *gone < next) {
            pairs.push((Some(gone), None));
        }
        pairs.push((partner, Some(index)));
    }
    pairs.extend(gone.map(|gone| (Some(gone), None)));
}
