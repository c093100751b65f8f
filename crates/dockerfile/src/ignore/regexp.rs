//! Go's regexp syntax, as far as an ignore pattern can reach it. The builder rewrites a pattern into a regular
//! expression character by character; classes and escapes pass through, so their meaning is the expression's: `\d`
//! is a digit, `[*]` is not a star. Reads an expression into [`PatternStep`]s; matching is not done here.

use crate::ignore::class::Set;
use crate::ignore::class::{PatternSyntaxError, Read, class, escape, named_escape};
use crate::ignore::steps::{Assertion, PatternStep};

/// The expression that the builder makes of a pattern.
pub(crate) fn rewrite(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    out.push('^');
    // The scanner that reads the pattern drops a byte order mark at its start.
    let mut rest = pattern.strip_prefix('\u{feff}').unwrap_or(pattern).chars().peekable();
    while let Some(next) = rest.next() {
        match next {
            '*' if rest.next_if_eq(&'*').is_some() => {
                rest.next_if_eq(&'/');
                out.push_str(if rest.peek().is_some() { "(.*/)?" } else { ".*" });
            }
            '*' => out.push_str("[^/]*"),
            '?' => out.push_str("[^/]"),
            // The builder means to escape `{`, `|` and `}` as well, but its table ends at `?`.
            '.' | '+' | '(' | ')' | '$' => out.extend(['\\', next]),
            '\\' => {
                out.push('\\');
                out.extend(rest.next());
            }
            other => out.push(other),
        }
    }
    out.push('$');
    out
}

/// Reads an expression made by [`rewrite`]: its alternatives, of which only the first begins with `^` and only the last
/// ends in `$`.
pub(crate) fn compile(expression: &str) -> Result<Vec<Vec<PatternStep>>, PatternSyntaxError> {
    let mut alternatives = Vec::new();
    let mut steps = Vec::new();
    let mut rest = expression;
    // Go refuses a repetition of what is repeated already.
    let mut repeated = false;
    // No group `[:…:]` is looked for where none can end any more.
    let groups_end = expression.rfind(":]").map_or(0, |at| expression.len() - at);
    while let Some(first) = rest.chars().next() {
        if let Some((counts, after)) = counts(rest)? {
            if repeated {
                return Err(PatternSyntaxError);
            }
            let last = steps.pop().ok_or(PatternSyntaxError)?;
            repeat(&mut steps, last, counts)?;
            (repeated, rest) = (true, after);
            continue;
        }
        if let Some(after) = rest.strip_prefix("(.*/)?") {
            push(&mut steps, PatternStep::Directories);
            (repeated, rest) = (true, after);
            continue;
        }
        repeated = false;
        if let Some(after) = rest.strip_prefix("\\Q") {
            let (literal, after) = after.split_once("\\E").unwrap_or((after, ""));
            steps.extend(literal.chars().map(|character| PatternStep::One(Set::Only(character))));
            rest = after;
            continue;
        }
        let (step, after) = match first {
            '|' => {
                alternatives.push(std::mem::take(&mut steps));
                rest = &rest[1..];
                continue;
            }
            '^' => (PatternStep::Assert(Assertion::Start), &rest[1..]),
            '$' => (PatternStep::Assert(Assertion::End), &rest[1..]),
            '\\' => escape_step(rest)?,
            _ => {
                let (set, after) = match first {
                    '.' => (Set::NotNewline, &rest[1..]),
                    '[' => class(rest, groups_end)?,
                    other => (Set::Only(other), &rest[other.len_utf8()..]),
                };
                repeated = after.starts_with('*');
                if repeated { (PatternStep::Many(set), &after[1..]) } else { (PatternStep::One(set), after) }
            }
        };
        push(&mut steps, step);
        rest = after;
    }
    alternatives.push(steps);
    Ok(alternatives)
}

/// Adds a step, unless it repeats one that already takes everything that it could.
fn push(steps: &mut Vec<PatternStep>, step: PatternStep) {
    if matches!(step, PatternStep::Directories | PatternStep::Many(Set::NotSlash | Set::NotNewline))
        && steps.last() == Some(&step)
    {
        return;
    }
    steps.push(step);
}

/// The most steps that repetitions may make of one pattern; Go's own bound lies higher, at what no one writes.
const STEPS_MAX: usize = 20_000;

/// Least and most, without bound if `None`.
type Counts = (usize, Option<usize>);

/// Reads `{2}`, `{2,}` or `{2,5}`; anything else in braces is literal.
fn counts(text: &str) -> Result<Option<(Counts, &str)>, PatternSyntaxError> {
    let Some(inner) = text.strip_prefix('{') else { return Ok(None) };
    let end = inner.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b',').count();
    let (inner, after) = inner.split_at(end);
    let Some(after) = after.strip_prefix('}') else { return Ok(None) };
    let number = |digits: &str| {
        let plain = !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        // What does not fit is over Go's limit as well.
        plain.then(|| digits.parse().unwrap_or(usize::MAX))
    };
    let bounds = match inner.split_once(',') {
        None => number(inner).map(|count| (count, Some(count))),
        Some((least, "")) => number(least).map(|least| (least, None)),
        Some((least, most)) => number(least).zip(number(most)).map(|(least, most)| (least, Some(most))),
    };
    match bounds {
        Some((least, most)) if least > 1000 || most.is_some_and(|most| most > 1000 || most < least) => {
            Err(PatternSyntaxError)
        }
        Some(counts) => Ok(Some((counts, after))),
        None => Ok(None),
    }
}

fn repeat(steps: &mut Vec<PatternStep>, step: PatternStep, (least, most): Counts) -> Result<(), PatternSyntaxError> {
    let PatternStep::One(set) = step else {
        // Conditions and steps that repeat by themselves are the same once as often.
        if least > 0 || most != Some(0) && !matches!(step, PatternStep::Assert(_)) {
            steps.push(step);
        }
        return Ok(());
    };
    if steps.len() + most.unwrap_or(least) > STEPS_MAX {
        return Err(PatternSyntaxError);
    }
    steps.extend(std::iter::repeat_n(PatternStep::One(set.clone()), least));
    match most {
        Some(most) => steps.extend(std::iter::repeat_n(PatternStep::Maybe(set), most - least)),
        None => steps.push(PatternStep::Many(set)),
    }
    Ok(())
}

/// An escape outside a class.
fn escape_step(text: &str) -> Read<'_, PatternStep> {
    let assertion = match text.as_bytes().get(1) {
        Some(b'A') => Some(Assertion::Start),
        Some(b'z') => Some(Assertion::End),
        Some(b'b') => Some(Assertion::WordBoundary),
        Some(b'B') => Some(Assertion::NoWordBoundary),
        _ => None,
    };
    if let Some(assertion) = assertion {
        return Ok((PatternStep::Assert(assertion), &text[2..]));
    }
    if let Some((item, after)) = named_escape(text)? {
        return Ok((PatternStep::One(Set::Class { negated: false, items: Box::new([item]) }), after));
    }
    let (character, after) = escape(text)?;
    Ok((PatternStep::One(Set::Only(character)), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, expression: &str, compiles: bool) {
        assert_eq!(rewrite(pattern), expression, "{pattern:?}");
        assert_eq!(compile(expression).is_ok(), compiles, "{expression:?}");
    }

    #[test]
    fn patterns_are_rewritten_as_the_builder_does() {
        check("docs/*.md", "^docs/[^/]*\\.md$", true);
        check("**/a?/**", "^(.*/)?a[^/]/.*$", true);
        check("***", "^(.*/)?[^/]*$", true);
        check("[*]", "^[[^/]*]$", true);
        check("[a.b]+", "^[a\\.b]\\+$", true);
        check("{a|b}*", "^{a|b}[^/]*$", true);
        check("\u{feff}a?", "^a[^/]$", true);
    }

    #[test]
    fn patterns_that_go_rejects_are_rejected() {
        for pattern in [
            "docs\\img",
            "[b-a]",
            "a\\é",
            "x\\1",
            "\\xg0",
            "\\pages",
            "\\p{L",
            "\\p{Q}",
            "\\x{110000}",
            "\\x{}",
            "[[:nope:]]",
            "[\\i]",
            "a\\E",
            "\\C",
            "*{2}",
            "**{2}a",
            "a?|{2}",
            "a{2}{2}?",
            "?{1001}",
            "?{3,2}",
        ] {
            assert!(compile(&rewrite(pattern)).is_err(), "{pattern:?}");
        }
        for pattern in [
            "x\\12",
            "\\0",
            "\\x41",
            "\\pL",
            "\\p{L}\\P{^N}",
            "\\x{10FFFF}",
            "[[:alpha:]]",
            "\\Qa.b",
            "\\d\\W",
            "[\\d-]",
            "[--a]",
            "[a\\-z]",
            "?{1000}",
            "?{,2}",
            "?{02}",
            "?{2,3}",
            "a?{",
            "a?|",
        ] {
            assert!(compile(&rewrite(pattern)).is_ok(), "{pattern:?}");
        }
    }
}
