//! Which instruction an edited one replaced, and which of its words were added and removed.

use std::cmp::Reverse;
use std::collections::BTreeSet;

/// The words that an edit added to an instruction and removed from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// Words that only the new instruction has, in its order.
    pub added: Vec<String>,
    /// Words that only the old one has.
    pub removed: Vec<String>,
}

/// Instructions of a side that are compared with each other.
const MOST_INSTRUCTIONS: usize = 100;

/// Words of an instruction that are looked at.
const MOST_WORDS: usize = 2_000;

/// Words of an edit that are named.
const MOST_NAMED: usize = 3;

/// Characters of a word that are named.
const LONGEST_WORD: usize = 60;

/// Percent of the words that two instructions must share for one to be an edit of the other.
const LEAST_SHARED: usize = 30;

/// Percent that an equal line counts for.
const SAME_LINE: usize = 20;

impl Edit {
    /// In words: "`graphviz` added, `vim` removed"; `None` if only what is no word differs.
    pub fn words(&self) -> Option<String> {
        let list = |words: &[String], what: &str| {
            let shown: Vec<String> = words.iter().take(MOST_NAMED).map(|word| quoted(word)).collect();
            match words.len().saturating_sub(MOST_NAMED) {
                _ if words.is_empty() => None,
                0 => Some(format!("{} {what}", shown.join(", "))),
                rest => Some(format!("{} and {rest} more {what}", shown.join(", "))),
            }
        };
        let parts: Vec<String> =
            [list(&self.added, "added"), list(&self.removed, "removed")].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// The edit that makes the second instruction of the first. Options are words only if nothing else differs.
    fn between(old: &[&str], new: &[&str]) -> Self {
        let differing = |of: &[&str], other: &[&str]| {
            let known: BTreeSet<&str> = other.iter().copied().collect();
            let mut seen = BTreeSet::new();
            let only = of.iter().filter(|word| !known.contains(*word) && seen.insert(**word));
            only.map(|word| (*word).to_owned()).collect::<Vec<String>>()
        };
        let all = Self { added: differing(new, old), removed: differing(old, new) };
        let plain =
            |words: &[String]| -> Vec<String> { words.iter().filter(|word| !word.starts_with('-')).cloned().collect() };
        let without_options = Self { added: plain(&all.added), removed: plain(&all.removed) };
        if without_options == Self::default() { all } else { without_options }
    }
}

fn quoted(word: &str) -> String {
    let short: String = word.replace('`', "'").chars().take(LONGEST_WORD).collect();
    format!("`{short}`")
}

/// An instruction, by its keyword and its words.
struct InstructionWords<'a> {
    text: &'a str,
    line: Option<u32>,
    keyword: &'a str,
    words: Vec<&'a str>,
}

impl<'a> InstructionWords<'a> {
    fn new((text, line): &'a (String, Option<u32>)) -> Self {
        let mut words = text.split([' ', ';']).filter(|word| !word.is_empty());
        let keyword = words.next().unwrap_or_default();
        let is_word = |word: &&str| word.chars().any(char::is_alphanumeric) || matches!(*word, "." | "/");
        Self { text, line: *line, keyword, words: words.filter(is_word).take(MOST_WORDS).collect() }
    }

    /// Percent of the words that both have; `None` if one cannot be an edit of the other.
    fn likeness(&self, other: &Self) -> Option<usize> {
        if self.keyword != other.keyword {
            return None;
        }
        let (words, others): (BTreeSet<&&str>, BTreeSet<&&str>) =
            (self.words.iter().collect(), other.words.iter().collect());
        let shared = words.intersection(&others).count() * 100 / words.union(&others).count().max(1);
        let same_line = self.line.is_some() && self.line == other.line;
        let is_edit = shared >= LEAST_SHARED || (same_line && shared > 0);
        is_edit.then_some(shared + if same_line { SAME_LINE } else { 0 })
    }
}

/// Instructions that replace another one: the old one, the new one, and the edit. Each is in one pair at most, and the
/// most alike are paired first.
pub(super) fn edited_pairs(
    before: &[(String, Option<u32>)],
    after: &[(String, Option<u32>)],
) -> Vec<(String, String, Edit)> {
    let old: Vec<InstructionWords> = before.iter().take(MOST_INSTRUCTIONS).map(InstructionWords::new).collect();
    let new: Vec<InstructionWords> = after.iter().take(MOST_INSTRUCTIONS).map(InstructionWords::new).collect();
    let mut likely: Vec<(Reverse<usize>, usize, usize)> = Vec::new();
    for (at, former) in old.iter().enumerate() {
        let alike = |(to, latter): (usize, &InstructionWords)| Some((Reverse(former.likeness(latter)?), at, to));
        likely.extend(new.iter().enumerate().filter_map(alike));
    }
    likely.sort_unstable();
    let (mut old_paired, mut new_paired) = (BTreeSet::new(), BTreeSet::new());
    let mut pairs = Vec::new();
    for (_, at, to) in likely {
        if old_paired.contains(&at) || new_paired.contains(&to) {
            continue;
        }
        old_paired.insert(at);
        new_paired.insert(to);
        let edit = Edit::between(&old[at].words, &new[to].words);
        pairs.push((old[at].text.to_owned(), new[to].text.to_owned(), edit));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(before: &[(&str, u32)], after: &[(&str, u32)]) -> Vec<(String, String, Option<String>)> {
        let side = |side: &[(&str, u32)]| -> Vec<(String, Option<u32>)> {
            side.iter().map(|(text, line)| ((*text).to_owned(), Some(*line))).collect()
        };
        let pairs = edited_pairs(&side(before), &side(after));
        pairs.into_iter().map(|(old, new, edit)| (old, new, edit.words())).collect()
    }

    fn words(old: &str, new: &str) -> Option<String> {
        pairs(&[(old, 3)], &[(new, 3)]).pop()?.2
    }

    #[test]
    fn an_edit_is_named_by_its_words() {
        let install = "RUN apt-get update && apt-get install -y build-essential vim";
        let added = format!("{install} graphviz");
        assert_eq!(words(install, &added).as_deref(), Some("`graphviz` added"));
        assert_eq!(words(&added, install).as_deref(), Some("`graphviz` removed"));
        assert_eq!(
            words("RUN pip install a b", "RUN pip install c d e f g b").as_deref(),
            Some("`c`, `d`, `e` and 2 more added, `a` removed")
        );
        assert_eq!(
            words("RUN make", "RUN --network=none make").as_deref(),
            Some("`--network=none` added"),
            "only an option differs"
        );
        assert_eq!(words("RUN make a`b", "RUN make c`d").as_deref(), Some("`c'd` added, `a'b` removed"));
    }

    #[test]
    fn the_most_similar_instruction_is_the_same_one() {
        let old = [("RUN pip install flask gunicorn", 4), ("RUN npm install left-pad", 9), ("COPY a b", 2)];
        let new =
            [("RUN npm install left-pad right-pad", 4), ("RUN pip install flask gunicorn uvicorn", 9), ("COPY c d", 3)];
        let paired: Vec<_> = pairs(&old, &new).into_iter().map(|(old, new, _)| (old, new)).collect();
        let expected = [(old[0].0, new[1].0), (old[1].0, new[0].0)];
        assert_eq!(paired, expected.map(|(old, new)| (old.to_owned(), new.to_owned())));
    }
}
