//! The globs of `${name#…}`, `${name%…}` and `${name/…}`: `*`, `?` and `\`, matched as the regular expressions that the
//! builder makes of them. Never takes more steps than its budget holds.

use std::ops::Range;

use super::ExpandErrorKind;

/// What an expansion may still cost.
pub(super) struct Budget(usize);

impl Budget {
    pub(super) fn new(steps: usize) -> Self {
        Self(steps)
    }

    /// Takes `steps` off.
    pub(super) fn spend(&mut self, steps: usize) -> Result<(), ExpandErrorKind> {
        self.0 = self.0.checked_sub(steps).ok_or(ExpandErrorKind::TooCostly)?;
        Ok(())
    }
}

/// The side from which a glob is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// As it stands.
    Start,
    /// Backwards, as `%` needs it; an escape stays before its character.
    End,
}

/// A pattern cut at its line ends, because `*` and `?` don't match one (`.` of a Go regular expression), and each line
/// cut at its `*`. Has at least one line with at least one segment.
pub(super) struct Glob {
    lines: Vec<Vec<Segment>>,
    greedy: bool,
}

/// Characters that stand side by side; `None` is `?`.
type Segment = Vec<Option<char>>;

type GlobMatch<T> = Result<Option<T>, ExpandErrorKind>;

impl Glob {
    /// Reads a pattern; `greedy` says whether `*` takes as much or as little as it can.
    pub(super) fn new(pattern: &str, greedy: bool) -> Result<Self, ExpandErrorKind> {
        // The builder's reader of characters drops a byte order mark in front.
        let mut chars = pattern.strip_prefix('\u{feff}').unwrap_or(pattern).chars().peekable();
        let mut glob = Self { lines: Vec::new(), greedy };
        let mut line = Vec::new();
        let mut segment = Vec::new();
        while let Some(c) = chars.next() {
            match c {
                '*' => line.push(std::mem::take(&mut segment)),
                '?' => segment.push(None),
                '\n' => {
                    line.push(std::mem::take(&mut segment));
                    glob.lines.push(std::mem::take(&mut line));
                }
                // These had to be escaped for the sake of `${…}`.
                '\\' if matches!(chars.peek(), Some('}' | '/')) => {}
                '\\' => match chars.next() {
                    Some(c @ ('*' | '?' | '\\')) => segment.push(Some(c)),
                    other => {
                        let escaped = other.unwrap_or(char::REPLACEMENT_CHARACTER);
                        return Err(ExpandErrorKind::InvalidPattern { pattern: pattern.to_owned(), escaped });
                    }
                },
                c => segment.push(Some(c)),
            }
        }
        line.push(segment);
        glob.lines.push(line);
        Ok(glob)
    }

    /// The end of the match that begins at the text's start.
    pub(super) fn at_start(&self, text: &[char], budget: &mut Budget) -> GlobMatch<usize> {
        let end = line_end(text, 0, budget)?;
        match self.lines.as_slice() {
            [line] => prefix(line, &text[..end], self.greedy, budget),
            [line, rest @ ..] => {
                if end == text.len() || !whole(line, &text[..end], budget)? {
                    return Ok(None);
                }
                self.lines_after(rest, text, end + 1, budget)
            }
            [] => Ok(None),
        }
    }

    /// The leftmost match that begins at `from` or later. `known_end` is the end of the line that the search before this one
    /// ended in, so that the many matches of a long line do not look for it again.
    pub(super) fn find(
        &self,
        text: &[char],
        from: usize,
        known_end: &mut Option<usize>,
        budget: &mut Budget,
    ) -> GlobMatch<Range<usize>> {
        let mut start = from;
        loop {
            let end = match *known_end {
                Some(end) if start <= end => end,
                _ => line_end(text, start, budget)?,
            };
            *known_end = Some(end);
            if let Some(hit) = self.find_in_line(text, start, end, budget)? {
                return Ok(Some(hit));
            }
            if end == text.len() {
                return Ok(None);
            }
            start = end + 1;
        }
    }

    /// The leftmost match that begins in the line from `start` to `end`. Only `//` and `/` come here: they are greedy.
    fn find_in_line(&self, text: &[char], start: usize, end: usize, budget: &mut Budget) -> GlobMatch<Range<usize>> {
        let [line, rest @ ..] = self.lines.as_slice() else { return Ok(None) };
        let [head, tail @ ..] = line.as_slice() else { return Ok(None) };
        if !rest.is_empty() && end == text.len() {
            return Ok(None);
        }
        let line = &text[start..end];
        let Some((head_limit, tail_end)) = match_backwards(tail, line, !rest.is_empty(), budget)? else {
            return Ok(None);
        };
        let at = if tail.is_empty() && !rest.is_empty() {
            let at = line.len().checked_sub(head.len());
            match at {
                Some(at) if fits(head, &line[at..], budget)? => Some(at),
                _ => None,
            }
        } else {
            first(head, &line[..head_limit], 0, budget)?
        };
        let Some(at) = at else { return Ok(None) };
        if rest.is_empty() {
            let stop = if tail.is_empty() { at + head.len() } else { tail_end };
            return Ok(Some(start + at..start + stop));
        }
        let hit = self.lines_after(rest, text, end + 1, budget)?;
        Ok(hit.map(|stop| start + at..stop))
    }

    /// The end of a match whose first line is matched and whose other lines begin at `start`.
    fn lines_after(
        &self,
        lines: &[Vec<Segment>],
        text: &[char],
        start: usize,
        budget: &mut Budget,
    ) -> GlobMatch<usize> {
        let [between @ .., last] = lines else { return Ok(Some(start)) };
        let mut start = start;
        for line in between {
            let end = line_end(text, start, budget)?;
            if end == text.len() || !whole(line, &text[start..end], budget)? {
                return Ok(None);
            }
            start = end + 1;
        }
        let end = line_end(text, start, budget)?;
        Ok(prefix(last, &text[start..end], self.greedy, budget)?.map(|stop| start + stop))
    }
}

fn line_end(text: &[char], start: usize, budget: &mut Budget) -> Result<usize, ExpandErrorKind> {
    let length = text[start..].iter().position(|&c| c == '\n').unwrap_or(text.len() - start);
    budget.spend(length + 1)?;
    Ok(start + length)
}

/// The end of a match at the line's start.
fn prefix(line: &[Segment], text: &[char], greedy: bool, budget: &mut Budget) -> GlobMatch<usize> {
    let [head, tail @ ..] = line else { return Ok(Some(0)) };
    if !fits(head, text, budget)? {
        return Ok(None);
    }
    if greedy && !tail.is_empty() {
        let hit = match_backwards(tail, &text[head.len()..], false, budget)?;
        return Ok(hit.map(|(_, end)| head.len() + end));
    }
    // With lazy stars the earliest place of each segment leaves most room to the others.
    let mut at = head.len();
    for segment in tail {
        let Some(place) = first(segment, text, at, budget)? else { return Ok(None) };
        at = place + segment.len();
    }
    Ok(Some(at))
}

/// Whether the line matches `text` from end to end.
fn whole(line: &[Segment], text: &[char], budget: &mut Budget) -> Result<bool, ExpandErrorKind> {
    let [head, tail @ ..] = line else { return Ok(text.is_empty()) };
    if !fits(head, text, budget)? {
        return Ok(false);
    }
    if tail.is_empty() {
        return Ok(head.len() == text.len());
    }
    Ok(match_backwards(tail, &text[head.len()..], true, budget)?.is_some())
}

/// Places the segments from the last to the first, each as late as it can stand (the last at the very end if `at_end`):
/// what greedy stars do. Gives where the first begins and the last ends; both are the text's end without segments.
fn match_backwards(
    segments: &[Segment],
    text: &[char],
    at_end: bool,
    budget: &mut Budget,
) -> GlobMatch<(usize, usize)> {
    let mut limit = text.len();
    let mut end = None;
    for (index, segment) in segments.iter().enumerate().rev() {
        let lowest = if at_end && index + 1 == segments.len() { limit.checked_sub(segment.len()) } else { Some(0) };
        let Some(lowest) = lowest else { return Ok(None) };
        let Some(place) = last(segment, &text[..limit], lowest, budget)? else { return Ok(None) };
        end = end.or(Some(place + segment.len()));
        limit = place;
    }
    Ok(Some((limit, end.unwrap_or(text.len()))))
}

/// The earliest place of a segment at `from` or later.
fn first(segment: &Segment, text: &[char], from: usize, budget: &mut Budget) -> GlobMatch<usize> {
    let Some(latest) = text.len().checked_sub(segment.len()) else { return Ok(None) };
    for at in from..=latest {
        if fits(segment, &text[at..], budget)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// The latest place of a segment at `lowest` or later.
fn last(segment: &Segment, text: &[char], lowest: usize, budget: &mut Budget) -> GlobMatch<usize> {
    let Some(latest) = text.len().checked_sub(segment.len()) else { return Ok(None) };
    for at in (lowest..=latest).rev() {
        if fits(segment, &text[at..], budget)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// Whether a segment stands at the text's start. The text lies within one line.
fn fits(segment: &Segment, text: &[char], budget: &mut Budget) -> Result<bool, ExpandErrorKind> {
    if segment.len() > text.len() {
        return Ok(false);
    }
    let same = segment.iter().zip(text).take_while(|(literal, c)| literal.is_none_or(|literal| literal == **c)).count();
    budget.spend(same + 1)?;
    Ok(same == segment.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Matches as a backtracking engine does, by trying: the pattern's reading, with none of its cleverness.
    fn try_at(pattern: &[char], text: &[char], at: usize, greedy: bool) -> Option<usize> {
        let Some((&c, rest)) = pattern.split_first() else { return Some(at) };
        match c {
            '*' => {
                let line = text[at..].iter().take_while(|&&c| c != '\n').count();
                let mut ends: Vec<usize> = (at..=at + line).collect();
                if greedy {
                    ends.reverse();
                }
                ends.into_iter().find_map(|end| try_at(rest, text, end, greedy))
            }
            '?' => text.get(at).filter(|&&c| c != '\n').and_then(|_| try_at(rest, text, at + 1, greedy)),
            '\\' => text
                .get(at)
                .filter(|&letter| Some(letter) == rest.first())
                .and_then(|_| try_at(&rest[1..], text, at + 1, greedy)),
            c => text.get(at).filter(|&&letter| letter == c).and_then(|_| try_at(rest, text, at + 1, greedy)),
        }
    }

    /// All texts over `letters` up to a length.
    fn texts(letters: &[&str], longest: usize) -> Vec<String> {
        let mut all = vec![String::new()];
        let mut last = all.clone();
        for _ in 0..longest {
            last = last.iter().flat_map(|text| letters.iter().map(move |letter| format!("{text}{letter}"))).collect();
            all.extend(last.clone());
        }
        all
    }

    #[test]
    fn agrees_with_trying_everything() {
        let patterns = texts(&["a", "b", "\n", "*", "?", "\\*"], 4);
        let texts: Vec<Vec<char>> = texts(&["a", "b", "\n"], 5).iter().map(|text| text.chars().collect()).collect();
        for pattern in patterns {
            let chars: Vec<char> = pattern.chars().collect();
            for text in &texts {
                let mut budget = Budget::new(10_000);
                for greedy in [false, true] {
                    let glob = Glob::new(&pattern, greedy).unwrap();
                    let hit = glob.at_start(text, &mut budget).unwrap();
                    assert_eq!(hit, try_at(&chars, text, 0, greedy), "{pattern:?} {greedy} in {text:?}");
                }
                let hit = Glob::new(&pattern, true).unwrap().find(text, 0, &mut None, &mut budget).unwrap();
                let expected = (0..=text.len()).find_map(|at| Some(at..try_at(&chars, text, at, true)?));
                assert_eq!(hit, expected, "{pattern:?} in {text:?}");
            }
        }
    }

    #[test]
    fn a_budget_ends_what_takes_too_long() {
        let text = vec!['a'; 100_000];
        let pattern = "?a".repeat(25_000) + "b";
        let hit = Glob::new(&pattern, true).unwrap().find(&text, 0, &mut None, &mut Budget::new(1 << 20));
        assert_eq!(hit, Err(ExpandErrorKind::TooCostly));
    }
}
