//! Which RUNs of two Dockerfiles run the same command.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use crate::buildlog::StepSeconds;
use crate::cache::{Graph, PartKind, Step, StepKind};
use crate::report::{HistoryStep, HistoryTable};
use crate::shell;
use crate::text::diff;

/// The share of words that two commands have in common which are taken for one.
const SIMILAR: f32 = 0.5;

/// Bytes of commands whose words are compared.
const LONGEST_COMMAND: usize = 8 << 10;

/// RUNs that are compared with each other.
const MAX_MATCHED: usize = 200;

/// Commands of a RUN that are compared with those of another.
const MAX_PARTS: usize = 50;

/// Says of each RUN of the second table which one of the first runs the same command, or one with most of its words, and
/// which one it is a part of. Where a step whose time is known has no counterpart, no time of the second table is known.
pub(super) fn match_tables((before, first): (&Graph, &HistoryTable), (after, second): (&Graph, &mut HistoryTable)) {
    // A time without a cache mount is an upper bound of one with it.
    let in_cache_mount = |time: StepSeconds, index: usize| {
        let has_cache_mount = after.steps.get(index).is_some_and(Step::has_cache_mount);
        StepSeconds { is_at_most: time.is_at_most || has_cache_mount, ..time }
    };
    let (mut before, mut after) = (commands(before), commands(after));
    let pairs = equal_commands(&before, &after);
    before.retain(|(old, _)| !pairs.iter().any(|pair| pair.0 == *old));
    after.retain(|(new, _)| !pairs.iter().any(|pair| pair.1 == *new));
    let parts = parts(&before, &after);
    before.retain(|(old, _)| !parts.values().any(|whole| whole == old));
    after.retain(|(new, _)| !parts.contains_key(new));
    let mut used: HashSet<usize> = parts.values().copied().collect();
    for (new, old) in parts {
        if let Some(step) = second.steps.get_mut(new) {
            step.part_of = Some(old);
        }
    }
    let similar = similar_commands(&before, &after);
    for (old, new) in pairs.into_iter().chain(similar) {
        let Some(step) = second.steps.get_mut(new).filter(|step| step.same_as.is_none()) else { continue };
        if used.insert(old) {
            step.same_as = Some(old);
            step.seconds = step.seconds.or_else(|| Some(in_cache_mount(first.steps.get(old)?.seconds?, new)));
        }
    }
    let is_run = |step: &HistoryStep| step.kind == StepKind::Run && step.seconds.is_some();
    if first.steps.iter().enumerate().any(|(index, step)| is_run(step) && !used.contains(&index)) {
        second.steps.iter_mut().for_each(|step| step.seconds = None);
    }
}

/// The RUNs of equal commands, the first with the first.
fn equal_commands(before: &[(usize, &str)], after: &[(usize, &str)]) -> Vec<(usize, usize)> {
    let mut free: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (old, command) in before {
        free.entry(*command).or_default().push_back(*old);
    }
    let mut pairs = Vec::new();
    for (new, command) in after {
        pairs.extend(free.get_mut(*command).and_then(VecDeque::pop_front).map(|old| (old, *new)));
    }
    pairs
}

/// The RUNs of similar commands, the most similar first; a RUN may be in several pairs.
fn similar_commands(before: &[(usize, &str)], after: &[(usize, &str)]) -> Vec<(usize, usize)> {
    let mut matches: Vec<(f32, usize, usize)> = Vec::new();
    for (new, command) in after {
        for (old, known) in before {
            let share = similarity(known, command);
            if share >= SIMILAR {
                matches.push((share, *old, *new));
            }
        }
    }
    matches.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    matches.into_iter().map(|(_, old, new)| (old, new)).collect()
}

/// The share of words that two texts have in common; 0 for long ones that differ.
fn similarity(a: &str, b: &str) -> f32 {
    if a == b {
        1.0
    } else if a.len().max(b.len()) > LONGEST_COMMAND {
        0.0
    } else {
        diff::common_words(a, b)
    }
}

/// For RUNs that run some of the commands of an earlier RUN: that one, where several of them share its commands.
fn parts(before: &[(usize, &str)], after: &[(usize, &str)]) -> BTreeMap<usize, usize> {
    let after: Vec<(usize, Vec<&str>)> = after.iter().map(|(new, text)| (*new, simple_commands(text))).collect();
    let mut parts = BTreeMap::new();
    for (old, text) in before {
        let whole = simple_commands(text);
        if whole.len() < 2 {
            continue;
        }
        let free = after.iter().filter(|(new, _)| !parts.contains_key(new));
        let some: Vec<usize> = free.filter(|(_, part)| is_part_of(part, &whole)).map(|(new, _)| *new).collect();
        if some.len() > 1 {
            parts.extend(some.into_iter().map(|new| (new, *old)));
        }
    }
    parts
}

/// Whether the commands are some of `whole`, but not all.
fn is_part_of(part: &[&str], whole: &[&str]) -> bool {
    let is_known = |command: &&str| whole.iter().any(|known| similarity(known, command) >= SIMILAR);
    !part.is_empty() && part.len() < whole.len() && part.iter().all(is_known)
}

/// The texts of the commands that a RUN's shell starts.
fn simple_commands(text: &str) -> Vec<&str> {
    let script = text.rsplit('\0').next().unwrap_or_default();
    if script.len() > LONGEST_COMMAND {
        return Vec::new();
    }
    let script_commands = shell::parse(script).commands.into_iter().take(MAX_PARTS);
    script_commands.filter_map(|command| script.get(command.span.start as usize..command.span.end as usize)).collect()
}

/// The commands of the RUNs of a graph, as many as are compared with each other.
fn commands(graph: &Graph) -> Vec<(usize, &str)> {
    let runs = graph.steps.iter().enumerate().filter(|(_, step)| step.kind == StepKind::Run);
    let commands = runs.filter_map(|(index, step)| {
        let part = step.parts.iter().find(|part| part.kind == PartKind::Command)?;
        Some((index, part.text.as_str()))
    });
    commands.take(MAX_MATCHED).collect()
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn commands_of_a_run_are_found_in_several() {
        let of = |before: &[&str], after: &[&str]| {
            let before: Vec<(usize, &str)> = before.iter().copied().enumerate().collect();
            let after: Vec<(usize, &str)> = after.iter().copied().enumerate().collect();
            parts(&before, &after).into_iter().collect::<Vec<_>>()
        };
        let split =
            of(&["/bin/sh\0-c\0npm ci && npm run build"], &["/bin/sh\0-c\0npm ci", "/bin/sh\0-c\0npm run build"]);
        assert_eq!(split, [(0, 0), (1, 0)]);
        // One RUN that lost a command is the same step.
        assert_eq!(of(&["apt-get update && apt-get install -y curl"], &["apt-get install -y curl", "make"]), []);
        assert_eq!(of(&["make"], &["make", "make test"]), []);
    }
}
