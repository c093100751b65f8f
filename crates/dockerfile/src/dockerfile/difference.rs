//! Two readings of one Dockerfile ─► what differs between them as BuildKit sees it, and whether the second is worse.
//! Layout is no difference. Knows no rule and no edit.

mod align;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use self::align::Pair;
use super::answer::BuildkitNode;
use super::refusal::Stage;
use super::syntax::{File, Instruction, Keyword, LineKind, ProblemKind};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What happened.
    pub kind: DifferenceKind,
    /// The line of the first file, from 1.
    pub before: Option<u32>,
    /// The line of the second file.
    pub after: Option<u32>,
    /// Which parts read otherwise: `keyword`, `flags`, `form`, `arguments`, `heredocs`; of comments `lost`, `new`,
    /// `moved` (above another instruction).
    pub parts: Vec<&'static str>,
}

/// What happened between two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// An instruction reads otherwise.
    Changed(Keyword),
    /// The trigger of an ONBUILD reads otherwise.
    Triggered(Keyword),
    /// An instruction's keyword is written otherwise.
    Spelled(Keyword),
    /// An instruction comes.
    Added(Keyword),
    /// An instruction goes.
    Removed(Keyword),
    /// A comment comes, goes, or belongs to another instruction.
    Comment,
    /// A directive comes, goes or has another value.
    Directive,
}

impl DifferenceKind {
    /// As pages announce it: `run`, `+user`, `-cmd`, `keyword`, `comment`, `directive`.
    pub fn word(self) -> String {
        match self {
            Self::Changed(keyword) | Self::Triggered(keyword) => word(keyword),
            Self::Added(keyword) => format!("+{}", word(keyword)),
            Self::Removed(keyword) => format!("-{}", word(keyword)),
            Self::Spelled(_) => "keyword".to_owned(),
            Self::Comment => "comment".to_owned(),
            Self::Directive => "directive".to_owned(),
        }
    }

    /// Whether a word announces it. What happens to a trigger may also be announced as what happens to its ONBUILD,
    /// another spelling as another reading.
    pub fn is_announced_by(self, announced: &str) -> bool {
        match self {
            Self::Triggered(_) if announced == "onbuild" => true,
            Self::Spelled(keyword) if announced == word(keyword) => true,
            _ => announced == self.word(),
        }
    }
}

fn word(keyword: Keyword) -> String {
    match keyword {
        Keyword::Unknown => "unknown".to_owned(),
        _ => keyword.as_str().to_ascii_lowercase(),
    }
}

impl File {
    /// What is different in a later version of this file, in its order: instructions, comments, directives.
    pub fn differences(&self, after: &File) -> Vec<Difference> {
        let pairs = align::pairs(self, after);
        let mut differences = Vec::new();
        for &(old, new) in &pairs {
            match (old.map(|index| &self.instructions[index]), new.map(|index| &after.instructions[index])) {
                (Some(old), Some(new)) => changed(self, after, old, new, &mut differences),
                (Some(old), None) => {
                    differences.push(difference(DifferenceKind::Removed(old.keyword), Some(old), None));
                }
                (None, new) => {
                    differences.extend(new.map(|new| difference(DifferenceKind::Added(new.keyword), None, Some(new))));
                }
            }
        }
        comments(self, after, &pairs, &mut differences);
        directives(self, after, &mut differences);
        differences
    }

    /// The error of BuildKit that a later version of this file has and this one has not; `None` when the later one is
    /// no worse. An error that only stood behind another one is not new.
    pub fn worse(&self, after: &File) -> Option<String> {
        let mut known: HashMap<String, usize> = HashMap::new();
        self.errors().for_each(|error| *known.entry(unquoted(error)).or_default() += 1);
        for error in after.errors() {
            match known.get_mut(&unquoted(error)) {
                Some(count @ 1..) => *count -= 1,
                _ => return Some(error.to_owned()),
            }
        }
        let now = after.verdict()?;
        let Some(then) = self.verdict() else { return Some(now.message) };
        let behind = |file: &File, lines: Option<(u32, u32)>| {
            let line = lines.map_or(0, |(first, _)| first);
            file.instructions.iter().filter(|instruction| instruction.start_line > line).count()
        };
        let earlier = now.stage < then.stage
            || (now.stage == then.stage
                && now.stage == Stage::Dispatch
                && unquoted(unplaced(&now.message)) != unquoted(unplaced(&then.message))
                && behind(after, now.lines) > behind(self, then.lines));
        earlier.then_some(now.message)
    }

    fn errors(&self) -> impl Iterator<Item = &str> {
        let is_error = |kind: ProblemKind| kind.is_error();
        self.problems.iter().filter(move |problem| is_error(problem.kind)).map(|problem| &*problem.message)
    }
}

/// A verdict's message without the line that it names.
fn unplaced(message: &str) -> &str {
    let rest = message.strip_prefix("dockerfile parse error on line ").and_then(|rest| rest.split_once(": "));
    rest.map_or(message, |(_, rest)| rest)
}

/// A message without what it quotes: an edit may change that, and leave the error as it was.
fn unquoted(message: &str) -> String {
    message.split(['"', '`']).step_by(2).collect::<Vec<_>>().join("\"")
}

fn difference(kind: DifferenceKind, before: Option<&Instruction>, after: Option<&Instruction>) -> Difference {
    let line = |instruction: &Instruction| instruction.start_line;
    Difference { kind, before: before.map(line), after: after.map(line), parts: Vec::new() }
}

fn changed(before: &File, after: &File, old: &Instruction, new: &Instruction, out: &mut Vec<Difference>) {
    let (was, is) = (before.node(old), after.node(new));
    let parts = parts(&was, &is);
    let trigger = |file: &File, instruction: &Instruction| file.trigger(instruction).map(|trigger| trigger.keyword);
    let (then, now) = (trigger(before, old), trigger(after, new));
    let kind = match then {
        _ if parts.is_empty() => return,
        _ if parts == ["keyword"] && then == now => DifferenceKind::Spelled(old.keyword),
        Some(keyword) if then == now => DifferenceKind::Triggered(keyword),
        _ => DifferenceKind::Changed(old.keyword),
    };
    out.push(Difference { parts, ..difference(kind, Some(old), Some(new)) });
}

/// Which parts of two instructions of one keyword read otherwise.
fn parts(old: &BuildkitNode, new: &BuildkitNode) -> Vec<&'static str> {
    let mut parts = match (&old.sub, &new.sub) {
        (Some(a), Some(b)) => self::parts(a, b),
        (None, None) => Vec::new(),
        _ => vec!["arguments"],
    };
    let checks = [
        ("keyword", old.value == new.value),
        ("flags", old.flags == new.flags),
        ("form", old.json == new.json),
        ("arguments", old.args == new.args),
        ("heredocs", old.heredocs == new.heredocs),
    ];
    for (part, same) in checks {
        if !same && !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

fn directives(before: &File, after: &File, out: &mut Vec<Difference>) {
    // The parser and the separate look-up disagree on some directives: either reading counts.
    let all = |file: &File| {
        let mut all = Vec::new();
        for directive in file.directives.iter().chain(&file.lookup_directives()) {
            let entry = (directive.name.as_str(), file.source.slice(directive.value).to_owned());
            all.push((entry, file.source.line(directive.span.start)));
        }
        all
    };
    let (old, new) = (all(before), all(after));
    let mut differences: Vec<Difference> = Vec::new();
    let lacks = |list: &[((&str, String), u32)], entry: &(&str, String)| list.iter().all(|(other, _)| other != entry);
    for (_, line) in old.iter().filter(|(entry, _)| lacks(&new, entry)) {
        let parts = vec!["lost"];
        differences.push(Difference { kind: DifferenceKind::Directive, before: Some(*line), after: None, parts });
    }
    for (_, line) in new.iter().filter(|(entry, _)| lacks(&old, entry)) {
        let parts = vec!["new"];
        differences.push(Difference { kind: DifferenceKind::Directive, before: None, after: Some(*line), parts });
    }
    differences.dedup();
    out.append(&mut differences);
}

/// Comments that come, go or move above another instruction. Those of an instruction that goes stand above the next one
/// afterwards: that is no difference.
fn comments(before: &File, after: &File, pairs: &[Pair], out: &mut Vec<Difference>) {
    let mut old = comment_lines(before);
    let mut differences = Vec::new();
    for (text, lines) in comment_lines(after) {
        let mut known = old.remove(text).unwrap_or_default();
        for line in lines {
            if known.pop().is_none() {
                let parts = vec!["new"];
                differences.push(Difference { kind: DifferenceKind::Comment, before: None, after: Some(line), parts });
            }
        }
        if !known.is_empty() {
            old.insert(text, known);
        }
    }
    for line in old.into_values().flatten() {
        let parts = vec!["lost"];
        differences.push(Difference { kind: DifferenceKind::Comment, before: Some(line), after: None, parts });
    }
    if differences.is_empty() {
        moved(before, after, pairs, &mut differences);
    }
    differences.sort_by_key(|difference| (difference.before, difference.after));
    out.append(&mut differences);
}

/// The comment lines outside of heredocs, with their line numbers, by text.
fn comment_lines(file: &File) -> BTreeMap<&str, Vec<u32>> {
    let mut all: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for (line, number) in file.lines.iter().zip(1..) {
        if matches!(line.kind, LineKind::Comment | LineKind::InnerComment(_)) {
            all.entry(file.source.slice(line.span).trim()).or_default().push(number);
        }
    }
    all
}

/// Instructions that have other comments above them than before.
fn moved(before: &File, after: &File, pairs: &[Pair], out: &mut Vec<Difference>) {
    let mut orphans: Vec<&str> = Vec::new();
    for &(old, new) in pairs {
        let Some(old) = old.map(|index| &before.instructions[index]) else { continue };
        let texts = attached(before, old);
        let Some(new) = new.map(|index| &after.instructions[index]) else {
            orphans.extend(comments_above(before, old));
            continue;
        };
        let now = attached(after, new);
        let adopted = now.strip_suffix(&texts[..]).is_some_and(|rest| orphans.ends_with(rest));
        if now != texts && !adopted {
            let (before, after) = (Some(old.start_line), Some(new.start_line));
            out.push(Difference { kind: DifferenceKind::Comment, before, after, parts: vec!["moved"] });
        }
        orphans.clear();
    }
}

fn comments_above<'a>(file: &'a File, instruction: &'a Instruction) -> impl Iterator<Item = &'a str> {
    instruction.comments.iter().map(|&comment| file.logical(comment))
}

/// The comments that tell of an instruction. The builder makes descriptions of all above FROM and ARG; elsewhere one
/// that an empty line sets apart belongs to nothing.
fn attached<'a>(file: &'a File, instruction: &'a Instruction) -> Vec<&'a str> {
    let mut all: Vec<&str> = comments_above(file, instruction).collect();
    if !matches!(instruction.keyword, Keyword::From | Keyword::Arg) {
        let above = file.lines.iter().take(instruction.start_line.saturating_sub(1) as usize).rev();
        let direct = above.take_while(|line| line.kind == LineKind::Comment).count();
        all.drain(..all.len().saturating_sub(direct));
    }
    all
}
