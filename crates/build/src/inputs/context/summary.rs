//! A context in a few figures, for `context ls` and audit's first lines.

use std::collections::BinaryHeap;

use crate::inputs::context::classes::{ClassKind, ClassMatch, classify};
use crate::inputs::context::entry::{Amount, ContextEntryKind, EntryId};
use crate::inputs::context::tree::BuildContext;

/// An entry with everything below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// Which.
    pub entry: EntryId,
    /// From the root; a directory's ends in a slash.
    pub path: String,
    /// All of it.
    pub amount: Amount,
}

/// The figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// All that can be sent.
    pub total: Amount,
    /// Directories among it.
    pub directories: u64,
    /// Largest first; none lies in another.
    pub largest: Vec<Aggregate>,
    /// What a build seldom needs, largest first; without secrets.
    pub useless: Vec<ClassMatch>,
    /// Bytes and files of `useless`.
    pub useless_amount: Amount,
    /// What looks like a secret, in the order of a walk.
    pub secrets: Vec<ClassMatch>,
}

/// Sums a context up, with at most `limit` of its largest entries.
pub fn summarise(context: &BuildContext, limit: usize) -> Summary {
    let (secrets, mut useless): (Vec<ClassMatch>, Vec<ClassMatch>) =
        classify(context).iter().cloned().partition(|class_match| class_match.class.kind == ClassKind::Secret);
    let mut useless_amount = Amount::default();
    for class_match in &useless {
        useless_amount.add(class_match.amount);
    }
    useless.sort_by(|a, b| b.amount.bytes.cmp(&a.amount.bytes).then(a.entry.cmp(&b.entry)));
    let directories =
        context.entries().filter(|id| context.entry(*id).kind == ContextEntryKind::Directory).count() as u64;
    let largest = largest(context, limit, |id| context.entry(id).amount);
    Summary { total: context.total(), directories, largest, useless, useless_amount, secrets }
}

/// The largest entries by `amount`, at most `limit`; none lies in another.
///
/// A directory gives way to its contents where one entry holds nine tenths of it, so that the list names what is large and
/// not what it lies in.
pub fn largest(context: &BuildContext, limit: usize, amount: impl Fn(EntryId) -> Amount) -> Vec<Aggregate> {
    let ranked = |id: EntryId| (amount(id).bytes, std::cmp::Reverse(id));
    let mut waiting: BinaryHeap<_> = context.children(None).map(ranked).collect();
    let mut out = Vec::new();
    while out.len() < limit {
        let Some((bytes, std::cmp::Reverse(id))) = waiting.pop() else { break };
        let children = || context.children(Some(id)).map(ranked);
        if children().max().is_some_and(|(most, _)| bytes > 0 && most >= bytes - bytes / 10) {
            waiting.extend(children());
            continue;
        }
        let entry = context.entry(id);
        let slash = if entry.kind == ContextEntryKind::Directory { "/" } else { "" };
        let amount = amount(id);
        if amount.files > 0 {
            out.push(Aggregate { entry: id, path: context.path(id) + slash, amount });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, u64)], limit: usize, expected: &[(&str, u64)]) {
        let summary = summarise(&BuildContext::of(files), limit);
        let largest: Vec<(&str, u64)> =
            summary.largest.iter().map(|largest| (&*largest.path, largest.amount.bytes)).collect();
        assert_eq!(largest, expected);
    }

    #[test]
    fn the_largest_are_named_as_deep_as_they_stay_large() {
        check(
            &[("a/b/big", 95), ("a/b/small", 5), ("c/x", 10), ("c/y", 10), ("z", 1)],
            3,
            &[("a/b/big", 95), ("c/", 20), ("a/b/small", 5)],
        );
        check(&[("e/", 0)], 3, &[]);
    }

    #[test]
    fn secrets_are_separate_from_useless_files() {
        let summary = summarise(&BuildContext::of(&[(".env", 3), (".git/a", 5), ("m.py", 7)]), 1);
        assert_eq!((summary.secrets.len(), summary.useless.len(), summary.useless_amount.bytes), (1, 1, 5));
        assert_eq!((summary.total, summary.directories), (Amount { files: 3, bytes: 15 }, 1));
    }
}
